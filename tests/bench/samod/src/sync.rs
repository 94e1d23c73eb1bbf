//! One repository that has everything, and again and again a new one that wants it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use automerge::{Automerge, ROOT, ReadDoc, ScalarValueRef, ValueRef};
use futures::future::try_join_all;
use samod::{AcceptorHandle, BackoffConfig, DocHandle, DocumentId, Repo, ShareConfig, Transport};
use serde::Serialize;
use tokio::net::TcpListener;
use url::Url;

use crate::Refusal;
use crate::counted::{Counted, Counting};

/// Not everything was there by then: something is wrong.
const LONG: Duration = Duration::from_secs(300);

/// What was measured, in the median of all rounds.
#[derive(Serialize)]
pub(crate) struct Told {
    /// From the connection being made until every session was read.
    milliseconds: f64,
    /// Sessions that were read.
    sessions: usize,
    /// Documents that they lie in.
    documents: usize,
    /// Bytes that went to the new repository, over TCP.
    sent: u64,
    /// Bytes that came from it.
    received: u64,
}

/// One round.
struct Round {
    took: Duration,
    sent: u64,
    received: u64,
}

/// Measures so many rounds.
pub(crate) async fn measure(documents: Vec<Automerge>, rounds: usize) -> Result<Told, Refusal> {
    let sessions = documents.iter().map(|document| document.keys(ROOT).count()).sum();
    // The new one asks for each document by itself. Announced as well, which is the default, some of them cross twice, and all takes longer.
    let policy = ShareConfig::read_write().with_announce(false);
    let full = Repo::build_tokio().with_share_policy(policy).load().await;
    let handles: Vec<DocHandle> = try_join_all(documents.into_iter().map(|document| full.create(document))).await?;
    let ids: Vec<DocumentId> = handles.iter().map(|handle| handle.document_id().clone()).collect();
    let acceptor = full.make_acceptor(Url::parse("tcp://127.0.0.1")?)?;
    let mut all = Vec::new();
    for _ in 0..rounds {
        all.push(round(&acceptor, &ids, sessions).await?);
    }
    full.stop().await;
    all.sort_by_key(|round| round.took);
    let median = all.get(all.len() / 2).ok_or("no rounds")?;
    let milliseconds = median.took.as_secs_f64() * 1e3;
    Ok(Told { milliseconds, sessions, documents: ids.len(), sent: median.sent, received: median.received })
}

/// A new repository connects and reads everything.
async fn round(acceptor: &AcceptorHandle, ids: &[DocumentId], sessions: usize) -> Result<Round, Refusal> {
    let empty = Repo::build_tokio().load().await;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let [sent, received] = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));

    let start = Instant::now();
    let dialer = empty.dial(BackoffConfig::default(), Arc::new(Counting::new(address, received.clone())?))?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    acceptor.accept(Transport::from_tokio_io(Counted::new(stream, sent.clone())))?;
    dialer.established().await.map_err(|error| error.to_string())?;
    let found = try_join_all(ids.iter().map(|id| empty.find(id.clone()))).await?;
    let found: Vec<DocHandle> = found.into_iter().collect::<Option<_>>().ok_or("a document was not found")?;
    while found.iter().map(read).sum::<usize>() < sessions {
        if start.elapsed() > LONG {
            return Err("not all sessions came".into());
        }
        tokio::task::yield_now().await;
    }
    let took = start.elapsed();
    empty.stop().await;
    Ok(Round { took, sent: sent.load(Ordering::Relaxed), received: received.load(Ordering::Relaxed) })
}

/// Reads every session of a document; how many there are.
fn read(document: &DocHandle) -> usize {
    let is_session = |value: &ValueRef<'_>| matches!(value, ValueRef::Scalar(ScalarValueRef::Str(text)) if !text.is_empty());
    document.with_document(|document| document.map_range(ROOT, ..).filter(|item| is_session(&item.value)).count())
}
