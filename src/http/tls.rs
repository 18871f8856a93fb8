//! TLS on the main address. A handshake has a task and a deadline of its own, and the oldest gives way to the newest: who
//! is slow at it keeps nobody waiting, however many they are.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::Tls;
use crate::kernel::tls::provider;

/// Handshakes under way at most; one more ends the oldest.
const MOST_HANDSHAKES: usize = 256;
/// Longest handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Which of the two files is at fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TlsError {
    /// No certificate, or none that can be used.
    #[error("HTTP_TLS_CERT_FILE must name a PEM of a certificate, followed by those between it and its root")]
    Certificate,
    /// No key, or the key of another certificate.
    #[error("HTTP_TLS_KEY_FILE must name a PEM of the private key of the certificate in HTTP_TLS_CERT_FILE")]
    Key,
}

/// TLS 1.2 and 1.3 with this certificate, for HTTP/2 and HTTP/1.1.
///
/// # Errors
/// Names the file that is at fault.
pub fn acceptor(tls: &Tls) -> Result<TlsAcceptor, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(tls.certificate.expose().as_bytes()).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(TlsError::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(tls.key.expose().as_bytes()).map_err(|_| TlsError::Key)?;
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| TlsError::Key)?.with_no_client_auth();
    let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
        rustls::Error::InvalidCertificate(_) => TlsError::Certificate,
        _ => TlsError::Key,
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Hands out connections whose handshake is done. Dropped, it ends the handshakes that are not.
pub(super) struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
    /// Those that are not done, oldest first, and some that are.
    under_way: VecDeque<AbortHandle>,
}

impl TlsListener {
    pub(super) fn new(tcp: TcpListener, acceptor: TlsAcceptor) -> Self {
        Self { tcp, acceptor, handshakes: JoinSet::new(), under_way: VecDeque::new() }
    }

    fn begin(&mut self, stream: TcpStream, from: SocketAddr) {
        self.under_way.retain(|handshake| !handshake.is_finished());
        if self.under_way.len() >= MOST_HANDSHAKES
            && let Some(oldest) = self.under_way.pop_front()
        {
            oldest.abort();
        }
        let handshake = self.handshakes.spawn(shake_hands(self.acceptor.clone(), stream, from));
        self.under_way.push_back(handshake);
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            tokio::select! {
                Some(ended) = self.handshakes.join_next() => {
                    if let Ok(Some(accepted)) = ended {
                        return accepted;
                    }
                }
                (stream, from) = Listener::accept(&mut self.tcp) => self.begin(stream, from),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

async fn shake_hands(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    from: SocketAddr,
) -> Option<(TlsStream<TcpStream>, SocketAddr)> {
    match timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some((stream, from)),
        Ok(Err(error)) => {
            tracing::debug!(peer.address = %from.ip(), error = &error as &dyn std::error::Error, "no TLS handshake");
            None
        }
        Err(_) => {
            tracing::debug!(peer.address = %from.ip(), "no TLS handshake in time");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use futures_util::FutureExt;
    use rcgen::{CertificateParams, KeyPair};

    use super::*;
    use crate::config::Secret;

    fn pem() -> Tls {
        let key = KeyPair::generate().expect("a key");
        let parameters = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        Tls { certificate: Secret::new(certificate.pem()), key: Secret::new(key.serialize_pem()) }
    }

    #[tokio::test(start_paused = true)]
    async fn handshakes_are_bounded_in_number_and_in_time() {
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = tcp.local_addr().expect("an address");
        let mut listener = TlsListener::new(tcp, acceptor(&pem()).expect("a certificate with its key"));
        let mut silent = Vec::new();
        for _ in 0..=MOST_HANDSHAKES {
            // Not tokio's: while nothing but the network is waited for, the clock of this test would run.
            silent.push(std::net::TcpStream::connect(addr).expect("a connection"));
            tokio::task::yield_now().await;
            assert!(listener.accept().now_or_never().is_none());
        }
        assert_eq!(listener.under_way.len(), MOST_HANDSHAKES);
        tokio::task::yield_now().await;
        let oldest = silent.first_mut().expect("the first");
        oldest.set_read_timeout(Some(HANDSHAKE)).expect("a limit");
        assert_eq!(oldest.read(&mut [0]).expect("it is closed"), 0, "the oldest gave way to the newest");
        // The others have had their time.
        assert!(timeout(HANDSHAKE * 2, listener.accept()).await.is_err());
        assert_eq!(listener.handshakes.len(), 0);
    }

    #[test]
    fn file_at_fault_is_named() {
        let (good, other) = (pem(), pem());
        let mix = |certificate: &Secret, key: &Secret| {
            acceptor(&Tls { certificate: certificate.clone(), key: key.clone() }).map(drop)
        };
        let nonsense = Secret::new("nonsense");
        assert_eq!(mix(&good.certificate, &good.key), Ok(()));
        assert_eq!(mix(&nonsense, &good.key), Err(TlsError::Certificate));
        assert_eq!(mix(&good.key, &good.key), Err(TlsError::Certificate));
        assert_eq!(mix(&good.certificate, &nonsense), Err(TlsError::Key));
        assert_eq!(mix(&good.certificate, &other.key), Err(TlsError::Key));
        assert_eq!(mix(&good.certificate, &good.certificate), Err(TlsError::Key));
    }
}
