//! Asks the pages without a socket.

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use tower::ServiceExt as _;

use super::{Graphiql, graphiql_routes, landing_routes};

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// The header's value; empty when it is absent.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// GETs from all pages together.
pub(super) async fn get(path: &str) -> Answer {
    get_from(landing_routes(Graphiql::Served).merge(graphiql_routes()), path).await
}

/// GETs from the router.
pub(super) async fn get_from(router: Router, path: &str) -> Answer {
    let request = Request::get(path).body(Body::empty()).expect("a valid request");
    let (parts, body) = router.oneshot(request).await.expect("an answer").into_parts();
    let body = to_bytes(body, 16 << 20).await.expect("a body");
    Answer { status: parts.status, headers: parts.headers, body }
}
