//! The pages of routes: the list, the form, trials, history, and what routes share.

/// The switch that closes the company until a given time.
pub mod closed;
/// The revision history of the routes.
pub mod history;
/// The routes: list, form and changes.
pub mod list;
/// Named lists of numbers.
pub mod lists;
/// What the pages of number lists and schedules share.
pub mod named_shared;
/// The replay of past calls against an edited route.
pub mod replay;
/// Named schedules.
pub mod schedules;
/// The dry run of one call through the routes.
pub mod test;

pub(in crate::web::pages) mod difference;
pub(in crate::web::pages) mod figures;
pub(in crate::web::pages) mod form;
pub(in crate::web::pages) mod hours_words;
/// How the result of a replay is shown.
pub(in crate::web::pages) mod replay_view;
pub(in crate::web::pages) mod warnings;
pub(in crate::web::pages) mod words;
