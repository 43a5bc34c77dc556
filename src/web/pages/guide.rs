//! The guide that says how to connect Placetel, with the addresses of this server.

use actix_web::HttpRequest;

use super::layout::context::PageContext;
use crate::i18n::WelcomeTexts;
use crate::service::state::AppState;
use crate::web::extract::client;

/// The addresses and commands that the guide shows.
pub struct Guide {
    pub t: &'static WelcomeTexts,
    pub url: String,
    pub is_reachable: bool,
    pub secret_command: &'static str,
    pub basic_command: &'static str,
    pub proxied: String,
    pub simulate: String,
    pub curl: String,
}

impl Guide {
    /// Builds the guide with the host name under which the request reached this server.
    pub fn new(request: &HttpRequest, state: &AppState, context: &PageContext) -> Self {
        let scheme = if client::is_https(request) { "https" } else { "http" };
        let host = client::host(request).map_or_else(|| state.config.listen.to_string(), str::to_owned);
        let own = format!("{scheme}://{host}");
        let url = match state.config.placetel_basic {
            // The password is not shown; the person who pastes the URL knows it.
            Some(_) => format!("{scheme}://user:password@{host}/placetel"),
            None => format!("{own}/placetel"),
        };
        Self {
            t: &context.texts.welcome,
            is_reachable: !state.config.is_unprotected(),
            secret_command: "fernamt --placetel-secret SECRET",
            basic_command: "fernamt --placetel-basic user:password",
            proxied: format!("http://{host}"),
            simulate: format!("fernamt simulate {own}"),
            curl: format!(
                "curl -d 'call_id=try-1&event=IncomingCall&direction=in&from=022129191999&to=022199988560' {url}"
            ),
            url,
        }
    }
}

/// Returns what was wrong with the last request that should have been an event, and what helps; `None` once an event
/// came after it.
pub fn last_refused(context: &PageContext, state: &AppState) -> Option<(String, &'static str)> {
    let (t, event_ms) = (&context.texts.welcome, state.intake.last_event_ms());
    let refusal = state.intake.last_refusal()?;
    if event_ms.is_some_and(|event_ms| event_ms >= refusal.at_ms) {
        return None;
    }
    let time = context.format.time(refusal.at_ms);
    Some(((t.refused)((t.refusal)(refusal.reason), &time), (t.refusal_help)(refusal.reason)))
}
