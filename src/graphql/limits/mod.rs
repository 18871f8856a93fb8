//! What a document may ask, decided before anything is executed: length, depth, aliases, root fields, cost.
//!
//! Cost is one point for each field with a selection, or what `@cost` says of a field, times the size of every list above it
//! (`@listSize`; the IBM GraphQL Cost Directive specification has both). Introspection is exempt from depth and cost, because
//! every client generator needs it.

mod spread;
mod text;
mod types;

use async_graphql::Variables;
use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value};

use crate::config::GraphqlLimits;
use crate::kernel::error::Error;

use super::connection::MAX_PAGE;

pub use spread::check as document;
pub use text::check as text;
pub use types::{Known, TypeMap};

use text::at_most;
use types::ListSize;

/// Fragments within each other that are followed; the limit of levels, which is held first, never lets so many through.
const FRAGMENT_NESTING: usize = 256;

/// Values that introspection may give: twice what client generators ask for.
const MOST_INTROSPECTED: usize = 300_000;

/// How long the lists of introspection are, about.
fn introspected(field: &str) -> usize {
    match field {
        "types" => 120,
        "fields" | "inputFields" | "enumValues" | "possibleTypes" => 10,
        "directives" => 8,
        "args" | "interfaces" => 2,
        _ => 1,
    }
}

/// Root fields that tell what the schema is.
const SCHEMA_FIELDS: [&str; 3] = ["__schema", "__type", "_service"];

/// What an operation was found to ask.
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
    /// Whether some are; `__typename` is not.
    pub asks_schema: bool,
    /// Levels at which introspection opens lists within lists.
    pub introspection: usize,
}

/// Measures the operation that would run and refuses it when it passes a limit. The document was held against its own limits
/// before.
///
/// # Errors
/// `TooCostly` naming the limit, what it is and what was asked.
pub fn operation_within(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
    types: &TypeMap,
    limits: &GraphqlLimits,
) -> Result<Measured, Error> {
    at_most("variables", limits.variables, variables.len())?;
    let root = types.root(operation.ty);
    let most_values = limits.values.max(MOST_INTROSPECTED);
    let mut walk =
        Walk { document, operation, variables, types, found: Measured::default(), budget: limits.cost, most_values };
    let set = &operation.selection_set.node;
    walk.found.cost = walk.selection(set, root, At { times: 1, depth: 1, nesting: 0 }, None);
    walk.found.root_fields = walk.count_roots(set, 0, &|_| true);
    walk.found.data_fields = walk.count_roots(set, 0, &|name| !name.starts_with("__"));
    walk.found.asks_schema = walk.count_roots(set, 0, &|name| SCHEMA_FIELDS.contains(&name)) > 0;
    let found = walk.found;
    at_most("depth", limits.depth, found.depth)?;
    at_most("aliases", limits.aliases, found.aliases)?;
    at_most("root fields", limits.root_fields, found.root_fields)?;
    at_most("cost", limits.cost, found.cost)?;
    at_most("introspection levels", limits.introspection_lists, found.introspection)?;
    let most_values = if found.asks_schema { most_values } else { limits.values };
    at_most("values", most_values, found.values)?;
    Ok(found)
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    types: &'a TypeMap,
    found: Measured,
    budget: usize,
    most_values: usize,
}

/// Where a selection stands.
#[derive(Clone, Copy)]
struct At {
    /// Objects that have it.
    times: usize,
    depth: usize,
    /// Fragments within each other.
    nesting: usize,
}

/// Fields of a selection that are lists of a size that was given above.
type Sized<'s> = Option<(&'s [String], usize)>;

impl<'a> Walk<'a> {
    /// Cost of one selection set.
    fn selection(&mut self, set: &SelectionSet, parent: &str, at: At, sized: Sized<'_>) -> usize {
        let mut cost = 0_usize;
        for selection in &set.items {
            // Past the budget the answer is known; going on would only cost time.
            if cost > self.budget || at.nesting > FRAGMENT_NESTING {
                break;
            }
            let within = At { nesting: at.nesting + 1, ..at };
            cost = cost.saturating_add(match &selection.node {
                Selection::Field(field) => self.field(&field.node, parent, at, sized),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map_or(parent, |on| on.node.on.node.as_str());
                    self.selection(&fragment.node.selection_set.node, on, within, sized)
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) else { continue };
                    let on = fragment.node.type_condition.node.on.node.as_str();
                    self.selection(&fragment.node.selection_set.node, on, within, sized)
                }
            });
        }
        cost
    }

    fn field(&mut self, field: &Field, parent: &str, at: At, sized: Sized<'_>) -> usize {
        if field.alias.is_some() {
            self.found.aliases += 1;
        }
        let (name, set) = (field.name.node.as_str(), &field.selection_set.node);
        if name.starts_with("__") {
            self.found.values = self.found.values.saturating_add(at.times);
            let levels = self.introspection(set, at);
            self.found.introspection = self.found.introspection.max(levels);
            return 0;
        }
        self.found.depth = self.found.depth.max(at.depth);
        // Validation says what is wrong with a name that is none.
        let Some(known) = self.types.field(parent, name) else { return at.times };
        let size = self.size(field, known, sized);
        let times = at.times.saturating_mul(size.0);
        if set.items.is_empty() {
            self.found.values = self.found.values.saturating_add(times);
            return times.saturating_mul(known.weight.unwrap_or(0));
        }
        let own = times.saturating_mul(known.weight.unwrap_or(1));
        own.saturating_add(self.selection(set, known.type_name, At { times, depth: at.depth + 1, ..at }, size.1))
    }

    /// How many a field gives, and which fields below it are lists of how many.
    fn size(&self, field: &Field, known: Known<'a>, sized: Sized<'_>) -> (usize, Sized<'a>) {
        let given = sized.filter(|(fields, _)| fields.iter().any(|name| field.name.node == name.as_str()));
        match (given, known.size) {
            (Some((_, items)), _) => (items, None),
            (None, Some(size)) if size.sized.is_empty() => (self.items(field, size), None),
            (None, Some(size)) => (1, Some((&size.sized, self.items(field, size)))),
            (None, None) => (1, None),
        }
    }

    /// As many as an argument says: a number, up to a page, or as many as a list has.
    fn items(&self, field: &Field, size: &ListSize) -> usize {
        let given = size.slicing.iter().find_map(|name| match self.argument(field, name)? {
            Value::Number(number) => number.as_u64().and_then(|n| usize::try_from(n).ok()).map(|n| n.min(MAX_PAGE)),
            Value::List(items) => Some(items.len()),
            _ => None,
        });
        given.unwrap_or(size.assumed)
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

    /// Introspection: its aliases, how many values it can give, and at how many levels lists of fields lie within lists. Each
    /// such level may hold every type again, so the sizes of its lists are those of the schema itself.
    fn introspection(&mut self, set: &SelectionSet, at: At) -> usize {
        let mut deepest = 0;
        for selection in &set.items {
            if at.nesting > FRAGMENT_NESTING || self.found.values > self.most_values {
                return deepest;
            }
            let within = At { nesting: at.nesting + 1, ..at };
            let levels = match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    self.found.aliases += usize::from(field.alias.is_some());
                    let name = field.name.node.as_str();
                    let times = at.times.saturating_mul(introspected(name));
                    self.found.values = self.found.values.saturating_add(times);
                    let opens = matches!(name, "fields" | "inputFields" | "interfaces" | "possibleTypes");
                    usize::from(opens) + self.introspection(&field.selection_set.node, At { times, ..within })
                }
                Selection::InlineFragment(inline) => self.introspection(&inline.node.selection_set.node, within),
                Selection::FragmentSpread(spread) => match self.document.fragments.get(&spread.node.fragment_name.node)
                {
                    Some(fragment) => self.introspection(&fragment.node.selection_set.node, within),
                    None => 0,
                },
            };
            deepest = deepest.max(levels);
        }
        deepest
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

/// The name of an operation of a document.
#[must_use]
pub fn name_of(document: &ExecutableDocument, operation: &OperationDefinition) -> Option<Name> {
    let mut operations = document.operations.iter();
    operations.find(|(_, one)| std::ptr::eq(&one.node, operation)).and_then(|(name, _)| name.cloned())
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

#[cfg(test)]
mod tests;
