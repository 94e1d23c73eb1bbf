//! What is new reaches a helper later, where a grant says so: by this device's own clock, from when it was last said.
//!
//! What a record says is shown once nothing in it, or in what is told with it, was said within the delay; a rating of a belief or a goal waits by itself,
//! so that somebody who rates every day is not kept back for ever. Said is whatever was written here or came here, but who may see it. That is noted
//! of every record, whatever is shared: whoever is invited later, or has a longer delay by then, is told no sooner.
//!
//! The clock counts the time that passes while the daemon runs, sleep included, whatever is set on the wall; from one start to the next it takes
//! the wall's word, and goes on where it stood if that went back. What it knows is remembered, sealed, on this device alone; where that is gone,
//! all that is here counts as said now.

use std::collections::BTreeMap;
use std::time::Duration;

use asif_proto::frame;
use asif_proto::id::{LogId, RecordId};
use automerge::ScalarValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::effect::{Effect, Now, Opaque};
use super::super::merge::PUBLISH_FOR_OTHERS_AFTER;
use super::super::{Cx, Replica};
use super::{Standing, held_item};
use crate::journal::record::Grant;
use crate::journal::schema;
use crate::share::item::{self, Item};
use crate::share::projection::{self, Shared};

/// The name of the sealed file.
const FILE: &str = "delays";
/// The clock on the wall was set, where it goes another way by more than this, in seconds.
const JUMP_S: u64 = 5;
/// The longest delay.
pub(in crate::replica) const MAX_DELAY_S: u32 = 30 * 24 * 60 * 60;
/// So often what makes no difference any more is forgotten, in seconds.
const FORGET_EVERY_S: u64 = 60 * 60;
/// Fields that say who may see a record, and nothing else.
const HIDING: [&str; 3] = ["visibility", "hold_until", "deleted"];
/// What is rated again and again.
const RATED: [&str; 2] = ["ratings", "agree"];

/// Which device wrote something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::replica) enum Writer {
    This,
    Another,
}

/// What waits on this device.
#[derive(Default)]
pub(in crate::replica) struct Delays {
    known: Known,
    /// Entries that were noted before this start.
    noted: BTreeMap<LogId, u64>,
    /// When the clock was last looked at.
    looked_at: Option<Duration>,
    /// What the wall was ahead of that, in seconds.
    ahead_s: i64,
    /// Up to when what has waited long enough was let go, by the counted seconds.
    let_go_upto_s: u64,
    /// When what makes no difference any more was last forgotten, by the same.
    forgot_s: u64,
    /// When something has waited long enough, by the same.
    due_s: Option<u64>,
    /// The monotonic clock when the count went on last.
    counted_at: Duration,
    unsaved: bool,
}

/// What the sealed file says.
#[derive(Default, Serialize, Deserialize)]
struct Known {
    /// What this device's clock has counted, in seconds.
    counted_s: u64,
    /// What was on the wall then, in seconds since 1970.
    wall_s: i64,
    /// Whatever is told below: when something may have been said last that is not known of, by that clock.
    rest_s: Option<u64>,
    /// When something was last said in a record, by that clock, as long as it can make a difference.
    said_at: BTreeMap<RecordId, u64>,
    /// The same of ratings, each by the second that it names.
    rated_at: BTreeMap<(RecordId, i64), u64>,
    /// Of each log of the journal, the entries of which that was noted; the first number: all up to there; the second: some up to there.
    noted: BTreeMap<LogId, (u64, u64)>,
}

impl Known {
    /// When something was last said in a record.
    fn said(&self, record: &RecordId) -> Option<u64> {
        self.said_at.get(record).copied().max(self.rest_s)
    }

    fn is_young(&self, said: Option<u64>, delay_s: u32) -> bool {
        said.is_some_and(|at| self.counted_s < at.saturating_add(delay_s.into()))
    }
}

impl Replica {
    /// Takes over what was remembered, once the views are here.
    pub(in crate::replica) fn load_delays(&mut self, now: Now, bytes: Option<&[u8]>) {
        let Some(vault) = &self.vault else { return };
        let known = bytes.and_then(|bytes| vault.cache.open(FILE, bytes).ok()).and_then(|plain| frame::decode::<Known>(&plain));
        let journal = self.journal().map(|space| space.id());
        let mut logs = self.logs.values().filter(|log| Some(log.space) == journal);
        match known {
            Some(mut known) => {
                let passed = now.wall.as_second().saturating_sub(known.wall_s);
                known.counted_s = known.counted_s.saturating_add(u64::try_from(passed).unwrap_or_default());
                // The views know of what was not noted: when that was said is not known.
                if logs.any(|log| log.merged > known.noted.get(&log.head.log).map_or(0, |(_, some)| *some)) {
                    known.rest_s = Some(known.counted_s);
                }
                self.delays.noted = known.noted.iter().map(|(log, (all, _))| (*log, *all)).collect();
                self.delays.known = known;
            }
            None if logs.any(|log| log.merged > 0) => {
                tracing::warn!("when something was said is not known; where a delay is set, all that is here waits from now");
                self.delays.known.rest_s = Some(0);
            }
            None => {}
        }
    }

    /// Lets the clock go on.
    pub(in crate::replica) fn count_on(&mut self, now: Now) {
        let delays = &mut self.delays;
        delays.counted_at = now.mono;
        let is_first = delays.looked_at.is_none();
        let last = delays.looked_at.get_or_insert(now.steady);
        let passed = now.steady.saturating_sub(*last).as_secs();
        *last += Duration::from_secs(passed);
        delays.known.counted_s = delays.known.counted_s.saturating_add(passed);
        let ahead_s = now.wall.as_second().saturating_sub(i64::try_from(now.steady.as_secs()).unwrap_or(i64::MAX));
        if ahead_s.abs_diff(std::mem::replace(&mut delays.ahead_s, ahead_s)) > JUMP_S && !is_first {
            // The next start counts on from what is on the wall now.
            delays.unsaved = true;
        }
    }

    /// Whether something has waited long enough.
    pub(super) fn is_released(&self) -> bool {
        self.delays.due_s.is_some_and(|due| self.delays.known.counted_s >= due)
    }

    /// When the next record has waited long enough.
    pub(in crate::replica) fn release_due(&self) -> Option<Duration> {
        let delays = &self.delays;
        let left = delays.due_s?.saturating_sub(delays.known.counted_s);
        // Whole seconds are counted.
        Some(delays.counted_at + Duration::from_secs(left.saturating_add(1)))
    }

    /// A change that is in a log from now on put this. What came from another device is left to that one to show for a while.
    pub(in crate::replica) fn note_said<'a>(&mut self, puts: impl IntoIterator<Item = (&'a str, ScalarValue)>, by: Writer) {
        let known = &mut self.delays.known;
        // What is said within a second counts from its end.
        let now_s = known.counted_s.saturating_add(match by {
            Writer::This => 1,
            Writer::Another => 1 + PUBLISH_FOR_OTHERS_AFTER.as_secs(),
        });
        for (key, value) in puts {
            let mut parts = key.splitn(3, '/').skip(1);
            let (field, member) = (parts.next(), parts.next());
            let Some(record) = schema::record_of(key).filter(|_| field.is_none_or(|field| !HIDING.contains(&field))) else { continue };
            // What is emptied says nothing any more.
            if value == ScalarValue::Null || (member.is_some() && value == ScalarValue::Boolean(false)) {
                continue;
            }
            self.delays.unsaved = true;
            match field.filter(|field| RATED.contains(field)).and_then(|_| rated(&value)) {
                Some(at) => known.rated_at.insert((record, at.as_second()), now_s),
                None => known.said_at.insert(record, now_s),
            };
        }
    }

    /// Something came of which it is not known when it was said: all that is here waits from now.
    pub(in crate::replica) fn rest_delays(&mut self) {
        let known = &mut self.delays.known;
        known.rest_s = Some(known.counted_s.saturating_add(1 + PUBLISH_FOR_OTHERS_AFTER.as_secs()));
        self.delays.unsaved = true;
    }

    /// Whether what an entry says was noted before this start.
    pub(in crate::replica) fn was_noted(&self, (log, seq): (LogId, u64)) -> bool {
        self.delays.noted.get(&log).is_some_and(|all| seq <= *all)
    }

    /// Everything is about to be read again: what was noted stays so.
    pub(in crate::replica) fn read_again(&mut self) {
        self.delays.noted = self.noted().into_iter().map(|(log, (all, _))| (log, all)).collect();
    }

    /// Of each log of the journal, how far all is noted, and how far some.
    fn noted(&self) -> BTreeMap<LogId, (u64, u64)> {
        let journal = self.journal().map(|space| space.id());
        let logs = self.logs.values().filter(|log| Some(log.space) == journal);
        let mut noted: BTreeMap<LogId, (u64, u64)> = logs.map(|log| (log.head.log, (log.merged, log.merged))).collect();
        let waiting = self.pending.values().flatten().map(|one| (one.log, one.seq)).chain(self.newer.iter().copied());
        for (log, seq) in waiting {
            noted.entry(log).and_modify(|(all, _)| *all = (*all).min(seq.saturating_sub(1)));
        }
        noted
    }

    /// Whether something was said within a delay in a record, or in what is told with it.
    pub(in crate::replica) fn is_young(&self, record: RecordId, delay_s: u32) -> bool {
        let known = &self.delays.known;
        let is_young = |record: &RecordId| known.is_young(known.said(record), delay_s);
        delay_s > 0 && (is_young(&record) || projection::told_with(&self.view, record).iter().any(is_young))
    }

    /// What a grant shows of a record less the ratings that are still to wait and are not shown yet, and how many these are.
    pub(super) fn without_young(&self, standing: &Standing, record: RecordId, shared: Shared) -> (Shared, u64) {
        let delay_s = standing.grant.delay_s;
        if delay_s == 0 {
            return (shared, 0);
        }
        let id = item::item_id(&standing.key, record);
        let shown = held_item(&self.boards, standing, &id).and_then(|held| item::unpack(id, held.kind, held.payload.as_ref()?));
        let known = &self.delays.known;
        let is_young = |at: Timestamp| {
            let said = known.rated_at.get(&(record, at.as_second())).copied().max(known.rest_s);
            known.is_young(said, delay_s)
        };
        match shared {
            Shared::Belief(mut one) => {
                let all = one.ratings.len();
                let is_shown = |rating: &_| matches!(&shown, Some(Item::Belief(shown)) if shown.ratings.contains(rating));
                one.ratings.retain(|rating| is_shown(rating) || !is_young(rating.at));
                let left_out = all - one.ratings.len();
                (Shared::Belief(one), left_out as u64)
            }
            Shared::Goal(mut one) => {
                let all = one.agree.len();
                let is_shown = |rating: &_| matches!(&shown, Some(Item::Goal(shown)) if shown.agree.contains(rating));
                one.agree.retain(|rating| is_shown(rating) || !is_young(rating.at));
                let left_out = all - one.agree.len();
                (Shared::Goal(one), left_out as u64)
            }
            other => (other, 0),
        }
    }

    /// Whether something that a record says would wait, were it shared now with a delay.
    pub(in crate::replica) fn would_wait(&self, record: RecordId, delay_s: u32) -> bool {
        let known = &self.delays.known;
        let rated = || known.rated_at.range((record, i64::MIN)..=(record, i64::MAX)).any(|(_, at)| known.is_young(Some(*at), delay_s));
        delay_s > 0 && (self.is_young(record, delay_s) || rated())
    }

    /// The records in which something has waited long enough under a grant since that was last asked of all.
    pub(super) fn released(&self, grant: &Grant) -> impl Iterator<Item = RecordId> {
        let (known, upto) = (&self.delays.known, self.delays.let_go_upto_s);
        let delay_s = u64::from(grant.delay_s);
        let is_due = move |at: &u64| (upto.saturating_add(1)..=known.counted_s).contains(&at.saturating_add(delay_s));
        let said = known.said_at.iter().filter(move |(_, at)| is_due(at)).map(|(record, _)| *record);
        let rated = known.rated_at.iter().filter(move |(_, at)| is_due(at)).map(|((record, _), _)| *record);
        said.chain(rated).filter(move |_| delay_s > 0)
    }

    /// Whether all that is here is let go at one time.
    pub(super) fn is_rest_released(&self, grant: &Grant) -> bool {
        let due = self.delays.known.rest_s.map(|at| at.saturating_add(grant.delay_s.into()));
        grant.delay_s > 0 && due.is_some_and(|due| due > self.delays.let_go_upto_s && due <= self.delays.known.counted_s)
    }

    /// What has waited long enough was let go, if this device may show anything; what makes no difference any more is forgotten.
    pub(super) fn tend_delays(&mut self) {
        let mut delays: Vec<u64> =
            self.view.grants().filter(|(_, row)| row.value.ended.is_none()).map(|(_, row)| row.value.delay_s.into()).collect();
        delays.retain(|delay| *delay > 0);
        delays.sort_unstable();
        delays.dedup();
        let (heard, all) = (self.heard, &mut self.delays);
        if heard {
            all.let_go_upto_s = all.known.counted_s;
        }
        let (counted_s, upto) = (all.known.counted_s, all.let_go_upto_s);
        let stands = |at: u64| counted_s < at.saturating_add(MAX_DELAY_S.into());
        // Not at every step: after an import there are tens of thousands of them for a month.
        if counted_s >= all.forgot_s.saturating_add(FORGET_EVERY_S) {
            all.forgot_s = counted_s;
            all.known.said_at.retain(|_, at| stands(*at));
            all.known.rated_at.retain(|_, at| stands(*at));
        }
        all.known.rest_s = all.known.rest_s.filter(|at| stands(*at));
        let said = || all.known.said_at.values().chain(all.known.rated_at.values()).chain(&all.known.rest_s).copied();
        all.due_s =
            delays.iter().flat_map(|delay| said().map(move |at| at.saturating_add(*delay))).filter(|due| *due > upto.max(counted_s)).min();
    }

    /// Saves what is new, where somebody waits for it; else that is done with the views.
    pub(super) fn keep_delays(&mut self, cx: &mut Cx<'_>) {
        let waits = |grant: &Grant| grant.ended.is_none() && grant.delay_s > 0;
        if self.view.grants().any(|(_, row)| waits(&row.value)) {
            self.save_new_delays(cx);
        }
    }

    /// Saves what is new.
    pub(in crate::replica) fn save_new_delays(&mut self, cx: &mut Cx<'_>) {
        if self.delays.unsaved {
            self.save_delays(cx);
        }
    }

    /// Saves what is known, with what is on the wall now. Where that fails, what is not in it counts as said at the next start.
    pub(in crate::replica) fn save_delays(&mut self, cx: &mut Cx<'_>) {
        if self.person().is_none() || !self.is_whole() {
            return;
        }
        self.delays.unsaved = false;
        self.delays.known.noted = self.noted();
        self.delays.known.wall_s = cx.now.wall.as_second();
        if let Some(vault) = &self.vault {
            let bytes = vault.cache.seal(FILE, &frame::encode(&self.delays.known), cx.rng);
            cx.saves.push(Effect::Save { name: FILE, bytes: Opaque::new(bytes) });
        }
    }
}

/// When a rating was given, as it says.
fn rated(value: &ScalarValue) -> Option<Timestamp> {
    let ScalarValue::Str(packed) = value else { return None };
    let rating: serde_json::Map<String, serde_json::Value> = serde_json::from_str(packed).ok()?;
    rating.get("at")?.as_str()?.parse().ok()
}
