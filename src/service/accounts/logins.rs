//! Logins in the audit log. They change nothing, so one that could not be noted is only logged.

use std::net::IpAddr;
use std::sync::Arc;

use super::Accounts;
use crate::accounts::action::{Actor, Entry, Subject, Verb};
use crate::clock::now_ms;
use crate::log_throttle::throttled;
use crate::store::accounts::audit::note;

impl Accounts {
    /// Notes a login that succeeded.
    pub async fn note_login(&self, name: String, address: IpAddr) {
        let by = Actor { name: Some(name), at_ms: now_ms() };
        let entry = Entry::new(&by, (Subject::Login, Verb::Succeeded)).on(&address.to_string());
        if let Err(error) = note(&self.db, &entry).await {
            tracing::error!(%error, who = by.name, %address, "a login was not noted in the audit log");
        }
    }

    /// Notes a failed login to an account that exists, in the background: the time it takes would tell the client that
    /// the account exists.
    pub fn note_failed_login(self: &Arc<Self>, name: &str, address: IpAddr, is_locked: bool) {
        let verb = if is_locked { Verb::Locked } else { Verb::Failed };
        let by = Actor { name: None, at_ms: now_ms() };
        let entry = Entry::new(&by, (Subject::Login, verb)).on(&format!("{name}, {address}"));
        let accounts = self.clone();
        tokio::spawn(async move {
            // Throttled: strangers can have it fail as often as they like.
            if let Err(error) = note(&accounts.db, &entry).await {
                throttled!(error, error, "a failed login was not noted in the audit log");
            }
        });
    }
}
