//! The cells of the statistics, closed months, and the quality of what arrived.

/// The cells of the statistics: rollups by tier, bucket and subject.
pub mod cells;
/// Closed months: sums of months that are over.
pub mod months;
/// Delivery quality: how events came, doubled or late.
pub mod quality;
