//! A simulated machine whose power can be cut, and the programs that run on it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use rand::{RngExt, rngs::StdRng};
use tempfile::TempDir;

use super::disk::{Disk, Image};
use super::records::{Control, library};
use crate::helpers::{Answers, Done, end_of, fernamt, run, signal};

/// Longer than any start takes.
const PATIENCE: Duration = Duration::from_secs(60);

type Process = Arc<Mutex<Child>>;

/// Its disk, its clock, its processes.
pub struct Machine {
    /// Not watched.
    work: TempDir,
    pub control: Control,
    folder: PathBuf,
    disk: Disk,
    /// The first record of this start.
    began: u64,
    starts: usize,
    /// `None` while the power is off.
    processes: Mutex<Option<Vec<Process>>>,
}

/// A server that listens.
pub struct Running {
    address: SocketAddr,
    process: Process,
}

impl Answers for Running {
    fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Running {
    pub fn is_alive(&self) -> bool {
        self.process.lock().unwrap().try_wait().unwrap().is_none()
    }

    /// Stops as a service manager does it.
    pub fn stop(&self) -> i32 {
        let mut process = self.process.lock().unwrap();
        signal("-TERM", process.id());
        end_of(&mut process).code().unwrap_or(-1)
    }
}

impl Machine {
    /// With an empty disk.
    pub fn new() -> Self {
        let work = tempfile::Builder::new().prefix("power-loss-").tempdir().unwrap();
        let control = Control::new(work.path());
        let (folder, processes) = (PathBuf::new(), Mutex::default());
        Self { work, control, folder, disk: Disk::new(), began: 0, starts: 0, processes }
    }

    /// The power is on, with this on the disk.
    pub fn power_on(&mut self, image: &Image, chance: &mut StdRng) {
        self.starts += 1;
        self.folder = self.work.path().join(format!("disk{}", self.starts));
        fs::create_dir(&self.folder).unwrap();
        image.write_to(&self.folder, chance);
        (self.disk, self.began) = (Disk::of(image), self.control.now());
        self.processes = Mutex::new(Some(Vec::new()));
    }

    /// Cuts the power at some moment up to now: what may be on the disk then, and the number of the first record that
    /// did not happen any more.
    pub fn cut_power(&mut self, chance: &mut StdRng) -> (Image, u64) {
        self.control.cut();
        self.kill();
        self.control.set_rules(&[]);
        let (now, records) = (self.control.now(), self.control.take_records());
        let cut = if chance.random_bool(0.5) { now } else { chance.random_range(self.began..=now) };
        let (before, after) = records.split_at(records.partition_point(|record| record.number < cut));
        before.iter().for_each(|record| self.disk.apply(record));
        let image = self.disk.after_power_loss(chance);
        after.iter().for_each(|record| self.disk.apply(record));
        self.disk.assert_is(&self.folder);
        (image, cut)
    }

    /// Where what a program said is kept.
    fn said(&self) -> PathBuf {
        self.work.path().join("said")
    }

    fn command(&self, flags: &[&str]) -> Command {
        let path = |name: &str| self.folder.join(name).to_str().unwrap().to_owned();
        let mut command = fernamt();
        let said = File::options().create(true).append(true).open(self.said()).unwrap();
        command
            .args(flags)
            .env("LD_PRELOAD", library())
            .env("DISK_FOLDER", &self.folder)
            .env("DISK_CONTROL", self.control.path())
            .env("DATABASE_URL", format!("sqlite:{}", path("fernamt.db")))
            .env("FERNAMT_SPOOL", path("spool"))
            .env("FERNAMT_ROUTES_FILE", path("fernamt-routes.json"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(said);
        command
    }

    fn spawn(&self, flags: &[&str]) -> Option<(Process, BufReader<ChildStdout>, ChildStdin)> {
        let mut processes = self.processes.lock().unwrap();
        let processes = processes.as_mut()?;
        let mut child = self.command(flags).spawn().expect("the program starts");
        let (output, input) = (BufReader::new(child.stdout.take().unwrap()), child.stdin.take().unwrap());
        let process = Arc::new(Mutex::new(child));
        processes.push(process.clone());
        Some((process, output, input))
    }

    /// A server, or how it ended instead of listening.
    pub fn serve(&self) -> Result<Running, i32> {
        let flags = ["--listen", "127.0.0.1:0", "--answer-within", "60s"];
        let (process, mut output, _) = self.spawn(&flags).expect("the power is on");
        let (told, waiting) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = output.read_line(&mut line);
            let _ = told.send(line);
            let _ = output.read_to_string(&mut String::new());
        });
        let line = waiting.recv_timeout(PATIENCE).expect("the server says where it listens, or ends");
        let url = line.split_whitespace().find_map(|word| word.strip_prefix("http://"));
        match url.and_then(|address| address.trim_end_matches('/').parse().ok()) {
            Some(address) => Ok(Running { address, process }),
            None => Err(process.lock().unwrap().wait().unwrap().code().unwrap_or(-1)),
        }
    }

    /// What a command answers; `None` when it was ended.
    pub fn run(&self, flags: &[&str], input: &[u8]) -> Option<Done> {
        let (process, mut output, mut stdin) = self.spawn(flags)?;
        let _ = stdin.write_all(input);
        drop(stdin);
        let mut stdout = String::new();
        output.read_to_string(&mut stdout).unwrap();
        let status = process.lock().unwrap().wait().unwrap().code()?;
        Some(Done { status, stdout, stderr: self.last_words() })
    }

    /// Where a copy goes.
    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// What the programs said last.
    pub fn last_words(&self) -> String {
        let said = fs::read_to_string(self.said()).unwrap_or_default();
        let lines: Vec<_> = said.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// The events of a sound copy.
    pub fn export_of_copy(&self, bytes: &[u8]) -> String {
        let folder = tempfile::tempdir_in(self.work.path()).unwrap();
        let file = folder.path().join("copy.db");
        fs::write(&file, bytes).unwrap();
        let url = format!("sqlite:{}", file.display());
        let checked = run(&["check", "--database-url", &url], b"");
        assert_eq!(checked.status, 0, "{checked:?}");
        run(&["export", "--database-url", &url], b"").stdout
    }

    /// Leaves everything where it is, for somebody to look at.
    pub fn keep(mut self) -> PathBuf {
        self.kill();
        self.work.disable_cleanup(true);
        self.work.path().to_owned()
    }

    /// Its processes are gone, and there will be no more.
    pub fn kill(&self) {
        let processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner).take();
        for process in processes.into_iter().flatten() {
            let mut child = process.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.kill();
    }
}
