//! WebSockets that speak graphql-transport-ws: the I/O around [`protocol::transport_ws`](crate::http::protocol).
//!
//! One task a socket and none a subscription. Nothing waits for ever: opening a session, sending, draining and closing
//! have deadlines, and a peer that reads too slowly is cut off. While a socket is being written each of its streams goes
//! on to its next result and no further, so what they hold back is theirs to merge or to bound.

use std::net::IpAddr;
use std::time::Duration;

use async_graphql::{Request, Response, ServerError};
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::http::protocol::transport_ws::{Limits, Payload, Refusal, SUBPROTOCOL};
use crate::http::server::Place;

mod bearer;
mod gate;
mod operations;
mod serve;
#[cfg(test)]
mod tests;
mod timers;

pub use bearer::bearer;

/// Runs what sockets ask for.
pub trait SocketExecutor: Clone + Send + Sync + 'static {
    /// Who asks, as `connection_init` said. Lives as long as the socket.
    type Session: Send + Sync + 'static;

    /// Judges the payload of `connection_init`: `{"Authorization": "Bearer …"}`, any other object, or nothing; from whom it
    /// comes.
    ///
    /// # Errors
    /// `Forbidden` closes the socket with 4403, `Unavailable` with 1013; so does an answer that takes longer than
    /// [`SocketSettings::open_timeout`].
    fn open(&self, payload: Payload, address: IpAddr) -> impl Future<Output = Result<Self::Session, Refusal>> + Send;

    /// Ends when what the session may do changes or ends before its time. The socket is closed with 4403 then, and the
    /// client opens another one. Asked for once.
    fn ended(&self, session: &Self::Session) -> BoxFuture<'static, ()>;

    /// When the session ends. The socket is closed with 4403 then; `None` is never.
    fn expires_at(&self, session: &Self::Session) -> Option<DateTime<Utc>>;

    /// Begins an operation. It must return at once: the socket waits.
    ///
    /// What it returns is dropped when the client stops the operation, leaves, or is closed; a mutation must run on a
    /// task of its own to finish all the same.
    fn run(&self, session: &Self::Session, request: Request) -> Operation;
}

/// An operation that has begun.
pub enum Operation {
    /// A query or mutation. A drain waits for its result.
    Single(BoxFuture<'static, Response>),
    /// A subscription. A drain drops it; clients resume it elsewhere.
    Stream(BoxStream<'static, Response>),
    /// It was refused before it ran: the client gets an `error` frame. A first response without data and with errors
    /// that have no path does the same, and so does a stream's when they have the path of its one field.
    Refused(Vec<ServerError>),
}

/// How long a socket waits for what, and how much it takes.
#[derive(Clone, Copy, Debug)]
pub struct SocketSettings {
    /// Sizes and counts.
    pub limits: Limits,
    /// From the upgrade to `connection_init`, or 4408.
    pub init_timeout: Duration,
    /// From `connection_init` to the verdict on it, or 1013.
    pub open_timeout: Duration,
    /// A peer silent for one to two of these is pinged, and cut off if silent for one more.
    pub keepalive: Duration,
    /// What waits to be sent must be taken by the peer's network stack within it, or the peer is cut off.
    pub send_timeout: Duration,
    /// From a drain to 1001 while queries and mutations are still running.
    pub drain_timeout: Duration,
    /// From our close frame to the peer's, before the connection is dropped.
    pub close_timeout: Duration,
}

impl Default for SocketSettings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            init_timeout: Duration::from_secs(3),
            open_timeout: Duration::from_secs(10),
            keepalive: Duration::from_secs(12),
            send_timeout: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(2),
        }
    }
}

/// Everything sockets share. Cheap to clone.
///
/// The listener has to set TCP_NODELAY on what it accepts: without it a pushed frame waits for the acknowledgement of
/// the one before, up to 40 ms.
#[derive(Clone)]
pub struct Sockets<E> {
    executor: E,
    settings: SocketSettings,
    drain: CancellationToken,
    tasks: TaskTracker,
}

impl<E: SocketExecutor> Sockets<E> {
    /// Cancelling `drain` refuses new sockets and closes open ones with 1001; `tasks` is empty when all are gone.
    pub fn new(executor: E, settings: SocketSettings, drain: CancellationToken, tasks: TaskTracker) -> Self {
        Self { executor, settings, drain, tasks }
    }

    /// Takes a socket over, or answers 503 while draining. A subprotocol other than graphql-transport-ws is closed with
    /// 4406, which a client can see; a refused upgrade it could not tell from a broken network. What the socket logs is in
    /// the span of the upgrade.
    ///
    /// `address` is whom the socket is from; `place` is held until it ends.
    pub fn upgrade(&self, upgrade: WebSocketUpgrade, address: IpAddr, place: Place) -> axum::response::Response {
        if self.drain.is_cancelled() {
            return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response();
        }
        let sockets = self.clone();
        let task = self.tasks.token();
        // A message somewhat too big is still read, so that the close frame reaches its sender.
        let most = self.settings.limits.message_bytes.saturating_mul(2);
        let serving = tracing::Span::current();
        upgrade
            .protocols([SUBPROTOCOL])
            .read_buffer_size(1024)
            .write_buffer_size(4096)
            .max_message_size(most)
            .max_frame_size(most)
            .on_upgrade(move |socket| {
                let serve = async move {
                    serve::serve(socket, sockets, address).await;
                    drop((task, place));
                };
                serve.instrument(serving)
            })
    }
}
