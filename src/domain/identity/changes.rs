//! Whose rights changed: found in the database by every replica, and told to its sockets.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use chrono::TimeDelta;
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::db::identity::access::{self, AccessChange};
use crate::db::{Db, DbError, OrgConn};
use crate::kernel::actor::Principal;
use crate::kernel::error::Error;

use super::session::Sessions;

/// How far back a look reaches beyond the one before: longer than a transaction may take from its first row to its commit.
const SPAN: TimeDelta = TimeDelta::minutes(12);
/// Looks whose changes may wait for a socket that is slow to listen.
const WAITING: usize = 256;

/// What a replica knows of the list of changes.
pub(super) struct AccessChanges {
    told: broadcast::Sender<Arc<HashSet<String>>>,
    /// Those of the last look; `None` before the first.
    seen: Mutex<Option<HashSet<Uuid>>>,
    /// When the last look succeeded.
    looked: Mutex<Instant>,
}

impl Default for AccessChanges {
    fn default() -> Self {
        Self { told: broadcast::Sender::new(WAITING), seen: Mutex::default(), looked: Mutex::new(Instant::now()) }
    }
}

impl AccessChanges {
    pub(super) fn listen(&self) -> broadcast::Receiver<Arc<HashSet<String>>> {
        self.told.subscribe()
    }

    /// How long nobody could look: what came meanwhile is not missed when the database is back.
    fn since_last_look(&self) -> TimeDelta {
        let looked = *self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        TimeDelta::from_std(looked.elapsed()).unwrap_or(TimeDelta::days(1))
    }

    fn looked_at(&self, begun: Instant) {
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = begun;
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
        let begun = Instant::now();
        let span = self.changes.since_last_look() + SPAN;
        let read = self.db.system::<_, DbError, _>("access changes", async |conn| access::recent(conn, span).await);
        let found = read.await?;
        self.changes.looked_at(begun);
        let fresh: HashSet<String> = self.changes.fresh(found).into_iter().map(|change| change.principal).collect();
        if !fresh.is_empty() {
            self.forget(&fresh);
            // Nobody listening is no error.
            let _ = self.changes.told.send(Arc::new(fresh));
        }
        Ok(())
    }
}

/// Tells every replica that the rights of a principal changed or ended, with the transaction that changes them.
///
/// # Errors
/// Those of the connection.
pub(super) async fn tell(conn: &mut OrgConn, principal: Principal) -> Result<(), DbError> {
    access::changed(conn, &principal.to_string()).await
}

/// Deletes changes of more than a day ago. For the worker: nobody else may.
///
/// # Errors
/// `Unavailable` without a database.
pub async fn purge(db: &Db) -> Result<usize, Error> {
    Ok(db.system::<_, DbError, _>("old access changes", async |conn| access::purge(conn).await).await?)
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
