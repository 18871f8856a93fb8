//! The change log read behind its watermark, while transactions end in any order.

use std::collections::HashMap;
use std::sync::Arc;

use diesel_async::SimpleAsyncConnection;
use openslot::db::{Db, DbError, Locks, OrgConn, changes};
use openslot::kernel::ids::{OrganizationId, ProviderId, RowId};
use openslot::kernel::position::Position;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::support::database::{API, JOBS, connect};
use crate::support::servers::servers;
use crate::support::{Clinic, TestDb};

use super::{DEADLINE, database};

/// A database with one organization, writers and readers.
pub struct Log {
    pub db: TestDb,
    pub organization: OrganizationId,
    pub writers: Db,
    readers: Db,
}

impl Log {
    pub async fn new(writers: usize) -> Self {
        let db = TestDb::new().await;
        let organization = Clinic::new(&db).await.id;
        let connections = u32::try_from(writers).expect("few");
        let writers = database(&db, API, connections, &TaskTracker::new());
        let readers = database(&db, JOBS, 2, &TaskTracker::new());
        Self { db, organization, writers, readers }
    }

    /// A write that commits one row about an entity.
    async fn write(&self, entity: ProviderId, version: i32) {
        let locks = Locks::none().subject(entity);
        let sql = insert(self.organization, entity, version);
        let done = self
            .writers
            .write::<_, DbError, _>(self.organization, locks, async |conn| Ok(conn.batch_execute(&sql).await?));
        done.await.expect("a write");
    }

    /// A session that has written one row and neither commits nor rolls back.
    async fn open_writer(&self, entity: ProviderId) -> tokio_postgres::Client {
        let client = connect(&self.db.url(API)).await;
        let (organization, row) = (self.organization.uuid(), insert(self.organization, entity, 1));
        let sql = format!(
            "SET idle_in_transaction_session_timeout = 0; BEGIN; SELECT enter('{organization}', '{{{}}}'); {row}",
            entity.uuid()
        );
        client.batch_execute(&sql).await.expect("a row");
        client
    }

    pub async fn all_positions(&self) -> Vec<i64> {
        self.db.rows("SELECT position FROM changes ORDER BY position", &[]).await.iter().map(|row| row.get(0)).collect()
    }
}

pub fn insert(organization: OrganizationId, entity: ProviderId, version: i32) -> String {
    format!(
        "INSERT INTO changes (organization_id, topic, entity_id, version, kind)
         VALUES ('{}', 'DIRECTORY', '{}', {version}, 'CHANGED')",
        organization.uuid(),
        entity.uuid()
    )
}

/// What a reader has got so far: position, entity and version of each row.
#[derive(Default)]
pub struct Reader {
    from: Position,
    pub got: Vec<(i64, Uuid, i32)>,
}

impl Reader {
    /// Everything new below the watermark.
    pub async fn poll(&mut self, log: &Log) -> usize {
        let from = self.from;
        let rows = log.readers.system::<_, DbError, _>("log", async |conn| {
            let until = Position::before(changes::watermark(conn).await?);
            Ok((until, if until > from { changes::all_between(conn, from..until, 100_000).await? } else { vec![] }))
        });
        let (until, rows) = rows.await.expect("a read");
        self.from = until.max(from);
        let new = rows.len();
        self.got.extend(rows.into_iter().map(|row| (row.position, row.entity_id, row.version)));
        new
    }

    async fn until_something_comes(&mut self, log: &Log) {
        let came = async { while self.poll(log).await == 0 {} };
        timeout(DEADLINE, came).await.expect("the stream goes on");
    }

    pub fn positions(&self) -> Vec<i64> {
        let mut positions: Vec<i64> = self.got.iter().map(|(position, ..)| *position).collect();
        positions.sort_unstable();
        positions
    }

    pub fn assert_versions_grow(&self) {
        let mut last = HashMap::new();
        for (position, entity, version) in &self.got {
            let before = last.insert(entity, version);
            assert!(before < Some(version), "{entity} went from {before:?} to {version} at {position}");
        }
    }
}

/// Reads whatever is visible by position alone, as one would without thinking.
#[derive(Default)]
pub struct NaiveReader {
    after: i64,
    pub got: Vec<i64>,
}

impl NaiveReader {
    pub async fn poll(&mut self, log: &Log) {
        let sql = "SELECT position FROM changes WHERE position > $1 ORDER BY position";
        let rows = log.db.rows(sql, &[&self.after]).await;
        self.got.extend(rows.iter().map(|row| row.get::<_, i64>(0)));
        self.after = self.got.last().copied().unwrap_or_default();
    }
}

#[tokio::test]
async fn second_writer_that_commits_first_waits_for_the_first() {
    let log = Log::new(2).await;
    let (mut reader, mut naive) = (Reader::default(), NaiveReader::default());
    let first = log.open_writer(ProviderId::random()).await;
    log.write(ProviderId::random(), 1).await;
    assert_eq!(reader.poll(&log).await, 0);
    naive.poll(&log).await;
    first.batch_execute("COMMIT").await.expect("the first commits");
    reader.until_something_comes(&log).await;
    naive.poll(&log).await;
    let all = log.all_positions().await;
    assert_eq!((all.len(), reader.positions()), (2, all.clone()));
    assert_eq!(naive.got, all[1..], "a reader by position alone loses the first");
    log.db.drop_now().await;
}

#[tokio::test]
async fn long_transaction_that_writes_something_else_holds_nobody_back() {
    let log = Log::new(2).await;
    let mut reader = Reader::default();
    let foreign = connect(&servers().admin_url(&log.db.name)).await;
    foreign
        .batch_execute("BEGIN; CREATE TEMP TABLE junk (n int); INSERT INTO junk VALUES (1)")
        .await
        .expect("a transaction");
    for version in 1..=5 {
        log.write(ProviderId::random(), version).await;
        assert_eq!(reader.poll(&log).await, 1, "seen at once");
    }
    let plain: i64 =
        log.db.one("SELECT count(*) FROM changes WHERE xid < pg_snapshot_xmin(pg_current_snapshot())", &[]).await;
    assert_eq!(plain, 0, "the oldest snapshot alone would show nothing");
    foreign.batch_execute("ROLLBACK").await.expect("it ends");
    log.db.drop_now().await;
}

#[tokio::test]
async fn stuck_writer_is_ended_and_the_log_goes_on() {
    let log = Arc::new(Log::new(3).await);
    let mut reader = Reader::default();
    let (entity, (send, wrote)) = (ProviderId::random(), tokio::sync::oneshot::channel());
    let stuck = log.clone();
    let stuck = tokio::spawn(async move {
        let (sql, locks) = (insert(stuck.organization, entity, 1), Locks::none().subject(entity));
        let work = stuck.writers.write::<(), DbError, _>(stuck.organization, locks, async |conn: &mut OrgConn| {
            conn.batch_execute(&sql).await?;
            let _ = send.send(());
            std::future::pending().await
        });
        work.await
    });
    wrote.await.expect("it has written");
    log.write(ProviderId::random(), 1).await;
    assert_eq!(reader.poll(&log).await, 0, "it may still commit");
    reader.until_something_comes(&log).await;
    assert_eq!(log.all_positions().await.len(), 1, "what it wrote is gone");
    stuck.abort();
}
