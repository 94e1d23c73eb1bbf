//! Version vectors: building them, digesting them.

use asif_proto::id::{KeyId, Link, LogId, QueueId, StatementId};
use asif_proto::peer::{Have, QueueHave};

/// One log as a version vector tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tip {
    /// The queue its space and epoch make.
    pub queue: QueueId,
    /// The epoch's key.
    pub key: KeyId,
    /// The log.
    pub log: LogId,
    /// Highest contiguous seq on stable storage.
    pub seq: u64,
    /// Its link.
    pub link: Link,
}

/// The first 8 bytes of a link: enough to make a fork visible.
pub fn short_link(link: &Link) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = link.0;
    [a, b, c, d, e, f, g, h]
}

/// The first 16 bytes of a statement's id.
pub fn short_id(id: &StatementId) -> [u8; 16] {
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(id.0) {
        *to = from;
    }
    short
}

/// A Have of these tips, grouped by queue.
pub fn have(full: bool, statements: Vec<[u8; 16]>, mut tips: Vec<Tip>) -> Have {
    tips.sort();
    let mut queues: Vec<QueueHave> = Vec::new();
    for tip in tips {
        let entry = (tip.log, tip.seq, short_link(&tip.link));
        match queues.last_mut() {
            Some(last) if last.queue == tip.queue => last.logs.push(entry),
            _ => queues.push(QueueHave { queue: tip.queue, key: tip.key, logs: vec![entry] }),
        }
    }
    Have { full, statements, queues }
}

/// What two ends compare first: equal digests mean that there is nothing to say.
pub fn digest(statements: &[[u8; 16]], mut tips: Vec<Tip>) -> [u8; 16] {
    let mut statements = statements.to_vec();
    statements.sort();
    tips.sort();
    let mut hasher = blake3::Hasher::new_derive_key("asif hello digest v1");
    for id in &statements {
        hasher.update(id);
    }
    hasher.update(&[0xff; 32]);
    for tip in &tips {
        hasher.update(tip.queue.as_bytes());
        hasher.update(tip.log.as_bytes());
        hasher.update(&tip.seq.to_be_bytes());
        hasher.update(&short_link(&tip.link));
    }
    let mut digest = [0; 16];
    for (to, from) in digest.iter_mut().zip(hasher.finalize().as_bytes()) {
        *to = *from;
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tip(queue: u8, log: u8, seq: u64) -> Tip {
        Tip { queue: QueueId([queue; 32]), key: KeyId([queue; 16]), log: LogId([log; 16]), seq, link: Link([9; 32]) }
    }

    #[test]
    fn tips_are_grouped_by_queue() {
        let have = have(true, vec![], vec![tip(2, 3, 1), tip(1, 2, 5), tip(1, 1, 4)]);
        let shape: Vec<_> = have.queues.iter().map(|queue| queue.logs.len()).collect();
        assert_eq!(shape, [2, 1]);
    }

    #[test]
    fn a_digest_depends_on_every_tip_and_statement_but_not_on_their_order() {
        let base = digest(&[[1; 16], [2; 16]], vec![tip(1, 1, 4), tip(1, 2, 5)]);
        assert_eq!(base, digest(&[[2; 16], [1; 16]], vec![tip(1, 2, 5), tip(1, 1, 4)]));
        assert_ne!(base, digest(&[[1; 16]], vec![tip(1, 1, 4), tip(1, 2, 5)]));
        assert_ne!(base, digest(&[[1; 16], [2; 16]], vec![tip(1, 1, 4), tip(1, 2, 6)]));
    }
}
