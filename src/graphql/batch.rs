//! Batched reads: sibling fields that each want one row share one statement.
//!
//! A loader belongs to one operation and is its cache. It starts no task and no timer: any of those who wait drives the
//! batch, so one that is dropped midway harms nobody, and dropping them all stops the work. The operation runs inside
//! [`scope`], which closes the open batches when nothing else of it can go on: exactly one batch a level.
//! Outside of a scope the values are the same, but each key that is asked for alone is a batch of its own.
//! Why this and not a crate: `docs/decisions/0002-dataloader.md`.

mod quiet;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, join_all};

pub use self::quiet::scope;

/// Loads many values of one kind in one statement.
pub trait BatchSource: Send + Sync + 'static {
    /// What a value is asked for by.
    type Key: Clone + Eq + Hash + Send + Sync + 'static;
    /// What is found. It is cloned for everybody who asked: keep it cheap, or behind an `Arc`.
    type Value: Clone + Send + Sync + 'static;
    /// Why a whole batch failed. Everybody who asked for a key of that batch gets a clone.
    type Error: Clone + Send + Sync + 'static;

    /// Reads the values of `keys`, each of which occurs once. A key without a value is left out of the answer.
    fn load(
        &self,
        keys: Vec<Self::Key>,
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Value>, Self::Error>> + Send;
}

/// Gathers the keys of one operation into batches and remembers what came back, errors and absences included.
pub struct Loader<S: BatchSource> {
    source: Arc<S>,
    state: Mutex<State<S>>,
}

impl<S: BatchSource> Loader<S> {
    /// Makes an empty loader for one operation.
    pub fn new(source: S) -> Self {
        Self { source: Arc::new(source), state: Mutex::new(State { open: None, seen: HashMap::new() }) }
    }

    /// Finds one value; `None` when there is none.
    ///
    /// # Errors
    /// The source's error, when the batch of this key failed.
    pub async fn one(&self, key: S::Key) -> Result<Option<S::Value>, S::Error> {
        let batch = lock(&self.state).join(&self.source, &key);
        value::<S>(batch, &key).await
    }

    /// Finds the values of `keys`, in their order; `None` where there is none. A key may occur twice.
    ///
    /// # Errors
    /// The source's error, when the batch of one of the keys failed.
    pub async fn many(&self, keys: Vec<S::Key>) -> Result<Vec<Option<S::Value>>, S::Error> {
        let batches: Vec<_> = {
            let mut state = lock(&self.state);
            keys.iter().map(|key| state.join(&self.source, key)).collect()
        };
        // Some keys may be in a batch that is under way and others in one still open: drive both at once.
        join_all(distinct::<S>(&batches)).await;
        let mut values = Vec::with_capacity(keys.len());
        for (key, batch) in keys.iter().zip(batches) {
            values.push(value::<S>(batch, key).await?);
        }
        Ok(values)
    }
}

struct State<S: BatchSource> {
    open: Option<Open<S>>,
    seen: HashMap<S::Key, Batch<S>>,
}

/// The batch that was started last; closed when its gathering says so.
struct Open<S: BatchSource> {
    gathering: Arc<Gathering<S::Key>>,
    batch: Batch<S>,
}

impl<S: BatchSource> State<S> {
    /// Finds where the value of `key` comes from; a key that is new goes into the open batch, or opens one.
    fn join(&mut self, source: &Arc<S>, key: &S::Key) -> Batch<S> {
        if let Some(known) = self.seen.get(key) {
            return known.clone();
        }
        let batch = match &self.open {
            Some(open) if open.gathering.add(key) => open.batch.clone(),
            _ => self.start(source, key),
        };
        self.seen.insert(key.clone(), batch.clone());
        batch
    }

    fn start(&mut self, source: &Arc<S>, key: &S::Key) -> Batch<S> {
        // The batch holds its keys and the source, never the state that holds the batch: no reference cycle.
        let gathering = Arc::new(Gathering(Mutex::new(Some(vec![key.clone()]))));
        let batch = run(Arc::clone(source), Arc::clone(&gathering)).boxed().shared();
        self.open = Some(Open { gathering, batch: batch.clone() });
        batch
    }
}

type Outcome<S> = Result<Arc<HashMap<<S as BatchSource>::Key, <S as BatchSource>::Value>>, <S as BatchSource>::Error>;
type Batch<S> = Shared<BoxFuture<'static, Outcome<S>>>;

async fn run<S: BatchSource>(source: Arc<S>, gathering: Arc<Gathering<S::Key>>) -> Outcome<S> {
    quiet::arrives().await;
    source.load(gathering.close()).await.map(Arc::new)
}

async fn value<S: BatchSource>(batch: Batch<S>, key: &S::Key) -> Result<Option<S::Value>, S::Error> {
    batch.await.map(|found| found.get(key).cloned())
}

fn distinct<S: BatchSource>(all: &[Batch<S>]) -> Vec<Batch<S>> {
    let mut batches: Vec<Batch<S>> = Vec::new();
    for batch in all {
        if !batches.iter().any(|other| other.ptr_eq(batch)) {
            batches.push(batch.clone());
        }
    }
    batches
}

/// The keys of a batch that is still open; `None` once it is closed.
struct Gathering<K>(Mutex<Option<Vec<K>>>);

impl<K: Clone> Gathering<K> {
    /// Adds a key; `false` when the batch is closed already.
    fn add(&self, key: &K) -> bool {
        match lock(&self.0).as_mut() {
            Some(keys) => {
                keys.push(key.clone());
                true
            }
            None => false,
        }
    }

    fn close(&self) -> Vec<K> {
        lock(&self.0).take().unwrap_or_default()
    }
}

/// A panic while one of these locks is held leaves nothing half done, so a poisoned lock is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
