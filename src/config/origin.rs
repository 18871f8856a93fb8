//! Origins: where a page in a browser comes from, as the browser says it.

use std::net::Ipv6Addr;
use std::str::FromStr;

/// Scheme, host and port of a page. Equal however they are written: in lower case, the default port of the scheme as if
/// it were named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    /// Whether `host`, as a request names it (`host` or `host:port`), is the host and port of this origin. Where it names
    /// no port, that of `scheme` is meant; without a scheme, that of the origin's own.
    #[must_use]
    pub fn is_at(&self, host: &str, scheme: Option<&str>) -> bool {
        host_and_port(host).is_some_and(|(host, port)| {
            host == self.host && port.or_else(|| default_port(scheme.unwrap_or(&self.scheme))) == self.port
        })
    }
}

impl FromStr for Origin {
    type Err = ();

    /// Takes `scheme://host[:port]` and nothing more; `null`, `*` and anything with a path are none.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (scheme, authority) = text.split_once("://").ok_or(())?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
        let (host, port) = host_and_port(authority).filter(|_| is_scheme).ok_or(())?;
        let scheme = scheme.to_ascii_lowercase();
        let port = port.or_else(|| default_port(&scheme));
        Ok(Self { scheme, host, port })
    }
}

/// The host in lower case, and the port if one is named; `None` for anything else than a host.
fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match authority.rfind(':') {
        // The colons of an IPv6 address are inside its brackets.
        Some(colon) if !authority.ends_with(']') => (&authority[..colon], Some(&authority[colon + 1..])),
        _ => (authority, None),
    };
    let port = match port {
        None => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
    };
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
    };
    let is_host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_name(host),
    };
    is_host.then(|| (host.to_ascii_lowercase(), port))
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_scheme_host_and_port_and_nothing_more() {
        for good in ["https://app.example", "http://localhost:8088", "capacitor://localhost", "http://[::1]:80"] {
            assert!(good.parse::<Origin>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "*",
            "null",
            "app.example",
            "https://",
            "https://*",
            "https://*.app.example",
            "https://app.example/",
            "https://app.example/path",
            "https://user@app.example",
            "https://app.example:",
            "https://app.example:+1",
            "https://app.example:65536",
            "https://app.example?",
            "https://app example",
            "https://b\u{fc}cher.example",
            "https://[::1",
            "https://[nothing]",
            "https://::1",
            "://app.example",
            "1https://app.example",
        ] {
            assert_eq!(bad.parse::<Origin>(), Err(()), "{bad}");
        }
    }

    #[test]
    fn default_port_and_case_make_no_difference() {
        let same = |a: &str, b: &str| a.parse::<Origin>().ok() == b.parse().ok();
        assert!(same("https://App.Example", "HTTPS://app.example:443"));
        assert!(same("http://app.example:80", "http://app.example"));
        assert!(!same("https://app.example", "http://app.example"));
        assert!(!same("https://app.example", "https://app.example:8443"));
    }

    #[test]
    fn host_is_compared_with_its_port() {
        for (origin, host, scheme, wanted) in [
            ("http://app.example:8088", "app.example:8088", None, true),
            ("https://app.example:8088", "APP.example:8088", None, true),
            ("https://app.example", "app.example", None, true),
            ("https://app.example", "app.example:443", None, true),
            ("http://app.example", "app.example", None, true),
            ("http://app.example", "app.example:443", None, false),
            ("http://app.example", "app.example", Some("https"), false),
            ("https://app.example", "app.example", Some("https"), true),
            ("https://app.example", "app.example", Some("gopher"), false),
            ("https://app.example:8443", "app.example", None, false),
            ("https://app.example", "app.example.evil.example", None, false),
            ("https://evil.example", "app.example", None, false),
            ("http://[::1]:8088", "[::1]:8088", None, true),
            ("https://app.example", "", None, false),
            ("https://app.example", "app.example/", None, false),
        ] {
            let found = origin.parse::<Origin>().map(|origin| origin.is_at(host, scheme));
            assert_eq!(found, Ok(wanted), "{origin} at {host} by {scheme:?}");
        }
    }
}
