//! The listener and its end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Takes the address; port 0 takes any free one.
///
/// # Errors
/// When the address is in use or not of this machine.
pub async fn bind(addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(addr).await?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

/// Serves until `drain`, then takes no new connection and lets requests in flight finish for at most `within`.
pub fn serve(
    listener: TcpListener,
    router: Router,
    drain: CancellationToken,
    within: Duration,
) -> impl Future<Output = io::Result<()>> + Send {
    // Without it a pushed frame waits for the acknowledgement of the one before, up to 40 ms.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = &error as &dyn std::error::Error, "no TCP_NODELAY");
        }
    });
    let stop = drain.clone();
    async move {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let graceful = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).into_future();
        let late = async {
            drain.cancelled().await;
            tokio::time::sleep(within).await;
        };
        tokio::select! {
            ended = graceful => ended,
            () = late => Ok(()),
        }
    }
}
