//! The only SQL. Query functions take an [`OrgConn`] or a [`SystemConn`] and nothing else, so no statement can run
//! before its organization is set.

pub mod audit;
pub mod availability;
pub mod bookings;
pub mod changes;
pub mod conn;
pub mod connect;
pub mod demo;
pub mod directory;
pub mod error;
mod flight;
#[path = "schema.rs"]
mod generated;
pub mod idempotency;
pub mod identity;
pub mod leader;
pub mod migrations;
pub mod pool;
mod statement;
pub mod types;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::kernel::ids::{OrganizationId, RowId};
use crate::kernel::text;

pub use conn::{OrgConn, SystemConn};
pub use error::{DbError, Violation};
use flight::Prelude;
use generated::openslot as schema;
use pool::Pool;

/// Names the future of an async closure, so that it can be required to be `Send`.
pub trait Work<A, R>: AsyncFnOnce(A) -> R + FnOnce(A) -> <Self as Work<A, R>>::Fut {
    /// What the closure returns when called.
    type Fut: Future<Output = R>;
}

impl<F, A, R, Fut> Work<A, R> for F
where
    F: AsyncFnOnce(A) -> R + FnOnce(A) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}

/// What a write locks before its first statement, in one order for everybody: subjects (providers, patients,
/// resources) and idempotency keys.
///
/// The lock comes before the transaction has an id, which is what the watermark of the change log rests on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Locks(Vec<Uuid>);

impl Locks {
    /// For writes that touch no slot; they may not append to the change log.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Also locks a provider, a patient or a resource.
    #[must_use]
    pub fn subject(mut self, id: impl RowId) -> Self {
        self.0.push(id.uuid());
        self
    }

    /// Also locks an idempotency key of a principal.
    #[must_use]
    pub fn key(mut self, principal: &str, key: &str) -> Self {
        self.0.push(Uuid::from_bytes(text::folded(&format!("{principal}\n{key}"))));
        self
    }
}

/// The way to the database: one pool, signed in as one role.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Pool,
    tasks: TaskTracker,
    doorbell: Doorbell,
}

/// Tells that the change log has grown. It is called after a commit and must not wait.
pub type Doorbell = Arc<dyn Fn() + Send + Sync>;

impl Db {
    /// `doorbell` is rung after each commit of a write that took locks. Commits run on `tasks`,
    /// so that closing them at shutdown waits for what was sent.
    #[must_use]
    pub fn new(pool: Pool, tasks: TaskTracker, doorbell: Doorbell) -> Self {
        Self { inner: Arc::new(Inner { pool, tasks, doorbell }) }
    }

    /// Runs reads for one organization in one read-only transaction.
    ///
    /// The organization travels in the same flight as the first statement. Dropped midway: the statement is cancelled
    /// and the connection is never reused.
    ///
    /// # Errors
    /// What `work` returns, and `DbError::Unavailable` when no connection is free in time.
    pub async fn read<T, E, F>(&self, organization: OrganizationId, work: F) -> Result<T, E>
    where
        for<'c> F: AsyncFnOnce(&'c mut OrgConn) -> Result<T, E> + Work<&'c mut OrgConn, Result<T, E>, Fut: Send> + Send,
        E: From<DbError> + Send,
        T: Send,
    {
        let mut conn = self.lease(Some(Prelude::read(organization))).await?;
        match work(&mut conn).await {
            Ok(value) => conn.end("COMMIT").await.map(|()| value).map_err(E::from),
            Err(error) => {
                conn.give_up().await;
                Err(error)
            }
        }
    }

    /// Runs one operation that writes for one organization, in one transaction.
    ///
    /// Flight 1 is `BEGIN`, `enter` with the locks, and the first statement; the last flight is `COMMIT`. Dropped before
    /// `COMMIT` is sent: nothing happened. Dropped after: it is committed all the same.
    ///
    /// # Errors
    /// What `work` returns (nothing is changed then), and `DbError`s of the connection or the commit.
    pub async fn write<T, E, F>(&self, organization: OrganizationId, locks: Locks, work: F) -> Result<T, E>
    where
        for<'c> F: AsyncFnOnce(&'c mut OrgConn) -> Result<T, E> + Work<&'c mut OrgConn, Result<T, E>, Fut: Send> + Send,
        E: From<DbError> + Send,
        T: Send,
    {
        let has_locks = !locks.0.is_empty();
        let mut conn = self.lease(Some(Prelude::write(organization, locks.0))).await?;
        match work(&mut conn).await {
            Ok(value) => {
                // The task owns the connection: a caller that goes away cannot stop a COMMIT that was sent.
                let bell = has_locks.then(|| self.inner.doorbell.clone());
                let commit = self.inner.tasks.spawn(async move {
                    conn.end("COMMIT").await?;
                    if let Some(ring) = bell {
                        ring();
                    }
                    Ok::<(), DbError>(())
                });
                commit.await.map_err(|_| DbError::Unavailable)??;
                Ok(value)
            }
            Err(error) => {
                conn.give_up().await;
                Err(error)
            }
        }
    }

    /// Runs statements without an organization. With the application's role that is what the resolver functions and
    /// the catalogue answer; with the worker's role it is every organization, which is why each use is named and logged.
    ///
    /// # Errors
    /// What `work` returns, and `DbError::Unavailable` when no connection is free in time.
    pub async fn system<T, E, F>(&self, reason: &'static str, work: F) -> Result<T, E>
    where
        for<'c> F:
            AsyncFnOnce(&'c mut SystemConn) -> Result<T, E> + Work<&'c mut SystemConn, Result<T, E>, Fut: Send> + Send,
        E: From<DbError> + Send,
        T: Send,
    {
        tracing::trace!(db.reason = reason, "statement without an organization");
        let mut conn = SystemConn::new(self.lease(None).await?);
        let result = work(&mut conn).await;
        conn.settle();
        result
    }

    async fn lease(&self, prelude: Option<Prelude>) -> Result<OrgConn, DbError> {
        let conn = self.inner.pool.get().await?;
        Ok(OrgConn::new(conn, prelude, self.inner.tasks.clone(), self.inner.pool.canceller()))
    }

    /// Connections that are lent out or being cleaned up, and the most there may be.
    #[must_use]
    pub fn pool_state(&self) -> (u32, u32) {
        self.inner.pool.state()
    }

    /// Whether a statement comes back in time.
    pub async fn is_alive(&self, within: Duration) -> bool {
        let ping = self.system::<(), DbError, _>("health", async |conn| conn::ping(conn).await);
        matches!(tokio::time::timeout(within, ping).await, Ok(Ok(())))
    }
}
