//! The client of a request, as far as its claims can be trusted: forwarding headers count only if they come from a
//! configured (trusted) proxy.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::Data;

use crate::config::TrustedProxies;
use crate::service::state::AppState;

const FOR: &str = "x-forwarded-for";
const PROTO: &str = "x-forwarded-proto";
const HOST: &str = "x-forwarded-host";

/// Connection data that marks a TLS connection.
pub struct Encrypted;

/// Returns the client's address: of all hops that forwarded the request, the last that is no trusted proxy.
pub fn client_address(request: &HttpRequest) -> IpAddr {
    told(request).address
}

/// Returns whether the client speaks TLS, with this server or with a trusted proxy in front of it.
pub fn is_https(request: &HttpRequest) -> bool {
    request.conn_data::<Encrypted>().is_some()
        || told(request).scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

/// Returns the host that the client asked for, and the port if it named one.
pub fn host(request: &HttpRequest) -> Option<&str> {
    let asked = || request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    told(request).host.or_else(asked)
}

/// What is known of a client.
#[derive(Debug, PartialEq, Eq)]
struct Told<'a> {
    address: IpAddr,
    scheme: Option<&'a str>,
    host: Option<&'a str>,
}

fn told(request: &HttpRequest) -> Told<'_> {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical());
    match request.app_data::<Data<AppState>>() {
        Some(state) => Told::new(peer, request.headers(), &state.config.trusted_proxies),
        None => Told { address: peer, scheme: None, host: None },
    }
}

impl<'a> Told<'a> {
    fn new(peer: IpAddr, headers: &'a HeaderMap, proxies: &TrustedProxies) -> Self {
        if !proxies.contains(peer) {
            return Self { address: peer, scheme: None, host: None };
        }
        let hops = Hop::all(headers);
        let listed = items(headers, FOR).rev().map(address);
        let by_list = walk(peer, listed, proxies).0;
        let (by_hops, hop) = walk(peer, hops.iter().rev().map(|hop| hop.address), proxies);
        let hop = hop.and_then(|passed| hops.iter().rev().nth(passed));
        Self {
            // A proxy adds to one of the two headers and may forward the other as the client sent it: if they disagree,
            // neither counts.
            address: match (headers.contains_key(FOR), hops.is_empty()) {
                (true, false) if by_list != by_hops => peer,
                (true, _) => by_list,
                (false, _) => by_hops,
            },
            scheme: items(headers, PROTO).next_back().or(hop.and_then(|hop| hop.scheme)),
            host: items(headers, HOST).next_back().or(hop.and_then(|hop| hop.host)),
        }
    }
}

/// Walks from the peer back to the first hop that is no trusted proxy; returns it, and the index of the hop that told
/// of it.
fn walk(
    peer: IpAddr,
    before: impl Iterator<Item = Option<IpAddr>>,
    proxies: &TrustedProxies,
) -> (IpAddr, Option<usize>) {
    let (mut client, mut told_by) = (peer, None);
    for (passed, address) in before.enumerate() {
        if !proxies.contains(client) {
            break;
        }
        told_by = Some(passed);
        match address {
            Some(address) => client = address,
            // That hop is unknown: on this side of it, only the proxy is known.
            None => break,
        }
    }
    (client, told_by)
}

/// An element of `Forwarded` (RFC 7239).
#[derive(Default)]
struct Hop<'a> {
    address: Option<IpAddr>,
    scheme: Option<&'a str>,
    host: Option<&'a str>,
}

impl<'a> Hop<'a> {
    fn all(headers: &'a HeaderMap) -> Vec<Self> {
        items(headers, "forwarded").map(Self::new).collect()
    }

    fn new(element: &'a str) -> Self {
        let mut hop = Self::default();
        for (name, value) in split(element, ';').filter_map(|pair| pair.split_once('=')) {
            let value = unquoted(value.trim());
            match name.trim() {
                name if name.eq_ignore_ascii_case("for") => hop.address = address(value),
                name if name.eq_ignore_ascii_case("proto") => hop.scheme = Some(value),
                name if name.eq_ignore_ascii_case("host") => hop.host = Some(value),
                _ => {}
            }
        }
        hop
    }
}

/// Returns the members of a list header, which may come in several lines.
fn items<'a>(headers: &'a HeaderMap, name: &'static str) -> impl DoubleEndedIterator<Item = &'a str> {
    let lines: Vec<_> = headers.get_all(name).collect();
    let members = |line: &'a header::HeaderValue| split(line.to_str().unwrap_or_default(), ',').map(str::trim);
    lines.into_iter().flat_map(members).collect::<Vec<_>>().into_iter()
}

/// Splits a text outside of quoted strings.
fn split(text: &str, at: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |c| {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => return c == at && !is_quoted,
        }
        false
    })
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// Parses `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`; `None` if a proxy hides
/// the address.
fn address(text: &str) -> Option<IpAddr> {
    let text = unquoted(text);
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    bare.parse::<IpAddr>().or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    /// As `address scheme host` of a client behind the proxies 10.0.0.0/8 and ::1.
    fn client(peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let request = headers.iter().fold(TestRequest::default(), |request, header| request.append_header(*header));
        let request = request.to_http_request();
        let proxies = TrustedProxies::parse("10.0.0.0/8,::1").unwrap();
        let told = Told::new(peer.parse().unwrap(), request.headers(), &proxies);
        format!("{} {} {}", told.address, told.scheme.unwrap_or("-"), told.host.unwrap_or("-"))
    }

    #[test]
    fn nobody_else_is_believed() {
        for header in [
            ("x-forwarded-for", "198.51.100.9"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example"),
            ("forwarded", "for=198.51.100.9;proto=https;host=evil.example"),
        ] {
            assert_eq!(client("192.0.2.1", &[header]), "192.0.2.1 - -");
        }
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1 - -");
    }

    #[test]
    fn the_last_that_is_no_proxy_is_the_client() {
        let by = |list| client("10.0.0.1", &[("x-forwarded-for", list)]);
        assert_eq!(by("192.0.2.1"), "192.0.2.1 - -");
        // What the client itself claims stands on the left.
        assert_eq!(by("198.51.100.9, 192.0.2.1"), "192.0.2.1 - -");
        assert_eq!(by("198.51.100.9, 192.0.2.1, 10.0.0.2,10.0.0.3"), "192.0.2.1 - -");
        assert_eq!(by("10.0.0.2, 10.0.0.3"), "10.0.0.2 - -");
        assert_eq!(by("192.0.2.1:4711"), "192.0.2.1 - -");
        assert_eq!(by("2001:db8::1"), "2001:db8::1 - -");
        assert_eq!(by("[2001:db8::1]:80"), "2001:db8::1 - -");
        assert_eq!(by("::ffff:192.0.2.1"), "192.0.2.1 - -");
        // Beyond what cannot be read only the proxy is known.
        for hidden in ["unknown", "", "192.0.2.1, unknown", "192.0.2.1,", "evil"] {
            assert_eq!(by(hidden), "10.0.0.1 - -", "{hidden}");
        }
        let lines = [("x-forwarded-for", "198.51.100.9"), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(client("::1", &lines), "192.0.2.1 - -");
    }

    #[test]
    fn the_standard_header_tells_the_same() {
        let by = |list| client("10.0.0.1", &[("forwarded", list)]);
        assert_eq!(by("for=192.0.2.1;proto=https;host=tel.example:8443"), "192.0.2.1 https tel.example:8443");
        assert_eq!(by("For=\"[2001:db8::1]:4711\" ; Proto=https"), "2001:db8::1 https -");
        assert_eq!(by("for=\"a,b;c\\\"\", for=192.0.2.1"), "192.0.2.1 - -");
        let chain = "for=198.51.100.9;proto=http, for=192.0.2.1;proto=https;host=a.example, for=10.0.0.2;proto=http";
        assert_eq!(by(chain), "192.0.2.1 https a.example");
        assert_eq!(by("for=_hidden;proto=https"), "10.0.0.1 https -");
    }

    #[test]
    fn where_two_headers_disagree_only_the_proxy_is_known() {
        let forwarded = ("forwarded", "for=198.51.100.9");
        assert_eq!(client("10.0.0.1", &[("x-forwarded-for", "192.0.2.1"), forwarded]), "10.0.0.1 - -");
        assert_eq!(client("10.0.0.1", &[("x-forwarded-for", "198.51.100.9"), forwarded]), "198.51.100.9 - -");
    }

    #[test]
    fn the_nearest_proxy_says_scheme_and_host() {
        let headers = [("x-forwarded-proto", "http, https"), ("x-forwarded-host", "evil.example, tel.example")];
        assert_eq!(client("10.0.0.1", &headers), "10.0.0.1 https tel.example");
    }
}
