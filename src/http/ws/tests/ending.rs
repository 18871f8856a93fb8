//! How sockets end, and with which code.

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::*;
use crate::http::protocol::transport_ws::Limits;

#[tokio::test]
async fn each_wrong_frame_before_the_ack_has_its_close_code() {
    let server = Server::start(settings()).await;
    for (message, code, reason) in [
        (Message::text("{"), 4400, "Invalid message: it must be a JSON object"),
        (Message::text(r#"{"type":"start"}"#), 4400, "Invalid message: no client sends this type"),
        (binary(), 4400, "Invalid message: it is binary"),
        (Message::text(subscribe("1", "stream")), 4401, "Unauthorized"),
        (Message::text(" ".repeat((1 << 20) + 1)), 1009, "Message too big"),
    ] {
        let mut client = Client::connect(&server).await;
        client.send(message).await;
        client.is_closed(code, reason).await;
    }
}

#[tokio::test]
async fn each_wrong_frame_after_the_ack_has_its_close_code_and_drops_the_streams() {
    let server = Server::start(settings()).await;
    for (message, code, reason) in [
        (Message::text("[]"), 4400, "Invalid message: it must be a JSON object"),
        (binary(), 4400, "Invalid message: it is binary"),
        (Message::text(subscribe("1", "single")), 4409, "Subscriber for 1 already exists"),
        (Message::text(INIT), 4429, "Too many initialisation requests"),
    ] {
        let mut client = acknowledged(&server).await;
        client.say(&subscribe("1", "stream")).await;
        server.script.lives(1).await;
        client.send(message).await;
        client.is_closed(code, reason).await;
        server.script.lives(0).await;
    }
}

#[tokio::test]
async fn a_second_init_before_the_verdict_closes_4429() {
    let server = Server::start(settings()).await;
    let mut client = Client::connect(&server).await;
    client.init_as("slow").await;
    client.say(INIT).await;
    client.is_closed(4429, "Too many initialisation requests").await;
}

#[tokio::test]
async fn a_refused_init_closes_4403_and_an_undecided_one_1013() {
    let server = Server::start(SocketSettings { open_timeout: SHORT, ..settings() }).await;
    for (token, code, reason) in
        [("bad", 4403, "Forbidden"), ("unlucky", 1013, "Try again later"), ("slow", 1013, "Try again later")]
    {
        let mut client = Client::connect(&server).await;
        client.init_as(token).await;
        client.is_closed(code, reason).await;
    }
}

#[tokio::test]
async fn a_subscribe_before_the_verdict_closes_4401() {
    let server = Server::start(settings()).await;
    let mut client = Client::connect(&server).await;
    client.init_as("slow").await;
    client.say(&subscribe("1", "stream")).await;
    client.is_closed(4401, "Unauthorized").await;
}

#[tokio::test]
async fn another_or_no_subprotocol_is_upgraded_and_closed_4406() {
    let server = Server::start(settings()).await;
    let mut client = Client::offering(&server, None).await.expect("the upgrade succeeds");
    assert_eq!(client.subprotocol, None);
    client.is_closed(4406, "Subprotocol not acceptable").await;
    let mut client = Client::unchecked(&server, "graphql-ws").await;
    client.is_closed(4406, "Subprotocol not acceptable").await;
}

#[tokio::test]
async fn no_init_in_time_closes_4408() {
    let server = Server::start(SocketSettings { init_timeout: SHORT, ..settings() }).await;
    let mut client = Client::connect(&server).await;
    client.say(r#"{"type":"ping"}"#).await;
    client.hears(r#"{"type":"pong"}"#).await;
    client.is_closed(4408, "Connection initialisation timeout").await;
    server.is_left_by_all().await;
}

#[tokio::test]
async fn an_expired_token_closes_4403_and_drops_the_streams() {
    let server = Server::start(settings()).await;
    for token in ["short", "old"] {
        let mut client = Client::connect(&server).await;
        client.init_as(token).await;
        client.hears(ACK).await;
        if token == "short" {
            client.say(&subscribe("1", "stream")).await;
            server.script.lives(1).await;
        }
        client.is_closed(4403, "Token expired or revoked").await;
        server.script.lives(0).await;
    }
}

#[tokio::test]
async fn ended_rights_close_4403_with_no_item_after_and_the_answers_under_way() {
    let server = Server::start(settings()).await;
    let mut client = acknowledged(&server).await;
    client.say(&subscribe("1", "stream")).await;
    server.script.lives(1).await;
    client.say(&subscribe("2", "single")).await;
    server.script.lives(2).await;
    server.script.revoked.cancel();
    server.script.lives(1).await;
    assert!(!server.script.feed(0, 1), "the stream is gone");
    server.script.feed(1, 7);
    client.hears(r#"{"type":"next","id":"2","payload":{"data":{"value":7}}}"#).await;
    client.hears(r#"{"type":"complete","id":"2"}"#).await;
    client.is_closed(4403, "Token expired or revoked").await;
}

#[tokio::test]
async fn ended_rights_close_4403_whatever_is_not_answered_in_time() {
    let server = Server::start(settings()).await;
    let mut client = acknowledged(&server).await;
    client.say(&subscribe("1", "single")).await;
    server.script.lives(1).await;
    server.script.revoked.cancel();
    client.is_closed(4403, "Token expired or revoked").await;
    server.script.lives(0).await;
}

#[tokio::test]
async fn a_silent_peer_is_pinged_and_cut_off_and_one_that_answers_stays() {
    let server = Server::start(SocketSettings { keepalive: SHORT, ..settings() }).await;
    let mut client = acknowledged(&server).await;
    client.hears(r#"{"type":"ping"}"#).await;
    client.say(r#"{"type":"pong"}"#).await;
    client.hears(r#"{"type":"ping"}"#).await;
    let end = soon(client.socket.next()).await;
    assert!(matches!(end, Some(Err(Error::Protocol(_) | Error::Io(_)))), "cut off without a close frame: {end:?}");
    server.is_left_by_all().await;
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_cut_off() {
    let server = Server::start(SocketSettings { send_timeout: SHORT, ..settings() }).await;
    let mut client = acknowledged(&server).await;
    client.say(&subscribe("1", "flood")).await;
    server.script.lives(1).await;
    server.script.lives(0).await;
    server.is_left_by_all().await;
    drop(client);
}

#[tokio::test]
async fn a_drain_closes_1001_at_once_and_refuses_new_sockets() {
    let server = Server::start(settings()).await;
    let mut fresh = Client::connect(&server).await;
    let mut client = acknowledged(&server).await;
    client.say(&subscribe("1", "stream")).await;
    server.script.lives(1).await;
    server.drain.cancel();
    client.is_closed(1001, "Going away").await;
    fresh.is_closed(1001, "Going away").await;
    server.is_left_by_all().await;
    server.script.lives(0).await;
    let refused = Client::offering(&server, Some("graphql-transport-ws")).await.err();
    assert!(matches!(refused, Some(Error::Http(response)) if response.status() == 503));
}

#[tokio::test]
async fn a_drain_awaits_a_running_mutation() {
    let server = Server::start(settings()).await;
    let mut client = acknowledged(&server).await;
    for (id, query, running) in [("m", "single", 1), ("s", "stream", 2)] {
        client.say(&subscribe(id, query)).await;
        server.script.lives(running).await;
    }
    server.drain.cancel();
    server.script.lives(1).await;
    client.say(&subscribe("late", "single")).await;
    server.script.feed(0, 5);
    client.hears(&next("m", 5)).await;
    client.hears(&completed("m")).await;
    client.is_closed(1001, "Going away").await;
}

#[tokio::test]
async fn a_drain_is_over_at_its_deadline_whatever_still_runs() {
    let server = Server::start(SocketSettings { drain_timeout: SHORT, ..settings() }).await;
    let mut client = acknowledged(&server).await;
    client.say(&subscribe("m", "single")).await;
    server.script.lives(1).await;
    server.drain.cancel();
    client.is_closed(1001, "Going away").await;
    server.is_left_by_all().await;
}

#[tokio::test]
async fn the_clients_close_is_answered() {
    let server = Server::start(settings()).await;
    let mut client = acknowledged(&server).await;
    let frame = CloseFrame { code: 1000.into(), reason: "done".into() };
    soon(client.socket.close(Some(frame.clone()))).await.expect("the socket is open");
    assert_eq!(client.hear().await, Message::Close(Some(frame)));
    server.is_left_by_all().await;
}

#[tokio::test]
async fn far_too_big_a_message_ends_the_socket_unread() {
    let limits = Limits { message_bytes: 1 << 10, ..Limits::default() };
    let server = Server::start(SocketSettings { limits, ..settings() }).await;
    let mut client = acknowledged(&server).await;
    // The connection may be reset before all is sent: nobody reads it.
    let _ = soon(client.socket.send(Message::text(" ".repeat(1 << 22)))).await;
    server.is_left_by_all().await;
}

#[tokio::test]
async fn a_peer_that_never_answers_a_close_is_left_at_the_deadline() {
    let server = Server::start(SocketSettings { close_timeout: SHORT, ..settings() }).await;
    let mut client = Client::connect(&server).await;
    client.say("{").await;
    server.is_left_by_all().await;
}
