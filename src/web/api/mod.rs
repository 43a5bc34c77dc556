//! The JSON REST API under `/api/v1`.

/// Endpoints for callbacks: missed callers who are to be rung back.
pub mod callbacks;
/// Endpoints for calls: the list, and one call in detail.
pub mod calls;
/// Endpoints for contacts: names of outside numbers.
pub mod contacts;
/// Endpoint that imports contacts from a file.
pub mod contacts_import;
/// Endpoints for the names of own lines and agents.
pub mod names;
/// Endpoint for data quality: how complete the received events were.
pub mod quality;
/// Endpoints for the revision history of the routes.
pub mod revisions;
/// Endpoints that try routes out: a dry run of one call, and a replay of past calls.
pub mod route_trials;
/// Endpoint for warnings about the routes: what is probably not meant.
pub mod route_warnings;
/// Endpoints for routes, one by one and as a whole table.
pub mod routes;
/// Endpoints for what routes share: named lists, named schedules and the closed switch.
pub mod shared;
/// Endpoint for call statistics.
pub mod stats;

/// Stubs that describe endpoints outside this module for OpenAPI.
pub mod others;
