//! What somebody writes is a value, whatever it looks like: SQL in every text that the schema takes does nothing.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::inputs::{Inputs, Place};
use super::things::Things;
use super::world::{Relation, World};
use crate::bookings::{booked, wish};
use crate::support::{Answer, Subscription, TestApp, User};

/// Texts that mean something to PostgreSQL where they are not bound.
const TEXTS: [&str; 22] = [
    "'",
    "''",
    "\"",
    "\\",
    "\\'",
    "' OR '1'='1",
    "'; DROP TABLE bookings CASCADE; --",
    "'); DELETE FROM openslot.members; --",
    "x' UNION SELECT encode(secret_hash, 'hex') FROM openslot.api_keys --",
    "1; SELECT pg_sleep(60)",
    "'||(SELECT pg_sleep(60))||'",
    "$1",
    "$$; DROP SCHEMA openslot CASCADE; $$",
    "COMMIT; RESET ROLE; --",
    "%",
    "_",
    "/*",
    "--",
    "{\"a\",NULL}",
    "(1,2)",
    "\u{2bc} OR 1=1",
    "a\0b",
];

/// Everything but rows: what a statement that got through could have changed.
const CATALOGUE: &str = "SELECT md5(string_agg(line, ' ' ORDER BY line)) FROM (
    SELECT format('%s %s %s %s', relname, relkind, relrowsecurity, relforcerowsecurity) AS line FROM pg_class
      WHERE relnamespace = 'openslot'::regnamespace AND NOT relispartition AND relkind <> 'i'
    UNION ALL SELECT format('%s %s', polname, polrelid::regclass) FROM pg_policy) AS all_of_it";
/// Whatever the other organization has.
const OTHERS: &str = "SELECT md5(string_agg(line, ' ' ORDER BY line)) FROM (
    SELECT to_jsonb(m)::text AS line FROM members AS m JOIN organizations AS o ON o.id = m.organization_id WHERE o.slug = $1
    UNION ALL SELECT to_jsonb(b)::text FROM bookings AS b JOIN organizations AS o ON o.id = b.organization_id WHERE o.slug = $1
    UNION ALL SELECT to_jsonb(k)::text FROM api_keys AS k JOIN organizations AS o ON o.id = k.organization_id WHERE o.slug = $1)
    AS all_of_it";

/// What never was a refusal of the input.
fn is_failure(codes: &[String]) -> bool {
    codes.iter().any(|code| !matches!(code.as_str(), "BAD_USER_INPUT" | "NOT_FOUND" | "FORBIDDEN" | "CONFLICT"))
}

async fn admin_things() -> (TestApp, World, Things, User) {
    let (app, world) = World::begun().await;
    let admin = world.people.iter().find(|person| person.actor.role == openslot::kernel::actor::Role::Admin);
    let admin = admin.expect("an admin");
    let things = world.things(admin, Relation::Same);
    let user = admin.user.clone().expect("a user");
    (app, world, things, user)
}

#[tokio::test]
async fn sql_in_any_text_of_a_request_is_a_text() {
    let (app, world, things, admin) = admin_things().await;
    let foreign = world.things(&world.people[0], Relation::Foreign).slug;
    let catalogue: String = app.db.one(CATALOGUE, &[]).await;
    let others: String = app.db.one(OTHERS, &[&foreign]).await;
    let inputs = Inputs::of(&things);
    let (mut asked, mut state) = (BTreeSet::new(), app.db.state().await);
    for place in inputs.places(&["Query", "Mutation"]) {
        for text in TEXTS {
            let (document, variables) = inputs.request(&place, text);
            let answer = app.client.by(&admin, &document, variables).await;
            let is_answered = matches!(answer.status, StatusCode::OK | StatusCode::BAD_REQUEST);
            assert!(is_answered && !is_failure(&answer.codes()), "{place:?} {text:?}: {}", answer.body);
            let after = app.db.state().await;
            assert!(after == state || is_success(&answer), "{place:?} {text:?} changed something: {}", answer.body);
            state = after;
        }
        asked.insert(place.name());
    }
    assert!(asked.len() > 50 && asked.contains("Mutation.inviteMember.input.displayName"), "{asked:#?}");
    assert_eq!(app.db.one::<String>(CATALOGUE, &[]).await, catalogue);
    assert_eq!(app.db.one::<String>(OTHERS, &[&foreign]).await, others);
    // What was taken was taken as it was written.
    let names: Vec<String> = app.db.one("SELECT array_agg(display_name) FROM members", &[]).await;
    let keys: Vec<String> = app.db.one("SELECT array_agg(display_name) FROM api_keys", &[]).await;
    for text in TEXTS.into_iter().filter(|text| !text.contains('\0')) {
        assert!(names.iter().any(|name| name == text) && keys.iter().any(|name| name == text), "{text:?}");
    }
    app.stop().await;
}

/// Whether a mutation did what it was asked for.
fn is_success(answer: &Answer) -> bool {
    let payloads = answer.body["data"].as_object().into_iter().flatten();
    answer.codes().is_empty() && payloads.into_iter().any(|(_, payload)| !payload.is_null())
}

#[tokio::test]
async fn sql_in_any_text_of_a_stream_is_a_text() {
    let (app, _, things, admin) = admin_things().await;
    let inputs = Inputs::of(&things);
    let before = app.db.state().await;
    let places: Vec<Place> = inputs.places(&["Subscription"]);
    assert!(places.len() >= 4, "{places:?}");
    for place in places {
        for text in TEXTS {
            let (document, variables) = inputs.request(&place, text);
            let mut stream = app.client.subscribe(Some(&admin), &document, variables).await;
            let codes = codes_before_pong(&mut stream).await;
            assert!(!is_failure(&codes), "{place:?} {text:?}: {codes:?}");
        }
    }
    assert_eq!(app.db.state().await, before);
    app.stop().await;
}

/// Codes of the errors that come before the answer to a ping.
async fn codes_before_pong(stream: &mut Subscription) -> Vec<String> {
    stream.send(json!({ "type": "ping" })).await;
    let mut codes = Vec::new();
    loop {
        let frame = stream.frame().await;
        if frame["type"] == "pong" {
            return codes;
        }
        let errors = if frame["type"] == "error" { &frame["payload"] } else { &frame["payload"]["errors"] };
        let found = errors.as_array().into_iter().flatten();
        codes.extend(found.map(|error| error["extensions"]["code"].as_str().expect("a code").to_owned()));
    }
}

#[tokio::test]
async fn sql_in_a_credential_is_no_credential() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let booking =
        booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await.text("/bookSlot/booking/id");
    let before = app.db.state().await;
    for text in TEXTS {
        let padded = format!("{text:x<52}");
        let in_header: String = padded.chars().filter(|c| c.is_ascii_graphic()).collect();
        let subject = crate::support::app::token(text, chrono::TimeDelta::weeks(2000));
        for token in [in_header.clone(), format!("osk_{in_header}"), format!("osg_{in_header}"), subject] {
            let answer = app.client.post(Some(&token), &json!({ "query": "{ viewer { id } }" })).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token}: {}", answer.body);
        }
        // Nobody expects this version: the key is used, and nothing changes.
        let query = "mutation($i: CancelBookingInput!) { cancelBooking(input: $i) { userErrors { code } } }";
        let body = json!({ "query": query, "variables": { "i": { "bookingId": booking, "expectedVersion": 77 } } });
        let request = app.client.http.post(app.client.url("/graphql")).bearer_auth(&practice.patient.token);
        let answer = request.header("Idempotency-Key", &in_header).json(&body).send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("a body");
        let refusals = &answer["data"]["cancelBooking"]["userErrors"];
        assert_eq!(refusals, &json!([{ "code": "STALE_VERSION" }]), "{in_header}: {answer}");
    }
    assert_eq!(app.db.state().await, before);
    app.stop().await;
}
