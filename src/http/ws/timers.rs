//! The deadlines of one socket, behind one timer.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::http::protocol::transport_ws::Event;

use super::SocketSettings;

/// How far ahead a token's expiry is trusted to the machine's monotonic clock before the wall clock is asked again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// When what is due.
pub(super) struct Timers {
    keepalive: Duration,
    next_keepalive: Instant,
    init: Option<Instant>,
    drain: Option<Instant>,
    expires_at: Option<DateTime<Utc>>,
    next_look_at_token: Option<Instant>,
}

impl Timers {
    pub(super) fn start(settings: &SocketSettings) -> Self {
        let now = Instant::now();
        Self {
            keepalive: settings.keepalive,
            next_keepalive: now + settings.keepalive,
            init: Some(now + settings.init_timeout),
            drain: None,
            expires_at: None,
            next_look_at_token: None,
        }
    }

    pub(super) fn initialised(&mut self) {
        self.init = None;
    }

    pub(super) fn expires_at(&mut self, expires_at: Option<DateTime<Utc>>) {
        self.expires_at = expires_at;
        self.next_look_at_token = expires_at.map(look_at_token);
    }

    pub(super) fn drain_within(&mut self, timeout: Duration) {
        self.drain = Some(Instant::now() + timeout);
    }

    /// When the next of them is due.
    pub(super) fn next(&self) -> Instant {
        [self.init, self.drain, self.next_look_at_token].into_iter().flatten().fold(self.next_keepalive, Instant::min)
    }

    /// Takes out one that is due at `now`.
    pub(super) fn due(&mut self, now: Instant) -> Option<Event<'static>> {
        let is_due = |deadline: &mut Instant| *deadline <= now;
        if self.init.take_if(is_due).is_some() {
            return Some(Event::InitTimeout);
        }
        if self.drain.take_if(is_due).is_some() {
            return Some(Event::DrainTimeout);
        }
        if self.next_look_at_token.take_if(is_due).is_some() {
            self.next_look_at_token = self.expires_at.filter(|at| *at > Utc::now()).map(look_at_token);
            if self.next_look_at_token.is_none() {
                return Some(Event::TokenEnded);
            }
        }
        if self.next_keepalive <= now {
            self.next_keepalive = now + self.keepalive;
            return Some(Event::KeepAlive);
        }
        None
    }
}

fn look_at_token(expires_at: DateTime<Utc>) -> Instant {
    let left = (expires_at - Utc::now()).to_std().unwrap_or_default();
    Instant::now() + left.min(LONGEST_WAIT)
}
