//! Messages of graphql-transport-ws: strict reading, and writing.

use std::collections::HashMap;

use async_graphql::{Extensions, Request, Response, ServerError, Variables};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::graphql::documents::DOCUMENT_ID;

/// The optional object that `connection_init`, `ping` and `pong` carry.
pub type Payload = Option<Map<String, Value>>;

/// Why a message is none of the protocol. Names what is wrong, never what was sent.
#[derive(Debug)]
pub(super) struct Invalid(pub &'static str);

/// What a client sends.
#[derive(Debug)]
pub(super) enum Incoming {
    Init(Payload),
    Ping(Payload),
    Pong,
    Subscribe { id: String, request: Box<Request> },
    Complete { id: String },
}

impl Incoming {
    pub(super) fn parse(text: &str) -> Result<Self, Invalid> {
        let mut message: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| Invalid("it must be a JSON object"))?;
        let Some(Value::String(kind)) = message.remove("type") else {
            return Err(Invalid("its type must be a string"));
        };
        let mut payload = || object(&mut message, "payload", "its payload must be an object or null");
        match kind.as_str() {
            "connection_init" => Ok(Self::Init(payload()?)),
            "ping" => Ok(Self::Ping(payload()?)),
            "pong" => payload().map(|_| Self::Pong),
            "subscribe" => {
                let payload = payload()?.ok_or(Invalid("its payload must be an object"))?;
                Ok(Self::Subscribe { id: id(&mut message)?, request: Box::new(request(payload)?) })
            }
            "complete" => Ok(Self::Complete { id: id(&mut message)? }),
            _ => Err(Invalid("no client sends this type")),
        }
    }
}

fn id(message: &mut Map<String, Value>) -> Result<String, Invalid> {
    match message.remove("id") {
        Some(Value::String(id)) if !id.is_empty() => Ok(id),
        _ => Err(Invalid("its id must be a string that is not empty")),
    }
}

fn request(mut payload: Map<String, Value>) -> Result<Request, Invalid> {
    let query = match payload.remove("query") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(query)) => query,
        Some(_) => return Err(Invalid("its query must be a string")),
    };
    let mut request = Request::new(query);
    request.operation_name = match payload.remove("operationName") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name),
        Some(_) => return Err(Invalid("its operationName must be a string or null")),
    };
    if let Some(variables) = object(&mut payload, "variables", "its variables must be an object or null")? {
        request.variables = Variables::from_json(Value::Object(variables));
    }
    if let Some(extensions) = object(&mut payload, "extensions", "its extensions must be an object or null")? {
        let values = extensions.into_iter().map(|(name, value)| Ok((name, value.try_into()?)));
        let values: Result<HashMap<_, _>, serde_json::Error> = values.collect();
        request.extensions = Extensions(values.map_err(|_| Invalid("its extensions must be plain JSON"))?);
    }
    match payload.remove(DOCUMENT_ID) {
        None | Some(Value::Null) => {}
        Some(Value::String(id)) => {
            request.extensions.insert(DOCUMENT_ID.to_owned(), id.into());
        }
        Some(_) => return Err(Invalid("its documentId must be a string or null")),
    }
    Ok(request)
}

fn object(from: &mut Map<String, Value>, key: &str, rule: &'static str) -> Result<Payload, Invalid> {
    match from.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(Invalid(rule)),
    }
}

/// What the server sends.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Outgoing<'a> {
    #[serde(rename = "connection_ack")]
    Ack,
    Ping,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Payload,
    },
    Next {
        id: &'a str,
        payload: &'a Response,
    },
    Error {
        id: &'a str,
        payload: &'a [ServerError],
    },
    Complete {
        id: &'a str,
    },
}
