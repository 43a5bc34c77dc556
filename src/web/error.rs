use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError, Route, web};
use serde::Serialize;

use crate::fields::FieldError;
use crate::i18n::problems;
use crate::lang::Lang;
use crate::log_throttle::{throttled, times};
use crate::service::error::ServiceError;
use crate::stats::filter::{FilterError, FilterProblem};
use crate::store::StoreError;
use crate::store::accounts::AccountError;
use crate::store::routes::RouteError;
use crate::store::routes::shared::SharedError;

/// The error type of all HTTP handlers. Clients of API and PBX endpoint see it as `application/problem+json` (RFC
/// 9457).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400: invalid fields, each named.
    #[error("{}", .0.iter().map(|field| field.detail.as_str()).collect::<Vec<_>>().join("; "))]
    Fields(Vec<WrongField>),
    /// 400: a body that cannot be used as a whole, such as one that is no JSON.
    #[error("{0}")]
    BadRequest(String),
    /// 401: the request is not authenticated.
    #[error("{reason}")]
    Unauthorized {
        /// What is missing or wrong.
        reason: &'static str,
        /// The authentication scheme to use.
        challenge: Challenge,
    },
    /// 403: not allowed from where the request comes from.
    #[error("{0}")]
    Forbidden(String),
    /// 403: not allowed for this account or token.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// 403: switched off by the settings, for everybody.
    #[error("{0}")]
    SwitchedOff(FilterError),
    /// 404: no such page or item.
    #[error("there is no such page or item")]
    NotFound,
    /// 404: an event of the PBX that was sent to another url than that for events.
    #[error("events are taken at /placetel, and nowhere else: correct the url in Placetel")]
    Astray,
    /// 405: method not allowed; names the methods that are.
    #[error("this url takes only {0}")]
    Method(String),
    /// 408: the body did not come in time.
    #[error("the request came too slowly")]
    TooSlow,
    /// 409: conflicts with something else that is stored.
    #[error("{0}")]
    InTheWay(String),
    /// 412: changed by somebody else meanwhile (optimistic concurrency).
    #[error("it was changed by somebody else meanwhile: load it again")]
    Changed,
    /// 413: the body exceeds a limit.
    #[error("{0}")]
    TooLarge(String),
    /// 415: unsupported content type; names the expected one.
    #[error("the Content-Type must be {0}")]
    ContentType(&'static str),
    /// 429: the client has too many requests running already.
    #[error("too many questions at once: wait for some of the answers first")]
    Crowded,
    /// 503: the request exceeded its time budget and was stopped.
    #[error("this took too long and was stopped: choose a shorter period or a narrower filter")]
    TooLong,
    /// 503: no capacity is left for bodies and trials, because others send too much.
    #[error("not now: too much is being sent at once")]
    Full,
    /// 503: a temporary failure; the same request works later.
    #[error("not now: {0}")]
    Unavailable(&'static str),
    /// 503: the database file is damaged; with the message that tells so.
    #[error("not now: the file of the database is damaged")]
    Damaged(String),
    /// 500: an internal error; logged, not told to the client.
    #[error("something went wrong here; the log says what")]
    Internal(String),
}

/// The authentication scheme that an unauthenticated client should use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// HTTP Basic, with user and password of the PBX.
    Basic,
    /// A bearer token: an API token.
    Bearer,
    /// A scheme that no `WWW-Authenticate` header names: the signature of the PBX.
    Other,
}

/// A field that cannot be used.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WrongField {
    /// Its name or path.
    pub field: String,
    /// What is wrong with it and what would be right.
    pub detail: String,
}

/// An error (RFC 9457).
#[derive(Serialize, utoipa::ToSchema)]
pub struct Problem<'a> {
    /// Always `about:blank`.
    r#type: &'static str,
    /// What the status means.
    title: &'a str,
    /// The status.
    status: u16,
    /// What is wrong, for people.
    detail: String,
    /// Every field that cannot be used.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [WrongField],
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Fields(_) | Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized { .. } => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::NotAllowed(_) | Self::SwitchedOff(_) => StatusCode::FORBIDDEN,
            Self::NotFound | Self::Astray => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::InTheWay(_) => StatusCode::CONFLICT,
            Self::Changed => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Crowded => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) | Self::Damaged(_) | Self::TooLong | Self::Full => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Internal(cause) = self
            && let Some(times) = times("a request failed", cause)
        {
            tracing::error!(cause, times, "a request failed");
        }
        let status = self.status_code();
        let errors = if let Self::Fields(fields) = self { &fields[..] } else { &[] };
        let title = status.canonical_reason().unwrap_or("Error");
        let problem =
            Problem { r#type: "about:blank", title, status: status.as_u16(), detail: self.to_string(), errors };
        let mut response = HttpResponse::build(status);
        match self {
            Self::Unauthorized { challenge: Challenge::Basic, .. } => {
                response.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"fernamt\""));
            }
            Self::Unauthorized { challenge: Challenge::Bearer, .. } => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"fernamt\""));
            }
            Self::Unavailable(_) | Self::Damaged(_) | Self::Crowded | Self::TooLong | Self::Full => {
                response.insert_header((header::RETRY_AFTER, "1"));
            }
            Self::Method(allowed) => {
                response.insert_header((header::ALLOW, allowed.as_str()));
            }
            _ => {}
        }
        let mut response = response.json(problem);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            // Logged where the database is marked as damaged: see [`super::measure::measure`].
            error if error.is_damage() => Self::Damaged(error.to_string()),
            StoreError::Unavailable(_) | StoreError::Conflict(_) | StoreError::TooLong => {
                throttled!(warn, error, "a request failed");
                Self::Unavailable("the database does not answer")
            }
            StoreError::Over(_) => Self::TooLong,
            error => Self::Internal(error.to_string()),
        }
    }
}

impl From<ServiceError> for Error {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Invalid { field, .. } => {
                Self::Fields(vec![WrongField { field: field.into(), detail: error.to_string() }])
            }
            ServiceError::Filter(error) => error.into(),
            ServiceError::Crowded => Self::Crowded,
            ServiceError::Full => Self::Full,
            ServiceError::Busy(what) => Self::Unavailable(what),
            ServiceError::Store(error) => error.into(),
            ServiceError::Internal(cause) => Self::Internal(cause),
        }
    }
}

impl From<RouteError> for Error {
    fn from(error: RouteError) -> Self {
        match error {
            RouteError::Unknown => Self::NotFound,
            RouteError::Changed => Self::Changed,
            RouteError::Missing(missing) => Self::InTheWay(problems::missing(&missing, Lang::En)),
            RouteError::Store(error) => error.into(),
        }
    }
}

impl From<AccountError> for Error {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Unknown => Self::NotFound,
            AccountError::Store(error) => error.into(),
            error => Self::InTheWay(error.to_string()),
        }
    }
}

impl From<SharedError> for Error {
    fn from(error: SharedError) -> Self {
        match error {
            SharedError::Unknown => Self::NotFound,
            SharedError::Changed => Self::Changed,
            SharedError::TooMany | SharedError::Used(_) => Self::InTheWay(error.to_string()),
            SharedError::Store(error) => error.into(),
        }
    }
}

impl From<FilterError> for Error {
    fn from(error: FilterError) -> Self {
        match error.problem {
            FilterProblem::AgentFigures => Self::SwitchedOff(error),
            _ => Self::Fields(vec![WrongField { field: error.field.into(), detail: error.to_string() }]),
        }
    }
}

impl From<Vec<FieldError>> for Error {
    fn from(errors: Vec<FieldError>) -> Self {
        let wrong = |error: FieldError| {
            let detail = format!("{}: {}", error.field, problems::text(&error.problem, Lang::En));
            WrongField { field: error.field, detail }
        };
        Self::Fields(errors.into_iter().map(wrong).collect())
    }
}

/// Returns the route that answers 405 to every method but these.
pub fn only(methods: &'static str) -> Route {
    web::to(move || async move { Err::<HttpResponse, _>(Error::Method(methods.to_owned())) })
}
