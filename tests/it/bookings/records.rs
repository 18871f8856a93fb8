//! What a change leaves behind: one audit row, rows of the change log, a version that grows.

use serde_json::{Value, json};

use super::{booked, cancelled, wish};
use crate::support::{Practice, ServiceSpec, TestApp};

/// Rows of a table as JSON objects, in an order.
async fn rows(app: &TestApp, columns: &str, table: &str, order: &str) -> Vec<Value> {
    let sql =
        format!("SELECT coalesce(json_agg(r), '[]')::text FROM (SELECT {columns} FROM {table} ORDER BY {order}) AS r");
    let text: String = app.db.one(&sql, &[]).await;
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn booking_and_cancellation_write_one_audit_row_each() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let made = booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    cancelled(&app, &practice.staff, &made.text("/bookSlot/booking/id"), 1).await;
    let columns = "action, operation, entity_kind, actor_role, changed_fields, actor ~ '^user:[0-9a-f-]{36}$' AS is_user,
        entity_id = (SELECT id FROM bookings) AS is_booking, patient_id, organization_id, row_number() OVER () AS number";
    let found = rows(&app, columns, "audit_events", "recorded_at").await;
    let patient = practice.patient.patient.expect("a patient").to_string();
    let organization = practice.clinic.id.to_string();
    let row = |action: &str, operation: &str, role: &str, fields: Value, number: i32| {
        json!({ "action": action, "operation": operation, "entity_kind": "Booking", "actor_role": role,
            "changed_fields": fields, "is_user": true, "is_booking": true, "patient_id": patient,
            "organization_id": organization, "number": number })
    };
    assert_eq!(
        found,
        [
            row("CREATED", "bookSlot", "PATIENT", json!([]), 1),
            row("CHANGED", "cancelBooking", "STAFF", json!(["status"]), 2)
        ]
    );
    let sql = "SELECT count(DISTINCT (request_id, actor)) FROM audit_events WHERE request_id IS NOT NULL";
    assert_eq!(app.db.one::<i64>(sql, &[]).await, 2);
    app.stop().await;
}

#[tokio::test]
async fn log_has_a_row_for_each_cell_and_one_for_the_booking() {
    let app = TestApp::start().await;
    let spec = ServiceSpec { minutes: 60, buffer_after: 15, ..Default::default() };
    let practice = Practice::with(&app.db, spec).await;
    app.db.run("DELETE FROM changes").await;
    let made = booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    let columns = "topic, version, kind, cause, previous_status, status";
    let cell = |status: &str| {
        json!({ "topic": "SLOT", "version": 2, "kind": "CHANGED", "cause": "BOOKED", "previous_status": "FREE",
            "status": status })
    };
    let booking = json!({ "topic": "BOOKING", "version": 1, "kind": "CREATED", "cause": null, "previous_status": null,
        "status": "BOOKED" });
    let found = rows(&app, columns, "changes", "topic DESC, starts_at").await;
    assert_eq!(found, [cell("BUSY"), cell("BUSY"), cell("BUSY_UNAVAILABLE"), booking]);
    let whose =
        "SELECT count(*) FROM changes WHERE topic = 'SLOT' AND (patient_id IS NOT NULL OR service_id IS NOT NULL)";
    assert_eq!(app.db.one::<i64>(whose, &[]).await, 0, "a slot's row tells nothing of the patient");
    app.db.run("DELETE FROM changes").await;
    cancelled(&app, &practice.patient, &made.text("/bookSlot/booking/id"), 1).await;
    let freed = |previous: &str| {
        json!({ "topic": "SLOT", "version": 3, "kind": "CHANGED", "cause": "BOOKING_ENDED", "previous_status": previous,
            "status": "FREE" })
    };
    let ended = json!({ "topic": "BOOKING", "version": 2, "kind": "STATUS_CHANGED", "cause": null,
        "previous_status": "BOOKED", "status": "CANCELLED" });
    let found = rows(&app, columns, "changes", "topic DESC, starts_at").await;
    assert_eq!(found, [freed("BUSY"), freed("BUSY"), freed("BUSY_UNAVAILABLE"), ended]);
    app.stop().await;
}

#[tokio::test]
async fn availability_versions_grow_as_strings_and_name_the_transaction() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let mut versions = Vec::new();
    for n in 0..6 {
        let made = booked(&app, &practice.patient, wish(&practice.slot(n), json!({}))).await;
        versions.push(made.text("/bookSlot/availabilityVersion"));
        let gone = cancelled(&app, &practice.patient, &made.text("/bookSlot/booking/id"), 1).await;
        versions.push(gone.text("/cancelBooking/availabilityVersion"));
    }
    let mut sorted = versions.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(versions, sorted);
    assert!(versions.iter().all(|version| version.len() == 16), "{versions:?}");
    let sql = "SELECT string_agg(DISTINCT upper(lpad(to_hex(xid::text::bigint), 16, '0')), ',') FROM changes
        WHERE topic = 'BOOKING'";
    assert_eq!(app.db.one::<String>(sql, &[]).await, versions.join(","));
    app.stop().await;
}
