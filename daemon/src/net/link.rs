//! The life of one link, from the end of its handshake: one task, reading and writing at the same time.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;

use asif_proto::frame::Frame;
use asif_proto::id::LinkKey;
use quinn::{Connection, ConnectionError, RecvStream, SendStream, Side, StoppedError, VarInt, WriteError};
use rustls::pki_types::CertificateDer;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::{sleep, timeout};
use tokio::{select, try_join};

use super::gate::Standing;
use super::key::from_spki;
use super::links::Inbox;
use super::queue::{QueueRx, Queued};
use super::reason::{CloseReason, Closed};
use super::shared::{Outlet, Shared};
use super::stream::{self, Unread};
use super::transport::{FAREWELL_LIMIT, FLUSH_LIMIT, FRAME_LIMIT, HELLO_LIMIT, KNOWN_WINDOW, MAX_STREAMS};
use super::{Event, Exporter, LinkId};

/// A connection whose handshake is done, and what the handshake proved.
pub(super) struct Met {
    pub(super) connection: Connection,
    pub(super) peer: LinkKey,
    exporter: Exporter,
}

impl Met {
    /// `None` where the connection has no raw public key or exporter, which the TLS configuration rules out.
    pub(super) fn new(connection: Connection) -> Option<Self> {
        let chain = connection.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
        let peer = from_spki(chain.first()?)?;
        let mut exporter = [0; 32];
        connection.export_keying_material(&mut exporter, EXPORTER_LABEL, b"").ok()?;
        Some(Self { connection, peer, exporter: Exporter(exporter) })
    }
}

/// Announces a link, runs it to its end, and says how it ended; by then its number and its `place` are free again.
pub(super) async fn live(shared: Arc<Shared>, link: LinkId, met: Met, inbox: Inbox, place: Option<OwnedSemaphorePermit>) {
    let Met { connection, peer, exporter } = met;
    let known = shared.gate.standing(&peer) == Some(Standing::Known);
    if known {
        connection.set_receive_window(VarInt::from_u32(KNOWN_WINDOW));
    }
    let (address, incoming) = (address(&connection), connection.side() == Side::Server);
    tracing::debug!(link = link.0, incoming, known, "link opened");
    shared.outlet.send(Event::Opened { link, peer, address, incoming, known, exporter }).await;
    let reason = run(link, &connection, inbox, &shared.outlet).await;
    tracing::debug!(link = link.0, ?reason, "link closed");
    shared.links.forget(link);
    drop(place);
    shared.outlet.send(Event::Closed { link, reason }).await;
}

/// Closes `connection` with the code and the word of `reason`.
pub(super) fn close(connection: &Connection, reason: CloseReason) -> Closed {
    connection.close(reason.code(), reason.word().as_bytes());
    Closed::Here(reason)
}

async fn run(link: LinkId, connection: &Connection, inbox: Inbox, outlet: &Outlet) -> Closed {
    let Inbox { queue, order } = inbox;
    let (hand_over, control) = oneshot::channel();
    let mut order = pin!(async { order.await.unwrap_or(CloseReason::Done) });
    let mut writing = pin!(write(connection, queue, hand_over));
    let mut reading = pin!(read(link, connection, control, outlet));
    let reason = select! {
        biased;
        reason = &mut order => reason,
        // The queue ends only when the link was told to close.
        () = &mut writing => return close(connection, order.await),
        end = &mut reading => return match end {
            Ok(error) => Closed::from_error(&error),
            Err(reason) => close(connection, reason),
        },
    };
    if reason.flushes() {
        // The reading half stays, unread: dropping it would tell the other end to stop sending before it hears why.
        let _ = timeout(FLUSH_LIMIT, async {
            select! { () = &mut writing => {}, _ = connection.closed() => {} }
        })
        .await;
    }
    close(connection, reason)
}

/// Sends what is queued; ends when the queue has ended and the other end has everything.
///
/// After an error it waits for ever: the reading half learns the same, once it has read what came before.
async fn write(connection: &Connection, queue: QueueRx, hand_over: oneshot::Sender<RecvStream>) {
    if try_join!(write_control(connection, queue.control, hand_over), write_bulk(connection, queue.bulk)).is_err() {
        std::future::pending::<()>().await;
    }
}

async fn write_control(
    connection: &Connection,
    mut frames: UnboundedReceiver<Queued<Frame>>,
    hand_over: oneshot::Sender<RecvStream>,
) -> Result<(), WriteError> {
    let (mut control, receive) = match connection.side() {
        Side::Client => connection.open_bi().await?,
        Side::Server => connection.accept_bi().await?,
    };
    // It fails only on a stream that is closed, and then the first write says so.
    let _ = control.set_priority(1);
    let _ = hand_over.send(receive);
    while let Some(queued) = frames.recv().await {
        stream::write(&mut control, &queued.item).await?;
    }
    arrived(control).await
}

async fn write_bulk(connection: &Connection, mut bulk: UnboundedReceiver<Queued<Vec<Frame>>>) -> Result<(), WriteError> {
    let mut under_way = VecDeque::new();
    while let Some(queued) = bulk.recv().await {
        let mut stream = connection.open_uni().await?;
        for frame in &queued.item {
            stream::write(&mut stream, frame).await?;
        }
        let _ = stream.finish();
        under_way.push_back(stream);
        if under_way.len() >= MAX_STREAMS as usize
            && let Some(oldest) = under_way.pop_front()
        {
            arrived(oldest).await?;
        }
    }
    for stream in under_way {
        arrived(stream).await?;
    }
    Ok(())
}

/// Finishes `stream` and waits until the other end has all of it.
async fn arrived(mut stream: SendStream) -> Result<(), WriteError> {
    let _ = stream.finish();
    match stream.stopped().await {
        Ok(_) => Ok(()),
        Err(StoppedError::ConnectionLost(error)) => Err(WriteError::ConnectionLost(error)),
        Err(StoppedError::ZeroRttRejected) => Err(WriteError::ZeroRttRejected),
    }
}

/// Passes up what comes in. `Ok`: the connection ended, and everything that came before was read. `Err`: this end has to close it.
async fn read(
    link: LinkId,
    connection: &Connection,
    control: oneshot::Receiver<RecvStream>,
    outlet: &Outlet,
) -> Result<ConnectionError, CloseReason> {
    let control = select! {
        biased;
        control = control => match control {
            Ok(control) => control,
            Err(_) => return Ok(connection.closed().await),
        },
        error = connection.closed() => return Ok(error),
        () = sleep(HELLO_LIMIT) => return Err(CloseReason::Slow),
    };
    let (error, _, _) =
        try_join!(read_control(link, connection, control, outlet), read_bulk(link, connection, outlet), no_more_controls(connection))?;
    Ok(error)
}

async fn read_control(
    link: LinkId,
    connection: &Connection,
    mut control: RecvStream,
    outlet: &Outlet,
) -> Result<ConnectionError, CloseReason> {
    let mut last = address(connection);
    loop {
        let frame = match stream::read(&mut control).await {
            Ok(Some(frame)) => frame,
            Ok(None) => return timeout(FAREWELL_LIMIT, connection.closed()).await.map_err(|_| CloseReason::Done),
            Err(Unread::Lost(error)) => return Ok(error),
            Err(Unread::Broken(reason)) => return Err(reason),
        };
        let now = address(connection);
        if now != last {
            last = now;
            outlet.send(Event::Moved { link, address: now }).await;
        }
        outlet.frame(link, frame).await;
    }
}

/// One stream after the other, in the order they were opened: the sender writes them like that, and one partial frame bounds the memory.
async fn read_bulk(link: LinkId, connection: &Connection, outlet: &Outlet) -> Result<ConnectionError, CloseReason> {
    loop {
        let mut bulk = match connection.accept_uni().await {
            Ok(bulk) => bulk,
            Err(error) => return Ok(error),
        };
        loop {
            // Whoever opens a stream has something to say on it.
            let read = timeout(FRAME_LIMIT, stream::read(&mut bulk)).await.unwrap_or(Err(Unread::Broken(CloseReason::Slow)));
            match read {
                Ok(Some(frame)) => outlet.frame(link, frame).await,
                Ok(None) => break,
                Err(Unread::Lost(error)) => return Ok(error),
                Err(Unread::Broken(reason)) => return Err(reason),
            }
        }
    }
}

/// There is one bidirectional stream, and the dialler has opened it.
async fn no_more_controls(connection: &Connection) -> Result<ConnectionError, CloseReason> {
    match connection.accept_bi().await {
        Ok(_) => Err(CloseReason::Streams),
        Err(error) => Ok(error),
    }
}

/// Where the other end is; an IPv4 address seen through an IPv6 socket is an IPv4 address.
fn address(connection: &Connection) -> std::net::SocketAddr {
    let address = connection.remote_address();
    std::net::SocketAddr::new(address.ip().to_canonical(), address.port())
}

const EXPORTER_LABEL: &[u8] = b"asif pairing v1";
