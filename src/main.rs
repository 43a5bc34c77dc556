//! The `fernamt` command; everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    fernamt::cli::run()
}
