//! How a mailbox is, in numbers, for whoever runs it: text as Prometheus reads it (exposition format 0.0.4), on an address of this machine alone.
//!
//! Numbers of the whole mailbox and of nobody in it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::mailbox::Mailbox;

/// Who asks has so long to do so.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a question at most.
const MAX_ASKED: usize = 8 << 10;

/// As above.
pub(super) struct Metrics(Option<TcpListener>);

impl Metrics {
    /// Listens there, if anywhere.
    pub(super) async fn open(address: Option<SocketAddr>) -> io::Result<Self> {
        Ok(Self(match address {
            Some(address) => Some(TcpListener::bind(address).await?),
            None => None,
        }))
    }

    /// Where it listens.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.0.as_ref()?.local_addr().ok()
    }

    /// Whoever asks next.
    pub(super) async fn asked(&self) -> TcpStream {
        loop {
            match &self.0 {
                Some(listener) => match listener.accept().await {
                    Ok((stream, _)) => return stream,
                    Err(error) => {
                        tracing::warn!(%error, "nobody can ask how it is just now");
                        tokio::time::sleep(PATIENCE).await;
                    }
                },
                None => return std::future::pending().await,
            }
        }
    }

    /// Answers beside everything else.
    pub(super) fn answer(&self, stream: TcpStream, core: &Mailbox) {
        let text = text(core);
        tokio::spawn(async move {
            if timeout(PATIENCE, reply(stream, &text)).await.is_err() {
                tracing::debug!("whoever asked how it is was too slow");
            }
        });
    }
}

async fn reply(mut stream: TcpStream, text: &str) -> io::Result<()> {
    let mut asked = Vec::new();
    while !asked.windows(4).any(|end| end == b"\r\n\r\n") && asked.len() < MAX_ASKED {
        let mut more = [0; 1024];
        let read = stream.read(&mut more).await?;
        if read == 0 {
            return Ok(());
        }
        asked.extend(more.iter().take(read));
    }
    let (status, body) = match asked.starts_with(b"GET /metrics ") {
        true => ("200 OK", text),
        false => ("404 Not Found", "see /metrics\n"),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await?;
    stream.shutdown().await
}

fn text(core: &Mailbox) -> String {
    let (counts, (visitors, queues)) = (core.counts(), core.looks());
    let rows = [
        ("asif_mailbox_connections", "gauge", "Connections that are open now.", visitors as u64),
        ("asif_mailbox_queues", "gauge", "Queues that somebody looks at now.", queues as u64),
        ("asif_mailbox_connections_total", "counter", "Connections that came.", counts.visitors),
        ("asif_mailbox_entries_stored_total", "counter", "Entries that were stored and acknowledged.", counts.entries),
        ("asif_mailbox_bytes_stored_total", "counter", "Bytes of objects that were stored.", counts.bytes),
        ("asif_mailbox_entries_given_total", "counter", "Entries that were given.", counts.given),
        ("asif_mailbox_unwilling_total", "counter", "What was not done: no room, no proof, too fast.", counts.unwilling),
        ("asif_mailbox_store_errors_total", "counter", "What the store did not do.", counts.failures),
    ];
    rows.iter().map(|(name, kind, help, value)| format!("# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_tells_numbers_and_nothing_else() {
        let metrics = Metrics::open(Some("127.0.0.1:0".parse().unwrap())).await.unwrap();
        let core = Mailbox::new(false, [0; 8]);
        for (asked, status) in [("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK"), ("GET / HTTP/1.1\r\n\r\n", "404 Not Found")] {
            let mut stream = TcpStream::connect(metrics.address().unwrap()).await.unwrap();
            stream.write_all(asked.as_bytes()).await.unwrap();
            metrics.answer(metrics.asked().await, &core);
            let mut told = String::new();
            stream.read_to_string(&mut told).await.unwrap();
            assert!(told.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{told}");
            assert_eq!(told.contains("asif_mailbox_entries_stored_total 0\n"), status == "200 OK");
        }
    }
}
