//! The change log: how far it can be read, and what stands in it. Rows are appended by the statements that change
//! something, in their own transaction.

use std::marker::PhantomData;
use std::ops::Range;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnectionCore, RunQueryDsl};
use uuid::Uuid;

use super::statement::sql_file;
use super::{DbError, OrgConn, SystemConn};
use crate::kernel::ids::{LocationId, OrganizationId, PatientId, ProviderId, ScheduleId, ServiceId};
use crate::kernel::position::Position;

type ChangeSql = (
    BigInt,
    BigInt,
    Timestamptz,
    SqlUuid,
    Text,
    SqlUuid,
    Integer,
    Text,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    Nullable<Timestamptz>,
    Nullable<Timestamptz>,
    Nullable<Timestamptz>,
    Nullable<SmallInt>,
    Nullable<SmallInt>,
);

sql_file! {
    struct Watermark<'a> in "watermark.sql" {} -> BigInt
}

sql_file! {
    struct ChangesAfter<'a> in "changes_after.sql" {
        1 => from_xid: i64 as BigInt,
        2 => from_position: i64 as BigInt,
        3 => to_xid: i64 as BigInt,
        4 => to_position: i64 as BigInt,
        5 => most: i64 as BigInt,
    } -> ChangeSql
}

sql_file! {
    struct OrganizationChangesAfter<'a> in "organization_changes_after.sql" {
        1 => organization: OrganizationId as SqlUuid,
        2 => from_xid: i64 as BigInt,
        3 => from_position: i64 as BigInt,
        4 => to_xid: i64 as BigInt,
        5 => to_position: i64 as BigInt,
        6 => most: i64 as BigInt,
    } -> ChangeSql
}

/// One row of the change log.
#[derive(Queryable, Clone, PartialEq, Eq, Debug)]
pub struct ChangeRecord {
    /// Transaction that wrote it.
    pub xid: i64,
    /// Number within the log.
    pub position: i64,
    /// When that transaction began.
    pub recorded_at: DateTime<Utc>,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Which sort of thing changed.
    pub topic: String,
    /// The thing.
    pub entity_id: Uuid,
    /// Its version right after.
    pub version: i32,
    /// What happened.
    pub kind: String,
    /// What brought it.
    pub cause: Option<String>,
    /// Status before.
    pub previous_status: Option<String>,
    /// Status after.
    pub status: Option<String>,
    /// Provider.
    pub provider_id: Option<ProviderId>,
    /// Location.
    pub location_id: Option<LocationId>,
    /// Schedule.
    pub schedule_id: Option<ScheduleId>,
    /// Service.
    pub service_id: Option<ServiceId>,
    /// Patient; never leaves the database's side of the log.
    pub patient_id: Option<PatientId>,
    /// Hold or booking behind a slot change; never leaves the database's side of the log.
    pub owner_id: Option<Uuid>,
    /// Start.
    pub starts_at: Option<DateTime<Utc>>,
    /// End.
    pub ends_at: Option<DateTime<Utc>>,
    /// When the hold on it lapses.
    pub held_until: Option<DateTime<Utc>>,
    /// Seats.
    pub capacity: Option<i16>,
    /// Seats that are free.
    pub seats_free: Option<i16>,
}

/// Below it every transaction has ended; take rows below it in a later statement. Never on a replica.
///
/// # Errors
/// Those of the connection.
pub async fn watermark<C>(conn: &mut C) -> Result<u64, DbError>
where
    C: AsyncConnectionCore<Backend = diesel::pg::Pg>,
{
    let mark: i64 = Watermark { marker: PhantomData }.get_result(conn).await?;
    Ok(mark.unsigned_abs())
}

/// Which life of the log this is.
///
/// # Errors
/// Those of the connection.
pub async fn epoch<C>(conn: &mut C) -> Result<Uuid, DbError>
where
    C: AsyncConnectionCore<Backend = diesel::pg::Pg>,
{
    use super::schema::change_log;
    Ok(change_log::table.select(change_log::epoch).first(conn).await?)
}

/// Rows of every organization in a half-open range of places, oldest first. For the worker's role.
///
/// # Errors
/// Those of the connection.
pub async fn all_between(
    conn: &mut SystemConn,
    range: Range<Position>,
    most: i64,
) -> Result<Vec<ChangeRecord>, DbError> {
    let statement = ChangesAfter {
        from_xid: number(range.start.xid),
        from_position: range.start.position,
        to_xid: number(range.end.xid),
        to_position: range.end.position,
        most,
        marker: PhantomData,
    };
    Ok(statement.load(conn).await?)
}

/// Rows of one organization in a half-open range of places, oldest first.
///
/// # Errors
/// Those of the connection.
pub async fn between(
    conn: &mut OrgConn,
    organization: OrganizationId,
    range: Range<Position>,
    most: i64,
) -> Result<Vec<ChangeRecord>, DbError> {
    let statement = OrganizationChangesAfter {
        organization,
        from_xid: number(range.start.xid),
        from_position: range.start.position,
        to_xid: number(range.end.xid),
        to_position: range.end.position,
        most,
        marker: PhantomData,
    };
    Ok(statement.load(conn).await?)
}

/// Transaction ids have 64 bits, of which a cluster never reaches the last.
fn number(xid: u64) -> i64 {
    i64::try_from(xid).unwrap_or(i64::MAX)
}
