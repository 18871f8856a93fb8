//! Whose rights changed: found in the database by every replica, and told to its sockets.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::db::DbError;
use crate::db::identity::access::{self, AccessChange};
use crate::kernel::error::Error;

use super::session::Sessions;

/// How far back a look reaches: longer than a transaction may take from its first row to its commit.
const SPAN: TimeDelta = TimeDelta::minutes(2);
/// Looks whose changes may wait for a socket that is slow to listen.
const WAITING: usize = 256;

/// What a replica knows of the list of changes.
pub(super) struct AccessChanges {
    told: broadcast::Sender<Arc<HashSet<String>>>,
    /// Those of the last look; `None` before the first.
    seen: Mutex<Option<HashSet<Uuid>>>,
}

impl Default for AccessChanges {
    fn default() -> Self {
        Self { told: broadcast::Sender::new(WAITING), seen: Mutex::default() }
    }
}

impl AccessChanges {
    pub(super) fn listen(&self) -> broadcast::Receiver<Arc<HashSet<String>>> {
        self.told.subscribe()
    }

    /// Those that were not there at the last look. What was there before the first concerns nobody: nothing was
    /// believed then.
    fn fresh(&self, found: Vec<AccessChange>) -> Vec<AccessChange> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = found.iter().map(|change| change.id).collect();
        let Some(before) = seen.replace(ids) else { return vec![] };
        found.into_iter().filter(|change| !before.contains(&change.id)).collect()
    }
}

impl Sessions {
    /// Looks for changes of rights, forgets what was believed of those whom they concern, and ends their sockets.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn look_for_changes(&self) -> Result<(), Error> {
        let read = self.db.system::<_, DbError, _>("access changes", async |conn| access::recent(conn, SPAN).await);
        let fresh: HashSet<String> =
            self.changes.fresh(read.await?).into_iter().map(|change| change.principal).collect();
        if !fresh.is_empty() {
            self.forget(&fresh);
            // Nobody listening is no error.
            let _ = self.changes.told.send(Arc::new(fresh));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_is_told_once_and_old_ones_never() {
        let change = |n: u128| AccessChange { id: Uuid::from_u128(n), principal: format!("user:{n}") };
        let changes = AccessChanges::default();
        assert_eq!(changes.fresh(vec![change(1)]), []);
        assert_eq!(changes.fresh(vec![change(1), change(2)]), [change(2)]);
        assert_eq!(changes.fresh(vec![change(2)]), []);
        assert_eq!(changes.fresh(vec![change(2), change(3)]), [change(3)]);
    }
}
