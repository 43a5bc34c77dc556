//! The HTTP server, from connections to requests: HTTP/1 alone, because the limits for clients are those of HTTP/1.
//! With TLS, the server would also negotiate HTTP/2, without any of them.

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

use super::doors::{Admitted, Doors};
use super::timeouts;
use crate::config::Limits;
use crate::log_throttle::times;
use crate::service::network::network;
use crate::web::extract::client::Encrypted;

/// Maximum number of connections that wait to be accepted (listen backlog); the system may allow fewer
/// (`net.core.somaxconn`).
const BACKLOG: u32 = 4_096;
/// How long a client that is done may take to close its side.
const DISCONNECT_WITHIN: Duration = Duration::from_secs(1);
/// How long a graceful shutdown waits for requests to be answered, in seconds.
const STOP_WITHIN_SECONDS: u64 = 8;

/// Listens with a large backlog: connections that do not fit are tried again only after a second, after three, after
/// seven.
///
/// # Errors
/// When the address cannot be bound.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Otherwise a restart would have to wait until the kernel forgets the closed connections (TIME_WAIT).
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// The settings of the server.
#[derive(Clone)]
pub struct Serving {
    /// Timeouts and limits for clients.
    pub limits: Limits,
    /// The limit of connections per address.
    pub doors: Arc<Doors>,
    /// The TLS settings; `None`: plain HTTP.
    pub tls: Option<ServerConfig>,
}

/// Starts a server on a listener, with an application for each of its threads.
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
    // Otherwise a few clients that never complete a TLS handshake keep everybody out; `doors` limits them by address.
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

/// Applies the connection limit; `None` turns the connection away.
fn admit(doors: &Arc<Doors>, stream: &TcpStream) -> Option<Admitted> {
    // A page leaves in several writes: with Nagle's algorithm, the later ones would wait for a delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    // A socket without a peer address is disconnected.
    let address = stream.peer_addr().ok()?.ip();
    doors.admit(address).or_else(|| turn_away(address))
}

/// Serves an admitted connection until it ends; others are closed.
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
