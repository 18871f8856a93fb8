//! Who says too slowly what they want, and who comes when there is no place left.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::bookings::{BOOK, wish};
use crate::support::{Subscription, TestApp};

/// Far longer than the time-outs below; a connection that is still open then is one that nobody ends.
const LONG: Duration = Duration::from_secs(20);

/// What comes after some bytes were sent, to the end of the connection.
async fn answer_to(app: &TestApp, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.client.addr).await.expect("a connection");
    stream.write_all(bytes).await.expect("sent");
    let mut answer = Vec::new();
    timeout(LONG, stream.read_to_end(&mut answer)).await.expect("the server ends it").expect("an end");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn connection_that_says_nothing_or_not_all_is_ended() {
    let app = TestApp::with(&[("HTTP_HEADER_TIMEOUT_MS", "200")]).await;
    const WHOLE: &[u8] = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    for (what, bytes) in [
        ("nothing", &b""[..]),
        ("half a preface of HTTP/2", b"PRI * HTTP"),
        ("one byte", b"P"),
        ("half a line", b"POST /graph"),
        ("no end of the headers", b"POST /graphql HTTP/1.1\r\nhost: x\r\n"),
    ] {
        let answer = answer_to(&app, bytes).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{what}: {answer}");
    }
    // Between two requests it may stay no longer than that either.
    let answer = answer_to(&app, WHOLE).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    app.stop().await;
}

#[tokio::test]
async fn body_that_takes_too_long_is_refused() {
    let app = TestApp::with(&[("HTTP_BODY_TIMEOUT_MS", "200")]).await;
    let begun =
        b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{\"que";
    let answer = answer_to(&app, begun).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("`body` must arrive within 200 ms"), "{answer}");
    app.stop().await;
}

#[tokio::test]
async fn request_may_take_longer_than_its_headers() {
    let app = TestApp::with(&[("HTTP_HEADER_TIMEOUT_MS", "100")]).await;
    let practice = app.practice().await;
    // Whoever books waits for this transaction.
    app.db.run("BEGIN; LOCK TABLE openslot.bookings IN ACCESS EXCLUSIVE MODE").await;
    let input = json!({ "input": wish(&practice.slot(0), json!({})) });
    let booking = app.client.by(&practice.patient, BOOK, input);
    let waiting = async {
        // Connections that began later have been ended meanwhile, one after the other.
        for _ in 0..2 {
            assert_eq!(answer_to(&app, b"").await, "");
        }
        app.db.run("COMMIT").await;
    };
    let (answer, ()) = tokio::join!(booking, waiting);
    assert_eq!(answer.text("/bookSlot/booking/status"), "BOOKED");
    app.stop().await;
}

#[tokio::test]
async fn connection_without_a_place_is_told_so_and_sockets_take_places_too() {
    let app = TestApp::with(&[("HTTP_MAX_CONNECTIONS", "2")]).await;
    let first = Subscription::acknowledged(app.client.addr, None).await;
    let second = Subscription::acknowledged(app.client.addr, None).await;
    let answer = answer_to(&app, b"").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 1"), "{answer}");
    drop((first, second));
    // Its place is free as soon as the server has seen the end of the socket.
    let seen = async {
        loop {
            if app.client.http.get(app.client.url("/livez")).send().await.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
        }
    };
    timeout(LONG, seen).await.expect("a place becomes free");
    app.stop().await;
}
