//! Every reason why `bookSlot` is refused, each with nothing changed.

use chrono::TimeDelta;
use openslot::kernel::time::CalendarSpan;
use serde_json::json;

use super::{booked, colleague, other_service, patient_of, refused, require_room, status, wish};
use crate::support::{Practice, ServiceSpec, TestApp, monday};

#[tokio::test]
pub async fn slot_that_somebody_has_is_taken() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    let answer = refused(&app, &practice.other, wish(&practice.slot(0), json!({})), "SLOT_TAKEN").await;
    assert_eq!(answer.at("/bookSlot/userErrors/0/field"), &json!(["input", "slot"]));
    assert_eq!(answer.text("/bookSlot/userErrors/0/message"), "Somebody else holds or has booked the time.");
    app.stop().await;
}

#[tokio::test]
pub async fn slot_that_has_started_is_in_the_past() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    app.set_clock(practice.start(1)).await;
    refused(&app, &practice.patient, wish(&practice.slot(0), json!({})), "SLOT_IN_PAST").await;
    booked(&app, &practice.patient, wish(&practice.slot(1), json!({}))).await;
    app.stop().await;
}

#[tokio::test]
async fn buffer_of_a_neighbour_blocks_on_both_sides() {
    let app = TestApp::start().await;
    let spec = ServiceSpec { buffer_before: 15, buffer_after: 15, ..Default::default() };
    let practice = Practice::with(&app.db, spec).await;
    booked(&app, &practice.patient, wish(&practice.slot(4), json!({}))).await;
    for n in [3, 5] {
        refused(&app, &practice.other, wish(&practice.slot(n), json!({})), "SLOT_BLOCKED").await;
        assert_eq!(status(&app, &practice.staff, &practice.slot(n)).await, "BUSY_UNAVAILABLE");
        assert_eq!(status(&app, &practice.patient, &practice.slot(n)).await, "BUSY");
    }
    // Two buffers of 15 minutes add up: the visit after the next cell just fits.
    booked(&app, &practice.other, wish(&practice.slot(6), json!({}))).await;
    app.stop().await;
}

#[tokio::test]
pub async fn hole_in_the_run_blocks_a_longer_visit() {
    let app = TestApp::start().await;
    let practice = Practice::with(&app.db, ServiceSpec { minutes: 60, ..Default::default() }).await;
    let closed = practice.slots[5];
    app.db.run(&format!("UPDATE slots SET status = 'BUSY_UNAVAILABLE', is_closed = true WHERE id = '{closed}'")).await;
    for n in [4, 5, 15] {
        refused(&app, &practice.patient, wish(&practice.slot(n), json!({})), "SLOT_BLOCKED").await;
    }
    app.stop().await;
}

#[tokio::test]
async fn what_is_out_of_use_is_blocked() {
    for table in ["providers", "locations", "services", "schedules"] {
        let app = TestApp::start().await;
        let practice = app.practice().await;
        app.db.run(&format!("UPDATE {table} SET retired_at = now()")).await;
        let input = wish(&practice.slot(0), json!({ "serviceId": practice.clinic.global(practice.service) }));
        refused(&app, &practice.patient, input, "SLOT_BLOCKED").await;
        app.stop().await;
    }
}

#[tokio::test]
pub async fn group_without_a_seat_is_full() {
    let app = TestApp::start().await;
    let practice = Practice::with(&app.db, ServiceSpec { capacity: 3, ..Default::default() }).await;
    let input = || wish(&practice.slot(0), json!({}));
    for user in [&practice.patient, &practice.other, &practice.clinic.patient().await] {
        booked(&app, user, input()).await;
    }
    refused(&app, &practice.clinic.patient().await, input(), "CAPACITY_FULL").await;
    app.stop().await;
}

#[tokio::test]
pub async fn inside_the_minimum_notice_is_too_soon() {
    let app = TestApp::start().await;
    let practice = Practice::with(&app.db, ServiceSpec { notice: CalendarSpan::days(1), ..Default::default() }).await;
    app.set_clock(monday() + TimeDelta::milliseconds(1)).await;
    refused(&app, &practice.patient, wish(&practice.slot(0), json!({})), "TOO_SOON").await;
    app.stop().await;
}

#[tokio::test]
pub async fn beyond_the_maximum_advance_is_too_far_ahead() {
    let app = TestApp::start().await;
    let practice = Practice::with(&app.db, ServiceSpec { advance: CalendarSpan::days(1), ..Default::default() }).await;
    refused(&app, &practice.patient, wish(&practice.slot(1), json!({})), "TOO_FAR_AHEAD").await;
    app.stop().await;
}

#[tokio::test]
pub async fn room_in_use_refuses_also_another_provider() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    require_room(&app, &practice).await;
    let (_, theirs) = colleague(&practice).await;
    booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    assert_eq!(app.db.count("booking_participants").await, 1);
    let input = wish(&practice.clinic.global(theirs[0]), json!({}));
    let answer = refused(&app, &practice.other, input, "RESOURCE_BUSY").await;
    assert_eq!(answer.at("/bookSlot/userErrors/0/field"), &json!(null));
    booked(&app, &practice.other, wish(&practice.clinic.global(theirs[1]), json!({}))).await;
    app.stop().await;
}

#[tokio::test]
pub async fn patient_is_in_one_place_at_a_time() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let (_, theirs) = colleague(&practice).await;
    booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    let input = wish(&practice.clinic.global(theirs[0]), json!({}));
    refused(&app, &practice.patient, input.clone(), "PATIENT_BUSY").await;
    // Staff cannot book it for them either.
    let mut for_them = input;
    for_them["patient"] = json!({ "id": patient_of(&practice.clinic, &practice.patient) });
    refused(&app, &practice.staff, for_them, "PATIENT_BUSY").await;
    app.stop().await;
}

#[tokio::test]
pub async fn service_of_another_schedule_is_not_offered() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let other = practice.clinic.global(other_service(&practice).await);
    let input = wish(&practice.slot(0), json!({ "serviceId": other }));
    refused(&app, &practice.patient, input, "SERVICE_NOT_OFFERED").await;
    app.stop().await;
}

#[tokio::test]
pub async fn first_visit_is_refused_where_no_new_patients_are_taken() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    app.db.run("UPDATE providers SET accepts_new_patients = false").await;
    let input = wish(&practice.slot(0), json!({ "isNewPatient": true }));
    let answer = refused(&app, &practice.patient, input, "NOT_ACCEPTING_NEW_PATIENTS").await;
    assert_eq!(answer.at("/bookSlot/alternatives"), &json!([]));
    booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    app.stop().await;
}
