//! How a request says which document it means: by its text, its hash, an id, or its text together with its hash.

use async_graphql::{Request, Value};

use crate::kernel::error::Error;

use super::Hash;

/// Where the extensions of a request hold the id of a document that is to be run in the place of a text.
pub const DOCUMENT_ID: &str = "documentId";
/// Where they hold the hash, as Apollo's clients send it.
pub const PERSISTED_QUERY: &str = "persistedQuery";

/// Which document is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Named {
    /// The one that is there.
    Text,
    /// The one with this hash; if a text is there, it must have it.
    Hash(Hash),
    /// The one of the manifest with this id.
    Id(String),
}

impl Named {
    pub(super) fn of(request: &Request) -> Result<Self, Error> {
        match (request.extensions.get(DOCUMENT_ID), request.extensions.get(PERSISTED_QUERY)) {
            (None | Some(Value::Null), None | Some(Value::Null)) => Ok(Self::Text),
            (Some(Value::String(id)), None | Some(Value::Null)) => {
                if !request.query.is_empty() {
                    return Err(Error::invalid("query", "must be left out where documentId is given"));
                }
                // The form of the GraphQL over HTTP specification, appendix "Persisted Documents".
                match id.strip_prefix("sha256:") {
                    Some(hex) => hash(hex)
                        .map(Self::Hash)
                        .ok_or_else(|| Error::invalid("documentId", "must have 64 hexadecimal digits after sha256:")),
                    None => Ok(Self::Id(id.clone())),
                }
            }
            (None | Some(Value::Null), Some(Value::Object(given))) => {
                let wrong = |rule| Error::invalid("extensions.persistedQuery", rule);
                if given.get("version") != Some(&Value::from(1)) {
                    return Err(wrong("must have the version 1"));
                }
                let Some(Value::String(hex)) = given.get("sha256Hash") else {
                    return Err(wrong("must have a sha256Hash"));
                };
                hash(hex).map(Self::Hash).ok_or_else(|| wrong("must have a sha256Hash of 64 hexadecimal digits"))
            }
            (None | Some(Value::Null), Some(_)) => {
                Err(Error::invalid("extensions.persistedQuery", "must be an object"))
            }
            _ => Err(Error::invalid("documentId", "must be the only way in which a document is named")),
        }
    }
}

/// A hash as 64 hexadecimal digits.
fn hash(hex: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if hex.len() != 2 * hash.len() || !hex.is_ascii() {
        return None;
    }
    for (index, byte) in hash.iter_mut().enumerate() {
        let digits = hex.get(2 * index..2 * index + 2).filter(|digits| !digits.starts_with('+'))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(hash)
}

/// The same in writing.
pub(super) fn hex(hash: &Hash) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
