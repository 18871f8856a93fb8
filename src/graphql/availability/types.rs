//! Slots.

use std::sync::Arc;

use async_graphql::{Enum, ID, Object};
use chrono::{DateTime, NaiveDateTime, Offset, Utc};

use crate::domain::availability;
use crate::graphql::connection::connection;
use crate::graphql::context::Scope;
use crate::graphql::cost::About;
use crate::graphql::directory::types::{Location, Provider, Service, zone};
use crate::graphql::scalars::{Instant, LocalDate, LocalTime, TimeZone};
use crate::kernel::error::Error;

/// FHIR SlotStatus. The provider, STAFF of the location, ADMIN and INTEGRATOR see it; everybody else FREE, BUSY_TENTATIVE, or
/// BUSY for everything else.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlotStatus {
    /// Can be booked.
    Free,
    /// Held by somebody for a few minutes.
    BusyTentative,
    /// Booked.
    Busy,
    /// Blocked, or a buffer.
    BusyUnavailable,
    /// Was never meant to exist.
    EnteredInError,
}

impl From<availability::SlotStatus> for SlotStatus {
    fn from(status: availability::SlotStatus) -> Self {
        use availability::SlotStatus as Word;
        match status {
            Word::Free => Self::Free,
            Word::BusyTentative => Self::BusyTentative,
            Word::Busy => Self::Busy,
            // A cell that was taken back is not shown; where a change speaks of it, it is blocked.
            Word::BusyUnavailable | Word::Retired => Self::BusyUnavailable,
            Word::EnteredInError => Self::EnteredInError,
        }
    }
}

/// A bookable cell of a schedule, with a stable id.
pub struct Slot {
    /// The scope it was found in.
    pub scope: Arc<Scope>,
    /// The slot in the viewer's view.
    pub slot: Arc<availability::Slot>,
}

impl Slot {
    async fn place(&self) -> Result<Arc<crate::domain::directory::Location>, Error> {
        let found = self.scope.loaders.locations.one(self.slot.location).await?;
        found.ok_or_else(|| Error::internal("a slot without its location"))
    }

    async fn local(&self, at: DateTime<Utc>) -> Result<NaiveDateTime, Error> {
        Ok(at.with_timezone(&zone(&self.place().await?.time_zone)?.0).naive_local())
    }
}

/// A bookable cell of a schedule, with a stable id.
#[Object]
impl Slot {
    /// Global id; the same for life.
    pub async fn id(&self) -> ID {
        self.scope.global(self.slot.id)
    }
    /// Status in the viewer's view.
    async fn status(&self) -> SlotStatus {
        self.slot.status.into()
    }
    /// Start.
    async fn starts_at(&self) -> Instant {
        Instant(self.slot.starts_at)
    }
    /// End of the cell; a service longer than the grid takes the cells that follow.
    async fn ends_at(&self) -> Instant {
        Instant(self.slot.ends_at)
    }
    /// Zone of the local fields.
    async fn time_zone(&self) -> Result<TimeZone, Error> {
        zone(&self.place().await?.time_zone)
    }
    /// Local day of the start.
    async fn local_date(&self) -> Result<LocalDate, Error> {
        Ok(LocalDate(self.local(self.slot.starts_at).await?.date()))
    }
    /// Local start.
    async fn local_start(&self) -> Result<LocalTime, Error> {
        Ok(LocalTime(self.local(self.slot.starts_at).await?.time()))
    }
    /// Local end.
    async fn local_end(&self) -> Result<LocalTime, Error> {
        Ok(LocalTime(self.local(self.slot.ends_at).await?.time()))
    }
    /// Offset at the start: tells the two 02:30 of an autumn night apart.
    async fn utc_offset_minutes(&self) -> Result<i32, Error> {
        let zone = zone(&self.place().await?.time_zone)?.0;
        Ok(self.slot.starts_at.with_timezone(&zone).offset().fix().local_minus_utc() / 60)
    }
    /// Seats.
    async fn capacity(&self) -> i16 {
        self.slot.capacity
    }
    /// Seats left.
    async fn remaining_capacity(&self) -> i16 {
        self.slot.seats_left
    }
    /// Who.
    async fn provider(&self) -> Result<Provider, Error> {
        let row = self.scope.loaders.providers.one(self.slot.provider).await?;
        let row = row.ok_or_else(|| Error::internal("a slot without its provider"))?;
        Ok(Provider { scope: self.scope.clone(), row })
    }
    /// Where.
    async fn location(&self) -> Result<Location, Error> {
        Ok(Location { scope: self.scope.clone(), row: self.place().await? })
    }
    /// What the schedule of this slot offers, by name, at most 100. Each service has rules of its own, such as notice,
    /// advance and length, which apply when booking.
    #[graphql(directive = About::apply(5))]
    async fn services(&self) -> Result<Vec<Service>, Error> {
        let rows = self.scope.loaders.services_of_schedule.one(self.slot.schedule).await?.unwrap_or_default();
        Ok(rows.iter().map(|row| Service { scope: self.scope.clone(), row: row.clone() }).collect())
    }
    /// Grows by one with each change of the slot.
    async fn version(&self) -> i32 {
        self.slot.version
    }
}

connection! {
    /// Slots.
    SlotConnection,
    /// A slot and its place in the list.
    SlotEdge of Slot, streamed by stream_cursor
}
