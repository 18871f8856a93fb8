//! What the database says, in our words. The only place that names constraints.

use std::sync::Arc;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A rule of the schema that refused a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Violation {
    /// A provider, resource or patient would be in two claims at one instant.
    OccupanciesOverlap,
    /// The seat of a group session is taken.
    SeatTaken,
    /// The status machine has no such step.
    IllegalTransition,
    /// Another rule, by the name of its constraint.
    Other(String),
}

/// What can go wrong in a statement, named by what to do about it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DbError {
    /// A constraint refused it.
    #[error("refused by a constraint")]
    Violation(Violation),
    /// It lost against another transaction; the same again may succeed.
    #[error("lost against another transaction")]
    Retry,
    /// No connection, or it ended before the answer.
    #[error("the database is away")]
    Unavailable,
    /// It took longer than it may.
    #[error("the statement took too long")]
    Timeout,
    /// A defect.
    #[error("the statement failed")]
    Broken(#[source] Arc<DieselError>),
}

impl DbError {
    /// The violated rule, if that is what it is.
    #[must_use]
    pub fn violation(&self) -> Option<&Violation> {
        match self {
            Self::Violation(violation) => Some(violation),
            _ => None,
        }
    }
}

impl From<DieselError> for DbError {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, info) = &error else { return Self::Broken(Arc::new(error)) };
        let constraint = || info.constraint_name().unwrap_or_default().to_owned();
        match kind {
            DatabaseErrorKind::SerializationFailure => Self::Retry,
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ReadOnlyTransaction => Self::Unavailable,
            DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::ExclusionViolation
            | DatabaseErrorKind::NotNullViolation => Self::Violation(named(constraint())),
            _ => match info.message() {
                "deadlock detected" => Self::Retry,
                "canceling statement due to statement timeout" | "canceling statement due to lock timeout" => {
                    Self::Timeout
                }
                // The server is being stopped, or ended a transaction that idled.
                message if message.starts_with("terminating connection") => Self::Unavailable,
                _ if info.constraint_name().is_some() => Self::Violation(named(constraint())),
                _ => Self::Broken(Arc::new(error)),
            },
        }
    }
}

fn named(constraint: String) -> Violation {
    match constraint.as_str() {
        "occupancies_no_overlap" => Violation::OccupanciesOverlap,
        "occupancies_seat_once" | "occupancies_seat_within_capacity" => Violation::SeatTaken,
        "bookings_status_transition" => Violation::IllegalTransition,
        _ => Violation::Other(constraint),
    }
}

impl From<DbError> for crate::kernel::error::Error {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Retry | DbError::Unavailable => Self::Unavailable,
            DbError::Timeout => Self::Timeout,
            DbError::Violation(_) | DbError::Broken(_) => Self::internal(error),
        }
    }
}
