//! The display names of own lines, agents and outside numbers (contacts). Every change raises one version counter,
//! which tells every node that its cached names are out of date.

use std::collections::BTreeMap;

use sqlx::QueryBuilder;

use super::db::engine::{Db, for_both_engines, reading, writing};
use super::db::error::StoreError;
use crate::accounts::action::Entry;
use crate::contacts::{Contact, MAX_CONTACTS};

const COUNTER: &str = "names_version";
/// Maximum number of rows in one statement; far below the number of bound values that a statement may hold.
const ROWS_PER_STATEMENT: usize = 5_000;

/// The kind of subject that a name belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An own line, as [`crate::calls::call::Call::number`] has it.
    Line,
    /// A SIP user, as sent.
    Agent,
}

impl Kind {
    fn code(self) -> i16 {
        match self {
            Self::Line => 1,
            Self::Agent => 2,
        }
    }
}

/// The name of a line or an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnName {
    /// Whether the subject is a line or an agent.
    pub kind: Kind,
    /// The line or the SIP user.
    pub subject: String,
    /// The display name.
    pub name: String,
}

/// Counts of what a change of contacts changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Numbers that had no name before.
    pub new: usize,
    /// Numbers that have another name or company now.
    pub changed: usize,
    /// Numbers that already had this name and company.
    pub unchanged: usize,
    /// Numbers whose contact was deleted.
    pub removed: usize,
}

/// Why contacts were not changed.
#[derive(Debug, thiserror::Error)]
pub enum ContactsError {
    /// There would be more than [`MAX_CONTACTS`]; holds how many.
    #[error("{0} contacts are more than {MAX_CONTACTS}")]
    TooMany(usize),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ContactsError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Returns the version counter that every change of any name raises.
pub async fn names_version(db: &Db) -> Result<i64, StoreError> {
    let value = super::db::meta::recall(db, COUNTER).await?;
    Ok(value.and_then(|value| value.parse().ok()).unwrap_or(0))
}

/// Lists the names of lines and agents.
pub async fn list_own_names(db: &Db) -> Result<Vec<OwnName>, StoreError> {
    let rows: Vec<(i16, String, String)> = reading!(db, pool => {
        sqlx::query_as("select kind, subject, name from names order by kind, subject").fetch_all(pool).await?
    });
    let named = |(kind, subject, name)| {
        let kind = if kind == Kind::Line.code() { Kind::Line } else { Kind::Agent };
        OwnName { kind, subject, name }
    };
    Ok(rows.into_iter().map(named).collect())
}

/// Saves names of lines and agents; an empty name deletes the stored one. With `only`, all other names are deleted.
/// Where all are as they should be, nothing happens.
pub async fn save_own_names(db: &Db, names: &[OwnName], only: bool, entry: &Entry) -> Result<(), StoreError> {
    writing!(db, transaction in engine => engine::save_own_names(&mut transaction, names, only, entry).await)
}

/// Lists all contacts, ordered by number.
pub async fn list_contacts(db: &Db) -> Result<Vec<Contact>, StoreError> {
    let rows: Vec<(String, String, Option<String>)> = reading!(db, pool => {
        sqlx::query_as("select number, name, company from contacts order by number").fetch_all(pool).await?
    });
    Ok(rows.into_iter().map(|(number, name, company)| Contact { number, name, company }).collect())
}

/// Adds and changes contacts in one transaction; if a number occurs twice, the last one counts. With `only`, all other
/// contacts are deleted.
///
/// # Errors
/// When there would be too many, or the database does not answer.
pub async fn save_contacts(db: &Db, contacts: &[Contact], only: bool, entry: &Entry) -> Result<Changes, ContactsError> {
    let wanted: BTreeMap<&str, &Contact> = contacts.iter().map(|contact| (contact.number.as_str(), contact)).collect();
    writing!(db, transaction in engine => engine::save_contacts(&mut transaction, &wanted, only, entry).await)?
}

/// Replaces the contact of `number` with another one, whose number may differ; nothing happens where it is the same.
pub async fn replace_contact(db: &Db, number: &str, contact: &Contact, entry: &Entry) -> Result<(), StoreError> {
    writing!(db, transaction in engine => engine::replace_contact(&mut transaction, number, contact, entry).await)
}

/// Deletes a contact; returns whether there was one.
pub async fn delete_contact(db: &Db, number: &str, entry: &Entry) -> Result<bool, StoreError> {
    writing!(db, transaction in engine => engine::delete_contact(&mut transaction, number, entry).await)
}

/// The stored names, by kind and subject.
type Named = BTreeMap<(i16, String), String>;

/// Returns the names that are stored once `names` are saved.
fn saved(known: &Named, names: &[OwnName], only: bool) -> Named {
    let mut saved = if only { Named::new() } else { known.clone() };
    for OwnName { kind, subject, name } in names {
        let key = (kind.code(), subject.clone());
        if name.is_empty() {
            saved.remove(&key);
        } else {
            saved.insert(key, name.clone());
        }
    }
    saved
}

/// Compares the stored contacts with the wanted ones: returns the counts, the contacts to write and the numbers to
/// delete.
fn compare<'a>(
    known: &BTreeMap<String, Contact>,
    wanted: &BTreeMap<&'a str, &'a Contact>,
    only: bool,
) -> (Changes, Vec<&'a Contact>, Vec<String>) {
    let (mut changes, mut write) = (Changes::default(), Vec::new());
    for (number, contact) in wanted {
        match known.get(*number) {
            Some(before) if before == *contact => changes.unchanged += 1,
            before => {
                *(if before.is_some() { &mut changes.changed } else { &mut changes.new }) += 1;
                write.push(*contact);
            }
        }
    }
    let gone = known.keys().filter(|number| only && !wanted.contains_key(number.as_str())).cloned();
    let remove: Vec<String> = gone.collect();
    changes.removed = remove.len();
    (changes, write, remove)
}

for_both_engines! {
    use accounts::audit, db::meta;

    pub(super) async fn save_own_names(
        connection: &mut EngineConnection,
        names: &[OwnName],
        only: bool,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        let rows: Vec<(i16, String, String)> =
            sqlx::query_as("select kind, subject, name from names").fetch_all(&mut *connection).await?;
        let known: Named = rows.into_iter().map(|(kind, subject, name)| ((kind, subject), name)).collect();
        if saved(&known, names, only) == known {
            return Ok(());
        }
        if only {
            sqlx::query("delete from names").execute(&mut *connection).await?;
        }
        for OwnName { kind, subject, name } in names {
            let sql = if name.is_empty() {
                "delete from names where kind = $1 and subject = $2 and $3 = ''"
            } else {
                "insert into names (kind, subject, name) values ($1, $2, $3) \
                 on conflict (kind, subject) do update set name = excluded.name"
            };
            sqlx::query(sql).bind(kind.code()).bind(subject.as_str()).bind(name.as_str()).execute(&mut *connection).await?;
        }
        done(connection, entry).await
    }

    async fn done(connection: &mut EngineConnection, entry: &Entry) -> Result<(), StoreError> {
        meta::raise(connection, COUNTER).await?;
        audit::write(connection, entry).await
    }

    pub(super) async fn save_contacts(
        connection: &mut EngineConnection,
        wanted: &BTreeMap<&str, &Contact>,
        only: bool,
        entry: &Entry,
    ) -> Result<Result<Changes, ContactsError>, StoreError> {
        let rows: Vec<(String, String, Option<String>)> =
            sqlx::query_as("select number, name, company from contacts").fetch_all(&mut *connection).await?;
        let known = rows.into_iter().map(|(number, name, company)| (number.clone(), Contact { number, name, company }));
        let known: BTreeMap<String, Contact> = known.collect();
        let (changes, write, remove) = compare(&known, wanted, only);
        let count = known.len() + changes.new - changes.removed;
        if count > MAX_CONTACTS {
            return Ok(Err(ContactsError::TooMany(count)));
        }
        for numbers in remove.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new("delete from contacts where number in (");
            let mut list = query.separated(",");
            for number in numbers {
                list.push_bind(number.as_str());
            }
            query.push(")");
            query.build().persistent(false).execute(&mut *connection).await?;
        }
        for contacts in write.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new("insert into contacts (number, name, company) ");
            query.push_values(contacts, |mut row, contact| {
                row.push_bind(contact.number.as_str());
                row.push_bind(contact.name.as_str());
                row.push_bind(contact.company.as_deref());
            });
            query.push(" on conflict (number) do update set name = excluded.name, company = excluded.company");
            query.build().persistent(false).execute(&mut *connection).await?;
        }
        if changes.new + changes.changed + changes.removed > 0 {
            done(connection, entry).await?;
        }
        Ok(Ok(changes))
    }

    pub(super) async fn replace_contact(
        connection: &mut EngineConnection,
        number: &str,
        contact: &Contact,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        let known: Option<(String, Option<String>)> =
            sqlx::query_as("select name, company from contacts where number = $1")
                .bind(number)
                .fetch_optional(&mut *connection)
                .await?;
        let is_same = known.is_some_and(|(name, company)| name == contact.name && company == contact.company);
        if is_same && number == contact.number {
            return Ok(());
        }
        sqlx::query("delete from contacts where number = $1").bind(number).execute(&mut *connection).await?;
        sqlx::query(
            "insert into contacts (number, name, company) values ($1, $2, $3) \
             on conflict (number) do update set name = excluded.name, company = excluded.company",
        )
        .bind(contact.number.as_str())
        .bind(contact.name.as_str())
        .bind(contact.company.as_deref())
        .execute(&mut *connection)
        .await?;
        done(connection, entry).await
    }

    pub(super) async fn delete_contact(
        connection: &mut EngineConnection,
        number: &str,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let deleted = sqlx::query("delete from contacts where number = $1").bind(number).execute(&mut *connection).await?;
        if deleted.rows_affected() == 0 {
            return Ok(false);
        }
        done(connection, entry).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_saved_removed_and_replaced() {
        let own = |subject: &str, name: &str| OwnName { kind: Kind::Line, subject: subject.into(), name: name.into() };
        let named = |pairs: &[(&str, &str)]| -> Named {
            pairs.iter().map(|(subject, name)| ((Kind::Line.code(), (*subject).into()), (*name).into())).collect()
        };
        let known = named(&[("1", "one"), ("2", "two")]);
        assert_eq!(saved(&known, &[], false), known);
        assert_eq!(saved(&known, &[own("2", "two"), own("3", "")], false), known);
        assert_eq!(saved(&known, &[own("1", ""), own("3", "three")], false), named(&[("2", "two"), ("3", "three")]));
        assert_eq!(saved(&known, &[own("1", "one")], true), named(&[("1", "one")]));
    }

    #[test]
    fn only_what_differs_is_written() {
        let contact = |number: &str, name: &str| Contact { number: number.into(), name: name.into(), company: None };
        let known = ["+1", "+2", "+3"].map(|number| (number.to_owned(), contact(number, "same")));
        let wanted = [contact("+1", "same"), contact("+2", "other"), contact("+4", "new")];
        let wanted: BTreeMap<&str, &Contact> =
            wanted.iter().map(|contact| (contact.number.as_str(), contact)).collect();
        let written = |only| {
            let (changes, write, remove) = compare(&known.clone().into(), &wanted, only);
            (changes, write.iter().map(|contact| contact.number.clone()).collect::<Vec<_>>(), remove)
        };
        let added = Changes { new: 1, changed: 1, unchanged: 1, removed: 0 };
        let expected = vec!["+2".to_owned(), "+4".to_owned()];
        assert_eq!(written(false), (added, expected.clone(), Vec::new()));
        assert_eq!(written(true), (Changes { removed: 1, ..added }, expected, vec!["+3".to_owned()]));
    }
}
