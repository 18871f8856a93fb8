//! Whom a request comes from, past the proxies in front.

use serde_json::{Value, json};

use super::origins::upgrade;
use super::program::Serving;
use crate::support::app::{ISSUER, key_file};
use crate::support::database::API;
use crate::support::{Client, Subscription, TestApp, TestDb};

const WAY: &str = "1.2.3.4, 203.0.113.9, 127.0.0.2";

/// Refuses a token over HTTP, one on a socket, a header that is no token, and an origin; the lines that the log has of
/// them, as message and client.
async fn refusals(proxies: &str) -> Vec<(String, String)> {
    let db = TestDb::new().await;
    let url = db.url(API);
    let server = Serving::start(&[
        ("DATABASE_URL", url.as_str()),
        ("HTTP_ADDR", "127.0.0.1:0"),
        ("JWT_ISSUER", ISSUER),
        ("OPENSLOT_PROFILE", "development"),
        ("JWT_DEVELOPMENT_KEY_FILE", key_file()),
        ("HTTP_TRUSTED_PROXIES", proxies),
    ]);
    let client = Client::new(server.addr);
    let before = db.state().await;
    for authorization in ["Bearer nonsense", "Basic eDp5"] {
        let request = client.http.post(client.url("/graphql")).header("authorization", authorization);
        let request = request.header("x-forwarded-for", WAY).json(&json!({ "query": "{ __typename }" }));
        assert_eq!(request.send().await.expect("an answer").status(), 401);
    }
    let protocol = ("sec-websocket-protocol", "graphql-transport-ws");
    let mut socket =
        Subscription::try_with(client.addr, &[protocol, ("forwarded", "for=203.0.113.10")]).await.expect("a socket");
    socket.send(json!({ "type": "connection_init", "payload": { "Authorization": "Bearer nonsense" } })).await;
    assert_eq!(socket.close_code().await, 4403);
    let page = [("origin", "https://evil.example"), ("forwarded", "for=\"[2001:db8::9]:4711\"")];
    assert_eq!(upgrade(&client, &page).await, (403, json!("FORBIDDEN")));
    assert_eq!(db.state().await, before);
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0));
    db.drop_now().await;
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let refused = lines.filter(|line| line["message"].as_str().is_some_and(|message| message.ends_with("refused")));
    refused
        .map(|line| {
            let client = line["span"]["client.address"].as_str().unwrap_or_else(|| panic!("no client: {line}"));
            (line["message"].as_str().expect("a message").to_owned(), client.to_owned())
        })
        .collect()
}

fn told(clients: [&str; 4]) -> Vec<(String, String)> {
    let messages = [
        "credential refused",
        "authorization that is no bearer token refused",
        "credential refused",
        "socket of another origin refused",
    ];
    messages.into_iter().zip(clients).map(|(message, client)| (message.to_owned(), client.to_owned())).collect()
}

#[tokio::test]
async fn refusals_are_logged_with_the_client_behind_trusted_proxies() {
    let wanted = told(["203.0.113.9", "203.0.113.9", "203.0.113.10", "2001:db8::9"]);
    assert_eq!(refusals("127.0.0.0/8, 10.0.0.0/8").await, wanted);
}

#[tokio::test]
async fn refusals_are_logged_with_the_peer_where_it_is_not_trusted() {
    assert_eq!(refusals("10.0.0.0/8").await, told(["127.0.0.1"; 4]));
}

#[tokio::test]
async fn own_origin_is_the_host_that_a_trusted_proxy_was_asked_for() {
    let older = [("x-forwarded-host", "app.example"), ("x-forwarded-proto", "https")];
    for (proxies, headers, page, status) in [
        ("127.0.0.1", &older[..], "https://app.example", 101),
        ("127.0.0.1", &older, "http://app.example", 403),
        ("127.0.0.1", &[("forwarded", "for=203.0.113.9;host=app.example")], "https://app.example", 101),
        ("127.0.0.1", &older, "https://evil.example", 403),
        ("10.0.0.1", &older, "https://app.example", 403),
        ("10.0.0.1", &[("forwarded", "for=203.0.113.9;host=app.example")], "https://app.example", 403),
    ] {
        let app = TestApp::with(&[("HTTP_TRUSTED_PROXIES", proxies)]).await;
        let all = [headers, &[("origin", page)]].concat();
        assert_eq!(upgrade(&app.client, &all).await.0, status, "{proxies} {all:?}");
        app.stop().await;
    }
}
