//! What is new reaches a helper later, where a grant says so: by this device's own clock, from when it first held a record.
//!
//! The clock counts the time that passes while the daemon runs, sleep included, whatever is set on the wall; from one start to the next it takes
//! the wall's word, and goes on where it stood if that went back. What it knows is remembered, sealed, on this device alone; where that is gone,
//! what is not yet shown waits from the beginning again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use asif_proto::frame;
use asif_proto::id::{GrantId, PersonId, RecordId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::documents::AGAIN;
use super::super::effect::{Effect, Now, Opaque};
use super::super::{Cx, Replica};
use super::Standing;
use crate::journal::record::record_grant;
use crate::journal::schema;
use crate::journal::search::words;
use crate::people::space::Space;
use crate::share::item;

/// The name of the sealed file.
const FILE: &str = "delays";
/// The clock on the wall was set, where it goes another way by more than this, in seconds.
const JUMP_S: u64 = 5;
/// The longest delay.
pub(in crate::replica) const MAX_DELAY_S: u32 = 30 * 24 * 60 * 60;

/// What waits on this device.
#[derive(Default)]
pub(in crate::replica) struct Delays {
    known: Known,
    /// When the clock was last looked at.
    looked_at: Option<Duration>,
    /// What the wall was ahead of that, in seconds.
    ahead_s: i64,
    /// When something has waited long enough, by the counted seconds.
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
    /// When this device first held what is not shown yet, by that clock.
    held_since: BTreeMap<RecordId, u64>,
    /// When this device first saw that what is shown of a record is to say something else, by that clock, and what.
    changed_since: BTreeMap<(GrantId, RecordId), (u64, [u8; 32])>,
    /// The versions of grants under which all that was there was looked at.
    looked_through: BTreeMap<GrantId, u32>,
    /// When something was last said in a record, by that clock, other than who may see it: while nobody sees it, that waits too.
    said_at: BTreeMap<RecordId, u64>,
}

/// The name of a change that says nothing in a record but that it is kept back or let go.
const HOLD: &str = "hold";
/// Fields that say who may see a record, and nothing else.
const HIDING: [&str; 3] = ["visibility", "hold_until", "deleted"];

impl Replica {
    /// Takes over what was remembered.
    pub(in crate::replica) fn load_delays(&mut self, now: Now, bytes: Option<&[u8]>) {
        let (Some(vault), Some(bytes)) = (&self.vault, bytes) else { return };
        let plain = vault.cache.open(FILE, bytes).ok();
        match plain.and_then(|plain| frame::decode::<Known>(&plain)) {
            Some(mut known) => {
                let passed = now.wall.as_second().saturating_sub(known.wall_s);
                known.counted_s = known.counted_s.saturating_add(u64::try_from(passed).unwrap_or_default());
                self.delays.known = known;
            }
            None => tracing::warn!("what was remembered of delays does not open; what waits goes on waiting from now"),
        }
    }

    /// Lets the clock go on; says whether something has waited long enough.
    pub(super) fn count_on(&mut self, now: Now) -> bool {
        let delays = &mut self.delays;
        delays.counted_at = now.mono;
        let last = delays.looked_at.get_or_insert(now.steady);
        let passed = now.steady.saturating_sub(*last).as_secs();
        *last += Duration::from_secs(passed);
        delays.known.counted_s = delays.known.counted_s.saturating_add(passed);
        let ahead_s = now.wall.as_second().saturating_sub(i64::try_from(now.steady.as_secs()).unwrap_or(i64::MAX));
        if ahead_s.abs_diff(std::mem::replace(&mut delays.ahead_s, ahead_s)) > JUMP_S {
            // The next start counts on from what is on the wall now.
            delays.unsaved = !delays.known.held_since.is_empty() || !delays.known.changed_since.is_empty();
        }
        delays.due_s.is_some_and(|due| delays.known.counted_s >= due)
    }

    /// When the next record has waited long enough.
    pub(in crate::replica) fn release_due(&self) -> Option<Duration> {
        let delays = &self.delays;
        let left = delays.due_s?.saturating_sub(delays.known.counted_s);
        // Whole seconds are counted.
        Some(delays.counted_at + Duration::from_secs(left.saturating_add(1)))
    }

    /// Whether a record that is not shown yet still waits under a grant. What was there when the terms were made is as old as it says.
    pub(super) fn waits(&mut self, now: Now, standing: &Standing, record: RecordId) -> bool {
        let delay_s = u64::from(standing.grant.delay_s);
        if delay_s == 0 {
            return false;
        }
        let was_there = self.is_new_to(standing);
        let counted_s = self.delays.known.counted_s;
        let since = match self.delays.known.held_since.get(&record) {
            Some(since) => *since,
            None => {
                let age_s = if was_there { self.age_s(&record, now.wall) } else { 0 };
                if age_s >= delay_s {
                    return false;
                }
                self.delays.unsaved = true;
                let since = counted_s.saturating_sub(age_s);
                self.delays.known.held_since.insert(record, since);
                since
            }
        };
        counted_s.saturating_sub(since) < delay_s
    }

    /// Whether what a record is to say, other than what is shown of it, still waits under a grant. Said otherwise once more it waits from then.
    pub(super) fn change_waits(&mut self, now: Now, standing: &Standing, record: RecordId, hash: [u8; 32]) -> bool {
        let delay_s = u64::from(standing.grant.delay_s);
        if delay_s == 0 {
            return false;
        }
        let (counted_s, mark) = (self.delays.known.counted_s, (standing.id(), record));
        let since = match self.delays.known.changed_since.get(&mark) {
            Some((since, of)) if *of == hash => *since,
            // Terms that show more show it of what is old enough at once.
            None if self.is_new_to(standing) && self.age_s(&record, now.wall) >= delay_s => return false,
            _ => {
                self.delays.unsaved = true;
                self.delays.known.changed_since.insert(mark, (counted_s, hash));
                counted_s
            }
        };
        counted_s.saturating_sub(since) < delay_s
    }

    /// A change put something under these keys.
    pub(in crate::replica) fn note_said(&mut self, keys: &BTreeSet<String>) {
        if self.longest_delay() == 0 {
            return;
        }
        for key in keys {
            let field = key.split_once('/').map(|(_, field)| field);
            if let Some(record) = schema::record_of(key).filter(|_| field.is_none_or(|field| !HIDING.contains(&field))) {
                self.delays.unsaved = true;
                self.delays.known.said_at.insert(record, self.delays.known.counted_s);
            }
        }
    }

    fn longest_delay(&self) -> u64 {
        self.view.grants().filter(|(_, row)| row.value.ended.is_none()).map(|(_, row)| row.value.delay_s.into()).max().unwrap_or(0)
    }

    /// Whether something was said in a record since so short a time that it waits, where the record was not shown meanwhile.
    pub(super) fn was_said_lately(&self, record: RecordId, delay_s: u32) -> bool {
        let said = self.delays.known.said_at.get(&record);
        said.is_some_and(|at| self.delays.known.counted_s.saturating_sub(*at) < u64::from(delay_s))
    }

    /// Whether it is known that a record is to say something else.
    pub(super) fn is_to_change(&self, standing: &Standing, record: RecordId) -> bool {
        self.delays.known.changed_since.contains_key(&(standing.id(), record))
    }

    /// What a record shows is what it is to say.
    pub(super) fn change_is_there(&mut self, standing: &Standing, record: RecordId) {
        self.delays.unsaved |= self.delays.known.changed_since.remove(&(standing.id(), record)).is_some();
    }

    /// Whether not all that was there was looked at under these terms.
    fn is_new_to(&self, standing: &Standing) -> bool {
        self.delays.known.looked_through.get(&standing.id()) != Some(&self.grant_version(standing.id()))
    }

    /// How long ago something was last said in a record, as far as is known: of the newest changes that is told, and of the rest when the record was
    /// written down; one that does not say was always there.
    fn age_s(&self, record: &RecordId, wall: Timestamp) -> u64 {
        let recorded_at = if let Some(row) = self.view.session(record) {
            Some(row.value.recorded_at)
        } else if let Some(row) = self.view.practice(record) {
            Some(row.value.recorded_at)
        } else {
            self.view.kept(record).map(|row| words::recorded_at(&row.value))
        };
        let said = self.deeds.newest().find(|deed| deed.records.contains(record) && deed.message.trim_end_matches(AGAIN) != HOLD);
        // Changes that are no longer known were made before those that are.
        let forgotten = self.deeds.oldest().next().filter(|_| self.deeds.is_full()).map(|deed| deed.at);
        let said = said.map(|deed| deed.at).or(forgotten);
        let last = recorded_at.map(|at| said.map_or(at.as_second(), |said| said.max(at.as_second())));
        last.map_or(u64::MAX, |at| u64::try_from(wall.as_second().saturating_sub(at)).unwrap_or_default())
    }

    /// Whether a record would wait under a delay if it were shared now: what is there is as old as it says.
    pub(in crate::replica) fn would_wait(&self, record: &RecordId, delay_s: u32, now: Timestamp) -> bool {
        self.age_s(record, now) < u64::from(delay_s)
    }

    /// Whether a record is not shown yet because of the delay, as far as this device knows.
    pub(in crate::replica) fn still_waits(&self, grant: GrantId, delay_s: u32, record: RecordId) -> bool {
        let Some(owner) = self.person() else { return false };
        let waits = |since: &u64| self.delays.known.counted_s.saturating_sub(*since) < u64::from(delay_s);
        let changes = self.delays.known.changed_since.get(&(grant, record)).is_some_and(|(since, _)| waits(since));
        let held_since = self.delays.known.held_since.get(&record);
        // What this device has not looked at yet is as old as it says.
        let is_young = || self.would_wait(&record, delay_s, self.now.wall);
        let hidden = !self.is_shown(owner, grant, record) && self.was_said_lately(record, delay_s);
        changes || hidden || (!self.is_there(owner, grant, record) && held_since.map_or_else(is_young, waits))
    }

    /// All that is there was looked at under these terms.
    pub(super) fn looked_through(&mut self, standing: &Standing) {
        if standing.grant.delay_s > 0 {
            let version = self.grant_version(standing.id());
            self.delays.unsaved |= self.delays.known.looked_through.insert(standing.id(), version) != Some(version);
        }
    }

    /// Forgets what waits no more: what has waited is remembered until it is there, as it may be kept back or paused meanwhile.
    pub(super) fn tend_delays(&mut self) {
        let Some(owner) = self.person() else { return };
        let standing = self.view.grants().filter(|(_, row)| row.value.ended.is_none() && row.value.delay_s > 0);
        let standing: Vec<(GrantId, u64)> = standing.map(|(id, row)| (record_grant(*id), row.value.delay_s.into())).collect();
        let mut known = std::mem::take(&mut self.delays.known);
        let (before, counted_s) = (known.held_since.len(), known.counted_s);
        known.held_since.retain(|record, since| {
            let waits = |delay: u64| counted_s.saturating_sub(*since) < delay;
            standing.iter().any(|(grant, delay)| waits(*delay) || (self.view.touches(record) > 0 && !self.is_there(owner, *grant, *record)))
        });
        let changes = known.changed_since.len();
        known.changed_since.retain(|(grant, record), _| {
            standing.iter().any(|(one, _)| one == grant) && self.view.touches(record) > 0 && self.is_there(owner, *grant, *record)
        });
        let changed = known
            .changed_since
            .iter()
            .filter_map(|((grant, _), (since, _))| Some(since.saturating_add(standing.iter().find(|(one, _)| one == grant)?.1)));
        let ends = known.held_since.values().flat_map(|since| standing.iter().map(move |(_, delay)| since.saturating_add(*delay)));
        let before_said = known.said_at.len();
        let longest = standing.iter().map(|(_, delay)| *delay).max().unwrap_or(0);
        known.said_at.retain(|_, at| counted_s.saturating_sub(*at) < longest);
        self.delays.unsaved |= before_said != known.said_at.len();
        let said = known.said_at.values().flat_map(|at| standing.iter().map(move |(_, delay)| at.saturating_add(*delay)));
        let ends = ends.chain(changed).chain(said);
        self.delays.due_s = ends.filter(|end| *end > counted_s).min();
        self.delays.unsaved |= before != known.held_since.len() || changes != known.changed_since.len();
        self.delays.known = known;
    }

    /// Whether a grant has an item for a record, also a retracted one.
    fn is_there(&self, owner: PersonId, grant: GrantId, record: RecordId) -> bool {
        let Some((_, key)) = self.given.items.iter().find(|(one, _)| *one == grant) else { return false };
        let board = self.boards.get(&Space::Share { owner, grant }.id());
        board.is_some_and(|board| board.get(&item::item_id(key, record)).is_some())
    }

    /// Whether a grant shows something of a record.
    fn is_shown(&self, owner: PersonId, grant: GrantId, record: RecordId) -> bool {
        let key = self.given.items.iter().find(|(one, _)| *one == grant).map(|(_, key)| key);
        let board = self.boards.get(&Space::Share { owner, grant }.id());
        let held = key.zip(board).and_then(|(key, board)| board.get(&item::item_id(key, record)));
        held.is_some_and(|held| held.payload.is_some())
    }

    /// Saves what is new.
    pub(super) fn keep_delays(&mut self, cx: &mut Cx<'_>) {
        if std::mem::take(&mut self.delays.unsaved) {
            self.save_delays(cx);
        }
    }

    /// Saves what is known, with what is on the wall now.
    pub(in crate::replica) fn save_delays(&mut self, cx: &mut Cx<'_>) {
        let known = &self.delays.known;
        if known.looked_through.is_empty() && known.held_since.is_empty() && known.changed_since.is_empty() && known.said_at.is_empty() {
            return;
        }
        self.delays.known.wall_s = cx.now.wall.as_second();
        if let Some(vault) = &self.vault {
            let bytes = vault.cache.seal(FILE, &frame::encode(&self.delays.known), cx.rng);
            cx.saves.push(Effect::Save { name: FILE, bytes: Opaque::new(bytes) });
        }
    }
}
