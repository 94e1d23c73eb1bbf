//! From a client's bytes to what it wants.

use asif_proto::frame::{Frame, FrameError, HEADER_LEN, parse_header};
use asif_proto::local::{Ask, Decision, ErrorKind, Failure, VERSIONS, kind};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Reads frames piece by piece. A read that is given up halfway goes on where it was.
#[derive(Debug, Default)]
pub(super) struct FrameReader {
    header: [u8; HEADER_LEN],
    /// Bytes of the header that came.
    have: usize,
    /// Once the header is whole: the kind, the payload, and how much of it came.
    body: Option<(u16, Vec<u8>, usize)>,
}

/// Why there is no frame.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadFrameError {
    /// The client closed, or the connection broke.
    #[error("the connection ended")]
    Ended,
    /// What came is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

impl FrameReader {
    /// The next frame. Its length is checked before room is made for it. Cancel safe.
    pub(super) async fn next(&mut self, from: &mut (impl AsyncRead + Unpin)) -> Result<Frame, ReadFrameError> {
        loop {
            let room = match &mut self.body {
                None if self.have == HEADER_LEN => {
                    let (kind, len) = parse_header(self.header)?;
                    self.body = Some((kind, vec![0; len], 0));
                    continue;
                }
                Some((kind, bytes, have)) if *have == bytes.len() => {
                    let frame = Frame::new(*kind, std::mem::take(bytes));
                    *self = Self::default();
                    return Ok(frame);
                }
                None => self.header.get_mut(self.have..),
                Some((_, bytes, have)) => bytes.get_mut(*have..),
            };
            let read = from.read(room.unwrap_or_default()).await.unwrap_or(0);
            match &mut self.body {
                _ if read == 0 => return Err(ReadFrameError::Ended),
                None => self.have += read,
                Some((_, _, have)) => *have += read,
            }
        }
    }
}

/// What a client wants.
#[derive(Debug)]
pub(super) enum Wanted {
    Ask(Box<Ask>),
    Decision(Decision),
}

/// Why it cannot be told.
#[derive(Debug)]
pub(super) enum Unclear {
    /// It is told what was wrong and may ask again.
    Say(Failure),
    /// It does not speak this protocol: it is told and closed.
    Close(Failure),
}

/// What a frame asks for.
pub(super) fn wanted(frame: &Frame) -> Result<Wanted, Unclear> {
    match frame.kind {
        kind::ASK => ask(&frame.bytes).map(Wanted::Ask).map_err(Unclear::Say),
        kind::DECISION => match serde_json::from_slice(&frame.bytes) {
            Ok(decision) => Ok(Wanted::Decision(decision)),
            Err(error) => Err(Unclear::Close(usage(format!("the decision cannot be read: {error}")))),
        },
        other => Err(Unclear::Close(usage(format!("a client does not send messages of kind {other}")))),
    }
}

fn ask(bytes: &[u8]) -> Result<Box<Ask>, Failure> {
    /// What stays readable whatever a later version asks.
    #[derive(Deserialize)]
    struct Version {
        version: u16,
    }
    let Version { version } = serde_json::from_slice(bytes).map_err(|error| usage(format!("the request cannot be read: {error}")))?;
    if !VERSIONS.contains(&version) {
        let (min, max) = VERSIONS.into_inner();
        let spoken = format!("the request is in version {version} of the protocol; this asifd speaks {min} to {max}");
        return Err(usage(spoken).hint("restart the daemon, so that both programs are of one version"));
    }
    serde_json::from_slice(bytes).map_err(|error| usage(format!("the request cannot be read: {error}")))
}

pub(super) fn usage(message: impl Into<String>) -> Failure {
    Failure::new(ErrorKind::Usage, message)
}
