//! What every answer carries, and what browsers are told.

use std::collections::HashMap;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

const ALLOWED: &str = "https://app.example";

fn request(client: &Client, method: Method, path: &str, headers: &[(&str, &str)]) -> RequestBuilder {
    let mut request = client.http.request(method, client.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request
}

/// Status and headers of an answer.
async fn seen(request: RequestBuilder) -> (u16, HashMap<String, String>) {
    let response = request.send().await.expect("an answer");
    let text = |value: &reqwest::header::HeaderValue| value.to_str().expect("text").to_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value)));
    (response.status().as_u16(), headers.collect())
}

fn json_post<'a>(client: &Client, headers: &[(&'a str, &'a str)]) -> RequestBuilder {
    request(client, Method::POST, "/graphql", headers).json(&json!({ "query": "{ __typename }" }))
}

#[tokio::test]
async fn every_answer_has_the_headers_of_safety_and_a_request_id() {
    let app = TestApp::with(&[("GRAPHIQL", "true")]).await;
    let client = &app.client;
    for (what, asked, status) in [
        ("an answer", json_post(client, &[]), 200),
        ("no such page", request(client, Method::GET, "/nothing", &[]), 404),
        ("no such method", request(client, Method::PUT, "/graphql", &[]), 405),
        ("no query", request(client, Method::GET, "/graphql", &[]), 400),
        ("no JSON", request(client, Method::POST, "/graphql", &[]), 415),
        ("a wrong token", json_post(client, &[("authorization", "Bearer x")]), 401),
        ("the landing page", request(client, Method::GET, "/", &[]), 200),
        ("the editor", request(client, Method::GET, "/graphiql", &[]), 200),
        ("health", request(client, Method::GET, "/health", &[]), 200),
        ("a preflight", request(client, Method::OPTIONS, "/graphql", &[("origin", ALLOWED)]), 200),
    ] {
        let (found, headers) = seen(asked).await;
        assert_eq!(found, status, "{what}");
        let of = |name: &str| headers.get(name).map(String::as_str).unwrap_or_default();
        assert_eq!(of("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(of("referrer-policy"), "no-referrer", "{what}");
        assert_eq!(of("cross-origin-resource-policy"), "same-origin", "{what}");
        assert!(of("content-security-policy").starts_with("default-src 'none'"), "{what}: {headers:?}");
        assert!(!of("cache-control").is_empty(), "{what}");
        assert_eq!(of("x-request-id").len(), 36, "{what}");
        assert!(!headers.contains_key("server") && !headers.contains_key("x-powered-by"), "{what}");
    }
    app.stop().await;
}

#[tokio::test]
async fn request_id_of_the_client_is_kept_when_it_is_one() {
    const ID: &str = "0192f0c1-2345-7abc-8def-0123456789ab";
    let app = TestApp::start().await;
    let ask = async |ids: &[&str]| {
        let mut asked = request(&app.client, Method::POST, "/graphql", &[]).json(&json!({ "query": "{ nothing }" }));
        for id in ids {
            asked = asked.header("x-request-id", *id);
        }
        let response = asked.send().await.expect("an answer");
        let echoed = response.headers()["x-request-id"].to_str().expect("text").to_owned();
        let body: Value = response.json().await.expect("JSON");
        assert_eq!(body["errors"][0]["extensions"]["requestId"], json!(echoed), "the answer says the same twice");
        echoed
    };
    assert_eq!(ask(&[ID]).await, ID);
    for others in [&[][..], &["x"], &[""], &[ID, ID], &["0192f0c1-2345-7abc-8def-0123456789ab-and-more"]] {
        let echoed = ask(others).await;
        assert!(echoed != ID && echoed.len() == 36, "{others:?}: {echoed}");
    }
    app.stop().await;
}

#[tokio::test]
async fn only_pages_of_allowed_origins_may_read_answers() {
    let app = TestApp::with(&[("HTTP_ALLOWED_ORIGINS", ALLOWED)]).await;
    for (origin, allowed) in
        [(ALLOWED, true), ("https://app.example:443", true), ("https://evil.example", false), ("null", false)]
    {
        let named = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization,content-type,idempotency-key"),
        ];
        let (_, preflight) = seen(request(&app.client, Method::OPTIONS, "/graphql", &named)).await;
        let (_, answer) = seen(json_post(&app.client, &[("origin", origin)])).await;
        for headers in [&preflight, &answer] {
            let found = headers.get("access-control-allow-origin").map(String::as_str);
            assert_eq!(found, allowed.then_some(origin), "{headers:?}");
            assert!(headers["vary"].to_lowercase().contains("origin"), "caches must keep them apart: {headers:?}");
            assert!(!headers.contains_key("access-control-allow-credentials"), "cookies are never asked for");
        }
        let may_send = preflight["access-control-allow-headers"].as_str();
        assert!(may_send.contains("authorization") && may_send.contains("idempotency-key"), "{may_send}");
        assert!(answer["access-control-expose-headers"].contains("retry-after"));
    }
    app.stop().await;
}

#[tokio::test]
async fn simple_requests_of_other_sites_are_refused_before_anything_runs() {
    let app = TestApp::with(&[("HTTP_ALLOWED_ORIGINS", ALLOWED)]).await;
    const GET: &str = "/graphql?query={__typename}";
    let own = format!("http://{}", app.client.addr);
    for (what, headers, status) in [
        ("a program", &[][..], 200),
        (
            "its own page",
            &[("origin", own.as_str()), ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")],
            200,
        ),
        ("an address typed in", &[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")], 200),
        ("an allowed page", &[("origin", ALLOWED), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")], 200),
        ("a picture", &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")], 403),
        ("a link", &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], 403),
        ("a sibling's picture", &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")], 403),
        (
            "another page",
            &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")],
            403,
        ),
        ("an older browser", &[("origin", "https://evil.example")], 403),
        ("nobody's page", &[("origin", "null")], 403),
    ] {
        let (found, _) = seen(request(&app.client, Method::GET, GET, headers)).await;
        assert_eq!(found, status, "{what}");
    }
    for simple in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let asked = request(&app.client, Method::POST, "/graphql", &[("content-type", simple)]);
        let (found, _) = seen(asked.body(r#"{"query":"{ __typename }"}"#)).await;
        assert_eq!(found, 415, "{simple}");
    }
    app.stop().await;
}

#[tokio::test]
async fn long_answers_are_compressed_as_the_client_likes() {
    let app = TestApp::start().await;
    let types = json!({ "query": "{ __schema { types { name description } } }" });
    let plain: Value =
        json_body(request(&app.client, Method::POST, "/graphql", &[("accept-encoding", "identity")]).json(&types))
            .await;
    let whole = plain.to_string().len();
    // This one leaves the bytes as they are.
    let http = reqwest::Client::builder().no_gzip().no_brotli().no_zstd().no_proxy().build().expect("a client");
    let raw = Client { http, ..app.client.clone() };
    for encoding in ["gzip", "br", "zstd"] {
        let asked = request(&raw, Method::POST, "/graphql", &[("accept-encoding", encoding)]).json(&types);
        let response = asked.send().await.expect("an answer");
        assert_eq!(response.headers()["content-encoding"], encoding);
        let vary: Vec<_> = response.headers().get_all("vary").iter().collect();
        assert!(vary.iter().any(|value| *value == "accept-encoding"), "{vary:?}");
        assert!(response.bytes().await.expect("a body").len() < whole / 2, "{encoding}");
        let short = seen(json_post(&raw, &[("accept-encoding", encoding)])).await;
        assert!(!short.1.contains_key("content-encoding"), "too short to gain by it");
    }
    // This client takes any of them and undoes it.
    assert_eq!(json_body(request(&app.client, Method::POST, "/graphql", &[]).json(&types)).await, plain);
    app.stop().await;
}

async fn json_body(request: RequestBuilder) -> Value {
    request.send().await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test]
async fn http_2_is_spoken_without_tls_to_those_who_begin_with_it() {
    let app = TestApp::start().await;
    let http = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().expect("a client");
    let asked = || http.post(app.client.url("/graphql")).json(&json!({ "query": "{ __typename }" }));
    let answers = futures_util::future::join_all((0..20).map(|_| asked().send())).await;
    for answer in answers {
        let answer = answer.expect("an answer");
        assert_eq!(answer.version(), reqwest::Version::HTTP_2);
        assert_eq!(answer.json::<Value>().await.expect("JSON")["data"]["__typename"], "Query");
    }
    assert_eq!(json_post(&app.client, &[]).send().await.expect("an answer").version(), reqwest::Version::HTTP_11);
    app.stop().await;
}
