//! A share or feedback space as it now stands: the last writer of each item wins.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use asif_proto::id::{ItemId, Link, LogId};
use serde::{Deserialize, Serialize};

use crate::seal::body::{Ended, Put, Retract, Revision};

/// One item as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// How new.
    pub revision: Revision,
    /// Breaks ties of equal revisions: the higher content hash wins.
    pub hash: [u8; 32],
    /// What kind of item.
    pub kind: u16,
    /// The item; none: retracted.
    pub payload: Option<Vec<u8>>,
    /// The entry that holds it.
    pub entry: (LogId, u64),
    /// Entries of this item that it outdated, or that were outdated before it.
    pub outdated: BTreeSet<(LogId, u64)>,
    /// When it came, counted: higher came later.
    pub arrived: u64,
}

impl Held {
    fn weight(&self) -> usize {
        self.payload.as_ref().map_or(0, Vec::len) + EACH * (1 + self.outdated.len())
    }
}

/// The most that one helper may give under one grant, in bytes, as [`Board::weight`] counts it.
pub const MAX_WEIGHT: usize = 8 << 20;
/// What one entry, item or name of an entry counts beside its bytes: more than it takes in memory, and about what a stub takes on disk.
const EACH: usize = 64;

/// The items of one space.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    items: BTreeMap<ItemId, Held>,
    ended: Option<Ended>,
    /// The log of the end that counts.
    end_log: Option<LogId>,
    arrivals: u64,
    permits: BTreeSet<(LogId, u64)>,
    /// What the items take.
    weight: usize,
    /// What entries take that hold no item.
    idle: usize,
}

/// What taking an item in did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// It now stands.
    pub changed: bool,
    /// Entries that no longer say anything: each may become a stub.
    pub outdated: Vec<(LogId, u64)>,
}

impl Board {
    /// Takes in an item as it was put.
    pub fn put(&mut self, entry: (LogId, u64), put: Put) -> Taken {
        let hash = content_hash(put.kind, &put.payload);
        self.take_permitted(entry, put.item, put.revision, hash, put.kind, Some(put.payload), put.replaces)
    }

    /// Takes in that an item is no longer shared; it wins over a put of equal revision.
    pub fn retract(&mut self, entry: (LogId, u64), retract: Retract) -> Taken {
        self.take_permitted(entry, retract.item, retract.revision, [255; 32], 0, None, retract.replaces)
    }

    /// Only what some item names as outdated may become a stub: whoever gets the stub must be able to tell.
    #[expect(clippy::too_many_arguments, reason = "the parts of one item, from two bodies")]
    fn take_permitted(
        &mut self,
        entry: (LogId, u64),
        item: ItemId,
        revision: Revision,
        hash: [u8; 32],
        kind: u16,
        payload: Option<Vec<u8>>,
        replaces: Vec<(LogId, u64)>,
    ) -> Taken {
        let mut taken = self.take(entry, item, revision, hash, kind, payload, replaces);
        taken.outdated.retain(|entry| self.permits.contains(entry));
        taken
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one item, from two bodies")]
    fn take(
        &mut self,
        entry: (LogId, u64),
        item: ItemId,
        revision: Revision,
        hash: [u8; 32],
        kind: u16,
        payload: Option<Vec<u8>>,
        replaces: Vec<(LogId, u64)>,
    ) -> Taken {
        self.permits.extend(&replaces);
        if !self.counts(entry) {
            return Taken::default();
        }
        let mut outdated = replaces;
        let Some(held) = self.items.get_mut(&item) else {
            self.arrivals += 1;
            let held = Held { revision, hash, kind, payload, entry, outdated: outdated.iter().copied().collect(), arrived: self.arrivals };
            self.weight += held.weight();
            self.items.insert(item, held);
            return Taken { changed: true, outdated };
        };
        self.weight = self.weight.saturating_sub(held.weight());
        let changed = (revision, hash) > (held.revision, held.hash);
        if changed {
            outdated.push(held.entry);
            self.arrivals += 1;
            let mut all = std::mem::take(&mut held.outdated);
            all.extend(&outdated);
            *held = Held { revision, hash, kind, payload, entry, outdated: all, arrived: self.arrivals };
        } else if held.entry != entry {
            held.outdated.insert(entry);
            outdated.push(entry);
        }
        self.weight += held.weight();
        Taken { changed, outdated }
    }

    /// Takes note of an entry that holds no item, or one that came after the end.
    pub fn pass(&mut self, len: usize) {
        self.idle = self.idle.saturating_add(len).saturating_add(EACH);
    }

    /// What all this takes, in bytes: about as much in memory as on disk, stubs included.
    pub fn weight(&self) -> usize {
        self.weight + self.idle + EACH * self.permits.len()
    }

    /// Takes in the end of the space, written in a log: nothing beyond its tips counts. Of two ends the earlier counts. Says whether an item
    /// was dropped that may have replaced one that counts: then the entries must be taken in again.
    pub fn end(&mut self, log: LogId, ended: Ended) -> bool {
        let order = |ended: &Ended| (ended.at_ms, ended.have.clone());
        if self.ended.as_ref().is_some_and(|known| order(&ended) >= order(known)) {
            return false;
        }
        let replaced = self.ended.replace(ended).is_some();
        self.end_log = Some(log);
        let (end, before) = (self.ended.clone(), self.items.len());
        self.items.retain(|_, held| within(end.as_ref(), held.entry));
        self.weigh();
        replaced || self.items.len() != before
    }

    fn weigh(&mut self) {
        self.weight = self.items.values().map(Held::weight).sum();
    }

    /// Forgets every item that is not of one of the kinds `keep`; says whether there was one. What replaces them may come again, and is forgotten again.
    pub fn forget(&mut self, keep: &[u16]) -> bool {
        let before = self.items.len();
        self.items.retain(|_, held| keep.contains(&held.kind));
        self.weigh();
        self.items.len() != before
    }

    /// The log of the end that counts.
    pub fn end_log(&self) -> Option<LogId> {
        self.end_log
    }

    /// Whether an entry counts: not beyond the end.
    pub fn counts(&self, entry: (LogId, u64)) -> bool {
        within(self.ended.as_ref(), entry)
    }

    /// When the space ended, in milliseconds since 1970.
    pub fn ended_ms(&self) -> Option<i64> {
        self.ended.as_ref().map(|ended| ended.at_ms)
    }

    /// Whether a stub at this place is allowed: by a newer item, or because the space has ended.
    pub fn permits(&self, entry: (LogId, u64)) -> bool {
        self.ended.is_some() || self.permits.contains(&entry)
    }

    /// One item, also a retracted one.
    pub fn get(&self, item: &ItemId) -> Option<&Held> {
        self.items.get(item)
    }

    /// Items that stand and are not retracted.
    pub fn items(&self) -> impl Iterator<Item = (&ItemId, &Held)> {
        self.items.iter().filter(|(_, held)| held.payload.is_some())
    }

    /// Every item there is or was.
    pub fn all(&self) -> impl Iterator<Item = (&ItemId, &Held)> {
        self.items.iter()
    }

    /// Entries that no longer say anything.
    pub fn outdated(&self) -> impl Iterator<Item = (LogId, u64)> {
        self.items.values().flat_map(|held| held.outdated.iter().copied()).filter(|entry| self.permits.contains(entry))
    }

    /// How many items have ever come.
    pub fn arrivals(&self) -> u64 {
        self.arrivals
    }
}

fn within(ended: Option<&Ended>, (log, seq): (LogId, u64)) -> bool {
    ended.is_none_or(|ended| ended.have.iter().any(|(one, last, _)| *one == log && seq <= *last))
}

/// The hash by which equal revisions are told apart.
pub fn content_hash(kind: u16, payload: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("asif item content v1");
    hasher.update(&kind.to_be_bytes());
    hasher.update(payload);
    *hasher.finalize().as_bytes()
}

/// The end of a space with these tips.
pub fn end(tips: &HashMap<LogId, (u64, Link)>, at_ms: i64) -> Ended {
    let mut have: Vec<_> = tips.iter().map(|(log, (seq, link))| (*log, *seq, *link)).collect();
    have.sort();
    Ended { have, at_ms }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ITEM: ItemId = ItemId([1; 32]);

    fn put(touches: u64, text: &str) -> Put {
        Put { item: ITEM, revision: Revision { grant: 1, touches }, kind: 2, payload: text.into(), replaces: vec![] }
    }

    fn entry(seq: u64) -> (LogId, u64) {
        (LogId([7; 16]), seq)
    }

    fn text(board: &Board) -> Option<String> {
        board.get(&ITEM)?.payload.clone().map(|bytes| String::from_utf8(bytes).unwrap())
    }

    proptest! {
        #[test]
        fn any_order_ends_with_the_same_item(order in Just((0..6usize).collect::<Vec<_>>()).prop_shuffle()) {
            let mut board = Board::default();
            for at in order {
                match at {
                    5 => board.retract(entry(6), Retract { item: ITEM, revision: Revision { grant: 1, touches: 3 }, replaces: vec![] }),
                    at => board.put(entry(at as u64 + 1), put([1, 2, 3, 3, 4][at], ["a", "b", "c", "d", "e"][at])),
                };
            }
            prop_assert_eq!(text(&board), Some("e".into()));
            let outdated = board.get(&ITEM).unwrap().outdated.clone();
            prop_assert_eq!(outdated, [1, 2, 3, 4, 6].map(entry).into());
        }
    }

    #[test]
    fn a_retraction_wins_over_an_equal_revision_and_loses_to_a_newer() {
        let mut board = Board::default();
        board.put(entry(1), put(2, "x"));
        board.retract(entry(2), Retract { item: ITEM, revision: Revision { grant: 1, touches: 2 }, replaces: vec![entry(1)] });
        assert_eq!(text(&board), None);
        assert!(board.permits(entry(1)));
        board.put(entry(3), put(2, "y"));
        assert_eq!(text(&board), None);
        board.put(entry(4), put(3, "z"));
        assert_eq!(text(&board), Some("z".into()));
    }

    #[test]
    fn what_is_put_outdated_named_or_holds_no_item_is_weighed() {
        let mut board = Board::default();
        board.put(entry(1), put(1, &"x".repeat(1000)));
        assert_eq!(board.weight(), 1000 + EACH);
        board.put(entry(2), Put { replaces: vec![entry(1), entry(9)], ..put(2, "y") });
        assert_eq!(board.weight(), 1 + EACH * (1 + 2 + 2), "an item, two that it outdates, two that may be left out");
        board.put(entry(2), Put { replaces: vec![entry(1), entry(9)], ..put(2, "y") });
        assert_eq!(board.weight(), 1 + EACH * 5, "read again it is the same");
        board.pass(100);
        assert_eq!(board.weight(), 101 + EACH * 6);
    }

    #[test]
    fn nothing_beyond_the_end_counts() {
        let mut board = Board::default();
        board.put(entry(1), put(1, "before"));
        assert!(!board.end(LogId([9; 16]), Ended { have: vec![(entry(1).0, 1, Link::ZERO)], at_ms: 5 }));
        board.put(entry(2), put(2, "after"));
        assert_eq!(text(&board), Some("before".into()));
        assert_eq!(board.ended_ms(), Some(5));
    }

    #[test]
    fn an_end_that_comes_late_leaves_the_same_items_once_they_are_read_again() {
        let mut board = Board::default();
        board.put(entry(1), put(1, "before"));
        board.put(entry(2), put(2, "after"));
        assert!(board.end(LogId([9; 16]), Ended { have: vec![(entry(1).0, 1, Link::ZERO)], at_ms: 5 }), "something must be read again");
        board.put(entry(1), put(1, "before"));
        board.put(entry(2), put(2, "after"));
        assert_eq!(text(&board), Some("before".into()));
    }
}
