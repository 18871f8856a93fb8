//! No SQL is put together from values: its text is written down, and values are bound.

use std::path::{Path, PathBuf};

use crate::support::sources::sources;

/// Functions whose argument is SQL.
const TAKE_SQL: [&str; 8] =
    ["sql_query(", "sql::<", ".sql(", "batch_execute(", "simple_query(", "push_sql(", "debug_query(", ".execute_raw("];
/// Arguments that are no literal, and why they are no text of a client.
const KNOWN: [(&str, &str, &str); 8] = [
    ("db/conn.rs", "how", "COMMIT or ROLLBACK"),
    ("db/conn.rs", "query", "the same function of the connection inside"),
    ("db/flight.rs", "self.begin", "one of two literals"),
    ("db/migrations.rs", "MIGRATING", "a literal"),
    ("db/migrations.rs", "AFTER", "a literal"),
    (
        "db/migrations.rs",
        "&quoted_by_server",
        "CREATE DATABASE takes no parameters: format() of the server quotes the name",
    ),
    ("db/statement.rs", "before", "a part of a .sql file"),
    ("db/statement.rs", "rest", "a part of a .sql file"),
];
/// Words that begin a statement.
const BEGINNINGS: [&str; 14] = [
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "DELETE ",
    "WITH ",
    "BEGIN",
    "COMMIT",
    "SET ",
    "CREATE ",
    "ALTER ",
    "DROP ",
    "GRANT ",
    "DO $",
    "TRUNCATE ",
];

/// The program's own files, without the tests at their ends.
fn program() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let name = |path: PathBuf| path.strip_prefix(&root).expect("below src").display().to_string();
    let own = |text: String| text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
    sources("src").into_iter().map(|(path, text)| (name(path), own(text))).collect()
}

/// The first argument behind a function's opening parenthesis.
fn argument(behind: &str) -> &str {
    let (mut depth, mut is_text, mut is_escaped) = (0_i32, false, false);
    let end = behind.char_indices().find(|(_, c)| {
        let was_escaped = is_escaped;
        is_escaped = is_text && *c == '\\' && !was_escaped;
        match c {
            '"' if !was_escaped => is_text = !is_text,
            _ if is_text => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        depth < 0 || depth == 0 && *c == ',' && !is_text
    });
    behind[..end.map_or(behind.len(), |(at, _)| at)].trim()
}

fn is_written_down(argument: &str) -> bool {
    let inside = argument.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.is_some_and(|text| !text.replace("\\\"", "").contains('"')) || argument.starts_with("include_str!(")
}

#[test]
fn sql_is_a_literal_wherever_it_is_taken() {
    let (mut seen, mut asked) = (Vec::new(), 0);
    for (file, text) in program() {
        for name in TAKE_SQL {
            for (at, _) in text.match_indices(name) {
                let line_start = text[..at].rfind('\n').map_or(0, |at| at + 1);
                let before = text[line_start..at].trim_start();
                // Comments, imports, and the declaration of such a function.
                let is_other = before.starts_with("//") || before.starts_with("use ") || before.ends_with("fn ");
                // `into_sql` binds a value.
                if is_other || before.ends_with("into_") {
                    continue;
                }
                let behind = &text[at + name.len()..];
                let behind = if name.ends_with('<') { behind.split_once(">(").expect("a call").1 } else { behind };
                let argument = argument(behind);
                asked += 1;
                if !is_written_down(argument) {
                    let known = KNOWN.iter().position(|(in_file, text, _)| *in_file == file && *text == argument);
                    seen.push(known.unwrap_or_else(|| panic!("{file}: {name}{argument}: bind values, write SQL down")));
                }
            }
        }
    }
    assert!(asked > 20, "{asked}");
    for (n, known) in KNOWN.iter().enumerate() {
        assert!(seen.contains(&n), "{known:?} is gone: take it off the list");
    }
}

#[test]
fn no_text_with_a_place_for_a_value_begins_like_sql() {
    for (file, text) in program() {
        for name in ["format!(", "write!(", "concat!(", "format_args!(", "push_str("] {
            for (at, _) in text.match_indices(name) {
                let argument = argument(&text[at + name.len()..]);
                let literal = argument.trim_start_matches('&').trim_start_matches('"').trim_start();
                let is_sql = BEGINNINGS.iter().any(|word| literal.starts_with(word));
                assert!(!is_sql, "{file}: {name}{argument}");
            }
        }
    }
}

#[test]
fn a_breach_would_be_seen() {
    assert!(!is_written_down(argument("&format!(\"SELECT {x}\"))")));
    assert!(!is_written_down(argument("sql)")));
    assert!(!is_written_down(argument("\"a\".to_owned() + &x + \"b\")")));
    assert!(!is_written_down(argument("\"SELECT \".to_owned() + name)")));
    assert!(is_written_down(argument("\"SELECT f(1, 2)\")")));
    assert_eq!(argument("\"a\", b)"), "\"a\"");
    assert_eq!(argument("\"f(\\\", 1, \").bind(x)"), "\"f(\\\", 1, \"");
}
