//! What the database does not take waits in a local file until it does. An entry is one line; what was acknowledged
//! is on disk, and what a crash tore off at the end was not.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

pub use self::missing::is_there;
use super::record::{Delivery, Source};
use crate::calls::receipts::Receipt;
use crate::routing::table::Decision;

mod missing;

/// It takes no more than so many bytes: a day of a hundred events a second has more, and then somebody looks.
const MOST_BYTES: u64 = 1 << 30;
/// So many entries are handed out at once.
const AT_ONCE: usize = 500;
/// How the file ends of what was set aside.
const REJECTED: &str = ".rejected";
/// Servers that may share a folder, each with a file of its own.
const MOST_SERVERS: u32 = 16;

/// The file, owned by one server at a time.
#[derive(Debug)]
pub struct Spool {
    file: File,
    path: PathBuf,
    /// Where what is not stored yet begins.
    first: u64,
    /// Where the next entry goes; there is nothing behind.
    end: u64,
    level: Arc<Level>,
    /// Whether another file stands in for it, because it cannot be opened yet.
    is_missing: bool,
}

/// How much waits.
#[derive(Debug, Default)]
pub struct Level {
    events: AtomicU64,
    bytes: AtomicU64,
}

impl Level {
    /// How many events wait.
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// How long the file is.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// The first entries that wait.
#[derive(Debug)]
pub struct Waiting {
    /// What they hold. Some of it may be stored already: it is marked so.
    pub deliveries: Vec<Delivery>,
    /// Lines that nobody can read.
    pub unreadable: Vec<String>,
    lines: u64,
    end: u64,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    received_ms: i64,
    body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<EntryDecision>,
}

#[derive(Serialize, Deserialize)]
struct EntryDecision {
    route_id: Option<i64>,
    route_name: Option<String>,
    xml: String,
    decided_ms: i64,
    revision: Option<i64>,
    took_us: Option<i64>,
}

impl Spool {
    /// Opens the file, or makes it. Other servers may use the same folder: each has a file of its own, and what one
    /// that is gone has left is taken over.
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
        let mut spool = Self { file, path, first: 0, end: 0, level: Arc::default(), is_missing: false };
        let (events, end) = measure(&spool.file)?;
        if spool.file.metadata()?.len() > end {
            spool.file.set_len(end)?;
        }
        spool.end = end;
        spool.level.events.store(events, Ordering::Relaxed);
        spool.level.bytes.store(end, Ordering::Relaxed);
        files.try_for_each(|left| spool.take_over(&left))?;
        Ok(spool)
    }

    /// How much waits, for others to see.
    pub fn level(&self) -> Arc<Level> {
        self.level.clone()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.first == self.end
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps events; afterwards they are on disk.
    ///
    /// # Errors
    /// When it is full or cannot be written; it is as before then.
    pub fn keep(&mut self, deliveries: &[Delivery]) -> io::Result<()> {
        let mut lines = Vec::new();
        for delivery in deliveries {
            serde_json::to_writer(&mut lines, &Entry::of(delivery))?;
            lines.push(b'\n');
        }
        self.append(&lines, deliveries.len() as u64)
    }

    fn append(&mut self, lines: &[u8], events: u64) -> io::Result<()> {
        self.open_again();
        let end = self.end + lines.len() as u64;
        if end > MOST_BYTES {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "the spool is full"));
        }
        let mut file = &self.file;
        let written = file.seek(SeekFrom::Start(self.end)).and_then(|_| file.write_all(lines));
        if let Err(error) = written.and_then(|()| file.sync_data()) {
            // If this fails, too, the next entry overwrites what is behind the end.
            let _ = file.set_len(self.end);
            return Err(error);
        }
        self.end = end;
        self.level.events.fetch_add(events, Ordering::Relaxed);
        self.level.bytes.store(end, Ordering::Relaxed);
        Ok(())
    }

    /// The first entries that wait, in the order in which they came.
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
            match Entry::read(&line) {
                Some(delivery) => waiting.deliveries.push(delivery),
                None => waiting.unreadable.push(String::from_utf8_lossy(&line).into_owned()),
            }
        }
        Ok(waiting)
    }

    /// What [`waiting`](Self::waiting) gave is stored.
    ///
    /// # Errors
    /// When the file cannot be emptied; what is in it is stored once more then, which changes nothing.
    pub fn stored(&mut self, waiting: &Waiting) -> io::Result<()> {
        self.first = waiting.end;
        self.level.events.fetch_sub(waiting.lines.min(self.level.events()), Ordering::Relaxed);
        if !self.is_empty() {
            return Ok(());
        }
        (self.first, self.end) = (0, 0);
        self.level.events.store(0, Ordering::Relaxed);
        self.level.bytes.store(0, Ordering::Relaxed);
        self.file.set_len(0)?;
        self.file.sync_data()
    }

    /// Keeps what the database will never take beside the spool, for people to look at.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_aside(&self, lines: &[String]) -> io::Result<PathBuf> {
        let path = with_ending(&self.path, REJECTED);
        let mut file = private().append(true).create(true).open(&path)?;
        lines.iter().try_for_each(|line| writeln!(file, "{line}"))?;
        file.sync_data()?;
        Ok(path)
    }

    /// Appends what a server that is gone has left in its file.
    fn take_over(&mut self, path: &Path) -> io::Result<()> {
        if !path.try_exists()? {
            return Ok(());
        }
        let Some(left) = open_alone(path, false)? else { return Ok(()) };
        let (events, end) = measure(&left)?;
        let mut lines = Vec::new();
        (&left).seek(SeekFrom::Start(0))?;
        (&left).take(end).read_to_end(&mut lines)?;
        self.append(&lines, events)?;
        left.set_len(0)
    }
}

impl Entry {
    fn of(delivery: &Delivery) -> Self {
        let decision = delivery.offered_decision().map(|decision| EntryDecision {
            route_id: decision.route_id,
            route_name: decision.route_name.as_deref().map(ToOwned::to_owned),
            xml: decision.xml.to_string(),
            decided_ms: decision.decided_ms,
            revision: decision.revision,
            took_us: decision.took_us,
        });
        let Receipt { received_ms, body, .. } = &*delivery.receipt;
        Self { received_ms: *received_ms, body: STANDARD.encode(body), decision }
    }

    fn read(line: &[u8]) -> Option<Delivery> {
        let Self { received_ms, body, decision } = serde_json::from_slice(line).ok()?;
        let receipt = Receipt::new(received_ms, STANDARD.decode(body).ok()?).ok()?;
        let decision = decision.map(|decision| Decision {
            route_id: decision.route_id,
            route_name: decision.route_name.map(Into::into),
            xml: decision.xml.into(),
            decided_ms: decision.decided_ms,
            revision: decision.revision,
            took_us: decision.took_us,
        });
        Some(Delivery { receipt: receipt.into(), source: Source::PbxAgain(decision) })
    }
}

/// The files of all servers of this folder in which something is: where events wait, and where those are that were set
/// aside.
pub fn with_events(path: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let is_used = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0);
    let files = || (1..=MOST_SERVERS).map(|number| numbered(path, number));
    let aside = files().map(|file| with_ending(&file, REJECTED));
    (files().filter(is_used).collect(), aside.filter(is_used).collect())
}

/// Every file that servers of this folder may have made.
pub(super) fn all_files(path: &Path) -> impl Iterator<Item = PathBuf> {
    let both = |file: PathBuf| [with_ending(&file, REJECTED), file];
    (1..=MOST_SERVERS).map(|number| numbered(path, number)).flat_map(both)
}

/// An event as a line, to be set aside.
pub fn line_of(delivery: &Delivery) -> String {
    serde_json::to_string(&Entry::of(delivery)).unwrap_or_default()
}

/// How many whole lines there are, and where the last one ends.
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

/// `None` if another server has it.
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

/// Telephone numbers are in it.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 { path.to_owned() } else { with_ending(path, &format!("-{number}")) }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn delivery(number: i64) -> Delivery {
        let body = format!("call_id=c{number}&event=HungUp&note=%FF{}", "x".repeat(number as usize));
        let xml = format!("<Response>\n{number}</Response>").into();
        let decision = (number % 2 == 0).then(|| Decision {
            route_id: Some(number),
            route_name: Some("Nacht".into()),
            xml,
            decided_ms: number,
            revision: Some(4),
            took_us: None,
        });
        Delivery {
            receipt: Receipt::new(number, body.into_bytes()).unwrap().into(),
            source: Source::PbxAgain(decision),
        }
    }

    pub(super) fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        (folder, path)
    }

    #[test]
    fn what_was_kept_is_there_after_a_restart_in_its_order() {
        let (_folder, path) = folder();
        let kept: Vec<_> = (0..AT_ONCE as i64 + 7).map(delivery).collect();
        let mut spool = Spool::open(&path).unwrap();
        kept.chunks(100).for_each(|chunk| spool.keep(chunk).unwrap());
        drop(spool);
        let mut spool = Spool::open(&path).unwrap();
        assert_eq!(spool.level().events(), kept.len() as u64);
        let mut found = Vec::new();
        while !spool.is_empty() {
            let waiting = spool.waiting().unwrap();
            assert!(waiting.unreadable.is_empty());
            spool.stored(&waiting).unwrap();
            found.extend(waiting.deliveries);
        }
        assert_eq!(found, kept);
        assert_eq!((spool.level().events(), spool.level().bytes()), (0, 0));
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
        spool.keep(&kept[..1]).unwrap();
        assert_eq!(spool.waiting().unwrap().deliveries, kept[..1]);
    }

    #[test]
    fn what_a_crash_tore_off_was_never_acknowledged() {
        let (_folder, path) = folder();
        let mut spool = Spool::open(&path).unwrap();
        spool.keep(&[delivery(1)]).unwrap();
        drop(spool);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [&whole[..], &whole[..20]].concat()).unwrap();
        let mut spool = Spool::open(&path).unwrap();
        spool.keep(&[delivery(2)]).unwrap();
        assert_eq!(spool.waiting().unwrap().deliveries, [delivery(1), delivery(2)]);
    }

    #[test]
    fn a_line_that_nobody_can_read_holds_up_nothing() {
        let (_folder, path) = folder();
        let mut spool = Spool::open(&path).unwrap();
        spool.keep(&[delivery(1)]).unwrap();
        drop(spool);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [b"nonsense\n", &whole[..]].concat()).unwrap();
        let mut spool = Spool::open(&path).unwrap();
        let waiting = spool.waiting().unwrap();
        assert_eq!((&*waiting.deliveries, &*waiting.unreadable), (&[delivery(1)][..], &["nonsense".to_owned()][..]));
        let aside = spool.set_aside(&waiting.unreadable).unwrap();
        assert_eq!(std::fs::read_to_string(aside).unwrap(), "nonsense\n");
        spool.stored(&waiting).unwrap();
        assert!(spool.is_empty());
    }

    #[test]
    fn servers_in_one_folder_have_a_file_each_and_inherit() {
        let (_folder, path) = folder();
        let mut one = Spool::open(&path).unwrap();
        let mut other = Spool::open(&path).unwrap();
        assert_ne!(one.path(), other.path());
        one.keep(&[delivery(1)]).unwrap();
        other.keep(&[delivery(2)]).unwrap();
        let third = Spool::open(&path).unwrap();
        assert!(third.is_empty(), "what others keep is theirs");
        drop((one, other, third));
        let heir = Spool::open(&path).unwrap();
        assert_eq!(heir.waiting().unwrap().deliveries, [delivery(1), delivery(2)]);
        drop(heir);
        assert_eq!(Spool::open(&path).unwrap().level().events(), 2, "inherited once");
    }

    #[test]
    fn a_full_disk_is_told_and_changes_nothing() {
        let mut spool = Spool::open(Path::new("/dev/full")).unwrap();
        assert!(spool.keep(&[delivery(1)]).is_err());
        assert!(spool.is_empty());
    }
}
