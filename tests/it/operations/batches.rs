//! Several operations in one request.

use serde_json::{Value, json};

use crate::bookings::{BOOK, wish};
use crate::support::{Client, TestApp};

/// Status and body of the answer to a list of requests.
async fn ask(client: &Client, token: Option<&str>, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
    let mut request = client.http.post(client.url("/graphql")).json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.expect("an answer");
    (response.status().as_u16(), response.json().await.expect("JSON"))
}

fn codes(answers: &Value) -> Vec<Option<&str>> {
    let code = |answer: &Value| answer.pointer("/errors/0/extensions/code").map(|_| ());
    let all = answers.as_array().expect("a list");
    all.iter().map(|answer| code(answer).and_then(|()| answer["errors"][0]["extensions"]["code"].as_str())).collect()
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_requests_each_with_its_own_errors() {
    let app = TestApp::start().await;
    let body = json!([
        { "query": "{ a: __typename }" },
        { "query": "{ nothing }" },
        { "query": "{ viewer { role } }" },
        { "query": "subscription { slotChanges { __typename } }" },
        { "query": "query A { __typename } query B { b: __typename }", "operationName": "B" },
    ]);
    let (status, answers) = ask(&app.client, None, &[], &body).await;
    assert_eq!(status, 200);
    assert_eq!(codes(&answers), [None, Some("BAD_USER_INPUT"), Some("BAD_USER_INPUT"), Some("BAD_USER_INPUT"), None]);
    assert_eq!((&answers[0]["data"]["a"], &answers[4]["data"]["b"]), (&json!("Query"), &json!("Query")));
    assert_eq!(answers[1].get("data"), None, "it never ran");
    assert_eq!(answers[2].get("data"), Some(&json!({ "viewer": null })), "it ran");
    app.stop().await;
}

#[tokio::test]
async fn mutations_of_a_list_run_one_after_the_other() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let book = |slot: usize| json!({ "query": BOOK, "variables": { "input": wish(&practice.slot(slot), json!({})) } });
    let body = json!([book(0), book(0), book(1)]);
    let (status, answers) = ask(&app.client, Some(&practice.patient.token), &[], &body).await;
    assert_eq!(status, 200);
    let booked = |n: usize| answers[n]["data"]["bookSlot"]["booking"]["status"].clone();
    assert_eq!([booked(0), booked(1), booked(2)], [json!("BOOKED"), Value::Null, json!("BOOKED")], "{answers}");
    app.stop().await;
}

#[tokio::test]
async fn lists_that_are_no_lists_of_requests_change_nothing() {
    let app = TestApp::with(&[("HTTP_MAX_BATCH", "3")]).await;
    let practice = app.practice().await;
    let book = json!({ "query": BOOK, "variables": { "input": wish(&practice.slot(0), json!({})) } });
    let before = app.db.state().await;
    let key = [("idempotency-key", "one for all")];
    for (what, headers, body) in [
        ("empty", &[][..], json!([])),
        ("one too many", &[], json!([book, book, book, book])),
        ("a list in it", &[], json!([book, [book]])),
        ("values in their order", &[], json!([[BOOK]])),
        ("a text in it", &[], json!([book, "x"])),
        ("one without a query", &[], json!([book, {}])),
        ("one with wrong variables", &[], json!([book, { "query": BOOK, "variables": 1 }])),
        ("a key for all", &key, json!([book])),
    ] {
        let (status, answer) = ask(&app.client, Some(&practice.patient.token), headers, &body).await;
        let code = &answer["errors"][0]["extensions"]["code"];
        // Well-formed and refused: the older media type answers 200 to what is not the request's form.
        assert_eq!((status, code), (400, &json!("BAD_USER_INPUT")), "{what}: {answer}");
        assert_eq!(app.db.state().await, before, "{what}");
    }
    app.stop().await;
}

#[tokio::test]
async fn lists_can_be_switched_off() {
    let app = TestApp::with(&[("HTTP_MAX_BATCH", "0")]).await;
    let (status, answer) = ask(&app.client, None, &[], &json!([{ "query": "{ __typename }" }])).await;
    assert_eq!((status, &answer["errors"][0]["extensions"]["field"]), (400, &json!(["body"])));
    app.stop().await;
}
