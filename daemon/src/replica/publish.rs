//! Publishing: what the grants show is put into share spaces; what they no longer show is retracted.

pub(super) mod withheld;

use std::collections::BTreeSet;

use asif_proto::id::{GrantId, ItemId, PersonId, RecordId};
use asif_proto::local::Failure;
use serde::Serialize;

use super::{Cx, Replica};
use crate::journal::record::{self, Grant, Session, grant_record, record_grant};
use crate::journal::view::Row;
use crate::people::space::Space;
use crate::seal::body::{Body, DocId, Put, Retract, Revision};
use crate::seal::keys::ItemKey;
use crate::share::board::content_hash;
use crate::share::item::{self, Item};
use crate::share::projection::{self, Hidden, Terms};
use crate::share::terms::{self, Side, Signed};
use crate::sync::link::Link;

/// The version of grants that are never edited.
const GRANT_VERSION: u32 = 1;
/// The most entries that one item names as outdated.
const MAX_REPLACES: usize = 64;

/// A standing grant with what is needed to publish under it.
struct Standing {
    grant: Grant,
    space: Space,
    key: ItemKey,
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
        let due = self.sweep_at.is_some_and(|at| cx.now.mono >= at);
        if due {
            self.sweep_at = None;
        }
        let local = self.with_sessions(touched);
        if due || came_back || !local.is_empty() {
            for standing in self.standing() {
                let whole = due || local.contains(&grant_record(standing_id(&standing)));
                let mut records: BTreeSet<RecordId> = if whole { projection::shareable(&self.view).collect() } else { local.clone() };
                if came_back {
                    let grant = standing_id(&standing);
                    records.extend(self.withheld.of(grant));
                }
                if let Err(failure) = self.publish_under(cx, &standing, &records, &local) {
                    tracing::warn!(reason = %failure, "not everything could be published");
                }
            }
        }
        if cx.touched_elsewhere || !cx.fresh.is_empty() {
            self.sign_receipts(cx);
            self.end_by_name(cx);
        }
        if due {
            self.complete_ends(cx);
        }
        self.save_withheld(cx);
        self.note_ends(cx);
    }

    /// What these records change for a helper: a practice also changes what its sessions show.
    fn with_sessions(&self, touched: BTreeSet<RecordId>) -> BTreeSet<RecordId> {
        if touched.iter().all(|id| self.view.practice(id).is_none()) {
            return touched;
        }
        let of_touched = |row: &Row<Session>| row.value.practice.is_some_and(|practice| touched.contains(&practice));
        let sessions: Vec<RecordId> = self.view.sessions().filter(|(_, row)| of_touched(row)).map(|(id, _)| *id).collect();
        touched.into_iter().chain(sessions).collect()
    }

    /// Grants that stand. Under them nothing is shown before this device heard from another own device, if there is one; taken back is
    /// at once.
    fn standing(&self) -> Vec<Standing> {
        let Some(owner) = self.person() else { return Vec::new() };
        let grants = self.view.grants().filter(|(id, row)| row.value.helper.is_some() && !self.has_ended(record_grant(**id)));
        grants
            .filter_map(|(id, row)| {
                let grant = record_grant(*id);
                let (_, key) = self.given.items.iter().find(|(one, _)| *one == grant)?;
                let space = Space::Share { owner, grant };
                self.registry.epochs(space.id()).next()?;
                Some(Standing { grant: row.value.clone(), space, key: key.clone() })
            })
            .collect()
    }

    fn publish_under(
        &mut self,
        cx: &mut Cx<'_>,
        standing: &Standing,
        records: &BTreeSet<RecordId>,
        local: &BTreeSet<RecordId>,
    ) -> Result<(), Failure> {
        if self.heard {
            self.publish_terms(cx, standing)?;
        }
        // One that cannot be published keeps none of the others back.
        let each = records.iter().map(|record| self.publish_record(cx, standing, *record, local.contains(record)));
        each.fold(Ok(()), Result::and)
    }

    fn publish_terms(&mut self, cx: &mut Cx<'_>, standing: &Standing) -> Result<(), Failure> {
        let (grant, space) = (standing_id(standing), standing.space);
        let id = item::terms_item(grant, item::GRANT);
        if self.boards.get(&space.id()).is_some_and(|board| board.get(&id).is_some()) {
            return Ok(());
        }
        let (Some(vault), Some(helper)) = (&self.vault, standing.grant.helper) else { return Ok(()) };
        let agreed = terms::Terms {
            grant,
            version: GRANT_VERSION,
            client: space.owner(),
            client_name: standing.grant.client_name.clone(),
            helper,
            role: standing.grant.role,
            scopes: standing.grant.scopes.clone(),
            since: standing.grant.since.clone(),
            until: standing.grant.until.clone(),
            delay_s: 0,
            purpose: None,
            at: standing.grant.created_at,
        };
        let signed = terms::sign(serde_json::to_string(&agreed).unwrap_or_default(), Side::Client, &vault.signing);
        self.put(cx, space, id, Revision { grant: GRANT_VERSION, touches: 1 }, item::GRANT, &signed)
    }

    /// Records that were taken back from some helper, and that the journal as it reads now would show there again.
    pub(super) fn kept_from_helpers(&self) -> BTreeSet<RecordId> {
        let mut kept = BTreeSet::new();
        for standing in self.standing() {
            let Some(board) = self.boards.get(&standing.space.id()) else { continue };
            let terms = Terms::of(&standing.grant);
            let is_taken_back =
                |record: &RecordId| board.get(&item::item_id(&standing.key, *record)).is_some_and(|held| held.payload.is_none());
            let shows = |record: &RecordId| matches!(self.shown(&terms, *record).1, Shown::Item(..));
            kept.extend(projection::shareable(&self.view).filter(|record| is_taken_back(record) && shows(record)));
        }
        kept
    }

    /// Puts what a record shows now, or takes it back; `local`: this device wrote what makes the difference.
    ///
    /// What would lose against the item that stands is not written: it says less, and perhaps what another device took back.
    fn publish_record(&mut self, cx: &mut Cx<'_>, standing: &Standing, record: RecordId, local: bool) -> Result<(), Failure> {
        let id = item::item_id(&standing.key, record);
        let (touches, shown) = self.shown(&Terms::of(&standing.grant), record);
        let revision = Revision { grant: GRANT_VERSION, touches };
        let held = self.boards.get(&standing.space.id()).and_then(|board| board.get(&id));
        let mark = (standing_id(standing), record);
        match shown {
            Shown::Item(kind, payload) => {
                self.withheld.remove(&mark);
                let differs = held.filter(|held| held.payload.as_ref() != Some(&payload));
                // What this device took back before it had heard all that it now counts, it shows again by one more.
                let corrects = differs.filter(|held| held.revision == revision && self.writes(held.entry.0)).is_some();
                let revision = if corrects { Revision { touches: touches.saturating_add(1), ..revision } } else { revision };
                let higher = differs.is_some_and(|held| (revision, content_hash(kind, &payload)) > (held.revision, held.hash));
                let news = held.is_none() || higher;
                if news && self.heard { self.put_bytes(cx, standing.space, id, revision, kind, payload) } else { Ok(()) }
            }
            Shown::Nothing | Shown::Unknown => {
                if local && shown == Shown::Nothing {
                    self.withheld.insert(mark);
                }
                let Some(held) = held.filter(|held| held.payload.is_some()) else { return Ok(()) };
                // What this device withholds, or cannot read, is withheld also where another knew of more changes.
                let firm = self.withheld.contains(&mark) || self.view.is_unreadable(&record);
                let revision = if firm { revision.max(held.revision) } else { revision };
                if revision >= held.revision { self.retract(cx, standing.space, id, revision) } else { Ok(()) }
            }
        }
    }

    /// How often a record was touched, and what of it these terms show.
    ///
    /// Of a session its own changes count before those of its practice: else an older session could win by what was done to the practice.
    fn shown(&self, terms: &Terms<'_>, record: RecordId) -> (u64, Shown) {
        let half = |touches: u64| touches.min(u64::from(u32::MAX));
        let own = self.view.touches(&record);
        if let Some(row) = self.view.session(&record) {
            let practice = row.value.practice.map_or(0, |practice| self.view.touches(&practice));
            let shown = match terms.session(&row.value, &self.view) {
                Ok(shared) => Shown::item(item::SESSION, item::pack(&shared)),
                Err(Hidden::Unknown) => Shown::Unknown,
                Err(_) => Shown::Nothing,
            };
            (half(own) << 32 | half(practice), shown)
        } else if let Some(row) = self.view.practice(&record) {
            let shown = terms.practice(&row.value).map_or(Shown::Nothing, |shared| Shown::item(item::PRACTICE, item::pack(&shared)));
            (own, shown)
        } else {
            (own, Shown::Unknown)
        }
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

    /// A helper's device signs the terms that came: the receipt.
    fn sign_receipts(&mut self, cx: &mut Cx<'_>) {
        let Some(me) = self.person() else { return };
        let clients: Vec<(GrantId, PersonId)> = self.view.clients().map(|(id, row)| (record_grant(*id), row.value.person)).collect();
        for (grant, client) in clients {
            let (share, feedback) = (Space::Share { owner: client, grant }, Space::Feedback { owner: me, grant });
            let id = item::terms_item(grant, item::RECEIPT);
            let is_signed = self.boards.get(&feedback.id()).is_some_and(|board| board.get(&id).is_some());
            if is_signed || self.has_ended(grant) || self.registry.epochs(feedback.id()).next().is_none() {
                continue;
            }
            let Some(agreed) = self.terms_of(share) else { continue };
            // Only what names this person is theirs to sign.
            if agreed.verify(Side::Client).is_none_or(|terms| terms.helper != me) {
                continue;
            }
            let Some(vault) = &self.vault else { return };
            let receipt = terms::sign(agreed.terms, Side::Helper, &vault.signing);
            let revision = Revision { grant: GRANT_VERSION, touches: 1 };
            if let Err(failure) = self.put(cx, feedback, id, revision, item::RECEIPT, &receipt) {
                tracing::warn!(reason = %failure, "a receipt could not be written");
            }
        }
    }

    /// The terms in a share space, if a device of its owner signed them for this grant.
    pub(super) fn terms_of(&self, share: Space) -> Option<Signed> {
        let id = item::terms_item(share.grant()?, item::GRANT);
        let held = self.boards.get(&share.id())?.get(&id)?;
        let signed: Signed = serde_json::from_slice(held.payload.as_ref()?).ok()?;
        let terms = signed.verify(Side::Client)?;
        let stands = self.registry.roster(&share.owner()).device(&signed.device).is_some();
        (stands && Some(terms.grant) == share.grant() && terms.client == share.owner()).then_some(signed)
    }

    /// Ends a share: its end is written, and links to the helper are closed once they have it.
    pub(super) fn revoke(&mut self, cx: &mut Cx<'_>, id: RecordId, request: uuid::Uuid) -> Result<(), Failure> {
        let (Some(owner), grant) = (self.person(), record_grant(id)) else { return Err(super::no_journal()) };
        let puts = Self::field_puts(id, vec![("ended", serde_json::json!(cx.now.wall)), ("ended_by", serde_json::json!(request))]);
        self.write(cx, DocId::Plan, &puts, "share")?;
        self.write_end(cx, Space::Share { owner, grant }, cx.now.wall.as_millisecond())?;
        if let Some(vault) = &mut self.vault {
            vault.invitations.retain(|one| !one.offers(&id.0));
        }
        self.save_vault(cx);
        let helper = self.view.grant(&id).and_then(|row| row.value.helper);
        let still = self.view.grants().any(|(id, row)| row.value.helper == helper && !self.has_ended(record_grant(*id)));
        let closing = cx.now.mono + std::time::Duration::from_millis(800);
        if !still {
            // Pushed before it closes: the end is the last thing that they are sent.
            self.push(cx);
            cx.fresh.clear();
            for link in self.links.values_mut().filter(|link| link.person().is_some() && link.person() == helper) {
                link.closing = Some(closing);
            }
        }
        Ok(())
    }

    /// Whether a person holds every end that concerns them.
    pub(super) fn is_told(&self, person: PersonId, link: &Link) -> bool {
        let ended = self.view.grants().filter(|(id, row)| row.value.helper == Some(person) && self.has_ended(record_grant(**id)));
        ended.into_iter().all(|(id, _)| self.holds_end(record_grant(*id), link))
    }

    fn holds_end(&self, grant: GrantId, link: &Link) -> bool {
        let Some(owner) = self.person() else { return false };
        let space = Space::Share { owner, grant }.id();
        // That it ended may be known from the journal before the end itself is here.
        let end = self.boards.get(&space).and_then(|board| self.logs.get(&board.end_log()?));
        end.is_some_and(|log| link.acked.get(&log.head.log).is_some_and(|seq| *seq >= log.seq))
    }

    /// The end of a share, in a log of its own: it reaches a helper without what was written before it and not yet read.
    fn write_end(&mut self, cx: &mut Cx<'_>, space: Space, at_ms: i64) -> Result<(), Failure> {
        let tips = self.logs.values().filter(|log| log.space == space.id()).map(|log| (log.head.log, (log.seq, log.link))).collect();
        let ended = crate::share::board::end(&tips, at_ms);
        let at = self.write_alone(cx, space, &Body::Ended(ended.clone()))?;
        self.take(cx, at, Ok(Body::Ended(ended)));
        Ok(())
    }

    /// Writes ends that the journal knows and no device has written, as after a crash between the two, where a helper is there to hear.
    pub(super) fn complete_ends(&mut self, cx: &mut Cx<'_>) {
        let Some(owner) = self.person() else { return };
        let is_linked = |helper: PersonId| self.links.values().any(|link| link.compared && link.person() == Some(helper));
        let lacking: Vec<_> = self
            .view
            .grants()
            .filter(|(_, row)| row.value.end_reached != Some(true) && row.value.helper.is_some_and(is_linked))
            .filter_map(|(id, row)| Some((Space::Share { owner, grant: record_grant(*id) }, row.value.ended?)))
            .filter(|(space, _)| self.boards.get(&space.id()).is_none_or(|board| board.end_log().is_none()))
            .collect();
        for (space, ended) in lacking {
            if let Err(failure) = self.write_end(cx, space, ended.as_millisecond()) {
                tracing::debug!(reason = %failure, "the end of a share could not be written yet");
            }
        }
    }

    /// Notes in the journal that a helper's device has heard of the end.
    fn note_ends(&mut self, cx: &mut Cx<'_>) {
        let unheard = self.view.grants().filter(|(id, row)| row.value.end_reached != Some(true) && self.has_ended(record_grant(**id)));
        let reached: Vec<RecordId> = unheard
            .filter(|(id, row)| {
                let links =
                    self.links.values().filter(|link| link.compared && link.person().is_some() && link.person() == row.value.helper);
                links.into_iter().any(|link| self.holds_end(record_grant(**id), link))
            })
            .map(|(id, _)| *id)
            .collect();
        for id in reached {
            let puts = Self::field_puts(id, vec![("end_reached", true.into())]);
            if let Err(failure) = self.write(cx, DocId::Plan, &puts, "share") {
                tracing::warn!(reason = %failure, "the end of a share could not be noted");
            }
        }
    }

    /// The items of a space that this program can show.
    pub(super) fn items(&self, space: Space) -> impl Iterator<Item = (Item, u64)> {
        let board = self.boards.get(&space.id());
        let held = board.into_iter().flat_map(|board| board.items());
        held.filter_map(|(id, held)| Some((item::unpack(*id, held.kind, held.payload.as_ref()?)?, held.arrived)))
    }

    /// Sessions of a client that this helper sees.
    pub(super) fn shared_sessions_with(&self, giver: &asif_proto::id::LinkKey) -> u64 {
        let Some((client, _)) = self.registry.holder(giver) else { return 0 };
        let spaces = self.view.clients().filter(|(_, row)| row.value.person == client);
        let sessions = spaces.flat_map(|(id, _)| self.items(Space::Share { owner: client, grant: record_grant(*id) }));
        u64::try_from(sessions.filter(|(item, _)| matches!(item, Item::Session(_))).count()).unwrap_or(u64::MAX)
    }
}

fn standing_id(standing: &Standing) -> GrantId {
    standing.space.grant().unwrap_or(GrantId([0; 16]))
}

/// The record of a grant, packed, as an invitation keeps it.
pub(super) fn draft(grant: &Grant) -> String {
    record::pack(record::kind::GRANT, grant)
}
