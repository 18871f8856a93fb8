//! Booking a slot.

use crate::db::availability::slots::{self, SlotRow};
use crate::db::bookings::explain::{self, Reasons, Wish};
use crate::db::bookings::rows;
use crate::db::bookings::write::{self, BookOutcome, NewBooking, Outcome};
use crate::db::directory::services as service_rows;
use crate::db::idempotency::Asked;
use crate::db::identity::patients;
pub use crate::db::identity::patients::NewGuest;
use crate::db::{DbError, Locks, Violation};
use crate::domain::Services;
use crate::domain::idempotency::{IdempotencyKey, asked};
use crate::domain::identity::policy::Belongs;
use crate::domain::identity::{Action, Authorize};
use crate::kernel::actor::{Actor, Role};
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::{PatientId, ResourceId, ServiceId, SlotId};

use super::error::{Refusal, Refused};
use super::guests;

/// Near free slots that a refusal offers.
const ALTERNATIVES: i64 = 5;
/// Tries to find a reference that is not taken; each is one in 2^40.
const REFERENCES: usize = 3;
/// Letters and digits of references, without those that are mistaken for each other.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// What to book.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BookSlot {
    /// First slot.
    pub slot: SlotId,
    /// For what; needed when the schedule offers several.
    pub service: Option<ServiceId>,
    /// For whom.
    pub patient: ForWhom,
    /// First visit: its own length.
    pub is_new_patient: bool,
    /// Idempotency key.
    pub key: IdempotencyKey,
}

/// For whom a slot is booked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ForWhom {
    /// The patient that the caller is.
    Oneself,
    /// A known patient.
    Patient(PatientId),
    /// Somebody without an account; the caller themselves, or for STAFF whoever called.
    Guest(NewGuest),
}

/// A slot that is taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Booked {
    /// What was done, now or by the same request before.
    pub outcome: Outcome,
    /// The guest who booked it, as who they are from now on.
    pub guest: Option<Actor>,
    /// Their token.
    pub guest_token: Option<String>,
}

/// Takes the slot, and those that follow it if the service is longer, for a patient.
///
/// The same key with the same input answers the stored outcome again. Nothing is changed by a refusal.
///
/// # Errors
/// `NotFound` for a slot, service or patient that the caller may not know, `Invalid` naming a field, `Conflict` for a key
/// that was used with other input, and a business refusal with near free slots.
pub async fn book(ctx: &Ctx, services: &Services, input: &BookSlot) -> Result<Booked, Refused> {
    let (ctx, patient) = guests::booking_for(ctx, services, input)?;
    let outcome = book_for(&ctx, services, input, patient).await?;
    let guest = (ctx.actor.role == Role::Guest).then_some(ctx.actor);
    let guest_token = guest.as_ref().and_then(|_| services.guest_tokens.token(ctx.organization, patient));
    Ok(Booked { outcome, guest, guest_token })
}

async fn book_for(ctx: &Ctx, services: &Services, input: &BookSlot, patient: PatientId) -> Result<Outcome, Refused> {
    ctx.require(Action::Book)?;
    let start = input.slot.start().ok_or(Error::NotFound)?;
    let target = find(ctx, services, input, patient).await?;
    let wish = Wish {
        slot: input.slot,
        start,
        provider: target.slot.provider_id,
        service: target.service,
        patient,
        is_new_patient: input.is_new_patient,
    };
    take(ctx, services, input, wish, &target.resources).await
}

/// What must be known before the locks can be taken.
struct Target {
    slot: SlotRow,
    service: ServiceId,
    resources: Vec<ResourceId>,
}

async fn find(ctx: &Ctx, services: &Services, input: &BookSlot, patient: PatientId) -> Result<Target, Refused> {
    let organization = ctx.organization;
    services
        .db
        .read::<_, Refused, _>(organization, async |conn| {
            let found = slots::by_ids(conn, organization, &[input.slot]).await?;
            let slot = found.into_iter().next().ok_or(Error::NotFound)?;
            let belongs = Belongs {
                patient: Some(patient),
                location: Some(slot.location_id),
                provider: Some(slot.provider_id),
                ..Belongs::default()
            };
            // Before the patient is looked up: the time of the answer must not tell whether there is one.
            ctx.require_with(Action::Book, &belongs)?;
            let service = match input.service {
                Some(service) if service_rows::by_ids(conn, &[service]).await?.is_empty() => {
                    return Err(Error::NotFound.into());
                }
                Some(service) => service,
                None => only_service(service_rows::of_schedules(conn, &[slot.schedule_id]).await?.iter())?,
            };
            let is_known = !patients::by_ids(conn, &[patient]).await?.is_empty();
            guests::may_book(conn, ctx, input, is_known).await?;
            let resources = rows::resources_required(conn, service).await?;
            Ok(Target { slot, service, resources })
        })
        .await
}

fn only_service<'a>(
    mut offered: impl Iterator<Item = &'a (crate::kernel::ids::ScheduleId, service_rows::ServiceRow)>,
) -> Result<ServiceId, Error> {
    match (offered.next(), offered.next()) {
        (Some((_, only)), None) => Ok(only.id),
        _ => Err(Error::invalid("input.serviceId", "must name one of the services that the schedule offers")),
    }
}

async fn take(
    ctx: &Ctx,
    services: &Services,
    input: &BookSlot,
    wish: Wish,
    resources: &[ResourceId],
) -> Result<Outcome, Refused> {
    let (slot, service, patient) = (input.slot.to_string(), wish.service.to_string(), wish.patient.to_string());
    let is_new_patient = input.is_new_patient.to_string();
    let mut fields = vec![slot.as_str(), &service, &patient, &is_new_patient];
    fields.extend(guests::fields(&input.patient));
    let asked = asked(ctx, &input.key, "bookSlot", &fields);
    for _ in 1..REFERENCES {
        match attempt(ctx, services, &asked, input, wish, resources).await {
            Err(Taken::Reference) => {}
            Err(Taken::Refused(refused)) => return Err(refused),
            Ok(outcome) => return Ok(outcome),
        }
    }
    match attempt(ctx, services, &asked, input, wish, resources).await {
        Ok(outcome) => Ok(outcome),
        Err(Taken::Refused(refused)) => Err(refused),
        Err(Taken::Reference) => Err(Error::internal("no free reference").into()),
    }
}

/// Why an attempt did not book.
enum Taken {
    /// The reference was in use: take another.
    Reference,
    /// For good.
    Refused(Refused),
}

impl From<DbError> for Taken {
    fn from(error: DbError) -> Self {
        match error.violation() {
            Some(Violation::Other(name)) if name == "bookings_reference_key" => Self::Reference,
            // The constraint speaks only where somebody went past the locks: the time is taken all the same.
            Some(Violation::OccupanciesOverlap) => Self::Refused(Refusal::SlotTaken.into()),
            Some(Violation::SeatTaken) => Self::Refused(Refusal::CapacityFull.into()),
            _ => Self::Refused(error.into()),
        }
    }
}

async fn attempt(
    ctx: &Ctx,
    services: &Services,
    asked: &Asked<'_>,
    input: &BookSlot,
    wish: Wish,
    resources: &[ResourceId],
) -> Result<Outcome, Taken> {
    let organization = ctx.organization;
    let reference = reference().map_err(|error| Taken::Refused(error.into()))?;
    let mut locks = Locks::none().subject(wish.provider).subject(wish.patient).key(&asked.principal, asked.key);
    for resource in resources {
        locks = locks.subject(*resource);
    }
    services
        .db
        .write::<_, Taken, _>(organization, locks, async |conn| {
            guests::make(conn, ctx, &input.patient, wish.patient).await?;
            let new = NewBooking {
                slot: wish.slot,
                start: wish.start,
                service: wish.service,
                patient: wish.patient,
                is_new_patient: wish.is_new_patient,
                reference: &reference,
            };
            match write::book(conn, organization, new, asked).await? {
                BookOutcome::Booked(outcome) => Ok(outcome),
                BookOutcome::KeyReused => Err(Taken::Refused(Error::Conflict.into())),
                BookOutcome::Refused => {
                    // Behind the same locks: what is said is what the booking saw.
                    let reasons = explain::why(conn, organization, wish).await?;
                    let near = explain::alternatives(conn, organization, wish, ALTERNATIVES).await?;
                    Err(Taken::Refused(refused(&reasons, near)))
                }
            }
        })
        .await
}

/// The strongest of the rules that say no.
fn refused(reasons: &Reasons, near: Vec<SlotId>) -> Refused {
    let rules = [
        (reasons.is_retired, Refusal::SlotBlocked),
        (reasons.is_not_offered, Refusal::ServiceNotOffered),
        (reasons.is_past, Refusal::SlotInPast),
        (reasons.is_too_soon, Refusal::TooSoon),
        (reasons.is_too_far, Refusal::TooFarAhead),
        (reasons.is_closed_to_new_patients, Refusal::NotAcceptingNewPatients),
        (reasons.is_full, Refusal::CapacityFull),
        (reasons.is_taken, Refusal::SlotTaken),
        (reasons.is_blocked, Refusal::SlotBlocked),
        (reasons.is_resource_busy, Refusal::ResourceBusy),
        (reasons.is_patient_busy, Refusal::PatientBusy),
    ];
    if reasons.is_unknown {
        return Error::NotFound.into();
    }
    // None says no any more: whoever was in the way has gone between the two statements.
    let strongest = rules.into_iter().find(|(broken, _)| *broken).map_or(Refusal::SlotTaken, |(_, refusal)| refusal);
    Refused::Business(strongest, near)
}

fn reference() -> Result<String, Error> {
    let mut random = [0; 8];
    aws_lc_rs::rand::fill(&mut random).map_err(Error::internal)?;
    Ok(random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn reference_has_eight_clear_letters_or_digits() {
        let reference = super::reference().unwrap_or_default();
        assert_eq!(reference.len(), 8);
        assert!(reference.bytes().all(|byte| super::ALPHABET.contains(&byte)), "{reference}");
    }
}
