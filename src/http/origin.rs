//! Which pages of browsers may ask what. A browser lets any page open sockets and send simple requests to any server, and
//! says only whose page it is; reading answers, and anything that is not simple, takes the server's word (CORS).

use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::Origin;

use super::client::Client;

/// Whether a request names no origin, as programs that are no browsers do, or the server's own, or one of the `allowed`. The
/// server's own is the host that the client asked for, compared as [`Origin::is_at`] does.
pub(super) fn is_allowed(headers: &HeaderMap, client: &Client, allowed: &[Origin]) -> bool {
    let mut named = headers.get_all(header::ORIGIN).iter();
    match (named.next(), named.next()) {
        (None, _) => true,
        (Some(value), None) => {
            let origin = value.to_str().ok().and_then(|text| text.parse::<Origin>().ok());
            let is_own = |origin: &Origin| {
                client.host.as_deref().is_some_and(|host| origin.is_at(host, client.scheme.as_deref()))
            };
            origin.is_some_and(|origin| allowed.contains(&origin) || is_own(&origin))
        }
        _ => false,
    }
}

/// Whether a browser sent a request for a page of another site without asking this server first: a picture, a form, a link.
/// A header that only an asked request can carry says otherwise (Fetch Metadata, W3C).
pub(super) fn is_unasked(headers: &HeaderMap) -> bool {
    let says = |name: &str, values: &[&str]| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| values.contains(&value))
    };
    says("sec-fetch-site", &["cross-site", "same-site"])
        && !says("sec-fetch-mode", &["cors", "websocket"])
        && !ASKED.iter().any(|name| headers.contains_key(*name))
}

/// Headers that are not simple: who may send them to another site was asked for.
const ASKED: [&str; 3] = ["authorization", "apollo-require-preflight", "x-apollo-operation-name"];

/// Cross-origin resource sharing for the pages of the `allowed` origins. Credentials of the browser are never asked for.
pub(super) fn sharing(allowed: &[Origin]) -> CorsLayer {
    let allowed: Vec<Origin> = allowed.to_vec();
    let is_allowed = move |value: &HeaderValue, _: &Parts| {
        let origin = value.to_str().ok().and_then(|text| text.parse::<Origin>().ok());
        origin.is_some_and(|origin| allowed.contains(&origin))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_allowed))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(MAY_SEND.map(HeaderName::from_static))
        .expose_headers(MAY_READ.map(HeaderName::from_static))
        .max_age(Duration::from_secs(7_200))
}

const MAY_SEND: [&str; 12] = [
    "accept",
    "accept-language",
    "apollo-require-preflight",
    "apollographql-client-name",
    "apollographql-client-version",
    "authorization",
    "content-type",
    "idempotency-key",
    "traceparent",
    "tracestate",
    "x-apollo-operation-name",
    "x-request-id",
];
const MAY_READ: [&str; 6] =
    ["ratelimit-limit", "ratelimit-policy", "ratelimit-remaining", "ratelimit-reset", "retry-after", "x-request-id"];

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(headers: &HeaderMap, allowed: &[Origin]) -> bool {
        super::is_allowed(headers, &Client::of([198, 51, 100, 7].into(), headers, &[]), allowed)
    }

    fn check(origins: &[&'static str], wanted: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("api.example:8088"));
        for origin in origins {
            headers.append(header::ORIGIN, HeaderValue::from_static(origin));
        }
        let allowed: Vec<Origin> = ["https://app.example"].iter().filter_map(|origin| origin.parse().ok()).collect();
        assert_eq!(is_allowed(&headers, &allowed), wanted, "{origins:?}");
    }

    #[test]
    fn own_and_allowed_origins_and_none_at_all_may_open() {
        check(&[], true);
        check(&["http://api.example:8088"], true);
        check(&["https://API.example:8088"], true);
        check(&["https://app.example"], true);
        check(&["https://app.example:443"], true);
    }

    #[test]
    fn every_other_origin_is_refused() {
        for origin in [
            "null",
            "",
            "*",
            "https://evil.example",
            "http://app.example",
            "https://api.example",
            "https://app.example.evil.example",
            "https://app.example/",
            "https://app.example https://evil.example",
        ] {
            check(&[origin], false);
        }
        check(&["https://app.example", "https://app.example"], false);
    }

    #[test]
    fn without_one_host_no_origin_is_the_servers_own() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_static("http://api.example"));
        assert!(!is_allowed(&headers, &[]));
        for _ in 0..2 {
            headers.append(header::HOST, HeaderValue::from_static("api.example"));
        }
        assert!(!is_allowed(&headers, &[]));
    }

    #[test]
    fn pictures_forms_and_links_of_other_sites_are_unasked() {
        for (given, wanted) in [
            (&[][..], false),
            (&[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")], false),
            (&[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate")], false),
            (&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], true),
            (&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")], true),
            (&[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")], true),
            (&[("sec-fetch-site", "cross-site")], true),
            (&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")], false),
            (
                &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("apollo-require-preflight", "1")],
                false,
            ),
        ] {
            let named =
                given.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            assert_eq!(is_unasked(&named.collect()), wanted, "{given:?}");
        }
    }
}
