//! Builders of organizations: valid defaults, so that a test states only what matters to it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use openslot::db::availability::slots;
use openslot::db::directory::{locations, organizations, providers, schedules, services, traits};
use openslot::db::identity::{api_keys, members, patients, users};
use openslot::db::pool::{Pool, PoolSettings};
use openslot::db::types::{ApprovalMode, MemberRole, Modality, TraitKind, interval};
use openslot::db::{Db, DbError, Locks};
use openslot::domain::identity::secret::KeyText;
use openslot::kernel::actor::Scope;
use openslot::kernel::ids::{
    ApiKeyId, Global, LocationId, MemberId, OrganizationId, PatientId, ProviderId, RowId, ScheduleId, ServiceId, SlotId,
};
use openslot::kernel::time::{CalendarSpan, TimeRange};
use tokio_util::task::TaskTracker;

use super::app::token;
use super::database::{API, TestDb};
use super::monday;

/// Somebody who can sign in.
#[derive(Clone, Debug, Default)]
pub struct User {
    pub token: String,
    /// The name by which the issuer knows them.
    pub subject: String,
    /// The patient they are.
    pub patient: Option<PatientId>,
    /// The member they are.
    pub member: Option<MemberId>,
    /// The key they hold.
    pub key: Option<ApiKeyId>,
}

/// An organization and the way to fill it.
#[derive(Clone)]
pub struct Clinic {
    pub id: OrganizationId,
    pub slug: String,
    db: Db,
}

/// What is booked, with the usual values.
#[derive(Clone, Copy, Debug)]
pub struct ServiceSpec {
    pub name: &'static str,
    pub minutes: i16,
    pub new_patient_minutes: Option<i16>,
    pub buffer_before: i16,
    pub buffer_after: i16,
    pub capacity: i16,
    pub notice: CalendarSpan,
    pub advance: CalendarSpan,
    pub approval: ApprovalMode,
}

impl Default for ServiceSpec {
    fn default() -> Self {
        Self {
            name: "Consultation",
            minutes: 30,
            new_patient_minutes: None,
            buffer_before: 0,
            buffer_after: 0,
            capacity: 1,
            notice: CalendarSpan::default(),
            advance: CalendarSpan::days(365),
            approval: ApprovalMode::Automatic,
        }
    }
}

impl Clinic {
    pub async fn new(db: &TestDb) -> Self {
        let settings = PoolSettings {
            size: 2,
            wait: std::time::Duration::from_secs(10),
            statement_timeout: std::time::Duration::from_secs(30),
            application_name: "test",
            role: None,
        };
        let pool = Pool::new(&db.url(API), &settings).expect("a URL");
        let id = OrganizationId::random();
        let tail: String = id.to_string().chars().rev().take(8).collect();
        let clinic =
            Self { id, slug: format!("clinic-{tail}"), db: Db::new(pool, TaskTracker::new(), Arc::new(|| {})) };
        let new = organizations::NewOrganization {
            id,
            slug: clinic.slug.clone(),
            display_name: "Test Clinic".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            languages: vec!["en".to_owned()],
        };
        let made =
            clinic.db.write::<_, DbError, _>(id, Locks::none(), async |conn| organizations::insert(conn, &new).await);
        made.await.expect("an organization");
        clinic
    }

    /// The id of a row as clients see it.
    pub fn global<T: RowId>(&self, id: T) -> String {
        Global::new(self.id, id).to_string()
    }

    pub async fn location(&self, time_zone: &str) -> LocationId {
        let id = LocationId::random();
        let row = locations::LocationRow {
            id,
            organization_id: self.id,
            display_name: format!("Location in {time_zone}"),
            address_lines: vec![Some("Main Street 1".to_owned())],
            city: "Town".to_owned(),
            postal_code: None,
            region: None,
            country: "DE".to_owned(),
            latitude: Some(52.5),
            longitude: Some(13.4),
            time_zone: time_zone.to_owned(),
            phone: None,
            retired_at: None,
            version: 1,
        };
        let made =
            self.db.write::<_, DbError, _>(self.id, Locks::none(), async |conn| locations::insert(conn, &row).await);
        made.await.expect("a location");
        id
    }

    pub async fn provider(&self, given: &str, family: &str) -> ProviderId {
        let id = ProviderId::random();
        let row = providers::ProviderRow {
            id,
            organization_id: self.id,
            display_name: format!("Dr. {given} {family}"),
            given_name: given.to_owned(),
            family_name: family.to_owned(),
            biography: None,
            accepts_new_patients: true,
            retired_at: None,
            version: 1,
        };
        let made =
            self.db.write::<_, DbError, _>(self.id, Locks::none(), async |conn| providers::insert(conn, &row).await);
        made.await.expect("a provider");
        id
    }

    /// Gives a provider a specialty, naming it on the way.
    pub async fn specialty(&self, provider: ProviderId, code: &str, display_name: &str) {
        let new = traits::NewTrait {
            organization_id: self.id,
            kind: TraitKind::Specialty,
            value: code.to_owned(),
            provider_id: provider,
            position: 0,
        };
        // Two providers may share it.
        let _ = self
            .db
            .write::<_, DbError, _>(self.id, Locks::none(), async |conn| {
                traits::insert_specialty(conn, self.id, code, display_name).await
            })
            .await;
        let made =
            self.db.write::<_, DbError, _>(self.id, Locks::none(), async |conn| traits::insert(conn, &[new]).await);
        made.await.expect("a trait");
    }

    pub async fn service(&self, spec: ServiceSpec) -> ServiceId {
        let id = ServiceId::random();
        let row = services::ServiceRow {
            id,
            organization_id: self.id,
            display_name: spec.name.to_owned(),
            summary: None,
            modality: Modality::InPerson,
            duration_minutes: spec.minutes,
            new_patient_minutes: spec.new_patient_minutes,
            buffer_before_minutes: spec.buffer_before,
            buffer_after_minutes: spec.buffer_after,
            capacity: spec.capacity,
            minimum_notice: interval(spec.notice),
            maximum_advance: interval(spec.advance),
            approval: spec.approval,
            retired_at: None,
            version: 1,
        };
        let made =
            self.db.write::<_, DbError, _>(self.id, Locks::none(), async |conn| services::insert(conn, &row).await);
        made.await.expect("a service");
        id
    }

    /// A schedule on a grid of `minutes` that offers services of `capacity` seats.
    pub async fn schedule(
        &self,
        provider: ProviderId,
        location: LocationId,
        minutes: i16,
        capacity: i16,
        offered: &[ServiceId],
    ) -> schedules::ScheduleRow {
        let row = schedules::ScheduleRow {
            id: ScheduleId::random(),
            organization_id: self.id,
            provider_id: provider,
            location_id: location,
            slot_minutes: minutes,
            grid_offset_minutes: 0,
            capacity,
        };
        let made = self
            .db
            .write::<_, DbError, _>(self.id, Locks::none(), async |conn| schedules::insert(conn, &row, offered).await);
        made.await.expect("a schedule");
        row
    }

    /// `count` free cells from `start` on, one after the other; their ids in the order of time.
    pub async fn slots(&self, of: &schedules::ScheduleRow, start: DateTime<Utc>, count: i32) -> Vec<SlotId> {
        let length = TimeDelta::minutes(of.slot_minutes.into());
        let cell = |n: i32| TimeRange::new(start + length * n, start + length * (n + 1)).expect("a span");
        let cells: Vec<TimeRange> = (0..count).map(cell).collect();
        let window = TimeRange::new(start, start + length * count).expect("a span");
        let query = slots::SlotQuery { window, locations: None, most: 10_000, after: None };
        let found = self
            .db
            .write::<_, DbError, _>(self.id, Locks::none().subject(of.provider_id), async |conn| {
                slots::insert_missing(conn, of, &cells).await?;
                slots::free_of_providers(conn, self.id, &[of.provider_id], &query).await
            })
            .await
            .expect("slots");
        found.into_iter().filter(|slot| slot.schedule_id == of.id).map(|slot| slot.id).collect()
    }

    /// A patient who can sign in.
    pub async fn patient(&self) -> User {
        let id = PatientId::random();
        let subject = format!("patient-{id}");
        let made = self.db.write::<_, DbError, _>(self.id, Locks::none(), async |conn| {
            let user = users::ensure(conn, super::app::ISSUER, &subject).await?;
            patients::insert(conn, self.id, id, Some(user)).await
        });
        made.await.expect("a patient");
        User { token: token(&subject, TimeDelta::weeks(2000)), subject, patient: Some(id), ..User::default() }
    }

    /// A member of a role, limited to a location or not.
    pub async fn member(&self, role: MemberRole, location: Option<LocationId>) -> User {
        self.member_who_is(role, location, None).await
    }

    /// A member who is this provider.
    pub async fn signed_in(&self, provider: ProviderId) -> User {
        self.member_who_is(MemberRole::Provider, None, Some(provider)).await
    }

    async fn member_who_is(
        &self,
        role: MemberRole,
        location: Option<LocationId>,
        provider: Option<ProviderId>,
    ) -> User {
        let id = MemberId::random();
        let subject = format!("member-{id}");
        let locations: Vec<LocationId> = location.into_iter().collect();
        let made = self.db.write::<_, DbError, _>(self.id, Locks::none(), async |conn| {
            let user = users::ensure(conn, super::app::ISSUER, &subject).await?;
            let row = members::MemberRow {
                id,
                organization_id: self.id,
                user_id: Some(user),
                email: format!("{subject}@example.com"),
                display_name: format!("Member {}", role.word()),
                role,
                provider_id: provider,
                last_seen_at: None,
                removed_at: None,
                version: 1,
            };
            members::insert(conn, &row, &locations).await
        });
        made.await.expect("a member");
        User { token: token(&subject, TimeDelta::weeks(2000)), subject, member: Some(id), ..User::default() }
    }

    /// A program with a key of these scopes.
    pub async fn integrator(&self, scopes: &[Scope]) -> User {
        let (id, text) = (ApiKeyId::random(), KeyText::generate().expect("a key"));
        let new = api_keys::NewApiKey {
            id,
            organization: self.id,
            display_name: "Program".to_owned(),
            scopes: scopes.to_vec(),
            secret: text.stored(),
            created_by: None,
            expires_at: monday() + TimeDelta::days(365),
            now: monday(),
        };
        let made =
            self.db.write::<_, DbError, _>(self.id, Locks::none(), async |conn| api_keys::insert(conn, &new).await);
        made.await.expect("a key");
        User { token: text.reveal(), key: Some(id), ..User::default() }
    }

    /// The way to the database, for tests below GraphQL.
    pub fn database(&self) -> &Db {
        &self.db
    }
}

/// One provider at one location in Berlin, with a 30-minute service and 16 free slots from tomorrow 09:00 local on.
pub struct Practice {
    pub clinic: Clinic,
    pub location: LocationId,
    pub provider: ProviderId,
    pub service: ServiceId,
    pub schedule: schedules::ScheduleRow,
    pub slots: Vec<SlotId>,
    pub patient: User,
    pub other: User,
    pub staff: User,
    pub admin: User,
}

impl Practice {
    pub async fn new(db: &TestDb) -> Self {
        Self::with(db, ServiceSpec::default()).await
    }

    pub async fn with(db: &TestDb, spec: ServiceSpec) -> Self {
        let clinic = Clinic::new(db).await;
        let location = clinic.location("Europe/Berlin").await;
        let provider = clinic.provider("Ada", "Lindholm").await;
        let service = clinic.service(spec).await;
        let schedule = clinic.schedule(provider, location, 30, spec.capacity, &[service]).await;
        let slots = clinic.slots(&schedule, monday() + TimeDelta::days(1), 16).await;
        let (patient, other) = (clinic.patient().await, clinic.patient().await);
        let staff = clinic.member(MemberRole::Staff, None).await;
        let admin = clinic.member(MemberRole::Admin, None).await;
        Self { clinic, location, provider, service, schedule, slots, patient, other, staff, admin }
    }

    /// The global id of slot `n`.
    pub fn slot(&self, n: usize) -> String {
        self.clinic.global(self.slots[n])
    }
}
