//! `/graphql` over HTTP: operations by POST, a query by GET, or the upgrade to a socket.

mod answer;
mod body;

use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response as GraphqlResponse};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::join_all;
use http_body_util::LengthLimitError;
use tokio::time::timeout;

use crate::domain::identity::session::Session;
use crate::graphql::error::refusal;
use crate::graphql::executor::{Admission, Answer, Checked, Entered, Transport};
use crate::kernel::error::Error;
use crate::kernel::ids::RequestId;

use self::answer::Accepts;
use self::body::{Incoming, Parameters};
use super::client::Client;
use super::origin;
use super::server::Place;
use super::state::HttpState;

const JSON: &str = "application/json";

/// What every handler here needs to know of a request.
struct Asking<'a> {
    state: &'a HttpState,
    headers: &'a HeaderMap,
    accepts: Accepts,
    transport: Transport,
}

/// An operation that may run.
struct Ready {
    session: Session,
    admission: Admission,
    entered: Entered,
    checked: Checked,
}

/// One of a list: what was counted and checked, or why it was not counted.
type Item = Result<(Entered, Result<Checked, Box<GraphqlResponse>>), Box<Answer>>;

/// Operations as JSON. Another content type is refused: a page of another site can send only simple ones unasked.
pub(super) async fn post(
    State(state): State<HttpState>,
    Extension(client): Extension<Client>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let asking = Asking::of(&state, &headers, &client, request_id);
    if !is_json(&headers) {
        let error = Error::invalid("Content-Type", "must be application/json");
        return asking.refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, &error);
    }
    let body = match whole(body, state.settings.max_body_bytes, state.settings.body_timeout).await {
        Ok(body) => body,
        Err((status, error)) => return asking.refused(status, &error),
    };
    match body::parse(&body, state.settings.max_batch) {
        Ok(Incoming::One(request)) => asking.one(*request).await,
        Ok(Incoming::Batch(requests)) => asking.batch(requests).await,
        Err(error) => asking.refused(StatusCode::BAD_REQUEST, &error),
    }
}

/// A query in the URL, or a socket.
pub(super) async fn get(
    State(state): State<HttpState>,
    Extension(client): Extension<Client>,
    Extension(request_id): Extension<RequestId>,
    Extension(place): Extension<Place>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let asking = Asking::of(&state, &headers, &client, request_id);
    let is_own = origin::is_allowed(&headers, &client, &state.settings.allowed_origins);
    if let Ok(upgrade) = upgrade {
        if !is_own {
            tracing::info!("socket of another origin refused");
            return asking.refused(StatusCode::FORBIDDEN, &Error::Forbidden);
        }
        return state.sockets.upgrade(upgrade, client.address, place);
    }
    // A browser sends such a request for any page without asking first; what it would cost, its sender must not decide.
    if !is_own || origin::is_unasked(&headers) {
        tracing::info!("query of another site's page refused");
        return asking.refused(StatusCode::FORBIDDEN, &Error::Forbidden);
    }
    match Query::<Parameters>::try_from_uri(&uri).ok().map(|Query(given)| given.request()) {
        Some(Ok(request)) => asking.by_get(request).await,
        Some(Err(error)) => asking.refused(StatusCode::BAD_REQUEST, &error),
        None => {
            let error = Error::invalid("url", "must have each parameter once");
            asking.refused(StatusCode::BAD_REQUEST, &error)
        }
    }
}

impl<'a> Asking<'a> {
    fn of(state: &'a HttpState, headers: &'a HeaderMap, client: &Client, request_id: RequestId) -> Self {
        let idempotency_key =
            headers.get("idempotency-key").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let transport = Transport { idempotency_key, request_id, address: client.address };
        Self { state, headers, accepts: Accepts::of(headers), transport }
    }

    async fn one(self, request: Request) -> Response {
        match self.checked(request).await {
            Ok(ready) if ready.checked.kind == OperationType::Subscription => {
                self.refused(self.accepts.bad_request(), &streams())
            }
            Ok(ready) => self.run(ready).await,
            Err(response) => response,
        }
    }

    async fn by_get(mut self, request: Request) -> Response {
        // A query changes nothing: there is nothing to be repeated.
        self.transport.idempotency_key = None;
        match self.checked(request).await {
            Ok(ready) if ready.checked.kind == OperationType::Query => self.run(ready).await,
            Ok(_) => {
                // A document that may not be sent by GET may be sent by POST.
                let error = Error::invalid("query", "must be a query when it is sent by GET");
                ([(header::ALLOW, "POST")], self.refused(StatusCode::METHOD_NOT_ALLOWED, &error)).into_response()
            }
            Err(response) => response,
        }
    }

    async fn checked(&self, request: Request) -> Result<Ready, Response> {
        let gateway = &self.state.gateway;
        let admission = gateway.admit().map_err(|error| self.failed(error))?;
        let session = self.session().await?;
        let entered = gateway.enter(&session, &self.transport).await;
        let entered = entered.map_err(|answer| self.accepts.answer(*answer))?;
        match gateway.check_shared(&session, request, &self.transport).await {
            Ok(checked) => Ok(Ready { session, admission, entered, checked }),
            Err(refusal) => Err(self.accepts.answer(gateway.refuse(entered, *refusal))),
        }
    }

    async fn run(&self, ready: Ready) -> Response {
        let Ready { session, admission, entered, checked } = ready;
        self.accepts.answer(self.state.gateway.execute(&session, checked, entered, admission).await)
    }

    /// Several operations, answered in their order. Where one of them changes something they run one after the other; else
    /// each takes a place of its own.
    async fn batch(self, requests: Vec<Request>) -> Response {
        let gateway = &self.state.gateway;
        let admission = match gateway.admit() {
            Ok(admission) => admission,
            Err(error) => return self.failed(error),
        };
        let session = match self.session().await {
            Ok(session) => session,
            Err(response) => return response,
        };
        if self.transport.idempotency_key.is_some() {
            let error = Error::invalid("Idempotency-Key", "cannot stand for a list of requests");
            return self.refused(StatusCode::BAD_REQUEST, &error);
        }
        let mut items = Vec::with_capacity(requests.len());
        for request in requests {
            items.push(match gateway.enter(&session, &self.transport).await {
                Ok(entered) => Ok((entered, gateway.check_shared(&session, request, &self.transport).await)),
                Err(answer) => Err(answer),
            });
        }
        let is_change = |item: &Item| matches!(item, Ok((_, Ok(checked))) if checked.kind != OperationType::Query);
        let mut answers = Vec::with_capacity(items.len());
        if items.iter().any(is_change) {
            for item in items {
                answers.push(self.item(&session, Ok(admission.clone()), item).await);
            }
        } else {
            let first = std::iter::once(Ok(admission));
            let places = first.chain(std::iter::repeat_with(|| gateway.admit()));
            let running = items.into_iter().zip(places).map(|(item, place)| self.item(&session, place, item));
            answers = join_all(running).await;
        }
        self.accepts.answer_all(answers)
    }

    async fn item(&self, session: &Session, place: Result<Admission, Error>, item: Item) -> Answer {
        let gateway = &self.state.gateway;
        let (entered, checked) = match item {
            Ok(item) => item,
            Err(answer) => return *answer,
        };
        match (checked, place) {
            (Ok(checked), _) if checked.kind == OperationType::Subscription => {
                gateway.refuse(entered, refusal(&streams(), self.transport.request_id))
            }
            (Ok(checked), Ok(admission)) => gateway.execute(session, checked, entered, admission).await,
            (Ok(_), Err(error)) => Answer::refused(error, self.transport.request_id),
            (Err(refusal), _) => gateway.refuse(entered, *refusal),
        }
    }

    async fn session(&self) -> Result<Session, Response> {
        let opened = match bearer(self.headers) {
            Ok(token) => self.state.gateway.open(token, self.transport.address).await,
            Err(error) => Err(error),
        };
        opened.map_err(|error| self.failed(error))
    }

    /// Nothing was run, and it is not the document's fault.
    fn failed(&self, error: Error) -> Response {
        self.accepts.answer(Answer::refused(error, self.transport.request_id))
    }

    fn refused(&self, status: StatusCode, error: &Error) -> Response {
        self.accepts.refused(status, error, self.transport.request_id)
    }
}

fn streams() -> Error {
    Error::invalid("query", "must not be a subscription: open a WebSocket with graphql-transport-ws")
}

/// The body, if it is not too long and does not take too long.
async fn whole(body: Body, most: usize, within: Duration) -> Result<Bytes, (StatusCode, Error)> {
    match timeout(within, to_bytes(body, most)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if std::error::Error::source(&error).is_some_and(|source| source.is::<LengthLimitError>()) => {
            let error = Error::invalid("body", format!("must have at most {most} bytes"));
            Err((StatusCode::PAYLOAD_TOO_LARGE, error))
        }
        Ok(Err(_)) => Err((StatusCode::BAD_REQUEST, Error::invalid("body", "must arrive whole"))),
        Err(_) => {
            let error = Error::invalid("body", format!("must arrive within {} ms", within.as_millis()));
            Err((StatusCode::REQUEST_TIMEOUT, error))
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str).and_then(Result::ok).unwrap_or_default();
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
