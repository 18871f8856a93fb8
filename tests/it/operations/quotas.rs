//! How much a caller may ask in a time, over every transport and all replicas together, and how much runs at a time.

use std::collections::HashMap;

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::bookings::{BOOK, wish};
use crate::identity::revocation::until;
use crate::support::proxy::StatementProxy;
use crate::support::{Answer, Client, Live, Subscription, TestApp, TestDb, monday};

const THREE: &[(&str, &str)] = &[("RATE_LIMIT_MAX_REQUESTS", "3"), ("RATE_LIMIT_WINDOW_MS", "60000")];
const CHEAP: &str = "{ __typename }";

/// The answer with those of its headers that are about quotas.
async fn ask(client: &Client, token: Option<&str>, query: &str) -> (Answer, HashMap<String, String>) {
    let mut request = client.http.post(client.url("/graphql")).json(&json!({ "query": query }));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    let told = headers.iter().filter(|(name, _)| name.as_str().contains("ratelimit") || *name == "retry-after");
    let told = told.map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned())).collect();
    (Answer { status, body: response.json().await.expect("JSON") }, told)
}

#[tokio::test]
async fn request_beyond_the_quota_is_refused_with_the_time_to_come_back() {
    let app = TestApp::with(THREE).await;
    let practice = app.practice().await;
    for left in [2, 1, 0] {
        let (answer, told) = ask(&app.client, None, CHEAP).await;
        assert_eq!((&*told["ratelimit-limit"], &*told["ratelimit-policy"]), ("3", "3;w=60"));
        assert_eq!(told["ratelimit-remaining"], left.to_string());
        let rate = &answer.ok().body["extensions"]["rateLimit"];
        assert_eq!((&rate["limit"], &rate["remaining"]), (&json!(3), &json!(left)));
        assert_eq!(rate["resetSeconds"].to_string(), told["ratelimit-reset"]);
    }
    let before = app.db.state().await;
    let (answer, told) = ask(&app.client, None, CHEAP).await;
    assert_eq!((answer.status, answer.codes()), (StatusCode::TOO_MANY_REQUESTS, vec!["RATE_LIMITED".to_owned()]));
    assert_eq!(answer.body["errors"][0]["extensions"]["retryAfterSeconds"].to_string(), told["retry-after"]);
    assert_eq!(told["ratelimit-remaining"], "0");
    // Whoever has a name of their own is not counted with the address.
    ask(&app.client, Some(&practice.patient.token), CHEAP).await.0.ok();
    ask(&app.client, Some(&practice.other.token), CHEAP).await.0.ok();
    assert_eq!(app.db.state().await, before);
    let wait: i64 = told["retry-after"].parse().expect("seconds");
    app.set_clock(monday() + TimeDelta::seconds(wait - 1)).await;
    assert_eq!(ask(&app.client, None, CHEAP).await.0.codes(), ["RATE_LIMITED"], "a second too early");
    app.set_clock(monday() + TimeDelta::seconds(wait)).await;
    ask(&app.client, None, CHEAP).await.0.ok();
    app.stop().await;
}

#[tokio::test]
async fn costly_requests_count_for_more_and_refused_ones_count_too() {
    let app = TestApp::with(&[("RATE_LIMIT_MAX_REQUESTS", "10")]).await;
    // Of 1 + 50 + 50 + 50 × 2 points.
    let costly = "{ providers(first: 50) { nodes { id slots(first: 2) { nodes { id } } } } }";
    let left = async |query: &str, token: Option<&str>| {
        let (answer, told) = ask(&app.client, token, query).await;
        (answer.codes(), told.get("ratelimit-remaining").cloned())
    };
    assert_eq!(left(costly, None).await, (vec!["BAD_USER_INPUT".to_owned()], Some("7".to_owned())));
    assert_eq!(left("{ nothing }", None).await, (vec!["BAD_USER_INPUT".to_owned()], Some("6".to_owned())));
    assert_eq!(left("{", None).await, (vec!["BAD_USER_INPUT".to_owned()], Some("5".to_owned())));
    // Guessing tokens is counted with the address.
    for _ in 0..5 {
        assert_eq!(left(CHEAP, Some("guess")).await, (vec!["UNAUTHENTICATED".to_owned()], None));
    }
    let (answer, told) = ask(&app.client, Some("guess"), CHEAP).await;
    assert_eq!((answer.status.as_u16(), answer.codes()), (429, vec!["RATE_LIMITED".to_owned()]));
    assert!(told.contains_key("retry-after"));
    app.stop().await;
}

#[tokio::test]
async fn requests_of_a_list_and_of_a_socket_count_each() {
    let app = TestApp::with(&[("RATE_LIMIT_MAX_REQUESTS", "4")]).await;
    let list = json!([{ "query": CHEAP }, { "query": "{ nothing }" }]);
    let response = app.client.http.post(app.client.url("/graphql")).json(&list).send().await.expect("an answer");
    assert_eq!(response.headers()["ratelimit-remaining"], "2");
    let mut socket = Subscription::acknowledged(app.client.addr, None).await;
    let mut frames = Vec::new();
    for (id, query) in
        [("1", CHEAP), ("2", "{ nothing }"), ("3", CHEAP), ("4", "subscription { slotChanges { __typename } }")]
    {
        socket.send(json!({ "id": id, "type": "subscribe", "payload": { "query": query } })).await;
        let frame = socket.frame().await;
        frames.push((frame["type"].clone(), frame["payload"][0]["extensions"]["code"].clone()));
        if frame["type"] == "next" {
            assert_eq!(socket.frame().await["type"], "complete");
        }
    }
    assert_eq!(
        frames,
        [
            (json!("next"), Value::Null),
            (json!("error"), json!("BAD_USER_INPUT")),
            (json!("error"), json!("RATE_LIMITED")),
            (json!("error"), json!("RATE_LIMITED")),
        ]
    );
    app.stop().await;
}

#[tokio::test]
async fn replicas_count_together_over_redis() {
    let live = Live::with(THREE).await;
    for client in [&live.a, &live.b, &live.a] {
        ask(client, None, CHEAP).await.0.ok();
    }
    for client in [&live.a, &live.b] {
        assert_eq!(ask(client, None, CHEAP).await.0.codes(), ["RATE_LIMITED"]);
    }
    live.stop().await;
}

#[tokio::test]
async fn refused_for_the_quota_nothing_reaches_the_database() {
    let db = TestDb::new().await;
    let (proxy, through) = StatementProxy::before(&db, crate::support::database::API).await;
    let app = TestApp::over(db, &[("DATABASE_URL", &through), ("RATE_LIMIT_MAX_REQUESTS", "1")]).await;
    let practice = app.practice().await;
    let book = || json!({ "query": BOOK, "variables": { "input": wish(&practice.slot(0), json!({})) } });
    app.client.post(Some(&practice.patient.token), &book()).await.ok();
    let before = app.db.state().await;
    proxy.take();
    let refused = app.client.post(Some(&practice.patient.token), &book()).await;
    assert_eq!((refused.status, refused.codes()), (StatusCode::TOO_MANY_REQUESTS, vec!["RATE_LIMITED".to_owned()]));
    assert_eq!(proxy.take(), 0);
    assert_eq!(app.db.state().await, before);
    app.stop().await;
}

#[tokio::test]
async fn what_comes_while_all_places_are_taken_is_told_so_at_once() {
    let app = TestApp::with(&[("MAX_IN_FLIGHT", "2")]).await;
    let practice = app.practice().await;
    app.db.run("BEGIN; LOCK TABLE openslot.bookings IN ACCESS EXCLUSIVE MODE").await;
    let book = |slot: usize| {
        let input = json!({ "input": wish(&practice.slot(slot), json!({})) });
        let (client, patient) = (app.client.clone(), practice.patient.clone());
        tokio::spawn(async move { client.by(&patient, BOOK, input).await })
    };
    let waiting = [book(0), book(1)];
    // Both wait for the lock now.
    let blocked = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    until(async || app.db.one::<i64>(blocked, &[]).await == 2).await;
    let (answer, told) = ask(&app.client, None, CHEAP).await;
    assert_eq!((answer.status.as_u16(), answer.codes()), (503, vec!["UNAVAILABLE".to_owned()]));
    assert_eq!(told["retry-after"], "1");
    let mut socket = Subscription::acknowledged(app.client.addr, None).await;
    socket.send(json!({ "id": "1", "type": "subscribe", "payload": { "query": CHEAP } })).await;
    assert_eq!(socket.frame().await["payload"][0]["extensions"]["code"], "UNAVAILABLE");
    app.db.run("COMMIT").await;
    for booking in waiting {
        assert_eq!(booking.await.expect("an answer").text("/bookSlot/booking/status"), "BOOKED");
    }
    ask(&app.client, None, CHEAP).await.0.ok();
    app.stop().await;
}
