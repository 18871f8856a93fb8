//! Why a booking was refused, and what would have been possible instead.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use crate::db::statement::sql_file;
use crate::db::{DbError, OrgConn};
use crate::kernel::ids::{OrganizationId, PatientId, ProviderId, ServiceId, SlotId};

sql_file! {
    struct WhyRefused<'a> in "../availability/why_refused.sql" {
        1 => organization: OrganizationId as SqlUuid,
        2 => slot: SlotId as SqlUuid,
        3 => start: DateTime<Utc> as Timestamptz,
        4 => service: ServiceId as SqlUuid,
        5 => patient: Option<PatientId> as Nullable<SqlUuid>,
        6 => is_new_patient: bool as Bool,
    } -> (Bool, Bool, Bool, Bool, Bool, Bool, Bool, Bool, Bool, Bool, Bool, Bool, Nullable<Timestamptz>)
}

sql_file! {
    struct Alternatives<'a> in "../availability/alternatives.sql" {
        1 => organization: OrganizationId as SqlUuid,
        2 => provider: ProviderId as SqlUuid,
        3 => service: ServiceId as SqlUuid,
        4 => start: DateTime<Utc> as Timestamptz,
        5 => is_new_patient: bool as Bool,
        6 => patient: Option<PatientId> as Nullable<SqlUuid>,
        7 => most: i64 as BigInt,
    } -> (
        SqlUuid, SqlUuid, SqlUuid, Timestamptz, Timestamptz, Text, Integer, SmallInt, SmallInt, Timestamptz,
    )
}

/// Every rule that says no; the names say which.
#[derive(Queryable, Clone, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is the answer of one rule")]
pub struct Reasons {
    /// There is no such slot or service.
    pub is_unknown: bool,
    /// Something needed is out of use.
    pub is_retired: bool,
    /// The schedule does not offer the service.
    pub is_not_offered: bool,
    /// The slot has started.
    pub is_past: bool,
    /// Inside the minimum notice.
    pub is_too_soon: bool,
    /// Beyond the maximum advance.
    pub is_too_far: bool,
    /// The provider takes no new patients.
    pub is_closed_to_new_patients: bool,
    /// A group session without a seat left.
    pub is_full: bool,
    /// Somebody else has the time.
    pub is_taken: bool,
    /// Open time is missing, or a buffer is in the way.
    pub is_blocked: bool,
    /// A required resource is not free.
    pub is_resource_busy: bool,
    /// The patient has another visit then.
    pub is_patient_busy: bool,
    /// When the hold in the way lapses.
    pub free_at: Option<DateTime<Utc>>,
}

/// A visit that was wished.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// First cell.
    pub slot: SlotId,
    /// Its start.
    pub start: DateTime<Utc>,
    /// With whom.
    pub provider: ProviderId,
    /// For what.
    pub service: ServiceId,
    /// For whom.
    pub patient: PatientId,
    /// First visit.
    pub is_new_patient: bool,
}

/// Why the wish cannot be had.
///
/// # Errors
/// Those of the connection.
pub async fn why(conn: &mut OrgConn, organization: OrganizationId, wish: Wish) -> Result<Reasons, DbError> {
    let statement = WhyRefused {
        organization,
        slot: wish.slot,
        start: wish.start,
        service: wish.service,
        patient: Some(wish.patient),
        is_new_patient: wish.is_new_patient,
        marker: PhantomData,
    };
    Ok(statement.get_result(conn).await?)
}

type AlternativeRow =
    (SlotId, uuid::Uuid, uuid::Uuid, DateTime<Utc>, DateTime<Utc>, String, i32, i16, i16, DateTime<Utc>);

/// Near free starts of the same provider, nearest first.
///
/// # Errors
/// Those of the connection.
pub async fn alternatives(
    conn: &mut OrgConn,
    organization: OrganizationId,
    wish: Wish,
    most: i64,
) -> Result<Vec<SlotId>, DbError> {
    let statement = Alternatives {
        organization,
        provider: wish.provider,
        service: wish.service,
        start: wish.start,
        is_new_patient: wish.is_new_patient,
        patient: Some(wish.patient),
        most,
        marker: PhantomData,
    };
    let rows: Vec<AlternativeRow> = statement.load(conn).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}
