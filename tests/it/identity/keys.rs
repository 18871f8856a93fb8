//! Keys that the issuer publishes: found, rotated, withdrawn, and away.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::json;

use super::VIEWER;
use crate::support::app::ISSUER;
use crate::support::issuer::{Issuer, SigningKey, claims, jwks};
use crate::support::{Answer, TestApp};

/// Longest wait for something that the program does by itself once a second.
const DEADLINE: Duration = Duration::from_secs(10);

async fn app(variables: &[(&str, &str)]) -> TestApp {
    let app = TestApp::with(variables).await;
    app.clinic().await;
    app.db
        .run(&format!("INSERT INTO users (id, issuer, subject) VALUES (gen_random_uuid(), '{ISSUER}', 'known')"))
        .await;
    app.db.run("UPDATE organizations SET slug = 'here'").await;
    app
}

async fn ask(app: &TestApp, token: &str) -> Answer {
    app.client.post(Some(token), &json!({ "query": VIEWER, "variables": { "slug": "here" } })).await
}

/// Asks until the answer has this status; fails when it takes too long.
async fn until(app: &TestApp, token: &str, status: u16) {
    let begun = Instant::now();
    while ask(app, token).await.status != status {
        assert!(begun.elapsed() < DEADLINE, "not {status} in time");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn every_allowed_algorithm_is_believed_by_the_published_key() {
    let keys = [SigningKey::ed25519("ed"), SigningKey::p256("ec"), SigningKey::rsa("rsa")];
    let issuer = Issuer::publish(&keys.each_ref()).await;
    let app = app(&[("JWT_JWKS_URL", &issuer.url())]).await;
    for key in &keys {
        let answer = ask(&app, &key.sign(&claims("known"))).await.ok();
        assert_eq!(answer.text("/viewer/role"), "GUEST", "{}", key.id);
        ask(&app, &key.sign_as(None, &claims("known"))).await.ok();
    }
    let mut for_many = claims("known");
    for_many["aud"] = json!(["else", "openslot"]);
    ask(&app, &keys[0].sign(&for_many)).await.ok();
    assert!(issuer.asked() <= 2, "once at the start, once if a token came before");
    app.stop().await;
}

#[tokio::test]
async fn new_key_is_found_by_its_first_token_and_forged_names_do_not_flood_the_issuer() {
    let (old, new) = (SigningKey::p256("old"), SigningKey::p256("new"));
    let issuer = Issuer::publish(&[&old]).await;
    let app = app(&[("JWT_JWKS_URL", &issuer.url())]).await;
    until(&app, &old.sign(&claims("known")), 200).await;
    issuer.change(&[&old, &new]);
    ask(&app, &new.sign(&claims("known"))).await.ok();
    ask(&app, &old.sign(&claims("known"))).await.ok();
    let asked = issuer.asked();
    let forger = SigningKey::p256("forger");
    for n in 0..50 {
        let token = forger.sign_as(Some(&format!("name-{n}")), &claims("known"));
        assert_eq!(ask(&app, &token).await.status, 401);
    }
    assert_eq!(issuer.asked(), asked, "the issuer was asked a moment ago");
    app.stop().await;
}

#[tokio::test]
async fn withdrawn_key_is_believed_no_more_nor_are_tokens_that_it_verified() {
    let (old, new) = (SigningKey::ed25519("old"), SigningKey::ed25519("new"));
    let issuer = Issuer::publish(&[&old, &new]).await;
    let app = app(&[("JWT_JWKS_URL", &issuer.url()), ("JWT_JWKS_REFRESH_MS", "1000")]).await;
    let token = old.sign(&claims("known"));
    ask(&app, &token).await.ok();
    issuer.change(&[&new]);
    until(&app, &token, 401).await;
    ask(&app, &new.sign(&claims("known"))).await.ok();
    app.stop().await;
}

#[tokio::test]
async fn issuer_that_is_away_locks_nobody_out() {
    let key = SigningKey::rsa("rsa");
    let issuer = Issuer::publish(&[&key]).await;
    let app = app(&[("JWT_JWKS_URL", &issuer.url()), ("JWT_JWKS_REFRESH_MS", "1000")]).await;
    ask(&app, &key.sign(&claims("known"))).await.ok();
    let asked = issuer.asked();
    for status in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::NO_CONTENT] {
        issuer.fail(status);
        let begun = Instant::now();
        while issuer.asked() < asked + 2 {
            assert!(begun.elapsed() < DEADLINE, "it is asked again");
            ask(&app, &key.sign(&claims("known"))).await.ok();
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn before_the_keys_were_read_nobody_can_tell() {
    let key = SigningKey::ed25519("ed");
    let issuer = Issuer::publish(&[]).await;
    issuer.fail(StatusCode::BAD_GATEWAY);
    let app = app(&[("JWT_JWKS_URL", &issuer.url()), ("JWT_JWKS_REFRESH_MS", "1000")]).await;
    let token = key.sign(&claims("known"));
    let answer = ask(&app, &token).await;
    assert_eq!((answer.status.as_u16(), answer.codes()), (503, vec!["UNAVAILABLE".to_owned()]));
    app.client.guest(VIEWER, json!({ "slug": "here" })).await.ok();
    issuer.change(&[&key]);
    until(&app, &token, 200).await;
    app.stop().await;
}

#[tokio::test]
async fn keys_in_a_file_are_read_anew_when_they_change() {
    let (old, new) = (SigningKey::p256("old"), SigningKey::p256("new"));
    let file = std::env::temp_dir().join(format!("openslot-test-keys-{}.json", std::process::id()));
    std::fs::write(&file, jwks(&[&old])).expect("the keys are written");
    let app = app(&[("JWT_JWKS_FILE", &file.display().to_string())]).await;
    ask(&app, &old.sign(&claims("known"))).await.ok();
    std::fs::write(&file, jwks(&[&new])).expect("the keys are written");
    ask(&app, &new.sign(&claims("known"))).await.ok();
    assert_eq!(ask(&app, &old.sign(&claims("known"))).await.status, 401);
    std::fs::remove_file(&file).expect("it is removed");
    app.stop().await;
}
