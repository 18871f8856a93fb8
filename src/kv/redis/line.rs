//! One listener's line: a RESP3 connection that is watched, asked for signs of life, and mended.
//!
//! The connection manager reconnects and resubscribes by itself, but gives up after its retries, ignores a
//! resubscription that failed, and doesn't notice a server that stopped answering. So the line keeps the list of wanted
//! channels, asks every second, and calls itself connected only when the server confirmed every channel.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, PushInfo, PushKind, RedisResult, Value};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{RedisBus, refused};
use crate::kv::bus::{BusError, BusEvent, Listener, Message, Subscriptions};

/// Messages that may wait for the listener; more are lost, which its chain shows it.
const WAITING: usize = 4096;
/// Changes of the wanted channels that may wait for the line.
const COMMANDS: usize = 256;
/// How often a line is asked whether it lives.
const ALIVE: Duration = Duration::from_secs(1);
/// How often a line that is cut is tried again.
const RETRY: Duration = Duration::from_millis(250);
/// Tries after which the connection manager is replaced: it may wait on a server that will never answer.
const TRIES: u32 = 4;

/// Opens a line on the bus's task tracker.
pub(super) fn open(bus: &RedisBus) -> Listener {
    let (events, heard) = mpsc::channel(WAITING);
    let (orders, commands) = mpsc::channel(COMMANDS);
    let line = Line {
        client: bus.line.clone(),
        prefix: bus.prefix.clone(),
        deadline: bus.deadline,
        events,
        cut: Arc::new(Notify::new()),
        wanted: BTreeSet::new(),
        manager: None,
        connected: false,
        failures: 0,
        is_told: false,
    };
    bus.tracker.spawn(line.run(commands));
    Listener { subscriptions: Arc::new(Orders { orders, deadline: bus.deadline }), events: heard }
}

/// A change of the wanted channels.
struct Command {
    channel: String,
    wanted: bool,
    done: oneshot::Sender<Result<(), BusError>>,
}

/// The listener's half that says which channels are wanted.
struct Orders {
    orders: mpsc::Sender<Command>,
    deadline: Duration,
}

impl Orders {
    fn order<'a>(&'a self, channel: &'a str, wanted: bool) -> BoxFuture<'a, Result<(), BusError>> {
        async move {
            let (done, answer) = oneshot::channel();
            let command = Command { channel: channel.to_owned(), wanted, done };
            self.orders.send(command).await.map_err(|_| BusError::Away)?;
            // The order stands, whether or not its answer comes in time.
            timeout(self.deadline * 2, answer).await.map_err(|_| BusError::Late)?.map_err(|_| BusError::Away)?
        }
        .boxed()
    }
}

impl Subscriptions for Orders {
    fn subscribe<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<(), BusError>> {
        self.order(channel, true)
    }

    fn unsubscribe<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<(), BusError>> {
        self.order(channel, false)
    }
}

struct Line {
    client: Arc<Client>,
    prefix: Arc<str>,
    deadline: Duration,
    events: mpsc::Sender<BusEvent>,
    /// Rung by the connection when it ends.
    cut: Arc<Notify>,
    wanted: BTreeSet<String>,
    manager: Option<ConnectionManager>,
    connected: bool,
    failures: u32,
    /// Whether the log says already that it is down.
    is_told: bool,
}

impl Line {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let cut = self.cut.clone();
        let mut retry = interval(RETRY);
        retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut alive = interval(ALIVE);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.connect().await;
        loop {
            tokio::select! {
                () = self.events.closed() => return,
                () = cut.notified() => self.lost().await,
                command = commands.recv() => match command {
                    Some(command) => self.obey(command).await,
                    None => return,
                },
                _ = alive.tick(), if self.connected => self.ask().await,
                _ = retry.tick(), if !self.connected => self.connect().await,
            }
        }
    }

    /// Subscribes to everything wanted; connected only when all of it is confirmed.
    async fn connect(&mut self) {
        if self.failures >= TRIES {
            self.manager = None;
            self.failures = 0;
        }
        let channels: Vec<String> = self.wanted.iter().map(|name| format!("{}{name}", self.prefix)).collect();
        let confirmed = match self.manager() {
            Err(error) => Err(refused(error)),
            Ok(mut manager) if channels.is_empty() => self.within(async move { ping(&mut manager).await }).await,
            Ok(mut manager) => self.within(async move { manager.subscribe(channels).await }).await,
        };
        match confirmed {
            Ok(()) => {
                self.connected = true;
                self.failures = 0;
                self.is_told = false;
                tracing::info!(channels = self.wanted.len(), "line to the bus is up");
                let _ = self.events.send(BusEvent::Reconnected).await;
            }
            Err(error) => {
                self.failures += 1;
                if !std::mem::replace(&mut self.is_told, true) {
                    tracing::warn!(error = %error, "line to the bus is not up; it is tried again and again");
                }
            }
        }
    }

    async fn lost(&mut self) {
        if !std::mem::take(&mut self.connected) {
            return;
        }
        self.is_told = true;
        tracing::warn!("line to the bus is cut");
        let _ = self.events.send(BusEvent::Disconnected).await;
    }

    async fn ask(&mut self) {
        let Ok(mut manager) = self.manager() else { return };
        if self.within(async move { ping(&mut manager).await }).await.is_err() {
            // Too late an answer is as good as none: begin anew rather than wait on a dead socket.
            self.manager = None;
            self.lost().await;
        }
    }

    async fn obey(&mut self, command: Command) {
        let changed = if command.wanted {
            self.wanted.insert(command.channel.clone())
        } else {
            self.wanted.remove(&command.channel)
        };
        let channel = format!("{}{}", self.prefix, command.channel);
        let done = match self.manager() {
            _ if !self.connected => Err(BusError::Away),
            _ if !changed => Ok(()),
            Err(error) => Err(refused(error)),
            Ok(mut manager) if command.wanted => self.within(async move { manager.subscribe(channel).await }).await,
            Ok(mut manager) => self.within(async move { manager.unsubscribe(channel).await }).await,
        };
        if done.is_err() {
            // Not confirmed means not subscribed: the next try subscribes to everything again.
            self.lost().await;
        }
        let _ = command.done.send(done);
    }

    fn manager(&mut self) -> RedisResult<ConnectionManager> {
        if let Some(manager) = &self.manager {
            return Ok(manager.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(50))
            .set_connection_timeout(Some(self.deadline))
            .set_response_timeout(Some(self.deadline))
            .set_push_sender(pushes(self.prefix.clone(), self.events.clone(), self.cut.clone()))
            .set_automatic_resubscription();
        let manager = ConnectionManager::new_lazy_with_config((*self.client).clone(), config)?;
        self.manager = Some(manager.clone());
        Ok(manager)
    }

    async fn within(&self, command: impl Future<Output = RedisResult<()>>) -> Result<(), BusError> {
        timeout(self.deadline, command).await.map_err(|_| BusError::Late)?.map_err(refused)
    }
}

async fn ping(manager: &mut ConnectionManager) -> RedisResult<()> {
    redis::cmd("PING").exec_async(manager).await
}

/// Passes messages on without ever waiting.
fn pushes(
    prefix: Arc<str>,
    events: mpsc::Sender<BusEvent>,
    cut: Arc<Notify>,
) -> impl Fn(PushInfo) -> Result<(), redis::aio::SendError> + Send + Sync + 'static {
    move |push| {
        match push.kind {
            PushKind::Disconnection => cut.notify_one(),
            PushKind::Message => {
                if let Some(message) = message(&prefix, push.data)
                    && events.try_send(BusEvent::Message(message)).is_err()
                {
                    tracing::warn!("listener of the bus is too slow; message lost");
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn message(prefix: &str, data: Vec<Value>) -> Option<Message> {
    let mut parts = data.into_iter();
    let (Some(Value::BulkString(channel)), Some(Value::BulkString(payload))) = (parts.next(), parts.next()) else {
        return None;
    };
    let channel = std::str::from_utf8(&channel).ok()?.strip_prefix(prefix)?.to_owned();
    Some(Message { channel, payload: Bytes::from(payload) })
}
