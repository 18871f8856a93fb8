//! What is asked: each case is refused in the same words as the others of its group.

use futures_util::future::join_all;
use openslot::db::types::MemberRole;
use openslot::domain::identity::secret::KeyText;
use openslot::kernel::actor::Scope;
use openslot::kernel::ids::{BookingId, MemberId, PatientId, RowId};
use serde_json::{Value, json};

use crate::support::issuer::{SigningKey, claims};
use crate::support::{Clinic, Practice, TestApp, User};
use crate::wire::Request;

const BOOKING: &str = "query($id: ID!) { booking(id: $id) { id status } }";
const NODE: &str = "query($id: ID!) { node(id: $id) { id } }";
const CANCEL: &str = "mutation($id: ID!) { cancelBooking(input: { bookingId: $id, expectedVersion: 1 }) {
    booking { id } userErrors { code } } }";
const CHANGE: &str = "mutation($id: ID!) { changeMember(input: { memberId: $id, role: STAFF, expectedVersion: 7 }) {
    member { id } userErrors { code } } }";
const REMOVE: &str = "mutation($id: ID!) { removeMember(input: { memberId: $id, expectedVersion: 7 }) {
    member { id } userErrors { code } } }";
const REVOKE: &str = "mutation($id: ID!) { revokeSessions(input: { memberId: $id }) { revokedAt } }";
const BOOK: &str = "mutation($slot: ID!, $id: ID!) { bookSlot(input: { slot: { id: $slot }, patient: { id: $id } }) {
    booking { id } userErrors { code } } }";
const BOOK_ONE: &str = "mutation($slot: ID!) { bookSlot(input: { slot: { id: $slot } }) {
    booking { id } userErrors { code } } }";
const WHO: &str = "query { __typename }";

/// Things of each kind, so that not one row is asked for all the time.
const OF_EACH: usize = 8;

/// Requests that take turns.
pub struct Case {
    pub name: &'static str,
    pub requests: Vec<Request>,
}

/// Cases that are answered alike, and which of them are compared.
pub struct Group {
    pub name: &'static str,
    pub cases: Vec<Case>,
    pub pairs: &'static [(usize, usize)],
}

/// Two organizations, seen by people of the first.
struct World {
    ours: Practice,
    theirs: Practice,
}

pub fn issuer_key() -> SigningKey {
    SigningKey::ed25519("published")
}

/// Every group; `count` credentials where a remembered one would be answered sooner.
pub async fn all(app: &TestApp, published: &SigningKey, count: usize) -> Vec<Group> {
    let world = World { ours: app.practice().await, theirs: app.practice().await };
    let (ours, theirs) = (bookings(app, &world.ours).await, bookings(app, &world.theirs).await);
    let colleagues: Vec<String> = join_all((0..OF_EACH).map(|_| world.ours.clinic.member(MemberRole::Staff, None)))
        .await
        .iter()
        .map(|member| world.ours.clinic.global(member.member.expect("a member")))
        .collect();
    let mut groups = Vec::new();
    for (name, query) in [("booking, PATIENT", BOOKING), ("node, PATIENT", NODE), ("cancelBooking, PATIENT", CANCEL)] {
        groups.push(of_bookings(&world, name, query, &ours, &theirs));
    }
    let (staff, patient, foreign) = (&world.ours.staff, &world.ours.patient, &world.theirs.admin);
    for (name, query, by) in [
        ("changeMember, foreign ADMIN", CHANGE, foreign),
        ("changeMember, STAFF", CHANGE, staff),
        ("removeMember, foreign ADMIN", REMOVE, foreign),
        ("revokeSessions, STAFF", REVOKE, staff),
        ("revokeSessions, PATIENT", REVOKE, patient),
        ("node, foreign ADMIN", NODE, foreign),
    ] {
        let none = fresh::<MemberId>(&world.ours.clinic);
        groups.push(pair(name, by_id("none", query, by, &none), by_id("a member", query, by, &colleagues)));
    }
    groups.push(of_patients(&world).await);
    groups.push(of_keys(&world, count).await);
    groups.push(of_tokens(published, count));
    groups
}

fn of_bookings(world: &World, name: &'static str, query: &str, ours: &[String], theirs: &[String]) -> Group {
    let patient = &world.ours.patient;
    let nowhere = [&world.ours, &world.theirs].map(|practice| fresh::<BookingId>(&practice.clinic));
    let cases = vec![
        by_id("none", query, patient, &nowhere[0]),
        by_id("another patient's", query, patient, ours),
        by_id("none elsewhere", query, patient, &nowhere[1]),
        by_id("one elsewhere", query, patient, theirs),
    ];
    // What is in another organization is told by the id itself; it is compared for completeness.
    Group { name, cases, pairs: &[(0, 1), (2, 3), (0, 3)] }
}

async fn of_patients(world: &World) -> Group {
    let practice = &world.ours;
    let others = join_all((0..OF_EACH).map(|_| practice.clinic.patient())).await;
    let others = others.iter().map(|other| practice.clinic.global(other.patient.expect("a patient"))).collect();
    let requests = |ids: Vec<String>| -> Vec<Request> {
        let ask = |id| request(&practice.patient, BOOK, &json!({ "slot": practice.slot(15), "id": id }));
        ids.into_iter().map(ask).collect()
    };
    let none = Case { name: "none", requests: requests(fresh::<PatientId>(&practice.clinic)) };
    pair("bookSlot, PATIENT", none, Case { name: "another patient", requests: requests(others) })
}

/// Keys that are none: with a prefix that is nobody's, and with one of a key.
async fn of_keys(world: &World, count: usize) -> Group {
    let key = world.ours.clinic.integrator(&[Scope::DirectoryRead]).await;
    let known = &key.token[..12];
    let texts = || (0..count).map(|_| KeyText::generate().expect("a key").reveal());
    let ask = |text: String| Request::new(Some(&text), WHO, &Value::Null);
    let unknown = Case { name: "unknown prefix", requests: texts().map(ask).collect() };
    let wrong = texts().map(|text| ask(format!("{known}{}", &text[12..]))).collect();
    pair("API key", unknown, Case { name: "wrong secret", requests: wrong })
}

/// Tokens that are none. Names of keys are public: this pair is no secret.
fn of_tokens(published: &SigningKey, count: usize) -> Group {
    let forger = SigningKey::ed25519("nobody");
    let ask = |n: usize, id: &str| {
        let token = forger.sign_as(Some(id), &claims(&format!("subject-{n}")));
        Request::new(Some(&token), WHO, &Value::Null)
    };
    let unknown = (0..count).map(|n| ask(n, "nobody")).collect();
    let wrong = (0..count).map(|n| ask(n, &published.id)).collect();
    pair("token", Case { name: "unknown key", requests: unknown }, Case { name: "wrong signature", requests: wrong })
}

fn pair(name: &'static str, first: Case, second: Case) -> Group {
    Group { name, cases: vec![first, second], pairs: &[(0, 1)] }
}

fn by_id(name: &'static str, query: &str, by: &User, ids: &[String]) -> Case {
    Case { name, requests: ids.iter().map(|id| request(by, query, &json!({ "id": id }))).collect() }
}

fn request(by: &User, query: &str, variables: &Value) -> Request {
    Request::new(Some(&by.token), query, variables)
}

/// Ids of nothing.
fn fresh<T: RowId>(clinic: &Clinic) -> Vec<String> {
    (0..OF_EACH).map(|_| clinic.global(T::from_uuid(BookingId::random().uuid()))).collect()
}

/// Bookings of a patient who is not the one that asks.
async fn bookings(app: &TestApp, practice: &Practice) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..OF_EACH {
        let slot = json!({ "slot": practice.slot(n) });
        let answer = app.client.by(&practice.other, BOOK_ONE, slot).await.ok();
        ids.push(answer.text("/bookSlot/booking/id"));
    }
    ids
}
