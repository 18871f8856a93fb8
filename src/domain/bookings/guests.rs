//! Booking without an account. A guest is made a patient of the organization with their first booking, and is that patient
//! from then on, by a token.

use uuid::Builder;

use crate::db::directory::organizations;
use crate::db::identity::patients::{self, NewGuest};
use crate::db::types::GuestBooking;
use crate::db::{DbError, OrgConn};
use crate::domain::Services;
use crate::domain::audit::{self, Deed, Entry};
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::identity::authorize::log_refusal;
use crate::domain::identity::{Action, Authorize};
use crate::kernel::actor::{Actor, Principal, Role};
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::{PatientId, RowId};
use crate::kernel::text;

use super::book::{BookSlot, BookingPatient};
use super::error::{Refusal, Refused};

const PATIENT: &str = "input.patient";
const LANGUAGE: &str = "input.patient.guest.language";
const REGION: &str = "input.patient.guest.region";

/// Who books, and for which patient: somebody without a role here who names a guest is that guest from here on.
pub(super) fn booker(ctx: &Ctx, services: &Services, input: &BookSlot) -> Result<(Ctx, PatientId), Error> {
    let guest = match (&input.patient, ctx.actor.patient) {
        (BookingPatient::Patient(patient), _) => return Ok((ctx.clone(), *patient)),
        (BookingPatient::Oneself, Some(own)) => return Ok((ctx.clone(), own)),
        (BookingPatient::Oneself, None) => {
            ctx.require(Action::Book)?;
            return Err(Error::invalid(PATIENT, "must name the patient"));
        }
        (BookingPatient::Guest(_), Some(_)) if ctx.actor.role <= Role::Patient => {
            return Err(Error::invalid(PATIENT, "must be left out by those who are a patient"));
        }
        (BookingPatient::Guest(guest), _) => guest,
    };
    let patient = patient_of(ctx, &input.key);
    // Without a signing key there is no token to give, and nobody becomes a guest.
    let has_token = services.guest_tokens.token(ctx.organization, patient).is_some();
    let is_new = ctx.actor.role == Role::Guest && has_token;
    let booker = if is_new { ctx.acted_by(Actor::guest(patient)) } else { ctx.clone() };
    booker.require(Action::CreatePatient)?;
    check(guest)?;
    // The key makes the patient, and whoever has it is answered the token: it must be nobody else's by chance.
    if !input.key.is_random_uuid() {
        let rule = "must be a random UUID, of version 4 or 7, for a guest";
        return Err(Error::invalid("input.clientMutationId", rule));
    }
    Ok((booker, patient))
}

fn check(guest: &NewGuest) -> Result<(), Error> {
    if let Some(language) = &guest.language {
        text::check(LANGUAGE, language, 2..=35)?;
    }
    let is_region = |code: &str| {
        let (country, part) = code.split_once('-').unwrap_or((code, "0"));
        let is_part = part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        country.len() == 2
            && country.bytes().all(|byte| byte.is_ascii_uppercase())
            && (1..=3).contains(&part.len())
            && is_part
    };
    match &guest.region {
        Some(code) if !is_region(code) => Err(Error::invalid(REGION, "must be an ISO 3166 code like DE or US-IL")),
        _ => Ok(()),
    }
}

/// The patient whom a request makes: the same for the same key, so that a repeated one finds them.
fn patient_of(ctx: &Ctx, key: &IdempotencyKey) -> PatientId {
    let text = format!("guest\n{}\n{}\n{}", ctx.organization, ctx.actor.principal, key.as_str());
    PatientId::from_uuid(Builder::from_custom_bytes(text::folded(&text)).into_uuid())
}

/// Refuses guests where the organization's policy does, or the organization is suspended.
pub(super) async fn require_policy(ctx: &Ctx, services: &Services) -> Result<(), Refused> {
    let organization = ctx.organization;
    let read = services
        .db
        .read::<_, DbError, _>(organization, async |conn| organizations::guest_booking(conn, organization).await);
    let policy = read.await?.ok_or(Error::NotFound)?;
    let refused: Refused = match policy {
        GuestBooking::Allowed => return Ok(()),
        GuestBooking::WithVerifiedContact => Refusal::ContactNotVerified.into(),
        GuestBooking::Refused if ctx.actor.principal == Principal::Anonymous => Error::Unauthenticated.into(),
        GuestBooking::Refused => Error::Forbidden.into(),
    };
    log_refusal(ctx, Action::Book);
    Err(refused)
}

/// Makes the guest a patient, in the transaction of the booking; answers whether it did, or there was nobody to make.
pub(super) async fn insert(
    conn: &mut OrgConn,
    ctx: &Ctx,
    for_whom: &BookingPatient,
    patient: PatientId,
) -> Result<bool, DbError> {
    let BookingPatient::Guest(guest) = for_whom else { return Ok(true) };
    let is_new = patients::insert_guest(conn, ctx.organization, patient, guest).await?;
    if is_new {
        let entry =
            Entry { deed: Deed::Created, operation: "bookSlot", entity: "Patient", id: patient.uuid(), fields: &[] };
        audit::record(conn, ctx, entry).await?;
    }
    Ok(is_new)
}

/// What a request says of a guest, to tell requests apart.
pub(super) fn request_fields(for_whom: &BookingPatient) -> Vec<String> {
    let BookingPatient::Guest(guest) = for_whom else { return vec![] };
    [&guest.language, &guest.region].map(|field| field.clone().unwrap_or_default()).to_vec()
}
