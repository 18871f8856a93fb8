//! One organization of 20 providers in a database of its own, and what is asked of it. Statements leave it to row-level
//! security to find rows of their organization alone, so with two of them there would be nothing to compare.

use chrono::TimeDelta;
use openslot::kernel::actor::Scope;
use openslot::kernel::ids::{PatientId, RowId, ServiceId, SlotId};
use serde_json::{Value, json};

use crate::program::database;
use crate::support::app::{ISSUER, token};
use crate::support::{Clinic, ServiceSpec, TestApp, User, monday};
use crate::wire::Request;

const PROVIDERS: usize = 20;
/// Free slots that a read shows: 10 of each provider.
pub const SHOWN: usize = 10 * PROVIDERS;
/// Free slots of each provider.
const SLOTS: i32 = 40;

const READ: &str = "query List($organization: String) { providers(first: 20, organizationSlug: $organization) { nodes {
    id displayName specialties { displayName } locations { id displayName timeZone } services { id displayName }
    slots(first: 10) { nodes { id startsAt localStart } } } } }";
const BOOK: &str =
    "mutation Book($slot: ID!, $service: ID!) { bookSlot(input: { slot: { id: $slot }, serviceId: $service }) {
    booking { id status version } userErrors { code } } }";

/// A program, and an organization to ask for.
pub struct World {
    pub app: TestApp,
    clinic: Clinic,
    service: ServiceId,
    /// Slots in turn of all providers, each with the patient who books with that provider alone.
    slots: Vec<(SlotId, User)>,
    patient: User,
    key: User,
}

impl World {
    pub async fn build() -> Self {
        let app = TestApp::over(database().await, &[]).await;
        let (clinic, service, slots) = staffed(&app).await;
        let patient = clinic.patient().await;
        let key = clinic.integrator(&[Scope::DirectoryRead, Scope::AvailabilityRead]).await;
        app.db.run("ANALYZE").await;
        Self { app, clinic, service, slots, patient, key }
    }

    /// Lets every statement see every row.
    pub async fn tear_down_walls(&self) {
        let sql = "DO $$ DECLARE walled text; BEGIN
            FOR walled IN SELECT oid::regclass FROM pg_class WHERE relrowsecurity LOOP
              EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', walled);
            END LOOP; END $$";
        self.app.db.run(sql).await;
    }

    pub fn reads_of_anonymous(&self, count: usize) -> Vec<Request> {
        vec![self.read(None); count]
    }

    pub fn reads_of_user(&self, count: usize) -> Vec<Request> {
        vec![self.read(Some(&self.patient.token)); count]
    }

    pub fn reads_of_key(&self, count: usize) -> Vec<Request> {
        vec![self.read(Some(&self.key.token)); count]
    }

    /// Each by a patient who was never here, so that token and rights are new.
    pub async fn reads_of_new_users(&self, count: usize) -> Vec<Request> {
        let organization = self.clinic.id.uuid();
        let sql = |user: uuid::Uuid, patient: uuid::Uuid| {
            format!(
                "INSERT INTO users (id, issuer, subject) VALUES ('{user}', '{ISSUER}', 'new-{user}');
                 INSERT INTO patients (id, organization_id, user_id) VALUES ('{patient}', '{organization}', '{user}');"
            )
        };
        let users: Vec<uuid::Uuid> = (0..count).map(|_| PatientId::random().uuid()).collect();
        let rows: String = users.iter().map(|user| sql(*user, PatientId::random().uuid())).collect();
        self.app.db.run(&format!("BEGIN; {rows} COMMIT; ANALYZE openslot.users, openslot.patients")).await;
        users.iter().map(|user| self.read(Some(&token(&format!("new-{user}"), TimeDelta::weeks(2000))))).collect()
    }

    /// Each of a slot that nobody has booked.
    pub fn bookings(&self, count: usize) -> Vec<Request> {
        assert!(count <= self.slots.len(), "{} slots", self.slots.len());
        let service = self.clinic.global(self.service);
        let book = |(slot, patient): &(SlotId, User)| {
            let variables = json!({ "slot": self.clinic.global(*slot), "service": service });
            Request::new(Some(&patient.token), BOOK, &variables)
        };
        self.slots.iter().take(count).map(book).collect()
    }

    fn read(&self, token: Option<&str>) -> Request {
        let variables: Value = json!({ "organization": self.clinic.slug });
        Request::new(token, READ, &variables)
    }
}

async fn staffed(app: &TestApp) -> (Clinic, ServiceId, Vec<(SlotId, User)>) {
    let clinic = app.clinic().await;
    let locations = [clinic.location("Europe/Berlin").await, clinic.location("America/New_York").await];
    let service = clinic.service(ServiceSpec::default()).await;
    let other = clinic.service(ServiceSpec { name: "Check-up", ..ServiceSpec::default() }).await;
    let mut slots = Vec::new();
    for n in 0..PROVIDERS {
        let provider = clinic.provider("Ada", &format!("Lindholm {n}")).await;
        clinic.specialty(provider, "394579002", "Cardiology").await;
        let schedule = clinic.schedule(provider, locations[n % 2], 30, 1, &[service, other]).await;
        let patient = clinic.patient().await;
        let free = clinic.slots(&schedule, monday() + TimeDelta::days(1), SLOTS).await;
        slots.extend(free.into_iter().enumerate().map(|(at, slot)| (at, slot, patient.clone())));
    }
    slots.sort_by_key(|(at, ..)| *at);
    (clinic, service, slots.into_iter().map(|(_, slot, patient)| (slot, patient)).collect())
}
