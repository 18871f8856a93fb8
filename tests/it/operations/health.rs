//! Whether the program lives, has started, and can serve.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Gated;
use crate::support::{Client, TestApp};

async fn get(client: &Client, path: &str) -> (u16, String) {
    let response = client.http.get(client.url(path)).send().await.expect("an answer");
    (response.status().as_u16(), response.text().await.expect("a body"))
}

async fn report(client: &Client, path: &str) -> (u16, Value) {
    let (status, body) = get(client, path).await;
    (status, serde_json::from_str(&body).expect("JSON"))
}

#[tokio::test]
async fn everything_is_well_after_the_start() {
    let app = TestApp::start().await;
    assert_eq!(get(&app.client, "/livez").await, (200, "ok".to_owned()));
    assert_eq!(get(&app.client, "/startupz").await, (200, "ok".to_owned()));
    let checks = json!({ "database": "up", "migrations": "up", "redis": "off" });
    let ready = json!({ "ready": true, "draining": false, "checks": checks });
    assert_eq!(report(&app.client, "/readyz").await, (200, ready));
    let version = env!("CARGO_PKG_VERSION");
    let summary = json!({ "status": "ok", "version": version, "checks": checks });
    assert_eq!(report(&app.client, "/health").await, (200, summary));
    app.stop().await;
}

#[tokio::test]
async fn replica_without_its_database_lives_and_is_not_ready_until_it_is_back() {
    let gated = Gated::start().await;
    assert_eq!(get(&gated.client, "/readyz").await.0, 200);
    gated.gate.shut();
    // A report is good for a moment.
    let since = Instant::now();
    while get(&gated.client, "/readyz").await.0 == 200 {
        assert!(since.elapsed() < Duration::from_secs(10), "it is not noticed");
        tokio::task::yield_now().await;
    }
    let (status, body) = report(&gated.client, "/readyz").await;
    assert_eq!((status, &body["ready"], &body["checks"]["database"]), (503, &json!(false), &json!("down")));
    let (status, body) = report(&gated.client, "/health").await;
    assert_eq!((status, &body["status"]), (503, &json!("unavailable")));
    assert_eq!(get(&gated.client, "/livez").await.0, 200);
    assert_eq!(get(&gated.client, "/startupz").await.0, 200);
    let answer = gated.client.guest("{ organization(slug: \"demo\") { id } }", json!({})).await;
    assert_eq!(answer.codes(), ["UNAVAILABLE"]);
    gated.gate.open();
    let since = Instant::now();
    while get(&gated.client, "/readyz").await.0 != 200 {
        assert!(since.elapsed() < Duration::from_secs(10), "it never came back");
        tokio::task::yield_now().await;
    }
    gated.stop().await;
}

#[tokio::test]
async fn migration_that_is_missing_is_not_ready() {
    let app = TestApp::start().await;
    let last = "(SELECT max(version) FROM __diesel_schema_migrations)";
    app.db.run(&format!("DELETE FROM __diesel_schema_migrations WHERE version = {last}")).await;
    let (status, body) = report(&app.client, "/readyz").await;
    assert_eq!((status, &body["checks"]["migrations"]), (503, &json!("down")));
    app.stop().await;
}

#[tokio::test]
async fn landing_page_leads_to_what_is_served() {
    for (graphiql, wanted) in [("true", 200), ("false", 404)] {
        let app = TestApp::with(&[("GRAPHIQL", graphiql)]).await;
        let (status, page) = get(&app.client, "/").await;
        assert_eq!((status, page.contains("href=\"graphiql\"")), (200, wanted == 200));
        assert!(page.contains("href=\"graphql\"") && page.contains("href=\"health\""), "{page}");
        assert_eq!(get(&app.client, "/graphiql").await.0, wanted);
        assert_eq!(get(&app.client, "/nothing").await.0, 404);
        app.stop().await;
    }
}

#[tokio::test]
async fn every_answer_has_its_security_headers() {
    let app = TestApp::start().await;
    for path in ["/", "/livez", "/readyz", "/graphql", "/nothing"] {
        let response = app.client.http.get(app.client.url(path)).send().await.expect("an answer");
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"), "{path}");
        assert_eq!(header("referrer-policy").as_deref(), Some("no-referrer"), "{path}");
        assert_eq!(header("strict-transport-security"), None, "{path}: it is said over TLS alone");
    }
    app.stop().await;
}
