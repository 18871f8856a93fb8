//! Services, and which schedules offer them.

use diesel::data_types::PgInterval;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::schema::{schedule_services, schedules, services};
use crate::db::types::{ApprovalMode, Modality};
use crate::db::{DbError, OrgConn};
use crate::kernel::ids::{OrganizationId, ProviderId, ScheduleId, ServiceId};

/// What is booked.
#[derive(Queryable, Selectable, Insertable, Clone, Debug)]
#[diesel(table_name = services)]
pub struct ServiceRow {
    /// Id.
    pub id: ServiceId,
    /// Owner.
    pub organization_id: OrganizationId,
    /// Name.
    pub display_name: String,
    /// For patients.
    pub summary: Option<String>,
    /// How the visit takes place.
    pub modality: Modality,
    /// Length in minutes.
    pub duration_minutes: i16,
    /// Length of a first visit, when it differs.
    pub new_patient_minutes: Option<i16>,
    /// Blocked before.
    pub buffer_before_minutes: i16,
    /// Blocked after.
    pub buffer_after_minutes: i16,
    /// Seats of one session.
    pub capacity: i16,
    /// Latest booking before the start.
    pub minimum_notice: PgInterval,
    /// Earliest booking before the start.
    pub maximum_advance: PgInterval,
    /// Whether staff decide on each booking.
    pub approval: ApprovalMode,
    /// When it was taken out of use.
    pub retired_at: Option<chrono::DateTime<chrono::Utc>>,
    /// Grows by one with each change.
    pub version: i32,
}

/// Services by id, retired ones too, in no order.
///
/// # Errors
/// Those of the connection.
pub async fn by_ids(conn: &mut OrgConn, ids: &[ServiceId]) -> Result<Vec<ServiceRow>, DbError> {
    let query = services::table.filter(services::id.eq_any(ids)).select(ServiceRow::as_select());
    Ok(query.load(conn).await?)
}

/// What can be booked with providers, by name.
///
/// # Errors
/// Those of the connection.
pub async fn of_providers(
    conn: &mut OrgConn,
    providers: &[ProviderId],
) -> Result<Vec<(ProviderId, ServiceRow)>, DbError> {
    let query = services::table
        .inner_join(schedule_services::table.on(schedule_services::service_id.eq(services::id)))
        .inner_join(schedules::table.on(schedules::id.eq(schedule_services::schedule_id)))
        .filter(schedules::provider_id.eq_any(providers))
        .filter(schedules::retired_at.is_null())
        .filter(services::retired_at.is_null())
        .select((schedules::provider_id, ServiceRow::as_select()))
        .order((services::display_name, services::id))
        .distinct();
    Ok(query.load(conn).await?)
}

/// What can be booked on schedules, by name.
///
/// # Errors
/// Those of the connection.
pub async fn of_schedules(
    conn: &mut OrgConn,
    schedules: &[ScheduleId],
) -> Result<Vec<(ScheduleId, ServiceRow)>, DbError> {
    let query = services::table
        .inner_join(schedule_services::table.on(schedule_services::service_id.eq(services::id)))
        .filter(schedule_services::schedule_id.eq_any(schedules))
        .filter(services::retired_at.is_null())
        .select((schedule_services::schedule_id, ServiceRow::as_select()))
        .order((services::display_name, services::id));
    Ok(query.load(conn).await?)
}

/// Adds a service.
///
/// # Errors
/// `Violation` when a value breaks a rule of the table.
pub async fn insert(conn: &mut OrgConn, new: &ServiceRow) -> Result<(), DbError> {
    diesel::insert_into(services::table).values(new).execute(conn).await?;
    Ok(())
}
