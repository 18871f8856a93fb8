//! What happens at five times what the program takes at a time: how long those who are let in wait, and how soon the others
//! are told. Ratios to the same clients as many as there are places.

use std::net::SocketAddr;

use crate::numbers::{Random, median, quantile};
use crate::program::{Program, database};
use crate::support::{Practice, TestApp};
use crate::wire::{Request, Wire};

/// Operations at a time.
const PLACES: usize = 8;
const TIMES: usize = 5;
/// Answers that each client waits for, refusals not counted.
const ANSWERS: usize = 300;
const READ: &str = "query($slug: String) { providers(organizationSlug: $slug) { nodes { id displayName
    locations { id displayName } slots(first: 10) { nodes { id startsAt endsAt } } } } }";

/// Microseconds of answers and of refusals.
#[derive(Default)]
struct Waits {
    answered: Vec<f64>,
    refused: Vec<f64>,
}

pub fn run(program: &Program, _: Random) {
    let (app, practice) = program.wait(async {
        let places = PLACES.to_string();
        let app = TestApp::over(database().await, &[("MAX_IN_FLIGHT", &places)]).await;
        let practice = Practice::new(&app.db).await;
        (app, practice)
    });
    let request = Request::new(None, READ, &serde_json::json!({ "slug": practice.clinic.slug }));
    at(app.client.addr, &request, 1);
    let (calm, crowded) = (at(app.client.addr, &request, PLACES), at(app.client.addr, &request, PLACES * TIMES));
    assert!(calm.refused.is_empty(), "there is a place for each");
    let total = crowded.answered.len() + crowded.refused.len();
    println!("{PLACES} places, {} clients and {TIMES} times as many, {ANSWERS} answers each", PLACES);
    for (name, of) in [("median", 0.5), ("p99", 0.99)] {
        let (calm, crowded) = (quantile(&calm.answered, of), quantile(&crowded.answered, of));
        println!("  answered, {name}: {calm:.0} µs, crowded {crowded:.0} µs, ratio {:.2}", crowded / calm);
    }
    if !crowded.refused.is_empty() {
        let (middle, last) = (median(&crowded.refused), quantile(&crowded.refused, 0.99));
        println!("  refused {} of {total}: median {middle:.0} µs, p99 {last:.0} µs", crowded.refused.len());
    }
}

/// So many clients at once, each with one request at a time; who is refused waits a moment, as `Retry-After` asks for a
/// longer one.
fn at(addr: SocketAddr, request: &Request, clients: usize) -> Waits {
    let ask = || {
        let (mut wire, mut waits) = (Wire::open(addr), Waits::default());
        while waits.answered.len() < ANSWERS {
            let timed = wire.ask(request);
            match timed.status {
                200 => waits.answered.push(timed.micros),
                503 => {
                    waits.refused.push(timed.micros);
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
                other => panic!("{other}"),
            }
        }
        waits
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..clients).map(|_| scope.spawn(ask)).collect();
        let mut total = Waits::default();
        for waits in all {
            let waits = waits.join().expect("it ends");
            total.answered.extend(waits.answered);
            total.refused.extend(waits.refused);
        }
        total
    })
}
