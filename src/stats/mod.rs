//! Statistics, pure: calls to cells, cells to figures. No clock, no I/O.

/// Business time: what a day, an hour and "open" are.
pub mod business;
/// The words that narrow down what is counted, the same for pages, API and CSV.
pub mod filter;
/// How many calls lasted how many seconds, exactly.
pub mod histogram;
/// Days, and the named periods.
pub mod period;
/// Cells and calls to the figures people read.
pub mod report;
/// The cells a call counts in.
pub mod rollup;
/// The figures of some calls, as people read them.
pub mod totals;
