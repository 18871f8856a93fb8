//! Booking and cancelling through GraphQL.

mod alternatives;
mod book;
mod cancel;
mod cancel_refusals;
mod codes;
mod groups;
pub mod guests;
mod idempotency;
mod keys;
mod limits_of_time;
mod records;
mod refusals;
mod visits;

use openslot::kernel::ids::{PatientId, ProviderId, ServiceId, SlotId};
use serde_json::{Value, json};

use crate::support::{Answer, Clinic, Practice, TestApp, User};

/// Books with everything that a test looks at.
pub const BOOK: &str = "mutation Book($input: BookSlotInput!) { bookSlot(input: $input) {
    booking { id reference status version startsAt endsAt localStart isNewPatient patient { id } service { id }
      slot { id status version remainingCapacity } }
    availabilityVersion clientMutationId alternatives { id startsAt } userErrors { code field message } } }";

/// Cancels with everything that a test looks at.
pub const CANCEL: &str = "mutation Cancel($input: CancelBookingInput!) { cancelBooking(input: $input) {
    booking { id status version cancellation { reason isLate hasLateFee cancelledAt } slot { id status } }
    availabilityVersion clientMutationId userErrors { code field message } } }";

/// The input for a slot, with the fields of `more` in it.
pub fn wish(slot: &str, more: Value) -> Value {
    let mut input = json!({ "slot": { "id": slot } });
    for (name, value) in more.as_object().expect("fields") {
        input[name] = value.clone();
    }
    input
}

/// Books and fails unless it is booked.
pub async fn booked(app: &TestApp, by: &User, input: Value) -> Answer {
    let answer = app.client.by(by, BOOK, json!({ "input": input })).await.ok();
    assert_eq!(answer.refusals("bookSlot"), Vec::<String>::new(), "{}", answer.body);
    answer
}

/// Asks for a booking that must be refused with this code and change nothing at all.
pub async fn refused(app: &TestApp, by: &User, input: Value, code: &str) -> Answer {
    let before = app.db.state().await;
    let answer = app.client.by(by, BOOK, json!({ "input": input })).await.ok();
    assert_eq!(answer.refusals("bookSlot"), [code], "{}", answer.body);
    assert_eq!(answer.at("/bookSlot/booking"), &Value::Null);
    assert_eq!(answer.at("/bookSlot/availabilityVersion"), &Value::Null);
    assert_eq!(app.db.state().await, before, "{code} changed something");
    answer
}

/// Cancels and fails unless it is cancelled.
pub async fn cancelled(app: &TestApp, by: &User, booking: &str, version: i64) -> Answer {
    let input = json!({ "bookingId": booking, "expectedVersion": version });
    let answer = app.client.by(by, CANCEL, json!({ "input": input })).await.ok();
    assert_eq!(answer.refusals("cancelBooking"), Vec::<String>::new(), "{}", answer.body);
    assert_eq!(answer.text("/cancelBooking/booking/status"), "CANCELLED");
    answer
}

/// Sends a mutation that must end in one error with this code and change nothing at all.
pub async fn failed(app: &TestApp, by: &User, mutation: &str, input: Value, code: &str) -> Answer {
    let before = app.db.state().await;
    let answer = app.client.by(by, mutation, json!({ "input": input })).await;
    assert_eq!(answer.codes(), [code], "{}", answer.body);
    assert_eq!(app.db.state().await, before, "{code} changed something");
    answer
}

/// Status of a slot as a user sees it.
pub async fn status(app: &TestApp, by: &User, slot: &str) -> String {
    let query = "query S($id: ID!) { slot(id: $id) { status } }";
    app.client.by(by, query, json!({ "id": slot })).await.ok().text("/slot/status")
}

/// A second provider of the practice's service, with free slots at the same times.
pub async fn colleague(practice: &Practice) -> (ProviderId, Vec<SlotId>) {
    let clinic = &practice.clinic;
    let provider = clinic.provider("Grace", "Okoro").await;
    let capacity = practice.schedule.capacity;
    let schedule = clinic.schedule(provider, practice.location, 30, capacity, &[practice.service]).await;
    let slots = clinic.slots(&schedule, practice.start(0), 16).await;
    (provider, slots)
}

/// Makes a service need a room; answers nothing, because only the room's time matters.
pub async fn require_room(app: &TestApp, practice: &Practice) {
    let (organization, room) = (practice.clinic.id, uuid::Uuid::now_v7());
    let (service, location) = (practice.service, practice.location);
    app.db
        .run(&format!(
            "INSERT INTO resources (id, organization_id, location_id, display_name, kind)
               VALUES ('{room}', '{organization}', '{location}', 'Room 1', 'ROOM');
             INSERT INTO service_requirements VALUES ('{organization}', '{service}', 1, 'Room');
             INSERT INTO service_resources VALUES ('{organization}', '{service}', 1, '{room}')"
        ))
        .await;
}

/// The id of a user's patient as clients see it.
pub fn patient_of(clinic: &Clinic, user: &User) -> String {
    clinic.global::<PatientId>(user.patient.expect("a patient"))
}

/// Another service of the same clinic, offered by nobody.
pub async fn other_service(practice: &Practice) -> ServiceId {
    let spec = crate::support::ServiceSpec { name: "Surgery", ..Default::default() };
    practice.clinic.service(spec).await
}
