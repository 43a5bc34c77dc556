//! A request for calls or their figures: who asks for what, and when.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::query::{self, Parameters};
use crate::service::state::AppState;
use crate::stats::as_of::{AsOf, FilterAsOf};
use crate::stats::filter::{FilterError, Lines};
use crate::web::access::principal::Principal;
use crate::web::error::Error;

/// What a request for calls or their figures says, of whoever it comes: API, CSV and pages alike.
pub struct CallsRequest {
    /// Its query parameters.
    pub parameters: Parameters,
    /// The lines that its principal may see.
    pub lines: Lines,
    /// The moment that its answer is of.
    pub as_of: AsOf,
}

impl CallsRequest {
    /// Parses the filter parameters.
    ///
    /// # Errors
    /// The first parameter that cannot be used.
    pub fn filter(&self, state: &AppState) -> Result<FilterAsOf, FilterError> {
        self.filter_by(&self.parameters, state)
    }

    /// Parses other filter parameters than those of the request, for the same principal and moment.
    ///
    /// # Errors
    /// The first parameter that cannot be used.
    pub fn filter_by(&self, parameters: &Parameters, state: &AppState) -> Result<FilterAsOf, FilterError> {
        query::filter(parameters, self.lines.clone(), self.as_of, state)
    }
}

impl FromRequest for CallsRequest {
    type Error = Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let missing = || Error::Internal("the state is missing".into());
        ready(request.app_data::<Data<AppState>>().ok_or_else(missing).map(|state| Self {
            parameters: query::parameters(request),
            lines: Principal::lines_of(request),
            as_of: as_of(request, state),
        }))
    }
}

/// Returns the moment that the answer to a request is of: the clock is read when a handler first asks.
pub fn as_of(request: &HttpRequest, state: &AppState) -> AsOf {
    *request.extensions_mut().get_or_insert_with(|| state.statistics.now())
}
