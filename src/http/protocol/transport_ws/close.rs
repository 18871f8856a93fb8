//! Close codes of graphql-transport-ws and the few of WebSocket's own that are used.
//!
//! npm `graphql-ws` never connects again after 4400, 4401, 4406, 4409, 4429, 4500 and most of 1000–1999; it does after
//! 1001, 1013, 4403 and 4408.

use std::borrow::Cow;

/// The longest reason a close frame can carry: 125 bytes less two of the code.
pub const MAX_REASON_BYTES: usize = 123;

/// How a socket is closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Close {
    /// The code.
    pub code: u16,
    /// For a developer's eyes, at most [`MAX_REASON_BYTES`].
    pub reason: Cow<'static, str>,
}

impl Close {
    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }

    pub(super) const fn going_away() -> Self {
        Self::new(1001, "Going away")
    }

    pub(super) const fn message_too_big() -> Self {
        Self::new(1009, "Message too big")
    }

    pub(super) const fn try_again_later() -> Self {
        Self::new(1013, "Try again later")
    }

    /// `why` says what is wrong with the message, without a word of it.
    pub(super) fn invalid(why: &str) -> Self {
        Self { code: 4400, reason: shortened(format!("Invalid message: {why}")).into() }
    }

    pub(super) const fn unauthorized() -> Self {
        Self::new(4401, "Unauthorized")
    }

    pub(super) const fn forbidden() -> Self {
        Self::new(4403, "Forbidden")
    }

    pub(super) const fn token_ended() -> Self {
        Self::new(4403, "Token expired or revoked")
    }

    pub(super) const fn subprotocol_not_acceptable() -> Self {
        Self::new(4406, "Subprotocol not acceptable")
    }

    pub(super) const fn init_timeout() -> Self {
        Self::new(4408, "Connection initialisation timeout")
    }

    /// An id that does not fit is cut.
    pub(super) fn subscriber_exists(id: &str) -> Self {
        const AROUND: usize = "Subscriber for  already exists".len();
        let id = id.get(..id.floor_char_boundary(MAX_REASON_BYTES - AROUND)).unwrap_or_default();
        Self { code: 4409, reason: format!("Subscriber for {id} already exists").into() }
    }

    pub(super) const fn too_many_init_requests() -> Self {
        Self::new(4429, "Too many initialisation requests")
    }

    pub(super) const fn internal() -> Self {
        Self::new(4500, "Internal server error")
    }
}

fn shortened(mut reason: String) -> String {
    reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
    reason
}
