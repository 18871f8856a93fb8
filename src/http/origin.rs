//! Which pages of browsers may open sockets: a browser lets any page open one to any server, and says only whose it is.

use axum::http::{HeaderMap, header};

use crate::config::Origin;

use super::client::Client;

/// Whether an upgrade may go on: it names no origin, as programs that are no browsers do, or the server's own, or one of
/// the `allowed`. The server's own is the host that the client asked for, compared as [`Origin::is_at`] does.
pub(super) fn may_open(headers: &HeaderMap, client: &Client, allowed: &[Origin]) -> bool {
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

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn may_open(headers: &HeaderMap, allowed: &[Origin]) -> bool {
        super::may_open(headers, &Client::of([198, 51, 100, 7].into(), headers, &[]), allowed)
    }

    fn check(origins: &[&'static str], wanted: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("api.example:8088"));
        for origin in origins {
            headers.append(header::ORIGIN, HeaderValue::from_static(origin));
        }
        let allowed: Vec<Origin> = ["https://app.example"].iter().filter_map(|origin| origin.parse().ok()).collect();
        assert_eq!(may_open(&headers, &allowed), wanted, "{origins:?}");
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
        assert!(!may_open(&headers, &[]));
        for _ in 0..2 {
            headers.append(header::HOST, HeaderValue::from_static("api.example"));
        }
        assert!(!may_open(&headers, &[]));
    }
}
