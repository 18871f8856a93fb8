//! Tables over a small schema.

use async_graphql::Variables;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::Selection;
use serde_json::{Value, json};

use super::*;
use crate::graphql::limits::{TypeMap, operation};
use crate::kernel::error::Error;

const SDL: &str = "
type Query { find(window: Window, ids: [ID!], grid: [[Int]], kind: Kind, choice: Choice, at: DateTime, n: Int = 3): Int own: Query }
input Window { from: DateTime! to: DateTime kind: Kind = OPEN deep: Window names: [String!] }
input Choice @oneOf { id: ID name: String }
enum Kind { OPEN SHUT }
scalar DateTime
";

const SIZES: Sizes = Sizes { list: 3, string: 30 };

fn types() -> InputTypes {
    InputTypes::of(SDL).expect("an SDL")
}

fn told(outcome: Result<(), Error>) -> Vec<String> {
    match outcome {
        Ok(()) => Vec::new(),
        Err(Error::Invalid(faults)) => {
            faults.iter().map(|fault| format!("{}: {}", fault.field.join("."), fault.rule)).collect()
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// What is wrong with one variable of a type.
fn variable(ty: &str, value: &Value) -> Vec<String> {
    let document = parse_query(format!("query($v: {ty}) {{ own {{ find }} }}")).expect("a document");
    let given = Variables::from_json(json!({ "v": value }));
    told(variables(operation(&document, None).expect("one"), &given, &types(), SIZES))
}

/// What is wrong with the arguments of `find`.
fn argument(text: &str, given: Value) -> Vec<String> {
    let document = parse_query(format!("{{ own {{ find({text}) }} }}")).expect("a document");
    let outputs = TypeMap::of(SDL).expect("an SDL");
    match arguments(&document, &outputs, &types(), SIZES) {
        Ok(found) => {
            let operation = operation(&document, None).expect("one");
            told(late(&found, None, operation, &Variables::from_json(given), &types(), SIZES))
        }
        Err(error) => told(Err(error)),
    }
}

const FROM: &str = "2026-03-29T07:00:00Z";
const INSTANT: &str = "must be an instant with an offset, like 2026-03-29T07:00:00Z";

#[test]
fn variables_that_fit_are_taken() {
    for (ty, value) in [
        ("Int", json!(null)),
        ("Int", json!(2_147_483_647)),
        ("Float", json!(1)),
        ("ID!", json!(1)),
        ("ID!", json!("x")),
        ("[ID!]", json!("one stands for a list of one")),
        ("[[Int]]", json!([[1, null], null, 2])),
        ("Kind", json!("SHUT")),
        ("Window!", json!({ "from": FROM })),
        ("Window", json!({ "from": FROM, "to": null, "deep": { "from": FROM, "names": ["a"] } })),
        ("Choice", json!({ "id": "x" })),
    ] {
        assert_eq!(variable(ty, &value), Vec::<String>::new(), "{ty} {value}");
    }
}

#[test]
fn fault_of_a_variable_is_named_by_its_path() {
    let instant = format!("variables.v.deep.from: {INSTANT}");
    for (ty, value, wanted) in [
        ("Int!", json!(null), "variables.v: must not be null"),
        ("Int", json!("1"), "variables.v: must be a whole number of 32 bits"),
        ("Int", json!(2_147_483_648_u64), "variables.v: must be a whole number of 32 bits"),
        ("Int", json!(1.5), "variables.v: must be a whole number of 32 bits"),
        ("String", json!("a\0b"), "variables.v: must not contain a null character"),
        ("ID", json!("a\0b"), "variables.v: must not contain a null character"),
        ("ID", json!(true), "variables.v: must be an id"),
        ("String", json!("ä".repeat(16)), "variables.v: must have at most 30 bytes"),
        ("ID", json!("x".repeat(31)), "variables.v: must have at most 30 bytes"),
        ("Boolean", json!(1), "variables.v: must be true or false"),
        ("[ID!]", json!(["a", null]), "variables.v.1: must not be null"),
        ("[ID!]", json!([1, 2, 3, 4]), "variables.v: must have at most 3 items"),
        ("[[Int]]", json!([[1], [1, 2, 3, 4]]), "variables.v.1: must have at most 3 items"),
        ("Kind", json!("AJAR"), "variables.v: must be one of the values of Kind"),
        ("Kind", json!(1), "variables.v: must be one of the values of Kind"),
        ("Window", json!("x"), "variables.v: must be an object"),
        ("Window", json!({}), "variables.v.from: must be given"),
        ("Window", json!({ "from": FROM, "deep": { "from": "soon" } }), instant.as_str()),
        ("Window", json!({ "from": FROM, "till": 1 }), "variables.v.till: must be left out: there is no such field"),
        ("Choice", json!({}), "variables.v: must have exactly one of its fields, and not null"),
        ("Choice", json!({ "id": "x", "name": "y" }), "variables.v: must have exactly one of its fields, and not null"),
        ("Choice", json!({ "id": null }), "variables.v: must have exactly one of its fields, and not null"),
    ] {
        assert_eq!(variable(ty, &value), [wanted], "{ty} {value}");
    }
}

#[test]
fn every_fault_is_told_up_to_a_bound() {
    let bad = json!({ "to": 1, "kind": 1, "names": 1 });
    assert_eq!(variable("Window", &bad).len(), 4);
    let document = parse_query(format!(
        "query({}) {{ own {{ find }} }}",
        (0..50).map(|n| format!("$v{n}: Int! ")).collect::<String>()
    ));
    let document = document.expect("a document");
    let faults = told(variables(operation(&document, None).expect("one"), &Variables::default(), &types(), SIZES));
    assert_eq!(faults.len(), MOST_FAULTS);
    assert_eq!(faults[0], "variables.v0: must be given");
}

#[test]
fn values_of_other_operations_are_not_judged() {
    let text = "query A { own { find } } query B($x: ID!) { own { find(ids: [$x]) ...F } }
        fragment F on Query { find(choice: { id: $x }) }";
    let document = parse_query(text).expect("a document");
    let found = arguments(&document, &TypeMap::of(SDL).expect("an SDL"), &types(), SIZES).expect("nothing yet");
    let judged = |name: &str| {
        let chosen = operation(&document, Some(name)).expect("one");
        told(late(&found, Some(&Name::new(name)), chosen, &Variables::default(), &types(), SIZES)).len()
    };
    assert_eq!((judged("A"), judged("B")), (0, 2));
}

#[test]
fn values_written_into_a_document_are_judged_too() {
    let at = format!("at: {INSTANT}");
    for (text, given, wanted) in [
        ("at: \"2026-03-29T07:00:00Z\", n: 4, kind: OPEN, grid: 1", json!({}), None),
        ("at: \"soon\"", json!({}), Some(at.as_str())),
        ("ids: [1, 2, 3, 4]", json!({}), Some("ids: must have at most 3 items")),
        (
            "choice: { id: 1, name: \"x\" }",
            json!({}),
            Some("choice: must have exactly one of its fields, and not null"),
        ),
        ("choice: { id: $x }", json!({ "x": "1" }), None),
        ("choice: { id: $x }", json!({}), Some("choice: must have exactly one of its fields, and not null")),
        ("choice: { id: $x }", json!({ "x": null }), Some("choice: must have exactly one of its fields, and not null")),
        ("window: { from: $x }", json!({ "x": FROM }), None),
        (
            "window: { from: $x, names: [$y] }",
            json!({ "x": FROM, "y": "a\0" }),
            Some("window.names.0: must not contain a null character"),
        ),
        ("ids: [$x, $x, $x, $x]", json!({ "x": 1 }), Some("ids: must have at most 3 items")),
        ("ids: $x", json!({ "x": 1 }), None),
    ] {
        let wanted: Vec<String> = wanted.map(str::to_owned).into_iter().collect();
        assert_eq!(argument(text, given.clone()), wanted, "{text} {given}");
    }
}

#[test]
fn what_was_left_out_is_left_out_and_not_null() {
    let text = "query($a: ID, $b: ID) { own { find(ids: [$a, $b], n: $a, choice: { id: $a, name: $b }) ...F } }
        fragment F on Query { find(n: $a, ids: $b) }";
    let document = parse_query(text).expect("a document");
    let left = without_missing(document, &Variables::from_json(json!({ "b": null })));
    let shown = format!("{left:?}");
    let own = &operation(&left, None).expect("one").selection_set.node.items[0].node;
    let Selection::Field(own) = own else { panic!("{shown}") };
    let Selection::Field(find) = &own.node.selection_set.node.items[0].node else { panic!("{shown}") };
    let arguments: Vec<String> =
        find.node.arguments.iter().map(|(name, value)| format!("{}: {}", name.node, value.node)).collect();
    assert_eq!(arguments, ["ids: [$a, $b]", "choice: {name: $b}"]);
    let fragment = &left.fragments[&Name::new("F")].node.selection_set.node.items[0].node;
    let Selection::Field(find) = fragment else { panic!("{shown}") };
    let names: Vec<&str> = find.node.arguments.iter().map(|(name, _)| name.node.as_str()).collect();
    assert_eq!(names, ["ids"]);
}
