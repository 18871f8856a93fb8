//! Pages of lists, by keyset.

/// Items of a list from a place on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageRequest<K> {
    /// How many at most.
    pub first: usize,
    /// The key of the last item of the page before.
    pub after: Option<K>,
}

impl<K> PageRequest<K> {
    /// Rows to ask for: one more than wanted tells whether others follow.
    #[must_use]
    pub fn probe(&self) -> i64 {
        i64::try_from(self.first).unwrap_or(i64::MAX - 1) + 1
    }
}

/// One page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page<T> {
    /// In order.
    pub items: Vec<T>,
    /// Whether items follow.
    pub has_next: bool,
    /// Whether the page started after another.
    pub has_previous: bool,
}

impl<T> Page<T> {
    /// Cuts the probing row off.
    #[must_use]
    pub fn from_probe<K>(mut rows: Vec<T>, request: &PageRequest<K>) -> Self {
        let has_next = rows.len() > request.first;
        rows.truncate(request.first);
        Self { items: rows, has_next, has_previous: request.after.is_some() }
    }

    /// The same page of other items.
    #[must_use]
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            has_next: self.has_next,
            has_previous: self.has_previous,
        }
    }
}
