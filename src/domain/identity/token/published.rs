//! The issuer's keys as it publishes them: kept, renewed from time to time, and asked for when a token names one that is
//! not among them.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::kernel::keys::KeySource;

use super::keys::{VerificationKey, from_jwks};

/// How often, at most, tokens with unknown keys make us ask: whoever forges them cannot make us flood the issuer.
const PAUSE: Duration = Duration::from_secs(10);
/// How soon a set that was never read is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// A set of keys that somebody publishes.
pub struct PublishedKeys {
    source: Arc<dyn KeySource>,
    every: Duration,
    set: RwLock<KeySet>,
    /// When a token last made us ask; whoever holds it is asking.
    asked: Mutex<Option<Instant>>,
}

/// The keys at one time.
#[derive(Clone, Default)]
pub(super) struct KeySet {
    /// Grows with each set that is read; 0 before the first.
    pub(super) generation: u64,
    pub(super) keys: Arc<[VerificationKey]>,
}

impl KeySet {
    /// Whether a token that names this key, or none, may be good although no key here fits.
    pub(super) fn lacks(&self, id: Option<&str>) -> bool {
        match id {
            Some(id) => !self.keys.iter().any(|key| key.id.as_deref() == Some(id)),
            None => self.generation == 0,
        }
    }
}

impl PublishedKeys {
    /// Reads the set from `source`, anew every `every`. Nothing is asked for yet.
    #[must_use]
    pub fn new(source: Arc<dyn KeySource>, every: Duration) -> Self {
        Self { source, every, set: RwLock::default(), asked: Mutex::default() }
    }

    pub(super) fn set(&self) -> KeySet {
        self.set.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks again, unless another token made us ask within `PAUSE`; returns when the newest set is there, or was not to be had.
    pub(super) async fn look_again(&self) {
        let mut asked = self.asked.lock().await;
        let pause = if self.set().generation == 0 { RETRY } else { PAUSE };
        if asked.is_none_or(|at| at.elapsed() >= pause) {
            *asked = Some(Instant::now());
            self.fetch().await;
        }
    }

    /// Reads the set now and from time to time; never ends.
    pub async fn keep_fresh(&self) {
        loop {
            // Held while it is read: a slow answer must not replace one that was asked for later.
            let asked = self.asked.lock().await;
            self.fetch().await;
            drop(asked);
            let pause = if self.set().generation == 0 { RETRY.min(self.every) } else { self.every };
            tokio::time::sleep(pause).await;
        }
    }

    /// A set that cannot be read leaves the old one: an issuer that is away must not lock everybody out.
    async fn fetch(&self) {
        let read = match self.source.fetch().await {
            Ok(text) => from_jwks(&text).map_err(|error| Box::new(error) as Box<dyn std::error::Error + Send + Sync>),
            Err(error) => Err(error.into()),
        };
        match read {
            Ok(keys) => {
                tracing::debug!(keys = keys.len(), "signing keys read");
                let mut set = self.set.write().unwrap_or_else(PoisonError::into_inner);
                *set = KeySet { generation: set.generation + 1, keys: keys.into() };
            }
            Err(error) => tracing::error!(error = &*error as &dyn std::error::Error, "signing keys not read"),
        }
    }
}
