//! How each root field is asked for a thing.

use serde_json::{Value, json};

use super::documents::{Asked, Schema};
use super::things::Things;

/// Mutations that always have an effect when they are allowed: `changes` asks them.
pub const CHANGES_SOMETHING: [&str; 2] = ["createApiKey", "revokeSessions"];

/// One root field that is asked for one thing.
#[derive(Clone)]
pub struct Request {
    /// Its row in `fields.txt`.
    pub row: String,
    /// What is asked.
    pub asked: Asked,
    pub document: String,
    pub variables: Value,
}

/// Variables with their types, arguments, values.
struct Call {
    declared: &'static str,
    arguments: &'static str,
    variables: Value,
}

/// Every query and mutation but those that find anything by id.
pub fn requests(schema: &Schema, things: &Things) -> Vec<Request> {
    let mut all = Vec::new();
    for (root, word) in [("Query", "query"), ("Mutation", "mutation")] {
        for field in schema.roots(root) {
            for call in calls(root, &field, things) {
                all.push(request(schema, (root, word), &field, call, None));
            }
        }
    }
    all
}

/// Anything by its id, for every type that has one: `node` with the type, `nodes` with all.
pub fn by_id(schema: &Schema, things: &Things) -> Vec<(String, Request)> {
    let mut all = Vec::new();
    for kind in schema.kinds() {
        let id = things.id_of(kind);
        let single = Call { declared: "($id: ID!)", arguments: "id: $id", variables: json!({ "id": id }) };
        let many = Call { declared: "($ids: [ID!]!)", arguments: "ids: $ids", variables: json!({ "ids": [id, id] }) };
        for (field, call) in [("node", single), ("nodes", many)] {
            all.push((kind.clone(), request(schema, ("Query", "query"), field, call, Some(kind))));
        }
    }
    all
}

fn request(schema: &Schema, (root, word): (&str, &str), field: &str, call: Call, of: Option<&str>) -> Request {
    let asked = schema.root(root, field, call.arguments, of);
    let document = format!("{word} Ask{} {{ {} }}", call.declared, schema.text(&asked));
    Request { row: format!("{root}.{field}"), asked, document, variables: call.variables }
}

fn calls(root: &str, field: &str, things: &Things) -> Vec<Call> {
    match (root, field) {
        // They name a kind of thing, not one field: `by_id` has them.
        ("Query", "node" | "nodes") => vec![],
        ("Query", _) => query(field, things),
        _ => mutation(field, things),
    }
}

fn query(field: &str, things: &Things) -> Vec<Call> {
    let by_id = |id: &String| Call { declared: "($id: ID!)", arguments: "id: $id", variables: json!({ "id": id }) };
    let by_slug =
        |arguments| vec![Call { declared: "($slug: String)", arguments, variables: json!({ "slug": things.slug }) }];
    match field {
        "provider" => vec![by_id(&things.provider)],
        "location" => vec![by_id(&things.location)],
        "service" => vec![by_id(&things.service)],
        "slot" => vec![by_id(&things.slot)],
        "booking" => vec![by_id(&things.booking), by_id(&things.cancelled)],
        "organization" => by_slug("slug: $slug"),
        "providers" | "viewer" | "members" | "apiKeys" => by_slug("organizationSlug: $slug"),
        other => panic!("say how {other} is asked for a thing"),
    }
}

/// Those who may are refused for a reason of another kind, or ask for what is so already: nothing changes.
fn mutation(field: &str, things: &Things) -> Vec<Call> {
    let call =
        |declared, input: Value| vec![Call { declared, arguments: "input: $i", variables: json!({ "i": input }) }];
    match field {
        // The slot has begun.
        "bookSlot" => {
            let input = json!({ "slot": { "id": things.slot }, "patient": { "id": things.patient } });
            call("($i: BookSlotInput!)", input)
        }
        // Nobody expects this version.
        "cancelBooking" => {
            call("($i: CancelBookingInput!)", json!({ "bookingId": things.booking, "expectedVersion": 77 }))
        }
        // The address is another member's.
        "inviteMember" => {
            let input = json!({ "organizationSlug": things.slug, "email": things.email, "displayName": "Somebody",
                "role": "STAFF" });
            call("($i: InviteMemberInput!)", input)
        }
        "changeMember" => {
            let input = json!({ "memberId": things.member, "role": "STAFF", "expectedVersion": 77 });
            call("($i: ChangeMemberInput!)", input)
        }
        "removeMember" => call("($i: RemoveMemberInput!)", json!({ "memberId": things.member, "expectedVersion": 77 })),
        "rotateApiKey" => call("($i: RotateApiKeyInput!)", json!({ "apiKeyId": things.key, "expectedVersion": 77 })),
        "changeOrganization" => {
            let input = json!({ "organizationSlug": things.slug, "expectedVersion": 77 });
            call("($i: ChangeOrganizationInput!)", input)
        }
        // It was revoked before.
        "revokeApiKey" => call("($i: RevokeApiKeyInput!)", json!({ "apiKeyId": things.revoked_key })),
        "createApiKey" => {
            let input = json!({ "organizationSlug": things.slug, "displayName": "New", "scopes": ["DIRECTORY_READ"] });
            call("($i: CreateApiKeyInput!)", input)
        }
        "revokeSessions" => call("($i: RevokeSessionsInput!)", things.sessions.clone()),
        other => panic!("say how {other} is asked for a thing"),
    }
}
