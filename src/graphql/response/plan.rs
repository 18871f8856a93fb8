//! Which keys an object is to have, in which order: the selections of a document, merged for each type of object that
//! occurs, worked out once each.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use async_graphql::parser::types::{Directive, ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value};

use super::failures::Failures;
use super::{Object, TypeMap};

/// One key of an object.
pub struct Entry<'a> {
    /// Alias or name.
    pub key: &'a Name,
    /// Nullability, as in [`limits::types::Known`](crate::graphql::limits::TypeMap::field).
    pub required: &'a [bool],
    /// What is below, when it is objects of the schema.
    pub below: Option<Plan<'a>>,
    is_typename: bool,
}

/// The selections that were merged for one place of the answer.
pub struct Plan<'a> {
    possible: &'a [String],
    sets: Vec<&'a SelectionSet>,
    entries: RefCell<HashMap<Vec<&'a str>, Rc<[Entry<'a>]>>>,
}

impl<'a> Plan<'a> {
    /// For a value that is one of the possible objects.
    pub fn of(possible: &'a [String], set: &'a SelectionSet) -> Self {
        Self { possible, sets: vec![set], entries: RefCell::default() }
    }
}

/// What plans are made from.
#[derive(Clone, Copy)]
pub struct Planner<'a> {
    pub document: &'a ExecutableDocument,
    pub true_variables: &'a [Name],
    pub types: &'a TypeMap,
}

/// Whether an object of these entries would have exactly the keys that are there or are known to have failed.
pub fn fits(entries: &[Entry<'_>], object: &Object, failed: Option<&Failures<'_>>) -> bool {
    let has_failed = |key: &Name| failed.is_some_and(|failed| failed.field(key).is_some());
    let mut present = 0;
    for entry in entries {
        match object.contains_key(entry.key.as_str()) {
            true => present += 1,
            false if has_failed(entry.key) => {}
            false => return false,
        }
    }
    let is_known = |key: &str| entries.iter().any(|entry| entry.key == key);
    present == object.len() && failed.is_none_or(|failed| failed.keys().all(is_known))
}

impl<'a> Planner<'a> {
    /// The keys that an object is to have.
    ///
    /// What it is of an interface or union is told by its `__typename`, if it was asked for, else by which of them would
    /// have just these keys. If several would, they differ only in what failed; what none would have is left to all.
    pub fn entries(&self, plan: &Plan<'a>, object: &Object, failed: Option<&Failures<'_>>) -> Rc<[Entry<'a>]> {
        if let [only] = plan.possible {
            return self.entries_of(plan, &[only]);
        }
        let all: Vec<&'a str> = plan.possible.iter().map(String::as_str).collect();
        let of_all = self.entries_of(plan, &all);
        let named = of_all.iter().filter(|entry| entry.is_typename).find_map(|entry| {
            let Some(Value::String(name)) = object.get(entry.key.as_str()) else { return None };
            all.iter().find(|possible| *possible == name)
        });
        if let Some(name) = named {
            return self.entries_of(plan, &[name]);
        }
        let fitting = |name: &&'a str| fits(&self.entries_of(plan, &[name]), object, failed);
        let candidates: Vec<&'a str> = all.iter().copied().filter(fitting).collect();
        if candidates.is_empty() { of_all } else { self.entries_of(plan, &candidates) }
    }

    fn entries_of(&self, plan: &Plan<'a>, objects: &[&'a str]) -> Rc<[Entry<'a>]> {
        if let Some(known) = plan.entries.borrow().get(objects) {
            return known.clone();
        }
        let mut merge =
            Merge { planner: *self, objects, entries: Vec::new(), places: HashMap::new(), spread: HashSet::new() };
        for set in &plan.sets {
            merge.add(set);
        }
        let entries: Rc<[Entry<'a>]> = merge.entries.into();
        plan.entries.borrow_mut().insert(objects.to_vec(), entries.clone());
        entries
    }

    /// As the executor decides it, of `@skip` and `@include`.
    fn is_skipped(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().map(|directive| &directive.node).any(|directive| {
            let skips_if = match directive.name.node.as_str() {
                "skip" => true,
                "include" => false,
                _ => return false,
            };
            let is_true = |variable: Name| Ok::<_, ()>(Value::Boolean(self.true_variables.contains(&variable)));
            directive.get_argument("if").is_some_and(|condition| {
                let holds = condition.node.clone().into_const_with(is_true) == Ok(Value::Boolean(true));
                holds == skips_if
            })
        })
    }
}

/// `CollectFields` of the specification, for an object of any of some types.
struct Merge<'a, 'o> {
    planner: Planner<'a>,
    objects: &'o [&'a str],
    entries: Vec<Entry<'a>>,
    places: HashMap<&'a str, usize>,
    spread: HashSet<&'a str>,
}

impl<'a> Merge<'a, '_> {
    fn add(&mut self, set: &'a SelectionSet) {
        for selection in &set.items {
            if self.planner.is_skipped(selection.node.directives()) {
                continue;
            }
            match &selection.node {
                Selection::Field(field) => self.field(&field.node),
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    if condition.is_none_or(|condition| self.applies(&condition.node.on.node)) {
                        self.add(&fragment.node.selection_set.node);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let Some(fragment) = self.planner.document.fragments.get(name) else { continue };
                    if self.spread.insert(name.as_str()) && self.applies(&fragment.node.type_condition.node.on.node) {
                        self.add(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    fn applies(&self, condition: &str) -> bool {
        let possible = self.planner.types.possible(condition);
        possible.iter().any(|object| self.objects.contains(&object.as_str()))
    }

    fn field(&mut self, field: &'a Field) {
        let set = &field.selection_set.node;
        let name = field.name.node.as_str();
        let key = &field.response_key().node;
        if let Some(entry) = self.places.get(key.as_str()).and_then(|place| self.entries.get_mut(*place)) {
            entry.is_typename &= name == "__typename";
            if let Some(below) = &mut entry.below {
                below.sets.push(set);
            }
            return;
        }
        // Where the types do not agree on null, the stricter one is right for all of them.
        let known = self.objects.iter().filter_map(|object| self.planner.types.field(object, name));
        let known = known.max_by_key(|known| known.required);
        let possible = known.map_or(&[][..], |known| self.planner.types.possible(known.type_name));
        self.places.insert(key.as_str(), self.entries.len());
        self.entries.push(Entry {
            key,
            required: known.map_or(&[], |known| known.required),
            below: (!possible.is_empty()).then(|| Plan::of(possible, set)),
            is_typename: name == "__typename",
        });
    }
}
