//! What a connection is told, and what it answers.

use std::sync::Arc;

use async_graphql::{Request, Response, ServerError};

use super::{Close, Payload};

/// What one socket may ask for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Operations at a time; one more is answered with an `error` frame and `RATE_LIMITED`.
    pub operations: usize,
    /// Bytes of an operation's id; a longer one closes the socket with 4400.
    pub id_bytes: usize,
    /// Bytes of a message; a longer one closes the socket with 1009.
    pub message_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { operations: 100, id_bytes: 256, message_bytes: 1 << 20 }
    }
}

/// One run of an operation. A client may use an id again; no two runs share a ticket, so what a stopped run still
/// brings is told apart from its successor's.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Ticket {
    pub(super) id: Arc<str>,
    pub(super) run: u64,
}

/// Why a session was not opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The payload of `connection_init` carries a bad token, or none where one is needed.
    Forbidden,
    /// Something needed to judge it is away; the client may try again.
    Unavailable,
}

/// What happens to a socket.
#[derive(Debug)]
pub enum Event<'a> {
    /// It was upgraded, and this subprotocol was agreed on. Comes first.
    Connected(Option<&'a str>),
    /// A text message came.
    Text(&'a str),
    /// A binary message came; the protocol knows none.
    Binary,
    /// A control frame came: the peer lives.
    Heard,
    /// The peer broke WebSocket itself or sent far too much, and nothing more can be read from it.
    Unreadable,
    /// The time to send `connection_init` is over.
    InitTimeout,
    /// The session asked for by [`Action::Open`] is open.
    Opened,
    /// It is refused.
    OpenRefused(Refusal),
    /// The operation is a stream: a drain does not wait for it.
    Streams(Ticket),
    /// The operation has a result.
    Produced(Ticket, Box<Response>),
    /// The operation has ended.
    Completed(Ticket),
    /// The operation was refused before it ran.
    Refused(Ticket, Vec<ServerError>),
    /// The keepalive interval is over again.
    KeepAlive,
    /// The session's token expired or was revoked.
    TokenEnded,
    /// The server wants to go: results under way are awaited, nothing more is read.
    Drain,
    /// They have been awaited long enough.
    DrainTimeout,
}

/// What the socket has to do.
#[derive(Debug)]
pub enum Action {
    /// Send this text message.
    Send(String),
    /// Open a session with the payload of `connection_init`; answer with `Opened` or `OpenRefused`.
    Open(Payload),
    /// Run the operation; answer with `Streams` if it is one, `Refused`, or `Produced` and `Completed`.
    Start(Ticket, Box<Request>),
    /// Drop the operation. One that has completed is not stopped.
    Stop(Ticket),
    /// Drop all operations, close, and wait a moment for the peer's close.
    Close(Close),
    /// Drop everything at once: nobody is there.
    Terminate,
}
