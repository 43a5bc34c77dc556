//! The chart of calls over time, stacked by outcome.

use askama::Template;
use askama::filters::HtmlSafe;

use super::address::Address;
use super::columns::columns;
use crate::i18n::OverviewTexts;
use crate::stats::period::DayRange;
use crate::stats::report::GroupBy;
use crate::stats::series::Series;
use crate::stats::timeline::Step;
use crate::web::charts::{BarChart, Column};
use crate::web::pages::layout::context::PageContext;

/// The chart, and the table with the same data.
#[derive(Template)]
#[template(path = "partials/dashboard/chart.html")]
pub struct Chart {
    t: &'static OverviewTexts,
    title: &'static str,
    /// The series: their CSS classes, names and sums.
    legend: Vec<(&'static str, &'static str, String)>,
    /// The labels of the grid lines, each with its position in pixels.
    axis: Vec<(f64, String)>,
    plot: BarChart,
    table: Vec<TableRow>,
}

/// The template of the box escapes its parts.
impl HtmlSafe for Chart {}

/// A bar as a table row.
struct TableRow {
    name: String,
    href: String,
    counts: Vec<String>,
    total: String,
}

impl Chart {
    /// Builds the chart; `None` if there are no calls. Series without calls in the period are left out.
    pub fn new(
        steps: &[Step],
        step: GroupBy,
        days: DayRange,
        address: &Address,
        context: &PageContext,
    ) -> Option<Self> {
        let (t, format) = (&context.texts.overview, &context.format);
        let columns = columns(steps, step, days, address, context);
        let sum = |index: usize| columns.iter().filter_map(|column| column.counts.get(index)).sum::<i64>();
        let shown: Vec<(usize, Series)> =
            Series::ALL.into_iter().enumerate().filter(|(index, _)| sum(*index) > 0).collect();
        let row = |column: &Column| TableRow {
            name: column.name.clone(),
            href: column.href.clone(),
            counts: shown.iter().filter_map(|(at, _)| column.counts.get(*at)).map(|n| format.number(*n)).collect(),
            total: format.number(column.total()),
        };
        let plot = BarChart::new(&columns, |column| tip(column, context));
        Some(Self {
            t,
            title: match step {
                GroupBy::Hour => t.per_hour,
                GroupBy::Week => t.per_week,
                GroupBy::Month => t.per_month,
                _ => t.per_day,
            },
            legend: shown
                .iter()
                .map(|(index, series)| (series.as_str(), (t.series)(*series), format.number(sum(*index))))
                .collect(),
            axis: plot.ticks.iter().map(|tick| (tick.y, format.number(tick.value))).collect(),
            plot,
            table: columns.iter().map(row).collect(),
        })
        .filter(|_| !shown.is_empty())
    }
}

fn tip(column: &Column, context: &PageContext) -> String {
    let t = &context.texts.overview;
    let counted = Series::ALL.into_iter().zip(column.counts).filter(|(_, count)| *count > 0);
    let parts = counted.map(|(series, count)| format!("{}: {count}", (t.series)(series)));
    let mut lines = vec![format!("{}: {}", column.name, column.total())];
    lines.extend(parts);
    lines.join("\n")
}
