//! A connection whose first bytes have to come in time. Until it has read enough to tell HTTP/1.1 from HTTP/2, the server
//! has no deadline of its own; after that it has.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How HTTP/2 begins (RFC 9113, section 3.4). With all of it, or with the first byte that differs, the version is known.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Reads fail with `TimedOut` when the first bytes take too long.
pub(super) struct Greeting<S> {
    stream: S,
    /// How much of the preface has come, and until when the rest may; `None` once the version is known.
    waiting: Option<(usize, Pin<Box<Sleep>>)>,
}

impl<S> Greeting<S> {
    pub(super) fn within(stream: S, time: Duration) -> Self {
        Self { stream, waiting: Some((0, Box::pin(sleep(time)))) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Greeting<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        match (Pin::new(&mut this.stream).poll_read(cx, buf), &mut this.waiting) {
            (Poll::Pending, Some((_, deadline))) => {
                ready!(deadline.as_mut().poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            (Poll::Ready(Ok(())), Some((come, _))) => {
                let (read, rest) = (&buf.filled()[before..], &PREFACE[*come..]);
                *come += read.len();
                if read.len() >= rest.len() || !rest.starts_with(read) {
                    this.waiting = None;
                }
                Poll::Ready(Ok(()))
            }
            (read, _) => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Greeting<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
