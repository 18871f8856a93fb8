//! What security costs: row-level security, and finding out who asks, on the nested read and on booking.
//!
//! Variants take turns in blocks, forwards and then backwards, so that what changes with time concerns all of them alike.
//! Ratios are to the first variant.

mod world;

use crate::numbers::{Random, interval, median, quantile};
use crate::program::{Program, Used};
use crate::support::TestApp;
use crate::wire::{Request, Wire};

use world::{SHOWN, World};

/// Requests of a variant before another one has its turn.
const BLOCK: usize = 25;
const WARM_UP: usize = 2 * BLOCK;
const READS: usize = 1_000;
const BOOKINGS: usize = 500;

/// One way to do the same, and what was measured of it.
struct Variant<'a> {
    name: &'static str,
    app: &'a TestApp,
    wire: Wire,
    requests: std::vec::IntoIter<Request>,
    /// What every answer must have in it, and how often.
    sign: (&'static str, usize),
    micros: Vec<f64>,
    used: Used,
}

pub fn run(program: &Program, mut random: Random) {
    let (walled, open) = program.wait(async { (World::build().await, World::build().await) });
    program.wait(open.tear_down_walls());
    let mut reads = vec![
        variant("anonymous", &walled.app, walled.reads_of_anonymous(WARM_UP + READS), ("startsAt", SHOWN)),
        variant(
            "anonymous, no row-level security",
            &open.app,
            open.reads_of_anonymous(WARM_UP + READS),
            ("startsAt", SHOWN),
        ),
        variant("token", &walled.app, walled.reads_of_user(WARM_UP + READS), ("startsAt", SHOWN)),
        variant("API key", &walled.app, walled.reads_of_key(WARM_UP + READS), ("startsAt", SHOWN)),
        variant(
            "token never seen before",
            &walled.app,
            program.wait(walled.reads_of_new_users(WARM_UP + READS)),
            ("startsAt", SHOWN),
        ),
    ];
    take_turns(program, &mut reads);
    print("nested read of 20 providers", &reads, &mut random);
    let mut bookings = vec![
        variant("PATIENT", &walled.app, walled.bookings(WARM_UP + BOOKINGS), ("BOOKED", 1)),
        variant("PATIENT, no row-level security", &open.app, open.bookings(WARM_UP + BOOKINGS), ("BOOKED", 1)),
    ];
    take_turns(program, &mut bookings);
    print("bookSlot", &bookings, &mut random);
    drop((reads, bookings));
    program.wait(async {
        walled.app.stop().await;
        open.app.stop().await;
    });
}

fn variant<'a>(
    name: &'static str,
    app: &'a TestApp,
    requests: Vec<Request>,
    sign: (&'static str, usize),
) -> Variant<'a> {
    let wire = Wire::open(app.client.addr);
    Variant { name, app, wire, requests: requests.into_iter(), sign, micros: vec![], used: Used::default() }
}

fn take_turns(program: &Program, variants: &mut [Variant<'_>]) {
    for variant in &mut *variants {
        variant.ask(WARM_UP);
        variant.micros.clear();
    }
    while variants.iter().any(|variant| variant.requests.len() > 0) {
        for variant in &mut *variants {
            variant.turn(program);
        }
        for variant in variants.iter_mut().rev() {
            variant.turn(program);
        }
    }
}

impl Variant<'_> {
    fn turn(&mut self, program: &Program) {
        let app = self.app;
        let used = program.used(app, || self.ask(BLOCK));
        self.used += used;
    }

    fn ask(&mut self, count: usize) {
        for request in self.requests.by_ref().take(count) {
            let timed = self.wire.ask(&request);
            let body = String::from_utf8_lossy(&timed.body);
            assert!(body.matches(self.sign.0).count() == self.sign.1, "{}: {body}", self.name);
            self.micros.push(timed.micros);
        }
    }
}

fn print(what: &str, variants: &[Variant<'_>], random: &mut Random) {
    let first = &variants[0];
    println!("security_cost, {what}: {} requests each, one at a time; microseconds", first.micros.len());
    println!(
        "{:<32}{:>8}{:>22}{:>8}{:>8}{:>14}{:>8}{:>16}{:>8}",
        "variant", "median", "ratio [95 %]", "p99", "ratio", "program CPU", "ratio", "PostgreSQL CPU", "ratio"
    );
    for variant in variants {
        let (low, high) = interval(&first.micros, &variant.micros, random, |a, b| b / a);
        let compared = |number: fn(&Variant<'_>) -> f64| (number(variant), number(variant) / number(first));
        let (middle, ratio) = compared(|one| median(&one.micros));
        let (p99, p99_ratio) = compared(|one| quantile(&one.micros, 0.99));
        let (program, program_ratio) = compared(|one| per_request(one.used.program, one));
        let (postgres, postgres_ratio) = compared(|one| per_request(one.used.postgres, one));
        let ratio = format!("{ratio:.3} [{low:.3}, {high:.3}]");
        println!(
            "{:<32}{middle:>8.0}{ratio:>22}{p99:>8.0}{p99_ratio:>8.2}{program:>14.0}{program_ratio:>8.2}{postgres:>16.0}{postgres_ratio:>8.2}",
            variant.name
        );
    }
}

#[allow(clippy::cast_precision_loss, reason = "seconds in nanoseconds")]
fn per_request(nanoseconds: u64, variant: &Variant<'_>) -> f64 {
    nanoseconds as f64 / 1e3 / variant.micros.len() as f64
}
