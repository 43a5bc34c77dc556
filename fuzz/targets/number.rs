#![no_main]

#[allow(dead_code, reason = "the other targets use the rest")]
#[path = "../subjects.rs"]
mod subjects;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| subjects::number(bytes));
