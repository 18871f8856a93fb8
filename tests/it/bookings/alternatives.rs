//! What a refusal offers instead.

use openslot::kernel::time::CalendarSpan;
use serde_json::{Value, json};

use super::{booked, colleague, refused, wish};
use crate::support::{Answer, Practice, ServiceSpec, TestApp};

fn offered(answer: &Answer) -> Vec<String> {
    let near = answer.at("/bookSlot/alternatives").as_array().expect("a list").clone();
    near.iter().map(|slot| slot["id"].as_str().expect("an id").to_owned()).collect()
}

fn slots(practice: &Practice, numbers: &[usize]) -> Vec<String> {
    numbers.iter().map(|n| practice.slot(*n)).collect()
}

#[tokio::test]
async fn nearest_come_first_the_earlier_of_two_and_at_most_five() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    for n in [8, 9] {
        booked(&app, &practice.patient, wish(&practice.slot(n), json!({}))).await;
    }
    let answer = refused(&app, &practice.other, wish(&practice.slot(8), json!({})), "SLOT_TAKEN").await;
    assert_eq!(offered(&answer), slots(&practice, &[7, 6, 10, 5, 11]));
    app.stop().await;
}

#[tokio::test]
async fn only_what_the_patient_can_book_is_offered() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let (_, theirs) = colleague(&practice).await;
    // The patient is with the colleague at 10 and 12; the slots around 11 are asked for.
    for n in [2, 6] {
        booked(&app, &practice.patient, wish(&practice.clinic.global(theirs[n]), json!({}))).await;
    }
    booked(&app, &practice.other, wish(&practice.slot(4), json!({}))).await;
    let answer = refused(&app, &practice.patient, wish(&practice.slot(4), json!({})), "SLOT_TAKEN").await;
    assert_eq!(offered(&answer), slots(&practice, &[3, 5, 1, 7, 0]));
    for near in offered(&answer).iter().take(1) {
        booked(&app, &practice.patient, wish(near, json!({}))).await;
    }
    app.stop().await;
}

#[tokio::test]
async fn longer_visits_are_offered_where_they_fit_with_their_buffers() {
    let app = TestApp::start().await;
    let spec = ServiceSpec { minutes: 60, buffer_after: 30, ..Default::default() };
    let practice = Practice::with(&app.db, spec).await;
    booked(&app, &practice.patient, wish(&practice.slot(6), json!({}))).await;
    let answer = refused(&app, &practice.other, wish(&practice.slot(6), json!({})), "SLOT_TAKEN").await;
    // 6 and 7 are the visit, 8 is its buffer; a visit before ends with a buffer of its own.
    assert_eq!(offered(&answer), slots(&practice, &[3, 9, 2, 10, 1]));
    app.stop().await;
}

#[tokio::test]
async fn notice_and_advance_hold_for_alternatives_too() {
    let app = TestApp::start().await;
    let spec =
        ServiceSpec { notice: CalendarSpan::minutes(60), advance: CalendarSpan::minutes(150), ..Default::default() };
    let practice = Practice::with(&app.db, spec).await;
    app.set_clock(practice.start(0)).await;
    booked(&app, &practice.patient, wish(&practice.slot(3), json!({}))).await;
    let answer = refused(&app, &practice.other, wish(&practice.slot(3), json!({})), "SLOT_TAKEN").await;
    assert_eq!(offered(&answer), slots(&practice, &[2, 4, 5]));
    app.stop().await;
}

#[tokio::test]
async fn success_offers_nothing() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let answer = booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    assert_eq!(answer.at("/bookSlot/alternatives"), &Value::Array(vec![]));
    app.stop().await;
}
