//! Call routing: decides which answer an incoming call gets. Pure functions: the table, the numbers and the time go
//! in, a decision comes out.

/// The XML answer of a route, rendered in advance or per call.
mod answer;
/// Call distribution: the order in which targets ring.
mod distribution;
/// Explanations of decisions: why earlier routes did not answer a call.
pub mod explain;
/// Opening hours in OpenStreetMap's syntax, in the business time zone.
pub mod hours;
/// The inputs of a decision besides the table: the call, and the history of earlier calls.
pub mod incoming;
/// Hash index of values by exact number and number prefix.
mod index;
/// The key by which routes name lists and schedules.
pub mod key;
/// The named lists of a table, compiled for lookup.
mod lists;
/// Number patterns: which numbers a route is for.
pub mod matching;
/// Shared parts of routes: named lists, named schedules, the switch "closed until".
pub mod named;
/// Compiled opening hours of routes.
mod opening;
/// Parser for a pasted list of numbers.
pub mod paste;
/// What can be wrong with routes and what they share.
pub mod problem;
/// Replay: past calls decided again by another table.
pub mod replay;
/// Revisions of the routes, kept as compact differences.
pub mod revision;
/// One route, as the API shows and takes it.
pub mod route;
/// The routing table: all routes, compiled for deciding.
pub mod table;
/// Trial tables, which are tried out before they are saved.
pub mod trial;
/// Warnings about a table of routes: what is probably not meant.
pub mod warnings;
