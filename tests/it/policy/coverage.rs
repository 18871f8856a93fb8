//! Every field has its row, and every row its field.

use std::collections::BTreeSet;

use openslot::app::schema::sdl;
use openslot::domain::identity::Action;
use openslot::graphql::limits::TypeMap;

use super::{Right, rows};

#[test]
fn every_field_has_exactly_one_row() {
    let rows: Vec<String> = rows().into_iter().map(|(field, _)| field).collect();
    let listed: BTreeSet<String> = rows.iter().cloned().collect();
    assert_eq!(listed.len(), rows.len(), "a field stands twice");
    let fields: BTreeSet<String> = TypeMap::of(&sdl()).expect("an SDL").all().into_iter().collect();
    let missing: Vec<_> = fields.difference(&listed).collect();
    let superfluous: Vec<_> = listed.difference(&fields).collect();
    assert!(missing.is_empty() && superfluous.is_empty(), "missing: {missing:?}, superfluous: {superfluous:?}");
}

#[test]
fn every_root_field_asks_for_a_right() {
    let is_root = |field: &str| ["Query.", "Mutation.", "Subscription."].iter().any(|root| field.starts_with(root));
    for (field, right) in rows() {
        assert!(!is_root(&field) || right != Right::Parent, "{field} asks for nothing");
    }
}

#[test]
fn every_right_is_asked_for() {
    let asked: BTreeSet<String> = rows().iter().map(|(_, right)| format!("{right:?}")).collect();
    for action in Action::ALL {
        // Asked for by `cancelBooking` on the way, by the status of the policy and not by a field.
        let is_inside = action == Action::CancelLate;
        assert!(is_inside || asked.contains(&format!("{:?}", Right::Of(action))), "{action:?}");
    }
}
