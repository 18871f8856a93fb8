//! Client generators start from introspection, which no limit stands in the way of.

use serde_json::{Value, json};

use crate::support::TestApp;

/// What graphql-js asks with all of its options that the specification has.
const FULL: &str = "query IntrospectionQuery { __schema { description queryType { name } mutationType { name }
      subscriptionType { name } types { ...FullType } directives { name description isRepeatable locations
        args(includeDeprecated: true) { ...InputValue } } } }
  fragment FullType on __Type { kind name description specifiedByURL isOneOf
    fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue }
      type { ...TypeRef } isDeprecated deprecationReason }
    inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
    possibleTypes { ...TypeRef } }
  fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
  fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

#[tokio::test]
async fn full_introspection_of_graphql_js_passes() {
    let app = TestApp::start().await;
    let answer = app.client.guest(FULL, json!({})).await.ok();
    assert_eq!(answer.text("/__schema/queryType/name"), "Query");
    assert_eq!(answer.text("/__schema/subscriptionType/name"), "Subscription");
    let types = answer.at("/__schema/types").as_array().expect("types").clone();
    let named = |name: &str| types.iter().find(|one| one["name"] == name).expect("a type").clone();
    assert_eq!(named("WindowInput")["isOneOf"], json!(true));
    assert_eq!(named("TimeZone")["specifiedByURL"], json!("https://www.iana.org/time-zones"));
    let nodes: Vec<Value> = named("Node")["possibleTypes"].as_array().expect("types").clone();
    assert!(nodes.iter().any(|one| one["name"] == "Booking"));
    app.stop().await;
}

#[tokio::test]
async fn typename_is_answered_everywhere() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let query = "query($slug: String) { __typename providers(organizationSlug: $slug) { __typename nodes { __typename
        slots { __typename } } } }";
    let answer = app.client.guest(query, json!({ "slug": practice.clinic.slug })).await.ok();
    assert_eq!(answer.text("/__typename"), "Query");
    assert_eq!(answer.text("/providers/nodes/0/slots/__typename"), "SlotConnection");
    app.stop().await;
}

#[tokio::test]
async fn where_introspection_is_closed_nothing_tells_what_the_schema_is() {
    for (switch, open_to_members) in [("false", false), ("signed-in", true)] {
        let app = TestApp::with(&[("GRAPHQL_INTROSPECTION", switch)]).await;
        let practice = app.practice().await;
        let mut messages = std::collections::BTreeSet::new();
        for invalid in
            ["{ viewerr { id } }", "{ viewer }", "{ viewer(x: 1) { id } }", "{ ...On }", "{", "mutation { book }"]
        {
            let answer = app.client.guest(invalid, json!({})).await;
            assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{invalid}");
            assert_eq!(answer.body["errors"][0].get("locations").filter(|at| **at != json!([])), None, "{invalid}");
            messages.insert(answer.body["errors"][0]["message"].to_string());
        }
        assert_eq!(messages.len(), 1, "one message for all: {messages:?}");
        let valid = "mutation($i: BookSlotInput!) { bookSlot(input: $i) { __typename } }";
        for input in [json!({}), json!({ "x": 1 }), json!({ "slot": { "pool": 1 } })] {
            let answer = app.client.guest(valid, json!({ "i": input })).await;
            assert_eq!(answer.body["errors"][0]["message"], "`variables.i` must be valid for its type", "{input}");
        }
        let inside = "mutation($x: ID) { bookSlot(input: { patient: { id: $x } }) { __typename } }";
        let answer = app.client.guest(inside, json!({ "x": "1" })).await;
        assert_eq!(answer.body["errors"][0]["message"], "`input` must be valid for its type");
        for asks in
            [FULL, "{ __type(name: \"Slot\") { name } }", "{ ...F } fragment F on Query { __schema { description } }"]
        {
            assert_eq!(app.client.guest(asks, json!({})).await.codes(), ["BAD_USER_INPUT"], "{asks}");
            let by_member = app.client.by(&practice.staff, asks, json!({})).await;
            assert_eq!(by_member.codes().is_empty(), open_to_members, "{asks}");
        }
        assert_eq!(app.client.guest("{ __typename }", json!({})).await.ok().text("/__typename"), "Query");
        app.stop().await;
    }
}
