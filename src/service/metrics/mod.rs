//! Metrics for Prometheus. What happens often only adds to counters that were looked up beforehand.

/// Metrics of commits.
mod commits;
/// The durations of requests.
mod durations;
/// The labels of metrics.
mod labels;
/// The latency histogram of routing decisions, for people.
mod latency;
/// The gauges that are read at each scrape.
mod moment;
/// All metrics, with their registry.
pub mod registry;
/// The scrape of all metrics.
pub mod scrape;
