//! What is no longer to be read goes from a mailbox, too: outdated items and the unread rest of a share become stubs there, and entries that a checkpoint
//! stands for go where they have gone here.
//!
//! A stub is signed by the writing capability of the queue: whoever reads takes it from a mailbox only so. What a queue was not told yet is remembered.

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::{LogId, QueueId, SpaceId};
use asif_proto::peer::{DropEntries, Entries, Message};

use super::super::effect::{Effect, LinkId, Purpose, Run, Stored};
use super::super::{Cx, Replica};
use crate::people::space::Space;
use crate::people::statement::Epoch;
use crate::seal::proof;
use crate::share::item::{self, ABOUT_THE_SHARE};

/// Entries that are read for that at one time.
const AT_ONCE: usize = 256;

impl Replica {
    /// Entries of a log become stubs on this device: so they do in the queues that may hold them.
    pub(in crate::replica) fn leave_out_in_queues(&mut self, cx: &Cx<'_>, log: LogId, seqs: &BTreeSet<u64>) {
        let Some(space) = self.logs.get(&log).map(|log| log.space) else { return };
        for queue in self.own_queues(space) {
            self.mail.notes.entry(queue).or_default().leave.entry(log).or_default().extend(seqs);
            self.save_peers_soon(cx);
        }
    }

    /// A share is over: nothing of it is to be read any more but that, and what was agreed.
    pub(in crate::replica) fn blank_in_queues(&mut self, cx: &Cx<'_>, space: Space) {
        let (Some(board), Some(grant)) = (self.boards.get(&space.id()), space.grant()) else { return };
        let kept = ABOUT_THE_SHARE.map(|kind| board.get(&item::terms_item(grant, kind)).map(|held| held.entry));
        let end = board.end_log();
        let of_it = self.logs.values().filter(|log| log.space == space.id() && Some(log.head.log) != end);
        let blank = |log: LogId, last: u64| (2..=last).filter(|seq| !kept.contains(&Some((log, *seq)))).collect();
        let all: Vec<(LogId, BTreeSet<u64>)> = of_it.map(|log| (log.head.log, blank(log.head.log, log.seq))).collect();
        for (log, seqs) in all {
            self.leave_out_in_queues(cx, log, &seqs);
        }
    }

    /// Queues of a space that may hold something of it, as far as is remembered.
    fn own_queues(&self, space: SpaceId) -> Vec<QueueId> {
        let writes = |queue: &QueueId| self.keys.get(queue).is_some_and(|keys| keys.write.is_some());
        let queues = self.registry.epochs(space).map(Epoch::queue).filter(writes);
        queues.filter(|queue| self.mail.notes.get(queue).is_some_and(|note| !note.done)).collect()
    }

    /// Asks queues to leave out what they were not asked to leave out yet, and to drop what was dropped here.
    pub(super) fn tend_leaving_out(&mut self, cx: &mut Cx<'_>) {
        let asks = self.mail.queues.iter().filter(|(_, of)| of.may_write && !of.closed && !of.leaving);
        let ready: Vec<(LinkId, QueueId)> = asks.map(|(id, of)| (*id, of.queue)).collect();
        for (id, queue) in ready {
            if !self.is_settled(id) {
                continue;
            }
            self.drop_in_queue(cx, id);
            let Some(note) = self.mail.notes.get(&queue).filter(|note| !note.leave.is_empty()) else { continue };
            let all = note.leave.iter().flat_map(|(log, seqs)| seqs.iter().map(|seq| (*log, *seq)));
            let known = all.filter(|(log, seq)| self.logs.get(log).is_some_and(|log| *seq <= log.seq && log.has_place(*seq)));
            let mut runs: Vec<Run> = Vec::new();
            for (log, seq) in known.take(AT_ONCE) {
                match runs.last_mut().filter(|run| run.log == log && run.to + 1 == seq) {
                    Some(run) => run.to = seq,
                    None => runs.push(Run { log, from: seq, to: seq }),
                }
            }
            if runs.is_empty() {
                continue;
            }
            if let Some(of) = self.mail.queues.get_mut(&id) {
                of.leaving = true;
            }
            self.reading += 1;
            cx.rest.push(Effect::Read { purpose: Purpose::Leave(id), runs });
        }
    }

    /// What a queue is to leave out was read.
    pub(in crate::replica) fn leave_out_came(&mut self, cx: &mut Cx<'_>, id: LinkId, entries: &[Stored]) {
        let Some(leave) = self.leaves_out(id) else { return };
        let mut runs: Vec<Entries> = Vec::new();
        let mut last: Option<(LogId, u64)> = None;
        for stored in entries {
            let (log, seq) = (stored.wire.log(), stored.wire.seq());
            let Some(head) = self.logs.get(&log).map(|log| log.head) else { continue };
            let sealed = proof::leave(&leave.by, leave.queue, &stored.wire, &stored.wire.link(&stored.previous));
            match runs.last_mut().filter(|_| last == Some((log, seq.saturating_sub(1)))) {
                Some(run) => run.entries.push(sealed),
                None => runs.push(Entries { queue: head.queue, key: head.key, log, before: stored.previous, entries: vec![sealed] }),
            }
            last = Some((log, seq));
        }
        for run in runs {
            cx.rest.push(Effect::Send { link: id, message: Message::Stubs(run) });
        }
    }

    /// A queue has left these out.
    pub(super) fn were_stubbed(&mut self, cx: &Cx<'_>, id: LinkId, log: LogId, seqs: &[u64]) {
        let Some(of) = self.mail.queues.get_mut(&id) else { return };
        of.leaving = false;
        let Some(note) = self.mail.notes.get_mut(&of.queue) else { return };
        if let Some(left) = note.leave.get_mut(&log) {
            left.retain(|seq| !seqs.contains(seq));
        }
        note.leave.retain(|_, seqs| !seqs.is_empty());
        self.save_peers_soon(cx);
    }

    /// Entries that a checkpoint stands for, and that are not here any more, need not be there either.
    fn drop_in_queue(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        let Some(of) = self.mail.queues.get(&id) else { return };
        if !of.gives || self.bases.current().any(|base| !of.deposits.contains(&base.id)) {
            return;
        }
        let Some(space) = self.registry.epoch(&of.queue).map(|epoch| epoch.space.id()) else { return };
        let gone = self.logs.values().filter(|log| log.space == space && log.from > 2).map(|log| (log.head.log, log.from));
        let untold: BTreeMap<LogId, u64> = gone.filter(|(log, from)| of.dropped.get(log) != Some(from)).collect();
        for (log, before) in &untold {
            cx.rest.push(Effect::Send { link: id, message: Message::DropEntries(DropEntries { log: *log, before: *before }) });
        }
        if let Some(of) = self.mail.queues.get_mut(&id) {
            of.dropped.extend(untold);
        }
    }
}
