//! The box that tells whether a caller is to be called back.

use askama::Template;
use askama::filters::HtmlSafe;

use super::address::Scope;
use super::open_callbacks::tried;
use crate::i18n::DashboardTexts;
use crate::service::callbacks::DEFAULT_DAYS;
use crate::service::state::AppState;
use crate::store::callbacks::{Callback, open_callback_of, open_callbacks_of_lines};
use crate::web::error::Error;
use crate::web::pages::layout::context::PageContext;

/// Whether a caller is to be called back, and the link that dials their number.
#[derive(Template)]
#[template(path = "partials/dashboard/caller_state.html")]
pub struct CallerState {
    d: &'static DashboardTexts,
    is_owed: bool,
    text: String,
    dial: Option<String>,
}

/// The template of the box escapes its parts.
impl HtmlSafe for CallerState {}

impl CallerState {
    /// Fetches the box; `None` on dashboards of anything but a caller.
    pub async fn fetch(scope: &Scope, state: &AppState, context: &PageContext) -> Result<Option<Self>, Error> {
        let Scope::Caller(party) = scope else { return Ok(None) };
        let (owed, d) = (open_callback(party, state, context).await?, &context.texts.dashboard);
        let is_dialable = party.strip_prefix('+').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
        Ok(Some(Self {
            d,
            is_owed: owed.is_some(),
            text: owed.map_or(d.not_owed.to_owned(), |callback| (d.is_owed)(&tried(&callback, state, context))),
            dial: is_dialable.then(|| format!("tel:{party}")),
        }))
    }
}

/// Returns the open callback of a number, if there is one.
async fn open_callback(party: &str, state: &AppState, context: &PageContext) -> Result<Option<Callback>, Error> {
    let (db, numbering) = (&state.db, &state.derivation.numbering);
    let since_ms = context.as_of().days_ago_ms(DEFAULT_DAYS);
    if let Some(lines) = context.lines() {
        let all = open_callbacks_of_lines(db, numbering, since_ms, &lines).await?;
        return Ok(all.into_iter().find(|callback| callback.party == party));
    }
    Ok(open_callback_of(db, numbering, since_ms, party).await?)
}
