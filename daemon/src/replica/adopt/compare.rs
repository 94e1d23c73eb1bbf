//! Whether all that is held is in a checkpoint that came: entry by entry where it stands for entries that are here, and document by document where it
//! stands for what another checkpoint here does.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use asif_proto::id::{CheckpointId, Link, LogId};

use super::super::base::Base;
use super::super::effect::{Effect, Purpose, Run, Stored};
use super::super::fork::Parting;
use super::super::{Cx, Replica};
use crate::journal::document::Document;
use crate::seal::body::DocId;

impl Replica {
    /// Looks for what is held in what came, document by document; once all of it is there, takes what came.
    pub(super) fn compare_or_keep(&mut self, cx: &mut Cx<'_>) {
        let Some(adopting) = &self.adopting else { return };
        let tips = &adopting.base.tips;
        let held: BTreeMap<LogId, u64> =
            tips.iter().filter_map(|(log, (tip, _))| Some((*log, self.logs.get(log)?.seq.min(*tip)))).collect();
        let is_unseen = !self.unseen(&adopting.base).is_empty();
        let docs: Option<VecDeque<DocId>> = (adopting.uncompared.is_none() || adopting.held != held).then(|| {
            let covered = |log: &LogId, seqs: &[u64]| seqs.iter().any(|seq| tips.get(log).is_some_and(|(tip, _)| seq <= tip));
            let written = self.index.iter().filter(|(_, logs)| logs.iter().any(|(log, seqs)| covered(log, seqs))).map(|(doc, _)| *doc);
            let based = self.bases.current().flat_map(|base| &base.said.bundles).flat_map(|bundle| &bundle.documents).map(|one| one.doc);
            let theirs = adopting.base.said.bundles.iter().flat_map(|bundle| &bundle.documents).map(|one| one.doc);
            let theirs = theirs.filter(|_| is_unseen);
            let docs: BTreeSet<DocId> = written.chain(based).chain(theirs).collect();
            docs.into_iter().collect()
        });
        let Some(adopting) = &mut self.adopting else { return };
        if let Some(docs) = docs {
            (adopting.uncompared, adopting.held) = (Some(docs), held);
            adopting.goes_through = false;
            adopting.lacking.clear();
        }
        if !adopting.goes_through {
            return self.look_at_tips(cx);
        }
        if adopting.uncompared.as_ref().is_some_and(|docs| !docs.is_empty()) {
            return self.compare_next(cx);
        }
        let (base, lacking) = (adopting.base.clone(), adopting.lacking.clone());
        if !self.parted(&base, &lacking).is_empty() {
            self.compare_anew();
            match self.part_from(cx, &base, &lacking) {
                Ok(()) => {}
                Err(Parting::Lacks) => self.not_taken(cx, "a checkpoint that lacks an entry that is held here"),
                Err(Parting::Neither) => self.swap_or_not(cx),
            }
            return;
        }
        let Some(adopting) = &mut self.adopting else { return };
        adopting.keeping = true;
        let jumps = adopting.jumps.values().map(|(_, jump)| jump.clone()).collect();
        cx.rest.push(Effect::Adopt { checkpoint: adopting.base.sealed.clone(), jumps, at_s: cx.now.wall.as_second() });
    }

    /// Logs that are longer here, and of which the entry that it names is gone: whether they went through it is seen in the documents alone.
    fn unseen(&self, base: &Base) -> BTreeSet<LogId> {
        let is_gone = |(log, (tip, _)): (&LogId, &(u64, Link))| {
            self.logs.get(log).is_some_and(|held| held.seq > *tip && held.from > 2 && held.from > *tip).then_some(*log)
        };
        base.tips.iter().filter_map(is_gone).collect()
    }

    pub(super) fn compare_anew(&mut self) {
        if let Some(adopting) = &mut self.adopting {
            adopting.uncompared = None;
        }
    }

    /// Reads the entries that it names of logs that are longer here: those may have gone another way before.
    fn look_at_tips(&mut self, cx: &mut Cx<'_>) {
        let Some(adopting) = &mut self.adopting else { return };
        let is_longer =
            |log: &LogId, tip: u64| self.logs.get(log).is_some_and(|held| held.seq > tip && (held.from <= 2 || held.from <= tip));
        let tips = adopting.base.tips.iter().filter(|(log, (tip, _))| is_longer(log, *tip));
        let runs = tips.map(|(log, (tip, _))| Run { log: *log, from: *tip, to: *tip }).collect();
        adopting.judging = true;
        self.reading += 1;
        cx.rest.push(Effect::Read { purpose: Purpose::Tips(adopting.base.id), runs });
    }

    /// They came.
    pub(in crate::replica) fn tips_came(&mut self, cx: &mut Cx<'_>, of: CheckpointId, entries: &[Stored]) {
        let Some(adopting) = self.adopting.as_mut().filter(|adopting| adopting.base.id == of) else { return };
        (adopting.judging, adopting.goes_through) = (false, true);
        let names = |one: &&Stored| adopting.base.tips.get(&one.wire.log()) == Some(&(one.wire.seq(), one.wire.link(&one.previous)));
        let others: Vec<(LogId, u64)> = entries.iter().filter(|one| !names(one)).map(|one| (one.wire.log(), one.wire.seq())).collect();
        for (log, seq) in others {
            adopting.lacking.entry(log).and_modify(|first| *first = seq.min(*first)).or_insert(seq);
        }
        self.go_on_adopting(cx);
    }

    /// Reads what is held of the next document, to look for it in what came.
    fn compare_next(&mut self, cx: &mut Cx<'_>) {
        let Some(adopting) = &self.adopting else { return };
        let Some(doc) = adopting.uncompared.as_ref().and_then(|docs| docs.front().copied()) else { return };
        let is_covered = |log: &LogId, seq: &u64| adopting.base.tips.get(log).is_some_and(|(tip, _)| seq <= tip);
        let logs = self.index.get(&doc).into_iter().flatten();
        let seqs = logs.flat_map(|(log, seqs)| seqs.iter().filter(move |seq| is_covered(log, seq)).map(move |seq| (*log, *seq)));
        let seqs: Vec<(LogId, u64)> = seqs.collect();
        let theirs = adopting.base.bundle_of(doc).map(|at| (&adopting.base, at));
        let bundles = theirs.into_iter().chain(self.bases.bundles_of(doc));
        let pieces = bundles.filter_map(|(base, at)| base.said.bundles.get(at)).flat_map(|bundle| bundle.pieces.iter().copied());
        let runs = seqs.into_iter().map(|(log, seq)| Run { log, from: seq, to: seq });
        cx.rest.push(Effect::Compare { of: adopting.base.id, doc, pieces: pieces.collect(), runs: runs.collect() });
        if let Some(adopting) = &mut self.adopting {
            adopting.judging = true;
        }
    }

    /// It came.
    pub(in crate::replica) fn compared(
        &mut self,
        cx: &mut Cx<'_>,
        of: CheckpointId,
        doc: DocId,
        pieces: &[Option<Vec<u8>>],
        entries: &[Stored],
    ) {
        let Some(adopting) = self.adopting.as_mut().filter(|adopting| adopting.base.id == of) else { return };
        adopting.judging = false;
        if adopting.swap.is_some() {
            return self.swap_compared(cx, doc, pieces);
        }
        let base = adopting.base.clone();
        let mut bundles: Vec<(Base, usize)> = base.bundle_of(doc).map(|at| (base.clone(), at)).into_iter().collect();
        bundles.extend(self.bases.bundles_of(doc).into_iter().map(|(base, at)| (base.clone(), at)));
        let (mut pieces, mut loaded) = (pieces, VecDeque::new());
        for (base, at) in &bundles {
            let count = base.said.bundles.get(*at).map_or(0, |bundle| bundle.pieces.len());
            let (of, rest) = pieces.split_at_checked(count).unwrap_or((pieces, &[]));
            pieces = rest;
            loaded.push_back(self.load_from(base, *at, of, doc).map(|(document, _)| document));
        }
        // What it does not say it has begun is empty there.
        let theirs = if base.bundle_of(doc).is_some() { loaded.pop_front().flatten() } else { Some(Document::new(self.erased.clone())) };
        let Some(theirs) = theirs else { return self.not_taken(cx, "a checkpoint whose documents do not load") };
        let is_there =
            |stored: &&Stored| self.reopen(stored).is_none_or(|one| one.checked.iter().all(|checked| theirs.contains(&checked.hash())));
        let lacking: Vec<_> = entries.iter().filter(|one| !is_there(one)).map(|one| (one.wire.log(), one.wire.seq())).collect();
        // What a checkpoint here stands for is in theirs too, as far as theirs says that it stands for it.
        let parted = bundles.iter().filter(|(one, _)| one.id != of).zip(&loaded).any(|((ours, _), document)| {
            let says_so = |log: &LogId| base.tips.get(log).is_some_and(|(tip, _)| ours.tips.get(log).is_some_and(|(held, _)| held <= tip));
            document.as_ref().is_some_and(|document| theirs.lacks_from(document).iter().any(says_so))
        });
        // And what theirs stands for of a log of which one here stands for more.
        let unseen = self.unseen(&base);
        let ours: Vec<&Document> = loaded.iter().flatten().collect();
        let parted = parted || theirs.by(&unseen).any(|name| !ours.iter().any(|document| document.contains(&name)));
        if lacking.is_empty() && (parted || loaded.into_iter().flatten().any(|ours| theirs.clone().absorb(ours).is_err())) {
            return self.swap_or_not(cx);
        }
        self.lacks(doc, lacking);
        self.go_on_adopting(cx);
    }

    /// A document was compared: these entries are not in what came.
    fn lacks(&mut self, doc: DocId, entries: Vec<(LogId, u64)>) {
        let Some(adopting) = &mut self.adopting else { return };
        for (log, seq) in entries {
            adopting.lacking.entry(log).and_modify(|first| *first = seq.min(*first)).or_insert(seq);
        }
        if let Some(docs) = &mut adopting.uncompared {
            docs.retain(|one| *one != doc);
        }
    }
}
