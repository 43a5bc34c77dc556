//! Authentication and authorisation of requests.

/// The session cookie.
pub mod cookies;
/// Middleware that authenticates and authorises requests.
pub mod guard;
/// Permissions by url and role.
pub mod permissions;
/// The authenticated principal of a request.
pub mod principal;
