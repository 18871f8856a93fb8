//! Whether the time of an answer tells what the answer does not: that something exists which one may not know.
//!
//! All cases are asked in random order over one connection. For each pair: how far the medians lie apart, where that
//! difference lies with 95 %, how often one of them takes longer than the other (Cliff's delta), and the statements.

mod cases;

use axum::http::StatusCode;
use serde_json::Value;

use crate::numbers::{Random, cliffs_delta, interval, median, word};
use crate::program::{Counted, Program, database};
use crate::support::issuer::Issuer;
use crate::support::{Answer, TestApp};
use crate::wire::{Request, Wire};

use cases::{Case, Group};

const SAMPLES: usize = 2_000;
const WARM_UP: usize = 200;
/// Requests to find the number of statements: rights that ended just then are read again within one of them.
const COUNTED: usize = 5;

/// What is known of a case.
struct Measured {
    case: Case,
    micros: Vec<f64>,
    statements: usize,
}

pub fn run(program: &Program, mut random: Random) {
    let (app, groups, issuer) = program.wait(async {
        let known = cases::issuer_key();
        let issuer = Issuer::publish(&[&known]).await;
        let app = TestApp::over(database().await, &[("JWT_JWKS_URL", &issuer.url())]).await;
        let groups = cases::all(&app, &known, WARM_UP + SAMPLES + COUNTED).await;
        (app, groups, issuer)
    });
    let counted = program.counted(&app, &[("JWT_JWKS_URL", &issuer.url())]);
    let mut groups: Vec<(Group, Vec<Measured>)> = groups.into_iter().map(|group| prepared(group, &counted)).collect();
    ask(&mut groups, &mut Wire::open(app.client.addr), &mut random);
    println!("timing: {SAMPLES} answers each, microseconds");
    println!("{:<62}{:>17}{:>26}  {:<23}statements", "pair", "medians", "difference [95 %]", "Cliff's delta");
    for (group, measured) in &groups {
        for (first, second) in group.pairs {
            print(group.name, &measured[*first], &measured[*second], &mut random);
        }
    }
    program.wait(app.stop());
}

/// The group without its cases, and the cases with the number of their statements. Cases must have the same answer.
fn prepared(mut group: Group, counted: &Counted) -> (Group, Vec<Measured>) {
    let mut wire = Wire::open(counted.addr);
    let mut answers = Vec::new();
    let mut measured = Vec::new();
    for case in std::mem::take(&mut group.cases) {
        let mut ask = |request: &Request| {
            counted.proxy.take();
            let body = wire.ask(request).body;
            (counted.proxy.take(), body)
        };
        let asked: Vec<_> = case.requests.iter().rev().cycle().take(COUNTED).map(&mut ask).collect();
        let statements = asked.iter().map(|(statements, _)| *statements).min().expect("several");
        answers.push(without_id(&asked[0].1));
        measured.push(Measured { case, micros: Vec::with_capacity(SAMPLES), statements });
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{}: {answers:#?}", group.name);
    (group, measured)
}

/// Everything of an answer but the id that every request has of its own.
fn without_id(body: &[u8]) -> Value {
    let body = serde_json::from_slice(body).expect("JSON");
    Answer { status: StatusCode::OK, body }.without_request_id()
}

fn ask(groups: &mut [(Group, Vec<Measured>)], wire: &mut Wire, random: &mut Random) {
    let mut cases: Vec<&mut Measured> = groups.iter_mut().flat_map(|(_, measured)| measured).collect();
    for round in 0..WARM_UP + SAMPLES {
        random.shuffle(&mut cases);
        for measured in &mut cases {
            let requests = &measured.case.requests;
            let timed = wire.ask(&requests[round % requests.len()]);
            if round >= WARM_UP {
                measured.micros.push(timed.micros);
            }
        }
    }
}

fn print(name: &str, a: &Measured, b: &Measured, random: &mut Random) {
    let (first, second) = (median(&a.micros), median(&b.micros));
    let (low, high) = interval(&a.micros, &b.micros, random, |a, b| b - a);
    let delta = cliffs_delta(&a.micros, &b.micros);
    let pair = format!("{name}: {} / {}", a.case.name, b.case.name);
    let medians = format!("{first:.0} / {second:.0}");
    let difference = format!("{:+.1} [{low:+.1}, {high:+.1}]", second - first);
    let delta = format!("{delta:+.3} {}", word(delta));
    println!("{pair:<62}{medians:>17}{difference:>26}  {delta:<23}{} / {}", a.statements, b.statements);
}
