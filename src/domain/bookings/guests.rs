//! Booking without an account. A guest is made a patient of the organization with their first booking, and is that patient
//! from then on, by a token.

use aws_lc_rs::digest::{SHA256, digest};
use uuid::{Builder, Uuid};

use crate::db::OrgConn;
use crate::db::directory::organizations;
use crate::db::identity::patients::{self, NewGuest};
use crate::db::types::GuestBooking;
use crate::domain::Services;
use crate::domain::audit::{self, Deed, Entry};
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::identity::{Action, Authorize};
use crate::kernel::actor::{Actor, Role};
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::{PatientId, RowId};
use crate::kernel::text;

use super::book::{BookSlot, ForWhom};
use super::error::{Refusal, Refused};

const PATIENT: &str = "input.patient";
const LANGUAGE: &str = "input.patient.guest.language";
const REGION: &str = "input.patient.guest.region";

/// Who books, and for which patient: somebody without a role here who names a guest is that guest from here on.
pub(super) fn booking_for(ctx: &Ctx, services: &Services, input: &BookSlot) -> Result<(Ctx, PatientId), Error> {
    let guest = match (&input.patient, ctx.actor.patient) {
        (ForWhom::Patient(patient), _) => return Ok((ctx.clone(), *patient)),
        (ForWhom::Oneself, Some(own)) => return Ok((ctx.clone(), own)),
        (ForWhom::Oneself, None) => {
            ctx.require(Action::Book)?;
            return Err(Error::invalid(PATIENT, "must name the patient"));
        }
        (ForWhom::Guest(_), Some(_)) if ctx.actor.role <= Role::Patient => {
            return Err(Error::invalid(PATIENT, "must be left out by those who are a patient"));
        }
        (ForWhom::Guest(guest), _) => guest,
    };
    check(guest)?;
    let patient = patient_of(ctx, &input.key);
    if ctx.actor.role != Role::Guest {
        return Ok((ctx.clone(), patient));
    }
    if services.guest_tokens.token(ctx.organization, patient).is_none() {
        ctx.require(Action::Book)?;
    }
    // Whoever knows the key is answered the token when they repeat the request.
    if !input.key.is_random_uuid() {
        let rule = "must be a random UUID, of version 4 or 7, when a guest books";
        return Err(Error::invalid("input.clientMutationId", rule));
    }
    Ok((ctx.acted_by(Actor::guest_who_is(patient)), patient))
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
    let mut folded = [0; 16];
    folded.iter_mut().zip(digest(&SHA256, text.as_bytes()).as_ref()).for_each(|(to, from)| *to = *from);
    let raw: Uuid = Builder::from_custom_bytes(folded).into_uuid();
    PatientId::from_uuid(raw)
}

/// Refuses a patient who does not exist, and guests where the organization's policy does.
pub(super) async fn may_book(conn: &mut OrgConn, ctx: &Ctx, input: &BookSlot, is_known: bool) -> Result<(), Refused> {
    let is_named = matches!(input.patient, ForWhom::Guest(_));
    if !is_named && !is_known {
        return Err(Error::NotFound.into());
    }
    // One who names themselves and is known repeats a request that was let through.
    if ctx.actor.role != Role::Guest || is_named && is_known {
        return Ok(());
    }
    let organization = organizations::get(conn, ctx.organization).await?.ok_or(Error::NotFound)?;
    let refused: Refused = match organization.policy.guest_booking {
        GuestBooking::Allowed => return Ok(()),
        GuestBooking::WithVerifiedContact => Refusal::ContactNotVerified.into(),
        GuestBooking::Refused if is_named => Error::Unauthenticated.into(),
        GuestBooking::Refused => Error::Forbidden.into(),
    };
    tracing::info!(organization.id = %ctx.organization, request.id = %ctx.request_id, "refused: guests may not book");
    Err(refused)
}

/// Makes the guest a patient, in the transaction of the booking.
pub(super) async fn make(
    conn: &mut OrgConn,
    ctx: &Ctx,
    for_whom: &ForWhom,
    patient: PatientId,
) -> Result<(), crate::db::DbError> {
    let ForWhom::Guest(guest) = for_whom else { return Ok(()) };
    if patients::insert_guest(conn, ctx.organization, patient, guest).await? {
        let entry =
            Entry { deed: Deed::Created, operation: "bookSlot", entity: "Patient", id: patient.uuid(), fields: &[] };
        audit::record(conn, ctx, entry).await?;
    }
    Ok(())
}

/// What a request says of a guest, to tell requests apart.
pub(super) fn fields(for_whom: &ForWhom) -> Vec<&str> {
    let ForWhom::Guest(guest) = for_whom else { return vec![] };
    [&guest.language, &guest.region].into_iter().map(|field| field.as_deref().unwrap_or_default()).collect()
}
