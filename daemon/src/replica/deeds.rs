//! What was done last, on any device, so that it can be taken back: the newest changes by name, with the records that they touched.

use std::collections::VecDeque;

use asif_proto::id::RecordId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(super) use crate::seal::checkpoint::Deed;

/// How many are known.
const KNOWN: usize = 512;

/// The newest of them, the last done last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Deeds(VecDeque<Deed>);

impl Deeds {
    /// Remembers what is done here now: it is the last, whatever the clock says.
    pub(super) fn remember_new(&mut self, deed: Deed, now: Timestamp) {
        let at = self.0.back().map_or(i64::MIN, |last| last.at).max(now.as_second());
        self.0.push_back(Deed { at, ..deed });
        if self.0.len() > KNOWN {
            self.0.pop_front();
        }
    }

    /// Remembers what came from a log. Times only place what was done apart; what builds on another, as `builds_on` knows, stays behind it.
    pub(super) fn remember(&mut self, mut deed: Deed, made: Option<Timestamp>, now: Timestamp, builds_on: impl Fn(&Deed) -> bool) {
        if self.0.iter().any(|one| one.hash == deed.hash) {
            return;
        }
        let of_its_log = self.0.iter().rev().find(|one| one.log == deed.log && one.seq <= deed.seq).map(|one| one.at);
        let of_its_record = || deed.records.iter().filter_map(created).min();
        let made = made.map(Timestamp::as_second).or_else(of_its_record).unwrap_or_default();
        deed.at = made.min(now.as_second()).max(of_its_log.unwrap_or(i64::MIN));
        if self.0.len() == KNOWN && self.0.front().is_some_and(|oldest| deed.at < oldest.at) {
            return;
        }
        let next_of_its_log = self.0.iter().position(|one| one.log == deed.log && one.seq > deed.seq).unwrap_or(self.0.len());
        let stays_before = |one: &Deed| {
            if one.log == deed.log {
                return true;
            }
            let earlier = (one.at, one.hash) <= (deed.at, deed.hash);
            earlier || (one.doc == deed.doc && !one.records.is_disjoint(&deed.records) && builds_on(one))
        };
        let at = self.0.iter().take(next_of_its_log).rposition(stays_before).map_or(0, |at| at + 1);
        self.0.insert(at, deed);
        if self.0.len() > KNOWN {
            self.0.pop_front();
        }
    }

    /// Forgets some for good.
    pub(super) fn forget(&mut self, which: impl Fn(&Deed) -> bool) {
        self.0.retain(|deed| !which(deed));
    }

    /// The last done first.
    pub(super) fn newest(&self) -> impl Iterator<Item = &Deed> {
        self.0.iter().rev()
    }

    /// The last done last.
    pub(super) fn oldest(&self) -> impl Iterator<Item = &Deed> {
        self.0.iter()
    }

    /// There may be earlier ones that are not known.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= KNOWN
    }

    /// The last so many of them, the last done last.
    pub(super) fn last(&self, count: usize) -> Vec<Deed> {
        self.0.iter().skip(self.0.len().saturating_sub(count)).cloned().collect()
    }

    /// These and no others.
    pub(super) fn of(deeds: Vec<Deed>) -> Self {
        Self(deeds.into_iter().take(KNOWN).collect())
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// When the id of a record was made, in seconds since 1970.
fn created(record: &RecordId) -> Option<i64> {
    let (seconds, _) = record.0.get_timestamp()?.to_unix();
    i64::try_from(seconds).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use asif_proto::id::LogId;

    use super::*;
    use crate::seal::body::DocId;

    const LAPTOP: LogId = LogId([1; 16]);
    const PHONE: LogId = LogId([2; 16]);

    fn record(n: u8) -> RecordId {
        RecordId(uuid::Uuid::from_bytes([n; 16]))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn deed(log: LogId, n: u16, of: u8) -> Deed {
        let mut hash = [0; 32];
        hash[..2].copy_from_slice(&n.to_le_bytes());
        Deed { log, seq: n.into(), doc: DocId::Plan, hash, at: 0, message: String::new(), records: BTreeSet::from([record(of)]) }
    }

    /// Deeds, each of a log, a record and the second it was made, in the order in which they came; told by the number of each. What is of one
    /// record builds on each other, or is `apart`.
    fn order_of(came: &[(LogId, u8, Option<i64>)], apart: bool) -> Vec<u8> {
        let mut deeds = Deeds::default();
        for (n, (log, of, made)) in came.iter().enumerate() {
            let n = u8::try_from(n).unwrap();
            deeds.remember(deed(*log, n.into(), *of), made.map(at), at(1000), |_| !apart);
        }
        deeds.oldest().map(|deed| deed.hash[0]).collect()
    }

    fn order(came: &[(LogId, u8, Option<i64>)]) -> Vec<u8> {
        order_of(came, false)
    }

    #[test]
    fn what_was_done_apart_to_one_record_is_in_the_order_of_its_times_on_both() {
        assert_eq!(order_of(&[(LAPTOP, 1, Some(300)), (PHONE, 1, Some(200))], true), [1, 0]);
        assert_eq!(order_of(&[(PHONE, 1, Some(200)), (LAPTOP, 1, Some(300))], true), [0, 1]);
    }

    #[test]
    fn what_is_done_here_now_is_the_last_also_with_a_clock_set_back() {
        let mut deeds = Deeds::default();
        deeds.remember(deed(PHONE, 1, 1), Some(at(900)), at(1000), |_| true);
        deeds.remember_new(deed(LAPTOP, 2, 2), at(100));
        assert_eq!(deeds.newest().map(|deed| deed.log).collect::<Vec<_>>(), [LAPTOP, PHONE]);
    }

    #[test]
    fn what_another_device_did_earlier_comes_before_what_was_done_here_since() {
        assert_eq!(order(&[(LAPTOP, 1, Some(100)), (LAPTOP, 2, Some(300)), (PHONE, 3, Some(200))]), [0, 2, 1]);
    }

    #[test]
    fn what_builds_on_something_stays_behind_it_whatever_the_clocks_say() {
        assert_eq!(order(&[(LAPTOP, 1, Some(300)), (PHONE, 1, Some(200))]), [0, 1], "of one record");
        assert_eq!(order(&[(LAPTOP, 1, Some(300)), (LAPTOP, 2, Some(200))]), [0, 1], "of one log");
    }

    #[test]
    fn a_clock_that_runs_ahead_does_not_stay_last_for_ever() {
        assert_eq!(order(&[(PHONE, 1, Some(9_000)), (LAPTOP, 2, Some(1000))]), [0, 1]);
    }

    #[test]
    fn what_tells_no_time_is_as_old_as_its_record_or_what_its_log_said_before() {
        assert_eq!(order(&[(LAPTOP, 1, Some(500)), (PHONE, 2, Some(400)), (PHONE, 3, None)]), [1, 2, 0]);
    }

    #[test]
    fn what_a_log_said_earlier_stays_before_what_it_said_later_also_where_it_comes_later_and_the_clock_is_far_behind() {
        let mut deeds = Deeds::default();
        for (log, n, now) in [(LAPTOP, 8, 10), (PHONE, 1, 10), (LAPTOP, 5, 11)] {
            deeds.remember(deed(log, n, u8::try_from(n).unwrap()), Some(at(1000)), at(now), |_| false);
        }
        let order: Vec<_> = deeds.oldest().filter(|one| one.log == LAPTOP).map(|one| one.seq).collect();
        assert_eq!(order, [5, 8]);
    }

    #[test]
    fn only_the_newest_are_known_and_each_once() {
        let mut deeds = Deeds::default();
        for n in 0..2u16 {
            for n in 0..(600u16 + n) {
                deeds.remember(deed(LAPTOP, n, 1), Some(at(i64::from(n))), at(1000), |_| true);
            }
        }
        assert_eq!(deeds.newest().count(), KNOWN);
    }

    #[test]
    fn a_journal_that_is_read_again_document_by_document_comes_to_the_same_order() {
        let mut deeds = Deeds::default();
        for n in [1, 3, 2] {
            deeds.remember(deed(LAPTOP, n, 1), Some(at(i64::from(n))), at(1000), |_| true);
        }
        assert_eq!(deeds.oldest().map(|deed| deed.seq).collect::<Vec<_>>(), [1, 2, 3]);
    }
}
