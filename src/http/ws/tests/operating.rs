//! What an open socket does.

use super::*;

const ERROR: &str = r#"{"type":"error","id":"1","payload":[{"message":"there is no such field"}]}"#;

#[tokio::test]
async fn the_subprotocol_is_agreed_on_and_the_init_acknowledged() {
    let server = Server::start(settings()).await;
    for offered in ["graphql-transport-ws", "graphql-ws, graphql-transport-ws"] {
        let mut client = Client::offering(&server, Some(offered)).await.expect("the upgrade succeeds");
        assert_eq!(client.subprotocol.as_deref(), Some("graphql-transport-ws"));
        client.init_as("long").await;
        client.hears(ACK).await;
    }
}

#[tokio::test]
async fn a_ping_is_answered_with_its_payload_before_and_after_the_ack() {
    let server = Server::start(settings()).await;
    let mut client = Client::connect(&server).await;
    client.say(r#"{"type":"ping"}"#).await;
    client.hears(r#"{"type":"pong"}"#).await;
    client.say(INIT).await;
    client.hears(ACK).await;
    client.say(r#"{"type":"ping","payload":{"n":1}}"#).await;
    client.hears(r#"{"type":"pong","payload":{"n":1}}"#).await;
    client.say(r#"{"type":"pong"}"#).await;
    client.say(&subscribe("1", "unknown")).await;
    client.hears(ERROR).await;
}

#[tokio::test]
async fn a_query_gets_one_next_and_complete() {
    let server = Server::start(settings()).await;
    let mut client = acknowledged(&server).await;
    client.say(&subscribe("1", "single")).await;
    server.script.lives(1).await;
    server.script.feed(0, 42);
    client.hears(&next("1", 42)).await;
    client.hears(&completed("1")).await;
    server.script.lives(0).await;
}

#[tokio::test]
async fn a_refused_operation_gets_an_error_and_its_id_is_free_again() {
    let server = Server::start(settings()).await;
    let mut client = acknowledged(&server).await;
    for query in ["unknown", "invalid", "unknown"] {
        client.say(&subscribe("1", query)).await;
        client.hears(ERROR).await;
    }
    client.say(&subscribe("1", "stream")).await;
    server.script.lives(1).await;
    server.script.feed(0, 1);
    client.hears(&next("1", 1)).await;
}

#[tokio::test]
async fn two_streams_run_at_once_and_end_each_for_itself() {
    let server = Server::start(settings()).await;
    let mut client = acknowledged(&server).await;
    for (id, running) in [("a", 1), ("b", 2)] {
        client.say(&subscribe(id, "stream")).await;
        server.script.lives(running).await;
    }
    for (nth, id, value) in [(0, "a", 1), (1, "b", 2), (0, "a", 3)] {
        server.script.feed(nth, value);
        client.hears(&next(id, value)).await;
    }
    server.script.end(0);
    client.hears(&completed("a")).await;
    server.script.lives(1).await;
    server.script.feed(1, 4);
    client.hears(&next("b", 4)).await;
}

#[tokio::test]
async fn what_waits_together_arrives_in_order() {
    let server = Server::start(settings()).await;
    let mut client = acknowledged(&server).await;
    client.say(&subscribe("a", "stream")).await;
    server.script.lives(1).await;
    for value in 0..1000 {
        server.script.feed(0, value);
    }
    server.script.end(0);
    for value in 0..1000 {
        client.hears(&next("a", value)).await;
    }
    client.hears(&completed("a")).await;
}

#[tokio::test]
async fn complete_drops_the_stream_and_its_id_may_be_used_again() {
    let server = Server::start(settings()).await;
    let mut client = acknowledged(&server).await;
    for (nth, query) in ["stream", "single"].into_iter().enumerate() {
        client.say(&subscribe("1", query)).await;
        server.script.lives(1).await;
        client.say(&complete("1")).await;
        server.script.lives(0).await;
        assert!(!server.script.feed(nth, 7), "the operation is gone");
    }
    client.say(&complete("1")).await;
    client.say(&subscribe("1", "unknown")).await;
    client.hears(ERROR).await;
}

#[tokio::test]
async fn operations_end_with_their_client() {
    let server = Server::start(settings()).await;
    let mut client = acknowledged(&server).await;
    for (id, running) in [("a", 1), ("b", 2)] {
        client.say(&subscribe(id, "stream")).await;
        server.script.lives(running).await;
    }
    drop(client);
    server.script.lives(0).await;
    server.is_left_by_all().await;
}
