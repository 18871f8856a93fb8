//! The rules for `__typename`: the validator of `async-graphql` looks at nothing of such a field.

use std::collections::HashSet;

use async_graphql::ServerError;
use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql_value::Value;

/// Refuses arguments, selections and unknown directives on `__typename`.
pub(super) fn check(document: &ExecutableDocument) -> Result<(), Vec<ServerError>> {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).try_for_each(set)
}

fn set(of: &SelectionSet) -> Result<(), Vec<ServerError>> {
    of.items.iter().try_for_each(|selection| match &selection.node {
        Selection::Field(field) if field.node.name.node == "__typename" => {
            let fault = fault(&field.node);
            fault.map_or(Ok(()), |message| Err(vec![ServerError::new(message, Some(field.pos))]))
        }
        Selection::Field(field) => set(&field.node.selection_set.node),
        Selection::InlineFragment(fragment) => set(&fragment.node.selection_set.node),
        // Each fragment is walked by itself.
        Selection::FragmentSpread(_) => Ok(()),
    })
}

fn fault(field: &Field) -> Option<&'static str> {
    let mut seen = HashSet::new();
    let is_known = |name: &str, count: usize| matches!(name, "skip" | "include") && count == 1;
    if !field.arguments.is_empty() {
        return Some("`__typename` has no arguments");
    }
    if !field.selection_set.node.items.is_empty() {
        return Some("`__typename` has no fields");
    }
    field.directives.iter().map(|directive| &directive.node).find_map(|directive| {
        let condition = directive.get_argument("if").map(|value| &value.node);
        if !is_known(&directive.name.node, directive.arguments.len()) {
            Some("`__typename` has an unknown directive")
        } else if !matches!(condition, Some(Value::Boolean(_) | Value::Variable(_))) {
            Some("`__typename` has a directive whose `if` is no Boolean")
        } else if !seen.insert(&directive.name.node) {
            Some("`__typename` has a directive twice")
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    #[test]
    fn typename_is_a_field_like_others() {
        for (text, is_good) in [
            ("{ __typename }", true),
            ("query($x: Boolean!) { a: __typename @skip(if: $x) @include(if: true) }", true),
            ("{ __typename @x }", false),
            ("{ __typename @skip }", false),
            ("{ __typename @skip(if: 1) }", false),
            ("{ __typename @skip(unless: true) }", false),
            ("{ __typename @skip(if: true) @skip(if: false) }", false),
            ("{ __typename(a: 1) }", false),
            ("{ a { ... { b { __typename { c } } } } }", false),
            ("{ ...F } fragment F on Query { __typename @x }", false),
        ] {
            let document = parse_query(text).expect("a document");
            assert_eq!(super::check(&document).is_ok(), is_good, "{text}");
        }
    }
}
