//! The shape of an answer: keys in the order of the document, null where a field failed, and a failed non-null field
//! makes null of what is around it, as the GraphQL specification has it (October 2021: 6.4.4 and 7.1).
//!
//! The executor of `async-graphql` puts keys in the order in which they were completed, leaves out what failed, and gives
//! null for an object all of whose fields failed or were skipped. What failed is told by the paths of the errors, never
//! guessed: a key that is missing and that no error names stays missing. Keys that the document does not account for are
//! kept behind the others. Introspection is left as it is. Takes time linear in the answer.

mod failures;
mod plan;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Request, Response, Value};

use self::failures::Failures;
use self::plan::{Entry, Plan, Planner, fits};
use super::documents::Document;
use super::limits::{self, TypeMap};

type Object = IndexMap<Name, Value>;

/// What of a request decides the shape of its answer.
#[derive(Clone, Debug)]
pub struct Asked {
    document: Arc<Document>,
    operation_name: Option<String>,
    /// Names of the variables that are true, for `@skip` and `@include`.
    true_variables: Vec<Name>,
}

impl Asked {
    /// Keeps what is needed of a request whose variables have their defaults filled in.
    #[must_use]
    pub fn of(request: &Request, document: Arc<Document>) -> Self {
        let is_true = |(name, value): (&Name, &Value)| (*value == Value::Boolean(true)).then(|| name.clone());
        let true_variables = request.variables.iter().filter_map(is_true).collect();
        Self { document, operation_name: request.operation_name.clone(), true_variables }
    }

    /// Brings an answer, or one of a stream of answers, into shape.
    pub fn shape(&self, types: &TypeMap, response: &mut Response) {
        let failures = Failures::of(&response.errors);
        if failures.is_none() && !response.errors.is_empty() && response.data == Value::Null {
            // Refused before anything ran.
            return;
        }
        let Ok(operation) = limits::operation(&self.document.parsed, self.operation_name.as_deref()) else { return };
        let planner = Planner { document: &self.document.parsed, true_variables: &self.true_variables, types };
        let root = Plan::of(types.possible(types.root(operation.ty)), &operation.selection_set.node);
        let shaper = Shaper { planner };
        if !shaper.value(&[true], Some(&root), &mut response.data, failures.as_ref()) {
            response.data = Value::Null;
        }
    }
}

struct Shaper<'a> {
    planner: Planner<'a>,
}

impl<'a> Shaper<'a> {
    /// Shapes a value in its place. False when it is null where null may not be: what is around it has to go too.
    fn value(
        &self,
        required: &[bool],
        plan: Option<&Plan<'a>>,
        value: &mut Value,
        failed: Option<&Failures<'_>>,
    ) -> bool {
        let (is_required, items) = required.split_first().map_or((false, required), |(first, rest)| (*first, rest));
        let stands = match (&mut *value, plan) {
            (Value::List(list), _) if !items.is_empty() => list
                .iter_mut()
                .enumerate()
                .all(|(index, item)| self.value(items, plan, item, failed.and_then(|failed| failed.item(index)))),
            (Value::Object(object), Some(plan)) if items.is_empty() => {
                let entries = self.planner.entries(plan, object, failed);
                self.object(&entries, object, failed)
            }
            (Value::Null, Some(plan)) if items.is_empty() => return self.null(is_required, plan, value, failed),
            (Value::Null, _) => failed.is_none(),
            _ => true,
        };
        if !stands {
            *value = Value::Null;
        }
        stands || !is_required
    }

    fn object(&self, entries: &[Entry<'a>], object: &mut Object, failed: Option<&Failures<'_>>) -> bool {
        let mut next = 0;
        for entry in entries {
            let failed = failed.and_then(|failed| failed.field(entry.key));
            let found = match object.get_index(next) {
                Some((key, _)) if key == entry.key => Some(next),
                _ => object.get_index_of(entry.key.as_str()),
            };
            let found = match (found, failed) {
                (Some(found), _) => found,
                (None, Some(_)) => object.insert_full(entry.key.clone(), Value::Null).0,
                (None, None) => continue,
            };
            object.swap_indices(next, found);
            let Some((_, value)) = object.get_index_mut(next) else { continue };
            if !self.value(entry.required, entry.below.as_ref(), value, failed) {
                return false;
            }
            next += 1;
        }
        true
    }

    /// Null in the place of an object is null indeed, or an object without any key: it was asked for none, or all failed.
    fn null(&self, is_required: bool, plan: &Plan<'a>, value: &mut Value, failed: Option<&Failures<'_>>) -> bool {
        let mut object = Object::new();
        match failed {
            None if is_required => *value = Value::Object(object),
            None => {}
            Some(failed) if failed.ends => return !is_required,
            Some(_) => {
                let entries = self.planner.entries(plan, &object, failed);
                if !fits(&entries, &object, failed) || !self.object(&entries, &mut object, failed) {
                    return !is_required;
                }
                *value = Value::Object(object);
            }
        }
        true
    }
}
