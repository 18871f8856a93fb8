//! Transport: bytes in, bytes out; no business words.
//!
//! The router below is the table of contents. Layers, outermost first: who asks and what the request is called, headers on
//! every answer, compression, a panic becomes 500 without internals, then the routes. `/graphql` has cross-origin sharing and
//! a time limit; the upgrade to a socket is answered at once, and a socket lives as long as it likes.

mod client;
mod forwarded;
pub mod graphql;
pub mod health;
mod origin;
pub mod pages;
pub mod protocol;
pub mod server;
pub mod socket;
pub mod state;
pub mod tls;
pub mod ws;

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate as _, SizeAbove};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::config::Http;

use pages::{Graphiql, graphiql_routes, landing_routes};
use state::HttpState;

/// By which a request may be longer than its operation, which answers TIMEOUT in GraphQL's own form.
const SLACK: Duration = Duration::from_secs(1);
/// Bytes up to which compressing costs more than it saves.
const COMPRESSED_ABOVE: u64 = 1_024;

/// Every route of the main address.
pub fn router(state: HttpState) -> Router {
    let settings = &state.settings;
    let over_http = Router::new()
        .route("/graphql", post(graphql::post).get(graphql::get))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, longest(settings)))
        .layer(origin::sharing(&settings.allowed_origins));
    let pages = match settings.graphiql {
        true => graphiql_routes().merge(landing_routes(Graphiql::Served)),
        false => landing_routes(Graphiql::Off),
    };
    let routes = over_http
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/startupz", get(health::startupz))
        .route("/health", get(health::summary))
        .merge(pages)
        .layer(CatchPanicLayer::custom(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
        .layer(CompressionLayer::new().compress_when(SizeAbove::new(COMPRESSED_ABOVE).and(DefaultPredicate::new())));
    secured(routes, settings).layer(from_fn_with_state(state.clone(), client::identify)).with_state(state)
}

/// How long a request may take in all: its body, and its operations one after the other, which have times of their own.
fn longest(settings: &Http) -> Duration {
    let operations = u32::try_from(settings.max_batch.max(1)).unwrap_or(u32::MAX);
    settings.body_timeout + settings.request_timeout.saturating_mul(operations) + SLACK
}

/// Headers that every answer has; a page has a policy of its own.
fn secured(routes: Router<HttpState>, settings: &Http) -> Router<HttpState> {
    let routes = routes
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
        .layer(header(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .layer(header(header::CACHE_CONTROL, "no-store"));
    match settings.tls {
        Some(_) => routes.layer(header(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000")),
        None => routes,
    }
}

fn header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
