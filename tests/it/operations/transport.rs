//! GraphQL over HTTP: methods, content types, bodies, status codes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

struct Seen {
    status: u16,
    allow: Option<String>,
    content_type: String,
    body: Value,
}

async fn send(app: &TestApp, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Seen {
    let mut request = app.client.http.request(method, app.client.url(path)).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("an answer");
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
    let (allow, content_type) = (header("allow"), header("content-type").unwrap_or_default());
    let status = response.status().as_u16();
    let body = serde_json::from_str(&response.text().await.expect("a body")).unwrap_or(Value::Null);
    Seen { status, allow, content_type, body }
}

fn code(seen: &Seen) -> &str {
    seen.body["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
}

const JSON: (&str, &str) = ("content-type", "application/json");
const NEW: (&str, &str) = ("accept", "application/graphql-response+json");
const OK: &str = r#"{"query":"{ __typename }"}"#;

#[tokio::test]
async fn post_takes_one_json_object_only() {
    let app = TestApp::start().await;
    let big = format!(r#"{{"query":"{{ __typename }}","variables":{{"a":"{}"}}}}"#, "x".repeat(1 << 20));
    for (what, headers, body, status, wanted) in [
        ("JSON", vec![JSON], OK, 200, "none"),
        ("with a charset", vec![("content-type", "application/json; charset=utf-8")], OK, 200, "none"),
        ("text", vec![("content-type", "text/plain")], OK, 415, "BAD_USER_INPUT"),
        ("form", vec![("content-type", "application/x-www-form-urlencoded")], OK, 415, "BAD_USER_INPUT"),
        ("multipart", vec![("content-type", "multipart/form-data; boundary=x")], OK, 415, "BAD_USER_INPUT"),
        ("no type", vec![], OK, 415, "BAD_USER_INPUT"),
        ("half an object", vec![JSON], r#"{"query":"#, 400, "BAD_USER_INPUT"),
        ("nothing", vec![JSON], "", 400, "BAD_USER_INPUT"),
        ("null", vec![JSON], "null", 400, "BAD_USER_INPUT"),
        ("a number as query", vec![JSON], r#"{"query":1}"#, 400, "BAD_USER_INPUT"),
        ("no query", vec![JSON], r#"{"qeury":"{ __typename }"}"#, 400, "BAD_USER_INPUT"),
        ("an empty query", vec![JSON], r#"{"query":""}"#, 400, "BAD_USER_INPUT"),
        ("a list of fields", vec![JSON], r#"["{ __typename }"]"#, 400, "BAD_USER_INPUT"),
        ("too much", vec![JSON], &big, 413, "BAD_USER_INPUT"),
    ] {
        let seen = send(&app, Method::POST, "/graphql", &headers, body).await;
        assert_eq!((seen.status, code(&seen)), (status, wanted), "{what}: {}", seen.body);
        assert_eq!(seen.content_type, "application/json", "{what}");
    }
    app.stop().await;
}

#[tokio::test]
async fn limit_of_the_body_is_configurable() {
    let app = TestApp::with(&[("HTTP_MAX_BODY_BYTES", "1024")]).await;
    let body = |n: usize| format!("{OK}{}", " ".repeat(n - OK.len()));
    assert_eq!(send(&app, Method::POST, "/graphql", &[JSON], &body(1024)).await.status, 200);
    let seen = send(&app, Method::POST, "/graphql", &[JSON], &body(1025)).await;
    assert_eq!((seen.status, code(&seen)), (413, "BAD_USER_INPUT"));
    assert_eq!(seen.body["errors"][0]["message"], "`body` must have at most 1024 bytes");
    app.stop().await;
}

#[tokio::test]
async fn get_takes_queries_only() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let before = app.db.state().await;
    for (query, status) in [
        ("{__typename}", 200),
        ("query%20A{__typename}query%20B{__typename}&operationName=B", 200),
        ("query%20A{__typename}&operationName=", 200),
        ("mutation{bookSlot(input:{slot:{id:%22x%22}}){userErrors{code}}}", 405),
        ("subscription{slotChanges{__typename}}", 405),
        (
            "query%20A{__typename}mutation%20B{bookSlot(input:{slot:{id:%22x%22}}){userErrors{code}}}&operationName=B",
            405,
        ),
    ] {
        let path = format!("/graphql?query={query}");
        let seen = send(&app, Method::GET, &path, &[("accept", "application/json")], "").await;
        assert_eq!((seen.status, seen.allow.is_some()), (status, status == 405), "{query}: {}", seen.body);
        if status == 405 {
            assert_eq!(seen.allow.as_deref(), Some("POST"));
        }
    }
    for bad in
        ["", "?query=", "?variables={}", "?query={__typename}&query={__typename}", "?query={__typename}&variables=1"]
    {
        let seen = send(&app, Method::GET, &format!("/graphql{bad}"), &[NEW], "").await;
        assert_eq!((seen.status, code(&seen)), (400, "BAD_USER_INPUT"), "{bad}");
    }
    let with_variables = "/graphql?query=query($x:String){organization(slug:$x){id}}&variables={%22x%22:%22nobody%22}";
    let seen = send(&app, Method::GET, with_variables, &[], "").await;
    assert_eq!((seen.status, code(&seen)), (200, "NOT_FOUND"));
    assert_eq!(send(&app, Method::PUT, "/graphql", &[JSON], OK).await.status, 405);
    assert_eq!(app.db.state().await, before);
    drop(practice);
    app.stop().await;
}

#[tokio::test]
async fn subscription_by_post_is_refused() {
    let app = TestApp::start().await;
    let body = r#"{"query":"subscription { slotChanges { __typename } }"}"#;
    let seen = send(&app, Method::POST, "/graphql", &[JSON, NEW], body).await;
    assert_eq!((seen.status, code(&seen)), (400, "BAD_USER_INPUT"));
    app.stop().await;
}

#[tokio::test]
async fn operation_must_be_named_among_several() {
    let app = TestApp::start().await;
    let two =
        |name: Value| json!({ "query": "query A { __typename } query B { a: __typename }", "operationName": name });
    assert_eq!(app.client.post(None, &two(json!("B"))).await.ok().text("/a"), "Query");
    for name in [json!("C"), Value::Null, json!("")] {
        let answer = app.client.post(None, &two(name)).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"]);
        assert_eq!(answer.body["errors"][0]["extensions"]["field"], json!(["operationName"]));
    }
    app.stop().await;
}

#[tokio::test]
async fn media_type_of_the_answer_decides_on_the_status_of_a_wrong_document() {
    let app = TestApp::start().await;
    for (query, new, old) in [
        ("{ __typename }", 200, 200),
        ("{ nothing }", 400, 200),
        ("{", 400, 200),
        // Executed: the error stands beside the data.
        ("{ viewer { role } }", 200, 200),
    ] {
        let body = json!({ "query": query }).to_string();
        let seen = send(&app, Method::POST, "/graphql", &[JSON, NEW], &body).await;
        assert_eq!((seen.status, seen.content_type.as_str()), (new, NEW.1), "{query}");
        let seen = send(&app, Method::POST, "/graphql", &[JSON], &body).await;
        assert_eq!((seen.status, seen.content_type.as_str()), (old, JSON.1), "{query}");
    }
    app.stop().await;
}
