//! The pages of accounts: login, setup, accounts, and the audit log.

/// The page of the signed-in user's own account.
pub mod account;
/// The audit log: who changed what.
pub mod audit;
/// Login and logout.
pub mod login;
/// The setup page, which creates the first account.
pub mod setup;
/// The administration of all accounts and API tokens.
pub mod users;
