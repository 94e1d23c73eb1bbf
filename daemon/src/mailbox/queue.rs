//! A queue as long as somebody looks at it: what its listing says, and what is on its way into the store.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use asif_proto::id::{CheckpointId, Link, LogId, PieceId};
use asif_proto::peer::{Deposit, Have, Sealed};

use super::effect::VisitorId;
use super::held::{At, Held};
use super::names::{self, AccountId, Head, Object, Run};
use super::visitor::Visit;
use crate::seal::wire::Wire;
use crate::sync::have::{self, Tip};

/// The most logs of one queue.
pub(super) const MAX_LOGS: usize = 4096;
/// The most slips of one queue.
pub(super) const MAX_SLIPS: usize = 4096;
/// The most pieces of checkpoints of one queue.
pub(super) const MAX_PIECES: usize = 8192;
/// Bytes of entries in one object, about.
pub(super) const OBJECT_BYTES: usize = 1 << 20;

/// As above.
pub(super) struct Queue {
    /// Whose room it takes.
    pub(super) account: AccountId,
    /// By what stubs are signed; none of a recovery queue.
    pub(super) writing: Option<[u8; 32]>,
    pub(super) logs: BTreeMap<LogId, Log>,
    pub(super) slips: BTreeSet<[u8; 16]>,
    pub(super) pieces: BTreeSet<PieceId>,
    pub(super) deposits: BTreeMap<CheckpointId, Deposit>,
    /// Since when it is only read, in seconds since 1970.
    pub(super) closed: Option<u64>,
    /// What it takes in the store.
    pub(super) bytes: u64,
    /// When it was listed.
    pub(super) listed: Duration,
}

/// One log.
pub(super) struct Log {
    pub(super) held: Held,
    /// What is being put, and what comes behind it.
    pub(super) putting: Option<Portion>,
    pub(super) coming: Option<Portion>,
}

/// Entries that become one object.
pub(super) struct Portion {
    pub(super) at: At,
    pub(super) run: Run,
    pub(super) entries: Vec<Sealed>,
    pub(super) bytes: usize,
    /// Who waits for it.
    pub(super) by: BTreeSet<VisitorId>,
}

impl Queue {
    /// As its listing and its checkpoints tell it.
    pub(super) fn of(
        account: AccountId,
        writing: Option<[u8; 32]>,
        listed: &[(String, u64)],
        deposits: BTreeMap<CheckpointId, Deposit>,
        at: Duration,
    ) -> Self {
        let mut queue = Self {
            account,
            writing,
            logs: BTreeMap::new(),
            slips: BTreeSet::new(),
            pieces: BTreeSet::new(),
            deposits,
            closed: None,
            bytes: listed.iter().map(|(_, size)| *size).sum(),
            listed: at,
        };
        let mut runs: BTreeMap<LogId, (Head, BTreeSet<Run>)> = BTreeMap::new();
        for object in listed.iter().filter_map(|(name, _)| names::parse(name)) {
            match object {
                Object::Run(head, log, run) => drop(runs.entry(log).or_insert_with(|| (head, BTreeSet::new())).1.insert(run)),
                Object::Slip(id) => drop(queue.slips.insert(id)),
                Object::Piece(id) => drop(queue.pieces.insert(id)),
                Object::Checkpoint(_) => {}
                Object::Closed(at) => queue.closed = Some(queue.closed.map_or(at, |before| before.min(at))),
            }
        }
        let mut bases: BTreeMap<LogId, (Head, (u64, Link))> = BTreeMap::new();
        for stand in queue.deposits.values().flat_map(|deposit| &deposit.covers) {
            let base = (Head { queue: stand.queue, key: stand.key }, (stand.seq, stand.link));
            let known = bases.entry(stand.log).or_insert(base);
            *known = (*known).max(base);
        }
        for (log, (head, runs)) in runs {
            let base = bases.remove(&log).map(|(_, base)| base);
            queue.logs.insert(log, Log::of(Held::of(head, base, &runs)));
        }
        for (log, (head, base)) in bases {
            queue.logs.insert(log, Log::of(Held::of(head, Some(base), &BTreeSet::new())));
        }
        queue
    }

    /// Up to where a checkpoint stands for the entries of a log.
    pub(super) fn covered(&self, log: &LogId) -> u64 {
        let stands = self.deposits.values().flat_map(|one| &one.covers).filter(|stand| stand.log == *log);
        stands.map(|stand| stand.seq).max().unwrap_or(0)
    }

    /// It was listed anew: what is on its way still is.
    pub(super) fn go_on_from(&mut self, before: Self) {
        for (log, known) in before.logs {
            if known.putting.is_some() || known.coming.is_some() {
                let now = self.logs.entry(log).or_insert_with(|| Log::of(Held::new(known.held.head)));
                (now.putting, now.coming) = (known.putting, known.coming);
            }
        }
    }

    /// What it holds, as somebody is told it who looks at it.
    pub(super) fn have(&self, visit: &Visit, only: Option<&BTreeSet<LogId>>) -> Have {
        let logs = self.logs.iter().filter(|(log, _)| only.is_none_or(|only| only.contains(log)));
        let tips = logs.filter_map(|(log, known)| {
            let (seq, link) = known.held.tip_of(visit.on.get(log).copied());
            let Head { queue, key } = known.held.head;
            (seq > 0).then_some(Tip { queue, key, log: *log, seq, link })
        });
        let statements = if only.is_none() { self.slips.iter().copied().collect() } else { Vec::new() };
        have::have(only.is_none(), statements, tips.collect())
    }

    /// Where a run belongs that somebody brings.
    pub(super) fn fit(&self, log: &LogId, before: Link, run: Vec<(Sealed, Wire)>) -> Fitting {
        let known = self.logs.get(log);
        // Behind what is on its way into the store, where there is something.
        if let Some(last) = known.and_then(|known| known.coming.as_ref().or(known.putting.as_ref())) {
            let beyond = beyond((last.run.to, last.run.after), before, run);
            return beyond.map_or(Fitting::Gap, |beyond| Fitting::New(last.at, beyond));
        }
        let Some(held) = known.map(|known| &known.held) else {
            return beyond((0, Link::ZERO), before, run).map_or(Fitting::Gap, |beyond| Fitting::New(At::Chain, beyond));
        };
        for branch in std::iter::once(None).chain((0..held.branches.len()).map(Some)) {
            if let Some(beyond) = beyond(held.tip_of(branch), before, run.clone()) {
                return Fitting::New(branch.map_or(At::Chain, At::Branch), beyond);
            }
        }
        let Some(all) = beyond((run.first().map_or(1, |(_, wire)| wire.seq()) - 1, before), before, run) else { return Fitting::Known };
        let Some((_, seq, link)) = all.entries.last() else { return Fitting::Known };
        match (held.place(all.from, before), held.link_at(*seq)) {
            (None, _) if all.from > held.tip().0 => Fitting::Gap,
            (Some(at), Ok(links)) if !links.contains(link) => Fitting::New(at, all),
            (_, Ok(_)) | (None, _) => Fitting::Known,
            (Some(_), Err(run)) => Fitting::Unclear(run),
        }
    }
}

/// Where a run belongs.
pub(super) enum Fitting {
    /// Something of it is new.
    New(At, Beyond),
    /// It is here.
    Known,
    /// Something before it is missing.
    Gap,
    /// It may be another branch of what lies in this object.
    Unclear(Run),
}

/// Entries that go on behind an end.
pub(super) struct Beyond {
    pub(super) before: Link,
    pub(super) from: u64,
    pub(super) entries: Vec<(Sealed, u64, Link)>,
}

impl Beyond {
    /// What they become in the store.
    pub(super) fn run(&self) -> Option<Run> {
        let (_, to, after) = self.entries.last()?;
        Some(Run { from: self.from, to: *to, before: self.before, after: *after })
    }
}

/// What of a run goes on behind an end that it goes through.
fn beyond(end: (u64, Link), before: Link, run: Vec<(Sealed, Wire)>) -> Option<Beyond> {
    let first = run.first()?.1.seq();
    let mut fits = (first - 1, before) == end;
    let mut link = before;
    let mut entries = Vec::new();
    for (sealed, wire) in run {
        link = wire.link(&link);
        if wire.seq() > end.0 {
            entries.push((sealed, wire.seq(), link));
        } else {
            fits = (wire.seq(), link) == end;
        }
    }
    (fits && !entries.is_empty()).then_some(Beyond { before: end.1, from: end.0 + 1, entries })
}

impl Log {
    pub(super) fn of(held: Held) -> Self {
        Self { held, putting: None, coming: None }
    }
}
