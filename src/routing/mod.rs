//! Which answer an incoming call gets. Pure: the table, the numbers and the time go in, a decision comes out.

/// Opening hours in OpenStreetMap's syntax, in the business time zone.
pub mod hours;
