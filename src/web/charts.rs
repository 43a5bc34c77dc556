//! The geometry of charts: x and width in percent, so that they follow the page; y in pixels, so that
//! nothing is distorted. Colours are classes of the style sheet.

use crate::stats::series::Series;

/// The height of a plot, in pixels.
pub const HEIGHT: f64 = 180.0;
/// The space above the highest bar, in pixels: half a line of text.
const TOP: f64 = 8.0;
/// Maximum number of characters of all labels, blanks between them included: more collide on a phone.
const MOST_CHARS: usize = 38;
const MOST_TICKS: i64 = 4;

/// The number of calls of each series, in the order of [`Series::ALL`].
pub type Counts = [i64; Series::ALL.len()];

/// The data of one bar.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name in tables and tooltips.
    pub name: String,
    /// Its label below the chart.
    pub short: String,
    /// The url that it links to.
    pub href: String,
    /// The number of its calls, by series.
    pub counts: Counts,
}

impl Column {
    /// Returns the number of all its calls.
    pub fn total(&self) -> i64 {
        self.counts.iter().sum()
    }
}

/// A rectangle of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its class in the style sheet.
    pub class: &'static str,
    /// Its upper edge, in pixels.
    pub y: f64,
    /// Its height, in pixels.
    pub height: f64,
}

/// One bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// The left edge of its slot, in percent.
    pub x: f64,
    /// Its segments, bottom to top.
    pub segments: Vec<Segment>,
    /// Its tooltip.
    pub tip: String,
    /// The url that it links to.
    pub href: String,
}

/// A grid line across the plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The number of calls it stands for.
    pub value: i64,
    /// Its position, in pixels.
    pub y: f64,
}

/// A label below the plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Its middle, in percent.
    pub x: f64,
    /// Its text.
    pub text: String,
}

/// A stacked bar chart.
#[derive(Clone, Debug)]
pub struct BarChart {
    /// Its bars, left to right.
    pub bars: Vec<Bar>,
    /// The width of each bar's slot, in percent.
    pub place: f64,
    /// Its grid lines, bottom to top.
    pub ticks: Vec<Tick>,
    /// Its labels, left to right.
    pub labels: Vec<Label>,
    /// The height of the plot, in pixels.
    pub height: f64,
}

impl BarChart {
    /// Lays out one bar for each column.
    pub fn new(columns: &[Column], tip: impl Fn(&Column) -> String) -> Self {
        let highest = columns.iter().map(Column::total).max().unwrap_or(0);
        let step = tick_step(highest);
        let top = (highest + step - 1) / step * step;
        let y_of = |value: i64| pixels(HEIGHT - (HEIGHT - TOP) * value as f64 / top.max(1) as f64);
        let place = 100.0 / columns.len().max(1) as f64;
        let bars = columns.iter().enumerate().map(|(index, column)| Bar {
            x: rounded(place * index as f64),
            segments: segments(&column.counts, y_of),
            tip: tip(column),
            href: column.href.clone(),
        });
        let longest = columns.iter().map(|column| column.short.chars().count()).max().unwrap_or(0);
        let every = (columns.len() * (longest + 1)).div_ceil(MOST_CHARS).max(1);
        let labels = columns
            .iter()
            .enumerate()
            .step_by(every)
            .map(|(index, column)| Label { x: rounded(place * (index as f64 + 0.5)), text: column.short.clone() });
        Self {
            bars: bars.collect(),
            place: rounded(place),
            labels: labels.collect(),
            ticks: (0..=top / step).map(|n| Tick { value: n * step, y: y_of(n * step) }).collect(),
            height: HEIGHT,
        }
    }
}

fn segments(counts: &Counts, y_of: impl Fn(i64) -> f64) -> Vec<Segment> {
    let mut below = 0;
    let mut segments = Vec::new();
    for (series, &count) in Series::ALL.into_iter().zip(counts).filter(|(_, count)| **count > 0) {
        let (lower, upper) = (y_of(below), y_of(below + count));
        segments.push(Segment { class: series.as_str(), y: upper, height: lower - upper });
        below += count;
    }
    segments
}

/// Returns the distance of grid lines: 1, 2 or 5 times a power of ten, so that few lines reach above `highest`.
fn tick_step(highest: i64) -> i64 {
    let powers = std::iter::successors(Some(1_i64), |power| power.checked_mul(10));
    let steps = powers.flat_map(|power| [power, power.saturating_mul(2), power.saturating_mul(5)]);
    steps.into_iter().find(|step| step.saturating_mul(MOST_TICKS) >= highest).unwrap_or(i64::MAX)
}

/// Rounds to a hundredth of a percent, which is finer than any screen.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Rounds to half a pixel, which is as fine as a screen shows.
fn pixels(value: f64) -> f64 {
    (value * 2.0).round() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(counts: Counts) -> Column {
        Column { name: "n".into(), short: "s".into(), href: "/".into(), counts }
    }

    fn chart(all: &[Counts]) -> BarChart {
        BarChart::new(&all.iter().map(|counts| column(*counts)).collect::<Vec<_>>(), |column| column.name.clone())
    }

    #[test]
    fn ticks_are_round_and_few() {
        for (highest, step) in
            [(0, 1), (1, 1), (4, 1), (5, 2), (8, 2), (9, 5), (20, 5), (21, 10), (81, 50), (4_000_000, 1_000_000)]
        {
            assert_eq!(tick_step(highest), step, "{highest}");
        }
        let ticks = chart(&[[7, 0, 0, 0, 0]]).ticks;
        assert_eq!(ticks.iter().map(|tick| tick.value).collect::<Vec<_>>(), [0, 2, 4, 6, 8]);
        assert_eq!((ticks[0].y, ticks[4].y), (HEIGHT, TOP));
    }

    #[test]
    fn segments_are_stacked_without_gaps() {
        let chart = chart(&[[3, 1, 0, 2, 0], [0, 0, 0, 0, 0]]);
        let bar = &chart.bars[0];
        assert_eq!(bar.segments.iter().map(|s| s.class).collect::<Vec<_>>(), ["accepted", "voicemail", "unreached"]);
        assert_eq!(bar.segments[0].y + bar.segments[0].height, HEIGHT);
        for pair in bar.segments.windows(2) {
            assert!((pair[1].y + pair[1].height - pair[0].y).abs() < 0.011, "{pair:?}");
        }
        assert!(chart.bars[1].segments.is_empty());
    }

    #[test]
    fn bars_fill_the_width_and_labels_do_not_collide() {
        let chart = chart(&[[1, 0, 0, 0, 0]; 31]);
        let last = chart.bars.last().unwrap();
        assert!((last.x + chart.place - 100.0).abs() < 0.1, "{last:?}");
        let chars: usize = chart.labels.iter().map(|label| label.text.chars().count() + 1).sum();
        assert!(chars <= MOST_CHARS, "{:?}", chart.labels);
    }

    #[test]
    fn nothing_gives_an_empty_chart() {
        let chart = chart(&[]);
        assert!(chart.bars.is_empty() && chart.labels.is_empty());
        assert_eq!(chart.ticks.len(), 1);
    }
}
