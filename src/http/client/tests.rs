use axum::http::HeaderValue;
use proptest::prelude::*;

use super::*;

const PROXIES: [&str; 2] = ["10.0.0.0/8", "2001:db8:1::/48"];

fn proxies() -> Vec<ProxyNet> {
    PROXIES.iter().filter_map(|net| net.parse().ok()).collect()
}

fn client(peer: &str, lines: &[(&'static str, &str)]) -> Client {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_static("inner.example"));
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_str(value).expect("a value"));
    }
    Client::of(peer.parse().expect("an address"), &headers, &proxies())
}

const XFF: &str = "x-forwarded-for";

#[test]
fn address_is_that_of_the_last_one_that_is_no_proxy() {
    for (peer, lines, wanted) in [
        ("198.51.100.7", &[][..], "198.51.100.7"),
        ("198.51.100.7", &[(XFF, "203.0.113.9")], "198.51.100.7"),
        ("198.51.100.7", &[("forwarded", "for=203.0.113.9")], "198.51.100.7"),
        ("10.0.0.1", &[], "10.0.0.1"),
        ("10.0.0.1", &[(XFF, "203.0.113.9")], "203.0.113.9"),
        ("::ffff:10.0.0.1", &[(XFF, "::ffff:203.0.113.9")], "203.0.113.9"),
        ("2001:db8:1::5", &[(XFF, "[2001:db8:2::9]:4711")], "2001:db8:2::9"),
        ("10.0.0.1", &[(XFF, "1.2.3.4, 203.0.113.9")], "203.0.113.9"),
        ("10.0.0.1", &[(XFF, "1.2.3.4, 203.0.113.9, 10.0.0.3,10.0.0.2")], "203.0.113.9"),
        ("10.0.0.1", &[(XFF, "1.2.3.4"), (XFF, "203.0.113.9"), (XFF, "10.0.0.2")], "203.0.113.9"),
        ("10.0.0.1", &[(XFF, "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
        ("10.0.0.1", &[(XFF, "203.0.113.9, nonsense, 10.0.0.2")], "10.0.0.2"),
        ("10.0.0.1", &[(XFF, "203.0.113.9, nonsense")], "10.0.0.1"),
        ("10.0.0.1", &[(XFF, "203.0.113.9,")], "10.0.0.1"),
        ("10.0.0.1", &[(XFF, "")], "10.0.0.1"),
        ("10.0.0.1", &[("forwarded", "for=1.2.3.4, for=203.0.113.9, for=10.0.0.2")], "203.0.113.9"),
        ("10.0.0.1", &[("forwarded", "for=\"[2001:db8:2::9]:80\"")], "2001:db8:2::9"),
        ("10.0.0.1", &[("forwarded", "for=unknown, for=10.0.0.2")], "10.0.0.2"),
        ("10.0.0.1", &[("forwarded", "for=203.0.113.9"), (XFF, "1.2.3.4")], "203.0.113.9"),
        ("10.0.0.1", &[("forwarded", "nonsense"), (XFF, "1.2.3.4")], "10.0.0.1"),
        // A quote that a client left open does not swallow what the proxy wrote behind it.
        ("10.0.0.1", &[("forwarded", "for=\"1.2.3.4, for=203.0.113.9")], "203.0.113.9"),
        ("10.0.0.1", &[("forwarded", "for=\"1.2.3.4"), ("forwarded", "for=203.0.113.9")], "203.0.113.9"),
    ] {
        assert_eq!(client(peer, lines).address.to_string(), wanted, "{peer} {lines:?}");
    }
}

#[test]
fn way_is_followed_for_so_many_hops_and_no_more() {
    let way = |proxies: usize| format!("203.0.113.9{}", ", 10.0.0.2".repeat(proxies));
    assert_eq!(client("10.0.0.1", &[(XFF, &way(MOST_HOPS - 1))]).address.to_string(), "203.0.113.9");
    assert_eq!(client("10.0.0.1", &[(XFF, &way(MOST_HOPS))]).address.to_string(), "10.0.0.2");
}

#[test]
fn host_and_scheme_are_those_that_a_trusted_proxy_was_asked_for() {
    let older = [("x-forwarded-host", "evil.example, api.example"), ("x-forwarded-proto", "HTTPS")];
    let newer = ("forwarded", "for=203.0.113.9;host=new.example;proto=https, for=10.0.0.2");
    let half = ("forwarded", "for=203.0.113.9;proto=http");
    for (peer, lines, host, scheme) in [
        ("10.0.0.1", &[][..], "inner.example", None),
        ("10.0.0.1", &older[..], "api.example", Some("https")),
        ("10.0.0.1", &[newer], "new.example", Some("https")),
        ("10.0.0.1", &[newer, older[0]], "new.example", Some("https")),
        ("10.0.0.1", &[half, older[0], older[1]], "api.example", Some("http")),
        (
            "10.0.0.1",
            &[("forwarded", "for=203.0.113.9, host=evil.example;for=1.2.3.4, for=9.9.9.9")],
            "inner.example",
            None,
        ),
        ("198.51.100.7", &older, "inner.example", None),
        ("198.51.100.7", &[newer], "inner.example", None),
    ] {
        let found = client(peer, lines);
        assert_eq!((found.host.as_deref(), found.scheme.as_deref()), (Some(host), scheme), "{peer} {lines:?}");
    }
}

fn line() -> impl Strategy<Value = (&'static str, String)> {
    let name = prop::sample::select(vec!["forwarded", XFF, "x-forwarded-host", "x-forwarded-proto"]);
    let written =
        "(for=|host=|proto=|\"|, |;|10\\.0\\.0\\.[1-9]|203\\.0\\.113\\.9|\\[2001:db8:1::1\\]|https|[ -~]){0,24}";
    (name, written)
}

proptest! {
    #[test]
    fn headers_of_an_untrusted_peer_change_nothing(peer: IpAddr, lines in prop::collection::vec(line(), 0..6)) {
        prop_assume!(!proxies().iter().any(|net| net.contains(peer)));
        let lines: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let wanted = Client { address: peer.to_canonical(), host: Some("inner.example".to_owned()), scheme: None };
        prop_assert_eq!(client(&peer.to_string(), &lines), wanted);
    }

    #[test]
    fn what_stands_before_the_client_in_the_list_changes_nothing(before in "[ -~]{0,60}") {
        let list = format!("{before}, 203.0.113.9, 10.0.0.2");
        prop_assert_eq!(client("10.0.0.1", &[(XFF, &list)]).address.to_string(), "203.0.113.9");
        let list = format!("{before}, for=203.0.113.9, for=10.0.0.2");
        prop_assert_eq!(client("10.0.0.1", &[("forwarded", &list)]).address.to_string(), "203.0.113.9");
    }
}
