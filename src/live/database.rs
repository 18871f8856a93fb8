//! The change log in the database.

use std::ops::Range;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use uuid::Uuid;

use super::log::{Cause, ChangeLog, ChangeRow, Kind, LogError, Topic};
use crate::db::changes::{self, ChangeRecord};
use crate::db::{Db, DbError};
use crate::kernel::ids::OrganizationId;
use crate::kernel::position::Position;

/// Reads the log through a pool: the relay through the worker's, a hub through the application's.
pub struct DatabaseLog {
    db: Db,
}

impl DatabaseLog {
    /// The log behind `db`, which must reach the primary server.
    #[must_use]
    pub fn new(db: Db) -> Arc<Self> {
        Arc::new(Self { db })
    }
}

/// The place right after a record, whether or not this release knows its words.
#[must_use]
pub fn after(record: &ChangeRecord) -> Position {
    Position::after_row(record.xid.unsigned_abs(), record.position)
}

fn failed(error: DbError) -> LogError {
    LogError(Box::new(error))
}

impl ChangeLog for DatabaseLog {
    fn watermark(&self) -> BoxFuture<'_, Result<u64, LogError>> {
        let read = self.db.system::<_, DbError, _>("watermark", async |conn| changes::watermark(conn).await);
        async move { read.await.map_err(failed) }.boxed()
    }

    fn epoch(&self) -> BoxFuture<'_, Result<Uuid, LogError>> {
        let read = self.db.system::<_, DbError, _>("epoch", async |conn| changes::epoch(conn).await);
        async move { read.await.map_err(failed) }.boxed()
    }

    fn read<'a>(
        &'a self,
        mut range: Range<Position>,
        organizations: Option<&'a [OrganizationId]>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<ChangeRow>, LogError>> {
        async move {
            let mut rows = Vec::new();
            loop {
                let wanted = limit - rows.len();
                let most = i64::try_from(wanted).unwrap_or(i64::MAX);
                let records = match organizations {
                    None => self.all(range.clone(), most).await?,
                    Some(organizations) => self.of(organizations, range.clone(), most).await?,
                };
                let last = records.last().filter(|_| records.len() >= wanted).map(after);
                rows.extend(records.into_iter().filter_map(row));
                match last {
                    // Rows of a later release were left out: fewer than `limit` would mean that there are no more.
                    Some(last) if rows.len() < limit => range.start = last,
                    _ => return Ok(rows),
                }
            }
        }
        .boxed()
    }
}

impl DatabaseLog {
    async fn all(&self, range: Range<Position>, most: i64) -> Result<Vec<ChangeRecord>, LogError> {
        let read = self.db.system::<_, DbError, _>("relay", async |conn| changes::all_between(conn, range, most).await);
        read.await.map_err(failed)
    }

    /// Each organization behind its own wall; together in order again, and no further than the one that was cut first.
    async fn of(
        &self,
        organizations: &[OrganizationId],
        range: Range<Position>,
        most: i64,
    ) -> Result<Vec<ChangeRecord>, LogError> {
        let mut together = Vec::new();
        for organization in organizations {
            let (organization, range) = (*organization, range.clone());
            let read = self.db.read::<_, DbError, _>(organization, async |conn| {
                changes::between(conn, organization, range, most).await
            });
            together.extend(read.await.map_err(failed)?);
        }
        together.sort_by_key(|record| (record.xid, record.position));
        together.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(together)
    }
}

/// The row without what must not leave; `None` for words of a later release.
#[must_use]
pub fn row(record: ChangeRecord) -> Option<ChangeRow> {
    let cause = match record.cause {
        None => None,
        Some(word) => Some(Cause::from_word(&word)?),
    };
    Some(ChangeRow {
        xid: record.xid.unsigned_abs(),
        position: record.position,
        recorded_at: record.recorded_at,
        organization_id: record.organization_id,
        topic: Topic::from_word(&record.topic)?,
        entity_id: record.entity_id,
        version: record.version,
        kind: Kind::from_word(&record.kind)?,
        cause,
        previous_status: record.previous_status,
        status: record.status,
        provider_id: record.provider_id,
        location_id: record.location_id,
        schedule_id: record.schedule_id,
        service_id: record.service_id,
        starts_at: record.starts_at,
        ends_at: record.ends_at,
        held_until: record.held_until,
        capacity: record.capacity,
        seats_free: record.seats_free,
    })
}
