//! Compaction of the spool: where events come as fast as they are stored, it is never empty, and what waits takes the
//! place of what is stored, or the file would grow without end.

use std::io::{self, Read, Seek, SeekFrom, Write};

use super::Spool;

/// The size of stored entries that may stay in the file, in bytes, or the size of those that wait if that is larger: so
/// each byte is moved once at most.
const MOST_STORED: u64 = 1 << 20;
/// The number of bytes that are moved at a time.
const PIECE: usize = 64 << 10;

impl Spool {
    /// Moves what waits to the beginning of the file, if it is worth it.
    pub(super) fn use_room_again(&mut self) -> io::Result<()> {
        let length = self.end - self.first;
        if self.first < length.max(MOST_STORED) {
            return Ok(());
        }
        self.copy_to_the_beginning()?;
        self.file.set_len(length)?;
        (self.first, self.end) = (0, length);
        Ok(())
    }

    /// Copies what waits to the beginning of the file, and syncs it. It stands in the file twice then, on disk; if a
    /// crash leaves it so, it is stored twice, which changes nothing.
    fn copy_to_the_beginning(&self) -> io::Result<()> {
        let length = self.end - self.first;
        let mut piece = vec![0; PIECE];
        let mut done = 0;
        while done < length {
            let piece = up_to(&mut piece, length - done);
            self.read_at(self.first + done, piece)?;
            self.write_at(done, piece)?;
            done += piece.len() as u64;
        }
        // Behind the copy there is the rest of a line that was stored. It is zeroed, because zeros are no line.
        let mut from = length;
        while from < self.first {
            let piece = up_to(&mut piece, self.first - from);
            self.read_at(from, piece)?;
            let end = piece.iter().position(|&byte| byte == b'\n');
            let rest = up_to(piece, end.map_or(u64::MAX, |end| end as u64));
            rest.fill(0);
            self.write_at(from, rest)?;
            from = if end.is_some() { self.first } else { from + rest.len() as u64 };
        }
        self.file.sync_data()
    }

    fn read_at(&self, place: u64, piece: &mut [u8]) -> io::Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(place))?;
        file.read_exact(piece)
    }

    fn write_at(&self, place: u64, piece: &[u8]) -> io::Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(place))?;
        file.write_all(piece)
    }
}

/// Returns the beginning of a piece, at most `most` bytes of it.
fn up_to(piece: &mut [u8], most: u64) -> &mut [u8] {
    let length = usize::try_from(most).map_or(piece.len(), |most| most.min(piece.len()));
    &mut piece[..length]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ingest::spool::AT_ONCE;
    use crate::store::ingest::spool::tests::{delivery, folder};

    /// Fills a spool with `all` entries, of which `stored` are stored.
    fn partly_stored(spool: &mut Spool, all: i64, stored: usize) {
        let all: Vec<_> = (0..all).map(|number| delivery(number % 1_000)).collect();
        all.chunks(AT_ONCE).for_each(|some| spool.keep(some).unwrap());
        for _ in 0..stored / AT_ONCE {
            let waiting = spool.waiting().unwrap();
            spool.stored(&waiting).unwrap();
        }
    }

    #[test]
    fn the_file_is_not_much_longer_than_what_waits_however_much_has_come_and_gone() {
        let (_folder, path) = folder();
        let mut spool = Spool::open(&path).unwrap();
        let (mut came, mut gone, mut longest) = (0, 0, 0);
        for _ in 0..60 {
            let some: Vec<_> = (0..AT_ONCE as i64).map(|number| delivery((came + number) % 1_000)).collect();
            spool.keep(&some).unwrap();
            came += some.len() as i64;
            if came > 2_000 {
                let waiting = spool.waiting().unwrap();
                let expected: Vec<_> = (0..AT_ONCE as i64).map(|number| delivery((gone + number) % 1_000)).collect();
                assert!(
                    waiting.deliveries == expected && waiting.unreadable.is_empty(),
                    "in their order, after {gone}"
                );
                spool.stored(&waiting).unwrap();
                gone += waiting.deliveries.len() as i64;
            }
            let length = std::fs::metadata(&path).unwrap().len();
            assert_eq!(length, spool.end);
            assert_eq!(spool.level().bytes(), spool.end - spool.first);
            longest = longest.max(length);
        }
        assert_eq!((came, spool.level().events()), (30_000, 2_000));
        assert!(longest < 3 * MOST_STORED + (4 << 20), "{longest}");
        drop(spool);
        // Nothing that is stored long ago is there still.
        assert!(Spool::open(&path).unwrap().level().events() < 8_000);
    }

    #[test]
    fn whoever_crashes_while_what_waits_is_moved_finds_all_of_it() {
        let (_folder, path) = folder();
        let mut spool = Spool::open(&path).unwrap();
        partly_stored(&mut spool, 1_990, 1_000);
        assert!(spool.first > spool.end - spool.first, "it has room before it");
        let waiting: Vec<_> = (1_000..1_990).map(|number| delivery(number % 1_000)).collect();
        spool.copy_to_the_beginning().unwrap();
        drop(spool);
        let mut spool = Spool::open(&path).unwrap();
        let mut found = Vec::new();
        while !spool.is_empty() {
            let some = spool.waiting().unwrap();
            assert!(some.unreadable.is_empty(), "{:?}", some.unreadable);
            spool.stored(&some).unwrap();
            found.extend(some.deliveries);
        }
        assert!(found.starts_with(&waiting) && found.ends_with(&waiting));
        assert!(found.len() < 1_990 + waiting.len(), "some were written over");
    }
}
