//! What an answer must show, computed from `fields.txt`, the table of the policy and whose the things are.

use std::collections::{BTreeSet, HashMap};

use openslot::domain::identity::Action;
use openslot::domain::identity::policy::{Reach, reach};
use openslot::kernel::actor::{Actor, Principal};
use serde_json::Value;

use super::documents::{Asked, Schema, Shape};
use super::requests::Request;
use super::world::{Person, Relation, World};
use super::{Right, rows};

/// Fields that are null for a reason other than rights.
const MAY_BE_NULL: [(&str, &str); 6] = [
    ("BookSlotPayload.booking", "the slot has begun, so nothing was booked"),
    ("InviteMemberPayload.member", "the address is taken, so nobody was invited"),
    ("Member.provider", "not every member is a provider"),
    ("Viewer.provider", "not everybody is a provider"),
    ("Viewer.patient", "not everybody is a patient"),
    ("SlotChange.previousStatus", "what appears had no status before"),
];
/// What those see of a slot's status who may not see the detail.
const COARSE: [&str; 3] = ["FREE", "BUSY_TENTATIVE", "BUSY"];

/// What the table says. In another organization everybody is a guest.
pub fn may(person: &Person, action: Action, relation: Relation) -> bool {
    let guest = Actor::anonymous();
    match reach(if relation == Relation::Foreign { &guest } else { &person.actor }, action) {
        Reach::None => false,
        Reach::Own | Reach::Locations => relation == Relation::Own && person.has_own,
        Reach::All => true,
    }
}

/// Whether a person may know a thing of a type that has an id.
pub fn knows(person: &Person, kind: &str, relation: Relation) -> bool {
    match kind {
        // Nobody finds anybody but themselves, and everybody themselves.
        "Viewer" => relation == Relation::Own,
        "Organization" | "Provider" | "Location" | "Service" => may(person, Action::ReadDirectory, relation),
        "Slot" | "SlotChange" => may(person, Action::ReadAvailability, relation),
        "Booking" => may(person, Action::ReadBooking, relation),
        "Patient" => may(person, Action::ReadPatient, relation),
        "Member" => may(person, Action::ReadMember, relation),
        "ApiKey" => may(person, Action::ReadApiKeys, relation),
        other => panic!("say who may know a {other}"),
    }
}

/// What must become of a root field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    Shown,
    /// Null, with one error.
    Refused,
    /// Null, without a word.
    Absent,
}

/// Holds answers against what they must show, and remembers the fields that were answered.
pub struct Judge<'a> {
    schema: &'a Schema,
    world: &'a World,
    rights: HashMap<String, Right>,
    pub answered: BTreeSet<String>,
}

/// Whose answer it is, and what the object around a field is to them.
#[derive(Clone, Copy)]
struct Around<'a> {
    person: &'a Person,
    relation: Relation,
    what: &'a str,
}

impl<'a> Judge<'a> {
    pub fn new(schema: &'a Schema, world: &'a World) -> Self {
        Self { schema, world, rights: rows().into_iter().collect(), answered: BTreeSet::new() }
    }

    /// What must become of a root field that asks for one right.
    pub fn wanted(&self, request: &Request, person: &Person, relation: Relation) -> Wanted {
        match self.rights[&request.row] {
            Right::Of(action) if may(person, action, relation) => Wanted::Shown,
            _ => Wanted::Refused,
        }
    }

    /// Holds a whole answer against what is wanted.
    pub fn answer(
        &mut self,
        (person, relation): (&Person, Relation),
        request: &Request,
        wanted: Wanted,
        answer: &Value,
        what: &str,
    ) {
        let (root, _) = request.row.split_once('.').expect("a type and a field");
        let found = &answer["data"][&request.asked.name];
        assert_codes(answer, wanted, person.actor.principal == Principal::Anonymous, what);
        self.answered.insert(request.row.clone());
        let items = found.as_array().map_or(std::slice::from_ref(found), Vec::as_slice);
        for item in items {
            assert_eq!(!item.is_null(), wanted == Wanted::Shown, "{what}: {answer}");
            if wanted == Wanted::Shown {
                self.value(&request.row, root, &request.asked, item, Around { person, relation, what });
            }
        }
    }

    /// An item of a stream, which is an object by itself.
    pub fn item(&mut self, person: &Person, asked: &Asked, item: &Value, what: &str) {
        let around = Around { person, relation: Relation::Same, what };
        let around = Around { relation: self.relation(item, around), ..around };
        self.answered.insert(format!("Subscription.{}", asked.name));
        self.object(&asked.below, item, around);
    }

    /// A field of an object that may be seen.
    fn field(&mut self, of: &str, asked: &Asked, value: &Value, around: Around<'_>) {
        let row = format!("{of}.{}", asked.name);
        self.answered.insert(row.clone());
        match (value, self.rights[&row]) {
            (Value::Null, Right::Of(action)) => {
                let has_reason = MAY_BE_NULL.iter().any(|(field, _)| *field == row);
                let is_hidden = !may(around.person, action, around.relation);
                assert!(is_hidden || has_reason, "{}: {row} is not shown", around.what);
            }
            (Value::Null, _) => {}
            (Value::Array(items), _) => items.iter().for_each(|item| self.value(&row, of, asked, item, around)),
            _ => self.value(&row, of, asked, value, around),
        }
    }

    fn value(&mut self, row: &str, of: &str, asked: &Asked, value: &Value, around: Around<'_>) {
        let around = Around { relation: self.relation(value, around), ..around };
        if let Right::Of(action) = self.rights[row] {
            let may = may(around.person, action, around.relation);
            let is_coarse = value.as_str().is_some_and(|word| COARSE.contains(&word));
            let is_status = matches!(row, "Slot.status" | "SlotChange.previousStatus");
            assert!(may || is_coarse && is_status, "{}: {row} shows {value}", around.what);
        }
        if value.is_object() {
            self.object(&asked.below, value, around);
            self.detail(of, value, around);
        }
    }

    /// A blocked slot is blocked to those who may see the detail.
    fn detail(&self, of: &str, value: &Value, around: Around<'_>) {
        let is_blocked = value["id"].as_str().is_some_and(|id| self.world.blocked.contains(id));
        if is_blocked && let Some(status) = value["status"].as_str() {
            let may = may(around.person, Action::ReadAvailabilityDetail, around.relation);
            assert_eq!(status, if may { "BUSY_UNAVAILABLE" } else { "BUSY" }, "{}: below {of}", around.what);
        }
    }

    fn object(&mut self, shapes: &[Shape], object: &Value, around: Around<'_>) {
        let name = object["__typename"].as_str().unwrap_or_else(|| panic!("{}: no type: {object}", around.what));
        let shape = shapes.iter().find(|shape| shape.of == name);
        let shape = shape.unwrap_or_else(|| panic!("{}: a {name}", around.what));
        for interface in &shape.through {
            let names = self.schema.scalars(interface);
            self.answered.extend(names.iter().map(|field| format!("{interface}.{field}")));
        }
        for field in &shape.fields {
            let value = object.get(&field.name).unwrap_or_else(|| panic!("{}: no {name}.{}", around.what, field.name));
            self.field(name, field, value, around);
        }
    }

    /// What an object is to the person; without an id it is what the object around it is.
    fn relation(&self, value: &Value, around: Around<'_>) -> Relation {
        // A change is whose the slot is.
        let id = value.pointer("/slot/id").filter(|_| value["__typename"] == "SlotChange").unwrap_or(&value["id"]);
        id.as_str().map_or(around.relation, |id| self.world.relation(around.person, id))
    }
}

/// What is not shown is refused in the right words, and what is shown comes without errors.
fn assert_codes(answer: &Value, wanted: Wanted, is_guest: bool, what: &str) {
    let codes = codes(answer);
    match codes.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => assert_ne!(wanted, Wanted::Refused, "{what}: {answer}"),
        ["UNAUTHENTICATED"] => assert!(is_guest && wanted == Wanted::Refused, "{what}: {answer}"),
        ["NOT_FOUND" | "FORBIDDEN"] => assert!(!is_guest && wanted == Wanted::Refused, "{what}: {answer}"),
        _ => panic!("{what}: {codes:?} in {answer}"),
    }
}

/// Codes of the errors of an answer.
pub fn codes(answer: &Value) -> Vec<String> {
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error["extensions"]["code"].as_str().expect("a code").to_owned()).collect()
}
