//! How long a text is and how deep brackets lie within brackets, looked at before the parser does: it calls itself for each,
//! and a stack that overflows ends the process.

use crate::config::GraphqlLimits;
use crate::kernel::error::{Error, Excess};

/// Refuses a text with too many tokens (GraphQL, October 2021, section 2.1.6), or with brackets too deep within brackets.
/// Strings and comments are looked over.
///
/// # Errors
/// `TooCostly`.
pub fn check(text: &str, limits: &GraphqlLimits) -> Result<(), Error> {
    let (mut tokens, mut open, mut rest) = (0_usize, 0_usize, text);
    while let Some(c) = rest.chars().next() {
        let (is_token, after) = match c {
            '"' => (true, after_string(rest)),
            '#' => (false, rest.find(['\n', '\r']).map_or("", |end| &rest[end..])),
            '.' => (true, rest.trim_start_matches('.')),
            '-' | '0'..='9' => (true, rest.trim_start_matches(is_number)),
            _ if is_name(c) => (true, rest.trim_start_matches(is_name)),
            _ => (!c.is_whitespace() && c != ',', &rest[c.len_utf8()..]),
        };
        match c {
            '{' | '[' | '(' => open += 1,
            '}' | ']' | ')' => open = open.saturating_sub(1),
            _ => {}
        }
        tokens += usize::from(is_token);
        at_most("brackets", limits.brackets, open)?;
        at_most("tokens", limits.tokens, tokens)?;
        rest = after;
    }
    Ok(())
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_number(c: char) -> bool {
    is_name(c) || matches!(c, '-' | '+' | '.')
}

/// # Errors
/// `TooCostly` where more is asked than allowed.
pub(super) fn at_most(limit: &'static str, allowed: usize, asked: usize) -> Result<(), Error> {
    if asked > allowed { Err(Error::TooCostly(Excess { limit, allowed, asked })) } else { Ok(()) }
}

/// What follows a string that begins here; nothing when it does not end.
fn after_string(text: &str) -> &str {
    if let Some(block) = text.strip_prefix("\"\"\"") {
        let mut from = 0;
        while let Some(end) = block[from..].find("\"\"\"").map(|at| from + at) {
            // An escaped end is part of the text.
            if !block[..end].ends_with('\\') {
                return &block[end + 3..];
            }
            from = end + 3;
        }
        return "";
    }
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' | '\n' | '\r' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), Error> {
        super::check(text, &GraphqlLimits::default())
    }

    fn tokens(text: &str) -> usize {
        let fits = |tokens| super::check(text, &GraphqlLimits { tokens, ..GraphqlLimits::default() }).is_ok();
        (0..).find(|tokens| fits(*tokens)).expect("a number")
    }

    #[test]
    fn tokens_are_those_of_the_specification() {
        for (text, wanted) in [
            ("", 0),
            (" ,\n # { a }\n ,", 0),
            ("{ a }", 3),
            ("{a,b}", 4),
            ("query Q($x: [Int!] = -1.5e+3) @d { ...F }", 19),
            ("{ a(b: \"x y { z\") }", 8),
            ("{ a(b: \"\"\"x \\\"\"\" y\"\"\") }", 8),
            ("{ \u{e4} }", 3),
        ] {
            assert_eq!(tokens(text), wanted, "{text}");
        }
        assert!(check(&"a ".repeat(15_000)).is_ok());
        assert!(check(&"a ".repeat(15_001)).is_err());
    }

    #[test]
    fn brackets_too_deep_are_refused_wherever_they_are() {
        for open in ["{a", "[", "("] {
            assert!(check(&open.repeat(128)).is_ok(), "{open}");
            assert!(check(&open.repeat(129)).is_err(), "{open}");
            assert!(check(&open.repeat(500_000)).is_err(), "{open}");
        }
    }

    #[test]
    fn closed_ones_strings_and_comments_do_not_count() {
        assert!(check(&"{a}".repeat(1_000)).is_ok());
        assert!(check(&format!("{{ a(b: \"{}\") }}", "{".repeat(1_000))).is_ok());
        assert!(
            check(&format!("{{ a(b: \"\"\"{} \\\"\"\" {}\"\"\") }}", "{".repeat(1_000), "[".repeat(1_000))).is_ok()
        );
        assert!(check(&format!("# {}\n{{ a }}", "{".repeat(1_000))).is_ok());
        assert!(check(&format!("{{ a(b: \"\\\"\") {} }}", "{".repeat(129))).is_err());
    }

    #[test]
    fn closing_brackets_in_strings_hide_nothing() {
        assert!(check(&"{a(b:\"}}}}\")".repeat(200)).is_err());
        assert!(check(&"{a #}}}}\n".repeat(200)).is_err());
    }
}
