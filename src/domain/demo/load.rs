//! Puts the plan into the database through the domain. Running it again only extends the horizon.

use std::collections::HashMap;

use chrono::{Days, TimeDelta};

use crate::db::directory::{locations, organizations, providers, schedules, services as service_table, traits};
use crate::db::identity::{members, patients, resolve, users};
use crate::db::types::MemberRole;
use crate::db::{DbError, Locks, OrgConn};
use crate::domain::Services;
use crate::domain::availability::materialise;
use crate::domain::availability::rule::{Rule, Validity};
use crate::kernel::actor::Role;
use crate::kernel::error::Error;
use crate::kernel::ids::{LocationId, MemberId, OrganizationId, PatientId, ProviderId, RowId, ScheduleId, ServiceId};

use super::rows::{location_row, rules, service_row, trait_rows};
use super::{DemoPlan, DemoSchedule, bookings};

/// How far slots are made ahead.
const HORIZON: TimeDelta = TimeDelta::weeks(8);

/// What `seed` did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seeded {
    /// Whether the organization was new.
    pub is_new: bool,
    /// Slots that were added.
    pub slots: i64,
    /// Bookings that were made or found.
    pub bookings: usize,
}

/// Makes the demo organization if there is none, extends its slots to eight weeks from now, and books the plan's visits
/// of the coming week.
///
/// # Errors
/// Those that every write shares.
pub async fn load(services: &Services, plan: &DemoPlan, issuer: &str) -> Result<Seeded, Error> {
    let slug = plan.organization.slug;
    let known = services
        .db
        .system::<_, DbError, _>("demo organization", async |conn| resolve::organization(conn, slug).await)
        .await?;
    let organization = match known {
        Some(organization) => organization,
        None => create(services, plan, issuer).await?,
    };
    let slots = materialise::extend_horizon(services, organization, services.clock.now() + HORIZON).await?;
    let bookings = bookings::book_visits(services, plan, organization).await?;
    Ok(Seeded { is_new: known.is_none(), slots, bookings })
}

/// The subject of the seeded user of a role; `None` for a role that has none.
#[must_use]
pub fn subject(organization: &str, role: Role, number: u16) -> Option<String> {
    match role {
        Role::Staff | Role::Admin => Some(format!("{organization}-{}", role.word().to_ascii_lowercase())),
        Role::Patient => Some(format!("{organization}-patient-{number}")),
        Role::Guest | Role::Provider | Role::Integrator => None,
    }
}

async fn create(services: &Services, plan: &DemoPlan, issuer: &str) -> Result<OrganizationId, Error> {
    let organization = OrganizationId::random();
    let today = services.clock.now().date_naive();
    // A day early: today has begun in the east before it has in UTC.
    let valid_from = today.checked_sub_days(Days::new(1)).unwrap_or(today);
    let rules = Validity::new(valid_from, None).map_err(Error::internal)?;
    services
        .db
        .write::<_, Error, _>(organization, Locks::none(), async |conn| {
            let mut maker = Maker { organization, conn };
            maker.organization(plan).await?;
            maker.words(plan).await?;
            let locations = maker.locations(plan).await?;
            let offered = maker.services(plan).await?;
            let people = maker.providers(plan).await?;
            maker.schedules(plan, &locations, &offered, &people, rules).await?;
            maker.users(plan, issuer).await?;
            Ok(())
        })
        .await?;
    Ok(organization)
}

/// Puts parts of a plan into the database.
pub(super) struct Maker<'a> {
    pub(super) organization: OrganizationId,
    pub(super) conn: &'a mut OrgConn,
}

pub(super) type Made<T> = HashMap<String, T>;

impl Maker<'_> {
    pub(super) async fn organization(&mut self, plan: &DemoPlan) -> Result<(), Error> {
        let new = organizations::NewOrganization {
            id: self.organization,
            slug: plan.organization.slug.to_owned(),
            display_name: plan.organization.display_name.to_owned(),
            time_zone: plan.organization.time_zone.name().to_owned(),
            languages: vec!["en".to_owned()],
        };
        Ok(organizations::insert(self.conn, &new).await?)
    }

    pub(super) async fn words(&mut self, plan: &DemoPlan) -> Result<(), Error> {
        for specialty in &plan.specialties {
            traits::insert_specialty(self.conn, self.organization, specialty.code, specialty.display_name).await?;
        }
        for one in &plan.insurance_plans {
            traits::insert_plan(self.conn, self.organization, one.code, one.display_name, one.payer).await?;
        }
        Ok(())
    }

    async fn locations(&mut self, plan: &DemoPlan) -> Result<Made<LocationId>, Error> {
        let mut made = HashMap::new();
        for place in &plan.locations {
            let row = location_row(self.organization, place);
            locations::insert(self.conn, &row).await?;
            made.insert(place.key.to_owned(), row.id);
        }
        Ok(made)
    }

    pub(super) async fn services(&mut self, plan: &DemoPlan) -> Result<Made<ServiceId>, Error> {
        let mut made = HashMap::new();
        for service in &plan.services {
            let row = service_row(self.organization, service)?;
            service_table::insert(self.conn, &row).await?;
            made.insert(service.key.to_owned(), row.id);
        }
        Ok(made)
    }

    pub(super) async fn providers(&mut self, plan: &DemoPlan) -> Result<Made<ProviderId>, Error> {
        let mut made = HashMap::new();
        for person in &plan.providers {
            let id = ProviderId::random();
            let row = providers::ProviderRow {
                id,
                organization_id: self.organization,
                display_name: person.display_name.clone(),
                given_name: person.given_name.to_owned(),
                family_name: person.family_name.clone(),
                biography: None,
                accepts_new_patients: person.accepts_new_patients,
                retired_at: None,
                version: 1,
            };
            providers::insert(self.conn, &row).await?;
            traits::insert(self.conn, &trait_rows(self.organization, id, person)).await?;
            made.insert(person.key.clone(), id);
        }
        Ok(made)
    }

    async fn schedules(
        &mut self,
        plan: &DemoPlan,
        locations: &Made<LocationId>,
        offered: &Made<ServiceId>,
        people: &Made<ProviderId>,
        validity: Validity,
    ) -> Result<(), Error> {
        for schedule in &plan.schedules {
            let services: Vec<ServiceId> =
                schedule.services.iter().map(|key| found(offered, key)).collect::<Result<_, _>>()?;
            let place = (found(people, &schedule.provider)?, found(locations, schedule.location)?);
            self.schedule(schedule, place, &services, &rules(schedule, validity)?).await?;
        }
        Ok(())
    }

    /// A schedule of somebody somewhere, with its services and rules.
    pub(super) async fn schedule(
        &mut self,
        schedule: &DemoSchedule,
        (provider_id, location_id): (ProviderId, LocationId),
        services: &[ServiceId],
        rules: &[Rule],
    ) -> Result<schedules::ScheduleRow, Error> {
        let row = schedules::ScheduleRow {
            id: ScheduleId::random(),
            organization_id: self.organization,
            provider_id,
            location_id,
            slot_minutes: schedule.slot_minutes,
            grid_offset_minutes: schedule.grid_offset_minutes,
            capacity: schedule.capacity,
        };
        schedules::insert(self.conn, &row, services).await?;
        let rows: Vec<_> = rules.iter().map(|rule| materialise::row(self.organization, row.id, rule)).collect();
        crate::db::availability::rules::insert(self.conn, &rows).await?;
        Ok(row)
    }

    pub(super) async fn users(&mut self, plan: &DemoPlan, issuer: &str) -> Result<(), Error> {
        let slug = plan.organization.slug;
        for (role, member_role) in [(Role::Staff, MemberRole::Staff), (Role::Admin, MemberRole::Admin)] {
            let Some(subject) = subject(slug, role, 0) else { continue };
            let user = users::ensure(self.conn, issuer, &subject).await?;
            let member = members::MemberRow {
                id: MemberId::random(),
                organization_id: self.organization,
                user_id: Some(user),
                email: format!("{subject}@example.com"),
                display_name: format!("{} {}", plan.organization.display_name, role.word().to_ascii_lowercase()),
                role: member_role,
                provider_id: None,
                last_seen_at: None,
                removed_at: None,
                version: 1,
            };
            members::insert(self.conn, &member, &[]).await?;
        }
        for patient in &plan.patients {
            let Some(subject) = subject(slug, Role::Patient, patient.number) else { continue };
            let user = users::ensure(self.conn, issuer, &subject).await?;
            let id = patient_id(self.organization, patient.number);
            patients::insert(self.conn, self.organization, id, Some(user)).await?;
        }
        Ok(())
    }
}

/// The id of a numbered patient: the same for the same organization, so that the visits find them again.
pub(super) fn patient_id(organization: OrganizationId, number: u16) -> PatientId {
    let mut bytes = *organization.uuid().as_bytes();
    bytes[14..16].copy_from_slice(&number.to_be_bytes());
    PatientId::from_uuid(uuid::Uuid::from_bytes(bytes))
}

pub(super) fn found<T: Copy>(made: &Made<T>, key: &str) -> Result<T, Error> {
    made.get(key).copied().ok_or_else(|| Error::internal(format!("the plan names {key} and has none")))
}
