//! What a peer lacks goes to it: what was just stored is pushed, what is missing is read and served.

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::LogId;
use asif_proto::peer::{Entries, Message, Sealed};

use super::effect::{Effect, LinkId};
use super::{Cx, Replica};
use crate::seal::proof;
use crate::sync::have::Tip;
use crate::sync::link::{Audience, Link, WINDOW};

impl Replica {
    /// Sends what was just stored to every link that is otherwise up to date.
    pub(super) fn push(&mut self, cx: &mut Cx<'_>) {
        let fresh = std::mem::take(&mut cx.fresh);
        for id in self.links.keys().copied().collect::<Vec<_>>() {
            let Some(of) = self.links.get(&id).filter(|link| link.compared && link.closing.is_none()).and_then(Link::audience) else {
                continue;
            };
            if !self.may_give(id) {
                continue;
            }
            let leave = self.leaves_out(id);
            let mut runs: Vec<Entries> = Vec::new();
            let mut left_out: BTreeMap<LogId, BTreeSet<u64>> = BTreeMap::new();
            for one in &fresh {
                let common = self.registry.epoch(&one.head.queue).is_some_and(|epoch| self.is_for(one.head.log, epoch, of));
                let (log, seq) = (one.head.log, one.wire.seq());
                let left_out = left_out.entry(log).or_insert_with(|| self.left_out(cx, log, seq, of));
                let Some(link) = self.links.get_mut(&id) else { break };
                if !common
                    || link.disputed.contains_key(&log)
                    || !link.is_in_order(&log)
                    || link.sent.get(&log).copied().unwrap_or(0).checked_add(1) != Some(seq)
                    || link.unacknowledged() > WINDOW
                {
                    continue;
                }
                link.sent(log, seq, one.wire.bytes().len(), cx.now.mono);
                let sealed = match &leave {
                    _ if !left_out.contains(&seq) => Sealed::from(&one.wire),
                    Some(leave) => proof::leave(&leave.by, leave.queue, &one.wire, &one.wire.link(&one.previous)),
                    None => Sealed::from(&one.wire.to_stub()),
                };
                match runs.last_mut().filter(|run| run.log == log && run.entries.len() < 64) {
                    Some(run) => run.entries.push(sealed),
                    None => {
                        runs.push(Entries { queue: one.head.queue, key: one.head.key, log, before: one.previous, entries: vec![sealed] })
                    }
                }
            }
            for run in runs {
                cx.rest.push(Effect::Send { link: id, message: Message::Entries(run) });
            }
        }
        cx.fresh = fresh;
    }

    /// Asks the edge for the next run that a peer is missing.
    pub(super) fn serve(&mut self, cx: &mut Cx<'_>, id: LinkId, of: Audience) {
        if !self.may_give(id) {
            return;
        }
        self.offer(cx, id, of);
        let behind = |link: &Link, tip: &Tip| link.sent.get(&tip.log).copied().unwrap_or(0) < tip.seq;
        let Some(link) = self.links.get(&id).filter(|link| link.compared && link.serving.is_none() && link.unacknowledged() < WINDOW)
        else {
            return;
        };
        // The journal first: keys of other spaces come with it.
        let journal = self.journal().map(|space| space.id());
        let waits = |tip: &Tip| behind(link, tip) && !link.disputed.contains_key(&tip.log) && self.is_served_as_entries(link, &tip.log);
        // In turns: what one log waits for may be in another.
        let rank = |tip: &Tip| (self.logs.get(&tip.log).map(|log| Some(log.space) != journal), link.turns.get(&tip.log).copied());
        let Some(tip) = self.common_tips(of).into_iter().filter(waits).min_by_key(rank) else { return };
        let from = link.sent.get(&tip.log).copied().unwrap_or(0).saturating_add(1);
        let before = link_before(self.links.get(&id), &tip.log, from);
        if self.serve_held(cx, id, tip.log, from, before) {
            return;
        }
        let Some(log) = self.logs.get(&tip.log) else { return };
        let whole = Some(log.space) == journal;
        let head = log.head;
        if let Some(link) = self.links.get_mut(&id) {
            link.serving = Some(tip.log);
            let turn = link.turns.values().max().copied().unwrap_or(0) + 1;
            link.turns.insert(tip.log, turn);
        }
        let left_out = self.left_out(cx, tip.log, from, of);
        let over = self.over(id);
        let leave = self.leaves_out(id);
        cx.rest.push(Effect::Serve { link: id, over, head, from, before, left_out, leave, whole });
    }

    pub(super) fn served(&mut self, cx: &mut Cx<'_>, id: LinkId, log: LogId, upto: Option<u64>, bytes: usize, stub: Option<u64>) {
        if let Some(known) = self.logs.get_mut(&log) {
            known.stubs.extend(stub);
        }
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.serving == Some(log) {
            link.serving = None;
            match upto {
                // Nothing was sent that they could acknowledge.
                Some(_) if stub.is_some() && bytes == 0 => {}
                Some(upto) => {
                    link.bulk.insert(log, upto);
                    link.sent(log, upto, bytes, cx.now.mono);
                }
                None => self.dispute(cx, id, log),
            }
        }
    }
}

/// The link that a peer says to have just before `from`.
fn link_before(link: Option<&Link>, log: &LogId, from: u64) -> Option<[u8; 8]> {
    let (seq, short) = link?.theirs.get(log)?;
    (seq.checked_add(1) == Some(from) && from > 1).then_some(*short)
}
