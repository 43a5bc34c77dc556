//! The spool: a local file that holds events durably while the database does not take them. An entry is one line with a
//! checksum; what was acknowledged is on disk (fsync), and what a crash tore was not acknowledged.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use self::line::line_of;
use super::record::Delivery;
use crate::durable::sync_folder_of;
use crate::store::db::private::with_ending;

mod line;

pub mod missing;
/// Compaction: the room of stored entries is used again.
mod room;

/// Maximum size of what waits, in bytes: a day of a hundred events a second has more, and then somebody looks.
const MOST_BYTES: u64 = 1 << 30;
/// Maximum number of entries that are handed out at once.
const AT_ONCE: usize = 500;
/// The suffix of the file of events that were set aside.
const REJECTED: &str = ".rejected";
/// Maximum number of servers that may share a folder, each with a file of its own.
const MOST_SERVERS: u32 = 16;
/// The size, in bytes, of the pieces in which the entries that another server has left are copied; approximate.
const COPIED_BYTES: usize = 1 << 20;

/// The spool file, locked by one server at a time.
#[derive(Debug)]
pub struct Spool {
    file: File,
    path: PathBuf,
    /// The offset where what is not stored yet begins.
    first: u64,
    /// The offset of the next entry; there is nothing behind.
    end: u64,
    /// Whether the file's name is on disk, as its folder was synced: without that, nothing in it is.
    is_named: bool,
    level: Arc<SpoolGauge>,
    /// Maximum size of what waits, in bytes.
    most_bytes: u64,
    /// Whether another file stands in for the spool, because it cannot be opened yet.
    is_missing: bool,
}

/// The gauge of how much waits in the spool, for other threads and the metrics.
#[derive(Debug, Default)]
pub struct SpoolGauge {
    events: AtomicU64,
    bytes: AtomicU64,
}

impl SpoolGauge {
    /// Returns how many events wait.
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// Returns how many bytes they take in the file.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// A batch of the first entries that wait.
#[derive(Debug)]
pub struct Waiting {
    /// The events. Some may be stored already: they are marked so.
    pub deliveries: Vec<Delivery>,
    /// Lines that are unreadable, as after a power loss.
    pub unreadable: Vec<String>,
    lines: u64,
    end: u64,
}

impl Spool {
    /// Opens the file, or creates it. Other servers may use the same folder: each has a file of its own, and the
    /// entries that a server that is gone has left are taken over.
    ///
    /// # Errors
    /// When the file cannot be opened or read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut files = (1..=MOST_SERVERS).map(|number| numbered(path, number));
        let (file, path) = loop {
            let path = files.next().ok_or_else(|| io::Error::other("too many servers use it"))?;
            if let Some(file) = open_alone(&path, true)? {
                break (file, path);
            }
        };
        let mut spool = Self {
            file,
            path,
            first: 0,
            end: 0,
            is_named: false,
            level: Arc::default(),
            most_bytes: MOST_BYTES,
            is_missing: false,
        };
        // If this fails, it is tried again before anything is acknowledged.
        let _ = spool.name();
        let (events, end) = measure(&spool.file)?;
        if spool.file.metadata()?.len() > end {
            spool.file.set_len(end)?;
        }
        spool.end = end;
        spool.level.events.store(events, Ordering::Relaxed);
        spool.level.bytes.store(end, Ordering::Relaxed);
        for left in files {
            // What another server has left can wait; callers cannot.
            if let Err(error) = spool.take_over(&left) {
                let file = left.display();
                tracing::error!(%error, %file, "what another server has left there stays until the next start");
            }
        }
        Ok(spool)
    }

    /// Returns the gauge of how much waits, for others to read.
    pub fn level(&self) -> Arc<SpoolGauge> {
        self.level.clone()
    }

    /// Returns whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.first == self.end
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends events; afterwards they are on disk (fsync).
    ///
    /// # Errors
    /// When it is full or cannot be written; it is as before then.
    pub fn keep(&mut self, deliveries: &[Delivery]) -> io::Result<()> {
        let mut lines = Vec::new();
        for delivery in deliveries {
            lines.extend_from_slice(line_of(delivery).as_bytes());
            lines.push(b'\n');
        }
        self.append(&lines, deliveries.len() as u64)
    }

    fn append(&mut self, lines: &[u8], events: u64) -> io::Result<()> {
        self.open_again();
        let end = self.end + lines.len() as u64;
        if end - self.first > self.most_bytes {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "the spool is full"));
        }
        self.name()?;
        let mut file = &self.file;
        let written = file.seek(SeekFrom::Start(self.end)).and_then(|_| file.write_all(lines));
        if let Err(error) = written.and_then(|()| file.sync_data()) {
            // Nothing behind the end counts: the system may take it for written although it is not. If truncating
            // fails, too, the next entry overwrites it, and what is left of it then has a wrong checksum or was stored
            // before.
            let _ = file.set_len(self.end);
            return Err(error);
        }
        self.end = end;
        self.level.events.fetch_add(events, Ordering::Relaxed);
        self.level.bytes.store(end - self.first, Ordering::Relaxed);
        Ok(())
    }

    fn name(&mut self) -> io::Result<()> {
        if !self.is_named {
            sync_folder_of(&self.path)?;
            self.is_named = true;
        }
        Ok(())
    }

    /// Reads the first entries that wait, in the order in which they came.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn waiting(&self) -> io::Result<Waiting> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.first))?;
        let mut waiting = Waiting { deliveries: Vec::new(), unreadable: Vec::new(), lines: 0, end: self.first };
        for line in BufReader::new(file.take(self.end - self.first)).split(b'\n').take(AT_ONCE) {
            let line = line?;
            waiting.lines += 1;
            waiting.end += line.len() as u64 + 1;
            for line in line::lines_in(&line) {
                match line::read(line) {
                    Some(delivery) => waiting.deliveries.push(delivery),
                    None => waiting.unreadable.push(String::from_utf8_lossy(line).into_owned()),
                }
            }
        }
        Ok(waiting)
    }

    /// Returns whether nothing waits but this batch.
    pub(super) fn is_all(&self, waiting: &Waiting) -> bool {
        waiting.end == self.end
    }

    /// Removes the batch that [`waiting`](Self::waiting) returned, because it is stored in the database.
    ///
    /// # Errors
    /// When the file cannot be emptied; what is in it is stored once more then, which changes nothing.
    pub fn stored(&mut self, waiting: &Waiting) -> io::Result<()> {
        if !waiting.unreadable.is_empty() {
            let (lines, file) = (waiting.unreadable.len(), self.path.display());
            tracing::warn!(lines, %file, "lines of the spool were torn, as by power loss, and set aside");
        }
        self.first = waiting.end;
        self.level.events.fetch_sub(waiting.lines.min(self.level.events()), Ordering::Relaxed);
        if !self.is_empty() {
            self.level.bytes.store(self.end - self.first, Ordering::Relaxed);
            return self.use_room_again();
        }
        (self.first, self.end) = (0, 0);
        self.level.events.store(0, Ordering::Relaxed);
        self.level.bytes.store(0, Ordering::Relaxed);
        self.file.set_len(0)?;
        self.file.sync_data()
    }

    /// Appends what the database will never take to a file beside the spool, for people to look at.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_aside(&self, lines: &[String]) -> io::Result<PathBuf> {
        let path = with_ending(&self.path, REJECTED);
        let mut file = private().append(true).create(true).open(&path)?;
        let lines: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        file.write_all(lines.as_bytes())?;
        file.sync_data()?;
        sync_folder_of(&path)?;
        Ok(path)
    }

    /// Takes over the entries that a server that is gone has left in its file.
    fn take_over(&mut self, path: &Path) -> io::Result<()> {
        if !path.try_exists()? {
            return Ok(());
        }
        let Some(left) = open_alone(path, false)? else { return Ok(()) };
        let (mut events, end) = measure(&left)?;
        (&left).seek(SeekFrom::Start(0))?;
        let mut reader = BufReader::new((&left).take(end));
        while events > 0 {
            let (mut lines, before) = (Vec::new(), events);
            while events > 0 && lines.len() < COPIED_BYTES {
                reader.read_until(b'\n', &mut lines)?;
                events -= 1;
            }
            self.append(&lines, before - events)?;
        }
        left.set_len(0)
    }
}

/// Lists the files of all servers of this folder that are not empty: where events wait, and where those are that were
/// set aside.
pub fn with_events(path: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let is_used = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0);
    let files = || (1..=MOST_SERVERS).map(|number| numbered(path, number));
    let aside = files().map(|file| with_ending(&file, REJECTED));
    (files().filter(is_used).collect(), aside.filter(is_used).collect())
}

/// Lists every file that servers of this folder may have made.
pub(in crate::store) fn all_files(path: &Path) -> impl Iterator<Item = PathBuf> {
    let both = |file: PathBuf| [with_ending(&file, REJECTED), file];
    (1..=MOST_SERVERS).map(|number| numbered(path, number)).flat_map(both)
}

/// Returns how many whole lines there are, and where the last one ends.
fn measure(file: &File) -> io::Result<(u64, u64)> {
    let (mut file, mut lines, mut end) = (file, 0, 0);
    if !file.metadata()?.is_file() {
        return Ok((lines, end));
    }
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") {
            return Ok((lines, end));
        }
        lines += 1;
        end += length as u64;
    }
}

/// Opens and locks a file; `None` if another server holds the lock.
fn open_alone(path: &Path, create: bool) -> io::Result<Option<File>> {
    let file = private().read(true).write(true).create(create).truncate(false).open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(Some(file));
    }
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Returns options that create a file for its owner alone, because telephone numbers are in it.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 { path.to_owned() } else { with_ending(path, &format!("-{number}")) }
}

#[cfg(test)]
mod tests;
