//! A client that checks nothing by itself.

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::server::Server;
use super::{INIT, soon};

pub(super) struct Client {
    pub(super) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The subprotocol the server agreed on.
    pub(super) subprotocol: Option<String>,
}

impl Client {
    pub(super) async fn connect(server: &Server) -> Self {
        Self::offering(server, Some("graphql-transport-ws")).await.expect("the upgrade succeeds")
    }

    pub(super) async fn offering(server: &Server, subprotocols: Option<&'static str>) -> Result<Self, Error> {
        let mut request = format!("ws://{}/", server.address).into_client_request().expect("a fine address");
        if let Some(subprotocols) = subprotocols {
            request.headers_mut().insert("sec-websocket-protocol", subprotocols.parse().expect("a fine header"));
        }
        let (socket, response) = soon(connect_async(request)).await?;
        let subprotocol = response.headers().get("sec-websocket-protocol");
        Ok(Self { socket, subprotocol: subprotocol.map(|name| name.to_str().expect("text").to_owned()) })
    }

    /// Offers a subprotocol and takes an upgrade that does not agree on it, which `connect_async` refuses to.
    pub(super) async fn unchecked(server: &Server, subprotocol: &str) -> Self {
        let mut stream = TcpStream::connect(server.address).await.expect("the server listens");
        let request = format!(
            "GET / HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: {subprotocol}\r\n\r\n"
        );
        soon(stream.write_all(request.as_bytes())).await.expect("the server reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon(stream.read_u8()).await.expect("the server answers"));
        }
        let head = String::from_utf8(head).expect("text");
        assert!(head.starts_with("HTTP/1.1 101") && !head.contains("sec-websocket-protocol"), "{head}");
        let stream = MaybeTlsStream::Plain(stream);
        let socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
        Self { socket, subprotocol: None }
    }

    pub(super) async fn init_as(&mut self, token: &str) {
        let payload = format!(r#","payload":{{"Authorization":"Bearer {token}"}}}}"#);
        self.say(&INIT.replace('}', &payload)).await;
    }

    pub(super) async fn say(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    pub(super) async fn send(&mut self, message: Message) {
        soon(self.socket.send(message)).await.expect("the socket is open");
    }

    /// The next message that is not a control frame of WebSocket.
    pub(super) async fn hear(&mut self) -> Message {
        loop {
            match soon(self.socket.next()).await.expect("the socket is open").expect("the socket is whole") {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    pub(super) async fn hears(&mut self, text: &str) {
        assert_eq!(self.hear().await, Message::text(text));
    }

    /// Expects the server's close frame and then the end of the connection.
    pub(super) async fn is_closed(&mut self, code: u16, reason: &str) {
        let message = self.hear().await;
        let expected = CloseFrame { code: code.into(), reason: reason.into() };
        assert_eq!(message, Message::Close(Some(expected)));
        assert!(soon(self.socket.next()).await.is_none(), "the connection ends");
    }
}
