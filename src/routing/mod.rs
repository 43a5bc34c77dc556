//! Which answer an incoming call gets. Pure: the table, the numbers and the time go in, a decision comes out.

/// The XML of a route for a call.
mod answer;
/// In which order targets ring.
mod distribution;
/// Why a call gets the answer that it gets.
pub mod explain;
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
/// Past calls decided again.
pub mod replay;
/// What a change of the routes changed.
pub mod revision;
/// One route, as the API shows and takes it.
pub mod route;
/// All routes, compiled for deciding.
pub mod table;
/// A table that is tried out before it is saved.
pub mod trial;
/// What is probably not meant in a table of routes.
pub mod warnings;
