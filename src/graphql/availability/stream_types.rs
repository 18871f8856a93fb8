//! Items of the stream of slot changes.

use std::sync::Arc;

use async_graphql::{Enum, ID, Interface, Object, SimpleObject, Union};
use chrono::{DateTime, Utc};

use crate::domain::availability;
use crate::graphql::context::Scope;
use crate::graphql::scalars::{Cursor, Instant, Version};
use crate::kernel::ids::ChangeId;

use super::types::{Slot, SlotStatus};

/// What happened to a slot.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlotChangeKind {
    /// It exists since now.
    Appeared,
    /// It changed.
    Changed,
    /// It is gone.
    Disappeared,
}

/// What brought a change.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlotChangeCause {
    /// It was booked.
    Booked,
    /// A booking was cancelled, declined or corrected.
    BookingEnded,
    /// Rules, exceptions or settings changed.
    RulesChanged,
}

/// Why a stream starts anew.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResyncReason {
    /// From another organization, or from before a restore.
    CursorUnknown,
    /// The client reads too slowly.
    QueueFull,
    /// More changes than can be caught up with.
    TooManyChanges,
}

/// One versioned change of one slot in the ordered change log.
pub struct SlotChange {
    /// The scope of this event alone: nothing that was loaded for an earlier one is seen in it.
    pub scope: Arc<Scope>,
    /// Its place in the log, as an id.
    pub id: ChangeId,
    /// Position and cursor right after it.
    pub at: StreamPlace,
    /// What happened.
    pub kind: SlotChangeKind,
    /// The slot right after.
    pub slot: Arc<availability::Slot>,
    /// Status before.
    pub previous: Option<SlotStatus>,
    /// What brought it, for those who may know.
    pub cause: Option<SlotChangeCause>,
    /// When it was committed.
    pub changed_at: DateTime<Utc>,
}

/// How far a stream has come, and where to resume.
#[derive(Clone, Debug)]
pub struct StreamPlace {
    /// Everything up to it is in.
    pub version: Version,
    /// Where to resume.
    pub cursor: Cursor,
}

/// One versioned change of one slot in the ordered change log.
#[Object]
impl SlotChange {
    /// Global id; the same in streams and queries.
    pub async fn id(&self) -> ID {
        self.scope.global(self.id)
    }
    /// Everything up to this position is in.
    pub async fn availability_version(&self) -> Version {
        self.at.version.clone()
    }
    /// Where to resume.
    pub async fn cursor(&self) -> Cursor {
        self.at.cursor.clone()
    }
    /// What happened, in the viewer's view.
    async fn kind(&self) -> SlotChangeKind {
        self.kind
    }
    /// The slot right after this change, by its version; not read again.
    async fn slot(&self) -> Slot {
        Slot { scope: self.scope.clone(), slot: self.slot.clone() }
    }
    /// Status before, in the viewer's view; null when it appeared.
    async fn previous_status(&self) -> Option<SlotStatus> {
        self.previous
    }
    /// What brought it. Null for those who see only the coarse `SlotStatus`.
    async fn cause(&self) -> Option<SlotChangeCause> {
        self.cause
    }
    /// When it was committed.
    async fn changed_at(&self) -> Instant {
        Instant(self.changed_at)
    }
}

/// Something may have been missed: what was known is to be thrown away. Read the list again and go on from here.
#[derive(SimpleObject, Clone, Debug)]
pub struct Resync {
    /// Everything up to this position will be in the list when it is read now.
    #[graphql(owned)]
    pub availability_version: Version,
    /// Where to resume.
    #[graphql(owned)]
    pub cursor: Cursor,
    /// Why.
    pub reason: ResyncReason,
    /// First instant from which changes may be missing; null when unknown.
    pub missed_from: Option<Instant>,
}

/// Nothing matched, and this is how far the stream has come. Only when asked for.
#[derive(SimpleObject, Clone, Debug)]
pub struct StreamProgress {
    /// Everything up to this position was looked at.
    #[graphql(owned)]
    pub availability_version: Version,
    /// Where to resume.
    #[graphql(owned)]
    pub cursor: Cursor,
    /// Server clock.
    pub server_time: Instant,
}

/// What `slotChanges` sends.
#[derive(Union)]
pub enum SlotStreamItem {
    /// A change.
    SlotChange(SlotChange),
    /// A fresh start.
    Resync(Resync),
    /// A sign of life.
    StreamProgress(StreamProgress),
}

/// What every item of every stream carries.
#[derive(Interface)]
#[graphql(
    field(
        name = "availability_version",
        ty = "Version",
        desc = "Everything up to this position is in: the viewer's own change too, once this is not below the version its \
                mutation answered."
    ),
    field(name = "cursor", ty = "Cursor", desc = "Where to resume: `after`.")
)]
pub enum StreamItem {
    /// A change.
    SlotChange(SlotChange),
    /// A fresh start.
    Resync(Resync),
    /// A sign of life.
    StreamProgress(StreamProgress),
}
