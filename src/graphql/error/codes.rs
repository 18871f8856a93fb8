//! The closed list of `extensions.code` of top-level errors.

use crate::kernel::error::Error;

/// Declares the list: each code with its word, when it comes, and what a client does about it.
macro_rules! codes {
    ($($(#[doc = $when:literal])+ $name:ident = $word:literal, $advice:literal;)+) => {
        /// What went wrong, named by what the caller can do.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Code { $($(#[doc = $when])+ $name),+ }

        impl Code {
            /// The whole list, in the order in which it is told.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The word that clients see.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// When it comes.
            #[must_use]
            pub fn when(self) -> &'static str {
                match self { $(Self::$name => concat!($($when),+)),+ }
            }

            /// What a client does about it.
            #[must_use]
            pub fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice),+ }
            }
        }
    };
}

codes! {
    /// The token, key or guest token is missing where one is needed, malformed, ended or revoked.
    Unauthenticated = "UNAUTHENTICATED", "Sign in again, then repeat the request.";
    /// The caller may know the thing, but not do this with it.
    Forbidden = "FORBIDDEN", "Do not repeat it; ask somebody with the right.";
    /// It does not exist, or the caller may not know that it does.
    NotFound = "NOT_FOUND", "Do not repeat it.";
    /// The document or a value of it breaks a rule. `field` is the path of the value, `fields` the paths where there are several.
    BadUserInput = "BAD_USER_INPUT", "Change the input; the message names the rule.";
    /// The idempotency key was used with other input.
    Conflict = "CONFLICT", "Choose another key.";
    /// The document asks for more than a limit allows. `limit` names it, `allowed` and `asked` are the numbers.
    CostLimit = "COST_LIMIT", "Ask for less: smaller pages, fewer fields, several requests.";
    /// The caller's quota is used up, or there are too many streams on one socket. `retryAfterSeconds` tells when to come back.
    RateLimited = "RATE_LIMITED", "Wait as long as it says (also in `Retry-After`), or end a stream.";
    /// The document is named by a hash or an id that nobody knows.
    PersistedQueryNotFound = "PERSISTED_QUERY_NOT_FOUND", "Send its text with the hash; client libraries do so by themselves.";
    /// Documents are not taken by hashes that clients give.
    PersistedQueryNotSupported = "PERSISTED_QUERY_NOT_SUPPORTED", "Send texts; client libraries do so by themselves.";
    /// It took longer than it may. A mutation may have happened all the same.
    Timeout = "TIMEOUT", "Repeat it with the same idempotency key, or ask for less.";
    /// Something the server needs is away, or the server has as much to do as it can.
    Unavailable = "UNAVAILABLE", "Repeat it after a moment (`Retry-After`), mutations with the same idempotency key.";
    /// A defect. The server's log has the cause under the `requestId`.
    Internal = "INTERNAL", "Report it with the `requestId`.";
}

impl Code {
    /// The code of a failure.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        match error {
            Error::Unauthenticated => Self::Unauthenticated,
            Error::Forbidden => Self::Forbidden,
            Error::NotFound => Self::NotFound,
            Error::Invalid(_) => Self::BadUserInput,
            Error::Conflict => Self::Conflict,
            Error::TooCostly(_) => Self::CostLimit,
            Error::TooMany | Error::RateLimited(_) => Self::RateLimited,
            Error::UnknownDocument => Self::PersistedQueryNotFound,
            Error::NoHashes => Self::PersistedQueryNotSupported,
            Error::Timeout => Self::Timeout,
            Error::Unavailable | Error::Busy => Self::Unavailable,
            Error::Internal(_) => Self::Internal,
        }
    }
}
