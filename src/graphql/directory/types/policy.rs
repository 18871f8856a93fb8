//! Rules of booking.

use async_graphql::{InputObject, SimpleObject};

use crate::domain::directory::change_organization::{ChangeCancellation, ChangePolicy};
use crate::domain::directory::{self, span};
use crate::graphql::scalars::Duration;
use crate::graphql::words::mirrored;

mirrored! {
    /// Whether guests may book.
    GuestBooking of directory::GuestBooking {
        /// Only signed-in users.
        Refused,
        /// After their contact was verified. Codes are not sent yet: guests are refused with CONTACT_NOT_VERIFIED.
        WithVerifiedContact,
        /// Without verification.
        Allowed,
    }
    /// What happens to a cancellation after the deadline.
    LateCancellation of directory::LateCancellation {
        /// It is refused; the patient calls the location.
        Refuse,
        /// It is done and marked with a late fee.
        FlagLateFee,
        /// It is done and marked late.
        Allow,
    }
}

/// Rules of booking.
#[derive(SimpleObject, Clone, Debug)]
pub struct BookingPolicy {
    /// Whether guests may book.
    guest_booking: GuestBooking,
    /// Life of a hold.
    hold_ttl: Duration,
    /// Longest life of a hold with renewals.
    hold_maximum: Duration,
    /// Active holds that one principal may have at once.
    holds_per_principal: i32,
    /// Rules of cancelling and rescheduling.
    cancellation: CancellationPolicy,
    /// Time to answer a waitlist offer.
    offer_ttl: Duration,
}

/// Rules of cancelling and rescheduling by patients and guests.
#[derive(SimpleObject, Clone, Debug)]
pub struct CancellationPolicy {
    /// Time before the start until which it is free of consequence.
    deadline: Duration,
    /// What happens later than that.
    after_deadline: LateCancellation,
    /// Times that one booking may be moved, 0 to 20.
    reschedule_limit: i32,
}

impl From<&directory::Policy> for BookingPolicy {
    fn from(row: &directory::Policy) -> Self {
        Self {
            guest_booking: row.guest_booking.into(),
            hold_ttl: Duration(span(row.hold_ttl)),
            hold_maximum: Duration(span(row.hold_maximum)),
            holds_per_principal: row.holds_per_principal.into(),
            cancellation: CancellationPolicy {
                deadline: Duration(span(row.cancellation_notice)),
                after_deadline: row.late_cancellation.into(),
                reschedule_limit: row.reschedule_limit.into(),
            },
            offer_ttl: Duration(span(row.offer_ttl)),
        }
    }
}

/// Rules of booking. What is left out stays.
#[derive(InputObject)]
pub struct BookingPolicyInput {
    /// Whether guests may book.
    guest_booking: Option<GuestBooking>,
    /// Life of a hold, PT1M to PT30M.
    hold_ttl: Option<Duration>,
    /// Longest life of a hold with renewals, at most PT2H.
    hold_maximum: Option<Duration>,
    /// Active holds per principal, 1 to 20.
    holds_per_principal: Option<i32>,
    /// Rules of cancelling and rescheduling.
    cancellation: Option<CancellationPolicyInput>,
    /// Time to answer a waitlist offer, PT5M to PT24H.
    offer_ttl: Option<Duration>,
}

/// Rules of cancelling and rescheduling by patients and guests.
#[derive(InputObject)]
pub struct CancellationPolicyInput {
    /// Time before the start until which it is free of consequence, at most P30D.
    deadline: Duration,
    /// What happens later than that.
    after_deadline: LateCancellation,
    /// Times that one booking may be moved, 0 to 20.
    #[graphql(default = 3)]
    reschedule_limit: i32,
}

impl From<BookingPolicyInput> for ChangePolicy {
    fn from(input: BookingPolicyInput) -> Self {
        Self {
            guest_booking: input.guest_booking.map(Into::into),
            hold_ttl: input.hold_ttl.map(|span| span.0),
            hold_maximum: input.hold_maximum.map(|span| span.0),
            holds_per_principal: input.holds_per_principal,
            cancellation: input.cancellation.map(|rules| ChangeCancellation {
                deadline: rules.deadline.0,
                after_deadline: rules.after_deadline.into(),
                reschedule_limit: rules.reschedule_limit,
            }),
            offer_ttl: input.offer_ttl.map(|span| span.0),
        }
    }
}
