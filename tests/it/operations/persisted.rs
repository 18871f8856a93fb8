//! Documents that are named by their hash or an id.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::support::app::temporary;
use crate::support::{Answer, Client, Live, Subscription, TestApp};

const TEXT: &str = "query Trusted { __typename }";
const OTHER: &str = "query Other { viewer(organizationSlug: \"nobody\") { role } }";

fn hash(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn extensions(text: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash(text) } })
}

async fn by_hash(client: &Client, text: &str) -> Answer {
    client.post(None, &json!({ "extensions": extensions(text) })).await
}

async fn with_hash(client: &Client, text: &str) -> Answer {
    client.post(None, &json!({ "query": text, "extensions": extensions(text) })).await
}

fn fault(answer: &Answer) -> (&str, &str) {
    let error = &answer.body["errors"][0];
    (error["message"].as_str().unwrap_or_default(), error["extensions"]["code"].as_str().unwrap_or_default())
}

const UNKNOWN: (&str, &str) = ("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND");

#[tokio::test]
async fn hash_stands_for_the_text_that_was_given_with_it() {
    let app = TestApp::start().await;
    let answer = by_hash(&app.client, TEXT).await;
    assert_eq!((answer.status.as_u16(), fault(&answer)), (200, UNKNOWN));
    assert_eq!(with_hash(&app.client, TEXT).await.ok().text("/__typename"), "Query");
    assert_eq!(by_hash(&app.client, TEXT).await.ok().text("/__typename"), "Query");
    let url = format!("/graphql?extensions={}", extensions(TEXT));
    let answer = app.client.http.get(app.client.url(&url)).send().await.expect("an answer");
    assert_eq!(answer.json::<Value>().await.expect("JSON")["data"]["__typename"], "Query");
    let mut socket = Subscription::acknowledged(app.client.addr, None).await;
    socket.send(json!({ "id": "1", "type": "subscribe", "payload": { "extensions": extensions(TEXT) } })).await;
    assert_eq!(socket.frame().await["payload"]["data"]["__typename"], "Query");
    app.stop().await;
}

#[tokio::test]
async fn what_is_given_to_one_replica_is_known_to_the_others_and_only_what_is_valid() {
    let live = Live::start().await;
    with_hash(&live.a, TEXT).await.ok();
    assert_eq!(by_hash(&live.b, TEXT).await.ok().text("/__typename"), "Query");
    for bad in ["{ nothing }", "{", "{ a: __typename ".repeat(200).as_str()] {
        assert_ne!(fault(&with_hash(&live.a, bad).await), UNKNOWN, "{bad}");
        for client in [&live.a, &live.b] {
            assert_eq!(fault(&by_hash(client, bad).await), UNKNOWN, "{bad}");
        }
    }
    live.stop().await;
}

#[tokio::test]
async fn document_is_named_in_one_well_formed_way() {
    let app = TestApp::start().await;
    with_hash(&app.client, TEXT).await.ok();
    let hex = hash(TEXT);
    for (what, body, field) in [
        ("the hash of another text", json!({ "query": OTHER, "extensions": extensions(TEXT) }), "extensions"),
        (
            "half a hash",
            json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hex[..32] } } }),
            "extensions",
        ),
        ("no hash", json!({ "extensions": { "persistedQuery": { "version": 1 } } }), "extensions"),
        (
            "another version",
            json!({ "extensions": { "persistedQuery": { "version": 2, "sha256Hash": hex } } }),
            "extensions",
        ),
        ("a text", json!({ "extensions": { "persistedQuery": hex } }), "extensions"),
        ("both an id and a hash", json!({ "documentId": "x", "extensions": extensions(TEXT) }), "documentId"),
        ("both an id and a text", json!({ "documentId": "x", "query": TEXT }), "query"),
        ("an id that is no text", json!({ "documentId": 1 }), "documentId"),
        ("half a hash as id", json!({ "documentId": "sha256:abc" }), "documentId"),
    ] {
        let answer = app.client.post(None, &body).await;
        assert_eq!(fault(&answer).1, "BAD_USER_INPUT", "{what}: {}", answer.body);
        assert_eq!(answer.body["errors"][0]["extensions"]["field"][0], field, "{what}");
        assert_eq!(answer.body.get("data"), None, "{what}");
    }
    let by_id = json!({ "documentId": format!("sha256:{hex}") });
    assert_eq!(app.client.post(None, &by_id).await.ok().text("/__typename"), "Query");
    app.stop().await;
}

#[tokio::test]
async fn hashes_can_be_switched_off() {
    let app = TestApp::with(&[("GRAPHQL_APQ", "false")]).await;
    let unsupported = ("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED");
    assert_eq!(fault(&by_hash(&app.client, TEXT).await), unsupported);
    with_hash(&app.client, TEXT).await.ok();
    assert_eq!(fault(&by_hash(&app.client, TEXT).await), unsupported);
    app.stop().await;
}

#[tokio::test]
async fn only_documents_of_the_manifest_run_where_only_they_are_trusted() {
    let apollo = json!({ "format": "apollo-persisted-query-manifest", "version": 1, "operations": [
        { "id": hash(TEXT), "name": "Trusted", "type": "query", "body": TEXT }] });
    let relay = json!({ "trusted": TEXT });
    for (name, content, id) in [("apollo.json", apollo, hash(TEXT)), ("relay.json", relay, "trusted".to_owned())] {
        let file = temporary(name, &content.to_string());
        let variables = [("GRAPHQL_TRUSTED_DOCUMENTS", "only"), ("GRAPHQL_TRUSTED_DOCUMENTS_FILE", file.as_str())];
        let app = TestApp::with(&variables).await;
        let client = &app.client;
        for answer in [
            client.post(None, &json!({ "documentId": id })).await,
            client.post(None, &json!({ "query": TEXT })).await,
            by_hash(client, TEXT).await,
            with_hash(client, TEXT).await,
        ] {
            assert_eq!(answer.ok().text("/__typename"), "Query");
        }
        for answer in [client.post(None, &json!({ "query": OTHER })).await, with_hash(client, OTHER).await] {
            assert_eq!(fault(&answer), ("`query` must be one of the trusted documents", "BAD_USER_INPUT"));
        }
        assert_eq!(fault(&by_hash(client, OTHER).await), UNKNOWN);
        assert_eq!(fault(&client.post(None, &json!({ "documentId": "other" })).await), UNKNOWN);
        app.stop().await;
    }
}

#[tokio::test]
async fn others_run_too_where_the_manifest_is_only_preferred() {
    let file = temporary("preferred.json", &json!({ "trusted": TEXT }).to_string());
    let variables = [("GRAPHQL_TRUSTED_DOCUMENTS", "prefer"), ("GRAPHQL_TRUSTED_DOCUMENTS_FILE", file.as_str())];
    let app = TestApp::with(&variables).await;
    assert_eq!(app.client.post(None, &json!({ "documentId": "trusted" })).await.ok().text("/__typename"), "Query");
    assert_eq!(app.client.post(None, &json!({ "query": "{ a: __typename }" })).await.ok().text("/a"), "Query");
    app.stop().await;
}
