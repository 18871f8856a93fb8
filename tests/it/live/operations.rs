//! Operations on a socket: streams beside queries and mutations, refusals, ends.

use serde_json::{Value, json};

use super::{BOOK, book, booking, change, ids, slots, watch};
use crate::support::{Live, Subscription};

fn run(id: &str, query: &str, variables: Value) -> Value {
    json!({ "id": id, "type": "subscribe", "payload": { "query": query, "variables": variables } })
}

/// The answer to the operation, whatever else comes in between.
async fn answer(socket: &mut Subscription, id: &str) -> Value {
    loop {
        let frame = socket.frame().await;
        if frame["id"] == id {
            return frame;
        }
    }
}

#[tokio::test]
async fn queries_and_mutations_run_over_the_socket_beside_a_stream() {
    let live = Live::start().await;
    let practice = live.practice().await;
    let mut socket = watch(&live.b, Some(&practice.patient), &practice, json!({})).await;
    let query = "query Viewer($slug: String) { viewer(organizationSlug: $slug) { role } }";
    socket.send(run("q", query, json!({ "slug": practice.clinic.slug }))).await;
    assert_eq!(socket.next("viewer").await["role"], "PATIENT");
    assert_eq!(socket.frame().await, json!({ "type": "complete", "id": "q" }));
    socket.send(run("m", BOOK, json!({ "input": booking(&practice, 5) }))).await;
    // The answer and the change may overtake each other.
    let mut frames = vec![socket.frame().await, socket.frame().await, socket.frame().await];
    let changed = frames.iter().position(|frame| frame["id"] == "1").expect("the change");
    let changed = frames.remove(changed);
    assert_eq!(changed["payload"]["data"]["slotChanges"]["slot"]["id"], practice.slot(5));
    let payload = &frames[0]["payload"]["data"]["bookSlot"];
    assert_eq!(payload["userErrors"], json!([]));
    assert!(
        changed["payload"]["data"]["slotChanges"]["availabilityVersion"].as_str()
            >= payload["availabilityVersion"].as_str()
    );
    assert_eq!(frames[1], json!({ "type": "complete", "id": "m" }));
    live.stop().await;
}

#[tokio::test]
async fn refused_operation_gets_an_error_frame_and_leaves_the_socket_open() {
    let live = Live::with(&[("GRAPHQL_MAX_ROOT_FIELDS", "2"), ("GRAPHQL_MAX_SUBSCRIPTIONS", "2")]).await;
    let practice = live.practice().await;
    let mut socket = watch(&live.b, None, &practice, json!({})).await;
    let many = "{ a: viewer { role } b: viewer { role } c: viewer { role } }";
    let slug = &practice.clinic.slug;
    let quick =
        format!("subscription {{ slotChanges(organizationSlug: \"{slug}\", progressSeconds: 4) {{ __typename }} }}");
    let nowhere = "subscription { slotChanges(organizationSlug: \"nowhere\") { __typename } }";
    let cases = [
        ("limit", many, "COST_LIMIT"),
        ("unknown field", "subscription { slotChanges { colour } }", "BAD_USER_INPUT"),
        ("syntax", "subscription { slotChanges {", "BAD_USER_INPUT"),
        ("argument", quick.as_str(), "BAD_USER_INPUT"),
        ("organization", nowhere, "NOT_FOUND"),
    ];
    for (id, document, code) in cases {
        socket.send(run(id, document, json!({}))).await;
        let frame = answer(&mut socket, id).await;
        assert_eq!(frame["type"], "error", "{frame}");
        assert_eq!(frame["payload"][0]["extensions"]["code"], code, "{frame}");
    }
    // The id of a refused operation is free again.
    socket.send(run("limit", "{ __typename }", json!({}))).await;
    assert_eq!(answer(&mut socket, "limit").await["payload"]["data"]["__typename"], "Query");
    book(&live.a, &practice, 0).await;
    assert_eq!(answer(&mut socket, "1").await["payload"]["data"]["slotChanges"]["slot"]["id"], practice.slot(0));
    live.stop().await;
}

#[tokio::test]
async fn too_many_streams_on_one_socket_are_refused() {
    let live = Live::with(&[("GRAPHQL_MAX_SUBSCRIPTIONS", "2")]).await;
    let practice = live.practice().await;
    let mut socket = watch(&live.b, None, &practice, json!({})).await;
    let variables = json!({ "slug": practice.clinic.slug });
    socket.send(run("2", super::CHANGES, variables.clone())).await;
    socket.send(run("3", super::CHANGES, variables)).await;
    let frame = answer(&mut socket, "3").await;
    assert_eq!((&frame["type"], &frame["payload"][0]["extensions"]["code"]), (&json!("error"), &json!("RATE_LIMITED")));
    live.stop().await;
}

/// Nobody else listens and nothing happens, so nothing but the client's own word can end it.
#[tokio::test]
async fn completed_stream_is_silent_and_its_id_is_free() {
    let live = Live::start().await;
    let practice = live.practice().await;
    let mut socket = watch(&live.b, None, &practice, json!({})).await;
    book(&live.a, &practice, 0).await;
    let item = change(&mut socket).await;
    socket.send(json!({ "type": "complete", "id": "1" })).await;
    let mut other = watch(&live.b, None, &practice, json!({})).await;
    book(&live.a, &practice, 1).await;
    assert_eq!(slots(&mut other, 1).await, ids(&practice, [1]));
    // What the other one has, this one would have had by now: frames of one socket come in order.
    let again = json!({ "slug": practice.clinic.slug, "after": item["cursor"] });
    socket.send(run("1", super::CHANGES, again)).await;
    assert_eq!(slots(&mut socket, 1).await, ids(&practice, [1]), "once, from the stream that began anew");
    book(&live.a, &practice, 2).await;
    assert_eq!(slots(&mut socket, 1).await, ids(&practice, [2]));
    live.stop().await;
}
