//! A connection that counts what is sent over it.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use samod::{DialError, Dialer, Transport};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use url::Url;

/// Dials over TCP, and counts what is sent then.
pub(crate) struct Counting {
    address: SocketAddr,
    url: Url,
    sent: Arc<AtomicU64>,
}

impl Counting {
    /// Dials `address`, and adds what is sent to `sent`.
    pub(crate) fn new(address: SocketAddr, sent: Arc<AtomicU64>) -> Result<Self, url::ParseError> {
        Ok(Self { address, url: Url::parse(&format!("tcp://{address}"))?, sent })
    }
}

impl Dialer for Counting {
    type Error = Infallible;

    fn url(&self) -> Url {
        self.url.clone()
    }

    fn connect(&self) -> BoxFuture<'static, Result<Transport, DialError<Infallible>>> {
        let (address, sent) = (self.address, self.sent.clone());
        async move {
            let stream = TcpStream::connect(address).await.map_err(DialError::transient)?;
            stream.set_nodelay(true).map_err(DialError::transient)?;
            Ok(Transport::from_tokio_io(Counted::new(stream, sent)))
        }
        .boxed()
    }
}

/// A connection, and how many bytes went out of it.
pub(crate) struct Counted {
    stream: TcpStream,
    sent: Arc<AtomicU64>,
}

impl Counted {
    /// Adds what is sent over `stream` to `sent`.
    pub(crate) fn new(stream: TcpStream, sent: Arc<AtomicU64>) -> Self {
        Self { stream, sent }
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = &written {
            self.sent.fetch_add(*count as u64, Ordering::Relaxed);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
