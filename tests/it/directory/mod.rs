//! Finding providers, places, services and times.

mod by_id;
mod local_time;
mod nested;
mod organization;
mod paging;
mod providers;
mod slots;
mod windows;

use serde_json::{Value, json};

use crate::support::{Answer, Practice, TestApp};

/// Providers by family name, with what a list shows.
pub const PROVIDERS: &str = "query P($slug: String, $filter: ProviderFilter, $first: Int, $after: Cursor) {
    providers(organizationSlug: $slug, filter: $filter, first: $first, after: $after) {
      nodes { id familyName } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

/// Slots of one provider.
pub const SLOTS: &str = "query S($id: ID!, $window: WindowInput, $filter: SlotFilter, $first: Int, $after: Cursor) {
    provider(id: $id) { slots(window: $window, filter: $filter, first: $first, after: $after) {
      nodes { id startsAt } pageInfo { hasNextPage hasPreviousPage endCursor } } } }";

/// Texts at `name` in the objects of a list.
pub fn texts(list: &Value, name: &str) -> Vec<String> {
    let items = list.as_array().expect("a list");
    items.iter().map(|item| item[name].as_str().expect("a text").to_owned()).collect()
}

/// Slots of the practice's provider, as a guest.
pub async fn slots(app: &TestApp, practice: &Practice, mut variables: Value) -> Answer {
    variables["id"] = json!(practice.clinic.global(practice.provider));
    app.client.guest(SLOTS, variables).await
}

/// Numbers of the practice's slots in an answer.
pub fn numbers(practice: &Practice, answer: &Answer) -> Vec<usize> {
    let ids = texts(answer.at("/provider/slots/nodes"), "id");
    let number = |id: &String| (0..practice.slots.len()).find(|n| practice.slot(*n) == *id).expect("a known slot");
    ids.iter().map(number).collect()
}

/// The field that an answer's only error names.
pub fn field(answer: &Answer) -> Value {
    assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{}", answer.body);
    answer.body["errors"][0]["extensions"]["field"].clone()
}
