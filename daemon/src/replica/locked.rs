//! A locked device goes on receiving for its person's other devices, and gives them what it has: it can open none of it.
//!
//! ```text
//! run, statement   continues what is here -> held: fsync, in the order in which it came -> acknowledged, passed on
//! opened           held, one after the other -> as if an own device brought it just now: opened, verified, stored, merged
//! ```
//!
//! Only own devices are let in, and what they bring is not looked into: the chain is checked, signatures of statements are. Of two entries for one place
//! the first stays until the journal is open. A removal counts at once for who is let in; what this device had of the removed one's logs by then stands
//! before it in the order, so that the answer to it is what it would have been.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use asif_proto::frame::Frame;
use asif_proto::id::{Link, LogId};
use asif_proto::peer::{Blob, ENTRIES_BYTES, Entries, Message, Sealed};

use super::effect::{Append, Effect, Found, LinkId, LockedList, Stored, run_message};
use super::logs::{Fresh, Log};
use super::receive::{Chained, Tail, open_chain, read};
use super::{Cx, Replica};
use crate::people::statement::{Said, Statement};
use crate::seal::body::Body;
use crate::seal::entry::Opened;
use crate::seal::outside::Outside;
use crate::seal::wire::Wire;
use crate::sync::have::short_link;

/// Bytes of entries that are held at most. Beyond it Have stops.
const MAX_HELD: usize = 16 << 20;
/// Bytes that are gone through in one step.
const AT_ONCE: usize = 256 << 10;

/// What came while the journal was locked.
#[derive(Default)]
pub(super) struct Held {
    /// Locked: of each log what comes after what is in its file, with the link before it.
    runs: BTreeMap<LogId, (Link, Vec<Wire>)>,
    bytes: usize,
    /// Open: what is still to be gone through, what was, and what of that could not be taken yet.
    waiting: VecDeque<Vec<u8>>,
    tried: Vec<Vec<u8>>,
    left: Vec<Vec<u8>>,
    /// How it was with what may help when what is left was last tried.
    tried_with: [usize; 3],
}

impl Replica {
    /// Begins to go on as a locked device, if what that takes is here.
    pub(super) fn begin_locked(&mut self, cx: &mut Cx<'_>, found: &Found) {
        self.dropped.found(&found.dropped);
        if !found.damage.is_empty() || self.registry.load(found.statements.iter().cloned()).is_err() {
            return;
        }
        self.outside = found.outside.as_deref().and_then(Outside::from_file);
        let Some(outside) = &self.outside else { return };
        for (key, addresses) in &outside.met {
            self.peers.notes.entry(*key).or_default().addresses.clone_from(addresses);
        }
        self.find_logs(found.logs.clone());
        for bytes in &found.held {
            self.hold_again(cx, bytes);
        }
        self.settle_locked(cx);
    }

    /// What follows from any step while it is locked.
    pub(super) fn settle_locked(&mut self, cx: &mut Cx<'_>) {
        self.rest_until = self.rest_until.filter(|at| cx.now.mono < *at);
        self.announce_statements(cx);
        self.push(cx);
        self.tend_nearby(cx);
        self.tend_links(cx);
        self.update_gate(cx);
        if self.save_peers_at.is_some_and(|at| cx.now.mono >= at) {
            self.save_peers(cx);
        }
    }

    /// Holds a run that continues a log.
    pub(super) fn hold_run(&mut self, cx: &mut Cx<'_>, from: LinkId, tail: Tail) {
        let size: usize = tail.wires.iter().map(|wire| wire.bytes().len()).sum();
        if self.held.bytes.saturating_add(size) > MAX_HELD {
            if let Some(link) = self.links.get_mut(&from) {
                link.full.insert(tail.head.log);
            }
            return self.refuse("an entry while the journal is locked, and there is no more room to hold it");
        }
        let head = tail.head;
        let entries = tail.wires.iter().map(Sealed::from).collect();
        let run = Entries { queue: head.queue, key: head.key, log: head.log, before: tail.before, entries };
        self.keep_held(cx, Message::Entries(run).to_frame().to_bytes());
        let (mut previous, wires) = (tail.before, tail.wires.clone());
        self.continue_log(tail);
        for wire in wires {
            let link = wire.link(&previous);
            if let Some(known) = self.links.get_mut(&from) {
                known.acknowledge(head.log, wire.seq(), cx.now.mono);
                known.owed.insert(head.log);
            }
            cx.fresh.push(Fresh { head, previous, wire });
            previous = link;
        }
    }

    /// Holds a statement; it counts here at once.
    pub(super) fn hold_statement(&mut self, cx: &mut Cx<'_>, statement: &Statement) {
        let blobs = vec![Blob(statement.bytes().to_vec())];
        let message = if matches!(statement.said(), Said::Epoch(_)) { Message::Epochs(blobs) } else { Message::Roster(blobs) };
        self.keep_held(cx, message.to_frame().to_bytes());
    }

    fn keep_held(&mut self, cx: &mut Cx<'_>, bytes: Vec<u8>) {
        // The recovery kit may open the journal instead of the passphrase.
        if let Some(found) = &mut self.unopened {
            found.held.push(bytes.clone());
        }
        cx.appends.push(Append::Locked(LockedList::Held, bytes));
    }

    /// What was held before this start is held still.
    fn hold_again(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) {
        match message(bytes) {
            Some(Message::Entries(run)) => {
                let before = run.before;
                if let Some((head, wires)) = read(run)
                    && let Some(tail) = self.tail(cx, LinkId::HELD, head, before, wires)
                {
                    self.continue_log(tail);
                }
            }
            Some(Message::Roster(blobs) | Message::Epochs(blobs)) => {
                for statement in blobs.iter().filter_map(|blob| Statement::from_bytes(&blob.0).ok()) {
                    if !self.registry.contains(&statement.id()) {
                        self.registry.insert(statement);
                    }
                }
            }
            _ => {}
        }
    }

    fn continue_log(&mut self, tail: Tail) {
        let Tail { head, space, before, wires } = tail;
        let log = self.logs.entry(head.log).or_insert_with(|| Log::unknown(head, space.id()));
        for wire in &wires {
            (log.seq, log.link) = (wire.seq(), wire.link(&log.link));
        }
        self.held.bytes += wires.iter().map(|wire| wire.bytes().len()).sum::<usize>();
        self.held.runs.entry(head.log).or_insert_with(|| (before, Vec::new())).1.extend(wires);
    }

    /// The first entry of a log that is held and not in its file.
    pub(super) fn held_from(&self, log: &LogId) -> Option<u64> {
        self.held.runs.get(log).and_then(|(_, wires)| wires.first()).map(Wire::seq)
    }

    /// What is held of a log from an entry on, at most `bytes` of it, but one at least.
    pub(super) fn held_run(&self, log: &LogId, from: u64, mut bytes: usize) -> Vec<Stored> {
        let Some((before, wires)) = self.held.runs.get(log) else { return Vec::new() };
        let mut previous = *before;
        let mut run = Vec::new();
        for wire in wires {
            let link = wire.link(&previous);
            if wire.seq() >= from {
                let len = wire.bytes().len();
                if len > bytes && !run.is_empty() {
                    break;
                }
                bytes = bytes.saturating_sub(len);
                run.push(Stored { previous, wire: wire.clone() });
            }
            previous = link;
        }
        run
    }

    /// Sends what is held of a log from an entry on. Says whether that is where it lies.
    pub(super) fn serve_held(&mut self, cx: &mut Cx<'_>, id: LinkId, log: LogId, from: u64, expected: Option<[u8; 8]>) -> bool {
        if self.held_from(&log).is_none_or(|first| from < first) {
            return false;
        }
        let run = self.held_run(&log, from, ENTRIES_BYTES);
        let (Some(first), Some(last), Some(head)) = (run.first(), run.last(), self.logs.get(&log).map(|log| log.head)) else {
            return false;
        };
        if expected.is_some_and(|expected| expected != short_link(&first.previous)) {
            self.dispute(cx, id, log);
            return true;
        }
        let (before, upto) = (first.previous, last.wire.seq());
        let wires: Vec<Wire> = run.into_iter().map(|stored| stored.wire).collect();
        let bytes = wires.iter().map(|wire| wire.bytes().len()).sum();
        if let Some(link) = self.links.get_mut(&id) {
            link.sent(log, upto, bytes, cx.now.mono);
        }
        cx.rest.push(Effect::Send { link: id, message: run_message(head, before, &wires, &BTreeSet::new(), None) });
        true
    }

    /// What was held is to be gone through.
    pub(super) fn load_held(&mut self, held: Vec<Vec<u8>>) {
        self.held = Held { waiting: held.into(), ..Held::default() };
    }

    /// Whether something that was held can be gone through now.
    pub(super) fn takes_held(&self) -> bool {
        !self.held.waiting.is_empty() && !self.locked && self.is_ready() && self.loading.is_empty() && self.writes_of_itself()
    }

    /// Goes through what was held, as if an own device brought it just now.
    pub(super) fn take_held(&mut self, cx: &mut Cx<'_>) {
        if self.held.waiting.is_empty() && !self.held.left.is_empty() && self.held.tried_with != self.what_may_help() {
            self.held.waiting = std::mem::take(&mut self.held.left).into();
        }
        let (true, Some(me)) = (self.takes_held(), self.person()) else { return };
        let mut room = AT_ONCE;
        while room > 0 {
            let Some(bytes) = self.held.waiting.pop_front() else { break };
            room = room.saturating_sub(bytes.len());
            match message(&bytes) {
                Some(Message::Entries(run)) => self.entries(cx, LinkId::HELD, run),
                // What was brought before a removal is what it is answered with; what came after counts for nothing.
                Some(Message::Roster(blobs) | Message::Epochs(blobs)) => self.statements(cx, LinkId::HELD, me, blobs),
                _ => self.refuse("something that was held and is no message"),
            }
            self.held.tried.push(bytes);
        }
        if self.held.waiting.is_empty() {
            let tried = std::mem::take(&mut self.held.tried);
            let (all, left) = (tried.len(), tried.into_iter().filter(|bytes| self.waits_still(bytes)).collect::<Vec<_>>());
            tracing::info!(came = all, waits = left.len(), "what came while the journal was locked was gone through");
            cx.rest.push(Effect::KeepLocked(LockedList::Held, left.clone()));
            (self.held.left, self.held.tried_with) = (left, self.what_may_help());
        }
    }

    /// What has not been taken yet may be where there is another key or statement, or less that waits.
    fn what_may_help(&self) -> [usize; 3] {
        [self.keys.len(), self.registry.statements().len(), self.pending.values().map(Vec::len).sum()]
    }

    /// Whether something that was held was not taken and may be yet. Nothing that opens and is well signed is let go of, nor what nothing here opens.
    fn waits_still(&self, bytes: &[u8]) -> bool {
        let Some(Message::Entries(run)) = message(bytes) else { return false };
        let before = run.before;
        let Some((head, wires)) = read(run) else { return false };
        let tip = self.logs.get(&head.log).map_or(0, |log| log.seq);
        let is_here = wires.last().is_none_or(|last| last.seq() <= tip);
        let Some(space) = self.registry.epoch(&head.queue).map(|epoch| epoch.space).filter(|_| !is_here) else { return false };
        let Some(keys) = self.keys.get(&head.queue) else { return true };
        let chain = open_chain(&keys.read, space.id(), head.log, before, wires);
        let of = |one: &Chained| match Body::from_bytes(one.opened.as_ref()?.bodies()) {
            Ok(Body::Birth(birth)) => Some(birth.device),
            _ => None,
        };
        let writer = self.logs.get(&head.log).and_then(|log| log.device).or_else(|| chain.first().and_then(of));
        let counts = writer.map(|device| self.registry.roster(&space.owner()).counts(&device, &head.log).unwrap_or(0));
        let is_signed = |opened: &Opened| writer.is_none_or(|device| opened.verify(&device).is_ok());
        let counts = |one: &Chained| one.wire.seq() > tip && counts.is_none_or(|counts| one.wire.seq() <= counts);
        chain.iter().any(|one| counts(one) && one.opened.as_ref().is_some_and(is_signed))
    }
}

fn message(bytes: &[u8]) -> Option<Message> {
    Message::from_frame(&Frame::from_bytes(bytes).ok()?).ok()?
}
