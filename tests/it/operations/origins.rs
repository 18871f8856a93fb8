//! Whose pages may open sockets, and that cookies prove nothing.

use serde_json::{Value, json};

use crate::bookings::{BOOK, wish};
use crate::support::{Client, Subscription, TestApp};

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");
const VIEWER: &str = "query($slug: String) { viewer(organizationSlug: $slug) { role } }";

/// Status and code of the answer to an upgrade that a page of this origin asks for; 101 without a code opens a socket.
pub async fn upgrade(client: &Client, headers: &[(&str, &str)]) -> (u16, Value) {
    let mut request = client.http.get(client.url("/graphql"));
    let handshake = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        PROTOCOL,
    ];
    for (name, value) in handshake.iter().chain(headers) {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    if status == 101 {
        return (status, Value::Null);
    }
    let body: Value = response.json().await.expect("JSON");
    assert_eq!(body["data"], Value::Null);
    (status, body["errors"][0]["extensions"]["code"].clone())
}

#[tokio::test]
async fn sockets_are_for_pages_of_the_server_itself_and_of_allowed_origins() {
    let app = TestApp::with(&[("HTTP_ALLOWED_ORIGINS", "https://app.example,http://localhost:3000")]).await;
    let port = app.client.addr.port();
    let (own, other_port) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{}", port - 1));
    let tls = format!("https://127.0.0.1:{port}");
    for (origin, status) in [
        (None, 101),
        (Some(own.as_str()), 101),
        (Some(&tls), 101),
        (Some("https://app.example"), 101),
        (Some("https://app.example:443"), 101),
        (Some("http://localhost:3000"), 101),
        (Some("http://app.example"), 403),
        (Some("https://evil.example"), 403),
        (Some("https://app.example.evil.example"), 403),
        (Some(&other_port), 403),
        (Some("null"), 403),
        (Some(""), 403),
        (Some("https://app.example/"), 403),
    ] {
        let code = if status == 403 { json!("FORBIDDEN") } else { Value::Null };
        let origin = origin.map(|origin| ("origin", origin));
        assert_eq!(upgrade(&app.client, origin.as_slice()).await, (status, code), "{origin:?}");
    }
    // Nobody can name another host than the server has in order to be of its origin, nor two of which one is allowed.
    let claimed = [("origin", "https://evil.example"), ("x-forwarded-host", "evil.example")];
    assert_eq!(upgrade(&app.client, &claimed).await.0, 403);
    let two = [("origin", "https://app.example"), ("origin", "https://evil.example")];
    assert_eq!(upgrade(&app.client, &two).await.0, 403);
    // Requests that are no upgrades are refused by their content type, not by their origin.
    let answer = app.client.http.post(app.client.url("/graphql")).header("origin", "https://evil.example");
    let answer = answer.json(&json!({ "query": "{ __typename }" })).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    app.stop().await;
}

#[tokio::test]
async fn cookie_with_a_good_token_is_ignored() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let token = &practice.patient.token;
    let cookie = format!("Authorization=Bearer {token}; authorization={token}; token={token}; access_token={token}");
    let before = app.db.state().await;
    let ask = async |query: &str, variables: Value| {
        let request = app.client.http.post(app.client.url("/graphql")).header("cookie", &cookie);
        let answer = request.json(&json!({ "query": query, "variables": variables })).send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")
    };
    let slug = json!({ "slug": practice.clinic.slug });
    assert_eq!(ask(VIEWER, slug.clone()).await["data"]["viewer"]["role"], "GUEST");
    let booking = ask(BOOK, json!({ "input": wish(&practice.slot(0), json!({})) })).await;
    assert_eq!(booking["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");

    let mut socket = Subscription::try_with(app.client.addr, &[PROTOCOL, ("cookie", &cookie)]).await.expect("a socket");
    socket.send(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.frame().await["type"], "connection_ack");
    let payload = json!({ "query": VIEWER, "variables": slug });
    socket.send(json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    assert_eq!(socket.next("viewer").await["role"], "GUEST");
    assert_eq!(app.db.state().await, before);
    app.stop().await;
}
