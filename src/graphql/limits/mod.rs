//! What a document may ask, decided before anything is executed: depth, aliases, root fields, cost.
//!
//! Cost is one point for each object field, times the page size of every list above it. Introspection is exempt from
//! depth and cost, because every client generator needs it.

mod nesting;
mod spread;
mod types;

use async_graphql::Variables;
use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Value};

use crate::config::GraphqlLimits;
use crate::kernel::error::{Error, Excess};

use super::connection::{DEFAULT_PAGE, MAX_PAGE};

pub use nesting::check as nesting;
pub use types::TypeMap;

/// Fragments within fragments that are followed.
const FRAGMENT_NESTING: usize = 32;

/// What a document was found to ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Measured {
    /// Levels of nesting.
    pub depth: usize,
    /// Aliases.
    pub aliases: usize,
    /// Root fields.
    pub root_fields: usize,
    /// Points.
    pub cost: usize,
    /// Values in the answer, at most: leaves times the page sizes above them.
    pub values: usize,
    /// Root fields that are not about the schema itself.
    pub data_fields: usize,
    /// Levels at which introspection opens lists within lists.
    pub introspection: usize,
}

/// Most values in an answer.
const MOST_VALUES: usize = 100_000;
/// Most levels at which introspection opens lists within lists; the queries of client generators need one.
const MOST_INTROSPECTION: usize = 3;

/// Measures the operation that would run and refuses it when it passes a limit.
///
/// # Errors
/// `TooCostly` naming the limit, what it is and what was asked; `Invalid` for fragments that contain themselves.
pub fn check(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
    types: &TypeMap,
    limits: &GraphqlLimits,
) -> Result<Measured, Error> {
    spread::check(document)?;
    let root = types.root(operation.ty);
    let mut walk = Walk { document, operation, variables, types, found: Measured::default(), budget: limits.cost };
    let cost = walk.selection(&operation.selection_set.node, root, 1, 1, 0);
    walk.found.cost = cost;
    walk.found.root_fields = walk.count_roots(&operation.selection_set.node, 0, &|_| true);
    walk.found.data_fields = walk.count_roots(&operation.selection_set.node, 0, &|name| !name.starts_with("__"));
    let found = walk.found;
    for (limit, allowed, asked) in [
        ("depth", limits.depth, found.depth),
        ("aliases", limits.aliases, found.aliases),
        ("root fields", limits.root_fields, found.root_fields),
        ("cost", limits.cost, found.cost),
        ("values", MOST_VALUES, found.values),
        ("introspection levels", MOST_INTROSPECTION, found.introspection),
    ] {
        if asked > allowed {
            return Err(Error::TooCostly(Excess { limit, allowed, asked }));
        }
    }
    Ok(found)
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    types: &'a TypeMap,
    found: Measured,
    budget: usize,
}

impl Walk<'_> {
    /// Cost of one selection set for one object, times `times`.
    fn selection(&mut self, set: &SelectionSet, parent: &str, times: usize, depth: usize, nesting: usize) -> usize {
        let mut cost = 0_usize;
        for selection in &set.items {
            // Past the budget the answer is known; going on would only cost time.
            if cost > self.budget || nesting > FRAGMENT_NESTING {
                break;
            }
            cost = cost.saturating_add(match &selection.node {
                Selection::Field(field) => self.field(&field.node, parent, times, depth, nesting),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map_or(parent, |on| on.node.on.node.as_str());
                    self.selection(&fragment.node.selection_set.node, on, times, depth, nesting + 1)
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) else { continue };
                    let on = fragment.node.type_condition.node.on.node.as_str();
                    self.selection(&fragment.node.selection_set.node, on, times, depth, nesting + 1)
                }
            });
        }
        cost
    }

    fn field(&mut self, field: &Field, parent: &str, times: usize, depth: usize, nesting: usize) -> usize {
        if field.alias.is_some() {
            self.found.aliases += 1;
        }
        let name = field.name.node.as_str();
        if name.starts_with("__") {
            self.found.values = self.found.values.saturating_add(times);
            let lists = self.introspection(&field.selection_set.node, 0);
            self.found.introspection = self.found.introspection.max(lists);
            return 0;
        }
        self.found.depth = self.found.depth.max(depth);
        if field.selection_set.node.items.is_empty() {
            self.found.values = self.found.values.saturating_add(times);
            return 0;
        }
        let Some(known) = self.types.field(parent, name) else { return times };
        let times_below = match known.page_arguments {
            // A connection passes its size on to what it wraps; `edges` and `nodes` are those items, not more of them.
            true => times.saturating_mul(self.page_size(field)),
            false if known.is_list && !parent.ends_with("Connection") => times.saturating_mul(self.list_size(field)),
            false => times,
        };
        let own = if known.page_arguments || parent.ends_with("Connection") { times } else { times_below };
        own.saturating_add(self.selection(&field.selection_set.node, known.type_name, times_below, depth + 1, nesting))
    }

    fn page_size(&self, field: &Field) -> usize {
        let asked = ["first", "last"].into_iter().find_map(|name| self.number(field, name));
        asked.unwrap_or(DEFAULT_PAGE).min(MAX_PAGE)
    }

    /// A plain list counts by the list of ids it is asked for, else by what such lists hold at most in practice.
    fn list_size(&self, field: &Field) -> usize {
        match self.argument(field, "ids") {
            Some(Value::List(ids)) => ids.len().min(MAX_PAGE),
            _ => types::ASSUMED_LIST,
        }
    }

    fn number(&self, field: &Field, name: &str) -> Option<usize> {
        match self.argument(field, name)? {
            Value::Number(number) => number.as_u64().and_then(|n| usize::try_from(n).ok()),
            _ => None,
        }
    }

    /// The value of an argument with variables and their defaults put in.
    fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        let (_, value) = field.arguments.iter().find(|(argument, _)| argument.node == name)?;
        let variable = |name: Name| -> Result<Value, ()> {
            if let Some(given) = self.variables.get(&name) {
                return Ok(given.clone());
            }
            let definition = self.operation.variable_definitions.iter().find(|d| d.node.name.node == name);
            definition.and_then(|d| d.node.default_value.as_ref()).map(|default| default.node.clone()).ok_or(())
        };
        value.node.clone().into_const_with(variable).ok()
    }

    /// Lists within lists of introspection: each level may hold every type again.
    fn introspection(&self, set: &SelectionSet, nesting: usize) -> usize {
        if nesting > FRAGMENT_NESTING {
            return 0;
        }
        let below = |selection: &Positioned<Selection>| match &selection.node {
            Selection::Field(field) => {
                let is_list =
                    matches!(field.node.name.node.as_str(), "fields" | "inputFields" | "interfaces" | "possibleTypes");
                usize::from(is_list) + self.introspection(&field.node.selection_set.node, nesting + 1)
            }
            Selection::InlineFragment(inline) => self.introspection(&inline.node.selection_set.node, nesting + 1),
            Selection::FragmentSpread(spread) => self
                .document
                .fragments
                .get(&spread.node.fragment_name.node)
                .map_or(0, |fragment| self.introspection(&fragment.node.selection_set.node, nesting + 1)),
        };
        set.items.iter().map(below).max().unwrap_or(0)
    }

    fn count_roots(&self, set: &SelectionSet, nesting: usize, counts: &dyn Fn(&str) -> bool) -> usize {
        if nesting > FRAGMENT_NESTING {
            return 0;
        }
        let count = |selection: &Positioned<Selection>| match &selection.node {
            Selection::Field(field) => usize::from(counts(field.node.name.node.as_str())),
            Selection::InlineFragment(fragment) => {
                self.count_roots(&fragment.node.selection_set.node, nesting + 1, counts)
            }
            Selection::FragmentSpread(spread) => self
                .document
                .fragments
                .get(&spread.node.fragment_name.node)
                .map_or(0, |fragment| self.count_roots(&fragment.node.selection_set.node, nesting + 1, counts)),
        };
        set.items.iter().map(count).fold(0, usize::saturating_add)
    }
}

/// The operation of a document that would run.
///
/// # Errors
/// `Invalid` when the name names none, or none is named among several.
pub fn operation<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Result<&'a OperationDefinition, Error> {
    let mut operations = document.operations.iter();
    let found = match name {
        Some(name) => operations.find(|(own, _)| own.is_some_and(|own| own == name)),
        None => operations.next().filter(|_| operations.next().is_none()),
    };
    found
        .map(|(_, operation)| &operation.node)
        .ok_or_else(|| Error::invalid("operationName", "must name one of the document's operations"))
}

/// Whether an operation may be sent by GET.
#[must_use]
pub fn is_query(operation: &OperationDefinition) -> bool {
    operation.ty == OperationType::Query
}

#[cfg(test)]
mod tests;
