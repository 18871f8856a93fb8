//! How sockets begin and end: close codes, expiry, drain.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use super::{CHANGES, book, change, follow, ids, slots, watch};
use crate::support::app::token;
use crate::support::{Client, Live, Subscription, TestApp};

/// Says the frames on a fresh socket, and hears how it is closed.
async fn closes(client: &Client, frames: &[Value]) -> u16 {
    let mut socket = Subscription::connect(client.addr).await;
    for frame in frames {
        socket.send(frame.clone()).await;
    }
    socket.close_code().await
}

fn init(payload: Value) -> Value {
    json!({ "type": "connection_init", "payload": payload })
}

fn subscribe(id: &str) -> Value {
    json!({ "id": id, "type": "subscribe", "payload": { "query": CHANGES, "variables": {} } })
}

#[tokio::test]
async fn sockets_are_closed_with_the_codes_of_the_protocol() {
    let app = TestApp::with(&[("LIVE_INIT_TIMEOUT_MS", "300")]).await;
    let client = &app.client;
    let strange = token("nobody-knows-me", TimeDelta::weeks(2000));
    let forged = format!("{strange}A");
    assert_eq!(closes(client, &[json!("no message")]).await, 4400);
    assert_eq!(closes(client, &[init(json!({})), json!({ "type": "fly" })]).await, 4400);
    assert_eq!(closes(client, &[subscribe("1")]).await, 4401);
    for bad in ["Bearer x", "Basic eA==", "Bearer ", &format!("Bearer {forged}")] {
        assert_eq!(closes(client, &[init(json!({ "Authorization": bad }))]).await, 4403, "{bad}");
    }
    assert_eq!(closes(client, &[]).await, 4408);
    assert_eq!(closes(client, &[init(json!({})), init(json!({}))]).await, 4429);
    assert_eq!(Subscription::connect_as(client.addr, None).await.close_code().await, 4406);
    app.stop().await;
}

#[tokio::test]
async fn second_subscription_of_one_id_closes_with_4409() {
    let live = Live::start().await;
    let practice = live.practice().await;
    let mut stream = watch(&live.b, None, &practice, json!({})).await;
    stream.send(subscribe("1")).await;
    assert_eq!(stream.close_code().await, 4409);
    live.stop().await;
}

#[tokio::test]
async fn expired_token_is_refused_at_the_start() {
    let app = TestApp::start().await;
    // Beyond the leeway of one minute.
    let old = token("somebody", TimeDelta::minutes(-2));
    let authorization = json!({ "Authorization": format!("Bearer {old}") });
    assert_eq!(closes(&app.client, &[init(authorization)]).await, 4403);
    app.stop().await;
}

#[tokio::test]
async fn socket_closes_with_4403_when_its_token_ends() {
    let live = Live::start().await;
    let practice = live.practice().await;
    // Tokens end by the machine's clock, which the program's must not be ahead of.
    live.set_clock(Utc::now()).await;
    let mut user = practice.staff.clone();
    let claims = user.token.split('.').nth(1).expect("claims").to_owned();
    let subject = subject(&claims);
    let began = Utc::now();
    user.token = token(&subject, TimeDelta::seconds(2));
    let mut stream = watch(&live.b, Some(&user), &practice, json!({})).await;
    practice.clinic.slots(&practice.schedule, crate::support::at("2027-03-09T08:00:00Z"), 1).await;
    assert_eq!(change(&mut stream).await["cause"], "RULES_CHANGED");
    assert_eq!(stream.close_code().await, 4403);
    let lived = Utc::now() - began;
    // Times in tokens are whole seconds.
    assert!((TimeDelta::seconds(1)..TimeDelta::seconds(5)).contains(&lived), "{lived}");
    live.stop().await;
}

fn subject(claims: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).expect("base64");
    let claims: Value = serde_json::from_slice(&bytes).expect("JSON");
    claims["sub"].as_str().expect("a subject").to_owned()
}

#[tokio::test]
async fn drained_replica_loses_nothing_for_those_who_go_on_elsewhere() {
    let mut live = Live::start().await;
    let practice = live.practice().await;
    let mut stream = watch(&live.b, None, &practice, json!({})).await;
    book(&live.a, &practice, 0).await;
    let seen = change(&mut stream).await;
    let (a, b) = (live.a.clone(), live.b.clone());
    let (_, (code, after)) = tokio::join!(live.stop_replica(1), last_words(stream, seen["cursor"].clone()));
    assert_eq!(code, 1001);
    assert!(Subscription::try_connect(b.addr, None).await.is_err(), "no new sockets");
    book(&a, &practice, 1).await;
    let mut resumed = follow(&a, None, &practice, json!({ "after": after })).await;
    book(&a, &practice, 2).await;
    assert_eq!(slots(&mut resumed, 2).await, ids(&practice, 1..3));
    live.stop().await;
}

#[tokio::test]
async fn drain_under_load_loses_nothing() {
    let mut live = Live::start().await;
    let practice = live.practice().await;
    let mut stream = watch(&live.b, None, &practice, json!({})).await;
    let a = live.a.clone();
    book(&a, &practice, 0).await;
    let first = change(&mut stream).await;
    let bookings = async {
        for n in 1..12 {
            book(&a, &practice, n).await;
        }
    };
    let (_, _, (mut seen, after)) =
        tokio::join!(bookings, live.stop_replica(1), gather(stream, first["cursor"].clone()));
    let mut resumed = follow(&a, None, &practice, json!({ "after": after })).await;
    seen.extend(slots(&mut resumed, 11 - seen.len()).await);
    assert_eq!(seen, ids(&practice, 1..12));
    live.stop().await;
}

/// How the socket is closed, and where a client would resume.
async fn last_words(mut stream: Subscription, mut after: Value) -> (u16, Value) {
    loop {
        match stream.message().await {
            Ok(frame) => after = frame["payload"]["data"]["slotChanges"]["cursor"].clone(),
            Err(close) => return (close.map_or(1006, |frame| frame.code.into()), after),
        }
    }
}

/// The slots that come before the socket is closed, and where a client would resume.
async fn gather(mut stream: Subscription, mut after: Value) -> (Vec<Value>, Value) {
    let mut slots = Vec::new();
    while let Ok(frame) = stream.message().await {
        let item = &frame["payload"]["data"]["slotChanges"];
        slots.push(item["slot"]["id"].clone());
        after = item["cursor"].clone();
    }
    (slots, after)
}
