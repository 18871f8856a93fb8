//! One thing by its id: unknown, malformed, of another kind, of another organization.

use openslot::kernel::ids::{BookingId, Global, LocationId, OrganizationId, PatientId, ProviderId, ServiceId, SlotId};
use serde_json::{Value, json};

use super::field;
use crate::support::{TestApp, monday};

/// The root fields that take an id.
const FIELDS: [&str; 5] = ["provider", "location", "service", "slot", "booking"];

async fn ask(app: &TestApp, user: &crate::support::User, name: &str, id: &str) -> crate::support::Answer {
    let query = format!("query($id: ID!) {{ {name}(id: $id) {{ id }} }}");
    app.client.by(user, &query, json!({ "id": id })).await
}

fn unknown(organization: OrganizationId) -> [String; 5] {
    [
        Global::new(organization, ProviderId::random()).to_string(),
        Global::new(organization, LocationId::random()).to_string(),
        Global::new(organization, ServiceId::random()).to_string(),
        Global::new(organization, SlotId::starting_at(monday())).to_string(),
        Global::new(organization, BookingId::random()).to_string(),
    ]
}

#[tokio::test]
async fn unknown_id_is_null_with_not_found_and_null_alone_as_a_node() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    for organization in [practice.clinic.id, OrganizationId::random()] {
        for (name, id) in FIELDS.into_iter().zip(unknown(organization)) {
            let answer = ask(&app, &practice.admin, name, &id).await;
            assert_eq!(answer.codes(), ["NOT_FOUND"], "{name}");
            assert_eq!(answer.at(&format!("/{name}")), &Value::Null);
            let node = ask(&app, &practice.admin, "node", &id).await.ok();
            assert_eq!(node.at("/node"), &Value::Null, "{name}");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn malformed_id_and_one_of_another_kind_are_bad_input_that_is_named() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let other_kind = practice.clinic.global(PatientId::random());
    for name in FIELDS {
        for id in ["", "nonsense", "%%%", &"A".repeat(44), &"A".repeat(10_000), &other_kind] {
            assert_eq!(field(&ask(&app, &practice.admin, name, id).await), json!(["id"]), "{name} {id}");
        }
    }
    for id in ["", "nonsense", &"A".repeat(45)] {
        assert_eq!(field(&ask(&app, &practice.admin, "node", id).await), json!(["id"]));
        let answer = app.client.guest("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": [id] })).await;
        assert_eq!(field(&answer), json!(["ids"]));
    }
    // Well-formed, of a kind that nothing is found by.
    let node = ask(&app, &practice.admin, "node", &"A".repeat(44)).await.ok();
    assert_eq!(node.at("/node"), &Value::Null);
    app.stop().await;
}

#[tokio::test]
async fn row_of_one_organization_is_not_found_under_the_name_of_another() {
    let app = TestApp::start().await;
    let (practice, other) = (app.practice().await, app.practice().await);
    let mixed = [
        practice.clinic.global(other.provider),
        practice.clinic.global(other.location),
        practice.clinic.global(other.service),
        practice.clinic.global(other.slots[0]),
    ];
    for (name, id) in FIELDS.into_iter().zip(&mixed) {
        assert_eq!(ask(&app, &practice.admin, name, id).await.codes(), ["NOT_FOUND"], "{name}");
        assert_eq!(ask(&app, &practice.admin, "node", id).await.ok().at("/node"), &Value::Null);
    }
    let patient = practice.clinic.global(other.patient.patient.expect("a patient"));
    assert_eq!(ask(&app, &practice.admin, "node", &patient).await.ok().at("/node"), &Value::Null);
    app.stop().await;
}

#[tokio::test]
async fn nodes_keep_the_order_of_their_ids_with_null_for_the_unknown() {
    let app = TestApp::start().await;
    let (practice, other) = (app.practice().await, app.practice().await);
    let clinic = &practice.clinic;
    let ids = [
        practice.slot(3),
        clinic.global(practice.provider),
        clinic.global(ProviderId::random()),
        other.clinic.global(other.provider),
        clinic.global(practice.location),
        practice.slot(3),
        clinic.global(practice.service),
        clinic.global(clinic.id),
        clinic.global(practice.patient.patient.expect("a patient")),
    ];
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
    let answer = app.client.guest(query, json!({ "ids": ids })).await.ok();
    let kinds = ["Slot", "Provider", "", "Provider", "Location", "Slot", "Service", "Organization", ""];
    let wanted: Vec<Value> = ids
        .iter()
        .zip(kinds)
        .map(|(id, kind)| if kind.is_empty() { Value::Null } else { json!({ "__typename": kind, "id": id }) })
        .collect();
    assert_eq!(answer.at("/nodes"), &json!(wanted));
    let answer = app.client.guest(query, json!({ "ids": vec![ids[0].clone(); 101] })).await;
    assert_eq!(field(&answer), json!(["ids"]));
    assert_eq!(app.client.guest(query, json!({ "ids": [] })).await.ok().at("/nodes"), &json!([]));
    app.stop().await;
}
