//! The statements that take and free time. Each is one round trip behind the locks of `Db::write`.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use diesel::sql_types::{Binary, Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use crate::db::idempotency::Asked;
use crate::db::statement::sql_file;
use crate::db::types::CancellationReason;
use crate::db::{DbError, OrgConn};
use crate::kernel::ids::{AuditEventId, BookingId, OrganizationId, PatientId, RequestId, ServiceId, SlotId};

sql_file! {
    struct BookSlot<'a> in "book_slot.sql" {
        1 => organization: OrganizationId as SqlUuid,
        2 => slot: SlotId as SqlUuid,
        3 => start: DateTime<Utc> as Timestamptz,
        4 => service: ServiceId as SqlUuid,
        5 => patient: PatientId as SqlUuid,
        6 => booking: BookingId as SqlUuid,
        7 => reference: &'a str as Text,
        8 => is_new_patient: bool as Bool,
        9 => is_proposal: bool as Bool,
        10 => note: Option<Vec<u8>> as Nullable<Binary>,
        11 => external_id: Option<&'a str> as Nullable<Text>,
        12 => principal: &'a str as Text,
        13 => role: &'a str as Text,
        14 => key: &'a str as Text,
        15 => request_hash: &'a [u8] as Binary,
        16 => audit: AuditEventId as SqlUuid,
        17 => request: RequestId as SqlUuid,
    } -> (Text, Nullable<Jsonb>)
}

sql_file! {
    struct CancelBooking<'a> in "cancel_booking.sql" {
        1 => organization: OrganizationId as SqlUuid,
        2 => booking: BookingId as SqlUuid,
        3 => expected_version: i32 as Integer,
        4 => start: Option<DateTime<Utc>> as Nullable<Timestamptz>,
        5 => reason: CancellationReason as Text,
        6 => note: Option<Vec<u8>> as Nullable<Binary>,
        7 => is_bound: bool as Bool,
        8 => principal: &'a str as Text,
        9 => role: &'a str as Text,
        10 => key: &'a str as Text,
        11 => request_hash: &'a [u8] as Binary,
        12 => audit: AuditEventId as SqlUuid,
        13 => request: RequestId as SqlUuid,
    } -> (Text, Nullable<Jsonb>)
}

/// A stored outcome: from it the answer is made again when the request is repeated.
#[derive(serde::Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The booking.
    pub booking: BookingId,
    /// Its version after the change.
    pub version: i32,
    /// Its status after the change.
    pub status: String,
    /// The transaction of the change; `None` where nothing changed.
    xid: Option<String>,
}

impl Outcome {
    /// The transaction of the change; `None` where nothing changed.
    #[must_use]
    pub fn xid(&self) -> Option<u64> {
        self.xid.as_ref().and_then(|xid| xid.parse().ok())
    }
}

/// How `book` ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BookOutcome {
    /// It is booked.
    Booked(Outcome),
    /// The same request booked it before.
    Replayed(Outcome),
    /// The key was used for something else.
    KeyReused,
    /// Nothing changed; `explain` tells why.
    Refused,
}

/// What is to be booked.
#[derive(Clone, Copy, Debug)]
pub struct NewBooking<'a> {
    /// First cell.
    pub slot: SlotId,
    /// Its start, as its id tells.
    pub start: DateTime<Utc>,
    /// For what.
    pub service: ServiceId,
    /// For whom.
    pub patient: PatientId,
    /// First visit.
    pub is_new_patient: bool,
    /// Short code, unique in the organization.
    pub reference: &'a str,
}

/// Books a slot. The provider, the patient, the resources and the key must be locked.
///
/// # Errors
/// `Violation` when the reference is taken or a row it names is gone.
pub async fn book(
    conn: &mut OrgConn,
    organization: OrganizationId,
    new: NewBooking<'_>,
    asked: &Asked,
) -> Result<BookOutcome, DbError> {
    let statement = BookSlot {
        organization,
        slot: new.slot,
        start: new.start,
        service: new.service,
        patient: new.patient,
        booking: BookingId::random(),
        reference: new.reference,
        is_new_patient: new.is_new_patient,
        is_proposal: false,
        note: None,
        external_id: None,
        principal: &asked.principal,
        role: asked.role,
        key: &asked.key,
        request_hash: &asked.request_hash,
        audit: AuditEventId::random(),
        request: asked.request,
        marker: PhantomData,
    };
    let (word, response): (String, Option<serde_json::Value>) = statement.get_result(conn).await?;
    match word.as_str() {
        "BOOKED" => Ok(BookOutcome::Booked(outcome(response)?)),
        "REPLAYED" => Ok(BookOutcome::Replayed(outcome(response)?)),
        "KEY_REUSED" => Ok(BookOutcome::KeyReused),
        "REFUSED" => Ok(BookOutcome::Refused),
        _ => Err(malformed("an outcome of book_slot.sql")),
    }
}

/// How `cancel` ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CancelOutcome {
    /// It is cancelled, now or before.
    Cancelled(Outcome),
    /// Somebody changed it since the expected version.
    Stale,
    /// Its status cannot be cancelled.
    WrongStatus,
    /// The deadline binds the caller.
    TooLate,
    /// There is no such booking.
    NotFound,
    /// The key was used for something else.
    KeyReused,
}

/// What is to be cancelled.
#[derive(Clone, Copy, Debug)]
pub struct Cancellation {
    /// The booking.
    pub booking: BookingId,
    /// The version it was based on.
    pub expected_version: i32,
    /// Its start as it was read for the locks.
    pub start: Option<DateTime<Utc>>,
    /// Why.
    pub reason: CancellationReason,
    /// Whether the deadline of the policy binds the caller.
    pub is_bound: bool,
}

/// Cancels a booking and frees its time. The provider, the patient, the resources and the key must be locked.
///
/// # Errors
/// Those of the connection.
pub async fn cancel(
    conn: &mut OrgConn,
    organization: OrganizationId,
    what: Cancellation,
    asked: &Asked,
) -> Result<CancelOutcome, DbError> {
    let statement = CancelBooking {
        organization,
        booking: what.booking,
        expected_version: what.expected_version,
        start: what.start,
        reason: what.reason,
        note: None,
        is_bound: what.is_bound,
        principal: &asked.principal,
        role: asked.role,
        key: &asked.key,
        request_hash: &asked.request_hash,
        audit: AuditEventId::random(),
        request: asked.request,
        marker: PhantomData,
    };
    let (word, response): (String, Option<serde_json::Value>) = statement.get_result(conn).await?;
    match word.as_str() {
        "CANCELLED" | "ALREADY" | "REPLAYED" => Ok(CancelOutcome::Cancelled(outcome(response)?)),
        "STALE" => Ok(CancelOutcome::Stale),
        "WRONG_STATUS" => Ok(CancelOutcome::WrongStatus),
        "TOO_LATE" => Ok(CancelOutcome::TooLate),
        "KEY_REUSED" => Ok(CancelOutcome::KeyReused),
        "NOT_FOUND" => Ok(CancelOutcome::NotFound),
        _ => Err(malformed("an outcome of cancel_booking.sql")),
    }
}

fn outcome(response: Option<serde_json::Value>) -> Result<Outcome, DbError> {
    let parsed = serde_json::from_value(response.unwrap_or_default());
    parsed.map_err(malformed)
}

fn malformed(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> DbError {
    DbError::from(diesel::result::Error::DeserializationError(what.into()))
}
