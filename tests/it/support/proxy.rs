//! Counts the statements that pass between the program and PostgreSQL, on the wire.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::database::TestDb;

/// A proxy in front of a server; it ends with the runtime of its test.
pub struct StatementProxy {
    port: u16,
    count: Arc<AtomicUsize>,
}

impl StatementProxy {
    /// In front of `127.0.0.1:target`.
    async fn start(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", target)).await.expect("the server");
                tokio::spawn(forward(client, server, counted.clone()));
            }
        });
        Self { port, count }
    }

    /// In front of the server of a database, with the address that a login then takes.
    pub async fn before(db: &TestDb, login: &str) -> (Self, String) {
        let direct = db.tcp_url(login);
        let port = direct.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next()?.parse().ok()).expect("a port");
        let proxy = Self::start(port).await;
        // The proxy reads along, so nobody may ask for encryption.
        let through = direct.replace(&format!(":{port}/"), &format!(":{}/", proxy.port));
        (proxy, format!("{through}?sslmode=disable"))
    }

    /// Statements since the last call: simple queries and executions of prepared ones.
    pub fn take(&self) -> usize {
        self.count.swap(0, Ordering::SeqCst)
    }
}

/// What a replica does by itself from time to time; it belongs to no request.
const BY_ITSELF: &str = "access_changes";

/// Knows which prepared statements count.
#[derive(Default)]
struct Counter {
    by_itself: HashSet<Vec<u8>>,
    is_next_by_itself: bool,
}

impl Counter {
    /// How many statements a message brings.
    fn statements(&mut self, kind: Option<u8>, body: &[u8]) -> usize {
        let mut texts = body.split(|byte| *byte == 0);
        match kind {
            Some(b'P') => {
                let (name, query) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
                if String::from_utf8_lossy(query).contains(BY_ITSELF) {
                    self.by_itself.insert(name.to_vec());
                }
                0
            }
            Some(b'B') => {
                self.is_next_by_itself = texts.nth(1).is_some_and(|name| self.by_itself.contains(name));
                0
            }
            Some(b'E') if self.is_next_by_itself => 0,
            _ => statements(kind, body),
        }
    }
}

/// Executions and simple queries, which may hold several statements.
fn statements(kind: Option<u8>, body: &[u8]) -> usize {
    match kind {
        Some(b'E') => 1,
        Some(b'Q') => {
            let text = String::from_utf8_lossy(body);
            text.trim_end_matches('\0').split(';').filter(|statement| !statement.trim().is_empty()).count()
        }
        _ => 0,
    }
}

async fn forward(client: TcpStream, server: TcpStream, count: Arc<AtomicUsize>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    // The first message has no type; it is a length and that much more.
    let mut is_first = true;
    let mut counter = Counter::default();
    loop {
        let mut head = Vec::new();
        if !is_first {
            let Ok(kind) = from_client.read_u8().await else { return };
            head.push(kind);
        }
        is_first = false;
        let kind = head.first().copied();
        let Ok(length) = from_client.read_u32().await else { return };
        head.extend_from_slice(&length.to_be_bytes());
        let mut body = vec![0; usize::try_from(length).expect("a length") - 4];
        if from_client.read_exact(&mut body).await.is_err() {
            return;
        }
        count.fetch_add(counter.statements(kind, &body), Ordering::SeqCst);
        if to_server.write_all(&head).await.is_err() {
            return;
        }
        if to_server.write_all(&body).await.is_err() {
            return;
        }
    }
}
