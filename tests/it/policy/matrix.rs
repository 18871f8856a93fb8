//! Every root field, asked by every role for what is their own, of others, and of another organization: what is seen is
//! exactly what the table allows.

use openslot::domain::identity::Action;
use openslot::domain::identity::policy::{Reach, table};
use openslot::kernel::actor::Role;
use serde_json::{Value, json};

use super::world::{Relation, Things, World};
use super::{Right, rows};
use crate::support::{Answer, User};

const RELATIONS: [Relation; 3] = [Relation::Own, Relation::Same, Relation::Foreign];

/// Mutations that cannot be asked for without effect; each has a test of its own in `identity`.
const CHANGES_SOMETHING: [&str; 2] = ["createApiKey", "revokeSessions"];

/// What the table says. In another organization everybody is a guest.
fn may(role: Role, action: Action, relation: Relation) -> bool {
    let role = if relation == Relation::Foreign { Role::Guest } else { role };
    match table(role, action) {
        Reach::None => false,
        // Nobody owns nothing; a guest who has booked is another test's.
        Reach::Own if role == Role::Guest => false,
        Reach::Own | Reach::Locations => relation == Relation::Own,
        Reach::All => true,
    }
}

/// A request for a thing through a root field.
fn request(field: &str, things: &Things) -> (String, Value) {
    let by_id = |id: &str| (format!("query($id: ID!) {{ {field}(id: $id) {{ id }} }}"), json!({ "id": id }));
    let by_slug = |argument: &str, selection: &str| {
        let query = format!("query($slug: String) {{ {field}({argument}: $slug) {{ {selection} }} }}");
        (query, json!({ "slug": things.slug }))
    };
    match field {
        "provider" => by_id(&things.provider),
        "location" => by_id(&things.location),
        "service" => by_id(&things.service),
        "slot" => by_id(&things.slot),
        "booking" => by_id(&things.booking),
        "organization" => by_slug("slug", "id"),
        "providers" => by_slug("organizationSlug", "nodes { id }"),
        "viewer" => by_slug("organizationSlug", "role"),
        "bookSlot" => {
            let input = json!({ "slot": { "id": things.slot }, "patient": { "id": things.patient } });
            (
                "mutation($i: BookSlotInput!) { bookSlot(input: $i) { userErrors { code } } }".into(),
                json!({ "i": input }),
            )
        }
        "cancelBooking" => {
            // Nobody expects this version: whoever may cancel is told so, and nothing changes.
            let input = json!({ "bookingId": things.booking, "expectedVersion": 77 });
            let query = "mutation($i: CancelBookingInput!) { cancelBooking(input: $i) { userErrors { code } } }";
            (query.into(), json!({ "i": input }))
        }
        "members" | "apiKeys" => by_slug("organizationSlug", "nodes { id }"),
        "inviteMember" => {
            // The address is another member's already: whoever may invite is told so, and nothing changes.
            let input = json!({ "organizationSlug": things.slug, "email": things.email, "displayName": "Somebody",
                "role": "STAFF" });
            by_input("inviteMember", "InviteMemberInput", "userErrors { code }", input)
        }
        "changeMember" => {
            let input = json!({ "memberId": things.member, "role": "STAFF", "expectedVersion": 77 });
            by_input("changeMember", "ChangeMemberInput", "userErrors { code }", input)
        }
        "removeMember" => {
            let input = json!({ "memberId": things.member, "expectedVersion": 77 });
            by_input("removeMember", "RemoveMemberInput", "userErrors { code }", input)
        }
        "rotateApiKey" => {
            let input = json!({ "apiKeyId": things.key, "expectedVersion": 77 });
            by_input("rotateApiKey", "RotateApiKeyInput", "userErrors { code }", input)
        }
        "changeOrganization" => {
            let input = json!({ "organizationSlug": things.slug, "expectedVersion": 77 });
            by_input("changeOrganization", "ChangeOrganizationInput", "userErrors { code }", input)
        }
        // It was revoked before: whoever may revoke it succeeds, and nothing changes.
        "revokeApiKey" => {
            by_input("revokeApiKey", "RevokeApiKeyInput", "apiKey { id }", json!({ "apiKeyId": things.revoked_key }))
        }
        other => panic!("say how {other} is asked for a thing"),
    }
}

fn by_input(field: &str, kind: &str, selection: &str, input: Value) -> (String, Value) {
    (format!("mutation($i: {kind}!) {{ {field}(input: $i) {{ {selection} }} }}"), json!({ "i": input }))
}

async fn ask(world: &World, user: Option<&User>, query: &str, variables: Value) -> Answer {
    match user {
        Some(user) => world.app.client.by(user, query, variables).await,
        None => world.app.client.guest(query, variables).await,
    }
}

/// What is not shown is refused in the right words.
fn check(answer: &Answer, field: &str, may: bool, is_guest: bool, what: &str) {
    let seen = !answer.at(&format!("/{field}")).is_null();
    assert_eq!(seen, may, "{what}: {}", answer.body);
    match answer.codes().as_slice() {
        [] => assert!(may, "{what}"),
        [code] if is_guest => assert_eq!(code, "UNAUTHENTICATED", "{what}"),
        [code] => assert!(matches!(code.as_str(), "NOT_FOUND" | "FORBIDDEN"), "{what}: {code}"),
        codes => panic!("{what}: {codes:?}"),
    }
}

#[tokio::test]
async fn root_fields_show_what_the_table_allows() {
    let world = World::new().await;
    let before = world.app.db.state().await;
    let mut asked = 0;
    for (row, right) in rows() {
        let root = row.strip_prefix("Query.").or_else(|| row.strip_prefix("Mutation."));
        let (Some(field), Right::Of(action)) = (root, right) else { continue };
        if CHANGES_SOMETHING.contains(&field) {
            continue;
        }
        for (role, user) in &world.people {
            for relation in RELATIONS {
                let (query, variables) = request(field, world.things(relation));
                let answer = ask(&world, user.as_ref(), &query, variables).await;
                let what = format!("{row} by {role:?} for {relation:?}");
                check(&answer, field, may(*role, action, relation), user.is_none(), &what);
                asked += 1;
            }
        }
    }
    assert_eq!(asked, 18 * 6 * 3);
    assert_eq!(world.app.db.state().await, before, "nothing was changed by asking");
    world.app.stop().await;
}

#[tokio::test]
async fn nodes_show_what_the_right_of_their_kind_allows() {
    let world = World::new().await;
    let query = "query($ids: [ID!]!, $id: ID!) { nodes(ids: $ids) { id } node(id: $id) { id } }";
    for (role, user) in &world.people {
        for relation in RELATIONS {
            let things = world.things(relation);
            let kinds = [
                (&things.organization, Action::ReadDirectory),
                (&things.provider, Action::ReadDirectory),
                (&things.location, Action::ReadDirectory),
                (&things.service, Action::ReadDirectory),
                (&things.slot, Action::ReadAvailability),
                (&things.booking, Action::ReadBooking),
                (&things.patient, Action::ReadPatient),
                (&things.key, Action::ReadApiKeys),
            ];
            let ids: Vec<&String> = kinds.iter().map(|(id, _)| *id).collect();
            for (n, (id, action)) in kinds.iter().enumerate() {
                let answer = ask(&world, user.as_ref(), query, json!({ "ids": ids, "id": id })).await.ok();
                let wanted = may(*role, *action, relation);
                let what = format!("{action:?} by {role:?} for {relation:?}");
                assert_eq!(!answer.at("/node").is_null(), wanted, "{what}");
                assert_eq!(!answer.at(&format!("/nodes/{n}")).is_null(), wanted, "{what}");
            }
        }
    }
    world.app.stop().await;
}

#[tokio::test]
async fn stream_is_open_to_those_who_may_read_availability() {
    let world = World::new().await;
    // A wrong argument is complained about only to those who may ask at all.
    let query =
        "subscription($slug: String) { slotChanges(organizationSlug: $slug, progressSeconds: 1) { __typename } }";
    for (role, user) in &world.people {
        for relation in RELATIONS {
            let slug = json!({ "slug": world.things(relation).slug });
            let mut stream = world.app.client.subscribe(user.as_ref(), query, slug).await;
            let frame = stream.frame().await;
            let errors = if frame["type"] == "error" { &frame["payload"] } else { &frame["payload"]["errors"] };
            let code = errors[0]["extensions"]["code"].as_str().expect("a code");
            let may = may(*role, Action::ReadAvailability, relation);
            assert_eq!(code == "BAD_USER_INPUT", may, "{role:?} for {relation:?}: {frame}");
        }
    }
    world.app.stop().await;
}
