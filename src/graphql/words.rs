//! Word lists of the domain as GraphQL enums.

/// Declares a GraphQL enum with the words of a domain enum; every word must be in both.
macro_rules! mirrored {
    ($($(#[$doc:meta])* $name:ident of $domain:ty { $($(#[$word_doc:meta])* $variant:ident),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(async_graphql::Enum, Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $name { $($(#[$word_doc])* $variant),+ }

        impl From<$domain> for $name {
            fn from(word: $domain) -> Self {
                type Word = $domain;
                match word { $(Word::$variant => Self::$variant),+ }
            }
        }
        impl From<$name> for $domain {
            fn from(word: $name) -> Self {
                type Word = $domain;
                match word { $($name::$variant => Word::$variant),+ }
            }
        }
    )+};
}
pub(in crate::graphql) use mirrored;
