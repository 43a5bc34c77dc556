//! The welcome page of the first start, which shows whether events arrive.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::newest::Newest;
use crate::service::state::AppState;
use crate::web::error::Error;
use crate::web::pages::guide::{Guide, last_refused};
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::page;

#[derive(Template)]
#[template(path = "pages/welcome.html")]
struct WelcomePage {
    context: PageContext,
    guide: Guide,
    arrived: Option<String>,
    refused: Option<(String, &'static str)>,
}

/// Shows the welcome page, which waits for the first event and reports its arrival.
pub fn welcome(
    request: &HttpRequest,
    context: PageContext,
    state: &AppState,
    newest: Option<Newest>,
) -> Result<HttpResponse, Error> {
    let t = &context.texts.welcome;
    let refused = last_refused(&context, state).filter(|_| newest.is_none());
    page(&WelcomePage {
        guide: Guide::new(request, state, &context),
        arrived: newest.map(|newest| (t.arrived)(&newest.when)),
        refused,
        context,
    })
}
