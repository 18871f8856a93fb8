//! Headers that every page carries: what the browser may load and run, and what it tells others.

use axum::http::{
    HeaderName, HeaderValue, Response,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
};

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Sets the content security policy and the headers that are equal on every page.
///
/// Nothing here allows inline scripts or `eval`; callers pass a policy that keeps it so.
pub(super) fn secure<B>(mut response: Response<B>, policy: HeaderValue) -> Response<B> {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin"));
    response
}
