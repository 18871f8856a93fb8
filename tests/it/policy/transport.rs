//! The ways to ask. A new transport is a new variant, and the matrix asks everything through it too.

use serde_json::{Value, json};

use super::world::Person;
use crate::support::{Client, Subscription};

/// How an operation gets to the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    Post,
    WebSocket,
    /// Queries in the URL.
    Get,
}

impl Transport {
    pub const ALL: [Self; 3] = [Self::Post, Self::WebSocket, Self::Get];

    /// Whether it takes such an operation at all.
    pub fn takes(self, document: &str) -> bool {
        self != Self::Get || document.starts_with("query")
    }

    /// A connection of a person.
    pub async fn open(self, client: &Client, person: &Person) -> Line {
        let token = person.token().map(str::to_owned);
        match self {
            Self::Post => Line::Post(client.clone(), token),
            Self::Get => Line::Get(client.clone(), token),
            Self::WebSocket => {
                Line::WebSocket(Box::new(Subscription::acknowledged(client.addr, token.as_deref()).await), 0)
            }
        }
    }
}

/// An open connection.
pub enum Line {
    Post(Client, Option<String>),
    Get(Client, Option<String>),
    /// A socket, and how much was asked on it.
    WebSocket(Box<Subscription>, usize),
}

impl Line {
    /// The whole answer: `data`, `errors`, `extensions`.
    pub async fn ask(&mut self, document: &str, variables: &Value) -> Value {
        let payload = json!({ "query": document, "variables": variables });
        match self {
            Self::Post(client, token) => client.post(token.as_deref(), &payload).await.body,
            Self::Get(client, token) => client.get(token.as_deref(), document, variables).await.body,
            Self::WebSocket(socket, asked) => {
                *asked += 1;
                let id = asked.to_string();
                socket.send(json!({ "id": id, "type": "subscribe", "payload": payload })).await;
                single(socket, &id).await
            }
        }
    }
}

/// The one result of a query or mutation, and nothing after it.
async fn single(socket: &mut Subscription, id: &str) -> Value {
    let frame = socket.frame().await;
    assert_eq!(frame["id"], id, "{frame}");
    if frame["type"] == "error" {
        return json!({ "errors": frame["payload"] });
    }
    assert_eq!(frame["type"], "next", "{frame}");
    assert_eq!(socket.frame().await, json!({ "id": id, "type": "complete" }));
    frame["payload"].clone()
}
