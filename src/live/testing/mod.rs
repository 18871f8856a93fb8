//! Fakes for the tests of the live path: a log with transactions, and a bus that can be told to misbehave.

mod bus;
mod log;

use std::time::Duration;

use chrono::DateTime;
use uuid::Uuid;

pub(crate) use bus::{Fault, FaultyBus};
pub(crate) use log::FakeLog;

use super::batch::Channel;
use super::log::{Cause, ChangeRow, Kind, Topic};
use crate::kernel::ids::{LocationId, OrganizationId, ProviderId, RowId as _, ScheduleId, ServiceId};

pub(crate) fn organization(number: u128) -> OrganizationId {
    OrganizationId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn provider(number: u128) -> ProviderId {
    ProviderId::from_uuid(Uuid::from_u128(number))
}

/// The first organization after number 1 that shares its channel.
pub(crate) fn neighbour() -> OrganizationId {
    let same = |number: &u128| Channel::of(organization(*number)) == Channel::of(organization(1));
    organization((2..100_000).find(same).unwrap_or_default())
}

/// A change of a slot of organization 1, recorded at second `xid`.
pub(crate) fn row(xid: u64, position: i64) -> ChangeRow {
    ChangeRow {
        xid,
        position,
        recorded_at: DateTime::from_timestamp(i64::try_from(xid).unwrap_or(0), 0).unwrap_or_default(),
        organization_id: organization(1),
        topic: Topic::Slot,
        entity_id: Uuid::from_u128(7),
        version: 1,
        kind: Kind::Changed,
        cause: None,
        previous_status: None,
        status: None,
        provider_id: None,
        location_id: None,
        schedule_id: None,
        service_id: None,
        starts_at: None,
        ends_at: None,
        held_until: None,
        capacity: None,
        seats_free: None,
    }
}

/// A change with every field filled.
pub(crate) fn full_row() -> ChangeRow {
    let at = |seconds| DateTime::from_timestamp(seconds, 123_456_000);
    ChangeRow {
        cause: Some(Cause::Held),
        previous_status: Some("FREE".to_owned()),
        status: Some("BUSY_TENTATIVE".to_owned()),
        provider_id: Some(provider(1)),
        location_id: Some(LocationId::from_uuid(Uuid::from_u128(2))),
        schedule_id: Some(ScheduleId::from_uuid(Uuid::from_u128(3))),
        service_id: Some(ServiceId::from_uuid(Uuid::from_u128(4))),
        starts_at: at(2_000_000_000),
        ends_at: at(2_000_001_800),
        held_until: at(1_999_990_000),
        capacity: Some(5),
        seats_free: Some(4),
        ..row(u64::MAX, i64::MAX)
    }
}

/// Lets the paused clock run on, and with it everything that is under way.
pub(crate) async fn pass(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
