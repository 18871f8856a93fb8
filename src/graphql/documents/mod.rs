//! Documents: parsed, held against every limit and rule that does not depend on variables, and remembered. What is
//! remembered was found to be valid, so that it is executed without being validated again.

mod validation;

use std::sync::Arc;

use async_graphql::ServerError;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use aws_lc_rs::digest::{SHA256, digest};
use moka::sync::Cache;

use crate::config::GraphqlLimits;
use crate::kernel::error::Error;

use super::inputs::{self, InputTypes, Late};
use super::limits::{self, TypeMap};
use super::schema::ApiSchema;

use self::validation::Validator;

/// Bytes of text whose documents are remembered. A parsed document takes about 20 times its text.
const REMEMBERED: u64 = 4 << 20;

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
    /// It passes a limit, or a value in it is wrong.
    Refused(Error),
    /// It breaks rules of GraphQL.
    Invalid(Vec<ServerError>),
}

impl From<Error> for Unreadable {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// Reads texts.
pub struct Documents {
    known: Cache<Hash, Arc<Document>>,
    validator: Validator,
    types: Arc<TypeMap>,
    inputs: Arc<InputTypes>,
    limits: GraphqlLimits,
}

impl Documents {
    /// For a schema and its types.
    #[must_use]
    pub fn new(schema: &ApiSchema, types: Arc<TypeMap>, inputs: Arc<InputTypes>, limits: GraphqlLimits) -> Self {
        let weigher = |_: &Hash, document: &Arc<Document>| document.weight;
        let known = Cache::builder().max_capacity(REMEMBERED).weigher(weigher).build();
        Self { known, validator: Validator::of(schema), types, inputs, limits }
    }

    /// The document of a text.
    ///
    /// # Errors
    /// Why it may not run.
    pub fn read(&self, text: &str) -> Result<Arc<Document>, Unreadable> {
        let hash = hash_of(text);
        if let Some(known) = self.known.get(&hash) {
            return Ok(known);
        }
        let document = Arc::new(self.parse(text)?);
        self.known.insert(hash, document.clone());
        Ok(document)
    }

    fn parse(&self, text: &str) -> Result<Document, Unreadable> {
        limits::text(text, &self.limits)?;
        let parsed = parse_query(text).map_err(|error| Unreadable::Invalid(vec![error.into()]))?;
        limits::document(&parsed, &self.limits)?;
        self.validator.check(&parsed).map_err(Unreadable::Invalid)?;
        let late = inputs::arguments(&parsed, &self.types, &self.inputs, self.limits.list)?;
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
