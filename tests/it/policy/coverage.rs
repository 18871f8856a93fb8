//! Every field has its row, every row its field, and every field a test that asks for it.

use std::collections::BTreeSet;

use openslot::domain::identity::Action;

use super::documents::Schema;
use super::requests::{by_id, requests};
use super::things::Things;
use super::{Right, rows};

/// Where a field is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// In the matrix of everybody and everything.
    Questions,
    /// Where something is changed by it.
    Changes,
    /// In streams.
    Streams,
}

/// The fields of a part; each field has exactly one.
pub fn part(schema: &Schema, part: Part) -> BTreeSet<String> {
    schema.all().into_iter().filter(|field| part_of(field) == part).collect()
}

fn part_of(field: &str) -> Part {
    let (of, _) = field.split_once('.').expect("a type and a field");
    match of {
        "Subscription" | "SlotChange" | "Resync" | "StreamProgress" | "StreamItem" => Part::Streams,
        "CreateApiKeyPayload" | "RevokeSessionsPayload" => Part::Changes,
        _ => Part::Questions,
    }
}

#[test]
fn every_field_has_exactly_one_row() {
    let rows: Vec<String> = rows().into_iter().map(|(field, _)| field).collect();
    let listed: BTreeSet<String> = rows.iter().cloned().collect();
    assert_eq!(listed.len(), rows.len(), "a field stands twice");
    let fields = Schema::read().all();
    let missing: Vec<_> = fields.difference(&listed).collect();
    let superfluous: Vec<_> = listed.difference(&fields).collect();
    assert!(missing.is_empty() && superfluous.is_empty(), "missing: {missing:?}, superfluous: {superfluous:?}");
}

#[test]
fn every_field_is_asked_for() {
    let schema = Schema::read();
    let mut asked = BTreeSet::new();
    let things = Things::default();
    let by_id = by_id(&schema, &things).into_iter().map(|(_, request)| request);
    for request in requests(&schema, &things).into_iter().chain(by_id) {
        let (root, _) = request.row.split_once('.').expect("a type and a field");
        schema.asked(root, &request.asked, &mut asked);
    }
    for field in schema.roots("Subscription") {
        schema.asked("Subscription", &schema.root("Subscription", &field, "", None), &mut asked);
    }
    assert_eq!(asked, schema.all());
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
        // Asked for on the way, by `cancelBooking` after the deadline and by `bookSlot` for a guest, and not by a field.
        let is_inside = matches!(action, Action::CancelLate | Action::CreatePatient);
        assert!(is_inside || asked.contains(&format!("{:?}", Right::Of(action))), "{action:?}");
    }
}
