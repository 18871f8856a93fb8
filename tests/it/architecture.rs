//! The house keeps its rooms: who imports whom, where SQL is, how long things are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::sources::sources;

/// What each layer may import of ours; `layer::item` allows only that item of a layer.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("kernel", &[]),
    ("config", &["kernel"]),
    ("telemetry", &["kernel", "config"]),
    ("db", &["kernel", "config", "telemetry"]),
    ("kv", &["kernel", "config", "telemetry"]),
    ("outbound", &["kernel", "config", "telemetry"]),
    ("domain", &["kernel", "telemetry", "db"]),
    ("live", &["kernel", "config", "telemetry", "kv", "db::changes", "db::Db", "db::DbError"]),
    (
        "worker",
        &[
            "kernel",
            "config",
            "telemetry",
            "kv",
            "db::leader",
            "db::migrations",
            "db::Db",
            "db::DbError",
            "domain::idempotency",
            "domain::identity",
            "live",
        ],
    ),
    (
        "graphql",
        &["kernel", "config", "telemetry", "domain", "live", "kv::DocumentStore", "kv::RateLimit", "kv::Verdict"],
    ),
    ("http", &["kernel", "config", "telemetry", "domain::identity", "graphql"]),
    ("app", &["kernel", "config", "telemetry", "db", "kv", "outbound", "domain", "live", "worker", "graphql", "http"]),
    ("cli", &["kernel", "config", "telemetry", "app"]),
];

/// Longest file and longest share of files above the shorter limit.
const LONGEST_FILE: usize = 400;
const LONG_FILE: usize = 300;

fn layer_of(path: &Path) -> Option<String> {
    let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).ok()?;
    let first = below.components().next()?.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
    (!matches!(first.as_str(), "lib" | "main")).then_some(first)
}

/// Every `crate::a::b` of a text, as `a::b` with groups opened one level: enough to tell layer and item.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + 7..];
        let layer: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let after = &rest[layer.len()..];
        match after.strip_prefix("::") {
            Some(items) if items.starts_with('{') => {
                let group = &items[1..items.find("};").unwrap_or(items.len())];
                let mut depth = 0;
                let mut item = String::new();
                for c in group.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            found.insert(format!("{layer}::{}", first_word(&item)));
                            item.clear();
                        }
                        _ => item.push(c),
                    }
                }
                found.insert(format!("{layer}::{}", first_word(&item)));
            }
            Some(items) => {
                found.insert(format!("{layer}::{}", first_word(items)));
            }
            None => {
                found.insert(layer);
            }
        }
    }
    found
}

fn first_word(text: &str) -> String {
    text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn nobody_imports_what_lies_above() {
    let mut broken = Vec::new();
    for (path, text) in sources("src") {
        let Some(layer) = layer_of(&path) else { continue };
        let rule = MAY_IMPORT.iter().find(|(name, _)| *name == layer);
        let (_, allowed) =
            rule.unwrap_or_else(|| panic!("{}: layer `{layer}` has no row in the table", path.display()));
        for import in imports(&text) {
            let target = import.split("::").next().unwrap_or_default();
            // Macros exported at the root have no layer.
            let is_layer = MAY_IMPORT.iter().any(|(name, _)| *name == target);
            let fits = allowed.iter().any(|rule| *rule == target || *rule == import || import == format!("{rule}::"));
            if is_layer && target != layer && !fits {
                broken.push(format!("{}: `{layer}` must not import `{import}`", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn imports_are_found_in_every_form() {
    let text =
        "use crate::db::{self, changes::row, DbError};\nuse crate::kernel::ids;\nlet x = crate::live::Hub::start();";
    let found: Vec<String> = imports(text).into_iter().collect();
    assert_eq!(found, ["db::DbError", "db::changes", "db::self", "kernel::ids", "live::Hub"]);
}

#[test]
fn sql_is_in_db_alone() {
    let mut broken = Vec::new();
    for (path, text) in sources("src") {
        let layer = layer_of(&path).unwrap_or_default();
        if layer == "db" {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let is_derive = layer == "kernel" && path.ends_with("ids.rs");
            let speaks_sql = line.contains("diesel::") || line.contains("diesel_async") || line.contains("sql_query");
            if speaks_sql && !is_derive {
                broken.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn only_kv_speaks_redis_and_only_http_speaks_axum() {
    for (word, home, also) in
        [("redis::", "kv", "kv"), ("axum::", "http", "http"), ("async_graphql::", "graphql", "http")]
    {
        for (path, text) in sources("src") {
            let layer = layer_of(&path).unwrap_or_default();
            let is_at_home = layer == home || layer == also;
            let speaks = text.lines().any(|line| line.trim_start().starts_with(&format!("use {word}")));
            assert!(is_at_home || !speaks, "{}: only `{home}` may use {word}", path.display());
        }
    }
}

#[test]
fn ids_have_types_in_signatures() {
    for (path, text) in sources("src") {
        let layer = layer_of(&path).unwrap_or_default();
        if !matches!(layer.as_str(), "domain" | "graphql" | "http") {
            continue;
        }
        for line in text.lines().filter(|line| line.trim_start().starts_with("pub ") && line.contains("fn ")) {
            assert!(!line.contains("Uuid"), "{}: {}", path.display(), line.trim());
        }
    }
}

#[test]
fn files_are_short() {
    let lengths: Vec<(PathBuf, usize)> = [sources("src"), sources("tests"), sources("benches")]
        .concat()
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .collect();
    let too_long: Vec<_> = lengths.iter().filter(|(_, lines)| *lines > LONGEST_FILE).collect();
    assert!(too_long.is_empty(), "above {LONGEST_FILE} lines: {too_long:?}");
    let long = lengths.iter().filter(|(_, lines)| *lines > LONG_FILE).count();
    assert!(long * 10 <= lengths.len(), "{long} of {} files have more than {LONG_FILE} lines", lengths.len());
}

#[test]
fn every_module_says_what_lives_in_it() {
    for (path, text) in [sources("src"), sources("tests"), sources("benches")].concat() {
        // The tests of a module speak for it.
        let is_tests = path.ends_with("tests.rs") || path.parent().is_some_and(|above| above.ends_with("tests"));
        assert!(is_tests || text.starts_with("//!") || text.starts_with("#![doc"), "{}: no module doc", path.display());
    }
}
