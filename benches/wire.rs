//! One keep-alive connection on which one request is in flight at a time, and nothing else takes time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use serde_json::Value;

/// A request to `/graphql` as it goes over the wire.
#[derive(Clone)]
pub struct Request(Vec<u8>);

/// How long the answer took in microseconds, its status and its body.
pub struct Timed {
    pub micros: f64,
    pub status: u16,
    pub body: Vec<u8>,
}

/// The connection.
pub struct Wire {
    write: TcpStream,
    read: BufReader<TcpStream>,
}

impl Request {
    pub fn new(token: Option<&str>, query: &str, variables: &Value) -> Self {
        Self::by(token, &serde_json::json!({ "query": query, "variables": variables }))
    }

    /// Of nobody in particular, with a body of whatever form.
    pub fn of(body: &Value) -> Self {
        Self::by(None, body)
    }

    fn by(token: Option<&str>, body: &Value) -> Self {
        let body = body.to_string();
        let bearer = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let head = "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
        Self(format!("{head}{bearer}content-length: {}\r\n\r\n{body}", body.len()).into_bytes())
    }
}

impl Wire {
    pub fn open(addr: SocketAddr) -> Self {
        let write = TcpStream::connect(addr).expect("a connection");
        write.set_nodelay(true).expect("no delay");
        let read = BufReader::with_capacity(1 << 18, write.try_clone().expect("the same connection"));
        Self { write, read }
    }

    /// Sends a request and takes the time until the whole answer is there.
    pub fn ask(&mut self, request: &Request) -> Timed {
        let began = Instant::now();
        self.write.write_all(&request.0).expect("the request is sent");
        let (status, body) = self.answer();
        Timed { micros: began.elapsed().as_secs_f64() * 1e6, status, body }
    }

    fn answer(&mut self) -> (u16, Vec<u8>) {
        let mut first = String::new();
        self.read.read_line(&mut first).expect("a line");
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut length = None;
        loop {
            let mut line = String::new();
            self.read.read_line(&mut line).expect("a line");
            assert!(!line.is_empty(), "the connection was closed");
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            let field = line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            length = field.map(|(_, value)| value.trim().parse().expect("a length")).or(length);
        }
        let mut body = vec![0; length.expect("an answer says how long it is")];
        self.read.read_exact(&mut body).expect("a body");
        (status.expect("a status"), body)
    }
}
