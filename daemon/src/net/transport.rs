//! The limits of QUIC connections and of the endpoint.

use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, MtuDiscoveryConfig, NoneTokenStore, ServerConfig, TransportConfig, ValidationTokenConfig, VarInt};

/// How long one handshake may take, on either end.
pub(super) const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);
/// Addresses of one peer that are tried at one time.
pub(super) const MAX_ADDRESSES: usize = 16;
/// How long the dialler may take to open the control stream.
pub(super) const HELLO_LIMIT: Duration = Duration::from_secs(10);
/// How long one frame may take from its first byte to its last: on a slow path it comes in pieces, but it comes. Tests do not wait that long.
pub(super) const FRAME_LIMIT: Duration = Duration::from_secs(if cfg!(test) { 3 } else { 60 });
/// How long queued frames may take to go out after a link was told to close.
pub(super) const FLUSH_LIMIT: Duration = Duration::from_secs(1);
/// How long an end that has said its last frame may take to close; longer than [`FLUSH_LIMIT`], which it may be using.
pub(super) const FAREWELL_LIMIT: Duration = Duration::from_secs(3);
/// How long the endpoint waits for its last packets.
pub(super) const IDLE_LIMIT: Duration = Duration::from_secs(1);

/// Handshakes of incoming links at one time.
pub(super) const MAX_HANDSHAKES: usize = 64;
/// How many may come whom nobody knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strangers {
    /// Handshakes from addresses that have not proven that they can be reached; whoever comes next is asked to.
    pub(super) unvalidated: usize,
    /// Incoming links at one time.
    pub(super) links: usize,
    /// Bytes that each may have in flight.
    window: u32,
}

/// Of a device: somebody may hold a ticket.
pub(super) const FEW: Strangers = Strangers { unvalidated: 8, links: 32, window: 128 << 10 };
/// Of a mailbox, where nobody is known before they have said something: each address is asked to prove itself.
pub(super) const MANY: Strangers = Strangers { unvalidated: 0, links: 4096, window: 256 << 10 };
/// Streams of each direction that the other end may have open.
pub(super) const MAX_STREAMS: u32 = 16;

/// Bytes that a known peer may have in flight: all bulk streams full, and room left for the control stream.
pub(super) const KNOWN_WINDOW: u32 = (MAX_STREAMS + 1) * STREAM_WINDOW;
/// A run of entries fits, a whole frame does not: it is read as it comes, and what nobody reads takes little room.
const STREAM_WINDOW: u32 = 512 << 10;
const SEND_WINDOW: u64 = 4 << 20;
const IDLE_TIMEOUT_MS: u32 = 30_000;
/// Said by the end that dialled, for both: what lies between forgets a way that nobody used for half a minute or more.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// From what every path carries (1200 bytes) to what Ethernet does (1452).
const MTU_STEP: u16 = 252;
const INCOMING_BUFFER: u64 = 16 << 10;
const INCOMING_BUFFERS: u64 = 512 << 10;

/// For links that come in.
pub(super) fn server_config(crypto: QuicServerConfig, strangers: Strangers) -> ServerConfig {
    let mut tokens = ValidationTokenConfig::default();
    // A token from an earlier link would let an observer tell that the same device is back.
    tokens.sent(0);
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config
        .transport_config(Arc::new(transport(None, strangers.window)))
        .validation_token_config(tokens)
        .migration(true)
        .max_incoming(MAX_HANDSHAKES)
        .incoming_buffer_size(INCOMING_BUFFER)
        .incoming_buffer_size_total(INCOMING_BUFFERS);
    config
}

/// For a link that is dialled.
pub(super) fn client_config(crypto: QuicClientConfig) -> ClientConfig {
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(Arc::new(transport(Some(KEEP_ALIVE), FEW.window))).token_store(Arc::new(NoneTokenStore));
    config
}

fn transport(keep_alive: Option<Duration>, window: u32) -> TransportConfig {
    let mut config = TransportConfig::default();
    // Every step of the search is a datagram of padding, on each new link and each way: whole Ethernet frames are tried, and nothing between.
    let mut mtu = MtuDiscoveryConfig::default();
    mtu.minimum_change(MTU_STEP);
    config
        .mtu_discovery_config(Some(mtu))
        .max_concurrent_bidi_streams(VarInt::from_u32(MAX_STREAMS))
        .max_concurrent_uni_streams(VarInt::from_u32(MAX_STREAMS))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .receive_window(VarInt::from_u32(window))
        .send_window(SEND_WINDOW)
        .max_idle_timeout(Some(VarInt::from_u32(IDLE_TIMEOUT_MS).into()))
        .keep_alive_interval(keep_alive)
        .datagram_receive_buffer_size(None)
        .allow_spin(false);
    config
}
