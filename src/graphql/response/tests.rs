//! Tables over a small schema: what the executor gave, and what the specification wants.

use std::fmt::Write as _;
use std::time::Instant;

use async_graphql::{PathSegment, Request, Response, ServerError, Value, Variables};
use serde_json::json;

use super::{Asked, TypeMap};
use crate::graphql::documents::Document;

const SDL: &str = "
type Query { a: Int b: Int must: Int! thing: Thing things: [Thing!] loose: [Thing]! grid: [[Thing!]]! node: Node any: Any }
type Mutation { first: Thing second: Thing! }
type Subscription { events: Any! }
type Thing implements Node { id: ID! name: String size: Int! part: Part other: Part! x: Int }
type Part implements Node { id: ID! label: String thing: Thing! x: Int! }
interface Node { id: ID! }
type Plain { id: ID! name: String }
union Any = Thing | Part | Plain
";

/// Shapes `data` of a document, with errors at these paths, dots between the segments.
fn shaped(text: &str, variables: serde_json::Value, data: &str, failed: &[&str]) -> String {
    let types = TypeMap::of(SDL).expect("an SDL");
    let mut request = Request::new(text).variables(Variables::from_json(variables));
    let document = request.parsed_query().expect("a document").clone();
    let mut response = Response::new(serde_json::from_str::<Value>(data).expect("data"));
    response.errors = failed.iter().map(|path| ServerError::new("failed", None).with_path(path_of(path))).collect();
    Asked::of(&request, Document::parsed(document)).shape(&types, &mut response);
    serde_json::to_string(&response.data).expect("JSON")
}

fn path_of(path: &str) -> Vec<PathSegment> {
    let segment = |text: &str| text.parse().map_or_else(|_| PathSegment::Field(text.to_owned()), PathSegment::Index);
    path.split('.').filter(|text| !text.is_empty()).map(segment).collect()
}

/// Document, data, failed paths, wanted.
type Case = (&'static str, &'static str, &'static [&'static str], &'static str);

fn hold(cases: &[Case]) {
    for (text, data, failed, wanted) in cases {
        assert_eq!(shaped(text, json!({}), data, failed), *wanted, "{text} {data} {failed:?}");
    }
}

#[test]
fn keys_stand_in_the_order_of_the_document() {
    hold(&[
        ("{ a b }", r#"{"b":2,"a":1}"#, &[], r#"{"a":1,"b":2}"#),
        ("{ z: a y: b a }", r#"{"a":1,"y":2,"z":1}"#, &[], r#"{"z":1,"y":2,"a":1}"#),
        ("{ a } ", r#"{"u":0,"a":1,"v":2}"#, &[], r#"{"a":1,"u":0,"v":2}"#),
        (
            "{ loose { size id } thing { id } }",
            r#"{"thing":{"id":"t"},"loose":[{"id":"p","size":1},null,{"size":2,"id":"q"}]}"#,
            &[],
            r#"{"loose":[{"size":1,"id":"p"},null,{"size":2,"id":"q"}],"thing":{"id":"t"}}"#,
        ),
        (
            "{ grid { id name } }",
            r#"{"grid":[[{"name":"n","id":"p"}],null,[]]}"#,
            &[],
            r#"{"grid":[[{"id":"p","name":"n"}],null,[]]}"#,
        ),
    ]);
}

#[test]
fn selections_of_the_same_key_are_merged_where_the_first_stands() {
    hold(&[
        (
            "{ thing { id } a thing { size id name } }",
            r#"{"a":1,"thing":{"name":"n","size":1,"id":"t"}}"#,
            &[],
            r#"{"thing":{"id":"t","size":1,"name":"n"},"a":1}"#,
        ),
        (
            "{ ...f b } fragment f on Query { a ... { thing { ...g ...g } } } fragment g on Thing { size ...h } fragment h on Node { id }",
            r#"{"b":2,"thing":{"id":"t","size":1},"a":1}"#,
            &[],
            r#"{"a":1,"thing":{"size":1,"id":"t"},"b":2}"#,
        ),
        (
            "{ thing { name } thing { x } }",
            r#"{"thing":null}"#,
            &["thing.name", "thing.x"],
            r#"{"thing":{"name":null,"x":null}}"#,
        ),
    ]);
}

#[test]
fn failed_nullable_field_is_null() {
    hold(&[
        ("{ thing { id } a }", r#"{"a":1}"#, &["thing"], r#"{"thing":null,"a":1}"#),
        ("{ thing { id } }", "null", &["thing"], r#"{"thing":null}"#),
        ("{ t: thing { n: name id } }", r#"{"t":{"id":"t"}}"#, &["t.n"], r#"{"t":{"n":null,"id":"t"}}"#),
        ("{ thing { name } a }", r#"{"a":1,"thing":null}"#, &["thing.name"], r#"{"thing":{"name":null},"a":1}"#),
        (
            "{ thing { part { label } } }",
            r#"{"thing":{"part":null}}"#,
            &["thing.part.label"],
            r#"{"thing":{"part":{"label":null}}}"#,
        ),
        ("{ things { id } a }", r#"{"a":1}"#, &["things.3"], r#"{"things":null,"a":1}"#),
        (
            "{ loose { id } a }",
            r#"{"a":1,"loose":[{"id":"p"},null]}"#,
            &["loose.1"],
            r#"{"loose":[{"id":"p"},null],"a":1}"#,
        ),
    ]);
}

#[test]
fn failed_non_null_field_takes_the_nearest_nullable_parent() {
    hold(&[
        ("{ a must }", r#"{"a":1}"#, &["must"], "null"),
        ("{ a thing { size id } }", r#"{"a":1,"thing":{"id":"t"}}"#, &["thing.size"], r#"{"a":1,"thing":null}"#),
        ("{ a thing { size } }", r#"{"a":1,"thing":null}"#, &["thing.size"], r#"{"a":1,"thing":null}"#),
        (
            "{ thing { id other { thing { size id } id } } a }",
            r#"{"a":1,"thing":{"id":"t","other":{"id":"p","thing":{"id":"u"}}}}"#,
            &["thing.other.thing.size"],
            r#"{"thing":null,"a":1}"#,
        ),
        (
            "{ thing { id part { id thing { size } } } }",
            r#"{"thing":{"part":{"id":"p","thing":null},"id":"t"}}"#,
            &["thing.part.thing.size"],
            r#"{"thing":{"id":"t","part":null}}"#,
        ),
        (
            "{ a things { size id } }",
            r#"{"a":1,"things":[{"id":"p","size":1},{"id":"q"}]}"#,
            &["things.1.size"],
            r#"{"a":1,"things":null}"#,
        ),
        (
            "{ loose { size id } }",
            r#"{"loose":[{"id":"p","size":1},{"id":"q"},{"size":3,"id":"r"}]}"#,
            &["loose.1.size"],
            r#"{"loose":[{"size":1,"id":"p"},null,{"size":3,"id":"r"}]}"#,
        ),
        ("{ a loose { id } }", r#"{"a":1}"#, &["loose"], "null"),
        (
            "{ grid { id size } }",
            r#"{"grid":[[{"id":"p"}],[{"id":"q","size":1}]]}"#,
            &["grid.0.0.size"],
            r#"{"grid":[null,[{"id":"q","size":1}]]}"#,
        ),
        ("mutation { first { id } second { id } }", r#"{"first":{"id":"t"}}"#, &["second"], "null"),
        ("subscription { events { ... on Thing { id size } } }", r#"{"events":{"id":"t"}}"#, &["events.size"], "null"),
    ]);
}

#[test]
fn object_of_an_abstract_type_has_the_keys_of_what_it_is() {
    let by_typename = "{ node { __typename ... on Part { label x } id ... on Thing { x name } } }";
    let by_alias =
        "{ any { ... on Part { x kind: __typename } ... on Thing { kind: __typename name x } ... on Node { id } } }";
    let by_keys = "{ any { ... on Part { x label } ... on Thing { name x } ... on Plain { name } } }";
    hold(&[
        (
            by_typename,
            r#"{"node":{"x":1,"id":"t","name":"n","__typename":"Thing"}}"#,
            &[],
            r#"{"node":{"__typename":"Thing","id":"t","x":1,"name":"n"}}"#,
        ),
        (
            by_typename,
            r#"{"node":{"x":1,"id":"t","__typename":"Thing"}}"#,
            &["node.name"],
            r#"{"node":{"__typename":"Thing","id":"t","x":1,"name":null}}"#,
        ),
        (by_typename, r#"{"node":{"label":"l","id":"p","__typename":"Part"}}"#, &["node.x"], r#"{"node":null}"#),
        (
            by_typename,
            r#"{"node":{"name":"n","id":"t","__typename":"Thing"}}"#,
            &["node.x"],
            r#"{"node":{"__typename":"Thing","id":"t","x":null,"name":"n"}}"#,
        ),
        (
            by_alias,
            r#"{"any":{"id":"t","x":1,"name":"n","kind":"Thing"}}"#,
            &[],
            r#"{"any":{"kind":"Thing","name":"n","x":1,"id":"t"}}"#,
        ),
        (by_keys, r#"{"any":{"x":1,"name":"n"}}"#, &[], r#"{"any":{"name":"n","x":1}}"#),
        (by_keys, r#"{"any":{"label":"l","x":1}}"#, &[], r#"{"any":{"x":1,"label":"l"}}"#),
        (by_keys, r#"{"any":{"label":"l"}}"#, &["any.x"], r#"{"any":null}"#),
        (by_keys, r#"{"any":{"name":"n"}}"#, &["any.x"], r#"{"any":{"name":"n","x":null}}"#),
        (by_keys, r#"{"any":{"name":"n"}}"#, &[], r#"{"any":{"name":"n"}}"#),
        (by_keys, r#"{"any":null}"#, &["any.name"], r#"{"any":{"name":null}}"#),
        // All of them failed, and it may be a part: null is right for both.
        ("{ any { ... on Part { x } ... on Thing { x } } }", r#"{"any":null}"#, &["any.x"], r#"{"any":null}"#),
        (
            "{ any { ... on Part { x } ... on Thing { x id } } }",
            r#"{"any":null}"#,
            &["any.x", "any.id"],
            r#"{"any":null}"#,
        ),
        // What none of them would have is kept.
        (
            by_keys,
            r#"{"any":{"u":0,"label":"l","x":1,"name":"n"}}"#,
            &[],
            r#"{"any":{"x":1,"label":"l","name":"n","u":0}}"#,
        ),
    ]);
}

#[test]
fn skipped_and_not_included_selections_do_not_count() {
    let text = "query ($yes: Boolean!, $no: Boolean = false) {
        a @skip(if: $yes) b must @include(if: $no) ...f @include(if: $yes) ... @skip(if: $yes) { z: a }
    } fragment f on Query { a y: b @skip(if: true) }";
    let got = shaped(text, json!({ "yes": true, "no": false }), r#"{"a":1,"b":2}"#, &["z", "must", "y"]);
    assert_eq!(got, r#"{"b":2,"a":1}"#);
    let got = shaped(text, json!({ "yes": false, "no": true }), r#"{"z":1,"b":2,"a":1,"must":3}"#, &[]);
    assert_eq!(got, r#"{"a":1,"b":2,"must":3,"z":1}"#);
}

#[test]
fn object_that_was_asked_for_nothing_is_empty_where_null_may_not_be() {
    hold(&[
        ("{ a @skip(if: true) }", "null", &[], "{}"),
        (
            "{ thing { other { id @skip(if: true) } id } }",
            r#"{"thing":{"id":"t","other":null}}"#,
            &[],
            r#"{"thing":{"other":{},"id":"t"}}"#,
        ),
        ("{ things { id @skip(if: true) } }", r#"{"things":[null,null]}"#, &[], r#"{"things":[{},{}]}"#),
        // Here null may be meant.
        ("{ thing { id @skip(if: true) } }", r#"{"thing":null}"#, &[], r#"{"thing":null}"#),
    ]);
}

#[test]
fn nothing_is_made_up_of_errors_without_a_path_or_of_keys_that_are_missing_without_one() {
    hold(&[
        ("{ a }", "null", &[""], "null"),
        ("{ a b must }", r#"{"b":2}"#, &[], r#"{"b":2}"#),
        ("{ a must }", r#"{"a":1,"must":2}"#, &["elsewhere.0"], r#"{"a":1,"must":2}"#),
    ]);
}

#[test]
fn introspection_is_left_as_it_is() {
    let text = "{ a __schema { types { name kind } } __type(name: \"Query\") { name fields { name } } __typename }";
    let data =
        r#"{"__typename":"Query","__type":null,"__schema":{"types":[{"kind":"OBJECT","name":"Query"},null]},"a":1}"#;
    let wanted =
        r#"{"a":1,"__schema":{"types":[{"kind":"OBJECT","name":"Query"},null]},"__type":null,"__typename":"Query"}"#;
    hold(&[(text, data, &[], wanted)]);
}

#[test]
fn operation_that_was_named_decides() {
    let types = TypeMap::of(SDL).expect("an SDL");
    let mut request = Request::new("query x { a b } query y { b a }").operation_name("y");
    let document = request.parsed_query().expect("a document").clone();
    let mut response = Response::new(serde_json::from_str::<Value>(r#"{"a":1,"b":2}"#).expect("data"));
    Asked::of(&request, Document::parsed(document)).shape(&types, &mut response);
    assert_eq!(serde_json::to_string(&response.data).expect("JSON"), r#"{"b":2,"a":1}"#);
}

/// Prints what it costs; asserts only that the work was done.
#[test]
fn rows_are_shaped_quickly() {
    let (mut rows, mut failed) = (String::new(), Vec::new());
    for row in 0..100 {
        let part = r#"{"x":1,"label":"l","id":"p"}"#;
        let comma = if row == 0 { "" } else { "," };
        write!(rows, r#"{comma}{{"other":{part},"part":{part},"x":1,"size":2,"name":"n","id":"t"}}"#).expect("text");
        failed.push(format!("loose.{row}.part.label"));
    }
    let text = "{ loose { id name size x part { id label x } other { id label x } } }";
    let types = TypeMap::of(SDL).expect("an SDL");
    let mut request = Request::new(text);
    let document = request.parsed_query().expect("a document").clone();
    let asked = Asked::of(&request, Document::parsed(document));
    let data: Value = serde_json::from_str(&format!(r#"{{"loose":[{rows}]}}"#)).expect("data");
    for errors in [0, 100] {
        let mut response = Response::new(data.clone());
        let error = |path: &String| ServerError::new("failed", None).with_path(path_of(path));
        response.errors = failed.iter().take(errors).map(error).collect();
        let begun = Instant::now();
        asked.shape(&types, &mut response);
        println!("300 objects, {errors} errors: {:?}", begun.elapsed());
        let text = serde_json::to_string(&response.data).expect("JSON");
        assert!(text.starts_with(r#"{"loose":[{"id":"t","name":"n","size":2,"x":1,"part":{"id":"p""#), "{text}");
    }
}
