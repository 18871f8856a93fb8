//! Tokens that somebody made up: all refused, in one and the same form on every transport, and nothing is changed.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::support::app::ISSUER;
use crate::support::issuer::{Issuer, SigningKey, claims};
use crate::support::socket::Subscription;
use crate::support::{Practice, TestApp};

/// Good claims but for one.
fn with(name: &str, value: Value) -> Value {
    let mut all = claims("known");
    all[name] = value;
    all
}

fn without(name: &str) -> Value {
    let mut all = claims("known");
    all.as_object_mut().expect("an object").remove(name);
    all
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn hmac(algorithm: Algorithm, id: &str, secret: &[u8]) -> String {
    let mut header = Header::new(algorithm);
    header.kid = Some(id.to_owned());
    jsonwebtoken::encode(&header, &claims("known"), &EncodingKey::from_secret(secret)).expect("a token")
}

/// What is wrong, and the token.
fn forgeries(ec: &SigningKey, rsa: &SigningKey) -> Vec<(&'static str, String)> {
    let in_seconds = |seconds: i64| json!((Utc::now() + TimeDelta::seconds(seconds)).timestamp());
    let good = ec.sign(&claims("known"));
    let (body, signature) = good.rsplit_once('.').expect("parts");
    let payload = body.split_once('.').expect("parts").1;
    let forger = SigningKey::p256("ec");
    let pss = Header { kid: Some("rsa".to_owned()), ..Header::new(Algorithm::PS256) };
    let longer = Header { kid: Some("rsa".to_owned()), ..Header::new(Algorithm::RS512) };
    let signed = |header: &Header| jsonwebtoken::encode(header, &claims("known"), &rsa.private).expect("a token");
    vec![
        ("alg none", format!("{}.{payload}.", part(&json!({ "alg": "none", "typ": "JWT" })))),
        ("alg None with a signature", format!("{}.{payload}.{signature}", part(&json!({ "alg": "None" })))),
        ("no signature", format!("{body}.")),
        ("public key as secret", hmac(Algorithm::HS256, "rsa", &rsa.public)),
        ("public point as secret", hmac(Algorithm::HS256, "ec", &ec.public)),
        ("other hash", signed(&longer)),
        ("other padding", signed(&pss)),
        ("wrong issuer", ec.sign(&with("iss", json!("https://evil.test")))),
        ("no issuer", ec.sign(&without("iss"))),
        ("wrong audience", ec.sign(&with("aud", json!("else")))),
        ("audiences without ours", ec.sign(&with("aud", json!(["else", "openslot2"])))),
        ("no audience", ec.sign(&without("aud"))),
        ("no subject", ec.sign(&without("sub"))),
        ("expired", ec.sign(&with("exp", in_seconds(-120)))),
        ("no end", ec.sign(&without("exp"))),
        ("end that is no number", ec.sign(&with("exp", json!("never")))),
        ("not yet valid", ec.sign(&with("nbf", in_seconds(120)))),
        ("unknown kid", ec.sign_as(Some("nobody"), &claims("known"))),
        ("kid of another key", ec.sign_as(Some("rsa"), &claims("known"))),
        ("forged kid", forger.sign(&claims("known"))),
        ("kid that is a path", ec.sign_as(Some("../../etc/passwd"), &claims("known"))),
        ("oversized", ec.sign(&with("more", json!("x".repeat(9_000))))),
        (
            "altered claims",
            format!("{}.{}.{signature}", body.split_once('.').expect("parts").0, part(&with("sub", json!("admin")))),
        ),
        ("not a token", "nonsense".to_owned()),
        ("dots", "..".to_owned()),
    ]
}

#[tokio::test]
async fn forged_tokens_are_refused_in_one_form_everywhere() {
    let (ec, rsa) = (SigningKey::p256("ec"), SigningKey::rsa("rsa"));
    let issuer = Issuer::publish(&[&ec, &rsa]).await;
    let app = TestApp::with(&[("JWT_JWKS_URL", &issuer.url())]).await;
    let practice = app.practice().await;
    everybody_is_known(&app, &practice).await;
    let before = app.db.state().await;
    let query = "mutation($i: BookSlotInput!) { bookSlot(input: $i) { userErrors { code } } }";
    let body = json!({ "query": query, "variables": { "i": { "slot": { "id": practice.slot(0) } } } });
    let mut forms = std::collections::BTreeSet::new();
    for (what, token) in forgeries(&ec, &rsa) {
        let mut answer = app.client.post(Some(&token), &body).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
        let id = answer.body.pointer_mut("/errors/0/extensions/requestId").expect("a request id").take();
        assert!(id.is_string(), "{what}");
        forms.insert(answer.body.to_string());
        let mut socket = Subscription::connect(app.client.addr).await;
        let payload = json!({ "Authorization": format!("Bearer {token}") });
        socket.send(json!({ "type": "connection_init", "payload": payload })).await;
        let close = socket.message().await.expect_err(what).expect("a close frame");
        forms.insert(format!("{} {}", u16::from(close.code), close.reason));
    }
    assert_eq!(forms.len(), 2, "one form over POST, one over a socket: {forms:#?}");
    assert!(forms.iter().any(|form| form.starts_with("4403 ")), "{forms:#?}");
    assert_eq!(app.db.state().await, before, "nothing was changed");
    // It was the forging that was refused: the same claims unforged are believed.
    for key in [&ec, &rsa] {
        let answer = app.client.post(Some(&key.sign(&claims("known"))), &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert!(answer.codes().is_empty() && !answer.at("/bookSlot").is_null(), "{}", answer.body);
    }
    app.stop().await;
}

/// Whom a forged token names is somebody here who may book, so that nothing but the forging is in the way.
async fn everybody_is_known(app: &TestApp, practice: &Practice) {
    for (person, issuer, subject) in [
        (&practice.patient, ISSUER, "known"),
        (&practice.other, "https://evil.test", "known"),
        (&practice.admin, ISSUER, "admin"),
    ] {
        let subject_now = &person.subject;
        let change =
            format!("UPDATE users SET issuer = '{issuer}', subject = '{subject}' WHERE subject = '{subject_now}'");
        app.db.run(&change).await;
    }
}
