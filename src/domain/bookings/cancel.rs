//! Cancelling a booking.

use crate::db::bookings::rows;
use crate::db::bookings::write::{self, CancelOutcome, Cancellation, Outcome};
use crate::db::types::CancellationReason;
use crate::db::{DbError, Locks};
use crate::domain::Services;
use crate::domain::idempotency::{IdempotencyKey, asked};
use crate::domain::identity::policy::sight;
use crate::domain::identity::{Action, Authorize};
use crate::kernel::actor::Role;
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::{BookingId, ResourceId};

use super::error::{Refusal, Refused};
use super::{Booking, BookingStatus, view};

/// What to cancel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CancelBooking {
    /// The booking.
    pub booking: BookingId,
    /// The version it was based on.
    pub expected_version: i32,
    /// Why; PATIENT for patients and guests, PROVIDER for others without it.
    pub reason: Option<CancellationReason>,
    /// Idempotency key.
    pub key: IdempotencyKey,
}

/// Frees the time of a booking. Cancelling twice succeeds and changes nothing.
///
/// # Errors
/// `NotFound` for a booking that the caller may not know, `Forbidden` for one they may only see, `Conflict` for a key that
/// was used with other input, and a business refusal.
pub async fn cancel(ctx: &Ctx, services: &Services, input: &CancelBooking) -> Result<Outcome, Refused> {
    ctx.require_sign_in(Action::Cancel)?;
    let (booking, resources) = find(ctx, services, input.booking).await?;
    let belongs = view::belongs(&booking);
    ctx.require_of_known(Action::Cancel, &belongs)?;
    let is_bound = !ctx.may(Action::CancelLate, &belongs);
    if booking.version != input.expected_version && booking.status != BookingStatus::Cancelled {
        return Err(Refusal::StaleVersion.into());
    }
    free(ctx, services, input, &booking, &resources, is_bound).await
}

async fn find(ctx: &Ctx, services: &Services, id: BookingId) -> Result<(Booking, Vec<ResourceId>), Error> {
    services
        .db
        .read::<_, Error, _>(ctx.organization, async |conn| {
            let sight = sight(&ctx.actor, Action::ReadBooking);
            let found = rows::by_ids(conn, &[id], sight).await?.into_iter().next();
            let booking = ctx.known(Action::ReadBooking, found, view::belongs)?;
            Ok((booking, rows::resources_of(conn, id).await?))
        })
        .await
}

async fn free(
    ctx: &Ctx,
    services: &Services,
    input: &CancelBooking,
    booking: &Booking,
    resources: &[ResourceId],
    is_bound: bool,
) -> Result<Outcome, Refused> {
    let organization = ctx.organization;
    let reason = match (ctx.actor.role, input.reason) {
        (Role::Patient | Role::Guest, _) => CancellationReason::Patient,
        (_, reason) => reason.unwrap_or(CancellationReason::Provider),
    };
    let (id, version) = (booking.id.to_string(), input.expected_version.to_string());
    let asked = asked(ctx, &input.key, "cancelBooking", &[&id, &version, reason.word()]);
    let locks = locks(booking, resources).key(&asked.principal, &asked.key);
    let what = Cancellation {
        booking: booking.id,
        expected_version: input.expected_version,
        start: booking.starts_at,
        reason,
        is_bound,
    };
    let outcome = services
        .db
        .write::<_, DbError, _>(organization, locks, async |conn| write::cancel(conn, organization, what, &asked).await)
        .await?;
    answered(outcome)
}

/// Everybody whose time a booking takes.
fn locks(booking: &Booking, resources: &[ResourceId]) -> Locks {
    let patient = Locks::none().subject(booking.patient_id);
    let people = booking.provider_id.into_iter().fold(patient, Locks::subject);
    resources.iter().copied().fold(people, Locks::subject)
}

fn answered(outcome: CancelOutcome) -> Result<Outcome, Refused> {
    match outcome {
        CancelOutcome::Cancelled(outcome) => Ok(outcome),
        CancelOutcome::Stale => Err(Refusal::StaleVersion.into()),
        CancelOutcome::WrongStatus => Err(Refusal::WrongStatus.into()),
        CancelOutcome::TooLate => Err(Refusal::TooLate.into()),
        CancelOutcome::NotFound => Err(Error::NotFound.into()),
        CancelOutcome::KeyReused => Err(Error::Conflict.into()),
    }
}
