//! The settings by which calls and cells are made of events.

use std::sync::Arc;

use super::business::BusinessTime;
use crate::calls::phone::Numbering;

/// The settings that deriving calls and cells from events depends on.
#[derive(Debug)]
pub struct Derivation {
    /// The numbering plan by which telephone numbers are read.
    pub numbering: Arc<Numbering>,
    /// The business time: what days, hours and "open" are.
    pub business: BusinessTime,
}
