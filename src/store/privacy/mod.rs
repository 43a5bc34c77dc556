//! Pseudonymisation, retention, and what is kept of one person.

/// Pseudonymisation of outside parties, in calls of long ago or of one person, and retention.
pub mod forgetting;
/// All data that is kept of one person.
pub mod person;

pub(in crate::store) mod of_person;
pub(in crate::store) mod pseudonymise;
