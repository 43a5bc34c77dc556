use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::guide::{Guide, last_refused};
use super::layout::context::PageContext;
use super::page;
use super::routes::hours_words::notes_in_words;
use crate::config::{Config, LogFormat, NoRoute};
use crate::i18n::SettingsTexts;
use crate::service::state::AppState;
use crate::web::error::Error;

#[derive(Template)]
#[template(path = "pages/settings.html")]
struct SettingsPage {
    context: PageContext,
    t: &'static SettingsTexts,
    settings: Vec<Setting>,
    hours_notes: Vec<&'static str>,
    guide: Guide,
    refused: Option<(String, &'static str)>,
    version: &'static str,
}

struct Setting {
    what: &'static str,
    flag: &'static str,
    value: String,
}

/// Handles `GET /settings`: shows the effective configuration.
pub async fn show(request: HttpRequest, context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    page(&SettingsPage {
        t: &context.texts.settings,
        settings: settings(&state.config, &context),
        hours_notes: notes_in_words(
            state.config.business_hours.as_deref(),
            false,
            &state.routing.hours,
            &context.texts.hours,
        ),
        guide: Guide::new(&request, &state, &context),
        refused: last_refused(&context, &state),
        version: env!("CARGO_PKG_VERSION"),
        context,
    })
}

fn settings(config: &Config, context: &PageContext) -> Vec<Setting> {
    let t = &context.texts.settings;
    let setting = |flag, value: String| Setting { what: (t.what)(flag), flag, value };
    let duration = |duration| humantime::format_duration(duration).to_string();
    let no_route = match config.no_route {
        NoRoute::Empty => t.no_route_empty,
        NoRoute::Error => t.no_route_error,
    };
    let log_format = match config.log_format {
        None => t.log_auto,
        Some(LogFormat::Text) => "text",
        Some(LogFormat::Json) => "json",
    };
    let secrets = match config.placetel_secrets.len() {
        0 => t.none.to_owned(),
        count => (t.secrets)(count),
    };
    let basic = if config.placetel_basic.is_some() { t.is_set } else { t.none };
    vec![
        setting("listen", config.listen.to_string()),
        setting("database-url", without_credentials(&config.database_url.0)),
        setting("time-zone", config.time_zone.name().to_owned()),
        setting("country", config.country.clone()),
        setting("business-hours", config.business_hours.clone().unwrap_or_else(|| t.always.to_owned())),
        setting("service-level", format!("{} s", config.service_level_seconds)),
        setting("agent-figures", if config.agent_figures { "on" } else { "off" }.to_owned()),
        setting("placetel-secret", secrets),
        setting("placetel-basic", basic.to_owned()),
        setting("no-route", no_route.to_owned()),
        setting("answer-within", duration(config.answer_within)),
        setting("hangup-timeout", duration(config.hangup_timeout)),
        setting("routes-file", config.routes_path().display().to_string()),
        setting("log-format", log_format.to_owned()),
    ]
}

/// Removes user, password and query parameters from a URL, because the parameters may contain a password, too.
fn without_credentials(url: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://…@{host}"),
            None => url.to_owned(),
        },
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_databases_password_is_not_shown() {
        for (url, shown) in [
            ("sqlite:fernamt.db", "sqlite:fernamt.db"),
            ("postgres://fern:hunter2@db.example/calls?password=hunter2", "postgres://…@db.example/calls"),
            ("postgres://fern:hun@ter2@db.example/calls", "postgres://…@db.example/calls"),
            ("postgres://db.example/calls", "postgres://db.example/calls"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }
}
