//! Schedules: a provider at a location offering services on a grid.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::schema::{locations, schedule_services, schedules};
use crate::db::{DbError, OrgConn};
use crate::kernel::ids::{LocationId, OrganizationId, ProviderId, ScheduleId, ServiceId};

/// A schedule.
#[derive(Queryable, Selectable, Insertable, Clone, Debug)]
#[diesel(table_name = schedules)]
pub struct ScheduleRow {
    /// Id.
    pub id: ScheduleId,
    /// Owner.
    pub organization_id: OrganizationId,
    /// Who.
    pub provider_id: ProviderId,
    /// Where.
    pub location_id: LocationId,
    /// Length of a cell.
    pub slot_minutes: i16,
    /// Where the grid starts after each local midnight.
    pub grid_offset_minutes: i16,
    /// Above 1: a group schedule.
    pub capacity: i16,
}

/// Adds a schedule that offers services of its own capacity.
///
/// # Errors
/// `Violation` when a service has other seats than the schedule.
pub async fn insert(conn: &mut OrgConn, new: &ScheduleRow, offered: &[ServiceId]) -> Result<(), DbError> {
    diesel::insert_into(schedules::table).values(new).execute(conn).await?;
    let offers: Vec<_> = offered
        .iter()
        .map(|service| {
            (
                schedule_services::organization_id.eq(new.organization_id),
                schedule_services::schedule_id.eq(new.id),
                schedule_services::service_id.eq(*service),
                schedule_services::capacity.eq(new.capacity),
            )
        })
        .collect();
    diesel::insert_into(schedule_services::table).values(offers).execute(conn).await?;
    Ok(())
}

/// Active schedules with the zone of their location and how far their slots were made.
///
/// # Errors
/// Those of the connection.
pub async fn to_materialise(conn: &mut OrgConn) -> Result<Vec<(ScheduleRow, String, Option<DateTime<Utc>>)>, DbError> {
    let query = schedules::table
        .inner_join(locations::table.on(locations::id.eq(schedules::location_id)))
        .filter(schedules::retired_at.is_null())
        .order(schedules::id)
        .select((ScheduleRow::as_select(), locations::time_zone, schedules::materialised_until));
    Ok(query.load(conn).await?)
}

/// Notes that slots exist for everything that is open before `until`.
///
/// # Errors
/// Those of the connection.
pub async fn set_materialised(conn: &mut OrgConn, id: ScheduleId, until: DateTime<Utc>) -> Result<(), DbError> {
    diesel::update(schedules::table.find(id)).set(schedules::materialised_until.eq(until)).execute(conn).await?;
    Ok(())
}
