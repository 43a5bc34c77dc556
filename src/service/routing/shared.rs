//! Changes of what routes share: lists, schedules and the switch "closed until". Each is stored with its entry in the
//! audit log, and then in use.

use super::Routing;
use crate::accounts::action::{Actor, Entry, Subject, Verb};
use crate::routing::named::{ClosedSwitch, Key};
use crate::store::StoreError;
use crate::store::routes::shared::{Kind, Named, SharedError, Versioned, delete_named, save_closed_switch, save_named};

fn subject_of<T: Named>() -> Subject {
    match T::KIND {
        Kind::Lists => Subject::List,
        Kind::Schedules => Subject::Schedule,
    }
}

impl Routing {
    /// Creates or replaces a list or a schedule; returns whether it is new. With `expected`, only if it has that
    /// version; 0 = only if there is none (optimistic concurrency). `verb` is what the audit log calls it.
    ///
    /// # Errors
    /// When its name cannot be one, it was changed, there are too many, or the database does not answer.
    pub async fn save_named<T: Named>(
        &self,
        item: &T,
        expected: Option<i64>,
        verb: Verb,
        by: &Actor,
    ) -> Result<(Versioned<T>, bool), SharedError> {
        let key = Key::parse(item.name()).ok_or(SharedError::Unknown)?;
        let entry = Entry::new(by, (subject_of::<T>(), verb)).on(item.name());
        let saved = save_named(&self.db, &key, item, expected, &entry).await?;
        self.refresh().await?;
        Ok(saved)
    }

    /// Removes a list or a schedule that no route names.
    ///
    /// # Errors
    /// When there is none, routes name it, or the database does not answer.
    pub async fn remove_named<T: Named>(&self, name: &str, by: &Actor) -> Result<(), SharedError> {
        let key = Key::parse(name).ok_or(SharedError::Unknown)?;
        let entry = Entry::new(by, (subject_of::<T>(), Verb::Removed)).on(name);
        delete_named::<T>(&self.db, &key, &entry).await?;
        Ok(self.refresh().await?)
    }

    /// Closes the company until a time.
    pub async fn close(&self, closed: ClosedSwitch, by: &Actor) -> Result<(), StoreError> {
        save_closed_switch(&self.db, Some(closed), &Entry::new(by, (Subject::Closed, Verb::Set))).await?;
        self.refresh().await
    }

    /// Opens the company again, if it is closed.
    pub async fn open(&self, by: &Actor) -> Result<(), StoreError> {
        save_closed_switch(&self.db, None, &Entry::new(by, (Subject::Closed, Verb::TakenBack))).await?;
        self.refresh().await
    }
}
