//! Every reason why `cancelBooking` is refused, each with nothing changed.

use serde_json::{Value, json};

use super::{CANCEL, booked, cancelled, failed, wish};
use crate::support::{Answer, TestApp, User};

async fn refused(app: &TestApp, by: &User, input: Value, code: &str) -> Answer {
    let before = app.db.state().await;
    let answer = app.client.by(by, CANCEL, json!({ "input": input })).await.ok();
    assert_eq!(answer.refusals("cancelBooking"), [code], "{}", answer.body);
    assert_eq!(answer.at("/cancelBooking/availabilityVersion"), &Value::Null);
    assert_eq!(app.db.state().await, before, "{code} changed something");
    answer
}

#[tokio::test]
pub async fn stale_version_is_refused_with_the_present_state() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let made = booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    let id = made.text("/bookSlot/booking/id");
    for version in [0, 2, -1, i32::MAX] {
        let input = json!({ "bookingId": id, "expectedVersion": version });
        let answer = refused(&app, &practice.patient, input, "STALE_VERSION").await;
        assert_eq!(answer.at("/cancelBooking/booking/version"), &json!(1));
        assert_eq!(answer.text("/cancelBooking/booking/status"), "BOOKED");
        assert_eq!(answer.at("/cancelBooking/userErrors/0/field"), &json!(["input", "expectedVersion"]));
    }
    app.stop().await;
}

#[tokio::test]
pub async fn booking_that_is_over_cannot_be_cancelled() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let made = booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    let id = made.text("/bookSlot/booking/id");
    app.db.run("UPDATE bookings SET status = 'NOSHOW'").await;
    let input = json!({ "bookingId": id, "expectedVersion": 1 });
    let answer = refused(&app, &practice.patient, input.clone(), "WRONG_STATUS").await;
    assert_eq!(answer.text("/cancelBooking/booking/status"), "NOSHOW");
    refused(&app, &practice.admin, input, "WRONG_STATUS").await;
    app.stop().await;
}

#[tokio::test]
pub async fn deadline_binds_the_patient_and_not_the_staff() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    app.db.run("UPDATE organizations SET late_cancellation = 'REFUSE', cancellation_notice = '24 hours'").await;
    let made = booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    let id = made.text("/bookSlot/booking/id");
    // A day before is the last instant in time.
    app.set_clock(practice.start(0) - chrono::TimeDelta::hours(24) + chrono::TimeDelta::seconds(1)).await;
    let input = json!({ "bookingId": id, "expectedVersion": 1 });
    refused(&app, &practice.patient, input, "TOO_LATE").await;
    let answer = cancelled(&app, &practice.staff, &id, 1).await;
    let ended = answer.at("/cancelBooking/booking/cancellation");
    assert_eq!(
        (&ended["reason"], &ended["isLate"], &ended["hasLateFee"]),
        (&json!("PROVIDER"), &json!(true), &json!(false))
    );
    app.stop().await;
}

#[tokio::test]
async fn booking_that_does_not_exist_is_not_found() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let nothing = practice.clinic.global(openslot::kernel::ids::BookingId::random());
    let input = json!({ "bookingId": nothing, "expectedVersion": 1 });
    failed(&app, &practice.staff, CANCEL, input, "NOT_FOUND").await;
    let input = json!({ "bookingId": practice.slot(0), "expectedVersion": 1 });
    let answer = failed(&app, &practice.staff, CANCEL, input, "BAD_USER_INPUT").await;
    assert_eq!(answer.body["errors"][0]["extensions"]["field"], json!(["input", "bookingId"]));
    app.stop().await;
}
