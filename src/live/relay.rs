//! The relay: reads the log up to the watermark and publishes it as chained batches. One runs at a time; who that is
//! is decided by the caller.
//!
//! A batch that could not be published is sent again from the same place, with the same `previous`: whoever got it all
//! the same has covered it and drops it. Once that has failed for longer than replicas bear silence, they read the log
//! themselves, so the relay jumps to the watermark instead of sending them what they have; `previous` then names the
//! place it jumped to, and a replica that knows less sees the hole. So it does after every start, and two leaders for a
//! moment do no harm.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::batch::{CHANNEL_NAMES, CHANNELS, Channel, encode};
use super::doorbell::Doorbell;
use super::log::{ChangeLog, ChangeRow, LogError};
use crate::kernel::position::Position;
use crate::kv::{Bus, BusError, Message};

/// Times and bounds of the relay.
#[derive(Clone, Debug)]
pub struct RelaySettings {
    /// The log is read that often even when nobody rings.
    pub poll: Duration,
    /// Channels that somebody listens to hear something that often.
    pub heartbeat: Duration,
    /// Shortest time from one read to the next: under load, rings within it become one read.
    pub pause: Duration,
    /// Rows in one page, and so at most in one batch.
    pub page: usize,
    /// A page that could not be published for so long is left to the replicas.
    pub give_up: Duration,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(200),
            heartbeat: Duration::from_secs(1),
            pause: Duration::from_millis(2),
            page: 500,
            give_up: Duration::from_millis(1500),
        }
    }
}

/// Why a turn of the relay failed. Nothing is lost by it: the next turn goes on from the same place.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The bus did not take it.
    #[error(transparent)]
    Bus(#[from] BusError),
}

/// The relay of one leader.
pub struct Relay {
    log: Arc<dyn ChangeLog>,
    bus: Arc<dyn Bus>,
    settings: RelaySettings,
    state: Option<Place>,
    /// The epoch is asked for before the next read: the database was away and may be another one now.
    is_epoch_doubtful: bool,
    failing_since: Option<Instant>,
}

/// How far the relay is.
struct Place {
    epoch: Uuid,
    /// Everything before it is published, or left to the replicas.
    to: Position,
    /// Where the last acknowledged batch of each channel ended.
    previous: [Position; CHANNELS],
}

impl Relay {
    /// A relay that has read nothing yet.
    #[must_use]
    pub fn new(log: Arc<dyn ChangeLog>, bus: Arc<dyn Bus>, settings: RelaySettings) -> Self {
        Self { log, bus, settings, state: None, is_epoch_doubtful: true, failing_since: None }
    }

    /// Relays until `shutdown`, which is also cancelled when the leadership is lost. Failures are tried again.
    pub async fn run(mut self, doorbell: Doorbell, shutdown: CancellationToken) {
        let relaying = async {
            let mut heartbeat = interval(self.settings.heartbeat);
            heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut is_failing = false;
            loop {
                let started = Instant::now();
                let mut turn = self.tick().await;
                // Without a fresh look at the log there is no heartbeat: silence makes the replicas look themselves.
                if turn.is_ok() && heartbeat.tick().now_or_never().is_some() {
                    turn = self.heartbeat().await;
                }
                report(&turn, &mut is_failing);
                tokio::select! {
                    () = doorbell.rung(), if turn.is_ok() => sleep_until(started + self.settings.pause).await,
                    () = sleep_until(started + self.settings.poll) => {}
                }
            }
        };
        shutdown.run_until_cancelled(relaying).await;
    }

    /// Publishes what lies between the relay's place and the watermark. The first turn only takes its place at the
    /// watermark.
    pub async fn tick(&mut self) -> Result<(), RelayError> {
        let turn = self.turn().await;
        if let Err(RelayError::Log(_)) = turn {
            self.is_epoch_doubtful = true;
        }
        turn
    }

    async fn turn(&mut self) -> Result<(), RelayError> {
        if self.is_epoch_doubtful {
            let epoch = self.log.epoch().await?;
            self.state = self.state.take().filter(|state| state.epoch == epoch);
            let to = Position::before(self.log.watermark().await?);
            self.state.get_or_insert(Place { epoch, to, previous: [to; CHANNELS] });
            self.is_epoch_doubtful = false;
        }
        let watermark = Position::before(self.log.watermark().await?);
        self.give_up_if_late(watermark);
        while let Some(from) = self.state.as_ref().map(|state| state.to).filter(|&from| from < watermark) {
            let rows = self.log.read(from..watermark, None, self.settings.page).await?;
            let to = match rows.last() {
                Some(last) if rows.len() >= self.settings.page => last.after(),
                _ => watermark,
            };
            self.publish(&rows, to).await?;
        }
        Ok(())
    }

    /// Tells every channel that somebody listens to how far things are, and looks whether the log began a new life.
    pub async fn heartbeat(&mut self) -> Result<(), RelayError> {
        let Some(Place { epoch, .. }) = self.state else { return Ok(()) };
        if self.log.epoch().await? != epoch {
            self.is_epoch_doubtful = true;
            return Ok(());
        }
        let listened = self.bus.subscribed_channels(CHANNEL_NAMES).await;
        let names = self.note(listened)?;
        let quiet = names.iter().filter_map(|name| Channel::from_name(name)).map(|channel| (channel, Vec::new()));
        let Some(to) = self.state.as_ref().map(|state| state.to) else { return Ok(()) };
        self.send(quiet.collect(), to).await
    }

    /// Publishes one page and, when that is acknowledged, moves on.
    async fn publish(&mut self, rows: &[ChangeRow], to: Position) -> Result<(), RelayError> {
        let mut batches = BTreeMap::<Channel, Vec<&ChangeRow>>::new();
        for row in rows {
            batches.entry(Channel::of(row.organization_id)).or_default().push(row);
        }
        self.send(batches, to).await?;
        if let Some(state) = &mut self.state {
            state.to = to;
        }
        Ok(())
    }

    async fn send(&mut self, batches: BTreeMap<Channel, Vec<&ChangeRow>>, to: Position) -> Result<(), RelayError> {
        let Some(state) = &self.state else { return Ok(()) };
        if batches.is_empty() {
            return Ok(());
        }
        let payload = |channel: Channel, rows: &[&ChangeRow]| -> Bytes {
            encode(state.epoch, state.previous[channel.index()], to, rows)
        };
        let messages = batches
            .iter()
            .map(|(channel, rows)| Message { channel: channel.name(), payload: payload(*channel, rows) })
            .collect();
        let sent = self.bus.publish(messages).await;
        self.note(sent)?;
        if let Some(state) = &mut self.state {
            batches.keys().for_each(|channel| state.previous[channel.index()] = to);
        }
        Ok(())
    }

    /// Remembers since when the bus has been failing.
    fn note<T>(&mut self, outcome: Result<T, BusError>) -> Result<T, BusError> {
        match &outcome {
            Ok(_) => self.failing_since = None,
            Err(_) => {
                self.failing_since.get_or_insert_with(Instant::now);
            }
        }
        outcome
    }

    fn give_up_if_late(&mut self, watermark: Position) {
        let is_late = self.failing_since.is_some_and(|since| since.elapsed() >= self.settings.give_up);
        if let Some(state) = self.state.as_mut().filter(|state| is_late && state.to < watermark) {
            state.to = watermark;
            state.previous = [watermark; CHANNELS];
        }
    }
}

/// Logs the first failure of a row of them, and its end.
fn report(turn: &Result<(), RelayError>, is_failing: &mut bool) {
    match turn {
        Ok(()) if std::mem::replace(is_failing, false) => tracing::info!("relay goes on"),
        Err(error) if !std::mem::replace(is_failing, true) => {
            let cause = error.source().map(tracing::field::display);
            tracing::warn!(error = %error, cause, "relay is held up; replicas read the log");
        }
        _ => {}
    }
}
