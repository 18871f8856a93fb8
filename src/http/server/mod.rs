//! The listener and its end: HTTP/1.1 and HTTP/2 on one port, over TLS or without. How many connections there are is
//! bounded, and so is the time a client may take to say what it wants.

mod greeting;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::{Listener, ListenerExt};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::Service;

use self::greeting::Greeting;
use super::tls::TlsListener;

/// Requests of one HTTP/2 connection at a time.
const MOST_STREAMS: u32 = 100;
/// Bytes of the headers of one request.
const MOST_HEADER_BYTES: u32 = 16 << 10;
/// Bytes that are read ahead of an HTTP/1.1 connection, and the most that its headers may have.
const MOST_BUFFERED: usize = 64 << 10;
/// An HTTP/2 connection that is silent for so long is pinged, and closed when it is silent for so long again.
const SILENCE: Duration = Duration::from_secs(20);
/// Connections beyond the bound that are told so at a time; others are just closed.
const MOST_TURNED_AWAY: usize = 64;
const TURNED_AWAY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// What the listener takes.
#[derive(Clone, Copy, Debug)]
pub struct ServerSettings {
    /// Connections at a time, open sockets included.
    pub connections: usize,
    /// How long the headers of a request may take, and a connection without a request may stay.
    pub headers: Duration,
    /// How long requests in flight may take after a drain has begun.
    pub drain: Duration,
}

/// Counts among the connections for as long as it is held. What outlives the connection, as a socket does, keeps a copy.
#[derive(Clone)]
pub struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
}

impl Place {
    fn of(permit: OwnedSemaphorePermit) -> Self {
        Self { _permit: Arc::new(permit) }
    }

    /// One of any number.
    #[cfg(test)]
    pub(super) fn any() -> Option<Self> {
        Arc::new(Semaphore::new(1)).try_acquire_owned().ok().map(Self::of)
    }
}

/// Takes the address; port 0 takes any free one.
///
/// # Errors
/// When the address is in use or not of this machine.
pub async fn bind(addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(addr).await?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

/// Serves until `drain`, then takes no new connection and lets requests in flight finish within their time. With `tls` it
/// speaks nothing else.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    settings: ServerSettings,
    drain: CancellationToken,
) {
    let server = Server::new(router, settings, tls.is_some());
    match tls {
        None => server.run(listener.tap_io(|stream| no_delay(stream)), drain).await,
        Some(tls) => {
            let listener = TlsListener::new(listener, tls).tap_io(|stream| no_delay(stream.get_ref().0));
            server.run(listener, drain).await;
        }
    }
}

struct Server {
    router: Router,
    settings: ServerSettings,
    http: Builder<TokioExecutor>,
    graceful: GracefulShutdown,
    /// Dropped, it ends every connection.
    connections: JoinSet<()>,
    places: Arc<Semaphore>,
    turned_away: Arc<Semaphore>,
    is_tls: bool,
}

impl Server {
    fn new(router: Router, settings: ServerSettings, is_tls: bool) -> Self {
        Self {
            router,
            settings,
            http: http(&settings),
            graceful: GracefulShutdown::new(),
            connections: JoinSet::new(),
            places: Arc::new(Semaphore::new(settings.connections)),
            turned_away: Arc::new(Semaphore::new(MOST_TURNED_AWAY)),
            is_tls,
        }
    }

    async fn run<L>(mut self, mut listener: L, drain: CancellationToken)
    where
        L: Listener<Addr = SocketAddr>,
        L::Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        loop {
            tokio::select! {
                (stream, from) = listener.accept() => self.take(stream, from),
                Some(_) = self.connections.join_next() => {}
                () = drain.cancelled() => break,
            }
        }
        drop(listener);
        let mut connections = self.connections;
        let ended = async {
            self.graceful.shutdown().await;
            while connections.join_next().await.is_some() {}
        };
        if timeout(self.settings.drain, ended).await.is_err() {
            tracing::warn!("connections were ended with requests in flight");
        }
    }

    fn take<S>(&mut self, stream: S, from: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Ok(permit) = self.places.clone().try_acquire_owned() else {
            tracing::warn!(peer.address = %from.ip(), "too many connections: one was turned away");
            // Over TLS it may be waiting for HTTP/2.
            if !self.is_tls
                && let Ok(permit) = self.turned_away.clone().try_acquire_owned()
            {
                self.connections.spawn(turn_away(stream, permit));
            }
            return;
        };
        let place = Place::of(permit);
        let router = self.router.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(from));
            request.extensions_mut().insert(place.clone());
            router.clone().call(request)
        });
        let io = TokioIo::new(Greeting::within(stream, self.settings.headers));
        let connection = self.http.serve_connection_with_upgrades(io, service).into_owned();
        let connection = self.graceful.watch(connection);
        self.connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = &*error as &dyn std::error::Error, "connection ended");
            }
        });
    }
}

fn http(settings: &ServerSettings) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(settings.headers).max_buf_size(MOST_BUFFERED);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(MOST_HEADER_BYTES)
        .keep_alive_interval(SILENCE)
        .keep_alive_timeout(SILENCE);
    http
}

/// Says that there is no place, and waits a moment for the client to read it.
async fn turn_away<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, _permit: OwnedSemaphorePermit) {
    let telling = async {
        stream.write_all(TURNED_AWAY).await?;
        stream.shutdown().await?;
        // Closed with unread bytes, the connection would be reset, and the answer might never be read.
        while stream.read(&mut [0; 512]).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(Duration::from_secs(1), telling).await;
}

/// Without it a pushed frame waits for the acknowledgement of the one before, up to 40 ms.
fn no_delay(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = &error as &dyn std::error::Error, "no TCP_NODELAY");
    }
}
