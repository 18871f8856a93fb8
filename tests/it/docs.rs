//! What the documents say is so.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::TestApp;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Quoted words in capitals with an underscore: names of variables.
fn variables(text: &str) -> BTreeSet<String> {
    let is_name =
        |word: &&str| word.len() > 4 && word.contains('_') && word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    text.split('"').filter(is_name).map(str::to_owned).collect()
}

#[test]
fn every_variable_is_in_the_readme() {
    let before_tests =
        |file: &str| read(&format!("src/config/{file}.rs")).split("#[cfg(test)]").next().unwrap().to_owned();
    let code = ["mod", "sections", "auth", "graphql"].map(before_tests).concat();
    let readme = read("README.md");
    let missing: Vec<String> =
        variables(&code).into_iter().filter(|name| !readme.contains(&format!("| `{name}` |"))).collect();
    assert!(missing.is_empty(), "not in the README: {missing:?}");
}

fn blocks(text: &str) -> Vec<&str> {
    text.split("```graphql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[tokio::test]
async fn operations_in_the_readme_are_valid() {
    let app = TestApp::start().await;
    let readme = read("README.md");
    assert_eq!(blocks(&readme).len(), 4);
    for block in blocks(&readme) {
        let variables = json!({ "slot": "x", "service": "x", "key": "x", "booking": "x", "version": 1 });
        let answer = app.client.guest(block, variables).await;
        // What is valid fails later: no such organization, no such slot, a stream over POST.
        let message = answer.body.pointer("/errors/0/message").and_then(|m| m.as_str()).unwrap_or_default();
        let late = ["not found", "`input.slot.id`", "`input.bookingId`", "must not be a subscription"];
        assert!(late.iter().any(|word| message.contains(word)), "{block}\n{}", answer.body);
    }
    app.stop().await;
}

#[test]
fn curl_sends_the_operation_that_stands_above_it() {
    let readme = read("README.md");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: Vec<String> = blocks(&readme).into_iter().map(words).collect();
    let sent: Vec<String> = readme
        .lines()
        .filter_map(|line| line.trim().strip_prefix("\"query\": \"")?.rsplit_once('"'))
        .map(|(query, _)| words(&query.replace("\\\"", "\"")))
        .collect();
    assert_eq!(sent.len(), 3);
    assert_eq!(sent, shown[..3]);
}

#[test]
fn links_between_documents_lead_somewhere() {
    for (file, base) in [
        ("README.md", ""),
        ("docs/decisions/README.md", "docs/decisions/"),
        ("docs/schema.md", "docs/"),
        ("tests/README.md", "tests/"),
    ] {
        for link in read(file).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap();
            let is_local = !path.is_empty() && !path.contains("://");
            assert!(
                !is_local || Path::new(env!("CARGO_MANIFEST_DIR")).join(base).join(path).exists(),
                "{file}: {link}"
            );
        }
    }
}
