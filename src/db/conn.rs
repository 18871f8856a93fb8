//! Connections that cannot be misused: the organization travels with the first statement, and a connection that was
//! dropped midway never returns to the pool.

use std::time::Duration;

use diesel::QueryResult;
use diesel::connection::TransactionManagerStatus;
use diesel::query_builder::{AsQuery, QueryFragment, QueryId};
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{
    AnsiTransactionManager, AsyncConnectionCore, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
    TransactionManager,
};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use futures_util::stream::BoxStream;
use tokio_util::task::TaskTracker;

use super::connect::Canceller;
use super::error::DbError;
use super::flight::Prelude;
use super::pool::Lent;

/// How long an abandoned statement may take to end before its connection is closed.
const CLEAN_UP: Duration = Duration::from_secs(5);

/// A connection inside a transaction of one organization.
pub struct OrgConn {
    conn: Option<Lent>,
    prelude: Option<Prelude>,
    settled: bool,
    tasks: TaskTracker,
    canceller: Canceller,
}

impl OrgConn {
    pub(super) fn new(conn: Lent, prelude: Option<Prelude>, tasks: TaskTracker, canceller: Canceller) -> Self {
        Self { conn: Some(conn), prelude, settled: false, tasks, canceller }
    }

    #[expect(clippy::expect_used, reason = "the connection is taken by `drop` alone")]
    fn pg(&self) -> &AsyncPgConnection {
        self.conn.as_ref().expect("the connection is there until drop")
    }

    /// Ends the transaction; nothing to do when no statement was sent.
    pub(super) async fn end(&mut self, how: &str) -> Result<(), DbError> {
        if self.prelude.take().is_none() {
            let mut shared = self.pg();
            shared.batch_execute(how).await.map_err(DbError::from)?;
        }
        self.settled = true;
        Ok(())
    }

    /// Rolls back after a refusal; a connection that cannot even do that is closed by the drop guard.
    pub(super) async fn give_up(&mut self) {
        if let Err(error) = self.end("ROLLBACK").await {
            tracing::warn!(error = &error as &dyn std::error::Error, "rollback failed");
        }
    }
}

/// A statement behind the prelude, if that was not sent yet.
fn behind<'c, R: Send + 'c>(
    prelude: Option<Prelude>,
    conn: &'c AsyncPgConnection,
    main: BoxFuture<'c, QueryResult<R>>,
) -> BoxFuture<'c, QueryResult<R>> {
    match prelude {
        None => main,
        Some(prelude) => prelude.ahead_of(conn, main),
    }
}

impl SimpleAsyncConnection for OrgConn {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        let prelude = self.prelude.take();
        let conn: &AsyncPgConnection = self.pg();
        // A simple query waits for nothing on its way out, so it waits here for the prelude to be answered.
        behind(prelude, conn, ready(Ok(())).boxed()).await?;
        let mut shared = conn;
        shared.batch_execute(query).await
    }
}

impl AsyncConnectionCore for OrgConn {
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Self::Stream<'conn, 'query>>>;
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type Stream<'conn, 'query> = BoxStream<'static, QueryResult<Self::Row<'conn, 'query>>>;
    type Row<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = diesel::pg::Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let prelude = self.prelude.take();
        let conn: &'conn AsyncPgConnection = self.pg();
        let mut shared = conn;
        behind(prelude, conn, AsyncConnectionCore::load(&mut shared, source))
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let prelude = self.prelude.take();
        let conn: &'conn AsyncPgConnection = self.pg();
        let mut shared = conn;
        behind(prelude, conn, AsyncConnectionCore::execute_returning_count(&mut shared, source))
    }
}

impl Drop for OrgConn {
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        // Unsent prelude: the connection was never used.
        if self.settled || self.prelude.is_some() {
            return;
        }
        // The place in the pool stays taken until the backend is idle, so abandoned work cannot multiply backends.
        let canceller = self.canceller.clone();
        self.tasks.spawn(async move {
            let token = conn.cancel_token();
            let _ = tokio::time::timeout(CLEAN_UP, canceller.cancel(token)).await;
            let _ = tokio::time::timeout(CLEAN_UP, conn.batch_execute("ROLLBACK")).await;
            // Never reused: a late cancel could hit the next user.
            *AnsiTransactionManager::transaction_manager_status_mut(&mut *conn) = TransactionManagerStatus::InError;
            debug_assert!(conn.is_broken());
        });
    }
}

/// A connection without an organization; see `Db::system`.
pub struct SystemConn(OrgConn);

impl SystemConn {
    pub(super) fn new(conn: OrgConn) -> Self {
        Self(conn)
    }

    /// Outside a transaction there is nothing to end.
    pub(super) fn settle(&mut self) {
        self.0.settled = true;
    }
}

impl SimpleAsyncConnection for SystemConn {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.0.batch_execute(query).await
    }
}

impl AsyncConnectionCore for SystemConn {
    type LoadFuture<'conn, 'query> = <OrgConn as AsyncConnectionCore>::LoadFuture<'conn, 'query>;
    type ExecuteFuture<'conn, 'query> = <OrgConn as AsyncConnectionCore>::ExecuteFuture<'conn, 'query>;
    type Stream<'conn, 'query> = <OrgConn as AsyncConnectionCore>::Stream<'conn, 'query>;
    type Row<'conn, 'query> = <OrgConn as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = diesel::pg::Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        AsyncConnectionCore::load(&mut self.0, source)
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        AsyncConnectionCore::execute_returning_count(&mut self.0, source)
    }
}

/// One statement there and back.
pub(super) async fn ping(conn: &mut SystemConn) -> Result<(), DbError> {
    diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("1")).execute(conn).await?;
    Ok(())
}
