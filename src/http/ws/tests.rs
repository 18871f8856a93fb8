//! Real sockets over loopback, spoken to in raw frames. Every wait has a deadline.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test stops where its premise fails")]

use std::time::Duration;

use tokio_tungstenite::tungstenite::Message;

use super::SocketSettings;
use client::Client;
use server::Server;

mod client;
mod ending;
mod operating;
mod server;

/// How long a test waits for what must come.
const DEADLINE: Duration = Duration::from_secs(10);

/// Short enough to be waited for, long enough for a busy machine.
const SHORT: Duration = Duration::from_millis(400);

const INIT: &str = r#"{"type":"connection_init"}"#;
const ACK: &str = r#"{"type":"connection_ack"}"#;

/// Waits for it, with a deadline.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, what).await.expect("it comes in time")
}

fn subscribe(id: &str, query: &str) -> String {
    format!(r#"{{"id":"{id}","type":"subscribe","payload":{{"query":"{query}"}}}}"#)
}

fn complete(id: &str) -> String {
    format!(r#"{{"id":"{id}","type":"complete"}}"#)
}

fn next(id: &str, value: u32) -> String {
    format!(r#"{{"type":"next","id":"{id}","payload":{{"data":{{"value":{value}}}}}}}"#)
}

fn completed(id: &str) -> String {
    format!(r#"{{"type":"complete","id":"{id}"}}"#)
}

/// A socket past its acknowledgement.
async fn acknowledged(server: &Server) -> Client {
    let mut client = Client::connect(server).await;
    client.say(INIT).await;
    client.hears(ACK).await;
    client
}

fn binary() -> Message {
    Message::Binary(vec![1, 2, 3].into())
}

fn settings() -> SocketSettings {
    SocketSettings::default()
}
