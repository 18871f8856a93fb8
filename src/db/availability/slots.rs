//! Slots: cells of schedules, in monthly partitions that their ids tell.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use crate::db::statement::sql_file;
use crate::db::types::SlotStatus;
use crate::db::{DbError, OrgConn};
use crate::kernel::ids::{LocationId, OrganizationId, ProviderId, ScheduleId, SlotId};
use crate::kernel::time::TimeRange;

use super::super::directory::schedules::ScheduleRow;

/// A cell with the place of its schedule.
#[derive(Queryable, Clone, PartialEq, Eq, Debug)]
pub struct SlotRow {
    /// Id.
    pub id: SlotId,
    /// Who.
    pub provider_id: ProviderId,
    /// The schedule it is a cell of.
    pub schedule_id: ScheduleId,
    /// Where.
    pub location_id: LocationId,
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// End of the cell.
    pub ends_at: DateTime<Utc>,
    /// Grows by one with each change.
    pub version: i32,
    /// Seats.
    pub capacity: i16,
    /// Seats that are held or booked.
    pub seats_taken: i16,
    /// Status by the clock of the database.
    pub status: SlotStatus,
}

type SlotSql = (SqlUuid, SqlUuid, SqlUuid, SqlUuid, Timestamptz, Timestamptz, Integer, SmallInt, SmallInt, Text);

sql_file! {
    struct SlotsOfProviders<'a> in "slots_of_providers.sql" {
        1 => organization: OrganizationId as SqlUuid,
        2 => providers: &'a [ProviderId] as Array<SqlUuid>,
        3 => from: DateTime<Utc> as Timestamptz,
        4 => until: DateTime<Utc> as Timestamptz,
        5 => most: i64 as BigInt,
        6 => after: Option<SlotId> as Nullable<SqlUuid>,
        7 => locations: Option<&'a [LocationId]> as Nullable<Array<SqlUuid>>,
    } -> SlotSql
}

sql_file! {
    struct SlotsByIds<'a> in "slots_by_ids.sql" {
        1 => organization: OrganizationId as SqlUuid,
        2 => ids: &'a [SlotId] as Array<SqlUuid>,
        3 => earliest: DateTime<Utc> as Timestamptz,
        4 => latest: DateTime<Utc> as Timestamptz,
    } -> SlotSql
}

sql_file! {
    struct InsertCells<'a> in "insert_cells.sql" {
        1 => organization: OrganizationId as SqlUuid,
        2 => provider: ProviderId as SqlUuid,
        3 => schedule: ScheduleId as SqlUuid,
        4 => location: LocationId as SqlUuid,
        5 => capacity: i16 as SmallInt,
        6 => ids: &'a [SlotId] as Array<SqlUuid>,
        7 => starts: &'a [DateTime<Utc>] as Array<Timestamptz>,
        8 => ends: &'a [DateTime<Utc>] as Array<Timestamptz>,
    } -> BigInt
}

/// Place of a slot in the list of a provider.
pub type SlotKey = (DateTime<Utc>, SlotId);

/// Which slots of a provider.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SlotQuery {
    /// Slots that start in it.
    pub window: TimeRange,
    /// Only at these.
    pub locations: Option<Vec<LocationId>>,
    /// How many.
    pub most: i64,
    /// Only after this one.
    pub after: Option<SlotKey>,
}

/// The first free slots of each provider, in the order of time.
///
/// # Errors
/// Those of the connection.
pub async fn free_of_providers(
    conn: &mut OrgConn,
    organization: OrganizationId,
    providers: &[ProviderId],
    query: &SlotQuery,
) -> Result<Vec<SlotRow>, DbError> {
    let start = query.window.start();
    let statement = SlotsOfProviders {
        organization,
        providers,
        from: query.after.map_or(start, |(at, _)| at.max(start)),
        until: query.window.end(),
        most: query.most,
        after: query.after.filter(|(at, _)| *at >= start).map(|(_, id)| id),
        locations: query.locations.as_deref(),
        marker: PhantomData,
    };
    Ok(statement.load(conn).await?)
}

/// Slots by id, in no order; ids that carry no start cannot exist.
///
/// # Errors
/// Those of the connection.
pub async fn by_ids(conn: &mut OrgConn, organization: OrganizationId, ids: &[SlotId]) -> Result<Vec<SlotRow>, DbError> {
    let starts = || ids.iter().filter_map(|id| id.start());
    let (Some(earliest), Some(latest)) = (starts().min(), starts().max()) else { return Ok(vec![]) };
    let statement = SlotsByIds { organization, ids, earliest, latest, marker: PhantomData };
    Ok(statement.load(conn).await?)
}

/// Adds the cells of a schedule that are not there yet; answers how many were added. Each becomes a change that the
/// streams tell. The provider must be locked.
///
/// # Errors
/// Those of the connection.
pub async fn insert_missing(conn: &mut OrgConn, of: &ScheduleRow, cells: &[TimeRange]) -> Result<i64, DbError> {
    let ids: Vec<SlotId> = cells.iter().map(|cell| SlotId::starting_at(cell.start())).collect();
    let starts: Vec<DateTime<Utc>> = cells.iter().map(TimeRange::start).collect();
    let ends: Vec<DateTime<Utc>> = cells.iter().map(TimeRange::end).collect();
    let statement = InsertCells {
        organization: of.organization_id,
        provider: of.provider_id,
        schedule: of.id,
        location: of.location_id,
        capacity: of.capacity,
        ids: &ids,
        starts: &starts,
        ends: &ends,
        marker: PhantomData,
    };
    Ok(statement.get_result(conn).await?)
}
