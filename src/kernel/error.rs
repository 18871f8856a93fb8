//! What can go wrong with any operation, named by what the caller can do about it.

use std::sync::Arc;
use std::time::Duration;

/// A value of the input that breaks a rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldError {
    /// Path from the argument on: `["input", "slot", "id"]`.
    pub field: Vec<String>,
    /// The rule, as a plain sentence without the value.
    pub rule: String,
}

impl FieldError {
    /// A broken rule at a path written with dots: `"input.slot.id"`.
    #[must_use]
    pub fn new(path: &str, rule: impl Into<String>) -> Self {
        Self { field: path.split('.').map(str::to_owned).collect(), rule: rule.into() }
    }
}

impl From<FieldError> for Error {
    fn from(broken: FieldError) -> Self {
        Self::Invalid(vec![broken])
    }
}

/// A limit that a document passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Excess {
    /// Which limit.
    pub limit: &'static str,
    /// What it is.
    pub allowed: usize,
    /// What the document has.
    pub asked: usize,
}

/// Failures that every operation shares. Business refusals are types of their area, not of this one.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Nobody is signed in, or the token is no good: sign in.
    #[error("sign in: the token or key is missing or not valid")]
    Unauthenticated,
    /// The caller may know the thing but not do this with it.
    #[error("not allowed")]
    Forbidden,
    /// It does not exist, or the caller may not know that it does.
    #[error("not found")]
    NotFound,
    /// The input breaks rules: change it.
    #[error("{}", .0.first().map_or("invalid input", |first| first.rule.as_str()))]
    Invalid(Vec<FieldError>),
    /// The idempotency key was used with other input: choose another key.
    #[error("the idempotency key was used with other input")]
    Conflict,
    /// Something the server needs is away: try again.
    #[error("try again later")]
    Unavailable,
    /// The document asks for more than one may: ask for less.
    #[error("{} is limited to {}, the document has {}", .0.limit, .0.allowed, .0.asked)]
    TooCostly(Excess),
    /// Too many at once on one connection: end others first.
    #[error("too many at once on this connection")]
    TooMany,
    /// The caller has asked for as much as they may for now: wait.
    #[error("too many requests: try again in {} s", whole_seconds(*.0))]
    RateLimited(Duration),
    /// The document is named by a hash or an id that nobody knows: send it.
    #[error("PersistedQueryNotFound")]
    UnknownDocument,
    /// Documents are not taken by their hash: send it.
    #[error("PersistedQueryNotSupported")]
    NoHashes,
    /// The server has as much to do as it can: try again.
    #[error("the server is busy: try again")]
    Busy,
    /// It took longer than it may: ask for less.
    #[error("took too long")]
    Timeout,
    /// A defect. The cause is for the log, never for the caller.
    #[error("internal error")]
    Internal(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

/// Seconds as `Retry-After` has them: never too few.
#[must_use]
pub fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

impl Error {
    /// One broken rule; the path is written with dots.
    #[must_use]
    pub fn invalid(path: &str, rule: impl Into<String>) -> Self {
        FieldError::new(path, rule).into()
    }

    /// A defect with its cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(Arc::from(cause.into()))
    }
}
