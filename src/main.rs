//! The `fernamt` command; everything else is in the library.

mod allocator;

use std::process::ExitCode;

fn main() -> ExitCode {
    allocator::set_up();
    fernamt::cli::run()
}
