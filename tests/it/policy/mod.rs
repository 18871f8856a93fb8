//! The permission table, held against the schema and against what the program does.

mod alike;
mod changes;
mod coverage;
mod documents;
mod expect;
mod injection;
mod inputs;
mod leaks;
mod matrix;
mod requests;
mod streams;
mod things;
mod transport;
mod world;

use openslot::domain::identity::Action;

/// The right that a field asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Right {
    /// Whoever sees the object sees the field.
    Parent,
    /// That of the kind of thing that the id names.
    ByKind,
    /// One of the table.
    Of(Action),
}

/// Rows of `fields.txt`, in their order.
pub fn rows() -> Vec<(String, Right)> {
    let lines = include_str!("fields.txt").lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(row).collect()
}

fn row(line: &str) -> (String, Right) {
    let (field, word) = line.split_once(' ').unwrap_or_else(|| panic!("no right: {line}"));
    let right = match word.trim() {
        "parent" => Right::Parent,
        "by-kind" => Right::ByKind,
        name => {
            let found = Action::ALL.into_iter().find(|action| format!("{action:?}") == name);
            Right::Of(found.unwrap_or_else(|| panic!("no such action: {line}")))
        }
    };
    (field.to_owned(), right)
}
