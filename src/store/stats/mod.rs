//! The cells of the statistics, closed months, packed calls, and the quality of what arrived.

/// The cells of the statistics: rollups by tier, bucket and subject.
pub mod cells;
/// Noting calls that change after their span was packed.
pub(in crate::store) mod changed;
/// Closed months: sums of months that are over.
pub mod months;
/// Delivery quality: how events came, doubled or late.
pub mod quality;
/// Spans of time whose calls are packed in columns.
pub mod spans;
