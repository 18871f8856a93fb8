//! graphql-transport-ws, as npm `graphql-ws` speaks it: what a socket has to do about each thing that happens to it.
//!
//! [`Connection`] is told [`Event`]s and answers with [`Action`]s, in the order in which they have to be carried out.
//! After [`Action::Close`] or [`Action::Terminate`] it answers nothing any more.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{ErrorExtensions, Request, Response, ServerError, Value};

mod close;
mod event;
mod frame;
#[cfg(test)]
mod tests;

pub use close::{Close, MAX_REASON_BYTES};
pub use event::{Action, Event, Limits, Refusal, Ticket};
pub use frame::Payload;
use frame::{Incoming, Outgoing};

/// The name of the subprotocol in `Sec-WebSocket-Protocol`.
pub const SUBPROTOCOL: &str = "graphql-transport-ws";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    AwaitingInit,
    Opening,
    Open,
    Draining,
    Closed,
}

/// Whether the peer lives, as far as the last keepalive interval tells.
#[derive(Clone, Copy, Debug)]
enum Peer {
    Heard,
    Silent,
    Pinged,
}

#[derive(Debug)]
struct Running {
    run: u64,
    is_stream: bool,
    has_answered: bool,
}

/// The state of one socket.
#[derive(Debug)]
pub struct Connection {
    limits: Limits,
    phase: Phase,
    peer: Peer,
    runs: u64,
    running: HashMap<Arc<str>, Running>,
}

impl Connection {
    /// A socket that nothing has happened to yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, phase: Phase::AwaitingInit, peer: Peer::Heard, runs: 0, running: HashMap::new() }
    }

    /// Takes in what happened and appends what is to be done about it.
    pub fn handle(&mut self, event: Event<'_>, actions: &mut Vec<Action>) {
        if self.phase == Phase::Closed {
            return;
        }
        match event {
            Event::Connected(Some(SUBPROTOCOL)) => {}
            Event::Connected(_) => self.close(Close::subprotocol_not_acceptable(), actions),
            Event::Text(text) => self.text(text, actions),
            Event::Binary => self.close(Close::invalid("it is binary"), actions),
            Event::Heard => self.peer = Peer::Heard,
            Event::Unreadable => self.close(Close::invalid("it cannot be read"), actions),
            Event::InitTimeout if self.phase == Phase::AwaitingInit => self.close(Close::init_timeout(), actions),
            Event::InitTimeout => {}
            Event::Opened => self.opened(actions),
            Event::OpenRefused(Refusal::Forbidden) => self.close(Close::forbidden(), actions),
            Event::OpenRefused(Refusal::Unavailable) => self.close(Close::try_again_later(), actions),
            Event::Streams(ticket) => self.streams(&ticket),
            Event::Produced(ticket, response) => self.produced(ticket, *response, actions),
            Event::Completed(ticket) => self.completed(&ticket, actions),
            Event::Refused(ticket, errors) => self.refused(&ticket, &errors, actions),
            Event::KeepAlive if self.phase == Phase::Draining => {} // nothing is read, so nothing is heard
            Event::KeepAlive => self.keep_alive(actions),
            Event::TokenEnded => self.close(Close::token_ended(), actions),
            Event::Drain => self.drain(actions),
            Event::DrainTimeout => self.close(Close::going_away(), actions),
        }
    }

    fn text(&mut self, text: &str, actions: &mut Vec<Action>) {
        self.peer = Peer::Heard;
        if self.phase == Phase::Draining {
            return;
        }
        if text.len() > self.limits.message_bytes {
            return self.close(Close::message_too_big(), actions);
        }
        match Incoming::parse(text) {
            Err(invalid) => self.close(Close::invalid(invalid.0), actions),
            Ok(Incoming::Init(payload)) => self.init(payload, actions),
            Ok(Incoming::Ping(payload)) => self.send(&Outgoing::Pong { payload }, actions),
            Ok(Incoming::Pong) => {}
            Ok(Incoming::Subscribe { id, request }) => self.subscribe(id, request, actions),
            Ok(Incoming::Complete { id }) => self.stop(&id, actions),
        }
    }

    fn init(&mut self, payload: Payload, actions: &mut Vec<Action>) {
        if self.phase != Phase::AwaitingInit {
            return self.close(Close::too_many_init_requests(), actions);
        }
        self.phase = Phase::Opening;
        actions.push(Action::Open(payload));
    }

    fn opened(&mut self, actions: &mut Vec<Action>) {
        if self.phase == Phase::Opening {
            self.phase = Phase::Open;
            self.send(&Outgoing::Ack, actions);
        }
    }

    fn subscribe(&mut self, id: String, request: Box<Request>, actions: &mut Vec<Action>) {
        if self.phase != Phase::Open {
            return self.close(Close::unauthorized(), actions);
        }
        if id.len() > self.limits.id_bytes {
            return self.close(Close::invalid("the id is too long"), actions);
        }
        if self.running.contains_key(id.as_str()) {
            return self.close(Close::subscriber_exists(&id), actions);
        }
        if self.running.len() >= self.limits.operations {
            let most = self.limits.operations;
            let error = async_graphql::Error::new(format!("a socket runs at most {most} operations at a time"))
                .extend_with(|_, extensions| extensions.set("code", "RATE_LIMITED"));
            let error = error.into_server_error(async_graphql::Pos::default());
            return self.send(&Outgoing::Error { id: &id, payload: &[error] }, actions);
        }
        self.runs += 1;
        let ticket = Ticket { id: Arc::from(id), run: self.runs };
        let running = Running { run: ticket.run, is_stream: false, has_answered: false };
        self.running.insert(ticket.id.clone(), running);
        actions.push(Action::Start(ticket, request));
    }

    fn stop(&mut self, id: &str, actions: &mut Vec<Action>) {
        if let Some((id, running)) = self.running.remove_entry(id) {
            actions.push(Action::Stop(Ticket { id, run: running.run }));
        }
    }

    fn streams(&mut self, ticket: &Ticket) {
        if let Some(running) = self.find(ticket) {
            running.is_stream = true;
        }
    }

    fn produced(&mut self, ticket: Ticket, response: Response, actions: &mut Vec<Action>) {
        let Some(running) = self.find(&ticket) else { return };
        if !running.has_answered && is_refusal(&response, running.is_stream) {
            self.refused(&ticket, &response.errors, actions);
            return actions.push(Action::Stop(ticket));
        }
        running.has_answered = true;
        self.send(&Outgoing::Next { id: &ticket.id, payload: &response }, actions);
    }

    fn completed(&mut self, ticket: &Ticket, actions: &mut Vec<Action>) {
        if self.find(ticket).is_some() {
            self.send(&Outgoing::Complete { id: &ticket.id }, actions);
            self.end(ticket, actions);
        }
    }

    fn refused(&mut self, ticket: &Ticket, errors: &[ServerError], actions: &mut Vec<Action>) {
        if self.find(ticket).is_some() {
            self.send(&Outgoing::Error { id: &ticket.id, payload: errors }, actions);
            self.end(ticket, actions);
        }
    }

    fn keep_alive(&mut self, actions: &mut Vec<Action>) {
        match self.peer {
            Peer::Heard => self.peer = Peer::Silent,
            Peer::Silent => {
                self.peer = Peer::Pinged;
                self.send(&Outgoing::Ping, actions);
            }
            Peer::Pinged => {
                self.phase = Phase::Closed;
                actions.push(Action::Terminate);
            }
        }
    }

    fn drain(&mut self, actions: &mut Vec<Action>) {
        self.phase = Phase::Draining;
        let streams = self.running.extract_if(|_, running| running.is_stream);
        actions.extend(streams.map(|(id, running)| Action::Stop(Ticket { id, run: running.run })));
        self.close_when_drained(actions);
    }

    fn find(&mut self, ticket: &Ticket) -> Option<&mut Running> {
        self.running.get_mut(&ticket.id).filter(|running| running.run == ticket.run)
    }

    fn end(&mut self, ticket: &Ticket, actions: &mut Vec<Action>) {
        self.running.remove(&ticket.id);
        self.close_when_drained(actions);
    }

    fn close_when_drained(&mut self, actions: &mut Vec<Action>) {
        if self.phase == Phase::Draining && self.running.is_empty() {
            self.close(Close::going_away(), actions);
        }
    }

    fn send(&mut self, message: &Outgoing<'_>, actions: &mut Vec<Action>) {
        match serde_json::to_string(message) {
            Ok(text) => actions.push(Action::Send(text)),
            // Nothing sent here is without a JSON form; were it so, the client would wait for ever.
            Err(_) => self.close(Close::internal(), actions),
        }
    }

    fn close(&mut self, close: Close, actions: &mut Vec<Action>) {
        self.phase = Phase::Closed;
        self.running.clear();
        actions.push(Action::Close(close));
    }
}

/// Whether nothing ran: there is no data, and no error comes from a field. A stream's own field, the only one of its
/// document, is what makes the stream: an error of it alone means that there is none.
fn is_refusal(response: &Response, is_stream: bool) -> bool {
    let errors = &response.errors;
    let deepest = usize::from(is_stream);
    response.data == Value::Null && !errors.is_empty() && errors.iter().all(|error| error.path.len() <= deepest)
}
