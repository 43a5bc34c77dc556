//! The command line.

/// `fernamt simulate`.
pub mod simulate;
