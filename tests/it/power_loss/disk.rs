//! Simulates the content of a disk after a power loss: what was synced, and a random part of the rest.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rand::{RngExt, rngs::StdRng};

use super::records::{Call, Record};

/// A disk writes so many bytes at once or not at all.
const SECTOR: usize = 512;
/// The system writes whole pages.
const PAGE: usize = 4_096;
/// The folders below the one that is watched, and that itself.
pub const FOLDERS: [&str; 2] = ["", "copies"];

type FileId = usize;

#[derive(Clone)]
enum Change {
    Write { at: usize, data: Vec<u8> },
    Truncate(usize),
}

impl Change {
    fn make(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, data } => write(content, *at, data),
            Self::Truncate(length) => content.resize(*length, 0),
        }
    }
}

fn write(content: &mut Vec<u8>, at: usize, data: &[u8]) {
    if content.len() < at + data.len() {
        content.resize(at + data.len(), 0);
    }
    content[at..at + data.len()].copy_from_slice(data);
}

/// The bytes of a file.
#[derive(Clone, Default)]
struct Content {
    on_disk: Vec<u8>,
    /// What was not synced yet.
    waiting: Vec<Change>,
    /// As programs see it.
    in_memory: Vec<u8>,
    /// Pages that a failed sync left out and that count as clean: they reach the disk only when they are written to again.
    forgotten: BTreeSet<usize>,
}

impl Content {
    fn of(bytes: Vec<u8>) -> Self {
        Self { on_disk: bytes.clone(), in_memory: bytes, ..Self::default() }
    }

    fn change(&mut self, change: Change) {
        change.make(&mut self.in_memory);
        let Change::Write { mut at, mut data } = change else { return self.waiting.push(change) };
        let end = at + data.len();
        let pages = at / PAGE..=end.saturating_sub(1) / PAGE;
        let again: Vec<usize> = self.forgotten.range(pages).copied().collect();
        if let (Some(&first), Some(&last)) = (again.first(), again.last()) {
            at = at.min(first * PAGE);
            data = self.in_memory[at..end.max((last + 1) * PAGE).min(self.in_memory.len())].to_vec();
            self.forgotten.retain(|page| !again.contains(page));
        }
        self.waiting.push(Change::Write { at, data });
    }

    fn sync(&mut self) {
        self.waiting.drain(..).for_each(|change| change.make(&mut self.on_disk));
        self.on_disk.resize(self.in_memory.len(), 0);
    }

    /// The sync failed, and the system takes what was written for clean.
    fn forget(&mut self) {
        for change in std::mem::take(&mut self.waiting) {
            match change {
                Change::Write { at, data } => self.forgotten.extend(at / PAGE..(at + data.len()).div_ceil(PAGE)),
                Change::Truncate(_) => self.waiting.push(change),
            }
        }
    }

    fn after_power_loss(&self, chance: &mut StdRng) -> Vec<u8> {
        let mut content = self.on_disk.clone();
        let survives = [0.0, 1.0, chance.random_range(0.0..1.0)][chance.random_range(0..3)];
        for change in &self.waiting {
            match change {
                Change::Write { at, data } => {
                    let mut from = 0;
                    while from < data.len() {
                        let length = (SECTOR - (at + from) % SECTOR).min(data.len() - from);
                        if chance.random_bool(survives) {
                            write(&mut content, at + from, &data[from..from + length]);
                        }
                        from += length;
                    }
                }
                Change::Truncate(_) => {
                    if chance.random_bool(survives) {
                        change.make(&mut content);
                    }
                }
            }
        }
        // The length can be there before the bytes.
        if content.len() < self.in_memory.len() && chance.random_bool(0.3) {
            content.resize(chance.random_range(content.len()..=self.in_memory.len()), 0);
        }
        content
    }
}

#[derive(Clone)]
enum NameChange {
    Link(String, FileId),
    Unlink(String),
    Rename(String, String),
}

impl NameChange {
    fn make(&self, names: &mut BTreeMap<String, FileId>) {
        match self {
            Self::Link(name, file) => drop(names.insert(name.clone(), *file)),
            Self::Unlink(name) => drop(names.remove(name)),
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
        }
    }
}

#[derive(Clone, Default)]
struct Folder {
    on_disk: BTreeMap<String, FileId>,
    waiting: Vec<NameChange>,
    in_memory: BTreeMap<String, FileId>,
}

/// The files below one folder, as programs see them and as they are on disk.
#[derive(Clone, Default)]
pub struct Disk {
    contents: Vec<Content>,
    folders: BTreeMap<&'static str, Folder>,
    /// By the system's number of it: what is open.
    files: HashMap<u64, FileId>,
    open_folders: HashMap<u64, &'static str>,
}

fn folder_of(path: &str) -> &'static str {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    FOLDERS.into_iter().find(|known| *known == folder).unwrap_or_else(|| panic!("a folder of its own: {path}"))
}

impl Disk {
    /// With nothing on it.
    pub fn new() -> Self {
        Self { folders: FOLDERS.map(|name| (name, Folder::default())).into(), ..Self::default() }
    }

    /// The power is there again: what is on disk is all there is.
    pub fn of(image: &Image) -> Self {
        let mut disk = Self::new();
        disk.contents = image.contents.iter().cloned().map(Content::of).collect();
        for (path, &file) in &image.names {
            let folder = disk.folders.get_mut(folder_of(path)).unwrap();
            folder.on_disk.insert(path.clone(), file);
            folder.in_memory.insert(path.clone(), file);
        }
        disk
    }

    fn folder(&mut self, path: &str) -> &mut Folder {
        self.folders.get_mut(folder_of(path)).unwrap()
    }

    fn rename(&mut self, path: &str, change: NameChange) {
        let folder = self.folder(path);
        change.make(&mut folder.in_memory);
        folder.waiting.push(change);
    }

    fn named(&mut self, path: &str) -> Option<FileId> {
        self.folder(path).in_memory.get(path).copied()
    }

    /// A program did something.
    pub fn apply(&mut self, record: &Record) {
        let Record { call, file, path, other_path, .. } = record;
        match call {
            Call::Open => self.open(*file, path),
            Call::Write => {
                let at = usize::try_from(record.offset).unwrap();
                self.content(*file).change(Change::Write { at, data: record.data.clone() });
            }
            Call::Truncate => {
                let length = usize::try_from(record.offset).unwrap();
                self.content(*file).change(Change::Truncate(length));
            }
            Call::Sync => self.content(*file).sync(),
            Call::SyncLost => self.content(*file).forget(),
            Call::Rename => self.rename(path, NameChange::Rename(path.clone(), other_path.clone())),
            Call::Unlink => self.rename(path, NameChange::Unlink(path.clone())),
            Call::Link => {
                let file = self.named(path).unwrap_or_else(|| panic!("{path} is nowhere"));
                self.rename(other_path, NameChange::Link(other_path.clone(), file));
            }
            Call::SyncFolder => {
                let folder = self.folders.get_mut(self.open_folders[file]).unwrap();
                folder.waiting.clear();
                folder.on_disk = folder.in_memory.clone();
            }
        }
    }

    fn open(&mut self, number: u64, path: &str) {
        if let Some(folder) = FOLDERS.into_iter().find(|folder| *folder == path) {
            self.open_folders.insert(number, folder);
            return;
        }
        let file = self.named(path).unwrap_or_else(|| {
            self.contents.push(Content::default());
            let file = self.contents.len() - 1;
            self.rename(path, NameChange::Link(path.to_owned(), file));
            file
        });
        self.files.insert(number, file);
    }

    fn content(&mut self, number: u64) -> &mut Content {
        &mut self.contents[self.files[&number]]
    }

    /// What is there when the power comes back.
    pub fn after_power_loss(&self, chance: &mut StdRng) -> Image {
        let contents = self.contents.iter().map(|content| content.after_power_loss(chance)).collect();
        let mut names = BTreeMap::new();
        for folder in self.folders.values() {
            let mut left = folder.on_disk.clone();
            let all = folder.waiting.len();
            let made = [0, all, chance.random_range(0..=all)][chance.random_range(0..3)];
            folder.waiting[..made].iter().for_each(|change| change.make(&mut left));
            names.extend(left);
        }
        Image { contents, names }
    }

    /// That nothing was done behind our back: the files are as they were written down.
    pub fn assert_is(&self, folder: &Path) {
        let mut there = BTreeMap::new();
        for below in FOLDERS {
            for entry in fs::read_dir(folder.join(below)).unwrap() {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                if entry.file_type().unwrap().is_file() && !name.ends_with("-shm") {
                    let path = if below.is_empty() { name } else { format!("{below}/{name}") };
                    there.insert(path, fs::read(entry.path()).unwrap());
                }
            }
        }
        let known = self.folders.values().flat_map(|folder| &folder.in_memory);
        let known: BTreeMap<_, _> = known.map(|(path, &file)| (path, &self.contents[file].in_memory)).collect();
        assert!(
            known.keys().copied().eq(there.keys()),
            "a name was changed unseen: {:?} {:?}",
            known.keys(),
            there.keys()
        );
        for (path, bytes) in known {
            assert!(*bytes == there[path], "{path} was changed unseen");
        }
    }
}

/// The files of a disk without power.
#[derive(Clone, Default)]
pub struct Image {
    contents: Vec<Vec<u8>>,
    names: BTreeMap<String, FileId>,
}

impl Image {
    /// What a file holds, if there is one.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.names.get(path).map(|&file| &*self.contents[file])
    }

    /// All files.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.names.iter().map(|(path, &file)| (path.as_str(), &*self.contents[file]))
    }

    /// Makes the files in an empty folder; what is worth nothing after power loss holds anything.
    pub fn write_to(&self, folder: &Path, chance: &mut StdRng) {
        let mut made: HashMap<FileId, &str> = HashMap::new();
        FOLDERS.iter().skip(1).for_each(|below| fs::create_dir(folder.join(below)).unwrap());
        for (path, &file) in &self.names {
            if let Some(first) = made.get(&file) {
                fs::hard_link(folder.join(first), folder.join(path)).unwrap();
                continue;
            }
            made.insert(file, path);
            make(&folder.join(path), &self.contents[file]);
        }
        if self.names.contains_key("fernamt.db") && chance.random_bool(0.5) {
            let noise: Vec<u8> = (0..32_768).map(|_| chance.random()).collect();
            make(&folder.join("fernamt.db-shm"), &noise);
        }
    }
}

fn make(path: &Path, bytes: &[u8]) {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path).unwrap().write_all(bytes).unwrap();
    assert!(fs::metadata(path).unwrap().size() == bytes.len() as u64);
}
