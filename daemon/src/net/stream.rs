//! Frames on a QUIC stream. A declared length is checked before anything is allocated, and memory grows only with bytes that came.

use asif_proto::frame::{Frame, HEADER_LEN, parse_header};
use quinn::{ConnectionError, ReadError, ReadExactError, RecvStream, SendStream, WriteError};
use tokio::time::timeout;

use super::reason::CloseReason;
use super::transport::FRAME_LIMIT;

/// Why no frame came.
#[derive(Debug)]
pub(super) enum Unread {
    /// The connection is gone.
    Lost(ConnectionError),
    /// What came is not frames.
    Broken(CloseReason),
}

/// The next frame, or `None` where the stream ends between two frames.
pub(super) async fn read(stream: &mut RecvStream) -> Result<Option<Frame>, Unread> {
    // Between two frames there may be any time, within one there may not.
    let mut first = [0];
    match stream.read_exact(&mut first).await {
        Ok(()) => {}
        Err(ReadExactError::FinishedEarly(_)) => return Ok(None),
        Err(ReadExactError::ReadError(error)) => return Err(unread(error)),
    }
    timeout(FRAME_LIMIT, read_rest(stream, first)).await.unwrap_or(Err(Unread::Broken(CloseReason::Slow))).map(Some)
}

async fn read_rest(stream: &mut RecvStream, [first]: [u8; 1]) -> Result<Frame, Unread> {
    let mut header = [0; HEADER_LEN];
    let [at, rest @ ..] = &mut header;
    *at = first;
    match stream.read_exact(rest).await {
        Ok(()) => {}
        Err(ReadExactError::FinishedEarly(_)) => return Err(Unread::Broken(CloseReason::Malformed)),
        Err(ReadExactError::ReadError(error)) => return Err(unread(error)),
    }
    let mut partial = Partial::begin(header).map_err(Unread::Broken)?;
    while partial.missing > 0 {
        match stream.read_chunk(partial.missing, true).await.map_err(unread)? {
            Some(chunk) => partial.extend(&chunk.bytes),
            None => return Err(Unread::Broken(CloseReason::Malformed)),
        }
    }
    Ok(partial.frame)
}

/// Writes one frame.
pub(super) async fn write(stream: &mut SendStream, frame: &Frame) -> Result<(), WriteError> {
    stream.write_chunk(frame.to_bytes().into()).await
}

fn unread(error: ReadError) -> Unread {
    match error {
        ReadError::ConnectionLost(error) => Unread::Lost(error),
        ReadError::Reset(_) | ReadError::ClosedStream | ReadError::IllegalOrderedRead | ReadError::ZeroRttRejected => {
            Unread::Broken(CloseReason::Malformed)
        }
    }
}

/// A frame whose payload is on its way.
struct Partial {
    frame: Frame,
    missing: usize,
}

impl Partial {
    fn begin(header: [u8; HEADER_LEN]) -> Result<Self, CloseReason> {
        let (kind, missing) = parse_header(header).map_err(|_| CloseReason::TooLong)?;
        Ok(Self { frame: Frame::new(kind, Vec::new()), missing })
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.frame.bytes.extend_from_slice(bytes);
        self.missing = self.missing.saturating_sub(bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_alone_allocates_nothing() {
        assert_eq!(Partial::begin([0, 1, 0xff, 0xff, 0xff, 0xff]).err(), Some(CloseReason::TooLong));
        assert_eq!(Partial::begin([0, 1, 0, 0x10, 0, 1]).err(), Some(CloseReason::TooLong));
        let mut partial = Partial::begin([0, 1, 0, 0x10, 0, 0]).unwrap();
        assert_eq!((partial.missing, partial.frame.bytes.capacity()), (1 << 20, 0));
        partial.extend(&[7; 100]);
        assert_eq!(partial.missing, (1 << 20) - 100);
        assert!(partial.frame.bytes.capacity() < 1024);
    }
}
