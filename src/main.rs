//! The `fernamt` command; everything else is in the library.

use std::process::ExitCode;

/// Many small pieces live briefly and cross threads, which glibc's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    fernamt::cli::run()
}
