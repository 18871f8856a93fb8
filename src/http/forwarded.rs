//! What proxies write into a request: `Forwarded` of RFC 7239 and the older `X-Forwarded-*`. Pure; whom to believe is
//! decided elsewhere.
//!
//! Lists are read from their end, where the nearest proxy wrote, and split at every comma, quoted or not: what a client
//! sent must not be able to swallow what a proxy wrote behind it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;

/// What one proxy says of the request that it took.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Hop<'h> {
    /// Who sent it, an IPv4 address never mapped into IPv6; `None` where that is not told, or malformed.
    pub(super) sender: Option<IpAddr>,
    /// To which host it was sent.
    pub(super) host: Option<&'h str>,
    /// By which scheme.
    pub(super) scheme: Option<&'h str>,
}

/// The hops of a request, the nearest first: those of `Forwarded` where it is there, else those of `X-Forwarded-For`.
/// A malformed one says nothing.
pub(super) fn hops(headers: &HeaderMap) -> impl Iterator<Item = Hop<'_>> {
    let (name, read): (_, fn(&str) -> Hop<'_>) = match headers.contains_key("forwarded") {
        true => ("forwarded", |text| element(text).unwrap_or_default()),
        false => ("x-forwarded-for", |text| Hop { sender: address(text), ..Hop::default() }),
    };
    elements(headers, name).map(read)
}

/// Host and scheme of `X-Forwarded-Host` and `X-Forwarded-Proto`, where the nearest proxy wrote them.
pub(super) fn nearest(headers: &HeaderMap) -> Hop<'_> {
    let last = |name| elements(headers, name).next().filter(|value| !value.is_empty());
    Hop { sender: None, host: last("x-forwarded-host"), scheme: last("x-forwarded-proto") }
}

/// The elements of a list that may stand in several headers, from its end; what is no text is an empty element.
fn elements<'h>(headers: &'h HeaderMap, name: &'static str) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(name).iter().rev();
    lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(',')).map(str::trim)
}

/// `for=192.0.2.1;host=api.example;proto=https`, in any order and case, each at most once; other parameters are skipped.
fn element(text: &str) -> Option<Hop<'_>> {
    let (mut sender, mut host, mut scheme) = (None, None, None);
    for parameter in text.split(';') {
        let (name, value) = parameter.split_once('=')?;
        let value = unquoted(value.trim_end())?;
        let known = match name.trim_start().to_ascii_lowercase().as_str() {
            "for" => &mut sender,
            "host" => &mut host,
            "proto" => &mut scheme,
            _ => continue,
        };
        if known.replace(value).is_some() {
            return None;
        }
    }
    Some(Hop { sender: sender.and_then(address), host, scheme })
}

fn unquoted(value: &str) -> Option<&str> {
    let inside = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => value,
    };
    (!inside.is_empty() && !inside.contains(['"', '\\'])).then_some(inside)
}

/// An address with or without a port; IPv6 with or without brackets, as proxies write it.
fn address(text: &str) -> Option<IpAddr> {
    let address = match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(bare) => IpAddr::V6(bare.parse::<Ipv6Addr>().ok()?),
        None => text.parse().or_else(|_| text.parse::<SocketAddr>().map(|with_port| with_port.ip())).ok()?,
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: Option<(Option<&str>, Option<&str>, Option<&str>)>) {
        let wanted =
            wanted.map(|(sender, host, scheme)| Hop { sender: sender.and_then(|ip| ip.parse().ok()), host, scheme });
        assert_eq!(element(text), wanted, "{text}");
    }

    #[test]
    fn element_says_sender_host_and_scheme() {
        check("for=192.0.2.1", Some((Some("192.0.2.1"), None, None)));
        check("For=\"192.0.2.1:8080\"", Some((Some("192.0.2.1"), None, None)));
        check("for=\"[2001:db8::1]:4711\"; proto=https", Some((Some("2001:db8::1"), None, Some("https"))));
        check("for=\"[::ffff:192.0.2.1]\"", Some((Some("192.0.2.1"), None, None)));
        check("by=10.0.0.1;HOST=\"a.example:80\";for=192.0.2.1", Some((Some("192.0.2.1"), Some("a.example:80"), None)));
        check("for=unknown;host=a.example", Some((None, Some("a.example"), None)));
        check("for=_hidden", Some((None, None, None)));
    }

    #[test]
    fn malformed_element_says_nothing() {
        for text in [
            "",
            "for",
            "for=",
            "for=192.0.2.1;",
            "for=192.0.2.1;for=192.0.2.2",
            "for=\"192.0.2.1",
            "for=\"192.0.\\2.1\"",
            "for=192.0.2.1;host=\"a\"b\"",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn address_is_read_as_proxies_write_it() {
        for (text, wanted) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("192.0.2.1:443", Some("192.0.2.1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("[192.0.2.1]", None),
            ("192.0.2.1:port", None),
            ("192.0.2", None),
            ("0300.0.2.1", None),
            ("client.example", None),
            ("", None),
        ] {
            assert_eq!(address(text).map(|ip| ip.to_string()).as_deref(), wanted, "{text}");
        }
    }
}
