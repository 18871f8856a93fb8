//! The same key and input replay the stored outcome; nothing happens twice.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{BOOK, CANCEL, booked, failed, patient_of, refused, wish};
use crate::support::{Practice, TestApp, User, monday};

async fn start() -> (TestApp, Practice) {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    (app, practice)
}

fn keyed(practice: &Practice, n: usize, key: &str) -> Value {
    wish(&practice.slot(n), json!({ "clientMutationId": key }))
}

#[tokio::test]
async fn same_key_and_input_replay_the_outcome() {
    let (app, practice) = start().await;
    let first = booked(&app, &practice.patient, keyed(&practice, 0, "k")).await;
    let before = app.db.state().await;
    // Left out or written down, the input is the same.
    let spelled = json!({
        "clientMutationId": "k", "isNewPatient": false,
        "patient": { "id": patient_of(&practice.clinic, &practice.patient) },
    });
    for input in [keyed(&practice, 0, "k"), wish(&practice.slot(0), spelled)] {
        let again = booked(&app, &practice.patient, input).await;
        assert_eq!(again.at("/bookSlot/booking"), first.at("/bookSlot/booking"));
        assert_eq!(again.at("/bookSlot/availabilityVersion"), first.at("/bookSlot/availabilityVersion"));
        assert_eq!(again.text("/bookSlot/clientMutationId"), "k");
    }
    assert_eq!((app.db.count("bookings").await, app.db.count("audit_events").await), (1, 1));
    assert_eq!(app.db.state().await, before);
    app.stop().await;
}

#[tokio::test]
async fn replay_may_select_other_fields_and_shows_the_present() {
    let (app, practice) = start().await;
    let first = booked(&app, &practice.patient, keyed(&practice, 0, "k")).await;
    let id = first.text("/bookSlot/booking/id");
    super::cancelled(&app, &practice.patient, &id, 1).await;
    let other = "mutation($input: BookSlotInput!) { bookSlot(input: $input) { availabilityVersion
        booking { id status version provider { displayName } } userErrors { code } } }";
    let again = app.client.by(&practice.patient, other, json!({ "input": keyed(&practice, 0, "k") })).await.ok();
    assert_eq!(again.text("/bookSlot/booking/id"), id);
    assert_eq!(again.text("/bookSlot/booking/status"), "CANCELLED");
    assert_eq!(again.text("/bookSlot/booking/provider/displayName"), "Dr. Ada Lindholm");
    assert_eq!(again.at("/bookSlot/availabilityVersion"), first.at("/bookSlot/availabilityVersion"));
    assert_eq!(app.db.count("bookings").await, 1);
    app.stop().await;
}

#[tokio::test]
async fn same_key_with_other_input_is_a_conflict() {
    let (app, practice) = start().await;
    let made = booked(&app, &practice.patient, keyed(&practice, 0, "k")).await;
    failed(&app, &practice.patient, BOOK, keyed(&practice, 1, "k"), "CONFLICT").await;
    let mut first_visit = keyed(&practice, 0, "k");
    first_visit["isNewPatient"] = json!(true);
    failed(&app, &practice.patient, BOOK, first_visit, "CONFLICT").await;
    let cancel =
        json!({ "bookingId": made.text("/bookSlot/booking/id"), "expectedVersion": 1, "clientMutationId": "k" });
    failed(&app, &practice.patient, CANCEL, cancel, "CONFLICT").await;
    app.stop().await;
}

#[tokio::test]
async fn keys_belong_to_their_principal_and_organization() {
    let (app, practice) = start().await;
    let second = app.practice().await;
    booked(&app, &practice.patient, keyed(&practice, 0, "k")).await;
    booked(&app, &practice.other, keyed(&practice, 1, "k")).await;
    booked(&app, &second.patient, keyed(&second, 0, "k")).await;
    assert_eq!(app.db.count("bookings").await, 3);
    assert_eq!(app.db.count("idempotency_keys").await, 3);
    app.stop().await;
}

#[tokio::test]
async fn key_ends_after_24_hours() {
    let (app, practice) = start().await;
    booked(&app, &practice.patient, keyed(&practice, 15, "k")).await;
    app.set_clock(monday() + TimeDelta::hours(24) - TimeDelta::seconds(1)).await;
    failed(&app, &practice.patient, BOOK, keyed(&practice, 14, "k"), "CONFLICT").await;
    app.set_clock(monday() + TimeDelta::hours(24)).await;
    booked(&app, &practice.patient, keyed(&practice, 14, "k")).await;
    assert_eq!(app.db.count("idempotency_keys").await, 1);
    app.stop().await;
}

#[tokio::test]
async fn refusals_are_not_stored_and_the_retry_is_judged_anew() {
    let (app, practice) = start().await;
    let made = booked(&app, &practice.other, keyed(&practice, 0, "theirs")).await;
    refused(&app, &practice.patient, keyed(&practice, 0, "k"), "SLOT_TAKEN").await;
    super::cancelled(&app, &practice.other, &made.text("/bookSlot/booking/id"), 1).await;
    booked(&app, &practice.patient, keyed(&practice, 0, "k")).await;
    app.stop().await;
}

#[tokio::test]
async fn cancellation_replays_its_outcome_too() {
    let (app, practice) = start().await;
    let made = booked(&app, &practice.patient, keyed(&practice, 0, "k")).await;
    let id = made.text("/bookSlot/booking/id");
    let input = |version: i32| json!({ "bookingId": id, "expectedVersion": version, "clientMutationId": "c" });
    let first = app.client.by(&practice.patient, CANCEL, json!({ "input": input(1) })).await.ok();
    let before = app.db.state().await;
    let again = app.client.by(&practice.patient, CANCEL, json!({ "input": input(1) })).await.ok();
    assert_eq!(again.body, first.body);
    assert!(again.at("/cancelBooking/availabilityVersion").is_string());
    assert_eq!(app.db.state().await, before);
    failed(&app, &practice.patient, CANCEL, input(2), "CONFLICT").await;
    app.stop().await;
}

#[tokio::test]
async fn same_request_many_times_at_once_books_once() {
    let (app, practice) = start().await;
    let ask = |user: User| {
        let (client, input) = (app.client.clone(), keyed(&practice, 0, "k"));
        async move { client.by(&user, BOOK, json!({ "input": input })).await.ok() }
    };
    let answers = futures_util::future::join_all((0..8).map(|_| ask(practice.patient.clone()))).await;
    let first = answers[0].text("/bookSlot/booking/id");
    assert!(answers.iter().all(|answer| answer.text("/bookSlot/booking/id") == first));
    assert_eq!((app.db.count("bookings").await, app.db.count("audit_events").await), (1, 1));
    app.stop().await;
}
