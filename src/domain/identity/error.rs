//! Why a change of access or settings is refused, named by what the caller can do about it.

use crate::db::DbError;
use crate::kernel::error::Error;

/// A business refusal: nothing was changed, and the caller may do something else.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Refusal {
    /// Somebody changed it since the expected version.
    StaleVersion,
    /// Another one with the same key exists.
    Duplicate,
    /// An organization keeps at least one admin.
    LastAdmin,
    /// It was removed or revoked.
    Ended,
}

impl Refusal {
    /// A plain sentence without PHI.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::StaleVersion => "Somebody changed it since the version you expected.",
            Self::Duplicate => "Another member has this address or is this provider.",
            Self::LastAdmin => "An organization keeps at least one admin who can sign in.",
            Self::Ended => "It has ended and cannot be changed.",
        }
    }
}

/// How an operation that may be refused ends without success.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refused {
    /// A business refusal.
    #[error("refused: {}", .0.sentence())]
    Business(Refusal),
    /// What every operation shares.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<DbError> for Refused {
    fn from(error: DbError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Business(refusal)
    }
}
