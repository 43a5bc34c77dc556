//! Which answer an incoming call gets. Pure: the table, the numbers and the time go in, a decision comes out.

/// The XML of a route for a call.
mod answer;
/// In which order targets ring.
mod distribution;
/// Opening hours in OpenStreetMap's syntax, in the business time zone.
pub mod hours;
/// What a decision is made of beside the table.
pub mod incoming;
/// Finds what is filed under any spelling or beginning of a number.
mod index;
/// The named lists of a table.
mod lists;
/// Which numbers a route is for.
pub mod matching;
/// What routes share: named lists, named schedules, the switch "closed until".
pub mod named;
/// When routes are open.
mod opening;
/// Numbers that somebody pastes.
pub mod paste;
/// One route, as the API shows and takes it.
pub mod route;
/// All routes, compiled for deciding.
pub mod table;
