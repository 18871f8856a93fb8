//! Books the plan's visits as the program itself.

use chrono::{Days, NaiveDate, TimeZone};

use crate::db::DbError;
use crate::db::availability::slots::{self, SlotQuery, SlotRow};
use crate::db::bookings::rows;
use crate::db::directory::{locations, providers, services as service_table};
use crate::domain::Services;
use crate::domain::bookings::Refused;
use crate::domain::bookings::book::{self, BookSlot, BookingPatient};
use crate::domain::idempotency::IdempotencyKey;
use crate::kernel::actor::Actor;
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::{OrganizationId, RequestId, ServiceId};
use crate::kernel::page::PageRequest;
use crate::kernel::time::TimeRange;

use super::load::patient_id;
use super::{DemoPlan, DemoVisit};

/// Days from tomorrow on whose visits are booked.
const DAYS: usize = 7;

/// Books the visits of the coming week. Those that were booked before are found again by their key; those whose time is
/// gone are left out. Answers how many stand.
///
/// # Errors
/// Those that every write shares.
pub(super) async fn book_visits(
    services: &Services,
    plan: &DemoPlan,
    organization: OrganizationId,
) -> Result<usize, Error> {
    let ctx = Ctx { organization, actor: Actor::system(), request_id: RequestId::random(), now: services.clock.now() };
    let mut stand = 0;
    for day in ctx.now.date_naive().iter_days().skip(1).take(DAYS) {
        for visit in plan.visits_on(day) {
            stand += usize::from(book_visit(services, plan, &ctx, day, visit).await?);
        }
    }
    Ok(stand)
}

async fn book_visit(
    services: &Services,
    plan: &DemoPlan,
    ctx: &Ctx,
    day: NaiveDate,
    visit: DemoVisit<'_>,
) -> Result<bool, Error> {
    let patient = patient_id(ctx.organization, visit.patient.number);
    let Some(window) = local_day(plan, day, &visit) else { return Ok(false) };
    // Nobody comes twice on a day: a visit of an earlier run stands.
    let stands = services.db.read::<_, DbError, _>(ctx.organization, async |conn| {
        rows::has_visit(conn, patient, window.start(), window.end()).await
    });
    if stands.await? {
        return Ok(true);
    }
    let Some((service, starts)) = starts(services, plan, ctx, day, &visit).await? else { return Ok(false) };
    let chosen = visit.choose(starts.len()).and_then(|index| starts.get(index));
    let Some(slot) = chosen else { return Ok(false) };
    let input = BookSlot {
        slot: slot.id,
        service: Some(service),
        patient: BookingPatient::Patient(patient),
        is_new_patient: false,
        key: IdempotencyKey::parse(&format!("demo/{day}/{}", visit.patient.number))?,
    };
    match book::book(ctx, services, &input).await {
        Ok(_) => Ok(true),
        // Another day's seed took another start of this visit.
        Err(Refused::Business(..) | Refused::Failed(Error::Conflict)) => Ok(false),
        Err(Refused::Failed(error)) => Err(error),
    }
}

/// A local day of the visit's location.
fn local_day(plan: &DemoPlan, day: NaiveDate, visit: &DemoVisit<'_>) -> Option<TimeRange> {
    let place = plan.locations.iter().find(|place| place.key == visit.schedule.location)?;
    let midnight = |day: NaiveDate| {
        place.time_zone.from_local_datetime(&day.and_time(chrono::NaiveTime::MIN)).earliest().map(|at| at.to_utc())
    };
    TimeRange::new(midnight(day)?, midnight(day.checked_add_days(Days::new(1))?)?)
}

/// The visit's service and the free starts of its schedule on that local day, in the order of time.
async fn starts(
    services: &Services,
    plan: &DemoPlan,
    ctx: &Ctx,
    day: NaiveDate,
    visit: &DemoVisit<'_>,
) -> Result<Option<(ServiceId, Vec<SlotRow>)>, Error> {
    let wanted =
        |key: &str| plan.services.iter().find(|service| service.key == key).map(|service| service.display_name);
    let Some(service_name) = wanted(visit.service) else { return Ok(None) };
    let Some(place) = plan.locations.iter().find(|place| place.key == visit.schedule.location) else { return Ok(None) };
    let Some(person) = plan.providers.iter().find(|person| person.key == visit.schedule.provider) else {
        return Ok(None);
    };
    let Some(window) = local_day(plan, day, visit) else { return Ok(None) };
    let organization = ctx.organization;
    services
        .db
        .read::<_, DbError, _>(organization, async |conn| {
            let filter = providers::ProviderFilter { search: Some(person.display_name.clone()), ..Default::default() };
            let page = PageRequest { first: 1, after: None };
            let Some(provider) = providers::list(conn, &filter, &page).await?.into_iter().next() else {
                return Ok(None);
            };
            let offered = service_table::of_providers(conn, &[provider.id]).await?;
            let Some((_, service)) = offered.into_iter().find(|(_, row)| row.display_name == service_name) else {
                return Ok(None);
            };
            let at = locations::of_providers(conn, &[provider.id]).await?;
            let here = at.into_iter().filter(|(_, row)| row.display_name == place.display_name).map(|(_, row)| row.id);
            let query = SlotQuery { window, locations: Some(here.collect()), most: 500, after: None };
            let free = slots::free_of_providers(conn, organization, &[provider.id], &query).await?;
            Ok(Some((service.id, free)))
        })
        .await
        .map_err(Error::from)
}
