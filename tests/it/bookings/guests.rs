//! Booking without an account.

use chrono::TimeDelta;
use openslot::db::types::MemberRole;
use openslot::kernel::actor::Scope;
use openslot::kernel::ids::Global;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{CANCEL, failed, patient_of, wish};
use crate::identity::VIEWER;
use crate::support::{Answer, Practice, ServiceSpec, TestApp, User, monday};

const BOOK: &str = "mutation Book($input: BookSlotInput!) { bookSlot(input: $input) {
    booking { id status version reference patient { id } } guestToken availabilityVersion alternatives { id }
    userErrors { code field } } }";
const BOOKING: &str =
    "query B($id: ID!) { booking(id: $id) { id status patient { id version } } node(id: $id) { id } }";

/// A practice whose guests may book, or not.
pub async fn practice(app: &TestApp, policy: &str) -> Practice {
    let practice = app.practice().await;
    let organization = practice.clinic.id;
    app.db.run(&format!("UPDATE organizations SET guest_booking = '{policy}' WHERE id = '{organization}'")).await;
    practice
}

/// What a guest sends to book a slot.
pub fn input(practice: &Practice, n: usize, key: &str) -> Value {
    wish(&practice.slot(n), json!({ "patient": { "guest": {} }, "clientMutationId": key }))
}

/// Books as a guest; the answer, and the guest as who they are from then on.
pub async fn guest(app: &TestApp, practice: &Practice, n: usize) -> (Answer, User) {
    let input = input(practice, n, &Uuid::now_v7().to_string());
    let answer = app.client.guest(BOOK, json!({ "input": input })).await.ok();
    assert_eq!(answer.refusals("bookSlot"), Vec::<String>::new(), "{}", answer.body);
    let user = User { token: answer.text("/bookSlot/guestToken"), ..User::default() };
    (answer, user)
}

#[tokio::test]
async fn guest_sees_and_cancels_what_they_booked_and_nobody_else_does() {
    let app = TestApp::start().await;
    let practice = practice(&app, "ALLOWED").await;
    let (made, user) = guest(&app, &practice, 0).await;
    let (other_made, other) = guest(&app, &practice, 1).await;
    let (id, patient) = (made.text("/bookSlot/booking/id"), made.text("/bookSlot/booking/patient/id"));
    assert_eq!(made.text("/bookSlot/booking/status"), "BOOKED");

    let seen = app.client.by(&user, BOOKING, json!({ "id": id })).await.ok();
    assert_eq!(
        seen.at("/booking"),
        &json!({ "id": id, "status": "BOOKED", "patient": { "id": patient, "version": 1 } })
    );
    assert_eq!(seen.text("/node/id"), id);
    let viewer = app.client.by(&user, VIEWER, json!({})).await.ok();
    assert_eq!(viewer.text("/viewer/role"), "GUEST");
    assert_eq!(viewer.text("/viewer/patient/id"), patient);
    assert_eq!(viewer.text("/viewer/organization/slug"), practice.clinic.slug, "the token tells which");
    let until = (practice.start(1) + TimeDelta::days(30)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    assert_eq!(viewer.text("/viewer/sessionExpiresAt"), until);

    // Nobody else: not another guest, not somebody who is nobody, and not the guest with another's booking.
    let foreign = json!({ "id": other_made.text("/bookSlot/booking/id") });
    assert_eq!(app.client.by(&user, BOOKING, foreign).await.codes(), ["NOT_FOUND"]);
    assert_eq!(app.client.by(&other, BOOKING, json!({ "id": id })).await.codes(), ["NOT_FOUND"]);
    assert_eq!(app.client.guest(BOOKING, json!({ "id": id })).await.codes(), ["UNAUTHENTICATED"]);
    let cancel = json!({ "bookingId": id, "expectedVersion": 1 });
    failed(&app, &other, CANCEL, cancel.clone(), "NOT_FOUND").await;

    let done = app.client.by(&user, CANCEL, json!({ "input": cancel })).await.ok();
    assert_eq!(done.text("/cancelBooking/booking/status"), "CANCELLED");
    assert_eq!(done.text("/cancelBooking/booking/cancellation/reason"), "PATIENT");
    app.stop().await;
}

#[tokio::test]
async fn repeated_request_of_a_guest_is_answered_the_same_and_makes_nobody_new() {
    let app = TestApp::start().await;
    let practice = practice(&app, "ALLOWED").await;
    let input = input(&practice, 0, &Uuid::now_v7().to_string());
    let first = app.client.guest(BOOK, json!({ "input": input })).await.ok();
    // Also where the policy has changed since, and where a service must be named now: it was let through.
    app.db.run("UPDATE organizations SET guest_booking = 'REFUSED'").await;
    let more = practice.clinic.service(ServiceSpec::default()).await;
    let organization = practice.clinic.id;
    app.db
        .run(&format!(
            "INSERT INTO schedule_services (organization_id, schedule_id, service_id, capacity)
        SELECT '{organization}', id, '{more}', capacity FROM schedules WHERE organization_id = '{organization}'"
        ))
        .await;
    let before = app.db.state().await;
    let again = app.client.guest(BOOK, json!({ "input": input })).await.ok();
    assert_eq!(again.body, first.body);
    assert!(again.text("/bookSlot/guestToken").starts_with("osg_"));
    assert_eq!(app.db.state().await, before);

    for changed in
        [json!({ "patient": { "guest": { "region": "DE" } } }), json!({ "slot": { "id": practice.slot(1) } })]
    {
        let mut other = input.clone();
        other.as_object_mut().expect("fields").extend(changed.as_object().expect("fields").clone());
        assert_eq!(app.client.guest(BOOK, json!({ "input": other })).await.codes(), ["CONFLICT"], "{changed}");
    }
    assert_eq!(app.db.state().await, before);
    app.stop().await;
}

#[tokio::test]
async fn key_of_a_guest_books_nothing_new_once_it_has_outlived_its_time() {
    let app = TestApp::start().await;
    let practice = practice(&app, "ALLOWED").await;
    let staff = practice.clinic.member(MemberRole::Staff, None).await;
    let (key, call) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
    app.client.guest(BOOK, json!({ "input": input(&practice, 0, &key) })).await.ok();
    app.client.by(&staff, BOOK, json!({ "input": input(&practice, 1, &call) })).await.ok();
    let later = practice.start(0) + TimeDelta::days(2);
    let schedule = &practice.schedule;
    let slots = practice.clinic.slots(schedule, later, 2).await.into_iter().map(|slot| practice.clinic.global(slot));
    app.set_clock(monday() + TimeDelta::hours(25)).await;
    let before = app.db.state().await;
    for slot in slots {
        let wish = |key: &str| wish(&slot, json!({ "patient": { "guest": {} }, "clientMutationId": key }));
        // Two callers never become one patient, and nobody becomes who they were by an old key.
        let as_guest = app.client.guest(BOOK, json!({ "input": wish(&key) })).await;
        let as_staff = app.client.by(&staff, BOOK, json!({ "input": wish(&call) })).await;
        assert_eq!((as_guest.codes(), as_staff.codes()), (vec!["CONFLICT".into()], vec!["CONFLICT".into()]));
    }
    assert_eq!(app.db.state().await, before);
    app.stop().await;
}

#[tokio::test]
async fn suspended_organization_takes_no_guests() {
    let app = TestApp::start().await;
    let practice = practice(&app, "ALLOWED").await;
    app.db.run("UPDATE organizations SET suspended_at = now()").await;
    failed_without_credential(&app, input(&practice, 0, &Uuid::now_v7().to_string()), "NOT_FOUND").await;
    app.stop().await;
}

#[tokio::test]
async fn database_has_no_key_of_a_guest_in_clear() {
    let app = TestApp::start().await;
    let practice = practice(&app, "ALLOWED").await;
    let key = Uuid::now_v7().to_string();
    app.client.guest(BOOK, json!({ "input": input(&practice, 0, &key) })).await.ok();
    let keys: Vec<String> = app.db.one("SELECT array_agg(key) FROM idempotency_keys", &[]).await;
    assert!(keys.len() == 1 && !keys.contains(&key), "{keys:?}");
    app.stop().await;
}

#[tokio::test]
async fn program_needs_a_scope_to_make_patients() {
    let app = TestApp::start().await;
    let practice = practice(&app, "REFUSED").await;
    let input = |n: usize| input(&practice, n, &Uuid::now_v7().to_string());
    let books = practice.clinic.integrator(&[Scope::BookingsWrite]).await;
    failed(&app, &books, BOOK, input(0), "FORBIDDEN").await;
    let makes_patients = practice.clinic.integrator(&[Scope::BookingsWrite, Scope::PatientsWrite]).await;
    app.client.by(&makes_patients, BOOK, json!({ "input": input(0) })).await;
    assert_eq!(app.db.count("bookings").await, 1);
    app.stop().await;
}

#[tokio::test]
async fn guest_is_kept_as_a_patient_with_what_they_said_and_the_record_tells() {
    let app = TestApp::start().await;
    let practice = practice(&app, "ALLOWED").await;
    let guest = json!({ "language": "pt-BR", "region": "US-IL" });
    let key = Uuid::now_v7().to_string();
    let input = wish(&practice.slot(0), json!({ "patient": { "guest": guest }, "clientMutationId": key }));
    let made = app.client.guest(BOOK, json!({ "input": input })).await.ok();
    let kept: String = app
        .db
        .one(
            "SELECT concat_ws(' ', p.is_guest, p.language, p.region, b.booked_by = 'guest:' || p.id, b.booked_by_role)
             FROM patients AS p JOIN bookings AS b ON b.patient_id = p.id WHERE p.is_guest",
            &[],
        )
        .await;
    assert_eq!(kept, "t pt-BR US-IL t GUEST");
    let told: String = app
        .db
        .one("SELECT string_agg(action || ' ' || entity_kind, ', ' ORDER BY entity_kind) FROM audit_events WHERE actor_role = 'GUEST'", &[])
        .await;
    assert_eq!(told, "CREATED Booking, CREATED Patient");
    assert!(!made.text("/bookSlot/booking/reference").is_empty());
    app.stop().await;
}

#[tokio::test]
async fn key_of_a_guest_must_be_a_random_uuid() {
    let app = TestApp::start().await;
    let practice = practice(&app, "ALLOWED").await;
    for key in [json!("try-1"), json!("00000000-0000-0000-0000-000000000000"), Value::Null] {
        let mut input = input(&practice, 0, "");
        input["clientMutationId"] = key;
        let answer = failed_without_credential(&app, input, "BAD_USER_INPUT").await;
        let rule = &answer.body["errors"][0];
        assert_eq!(rule["extensions"]["field"], json!(["input", "clientMutationId"]), "{rule}");
    }
    app.stop().await;
}

#[tokio::test]
pub async fn policy_decides_whether_guests_may_book() {
    let app = TestApp::start().await;
    let closed = practice(&app, "REFUSED").await;
    failed_without_credential(&app, input(&closed, 0, &Uuid::now_v7().to_string()), "UNAUTHENTICATED").await;

    let careful = practice(&app, "WITH_VERIFIED_CONTACT").await;
    let before = app.db.state().await;
    let wanted = input(&careful, 0, &Uuid::now_v7().to_string());
    let answer = app.client.guest(BOOK, json!({ "input": wanted })).await.ok();
    assert_eq!(answer.refusals("bookSlot"), ["CONTACT_NOT_VERIFIED"]);
    assert_eq!(answer.at("/bookSlot/guestToken"), &Value::Null);
    assert_eq!(app.db.state().await, before);

    // Who has booked before books no more once the policy says so, and keeps what they have.
    let open = practice(&app, "ALLOWED").await;
    let (made, user) = guest(&app, &open, 0).await;
    let again = app.client.by(&user, BOOK, json!({ "input": wish(&open.slot(1), json!({})) })).await.ok();
    assert_eq!(again.text("/bookSlot/booking/patient/id"), made.text("/bookSlot/booking/patient/id"));
    app.db.run("UPDATE organizations SET guest_booking = 'REFUSED'").await;
    failed(&app, &user, BOOK, wish(&open.slot(2), json!({})), "FORBIDDEN").await;
    app.client.by(&user, BOOKING, json!({ "id": made.text("/bookSlot/booking/id") })).await.ok();
    app.stop().await;
}

#[tokio::test]
async fn refused_booking_makes_no_guest() {
    let app = TestApp::start().await;
    let practice = practice(&app, "ALLOWED").await;
    guest(&app, &practice, 0).await;
    let before = app.db.state().await;
    let late = app.client.guest(BOOK, json!({ "input": input(&practice, 0, &Uuid::now_v7().to_string()) })).await.ok();
    assert_eq!(late.refusals("bookSlot"), ["SLOT_TAKEN"]);
    assert_eq!(late.at("/bookSlot/guestToken"), &Value::Null);
    assert!(!late.at("/bookSlot/alternatives").as_array().expect("a list").is_empty());
    assert_eq!(app.db.state().await, before);
    app.stop().await;
}

#[tokio::test]
async fn staff_book_for_a_guest_and_patients_do_not() {
    let app = TestApp::start().await;
    let practice = practice(&app, "REFUSED").await;
    let staff = practice.clinic.member(MemberRole::Staff, Some(practice.location)).await;
    let call = Uuid::now_v7().to_string();
    let input = |n: usize| input(&practice, n, &call);
    let made = app.client.by(&staff, BOOK, json!({ "input": input(0) })).await.ok();
    assert_eq!(made.at("/bookSlot/guestToken"), &Value::Null, "it is not theirs");
    let again = app.client.by(&staff, BOOK, json!({ "input": input(0) })).await.ok();
    assert_eq!(again.body, made.body);

    failed(&app, &practice.patient, BOOK, input(1), "BAD_USER_INPUT").await;
    let provider = practice.clinic.signed_in(practice.provider).await;
    failed(&app, &provider, BOOK, input(1), "FORBIDDEN").await;
    let elsewhere = practice.clinic.location("Europe/Berlin").await;
    let far = practice.clinic.member(MemberRole::Staff, Some(elsewhere)).await;
    failed(&app, &far, BOOK, input(1), "NOT_FOUND").await;
    for region in ["de", "DEU", "DE-", "DE-ABCD", "D1"] {
        let patient = json!({ "guest": { "region": region } });
        let wrong = wish(&practice.slot(1), json!({ "patient": patient, "clientMutationId": call }));
        failed(&app, &staff, BOOK, wrong, "BAD_USER_INPUT").await;
    }
    app.stop().await;
}

#[tokio::test]
async fn guest_books_nobody_else_and_nowhere_else() {
    let app = TestApp::start().await;
    let (here, there) = (practice(&app, "ALLOWED").await, practice(&app, "ALLOWED").await);
    let (_, user) = guest(&app, &here, 0).await;
    let another = json!({ "patient": { "id": patient_of(&here.clinic, &here.patient) } });
    failed(&app, &user, BOOK, wish(&here.slot(1), another.clone()), "NOT_FOUND").await;
    failed(&app, &app.practice().await.staff, BOOK, wish(&here.slot(1), another), "FORBIDDEN").await;
    // Where guests may not book, those who have a credential are not told to sign in.
    let closed = practice(&app, "REFUSED").await;
    failed(&app, &user, BOOK, input(&closed, 0, &Uuid::now_v7().to_string()), "FORBIDDEN").await;
    // Elsewhere they are nobody in particular: they book as a new guest, whom the token of here does not know.
    failed(&app, &user, BOOK, wish(&there.slot(1), json!({})), "FORBIDDEN").await;
    let input = input(&there, 0, &Uuid::now_v7().to_string());
    let made = app.client.by(&user, BOOK, json!({ "input": input })).await.ok();
    let id = made.text("/bookSlot/booking/id");
    assert!(id.parse::<Global<openslot::kernel::ids::BookingId>>().is_ok_and(|id| id.organization == there.clinic.id));
    assert_eq!(app.client.by(&user, BOOKING, json!({ "id": id })).await.codes(), ["NOT_FOUND"]);
    let known_there = User { token: made.text("/bookSlot/guestToken"), ..User::default() };
    assert_eq!(app.client.by(&known_there, BOOKING, json!({ "id": id })).await.ok().text("/booking/id"), id);
    app.stop().await;
}

async fn failed_without_credential(app: &TestApp, input: Value, code: &str) -> Answer {
    let before = app.db.state().await;
    let answer = app.client.guest(BOOK, json!({ "input": input })).await;
    assert_eq!(answer.codes(), [code], "{}", answer.body);
    assert_eq!(app.db.state().await, before, "{code} changed something");
    answer
}
