use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use crate::i18n::QualityTexts;
use crate::service::state::AppState;
use crate::service::statistics::quality::{LineQuality, quality};
use crate::stats::as_of::FilterAsOf;
use crate::store::stats::quality::MOST_CALLS;
use crate::web::error::Error;
use crate::web::extract::calls_request::CallsRequest;
use crate::web::pages::dashboard::Scope;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::filter::{FilterView, PageFilter};
use crate::web::pages::layout::named::Named;
use crate::web::pages::page;

#[derive(Template)]
#[template(path = "pages/quality.html")]
struct QualityPage {
    context: PageContext,
    t: &'static QualityTexts,
    filter: FilterView,
    quality: QualityView,
}

/// The data of the template `partials/quality.html`, as a field named `quality`.
pub struct QualityView {
    /// The translated texts.
    pub t: &'static QualityTexts,
    /// The figures of all lines together; empty if there were no calls.
    pub measures: Vec<Measure>,
    /// The figures of each line.
    pub lines: Vec<QualityRow>,
    /// The notice that the events of older calls were not examined.
    pub newest_only: Option<String>,
    /// The notice that some calls have more events than are folded into them.
    pub surplus: Option<String>,
}

/// A figure over all lines, and its effect on other figures.
pub struct Measure {
    /// The name of the figure.
    pub name: &'static str,
    /// The count out of the total.
    pub value: String,
    /// The explanation of the figure.
    pub what: &'static str,
}

/// The figures of one line.
pub struct QualityRow {
    /// The line.
    pub number: Named,
    /// The number of its ended calls.
    pub calls: String,
    /// The name of each figure and its share.
    pub figures: [(&'static str, String); 4],
}

/// Handles `GET /quality`: shows the data quality.
pub async fn show(request: CallsRequest, context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let asked = PageFilter::read(&request, &state, &context);
    page(&QualityPage {
        t: &context.texts.quality,
        filter: asked.view("/quality", &state, &context),
        quality: quality_view(&state, &context, &asked.calls).await?,
        context,
    })
}

/// Returns the data quality for the days and the line of a question; its other parameters are ignored.
pub async fn quality_view(state: &AppState, context: &PageContext, asked: &FilterAsOf) -> Result<QualityView, Error> {
    let found = quality(&state.statistics, asked).await?;
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

/// Returns the counts of missing hangups, unknown talk times, duplicate events and late events, each with its total.
fn shares(LineQuality { gaps, arrivals, .. }: &LineQuality) -> [(i64, i64); 4] {
    [
        (gaps.without_hangup, gaps.calls),
        (gaps.talk_unknown, gaps.accepted_out),
        (arrivals.doubled, arrivals.events),
        (arrivals.late, arrivals.events),
    ]
}

/// Formats a part of a total as `3 of 120 (2.5%)`; without the percentage if the total is small.
fn told(part: i64, whole: i64, context: &PageContext) -> String {
    let format = &context.format;
    let both = (context.texts.quality.of)(&format.number(part), &format.number(whole));
    if format.is_few(whole) { both } else { format!("{both} ({})", format.share(part, whole)) }
}
