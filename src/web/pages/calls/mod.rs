//! The pages of calls: the log, one call, running calls, and the quality of what arrived.

/// The page of one call.
pub mod call;
/// The call log.
pub mod list;
/// The live page of running calls.
pub mod live;
/// The data quality page: how complete the received events were.
pub mod quality;

pub(in crate::web::pages) mod lane;
pub(in crate::web::pages) mod rows;
