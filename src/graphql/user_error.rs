//! The shape of a business refusal: data in the payload of a mutation, with a code of that mutation's own list.

use async_graphql::Interface;

use super::bookings::types::{BookSlotUserError, CancelBookingUserError};
use super::directory::mutations::ChangeOrganizationUserError;
use super::identity::payloads::{
    ChangeMemberUserError, InviteMemberUserError, RemoveMemberUserError, RotateApiKeyUserError,
};

/// A business refusal. Each mutation's own type adds its `code`.
#[derive(Interface)]
#[graphql(
    field(
        name = "field",
        ty = "&Option<Vec<String>>",
        desc = "Path of the input field at fault, from `input` on; null when no single field is."
    ),
    field(name = "message", ty = "&String", desc = "Plain sentence; without PHI.")
)]
pub enum UserError {
    /// Of `bookSlot`.
    BookSlot(BookSlotUserError),
    /// Of `cancelBooking`.
    CancelBooking(CancelBookingUserError),
    /// Of `inviteMember`.
    InviteMember(InviteMemberUserError),
    /// Of `changeMember`.
    ChangeMember(ChangeMemberUserError),
    /// Of `removeMember`.
    RemoveMember(RemoveMemberUserError),
    /// Of `rotateApiKey`.
    RotateApiKey(RotateApiKeyUserError),
    /// Of `changeOrganization`.
    ChangeOrganization(ChangeOrganizationUserError),
}

/// Declares the error of one mutation: its codes, and which refusal becomes which, at which field.
macro_rules! user_errors {
    ($(#[$doc:meta])* $error:ident, $(#[$code_doc:meta])* $code:ident of $refusal:ident {
        $($(#[$word_doc:meta])* $variant:ident at $field:expr),+ $(,)?
    }) => {
        $(#[$code_doc])*
        #[derive(async_graphql::Enum, Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $code { $($(#[$word_doc])* $variant),+ }

        $(#[$doc])*
        #[derive(async_graphql::SimpleObject, Clone, Debug)]
        pub struct $error {
            /// Stable code to branch on.
            pub code: $code,
            /// Path of the input field at fault, from `input` on; null when no single field is.
            pub field: Option<Vec<String>>,
            /// Plain sentence; without PHI.
            pub message: String,
        }

        impl TryFrom<$refusal> for $error {
            type Error = $crate::kernel::error::Error;

            /// A refusal that this mutation cannot have is a defect.
            fn try_from(refusal: $refusal) -> Result<Self, $crate::kernel::error::Error> {
                #[allow(unreachable_patterns, reason = "one mutation may have every refusal")]
                let (code, field): ($code, Option<&str>) = match refusal {
                    $($refusal::$variant => ($code::$variant, $field),)+
                    other => return Err($crate::kernel::error::Error::internal(format!("{other:?} refused a mutation that cannot have it"))),
                };
                let field = field.map(|path| path.split('.').map(str::to_owned).collect());
                Ok(Self { code, field, message: refusal.sentence().to_owned() })
            }
        }
    };
}
pub(in crate::graphql) use user_errors;
