//! Describes the machine on which the figures were measured.

use std::fs::read_to_string;
use std::path::Path;

use tempfile::TempDir;

/// A directory for databases, on the disk that the build is on: a temporary directory in memory would make every
/// commit look free.
pub fn scratch() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// One line: processor, cores, kernel, file system.
pub fn describe() -> String {
    let cpus = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("?", |(_, m)| m);
    let cores = std::thread::available_parallelism().map_or(0, |cores| cores.get());
    let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    let file_system = file_system(Path::new(env!("CARGO_TARGET_TMPDIR")));
    format!("{model}, {cores} cores, Linux {}, {file_system}, load before the run {load}", kernel.trim())
}

fn file_system(path: &Path) -> String {
    let mounts = read_to_string("/proc/mounts").unwrap_or_default();
    let mounted = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (at, kind) = (words.next()?, words.next()?);
        path.starts_with(at).then(|| (at.len(), kind.to_owned()))
    });
    mounted.max().map_or_else(|| "?".into(), |(_, kind)| kind)
}
