//! Frames that wait to be sent on one link: bounded, and never waited for.

use std::sync::Arc;

use asif_proto::frame::{Frame, MAX_LEN};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::reason::CloseReason;

/// Frames that may wait on one link.
pub(super) const MAX_FRAMES: usize = 4096;
/// Bytes that may wait on one link.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// A queue and its two outlets. The channels have no bound of their own: the room that every item holds is the bound, over both together.
pub(super) fn queue() -> (QueueTx, QueueRx) {
    let (control_tx, control) = unbounded_channel();
    let (bulk_tx, bulk) = unbounded_channel();
    let frames = Arc::new(Semaphore::new(MAX_FRAMES));
    let bytes = Arc::new(Semaphore::new(MAX_BYTES));
    (QueueTx { control: control_tx, bulk: bulk_tx, frames, bytes }, QueueRx { control, bulk })
}

/// Where frames are put. Dropping it lets the receivers end once they are empty.
#[derive(Debug)]
pub(super) struct QueueTx {
    control: UnboundedSender<Queued<Frame>>,
    bulk: UnboundedSender<Queued<Vec<Frame>>>,
    frames: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
}

/// Where frames are taken, in order within each half.
#[derive(Debug)]
pub(super) struct QueueRx {
    pub(super) control: UnboundedReceiver<Queued<Frame>>,
    pub(super) bulk: UnboundedReceiver<Queued<Vec<Frame>>>,
}

/// Something queued; its room is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Queued<T> {
    pub(super) item: T,
    _room: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

impl QueueTx {
    /// Queues a frame for the control stream, or says why the link has to end.
    pub(super) fn send(&self, frame: Frame) -> Result<(), CloseReason> {
        let room = self.room(std::slice::from_ref(&frame))?;
        // The receiver is gone only when the link has ended.
        let _ = self.control.send(Queued { item: frame, _room: room });
        Ok(())
    }

    /// Queues frames for a stream of their own, or says why the link has to end.
    pub(super) fn send_bulk(&self, frames: Vec<Frame>) -> Result<(), CloseReason> {
        let room = self.room(&frames)?;
        let _ = self.bulk.send(Queued { item: frames, _room: room });
        Ok(())
    }

    fn room(&self, frames: &[Frame]) -> Result<(OwnedSemaphorePermit, OwnedSemaphorePermit), CloseReason> {
        if frames.iter().any(|frame| frame.bytes.len() > MAX_LEN) {
            return Err(CloseReason::TooLong);
        }
        let take = |room: &Arc<Semaphore>, amount: usize| {
            let amount = u32::try_from(amount).map_err(|_| CloseReason::Backlog)?;
            Arc::clone(room).try_acquire_many_owned(amount).map_err(|_| CloseReason::Backlog)
        };
        Ok((take(&self.frames, frames.len().max(1))?, take(&self.bytes, frames.iter().map(|frame| frame.bytes.len()).sum())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_full_by_number_and_by_bytes_and_has_room_again_after() {
        let (tx, mut rx) = queue();
        for _ in 0..MAX_FRAMES {
            tx.send(Frame::new(1, Vec::new())).unwrap();
        }
        assert_eq!(tx.send(Frame::new(1, Vec::new())), Err(CloseReason::Backlog));
        assert_eq!(tx.send_bulk(Vec::new()), Err(CloseReason::Backlog));
        while rx.control.try_recv().is_ok() {}

        tx.send_bulk(vec![Frame::new(1, vec![0; MAX_LEN]); MAX_BYTES / MAX_LEN]).unwrap();
        assert_eq!(tx.send(Frame::new(1, vec![0])), Err(CloseReason::Backlog));
        drop(rx.bulk.try_recv().unwrap());
        tx.send(Frame::new(1, vec![0])).unwrap();
    }

    #[test]
    fn a_frame_over_the_limit_is_not_queued() {
        let (tx, _rx) = queue();
        assert_eq!(tx.send(Frame::new(1, vec![0; MAX_LEN + 1])), Err(CloseReason::TooLong));
    }
}
