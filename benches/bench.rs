//! What the README says about performance.

fn main() {}
