//! The listener and its end.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::{Listener, ListenerExt, TapIo};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::tls::TlsListener;

/// Takes the address; port 0 takes any free one.
///
/// # Errors
/// When the address is in use or not of this machine.
pub async fn bind(addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(addr).await?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

/// Serves until `drain`, then takes no new connection and lets requests in flight finish for at most `within`. With
/// `tls` it speaks nothing else.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    drain: CancellationToken,
    within: Duration,
) -> io::Result<()> {
    match tls {
        None => until_drained(listener.tap_io(|stream| no_delay(stream)), router, drain, within).await,
        Some(tls) => {
            let listener = TlsListener::new(listener, tls).tap_io(|stream| no_delay(stream.get_ref().0));
            until_drained(listener, router, drain, within).await
        }
    }
}

async fn until_drained<L, F>(
    listener: TapIo<L, F>,
    router: Router,
    drain: CancellationToken,
    within: Duration,
) -> io::Result<()>
where
    L: Listener<Addr = SocketAddr>,
    F: FnMut(&mut L::Io) + Send + 'static,
{
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let stop = drain.clone().cancelled_owned();
    let graceful = axum::serve(listener, service).with_graceful_shutdown(stop).into_future();
    let late = async {
        drain.cancelled().await;
        tokio::time::sleep(within).await;
    };
    tokio::select! {
        ended = graceful => ended,
        () = late => Ok(()),
    }
}

/// Without it a pushed frame waits for the acknowledgement of the one before, up to 40 ms.
fn no_delay(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = &error as &dyn std::error::Error, "no TCP_NODELAY");
    }
}
