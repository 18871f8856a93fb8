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
