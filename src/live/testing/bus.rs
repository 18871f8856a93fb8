//! A bus in memory that loses, repeats, reorders and refuses messages.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::mpsc;

use crate::kv::{Bus, BusError, BusEvent, Listener, Message, Subscriptions};

/// What happens to one message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// Nothing.
    Pass,
    /// It is lost.
    Drop,
    /// It comes twice.
    Duplicate,
    /// It comes after the next one.
    Hold,
    /// It comes, but the publisher is told that it did not.
    Deny,
    /// It is not taken.
    Refuse,
}

/// A bus in memory whose messages, lines and server can fail.
#[derive(Clone, Default)]
pub(crate) struct FaultyBus {
    state: Arc<Mutex<BusState>>,
}

#[derive(Default)]
struct BusState {
    ears: Vec<Arc<FaultyEar>>,
    faults: VecDeque<Fault>,
    held: Vec<Message>,
    is_down: bool,
    published: Vec<Message>,
}

struct FaultyEar {
    channels: Mutex<HashSet<String>>,
    events: mpsc::Sender<BusEvent>,
    bus: FaultyBus,
}

impl FaultyBus {
    fn state(&self) -> MutexGuard<'_, BusState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens to the next message for which nothing is said yet.
    pub fn next(&self, fault: Fault) {
        self.state().faults.push_back(fault);
    }

    /// Stops or starts the server: everybody is cut off, or back.
    pub fn set_down(&self, is_down: bool) {
        let mut state = self.state();
        if std::mem::replace(&mut state.is_down, is_down) != is_down {
            state.held.clear();
            let event = if is_down { BusEvent::Disconnected } else { BusEvent::Reconnected };
            state.ears.iter().for_each(|ear| drop(ear.events.try_send(event.clone())));
        }
    }

    /// Every message that was handed over, whatever became of it.
    pub fn published(&self) -> Vec<Message> {
        self.state().published.clone()
    }

    /// Puts a message on the bus as it is.
    pub fn inject(&self, message: &Message) {
        self.state().deliver(message);
    }
}

impl BusState {
    fn deliver(&self, message: &Message) {
        for ear in self.ears.iter().filter(|ear| ear.channels().contains(&message.channel)) {
            let _ = ear.events.try_send(BusEvent::Message(message.clone()));
        }
    }

    fn publish(&mut self, message: Message) -> Result<(), BusError> {
        self.published.push(message.clone());
        let fault = self.faults.pop_front().unwrap_or(Fault::Pass);
        let held = if fault == Fault::Hold { Vec::new() } else { std::mem::take(&mut self.held) };
        match fault {
            Fault::Pass | Fault::Deny => self.deliver(&message),
            Fault::Duplicate => (0..2).for_each(|_| self.deliver(&message)),
            Fault::Hold => self.held.push(message),
            Fault::Drop | Fault::Refuse => {}
        }
        held.iter().for_each(|message| self.deliver(message));
        if matches!(fault, Fault::Deny | Fault::Refuse) { Err(BusError::Late) } else { Ok(()) }
    }
}

impl FaultyEar {
    fn channels(&self) -> MutexGuard<'_, HashSet<String>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bus for FaultyBus {
    fn publish(&self, messages: Vec<Message>) -> BoxFuture<'_, Result<(), BusError>> {
        let mut state = self.state();
        if state.is_down {
            return ready(Err(BusError::Away)).boxed();
        }
        let outcomes: Vec<_> = messages.into_iter().map(|message| state.publish(message)).collect();
        ready(outcomes.into_iter().collect()).boxed()
    }

    fn subscribed_channels<'a>(&'a self, beginning: &'a str) -> BoxFuture<'a, Result<Vec<String>, BusError>> {
        let state = self.state();
        if state.is_down {
            return ready(Err(BusError::Away)).boxed();
        }
        let channels = state.ears.iter().flat_map(|ear| ear.channels().iter().cloned().collect::<Vec<_>>());
        let found: HashSet<String> = channels.filter(|channel| channel.starts_with(beginning)).collect();
        ready(Ok(found.into_iter().collect())).boxed()
    }

    fn listen(&self) -> Listener {
        let (sender, events) = mpsc::channel(1024);
        let ear = Arc::new(FaultyEar { channels: Mutex::default(), events: sender, bus: self.clone() });
        self.state().ears.push(ear.clone());
        Listener { subscriptions: ear, events }
    }
}

impl Subscriptions for FaultyEar {
    fn subscribe<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<(), BusError>> {
        self.channels().insert(channel.to_owned());
        ready(if self.bus.state().is_down { Err(BusError::Away) } else { Ok(()) }).boxed()
    }

    fn unsubscribe<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<(), BusError>> {
        self.channels().remove(channel);
        ready(Ok(())).boxed()
    }
}
