//! Proxies whose word on a request is taken.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

/// A block of addresses, or one address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProxyNet(IpNet);

impl ProxyNet {
    /// Whether the address lies in it; an IPv4 address mapped into IPv6 is the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for ProxyNet {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let net = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address),
            Err(_) => text.parse::<IpNet>().map_err(drop)?,
        };
        Ok(Self(unmapped(net).unwrap_or(net)))
    }
}

/// The IPv4 block that an IPv6 block of mapped addresses means.
fn unmapped(net: IpNet) -> Option<IpNet> {
    let IpNet::V6(mapped) = net else { return None };
    let length = mapped.prefix_len().checked_sub(96)?;
    Ipv4Net::new(mapped.addr().to_ipv4_mapped()?, length).ok().map(IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_contains_its_addresses_however_they_are_written() {
        for (net, address, wanted) in [
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3/8", "10.200.0.1", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("::ffff:192.0.2.0/120", "192.0.2.77", true),
            ("::ffff:192.0.2.1", "192.0.2.1", true),
            ("2001:db8::/32", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "192.0.2.1", false),
        ] {
            let contains = |net: ProxyNet| address.parse().is_ok_and(|address| net.contains(address));
            assert_eq!(net.parse::<ProxyNet>().map(contains), Ok(wanted), "{net} and {address}");
        }
    }

    #[test]
    fn anything_else_is_no_block() {
        for text in ["", "proxy", "10.0.0.0/33", "10.0.0.0/", "10.0.0", "10.0.0.1:80", "10.0.0.1-10.0.0.9", "*"] {
            assert_eq!(text.parse::<ProxyNet>(), Err(()), "{text}");
        }
    }
}
