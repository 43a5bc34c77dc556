//! What pages share: layout, filter, forms, errors and assets.

/// The static assets: style sheet, script and icon.
pub mod assets;
/// Middleware that renders errors as pages.
pub mod failure;
/// The choice of the page language.
pub mod language;
/// The display of numbers and agents with their names.
pub mod named;

pub(in crate::web::pages) mod context;
pub(in crate::web::pages) mod filter;
pub(in crate::web::pages) mod filter_query;
pub(in crate::web::pages) mod form_state;
pub(in crate::web::pages) mod new_calls;
pub(in crate::web::pages) mod no_calls;
pub(in crate::web::pages) mod upload;
