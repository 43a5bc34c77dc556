use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::accounts::action::{COMMAND, parse};
use crate::i18n::AuditTexts;
use crate::service::state::AppState;
use crate::store::accounts::audit::{StoredEntry, list};
use crate::web::error::Error;
use crate::web::extract::query::{parameter, parameters};
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::page;

const AUDIT: &str = "/settings/audit";
const ENTRIES_PER_PAGE: usize = 50;

#[derive(Template)]
#[template(path = "pages/audit.html")]
struct AuditPage {
    context: PageContext,
    t: &'static AuditTexts,
    entries: Vec<Row>,
    is_first_page: bool,
    older: Option<String>,
}

struct Row {
    when: String,
    who: String,
    what: String,
    about: String,
}

/// Handles `GET /settings/audit`: shows one page of the audit log.
pub async fn show(request: HttpRequest, context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let before = parameter(&parameters(&request), "before").and_then(|before| before.parse().ok());
    let limit = i64::try_from(ENTRIES_PER_PAGE + 1).unwrap_or(i64::MAX);
    let mut entries = list(&state.db, before.unwrap_or(i64::MAX), limit).await?;
    let has_older = entries.len() > ENTRIES_PER_PAGE;
    entries.truncate(ENTRIES_PER_PAGE);
    let older = entries.last().filter(|_| has_older).map(|last| format!("{AUDIT}?before={}", last.id));
    let entries = entries.into_iter().map(|entry| row(entry, &context)).collect();
    page(&AuditPage { t: &context.texts.audit, entries, is_first_page: before.is_none(), older, context })
}

fn row(entry: StoredEntry, context: &PageContext) -> Row {
    let t = &context.texts.audit;
    let who = entry.who.as_deref();
    Row {
        when: context.format.moment(entry.at_ms),
        who: match who {
            None => t.nobody.to_owned(),
            Some(COMMAND) => t.command.to_owned(),
            Some(name) => name.to_owned(),
        },
        what: parse(&entry.action)
            .map_or(entry.action, |(subject, verb)| format!("{}: {}", (t.subject)(subject), (t.verb)(verb))),
        about: entry.about.unwrap_or_default(),
    }
}
