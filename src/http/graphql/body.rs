//! What a request asks, read from its body or its URL; what is wrong is named by its field.

use std::collections::HashMap;

use async_graphql::{Extensions, Request, Value, Variables};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::graphql::documents::{DOCUMENT_ID, PERSISTED_QUERY};
use crate::kernel::error::Error;

/// One request or several.
pub(super) enum Incoming {
    One(Box<Request>),
    Batch(Vec<Request>),
}

/// The fields of a request, as GraphQL over HTTP has them, each to be read by itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent<'a> {
    #[serde(borrow)]
    query: Option<&'a RawValue>,
    #[serde(borrow)]
    operation_name: Option<&'a RawValue>,
    #[serde(borrow)]
    variables: Option<&'a RawValue>,
    #[serde(borrow)]
    extensions: Option<&'a RawValue>,
    #[serde(borrow)]
    document_id: Option<&'a RawValue>,
}

/// Reads a body: an object, or a list of at most `most` of them.
///
/// # Errors
/// `Invalid` naming the field at fault.
pub(super) fn parse(body: &[u8], most: usize) -> Result<Incoming, Error> {
    const RULE: &str = "must be a JSON object with a `query`, or a list of them";
    let wrong = || Error::invalid("body", RULE);
    match body.trim_ascii_start().first() {
        Some(b'{') => Ok(Incoming::One(Box::new(one(body).ok_or_else(wrong)??))),
        Some(b'[') if most > 0 => {
            let items: Vec<&RawValue> = serde_json::from_slice(body).map_err(|_| wrong())?;
            if items.is_empty() || items.len() > most {
                return Err(Error::invalid("body", format!("must be a list of 1 to {most} requests")));
            }
            let request = |item: &&RawValue| {
                // A list of the fields' values in their order, which serde would take for an object, is none.
                let is_object = item.get().starts_with('{');
                one(item.get().as_bytes()).filter(|_| is_object).ok_or_else(wrong)?
            };
            items.iter().map(request).collect::<Result<_, _>>().map(Incoming::Batch)
        }
        Some(b'[') => Err(Error::invalid("body", "must be one request: lists of them are switched off")),
        _ => Err(wrong()),
    }
}

/// One request; `None` when it is no JSON object at all.
fn one(text: &[u8]) -> Option<Result<Request, Error>> {
    let sent: Sent<'_> = serde_json::from_slice(text).ok()?;
    Some(sent.request())
}

impl Sent<'_> {
    fn request(&self) -> Result<Request, Error> {
        let query: Option<String> = read(self.query, "query", "must be a string")?;
        let document_id: Option<String> = read(self.document_id, "documentId", "must be a string")?;
        let mut request = Request::new(query.unwrap_or_default());
        request.operation_name = read(self.operation_name, "operationName", "must be a string")?;
        request.variables = read::<Variables>(self.variables, "variables", "must be an object")?.unwrap_or_default();
        let extensions: Option<HashMap<String, Value>> = read(self.extensions, "extensions", "must be an object")?;
        complete(request, extensions, document_id)
    }
}

/// A field that may be left out or null.
fn read<T: DeserializeOwned>(field: Option<&RawValue>, name: &str, rule: &str) -> Result<Option<T>, Error> {
    let Some(field) = field else { return Ok(None) };
    serde_json::from_str(field.get()).map_err(|_| Error::invalid(name, rule))
}

/// A request in the URL. The parser of `async-graphql` knows no `operationName`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
    document_id: Option<String>,
}

impl Parameters {
    pub(super) fn request(self) -> Result<Request, Error> {
        let mut request = Request::new(self.query.unwrap_or_default());
        request.operation_name = self.operation_name.filter(|name| !name.is_empty());
        request.variables = parameter(self.variables, "variables")?.unwrap_or_default();
        let extensions = parameter(self.extensions, "extensions")?;
        complete(request, extensions, self.document_id)
    }
}

fn parameter<T: DeserializeOwned>(text: Option<String>, name: &str) -> Result<Option<T>, Error> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|_| Error::invalid(name, "must be a JSON object"))
}

/// A document is given, or named by its hash or id.
fn complete(
    mut request: Request,
    extensions: Option<HashMap<String, Value>>,
    document_id: Option<String>,
) -> Result<Request, Error> {
    request.extensions = Extensions(extensions.unwrap_or_default());
    if let Some(id) = document_id {
        request.extensions.insert(DOCUMENT_ID.to_owned(), Value::String(id));
    }
    let is_named = [DOCUMENT_ID, PERSISTED_QUERY].iter().any(|name| request.extensions.contains_key(*name));
    if request.query.is_empty() && !is_named {
        return Err(Error::invalid("query", "must be a document"));
    }
    Ok(request)
}
