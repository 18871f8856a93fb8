//! How a key is given: by field, by header, or not at all.

use serde_json::{Value, json};

use super::{BOOK, failed, wish};
use crate::support::{Answer, Practice, TestApp};

async fn send(app: &TestApp, practice: &Practice, header: &str, query: &str, variables: Value) -> Answer {
    let body = json!({ "query": query, "variables": variables });
    let request = app.client.http.post(app.client.url("/graphql")).bearer_auth(&practice.patient.token);
    let response = request.header("idempotency-key", header).json(&body).send().await.expect("an answer");
    let status = response.status();
    Answer { status, body: response.json().await.expect("JSON") }
}

fn input(practice: &Practice, n: usize, key: Option<&str>) -> Value {
    json!({ "input": wish(&practice.slot(n), json!({ "clientMutationId": key })) })
}

#[tokio::test]
async fn header_is_the_same_as_the_field() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let first = send(&app, &practice, "k", BOOK, input(&practice, 0, None)).await.ok();
    let both = send(&app, &practice, "k", BOOK, input(&practice, 0, Some("k"))).await.ok();
    let field = app.client.by(&practice.patient, BOOK, input(&practice, 0, Some("k"))).await.ok();
    for again in [both, field] {
        assert_eq!(again.at("/bookSlot/booking/id"), first.at("/bookSlot/booking/id"));
    }
    assert_eq!(app.db.count("bookings").await, 1);
    app.stop().await;
}

#[tokio::test]
async fn header_and_field_must_agree() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let before = app.db.state().await;
    let answer = send(&app, &practice, "one", BOOK, input(&practice, 0, Some("other"))).await;
    assert_eq!(answer.codes(), ["BAD_USER_INPUT"]);
    assert_eq!(answer.body["errors"][0]["extensions"]["field"], json!(["input", "clientMutationId"]));
    assert_eq!(app.db.state().await, before);
    app.stop().await;
}

#[tokio::test]
async fn header_cannot_stand_for_two_mutation_fields() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let before = app.db.state().await;
    let two = "mutation($a: BookSlotInput!, $b: BookSlotInput!) {
        a: bookSlot(input: $a) { userErrors { code } } ...More }
      fragment More on Mutation { b: bookSlot(input: $b) { userErrors { code } } }";
    let variables = json!({ "a": wish(&practice.slot(0), json!({})), "b": wish(&practice.slot(1), json!({})) });
    let answer = send(&app, &practice, "k", two, variables.clone()).await;
    assert_eq!(answer.codes(), ["BAD_USER_INPUT"]);
    assert_eq!(answer.body["errors"][0]["extensions"]["field"], json!(["Idempotency-Key"]));
    assert_eq!(app.db.state().await, before);
    // Without the header each field is its own request.
    app.client.by(&practice.patient, two, variables).await.ok();
    assert_eq!(app.db.count("bookings").await, 2);
    app.stop().await;
}

#[tokio::test]
async fn key_has_1_to_200_characters() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    for key in [String::new(), "x".repeat(201)] {
        let input = wish(&practice.slot(0), json!({ "clientMutationId": key }));
        let answer = failed(&app, &practice.patient, BOOK, input, "BAD_USER_INPUT").await;
        assert_eq!(answer.body["errors"][0]["extensions"]["field"], json!(["input", "clientMutationId"]));
    }
    super::booked(&app, &practice.patient, wish(&practice.slot(0), json!({ "clientMutationId": "é".repeat(200) })))
        .await;
    app.stop().await;
}

#[tokio::test]
async fn without_a_key_every_request_is_another() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    super::booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    super::refused(&app, &practice.patient, wish(&practice.slot(0), json!({})), "SLOT_TAKEN").await;
    app.stop().await;
}
