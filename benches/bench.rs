//! Benchmarks of what the README says about performance, measured side by side in one run: the machine, medians of
//! alternating runs, and ratios, which hold on other machines, too. `cargo bench -- writer http` runs only these.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what cannot be measured ends the run"
)]

/// As fernamt itself.
#[path = "../src/allocator.rs"]
mod allocator;
#[path = "bench/attacks.rs"]
mod attacks;
#[path = "bench/bounds.rs"]
mod bounds;
#[path = "bench/decide.rs"]
mod decide;
#[path = "bench/http.rs"]
mod http;
#[path = "bench/load.rs"]
mod load;
#[path = "bench/machine.rs"]
mod machine;
#[path = "bench/million.rs"]
mod million;
#[path = "bench/overload.rs"]
mod overload;
#[path = "bench/pages.rs"]
mod pages;
#[path = "bench/process.rs"]
mod process;
#[path = "bench/replay.rs"]
mod replay;
#[path = "bench/routes.rs"]
mod routes;
#[path = "bench/servers.rs"]
mod servers;
#[path = "bench/table.rs"]
mod table;
#[path = "bench/writer.rs"]
mod writer;

use table::Table;

/// A word for the command line and what it measures.
type Subject = (&'static str, fn(&mut Table));

/// What there is to measure, in this order.
const SUBJECTS: [Subject; 8] = [
    ("writer", writer::measure),
    ("http", http::measure),
    ("routes", routes::measure),
    ("decide", decide::measure),
    ("million", million::measure),
    ("pages", pages::measure),
    ("overload", overload::measure),
    ("bounds", bounds::measure),
];

fn main() {
    allocator::set_up();
    // Cargo adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let Some((servers::SERVE, rest)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return servers::serve(rest);
    }
    let asked: Vec<String> = match std::env::var("FERNAMT_BENCH") {
        Ok(subjects) if words.is_empty() => subjects.split(',').map(str::to_owned).collect(),
        _ => words,
    };
    if let Some(unknown) = asked.iter().find(|word| SUBJECTS.iter().all(|(subject, _)| subject != word)) {
        panic!("`{unknown}`: expected one of {:?}", SUBJECTS.map(|(subject, _)| subject));
    }
    println!("{}\n", machine::describe());
    let mut table = Table::default();
    for (subject, measure) in SUBJECTS {
        if asked.is_empty() || asked.iter().any(|word| word == subject) {
            eprintln!("measuring: {subject}");
            measure(&mut table);
        }
    }
    println!("{table}");
}
