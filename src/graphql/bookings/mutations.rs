//! Mutations of bookings.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, OneofObject};

use crate::domain::bookings::book::{self, BookSlot, Booked, BookingPatient, NewGuest};
use crate::domain::bookings::cancel::{self, CancelBooking};
use crate::domain::bookings::{Refusal, Refused};
use crate::graphql::availability::types::Slot;
use crate::graphql::context::{Scope, scope_of_id};
use crate::graphql::mutation::{after, key, same_organization, shown};
use crate::graphql::scalars::{LanguageTag, RegionCode, Version};
use crate::kernel::error::Error;
use crate::kernel::ids::{BookingId, SlotId};
use crate::kernel::position::AvailabilityVersion;

use super::types::{
    BookSlotPayload, BookSlotUserError, Booking, CancelBookingPayload, CancelBookingUserError, CancellationReason,
};

/// What to take, in exactly one form.
#[derive(OneofObject)]
pub enum SlotChoiceInput {
    /// This slot, and those that follow it if the service is longer.
    Id(ID),
}

/// For whom, in exactly one form.
#[derive(OneofObject)]
pub enum BookingPatientInput {
    /// A known patient: oneself, or anyone for STAFF, ADMIN and INTEGRATOR.
    Id(ID),
    /// A guest: the caller without an account; for STAFF, ADMIN and INTEGRATOR, the person they book for.
    Guest(GuestInput),
}

/// A guest. Kept as a patient of the organization.
#[derive(InputObject)]
pub struct GuestInput {
    /// Language of messages.
    language: Option<LanguageTag>,
    /// Where the guest is, for licensure.
    region: Option<RegionCode>,
}

/// What `bookSlot` takes.
#[derive(InputObject)]
pub struct BookSlotInput {
    /// The time to take.
    slot: SlotChoiceInput,
    /// For what; needed when the schedule offers several.
    service_id: Option<ID>,
    /// For whom; the viewer's own patient without it.
    patient: Option<BookingPatientInput>,
    /// First visit: its own length.
    #[graphql(default)]
    is_new_patient: bool,
    /// Idempotency key, 1 to 200 characters, kept 24 hours: same key and input replay the stored outcome, another input is
    /// CONFLICT. Same as the `Idempotency-Key` header. A guest without a token must send a random UUID, of version 4 or 7:
    /// whoever has it is answered the token too.
    client_mutation_id: Option<String>,
}

/// What `cancelBooking` takes.
#[derive(InputObject)]
pub struct CancelBookingInput {
    /// The booking, by global id.
    booking_id: ID,
    /// Why; PATIENT for patients and guests, PROVIDER for others without it.
    reason: Option<CancellationReason>,
    /// The booking's `version` that the change is based on; another current version refuses with STALE_VERSION.
    expected_version: i32,
    /// Idempotency key, 1 to 200 characters, kept 24 hours: same key and input replay the stored outcome, another input is
    /// CONFLICT. Same as the `Idempotency-Key` header.
    client_mutation_id: Option<String>,
}

/// Mutations of bookings.
#[derive(Default)]
pub struct BookingMutation;

/// Mutations of bookings.
#[Object]
impl BookingMutation {
    /// Books in one step. The patient, STAFF of the location, ADMIN, INTEGRATOR with BOOKINGS_WRITE, and guests where the
    /// organization's policy lets them.
    async fn book_slot(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to book.")] input: BookSlotInput,
    ) -> Result<Option<BookSlotPayload>, Error> {
        let client_mutation_id = input.client_mutation_id.clone();
        let (scope, parsed) = parse_booking(ctx, input)?;
        let outcome = book::book(&scope.ctx, &scope.services, &parsed).await;
        let scope = after(ctx, scope.ctx.organization)?;
        let mut payload = match outcome {
            Ok(booked) => booked_payload(ctx, scope, booked).await,
            Err(Refused::Business(refusal, near)) => refused_payload(scope, refusal, near).await?,
            Err(Refused::Failed(error)) => return Err(error),
        };
        payload.client_mutation_id = client_mutation_id;
        Ok(Some(payload))
    }

    /// Cancels and frees the slot. Cancelling twice succeeds and changes nothing. The patient, the guest with their token,
    /// STAFF of the location, ADMIN, and INTEGRATOR with BOOKINGS_WRITE.
    async fn cancel_booking(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to cancel.")] input: CancelBookingInput,
    ) -> Result<Option<CancelBookingPayload>, Error> {
        let (scope, id) = scope_of_id::<BookingId>(ctx, "input.bookingId", &input.booking_id)?;
        let parsed = CancelBooking {
            booking: id,
            expected_version: input.expected_version,
            reason: input.reason.map(Into::into),
            key: key(ctx, input.client_mutation_id.as_deref())?,
        };
        let outcome = cancel::cancel(&scope.ctx, &scope.services, &parsed).await;
        let scope = after(ctx, scope.ctx.organization)?;
        let mut payload = CancelBookingPayload {
            booking: None,
            availability_version: None,
            client_mutation_id: input.client_mutation_id,
            user_errors: vec![],
        };
        match outcome {
            Ok(outcome) => {
                payload.availability_version = outcome.xid().map(|xid| Version(AvailabilityVersion(xid)));
            }
            Err(Refused::Business(refusal, _)) => {
                payload.user_errors.push(CancelBookingUserError::try_from(refusal)?);
            }
            Err(Refused::Failed(error)) => return Err(error),
        }
        payload.booking = shown(ctx, booking(&scope, id).await);
        Ok(Some(payload))
    }
}

fn parse_booking(ctx: &Context<'_>, input: BookSlotInput) -> Result<(Arc<Scope>, BookSlot), Error> {
    let SlotChoiceInput::Id(slot) = &input.slot;
    let (scope, slot) = scope_of_id::<SlotId>(ctx, "input.slot.id", slot)?;
    let service = input.service_id.map(|id| same_organization(&scope, "input.serviceId", &id)).transpose()?;
    let patient = patient(&scope, input.patient)?;
    let key = key(ctx, input.client_mutation_id.as_deref())?;
    Ok((scope, BookSlot { slot, service, patient, is_new_patient: input.is_new_patient, key }))
}

async fn booked_payload(ctx: &Context<'_>, scope: Arc<Scope>, booked: Booked) -> BookSlotPayload {
    let Booked { outcome, guest } = booked;
    let (scope, guest_token) = match guest {
        None => (scope, None),
        Some(guest) => (Scope::new(scope.ctx.acted_by(guest.actor), scope.services.clone()), Some(guest.token)),
    };
    BookSlotPayload {
        booking: shown(ctx, booking(&scope, outcome.booking).await),
        guest_token,
        availability_version: outcome.xid().map(|xid| Version(AvailabilityVersion(xid))),
        ..BookSlotPayload::default()
    }
}

async fn refused_payload(scope: Arc<Scope>, refusal: Refusal, near: Vec<SlotId>) -> Result<BookSlotPayload, Error> {
    let user_errors = vec![BookSlotUserError::try_from(refusal)?];
    let slots = scope.loaders.slots.many(near).await?;
    let alternatives = slots.into_iter().flatten().map(|slot| Slot { scope: scope.clone(), slot }).collect();
    Ok(BookSlotPayload { alternatives, user_errors, ..BookSlotPayload::default() })
}

fn patient(scope: &Scope, patient: Option<BookingPatientInput>) -> Result<BookingPatient, Error> {
    Ok(match patient {
        None => BookingPatient::Oneself,
        Some(BookingPatientInput::Id(id)) => {
            BookingPatient::Patient(same_organization(scope, "input.patient.id", &id)?)
        }
        Some(BookingPatientInput::Guest(guest)) => BookingPatient::Guest(NewGuest {
            language: guest.language.map(|tag| tag.0),
            region: guest.region.map(|code| code.0),
        }),
    })
}

async fn booking(scope: &Arc<Scope>, id: BookingId) -> Result<Option<Booking>, Error> {
    let row = scope.loaders.bookings.one(id).await?;
    Ok(row.map(|row| Booking { scope: scope.clone(), row }))
}
