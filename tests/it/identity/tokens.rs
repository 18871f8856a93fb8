//! Tokens that are no good are refused before anything is done; they are never taken for none.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use openslot::domain::identity::token::{DevelopmentKey, TokenRules};
use serde_json::json;

use super::VIEWER;
use crate::support::app::{ISSUER, token};
use crate::support::{TestApp, User};

fn minted(issuer: &str, audience: &str, life: TimeDelta) -> String {
    let key = DevelopmentKey::from_pem(&DevelopmentKey::generate_pem().expect("a key")).expect("a key");
    let rules = TokenRules { issuer: issuer.to_owned(), audience: audience.to_owned() };
    key.mint(&rules, "somebody", chrono::Utc::now(), life).expect("a token")
}

/// The same claims, signed by nobody.
fn unsigned(good: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let claims = good.split('.').nth(1).expect("claims");
    format!("{header}.{claims}.")
}

/// The same claims with an HMAC whose key would be the public key.
fn mistaken(good: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let mut parts = good.split('.').skip(1);
    format!("{header}.{}.{}", parts.next().expect("claims"), parts.next().expect("a signature"))
}

#[tokio::test]
async fn token_that_is_no_good_is_401_and_changes_nothing() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let good = &practice.patient.token;
    let hour = TimeDelta::hours(1);
    let mut altered = good.clone();
    altered.truncate(good.len() - 2);
    for (what, bad) in [
        ("expired", token("somebody", TimeDelta::minutes(-2))),
        ("other key", minted(ISSUER, "openslot", hour)),
        ("other issuer", minted("https://evil.test", "openslot", hour)),
        ("unsigned", unsigned(good)),
        ("other algorithm", mistaken(good)),
        ("altered", altered),
        ("two parts", good.rsplit_once('.').expect("parts").0.to_owned()),
        ("nonsense", "nonsense".to_owned()),
    ] {
        let body = json!({ "query": "mutation($i: BookSlotInput!) { bookSlot(input: $i) { userErrors { code } } }",
            "variables": { "i": { "slot": { "id": practice.slot(0) } } } });
        let answer = app.client.post(Some(&bad), &body).await;
        assert_eq!(answer.status, 401, "{what}");
        assert_eq!(answer.codes(), ["UNAUTHENTICATED"], "{what}");
        assert!(!answer.body.to_string().contains(&bad), "{what}");
    }
    assert_eq!(app.db.count("bookings").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn header_of_another_form_is_a_wrong_token() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let body = json!({ "query": VIEWER, "variables": { "slug": practice.clinic.slug } });
    let ask = |value: String| {
        let request = app.client.http.post(app.client.url("/graphql")).json(&body);
        async { request.header("authorization", value).send().await.expect("an answer").status() }
    };
    let token = &practice.staff.token;
    for bad in ["Bearer".to_owned(), "Bearer ".to_owned(), "Basic YTpi".to_owned(), token.clone(), String::new()] {
        assert_eq!(ask(bad.clone()).await, 401, "{bad:?}");
    }
    assert_eq!(ask(format!("bearer   {token}")).await, 200);
    app.stop().await;
}

#[tokio::test]
async fn token_in_its_leeway_is_good() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    // The program's own clock stands where the tokens of this test end, give or take the leeway.
    let user = |life| User { token: token("known", life), ..User::default() };
    app.db
        .run(&format!("INSERT INTO users (id, issuer, subject) VALUES (gen_random_uuid(), '{ISSUER}', 'known')"))
        .await;
    let now = chrono::Utc::now();
    app.set_clock(now).await;
    let variables = json!({ "slug": practice.clinic.slug });
    app.client.by(&user(TimeDelta::seconds(-20)), VIEWER, variables.clone()).await.ok();
    let answer = app.client.by(&user(TimeDelta::seconds(-70)), VIEWER, variables).await;
    assert_eq!((answer.status.as_u16(), answer.codes()), (401, vec!["UNAUTHENTICATED".to_owned()]));
    app.stop().await;
}

#[tokio::test]
async fn subject_that_nobody_knows_is_nobody() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let user = User { token: token("never-seen", TimeDelta::hours(1)), ..User::default() };
    // The program's clock is ahead of the machine's; a token lives by both.
    app.set_clock(chrono::Utc::now()).await;
    let answer = app.client.by(&user, VIEWER, json!({ "slug": practice.clinic.slug })).await;
    assert_eq!(answer.codes(), ["UNAUTHENTICATED"]);
    app.stop().await;
}
