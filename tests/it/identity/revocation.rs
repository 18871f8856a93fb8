//! Rights that end: on every replica, on open sockets, within 5 seconds.

use std::time::{Duration, Instant};

use openslot::kernel::ids::RowId;
use serde_json::{Value, json};

use super::VIEWER;
use super::api_keys::REVOKE;
use super::members::{CHANGE, INVITE, REMOVE};
use crate::support::issuer::{Issuer, SigningKey, claims};
use crate::support::{Client, Live, Practice, User};

const REVOKE_SESSIONS: &str = "mutation($input: RevokeSessionsInput!) { revokeSessions(input: $input) { revokedAt } }";
const STREAM: &str = "subscription($slug: String) { slotChanges(organizationSlug: $slug) { __typename } }";
/// The promise.
const WITHIN: Duration = Duration::from_secs(5);

/// Asks until it is so; fails when that takes longer than is promised.
pub async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < WITHIN, "not within 5 seconds");
        tokio::task::yield_now().await;
    }
}

async fn status(client: &Client, practice: &Practice, user: &User) -> u16 {
    client.by(user, VIEWER, json!({ "slug": practice.clinic.slug })).await.status.as_u16()
}

/// Opens streams at both replicas, does it at the first, and sees both streams closed, with 4403 and nothing before.
async fn closes(live: &Live, practice: &Practice, user: &User, by: &User, mutation: &str, input: Value) {
    let slug = json!({ "slug": practice.clinic.slug });
    let mut streams = Vec::new();
    for client in [&live.a, &live.b] {
        assert_eq!(status(client, practice, user).await, 200);
        streams.push(client.subscribe(Some(user), STREAM, slug.clone()).await);
    }
    let mut bystander = live.b.subscribe(Some(&practice.patient), STREAM, slug.clone()).await;
    live.a.by(by, mutation, json!({ "input": input })).await.ok();
    let begun = Instant::now();
    for stream in &mut streams {
        let close = stream.message().await.expect_err("no item comes").expect("a close frame");
        assert_eq!((u16::from(close.code), close.reason.as_str()), (4403, "Token expired or revoked"));
    }
    assert!(begun.elapsed() < WITHIN, "{:?}", begun.elapsed());
    bystander.send(json!({ "type": "ping" })).await;
    assert_eq!(bystander.frame().await["type"], "pong", "others stay");
}

#[tokio::test]
async fn revoked_sessions_end_everywhere_and_their_tokens_are_worthless() {
    let key = SigningKey::p256("k");
    let issuer = Issuer::publish(&[&key]).await;
    let live = Live::with(&[("JWT_JWKS_URL", &issuer.url())]).await;
    let practice = live.practice().await;
    let staff = &practice.staff;
    let id = practice.clinic.global(staff.member.expect("a member"));
    closes(&live, &practice, staff, &practice.admin, REVOKE_SESSIONS, json!({ "memberId": id })).await;
    for client in [&live.a, &live.b] {
        until(async || status(client, &practice, staff).await == 401).await;
    }
    // The clock of the database stands still in 2027: a token of a later second is good again, one of this second is not.
    for (issued, wanted) in [("2027-03-01T08:00:00Z", 401), ("2027-03-01T08:00:01Z", 200)] {
        let mut again = claims(&staff.subject);
        again["iat"] = json!(crate::support::at(issued).timestamp());
        let user = User { token: key.sign(&again), ..User::default() };
        assert_eq!(status(&live.b, &practice, &user).await, wanted, "{issued}");
    }
    let mut silent = claims(&staff.subject);
    silent.as_object_mut().expect("claims").remove("iat");
    let user = User { token: key.sign(&silent), ..User::default() };
    assert_eq!(status(&live.b, &practice, &user).await, 401, "a token that does not say when it was issued");
    live.stop().await;
}

#[tokio::test]
async fn everybody_ends_their_own_sessions_and_admins_those_of_members() {
    let live = Live::start().await;
    let practice = live.practice().await;
    let member = |user: &User| practice.clinic.global(user.member.expect("a member"));
    let ask = async |by: &User, input: Value| live.a.by(by, REVOKE_SESSIONS, json!({ "input": input })).await;
    let stranger = live.practice().await;
    let before = live.db.state().await;
    assert_eq!(ask(&practice.staff, json!({ "memberId": member(&practice.admin) })).await.codes(), ["NOT_FOUND"]);
    assert_eq!(ask(&practice.patient, json!({ "memberId": member(&practice.admin) })).await.codes(), ["NOT_FOUND"]);
    let input = json!({ "memberId": member(&practice.staff) });
    assert_eq!(ask(&stranger.admin, input.clone()).await.codes(), ["FORBIDDEN"]);
    let guest = live.a.guest(REVOKE_SESSIONS, json!({ "input": input })).await;
    assert_eq!(guest.codes(), ["UNAUTHENTICATED"]);
    assert_eq!(live.db.state().await, before, "nothing was changed");
    for user in [&practice.patient, &practice.staff] {
        ask(user, json!({ "organizationSlug": practice.clinic.slug })).await.ok();
        until(async || status(&live.b, &practice, user).await == 401).await;
    }
    live.stop().await;
}

#[tokio::test]
async fn changed_and_removed_members_and_revoked_keys_lose_their_streams() {
    let live = Live::start().await;
    let practice = live.practice().await;
    let clinic = &practice.clinic;
    let staff = &practice.staff;
    let id = clinic.global(staff.member.expect("a member"));
    let change = json!({ "memberId": id, "expectedVersion": 1, "locationIds": [clinic.global(practice.location)] });
    closes(&live, &practice, staff, &practice.admin, CHANGE, change).await;
    let remove = json!({ "memberId": id, "expectedVersion": 2 });
    closes(&live, &practice, staff, &practice.admin, REMOVE, remove).await;
    let key = clinic.integrator(&openslot::kernel::actor::Scope::ALL).await;
    let revoke = json!({ "apiKeyId": clinic.global(key.key.expect("a key")) });
    closes(&live, &practice, &key, &practice.admin, REVOKE, revoke).await;
    live.stop().await;
}

/// The bus only makes it faster: without one each replica looks by itself.
#[tokio::test]
async fn without_a_bus_it_takes_no_longer_than_is_promised() {
    let live = Live::with(&[("REDIS_URL", "redis://127.0.0.1:1")]).await;
    let practice = live.practice().await;
    let id = practice.clinic.global(practice.staff.member.expect("a member"));
    closes(&live, &practice, &practice.staff, &practice.admin, REVOKE_SESSIONS, json!({ "memberId": id })).await;
    live.stop().await;
}

/// No organization may sign somebody out of another.
#[tokio::test]
async fn admin_ends_the_sessions_of_a_member_for_their_own_organization() {
    let live = Live::start().await;
    let (here, there) = (live.practice().await, live.practice().await);
    let staff = &here.staff;
    live.db
        .run(&format!(
            "INSERT INTO members (id, organization_id, user_id, email, display_name, role)
               SELECT gen_random_uuid(), '{}', user_id, 'a@b', 'There', 'STAFF' FROM members WHERE id = '{}'",
            there.clinic.id.uuid(),
            staff.member.expect("a member").uuid()
        ))
        .await;
    let role = async |practice: &Practice| {
        let answer = live.b.by(staff, VIEWER, json!({ "slug": practice.clinic.slug })).await;
        answer.ok().text("/viewer/role")
    };
    assert_eq!((role(&here).await, role(&there).await), ("STAFF".to_owned(), "STAFF".to_owned()));
    let id = here.clinic.global(staff.member.expect("a member"));
    live.a.by(&here.admin, REVOKE_SESSIONS, json!({ "input": { "memberId": id } })).await.ok();
    until(async || role(&here).await == "GUEST").await;
    assert_eq!(role(&there).await, "STAFF");
    // Who was removed is nobody's to sign out.
    live.db
        .run(&format!("UPDATE members SET removed_at = now() WHERE id = '{}'", staff.member.expect("one").uuid()))
        .await;
    let removed = live.a.by(&here.admin, REVOKE_SESSIONS, json!({ "input": { "memberId": id } })).await;
    assert_eq!(removed.codes(), ["NOT_FOUND"]);
    live.stop().await;
}

#[tokio::test]
async fn revoked_member_is_no_patient_by_the_same_token_and_no_member_again_by_a_new_invitation() {
    let key = SigningKey::p256("k");
    let issuer = Issuer::publish(&[&key]).await;
    let live = Live::with(&[("JWT_JWKS_URL", &issuer.url())]).await;
    let practice = live.practice().await;
    let (staff, member) = (&practice.staff, practice.staff.member.expect("a member"));
    live.db
        .run(&format!(
            "UPDATE members SET email = 'staff@mail.example' WHERE id = '{member}';
             UPDATE patients SET user_id = (SELECT user_id FROM members WHERE id = '{member}') WHERE id = '{}'",
            practice.patient.patient.expect("a patient")
        ))
        .await;
    let mut proof = claims(&staff.subject);
    proof["iat"] = json!(crate::support::at("2027-03-01T07:00:00Z").timestamp());
    proof["email"] = json!("staff@mail.example");
    proof["email_verified"] = json!(true);
    let stolen = User { token: key.sign(&proof), ..User::default() };
    assert_eq!(status(&live.b, &practice, &stolen).await, 200);
    let input = json!({ "memberId": practice.clinic.global(member) });
    live.a.by(&practice.admin, REVOKE_SESSIONS, json!({ "input": input })).await.ok();
    until(async || status(&live.b, &practice, &stolen).await == 401).await;

    let input = json!({ "memberId": practice.clinic.global(member), "expectedVersion": 1 });
    live.a.by(&practice.admin, REMOVE, json!({ "input": input })).await.ok();
    let again = json!({ "email": "Staff@mail.example", "displayName": "Again", "role": "STAFF" });
    let invited = live.a.by(&practice.admin, INVITE, json!({ "input": again })).await.ok();
    assert_eq!(invited.refusals("inviteMember"), Vec::<String>::new());
    // Longer than anything is believed.
    live.db.run("UPDATE patients SET user_id = NULL").await;
    until(async || {
        let answer = live.b.by(&stolen, VIEWER, json!({ "slug": practice.clinic.slug })).await;
        assert_ne!(answer.body.pointer("/data/viewer/role"), Some(&json!("STAFF")), "{}", answer.body);
        live.db.one::<bool>("SELECT bool_and(user_id IS NOT NULL) FROM members WHERE display_name = 'Again'", &[]).await
    })
    .await;
    assert_ne!(status(&live.b, &practice, &stolen).await, 200);
    live.stop().await;
}

#[tokio::test]
async fn worker_deletes_idempotency_keys_that_have_outlived_their_time() {
    let mut live = Live::start().await;
    let practice = live.practice().await;
    let input = json!({ "slot": { "id": practice.slot(0) }, "clientMutationId": "new" });
    live.a.by(&practice.patient, crate::bookings::BOOK, json!({ "input": input })).await.ok();
    live.stop_worker().await;
    live.db
        .run(
            "INSERT INTO idempotency_keys (organization_id, principal, key, request_hash, response, expires_at)
             SELECT organization_id, principal, 'old', request_hash, response, present() FROM idempotency_keys",
        )
        .await;
    live.start_worker().await;
    let left = async || live.db.one::<String>("SELECT string_agg(key, ' ') FROM idempotency_keys", &[]).await;
    until(async || left().await == "new").await;
    live.stop().await;
}

#[tokio::test]
async fn worker_deletes_changes_that_everybody_has_read() {
    let mut live = Live::start().await;
    live.stop_worker().await;
    live.db
        .run(
            "INSERT INTO access_changes (id, principal, changed_at) VALUES
               (gen_random_uuid(), 'user:old', present() - interval '25 hours'),
               (gen_random_uuid(), 'user:new', present() - interval '23 hours')",
        )
        .await;
    live.start_worker().await;
    let left = async || live.db.one::<String>("SELECT string_agg(principal, ' ') FROM access_changes", &[]).await;
    until(async || left().await == "user:new").await;
    live.stop().await;
}
