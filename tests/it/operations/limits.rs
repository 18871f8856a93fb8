//! Limits of documents, kept before anything reaches the database: the database is away here, and nobody notices.

use serde_json::{Value, json};

use super::Gated;
use crate::support::Client;

async fn ask(client: &Client, query: &str) -> crate::support::Answer {
    client.guest(query, json!({})).await
}

/// A refusal that names the limit, what it is, and what was asked.
async fn refused(client: &Client, query: &str, limit: &str, allowed: u64) -> u64 {
    let answer = ask(client, query).await;
    assert_eq!(answer.codes(), ["COST_LIMIT"], "{}", answer.body);
    let found = &answer.body["errors"][0]["extensions"];
    assert_eq!((&found["limit"], &found["allowed"]), (&json!(limit), &json!(allowed)));
    assert_eq!(answer.body.get("data").unwrap_or(&Value::Null), &Value::Null);
    let asked = found["asked"].as_u64().expect("a number");
    assert!(asked > allowed, "{found}");
    asked
}

/// It was let through to the database, which is away.
async fn allowed(client: &Client, query: &str) {
    let answer = ask(client, query).await;
    assert!(answer.codes().iter().all(|code| code == "UNAVAILABLE"), "{}", answer.body);
}

/// `{ provider { slots { nodes { provider … id } } } }` with so many levels, 2 or 3 more for each turn.
fn deep(levels: usize) -> String {
    let (mut open, mut depth) = (String::from("{ provider(id: \"x\") {"), 1);
    while depth + 3 < levels {
        open.push_str(" slots(first: 1) { nodes { provider {");
        depth += 3;
    }
    match levels - depth {
        1 => open.push_str(" id "),
        2 => open.push_str(" locations { id } "),
        _ => open.push_str(" locations { address { city } } "),
    }
    let closing = open.matches('{').count() - open.matches('}').count();
    open + &"}".repeat(closing)
}

#[tokio::test]
async fn documents_that_ask_too_much_never_reach_the_database() {
    let gated = Gated::start().await;
    gated.gate.shut();
    let client = &gated.client;
    assert_eq!(ask(client, &deep(12)).await.codes(), ["BAD_USER_INPUT"], "let through: the id is none");
    assert_eq!(refused(client, &deep(13), "depth", 12).await, 13);
    assert_eq!(refused(client, &deep(20), "depth", 12).await, 20);

    let aliases = |n: usize| format!("{{ {} }}", (0..n).map(|n| format!("a{n}: __typename ")).collect::<String>());
    allowed(client, &aliases(15)).await;
    assert_eq!(refused(client, &aliases(16), "aliases", 15).await, 16);

    let roots = |n: usize| format!("{{ {} }}", "__typename ".repeat(n));
    allowed(client, &roots(20)).await;
    assert_eq!(refused(client, &roots(21), "root fields", 20).await, 21);

    let pages = |outer: usize, inner: usize| {
        format!(
            "{{ providers(organizationSlug: \"demo\", first: {outer}) {{ nodes {{ slots(first: {inner}) {{ nodes {{ id }} }} }} }} }}"
        )
    };
    allowed(client, &pages(20, 20)).await;
    assert_eq!(refused(client, &pages(100, 100), "cost", 5_000).await, 1 + 100 + 100 + 100 * 100);
    gated.stop().await;
}

#[tokio::test]
async fn fragments_and_variables_hide_nothing() {
    let gated = Gated::start().await;
    gated.gate.shut();
    let client = &gated.client;
    let hidden =
        "{ ...A } fragment A on Query { providers(first: 100) { ... on ProviderConnection { nodes { ...B } } } }
        fragment B on Provider { slots(first: 100) { edges { node { id } } } }";
    refused(client, hidden, "cost", 5_000).await;
    let body = json!({ "query": "query($n: Int) { providers(first: $n) { nodes { slots(first: $n) { nodes { id } } } } }",
        "variables": { "n": 100 } });
    assert_eq!(client.post(None, &body).await.codes(), ["COST_LIMIT"]);
    let aliases = "{ ...A ...A } fragment A on Query { a: __typename b: __typename c: __typename d: __typename
        e: __typename f: __typename g: __typename h: __typename }";
    assert_eq!(refused(client, aliases, "aliases", 15).await, 16);
    for cyclic in [
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { ...B ...B } fragment B on Query { ...A ...A }",
    ] {
        assert_eq!(ask(client, cyclic).await.codes(), ["BAD_USER_INPUT"], "{cyclic}");
    }
    let doubled: String =
        (0..40).map(|n| format!("fragment F{n} on Query {{ ...F{m} ...F{m} }} ", m = n + 1)).collect();
    let bomb = format!("{{ ...F0 }} {doubled} fragment F40 on Query {{ __typename }}");
    refused(client, &bomb, "selections", 20_000).await;
    let nested = format!("{}{}", "{ a ".repeat(50_000), "}".repeat(50_000));
    assert_eq!(refused(client, &nested, "brackets", 128).await, 129);
    gated.stop().await;
}

#[tokio::test]
async fn every_other_limit_is_kept_before_the_database_too() {
    let gated = Gated::start().await;
    gated.gate.shut();
    let client = &gated.client;
    let directives = |n: usize| format!("{{ __typename {} }}", "@include(if: true) ".repeat(n));
    assert_eq!(refused(client, &directives(51), "directives", 50).await, 51);
    let fragments: String = (0..101).map(|n| format!("fragment F{n} on Query {{ __typename }} ")).collect();
    assert_eq!(refused(client, &format!("{{ ...F0 }} {fragments}"), "fragments", 100).await, 101);
    let tokens = format!("{{ {} }}", "__typename ".repeat(14_999));
    assert_eq!(refused(client, &tokens, "tokens", 15_000).await, 15_001);
    let variables: String = (0..101).map(|n| format!("$v{n}: Int ")).collect();
    assert_eq!(refused(client, &format!("query({variables}) {{ __typename }}"), "variables", 100).await, 101);
    let sent: serde_json::Map<String, Value> = (0..10_000).map(|n| (format!("v{n}"), json!(n))).collect();
    let answer = client.post(None, &json!({ "query": "{ __typename }", "variables": sent })).await;
    assert_eq!(
        (answer.codes(), &answer.body["errors"][0]["extensions"]["limit"]),
        (vec!["COST_LIMIT".to_owned()], &json!("variables"))
    );
    let ids: Vec<usize> = (0..501).collect();
    for answer in [
        client.guest("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ids })).await,
        client.guest(&format!("{{ nodes(ids: {ids:?}) {{ id }} }}"), json!({})).await,
    ] {
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{}", answer.body);
        assert!(answer.body["errors"][0]["message"].as_str().expect("a text").ends_with("must have at most 500 items"));
    }
    let levels = format!("{{ {} __typename {} }}", "... { ".repeat(64), "}".repeat(64));
    refused(client, &levels, "levels", 64).await;
    let lists =
        "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }";
    assert_eq!(refused(client, lists, "introspection levels", 3).await, 4);
    gated.stop().await;
}

#[tokio::test]
async fn answer_tells_what_it_cost() {
    let app = crate::support::TestApp::start().await;
    let practice = app.practice().await;
    let query = "query($slug: String) { providers(organizationSlug: $slug, first: 10) { nodes { id slots(first: 5) { nodes { id } } } } }";
    let answer = app.client.guest(query, json!({ "slug": practice.clinic.slug })).await.ok();
    // A connection, 10 providers, a connection of each, 5 slots in each.
    assert_eq!(answer.body["extensions"]["cost"], json!({ "requested": 1 + 10 + 10 + 50, "limit": 5_000 }));
    app.stop().await;
}

#[tokio::test]
async fn variables_are_read_before_anything_runs() {
    let app = crate::support::TestApp::start().await;
    let practice = app.practice().await;
    let book = "mutation($a: BookSlotInput!, $b: BookSlotInput!) { a: bookSlot(input: $a) { booking { id } } b: bookSlot(input: $b) { booking { id } } }";
    let good = crate::bookings::wish(&practice.slot(0), json!({}));
    let before = app.db.state().await;
    for (what, variables, field) in [
        ("a missing one", json!({ "a": good }), json!(["variables", "b"])),
        ("one without a field", json!({ "a": good, "b": {} }), json!(["variables", "b", "slot"])),
        ("one that is null", json!({ "a": good, "b": null }), json!(["variables", "b"])),
        (
            "a null character",
            json!({ "a": good, "b": { "slot": { "id": "a\0" }, "serviceId": "x" } }),
            json!(["variables", "b", "slot", "id"]),
        ),
    ] {
        let answer = app.client.by(&practice.patient, book, variables).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{what}: {}", answer.body);
        assert_eq!(answer.body["errors"][0]["extensions"]["field"], field, "{what}");
        assert_eq!(answer.body.get("data"), None, "{what}");
        assert_eq!(app.db.state().await, before, "{what}: the first of them has not happened");
    }
    app.stop().await;
}

#[tokio::test]
async fn limits_are_configurable() {
    let app = crate::support::TestApp::with(&[
        ("GRAPHQL_MAX_DEPTH", "3"),
        ("GRAPHQL_MAX_ALIASES", "0"),
        ("GRAPHQL_MAX_ROOT_FIELDS", "1"),
        ("GRAPHQL_MAX_COST", "10"),
    ])
    .await;
    refused(&app.client, &deep(4), "depth", 3).await;
    refused(&app.client, "{ a: __typename }", "aliases", 0).await;
    refused(&app.client, "{ __typename __typename }", "root fields", 1).await;
    refused(&app.client, "{ providers(first: 11) { nodes { id } } }", "cost", 10).await;
    app.stop().await;
}
