//! Whose bookings somebody sees and cancels.

use openslot::db::types::MemberRole;
use serde_json::{Value, json};

use crate::bookings::{BOOK, CANCEL, booked, failed, patient_of, wish};
use crate::support::{Practice, TestApp, User};

const SEE: &str = "query($id: ID!) { booking(id: $id) { id patient { id } } node(id: $id) { id } }";

/// The practice with slot 0 booked by its patient.
async fn start() -> (TestApp, Practice, String) {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let made = booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    (app, practice, made.text("/bookSlot/booking/id"))
}

async fn sees(app: &TestApp, user: &User, id: &str) -> Value {
    let answer = app.client.by(user, SEE, json!({ "id": id })).await;
    assert_eq!(answer.at("/booking").is_null(), answer.at("/node").is_null(), "an edge and a node show the same");
    if answer.at("/booking").is_null() {
        assert_eq!(answer.codes(), ["NOT_FOUND"]);
        return Value::Null;
    }
    answer.ok().at("/booking/patient").clone()
}

fn cancellation(id: &str) -> Value {
    json!({ "bookingId": id, "expectedVersion": 1 })
}

#[tokio::test]
async fn patient_cannot_see_or_cancel_the_booking_of_another() {
    let (app, practice, id) = start().await;
    let me = json!({ "id": patient_of(&practice.clinic, &practice.patient) });
    assert_eq!(sees(&app, &practice.patient, &id).await, me);
    assert_eq!(sees(&app, &practice.other, &id).await, Value::Null);
    failed(&app, &practice.other, CANCEL, cancellation(&id), "NOT_FOUND").await;
    let for_them = wish(&practice.slot(1), json!({ "patient": me }));
    failed(&app, &practice.other, BOOK, for_them, "NOT_FOUND").await;
    app.stop().await;
}

#[tokio::test]
async fn staff_of_a_location_work_only_there() {
    let (app, practice, id) = start().await;
    let clinic = &practice.clinic;
    let elsewhere = clinic.location("Europe/Berlin").await;
    let here = clinic.member(MemberRole::Staff, Some(practice.location)).await;
    let there = clinic.member(MemberRole::Staff, Some(elsewhere)).await;
    assert!(sees(&app, &here, &id).await.is_object());
    assert!(sees(&app, &practice.staff, &id).await.is_object());
    assert_eq!(sees(&app, &there, &id).await, Value::Null);
    failed(&app, &there, CANCEL, cancellation(&id), "NOT_FOUND").await;
    let patient = json!({ "patient": { "id": patient_of(clinic, &practice.other) } });
    failed(&app, &there, BOOK, wish(&practice.slot(1), patient.clone()), "NOT_FOUND").await;
    booked(&app, &here, wish(&practice.slot(1), patient)).await;
    crate::bookings::cancelled(&app, &here, &id, 1).await;
    app.stop().await;
}

#[tokio::test]
async fn provider_sees_their_own_bookings_and_changes_none() {
    let (app, practice, id) = start().await;
    let clinic = &practice.clinic;
    let other = clinic.provider("Grace", "Okoro").await;
    let mine = clinic.signed_in(practice.provider).await;
    let theirs = clinic.signed_in(other).await;
    // Who the patient is they learn from the day sheet, not here.
    let answer = app.client.by(&mine, SEE, json!({ "id": id })).await.ok();
    assert_eq!(answer.at("/booking"), &json!({ "id": id, "patient": null }));
    assert_eq!(sees(&app, &theirs, &id).await, Value::Null);
    failed(&app, &mine, CANCEL, cancellation(&id), "FORBIDDEN").await;
    failed(&app, &theirs, CANCEL, cancellation(&id), "NOT_FOUND").await;
    let patient = json!({ "patient": { "id": patient_of(clinic, &practice.other) } });
    failed(&app, &mine, BOOK, wish(&practice.slot(1), patient), "FORBIDDEN").await;
    // They see detail of their own slots only.
    assert_eq!(crate::bookings::status(&app, &mine, &practice.slot(0)).await, "BUSY");
    app.stop().await;
}

#[tokio::test]
async fn guest_is_asked_to_sign_in() {
    let (app, practice, id) = start().await;
    let before = app.db.state().await;
    for (query, variables) in [
        ("query($id: ID!) { booking(id: $id) { id } }", json!({ "id": id })),
        (CANCEL, json!({ "input": cancellation(&id) })),
        (BOOK, json!({ "input": wish(&practice.slot(1), json!({})) })),
    ] {
        assert_eq!(app.client.guest(query, variables).await.codes(), ["UNAUTHENTICATED"]);
    }
    assert_eq!(
        app.client.guest("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await.ok().at("/node"),
        &Value::Null
    );
    assert_eq!(app.db.state().await, before);
    app.stop().await;
}

#[tokio::test]
async fn rights_in_one_organization_are_worth_nothing_in_another() {
    let (app, practice, id) = start().await;
    let other = app.practice().await;
    for user in [&other.patient, &other.staff, &other.admin] {
        assert_eq!(sees(&app, user, &id).await, Value::Null);
        failed(&app, user, CANCEL, cancellation(&id), "NOT_FOUND").await;
        let patient = json!({ "patient": { "id": patient_of(&practice.clinic, &practice.patient) } });
        failed(&app, user, BOOK, wish(&practice.slot(1), patient), "FORBIDDEN").await;
        // Nor does a patient's id of theirs help there.
        let mine = json!({ "patient": { "id": patient_of(&other.clinic, &other.patient) } });
        failed(&app, user, BOOK, wish(&practice.slot(1), mine), "NOT_FOUND").await;
    }
    app.stop().await;
}
