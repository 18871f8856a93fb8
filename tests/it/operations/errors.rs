//! What fails says so with a code and a request id, and never with what is inside.

use serde_json::{Value, json};

use crate::bookings::{BOOK, failed, wish};
use crate::support::TestApp;

#[tokio::test]
async fn internals_never_leak() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    app.db.run("ALTER TABLE locations RENAME COLUMN city TO somewhere; ALTER TABLE audit_events RENAME COLUMN actor TO who").await;
    let query = "query($id: ID!) { location(id: $id) { displayName } }";
    let reading = app.client.guest(query, json!({ "id": practice.clinic.global(practice.location) })).await;
    let booking = failed(&app, &practice.patient, BOOK, wish(&practice.slot(0), json!({})), "INTERNAL").await;
    for answer in [reading, booking] {
        let error = &answer.body["errors"][0];
        assert_eq!(error["message"], "internal error");
        assert_eq!(error["extensions"]["code"], "INTERNAL");
        assert_eq!(error["extensions"]["requestId"].as_str().map(str::len), Some(36));
        let text = answer.body.to_string().to_lowercase();
        for inside in ["city", "actor", "does not exist", "select", "insert", "openslot.", "diesel", "postgres"] {
            assert!(!text.contains(inside), "{inside} in {text}");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn root_field_that_fails_does_not_take_the_others_with_it() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let query =
        "query($slug: String, $id: ID!) { viewer(organizationSlug: $slug) { role } missing: slot(id: $id) { id }
        bad: provider(id: $id) { id } organization(slug: $slug) { slug } }";
    let missing = practice.clinic.global(openslot::kernel::ids::SlotId::starting_at(practice.start(0)));
    let answer = app.client.guest(query, json!({ "slug": practice.clinic.slug, "id": missing })).await;
    assert_eq!(answer.text("/viewer/role"), "GUEST");
    assert_eq!(answer.text("/organization/slug"), practice.clinic.slug);
    assert_eq!((answer.at("/missing"), answer.at("/bad")), (&Value::Null, &Value::Null));
    let mut found: Vec<(String, String)> = Vec::new();
    for error in answer.body["errors"].as_array().expect("errors") {
        let path = error["path"][0].as_str().expect("a path").to_owned();
        found.push((path, error["extensions"]["code"].as_str().expect("a code").to_owned()));
    }
    found.sort();
    assert_eq!(
        found,
        [("bad".to_owned(), "BAD_USER_INPUT".to_owned()), ("missing".to_owned(), "NOT_FOUND".to_owned())]
    );
    app.stop().await;
}

#[tokio::test]
async fn mutation_field_that_fails_leaves_the_others_alone() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let query = "mutation($a: BookSlotInput!, $b: BookSlotInput!, $c: BookSlotInput!) {
        first: bookSlot(input: $a) { booking { status } } second: bookSlot(input: $b) { booking { status } }
        third: bookSlot(input: $c) { booking { status } } }";
    let nothing = practice.clinic.global(openslot::kernel::ids::SlotId::starting_at(practice.start(0)));
    let wishes = [practice.slot(0), nothing, practice.slot(1)].map(|slot| wish(&slot, json!({})));
    let variables = json!({ "a": wishes[0], "b": wishes[1], "c": wishes[2] });
    let answer = app.client.by(&practice.patient, query, variables).await;
    assert_eq!(answer.text("/first/booking/status"), "BOOKED");
    assert_eq!(answer.text("/third/booking/status"), "BOOKED");
    assert_eq!(answer.at("/second"), &Value::Null);
    assert_eq!(answer.codes(), ["NOT_FOUND"]);
    app.stop().await;
}

#[tokio::test]
async fn document_that_is_wrong_is_bad_input_without_suggestions() {
    let app = TestApp::start().await;
    for query in [
        "{ viewerr { role } }",
        "{ viewer { rol } }",
        "{ viewer(organisationSlug: \"x\") { role } }",
        "{ slot { id } }",
        "query($id: Slot!) { slot(id: $id) { id } }",
        "query($id: ID!) { slot(id: $id) { id } }",
        "{ ...Missing }",
        "{ viewer }",
        "{ viewer { role { x } } }",
        "mutation { bookSlot(input: { slot: {} }) { userErrors { code } } }",
        "mutation { bookSlot(input: { slot: { id: \"a\", pool: 1 } }) { userErrors { code } } }",
        "{",
        "",
    ] {
        let answer = app.client.guest(query, json!({})).await;
        assert!(!answer.codes().is_empty() && answer.codes().iter().all(|code| code == "BAD_USER_INPUT"), "{query}");
        let text = answer.body.to_string();
        assert!(!text.contains("Did you mean"), "{text}");
        assert!(answer.body["errors"][0]["extensions"]["requestId"].is_string());
    }
    app.stop().await;
}
