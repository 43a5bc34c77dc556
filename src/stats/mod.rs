//! Statistics, pure: calls to rollup cells, cells to figures. No clock, no I/O.

/// The moment that an answer is of.
pub mod as_of;
/// Business time: the definition of day, hour and "open".
pub mod business;
/// The callback report.
pub mod callbacks;
/// Calls in columns, for any combination of filters.
pub mod columns;
/// The preceding and following periods, and the comparison period.
pub mod compare;
/// The settings by which calls and cells are made of events.
pub mod derivation;
/// The filter words that select calls, the same for pages, API and CSV.
pub mod filter;
/// The heat map of a week.
pub mod heat;
/// An exact histogram of durations.
pub mod histogram;
/// The sums of a closed month.
pub mod month;
/// Counts per line and per agent.
pub mod people;
/// Ranges of days, and the named periods.
pub mod period;
/// Data quality: how complete the events of a line are.
pub mod quality;
/// Reports: aggregates cells and calls to the figures that people read.
pub mod report;
/// The rollup cells in which a call counts.
pub mod rollup;
/// Outcomes grouped as charts and lists show them.
pub mod series;
/// Counts and sums without percentiles, for readers of many cells.
pub mod sums;
/// The time series of calls, as a chart shows it.
pub mod timeline;
/// The figures of a set of calls, as people read them.
pub mod totals;
