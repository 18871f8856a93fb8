//! The variables of an operation.

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Value, Variables};
use async_graphql_value::Value as Written;

use crate::kernel::error::Error;

use super::{InputTypes, Judge, Sizes};

/// Holds the values of variables against their declared types. Those that were left out have their defaults already; those
/// that are not declared are nobody's.
///
/// # Errors
/// `Invalid` naming each fault by its path, from `variables` on.
pub fn variables(
    operation: &OperationDefinition,
    given: &Variables,
    types: &InputTypes,
    sizes: Sizes,
) -> Result<(), Error> {
    let mut judge = Judge::new(types, sizes);
    judge.at("variables", |judge| {
        for definition in operation.variable_definitions.iter().map(|definition| &definition.node) {
            let ty = &definition.var_type.node;
            judge.at(&definition.name.node, |judge| match given.get(&definition.name.node) {
                Some(value) => judge.value(ty, value),
                None if !ty.nullable => judge.fault("must be given"),
                None => {}
            });
        }
    });
    if judge.faults.is_empty() { Ok(()) } else { Err(Error::Invalid(judge.faults)) }
}

/// A document in which what a variable stands for that was left out is left out too (October 2021, section 6.4.1): to the
/// executor it would be null, and null removes what nothing leaves alone.
#[must_use]
pub fn without_missing(mut document: ExecutableDocument, given: &Variables) -> ExecutableDocument {
    let operations = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    for operation in operations {
        leave_out(&mut operation.node.selection_set.node, given);
    }
    for fragment in document.fragments.values_mut() {
        leave_out(&mut fragment.node.selection_set.node, given);
    }
    document
}

fn leave_out(set: &mut SelectionSet, given: &Variables) {
    for selection in &mut set.items {
        match &mut selection.node {
            Selection::Field(field) => {
                field.node.arguments.retain_mut(|(_, value)| is_there(&mut value.node, given));
                leave_out(&mut field.node.selection_set.node, given);
            }
            Selection::InlineFragment(fragment) => leave_out(&mut fragment.node.selection_set.node, given),
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// Whether a value is there, without what is not there within it.
fn is_there(value: &mut Written, given: &Variables) -> bool {
    match value {
        Written::Variable(name) => return given.contains_key(name),
        Written::List(items) => items.iter_mut().for_each(|item| {
            is_there(item, given);
        }),
        Written::Object(fields) => fields.retain(|_, value| is_there(value, given)),
        _ => {}
    }
    true
}

/// A value with variables put in; what is left out is left out of objects, and null elsewhere.
pub(super) fn filled(value: &Written, given: &Variables) -> Value {
    match value {
        Written::Variable(name) => given.get(name).cloned().unwrap_or_default(),
        Written::List(items) => Value::List(items.iter().map(|item| filled(item, given)).collect()),
        Written::Object(fields) => {
            let is_there = |value: &Written| !matches!(value, Written::Variable(name) if !given.contains_key(name));
            let fields = fields.iter().filter(|(_, value)| is_there(value));
            Value::Object(fields.map(|(name, value)| (name.clone(), filled(value, given))).collect())
        }
        written => written.clone().into_const().unwrap_or_default(),
    }
}
