//! From failures to GraphQL errors: a code from one closed list, the field at fault, and nothing internal.

mod codes;
mod page;

use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};

use crate::kernel::error::{Error, whole_seconds};
use crate::kernel::ids::RequestId;

pub use codes::Code;
pub use page::page;

/// Characters of the longest message about a document.
const LONGEST_MESSAGE: usize = 500;

/// Gives every error of a response its code and the request id, and takes internals out.
pub fn finish(response: &mut Response, request_id: RequestId) {
    for error in &mut response.errors {
        finish_one(error, request_id);
    }
}

/// An answer without data.
#[must_use]
pub fn refusal(error: &Error, request_id: RequestId) -> Response {
    let mut server_error = ServerError::new(error.to_string(), None);
    describe(&mut server_error, error, request_id);
    Response::from_errors(vec![server_error])
}

fn finish_one(error: &mut ServerError, request_id: RequestId) {
    match error.source.take() {
        Some(source) => match source.downcast_ref::<Error>() {
            Some(cause) => describe(error, cause, request_id),
            None => describe(error, &Error::internal(error.message.clone()), request_id),
        },
        // A refusal of our own is whole already.
        None if error.extensions.as_ref().is_some_and(|values| values.get("code").is_some()) => {}
        // Without a source it was said of the document itself: syntax, validation, coercion.
        None => {
            shorten(&mut error.message);
            set(error, "code", Code::BadUserInput.word().into());
        }
    }
    set(error, "requestId", request_id.to_string().into());
}

/// What was said of a document quotes it, and a document can be long.
fn shorten(message: &mut String) {
    if let Some((end, _)) = message.char_indices().nth(LONGEST_MESSAGE) {
        message.truncate(end);
        message.push('…');
    }
}

fn describe(error: &mut ServerError, cause: &Error, request_id: RequestId) {
    if let Error::Internal(source) = cause {
        tracing::error!(request.id = %request_id, error = &**source as &dyn std::error::Error, "operation failed");
    }
    error.message = sentence(cause);
    set(error, "code", Code::of(cause).word().into());
    match cause {
        Error::Invalid(fields) => {
            let path = |field: &[String]| Value::List(field.iter().map(|part| part.as_str().into()).collect());
            if let Some(first) = fields.first() {
                set(error, "field", path(&first.field));
            }
            if fields.len() > 1 {
                set(error, "fields", Value::List(fields.iter().map(|field| path(&field.field)).collect()));
            }
        }
        Error::TooCostly(excess) => {
            set(error, "limit", excess.limit.into());
            set(error, "allowed", excess.allowed.into());
            set(error, "asked", excess.asked.into());
        }
        Error::RateLimited(wait) => set(error, "retryAfterSeconds", whole_seconds(*wait).into()),
        _ => {}
    }
    set(error, "requestId", request_id.to_string().into());
}

/// What a person reads; rules name their field.
fn sentence(cause: &Error) -> String {
    match cause {
        Error::Invalid(fields) => {
            let rules: Vec<String> =
                fields.iter().map(|field| format!("`{}` {}", field.field.join("."), field.rule)).collect();
            rules.join("; ")
        }
        other => other.to_string(),
    }
}

fn set(error: &mut ServerError, name: &str, value: Value) {
    error.extensions.get_or_insert_with(ErrorExtensionValues::default).set(name, value);
}
