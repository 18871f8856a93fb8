//! Tables over a small schema.

use async_graphql::Variables;
use async_graphql::parser::parse_query;
use serde_json::json;

use super::{Measured, TypeMap, operation, operation_within};
use crate::config::GraphqlLimits;
use crate::kernel::error::Error;

const SDL: &str = "
type Query {
  providers(first: Int, after: String): ProviderConnection
    @listSize(assumedSize: 20, slicingArguments: [\"first\"], sizedFields: [\"edges\", \"nodes\"])
  nodes(ids: [ID!]!): [Provider]! @listSize(slicingArguments: [\"ids\"])
  report: Report @cost(weight: 20)
}
type Report { rows: [Row!]! @listSize(assumedSize: 10) @cost(weight: 2) total: Int! @cost(weight: 7) }
type Row { count: Int! }
type ProviderConnection { edges: [ProviderEdge!]! nodes: [Provider!]! pageInfo: PageInfo! }
type PageInfo { hasNextPage: Boolean! }
type ProviderEdge { node: Provider! cursor: ID! }
type Provider {
  id: ID!
  locations: [Location!]!
  slots(first: Int): SlotConnection
    @listSize(assumedSize: 20, slicingArguments: [\"first\"], sizedFields: [\"nodes\"])
}
type Location { id: ID! }
type SlotConnection { nodes: [Slot!]! }
type Slot { id: ID! provider: Provider! }
";

fn measure(text: &str, variables: serde_json::Value) -> Result<Measured, Error> {
    let limits =
        GraphqlLimits { aliases: 2, root_fields: 3, variables: 2, directives: 4, fragments: 101, ..Default::default() };
    let types = TypeMap::of(SDL).map_err(|e| Error::internal(e.to_string()))?;
    let document = parse_query(text).map_err(|e| Error::internal(e.to_string()))?;
    super::document(&document, &limits)?;
    operation_within(&document, operation(&document, None)?, &Variables::from_json(variables), &types, &limits)
}

fn cost(text: &str) -> Option<usize> {
    measure(text, json!({})).ok().map(|found| found.cost)
}

#[test]
fn cost_is_objects_times_page_sizes() {
    for (text, wanted) in [
        ("{ providers(first: 10) { edges { cursor } } }", 11),
        ("{ providers(first: 10) { nodes { id } } }", 11),
        ("{ providers { nodes { id } } }", 21),
        ("{ providers(first: 10) { edges { node { id } } } }", 21),
        ("{ providers(first: 10) { nodes { slots(first: 10) { nodes { id } } } } }", 121),
        ("{ providers(first: 10) { nodes { locations { id } } } }", 61),
        ("{ providers(first: 10) { pageInfo { hasNextPage } nodes { id } edges { cursor } } }", 22),
        ("{ nodes(ids: [1, 2, 3]) { id } }", 3),
        ("{ report { rows { count } } }", 20 + 10 * 2),
        ("{ report { total } }", 27),
        ("{ a: report { total } b: report { total } }", 54),
        ("{ __schema { types { name } } }", 0),
    ] {
        assert_eq!(cost(text), Some(wanted), "{text}");
    }
}

#[test]
fn introspection_is_bounded_in_aliases_and_values() {
    let bomb = |leaves: usize| {
        format!(
            "{{ __schema {{ types {{ interfaces {{ possibleTypes {{ fields {{ {} }} }} }} }} }} }}",
            "description ".repeat(leaves)
        )
    };
    assert!(measure(&bomb(1), json!({})).is_ok());
    for (text, limit) in [(bomb(20).as_str(), "values"), ("{ __schema { a: types { b: name c: kind } } }", "aliases")] {
        match measure(text, json!({})) {
            Err(Error::TooCostly(excess)) => assert_eq!(excess.limit, limit, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn page_size_in_a_variable_counts() {
    let text = "query ($n: Int = 7) { providers(first: $n) { nodes { id } } }";
    assert_eq!(measure(text, json!({})).ok().map(|m| m.cost), Some(8));
    assert_eq!(measure(text, json!({ "n": 90 })).ok().map(|m| m.cost), Some(91));
}

#[test]
fn excess_names_limit_allowed_and_asked() {
    let deep = format!(
        "{{ providers(first: 1) {{ nodes {{ {} id {} }} }} }}",
        "slots(first: 1) { nodes { provider { ".repeat(6),
        "} } }".repeat(6)
    );
    for (text, limit, allowed, asked) in [
        (deep.as_str(), "depth", 12, 21),
        ("{ a: __typename b: __typename c: __typename }", "aliases", 2, 3),
        ("{ __typename __typename __typename __typename }", "root fields", 3, 4),
        ("query($a: Int, $b: Int, $c: Int) { __typename }", "variables", 2, 3),
        ("{ __typename @a @b __typename @a @b @c }", "directives", 4, 5),
        ("query @a @b @c { ...F } fragment F on Query @a @b { __typename }", "directives", 4, 5),
        (
            "{ ...F ...F } fragment F on Query { __typename @a @b } fragment G on Query { __typename @a @b @c }",
            "directives",
            4,
            5,
        ),
        ("{ providers(first: 100) { nodes { slots(first: 100) { nodes { id } } } } }", "cost", 5_000, 10_201),
    ] {
        match measure(text, json!({})) {
            Err(Error::TooCostly(excess)) => {
                assert_eq!((excess.limit, excess.allowed, excess.asked), (limit, allowed, asked), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn fragments_count_where_they_are_spread_and_cycles_end() {
    let text =
        "{ providers(first: 10) { nodes { ...p } } } fragment p on Provider { slots(first: 2) { nodes { id } } }";
    assert_eq!(cost(text), Some(41));
    assert!(measure("{ providers { nodes { ...p } } } fragment p on Provider { ...p id }", json!({})).is_err());
}

#[test]
fn one_of_several_operations_must_be_named() {
    let named = |text: &str, name: Option<&str>| {
        parse_query(text).ok().is_some_and(|document| operation(&document, name).is_ok())
    };
    assert!(named("query a { x } query b { y }", Some("b")));
    assert!(!named("query a { x } query b { y }", None));
    assert!(!named("query a { x }", Some("z")));
}

#[test]
fn fragments_that_double_each_time_are_refused_at_once() {
    let doubled: String =
        (0..40).map(|n| format!("fragment F{n} on Query {{ ...F{m} ...F{m} }} ", m = n + 1)).collect();
    let text = format!("{{ ...F0 }} {doubled} fragment F40 on Query {{ __typename }}");
    let Err(Error::TooCostly(excess)) = measure(&text, json!({})) else { panic!("it was taken") };
    assert_eq!((excess.limit, excess.allowed), ("selections", 20_000));
}

#[test]
fn fragment_that_contains_itself_is_refused_at_once() {
    for fragments in [
        "fragment A on Query { ...A ...A }",
        "fragment A on Query { ...B ...B } fragment B on Query { x { ...A ... on Query { ...A } } }",
    ] {
        let found = measure(&format!("{{ ...A }} {fragments}"), json!({}));
        assert!(matches!(found, Err(Error::Invalid(_))), "{found:?}");
    }
}

#[test]
fn long_chain_of_fragments_is_refused() {
    let chain: String = (0..100).map(|n| format!("fragment F{n} on Query {{ ...F{m} }} ", m = n + 1)).collect();
    let text = format!("{{ ...F0 }} {chain} fragment F100 on Query {{ __typename }}");
    assert!(matches!(measure(&text, json!({})), Err(Error::TooCostly(excess)) if excess.limit == "levels"));
}
