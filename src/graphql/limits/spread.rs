//! How long a document becomes when its fragments are put in their places. A few lines of fragments that contain others
//! twice become millions, so this is counted, each fragment once, before anything else follows them.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

use crate::kernel::error::{Error, Excess};

/// Most selections of a document with its fragments in place.
const MOST: usize = 20_000;
/// Most levels of it: each field with a selection is one, each fragment too. It keeps what walks a document off the end of
/// its stack; the limit of depth is another.
const LEVELS: usize = 64;

/// Refuses a document that its fragments make too long.
///
/// # Errors
/// `TooCostly`, and `Invalid` for fragments that contain themselves.
pub(super) fn check(document: &ExecutableDocument) -> Result<(), Error> {
    let mut spread = Spread { document, known: HashMap::new() };
    let mut total = Size::default();
    for (_, operation) in document.operations.iter() {
        total = total.beside(spread.set(&operation.node.selection_set.node, 0)?);
    }
    let limits = [("selections", MOST, total.selections), ("levels", LEVELS, total.levels)];
    match limits.into_iter().find(|(_, allowed, asked)| asked > allowed) {
        Some((limit, allowed, asked)) => Err(Error::TooCostly(Excess { limit, allowed, asked })),
        None => Ok(()),
    }
}

#[derive(Clone, Copy, Default)]
struct Size {
    selections: usize,
    levels: usize,
}

impl Size {
    fn beside(self, other: Self) -> Self {
        let selections = self.selections.saturating_add(other.selections);
        Self { selections, levels: self.levels.max(other.levels) }
    }
}

struct Spread<'a> {
    document: &'a ExecutableDocument,
    /// `None` while a fragment is being counted.
    known: HashMap<&'a Name, Option<Size>>,
}

impl<'a> Spread<'a> {
    /// A selection set that lies below `level` others.
    fn set(&mut self, set: &'a SelectionSet, level: usize) -> Result<Size, Error> {
        if level > LEVELS {
            return Err(Error::TooCostly(Excess { limit: "levels", allowed: LEVELS, asked: level }));
        }
        let mut total = Size::default();
        for selection in &set.items {
            let inner = match &selection.node {
                Selection::Field(field) => self.set(&field.node.selection_set.node, level + 1)?,
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node, level + 1)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node, level + 1)?,
            };
            total = total.beside(inner).beside(Size { selections: 1, levels: 0 });
        }
        let levels = total.levels + usize::from(!set.items.is_empty());
        Ok(Size { levels, ..total })
    }

    fn fragment(&mut self, name: &'a Name, level: usize) -> Result<Size, Error> {
        match self.known.get(name) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Err(Error::invalid("fragment", "must not contain itself")),
            None => {}
        }
        // Validation says what is wrong with a name that is none.
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(Size::default()) };
        self.known.insert(name, None);
        let size = self.set(&fragment.node.selection_set.node, level)?;
        self.known.insert(name, Some(size));
        Ok(size)
    }
}
