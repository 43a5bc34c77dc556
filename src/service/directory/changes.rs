//! Changes of names: each is stored with its entry in the audit log, and then shown.

use std::slice::from_ref;

use super::Directory;
use crate::accounts::action::{Action, Actor, Entry, Subject, Verb};
use crate::contacts::Contact;
use crate::store::names::{
    Changes, ContactsError, OwnName, delete_contact, replace_contact, save_contacts, save_own_names,
};
use crate::store::{Db, StoreError};

/// A change that saves contacts: numbers that have one already take the new one.
#[derive(Clone, Copy, Debug)]
pub enum ContactsChange<'a> {
    /// Somebody adds a contact.
    Add(&'a Contact),
    /// A program names a number.
    Set(&'a Contact),
    /// Many are taken over.
    Import(&'a [Contact]),
    /// Many are taken over, and all others are removed.
    Replace(&'a [Contact]),
}

impl ContactsChange<'_> {
    /// Stores the change, for whoever has no names in memory.
    ///
    /// # Errors
    /// When there would be too many contacts, or the database does not answer.
    pub async fn store(self, db: &Db, by: &Actor) -> Result<Changes, ContactsError> {
        let entry = |subject, verb| Entry::new(by, (subject, verb));
        let (contacts, entry) = match self {
            Self::Add(contact) => (from_ref(contact), entry(Subject::Contact, Verb::Added).on(&contact.number)),
            Self::Set(contact) => (from_ref(contact), entry(Subject::Contact, Verb::Set).on(&contact.number)),
            Self::Import(contacts) => (contacts, entry(Subject::Contacts, Verb::Imported)),
            Self::Replace(contacts) => (contacts, entry(Subject::Contacts, Verb::Replaced)),
        };
        save_contacts(db, contacts, matches!(self, Self::Replace(_)), &entry).await
    }
}

impl Directory {
    /// Saves contacts; returns what that changed.
    ///
    /// # Errors
    /// When there would be too many, or the database does not answer.
    pub async fn save_contacts(&self, change: ContactsChange<'_>, by: &Actor) -> Result<Changes, ContactsError> {
        let changes = change.store(&self.db, by).await?;
        self.refresh().await?;
        Ok(changes)
    }

    /// Replaces the contact of a number with another one, whose number may differ.
    pub async fn replace_contact(&self, number: &str, contact: &Contact, by: &Actor) -> Result<(), StoreError> {
        const CHANGED: Action = (Subject::Contact, Verb::Changed);
        replace_contact(&self.db, number, contact, &Entry::new(by, CHANGED).on(number)).await?;
        self.refresh().await
    }

    /// Removes the contact of a number; returns whether there was one.
    pub async fn remove_contact(&self, number: &str, by: &Actor) -> Result<bool, StoreError> {
        const REMOVED: Action = (Subject::Contact, Verb::Removed);
        let removed = delete_contact(&self.db, number, &Entry::new(by, REMOVED).on(number)).await?;
        self.refresh().await?;
        Ok(removed)
    }

    /// Saves names of lines and agents; an empty name removes the one that there is.
    pub async fn change_names(&self, names: &[OwnName], by: &Actor) -> Result<(), StoreError> {
        save_own_names(&self.db, names, false, &Entry::new(by, (Subject::Names, Verb::Changed))).await?;
        self.refresh().await
    }

    /// Saves names of lines and agents, and removes all others.
    pub async fn replace_names(&self, names: &[OwnName], by: &Actor) -> Result<(), StoreError> {
        save_own_names(&self.db, names, true, &Entry::new(by, (Subject::Names, Verb::Replaced))).await?;
        self.refresh().await
    }
}
