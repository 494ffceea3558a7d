//! The networks from which a client may connect.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

use crate::entry::Entry;

/// A network: `203.0.113.0/24`, `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// No `/24`.
    #[error("the length of the network is missing")]
    NoLength,
    /// What stands before the slash is no address.
    #[error("no IP address before the slash")]
    NoAddress,
    /// What stands after the slash is no length, or too long a one.
    #[error("the length of the network is not one from 0 to {0}")]
    Length(u8),
    /// Bits behind the length are set: an address was written, not a network.
    #[error("an address inside the network, which is {0}")]
    HostBits(Network),
}

impl Network {
    /// Reads `ADDRESS/LENGTH`. IPv4 written as IPv6 (`::ffff:203.0.113.0/120`) is IPv4.
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        let (address, length) = text.split_once('/').ok_or(NetworkError::NoLength)?;
        let address: IpAddr = address.parse().map_err(|_| NetworkError::NoAddress)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let plain = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let prefix: u8 = length.parse().map_err(|_| NetworkError::Length(most))?;
        if !plain || prefix > most {
            return Err(NetworkError::Length(most));
        }
        let network = match (address.to_canonical(), prefix) {
            (canonical @ IpAddr::V4(_), 96..) if address.is_ipv6() => Self { address: canonical, prefix: prefix - 96 },
            _ => Self { address, prefix },
        };
        let masked = Self { address: network.masked(network.address), ..network };
        if masked == network { Ok(network) } else { Err(NetworkError::HostBits(masked)) }
    }

    /// Whether a peer's address lies in it; an IPv4 peer on an IPv6 socket counts as IPv4.
    pub fn contains(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        peer.is_ipv4() == self.address.is_ipv4() && self.masked(peer) == self.address
    }

    /// Whether some address lies in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }

    fn masked(&self, address: IpAddr) -> IpAddr {
        let prefix = u32::from(self.prefix);
        match address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
            }
        }
    }
}

/// A list of networks that is not empty.
pub(crate) fn list(entry: &Entry<'_>) -> Option<Vec<Network>> {
    entry.nonempty_set("a network such as \"203.0.113.0/24\", or no such key", |item| {
        item.parsed("a network such as \"203.0.113.0/24\"", Network::parse)
    })
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, peer: &str) -> bool {
        Network::parse(network).unwrap().contains(peer.parse().unwrap())
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        assert!(contains("203.0.113.0/24", "203.0.113.255"));
        assert!(!contains("203.0.113.0/24", "203.0.114.0"));
        assert!(contains("203.0.113.7/32", "203.0.113.7"));
        assert!(!contains("203.0.113.7/32", "203.0.113.6"));
        assert!(contains("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!contains("2001:db8::/32", "2001:db9::"));
        assert!(contains("0.0.0.0/0", "198.51.100.1"));
        assert!(!contains("0.0.0.0/0", "2001:db8::1"));
        assert!(!contains("::/0", "198.51.100.1"));
    }

    #[test]
    fn networks_overlap_where_one_holds_the_other() {
        let overlap = |one: &str, other: &str| {
            let (one, other) = (Network::parse(one).unwrap(), Network::parse(other).unwrap());
            assert_eq!(one.overlaps(&other), other.overlaps(&one));
            one.overlaps(&other)
        };
        assert!(overlap("10.0.0.0/8", "10.1.0.0/16"));
        assert!(overlap("10.1.0.0/16", "10.1.0.0/16"));
        assert!(!overlap("10.0.0.0/16", "10.1.0.0/16"));
        assert!(!overlap("0.0.0.0/0", "::/0"));
    }

    #[test]
    fn an_ipv4_peer_on_an_ipv6_socket_is_the_same_peer() {
        assert!(contains("203.0.113.0/24", "::ffff:203.0.113.9"));
        assert!(contains("::ffff:203.0.113.0/120", "203.0.113.9"));
    }

    #[test]
    fn a_broken_network_says_how() {
        for (text, why) in [
            ("203.0.113.0", NetworkError::NoLength),
            ("203.0.113/24", NetworkError::NoAddress),
            ("203.0.113.0/33", NetworkError::Length(32)),
            ("203.0.113.0/", NetworkError::Length(32)),
            ("203.0.113.0/+8", NetworkError::Length(32)),
            ("2001:db8::/129", NetworkError::Length(128)),
            ("203.0.113.9/24", NetworkError::HostBits(Network::parse("203.0.113.0/24").unwrap())),
        ] {
            assert_eq!(Network::parse(text), Err(why), "{text}");
        }
    }
}
