//! Concurrency limits and time budgets of requests that read, called questions. A client that asks in a loop, or for
//! very much, must not keep others waiting: each has a share, a question has a time budget, and what nobody waits for
//! any more is cancelled.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use tokio::time::sleep;

use super::access::permissions::Access;
use super::access::principal::{AuthMethod, Principal};
use super::endpoint::Endpoint;
use super::error::Error;
use super::extract::client::client_address;
use super::server::timeouts::Client;
use crate::service::network::network;
use crate::service::shares::{Asker, Turn};
use crate::service::state::AppState;

/// How long a question runs before it is checked whether its client has left: some close their side as soon as they
/// have asked.
const PATIENCE: Duration = Duration::from_secs(1);
/// The interval of that check from then on.
const LOOK: Duration = Duration::from_millis(200);

impl Asker {
    /// Returns the client that sends a request.
    pub fn of(request: &HttpRequest) -> Self {
        match Principal::let_in(request).map(|principal| (principal.by, principal.name.clone())) {
            Some((AuthMethod::Session { user_id, .. }, _)) => Self::Account(user_id),
            Some((AuthMethod::Token, name)) => Self::Token(name),
            None => Self::Address(network(client_address(request))),
        }
    }
}

/// Middleware that runs a request that reads as a question, once its client's share has room. A change is no question:
/// it is completed once it was begun.
///
/// # Errors
/// Those of the wrapped service.
pub async fn ask(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let state = request.app_data::<Data<AppState>>().filter(|_| is_question(request.request())).cloned();
    let Some(state) = state else { return next.call(request).await.map(ServiceResponse::map_into_boxed_body) };
    let turn = match state.questions.turn(Asker::of(request.request()), state.config.limits).await {
        Ok(turn) => turn,
        Err(error) => return Ok(request.error_response(Error::from(error))),
    };
    let client = Client::of(request.request());
    let mut answer = pin!(turn.question.ask(next.call(request)));
    let mut pause = PATIENCE;
    let response = loop {
        tokio::select! {
            biased;
            response = &mut answer => break response?,
            () = sleep(pause) => {
                pause = LOOK;
                if client.has_left() {
                    turn.question.give_up();
                }
            }
        }
    };
    Ok(response.map_into_boxed_body().map_body(|_, body| match body.size() {
        BodySize::Stream => BoxBody::new(Answer { body, turn, is_next: true }),
        BodySize::None | BodySize::Sized(_) => body,
    }))
}

fn is_question(request: &HttpRequest) -> bool {
    match Endpoint::of(request).map(|endpoint| (endpoint.access, endpoint.is_free)) {
        Some((Access::Open, _)) => false,
        Some((Access::Trial, _)) => true,
        Some((_, is_free)) => request.method().is_safe() && !is_free,
        None => request.method().is_safe(),
    }
}

/// A streamed answer, each chunk of which has the time budget of a question.
struct Answer {
    body: BoxBody,
    turn: Turn,
    is_next: bool,
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let answer = self.get_mut();
        if std::mem::take(&mut answer.is_next) {
            answer.turn.question.goes_on();
        }
        let body = Pin::new(&mut answer.body);
        let piece = ready!(answer.turn.question.step(|| body.poll_next(context)));
        answer.is_next = true;
        Poll::Ready(piece)
    }
}
