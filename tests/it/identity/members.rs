//! Members: invited, signed in, changed, removed.

use openslot::db::types::MemberRole;
use openslot::kernel::ids::RowId;
use serde_json::{Value, json};

use super::VIEWER;
use super::revocation::until;
use crate::support::issuer::{Issuer, SigningKey, claims};
use crate::support::{Answer, Practice, TestApp, User};

pub const INVITE: &str = "mutation($input: InviteMemberInput!) { inviteMember(input: $input) {
    member { id email displayName role status version provider { id } locations { id } lastSeenAt }
    clientMutationId userErrors { code field message } } }";
pub const CHANGE: &str = "mutation($input: ChangeMemberInput!) { changeMember(input: $input) {
    member { role version provider { id } locations { id } } userErrors { code field } } }";
pub const REMOVE: &str = "mutation($input: RemoveMemberInput!) { removeMember(input: $input) {
    member { status version } userErrors { code field } } }";
const LIST: &str = "query($filter: MemberFilter, $first: Int, $after: Cursor) {
    members(filter: $filter, first: $first, after: $after) {
      nodes { displayName status } pageInfo { hasNextPage endCursor } } }";

async fn invite(app: &TestApp, by: &User, input: Value) -> Answer {
    app.client.by(by, INVITE, json!({ "input": input })).await
}

async fn change(app: &TestApp, practice: &Practice, who: &User, version: i32, what: Value) -> Answer {
    let mut input = what;
    input["memberId"] = json!(practice.clinic.global(who.member.expect("a member")));
    input["expectedVersion"] = json!(version);
    app.client.by(&practice.admin, CHANGE, json!({ "input": input })).await
}

#[tokio::test]
async fn invited_person_is_a_member_once_they_sign_in_with_the_verified_address() {
    let key = SigningKey::p256("k");
    let issuer = Issuer::publish(&[&key]).await;
    let app = TestApp::with(&[("JWT_JWKS_URL", &issuer.url())]).await;
    let practice = app.practice().await;
    let location = practice.clinic.global(practice.location);
    let input = json!({ "email": "Ada@Mail.example", "displayName": "Ada", "role": "STAFF", "locationIds": [location],
        "clientMutationId": "k1" });
    let invited = invite(&app, &practice.admin, input.clone()).await.ok();
    let member = invited.at("/inviteMember/member").clone();
    assert_eq!(
        (&member["status"], &member["role"], &member["version"]),
        (&json!("INVITED"), &json!("STAFF"), &json!(1))
    );
    assert_eq!((&member["email"], &member["locations"][0]["id"]), (&json!("Ada@Mail.example"), &json!(location)));
    // The same request again is the same member.
    let again = invite(&app, &practice.admin, input).await.ok();
    assert_eq!(again.at("/inviteMember/member"), &member);

    let slug = practice.clinic.slug.as_str();
    let ask = async |with: Value| {
        let mut all = claims("ada");
        all.as_object_mut().expect("claims").extend(with.as_object().expect("claims").clone());
        let body = json!({ "query": VIEWER, "variables": { "slug": slug } });
        app.client.post(Some(&key.sign(&all)), &body).await
    };
    for not_proven in [
        json!({}),
        json!({ "email": "ada@mail.example" }),
        json!({ "email": "ada@mail.example", "email_verified": false }),
        json!({ "email": "other@mail.example", "email_verified": true }),
    ] {
        assert_eq!(ask(not_proven.clone()).await.codes(), ["UNAUTHENTICATED"], "{not_proven}");
    }
    let answer = ask(json!({ "email": "ada@mail.example", "email_verified": true })).await.ok();
    assert_eq!(answer.text("/viewer/role"), "STAFF");
    // From now on the subject is enough.
    assert_eq!(ask(json!({})).await.ok().text("/viewer/role"), "STAFF");
    until(async || seen(&app, "email = 'Ada@Mail.example'").await).await;
    app.stop().await;
}

/// Whether all these members were ever seen.
async fn seen(app: &TestApp, whose: &str) -> bool {
    app.db.one(&format!("SELECT bool_and(last_seen_at IS NOT NULL) FROM members WHERE {whose}"), &[]).await
}

#[tokio::test]
async fn member_of_two_organizations_is_seen_where_they_act() {
    let app = TestApp::start().await;
    let (here, there) = (app.practice().await, app.practice().await);
    let theirs = there.clinic.member(MemberRole::Staff, None).await;
    let (mine, other) = (here.staff.member.expect("a member"), theirs.member.expect("a member"));
    // One person with both memberships.
    app.db
        .run(&format!(
            "UPDATE members SET user_id = (SELECT user_id FROM members WHERE id = '{mine}') WHERE id = '{other}'"
        ))
        .await;
    let query = "query($slug: String) { providers(organizationSlug: $slug) { nodes { id } } viewer(organizationSlug: $slug) { memberships { id } } }";
    let answer = app.client.by(&here.staff, query, json!({ "slug": here.clinic.slug })).await.ok();
    assert_eq!(answer.at("/viewer/memberships").as_array().map(Vec::len), Some(2));
    until(async || seen(&app, &format!("id = '{mine}'")).await).await;
    assert!(!seen(&app, &format!("id = '{other}'")).await, "nothing tells the other organization");
    // A stream is a request too.
    let stream = "subscription($slug: String) { slotChanges(organizationSlug: $slug) { __typename } }";
    let _open = app.client.subscribe(Some(&here.staff), stream, json!({ "slug": there.clinic.slug })).await;
    until(async || seen(&app, &format!("id = '{other}'")).await).await;
    app.stop().await;
}

#[tokio::test]
async fn invitations_that_break_a_rule_are_refused_and_change_nothing() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let stranger = app.practice().await;
    let before = app.db.state().await;
    let good = json!({ "email": "new@mail.example", "displayName": "New", "role": "STAFF" });
    let with = |name: &str, value: Value| {
        let mut input = good.clone();
        input[name] = value;
        input
    };
    let foreign = stranger.clinic.global(stranger.location);
    for (input, code) in [
        (with("email", json!("nobody")), "BAD_USER_INPUT"),
        (with("displayName", json!("")), "BAD_USER_INPUT"),
        (with("displayName", json!("x".repeat(121))), "BAD_USER_INPUT"),
        (with("role", json!("INTEGRATOR")), "BAD_USER_INPUT"),
        (with("role", json!("PROVIDER")), "BAD_USER_INPUT"),
        (with("locationIds", json!([foreign])), "NOT_FOUND"),
        (with("locationIds", json!(["x"])), "BAD_USER_INPUT"),
        (with("clientMutationId", json!("")), "BAD_USER_INPUT"),
        (with("organizationSlug", json!(stranger.clinic.slug)), "FORBIDDEN"),
    ] {
        assert_eq!(invite(&app, &practice.admin, input.clone()).await.codes(), [code], "{input}");
    }
    let mut admin_of_places = with("role", json!("ADMIN"));
    admin_of_places["locationIds"] = json!([practice.clinic.global(practice.location)]);
    assert_eq!(invite(&app, &practice.admin, admin_of_places).await.codes(), ["BAD_USER_INPUT"]);
    let taken = with("email", json!(format!("{}@EXAMPLE.com", practice.staff.subject).to_uppercase()));
    assert_eq!(invite(&app, &practice.admin, taken).await.ok().refusals("inviteMember"), ["DUPLICATE"]);
    for (by, code) in [(&practice.staff, "FORBIDDEN"), (&practice.patient, "FORBIDDEN"), (&stranger.admin, "FORBIDDEN")]
    {
        let input = with("organizationSlug", json!(practice.clinic.slug));
        assert_eq!(invite(&app, by, input).await.codes(), [code]);
    }
    let guest =
        app.client.guest(INVITE, json!({ "input": with("organizationSlug", json!(practice.clinic.slug)) })).await;
    assert_eq!(guest.codes(), ["UNAUTHENTICATED"]);
    assert_eq!(app.db.state().await, before, "nothing was changed");
    app.stop().await;
}

#[tokio::test]
async fn member_is_changed_under_their_version_and_within_the_rules() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let (staff, provider) = (&practice.staff, practice.clinic.global(practice.provider));
    let location = practice.clinic.global(practice.location);
    let limited = change(&app, &practice, staff, 1, json!({ "locationIds": [location] })).await.ok();
    assert_eq!(limited.at("/changeMember/member/locations/0/id"), &json!(location));
    assert_eq!(change(&app, &practice, staff, 1, json!({})).await.ok().refusals("changeMember"), ["STALE_VERSION"]);
    let bad = change(&app, &practice, staff, 2, json!({ "role": "PROVIDER" })).await;
    assert_eq!(bad.codes(), ["BAD_USER_INPUT"]);
    let promoted = change(&app, &practice, staff, 2, json!({ "role": "PROVIDER", "providerId": provider })).await.ok();
    let member = promoted.at("/changeMember/member");
    assert_eq!(member, &json!({ "role": "PROVIDER", "version": 3, "provider": { "id": provider }, "locations": [] }));
    let other = practice.clinic.member(MemberRole::Staff, None).await;
    let twice = change(&app, &practice, &other, 1, json!({ "providerId": provider })).await.ok();
    assert_eq!(twice.refusals("changeMember"), ["DUPLICATE"]);
    let cleared = change(&app, &practice, staff, 3, json!({ "role": "STAFF", "providerId": null })).await.ok();
    assert_eq!(cleared.at("/changeMember/member/provider"), &Value::Null);
    let events = "SELECT count(*) FROM audit_events WHERE operation = 'changeMember' AND entity_kind = 'Member'";
    assert_eq!(app.db.one::<i64>(events, &[]).await, 3);
    app.stop().await;
}

#[tokio::test]
async fn last_admin_stays() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let admin = &practice.admin;
    let remove = async |by: &User, who: &User, version: i32| {
        let id = practice.clinic.global(who.member.expect("a member"));
        let input = json!({ "memberId": id, "expectedVersion": version });
        app.client.by(by, REMOVE, json!({ "input": input })).await
    };
    let before = app.db.state().await;
    assert_eq!(remove(admin, admin, 1).await.ok().refusals("removeMember"), ["LAST_ADMIN"]);
    let demoted = change(&app, &practice, admin, 1, json!({ "role": "STAFF" })).await.ok();
    assert_eq!(demoted.refusals("changeMember"), ["LAST_ADMIN"]);
    assert_eq!(app.db.state().await, before, "nothing was changed");
    // One who was only invited cannot help the organization.
    invite(&app, admin, json!({ "email": "x@y", "displayName": "X", "role": "ADMIN" })).await.ok();
    assert_eq!(remove(admin, admin, 1).await.ok().refusals("removeMember"), ["LAST_ADMIN"]);
    let second = practice.clinic.member(MemberRole::Admin, None).await;
    let (one, two) = tokio::join!(remove(admin, &second, 1), remove(&second, admin, 1));
    // Who comes second is refused: as the last admin's remover, or as nobody any more.
    let is_done = |answer: &Answer| answer.codes().is_empty() && answer.refusals("removeMember").is_empty();
    assert_eq!([&one, &two].map(is_done).iter().filter(|done| **done).count(), 1, "{} {}", one.body, two.body);
    let left = "SELECT count(*) FROM members WHERE role = 'ADMIN' AND removed_at IS NULL AND user_id IS NOT NULL";
    assert_eq!(app.db.one::<i64>(left, &[]).await, 1, "each removes the other: one of them stays");
    app.stop().await;
}

#[tokio::test]
async fn removed_member_is_nobody_and_may_be_invited_again() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let staff = &practice.staff;
    let id = practice.clinic.global(staff.member.expect("a member"));
    let viewer =
        async || app.client.by(staff, VIEWER, json!({ "slug": practice.clinic.slug })).await.ok().text("/viewer/role");
    assert_eq!(viewer().await, "STAFF");
    let input = json!({ "memberId": id, "expectedVersion": 1 });
    for version in [2, 2] {
        let removed = app.client.by(&practice.admin, REMOVE, json!({ "input": input })).await.ok();
        assert_eq!(removed.at("/removeMember/member"), &json!({ "status": "REMOVED", "version": version }));
    }
    super::revocation::until(async || viewer().await == "GUEST").await;
    assert_eq!(change(&app, &practice, staff, 2, json!({})).await.ok().refusals("changeMember"), ["ENDED"]);
    let input = json!({ "email": format!("{}@example.com", staff.subject), "displayName": "Again", "role": "STAFF" });
    assert!(invite(&app, &practice.admin, input).await.ok().refusals("inviteMember").is_empty());
    app.stop().await;
}

#[tokio::test]
async fn list_is_by_name_in_pages_and_for_admins_alone() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    for name in ["Zoe", "Ada", "Bob%"] {
        let input = json!({ "email": format!("{}@mail.example", name.trim_end_matches('%')), "displayName": name, "role": "STAFF" });
        invite(&app, &practice.admin, input).await.ok();
    }
    let list = async |variables: Value| app.client.by(&practice.admin, LIST, variables).await.ok();
    let names = |answer: &Answer| -> Vec<String> {
        let nodes = answer.at("/members/nodes").as_array().expect("a list").clone();
        nodes.iter().map(|node| node["displayName"].as_str().expect("a name").to_owned()).collect()
    };
    let first = list(json!({ "first": 2 })).await;
    assert_eq!(names(&first), ["Ada", "Bob%"]);
    let rest = list(json!({ "after": first.at("/members/pageInfo/endCursor") })).await;
    assert_eq!(names(&rest), ["Member ADMIN", "Member STAFF", "Zoe"]);
    assert_eq!(names(&list(json!({ "filter": { "search": "ob%" } })).await), ["Bob%"]);
    assert_eq!(
        names(&list(json!({ "filter": { "statuses": ["INVITED"], "search": "mail.EXAMPLE" } })).await),
        ["Ada", "Bob%", "Zoe"]
    );
    assert_eq!(names(&list(json!({ "filter": { "roles": ["ADMIN"] } })).await), ["Member ADMIN"]);
    assert_eq!(names(&list(json!({ "filter": { "statuses": ["REMOVED"] } })).await), Vec::<String>::new());
    assert_eq!(app.client.by(&practice.staff, LIST, json!({})).await.codes(), ["FORBIDDEN"]);
    let short = app.client.by(&practice.admin, LIST, json!({ "filter": { "search": "a" } })).await;
    assert_eq!(short.codes(), ["BAD_USER_INPUT"]);
    app.stop().await;
}

#[tokio::test]
async fn viewer_sees_their_memberships_everywhere() {
    let app = TestApp::start().await;
    let (here, there) = (app.practice().await, app.practice().await);
    app.db
        .run(&format!(
            "INSERT INTO members (id, organization_id, user_id, email, display_name, role)
               SELECT gen_random_uuid(), '{}', user_id, 'a@b', 'There', 'STAFF' FROM members WHERE id = '{}'",
            there.clinic.id.uuid(),
            here.admin.member.expect("a member").uuid()
        ))
        .await;
    let query =
        "query($slug: String!) { viewer(organizationSlug: $slug) { role memberships { displayName role } scopes } }";
    let answer = app.client.by(&here.admin, query, json!({ "slug": here.clinic.slug })).await.ok();
    assert_eq!(answer.text("/viewer/role"), "ADMIN");
    let mut roles: Vec<String> = answer
        .at("/viewer/memberships")
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["role"].as_str().expect("a role").to_owned())
        .collect();
    roles.sort_unstable();
    assert_eq!(roles, ["ADMIN", "STAFF"]);
    let guest = app.client.guest(query, json!({ "slug": here.clinic.slug })).await.ok();
    assert_eq!(guest.at("/viewer"), &json!({ "role": "GUEST", "memberships": [], "scopes": [] }));
    app.stop().await;
}
