//! The change log as the live path sees it: rows without personal data, and a reader that the database layer is.

use std::ops::Range;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kernel::ids::{BookingId, LocationId, OrganizationId, ProviderId, RowId, ScheduleId, ServiceId, SlotId};
use crate::kernel::position::Position;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum $name { $($(#[$about])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word in the database and on the bus.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The one that the word means; `None` for a word from another release.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}

words! {
    /// What kind of thing changed.
    Topic {
        /// A bookable cell.
        Slot = "SLOT",
        /// A booking.
        Booking = "BOOKING",
        /// An entry of a waitlist.
        Waitlist = "WAITLIST",
        /// A provider, location, service or the like.
        Directory = "DIRECTORY",
    }
    /// What happened to it.
    Kind {
        /// A slot exists since now.
        Appeared = "APPEARED",
        /// A slot changed.
        Changed = "CHANGED",
        /// A slot is gone.
        Disappeared = "DISAPPEARED",
        /// A booking was made.
        Created = "CREATED",
        /// A booking's status changed.
        StatusChanged = "STATUS_CHANGED",
        /// A booking was moved.
        Rescheduled = "RESCHEDULED",
        /// Answers, notes or marks of a booking changed.
        DetailsChanged = "DETAILS_CHANGED",
    }
    /// What brought the change.
    Cause {
        /// Somebody holds it.
        Held = "HELD",
        /// A hold was given back.
        HoldReleased = "HOLD_RELEASED",
        /// A hold's deadline passed.
        HoldExpired = "HOLD_EXPIRED",
        /// It was booked.
        Booked = "BOOKED",
        /// A booking came or went by rescheduling.
        BookingMoved = "BOOKING_MOVED",
        /// A booking was cancelled, declined or corrected.
        BookingEnded = "BOOKING_ENDED",
        /// Rules, exceptions or settings changed.
        RulesChanged = "RULES_CHANGED",
        /// Minimum notice cut it off.
        NoticePassed = "NOTICE_PASSED",
        /// Maximum advance lets it be booked.
        AdvanceReached = "ADVANCE_REACHED",
        /// A daily or weekly limit was reached or freed.
        LimitChanged = "LIMIT_CHANGED",
        /// It has started.
        Started = "STARTED",
    }
}

/// One row of the change log. The row in the database also names the patient and the hold or booking behind a slot;
/// those have no field here, so they can neither be published nor be delivered by mistake.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangeRow {
    /// Transaction that wrote it.
    pub xid: u64,
    /// Number within the log.
    pub position: i64,
    /// When that transaction began.
    pub recorded_at: DateTime<Utc>,
    /// Whose it is.
    #[serde(rename = "organization")]
    pub organization_id: OrganizationId,
    /// What kind of thing changed.
    pub topic: Topic,
    /// The thing; `slot` and `booking` give it its type.
    #[serde(rename = "entity")]
    pub entity_id: Uuid,
    /// The thing's version right after the change.
    pub version: i32,
    /// What happened.
    pub kind: Kind,
    /// What brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Status before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_status: Option<String>,
    /// Status after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Provider it belongs to.
    #[serde(default, rename = "provider", skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<ProviderId>,
    /// Location it belongs to.
    #[serde(default, rename = "location", skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    /// Schedule it belongs to.
    #[serde(default, rename = "schedule", skip_serializing_if = "Option::is_none")]
    pub schedule_id: Option<ScheduleId>,
    /// Service it is about.
    #[serde(default, rename = "service", skip_serializing_if = "Option::is_none")]
    pub service_id: Option<ServiceId>,
    /// Start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<DateTime<Utc>>,
    /// End.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<DateTime<Utc>>,
    /// When the hold on it lapses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<DateTime<Utc>>,
    /// Seats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<i16>,
    /// Seats that are free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats_free: Option<i16>,
}

impl ChangeRow {
    /// The place right before this row: the row lies in `[from, to)` when its place does.
    #[must_use]
    pub fn place(&self) -> Position {
        Position { xid: self.xid, position: self.position }
    }

    /// The place right after this row, where a stream that has sent it goes on.
    #[must_use]
    pub fn after(&self) -> Position {
        Position::after_row(self.xid, self.position)
    }

    /// The slot that changed; `None` for other topics.
    #[must_use]
    pub fn slot(&self) -> Option<SlotId> {
        (self.topic == Topic::Slot).then(|| SlotId::from_uuid(self.entity_id))
    }

    /// The booking that changed; `None` for other topics.
    #[must_use]
    pub fn booking(&self) -> Option<BookingId> {
        (self.topic == Topic::Booking).then(|| BookingId::from_uuid(self.entity_id))
    }
}

/// The log could not be read: try again.
#[derive(Debug, thiserror::Error)]
#[error("the change log cannot be read")]
pub struct LogError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Reads the change log. It must be read where it is written, never on a replica that may lag.
pub trait ChangeLog: Send + Sync + 'static {
    /// The exclusive watermark: every transaction below it has ended. It never goes back within an epoch.
    fn watermark(&self) -> BoxFuture<'_, Result<u64, LogError>>;

    /// Which life of the log this is; a restored backup starts a new one.
    fn epoch(&self) -> BoxFuture<'_, Result<Uuid, LogError>>;

    /// Committed rows with a place in `range`, in order, at most `limit`; `organizations` `None` means all (the
    /// relay), `Some` only theirs (a hub). Only ranges that end at or below a watermark read before are asked for.
    fn read<'a>(
        &'a self,
        range: Range<Position>,
        organizations: Option<&'a [OrganizationId]>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<ChangeRow>, LogError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_means_what_it_is_the_word_of() {
        assert!(Topic::ALL.iter().all(|&it| Topic::from_word(it.word()) == Some(it)));
        assert!(Kind::ALL.iter().all(|&it| Kind::from_word(it.word()) == Some(it)));
        assert!(Cause::ALL.iter().all(|&it| Cause::from_word(it.word()) == Some(it)));
        assert_eq!((Topic::ALL.len(), Kind::ALL.len(), Cause::ALL.len()), (4, 7, 11));
        assert_eq!(Topic::from_word("slot"), None);
    }
}
