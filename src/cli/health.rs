//! `openslot health`: for container health checks, which have no other client.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::kernel::tls::{self, Trust};

/// Success when `/readyz` at this address answers 200 within 3 seconds.
pub(super) async fn ask(addr: SocketAddr, is_tls: bool) -> ExitCode {
    match tokio::time::timeout(Duration::from_secs(3), get(addr, is_tls)).await {
        Ok(Ok(answer)) if answer.starts_with("HTTP/1.1 200 ") => ExitCode::SUCCESS,
        _ => super::complain(&format!("{addr} is not ready"), 1),
    }
}

async fn get(addr: SocketAddr, is_tls: bool) -> io::Result<String> {
    let stream = TcpStream::connect(addr).await?;
    if !is_tls {
        return exchange(stream, addr).await;
    }
    // The certificate is for the name that clients know, and nothing secret is sent.
    let config = tls::client(Trust::Anybody).map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(config));
    exchange(connector.connect(ServerName::from(addr.ip()), stream).await?, addr).await
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, addr: SocketAddr) -> io::Result<String> {
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer).await?;
    Ok(answer)
}
