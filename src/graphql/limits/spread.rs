//! How long a document becomes when its fragments are put in their places. A few lines of fragments that contain others
//! twice become millions, so this is counted, each fragment once, before anything else follows them.

use std::collections::HashMap;

use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Positioned};

use crate::config::GraphqlLimits;
use crate::kernel::error::Error;

use super::text::at_most;

/// Refuses a document that its fragments make too long, or that has too many of them or of directives. Each field with a
/// selection is a level, each fragment too; their limit keeps what walks a document off the end of its stack, the limit of
/// depth is another.
///
/// # Errors
/// `TooCostly`, and `Invalid` for fragments that contain themselves.
pub fn check(document: &ExecutableDocument, limits: &GraphqlLimits) -> Result<(), Error> {
    at_most("fragments", limits.fragments, document.fragments.len())?;
    let mut spread = Spread { document, limits, directives: 0, known: HashMap::new() };
    let mut total = Size::default();
    for (_, operation) in document.operations.iter() {
        let variables = &operation.node.variable_definitions;
        at_most("variables", limits.variables, variables.len())?;
        spread.directives += operation.node.directives.len();
        spread.directives += variables.iter().map(|variable| variable.node.directives.len()).sum::<usize>();
        total = total.beside(spread.set(&operation.node.selection_set.node, 0)?);
    }
    // Also those that nothing spreads, which validation would walk all the same.
    for name in document.fragments.keys() {
        spread.fragment(name, 0)?;
    }
    at_most("directives", limits.directives, spread.directives)?;
    at_most("selections", limits.selections, total.selections)?;
    at_most("levels", limits.levels, total.levels)
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
    limits: &'a GraphqlLimits,
    /// Directives seen so far, each where it is written.
    directives: usize,
    /// `None` while a fragment is being counted.
    known: HashMap<&'a Name, Option<Size>>,
}

impl<'a> Spread<'a> {
    /// A selection set that lies below `level` others.
    fn set(&mut self, set: &'a SelectionSet, level: usize) -> Result<Size, Error> {
        at_most("levels", self.limits.levels, level)?;
        let mut total = Size::default();
        for selection in &set.items {
            self.count(selection.node.directives());
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

    fn count(&mut self, directives: &[Positioned<Directive>]) {
        self.directives += directives.len();
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
        self.count(&fragment.node.directives);
        let size = self.set(&fragment.node.selection_set.node, level)?;
        self.known.insert(name, Some(size));
        Ok(size)
    }
}
