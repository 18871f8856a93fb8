//! `cancelBooking`: what it frees, what it says, and that twice is once.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{CANCEL, booked, cancelled, colleague, require_room, status, wish};
use crate::support::{Practice, ServiceSpec, TestApp};

#[tokio::test]
async fn every_cell_is_free_again_with_its_buffers() {
    let app = TestApp::start().await;
    let spec = ServiceSpec { minutes: 60, buffer_before: 30, buffer_after: 30, ..Default::default() };
    let practice = Practice::with(&app.db, spec).await;
    let made = booked(&app, &practice.patient, wish(&practice.slot(4), json!({}))).await;
    let answer = cancelled(&app, &practice.patient, &made.text("/bookSlot/booking/id"), 1).await;
    assert_eq!(answer.at("/cancelBooking/booking/version"), &json!(2));
    assert_eq!(answer.text("/cancelBooking/booking/slot/status"), "FREE");
    for n in 3..=6 {
        assert_eq!(status(&app, &practice.staff, &practice.slot(n)).await, "FREE", "{n}");
    }
    assert_eq!(app.db.count("occupancies").await, 0);
    booked(&app, &practice.other, wish(&practice.slot(4), json!({}))).await;
    app.stop().await;
}

#[tokio::test]
async fn cell_that_a_neighbour_still_needs_stays_blocked() {
    let app = TestApp::start().await;
    let practice = Practice::with(&app.db, ServiceSpec { buffer_after: 15, ..Default::default() }).await;
    let first = booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    let second = booked(&app, &practice.other, wish(&practice.slot(2), json!({}))).await;
    cancelled(&app, &practice.other, &second.text("/bookSlot/booking/id"), 1).await;
    for (n, wanted) in [(0, "BUSY"), (1, "BUSY_UNAVAILABLE"), (2, "FREE"), (3, "FREE")] {
        assert_eq!(status(&app, &practice.staff, &practice.slot(n)).await, wanted, "{n}");
    }
    cancelled(&app, &practice.patient, &first.text("/bookSlot/booking/id"), 1).await;
    assert_eq!(status(&app, &practice.staff, &practice.slot(1)).await, "FREE");
    app.stop().await;
}

#[tokio::test]
async fn twice_succeeds_and_changes_nothing() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let made = booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    let id = made.text("/bookSlot/booking/id");
    cancelled(&app, &practice.patient, &id, 1).await;
    let before = app.db.state().await;
    for (user, version) in [(&practice.patient, 1), (&practice.patient, 2), (&practice.staff, 7)] {
        let again = cancelled(&app, user, &id, version).await;
        assert_eq!(again.at("/cancelBooking/availabilityVersion"), &Value::Null);
        assert_eq!(again.at("/cancelBooking/booking/version"), &json!(2));
    }
    assert_eq!(app.db.state().await, before);
    app.stop().await;
}

#[tokio::test]
async fn patient_room_and_provider_are_free_for_others() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    require_room(&app, &practice).await;
    let (_, theirs) = colleague(&practice).await;
    let made = booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    cancelled(&app, &practice.patient, &made.text("/bookSlot/booking/id"), 1).await;
    // The same patient, in the same room, with another provider.
    booked(&app, &practice.patient, wish(&practice.clinic.global(theirs[0]), json!({}))).await;
    app.stop().await;
}

/// Cancels slot 0 so long before its start.
async fn ended(policy: &str, before: TimeDelta, by_staff: bool, reason: Value) -> Value {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    app.db
        .run(&format!("UPDATE organizations SET late_cancellation = '{policy}', cancellation_notice = '1 hour'"))
        .await;
    let made = booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    app.set_clock(practice.start(0) - before).await;
    let user = if by_staff { &practice.staff } else { &practice.patient };
    let input = json!({ "bookingId": made.text("/bookSlot/booking/id"), "expectedVersion": 1, "reason": reason });
    let answer = app.client.by(user, CANCEL, json!({ "input": input })).await.ok();
    let mut cancellation = answer.at("/cancelBooking/booking/cancellation").clone();
    app.stop().await;
    cancellation.as_object_mut().expect("a cancellation").remove("cancelledAt");
    cancellation
}

#[tokio::test]
async fn patients_cancel_as_patient_and_late_ones_are_marked() {
    let (early, late) = (TimeDelta::minutes(60), TimeDelta::minutes(59));
    let wanted = |reason: &str, is_late: bool, has_late_fee: bool| json!({ "reason": reason, "isLate": is_late, "hasLateFee": has_late_fee });
    assert_eq!(ended("ALLOW", early, false, json!("ERROR")).await, wanted("PATIENT", false, false));
    assert_eq!(ended("ALLOW", late, false, Value::Null).await, wanted("LATE", true, false));
    assert_eq!(ended("FLAG_LATE_FEE", late, false, Value::Null).await, wanted("LATE", true, true));
    assert_eq!(ended("FLAG_LATE_FEE", early, false, Value::Null).await, wanted("PATIENT", false, false));
    assert_eq!(ended("FLAG_LATE_FEE", late, true, json!("ERROR")).await, wanted("ERROR", true, false));
    assert_eq!(ended("ALLOW", early, true, Value::Null).await, wanted("PROVIDER", false, false));
}
