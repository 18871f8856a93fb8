//! `/graphql` over HTTP: one operation by POST, a query by GET, or the upgrade to a socket.

use async_graphql::{Request, Response as GraphqlResponse, ServerError};
use async_graphql_axum::GraphQLResponse;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::domain::identity::session::Session;
use crate::graphql::error::refusal;
use crate::graphql::executor::{Checked, Sort, Transport};
use crate::kernel::error::Error;
use crate::kernel::ids::RequestId;

use super::client::Client;
use super::origin;
use super::state::HttpState;

const JSON: &str = "application/json";
const GRAPHQL_JSON: &str = "application/graphql-response+json";

/// One operation as JSON. Another content type is refused: a form of another site can only send simple ones.
pub async fn post(State(state): State<HttpState>, headers: HeaderMap, body: Result<Bytes, BytesRejection>) -> Response {
    let accepts = Accepts::of(&headers);
    if !is_json(&headers) {
        let error = Error::invalid("Content-Type", "must be application/json");
        return accepts.refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, &error);
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let rule = format!("must have at most {} bytes", state.settings.max_body_bytes);
            return accepts.refused(StatusCode::PAYLOAD_TOO_LARGE, &Error::invalid("body", rule));
        }
        Err(rejection) => {
            return accepts.refused(rejection.status(), &Error::invalid("body", "must arrive whole"));
        }
    };
    let Some(request) = parse(&body) else {
        let error = Error::invalid("body", "must be one JSON object with a string `query`");
        return accepts.refused(StatusCode::BAD_REQUEST, &error);
    };
    let idempotency_key =
        headers.get("idempotency-key").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    answer(&state, &headers, accepts, request, Transport { idempotency_key, is_get: false }).await
}

/// An object with a document; a list of values in the order of its fields, which serde would take for one, is none.
fn parse(body: &[u8]) -> Option<Request> {
    let is_object = body.trim_ascii_start().starts_with(b"{");
    serde_json::from_slice(body).ok().filter(|request: &Request| is_object && !request.query.is_empty())
}

/// A query in the URL, or a socket.
pub(super) async fn get(
    State(state): State<HttpState>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let accepts = Accepts::of(&headers);
    if let Ok(upgrade) = upgrade {
        if !origin::may_open(&headers, &client, &state.settings.allowed_origins) {
            tracing::info!("socket of another origin refused");
            return accepts.refused(StatusCode::FORBIDDEN, &Error::Forbidden);
        }
        return state.sockets.upgrade(upgrade);
    }
    let request = match Query::<Parameters>::try_from_uri(&uri).ok().map(|Query(given)| given.request()) {
        Some(Ok(request)) => request,
        Some(Err(error)) => return accepts.refused(StatusCode::BAD_REQUEST, &error),
        None => {
            let error = Error::invalid("url", "must have `query`, and any other parameter once");
            return accepts.refused(StatusCode::BAD_REQUEST, &error);
        }
    };
    answer(&state, &headers, accepts, request, Transport { idempotency_key: None, is_get: true }).await
}

/// A request in the URL, as GraphQL over HTTP has it; the parser of `async-graphql` knows no `operationName`.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: String,
    operation_name: Option<String>,
    variables: Option<String>,
}

impl Parameters {
    fn request(self) -> Result<Request, Error> {
        let mut request = Request::new(self.query);
        request.operation_name = self.operation_name.filter(|name| !name.is_empty());
        if let Some(text) = self.variables.filter(|text| !text.is_empty()) {
            request.variables =
                serde_json::from_str(&text).map_err(|_| Error::invalid("variables", "must be a JSON object"))?;
        }
        Ok(request)
    }
}

async fn answer(
    state: &HttpState,
    headers: &HeaderMap,
    accepts: Accepts,
    request: Request,
    transport: Transport,
) -> Response {
    let session = match session(state, headers).await {
        Ok(session) => session,
        Err(error) => {
            let status = match &error {
                Error::Unauthenticated => StatusCode::UNAUTHORIZED,
                Error::Unavailable | Error::Timeout => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            return accepts.refused(status, &error);
        }
    };
    let is_get = transport.is_get;
    let checked: Checked = match state.gateway.check(request, transport) {
        Ok(checked) => checked,
        // A document that may not be sent by GET may be sent by POST.
        Err(response) if is_get && names(&response.errors, "query") => {
            let refused = accepts.respond(StatusCode::METHOD_NOT_ALLOWED, *response);
            return ([(header::ALLOW, "POST")], refused).into_response();
        }
        Err(response) => return accepts.respond(accepts.bad_request(), *response),
    };
    if checked.sort == Sort::Stream {
        let error = Error::invalid("query", "must not be a subscription: open a WebSocket with graphql-transport-ws");
        return accepts.refused(accepts.bad_request(), &error);
    }
    let response = state.gateway.execute(&session, checked).await;
    accepts.respond(accepts.status_of(&response), response)
}

async fn session(state: &HttpState, headers: &HeaderMap) -> Result<Session, Error> {
    state.gateway.open(bearer(headers)?).await
}

fn names(errors: &[ServerError], field: &str) -> bool {
    let named = |error: &ServerError| error.extensions.as_ref().and_then(|values| values.get("field").cloned());
    errors.iter().any(|error| named(error) == Some(async_graphql::Value::List(vec![field.into()])))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(JSON))
}

/// The token of `Authorization: Bearer …`; a header of another form is a wrong token, not none.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_| Error::Unauthenticated)?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => {
            Ok(Some(token.trim()))
        }
        _ => {
            tracing::info!("authorization that is no bearer token refused");
            Err(Error::Unauthenticated)
        }
    }
}

/// Which of the two media types the client reads. The older one answers 200 to everything that is well-formed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Accepts {
    GraphqlJson,
    Json,
}

impl Accepts {
    fn of(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if accept.contains(GRAPHQL_JSON) { Self::GraphqlJson } else { Self::Json }
    }

    fn bad_request(self) -> StatusCode {
        if self == Self::GraphqlJson { StatusCode::BAD_REQUEST } else { StatusCode::OK }
    }

    fn status_of(self, response: &GraphqlResponse) -> StatusCode {
        if is_request_error(response) { self.bad_request() } else { StatusCode::OK }
    }

    fn refused(self, status: StatusCode, error: &Error) -> Response {
        self.respond(status, refusal(error, RequestId::random()))
    }

    fn respond(self, status: StatusCode, response: GraphqlResponse) -> Response {
        let media_type = if self == Self::GraphqlJson { GRAPHQL_JSON } else { JSON };
        let mut response = if is_request_error(&response) {
            // What failed before anything ran has no entry `data` (GraphQL, October 2021, section 7.1).
            axum::Json(RequestErrors { errors: response.errors }).into_response()
        } else {
            GraphQLResponse::from(response).into_response()
        };
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        response
    }
}

/// An answer without an entry `data`.
#[derive(serde::Serialize)]
struct RequestErrors {
    errors: Vec<ServerError>,
}

/// Whether it failed before anything ran; after that errors have a path and stand beside data.
fn is_request_error(response: &GraphqlResponse) -> bool {
    response.data == async_graphql::Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}
