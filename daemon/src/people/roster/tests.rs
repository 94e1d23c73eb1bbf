use asif_proto::id::{Link, LogId};
use rand_core::{Rng as _, SeedableRng};

use super::*;
use crate::Rng;
use crate::people::statement::{Add, Candidate, Remove};
use crate::seal::keys::{KitEntropy, LinkSeed, SealingSeed, SigningSeed};

/// A person with devices, and whatever anybody signs.
struct Family {
    kit: KitEntropy,
    seeds: Vec<SigningSeed>,
    rng: Rng,
}

/// Who signs.
#[derive(Clone, Copy)]
enum By {
    Kit,
    Device(usize),
}
use By::{Device, Kit};

impl Family {
    /// So many devices, each let in by the one before it, and the statements of that.
    fn new(count: usize) -> (Self, Vec<Statement>) {
        let mut rng = Rng::seed_from_u64(8);
        let kit = KitEntropy::random(&mut rng);
        let seeds = (0..count + 6).map(|_| SigningSeed::random(&mut rng)).collect();
        let mut family = Self { kit, seeds, rng };
        let statements = (0..count).map(|at| family.adds(at.checked_sub(1).map_or(Kit, Device), at)).collect();
        (family, statements)
    }

    fn id(&self, at: usize) -> DeviceId {
        self.seeds[at].device()
    }

    fn sign(&self, by: By, said: &Said) -> Statement {
        match by {
            Kit => Statement::by_root(&self.kit, said),
            Device(at) => Statement::by_device(&self.seeds[at], said),
        }
    }

    fn adds(&mut self, by: By, at: usize) -> Statement {
        self.adds_having_seen(by, at, &[])
    }

    fn adds_having_seen(&mut self, by: By, at: usize, seen: &[Statement]) -> Statement {
        let seen = seen.iter().map(Statement::id).collect();
        let person = self.kit.person();
        let link = LinkSeed::random(&mut self.rng).public();
        let device = Candidate::new(person, &self.seeds[at], &SealingSeed::random(&mut self.rng), link);
        self.sign(by, &Said::Add(Add { person, device, seen }))
    }

    fn removes(&self, by: By, at: usize, seen: &[Statement], tips: &[Upto]) -> Statement {
        let seen = seen.iter().map(Statement::id).collect();
        self.sign(by, &Said::Remove(Remove { person: self.kit.person(), device: self.id(at), at_ms: 0, tips: tips.to_vec(), seen }))
    }

    fn answers(&self, by: By, removal: &Statement, tips: &[Upto]) -> Statement {
        self.sign(by, &Said::Answer(Answer { person: self.kit.person(), removal: removal.id(), tips: tips.to_vec() }))
    }

    /// Which devices stand, whatever the order in which the statements came.
    fn stand(&mut self, statements: &[Statement]) -> Vec<usize> {
        let roster = self.roster(statements);
        (0..self.seeds.len()).filter(|at| roster.device(&self.id(*at)).is_some()).collect()
    }

    fn roster(&mut self, statements: &[Statement]) -> Roster {
        let roster = Roster::of(self.kit.person(), statements.iter());
        let mut shuffled: Vec<&Statement> = statements.iter().collect();
        for _ in 0..4 {
            for at in (1..shuffled.len()).rev() {
                let other = usize::try_from(self.rng.next_u32()).unwrap() % (at + 1);
                shuffled.swap(at, other);
            }
            assert!(Roster::of(self.kit.person(), shuffled.iter().copied()) == roster, "the order tells");
        }
        roster
    }
}

fn tip(log: u8, seq: u64) -> Upto {
    Upto { log: LogId([log; 16]), seq, link: Link([log; 32]) }
}

#[test]
fn devices_stand_by_the_root_or_by_one_that_stands() {
    let (mut family, mut all) = Family::new(3);
    all.push(family.adds(Device(3), 3));
    let stranger = KitEntropy::random(&mut family.rng);
    let of_another = Statement::by_root(&stranger, all[2].said());
    all.push(of_another);
    assert_eq!(family.stand(&all), [0, 1, 2], "nobody who has a say let the last one in");
    assert_eq!(Roster::of(PersonId([1; 32]), all.iter()).devices().count(), 0);
}

#[test]
fn whoever_is_removed_is_out_and_those_it_had_let_in_before_stay() {
    let (mut family, mut all) = Family::new(3);
    let removal = family.removes(Device(0), 1, &all, &[]);
    all.push(removal.clone());
    assert_eq!(family.stand(&all), [0, 2]);
    // It never returns.
    all.push(family.adds(Device(0), 1));
    assert_eq!(family.stand(&all), [0, 2]);
    let roster = family.roster(&all);
    assert_eq!(roster.removals().iter().collect::<Vec<_>>(), [&removal.id()]);
    assert!(roster.statements().contains(&removal.id()));
    assert_eq!(roster.gone()[&family.id(1)].by, BTreeSet::from([removal.id()]));
}

#[test]
fn what_a_removed_device_signs_after_or_says_it_had_signed_before_counts_for_nothing() {
    let (mut family, mut all) = Family::new(3);
    all.push(family.removes(Device(0), 2, &all, &[tip(1, 5)]));
    let removal = all[3].clone();
    // A device of a thief, who lets in another; a removal of somebody who has not signed anything; and an answer.
    all.push(family.adds(Device(2), 3));
    all.push(family.adds(Device(3), 4));
    all.push(family.removes(Device(2), 1, &[], &[]));
    all.push(family.removes(Device(4), 0, &[], &[]));
    all.push(family.answers(Device(2), &removal, &[tip(1, 50), tip(2, 50)]));
    all.push(family.answers(Device(3), &removal, &[tip(1, 60)]));
    assert_eq!(family.stand(&all), [0, 1]);
    let (two, roster) = (family.id(2), family.roster(&all));
    assert_eq!((roster.counts(&two, &LogId([1; 16])), roster.counts(&two, &LogId([2; 16]))), (Some(5), None));
    for unsaid in &all[4..] {
        assert!(!roster.statements().contains(&unsaid.id()));
    }
}

#[test]
fn a_log_of_a_removed_device_counts_as_far_as_anybody_who_stays_had_it() {
    let (mut family, mut all) = Family::new(4);
    all.push(family.removes(Device(0), 3, &all, &[tip(1, 5), tip(2, 9)]));
    let removal = all[4].clone();
    all.push(family.answers(Device(1), &removal, &[tip(1, 7), tip(2, 3)]));
    all.push(family.answers(Device(2), &removal, &[tip(3, 1)]));
    // One about a removal that nobody heard of, and one by a stranger.
    let unheard = family.removes(Device(0), 2, &all, &[]);
    all.push(family.answers(Device(1), &unheard, &[tip(1, 70)]));
    all.push(family.answers(Device(5), &removal, &[tip(1, 80)]));
    let (three, roster) = (family.id(3), family.roster(&all));
    let counts = |log: u8| roster.counts(&three, &LogId([log; 16]));
    assert_eq!([counts(1), counts(2), counts(3), counts(4)], [Some(7), Some(9), Some(1), None]);
    assert_eq!(roster.counts(&family.id(0), &LogId([1; 16])), Some(u64::MAX));
    assert_eq!(roster.counts(&family.id(5), &LogId([1; 16])), None);
    // An answer of a device that is removed later stands, where that was seen, and only then.
    let before = all.clone();
    all.push(family.removes(Device(0), 1, &before, &[]));
    assert_eq!(family.roster(&all).counts(&three, &LogId([1; 16])), Some(7));
    let mut unseen = before.clone();
    unseen.push(family.removes(Device(0), 1, &before[..5], &[]));
    assert_eq!(family.roster(&unseen).counts(&three, &LogId([1; 16])), Some(5));
}

#[test]
fn two_that_remove_each_other_are_both_out_and_so_are_three_in_a_circle() {
    let (mut family, all) = Family::new(4);
    let removes = |family: &Family, pairs: &[(usize, usize)]| -> Vec<Statement> {
        let each = pairs.iter().map(|(by, whom)| family.removes(Device(*by), *whom, &all, &[]));
        all.iter().cloned().chain(each).collect()
    };
    let both = removes(&family, &[(1, 2), (2, 1)]);
    assert_eq!(family.stand(&both), [0, 3]);
    let circle = removes(&family, &[(1, 2), (2, 3), (3, 1)]);
    assert_eq!(family.stand(&circle), [0]);
    // In a row the first counts, and so the third: the second's signer was out.
    let row = removes(&family, &[(1, 2), (2, 3), (3, 0)]);
    assert_eq!(family.stand(&row), [1, 3]);
    // A thief takes whoever removed it out with itself, and nobody else.
    let thief = removes(&family, &[(1, 3), (3, 0), (3, 1), (3, 2)]);
    assert_eq!(family.stand(&thief), [0, 2]);
}

#[test]
fn a_thief_takes_nobody_out_with_whoever_removed_it_who_was_there_before() {
    let (mut family, _) = Family::new(0);
    let mut all = vec![family.adds(Kit, 0)];
    for at in 1..4 {
        all.push(family.adds_having_seen(Device(0), at, &all.clone()));
    }
    // 0 let 1, 2 and 3 in, in this order. 2 is stolen; it says that it never saw that 1 was let in, nor itself.
    let removal = family.removes(Device(0), 2, &all, &[]);
    for seen in [&all[..0], &all[..1], &all[2..3]] {
        let told = [&all[..], &[removal.clone(), family.removes(Device(2), 0, seen, &[])]].concat();
        let stand = family.stand(&told);
        assert!(stand.contains(&1) && !stand.contains(&2), "{stand:?}");
    }
    // Nor can it say for whoever removed it that they had seen more: by letting them in once more.
    let (thief, hidden) = (family.adds(Device(2), 4), family.adds(Device(2), 5));
    let Said::Add(first) = all[0].said() else { panic!() };
    let again = Add { seen: vec![thief.id(), hidden.id()], ..first.clone() };
    let forged = [family.sign(Device(2), &Said::Add(again.clone())), family.sign(Device(4), &Said::Add(again))];
    let told = [&all[..], &[removal, thief, hidden], &forged].concat();
    assert_eq!(family.stand(&told), [0, 1, 3]);
}

#[test]
fn the_root_overrides_all() {
    let (mut family, all) = Family::new(3);
    let retaliation = family.removes(Device(2), 1, &all, &[]);
    let removal = family.removes(Device(1), 2, &all, &[]);
    let mut told = [all.clone(), vec![removal, retaliation]].concat();
    assert_eq!(family.stand(&told), [0]);
    // What the thief signed is not among what the root had seen: then it counts for nothing, and whom it took out stands.
    told.push(family.removes(Kit, 2, &all, &[]));
    assert_eq!(family.stand(&told), [0, 1]);
    // And nobody removes what the root let in but the root, or one that stands.
    told.push(family.adds(Kit, 3));
    told.push(family.removes(Device(2), 3, &told, &[]));
    assert_eq!(family.stand(&told), [0, 1, 3]);
    told.push(family.removes(Device(3), 0, &told, &[]));
    assert_eq!(family.stand(&told), [1, 3]);
}

#[test]
fn a_device_that_removes_itself_is_out_and_what_it_signed_before_counts() {
    let (mut family, mut all) = Family::new(2);
    all.push(family.removes(Device(1), 0, &all, &[]));
    all.push(family.removes(Device(1), 1, &all, &[tip(4, 2)]));
    assert_eq!(family.stand(&all), [] as [usize; 0]);
    assert_eq!(family.roster(&all).counts(&family.id(1), &LogId([4; 16])), Some(2));
}

#[test]
fn many_removals_of_a_thief_cost_little() {
    let (mut family, mut all) = Family::new(3);
    all.push(family.removes(Device(0), 2, &all, &[]));
    for n in 0..2000_u64 {
        all.push(family.removes(Device(2), 1, &[], &[tip(1, n)]));
    }
    assert_eq!(Roster::of(family.kit.person(), all.iter()).devices().count(), 2);
    assert_eq!(family.stand(&all[..4]), [0, 1]);
}
