//! The first flight of a transaction: its beginning, the organization with the locks, and the first statement.

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::dsl::sql;
use diesel::sql_types::{Array, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join};
use uuid::Uuid;

use crate::kernel::ids::{OrganizationId, RowId};

use super::statement::sql_file;

sql_file! {
    /// `enter`: before it nothing of an organization is seen.
    struct Enter<'a> in "enter.sql" {
        1 => organization: Uuid as SqlUuid,
        2 => locks: Vec<Uuid> as Array<SqlUuid>,
    } -> Nullable<Text>
}

/// What goes ahead of the first statement.
pub(super) struct Prelude {
    begin: &'static str,
    enter: Enter<'static>,
}

impl Prelude {
    pub(super) fn read(organization: OrganizationId) -> Self {
        Self { begin: "BEGIN READ ONLY", enter: enter(organization.uuid(), vec![]) }
    }

    pub(super) fn write(organization: OrganizationId, locks: Vec<Uuid>) -> Self {
        Self { begin: "BEGIN", enter: enter(organization.uuid(), locks) }
    }

    /// Sends it and the statement in one flight. Futures joined in order are polled in order, and [`prepare`] has run, so
    /// nothing is waited for before it is on the wire: the statement cannot overtake it.
    pub(super) fn ahead_of<'c, R: Send + 'c>(
        self,
        mut conn: &'c AsyncPgConnection,
        main: BoxFuture<'c, QueryResult<R>>,
    ) -> BoxFuture<'c, QueryResult<R>> {
        async move {
            let mut shared = conn;
            let entering = AsyncConnectionCore::execute_returning_count(&mut shared, self.enter);
            let (begun, (entered, answer)) = join(conn.batch_execute(self.begin), join(entering, main)).await;
            begun?;
            entered?;
            answer
        }
        .boxed()
    }
}

fn enter(organization: Uuid, locks: Vec<Uuid>) -> Enter<'static> {
    Enter { organization, locks, marker: PhantomData }
}

/// Prepares `enter` on a new connection. Where the schema is not made yet, or the login may not use it, there is nothing to
/// prepare, and nothing is served either.
pub(super) async fn prepare(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    let is_there = sql::<Bool>(
        "EXISTS (SELECT FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
           WHERE n.nspname = 'openslot' AND p.proname = 'enter'
             AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE'))",
    );
    if diesel::select(is_there).get_result(conn).await? {
        // Outside of a transaction it sets nothing that lasts.
        enter(Uuid::nil(), vec![]).execute(conn).await?;
    }
    Ok(())
}
