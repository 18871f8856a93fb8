//! Values that are believed for a while.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Most entries of a cache before the ended ones, and if need be all, are thrown away.
const MOST: usize = 10_000;

/// Remembers values, each for its own time, bounded in number.
pub(super) struct Cache<K, V>(Mutex<Entries<K, V>>);

struct Entries<K, V> {
    values: HashMap<K, (Instant, V)>,
    /// How often something was forgotten.
    forgotten: u64,
}

/// When a value was asked for: what was forgotten since may be what it is.
#[derive(Clone, Copy)]
pub(super) struct Asked(u64, Instant);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Entries { values: HashMap::new(), forgotten: 0 }))
    }
}

impl<K: Hash + Eq, V: Clone> Cache<K, V> {
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.entries().values.get(key).filter(|(until, _)| *until > Instant::now()).map(|(_, value)| value.clone())
    }

    /// To be called before a value is looked up that may be forgotten meanwhile.
    pub(super) fn asked(&self) -> Asked {
        Asked(self.entries().forgotten, Instant::now())
    }

    /// Keeps a value that was looked up since `asked`, unless something was forgotten in between: it may be old then.
    pub(super) fn put_since(&self, asked: Asked, key: K, value: V, life: Duration) {
        self.keep(Some(asked), key, value, life);
    }

    pub(super) fn put(&self, key: K, value: V, life: Duration) {
        self.keep(None, key, value, life);
    }

    fn keep(&self, asked: Option<Asked>, key: K, value: V, life: Duration) {
        let now = Instant::now();
        // It is as old as the question, however late the answer came.
        let since = asked.map_or(now, |asked| asked.1);
        // A life that no clock can hold is as good as none.
        let Some(until) = since.checked_add(life) else { return };
        let mut entries = self.entries();
        if asked.is_some_and(|asked| asked.0 != entries.forgotten) {
            return;
        }
        let values = &mut entries.values;
        if values.len() >= MOST {
            values.retain(|_, (until, _)| *until > now);
        }
        if values.len() >= MOST {
            values.clear();
        }
        values.insert(key, (until, value));
    }

    /// Forgets the values of which this is so.
    pub(super) fn forget(&self, is_meant: impl Fn(&V) -> bool) {
        let mut entries = self.entries();
        entries.forgotten += 1;
        entries.values.retain(|_, (_, value)| !is_meant(value));
    }

    fn entries(&self) -> MutexGuard<'_, Entries<K, V>> {
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
    fn what_was_looked_up_before_something_was_forgotten_is_not_kept() {
        let cache: Cache<&str, i32> = Cache::default();
        let before = cache.asked();
        cache.forget(|_| true);
        cache.put_since(before, "old", 1, Duration::from_secs(60));
        assert_eq!(cache.get("old"), None);
        cache.put_since(cache.asked(), "new", 2, Duration::from_secs(60));
        assert_eq!(cache.get("new"), Some(2));
    }

    #[test]
    fn number_of_entries_is_bounded() {
        let cache: Cache<usize, ()> = Cache::default();
        (0..3 * MOST).for_each(|n| cache.put(n, (), Duration::from_secs(60)));
        assert!(cache.entries().values.len() <= MOST);
        assert_eq!(cache.get(&(3 * MOST - 1)), Some(()));
    }
}
