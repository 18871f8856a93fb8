//! A bus within one process, for `dev` without Redis and for tests. It has the form of the other and, like it, loses
//! what a slow listener doesn't take in time.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::mpsc;

use super::bus::{Bus, BusError, BusEvent, Listener, Message, Subscriptions};

/// Messages that may wait in one listener.
const WAITING: usize = 1024;

/// The bus; clones are the same bus.
#[derive(Clone, Default)]
pub struct LocalBus {
    ears: Arc<Mutex<Vec<Arc<Ear>>>>,
}

/// One listener's channels and its queue.
struct Ear {
    channels: Mutex<HashSet<String>>,
    events: mpsc::Sender<BusEvent>,
}

impl LocalBus {
    /// A bus that nobody listens to yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn ears(&self) -> MutexGuard<'_, Vec<Arc<Ear>>> {
        let mut ears = self.ears.lock().unwrap_or_else(PoisonError::into_inner);
        ears.retain(|ear| !ear.events.is_closed());
        ears
    }
}

impl Ear {
    fn channels(&self) -> MutexGuard<'_, HashSet<String>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bus for LocalBus {
    fn publish(&self, messages: Vec<Message>) -> BoxFuture<'_, Result<(), BusError>> {
        let ears = self.ears();
        for message in messages {
            for ear in ears.iter().filter(|ear| ear.channels().contains(&message.channel)) {
                // A full queue loses the message, as a server would cut a slow reader off.
                let _ = ear.events.try_send(BusEvent::Message(message.clone()));
            }
        }
        ready(Ok(())).boxed()
    }

    fn subscribed_channels<'a>(&'a self, beginning: &'a str) -> BoxFuture<'a, Result<Vec<String>, BusError>> {
        let mut found = HashSet::new();
        for ear in self.ears().iter() {
            found.extend(ear.channels().iter().filter(|channel| channel.starts_with(beginning)).cloned());
        }
        ready(Ok(found.into_iter().collect())).boxed()
    }

    fn listen(&self) -> Listener {
        let (sender, events) = mpsc::channel(WAITING);
        let _ = sender.try_send(BusEvent::Reconnected);
        let ear = Arc::new(Ear { channels: Mutex::default(), events: sender });
        self.ears().push(ear.clone());
        Listener { subscriptions: ear, events }
    }
}

impl Subscriptions for Ear {
    fn subscribe<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<(), BusError>> {
        self.channels().insert(channel.to_owned());
        ready(Ok(())).boxed()
    }

    fn unsubscribe<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<(), BusError>> {
        self.channels().remove(channel);
        ready(Ok(())).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(channel: &str, payload: &'static str) -> Message {
        Message { channel: channel.to_owned(), payload: payload.into() }
    }

    #[tokio::test]
    async fn message_reaches_those_who_want_its_channel_and_nobody_else() {
        let bus = LocalBus::new();
        let (mut one, mut two) = (bus.listen(), bus.listen());
        assert_eq!(one.events.recv().await, Some(BusEvent::Reconnected));
        assert_eq!(two.events.recv().await, Some(BusEvent::Reconnected));
        assert!(one.subscriptions.subscribe("a").await.is_ok());
        assert!(two.subscriptions.subscribe("b").await.is_ok());
        assert!(bus.publish(vec![message("a", "1"), message("c", "2"), message("b", "3")]).await.is_ok());
        assert_eq!(one.events.try_recv(), Ok(BusEvent::Message(message("a", "1"))));
        assert!(one.events.try_recv().is_err());
        assert_eq!(two.events.try_recv(), Ok(BusEvent::Message(message("b", "3"))));

        assert!(one.subscriptions.unsubscribe("a").await.is_ok());
        assert!(bus.publish(vec![message("a", "4")]).await.is_ok());
        assert!(one.events.try_recv().is_err());
    }

    #[tokio::test]
    async fn only_channels_of_living_listeners_are_told() {
        let bus = LocalBus::new();
        let (one, two) = (bus.listen(), bus.listen());
        for channel in ["changes:1", "other"] {
            assert!(one.subscriptions.subscribe(channel).await.is_ok());
        }
        assert!(two.subscriptions.subscribe("changes:2").await.is_ok());
        let told = async || {
            let mut channels = bus.subscribed_channels("changes:").await.unwrap_or_default();
            channels.sort();
            channels
        };
        assert_eq!(told().await, ["changes:1", "changes:2"]);
        drop(two);
        assert_eq!(told().await, ["changes:1"]);
    }
}
