//! The grant as both sides sign it: written again whenever its terms change, and taken over where the journal forgot them.

use asif_proto::id::{GrantId, PersonId, RecordId};
use asif_proto::local::Failure;
use asif_proto::moment::Moment;

use super::super::{Cx, Replica};
use super::Standing;
use crate::journal::record::{Grant, grant_record, record_grant};
use crate::people::space::Space;
use crate::replica::request::grant_puts;
use crate::seal::body::{DocId, Put, Revision};
use crate::share::board::content_hash;
use crate::share::item;
use crate::share::terms::{self, Side, Signed, Terms};

impl Replica {
    /// The version of a grant: how often it was changed, so that two devices that know the same of it count the same.
    pub(in crate::replica) fn grant_version(&self, grant: GrantId) -> u32 {
        u32::try_from(self.view.touches(&grant_record(grant))).unwrap_or(u32::MAX).max(1)
    }

    /// Writes the terms as they stand, unless they are there already: of another version, or signed by another device, they are the same.
    pub(super) fn publish_terms(&mut self, cx: &mut Cx<'_>, standing: &Standing) -> Result<(), Failure> {
        let (grant, space) = (standing.id(), standing.space);
        let (Some(vault), Some(helper)) = (&self.vault, standing.grant.helper) else { return Ok(()) };
        let said = self.terms_of(space).and_then(|signed| signed.verify(Side::Client));
        // Counted by what was agreed: a pause, which nobody is told of, is no version.
        let agreed = agreed(grant, said.as_ref().map_or(1, |said| said.version.saturating_add(1)), space.owner(), helper, &standing.grant);
        let version = self.grant_version(grant);
        let (id, revision) = (item::terms_item(grant, item::GRANT), Revision { grant: version, touches: 1 });
        let held = self.boards.get(&space.id()).and_then(|board| board.get(&id));
        let is_left_out = held.is_some_and(|held| self.withheld.is_left_out(&held.entry));
        if !is_left_out && said.is_some_and(|said| Terms { version: agreed.version, ..said } == agreed) {
            return Ok(());
        }
        let signed = terms::sign(serde_json::to_string(&agreed).unwrap_or_default(), Side::Client, &vault.signing);
        // What would lose against what another device knows of is not written.
        let payload = item::pack(&signed);
        if held.is_some_and(|held| (held.revision, held.hash) >= (revision, content_hash(item::GRANT, &payload))) {
            return Ok(());
        }
        self.put(cx, space, id, revision, item::GRANT, &signed)
    }

    /// Whether a device of this person gave newer terms than the journal here knows, as after an old copy of it was put back.
    pub(super) fn knows_older_terms(&self, space: Space, grant: &Grant) -> bool {
        let Some(id) = space.grant() else { return false };
        let held = self.boards.get(&space.id()).and_then(|board| board.get(&item::terms_item(id, item::GRANT)));
        // Most of the time it is not, and nothing is read for that.
        held.is_some_and(|held| held.revision.grant > self.grant_version(id)) && self.newer_terms(space, grant).is_some()
    }

    /// Terms in the share space that are not those of the journal.
    fn newer_terms(&self, space: Space, grant: &Grant) -> Option<Terms> {
        let said = self.terms_of(space)?.verify(Side::Client)?;
        let here = agreed(said.grant, said.version, space.owner(), grant.helper?, grant);
        (Terms { at: here.at, ..said.clone() } != here).then_some(said)
    }

    /// Where nobody else could bring them, newer terms that this person gave are taken from what the helper holds.
    pub(super) fn learn_terms(&mut self, cx: &mut Cx<'_>) {
        if !self.has_no_other_device() {
            return;
        }
        for standing in self.standing(cx.now.wall) {
            let id = grant_record(standing.id());
            let Some(here) = self.view.grant(&id).map(|row| row.value.clone()) else { continue };
            if self.waits_to_go_on(standing.id()) || !self.knows_older_terms(standing.space, &here) {
                continue;
            }
            if let Some(said) = self.newer_terms(standing.space, &here) {
                self.learn(cx, id, &here, &as_told(said, &here));
            }
        }
    }

    /// Terms that this person gave and that the copy did not know: as they are, or what both let through where the grant was changed here since.
    pub(super) fn take_over_terms(&mut self, cx: &mut Cx<'_>, grant: GrantId, version: u32) {
        let (Some(owner), id) = (self.person(), grant_record(grant)) else { return };
        let Some(here) = self.view.grant(&id).map(|row| row.value.clone()) else { return };
        let Some(said) = self.newer_terms(Space::Share { owner, grant }, &here) else { return };
        let told = as_told(said, &here);
        let learned = if self.grant_version(grant) == version { told } else { narrower(&here, &told) };
        self.learn(cx, id, &here, &learned);
    }

    /// The same of terms that lost against what this device wrote: what both let through.
    pub(in crate::replica) fn take_over_lost_terms(&mut self, cx: &mut Cx<'_>, put: &Put) {
        let Some(signed) = serde_json::from_slice::<Signed>(&put.payload).ok().filter(|_| put.kind == item::GRANT) else { return };
        let Some(said) = signed.verify(Side::Client).filter(|said| Some(said.client) == self.person()) else { return };
        let id = grant_record(said.grant);
        let Some(here) = self.view.grant(&id).map(|row| row.value.clone()) else { return };
        let learned = narrower(&here, &as_told(said, &here));
        self.learn(cx, id, &here, &learned);
    }

    fn learn(&mut self, cx: &mut Cx<'_>, id: RecordId, here: &Grant, learned: &Grant) {
        let puts = grant_puts(id, here, learned);
        if puts.is_empty() {
            return;
        }
        tracing::warn!("terms of a share are taken over from what its helper holds");
        if let Err(failure) = self.write(cx, DocId::Plan, &puts, "share edit") {
            tracing::warn!(reason = %failure, "terms of a share could not be taken over yet");
        }
    }

    /// A helper's device signs the terms that came: the receipt.
    pub(super) fn sign_receipts(&mut self, cx: &mut Cx<'_>) {
        let Some(me) = self.person() else { return };
        let clients: Vec<(GrantId, PersonId)> = self.view.clients().map(|(id, row)| (record_grant(*id), row.value.person)).collect();
        for (grant, client) in clients {
            let (share, feedback) = (Space::Share { owner: client, grant }, Space::Feedback { owner: me, grant });
            if self.has_ended(grant) || self.registry.epochs(feedback.id()).next().is_none() {
                continue;
            }
            // What is signed already is not looked at again: a helper may have a hundred clients.
            let of = |space, kind| self.signed(space, kind).map(|signed| signed.terms);
            if of(share, item::GRANT) == of(feedback, item::RECEIPT) {
                continue;
            }
            let Some(given) = self.terms_of(share) else { continue };
            // Only what names this person is theirs to sign.
            let Some(terms) = given.verify(Side::Client).filter(|terms| terms.helper == me) else { continue };
            let id = item::terms_item(grant, item::RECEIPT);
            let held = self.boards.get(&feedback.id()).and_then(|board| board.get(&id));
            if self.receipt_of(feedback).is_some_and(|receipt| receipt.terms == given.terms) {
                continue;
            }
            let Some(vault) = &self.vault else { return };
            let receipt = terms::sign(given.terms, Side::Helper, &vault.signing);
            let first = Revision { grant: terms.version, touches: 1 };
            let revision =
                held.map_or(first, |held| first.max(Revision { touches: held.revision.touches.saturating_add(1), ..held.revision }));
            if let Err(failure) = self.put(cx, feedback, id, revision, item::RECEIPT, &receipt) {
                tracing::warn!(reason = %failure, "a receipt could not be written");
            }
        }
    }

    /// The terms in a share space, if a device of its owner signed them for this grant.
    pub(in crate::replica) fn terms_of(&self, share: Space) -> Option<Signed> {
        let signed = self.signed(share, item::GRANT)?;
        let terms = signed.verify(Side::Client)?;
        // Also of one that was removed since: the entry that brought it counts.
        let stood = self.registry.roster(&share.owner()).member(&signed.device).is_some();
        (stood && Some(terms.grant) == share.grant() && terms.client == share.owner()).then_some(signed)
    }

    /// Looks at the terms of those who share with this person, where they changed.
    pub(in crate::replica) fn read_terms(&mut self) {
        for (id, row) in self.view.clients() {
            let (grant, share) = (record_grant(*id), Space::Share { owner: row.value.person, grant: record_grant(*id) });
            let Some(held) = self.boards.get(&share.id()).and_then(|board| board.get(&item::terms_item(grant, item::GRANT))) else {
                self.agreed.remove(&grant);
                continue;
            };
            if self.agreed.get(&grant).is_none_or(|(hash, _)| *hash != held.hash) {
                let terms = self.terms_of(share).and_then(|signed| signed.verify(Side::Client));
                self.agreed.insert(grant, (held.hash, terms));
            }
        }
    }

    /// The terms under which somebody shares with this person.
    pub(in crate::replica) fn agreed(&self, grant: GrantId) -> Option<&Terms> {
        self.agreed.get(&grant)?.1.as_ref()
    }

    /// The receipt in a feedback space, if a device of its owner signed it for this grant.
    pub(in crate::replica) fn receipt_of(&self, feedback: Space) -> Option<Signed> {
        let signed = self.signed(feedback, item::RECEIPT)?;
        let terms = signed.verify(Side::Helper)?;
        let stood = self.registry.roster(&feedback.owner()).member(&signed.device).is_some();
        (stood && Some(terms.grant) == feedback.grant() && terms.helper == feedback.owner()).then_some(signed)
    }

    fn signed(&self, space: Space, kind: u16) -> Option<Signed> {
        let held = self.boards.get(&space.id())?.get(&item::terms_item(space.grant()?, kind))?;
        serde_json::from_slice(held.payload.as_ref().filter(|_| held.kind == kind)?).ok()
    }
}

/// A grant with the terms that were told.
fn as_told(said: Terms, here: &Grant) -> Grant {
    Grant {
        client_name: said.client_name,
        role: said.role,
        scopes: said.scopes,
        since: said.since,
        until: said.until,
        delay_s: said.delay_s,
        purpose: said.purpose,
        ..here.clone()
    }
}

/// What two grants both let through.
fn narrower(one: &Grant, other: &Grant) -> Grant {
    let first = |one: &Option<Moment>, other: &Option<Moment>| match (one, other) {
        (Some(one), Some(other)) => Some(if one.timestamp() <= other.timestamp() { one.clone() } else { other.clone() }),
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    Grant {
        scopes: one.scopes.iter().copied().filter(|scope| other.scopes.contains(scope)).collect(),
        since: if one.since.timestamp() >= other.since.timestamp() { one.since.clone() } else { other.since.clone() },
        until: first(&one.until, &other.until),
        delay_s: one.delay_s.max(other.delay_s),
        ..one.clone()
    }
}

/// What both agree to under a grant. That it is paused is no part of it: nobody is told.
fn agreed(grant: GrantId, version: u32, client: PersonId, helper: PersonId, row: &Grant) -> Terms {
    Terms {
        grant,
        version,
        client,
        client_name: row.client_name.clone(),
        helper,
        role: row.role,
        scopes: row.scopes.clone(),
        since: row.since.clone(),
        until: row.until.clone(),
        delay_s: row.delay_s,
        purpose: row.purpose.clone(),
        at: row.created_at,
    }
}
