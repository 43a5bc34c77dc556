//! Who asks, as far as it can be believed.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;

/// The address of whoever asks.
pub fn client_address(request: &HttpRequest) -> IpAddr {
    request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical())
}

/// Whether the client speaks TLS.
pub fn is_https(_request: &HttpRequest) -> bool {
    false
}
