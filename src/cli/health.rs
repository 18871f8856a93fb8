//! `openslot health`: for container health checks, which have no other client.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Success when `/readyz` at this address answers 200 within 3 seconds.
pub(super) async fn ask(addr: SocketAddr) -> ExitCode {
    match tokio::time::timeout(Duration::from_secs(3), get(addr)).await {
        Ok(Ok(answer)) if answer.starts_with("HTTP/1.1 200 ") => ExitCode::SUCCESS,
        _ => super::complain(&format!("{addr} is not ready"), 1),
    }
}

async fn get(addr: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer).await?;
    Ok(answer)
}
