//! A Redis server of a test's own, on a free port, without files; it ends with the value.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, interval, timeout_at};

/// Ports that a test of this process has looked at: no two tests take the same.
static TRIED: AtomicU16 = AtomicU16::new(0);

/// The server, or the place where it was.
pub(crate) struct RedisServer {
    port: u16,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts one and waits until it takes connections; `None` when no `redis-server` is installed.
    pub async fn start() -> Option<Self> {
        // Below the range of ephemeral ports, so that nobody takes it while the server is restarted.
        let from = u16::try_from(std::process::id() % 8_000).ok()? + 21_000;
        let mut ports = std::iter::from_fn(|| Some(from + TRIED.fetch_add(1, Ordering::Relaxed))).take(1_000);
        let port = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())?;
        let mut server = Self { port, child: None };
        server.restart().await.then_some(server)
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops it from answering, or lets it go on: its sockets stay open.
    pub fn stall(&self, is_stalled: bool) -> bool {
        let signal = if is_stalled { "-STOP" } else { "-CONT" };
        let id = self.child.as_ref().map(|child| child.id().to_string());
        let kill = |id: String| Command::new("sh").args(["-c", "kill \"$@\"", "sh", signal, &id]).status();
        id.is_some_and(|id| kill(id).is_ok_and(|status| status.success()))
    }

    /// Starts it again on its port; whether it takes connections within ten seconds.
    pub async fn restart(&mut self) -> bool {
        self.kill();
        let port = self.port.to_string();
        let settings = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let child = Command::new("redis-server").args(settings).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.child = child.ok();
        if self.child.is_none() {
            return false;
        }
        let answers = async {
            let mut again = interval(Duration::from_millis(20));
            while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                again.tick().await;
            }
        };
        timeout_at(Instant::now() + Duration::from_secs(10), answers).await.is_ok()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
