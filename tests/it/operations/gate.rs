//! A door in front of a server: while it is shut, nothing passes and what was open is cut.

use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// A proxy that can be shut; it ends with the runtime of its test.
pub struct Gate {
    pub port: u16,
    state: Arc<Mutex<State>>,
}

struct State {
    is_open: bool,
    connections: CancellationToken,
}

impl Gate {
    /// Open, in front of `127.0.0.1:target`.
    pub async fn before(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(Mutex::new(State { is_open: true, connections: CancellationToken::new() }));
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let cut = {
                    let state = shared.lock().expect("a state");
                    state.is_open.then(|| state.connections.clone())
                };
                if let Some(cut) = cut {
                    tokio::spawn(pass(client, target, cut));
                }
            }
        });
        Self { port, state }
    }

    pub fn shut(&self) {
        let mut state = self.state.lock().expect("a state");
        state.is_open = false;
        state.connections.cancel();
    }

    pub fn open(&self) {
        let mut state = self.state.lock().expect("a state");
        *state = State { is_open: true, connections: CancellationToken::new() };
    }
}

async fn pass(mut client: TcpStream, target: u16, cut: CancellationToken) {
    let mut server = TcpStream::connect(("127.0.0.1", target)).await.expect("the server");
    tokio::select! {
        () = cut.cancelled() => {}
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
    }
}
