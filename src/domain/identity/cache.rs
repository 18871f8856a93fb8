//! Values that are believed for a while.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Most entries of a cache before the ended ones, and if need be all, are thrown away.
const MOST: usize = 10_000;

/// Remembers values, each for its own time, bounded in number.
pub(super) struct Cache<K, V>(Mutex<HashMap<K, (Instant, V)>>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Hash + Eq, V: Clone> Cache<K, V> {
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.entries().get(key).filter(|(until, _)| *until > Instant::now()).map(|(_, value)| value.clone())
    }

    pub(super) fn put(&self, key: K, value: V, life: Duration) {
        let now = Instant::now();
        // A life that no clock can hold is as good as none.
        let Some(until) = now.checked_add(life) else { return };
        let mut entries = self.entries();
        if entries.len() >= MOST {
            entries.retain(|_, (until, _)| *until > now);
        }
        if entries.len() >= MOST {
            entries.clear();
        }
        entries.insert(key, (until, value));
    }

    /// Forgets the values of which this is so.
    pub(super) fn forget(&self, is_meant: impl Fn(&V) -> bool) {
        self.entries().retain(|_, (_, value)| !is_meant(value));
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<K, (Instant, V)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_there_until_it_ends() {
        let cache: Cache<&str, i32> = Cache::default();
        cache.put("long", 1, Duration::from_secs(60));
        cache.put("ended", 2, Duration::ZERO);
        assert_eq!((cache.get("long"), cache.get("ended"), cache.get("never")), (Some(1), None, None));
        cache.forget(|value| *value == 1);
        assert_eq!(cache.get("long"), None);
    }

    #[test]
    fn number_of_entries_is_bounded() {
        let cache: Cache<usize, ()> = Cache::default();
        (0..3 * MOST).for_each(|n| cache.put(n, (), Duration::from_secs(60)));
        assert!(cache.entries().len() <= MOST);
        assert_eq!(cache.get(&(3 * MOST - 1)), Some(()));
    }
}
