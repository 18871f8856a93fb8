//! What a visit takes: its cells, its buffers, its length, its approval.

use openslot::db::types::ApprovalMode;
use openslot::kernel::ids::{RowId, SlotId};
use serde_json::json;

use super::{BOOK, booked, failed, patient_of, refused, status, wish};
use crate::support::{Practice, ServiceSpec, TestApp};

#[tokio::test]
async fn longer_service_takes_the_cells_that_follow() {
    let app = TestApp::start().await;
    let practice = Practice::with(&app.db, ServiceSpec { minutes: 75, ..Default::default() }).await;
    let answer = booked(&app, &practice.patient, wish(&practice.slot(2), json!({}))).await;
    assert_eq!(answer.text("/bookSlot/booking/startsAt"), "2027-03-02T09:00:00.000Z");
    assert_eq!(answer.text("/bookSlot/booking/endsAt"), "2027-03-02T10:15:00.000Z");
    for (n, wanted) in [(1, "FREE"), (2, "BUSY"), (3, "BUSY"), (4, "BUSY"), (5, "FREE")] {
        assert_eq!(status(&app, &practice.staff, &practice.slot(n)).await, wanted, "{n}");
    }
    refused(&app, &practice.other, wish(&practice.slot(1), json!({})), "SLOT_TAKEN").await;
    refused(&app, &practice.other, wish(&practice.slot(4), json!({})), "SLOT_TAKEN").await;
    app.stop().await;
}

#[tokio::test]
async fn buffers_outside_open_hours_cost_nothing() {
    let app = TestApp::start().await;
    let spec = ServiceSpec { buffer_before: 45, buffer_after: 30, ..Default::default() };
    let practice = Practice::with(&app.db, spec).await;
    booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    booked(&app, &practice.other, wish(&practice.slot(15), json!({}))).await;
    let blocked = "BUSY_UNAVAILABLE";
    for (n, wanted) in [(1, blocked), (2, "FREE"), (12, "FREE"), (13, blocked), (14, blocked)] {
        assert_eq!(status(&app, &practice.staff, &practice.slot(n)).await, wanted, "{n}");
    }
    app.stop().await;
}

#[tokio::test]
async fn first_visit_has_its_own_length() {
    let app = TestApp::start().await;
    let spec = ServiceSpec { new_patient_minutes: Some(60), ..Default::default() };
    let practice = Practice::with(&app.db, spec).await;
    let first = booked(&app, &practice.patient, wish(&practice.slot(0), json!({ "isNewPatient": true }))).await;
    assert_eq!(first.at("/bookSlot/booking/isNewPatient"), &json!(true));
    assert_eq!(first.text("/bookSlot/booking/endsAt"), "2027-03-02T09:00:00.000Z");
    refused(&app, &practice.other, wish(&practice.slot(1), json!({})), "SLOT_TAKEN").await;
    let later = booked(&app, &practice.other, wish(&practice.slot(2), json!({}))).await;
    assert_eq!(later.at("/bookSlot/booking/isNewPatient"), &json!(false));
    assert_eq!(later.text("/bookSlot/booking/endsAt"), "2027-03-02T09:30:00.000Z");
    app.stop().await;
}

#[tokio::test]
async fn approval_by_staff_makes_it_pending_and_keeps_the_slot() {
    let app = TestApp::start().await;
    let spec = ServiceSpec { approval: ApprovalMode::StaffDecides, ..Default::default() };
    let practice = Practice::with(&app.db, spec).await;
    let answer = booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    assert_eq!(answer.text("/bookSlot/booking/status"), "PENDING");
    assert_eq!(answer.text("/bookSlot/booking/slot/status"), "BUSY");
    refused(&app, &practice.other, wish(&practice.slot(0), json!({})), "SLOT_TAKEN").await;
    app.stop().await;
}

#[tokio::test]
async fn service_may_be_left_out_only_where_one_is_offered() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let (clinic, both) = (&practice.clinic, super::other_service(&practice).await);
    let provider = clinic.provider("Grace", "Okoro").await;
    let schedule = clinic.schedule(provider, practice.location, 30, 1, &[practice.service, both]).await;
    let slot = clinic.global(clinic.slots(&schedule, practice.start(0), 1).await[0]);
    let answer = failed(&app, &practice.patient, BOOK, wish(&slot, json!({})), "BAD_USER_INPUT").await;
    assert_eq!(answer.body["errors"][0]["extensions"]["field"], json!(["input", "serviceId"]));
    let answer = booked(&app, &practice.patient, wish(&slot, json!({ "serviceId": clinic.global(both) }))).await;
    assert_eq!(answer.text("/bookSlot/booking/service/id"), clinic.global(both));
    app.stop().await;
}

#[tokio::test]
async fn staff_book_for_a_patient_whom_they_must_name() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let input = wish(&practice.slot(0), json!({}));
    let answer = failed(&app, &practice.staff, BOOK, input.clone(), "BAD_USER_INPUT").await;
    assert_eq!(answer.body["errors"][0]["extensions"]["field"], json!(["input", "patient"]));
    let patient = patient_of(&practice.clinic, &practice.other);
    let answer = booked(&app, &practice.staff, wish(&practice.slot(0), json!({ "patient": { "id": patient } }))).await;
    assert_eq!(answer.text("/bookSlot/booking/patient/id"), patient);
    app.stop().await;
}

#[tokio::test]
async fn ids_of_wrong_kinds_are_named_and_unknown_ones_are_not_found() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let clinic = &practice.clinic;
    let bad = clinic.global(practice.location);
    for (field, input) in [
        (json!(["input", "slot", "id"]), wish(&bad, json!({}))),
        (json!(["input", "serviceId"]), wish(&practice.slot(0), json!({ "serviceId": bad }))),
        (json!(["input", "patient", "id"]), wish(&practice.slot(0), json!({ "patient": { "id": bad } }))),
    ] {
        let answer = failed(&app, &practice.staff, BOOK, input, "BAD_USER_INPUT").await;
        assert_eq!(answer.body["errors"][0]["extensions"]["field"], field);
    }
    let other = app.practice().await;
    let (service, patient) = (other.clinic.global(other.service), patient_of(&other.clinic, &other.patient));
    let mine = json!({ "id": patient_of(clinic, &practice.patient) });
    for input in [
        wish(&clinic.global(SlotId::starting_at(practice.start(0))), json!({ "patient": mine })),
        wish(&clinic.global(SlotId::from_uuid(uuid::Uuid::nil())), json!({ "patient": mine })),
        wish(&practice.slot(0), json!({ "patient": mine, "serviceId": service })),
        wish(&practice.slot(0), json!({ "patient": { "id": patient } })),
    ] {
        failed(&app, &practice.staff, BOOK, input, "NOT_FOUND").await;
    }
    app.stop().await;
}
