//! From connections to requests: HTTP/1 alone, as the limits for clients are those of HTTP/1. HTTP/2 would have the server
//! speak it as soon as there is TLS, without any of them.

use std::any::Any;
use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::HttpServiceBuilder;
use actix_http::body::MessageBody;
use actix_server::GracefulShutdownSignal;
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, apply_fn_factory, map_config};
use actix_tls::accept::rustls_0_23::{Acceptor, TlsStream};
use actix_tls::accept::{TlsError, max_concurrent_tls_connect};
use actix_web::body::BoxBody;
use actix_web::dev::{AppConfig, Extensions, Response, Server};
use actix_web::rt::net::TcpStream;
use rustls::ServerConfig;
use tokio::net::TcpSocket;

use super::client::network;
use super::doors::{Admitted, Doors};
use super::timeouts;
use crate::config::Limits;
use crate::log_throttle::times;

/// So many connections may wait to be taken in; the system may allow fewer (`net.core.somaxconn`).
const BACKLOG: u32 = 4_096;
/// How long a client that is done may take to close its side.
const DISCONNECT_WITHIN: Duration = Duration::from_secs(1);
/// How long a stop waits for requests to be answered.
const STOP_WITHIN_SECONDS: u64 = 8;

/// Listens, with room for a crowd: what the system has no room for tries again after a second, after three, after seven.
///
/// # Errors
/// When the address cannot be had.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Else a restart would have to wait until the last connections of before are forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// What serving needs to know.
#[derive(Clone)]
pub struct Serving {
    /// How much time clients get.
    pub limits: Limits,
    /// Who may have how many connections.
    pub doors: Arc<Doors>,
    /// `None`: plain HTTP.
    pub tls: Option<ServerConfig>,
}

/// A server on a listener, of an application for each of its threads.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve<F, I, S, B>(listener: TcpListener, serving: Serving, factory: F) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, actix_http::Request>,
    S: ServiceFactory<actix_http::Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<actix_http::Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let builder = Server::build()
        .max_concurrent_connections(serving.limits.connections_of_core)
        .shutdown_timeout(STOP_WITHIN_SECONDS)
        .disable_signals();
    let Serving { limits, doors, tls } = serving;
    let stopping = builder.graceful_shutdown_signal();
    let name = "fernamt";
    let service = move || {
        let application = factory().into_factory().map_err(|error| error.into().error_response());
        map_config(application, |_| AppConfig::default())
    };
    // Otherwise few who begin no handshake keep everybody out; that an address does not have too many is seen to by `doors`.
    max_concurrent_tls_connect(limits.connections_of_core);
    let builder = match tls {
        None => builder.listen(name, listener, move || {
            let http = settings(limits, stopping.clone()).h1(service()).tcp();
            let doors = doors.clone();
            apply_fn_factory(http, move |stream: TcpStream, http| {
                until_over(admit(&doors, &stream).map(|admitted| (http.call(stream), admitted)))
            })
        }),
        Some(config) => builder.listen(name, listener, move || {
            let mut acceptor = Acceptor::new(only_http_1(config.clone()));
            acceptor.set_handshake_timeout(limits.head);
            let http = settings(limits, stopping.clone()).h1(service());
            let https = acceptor
                .map_init_err(|_| ())
                .map_err(TlsError::into_service_error)
                .map(|stream: TlsStream<TcpStream>| {
                    let address = stream.get_ref().0.peer_addr().ok();
                    (stream, address)
                })
                .and_then(http.map_err(TlsError::Service));
            let doors = doors.clone();
            apply_fn_factory(https, move |stream: TcpStream, https| {
                until_over(admit(&doors, &stream).map(|admitted| (https.call(stream), admitted)))
            })
        }),
    };
    Ok(builder?.run())
}

/// A connection that was made with TLS.
pub struct Encrypted;

fn settings<T, S>(limits: Limits, stopping: GracefulShutdownSignal) -> HttpServiceBuilder<T, S>
where
    T: 'static,
    S: ServiceFactory<actix_http::Request, Config = ()>,
    S::Error: Into<Response<BoxBody>> + 'static,
    S::InitError: Debug,
    <S::Service as Service<actix_http::Request>>::Future: 'static,
{
    let watch = timeouts::watch(limits);
    HttpServiceBuilder::default()
        .graceful_shutdown_signal(move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
        .keep_alive(limits.keep_alive)
        .client_request_timeout(limits.head)
        .client_disconnect_timeout(DISCONNECT_WITHIN)
        .on_connect_ext(move |stream: &T, data: &mut Extensions| {
            let stream: &dyn Any = stream;
            if stream.is::<TlsStream<TcpStream>>() {
                data.insert(Encrypted);
            }
            watch(stream, data);
        })
}

/// Lets a connection in, or not.
fn admit(doors: &Arc<Doors>, stream: &TcpStream) -> Option<Admitted> {
    // A page leaves in several pieces: the later ones would wait until the first is acknowledged, which many put off.
    let _ = stream.set_nodelay(true);
    // Whoever has no address any more has left.
    let address = stream.peer_addr().ok()?.ip();
    doors.admit(address).or_else(|| turn_away(address))
}

/// Serves a connection that was let in until it is over; the others are closed.
async fn until_over<E>(serving: Option<(impl Future<Output = Result<(), E>>, Admitted)>) -> Result<(), E> {
    let Some((serving, _admitted)) = serving else { return Ok(()) };
    serving.await
}

fn turn_away(address: IpAddr) -> Option<Admitted> {
    if let Some(times) = times("too many connections of an address", &network(address).to_string()) {
        tracing::warn!(%address, times, "connections were turned away: this address has too many");
    }
    None
}

fn only_http_1(mut config: ServerConfig) -> ServerConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}
