//! The `fernamt` command; everything else is in the library.

use std::ffi::{c_int, c_long};
use std::process::ExitCode;

/// Many small pieces live briefly and cross threads, which glibc's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay`, which the bindings have no name for.
const PURGE_DELAY: c_int = 15;
/// By itself it keeps what is freed for a second before the system gets it back, and takes fresh memory meanwhile. Measured
/// under overload with large bodies (`make bench overload`): 274 MiB with a second, 162 MiB with this, as many events a second.
const PURGE_DELAY_MS: c_long = 10;

#[allow(unsafe_code, reason = "the allocator has no other way to be told; nothing else runs yet")]
unsafe extern "C" {
    safe fn mi_option_set(option: c_int, value: c_long);
}

fn main() -> ExitCode {
    mi_option_set(PURGE_DELAY, PURGE_DELAY_MS);
    fernamt::cli::run()
}
