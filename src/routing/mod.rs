//! Which answer an incoming call gets. Pure: the table, the numbers and the time go in, a decision comes out.

/// Why a call gets the answer that it gets.
pub mod explain;
/// Opening hours in OpenStreetMap's syntax, in the business time zone.
pub mod hours;
/// Finds what is filed under any spelling or beginning of a number.
mod index;
/// Which numbers a route is for.
pub mod matching;
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
