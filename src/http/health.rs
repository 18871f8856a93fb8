//! Health: is the process alive, has it started, can it serve.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::state::HttpState;

/// 200 while the process answers at all; asks nothing else, so that an outage elsewhere restarts nobody.
pub async fn livez() -> &'static str {
    "ok"
}

/// 200 once the start is done.
pub async fn startupz(State(state): State<HttpState>) -> Response {
    if state.is_started() { "ok".into_response() } else { StatusCode::SERVICE_UNAVAILABLE.into_response() }
}

/// 200 while requests can be served: the database answers, no migration is pending, no drain has begun.
pub async fn readyz(State(state): State<HttpState>) -> Response {
    let report = state.checks.report().await;
    let is_ready = report.is_ready() && state.is_started() && !state.is_draining();
    answer(is_ready, json!({ "ready": is_ready, "draining": state.is_draining(), "checks": report }))
}

/// The same for load balancers, with the release.
pub async fn summary(State(state): State<HttpState>) -> Response {
    let report = state.checks.report().await;
    let is_ready = report.is_ready() && !state.is_draining();
    let status = if is_ready { "ok" } else { "unavailable" };
    answer(is_ready, json!({ "status": status, "version": env!("CARGO_PKG_VERSION"), "checks": report }))
}

fn answer(is_good: bool, body: serde_json::Value) -> Response {
    let status = if is_good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
