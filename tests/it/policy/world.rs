//! Two organizations with everything that a root field can name, and somebody of every role.

use openslot::db::types::MemberRole;
use openslot::kernel::actor::{Role, Scope};
use openslot::kernel::ids::{LocationId, ProviderId, SlotId};
use serde_json::json;

use crate::bookings::{booked, patient_of, wish};
use crate::support::{Clinic, Practice, TestApp, User, monday};

/// What a thing is to the one who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relation {
    /// Their own: of the patient or provider they are, at the location they work at.
    Own,
    /// Of others in the same organization, at another location.
    Same,
    /// Of another organization.
    Foreign,
}

/// One of everything, as global ids.
pub struct Things {
    pub slug: String,
    pub organization: String,
    pub provider: String,
    pub location: String,
    pub service: String,
    pub slot: String,
    pub booking: String,
    pub patient: String,
    /// A member with this address.
    pub member: String,
    pub email: String,
    pub key: String,
    pub revoked_key: String,
}

/// The program with people and things.
pub struct World {
    pub app: TestApp,
    /// Everybody of the first organization; nobody is the guest.
    pub people: Vec<(Role, Option<User>)>,
    own: Things,
    same: Things,
    foreign: Things,
}

impl World {
    pub async fn new() -> Self {
        let app = TestApp::start().await;
        let practice = app.practice().await;
        let clinic = &practice.clinic;
        let elsewhere = clinic.location("Europe/Berlin").await;
        let colleague = clinic.provider("Grace", "Okoro").await;
        let schedule = clinic.schedule(colleague, elsewhere, 30, 1, &[practice.service]).await;
        let slots = clinic.slots(&schedule, practice.start(0), 2).await;
        let own =
            things(&app, &practice, &practice.patient, practice.provider, practice.location, &practice.slots).await;
        let same = things(&app, &practice, &practice.other, colleague, elsewhere, &slots).await;
        let other = app.practice().await;
        let foreign = things(&app, &other, &other.patient, other.provider, other.location, &other.slots).await;
        let people = people(clinic, &practice).await;
        // Every slot has begun: whoever may book is refused by the calendar, and nothing changes.
        app.set_clock(monday() + chrono::TimeDelta::days(2)).await;
        Self { app, people, own, same, foreign }
    }

    pub fn things(&self, relation: Relation) -> &Things {
        match relation {
            Relation::Own => &self.own,
            Relation::Same => &self.same,
            Relation::Foreign => &self.foreign,
        }
    }
}

async fn people(clinic: &Clinic, practice: &Practice) -> Vec<(Role, Option<User>)> {
    vec![
        (Role::Guest, None),
        (Role::Patient, Some(practice.patient.clone())),
        (Role::Integrator, Some(clinic.integrator(&Scope::ALL).await)),
        (Role::Provider, Some(clinic.signed_in(practice.provider).await)),
        (Role::Staff, Some(clinic.member(MemberRole::Staff, Some(practice.location)).await)),
        (Role::Admin, Some(practice.admin.clone())),
    ]
}

/// Books the first of the slots for the patient.
async fn things(
    app: &TestApp,
    practice: &Practice,
    patient: &User,
    provider: ProviderId,
    location: LocationId,
    slots: &[SlotId],
) -> Things {
    let clinic = &practice.clinic;
    let (key, revoked) = (clinic.integrator(&Scope::ALL).await, clinic.integrator(&Scope::ALL).await);
    let (key, revoked) = (key.key.expect("a key"), revoked.key.expect("a key"));
    app.db.run(&format!("UPDATE api_keys SET revoked_at = now() WHERE id = '{revoked}'")).await;
    let member = clinic.member(MemberRole::Staff, None).await;
    let made = booked(app, patient, wish(&clinic.global(slots[0]), json!({}))).await;
    Things {
        slug: clinic.slug.clone(),
        organization: clinic.global(clinic.id),
        provider: clinic.global(provider),
        location: clinic.global(location),
        service: clinic.global(practice.service),
        slot: clinic.global(slots[1]),
        booking: made.text("/bookSlot/booking/id"),
        patient: patient_of(clinic, patient),
        member: clinic.global(member.member.expect("a member")),
        email: format!("{}@example.com", member.subject),
        key: clinic.global(key),
        revoked_key: clinic.global(revoked),
    }
}
