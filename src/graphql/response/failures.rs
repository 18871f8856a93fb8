//! The paths of errors, as a tree to walk beside the data.

use std::collections::HashMap;

use async_graphql::{PathSegment, ServerError};

/// What failed at a place and below it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Failures<'e> {
    /// Whether a path ends here.
    pub ends: bool,
    fields: HashMap<&'e str, Failures<'e>>,
    items: HashMap<usize, Failures<'e>>,
}

impl<'e> Failures<'e> {
    /// The tree of the errors that have a path; `None` when there are none.
    pub fn of(errors: &'e [ServerError]) -> Option<Self> {
        let mut root = None;
        for error in errors.iter().filter(|error| !error.path.is_empty()) {
            let mut at = root.get_or_insert_with(Self::default);
            for segment in &error.path {
                at = match segment {
                    PathSegment::Field(key) => at.fields.entry(key).or_default(),
                    PathSegment::Index(index) => at.items.entry(*index).or_default(),
                };
            }
            at.ends = true;
        }
        root
    }

    /// What failed of a key of an object.
    pub fn field(&self, key: &str) -> Option<&Self> {
        self.fields.get(key)
    }

    /// What failed of an item of a list.
    pub fn item(&self, index: usize) -> Option<&Self> {
        self.items.get(&index)
    }

    /// The keys below which something failed.
    pub fn keys(&self) -> impl Iterator<Item = &'e str> {
        self.fields.keys().copied()
    }
}
