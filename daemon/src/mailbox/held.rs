//! One log as a queue holds it: which objects its entries lie in, and how they hang together.
//!
//! ```text
//! chain      birth o-o-o  o-o-o-o  o-o        each run begins at the link at which the one before it ends
//! base       . . . . . . .        o-o         a checkpoint stands for what comes before; the first run begins behind it
//! branches                 x-x                a run that does not fit: a log that went on in two ways, or a lie. Both are kept, and shown
//! ```

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::Link;

use super::names::{Head, Run};
use crate::sync::have::short_link;

/// The most branches of one log beside its chain.
const MAX_BRANCHES: usize = 8;

/// As above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) head: Head,
    /// The runs that hang together, in order.
    pub(super) chain: Vec<Run>,
    /// Up to where a checkpoint stands for the entries, and the link there.
    base: Option<(u64, Link)>,
    /// The others, each beginning where one of the chain, or of another branch, may.
    pub(super) branches: Vec<Vec<Run>>,
    /// Links within runs, of those that were read.
    points: BTreeMap<u64, BTreeSet<Link>>,
}

/// Where something hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// Behind the chain.
    Chain,
    /// Behind a branch.
    Branch(usize),
    /// A branch of its own.
    Apart,
}

impl Held {
    /// A log of which nothing is here.
    pub(super) fn new(head: Head) -> Self {
        Self { head, chain: Vec::new(), base: None, branches: Vec::new(), points: BTreeMap::new() }
    }

    /// As the names of its objects tell it.
    pub(super) fn of(head: Head, base: Option<(u64, Link)>, runs: &BTreeSet<Run>) -> Self {
        let mut held = Self::new(head);
        let mut left = runs.clone();
        held.chain = grow((0, Link::ZERO), &mut left);
        if let Some(base) = base {
            held.stand_for(base);
            if held.tip() == base {
                held.chain.extend(grow(base, &mut left));
            }
        }
        // What another one holds too says nothing of its own.
        let ends: BTreeSet<(u64, Link)> = held.chain.iter().flat_map(|run| [(run.from - 1, run.before), (run.to, run.after)]).collect();
        left.retain(|run| run.to > held.first_gap());
        while let Some(first) = left.pop_first() {
            let mut branch = vec![first];
            branch.extend(grow((first.to, first.after), &mut left));
            // A link commits to all before it: up to there it is the chain itself.
            let same = branch.iter().rposition(|run| ends.contains(&(run.to, run.after))).map_or(0, |at| at + 1);
            branch.drain(..same);
            if !branch.is_empty() && held.branches.len() < MAX_BRANCHES {
                held.branches.push(branch);
            }
        }
        held
    }

    /// Behind what entries may be missing, because a checkpoint stands for them.
    fn first_gap(&self) -> u64 {
        self.base.map_or(0, |(seq, _)| seq).min(self.chain.first().map_or(0, |first| first.from - 1))
    }

    /// A checkpoint stands for all up to there.
    pub(super) fn stand_for(&mut self, base: (u64, Link)) {
        if self.base.is_none_or(|(seq, _)| seq < base.0) {
            self.base = Some(base);
        }
        if self.chain.last().is_none_or(|last| last.to < base.0) {
            self.chain.clear();
        }
    }

    /// The last entry of the chain, and its link.
    pub(super) fn tip(&self) -> (u64, Link) {
        let last = self.chain.last().map(|last| (last.to, last.after));
        last.max(self.base).unwrap_or((0, Link::ZERO))
    }

    /// The last entry of the chain or of a branch.
    pub(super) fn tip_of(&self, branch: Option<usize>) -> (u64, Link) {
        let last = branch.and_then(|at| self.branches.get(at)?.last());
        last.map_or_else(|| self.tip(), |last| (last.to, last.after))
    }

    /// The run with an entry of the chain, or of a branch.
    pub(super) fn run_with(&self, branch: Option<usize>, seq: u64) -> Option<Run> {
        let runs = match branch {
            Some(at) => self.branches.get(at)?,
            None => &self.chain,
        };
        runs.iter().find(|run| (run.from..=run.to).contains(&seq)).copied()
    }

    /// Where a run hangs whose first entry comes after `before`; none: there is a gap before it, or no room for another branch.
    pub(super) fn place(&self, from: u64, before: Link) -> Option<At> {
        let hangs = |tip: (u64, Link)| tip == (from.saturating_sub(1), before);
        if hangs(self.tip()) {
            return Some(At::Chain);
        }
        if let Some(at) = (0..self.branches.len()).find(|at| hangs(self.tip_of(Some(*at)))) {
            return Some(At::Branch(at));
        }
        let reaches = (0..self.branches.len()).map(|at| self.tip_of(Some(at)).0).chain([self.tip().0]).max().unwrap_or(0);
        (from <= reaches && self.branches.len() < MAX_BRANCHES).then_some(At::Apart)
    }

    /// The links that are held after an entry; where one lies within a run that was not read, that run.
    pub(super) fn link_at(&self, seq: u64) -> Result<BTreeSet<Link>, Run> {
        let read = self.points.get(&seq);
        let within = |run: &&Run| (run.from..run.to).contains(&seq) && read.is_none();
        match self.runs().find(within) {
            Some(run) => Err(*run),
            None => {
                let ends = self.runs().filter(|run| run.to == seq).map(|run| run.after);
                Ok(ends
                    .chain(self.base.filter(|(at, _)| *at == seq).map(|(_, link)| link))
                    .chain(read.into_iter().flatten().copied())
                    .collect())
            }
        }
    }

    /// A run was read: its links are known from now on.
    pub(super) fn read(&mut self, links: impl Iterator<Item = (u64, Link)>) {
        for (seq, link) in links {
            self.points.entry(seq).or_default().insert(link);
        }
    }

    /// A run is stored.
    pub(super) fn add(&mut self, at: At, run: Run) {
        match at {
            At::Chain => self.chain.push(run),
            At::Branch(at) => {
                if let Some(branch) = self.branches.get_mut(at) {
                    branch.push(run);
                }
            }
            At::Apart => self.branches.push(vec![run]),
        }
    }

    /// A run is gone.
    pub(super) fn remove(&mut self, gone: &Run) {
        self.chain.retain(|run| run != gone);
        self.branches.iter_mut().for_each(|branch| branch.retain(|run| run != gone));
    }

    /// A run is another from now on.
    pub(super) fn replace(&mut self, before: &Run, after: Run) {
        self.chain.iter_mut().chain(self.branches.iter_mut().flatten()).filter(|run| *run == before).for_each(|run| *run = after);
    }

    /// The branch on which somebody is who holds an entry with this link, as far as that is told; none: the chain, or it is not known.
    pub(super) fn branch_at(&self, seq: u64, short: [u8; 8]) -> Option<usize> {
        let ends = |runs: &[Run]| runs.iter().any(|run| run.to == seq && short_link(&run.after) == short);
        if ends(&self.chain) { None } else { self.branches.iter().position(|branch| ends(branch)) }
    }

    /// Every run that is held.
    pub(super) fn runs(&self) -> impl Iterator<Item = &Run> {
        self.chain.iter().chain(self.branches.iter().flatten())
    }
}

/// The runs that hang on an end, one behind the other, the longest first; they are taken out.
fn grow(mut end: (u64, Link), left: &mut BTreeSet<Run>) -> Vec<Run> {
    let mut chain = Vec::new();
    loop {
        let next = left.iter().filter(|run| (run.from - 1, run.before) == end).max_by_key(|run| (run.to, run.after)).copied();
        let Some(next) = next else { return chain };
        left.remove(&next);
        end = (next.to, next.after);
        chain.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use asif_proto::id::{KeyId, QueueId};

    const HEAD: Head = Head { queue: QueueId([1; 32]), key: KeyId([2; 16]) };

    /// The link after an entry, on one of two branches.
    fn link(seq: u64, branch: u8) -> Link {
        if seq == 0 { Link::ZERO } else { Link([u8::try_from(seq).unwrap() * 2 + branch; 32]) }
    }

    fn run(from: u64, to: u64) -> Run {
        Run { from, to, before: link(from - 1, 0), after: link(to, 0) }
    }

    #[test]
    fn runs_hang_together_whoever_wrote_them_and_however_often() {
        // Two processes wrote the same entries in other portions, and one was packed since.
        let runs = BTreeSet::from([run(1, 2), run(1, 4), run(3, 4), run(5, 5), run(5, 7), run(8, 9)]);
        let held = Held::of(HEAD, None, &runs);
        assert_eq!(held.chain, [run(1, 4), run(5, 7), run(8, 9)]);
        assert_eq!(held.tip(), (9, link(9, 0)));
        assert_eq!(held.run_with(None, 6), Some(run(5, 7)));
        let fork = Run { after: link(7, 1), ..run(6, 7) };
        let with = Held::of(HEAD, None, &runs.iter().copied().chain([fork]).collect());
        // Of what ends within a run nobody can tell without reading it whether it is the same: it is shown, and does no harm.
        assert_eq!(held.branches, [vec![run(5, 5)]]);
        assert_eq!((with.tip(), with.branches), (held.tip(), vec![vec![run(5, 5), fork]]));
    }

    #[test]
    fn what_a_checkpoint_stands_for_need_not_be_there() {
        let held = Held::of(HEAD, Some((4, link(4, 0))), &BTreeSet::from([run(5, 6), run(7, 7)]));
        assert_eq!((held.chain.len(), held.tip()), (2, (7, link(7, 0))));
        assert!(held.branches.is_empty());
        let alone = Held::of(HEAD, Some((4, link(4, 0))), &BTreeSet::new());
        assert_eq!((alone.tip(), alone.place(5, link(4, 0))), ((4, link(4, 0)), Some(At::Chain)));
        // The checkpoint stands for more than is held as entries, or for less.
        let mut longer = Held::of(HEAD, None, &BTreeSet::from([run(1, 9)]));
        longer.stand_for((4, link(4, 0)));
        assert_eq!((longer.tip(), longer.chain.len()), ((9, link(9, 0)), 1));
        longer.stand_for((12, link(12, 0)));
        assert_eq!((longer.tip(), longer.chain.len()), ((12, link(12, 0)), 0));
    }

    #[test]
    fn what_does_not_fit_is_kept_apart_and_what_leaves_a_gap_is_not_taken() {
        let mut held = Held::of(HEAD, None, &BTreeSet::from([run(1, 5)]));
        assert_eq!(held.place(6, link(5, 0)), Some(At::Chain));
        assert_eq!(held.place(7, link(6, 0)), None, "a gap");
        assert_eq!(held.place(6, link(5, 1)), None, "nothing of that branch is known");
        assert_eq!(held.place(4, link(3, 0)), Some(At::Apart));
        let fork = Run { from: 4, to: 5, before: link(3, 0), after: link(5, 1) };
        held.add(At::Apart, fork);
        assert_eq!(held.place(6, link(5, 1)), Some(At::Branch(0)));
        held.add(At::Branch(0), Run { from: 6, to: 8, before: link(5, 1), after: link(8, 1) });
        assert_eq!((held.tip().0, held.tip_of(Some(0)).0), (5, 8));
        for at in 0..20 {
            if let Some(place @ At::Apart) = held.place(2, link(1, 0)) {
                held.add(place, Run { from: 2, to: 2, before: link(1, 0), after: Link([200 + at; 32]) });
            }
        }
        assert_eq!(held.branches.len(), MAX_BRANCHES, "nobody fills it with branches");
    }
}
