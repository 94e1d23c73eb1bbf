//! Why a link ended, or never began.

use std::io;
use std::net::SocketAddr;

use quinn::{ConnectError, ConnectionError, TransportErrorCode, VarInt};

use super::tls::TlsError;

/// Why one end closes a link. The other end gets the code and a short neutral word; both travel encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// Nothing more to say.
    Done,
    /// The key is not let in, or not any more.
    Refused,
    /// No room for another link.
    Busy,
    /// A newer link with the same key took its place.
    Replaced,
    /// The program ends.
    GoingAway,
    /// A frame was cut short, or a stream broke off.
    Malformed,
    /// A frame header asked for more than the limit.
    TooLong,
    /// The other end opened streams that it may not open.
    Streams,
    /// The other end let a time limit pass.
    Slow,
    /// More waited to be sent than the queue may hold.
    Backlog,
    /// The core could not accept what the frames said.
    Protocol,
    /// A code that this version does not know.
    Other,
}

const REASONS: [(CloseReason, u32, &str); 12] = [
    (CloseReason::Done, 0, "done"),
    (CloseReason::Refused, 1, "refused"),
    (CloseReason::Busy, 2, "busy"),
    (CloseReason::Replaced, 3, "replaced"),
    (CloseReason::GoingAway, 4, "going away"),
    (CloseReason::Malformed, 5, "malformed"),
    (CloseReason::TooLong, 6, "too long"),
    (CloseReason::Streams, 7, "streams"),
    (CloseReason::Slow, 8, "slow"),
    (CloseReason::Backlog, 9, "backlog"),
    (CloseReason::Protocol, 10, "protocol"),
    (CloseReason::Other, 255, "other"),
];

impl CloseReason {
    /// The application error code on the wire.
    pub(super) fn code(self) -> VarInt {
        VarInt::from_u32(self.row().1)
    }

    /// The word on the wire and in logs.
    pub fn word(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (Self, u32, &'static str) {
        REASONS.into_iter().find(|(reason, ..)| *reason == self).unwrap_or((Self::Other, 255, "other"))
    }

    fn from_code(code: VarInt) -> Self {
        REASONS.into_iter().find(|(_, known, _)| VarInt::from_u32(*known) == code).map_or(Self::Other, |(reason, ..)| reason)
    }

    /// Whether what is queued still goes out: not to an end that does not read, or that broke the rules.
    pub(super) fn flushes(self) -> bool {
        match self {
            Self::Done | Self::Refused | Self::Busy | Self::GoingAway | Self::Protocol | Self::Slow | Self::Other => true,
            Self::Replaced | Self::Malformed | Self::TooLong | Self::Streams | Self::Backlog => false,
        }
    }
}

/// How an open link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Closed {
    /// This end closed it: by command, or net did, for a named reason.
    Here(CloseReason),
    /// The other end closed it and said why.
    There(CloseReason),
    /// The other end does not take our key, or what we offered in the handshake.
    Refused,
    /// Nothing was heard for 30 seconds.
    TimedOut,
    /// The connection broke: the other end forgot it, or its packets made no sense.
    Lost,
}

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Here(reason) => write!(f, "this side ended the connection ({})", reason.word()),
            Self::There(reason) => write!(f, "the other side ended the connection ({})", reason.word()),
            Self::Refused => f.write_str("the other side does not let this device in"),
            Self::TimedOut => f.write_str("nothing was heard for 30 seconds"),
            Self::Lost => f.write_str("the connection broke"),
        }
    }
}

impl Closed {
    /// What QUIC's account of an ended connection means.
    pub(super) fn from_error(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::ApplicationClosed(close) => match CloseReason::from_code(close.error_code) {
                CloseReason::Refused => Self::Refused,
                reason => Self::There(reason),
            },
            ConnectionError::ConnectionClosed(close) if is_tls_alert(close.error_code) => Self::Refused,
            ConnectionError::ConnectionClosed(close) if close.error_code == TransportErrorCode::STREAM_LIMIT_ERROR => {
                Self::There(CloseReason::Streams)
            }
            ConnectionError::ConnectionClosed(close) if is_early_close(close.error_code) => Self::There(CloseReason::Other),
            ConnectionError::TransportError(error) if error.code == TransportErrorCode::STREAM_LIMIT_ERROR => {
                Self::Here(CloseReason::Streams)
            }
            ConnectionError::TimedOut => Self::TimedOut,
            ConnectionError::LocallyClosed => Self::Here(CloseReason::Done),
            ConnectionError::ConnectionClosed(_)
            | ConnectionError::TransportError(_)
            | ConnectionError::Reset
            | ConnectionError::VersionMismatch
            | ConnectionError::CidsExhausted => Self::Lost,
        }
    }
}

/// Why a dialled link never opened; of several addresses the greatest is reported, so the order is from the least to the most telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum DialError {
    /// The caller closed the link first.
    #[error("dialling was called off")]
    Cancelled,
    /// There was nothing to try.
    #[error("no address to dial")]
    NoAddress,
    /// No answer in time, or no way to send there.
    #[error("nobody answered")]
    Unreachable,
    /// Somebody answered who does not speak this protocol, or not in a way that is safe enough.
    #[error("the other end cannot make a safe connection")]
    Handshake,
    /// The peer takes no link just now: it has no room, or it is about to end.
    #[error("the peer is busy")]
    Busy,
    /// The peer does not take our key.
    #[error("the peer does not know this device")]
    Refused,
    /// Another key answered than the one that was dialled.
    #[error("another device answered")]
    WrongKey,
}

impl DialError {
    /// What QUIC's account of a failed handshake means.
    pub(super) fn from_error(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::TransportError(error) if error.code == TransportErrorCode::crypto(ACCESS_DENIED) => Self::WrongKey,
            ConnectionError::ConnectionClosed(close) if close.error_code == TransportErrorCode::crypto(ACCESS_DENIED) => Self::Refused,
            ConnectionError::ConnectionClosed(close) if is_early_close(close.error_code) => Self::Busy,
            ConnectionError::TimedOut | ConnectionError::Reset | ConnectionError::CidsExhausted => Self::Unreachable,
            ConnectionError::LocallyClosed => Self::Cancelled,
            ConnectionError::TransportError(_)
            | ConnectionError::ConnectionClosed(_)
            | ConnectionError::ApplicationClosed(_)
            | ConnectionError::VersionMismatch => Self::Handshake,
        }
    }

    /// Why dialling could not even begin.
    pub(super) fn from_connect(error: &ConnectError) -> Self {
        match error {
            ConnectError::EndpointStopping => Self::Cancelled,
            ConnectError::CidsExhausted | ConnectError::InvalidRemoteAddress(_) => Self::Unreachable,
            ConnectError::InvalidServerName(_) | ConnectError::NoDefaultClientConfig | ConnectError::UnsupportedVersion => Self::Handshake,
        }
    }
}

/// Why the endpoint could not start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program listens there: another port may be free.
    #[error("the address {0} is in use")]
    InUse(SocketAddr),
    /// The system refused the address.
    #[error("cannot listen on {address}")]
    Refused {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The socket is there, but QUIC could not start on it.
    #[error("cannot start QUIC on the socket")]
    Start(#[source] io::Error),
    /// The key or the provider is not usable.
    #[error("cannot set up TLS")]
    Tls(#[from] TlsError),
}

impl BindError {
    pub(super) fn socket(address: SocketAddr, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::AddrInUse { Self::InUse(address) } else { Self::Refused { address, source } }
    }
}

fn is_tls_alert(code: TransportErrorCode) -> bool {
    (0x100..0x200).contains(&u64::from(code))
}

/// The other end closed before its handshake was done; QUIC then hides the reason (RFC 9000, section 10.2.3).
fn is_early_close(code: TransportErrorCode) -> bool {
    code == TransportErrorCode::CONNECTION_REFUSED || code == TransportErrorCode::APPLICATION_ERROR
}

/// The TLS alert `access_denied` (RFC 8446, section 6.2): what a verifier of ours says to a key that it does not take.
const ACCESS_DENIED: u8 = 49;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_comes_back_from_its_code() {
        for (reason, ..) in REASONS {
            assert_eq!(CloseReason::from_code(reason.code()), reason);
        }
        assert_eq!(CloseReason::from_code(VarInt::from_u32(77)), CloseReason::Other);
    }
}
