//! Transport: bytes in, bytes out; no business words.
//!
//! The router below is the table of contents. Layers, outermost first: a panic becomes 500 without internals, security
//! headers on every answer, then the routes; the body limit and the time limit hold for `/graphql` over HTTP; the upgrade to
//! a socket is answered at once, and a socket lives as long as it likes. Around both, log lines learn the client's address.

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
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use pages::{Graphiql, graphiql_routes, landing_routes};
use state::HttpState;

/// By which a request may be longer than its operation, which answers TIMEOUT in GraphQL's own form.
const SLACK: Duration = Duration::from_secs(1);

/// Every route of the main address.
pub fn router(state: HttpState) -> Router {
    let settings = state.settings.clone();
    let over_http = Router::new()
        .route("/graphql", post(graphql::post).get(graphql::get))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, settings.request_timeout + SLACK))
        .layer(DefaultBodyLimit::max(settings.max_body_bytes))
        .layer(from_fn_with_state(state.clone(), client::identify));
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
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"));
    let routes = match settings.tls {
        Some(_) => routes.layer(header(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000")),
        None => routes,
    };
    routes.layer(CatchPanicLayer::new()).with_state(state)
}

fn header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
