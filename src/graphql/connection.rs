//! Relay connections: keyset pages, at most 100 items, totals never counted.

use async_graphql::SimpleObject;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::kernel::error::Error;
use crate::kernel::page::PageRequest;

use super::scalars::Cursor;

/// Items of a page when nothing is said.
pub const DEFAULT_PAGE: usize = 20;
/// Most items of a page.
pub const MAX_PAGE: usize = 100;

/// Where a page stands in its list.
#[derive(SimpleObject, Clone, Debug, Default)]
pub struct PageInfo {
    /// Cursor of the last item; null on an empty page.
    pub end_cursor: Option<Cursor>,
    /// True when items follow.
    pub has_next_page: bool,
    /// True when items come before.
    pub has_previous_page: bool,
    /// Cursor of the first item; null on an empty page.
    pub start_cursor: Option<Cursor>,
}

/// Reads `first` and `after`.
///
/// # Errors
/// `Invalid` naming the argument.
pub fn page_request<K: DeserializeOwned>(first: Option<i32>, after: Option<&Cursor>) -> Result<PageRequest<K>, Error> {
    let first = match first {
        None => DEFAULT_PAGE,
        Some(n) => usize::try_from(n)
            .ok()
            .filter(|n| (1..=MAX_PAGE).contains(n))
            .ok_or_else(|| Error::invalid("first", format!("must be from 1 to {MAX_PAGE}")))?,
    };
    let after =
        after.map(|cursor| decode(&cursor.0).ok_or_else(|| Error::invalid("after", "must be a cursor of this list")));
    Ok(PageRequest { first, after: after.transpose()? })
}

/// The cursor of an item with this key.
pub fn cursor(key: &impl Serialize) -> Cursor {
    // A key is a tuple of times, texts and ids, which always serialise.
    Cursor(URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default()))
}

fn decode<K: DeserializeOwned>(text: &str) -> Option<K> {
    let json = URL_SAFE_NO_PAD.decode(text).ok()?;
    // A key comes from a row, and no text of PostgreSQL has a NUL.
    let has_nul = json.windows(6).any(|bytes| bytes == b"\\u0000");
    serde_json::from_slice(&json).ok().filter(|_| !has_nul)
}

/// Declares a connection and its edge. One that is `streamed by` a field also tells where in the change log its page was
/// read.
macro_rules! connection {
    (
        $(#[$doc:meta])* $connection:ident,
        $(#[$edge_doc:meta])* $edge:ident of $node:ty
        $(, streamed by $stream_cursor:ident)? $(,)?
    ) => {
        $(#[$edge_doc])*
        pub struct $edge {
            /// The item.
            pub node: $node,
            /// Its place in the list.
            pub cursor: $crate::graphql::scalars::Cursor,
        }

        $(#[$edge_doc])*
        #[async_graphql::Object]
        impl $edge {
            /// Place of the item in the list.
            async fn cursor(&self) -> &$crate::graphql::scalars::Cursor { &self.cursor }
            /// The item.
            async fn node(&self) -> &$node { &self.node }
        }

        $(#[$doc])*
        pub struct $connection {
            /// The items of the page.
            pub edges: Vec<$edge>,
            /// Whether others surround them.
            pub page_info: $crate::graphql::connection::PageInfo,
            $(
                /// Position of the change log before which everything is in the page.
                pub $stream_cursor: Option<$crate::graphql::scalars::Cursor>,
            )?
        }

        impl $connection {
            /// Wraps a page; `key` gives the place of an item.
            pub fn new<T, K: serde::Serialize>(
                page: $crate::kernel::page::Page<T>,
                $($stream_cursor: Option<$crate::graphql::scalars::Cursor>,)?
                key: impl Fn(&T) -> K,
                wrap: impl Fn(T) -> $node,
            ) -> Self {
                let (has_next_page, has_previous_page) = (page.has_next, page.has_previous);
                let edges: Vec<$edge> = page
                    .items
                    .into_iter()
                    .map(|item| $edge { cursor: $crate::graphql::connection::cursor(&key(&item)), node: wrap(item) })
                    .collect();
                let page_info = $crate::graphql::connection::PageInfo {
                    end_cursor: edges.last().map(|edge| edge.cursor.clone()),
                    start_cursor: edges.first().map(|edge| edge.cursor.clone()),
                    has_next_page,
                    has_previous_page,
                };
                Self { edges, page_info, $($stream_cursor)? }
            }
        }

        $(#[$doc])*
        #[async_graphql::Object]
        impl $connection {
            /// Items with their cursors.
            async fn edges(&self) -> &[$edge] { &self.edges }
            /// Items alone.
            async fn nodes(&self) -> Vec<&$node> { self.edges.iter().map(|edge| &edge.node).collect() }
            /// Where the page stands.
            async fn page_info(&self) -> &$crate::graphql::connection::PageInfo { &self.page_info }
            $(
                /// Position of the change log at which the page was read: a stream with `after` set to it goes on without
                /// a gap.
                async fn $stream_cursor(
                    &self,
                ) -> Result<&$crate::graphql::scalars::Cursor, $crate::kernel::error::Error> {
                    let cursor = self.$stream_cursor.as_ref();
                    cursor.ok_or_else(|| $crate::kernel::error::Error::internal("no watermark was read"))
                }
            )?
        }
    };
}
pub(super) use connection;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_size_is_bounded() {
        for (first, wanted) in [
            (None, Some(20)),
            (Some(1), Some(1)),
            (Some(100), Some(100)),
            (Some(0), None),
            (Some(101), None),
            (Some(-1), None),
        ] {
            assert_eq!(page_request::<String>(first, None).ok().map(|page| page.first), wanted, "{first:?}");
        }
    }

    #[test]
    fn cursor_of_another_list_is_refused() {
        let cursor = cursor(&("a", 1));
        assert_eq!(
            page_request::<(String, i32)>(None, Some(&cursor)).ok().and_then(|p| p.after),
            Some(("a".into(), 1))
        );
        assert!(page_request::<i64>(None, Some(&cursor)).is_err());
    }
}
