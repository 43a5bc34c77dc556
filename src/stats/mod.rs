//! Statistics, pure: calls to cells, cells to figures. No clock, no I/O.

/// Business time: what a day, an hour and "open" are.
pub mod business;
/// How many missed callers were rung back, and how soon.
pub mod callbacks;
/// The period before, the one after, and the one to compare with.
pub mod compare;
/// The words that narrow down what is counted, the same for pages, API and CSV.
pub mod filter;
/// When in the week it rings.
pub mod heat;
/// How many calls lasted how many seconds, exactly.
pub mod histogram;
/// The sums of a month that is over.
pub mod month;
/// What tables of lines and agents count.
pub mod people;
/// Days, and the named periods.
pub mod period;
/// How complete the events of a line are.
pub mod quality;
/// Cells and calls to the figures people read.
pub mod report;
/// The cells a call counts in.
pub mod rollup;
/// Counts and sums without percentiles, for whoever reads many cells.
pub mod sums;
/// Calls over time, as a chart shows them.
pub mod timeline;
/// The figures of some calls, as people read them.
pub mod totals;
