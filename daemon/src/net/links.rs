//! All links that live, and what may be asked of one without waiting for it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use asif_proto::frame::Frame;
use asif_proto::id::LinkKey;
use tokio::sync::oneshot;

use super::LinkId;
use super::queue::{QueueRx, QueueTx, queue};
use super::reason::CloseReason;

/// Incoming links that one key may have at a time.
pub(super) const MAX_PER_KEY: usize = 2;

/// The links by number. A number is free again only when its task has let go of it.
#[derive(Debug, Default)]
pub(super) struct Links(Mutex<Inner>);

/// What a link's task holds: frames to send, and at the end the order to close.
#[derive(Debug)]
pub(super) struct Inbox {
    pub(super) queue: QueueRx,
    pub(super) order: oneshot::Receiver<CloseReason>,
}

#[derive(Debug, Default)]
struct Inner {
    live: HashMap<LinkId, Handle>,
    accepted: u64,
    stopped: bool,
}

#[derive(Debug)]
struct Handle {
    /// Who dialled, where that was not this end.
    caller: Option<LinkKey>,
    /// Gone once the link was told to close.
    open: Option<(QueueTx, oneshot::Sender<CloseReason>)>,
}

impl Links {
    /// A place for a link that the caller dials; none if the number is odd or in use, or everything has stopped.
    pub(super) fn dial(&self, link: LinkId) -> Option<Inbox> {
        let mut inner = self.lock();
        if !link.is_dialled() || inner.live.contains_key(&link) {
            return None;
        }
        inner.insert(link, None)
    }

    /// A place for a link that `caller` dialled; none if everything has stopped.
    ///
    /// Over [`MAX_PER_KEY`] the oldest is closed, not the newest refused: a device that woke up or changed networks dials anew while its old link
    /// still looks alive here, and it must not be locked out until that times out. Only the holder of the key can do this.
    pub(super) fn accept(&self, caller: LinkKey) -> Option<(LinkId, Inbox)> {
        let mut inner = self.lock();
        let link = LinkId((inner.accepted << 1) | 1);
        inner.accepted = inner.accepted.wrapping_add(1);
        let inbox = inner.insert(link, Some(caller))?;
        let mut live: Vec<LinkId> =
            inner.live.iter().filter(|(_, handle)| handle.caller == Some(caller) && handle.open.is_some()).map(|(id, _)| *id).collect();
        live.sort_unstable_by(|a, b| b.cmp(a));
        for old in live.into_iter().skip(MAX_PER_KEY) {
            inner.close(old, CloseReason::Replaced);
        }
        Some((link, inbox))
    }

    /// Queues a frame; a link that cannot take it is closed.
    pub(super) fn send(&self, link: LinkId, frame: Frame) {
        self.lock().put(link, |queue| queue.send(frame));
    }

    /// Queues frames for a stream of their own; a link that cannot take them is closed.
    pub(super) fn send_bulk(&self, link: LinkId, frames: Vec<Frame>) {
        self.lock().put(link, |queue| queue.send_bulk(frames));
    }

    /// Tells a link to close; the first reason counts.
    pub(super) fn close(&self, link: LinkId, reason: CloseReason) {
        self.lock().close(link, reason);
    }

    /// Tells every link to close, and gives out no more places.
    pub(super) fn stop(&self, reason: CloseReason) {
        let mut inner = self.lock();
        inner.stopped = true;
        let live: Vec<LinkId> = inner.live.keys().copied().collect();
        for link in live {
            inner.close(link, reason);
        }
    }

    /// Frees the number of a link that has ended.
    pub(super) fn forget(&self, link: LinkId) {
        self.lock().live.remove(&link);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn insert(&mut self, link: LinkId, caller: Option<LinkKey>) -> Option<Inbox> {
        if self.stopped {
            return None;
        }
        let (queue_tx, queue) = queue();
        let (order_tx, order) = oneshot::channel();
        self.live.insert(link, Handle { caller, open: Some((queue_tx, order_tx)) });
        Some(Inbox { queue, order })
    }

    fn put(&mut self, link: LinkId, put: impl FnOnce(&QueueTx) -> Result<(), CloseReason>) {
        let Some((queue, _)) = self.live.get(&link).and_then(|handle| handle.open.as_ref()) else {
            tracing::debug!(link = link.0, "frame for a link that has ended");
            return;
        };
        if let Err(reason) = put(queue) {
            tracing::warn!(link = link.0, reason = reason.word(), "link cannot take a frame");
            self.close(link, reason);
        }
    }

    fn close(&mut self, link: LinkId, reason: CloseReason) {
        if let Some((_, order)) = self.live.get_mut(&link).and_then(|handle| handle.open.take()) {
            // A task that is gone has nothing to close.
            let _ = order.send(reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_link_of_a_key_makes_room_for_the_newest() {
        let links = Links::default();
        let key = LinkKey([1; 32]);
        let (first, mut inbox) = links.accept(key).unwrap();
        let (second, mut second_inbox) = links.accept(key).unwrap();
        let (_, mut other) = links.accept(LinkKey([2; 32])).unwrap();
        assert!(inbox.order.try_recv().is_err());
        let (third, mut third_inbox) = links.accept(key).unwrap();
        assert!(first < second && second < third);
        assert_eq!(inbox.order.try_recv(), Ok(CloseReason::Replaced));
        for open in [&mut second_inbox, &mut third_inbox, &mut other] {
            assert!(open.order.try_recv().is_err());
        }
    }

    #[test]
    fn a_number_is_taken_until_it_is_let_go() {
        let links = Links::default();
        let link = LinkId::dialled(4);
        let mut inbox = links.dial(link).unwrap();
        assert!(links.dial(link).is_none());
        assert!(links.dial(LinkId(3)).is_none());
        links.close(link, CloseReason::Done);
        links.close(link, CloseReason::Busy);
        assert_eq!(inbox.order.try_recv(), Ok(CloseReason::Done));
        assert!(links.dial(link).is_none());
        links.forget(link);
        assert!(links.dial(link).is_some());
    }

    #[test]
    fn after_the_stop_there_is_no_place() {
        let links = Links::default();
        let mut inbox = links.dial(LinkId::dialled(0)).unwrap();
        links.stop(CloseReason::GoingAway);
        assert_eq!(inbox.order.try_recv(), Ok(CloseReason::GoingAway));
        assert!(links.dial(LinkId::dialled(1)).is_none());
        assert!(links.accept(LinkKey([1; 32])).is_none());
    }
}
