//! Every way a connection ends, with its code.

use super::*;

#[test]
fn another_or_no_subprotocol_closes_4406() {
    for subprotocol in [None, Some("graphql-ws"), Some("")] {
        let mut actions = Vec::new();
        Connection::new(Limits::default()).handle(Event::Connected(subprotocol), &mut actions);
        assert_eq!(told(actions.remove(0)), "close 4406 Subprotocol not acceptable");
    }
}

#[test]
fn a_message_outside_the_protocol_closes_4400() {
    for (message, why) in [
        ("", "it must be a JSON object"),
        ("{", "it must be a JSON object"),
        ("null", "it must be a JSON object"),
        (r#"["ping"]"#, "it must be a JSON object"),
        ("{}", "its type must be a string"),
        (r#"{"type":7}"#, "its type must be a string"),
        (r#"{"type":"start","id":"1"}"#, "no client sends this type"),
        (r#"{"type":"connection_ack"}"#, "no client sends this type"),
        (r#"{"type":"next","id":"1","payload":{}}"#, "no client sends this type"),
        (r#"{"type":"error","id":"1","payload":[]}"#, "no client sends this type"),
        (r#"{"type":"connection_init","payload":[]}"#, "its payload must be an object or null"),
        (r#"{"type":"ping","payload":"x"}"#, "its payload must be an object or null"),
        (r#"{"type":"pong","payload":1}"#, "its payload must be an object or null"),
        (r#"{"type":"complete"}"#, "its id must be a string that is not empty"),
        (r#"{"type":"complete","id":""}"#, "its id must be a string that is not empty"),
        (r#"{"type":"subscribe","id":"1"}"#, "its payload must be an object"),
        (r#"{"type":"subscribe","id":"1","payload":["{a}"]}"#, "its payload must be an object or null"),
        (r#"{"type":"subscribe","payload":{"query":"{a}"}}"#, "its id must be a string that is not empty"),
        (r#"{"type":"subscribe","id":1,"payload":{"query":"{a}"}}"#, "its id must be a string that is not empty"),
        (r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#, "its query must be a string"),
        (
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","operationName":1}}"#,
            "its operationName must be a string or null",
        ),
        (
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":"x"}}"#,
            "its variables must be an object or null",
        ),
        (
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","extensions":[]}}"#,
            "its extensions must be an object or null",
        ),
    ] {
        assert_eq!(after_ack([Says(message)]), [format!("close 4400 Invalid message: {why}")], "{message}");
    }
    assert_eq!(after_ack([Is(Event::Binary)]), ["close 4400 Invalid message: it is binary"]);
    assert_eq!(after_ack([Is(Event::Unreadable)]), ["close 4400 Invalid message: it cannot be read"]);
}

#[test]
fn deep_nesting_is_refused_instead_of_overflowing_the_stack() {
    let message = format!(r#"{{"type":"ping","payload":{}{}}}"#, r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    assert_eq!(after_ack([Says(message.leak())]), ["close 4400 Invalid message: it must be a JSON object"]);
}

#[test]
fn before_the_ack_each_wrong_step_has_its_code() {
    for (steps, last) in [
        (vec![Is(Event::InitTimeout)], "close 4408 Connection initialisation timeout"),
        (vec![subscribes("1")], "close 4401 Unauthorized"),
        (vec![Says(INIT), subscribes("1")], "close 4401 Unauthorized"),
        (vec![Says(INIT), Says(INIT)], "close 4429 Too many initialisation requests"),
        (vec![Says(INIT), Is(Event::OpenRefused(Refusal::Forbidden))], "close 4403 Forbidden"),
        (vec![Says(INIT), Is(Event::OpenRefused(Refusal::Unavailable))], "close 1013 Try again later"),
        (vec![Is(Event::Drain)], "close 1001 Going away"),
        (vec![Says(INIT), Is(Event::Drain)], "close 1001 Going away"),
        (vec![Says(INIT), Is(Event::InitTimeout)], "open null"),
    ] {
        assert_eq!(run(Limits::default(), steps).last().map(String::as_str), Some(last));
    }
}

#[test]
fn after_the_ack_each_wrong_step_has_its_code() {
    assert_eq!(after_ack([Says(INIT)]), ["close 4429 Too many initialisation requests"]);
    assert_eq!(after_ack([Is(Event::TokenEnded)]), ["close 4403 Token expired or revoked"]);
    assert_eq!(after_ack([Is(Event::InitTimeout)]), [""; 0]);
    let twice = after_ack([subscribes("1"), subscribes("1")]);
    assert_eq!(twice, ["start 1#1 {a}", "close 4409 Subscriber for 1 already exists"]);
}

#[test]
fn nothing_is_done_after_a_close() {
    let steps = [Says(INIT), subscribes("1"), Is(Event::Opened), Is(Event::KeepAlive), Is(Event::Drain), Says("")];
    assert_eq!(after_ack(steps), ["close 4429 Too many initialisation requests"]);
}

#[test]
fn a_silent_peer_is_pinged_and_then_cut_off() {
    const PING: &str = r#"{"type":"ping"}"#;
    let tick = || Is(Event::KeepAlive);
    assert_eq!(after_ack([tick(), tick(), tick(), tick()]), [PING, "terminate"]);
    for sign in [|| Says(r#"{"type":"pong"}"#), || Is(Event::Heard)] {
        assert_eq!(after_ack([tick(), tick(), sign(), tick(), tick(), tick()]), [PING, PING, "terminate"]);
    }
}

#[test]
fn sizes_are_limited() {
    let longest = "ä".repeat(128);
    assert_eq!(after_ack([subscribes(&longest)]), [format!("start {longest}#1 {{a}}")]);
    let too_long = format!("{longest}a");
    assert_eq!(after_ack([subscribes(&too_long)]), ["close 4400 Invalid message: the id is too long"]);
    let limits = Limits { message_bytes: INIT.len(), ..Limits::default() };
    assert_eq!(run(limits, [Says(INIT)]), ["open null"]);
    assert_eq!(run(Limits { message_bytes: INIT.len() - 1, ..limits }, [Says(INIT)]), ["close 1009 Message too big"]);
}

#[test]
fn reasons_fit_a_close_frame() {
    for id in ["a".repeat(256), "ä".repeat(128), "€".repeat(85), "😀".repeat(64)] {
        let Close { code, reason } = Close::subscriber_exists(&id);
        assert!(code == 4409 && reason.len() <= MAX_REASON_BYTES && reason.len() > MAX_REASON_BYTES - 4, "{reason}");
        assert!(reason.starts_with("Subscriber for ") && reason.ends_with(" already exists"), "{reason}");
        assert!(Close::invalid(&id).reason.len() <= MAX_REASON_BYTES);
    }
}

#[test]
fn a_drain_stops_streams_and_awaits_results() {
    let steps = [
        subscribes("s"),
        Is(Event::Streams(ticket("s", 1))),
        subscribes("m"),
        Is(Event::Drain),
        subscribes("late"),
        Is(Event::KeepAlive),
        Is(Event::KeepAlive),
        Is(produced("s", 1)),
        Is(produced("m", 2)),
        Is(Event::Completed(ticket("m", 2))),
    ];
    assert_eq!(
        after_ack(steps),
        [
            "start s#1 {a}",
            "start m#2 {a}",
            "stop s#1",
            r#"{"type":"next","id":"m","payload":{"data":{"a":1}}}"#,
            r#"{"type":"complete","id":"m"}"#,
            "close 1001 Going away"
        ]
    );
    let too_slow = after_ack([subscribes("m"), Is(Event::Drain), Is(Event::DrainTimeout), Is(produced("m", 1))]);
    assert_eq!(too_slow, ["start m#1 {a}", "close 1001 Going away"]);
    assert_eq!(after_ack([Is(Event::Drain)]), ["close 1001 Going away"]);
}
