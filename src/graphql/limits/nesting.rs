//! How deep brackets lie within brackets, looked at before the parser does: it calls itself for each, and a stack that
//! overflows ends the process.

use crate::kernel::error::{Error, Excess};

/// Most brackets that are open at once.
const MOST: usize = 128;

/// Refuses a text with brackets too deep within brackets. Those in strings and comments do not count.
///
/// # Errors
/// `TooCostly`.
pub fn check(text: &str) -> Result<(), Error> {
    let (mut open, mut rest) = (0_usize, text);
    while let Some(c) = rest.chars().next() {
        rest = match c {
            '"' => after_string(rest),
            '#' => rest.find(['\n', '\r']).map_or("", |end| &rest[end..]),
            '{' | '[' | '(' => {
                open += 1;
                if open > MOST {
                    return Err(Error::TooCostly(Excess { limit: "brackets", allowed: MOST, asked: open }));
                }
                &rest[1..]
            }
            '}' | ']' | ')' => {
                open = open.saturating_sub(1);
                &rest[1..]
            }
            other => &rest[other.len_utf8()..],
        };
    }
    Ok(())
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
    use super::check;

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
