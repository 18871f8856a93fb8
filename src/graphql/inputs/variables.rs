//! The variables of an operation.

use async_graphql::parser::types::OperationDefinition;
use async_graphql::{Value, Variables};

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

/// A value with variables put in; what is left out is left out of objects, and null elsewhere.
pub(super) fn filled(value: &async_graphql_value::Value, given: &Variables) -> Value {
    use async_graphql_value::Value as Written;
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
