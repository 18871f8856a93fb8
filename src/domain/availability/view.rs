//! A slot as its viewers see it.

use chrono::{DateTime, Utc};

use crate::db::availability::slots::SlotRow;
use crate::db::types::SlotStatus;
use crate::domain::identity::policy::Belongs;
use crate::domain::identity::{Action, Authorize};
use crate::kernel::ctx::Ctx;
use crate::kernel::ids::{LocationId, ProviderId, ScheduleId, SlotId};

/// A bookable cell, in the view of one caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slot {
    /// Id; its time part is the start.
    pub id: SlotId,
    /// Who.
    pub provider: ProviderId,
    /// Where.
    pub location: LocationId,
    /// The schedule it is a cell of.
    pub schedule: ScheduleId,
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// End of the cell.
    pub ends_at: DateTime<Utc>,
    /// Status in the caller's view.
    pub status: SlotStatus,
    /// Seats.
    pub capacity: i16,
    /// Seats left; 0 unless the status is FREE.
    pub seats_left: i16,
    /// Grows by one with each change.
    pub version: i32,
}

impl Slot {
    /// The row as the caller of `ctx` sees it.
    #[must_use]
    pub fn seen(ctx: &Ctx, row: SlotRow) -> Self {
        let status = seen_status(ctx, row.status, row.provider_id, row.location_id);
        Self {
            id: row.id,
            provider: row.provider_id,
            location: row.location_id,
            schedule: row.schedule_id,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            status,
            capacity: row.capacity,
            seats_left: if status == SlotStatus::Free { row.capacity - row.seats_taken } else { 0 },
            version: row.version,
        }
    }
}

/// Who may not see the detail sees FREE, BUSY_TENTATIVE, or BUSY for everything else.
#[must_use]
pub fn seen_status(ctx: &Ctx, status: SlotStatus, provider: ProviderId, location: LocationId) -> SlotStatus {
    let thing = Belongs { provider: Some(provider), location: Some(location), ..Belongs::default() };
    match status {
        SlotStatus::Free | SlotStatus::BusyTentative => status,
        detailed if ctx.may(Action::ReadAvailabilityDetail, &thing) => detailed,
        _ => SlotStatus::Busy,
    }
}
