//! Addresses as limits count them.

use std::net::IpAddr;

/// The mask of the IPv6 network (/64) that one customer has.
const IPV6_NETWORK: u128 = !0 << 64;

/// Returns what limits count an address as: an IPv6 network of 64 bits is one.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & IPV6_NETWORK).into()),
        address => address,
    }
}
