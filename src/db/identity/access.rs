//! Whose rights changed: the list that every replica reads to forget what it believes of them.

use std::marker::PhantomData;

use chrono::TimeDelta;
use diesel::data_types::PgInterval;
use diesel::prelude::*;
use diesel::sql_types::{Interval, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::schema::access_changes;
use crate::db::statement::sql_file;
use crate::db::{DbError, OrgConn, SystemConn};

sql_file! {
    struct RecentChanges<'a> in "access_changes.sql" {
        1 => span: PgInterval as Interval,
    } -> (SqlUuid, Text)
}

sql_file! {
    struct PurgeChanges<'a> in "purge_access_changes.sql" {} -> Text
}

/// Deletes what every replica has read long ago. Answers how much it was.
///
/// # Errors
/// Those of the connection.
pub async fn purge(conn: &mut SystemConn) -> Result<usize, DbError> {
    Ok(PurgeChanges { marker: PhantomData }.execute(conn).await?)
}

/// Tells every replica that the rights of a principal changed or ended; with the transaction that changed them.
///
/// # Errors
/// Those of the connection.
pub async fn changed(conn: &mut OrgConn, principal: &str) -> Result<(), DbError> {
    let row = (access_changes::id.eq(Uuid::now_v7()), access_changes::principal.eq(principal));
    diesel::insert_into(access_changes::table).values(row).execute(conn).await?;
    Ok(())
}

/// One change.
#[derive(Queryable, Clone, PartialEq, Eq, Debug)]
pub struct AccessChange {
    /// Id, to tell it from those that were read before.
    pub id: Uuid,
    /// Whose.
    pub principal: String,
}

/// Changes of the last `span`. A transaction may commit a little after its rows were written, so spans overlap.
///
/// # Errors
/// Those of the connection.
pub async fn recent(conn: &mut SystemConn, span: TimeDelta) -> Result<Vec<AccessChange>, DbError> {
    let span = PgInterval::from_microseconds(span.num_microseconds().unwrap_or(i64::MAX));
    Ok(RecentChanges { span, marker: PhantomData }.load(conn).await?)
}
