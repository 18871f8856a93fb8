//! How an answer leaves: its media type, its status, what is left out of it.

use async_graphql::{Response as GraphqlResponse, ServerError};
use async_graphql_axum::GraphQLResponse;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::graphql::error::refusal;
use crate::kernel::error::Error;
use crate::kernel::ids::RequestId;

const JSON: &str = "application/json";
const GRAPHQL_JSON: &str = "application/graphql-response+json";

/// Which of the two media types the client reads. The older one answers 200 to everything that is well-formed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Accepts {
    GraphqlJson,
    Json,
}

impl Accepts {
    /// The one that the client prefers; the older one where it does not name the newer (RFC 9110, section 12.5.1).
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let ranges: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
        let weight = |wanted: &str| ranges.iter().find_map(|range| quality(range, wanted));
        let newer = weight(GRAPHQL_JSON).unwrap_or(0);
        let older = weight(JSON).or_else(|| weight("application/*")).or_else(|| weight("*/*")).unwrap_or(0);
        if newer > 0 && newer >= older { Self::GraphqlJson } else { Self::Json }
    }

    pub(super) fn bad_request(self) -> StatusCode {
        if self == Self::GraphqlJson { StatusCode::BAD_REQUEST } else { StatusCode::OK }
    }

    pub(super) fn status_of(self, response: &GraphqlResponse) -> StatusCode {
        if is_request_error(response) { self.bad_request() } else { StatusCode::OK }
    }

    pub(super) fn refused(self, status: StatusCode, error: &Error, id: RequestId) -> Response {
        self.respond(status, refusal(error, id))
    }

    pub(super) fn respond(self, status: StatusCode, response: GraphqlResponse) -> Response {
        let response = if is_request_error(&response) {
            axum::Json(Shown::of(response)).into_response()
        } else {
            GraphQLResponse::from(response).into_response()
        };
        self.dressed(status, response)
    }

    /// The answers of a batch, in the order of its requests.
    pub(super) fn respond_to_all(self, responses: Vec<GraphqlResponse>) -> Response {
        let shown: Vec<Shown> = responses.into_iter().map(Shown::of).collect();
        self.dressed(StatusCode::OK, axum::Json(shown).into_response())
    }

    fn dressed(self, status: StatusCode, mut response: Response) -> Response {
        let media_type = if self == Self::GraphqlJson { GRAPHQL_JSON } else { JSON };
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        response
    }
}

/// How much a range of `Accept` wants a media type, in thousandths; `None` when it is of another.
fn quality(range: &str, wanted: &str) -> Option<u32> {
    let mut parts = range.split(';').map(str::trim);
    parts.next().filter(|kind| kind.eq_ignore_ascii_case(wanted))?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let weight = weight.map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
    // Exact for the three digits that a weight may have.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some((weight.clamp(0.0, 1.0) * 1_000.0) as u32)
}

/// An answer in its written form.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    /// What failed before anything ran has no entry `data` (GraphQL, October 2021, section 7.1).
    Failed {
        errors: Vec<ServerError>,
        #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
        extensions: std::collections::BTreeMap<String, async_graphql::Value>,
    },
    Whole(Box<GraphqlResponse>),
}

impl Shown {
    fn of(response: GraphqlResponse) -> Self {
        if is_request_error(&response) {
            Self::Failed { errors: response.errors, extensions: response.extensions }
        } else {
            Self::Whole(Box::new(response))
        }
    }
}

/// Whether it failed before anything ran; after that errors have a path and stand beside data.
fn is_request_error(response: &GraphqlResponse) -> bool {
    response.data == async_graphql::Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_gets_the_media_type_it_prefers() {
        for (accept, wanted) in [
            ("application/graphql-response+json", Accepts::GraphqlJson),
            ("application/graphql-response+json, application/json", Accepts::GraphqlJson),
            ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", Accepts::GraphqlJson),
            ("application/graphql-response+json;q=0.9, application/json;q=0.5", Accepts::GraphqlJson),
            ("application/json, application/graphql-response+json;q=0.5", Accepts::Json),
            ("APPLICATION/GRAPHQL-RESPONSE+JSON", Accepts::GraphqlJson),
            ("application/graphql-response+json;q=0", Accepts::Json),
            ("application/graphql-response+json;q=x", Accepts::Json),
            ("application/graphql-response+json2", Accepts::Json),
            ("*/*", Accepts::Json),
            ("text/html", Accepts::Json),
            ("", Accepts::Json),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(Accepts::of(&headers), wanted, "{accept}");
        }
        assert_eq!(Accepts::of(&HeaderMap::new()), Accepts::Json);
    }
}
