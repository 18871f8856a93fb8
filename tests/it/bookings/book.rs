//! `bookSlot`.

use serde_json::json;

use super::BOOK;
use crate::support::TestApp;

#[tokio::test]
async fn booked_slot_is_busy_and_the_booking_is_the_patients() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let input = json!({ "slot": { "id": practice.slot(0) }, "clientMutationId": "one" });
    let answer = app.client.by(&practice.patient, BOOK, json!({ "input": input })).await.ok();
    assert_eq!(answer.refusals("bookSlot"), Vec::<String>::new());
    assert_eq!(answer.text("/bookSlot/booking/status"), "BOOKED");
    assert_eq!(answer.text("/bookSlot/booking/localStart"), "09:00");
    assert_eq!(answer.text("/bookSlot/booking/slot/status"), "BUSY");
    let patient = practice.patient.patient.expect("a patient");
    assert_eq!(answer.text("/bookSlot/booking/patient/id"), practice.clinic.global(patient));
    assert_eq!(app.db.count("bookings").await, 1);
    assert_eq!(app.db.count("occupancies").await, 2);
    app.stop().await;
}
