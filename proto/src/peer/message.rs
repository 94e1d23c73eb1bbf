//! One message as a frame.

use crate::frame::{Frame, FrameError};
use crate::id::{CheckpointId, LogId, PersonId, PieceId, QueueId};

use super::{
    Allowance, Blob, ByCode, CodeAnswer, Deposit, DropEntries, Enrol, Enrolled, Entries, GetEntries, Have, Hello, Join, Offered, OpenQueue,
    QueueOpen, Refused, Same, Slip, Unwilling, Welcome, Whereabouts,
};

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// First of each side.
    Hello(Hello),
    /// Roster statements the other is missing.
    Roster(Vec<Blob>),
    /// Epoch statements the other is missing.
    Epochs(Vec<Blob>),
    /// What the sender holds.
    Have(Have),
    /// A run of one log.
    Entries(Entries),
    /// What do you hold there?
    GetEntries(GetEntries),
    /// Are you there? The number comes back.
    Ping(u64),
    /// Yes, to the ping of this number.
    Pong(u64),
    /// Where others are, told to own devices alone.
    Addresses(Vec<Whereabouts>),
    /// Sealed snapshots that stand for entries, instead of those.
    Checkpoint(Offered),
    /// Pieces of a checkpoint that the sender lacks.
    GetPieces(Vec<PieceId>),
    /// One of them.
    Piece(Blob),
    /// This checkpoint is not taken: its entries are wanted themselves.
    NoCheckpoint(CheckpointId),
    /// We hold the same: do we make the same of it?
    Same(Same),
    /// I was told a code.
    ByCode(ByCode),
    /// Here is how you can show that.
    CodeAnswer(CodeAnswer),
    /// May I come in?
    Join(Join),
    /// The person to make the keys for; the joiner joins again with them.
    For(PersonId),
    /// Come in.
    Welcome(Welcome),
    /// No.
    Refused(Refused),
    /// What a person's root says of a device that the other end does not know yet, brought under the link key of the recovery kit.
    Introduce(Vec<Blob>),
    /// To a mailbox: I come with a ticket of yours.
    Enrol(Enrol),
    /// To a mailbox: I am enrolled.
    Enrolled(Enrolled),
    /// From a mailbox: what you may keep.
    Allowance(Allowance),
    /// To a mailbox: may I read, or write, this queue?
    OpenQueue(OpenQueue),
    /// From a mailbox: how that queue is.
    QueueOpen(QueueOpen),
    /// To or from a mailbox: what two daemons say to each other, of one queue.
    Within(QueueId, Box<Message>),
    /// From a mailbox: that was not done.
    Unwilling(Unwilling),
    /// Statements, sealed.
    Slips(Vec<Slip>),
    /// Stubs in the place of entries that a mailbox holds.
    Stubs(Entries),
    /// A checkpoint is to be kept; it follows.
    Deposit(Deposit),
    /// Entries are to be gone.
    DropEntries(DropEntries),
    /// The queue is to be closed: a later one holds all.
    CloseQueue,
    /// To a mailbox: remove all that you keep for me.
    Leave,
    /// From a mailbox: that is done.
    Left,
    /// From a mailbox: the checkpoints that it keeps.
    Holds(Vec<CheckpointId>),
    /// From a mailbox: these entries of a log are stubs.
    Stubbed(LogId, Vec<u64>),
}

/// Frame kinds of the peer protocol.
mod kind {
    pub(super) const HELLO: u16 = 1;
    pub(super) const ROSTER: u16 = 2;
    pub(super) const EPOCHS: u16 = 3;
    pub(super) const HAVE: u16 = 4;
    pub(super) const ENTRIES: u16 = 5;
    pub(super) const GET_ENTRIES: u16 = 6;
    pub(super) const PING: u16 = 10;
    pub(super) const PONG: u16 = 11;
    pub(super) const ADDRESSES: u16 = 12;
    pub(super) const CHECKPOINT: u16 = 7;
    pub(super) const GET_PIECES: u16 = 8;
    pub(super) const PIECE: u16 = 9;
    pub(super) const NO_CHECKPOINT: u16 = 13;
    pub(super) const SAME: u16 = 14;
    pub(super) const JOIN: u16 = 16;
    pub(super) const FOR: u16 = 17;
    pub(super) const WELCOME: u16 = 18;
    pub(super) const REFUSED: u16 = 19;
    pub(super) const INTRODUCE: u16 = 20;
    pub(super) const BY_CODE: u16 = 21;
    pub(super) const CODE_ANSWER: u16 = 22;
    pub(super) const ENROL: u16 = 32;
    pub(super) const ENROLLED: u16 = 33;
    pub(super) const ALLOWANCE: u16 = 34;
    pub(super) const OPEN_QUEUE: u16 = 35;
    pub(super) const QUEUE_OPEN: u16 = 36;
    pub(super) const WITHIN: u16 = 37;
    pub(super) const UNWILLING: u16 = 38;
    pub(super) const SLIPS: u16 = 39;
    pub(super) const STUBS: u16 = 40;
    pub(super) const DEPOSIT: u16 = 41;
    pub(super) const DROP_ENTRIES: u16 = 42;
    pub(super) const CLOSE_QUEUE: u16 = 43;
    pub(super) const LEAVE: u16 = 44;
    pub(super) const LEFT: u16 = 45;
    pub(super) const HOLDS: u16 = 46;
    pub(super) const STUBBED: u16 = 47;
}

impl Message {
    /// As a frame.
    pub fn to_frame(&self) -> Frame {
        match self {
            Message::Hello(body) => Frame::postcard(kind::HELLO, body),
            Message::Roster(body) => Frame::postcard(kind::ROSTER, body),
            Message::Epochs(body) => Frame::postcard(kind::EPOCHS, body),
            Message::Have(body) => Frame::postcard(kind::HAVE, body),
            Message::Entries(body) => Frame::postcard(kind::ENTRIES, body),
            Message::GetEntries(body) => Frame::postcard(kind::GET_ENTRIES, body),
            Message::Ping(body) => Frame::postcard(kind::PING, body),
            Message::Pong(body) => Frame::postcard(kind::PONG, body),
            Message::Addresses(body) => Frame::postcard(kind::ADDRESSES, body),
            Message::Checkpoint(body) => Frame::postcard(kind::CHECKPOINT, body),
            Message::GetPieces(body) => Frame::postcard(kind::GET_PIECES, body),
            Message::Piece(body) => Frame::postcard(kind::PIECE, body),
            Message::NoCheckpoint(body) => Frame::postcard(kind::NO_CHECKPOINT, body),
            Message::Same(body) => Frame::postcard(kind::SAME, body),
            Message::ByCode(body) => Frame::postcard(kind::BY_CODE, body),
            Message::CodeAnswer(body) => Frame::postcard(kind::CODE_ANSWER, body),
            Message::Join(body) => Frame::postcard(kind::JOIN, body),
            Message::For(body) => Frame::postcard(kind::FOR, body),
            Message::Welcome(body) => Frame::postcard(kind::WELCOME, body),
            Message::Refused(body) => Frame::postcard(kind::REFUSED, body),
            Message::Introduce(body) => Frame::postcard(kind::INTRODUCE, body),
            Message::Enrol(body) => Frame::postcard(kind::ENROL, body),
            Message::Enrolled(body) => Frame::postcard(kind::ENROLLED, body),
            Message::Allowance(body) => Frame::postcard(kind::ALLOWANCE, body),
            Message::OpenQueue(body) => Frame::postcard(kind::OPEN_QUEUE, body),
            Message::QueueOpen(body) => Frame::postcard(kind::QUEUE_OPEN, body),
            Message::Within(queue, message) => within(queue, message),
            Message::Unwilling(body) => Frame::postcard(kind::UNWILLING, body),
            Message::Slips(body) => Frame::postcard(kind::SLIPS, body),
            Message::Stubs(body) => Frame::postcard(kind::STUBS, body),
            Message::Deposit(body) => Frame::postcard(kind::DEPOSIT, body),
            Message::DropEntries(body) => Frame::postcard(kind::DROP_ENTRIES, body),
            Message::CloseQueue => Frame::postcard(kind::CLOSE_QUEUE, &()),
            Message::Leave => Frame::postcard(kind::LEAVE, &()),
            Message::Left => Frame::postcard(kind::LEFT, &()),
            Message::Holds(body) => Frame::postcard(kind::HOLDS, body),
            Message::Stubbed(log, seqs) => Frame::postcard(kind::STUBBED, &(log, seqs)),
        }
    }

    /// From a frame; `None` for a kind of a newer program.
    pub fn from_frame(frame: &Frame) -> Result<Option<Self>, FrameError> {
        Ok(Some(match frame.kind {
            kind::HELLO => Message::Hello(frame.decode()?),
            kind::ROSTER => Message::Roster(frame.decode()?),
            kind::EPOCHS => Message::Epochs(frame.decode()?),
            kind::HAVE => Message::Have(frame.decode()?),
            kind::ENTRIES => Message::Entries(frame.decode()?),
            kind::GET_ENTRIES => Message::GetEntries(frame.decode()?),
            kind::PING => Message::Ping(frame.decode()?),
            kind::PONG => Message::Pong(frame.decode()?),
            kind::ADDRESSES => Message::Addresses(frame.decode()?),
            kind::CHECKPOINT => Message::Checkpoint(frame.decode()?),
            kind::GET_PIECES => Message::GetPieces(frame.decode()?),
            kind::PIECE => Message::Piece(frame.decode()?),
            kind::NO_CHECKPOINT => Message::NoCheckpoint(frame.decode()?),
            kind::SAME => Message::Same(frame.decode()?),
            kind::BY_CODE => Message::ByCode(frame.decode()?),
            kind::CODE_ANSWER => Message::CodeAnswer(frame.decode()?),
            kind::JOIN => Message::Join(frame.decode()?),
            kind::FOR => Message::For(frame.decode()?),
            kind::WELCOME => Message::Welcome(frame.decode()?),
            kind::REFUSED => Message::Refused(frame.decode()?),
            kind::INTRODUCE => Message::Introduce(frame.decode()?),
            kind::ENROL => Message::Enrol(frame.decode()?),
            kind::ENROLLED => Message::Enrolled(frame.decode()?),
            kind::ALLOWANCE => Message::Allowance(frame.decode()?),
            kind::OPEN_QUEUE => Message::OpenQueue(frame.decode()?),
            kind::QUEUE_OPEN => Message::QueueOpen(frame.decode()?),
            kind::WITHIN => return from_within(frame),
            kind::UNWILLING => Message::Unwilling(frame.decode()?),
            kind::SLIPS => Message::Slips(frame.decode()?),
            kind::STUBS => Message::Stubs(frame.decode()?),
            kind::DEPOSIT => Message::Deposit(frame.decode()?),
            kind::DROP_ENTRIES => Message::DropEntries(frame.decode()?),
            kind::CLOSE_QUEUE => frame.decode().map(|()| Message::CloseQueue)?,
            kind::LEAVE => frame.decode().map(|()| Message::Leave)?,
            kind::LEFT => frame.decode().map(|()| Message::Left)?,
            kind::HOLDS => Message::Holds(frame.decode()?),
            kind::STUBBED => frame.decode().map(|(log, seqs)| Message::Stubbed(log, seqs))?,
            _ => return Ok(None),
        }))
    }
}

/// Queue 32, then the frame inside.
fn within(queue: &QueueId, message: &Message) -> Frame {
    let mut bytes = queue.as_bytes().to_vec();
    message.to_frame().write_to(&mut bytes);
    Frame::new(kind::WITHIN, bytes)
}

fn from_within(frame: &Frame) -> Result<Option<Message>, FrameError> {
    let (queue, rest) = frame.bytes.split_first_chunk::<32>().ok_or(FrameError::Truncated)?;
    let inner = Frame::from_bytes(rest)?;
    if inner.kind == kind::WITHIN {
        return Err(FrameError::Payload { kind: kind::WITHIN });
    }
    Ok(Message::from_frame(&inner)?.map(|message| Message::Within(QueueId(*queue), Box::new(message))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::KeyId;
    use crate::peer::QueueHave;

    #[test]
    fn messages_come_back_and_newer_kinds_are_passed_over() {
        let have = Have {
            full: true,
            statements: vec![[1; 16]],
            queues: vec![QueueHave { queue: QueueId([2; 32]), key: KeyId([3; 16]), logs: vec![(LogId([4; 16]), 300, [5; 8])] }],
        };
        let message = Message::Have(have);
        assert_eq!(Message::from_frame(&message.to_frame()), Ok(Some(message.clone())));
        assert_eq!(Message::from_frame(&Frame::new(900, vec![])), Ok(None));
        let queue = QueueId([6; 32]);
        let inside = Message::Within(queue, Box::new(message));
        assert_eq!(Message::from_frame(&inside.to_frame()), Ok(Some(inside.clone())));
        let twice = Message::Within(queue, Box::new(inside));
        assert!(Message::from_frame(&twice.to_frame()).is_err(), "once is enough");
        let newer = [&queue.0[..], &Frame::new(900, vec![]).to_bytes()].concat();
        assert_eq!(Message::from_frame(&Frame::new(37, newer)), Ok(None));
        assert_eq!(Message::from_frame(&Frame::new(1, vec![1])), Err(FrameError::Payload { kind: 1 }));
    }
}
