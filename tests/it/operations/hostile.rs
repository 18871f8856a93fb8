//! Requests that are made to hurt, of many forms and sizes: each is refused with a code of the list, nothing reaches the
//! database, and memory stays bounded.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::program::{Serving, serving};
use crate::support::database::API;
use crate::support::proxy::StatementProxy;
use crate::support::{Client, Subscription, TestDb};

/// Requests of each form.
const OF_EACH: usize = 6;
/// How much more memory the program may have taken than before, in KiB: an answer to each at a time, and its allocator.
const MOST_MEMORY: u64 = 150 << 10;
const CODES: [&str; 5] = ["BAD_USER_INPUT", "COST_LIMIT", "PERSISTED_QUERY_NOT_FOUND", "RATE_LIMITED", "UNAVAILABLE"];

/// A form: its name, and what it is of a size.
type Form<T> = (&'static str, fn(usize) -> T);

/// Forms of documents, by a size.
const DOCUMENTS: [Form<String>; 18] = [
    ("deep", |n| format!("{}id{}", "{ a ".repeat(n + 13), "}".repeat(n + 13))),
    ("deep and valid", |n| {
        let n = n % 20 + 5;
        let below = "slots(first: 1) { nodes { provider { ".repeat(n);
        format!("{{ providers {{ nodes {{ {below} id {} }} }} }}", "} } }".repeat(n))
    }),
    ("wide", |n| format!("{{ {} }}", "__typename ".repeat(n + 21))),
    ("wide below", |n| format!("{{ providers {{ nodes {{ {} }} }} }}", "id ".repeat(n + 15_000))),
    ("aliases", |n| format!("{{ {} }}", (0..n + 16).map(|n| format!("a{n}: __typename ")).collect::<String>())),
    ("many pages", |n| {
        format!("{{ providers(first: 100) {{ nodes {{ slots(first: {}) {{ nodes {{ id }} }} }} }} }}", 50 + n % 50)
    }),
    ("a ring of fragments", |n| {
        let n = n % 90 + 1;
        let ring = (0..n).map(|k| format!("fragment F{k} on Query {{ ...F{} }} ", (k + 1) % n));
        format!("{{ ...F0 }} {}", ring.collect::<String>())
    }),
    ("fragments that double", |n| {
        let n = n % 60 + 20;
        let doubled = (0..n).map(|k| format!("fragment F{k} on Query {{ ...F{m} ...F{m} }} ", m = k + 1));
        format!("{{ ...F0 }} {} fragment F{n} on Query {{ __typename }}", doubled.collect::<String>())
    }),
    ("directives", |n| format!("{{ __typename {} }}", "@include(if: true) ".repeat(n + 51))),
    ("unknown directives", |n| format!("{{ __typename {} }}", "@x ".repeat(n + 1))),
    ("a huge text", |n| format!("{{ organization(slug: \"{}\") {{ id }} }}", "x".repeat(10_001 + n * 10))),
    ("a huge block", |n| format!("{{ organization(slug: \"\"\"{}\"\"\") {{ id }} }}", "y\n".repeat(10_001 + n))),
    ("a text without end", |n| format!("{{ organization(slug: \"{}", "\\\\".repeat(n))),
    ("a huge number", |n| format!("{{ providers(first: {}) {{ nodes {{ id }} }} }}", "9".repeat(n + 10))),
    ("a list of ids", |n| format!("{{ nodes(ids: [{}]) {{ id }} }}", "1,".repeat(n + 501))),
    ("lists in lists", |n| format!("{{ nodes(ids: {}1{}) {{ id }} }}", "[".repeat(n + 1), "]".repeat(n + 1))),
    ("types of types", |n| {
        let n = n % 12 + 4;
        format!("{{ __schema {{ types {{ {} name {} }} }} }}", "fields { type { ".repeat(n), "} }".repeat(n))
    }),
    ("a null character", |n| format!("{{ organization(slug: \"a\\u0000{n}\") {{ id }} }}")),
];

/// Forms of bodies, by a size.
const BODIES: [Form<Vec<u8>>; 14] = [
    ("variables", |n| {
        let many: serde_json::Map<String, Value> = (0..n + 101).map(|n| (format!("v{n}"), json!(n))).collect();
        body(json!({ "query": "{ __typename }", "variables": many }))
    }),
    ("a variable in depth", |n| {
        let deep = format!("{}{}", "[".repeat(n + 1), "]".repeat(n + 1));
        format!(r#"{{"query":"query($v: String) {{ organization(slug: $v) {{ id }} }}","variables":{{"v":{deep}}}}}"#)
            .into()
    }),
    ("a huge variable", |n| {
        let query = "query($v: String) { organization(slug: $v) { id } }";
        body(json!({ "query": query, "variables": { "v": "z".repeat(10_001 + n * 20) } }))
    }),
    ("a null character in a variable", |n| {
        let query = "query($v: String) { organization(slug: $v) { id } }";
        body(json!({ "query": query, "variables": { "v": format!("{n}\0") } }))
    }),
    ("half of a pair", |n| {
        format!(
            r#"{{"query":"query($v: String) {{ organization(slug: $v) {{ id }} }}","variables":{{"v":"{n}\ud800"}}}}"#
        )
        .into()
    }),
    ("no UTF-8", |n| {
        [br#"{"query":"{ organization(slug: \""#.as_slice(), &vec![0xff; n + 1], br#"\") { id } }"}"#].concat()
    }),
    ("a null byte", |n| [br#"{"query":"{ __typename }"#.as_slice(), &vec![0; n + 1], br#""}"#].concat()),
    ("a bomb of requests", |n| body(Value::Array(vec![json!({ "query": "{ viewer { id } }" }); n + 11]))),
    ("lists of requests in lists", |n| format!("{}{{}}{}", "[".repeat(n + 1), "]".repeat(n + 1)).into()),
    ("the same key twice", |n| {
        format!(r#"{{"query":"{{ __typename }}","query":"{{ a{n}: viewer {{ id }} }}"}}"#).into()
    }),
    ("a wrong hash", |n| {
        let hash = format!("{n:064x}");
        body(json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } }))
    }),
    ("a huge id", |n| body(json!({ "documentId": "d".repeat(n * 10 + 1) }))),
    ("extensions in depth", |n| {
        let deep = format!("{}{}", "{\"a\":".repeat(n + 1), "1}".repeat(n + 1).replace("11", "1"));
        format!(r#"{{"query":"{{ nothing }}","extensions":{deep}}}"#).into()
    }),
    ("noise", |n| (0..n + 10).map(|k| u8::try_from((k * 7 + n * 31) % 256).expect("a byte")).collect()),
];

fn body(value: Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// Sizes from small to large, the same in each run.
fn sizes() -> Vec<usize> {
    let mut runner = TestRunner::deterministic();
    let size = prop_oneof![0_usize..40, 40_usize..2_000, 2_000_usize..30_000];
    (0..OF_EACH).map(|_| size.new_tree(&mut runner).expect("a size").current()).collect()
}

/// Status and body of the answer to any bytes.
async fn send(client: &Client, bytes: Vec<u8>) -> (u16, Value) {
    let request = client.http.post(client.url("/graphql")).header("content-type", "application/json").body(bytes);
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("text");
    assert!(text.len() < 16 << 10, "{} bytes of an answer", text.len());
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: {text}")))
}

fn is_refused(what: &str, status: u16, answer: &Value) {
    assert!(status < 500, "{what}: {status} {answer}");
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{what} was taken: {answer}"));
    assert_eq!(answer.get("data"), None, "{what}: nothing ran");
    for error in errors {
        let code = error["extensions"]["code"].as_str().unwrap_or_default();
        assert!(CODES.contains(&code), "{what}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_sent_nothing_reaches_the_database_and_memory_stays_bounded() {
    let db = TestDb::new().await;
    let (proxy, through) = StatementProxy::before(&db, API).await;
    let server = Serving::start(&serving(&through, &[("RATE_LIMIT_MAX_REQUESTS", "0")]));
    let client = Client::new(server.addr);
    is_refused("warming up", 200, &send(&client, body(json!({ "query": "{ nothing }" }))).await.1);
    let (before, sizes) = (server.peak(), sizes());
    proxy.take();
    for (what, form) in DOCUMENTS {
        for size in &sizes {
            let (status, answer) = send(&client, body(json!({ "query": form(*size) }))).await;
            is_refused(&format!("{what} of {size}"), status, &answer);
        }
    }
    for (what, form) in BODIES {
        for size in &sizes {
            let (status, answer) = send(&client, form(*size)).await;
            is_refused(&format!("{what} of {size}"), status, &answer);
        }
    }
    assert_eq!(proxy.take(), 0, "statements");
    let grown = server.peak().saturating_sub(before);
    assert!(grown < MOST_MEMORY, "{grown} KiB more");
    server.end("-TERM");
    db.drop_now().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_are_no_way_around() {
    let db = TestDb::new().await;
    let (proxy, through) = StatementProxy::before(&db, API).await;
    let server = Serving::start(&serving(&through, &[("RATE_LIMIT_MAX_REQUESTS", "0")]));
    let mut socket = Subscription::acknowledged(server.addr, None).await;
    proxy.take();
    for (what, form) in DOCUMENTS {
        for size in sizes() {
            let payload = json!({ "query": form(size) });
            socket.send(json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
            let frame = socket.frame().await;
            assert_eq!(frame["type"], "error", "{what} of {size}: {frame}");
            let code = frame["payload"][0]["extensions"]["code"].as_str().expect("a code");
            assert!(CODES.contains(&code), "{what} of {size}: {frame}");
        }
    }
    assert_eq!(proxy.take(), 0, "statements");
    server.end("-TERM");
    db.drop_now().await;
}
