//! Every close code and every order of frames, in tables.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test stops where its premise fails")]

use async_graphql::{PathSegment, value};

use super::*;

mod closing;

/// A step of a table: `Says` is a text message of the client.
enum Step {
    Says(&'static str),
    Is(Event<'static>),
}
use Step::{Is, Says};

const INIT: &str = r#"{"type":"connection_init"}"#;
const ACK: &str = r#"{"type":"connection_ack"}"#;

fn subscribe(id: &str) -> String {
    format!(r#"{{"id":"{id}","type":"subscribe","payload":{{"query":"{{a}}"}}}}"#)
}

fn ticket(id: &str, run: u64) -> Ticket {
    Ticket { id: Arc::from(id), run }
}

fn produced(id: &str, run: u64) -> Event<'static> {
    Event::Produced(ticket(id, run), Box::new(Response::new(value!({ "a": 1 }))))
}

/// What a connection does about the steps, one word or text an action.
fn run(limits: Limits, steps: impl IntoIterator<Item = Step>) -> Vec<String> {
    let mut connection = Connection::new(limits);
    let mut actions = Vec::new();
    connection.handle(Event::Connected(Some(SUBPROTOCOL)), &mut actions);
    for step in steps {
        match step {
            Says(text) => connection.handle(Event::Text(text), &mut actions),
            Is(event) => connection.handle(event, &mut actions),
        }
    }
    actions.into_iter().map(told).collect()
}

fn told(action: Action) -> String {
    match action {
        Action::Send(text) => text,
        Action::Open(payload) => format!("open {}", serde_json::to_string(&payload).unwrap()),
        Action::Start(ticket, request) => format!("start {}#{} {}", ticket.id, ticket.run, request.query),
        Action::Stop(ticket) => format!("stop {}#{}", ticket.id, ticket.run),
        Action::Close(close) => format!("close {} {}", close.code, close.reason),
        Action::Terminate => "terminate".to_owned(),
    }
}

/// Steps after the acknowledgement; the actions that led to it are left out.
fn after_ack(steps: impl IntoIterator<Item = Step>) -> Vec<String> {
    let mut told = run(Limits::default(), [Says(INIT), Is(Event::Opened)].into_iter().chain(steps));
    assert_eq!(told.drain(..2).collect::<Vec<_>>(), ["open null", ACK]);
    told
}

fn subscribes(id: &str) -> Step {
    Says(String::leak(subscribe(id)))
}

#[test]
fn nulls_and_all_parts_of_a_request_are_taken() {
    let mut actions = Vec::new();
    let mut connection = Connection::new(Limits::default());
    connection.handle(Event::Text(INIT), &mut actions);
    connection.handle(Event::Opened, &mut actions);
    actions.clear();
    let nulls = r#""operationName":null,"variables":null,"extensions":null"#;
    let message = format!(r#"{{"type":"subscribe","id":"1","payload":{{"query":"{{a}}",{nulls}}},"more":1}}"#);
    connection.handle(Event::Text(&message), &mut actions);
    let full = r#""operationName":"B","variables":{"v":[1]},"extensions":{"e":{"x":true}}"#;
    let message = format!(r#"{{"type":"subscribe","id":"2","payload":{{"query":"query B{{a}}",{full}}}}}"#);
    connection.handle(Event::Text(&message), &mut actions);
    let [Action::Start(_, bare), Action::Start(_, whole)] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!(serde_json::to_value(bare).unwrap()["operationName"], serde_json::Value::Null);
    let whole = serde_json::to_value(whole).unwrap();
    assert_eq!((&whole["operationName"], &whole["query"]), (&"B".into(), &"query B{a}".into()));
    assert_eq!(whole["variables"], serde_json::json!({ "v": [1] }));
    assert_eq!(whole["extensions"], serde_json::json!({ "e": { "x": true } }));
}

#[test]
fn a_session_is_opened_with_the_payload_and_acknowledged_once() {
    let init = r#"{"type":"connection_init","payload":{"Authorization":"Bearer x"}}"#;
    let told = run(Limits::default(), [Says(init), Is(Event::Opened), Is(Event::Opened)]);
    assert_eq!(told, [r#"open {"Authorization":"Bearer x"}"#, ACK]);
}

#[test]
fn pings_are_answered_in_every_phase_with_their_payload() {
    let ping = r#"{"type":"ping","payload":{"n":[1,null]}}"#;
    let pong = r#"{"type":"pong","payload":{"n":[1,null]}}"#;
    let told = run(
        Limits::default(),
        [Says(ping), Says(INIT), Says(r#"{"type":"ping"}"#), Is(Event::Opened), Says(ping), Says(r#"{"type":"pong"}"#)],
    );
    assert_eq!(told, [pong, "open null", r#"{"type":"pong"}"#, ACK, pong]);
}

#[test]
fn results_carry_the_id_and_end_with_complete() {
    let steps = [subscribes("a\\\"b"), Is(produced("a\"b", 1)), Is(Event::Completed(ticket("a\"b", 1)))];
    let told = after_ack(steps);
    assert_eq!(
        told,
        [
            "start a\"b#1 {a}",
            r#"{"type":"next","id":"a\"b","payload":{"data":{"a":1}}}"#,
            r#"{"type":"complete","id":"a\"b"}"#
        ]
    );
}

#[test]
fn a_refused_operation_gets_an_error_frame_and_no_complete() {
    const ERROR: &str = r#"{"type":"error","id":"1","payload":[{"message":"no"}]}"#;
    let errors = || vec![ServerError::new("no", None)];
    let refused = after_ack([
        subscribes("1"),
        Is(Event::Refused(ticket("1", 1), errors())),
        Is(Event::Completed(ticket("1", 1))),
        subscribes("1"),
    ]);
    assert_eq!(refused, ["start 1#1 {a}", ERROR, "start 1#2 {a}"]);
    let response = || Box::new(Response::from_errors(errors()));
    let first = [subscribes("1"), Is(Event::Produced(ticket("1", 1), response())), Is(produced("1", 1))];
    assert_eq!(after_ack(first), ["start 1#1 {a}", ERROR, "stop 1#1"]);
    let later = [subscribes("1"), Is(produced("1", 1)), Is(Event::Produced(ticket("1", 1), response()))];
    let next = r#"{"type":"next","id":"1","payload":{"data":null,"errors":[{"message":"no"}]}}"#;
    assert_eq!(after_ack(later)[2], next);
}

fn failed(path: &[&str]) -> Event<'static> {
    let mut error = ServerError::new("no", None);
    error.path = path.iter().map(|name| PathSegment::Field((*name).to_owned())).collect();
    Event::Produced(ticket("1", 1), Box::new(Response::from_errors(vec![error])))
}

#[test]
fn an_error_of_a_field_is_a_result() {
    let told = after_ack([subscribes("1"), Is(failed(&["a"]))]);
    assert_eq!(told[1], r#"{"type":"next","id":"1","payload":{"data":null,"errors":[{"message":"no","path":["a"]}]}}"#);
}

#[test]
fn an_error_of_a_streams_own_field_is_a_refusal_and_one_below_it_is_a_result() {
    let streams = || [subscribes("1"), Is(Event::Streams(ticket("1", 1)))].into_iter();
    let told = after_ack(streams().chain([Is(failed(&["a"])), Is(produced("1", 1))]));
    assert_eq!(told[1..], [r#"{"type":"error","id":"1","payload":[{"message":"no","path":["a"]}]}"#, "stop 1#1"]);
    let told = after_ack(streams().chain([Is(failed(&["a", "b"])), Is(produced("1", 1))]));
    assert!(told[1].starts_with(r#"{"type":"next","id":"1""#) && told.len() == 3, "{told:?}");
}

#[test]
fn complete_stops_and_what_still_comes_is_dropped_even_when_the_id_is_used_again() {
    let complete = Says(r#"{"type":"complete","id":"1"}"#);
    let told = after_ack([
        subscribes("1"),
        complete,
        Is(produced("1", 1)),
        subscribes("1"),
        Is(produced("1", 1)),
        Is(Event::Completed(ticket("1", 1))),
        Is(Event::Refused(ticket("1", 1), Vec::new())),
        Is(Event::Completed(ticket("1", 2))),
        Says(r#"{"type":"complete","id":"1"}"#),
        Says(r#"{"type":"complete","id":"never"}"#),
    ]);
    assert_eq!(told, ["start 1#1 {a}", "stop 1#1", "start 1#2 {a}", r#"{"type":"complete","id":"1"}"#]);
}

#[test]
fn one_operation_too_many_is_refused_and_the_socket_stays() {
    let limits = Limits { operations: 1, ..Limits::default() };
    let steps = [Says(INIT), Is(Event::Opened), subscribes("1"), subscribes("2"), Is(Event::Completed(ticket("1", 1)))];
    let told = run(limits, steps.into_iter().chain([subscribes("2")]));
    assert!(told[3].starts_with(r#"{"type":"error","id":"2","payload":[{"message":"a socket runs at most 1 op"#));
    assert!(told[3].contains(r#""extensions":{"code":"RATE_LIMITED"}"#), "{}", told[3]);
    assert_eq!(told[4..], [r#"{"type":"complete","id":"1"}"#, "start 2#2 {a}"]);
}
