//! Rows by the thousand, for data to measure with. What they say must be right beforehand: the constraints hold here too,
//! but nothing is locked, logged or audited.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use super::directory::schedules::ScheduleRow;
use super::statement::sql_file;
use super::{DbError, OrgConn};
use crate::kernel::ids::{BookingId, LocationId, OrganizationId, PatientId, ProviderId, ScheduleId, ServiceId, SlotId};

sql_file! {
    struct InsertPatients<'a> in "insert_patients.sql" {
        1 => organization: OrganizationId as SqlUuid,
        2 => ids: &'a [PatientId] as Array<SqlUuid>,
    } -> BigInt
}

sql_file! {
    struct InsertSlots<'a> in "insert_slots.sql" {
        1 => organization: OrganizationId as SqlUuid,
        2 => provider: ProviderId as SqlUuid,
        3 => schedule: ScheduleId as SqlUuid,
        4 => ids: &'a [SlotId] as Array<SqlUuid>,
        5 => starts: &'a [DateTime<Utc>] as Array<Timestamptz>,
        6 => ends: &'a [DateTime<Utc>] as Array<Timestamptz>,
        7 => are_booked: &'a [bool] as Array<Bool>,
    } -> BigInt
}

sql_file! {
    struct InsertBookings<'a> in "insert_bookings.sql" {
        1 => organization: OrganizationId as SqlUuid,
        2 => provider: ProviderId as SqlUuid,
        3 => schedule: ScheduleId as SqlUuid,
        4 => location: LocationId as SqlUuid,
        5 => principal: &'a str as Text,
        6 => role: &'a str as Text,
        7 => ids: &'a [BookingId] as Array<SqlUuid>,
        8 => references: &'a [String] as Array<Text>,
        9 => patients: &'a [PatientId] as Array<SqlUuid>,
        10 => services: &'a [ServiceId] as Array<SqlUuid>,
        11 => slots: &'a [SlotId] as Array<SqlUuid>,
        12 => starts: &'a [DateTime<Utc>] as Array<Timestamptz>,
    } -> BigInt
}

/// Cells of a schedule in columns: a row is what stands at one place of all of them.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    /// Ids.
    pub ids: Vec<SlotId>,
    /// Starts.
    pub starts: Vec<DateTime<Utc>>,
    /// Ends.
    pub ends: Vec<DateTime<Utc>>,
    /// Whether it is taken by a booking.
    pub are_booked: Vec<bool>,
}

/// Bookings of a schedule in columns. Each takes one cell.
#[derive(Clone, Debug, Default)]
pub struct Visits {
    /// Ids.
    pub ids: Vec<BookingId>,
    /// What to say on the telephone.
    pub references: Vec<String>,
    /// Who comes.
    pub patients: Vec<PatientId>,
    /// For what.
    pub services: Vec<ServiceId>,
    /// The cells.
    pub slots: Vec<SlotId>,
    /// Their starts.
    pub starts: Vec<DateTime<Utc>>,
}

/// Adds patients; answers how many.
///
/// # Errors
/// Those of the connection.
pub async fn insert_patients(
    conn: &mut OrgConn,
    organization: OrganizationId,
    ids: &[PatientId],
) -> Result<usize, DbError> {
    Ok(InsertPatients { organization, ids, marker: PhantomData }.execute(conn).await?)
}

/// Adds cells; answers how many.
///
/// # Errors
/// `Violation` when the provider has one that starts then on this schedule.
pub async fn insert_slots(conn: &mut OrgConn, of: &ScheduleRow, cells: &Cells) -> Result<usize, DbError> {
    let statement = InsertSlots {
        organization: of.organization_id,
        provider: of.provider_id,
        schedule: of.id,
        ids: &cells.ids,
        starts: &cells.starts,
        ends: &cells.ends,
        are_booked: &cells.are_booked,
        marker: PhantomData,
    };
    Ok(statement.execute(conn).await?)
}

/// Adds bookings, made by a principal in a role; answers how many.
///
/// # Errors
/// `Violation` when somebody would be in two places at once.
pub async fn insert_bookings(
    conn: &mut OrgConn,
    of: &ScheduleRow,
    (principal, role): (&str, &str),
    visits: &Visits,
) -> Result<usize, DbError> {
    let statement = InsertBookings {
        organization: of.organization_id,
        provider: of.provider_id,
        schedule: of.id,
        location: of.location_id,
        principal,
        role,
        ids: &visits.ids,
        references: &visits.references,
        patients: &visits.patients,
        services: &visits.services,
        slots: &visits.slots,
        starts: &visits.starts,
        marker: PhantomData,
    };
    Ok(statement.execute(conn).await?)
}
