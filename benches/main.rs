//! What security costs, what an answer's time tells, and what reading costs, measured on servers of its own. It never fails because of a number:
//! times are of this machine and this minute, only what is compared within one run means something.
//!
//! The program runs in this process, on threads of its own, and for `reads` in one of its own; PostgreSQL and the client
//! share the machine with it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a measurement that fails shall say so"
)]

mod cpu;
mod floor;
mod numbers;
mod overload;
mod program;
mod reads;
mod security_cost;
#[path = "../tests/it/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "tests use more of it")]
mod support;
mod timing;
mod wire;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use numbers::Random;
use program::Program;

/// What measures.
type Part = fn(&Program, Random);
const PARTS: [(&str, Part); 4] = [
    ("overload", overload::run),
    ("timing", timing::run),
    ("security_cost", security_cost::run),
    ("reads", reads::run),
];

fn main() {
    if std::env::args().nth(1).is_some_and(|argument| argument == floor::ARGUMENT) {
        return floor::run();
    }
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    let of_now = || u64::from(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").subsec_nanos());
    let seed = std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(of_now);
    let known = PARTS.map(|(name, _)| name);
    assert!(known.iter().any(|name| name.contains(&wanted)), "there is no {wanted}, only {known:?}");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{cores} cores; SEED={seed} repeats the order of requests");
    log_to_nowhere();
    let program = Program::new();
    for (name, run) in PARTS {
        if name.contains(&wanted) {
            let began = Instant::now();
            run(&program, Random::new(seed));
            println!("{name}: {} s\n", began.elapsed().as_secs());
        }
    }
}

/// Lines are made and written as in production, since that takes time too; nobody keeps them.
fn log_to_nowhere() {
    let nowhere = std::fs::OpenOptions::new().write(true).open("/dev/null").expect("/dev/null");
    let builder = tracing_subscriber::fmt().json().flatten_event(true).with_max_level(tracing::Level::INFO);
    builder.with_writer(std::sync::Arc::new(nowhere)).init();
}
