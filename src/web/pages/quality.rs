use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::context::PageContext;
use super::filter::{FilterView, PageFilter};
use super::named::Named;
use super::overview::Scope;
use super::page;
use crate::stats::filter::Filter;
use crate::store::quality::MOST_CALLS;
use crate::web::error::Error;
use crate::web::i18n::QualityTexts;
use crate::web::quality::{LineQuality, quality};
use crate::web::state::AppState;

#[derive(Template)]
#[template(path = "pages/quality.html")]
struct QualityPage {
    context: PageContext,
    t: &'static QualityTexts,
    filter: FilterView,
    quality: QualityView,
}

/// What `partials/quality.html` shows, as a field named `quality`.
pub struct QualityView {
    /// What it says.
    pub t: &'static QualityTexts,
    /// Of all lines together; none when there were no calls.
    pub measures: Vec<Measure>,
    /// Line by line.
    pub lines: Vec<QualityRow>,
    /// That the events of older calls were not looked at.
    pub newest_only: Option<String>,
    /// That calls have more events than are folded.
    pub surplus: Option<String>,
}

/// A figure of all lines, and what it means for the others.
pub struct Measure {
    /// What it is called.
    pub name: &'static str,
    /// How many of how many.
    pub value: String,
    /// What that means.
    pub what: &'static str,
}

/// One line.
pub struct QualityRow {
    /// The line.
    pub number: Named,
    /// Its calls that are over.
    pub calls: String,
    /// What each is called and its share.
    pub figures: [(&'static str, String); 4],
}

/// `GET /quality`
pub async fn show(request: HttpRequest, context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let asked = PageFilter::read(&request, &state, &context);
    page(&QualityPage {
        t: &context.texts.quality,
        filter: asked.view("/quality", &state, &context),
        quality: quality_view(&state, &context, &asked.filter).await?,
        context,
    })
}

/// The data quality of a filter's days and line; its other words do not count.
///
/// # Errors
/// When the database does not answer.
pub async fn quality_view(state: &AppState, context: &PageContext, filter: &Filter) -> Result<QualityView, Error> {
    let found = quality(state, filter.days, filter.number.as_deref()).await?;
    let t = &context.texts.quality;
    let names = [t.without_hangup, t.talk_unknown, t.doubled, t.late];
    let whats = [t.without_hangup_what, t.talk_unknown_what, t.doubled_what, t.late_what];
    let totals = shares(&found.totals).map(|(part, whole)| told(part, whole, context));
    let measures = names.into_iter().zip(whats).zip(totals).map(|((name, what), value)| Measure { name, value, what });
    let row = |line: &LineQuality| QualityRow {
        number: match &line.number {
            Some(number) => Named::line(number, &context.names).to(Scope::Line(number.clone()).path()),
            None => Named::plain(t.unknown_line),
        },
        calls: context.format.number(line.gaps.calls),
        figures: {
            let mut names = names.into_iter();
            shares(line).map(|(part, whole)| (names.next().unwrap_or_default(), context.format.share(part, whole)))
        },
    };
    Ok(QualityView {
        t,
        measures: if found.totals.gaps.calls == 0 { Vec::new() } else { measures.collect() },
        lines: found.lines.iter().filter(|line| line.gaps.calls > 0).map(row).collect(),
        surplus: (found.totals.arrivals.surplus > 0)
            .then(|| (t.surplus)(&context.format.number(found.totals.arrivals.surplus))),
        newest_only: (!found.is_complete).then(|| (t.newest_only)(&context.format.number(MOST_CALLS))),
    })
}

/// What is missing, unknown, doubled and late, each of how many.
fn shares(LineQuality { gaps, arrivals, .. }: &LineQuality) -> [(i64, i64); 4] {
    [
        (gaps.without_hangup, gaps.calls),
        (gaps.talk_unknown, gaps.accepted_out),
        (arrivals.doubled, arrivals.events),
        (arrivals.late, arrivals.events),
    ]
}

/// `3 of 120 (2.5%)`; of few calls without the share.
fn told(part: i64, whole: i64, context: &PageContext) -> String {
    let format = &context.format;
    let both = (context.texts.quality.of)(&format.number(part), &format.number(whole));
    if format.is_few(whole) { both } else { format!("{both} ({})", format.share(part, whole)) }
}
