//! How an answer leaves: its media type, its status, what is left out of it.

use async_graphql::{Response as GraphqlResponse, ServerError};
use async_graphql_axum::GraphQLResponse;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::graphql::error::refusal;
use crate::graphql::executor::{Answer, Rate};
use crate::kernel::error::{Error, whole_seconds};
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

    /// What was run, or why nothing was.
    pub(super) fn answer(self, answer: Answer) -> Response {
        let status = match &answer.refused {
            Some(error) => status_of(error),
            None if is_request_error(&answer.response) => self.bad_request(),
            None => StatusCode::OK,
        };
        let (rate, wait) = (answer.rate, answer.refused.as_ref().and_then(wait_of));
        let mut response = self.respond(status, answer.response);
        tell(response.headers_mut(), rate, wait);
        response
    }

    /// The answers of a batch, in the order of its requests.
    pub(super) fn answer_all(self, answers: Vec<Answer>) -> Response {
        // Who waits for the longest of them need not come back for the others.
        let wait = answers.iter().filter_map(|answer| answer.refused.as_ref().and_then(wait_of)).max();
        let rate = answers.iter().filter_map(|answer| answer.rate).min_by_key(|rate| rate.remaining);
        let shown: Vec<Shown> = answers.into_iter().map(|answer| Shown::of(answer.response)).collect();
        let mut response = self.dressed(StatusCode::OK, axum::Json(shown).into_response());
        tell(response.headers_mut(), rate, wait);
        response
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

    fn dressed(self, status: StatusCode, mut response: Response) -> Response {
        let media_type = if self == Self::GraphqlJson { GRAPHQL_JSON } else { JSON };
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        response
    }
}

fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::Unauthenticated => StatusCode::UNAUTHORIZED,
        Error::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        Error::Busy | Error::Unavailable | Error::Timeout => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Seconds after which trying again may help.
fn wait_of(error: &Error) -> Option<u64> {
    match error {
        Error::RateLimited(wait) => Some(whole_seconds(*wait)),
        Error::Busy | Error::Unavailable => Some(1),
        _ => None,
    }
}

/// Says what is left of the quota (the RateLimit fields of the IETF draft, versions 3 to 7) and when to try again.
fn tell(headers: &mut HeaderMap, rate: Option<Rate>, wait: Option<u64>) {
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    if let Some(rate) = rate {
        set("ratelimit-limit", rate.limit.to_string());
        set("ratelimit-remaining", rate.remaining.to_string());
        set("ratelimit-reset", whole_seconds(rate.reset).to_string());
        set("ratelimit-policy", format!("{};w={}", rate.limit, whole_seconds(rate.window)));
    }
    if let Some(seconds) = wait {
        set("retry-after", seconds.to_string());
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
