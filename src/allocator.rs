//! Where memory comes from, and how soon the system gets it back.
//!
//! Under overload memory is taken for a moment and freed. glibc's allocator can be told to return it soon and to keep few
//! pools of it. Measured under overload with large bodies (`make bench overload`) that takes some 130 MiB, where its defaults
//! take 191 and mimalloc 144 to 174, at as many events a second, during it and afterwards. Other systems' allocators
//! (musl's) are slow at small pieces that cross threads, so mimalloc stands in for them.

/// Tells the allocator; before any other thread runs.
#[cfg(target_env = "gnu")]
#[allow(unsafe_code, reason = "the allocator has no other way to be told")]
pub fn set_up() {
    /// Bytes; what is larger has pages of its own, which go back when it is freed. This is glibc's own beginning, which it
    /// would raise up to 32 MiB by itself.
    const PAGES_OF_ITS_OWN: libc::c_int = 128 * 1024;
    /// Bytes by which a pool grows, and that are left at its end. With less than that it grows and shrinks all the time:
    /// 128 KiB cost a fifth of the events a second after an overload.
    const KEPT: libc::c_int = 1024 * 1024;

    // Pools that threads share; by itself it makes eight of them a core.
    let arenas = std::thread::available_parallelism().map_or(2, |cores| cores.get());
    // SAFETY: `mallopt` takes two numbers, refuses those that it does not know, and nothing else runs yet.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, libc::c_int::try_from(arenas).unwrap_or(libc::c_int::MAX));
        libc::mallopt(libc::M_MMAP_THRESHOLD, PAGES_OF_ITS_OWN);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
        libc::mallopt(libc::M_TOP_PAD, KEPT);
    }
}

#[cfg(not(target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tells the allocator; before any other thread runs.
#[cfg(not(target_env = "gnu"))]
#[allow(unsafe_code, reason = "the allocator has no other way to be told")]
pub fn set_up() {
    use std::ffi::{c_int, c_long};

    /// `mi_option_purge_delay` of mimalloc 3, which the bindings have no name for.
    const PURGE_DELAY: c_int = 15;
    /// Milliseconds until freed memory goes back; by itself it waits for a second, and takes 274 MiB instead of 162.
    const SOON: c_long = 10;

    unsafe extern "C" {
        safe fn mi_option_set(option: c_int, value: c_long);
    }
    mi_option_set(PURGE_DELAY, SOON);
}
