//! Bookings as rows.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;

use crate::db::schema::{booking_participants, bookings};
use crate::db::types::{BookingStatus, CancellationReason, Modality};
use crate::db::{DbError, OrgConn};
use crate::kernel::actor::Sight;
use crate::kernel::ids::{BookingId, LocationId, PatientId, ProviderId, ResourceId, ScheduleId, ServiceId, SlotId};

/// A booking without what was written about it.
#[derive(Queryable, Selectable, Clone, Debug)]
#[diesel(table_name = bookings)]
pub struct BookingRow {
    /// Id.
    pub id: BookingId,
    /// Short code to say on the telephone.
    pub reference: String,
    /// Status.
    pub status: BookingStatus,
    /// What.
    pub service_id: ServiceId,
    /// With whom; `None` while it waits for a slot.
    pub provider_id: Option<ProviderId>,
    /// Where; `None` while it waits for a slot.
    pub location_id: Option<LocationId>,
    /// On which schedule; `None` while it waits for a slot.
    pub schedule_id: Option<ScheduleId>,
    /// First slot; `None` while it waits for one.
    pub slot_id: Option<SlotId>,
    /// For whom.
    pub patient_id: PatientId,
    /// Start; `None` while it waits for a slot.
    pub starts_at: Option<DateTime<Utc>>,
    /// End without buffers; `None` while it waits for a slot.
    pub ends_at: Option<DateTime<Utc>>,
    /// IANA zone of its local times.
    pub time_zone: String,
    /// How it takes place.
    pub modality: Modality,
    /// First visit.
    pub is_new_patient: bool,
    /// When it was cancelled.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// Why it was cancelled.
    pub cancel_reason: Option<CancellationReason>,
    /// Cancelled after the deadline.
    pub is_late_cancellation: bool,
    /// Marked with a late fee.
    pub has_late_fee: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Grows by one with each change.
    pub version: i32,
}

/// Bookings by id that may be found, in no order.
///
/// # Errors
/// Those of the connection.
pub async fn by_ids(conn: &mut OrgConn, ids: &[BookingId], sight: Sight<'_>) -> Result<Vec<BookingRow>, DbError> {
    let may_be_found = (sight.all.into_sql::<Bool>().nullable())
        .or(bookings::patient_id.nullable().eq(sight.patient))
        .or(bookings::provider_id.eq(sight.provider))
        .or(bookings::location_id.eq_any(sight.locations));
    let query = bookings::table.filter(bookings::id.eq_any(ids)).filter(may_be_found);
    Ok(query.select(BookingRow::as_select()).load(conn).await?)
}

/// Whether a patient has a visit that starts in a span and was not cancelled.
///
/// # Errors
/// Those of the connection.
pub async fn has_visit(
    conn: &mut OrgConn,
    patient: PatientId,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<bool, DbError> {
    let ended = [BookingStatus::Cancelled.word(), BookingStatus::EnteredInError.word()];
    let visits = bookings::table
        .filter(bookings::patient_id.eq(patient))
        .filter(bookings::starts_at.ge(from).and(bookings::starts_at.lt(until)))
        .filter(bookings::status.ne_all(ended));
    Ok(diesel::select(diesel::dsl::exists(visits)).get_result(conn).await?)
}

/// The rooms and devices of a booking, to lock them.
///
/// # Errors
/// Those of the connection.
pub async fn resources_of(conn: &mut OrgConn, id: BookingId) -> Result<Vec<ResourceId>, DbError> {
    let query = booking_participants::table
        .filter(booking_participants::booking_id.eq(id))
        .filter(booking_participants::resource_id.is_not_null())
        .select(booking_participants::resource_id.assume_not_null());
    Ok(query.load(conn).await?)
}

/// The rooms and devices that a service may take, to lock them.
///
/// # Errors
/// Those of the connection.
pub async fn resources_required(conn: &mut OrgConn, service: ServiceId) -> Result<Vec<ResourceId>, DbError> {
    use crate::db::schema::service_resources;
    let query = service_resources::table
        .filter(service_resources::service_id.eq(service))
        .select(service_resources::resource_id)
        .distinct();
    Ok(query.load(conn).await?)
}
