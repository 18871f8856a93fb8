//! API keys: shown once, limited to their scopes, rotated with overlap, revoked.

use chrono::TimeDelta;
use openslot::kernel::actor::Scope;
use serde_json::{Value, json};

use super::VIEWER;
use crate::bookings::{BOOK, wish};
use crate::support::{Answer, Practice, TestApp, User, monday};

pub const CREATE: &str = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) {
    apiKey { id displayName prefix scopes createdAt createdBy { id } expiresAt lastUsedAt revokedAt version }
    secret clientMutationId } }";
pub const ROTATE: &str = "mutation($input: RotateApiKeyInput!) { rotateApiKey(input: $input) {
    apiKey { prefix version } secret userErrors { code field } } }";
pub const REVOKE: &str = "mutation($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) {
    apiKey { revokedAt version } } }";

async fn create(app: &TestApp, by: &User, input: Value) -> Answer {
    app.client.by(by, CREATE, json!({ "input": input })).await
}

fn holder(secret: &str) -> User {
    User { token: secret.to_owned(), ..User::default() }
}

async fn viewer(app: &TestApp, practice: &Practice, secret: &str) -> Answer {
    app.client.by(&holder(secret), VIEWER, json!({ "slug": practice.clinic.slug })).await
}

#[tokio::test]
async fn key_is_shown_once_and_speaks_for_its_organization() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let input =
        json!({ "displayName": "EHR", "scopes": ["DIRECTORY_READ", "DIRECTORY_READ"], "clientMutationId": "k" });
    let made = create(&app, &practice.admin, input.clone()).await.ok();
    let secret = made.text("/createApiKey/secret");
    let key = made.at("/createApiKey/apiKey").clone();
    assert_eq!(
        (&key["displayName"], &key["scopes"], &key["version"]),
        (&json!("EHR"), &json!(["DIRECTORY_READ"]), &json!(1))
    );
    assert_eq!(key["createdBy"]["id"], json!(practice.clinic.global(practice.admin.member.expect("a member"))));
    assert_eq!(key["expiresAt"], json!("2028-02-29T08:00:00.000Z"), "a year of 365 days ahead");
    assert!(secret.starts_with(&format!("osk_{}_", key["prefix"].as_str().expect("a prefix"))), "{secret}");
    // A repeated request is the same key, without the secret.
    let again = create(&app, &practice.admin, input).await.ok();
    assert_eq!((again.at("/createApiKey/apiKey"), again.at("/createApiKey/secret")), (&key, &Value::Null));
    let stored: i64 =
        app.db.one("SELECT count(*) FROM api_keys AS k WHERE k::text LIKE '%' || $1 || '%'", &[&&secret[13..]]).await;
    assert_eq!(stored, 0, "the secret itself is nowhere");

    let seen = viewer(&app, &practice, &secret).await.ok();
    assert_eq!((seen.text("/viewer/role"), seen.at("/viewer/sessionExpiresAt")), ("INTEGRATOR".into(), &Value::Null));
    let home = app.client.by(&holder(&secret), "{ viewer { organization { slug } scopes } }", json!({})).await.ok();
    assert_eq!(
        home.at("/viewer"),
        &json!({ "organization": { "slug": practice.clinic.slug }, "scopes": ["DIRECTORY_READ"] })
    );
    let other = app.practice().await;
    assert_eq!(viewer(&app, &other, &secret).await.ok().text("/viewer/role"), "GUEST", "elsewhere it is nobody's");
    let used: i64 = app.db.one("SELECT count(*) FROM api_keys WHERE last_used_at IS NOT NULL", &[]).await;
    assert_eq!(used, 1);
    app.stop().await;
}

#[tokio::test]
async fn key_may_do_what_its_scopes_say_and_nothing_else() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let clinic = &practice.clinic;
    let patient = clinic.global(practice.patient.patient.expect("a patient"));
    let input = wish(&practice.slot(0), json!({ "patient": { "id": patient } }));
    let asks = [
        (
            Scope::DirectoryRead,
            "query($slug: String) { providers(organizationSlug: $slug) { nodes { id } } }",
            json!({ "slug": clinic.slug }),
        ),
        (Scope::AvailabilityRead, "query($id: ID!) { slot(id: $id) { id } }", json!({ "id": practice.slot(1) })),
        (Scope::BookingsWrite, BOOK, json!({ "input": input })),
    ];
    for scope in Scope::ALL {
        let key = clinic.integrator(&[scope]).await;
        for (needed, query, variables) in &asks {
            let answer = app.client.by(&key, query, variables.clone()).await;
            // What is refused is refused before anything else is looked at.
            let is_refused = answer.codes() == ["FORBIDDEN"]
                && answer.body["data"].as_object().is_some_and(|data| data.values().all(Value::is_null));
            assert_eq!(is_refused, *needed != scope, "{scope:?} for {needed:?}: {}", answer.body);
        }
    }
    assert_eq!(app.db.count("bookings").await, 1);
    app.stop().await;
}

#[tokio::test]
async fn what_the_scopes_leave_out_is_nothing_by_its_id() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let clinic = &practice.clinic;
    let key = clinic.integrator(&[Scope::AvailabilityRead]).await;
    let ids = [clinic.global(practice.provider), clinic.global(clinic.id), practice.slot(0)];
    let query = "query($ids: [ID!]!, $id: ID!) { nodes(ids: $ids) { id } node(id: $id) { id } }";
    let answer = app.client.by(&key, query, json!({ "ids": ids, "id": ids[0] })).await.ok();
    assert_eq!(answer.at("/nodes"), &json!([null, null, { "id": ids[2] }]));
    assert_eq!(answer.at("/node"), &Value::Null);
    app.stop().await;
}

#[tokio::test]
async fn wrong_keys_are_refused_like_wrong_tokens() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let good = practice.clinic.integrator(&Scope::ALL).await.token;
    let (head, secret) = good.split_at(13);
    let last = if secret.ends_with('A') { "B" } else { "A" };
    let ended = practice.clinic.integrator(&Scope::ALL).await;
    app.db.run(&format!("UPDATE api_keys SET expires_at = present() WHERE id = '{}'", ended.key.expect("a key"))).await;
    let mut forms = std::collections::BTreeSet::new();
    for wrong in [
        format!("{head}{}{last}", &secret[..secret.len() - 1]),
        format!("osk_00000000_{secret}"),
        head.to_owned(),
        "osk_".to_owned(),
        format!("{good}x"),
        good.to_uppercase(),
        ended.token.clone(),
        "nonsense".to_owned(),
    ] {
        let mut answer = viewer(&app, &practice, &wrong).await;
        assert_eq!(answer.status, 401, "{wrong}");
        answer.body.pointer_mut("/errors/0/extensions/requestId").expect("an id").take();
        forms.insert(answer.body.to_string());
    }
    assert_eq!(forms.len(), 1, "{forms:#?}");
    viewer(&app, &practice, &good).await.ok();
    app.stop().await;
}

#[tokio::test]
async fn rotated_key_works_with_both_secrets_until_the_overlap_ends() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let made = create(&app, &practice.admin, json!({ "displayName": "EHR", "scopes": ["DIRECTORY_READ"] })).await.ok();
    let (first, id) = (made.text("/createApiKey/secret"), made.text("/createApiKey/apiKey/id"));
    let rotate = async |version: i32, overlap: Value| {
        let input = json!({ "apiKeyId": id, "expectedVersion": version, "overlap": overlap });
        app.client.by(&practice.admin, ROTATE, json!({ "input": input })).await
    };
    for wrong in ["P8D", "P1M", "later"] {
        assert_eq!(rotate(1, json!(wrong)).await.codes(), ["BAD_USER_INPUT"], "{wrong}");
    }
    assert_eq!(rotate(2, json!("PT1H")).await.ok().refusals("rotateApiKey"), ["STALE_VERSION"]);
    let second = rotate(1, json!("PT1H")).await.ok().text("/rotateApiKey/secret");
    for secret in [&first, &second] {
        viewer(&app, &practice, secret).await.ok();
    }
    app.set_clock(monday() + TimeDelta::hours(2)).await;
    super::revocation::until(async || viewer(&app, &practice, &first).await.status == 401).await;
    viewer(&app, &practice, &second).await.ok();
    let third = rotate(2, json!("PT0S")).await.ok().text("/rotateApiKey/secret");
    super::revocation::until(async || viewer(&app, &practice, &second).await.status == 401).await;
    viewer(&app, &practice, &third).await.ok();
    app.stop().await;
}

#[tokio::test]
async fn revoked_key_ends_and_stays_ended() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let made = create(&app, &practice.admin, json!({ "displayName": "EHR", "scopes": ["DIRECTORY_READ"] })).await.ok();
    let (secret, id) = (made.text("/createApiKey/secret"), made.text("/createApiKey/apiKey/id"));
    viewer(&app, &practice, &secret).await.ok();
    let input = json!({ "input": { "apiKeyId": id } });
    for by in [&practice.staff, &practice.patient, &app.practice().await.admin] {
        assert_eq!(app.client.by(by, REVOKE, input.clone()).await.codes(), ["NOT_FOUND"]);
    }
    viewer(&app, &practice, &secret).await.ok();
    for _ in 0..2 {
        let revoked = app.client.by(&practice.admin, REVOKE, input.clone()).await.ok();
        assert_eq!(revoked.at("/revokeApiKey/apiKey/version"), &json!(2));
    }
    super::revocation::until(async || viewer(&app, &practice, &secret).await.status == 401).await;
    let rotate = json!({ "input": { "apiKeyId": id, "expectedVersion": 2 } });
    assert_eq!(app.client.by(&practice.admin, ROTATE, rotate).await.ok().refusals("rotateApiKey"), ["ENDED"]);
    app.stop().await;
}

#[tokio::test]
async fn keys_that_break_a_rule_are_not_made() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let before = app.db.state().await;
    for (input, code) in [
        (json!({ "displayName": "", "scopes": ["DIRECTORY_READ"] }), "BAD_USER_INPUT"),
        (json!({ "displayName": "x", "scopes": [] }), "BAD_USER_INPUT"),
        (json!({ "displayName": "x", "scopes": ["EVERYTHING"] }), "BAD_USER_INPUT"),
        (
            json!({ "displayName": "x", "scopes": ["DIRECTORY_READ"], "expiresAt": "2027-03-01T08:00:00Z" }),
            "BAD_USER_INPUT",
        ),
        (
            json!({ "displayName": "x", "scopes": ["DIRECTORY_READ"], "expiresAt": "2029-04-01T08:00:00Z" }),
            "BAD_USER_INPUT",
        ),
    ] {
        assert_eq!(create(&app, &practice.admin, input.clone()).await.codes(), [code], "{input}");
    }
    assert_eq!(app.db.state().await, before, "nothing was changed");
    let good = json!({ "displayName": "x", "scopes": ["DIRECTORY_READ"], "organizationSlug": practice.clinic.slug });
    let program = practice.clinic.integrator(&Scope::ALL).await;
    let stranger = app.practice().await.admin;
    let before = app.db.state().await;
    for by in [&practice.staff, &practice.patient, &program, &stranger] {
        assert_eq!(create(&app, by, good.clone()).await.codes(), ["FORBIDDEN"]);
    }
    assert_eq!(app.client.guest(CREATE, json!({ "input": good })).await.codes(), ["UNAUTHENTICATED"]);
    assert_eq!(app.db.state().await, before, "nothing was changed");
    app.stop().await;
}
