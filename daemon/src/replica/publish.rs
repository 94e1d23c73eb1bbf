//! Publishing: what the grants show is put into share spaces; what they no longer show is retracted.
//!
//! [`sweep`] goes through all there is, [`narrow`] through what others wrote, [`decision`] says what becomes of a record, [`terms`] writes the grant itself, [`delay`] says what is not shown yet, [`withheld`] remembers what was
//! taken back, [`old_copy`] waits for the person where that may be forgotten, [`left_out`] says what is not sent, [`end`] ends a share, [`deletion`] is what a helper's device does then.

mod decision;
pub(super) mod delay;
pub(super) mod deletion;
mod end;
pub(super) mod left_out;
mod mailbox;
mod narrow;
pub(super) mod old_copy;
mod revision;
pub(super) mod sweep;
mod terms;
pub(super) mod withheld;

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::{GrantId, ItemId, RecordId, SpaceId};
use asif_proto::local::Failure;
use jiff::Timestamp;
use serde::Serialize;

use decision::{Before, Case, Deed, deed_unshown};

use super::effect::{Effect, Now};
use super::{Cx, Replica};
use crate::journal::kept::Kept;
use crate::journal::record::{self, Grant, grant_record, record_grant};
use crate::people::space::Space;
use crate::seal::body::{Body, Put, Retract, Revision};
use crate::seal::keys::ItemKey;
use crate::share::board::{Board, Held, content_hash};
use crate::share::item::{self, Item};
use crate::share::projection::{self, Hidden, Shared, Terms};

/// The most entries that one item names as outdated.
const MAX_REPLACES: usize = 64;

/// A standing grant with what is needed to publish under it.
struct Standing {
    grant: Grant,
    space: Space,
    key: ItemKey,
    /// Something new may be shown: this device has heard from another own one, knows the newest terms, and does not wait for the person.
    may_show: bool,
}

impl Standing {
    fn id(&self) -> GrantId {
        self.space.grant().unwrap_or(GrantId([0; 16]))
    }
}

/// Who wrote what makes a difference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// This device, into the record itself.
    Here,
    /// This device, into what the record rests on.
    What,
    /// Others, or nobody.
    Others,
}

/// What a grant shows of a record.
#[derive(PartialEq, Eq)]
enum Shown {
    /// This.
    Item(u16, Vec<u8>),
    /// Nothing, as the person wants it.
    Nothing,
    /// Nothing, as long as not everything about it can be read here.
    Unknown,
}

impl Shown {
    fn item(kind: u16, payload: Vec<u8>) -> Self {
        if payload.len() <= item::MAX_PAYLOAD { Self::Item(kind, payload) } else { Self::Nothing }
    }
}

impl Replica {
    /// After a step: publishes what was written here at once, and everything when a sweep is due.
    pub(super) fn publish(&mut self, cx: &mut Cx<'_>) {
        let (touched, came_back) = (std::mem::take(&mut self.touched_here), std::mem::take(&mut self.came_back));
        let taken_back = std::mem::take(&mut self.taken_back);
        let released = self.is_released();
        let due = self.let_go_at.is_some_and(|at| cx.now.wall >= at) || self.sweep_at.is_some_and(|at| cx.now.mono >= at);
        if due {
            self.sweep_at = None;
            self.overruled.clear();
        }
        let own = touched.clone();
        let local = self.with_dependents(touched);
        self.tend_old_copy(cx);
        self.narrow(cx);
        self.learn_terms(cx);
        self.note_change(cx, &own);
        if due || released || came_back || !taken_back.is_empty() || !local.is_empty() || (cx.idle && !self.sweeps.is_done()) {
            let all = self.standing(cx.now.wall);
            self.sweeps.keep(&all.iter().map(Standing::id).collect());
            for standing in all {
                let begins = due || local.contains(&grant_record(standing.id())) || self.is_rest_released(&standing.grant);
                if begins {
                    self.sweeps.begin(standing.id(), projection::shareable(&self.view));
                }
                let mut records = local.clone();
                if released {
                    records.extend(self.with_dependents(self.released(&standing.grant).collect()));
                }
                if came_back {
                    records.extend(self.withheld.of(standing.id()));
                }
                records.extend(self.records_of(standing.id(), &taken_back));
                // Whoever asks, or brings something, goes first.
                let part = if begins || cx.idle { self.sweeps.next(standing.id()) } else { None };
                records.extend(part.unwrap_or_default());
                if let Err(failure) = self.publish_under(cx, &standing, &records, &(&own, &local)) {
                    tracing::warn!(reason = %failure, "not everything could be published");
                }
            }
            self.tend_holds(cx.now, if due { projection::may_be_held(&self.view).collect() } else { local });
        }
        if cx.touched_elsewhere || !cx.fresh.is_empty() {
            self.sign_receipts(cx);
            self.tell_mailbox(cx);
            self.end_by_name(cx);
            self.end_what_was_left(cx);
        }
        if due || self.ends_at.is_some_and(|at| cx.now.mono >= at) {
            self.ends_at = self.ends_at.filter(|at| cx.now.mono < *at);
            self.complete_ends(cx);
        }
        self.tend_delays();
        self.keep_delays(cx);
        self.save_withheld(cx);
        self.end_what_is_over(cx);
        self.note_ends(cx);
        self.delete_what_ended(cx);
    }

    /// What was changed here makes every copy of this home an old one, where somebody is shown something.
    fn note_change(&mut self, cx: &mut Cx<'_>, touched: &BTreeSet<RecordId>) {
        if touched.iter().any(|record| self.view.touches(record) > 1) && self.view.grants().next().is_some() {
            cx.rest.push(Effect::Mark);
        }
    }

    /// The records of those items that are of this grant.
    fn records_of(&self, grant: GrantId, items: &BTreeSet<(GrantId, ItemId)>) -> Vec<RecordId> {
        if !items.iter().any(|(one, _)| *one == grant) {
            return Vec::new();
        }
        let all = self.items_of_records(grant);
        items.iter().filter(|(one, _)| *one == grant).filter_map(|(_, item)| all.get(item).copied()).collect()
    }

    /// What these records change for a helper: also what rests on them.
    fn with_dependents(&self, touched: BTreeSet<RecordId>) -> BTreeSet<RecordId> {
        let is_depended_on = |id: &RecordId| match self.view.kept(id).map(|row| &row.value) {
            Some(Kept::Belief(_)) => true,
            Some(Kept::Experiment(one)) => one.session.is_some() || one.belief.is_some(),
            _ => self.view.practice(id).is_some() || self.view.session(id).is_some_and(|row| row.value.experiment.is_some()),
        };
        if !touched.iter().any(is_depended_on) {
            return touched;
        }
        let rests = |record: &RecordId| projection::rests_on(&self.view, *record).iter().any(|one| touched.contains(one));
        let dependents: Vec<RecordId> = projection::shareable(&self.view).filter(rests).collect();
        touched.into_iter().chain(dependents).collect()
    }

    /// Grants that stand. Under them nothing is shown before this device heard from another own device, if there is one, nor where it is behind;
    /// taken back is at once.
    fn standing(&self, now: Timestamp) -> Vec<Standing> {
        let Some(owner) = self.person() else { return Vec::new() };
        let joined = self.view.grants().filter(|(_, row)| row.value.helper.is_some() && !row.value.is_over(now));
        let grants = joined.filter(|(id, _)| !self.has_ended(record_grant(**id)));
        grants
            .filter_map(|(id, row)| {
                let grant = record_grant(*id);
                let (_, key) = self.given.items.iter().find(|(one, _)| *one == grant)?;
                let space = Space::Share { owner, grant };
                self.registry.epochs(space.id()).next()?;
                let waits = self.waits_to_go_on(grant);
                let may_show = self.heard && !waits && !self.knows_older_terms(space, &row.value);
                let paused = row.value.paused || waits;
                Some(Standing { grant: Grant { paused, ..row.value.clone() }, space, key: key.clone(), may_show })
            })
            .collect()
    }

    fn publish_under(
        &mut self,
        cx: &mut Cx<'_>,
        standing: &Standing,
        records: &BTreeSet<RecordId>,
        (own, local): &(&BTreeSet<RecordId>, &BTreeSet<RecordId>),
    ) -> Result<(), Failure> {
        if standing.may_show {
            self.publish_terms(cx, standing)?;
        }
        // One that cannot be published keeps none of the others back.
        let by = |record: &RecordId| match (own.contains(record), local.contains(record)) {
            (true, _) => By::Here,
            (false, true) => By::What,
            (false, false) => By::Others,
        };
        let each = records.iter().map(|record| self.publish_record(cx, standing, *record, by(record)));
        each.fold(Ok(()), Result::and)
    }

    /// Records that were taken back from some helper, and that the journal as it reads now would show there again.
    pub(super) fn kept_from_helpers(&self) -> BTreeSet<RecordId> {
        let mut kept = BTreeSet::new();
        for standing in self.standing(self.now.wall) {
            let Some(board) = self.boards.get(&standing.space.id()) else { continue };
            let is_taken_back =
                |record: &RecordId| board.get(&item::item_id(&standing.key, *record)).is_some_and(|held| held.payload.is_none());
            let shows = |record: &RecordId| matches!(self.shown(&standing, *record, self.now.wall).1, Shown::Item(..));
            kept.extend(projection::shareable(&self.view).filter(|record| is_taken_back(record) && shows(record)));
        }
        kept
    }

    /// Puts what a record shows now, or takes it back.
    fn publish_record(&mut self, cx: &mut Cx<'_>, standing: &Standing, record: RecordId, by: By) -> Result<(), Failure> {
        let id = item::item_id(&standing.key, record);
        let (touches, shown) = self.shown(standing, record, cx.now.wall);
        let revision = Revision { grant: self.grant_version(standing.id()), touches };
        let mark = (standing.id(), record);
        let (deed, item) = match shown {
            Shown::Item(kind, payload) => {
                self.withheld.remove(&mark);
                let is_kept_back = self.is_kept_back(standing, record, (kind, &payload));
                let before = self.before(standing, &id, Some(&payload));
                let insists = by == By::Here && self.has_no_other_device();
                let hash = content_hash(kind, &payload);
                let case = Case { revision, hash, before, is_kept_back, has_heard: standing.may_show, insists };
                (case.deed(), Some((kind, payload)))
            }
            Shown::Nothing | Shown::Unknown => {
                if by != By::Others && shown == Shown::Nothing {
                    self.withheld.insert(mark);
                }
                // What this device withholds, or cannot read, is withheld also where another knew of more changes.
                let is_firm = self.withheld.contains(&mark) || self.view.is_unreadable(&record) || self.erased.is_gone(&record);
                (deed_unshown(revision, self.before(standing, &id, None), is_firm), None)
            }
        };
        if deed != Deed::Leave
            && let Some(held) = held_item(&self.boards, standing, &id)
        {
            self.withheld.put_again(&held.entry);
        }
        match (deed, item) {
            (Deed::Put(revision), Some((kind, payload))) => self.put_bytes(cx, standing.space, id, revision, kind, payload),
            (Deed::Retract(revision), _) => self.retract(cx, standing.space, id, revision),
            (Deed::Leave | Deed::Put(_), _) => Ok(()),
        }
    }

    /// Whether a pause or a delay keeps back what a record shows now. An answer waits for no delay, nor does what only says less.
    fn is_kept_back(&self, standing: &Standing, record: RecordId, (kind, payload): (u16, &[u8])) -> bool {
        if standing.grant.paused || kind == item::ANSWER {
            return standing.grant.paused;
        }
        let shown = held_item(&self.boards, standing, &item::item_id(&standing.key, record)).and_then(|held| held.payload.as_ref());
        let is_new = shown.is_none_or(|shown| !item::says_nothing_new(payload, shown));
        is_new && self.is_young(record, standing.grant.delay_s)
    }

    /// Whether what is shown of a record is to be put right at once, whoever wrote it: it is more than it may be now; it was put under terms that no
    /// longer stand; it took the place of something newer that another device had put; or this device knows no less and shows more.
    fn is_to_be_put_right(&self, standing: &Standing, record: RecordId, now: Timestamp) -> bool {
        let id = item::item_id(&standing.key, record);
        let (touches, shown) = self.shown(standing, record, now);
        let payload = if let Shown::Item(_, payload) = &shown { Some(payload) } else { None };
        let Some(before) = self.before(standing, &id, payload) else { return false };
        if payload.is_none() || before.is_same {
            return payload.is_none() && before.is_shown;
        }
        let is_of_other_terms = before.revision.grant < self.grant_version(standing.id());
        let knows_as_much = revision::knowledge(touches) == revision::knowledge(before.revision.touches);
        (before.is_shown && (before.says_more || is_of_other_terms))
            || self.overruled.contains(&(standing.id(), id))
            || (knows_as_much && touches > before.revision.touches)
    }

    /// Whether a helper is yet to see something of what a record shows by these terms.
    pub(super) fn is_yet_to_come(&self, id: RecordId, grant: &Grant, record: RecordId, shared: &Shared) -> bool {
        let (Some(owner), (kind, payload)) = (self.person(), shared.to_item()) else { return false };
        let grant_id = record_grant(id);
        let key = self.given.items.iter().find(|(one, _)| *one == grant_id).map(|(_, key)| key);
        let board = self.boards.get(&Space::Share { owner, grant: grant_id }.id());
        let held = key.zip(board).and_then(|(key, board)| board.get(&item::item_id(key, record)));
        let shown = held.and_then(|held| held.payload.as_ref());
        let is_new = shown.is_none_or(|shown| !item::says_nothing_new(&payload, shown));
        kind != item::ANSWER && is_new && (grant.paused || self.waits_to_go_on(grant_id) || self.would_wait(record, grant.delay_s))
    }

    /// The item that stands, beside what its record shows now.
    fn before(&self, standing: &Standing, id: &ItemId, payload: Option<&Vec<u8>>) -> Option<Before> {
        let held = held_item(&self.boards, standing, id)?;
        let shown = held.payload.as_ref();
        Some(Before {
            revision: held.revision,
            hash: held.hash,
            is_shown: shown.is_some(),
            is_same: shown.is_some() && shown == payload,
            says_more: shown.zip(payload).is_some_and(|(shown, payload)| shown != payload && item::says_less(payload, shown)),
            is_ours: self.writes(held.entry.0),
            is_left_out: self.withheld.is_left_out(&held.entry),
        })
    }

    /// How often a record was touched, and what of it these terms show.
    ///
    /// Its own changes count before those of what it rests on: else an older session could win by what was done to its practice. Of equal knowledge
    /// that wins of which less is still to come by time alone: whoever shows it first, it does not go back.
    fn shown(&self, standing: &Standing, record: RecordId, now: Timestamp) -> (u64, Shown) {
        let terms = Terms::of(standing.id(), &standing.grant, now);
        let shared = terms.shown(&self.view, record).map(|shared| self.without_young(standing, record, shared));
        let young = shared.as_ref().map_or(0, |(_, young)| *young);
        let rests_on = projection::rests_on(&self.view, record);
        let held = std::iter::once(&record)
            .chain(&rests_on)
            .filter(|one| projection::held_until(&self.view, one).is_some_and(|until| until > now));
        let to_come = young + held.count() as u64 + u64::from(self.is_young(record, standing.grant.delay_s));
        let others = rests_on.iter().map(|one| self.view.touches(one)).fold(0, u64::saturating_add);
        let touches = revision::touches(self.view.touches(&record), others, to_come);
        let shown = match shared {
            Ok((shared, _)) => {
                let (kind, payload) = shared.to_item();
                Shown::item(kind, payload)
            }
            Err(Hidden::Unknown) => Shown::Unknown,
            Err(_) => Shown::Nothing,
        };
        (touches, shown)
    }

    /// Looks again when something that is kept back until a time is let go.
    fn tend_holds(&mut self, now: Now, records: BTreeSet<RecordId>) {
        let held = records.iter().filter_map(|record| projection::held_until(&self.view, record));
        self.let_go_at = held.chain(self.let_go_at).filter(|until| *until > now.wall).min();
    }

    /// Writes an item into an own space.
    pub(super) fn put<T: Serialize>(
        &mut self,
        cx: &mut Cx<'_>,
        space: Space,
        id: ItemId,
        revision: Revision,
        kind: u16,
        value: &T,
    ) -> Result<(), Failure> {
        self.put_bytes(cx, space, id, revision, kind, item::pack(value))
    }

    fn put_bytes(
        &mut self,
        cx: &mut Cx<'_>,
        space: Space,
        id: ItemId,
        revision: Revision,
        kind: u16,
        payload: Vec<u8>,
    ) -> Result<(), Failure> {
        let put = Put { item: id, revision, kind, payload, replaces: self.replaced(space, &id) };
        let at = self.write_body(cx, space, &Body::Put(put.clone()))?;
        let taken = self.boards.entry(space.id()).or_default().put(at, put);
        self.outdate(cx, space.id(), taken);
        Ok(())
    }

    fn retract(&mut self, cx: &mut Cx<'_>, space: Space, id: ItemId, revision: Revision) -> Result<(), Failure> {
        let retract = Retract { item: id, revision, replaces: self.replaced(space, &id) };
        let at = self.write_body(cx, space, &Body::Retract(retract.clone()))?;
        let taken = self.boards.entry(space.id()).or_default().retract(at, retract);
        self.outdate(cx, space.id(), taken);
        Ok(())
    }

    fn replaced(&self, space: Space, id: &ItemId) -> Vec<(asif_proto::id::LogId, u64)> {
        let held = self.boards.get(&space.id()).and_then(|board| board.get(id));
        let entries = held.into_iter().flat_map(|held| std::iter::once(held.entry).chain(held.outdated.iter().rev().copied()));
        entries.take(MAX_REPLACES).collect()
    }

    /// The items of a space that this program can show.
    pub(super) fn items(&self, space: Space) -> impl Iterator<Item = (Item, u64)> {
        let board = self.boards.get(&space.id());
        let held = board.into_iter().flat_map(|board| board.items());
        held.filter_map(|(id, held)| Some((item::unpack(*id, held.kind, held.payload.as_ref()?)?, held.arrived)))
    }

    /// Sessions that this helper sees in a share.
    pub(super) fn shared_sessions(&self, share: Space) -> u64 {
        u64::try_from(self.items(share).filter(|(item, _)| matches!(item, Item::Session(_))).count()).unwrap_or(u64::MAX)
    }
}

/// The item that stands under a grant, also a retracted one.
fn held_item<'a>(boards: &'a BTreeMap<SpaceId, Board>, standing: &Standing, id: &ItemId) -> Option<&'a Held> {
    boards.get(&standing.space.id())?.get(id)
}

/// The record of a grant, packed, as an invitation keeps it.
pub(super) fn draft(grant: &Grant) -> String {
    record::pack(record::kind::GRANT, grant)
}
