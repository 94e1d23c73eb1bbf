//! A log that goes on in two ways, as happens when a home is copied or an old copy is put back and both are written in.
//!
//! ```text
//! two ends hold different links at one seq
//!   each      GetEntries                 asks for the other's branch, further back until it grows out of what is here
//!   each      compares the first links that differ: the lower one wins, so both ends say the same; a branch of stubs alone cannot win
//!   winner    waits for a full Have
//!   owner     where the loser is somebody else, who cannot write again what it said: writes that again
//!   loser     writes again what its branch said, in a new log, takes the other branch, makes its views anew, compares again
//! ```
//!
//! Nothing depends on who began it, and doing it twice is harmless: what is written again says what is there already.

mod again;
mod covered;

pub(super) use again::packed_again;
pub(super) use covered::Parting;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use asif_proto::id::{Link, LogId};
use asif_proto::local::Failure;
use asif_proto::peer::{ENTRIES_BYTES, GetEntries, Message};

use super::effect::{Effect, LinkId, LogHead, Purpose, Run, Stored, run_message};
use super::{Cx, Replica};
use crate::people::space::Space;
use crate::seal::body::{Body, DocId};
use crate::seal::wire::Wire;
use crate::sync::link::Link as PeerLink;

/// How far before the shorter tip the other branch is asked for at first; further back it is eight times as much.
const BACK: u64 = 32;
/// Entries shown at once.
const SHOWN: u64 = 256;
/// Asked for where the branch that was shown begins too late: what stands for the entries before it.
const BEFORE_ANY: u64 = 0;
/// How often one link may ask for a branch.
const MAX_ASKED: u32 = 512;
/// So long one is not asked back again while the two hold the same of it. What they may show of it can change meanwhile.
const ASKED_BACK_FOR: Duration = Duration::from_secs(60);
/// Hashes of replaced changes in one entry.
pub(super) const HASHES: usize = 2048;

/// A run of the other's branch, while one's own is read.
#[derive(Debug, Clone)]
pub(super) struct Theirs {
    link: LinkId,
    before: Link,
    wires: Vec<Wire>,
}

/// A branch of this device that lost.
#[derive(Debug, Clone)]
pub(super) struct Loss {
    /// The link before the first that differs.
    before: Link,
    /// The branch that takes its place, well signed.
    branch: Vec<Wire>,
    /// What it takes the place of; empty until it is read.
    ours: Vec<Stored>,
}

impl Replica {
    /// What a peer holds of a log does not fit what is here.
    pub(super) fn dispute(&mut self, cx: &mut Cx<'_>, id: LinkId, log: LogId) {
        let Some(tip) = self.logs.get(&log).map(|log| log.seq) else { return };
        let Some(link) = self.links.get(&id).filter(|link| !link.disputed.contains_key(&log)) else { return };
        let theirs = link.theirs.get(&log).map_or(tip, |(seq, _)| *seq);
        if self.locked {
            // Which of the two counts is for who can open them.
            return self.note_disputed(id, log);
        }
        self.ask_for_branch(cx, id, log, tip.min(theirs).saturating_sub(BACK).max(1));
    }

    fn note_disputed(&mut self, id: LinkId, log: LogId) {
        if let Some(link) = self.links.get_mut(&id) {
            link.disputed.insert(log, 1);
        }
    }

    fn ask_for_branch(&mut self, cx: &mut Cx<'_>, id: LinkId, log: LogId, from: u64) {
        let (Some(head), Some(link)) = (self.logs.get(&log).map(|log| log.head), self.links.get_mut(&id)) else { return };
        link.disputed.insert(log, from);
        cx.rest.push(Effect::Send { link: id, message: Message::GetEntries(GetEntries { queue: head.queue, log, from }) });
    }

    /// A peer asks for a log: it is shown what is here, and asked back.
    pub(super) fn asked_for_branch(&mut self, cx: &mut Cx<'_>, id: LinkId, want: GetEntries) {
        let Some(of) = self.links.get(&id).and_then(PeerLink::audience) else { return };
        let shared = |log: &&super::logs::Log| {
            let epoch = self.registry.epoch(&log.head.queue);
            log.head.queue == want.queue && epoch.is_some_and(|epoch| self.is_for(want.log, epoch, of))
        };
        let Some((tip, here)) = self.logs.get(&want.log).filter(shared).map(|log| (log.seq, log.from)) else {
            return self.refuse("a question about a log that the two do not share");
        };
        let Some(link) = self.links.get_mut(&id) else { return };
        link.asked += 1;
        if link.asked > MAX_ASKED {
            self.refuse("a peer that asks for branches without end");
            return self.drop_link(cx, id);
        }
        // Back is asked once for what the two hold now, and again later: each question would else bring another, without end.
        let now = (tip, link.theirs.get(&want.log).copied());
        let before = link.asked_back.get(&want.log).filter(|(held, at)| *held == now && cx.now.mono < *at + ASKED_BACK_FOR);
        if before.is_none() {
            link.asked_back.insert(want.log, (now, cx.now.mono));
            self.dispute(cx, id, want.log);
        }
        if want.from == BEFORE_ANY {
            return self.show_checkpoint(cx, id, &want.log);
        }
        // What a checkpoint stands for cannot be shown: whoever finds that they part further back asks for that.
        let from = if here > 2 { want.from.max(here) } else { want.from };
        if let Some(held) = self.held_from(&want.log).filter(|held| from >= *held) {
            let run = self.held_run(&want.log, from.max(held), ENTRIES_BYTES);
            return self.show_branch(cx, id, run);
        }
        if from <= tip {
            self.reading += 1;
            let to = self.held_from(&want.log).map_or(tip, |held| held - 1).min(from + SHOWN);
            let runs = vec![Run { log: want.log, from, to }];
            cx.rest.push(Effect::Read { purpose: Purpose::Show(id), runs });
        }
    }

    /// What a peer asked for was read.
    pub(super) fn show_branch(&mut self, cx: &mut Cx<'_>, id: LinkId, mut entries: Vec<Stored>) {
        if let Some((log, next)) = entries.last().map(|last| (last.wire.log(), last.wire.seq() + 1))
            && self.held_from(&log) == Some(next)
        {
            entries.extend(self.held_run(&log, next, ENTRIES_BYTES));
        }
        let Some((first, head)) = entries.first().and_then(|first| Some((first.previous, self.logs.get(&first.wire.log())?.head))) else {
            return;
        };
        let mut room = ENTRIES_BYTES;
        let mut wires = Vec::new();
        for stored in entries {
            let len = stored.wire.bytes().len();
            if len > room && !wires.is_empty() {
                break;
            }
            room = room.saturating_sub(len);
            wires.push(stored.wire);
        }
        if let Some(of) = self.links.get(&id).and_then(PeerLink::audience) {
            if !self.may_show_branch(head.log, of) {
                return;
            }
            let left_out = self.left_out(cx, head.log, 1, of);
            cx.rest.push(Effect::Send { link: id, message: run_message(head, first, &wires, &left_out, None) });
        }
    }

    /// A run of a log came from a peer whose branch of it is another, or may be.
    pub(super) fn their_branch(&mut self, cx: &mut Cx<'_>, id: LinkId, head: LogHead, before: Link, wires: Vec<Wire>) {
        let log = head.log;
        let (Some(first), Some(last)) = (wires.first().map(Wire::seq), wires.last().map(Wire::seq)) else { return };
        let Some(tip) = self.logs.get(&log).filter(|log| log.head == head).map(|log| log.seq) else { return };
        if first > tip || self.losses.contains_key(&log) || self.locked {
            return;
        }
        self.judging.insert(log, Theirs { link: id, before, wires });
        self.reading += 1;
        cx.rest.push(Effect::Read {
            purpose: Purpose::Judge(log),
            runs: vec![Run { log, from: first, to: tip.min(last.max(first + SHOWN)) }],
        });
    }

    /// One's own entries were read that stand where the other's do: where do they part, and which branch wins?
    pub(super) fn compare_branches(&mut self, cx: &mut Cx<'_>, log: LogId, ours: &[Stored]) {
        let Some(theirs) = self.judging.remove(&log) else { return };
        let Some(tip) = self.logs.get(&log).map(|log| log.seq) else { return };
        let (id, shown) = (theirs.link, theirs.wires.first().map_or(0, Wire::seq));
        let own: BTreeMap<u64, &Stored> = ours.iter().map(|one| (one.wire.seq(), one)).collect();
        let (mut link, mut parted, mut covered) = (theirs.before, None, own.is_empty());
        for (at, wire) in theirs.wires.iter().enumerate() {
            let next = wire.link(&link);
            let Some(own) = own.get(&wire.seq()) else {
                // A checkpoint stands for it here.
                (link, covered) = (next, true);
                continue;
            };
            if own.previous != link && !covered {
                return self.look_further_back(cx, id, log, tip, shown);
            }
            if own.previous != link {
                return self.show_checkpoint(cx, id, &log);
            }
            let own_next = own.wire.link(&own.previous);
            if next != own_next {
                parted = Some((at, link, next, own_next));
                break;
            }
            (link, covered) = (next, false);
        }
        if covered && parted.is_none() {
            // Nothing of it can be compared entry by entry.
            return self.show_checkpoint(cx, id, &log);
        }
        let Some((at, before, next, own_next)) = parted else { return self.no_fork(cx, id, log, theirs.wires.last().map_or(0, Wire::seq)) };
        let branch: Vec<Wire> = theirs.wires.into_iter().skip(at).collect();
        let branch = self.well_signed(log, before, branch);
        let Some(from) = branch.first().map(Wire::seq) else { return self.refuse("a branch without a good signature") };
        if from == 1 {
            return self.refuse("a branch that begins with another birth");
        }
        tracing::warn!(?log, from, "a log was continued in two ways");
        self.note_branch(cx, id, log, next);
        self.retire(cx, log);
        // Stubs that no entry of one's own stands behind can be proven to nobody: the other end keeps its branch.
        let of = self.links.get(&id).and_then(PeerLink::audience);
        let left_out = of.map(|of| self.left_out(cx, log, from, of)).unwrap_or_default();
        let is_read = ours.last().is_some_and(|last| last.wire.seq() == tip);
        let is_stub = |own: &Stored| matches!(own.wire, Wire::Stub(_)) || left_out.contains(&own.wire.seq());
        let is_unproven = is_read && ours.iter().skip(at).all(is_stub);
        let gives_way = next < own_next || is_unproven;
        // Where a checkpoint stands for this end's branch, the two checkpoints are compared, if they have one.
        if gives_way && self.bases.covered(&log) >= from {
            self.show_checkpoint(cx, id, &log);
        } else if gives_way {
            self.losses.insert(log, Loss { before, branch, ours: Vec::new() });
            self.reading += 1;
            cx.rest.push(Effect::Read { purpose: Purpose::Lose(log), runs: vec![Run { log, from, to: tip }] });
        } else if self.is_mine_to_say_again(log, id) {
            let mut link = before;
            let ours = branch.iter().map(|wire| {
                let previous = link;
                link = wire.link(&previous);
                Stored { previous, wire: wire.clone() }
            });
            let ours = ours.collect();
            self.found.insert(log, Loss { before, branch, ours });
        }
    }

    /// They part before what was shown.
    fn look_further_back(&mut self, cx: &mut Cx<'_>, id: LinkId, log: LogId, tip: u64, shown: u64) {
        let asked = self.links.get(&id).and_then(|link| link.disputed.get(&log)).copied().unwrap_or(1);
        let back = (tip - shown.min(tip)).saturating_mul(8).max(BACK);
        match shown {
            1 => self.refuse("a branch that begins with another birth"),
            _ if asked < shown => self.ask_for_branch(cx, id, log, BEFORE_ANY),
            _ => self.ask_for_branch(cx, id, log, shown.saturating_sub(back).max(1)),
        }
    }

    /// Whether a branch that lost holds items of this person's own, at somebody who cannot write them again.
    fn is_mine_to_say_again(&self, log: LogId, from: LinkId) -> bool {
        let epoch = self.logs.get(&log).and_then(|log| self.registry.epoch(&log.head.queue));
        let is_mine =
            epoch.is_some_and(|epoch| !matches!(epoch.space, Space::Journal { .. }) && self.person() == Some(epoch.space.owner()));
        is_mine && self.links.get(&from).is_some_and(|link| link.person() != self.person())
    }

    /// As far as the two were compared they hold the same.
    fn no_fork(&mut self, cx: &mut Cx<'_>, id: LinkId, log: LogId, last: u64) {
        let Some(tip) = self.logs.get(&log).map(|log| log.seq) else { return };
        let Some(link) = self.links.get_mut(&id) else { return };
        let theirs = link.theirs.get(&log).map_or(0, |(seq, _)| *seq);
        if last < tip.min(theirs) {
            return self.ask_for_branch(cx, id, log, last + 1);
        }
        // One is only longer than the other.
        link.disputed.remove(&log);
        link.complain(cx.now.mono);
    }

    /// What of a branch the writer of its log signed.
    fn well_signed(&self, log: LogId, before: Link, branch: Vec<Wire>) -> Vec<Wire> {
        let Some((log, keys)) = self.logs.get(&log).and_then(|log| Some((log, self.keys.get(&log.head.queue)?))) else { return Vec::new() };
        let Some(device) = log.device else { return Vec::new() };
        let mut chain = super::receive::open_chain(&keys.read, log.space, log.head.log, before, branch);
        let signed = chain.iter().rposition(|one| one.opened.as_ref().is_some_and(|opened| opened.verify(&device).is_ok()));
        chain.truncate(signed.map_or(0, |at| at + 1));
        chain.into_iter().map(|one| one.wire).collect()
    }

    /// A log of one's own in which somebody else wrote too is not written on.
    pub(super) fn retire(&mut self, cx: &mut Cx<'_>, log: LogId) {
        let own = self.logs.get(&log).and_then(|known| known.device);
        if let Some(vault) = &mut self.vault
            && own == Some(vault.device())
            && !vault.retired.contains(&log)
        {
            vault.retired.push(log);
            self.save_vault(cx);
        }
    }

    pub(super) fn lost_was_read(&mut self, cx: &mut Cx<'_>, log: LogId, ours: Vec<Stored>) {
        let Some(loss) = self.losses.get_mut(&log) else { return };
        if loss.branch.is_empty() {
            loss.before = ours.first().map_or(Link::ZERO, |first| first.previous);
        }
        loss.ours = ours;
        self.check_loss(cx, log);
    }

    /// Branches that lost give way, once everything that is needed to write again what they said is here.
    pub(super) fn give_way(&mut self, cx: &mut Cx<'_>) {
        if (self.losses.is_empty() && self.found.is_empty())
            || !self.is_ready()
            || self.rest_until.is_some()
            || !self.damage.is_empty()
            || self.is_unplaced()
        {
            return;
        }
        self.say_found_again(cx);
        let docs: BTreeSet<DocId> =
            self.losses.values().flat_map(|loss| &loss.ours).filter_map(|stored| self.document_of(stored)).collect();
        // Not `all`: every one that is missing is asked for at once.
        if docs.into_iter().filter(|doc| !self.want(cx, *doc)).count() > 0 {
            return;
        }
        let (mut gave_way, mut of_journal) = (false, false);
        for (log, loss) in std::mem::take(&mut self.losses) {
            let is_journal = self.logs.get(&log).map(|log| log.space) == self.journal().map(|space| space.id());
            // One of the journal at a time: what is written again must not build on another that has yet to give way.
            if loss.ours.is_empty() || (is_journal && of_journal) {
                self.losses.insert(log, loss);
                continue;
            }
            of_journal |= is_journal;
            match self.yield_branch(cx, log, loss) {
                Ok(()) => gave_way = true,
                Err(failure) => tracing::error!(reason = %failure, "a branch that lost could not be written again; it stays"),
            }
        }
        if gave_way {
            // What is shared is looked over once the views are made anew; and they are so once, after the last file was replaced.
            self.sweep_at = Some(cx.now.mono);
            self.rebuild(cx);
        }
    }

    fn document_of(&self, stored: &Stored) -> Option<DocId> {
        match self.open_stored(stored)? {
            Body::Changes(changes) => Some(changes.doc),
            _ => None,
        }
    }

    fn yield_branch(&mut self, cx: &mut Cx<'_>, log: LogId, loss: Loss) -> Result<(), Failure> {
        let Some(space) = self.logs.get(&log).and_then(|log| self.registry.epoch(&log.head.queue)).map(|epoch| epoch.space) else {
            return Ok(());
        };
        if self.journal() == Some(space) {
            self.write_journal_again(cx, space, log, &loss)?;
        } else if self.person() == Some(space.owner()) && matches!(space, Space::Feedback { .. }) {
            self.write_items_again(cx, space, log, &loss)?;
        }
        let Some(from) = loss.ours.first().map(|first| first.wire.seq()) else { return Ok(()) };
        let (checkpoints, pieces) = self.let_go_of_bases(&log, from);
        let Some(known) = self.logs.get_mut(&log) else { return Ok(()) };
        tracing::info!(?log, from, entries = loss.ours.len(), "a branch gave way to another");
        known.link = loss.branch.iter().fold(loss.before, |link, wire| wire.link(&link));
        known.seq = from - 1 + u64::try_from(loss.branch.len()).unwrap_or_default();
        // What comes in its place was not taken in: when it was said is noted as it is read.
        known.merged = known.merged.min(from - 1);
        known.stubs.retain(|seq| *seq < from);
        cx.rest.push(Effect::Graft { log, from, branch: loss.branch, checkpoints, pieces });
        self.rooms.retain(|(_, one), _| *one != log);
        for link in self.links.values_mut() {
            link.forget(&log);
            link.compare = true;
        }
        Ok(())
    }
}
