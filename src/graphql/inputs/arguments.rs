//! Values that are written into a document. Those without variables are judged once, with the document; those that hold
//! variables inside are judged with each request.

use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet, Type};
use async_graphql::{Name, Variables};
use async_graphql_value::Value as Written;

use crate::graphql::limits::TypeMap;
use crate::kernel::error::Error;

use super::variables::filled;
use super::{InputTypes, Judge, Sizes};

/// An argument that holds variables inside a list or an object.
#[derive(Clone, Debug)]
pub struct Late {
    /// The operation it is written in; `None` in a fragment.
    operation: Option<Option<Name>>,
    name: Name,
    ty: Type,
    value: Written,
}

/// Holds the arguments of all fields of a document against their types. Answers those that only the variables of a request
/// can complete.
///
/// # Errors
/// `Invalid` naming each fault by its path, from the argument on.
pub fn arguments(
    document: &ExecutableDocument,
    outputs: &TypeMap,
    types: &InputTypes,
    sizes: Sizes,
) -> Result<Vec<Late>, Error> {
    let mut walk = Walk { outputs, judge: Judge::new(types, sizes), late: Vec::new(), operation: None };
    for (name, operation) in document.operations.iter() {
        walk.operation = Some(name.cloned());
        walk.set(&operation.node.selection_set.node, outputs.root(operation.node.ty));
    }
    walk.operation = None;
    for fragment in document.fragments.values() {
        walk.set(&fragment.node.selection_set.node, &fragment.node.type_condition.node.on.node);
    }
    if walk.judge.faults.is_empty() { Ok(walk.late) } else { Err(Error::Invalid(walk.judge.faults)) }
}

/// Holds the arguments of an operation, and of the fragments that are meant for it, against their types now that the variables
/// are known. A fragment with a variable that the operation does not declare is meant for another.
///
/// # Errors
/// As [`arguments`].
pub fn late(
    late: &[Late],
    name: Option<&Name>,
    operation: &OperationDefinition,
    given: &Variables,
    types: &InputTypes,
    sizes: Sizes,
) -> Result<(), Error> {
    let mut judge = Judge::new(types, sizes);
    let declares = |wanted: &Name| operation.variable_definitions.iter().any(|it| it.node.name.node == *wanted);
    let is_meant = |late: &&Late| match &late.operation {
        Some(own) => own.as_ref() == name,
        None => are_all(&late.value, &declares),
    };
    for Late { name, ty, value, .. } in late.iter().filter(is_meant) {
        judge.at(name, |judge| judge.value(ty, &filled(value, given)));
    }
    if judge.faults.is_empty() { Ok(()) } else { Err(Error::Invalid(judge.faults)) }
}

struct Walk<'a> {
    outputs: &'a TypeMap,
    judge: Judge<'a>,
    late: Vec<Late>,
    operation: Option<Option<Name>>,
}

impl Walk<'_> {
    fn set(&mut self, set: &SelectionSet, parent: &str) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => self.field(&field.node, parent),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map_or(parent, |on| on.node.on.node.as_str());
                    self.set(&fragment.node.selection_set.node, on);
                }
                // Each fragment is walked by itself.
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn field(&mut self, field: &Field, parent: &str) {
        for (name, value) in &field.arguments {
            let Some(known) = self.judge.types.argument(parent, &field.name.node, &name.node) else { continue };
            match &value.node {
                // Where a variable stands for all of it, its declared type was compared by validation, which takes one with
                // a default for one that is never null.
                Written::Variable(_) if known.ty.nullable => {}
                written if has_variable(written) => {
                    let operation = self.operation.clone();
                    let late =
                        Late { operation, name: name.node.clone(), ty: known.ty.clone(), value: written.clone() };
                    self.late.push(late);
                }
                written => {
                    let value = filled(written, &Variables::default());
                    self.judge.at(&name.node, |judge| judge.value(&known.ty, &value));
                }
            }
        }
        if let Some(known) = self.outputs.field(parent, &field.name.node) {
            self.set(&field.selection_set.node, known.type_name);
        }
    }
}

/// Whether all variables in a value are such.
fn are_all(value: &Written, are: &impl Fn(&Name) -> bool) -> bool {
    match value {
        Written::Variable(name) => are(name),
        Written::List(items) => items.iter().all(|item| are_all(item, are)),
        Written::Object(fields) => fields.values().all(|value| are_all(value, are)),
        _ => true,
    }
}

fn has_variable(value: &Written) -> bool {
    match value {
        Written::Variable(_) => true,
        Written::List(items) => items.iter().any(has_variable),
        Written::Object(fields) => fields.values().any(has_variable),
        _ => false,
    }
}
