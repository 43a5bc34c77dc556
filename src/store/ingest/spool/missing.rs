//! A stand-in for a spool whose disk is in trouble at the start: it takes nothing until the spool can be opened.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{MOST_BYTES, MOST_SERVERS, Spool, numbered, private};

/// The file that stands in: whatever is written there is refused, as on a full disk.
const NOWHERE: &str = "/dev/full";

/// Returns whether a server has kept a spool here before.
pub fn is_there(path: &Path) -> bool {
    (1..=MOST_SERVERS).any(|number| numbered(path, number).exists())
}

impl Spool {
    /// Returns a stand-in for a spool that is opened as soon as it can be.
    ///
    /// # Errors
    /// When there is nothing to stand in for it.
    pub fn open_later(path: &Path) -> io::Result<Self> {
        let file = private().read(true).write(true).open(NOWHERE)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            first: 0,
            end: 0,
            is_named: false,
            level: Arc::default(),
            most_bytes: MOST_BYTES,
            is_missing: true,
        })
    }

    /// Opens the spool if that was not possible before; what waits in it is there then.
    pub fn open_again(&mut self) {
        if !self.is_missing {
            return;
        }
        if let Ok(opened) = Self::open(&self.path) {
            self.level.events.store(opened.level.events(), Ordering::Relaxed);
            self.level.bytes.store(opened.level.bytes(), Ordering::Relaxed);
            let level = self.level.clone();
            *self = Self { level, ..opened };
            tracing::info!(file = %self.path.display(), "the spool is there");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ingest::spool::tests::{delivery, folder};

    #[test]
    fn a_spool_that_is_missing_takes_nothing_until_it_is_there_and_then_has_what_was_in_it() {
        let (_folder, path) = folder();
        assert!(!is_there(&path));
        Spool::open(&path).unwrap().keep(&[delivery(1)]).unwrap();
        assert!(is_there(&path));
        let outage = path.with_extension("away");
        std::fs::rename(&path, &outage).unwrap();
        std::fs::create_dir(&path).unwrap();
        let mut spool = Spool::open_later(&path).unwrap();
        let level = spool.level();
        assert!(spool.keep(&[delivery(2)]).is_err());
        assert!(spool.is_empty());
        std::fs::remove_dir(&path).unwrap();
        std::fs::rename(&outage, &path).unwrap();
        spool.keep(&[delivery(2)]).unwrap();
        assert_eq!(spool.waiting().unwrap().deliveries, [delivery(1), delivery(2)]);
        assert_eq!(level.events(), 2);
    }
}
