//! Why a booking is refused, named by what the caller can do about it.

use crate::kernel::error::Error;
use crate::kernel::ids::SlotId;

/// A business refusal: nothing was changed, and the caller may do something else.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Refusal {
    /// Somebody else holds or has booked the time.
    SlotTaken,
    /// The slot has started.
    SlotInPast,
    /// The time is closed, a buffer or outside the rules.
    SlotBlocked,
    /// Not enough seats are left.
    CapacityFull,
    /// Inside the minimum notice.
    TooSoon,
    /// Beyond the maximum advance.
    TooFarAhead,
    /// A required room or device is not free.
    ResourceBusy,
    /// The patient has another visit then.
    PatientBusy,
    /// The schedule does not offer the service.
    ServiceNotOffered,
    /// The provider takes no new patients.
    NotAcceptingNewPatients,
    /// Somebody changed it since the expected version.
    StaleVersion,
    /// The status machine has no such step from the current status.
    WrongStatus,
    /// The policy's deadline has passed.
    TooLate,
    /// Guests must have proven their contact before.
    ContactNotVerified,
}

impl Refusal {
    /// A plain sentence without PHI.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::SlotTaken => "Somebody else holds or has booked the time.",
            Self::SlotInPast => "The slot has started.",
            Self::SlotBlocked => "The time is closed, a buffer or outside the rules.",
            Self::CapacityFull => "Not enough seats are left.",
            Self::TooSoon => "The time is inside the minimum notice.",
            Self::TooFarAhead => "The time is beyond the maximum advance.",
            Self::ResourceBusy => "A required room or device is not free.",
            Self::PatientBusy => "The patient has another visit then.",
            Self::ServiceNotOffered => "The schedule does not offer the service.",
            Self::NotAcceptingNewPatients => "The provider takes no new patients.",
            Self::StaleVersion => "Somebody changed it since the version you expected.",
            Self::WrongStatus => "It cannot be done from the present status.",
            Self::TooLate => "The deadline of the policy has passed.",
            Self::ContactNotVerified => "The guest's contact must be verified first.",
        }
    }
}

/// How an operation that may be refused ends without success.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refused {
    /// A business refusal with near free slots, where they help.
    #[error("refused: {}", .0.sentence())]
    Business(Refusal, Vec<SlotId>),
    /// What every operation shares.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<crate::db::DbError> for Refused {
    fn from(error: crate::db::DbError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Business(refusal, vec![])
    }
}
