//! Timeouts for slow clients, whether on a weak link or in an attack (slowloris): none may hold a connection for as
//! long as it likes.

use std::any::Any;
use std::cell::Cell;
use std::error::Error as StdError;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Extensions, Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage, HttpRequest, rt};
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::config::Limits;
use crate::log_throttle::throttled;
use crate::service::state::AppState;
use crate::web::error::Error;

/// A connection, with the deadline by which its client must send or read something.
struct Connection {
    socket: TcpStream,
    /// The deadline; `None` while it is the server's turn.
    deadline: Cell<Option<Instant>>,
    stall: Duration,
}

impl Connection {
    fn is_our_turn(&self) {
        self.deadline.set(None);
    }

    fn is_their_turn(&self) {
        self.deadline.set(Instant::now().checked_add(self.stall));
    }
}

/// Returns the hook that starts a watchdog for each new connection. The framework itself only limits the time for the
/// head of the first request and for doing nothing.
pub fn watch(limits: Limits) -> impl Fn(&dyn Any, &mut Extensions) {
    move |stream, data| {
        let plain = stream.downcast_ref::<rt::net::TcpStream>();
        let encrypted = stream.downcast_ref::<TlsStream<rt::net::TcpStream>>().map(|stream| stream.get_ref().0);
        let Some(stream) = plain.or(encrypted) else { return };
        let socket = match stream.as_fd().try_clone_to_owned() {
            Ok(socket) => socket.into(),
            Err(error) => return throttled!(warn, error, "a connection cannot be watched over"),
        };
        let connection = Rc::new(Connection { socket, deadline: Cell::new(None), stall: limits.stall });
        rt::spawn(cut_off_late(Rc::downgrade(&connection)));
        data.insert(connection);
    }
}

/// The connection of a request's client.
pub struct Client(Option<Rc<Connection>>);

impl Client {
    /// Returns that of a request.
    pub fn of(request: &HttpRequest) -> Self {
        Self(request.conn_data::<Rc<Connection>>().cloned())
    }

    /// Returns whether the client has closed its side, and nothing that it sent before is left to read.
    pub fn has_left(&self) -> bool {
        match self.0.as_ref().map(|connection| connection.socket.peek(&mut [0])) {
            None => false,
            Some(Ok(bytes)) => bytes == 0,
            Some(Err(error)) => !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        }
    }
}

async fn cut_off_late(connection: Weak<Connection>) {
    while let Some(there) = connection.upgrade() {
        if there.deadline.get().is_some_and(|deadline| deadline <= Instant::now()) {
            tracing::debug!("a client that was too slow is cut off");
            let _ = there.socket.shutdown(Shutdown::Both);
            return;
        }
        let pause = there.stall / 2;
        drop(there);
        tokio::time::sleep(pause).await;
    }
}

/// Middleware that limits how long the body of a request may take to arrive, and how long the client may take to read
/// the answer.
///
/// # Errors
/// Those of the wrapped service.
pub async fn limit(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let connection = request.request().conn_data::<Rc<Connection>>().cloned();
    let turn = StallGuard(connection);
    turn.is_ours();
    let limits = request.app_data::<Data<AppState>>().map(|state| state.config.limits).unwrap_or_default();
    let was_too_slow = Rc::new(Cell::new(false));
    let payload = match request.take_payload() {
        Payload::None => Payload::None,
        payload => {
            let paced: Pin<Box<dyn Stream<Item = _>>> = Box::pin(Paced::new(payload, limits, was_too_slow.clone()));
            Payload::Stream { payload: paced }
        }
    };
    request.set_payload(payload);
    let mut response = next.call(request).await?.map_into_boxed_body();
    if was_too_slow.get() {
        response = response.into_response(error_response());
    }
    Ok(response.map_body(|_, body| Taken { body, turn }))
}

fn error_response() -> actix_web::HttpResponse {
    let mut response = actix_web::ResponseError::error_response(&Error::TooSlow);
    response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    response
}

/// Guard that suspends the client's deadline while the server works, and starts it again on drop.
struct StallGuard(Option<Rc<Connection>>);

impl StallGuard {
    fn is_ours(&self) {
        if let Some(connection) = &self.0 {
            connection.is_our_turn();
        }
    }

    fn is_theirs(&self) {
        if let Some(connection) = &self.0 {
            connection.is_their_turn();
        }
    }
}

impl Drop for StallGuard {
    fn drop(&mut self) {
        self.is_theirs();
    }
}

/// A request body that must arrive in time (minimum rate).
struct Paced {
    payload: Payload,
    limits: Limits,
    deadline: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
    was_too_slow: Rc<Cell<bool>>,
}

impl Paced {
    fn new(payload: Payload, limits: Limits, was_too_slow: Rc<Cell<bool>>) -> Self {
        Self { payload, limits, deadline: None, alarm: None, was_too_slow }
    }
}

impl Stream for Paced {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let body = self.limits.body;
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + body);
        if let Poll::Ready(piece) = Pin::new(&mut self.payload).poll_next(context) {
            if let Some(Ok(bytes)) = &piece {
                let more = Duration::from_secs(1).mul_f64(bytes.len() as f64 / f64::from(Limits::BYTES_PER_SECOND));
                // What came early is no credit: others may wait for the memory that this body holds.
                self.deadline = Some((deadline + more).min(Instant::now() + body));
            }
            return Poll::Ready(piece);
        }
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        ready!(alarm.as_mut().poll(context));
        self.was_too_slow.set(true);
        Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))))
    }
}

/// A response body that the client must read in time. It is only polled for more once there is room for it.
struct Taken {
    body: BoxBody,
    turn: StallGuard,
}

impl MessageBody for Taken {
    type Error = Box<dyn StdError>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.turn.is_ours();
        let piece = ready!(Pin::new(&mut self.body).poll_next(context));
        self.turn.is_theirs();
        Poll::Ready(piece)
    }
}
