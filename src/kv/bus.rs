//! What a bus is: named channels, messages that arrive at most once, and word of when the line was cut.
//!
//! Names given here have no prefix; an implementation puts its own in front, so that several installations can share
//! one server.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

/// Bytes for, or from, one channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Name of the channel, without the prefix.
    pub channel: String,
    /// What is said.
    pub payload: Bytes,
}

/// What a listener hears.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BusEvent {
    /// Somebody published on a channel that this listener subscribed to.
    Message(Message),
    /// The line is cut: messages are being lost.
    Disconnected,
    /// Every wanted channel is subscribed (again), and it is so for the first time after the start, too. What was
    /// published in between is lost.
    Reconnected,
}

/// Why the bus did not do it. The caller goes on without and tries again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BusError {
    /// The server is not reachable.
    #[error("the bus is away")]
    Away,
    /// No answer in time; the command may have been carried out.
    #[error("the bus did not answer in time")]
    Late,
    /// The server answered with an error.
    #[error("the bus refused the command")]
    Refused(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

/// Sends messages and opens listeners. Every call ends within the deadline of the implementation.
pub trait Bus: Send + Sync + 'static {
    /// Hands the messages over in order, in one flight. An error says nothing about which of them got through.
    fn publish(&self, messages: Vec<Message>) -> BoxFuture<'_, Result<(), BusError>>;

    /// The channels whose name begins so and that somebody, anywhere, listens to; in no particular order.
    fn subscribed_channels<'a>(&'a self, beginning: &'a str) -> BoxFuture<'a, Result<Vec<String>, BusError>>;

    /// Opens a listener with no channels. It connects in the background.
    fn listen(&self) -> Listener;
}

/// One line to the bus. Dropping either half ends it.
pub struct Listener {
    /// Says which channels are wanted.
    pub subscriptions: Arc<dyn Subscriptions>,
    /// Brings what is heard. It is bounded: a listener that reads too slowly loses messages, never events.
    pub events: mpsc::Receiver<BusEvent>,
}

/// The channels that a listener wants.
pub trait Subscriptions: Send + Sync + 'static {
    /// Wants a channel. `Ok` when the server confirmed it: what is published from now on arrives. After an error the
    /// channel is wanted all the same, and subscribed once the server is back (`BusEvent::Reconnected`).
    fn subscribe<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<(), BusError>>;

    /// Wants a channel no more. A few of its messages may still arrive.
    fn unsubscribe<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<(), BusError>>;
}
