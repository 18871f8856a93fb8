//! One of everything that can be named, and how it is made.

use chrono::TimeDelta;
use openslot::db::types::MemberRole;
use openslot::kernel::actor::Scope;
use openslot::kernel::ids::{
    ApiKeyId, BookingId, ChangeId, Global, LocationId, MemberId, OrganizationId, PatientId, ProviderId, SlotId,
};
use serde_json::{Value, json};

use super::world::{Person, missing, user_of};
use crate::bookings::{BOOK, CANCEL, patient_of, wish};
use crate::support::{Client, Clinic, Practice, TestDb, User};

const BOOK_AS_GUEST: &str =
    "mutation($i: BookSlotInput!) { bookSlot(input: $i) { guestToken booking { id patient { id } } } }";

/// One of everything, as global ids.
#[derive(Clone, Default)]
pub struct Things {
    pub slug: String,
    pub organization: String,
    pub provider: String,
    pub location: String,
    pub service: String,
    /// Blocked, and begun once the clock was moved.
    pub slot: String,
    /// Free for days.
    pub free: String,
    pub booking: String,
    /// A booking that was cancelled.
    pub cancelled: String,
    pub patient: String,
    /// A member with this address.
    pub member: String,
    pub email: String,
    pub key: String,
    pub revoked_key: String,
    pub viewer: String,
    pub change: String,
    /// Input that names whose sessions shall end.
    pub sessions: Value,
}

impl Things {
    /// The id of a type that has one.
    pub fn id_of(&self, kind: &str) -> &str {
        match kind {
            "Organization" => &self.organization,
            "Provider" => &self.provider,
            "Location" => &self.location,
            "Service" => &self.service,
            "Slot" => &self.slot,
            "Booking" => &self.booking,
            "Patient" => &self.patient,
            "Member" => &self.member,
            "ApiKey" => &self.key,
            "Viewer" => &self.viewer,
            "SlotChange" => &self.change,
            other => panic!("say which {other} is asked for"),
        }
    }

    /// With the person in the places that only they can take.
    pub fn of(&self, home: OrganizationId, person: &Person) -> Self {
        let mut own = self.clone();
        own.viewer = Global::new(home, person.viewer).to_string();
        own.sessions = json!({ "organizationSlug": own.slug });
        if let Some(member) = person.member() {
            own.member = Global::new(home, member).to_string();
        }
        if let Some(guest) = person.guest.clone() {
            (own.booking, own.cancelled, own.patient) = (guest.booking, guest.cancelled, guest.patient);
        }
        own
    }

    /// With private things that do not exist in the places of those that do.
    pub fn missing(&self) -> Self {
        let mut none = self.clone();
        (none.booking, none.cancelled) = (missing::<BookingId>(&self.booking), missing::<BookingId>(&self.cancelled));
        (none.key, none.revoked_key) = (missing::<ApiKeyId>(&self.key), missing::<ApiKeyId>(&self.revoked_key));
        none.patient = missing::<PatientId>(&self.patient);
        none.member = missing::<MemberId>(&self.member);
        if self.sessions.get("memberId").is_some() {
            none.sessions = json!({ "memberId": none.member });
        }
        none
    }

    /// What of them is whose it is; the rest belongs to the whole organization.
    pub fn ids(&self) -> Vec<String> {
        [&self.booking, &self.cancelled].into_iter().cloned().collect()
    }
}

/// What somebody has who booked without an account.
#[derive(Clone)]
pub struct GuestThings {
    pub token: String,
    pub booking: String,
    pub cancelled: String,
    pub patient: String,
}

impl GuestThings {
    pub fn ids(&self) -> [&str; 3] {
        [&self.booking, &self.cancelled, &self.patient]
    }
}

/// Who and where the things are, before they are.
pub struct Bucket<'a> {
    practice: &'a Practice,
    patient: &'a User,
    provider: ProviderId,
    location: LocationId,
    /// In the order of time; the last ones are days later.
    slots: Vec<SlotId>,
}

impl<'a> Bucket<'a> {
    pub async fn of_practice(practice: &'a Practice) -> Self {
        let later = practice.start(0) + TimeDelta::days(2);
        let mut slots = practice.slots.clone();
        slots.extend(practice.clinic.slots(&practice.schedule, later, 2).await);
        Self { practice, patient: &practice.patient, provider: practice.provider, location: practice.location, slots }
    }

    /// Of others, in the same organization.
    pub async fn of_colleague(practice: &'a Practice) -> Self {
        let clinic = &practice.clinic;
        let location = clinic.location("Europe/Berlin").await;
        let provider = clinic.provider("Grace", "Okoro").await;
        let schedule = clinic.schedule(provider, location, 30, 1, &[practice.service]).await;
        let mut slots = clinic.slots(&schedule, practice.start(0), 6).await;
        slots.extend(clinic.slots(&schedule, practice.start(0) + TimeDelta::days(2), 2).await);
        Self { practice, patient: &practice.other, provider, location, slots }
    }

    /// Everything that belongs to somebody.
    pub fn ids(&self) -> Vec<String> {
        let clinic = &self.practice.clinic;
        let slots = self.slots.iter().map(|slot| clinic.global(*slot));
        let rest = [clinic.global(self.provider), clinic.global(self.location), patient_of(clinic, self.patient)];
        slots.chain(rest).collect()
    }

    /// Books the first slot, which blocks the second, and another one that is cancelled.
    pub async fn fill(&self, db: &TestDb, client: &Client) -> Things {
        let (clinic, practice) = (&self.practice.clinic, self.practice);
        described(db, clinic, self.provider).await;
        let (key, revoked) = (key(clinic).await, key(clinic).await);
        db.run(&format!("UPDATE api_keys SET revoked_at = now() WHERE id = '{revoked}'")).await;
        let member = clinic.member(MemberRole::Staff, None).await;
        let id = clinic.global(member.member.expect("a member"));
        let booking = self.book(client, 0).await;
        let cancelled = self.book(client, 3).await;
        let input = json!({ "bookingId": cancelled, "expectedVersion": 1 });
        let answer = client.by(&practice.admin, CANCEL, json!({ "input": input })).await.ok();
        assert_eq!(answer.text("/cancelBooking/booking/status"), "CANCELLED");
        Things {
            slug: clinic.slug.clone(),
            organization: clinic.global(clinic.id),
            provider: clinic.global(self.provider),
            location: clinic.global(self.location),
            service: clinic.global(practice.service),
            slot: clinic.global(self.slots[1]),
            free: clinic.global(self.slots[self.slots.len() - 2]),
            booking,
            cancelled,
            patient: patient_of(clinic, self.patient),
            sessions: json!({ "memberId": id }),
            member: id,
            email: format!("{}@example.com", member.subject),
            key: clinic.global(key),
            revoked_key: clinic.global(revoked),
            viewer: clinic.global(user_of(db, self.patient).await),
            change: clinic.global(last_change(db, clinic).await),
        }
    }

    /// Somebody without an account books twice and cancels the first one.
    pub async fn guest(&self, db: &TestDb, client: &Client) -> GuestThings {
        let (clinic, patient) = (&self.practice.clinic, json!({ "guest": {} }));
        db.run(&format!("UPDATE organizations SET guest_booking = 'ALLOWED' WHERE id = '{}'", clinic.id)).await;
        let slot = |n: usize| clinic.global(self.slots[n]);
        let input = wish(&slot(4), json!({ "patient": patient, "clientMutationId": uuid::Uuid::now_v7().to_string() }));
        let first = client.guest(BOOK_AS_GUEST, json!({ "i": input })).await.ok();
        let (token, cancelled) = (first.text("/bookSlot/guestToken"), first.text("/bookSlot/booking/id"));
        let user = User { token: token.clone(), ..User::default() };
        let input = json!({ "bookingId": cancelled, "expectedVersion": 1 });
        client.by(&user, CANCEL, json!({ "input": input })).await.ok();
        let second = client.by(&user, BOOK_AS_GUEST, json!({ "i": wish(&slot(5), json!({})) })).await.ok();
        let patient = second.text("/bookSlot/booking/patient/id");
        GuestThings { token, booking: second.text("/bookSlot/booking/id"), cancelled, patient }
    }

    async fn book(&self, client: &Client, n: usize) -> String {
        let slot = self.practice.clinic.global(self.slots[n]);
        let answer = client.by(self.patient, BOOK, json!({ "input": wish(&slot, json!({})) })).await.ok();
        assert_eq!(answer.refusals("bookSlot"), Vec::<String>::new(), "{}", answer.body);
        answer.text("/bookSlot/booking/id")
    }
}

async fn key(clinic: &Clinic) -> ApiKeyId {
    clinic.integrator(&Scope::ALL).await.key.expect("a key")
}

/// A change of the organization, by the id that streams give it.
async fn last_change(db: &TestDb, clinic: &Clinic) -> ChangeId {
    let sql =
        "SELECT xid::text, position FROM changes WHERE organization_id = $1 ORDER BY xid DESC, position DESC LIMIT 1";
    let rows = db.rows(sql, &[&uuid::Uuid::parse_str(&clinic.id.to_string()).expect("an id")]).await;
    let xid: String = rows[0].get(0);
    ChangeId::at(xid.parse().expect("a number"), rows[0].get(1))
}

/// Gives a provider one of everything that providers are searched by.
async fn described(db: &TestDb, clinic: &Clinic, provider: ProviderId) {
    let organization = clinic.id;
    db.run(&format!(
        "INSERT INTO specialties (organization_id, code, display_name)
           VALUES ('{organization}', '394579002', 'Cardiology') ON CONFLICT DO NOTHING;
         INSERT INTO insurance_plans (organization_id, code, display_name, payer)
           VALUES ('{organization}', 'self-pay', 'Self-pay', 'Nobody') ON CONFLICT DO NOTHING;
         INSERT INTO provider_traits (organization_id, kind, value, provider_id, position) VALUES
           ('{organization}', 'SPECIALTY', '394579002', '{provider}', 0),
           ('{organization}', 'INSURANCE', 'self-pay', '{provider}', 0),
           ('{organization}', 'LANGUAGE', 'de', '{provider}', 0),
           ('{organization}', 'LICENSED_REGION', 'DE-BE', '{provider}', 0)"
    ))
    .await;
}
