//! What the nested read costs: 10 providers of a specialty, each with location and first 10 free slots from a date, of
//! 2,000,000 slots. Processor time per request of each program and of PostgreSQL for it, as ratios to the floor.
//!
//! Programs take turns, round by round. Each is a process of its own, fed over 8 connections that stay open.

mod servers;
mod world;

use std::net::SocketAddr;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};

use crate::cpu;
use crate::numbers::{Random, median};
use crate::program::Program;
use crate::wire::{Request, Wire};

use servers::Server;
use world::World;

const READ: &str = "query Reads($organization: String!, $specialty: String!, $from: DateTime!, $until: DateTime!) {
    providers(organizationSlug: $organization, filter: { specialties: [$specialty] }, first: 10) { nodes {
      id displayName acceptsNewPatients locations { id displayName timeZone address { city country } }
      slots(first: 10, window: { instants: { startsAt: $from, endsAt: $until } }) { nodes { id startsAt endsAt } } } } }";
const SPECIALTIES: [&str; 10] = [
    "207Q00000X",
    "207R00000X",
    "208000000X",
    "207N00000X",
    "207RC0000X",
    "207X00000X",
    "207V00000X",
    "2084P0800X",
    "2084N0400X",
    "225100000X",
];
/// Days from which slots are asked for, the first of them this long after the first slot.
const DAYS: i64 = 20;
const FROM: TimeDelta = TimeDelta::weeks(3);

const CONNECTIONS: usize = 8;
const ROUNDS: usize = 5;
const REQUESTS: usize = 4_000;
const WARM_UP: usize = 1_000;

/// A way to ask for the same, and what was measured of it.
struct Contender<'a> {
    name: &'static str,
    server: &'a Server,
    requests: Vec<Request>,
    /// Most that it should use, as a ratio to the floor: the program, and PostgreSQL.
    targets: Option<(f64, f64)>,
    rounds: Vec<Used>,
}

/// Microseconds of processor time per request.
struct Used {
    program: f64,
    postgres: f64,
}

pub fn run(program: &Program, mut random: Random) {
    let world = program.wait(World::open());
    let (floor, gateway) = (Server::floor(&world), Server::gateway(&world));
    let variables = variables(&world, &mut random);
    let ad_hoc: Vec<Value> =
        variables.iter().map(|variables| json!({ "query": READ, "variables": variables })).collect();
    let persisted: Vec<Value> = variables
        .iter()
        .map(|variables| json!({ "extensions": { "persistedQuery": named() }, "variables": variables }))
        .collect();
    // Whoever names a document sends it once.
    ask_once(
        &gateway,
        &json!({ "query": READ, "extensions": { "persistedQuery": named() }, "variables": variables[0] }),
    );
    for bodies in [&ad_hoc, &persisted] {
        assert_same(&floor, &gateway, &ad_hoc, bodies);
    }
    let mut contenders = [
        contender("floor: 3 statements, no GraphQL", &floor, &ad_hoc, None),
        contender("ad-hoc document", &gateway, &ad_hoc, Some((2.5, 1.5))),
        contender("persisted document", &gateway, &persisted, Some((1.5, 1.5))),
    ];
    for contender in &mut contenders {
        ask(contender.server.addr, &contender.requests, WARM_UP);
    }
    for round in 0..ROUNDS {
        for n in 0..contenders.len() {
            // Forwards and then backwards, so that what changes with time concerns all of them alike.
            let n = if round % 2 == 0 { n } else { contenders.len() - 1 - n };
            measure(&mut contenders[n], &world);
        }
    }
    print(&contenders, &world, ask_once(&floor, &ad_hoc[0]).len());
    drop(contenders);
    drop((floor, gateway));
}

/// The document by its hash.
fn named() -> Value {
    let hash = digest(&SHA256, READ.as_bytes());
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "version": 1, "sha256Hash": hex })
}

/// What to ask for, in random order.
fn variables(world: &World, random: &mut Random) -> Vec<Value> {
    let mut all = Vec::new();
    for day in 0..DAYS {
        let from = world.first + FROM + TimeDelta::days(day);
        let instant = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let (from, until) = (instant(from), instant(from + TimeDelta::days(14)));
        all.extend(
            SPECIALTIES.iter().map(
                |specialty| json!({ "organization": "large", "specialty": specialty, "from": from, "until": until }),
            ),
        );
    }
    random.shuffle(&mut all);
    all
}

fn contender<'a>(
    name: &'static str,
    server: &'a Server,
    bodies: &[Value],
    targets: Option<(f64, f64)>,
) -> Contender<'a> {
    Contender { name, server, requests: bodies.iter().map(Request::of).collect(), targets, rounds: vec![] }
}

/// Nothing is compared that does not answer the same.
fn assert_same(floor: &Server, gateway: &Server, of_floor: &[Value], of_gateway: &[Value]) {
    for (wanted, found) in of_floor.iter().zip(of_gateway) {
        let parsed = |server, body| -> Value { serde_json::from_slice(&ask_once(server, body)).expect("JSON") };
        let (wanted, found) = (parsed(floor, wanted), parsed(gateway, found));
        assert_eq!(found["data"], wanted["data"], "{found}");
        let providers = wanted["data"]["providers"]["nodes"].as_array().expect("a list");
        let is_full = |provider: &Value| provider["slots"]["nodes"].as_array().is_some_and(|slots| slots.len() == 10);
        assert!(providers.len() == 10 && providers.iter().all(is_full), "{wanted}");
    }
}

fn ask_once(server: &Server, body: &Value) -> Vec<u8> {
    Wire::open(server.addr).ask(&Request::of(body)).body
}

/// Sends `count` requests over all connections, one at a time on each.
fn ask(addr: SocketAddr, requests: &[Request], count: usize) {
    std::thread::scope(|scope| {
        for first in 0..CONNECTIONS {
            scope.spawn(move || {
                let mut wire = Wire::open(addr);
                for n in (first..count).step_by(CONNECTIONS) {
                    wire.ask(&requests[n % requests.len()]);
                }
            });
        }
    });
}

fn measure(contender: &mut Contender<'_>, world: &World) {
    let now = || (cpu::of_process(contender.server.pid()), cpu::of_family(world.postmaster));
    let before = now();
    ask(contender.server.addr, &contender.requests, REQUESTS);
    let after = now();
    #[allow(clippy::cast_precision_loss, reason = "thousands")]
    let each = |seconds: f64| seconds * 1e6 / REQUESTS as f64;
    contender.rounds.push(Used { program: each(after.0 - before.0), postgres: each(after.1 - before.1) });
}

fn print(contenders: &[Contender<'_>], world: &World, bytes: usize) {
    let middle =
        |contender: &Contender<'_>, of: fn(&Used) -> f64| median(&contender.rounds.iter().map(of).collect::<Vec<_>>());
    println!(
        "nested read of 10 providers with 10 slots each, {bytes} bytes, of {} slots: {ROUNDS} rounds of {REQUESTS}, \
         medians of CPU per request",
        world.slots
    );
    println!(
        "{:<34}{:>10}{:>16}{:>14}{:>16}{:>9}",
        "", "program", "ratio, target", "PostgreSQL", "ratio, target", "RSS"
    );
    let floor = (middle(&contenders[0], |used| used.program), middle(&contenders[0], |used| used.postgres));
    for contender in contenders {
        let used = (middle(contender, |used| used.program), middle(contender, |used| used.postgres));
        let ratio = |value: f64, to: f64, target: Option<f64>| {
            let target = target.map_or(String::new(), |target| format!(", \u{2264} {target:.1}"));
            format!("{:.2}{target}", value / to)
        };
        println!(
            "{:<34}{:>7.0} µs{:>16}{:>11.0} µs{:>16}{:>6.1} MB",
            contender.name,
            used.0,
            ratio(used.0, floor.0, contender.targets.map(|targets| targets.0)),
            used.1,
            ratio(used.1, floor.1, contender.targets.map(|targets| targets.1)),
            cpu::resident_megabytes(contender.server.pid())
        );
    }
}
