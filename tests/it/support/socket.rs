//! A graphql-transport-ws client whose every wait has a deadline.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rustls::ClientConfig;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

/// Longest wait for anything that must come.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// One socket with one subscription, `id` "1".
pub struct Subscription {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Subscription {
    pub async fn open(addr: SocketAddr, token: Option<&str>, query: &str, variables: Value) -> Self {
        let mut this = Self::acknowledged(addr, token).await;
        let payload = json!({ "query": query, "variables": variables });
        this.send(json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
        this
    }

    /// A socket on which the server knows who asks, and nothing was asked yet.
    pub async fn acknowledged(addr: SocketAddr, token: Option<&str>) -> Self {
        let mut this = Self::connect(addr).await;
        let payload = token.map_or_else(|| json!({}), |token| json!({ "Authorization": format!("Bearer {token}") }));
        this.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(this.frame().await["type"], "connection_ack");
        this
    }

    /// A socket on which nothing was said yet.
    pub async fn connect(addr: SocketAddr) -> Self {
        Self::connect_as(addr, Some("graphql-transport-ws")).await
    }

    /// A socket with this subprotocol, or none.
    pub async fn connect_as(addr: SocketAddr, protocol: Option<&str>) -> Self {
        Self::try_connect(addr, protocol).await.expect("a socket")
    }

    /// A socket, or why there is none.
    pub async fn try_connect(addr: SocketAddr, protocol: Option<&str>) -> Result<Self, Error> {
        let protocol = protocol.map(|protocol| ("sec-websocket-protocol", protocol));
        Self::try_with(addr, protocol.as_slice()).await
    }

    /// A socket over TLS on which nothing was said yet; a full name of the server, and whom to believe it.
    pub async fn over_tls(addr: SocketAddr, tls: Arc<ClientConfig>) -> Result<Self, Error> {
        let mut request = format!("wss://{addr}/graphql").into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
        let stream = TcpStream::connect(addr).await?;
        let connecting = client_async_tls_with_config(request, stream, None, Some(Connector::Rustls(tls)));
        Ok(Self { socket: timeout(DEADLINE, connecting).await.expect("in time")?.0 })
    }

    /// A socket that is asked for with these headers, or why there is none.
    pub async fn try_with(addr: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        let mut request = format!("ws://{addr}/graphql").into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().expect("a header"));
        }
        let connected = timeout(DEADLINE, tokio_tungstenite::connect_async(request)).await;
        Ok(Self { socket: connected.expect("in time")?.0 })
    }

    pub async fn send(&mut self, frame: Value) {
        let sent = timeout(DEADLINE, self.socket.send(Message::text(frame.to_string()))).await;
        sent.expect("in time").expect("the socket takes it");
    }

    /// The next frame that is no ping.
    pub async fn frame(&mut self) -> Value {
        match self.message().await {
            Ok(frame) => frame,
            Err(close) => panic!("closed: {close:?}"),
        }
    }

    /// The next frame, or how the socket was closed.
    pub async fn message(&mut self) -> Result<Value, Option<CloseFrame>> {
        self.text().await.map(|text| serde_json::from_str(&text).expect("JSON"))
    }

    /// The next frame as it was sent: the order of keys is lost in a `Value`.
    pub async fn text(&mut self) -> Result<String, Option<CloseFrame>> {
        loop {
            let message = timeout(DEADLINE, self.socket.next()).await.expect("a frame in time");
            match message {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).expect("JSON");
                    if frame["type"] != "ping" {
                        return Ok(text.to_string());
                    }
                    self.send(json!({ "type": "pong" })).await;
                }
                Some(Ok(Message::Close(frame))) => return Err(frame),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The code with which the server closes.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            match self.message().await {
                Ok(_) => {}
                Err(close) => return close.map_or(1006, |frame| frame.code.into()),
            }
        }
    }

    /// The data of the next item, below the subscription's field.
    pub async fn next(&mut self, field: &str) -> Value {
        let frame = self.frame().await;
        assert_eq!(frame["type"], "next", "{frame}");
        assert!(frame["payload"].get("errors").is_none(), "{frame}");
        frame["payload"]["data"][field].clone()
    }
}
