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
use crate::domain::idempotency::{IdempotencyKey, asked, recall};
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
    pub patient: BookingPatient,
    /// First visit: its own length.
    pub is_new_patient: bool,
    /// Idempotency key.
    pub key: IdempotencyKey,
}

/// For whom a slot is booked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BookingPatient {
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
    /// The guest who booked it.
    pub guest: Option<BookedGuest>,
}

/// A guest who has booked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BookedGuest {
    /// Who they are from now on.
    pub actor: Actor,
    /// The bearer token that proves it.
    pub token: String,
}

/// Takes the slot, and those that follow it if the service is longer, for a patient. A guest is made a patient with it.
///
/// The same key with the same input answers the stored outcome again. Nothing is changed by a refusal.
///
/// # Errors
/// `Unauthenticated` and `Forbidden` for those who may not book, guests among them where the policy says so; `NotFound` for
/// a slot, service or patient that the caller may not know, `Invalid` naming a field, `Conflict` for a key that was used
/// with other input, and a business refusal with near free slots.
pub async fn book(ctx: &Ctx, services: &Services, input: &BookSlot) -> Result<Booked, Refused> {
    let (booker, patient) = guests::booker(ctx, services, input)?;
    booker.require(Action::Book)?;
    let asked = asked(&booker, &input.key, "bookSlot", &request_fields(input, patient));
    let outcome = match prepare(ctx, &booker, services, input, patient).await {
        Ok(plan) => take(&booker, services, &asked, &plan).await?,
        Err(failed @ Refused::Failed(Error::Unavailable | Error::Internal(_))) => return Err(failed),
        // Much may have changed since the same request was let through: what it did stands, and it is answered so.
        Err(refused) => repeated(&booker, services, &asked).await?.ok_or(refused)?,
    };
    let token = services.guest_tokens.token(ctx.organization, patient).filter(|_| booker.actor.role == Role::Guest);
    Ok(Booked { outcome, guest: token.map(|token| BookedGuest { actor: booker.actor, token }) })
}

/// What is asked, in an order that stays.
fn request_fields(input: &BookSlot, patient: PatientId) -> Vec<String> {
    let service = input.service.map(|service| service.to_string()).unwrap_or_default();
    let mut fields = vec![input.slot.to_string(), service, patient.to_string(), input.is_new_patient.to_string()];
    fields.extend(guests::request_fields(&input.patient));
    fields
}

/// The outcome of the same request before.
async fn repeated(ctx: &Ctx, services: &Services, asked: &Asked) -> Result<Option<Outcome>, Refused> {
    let read = services.db.read::<_, Error, _>(ctx.organization, async |conn| recall(conn, asked).await);
    Ok(read.await?)
}

/// What to do behind the locks, if the caller may do it at all; `ctx` says who came, `booker` who books.
async fn prepare<'a>(
    ctx: &Ctx,
    booker: &Ctx,
    services: &Services,
    input: &'a BookSlot,
    patient: PatientId,
) -> Result<Plan<'a>, Refused> {
    if booker.actor.role == Role::Guest {
        guests::require_policy(ctx, services).await?;
    }
    let start = input.slot.start().ok_or(Error::NotFound)?;
    let target = find(booker, services, input, patient).await?;
    let wish = Wish {
        slot: input.slot,
        start,
        provider: target.slot.provider_id,
        service: target.service,
        patient,
        is_new_patient: input.is_new_patient,
    };
    Ok(Plan { input, wish, resources: target.resources })
}

/// What to do behind the locks.
struct Plan<'a> {
    input: &'a BookSlot,
    wish: Wish,
    resources: Vec<ResourceId>,
}

/// What must be known before the locks can be taken.
struct Target {
    slot: SlotRow,
    service: ServiceId,
    resources: Vec<ResourceId>,
}

async fn find(ctx: &Ctx, services: &Services, input: &BookSlot, patient: PatientId) -> Result<Target, Error> {
    let organization = ctx.organization;
    services
        .db
        .read::<_, Error, _>(organization, async |conn| {
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
                    return Err(Error::NotFound);
                }
                Some(service) => service,
                None => only_service(service_rows::of_schedules(conn, &[slot.schedule_id]).await?.iter())?,
            };
            // A guest who is named is made with the booking.
            let is_named = matches!(input.patient, BookingPatient::Guest(_));
            if !is_named && !patients::exists(conn, patient).await? {
                return Err(Error::NotFound);
            }
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

async fn take(ctx: &Ctx, services: &Services, asked: &Asked, plan: &Plan<'_>) -> Result<Outcome, Refused> {
    for _ in 0..REFERENCES {
        match attempt(ctx, services, asked, plan).await {
            Err(Taken::Reference) => {}
            Err(Taken::Refused(refused)) => return Err(refused),
            Ok(outcome) => return Ok(outcome),
        }
    }
    Err(Error::internal("no free reference").into())
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

async fn attempt(ctx: &Ctx, services: &Services, asked: &Asked, plan: &Plan<'_>) -> Result<Outcome, Taken> {
    let (organization, wish) = (ctx.organization, plan.wish);
    let reference = reference().map_err(|error| Taken::Refused(error.into()))?;
    let mut locks = Locks::none().subject(wish.provider).subject(wish.patient).key(&asked.principal, &asked.key);
    for resource in &plan.resources {
        locks = locks.subject(*resource);
    }
    services
        .db
        .write::<_, Taken, _>(organization, locks, async |conn| {
            let was_known = !guests::insert(conn, ctx, &plan.input.patient, wish.patient).await?;
            let new = NewBooking {
                slot: wish.slot,
                start: wish.start,
                service: wish.service,
                patient: wish.patient,
                is_new_patient: wish.is_new_patient,
                reference: &reference,
            };
            match write::book(conn, organization, new, asked).await? {
                // The key made somebody in another request, who need not be a guest any more: they are not booked for.
                BookOutcome::Booked(_) if was_known => Err(Taken::Refused(Error::Conflict.into())),
                BookOutcome::Booked(outcome) | BookOutcome::Replayed(outcome) => Ok(outcome),
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
    Ok(spelled(random))
}

/// The reference of a number below 2^40: no two have the same.
pub(in crate::domain) fn reference_of(number: u64) -> String {
    spelled(std::array::from_fn(|place| (number >> (5 * place) & 31).to_le_bytes()[0]))
}

fn spelled(letters: [u8; 8]) -> String {
    letters.iter().map(|letter| char::from(ALPHABET[usize::from(letter % 32)])).collect()
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
