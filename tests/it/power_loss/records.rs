//! The shared memory page of harness and programs, and the records that the programs write to it: see `disk.c`.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What a program did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Write = 1,
    Truncate,
    Sync,
    SyncLost,
    Open,
    Rename,
    Unlink,
    Link,
    SyncFolder,
}

const CALLS: [Call; 9] = [
    Call::Write,
    Call::Truncate,
    Call::Sync,
    Call::SyncLost,
    Call::Open,
    Call::Rename,
    Call::Unlink,
    Call::Link,
    Call::SyncFolder,
];

/// Kinds of files, as bits.
pub mod files {
    pub const DATABASE: u32 = 1;
    pub const LOG: u32 = 2;
    pub const SPOOL: u32 = 4;
    pub const ROUTES: u32 = 8;
    pub const COPIES: u32 = 16;
    pub const FOLDER: u32 = 32;
    pub const ALL: u32 = u32::MAX;
}

/// How a call fails.
#[derive(Clone, Copy, Debug)]
pub enum How {
    Plainly,
    /// Of a write, half is done; of a sync, nothing, but it can be repeated.
    HalfDone,
    /// It was done, only the answer is wrong.
    DoneAllTheSame,
    /// It was not done, and says that it was.
    SaysItIsDone,
}

pub const EIO: u32 = 5;
pub const ENOSPC: u32 = 28;

/// Which calls fail, and how.
#[derive(Clone, Debug)]
pub struct Rule {
    pub calls: Vec<Call>,
    pub files: u32,
    /// Of the calls that fit, from this one, counted from 0.
    pub first: u32,
    /// Up to and without this one.
    pub end: u32,
    pub error: u32,
    pub how: How,
}

/// Something that a program did.
#[derive(Clone, Debug)]
pub struct Record {
    pub number: u64,
    pub call: Call,
    /// The system's number of the file.
    pub file: u64,
    pub offset: u64,
    pub path: String,
    pub other_path: String,
    pub data: Vec<u8>,
}

/// The page that programs look at.
pub struct Control {
    page: File,
    path: PathBuf,
}

const NEXT: u64 = 0;
const IS_CUT: u64 = 8;
const IN_FLIGHT: u64 = 12;
const CLOCK_MS: u64 = 16;
const FAILURES: u64 = 24;
const RULES: u64 = 28;
const FIRST_RULE: u64 = 32;
const RULE_BYTES: usize = 32;
const HEAD_BYTES: usize = 40;

impl Control {
    /// In a folder that is not watched.
    pub fn new(folder: &Path) -> Self {
        let path = folder.join("control");
        let page = OpenOptions::new().read(true).write(true).create_new(true).open(&path).unwrap();
        page.set_len(4_096).unwrap();
        Self { page, path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn u32_at(&self, offset: u64) -> u32 {
        let mut bytes = [0; 4];
        self.page.read_exact_at(&mut bytes, offset).unwrap();
        u32::from_ne_bytes(bytes)
    }

    fn put(&self, offset: u64, bytes: &[u8]) {
        self.page.write_all_at(bytes, offset).unwrap();
    }

    /// All that was done up to now has a smaller number.
    pub fn now(&self) -> u64 {
        let mut bytes = [0; 8];
        self.page.read_exact_at(&mut bytes, NEXT).unwrap();
        u64::from_ne_bytes(bytes)
    }

    /// How many calls were made to fail.
    pub fn failures(&self) -> u32 {
        self.u32_at(FAILURES)
    }

    pub fn set_clock(&self, wrong_by: i64) {
        self.put(CLOCK_MS, &(wrong_by * 1_000).to_ne_bytes());
    }

    /// From now on these calls fail, and no others.
    pub fn set_rules(&self, rules: &[Rule]) {
        self.put(RULES, &0_u32.to_ne_bytes());
        for (at, rule) in (0_u64..).zip(rules) {
            let calls = rule.calls.iter().fold(0, |bits, call| bits | 1_u32 << (*call as u32));
            let words = [calls, rule.files, rule.first, rule.end, rule.error, rule.how as u32, 0, 0];
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            self.put(FIRST_RULE + at * RULE_BYTES as u64, &bytes);
        }
        self.put(RULES, &u32::try_from(rules.len()).unwrap().to_ne_bytes());
    }

    /// Cuts the power: nothing is done any more.
    pub fn cut(&self) {
        self.put(IS_CUT, &1_u32.to_ne_bytes());
        let began = Instant::now();
        while self.u32_at(IN_FLIGHT) != 0 {
            assert!(began.elapsed() < Duration::from_secs(20), "a program died while it wrote");
            sleep(Duration::from_millis(1));
        }
    }

    /// All that was done, in order. What programs wrote down is gone then, and they are, too.
    pub fn take_records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for entry in fs::read_dir(self.path.parent().unwrap()).unwrap() {
            let path = entry.unwrap().path();
            if path != self.path && path.to_str().is_some_and(|name| name.starts_with(self.path.to_str().unwrap())) {
                read(&fs::read(&path).unwrap(), &mut records);
                fs::remove_file(&path).unwrap();
            }
        }
        records.sort_unstable_by_key(|record| record.number);
        self.put(IS_CUT, &0_u32.to_ne_bytes());
        records
    }
}

fn read(mut bytes: &[u8], records: &mut Vec<Record>) {
    let mut take = |length: usize| {
        let (taken, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        Some(taken.to_vec())
    };
    while let Some(head) = take(HEAD_BYTES) {
        let word = |at: usize| u64::from_ne_bytes(head[at..at + 8].try_into().unwrap());
        let short = |at: usize| usize::from(u16::from_ne_bytes(head[at..at + 2].try_into().unwrap()));
        let length = u32::from_ne_bytes(head[24..28].try_into().unwrap());
        let mut text = |length| String::from_utf8(take(length).unwrap()).unwrap();
        let (path, other_path) = (text(short(28)), text(short(30)));
        records.push(Record {
            number: word(0),
            file: word(8),
            offset: word(16),
            call: CALLS[usize::from(head[32]) - 1],
            path,
            other_path,
            data: take(length as usize).unwrap(),
        });
    }
}

/// The library that programs are started with, compiled once.
pub fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/power_loss/disk.c");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let unfinished = tempfile::Builder::new().prefix("disk").suffix(".so").tempfile_in(folder).unwrap();
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-Wall", "-o"])
            .arg(unfinished.path())
            .arg(source)
            .arg("-lpthread")
            .output();
        let compiled =
            compiled.expect("power_loss needs a C compiler, as SQLite does: sudo apt-get install gcc libc6-dev");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        let library = folder.join("disk.so");
        unfinished.persist(&library).unwrap();
        library
    })
}
