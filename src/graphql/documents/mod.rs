//! Documents: parsed, held against every limit and rule that does not depend on variables, and remembered. What is
//! remembered was found to be valid, so that it is executed without being validated again.

mod named;
mod trusted;
mod typename;
mod validation;

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Request, ServerError};
use aws_lc_rs::digest::{SHA256, digest};
use moka::sync::Cache;

use crate::config::{GraphqlLimits, Trust};
use crate::kernel::error::Error;
use crate::kernel::time::Clock;
use crate::kv::DocumentStore;

use super::inputs::{self, InputTypes, Late};
use super::limits::{self, TypeMap};
use super::schema::ApiSchema;

use self::named::Named;
pub use self::named::{DOCUMENT_ID, PERSISTED_QUERY};
pub use self::trusted::ManifestError;
use self::validation::Validator;

/// Bytes of text whose documents are remembered. A parsed document takes about 20 times its text.
const REMEMBERED: u64 = 4 << 20;

/// Bytes of the longest text that is kept for other replicas.
const LONGEST_KEPT: usize = 16 << 10;

/// SHA-256 of a text.
pub type Hash = [u8; 32];

/// A valid document.
#[derive(Debug)]
pub struct Document {
    /// It.
    pub parsed: ExecutableDocument,
    /// Its arguments that only the variables of a request complete.
    pub late: Vec<Late>,
    /// Bytes of its text, and what an entry costs by itself.
    weight: u32,
}

#[cfg(test)]
impl Document {
    /// Without anything that depends on the schema.
    pub(super) fn parsed(parsed: ExecutableDocument) -> Arc<Self> {
        Arc::new(Self { parsed, late: Vec::new(), weight: 0 })
    }
}

/// Why a text is no document that may run.
#[derive(Debug)]
pub enum Unreadable {
    /// It passes a limit, or is not named as it must be.
    Refused(Error),
    /// A value in it is wrong.
    Values(Error),
    /// It breaks rules of GraphQL.
    Invalid(Vec<ServerError>),
}

impl From<Error> for Unreadable {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// Where documents come from besides requests.
pub struct Sources {
    /// Whether documents may be named by hashes that clients gave them (automatic persisted queries).
    pub takes_hashes: bool,
    /// Where all replicas keep those; without it each keeps its own.
    pub store: Option<DocumentStore>,
    /// Tells the time of what is kept.
    pub clock: Clock,
    /// What the manifest means.
    pub trust: Trust,
}

/// Reads documents.
pub struct Documents {
    known: Cache<Hash, Arc<Document>>,
    trusted: HashMap<Hash, Arc<Document>>,
    /// Hashes of the manifest's documents by their ids.
    ids: HashMap<String, Hash>,
    sources: Sources,
    validator: Validator,
    types: Arc<TypeMap>,
    inputs: Arc<InputTypes>,
    limits: GraphqlLimits,
}

impl Documents {
    /// For a schema and its types.
    #[must_use]
    pub fn new(
        schema: &ApiSchema,
        types: Arc<TypeMap>,
        inputs: Arc<InputTypes>,
        limits: GraphqlLimits,
        sources: Sources,
    ) -> Self {
        let weigher = |_: &Hash, document: &Arc<Document>| document.weight;
        let known = Cache::builder().max_capacity(REMEMBERED).weigher(weigher).build();
        let (trusted, ids) = (HashMap::new(), HashMap::new());
        Self { known, trusted, ids, sources, validator: Validator::of(schema), types, inputs, limits }
    }

    /// Trusts the documents of a manifest. Each is read now, so that one that is not valid is found at the start.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn trusting(mut self, manifest: &str) -> Result<Self, ManifestError> {
        for (id, text) in trusted::read(manifest)? {
            let document = self.parse(&text).map_err(|_| ManifestError::Document(id.clone()))?;
            let hash = hash_of(&text);
            self.trusted.insert(hash, Arc::new(document));
            self.ids.insert(id, hash);
        }
        Ok(self)
    }

    /// The document that a request means.
    ///
    /// # Errors
    /// Why it may not run.
    pub fn of(&self, request: &Request) -> Result<Arc<Document>, Unreadable> {
        let text = request.query.as_str();
        match Named::of(request)? {
            Named::Id(id) => {
                let hash = self.ids.get(&id).and_then(|hash| self.trusted.get(hash));
                Ok(hash.ok_or(Error::UnknownDocument)?.clone())
            }
            Named::Hash(hash) if !text.is_empty() && hash_of(text) != hash => {
                Err(Error::invalid("extensions.persistedQuery", "must have the sha256Hash of the query").into())
            }
            Named::Hash(hash) if text.is_empty() => self.by_hash(&hash),
            Named::Hash(hash) => self.by_text(hash, text),
            Named::Text if text.is_empty() => Err(Error::invalid("query", "must be a document").into()),
            Named::Text => self.by_text(hash_of(text), text),
        }
    }

    fn by_hash(&self, hash: &Hash) -> Result<Arc<Document>, Unreadable> {
        if let Some(document) = self.trusted.get(hash) {
            return Ok(document.clone());
        }
        if !self.sources.takes_hashes {
            return Err(Error::NoHashes.into());
        }
        let found = if self.sources.trust == Trust::Only { None } else { self.known.get(hash) };
        Ok(found.ok_or(Error::UnknownDocument)?)
    }

    fn by_text(&self, hash: Hash, text: &str) -> Result<Arc<Document>, Unreadable> {
        if let Some(document) = self.trusted.get(&hash) {
            return Ok(document.clone());
        }
        match self.sources.trust {
            Trust::Off => {}
            Trust::Prefer => tracing::info!(document.hash = named::hex(&hash), "the document is not trusted"),
            Trust::Only => return Err(Error::invalid("query", "must be one of the trusted documents").into()),
        }
        if let Some(known) = self.known.get(&hash) {
            return Ok(known);
        }
        let document = Arc::new(self.parse(text)?);
        self.known.insert(hash, document.clone());
        Ok(document)
    }

    /// Puts the text into a request that names it only by its hash, if it is kept somewhere. Answers hash and text of one
    /// that comes with both, to be kept when it runs.
    pub async fn look_up(&self, request: &mut Request) -> Option<(Hash, String)> {
        let Ok(Named::Hash(hash)) = Named::of(request) else { return None };
        if !self.keeps() || self.trusted.contains_key(&hash) {
            return None;
        }
        if !request.query.is_empty() {
            return (request.query.len() <= LONGEST_KEPT).then(|| (hash, request.query.clone()));
        }
        let store = self.sources.store.as_ref().filter(|_| !self.known.contains_key(&hash))?;
        let kept = store.get(&named::hex(&hash), self.now()).await;
        // Who can write there must not be able to change what a hash means.
        if let Some(text) = kept.filter(|text| hash_of(text) == hash) {
            request.query = text;
        }
        None
    }

    /// Keeps a text for all replicas.
    pub async fn keep(&self, hash: Hash, text: String) {
        if let Some(store) = &self.sources.store {
            store.put(&named::hex(&hash), &text, self.now()).await;
        }
    }

    fn keeps(&self) -> bool {
        self.sources.takes_hashes && self.sources.trust != Trust::Only
    }

    fn now(&self) -> u64 {
        u64::try_from(self.sources.clock.now().timestamp_millis()).unwrap_or(0)
    }

    fn parse(&self, text: &str) -> Result<Document, Unreadable> {
        limits::text(text, &self.limits)?;
        let parsed = parse_query(text).map_err(|error| Unreadable::Invalid(vec![error.into()]))?;
        limits::document(&parsed, &self.limits)?;
        self.validator.check(&parsed).map_err(Unreadable::Invalid)?;
        typename::check(&parsed).map_err(Unreadable::Invalid)?;
        let sizes = inputs::Sizes { list: self.limits.list, string: self.limits.string };
        let late = inputs::arguments(&parsed, &self.types, &self.inputs, sizes).map_err(Unreadable::Values)?;
        let weight = u32::try_from(text.len() + 64).unwrap_or(u32::MAX);
        Ok(Document { parsed, late, weight })
    }
}

/// SHA-256 of a text.
#[must_use]
pub fn hash_of(text: &str) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}
