//! One socket from its upgrade to its end.

use std::future::pending;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::time::Duration;

use axum::Error;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::pin;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::http::protocol::transport_ws::{Action, Close, Connection, Event, Payload, Refusal, Ticket};

use super::operations::{Operations, Output};
use super::timers::Timers;
use super::{Operation, SocketExecutor, Sockets};

/// Results sent with one flush at most; between two flushes the socket is read and its timers are looked at.
const MOST_TOGETHER: usize = 64;

/// How long answers may take that are under way when the rights end.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

type Opening<S> = BoxFuture<'static, Result<S, Refusal>>;

/// What a socket woke up for.
enum Wakeup<S> {
    Drain,
    Timer,
    Revoked,
    Opened(Result<S, Refusal>),
    Received(Option<Result<Message, Error>>),
    Outputs(Vec<Output>),
}

/// How a socket ends.
enum End {
    /// By our close frame.
    Close(Close),
    /// By theirs.
    Closed,
    /// Without a word: the peer is gone, or takes nothing.
    Cut,
}

struct Socket<E: SocketExecutor> {
    sockets: Sockets<E>,
    address: IpAddr,
    socket: WebSocket,
    connection: Connection,
    opening: Option<Opening<E::Session>>,
    session: Option<E::Session>,
    /// Ends with the session's rights, then with the time for the last answers; never before there is a session.
    ended: BoxFuture<'static, ()>,
    /// Whether the rights have ended and the last answers are awaited.
    is_revoked: bool,
    operations: Operations,
    timers: Timers,
    actions: Vec<Action>,
}

/// Serves the socket until one side closes it.
pub(super) async fn serve<E: SocketExecutor>(socket: WebSocket, sockets: Sockets<E>, address: IpAddr) {
    let mut socket = Socket {
        connection: Connection::new(sockets.settings.limits),
        opening: None,
        session: None,
        ended: pending().boxed(),
        is_revoked: false,
        operations: Operations::default(),
        timers: Timers::start(&sockets.settings),
        actions: Vec::new(),
        socket,
        sockets,
        address,
    };
    let end = socket.run().await;
    socket.finish(end).await;
}

impl<E: SocketExecutor> Socket<E> {
    async fn run(&mut self) -> End {
        let subprotocol = self.socket.protocol().and_then(|name| name.to_str().ok());
        self.connection.handle(Event::Connected(subprotocol), &mut self.actions);
        let drain = self.sockets.drain.clone().cancelled_owned();
        let timer = sleep_until(self.timers.next());
        pin!(drain, timer);
        let mut is_draining = false;
        loop {
            if let ControlFlow::Break(end) = self.act().await {
                return end;
            }
            if self.is_revoked && !self.operations.has_singles() {
                self.is_revoked = false;
                self.tell(Event::TokenEnded);
                continue;
            }
            if timer.deadline() != self.timers.next() {
                timer.as_mut().reset(self.timers.next());
            }
            let wakeup = tokio::select! {
                () = &mut drain, if !is_draining => Wakeup::Drain,
                () = &mut timer => Wakeup::Timer,
                () = &mut self.ended => Wakeup::Revoked,
                opened = opened(&mut self.opening) => Wakeup::Opened(opened),
                received = self.socket.next(), if !is_draining && !self.is_revoked => Wakeup::Received(received),
                outputs = self.operations.next(MOST_TOGETHER) => Wakeup::Outputs(outputs),
            };
            is_draining |= matches!(wakeup, Wakeup::Drain);
            if let ControlFlow::Break(end) = self.wake_up(wakeup) {
                return end;
            }
        }
    }

    /// Tells the connection what happened.
    fn wake_up(&mut self, wakeup: Wakeup<E::Session>) -> ControlFlow<End> {
        match wakeup {
            Wakeup::Drain => {
                self.timers.drain_within(self.sockets.settings.drain_timeout);
                self.tell(Event::Drain);
            }
            Wakeup::Timer => {
                let now = Instant::now();
                while let Some(event) = self.timers.due(now) {
                    self.tell(event);
                }
            }
            Wakeup::Revoked if self.is_revoked => {
                self.ended = pending().boxed();
                self.tell(Event::TokenEnded);
            }
            // No item comes any more. What was asked with the rights before, such as to end them, is answered still.
            Wakeup::Revoked => {
                self.is_revoked = true;
                self.operations.stop_streams();
                self.ended = sleep(LAST_ANSWERS).boxed();
            }
            Wakeup::Opened(Ok(session)) => {
                self.timers.expires_at(self.sockets.executor.expires_at(&session));
                self.ended = self.sockets.executor.ended(&session);
                self.session = Some(session);
                self.tell(Event::Opened);
            }
            Wakeup::Opened(Err(refusal)) => self.tell(Event::OpenRefused(refusal)),
            Wakeup::Received(None | Some(Ok(Message::Close(_)))) => return ControlFlow::Break(End::Closed),
            Wakeup::Received(Some(Err(_))) => self.tell(Event::Unreadable),
            Wakeup::Received(Some(Ok(Message::Text(text)))) => self.tell(Event::Text(&text)),
            Wakeup::Received(Some(Ok(Message::Binary(_)))) => self.tell(Event::Binary),
            Wakeup::Received(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => self.tell(Event::Heard),
            Wakeup::Outputs(outputs) => outputs.into_iter().for_each(|output| match output {
                Output::Produced(ticket, response) => self.tell(Event::Produced(ticket, response)),
                Output::Completed(ticket) => self.tell(Event::Completed(ticket)),
            }),
        }
        ControlFlow::Continue(())
    }

    fn tell(&mut self, event: Event<'_>) {
        self.connection.handle(event, &mut self.actions);
    }

    /// Does what the connection asks for, then sends all messages with one flush.
    async fn act(&mut self) -> ControlFlow<End> {
        let mut messages = Vec::new();
        let mut end = None;
        while !self.actions.is_empty() {
            for action in std::mem::take(&mut self.actions) {
                match action {
                    Action::Send(text) => messages.push(Message::text(text)),
                    Action::Open(payload) => self.open(payload),
                    Action::Start(ticket, request) => self.start(ticket, *request),
                    Action::Stop(ticket) => self.operations.stop(&ticket),
                    Action::Close(close) => end = Some(End::Close(close)),
                    Action::Terminate => end = Some(End::Cut),
                }
            }
        }
        if self.send(messages).await.is_err() {
            return ControlFlow::Break(End::Cut);
        }
        end.map_or(ControlFlow::Continue(()), ControlFlow::Break)
    }

    fn open(&mut self, payload: Payload) {
        self.timers.initialised();
        let executor = self.sockets.executor.clone();
        let within = self.sockets.settings.open_timeout;
        let address = self.address;
        let opening =
            async move { timeout(within, executor.open(payload, address)).await.unwrap_or(Err(Refusal::Unavailable)) };
        self.opening = Some(opening.boxed());
    }

    fn start(&mut self, ticket: Ticket, request: async_graphql::Request) {
        let Some(session) = &self.session else { return };
        match self.sockets.executor.run(session, request) {
            Operation::Single(result) => self.operations.single(ticket, result),
            Operation::Stream(results) => {
                self.operations.stream(ticket.clone(), results);
                self.tell(Event::Streams(ticket));
            }
            Operation::Refused(errors) => self.tell(Event::Refused(ticket, errors)),
        }
    }

    /// Fails when the peer is gone or does not take the messages in time.
    async fn send(&mut self, messages: Vec<Message>) -> Result<(), ()> {
        if messages.is_empty() {
            return Ok(());
        }
        let sending = async {
            for message in messages {
                self.socket.feed(message).await?;
            }
            self.socket.flush().await
        };
        tokio::select! {
            biased;
            sent = timeout(self.sockets.settings.send_timeout, sending) => sent.map_err(drop)?.map_err(drop),
            never = self.operations.go_on() => match never {},
        }
    }

    /// Drops the operations, then ends the socket as far as the peer plays along.
    async fn finish(self, end: End) {
        let Self { mut socket, sockets, operations, .. } = self;
        drop(operations);
        let ending = async {
            match end {
                End::Cut => return tracing::debug!("socket cut off"),
                End::Closed => {}
                End::Close(Close { code, reason }) => {
                    tracing::debug!(close.code = code, "socket closed");
                    let frame = CloseFrame { code, reason: reason.as_ref().into() };
                    if socket.send(Message::Close(Some(frame))).await.is_err() {
                        return;
                    }
                }
            }
            // Dropped with unread bytes, the connection would be reset, and the close frame might never be read.
            while let Some(Ok(_)) = socket.next().await {}
        };
        let _ = timeout(sockets.settings.close_timeout, ending).await;
    }
}

/// Waits for the verdict on `connection_init`; for ever when none is being made.
async fn opened<S>(opening: &mut Option<Opening<S>>) -> Result<S, Refusal> {
    let Some(verdict) = opening else { return pending().await };
    let verdict = verdict.await;
    *opening = None;
    verdict
}
