//! Group services: seats of one session.

use serde_json::json;

use super::{booked, cancelled, refused, status, wish};
use crate::support::{Practice, ServiceSpec, TestApp, User};

async fn group(app: &TestApp, minutes: i16) -> Practice {
    Practice::with(&app.db, ServiceSpec { capacity: 3, minutes, ..Default::default() }).await
}

async fn people(practice: &Practice) -> [User; 3] {
    [practice.clinic.patient().await, practice.clinic.patient().await, practice.clinic.patient().await]
}

#[tokio::test]
async fn seats_count_down_until_the_session_is_full() {
    let app = TestApp::start().await;
    let practice = group(&app, 30).await;
    for (user, left, wanted) in
        people(&practice).await.iter().zip([2, 1, 0]).zip(["FREE", "FREE", "BUSY"]).map(|((a, b), c)| (a, b, c))
    {
        let answer = booked(&app, user, wish(&practice.slot(0), json!({}))).await;
        assert_eq!(answer.at("/bookSlot/booking/slot/remainingCapacity"), &json!(left));
        assert_eq!(answer.text("/bookSlot/booking/slot/status"), wanted);
    }
    app.stop().await;
}

#[tokio::test]
async fn one_patient_has_one_seat() {
    let app = TestApp::start().await;
    let practice = group(&app, 30).await;
    booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    refused(&app, &practice.patient, wish(&practice.slot(0), json!({})), "PATIENT_BUSY").await;
    app.stop().await;
}

#[tokio::test]
async fn seat_that_was_given_back_can_be_booked_again() {
    for minutes in [30, 60] {
        let app = TestApp::start().await;
        let practice = group(&app, minutes).await;
        let [first, second, third] = people(&practice).await;
        let made = booked(&app, &first, wish(&practice.slot(0), json!({}))).await;
        booked(&app, &second, wish(&practice.slot(0), json!({}))).await;
        booked(&app, &third, wish(&practice.slot(0), json!({}))).await;
        assert_eq!(status(&app, &first, &practice.slot(0)).await, "BUSY", "{minutes} minutes");
        cancelled(&app, &first, &made.text("/bookSlot/booking/id"), 1).await;
        assert_eq!(status(&app, &first, &practice.slot(0)).await, "FREE", "{minutes} minutes");
        let again = booked(&app, &practice.other, wish(&practice.slot(0), json!({}))).await;
        assert_eq!(again.at("/bookSlot/booking/slot/remainingCapacity"), &json!(0));
        refused(&app, &first, wish(&practice.slot(0), json!({})), "CAPACITY_FULL").await;
        app.stop().await;
    }
}

#[tokio::test]
async fn another_start_inside_a_session_is_taken() {
    let app = TestApp::start().await;
    let practice = group(&app, 60).await;
    booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    refused(&app, &practice.other, wish(&practice.slot(1), json!({})), "SLOT_TAKEN").await;
    app.stop().await;
}

#[tokio::test]
async fn last_cancellation_leaves_an_empty_session() {
    let app = TestApp::start().await;
    let practice = group(&app, 60).await;
    let made = booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    cancelled(&app, &practice.patient, &made.text("/bookSlot/booking/id"), 1).await;
    for n in [0, 1] {
        assert_eq!(status(&app, &practice.staff, &practice.slot(n)).await, "FREE");
    }
    assert_eq!(app.db.one::<i64>("SELECT sum(seats_taken) FROM slots", &[]).await, 0);
    booked(&app, &practice.other, wish(&practice.slot(1), json!({}))).await;
    app.stop().await;
}
