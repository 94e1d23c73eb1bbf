//! After the end of a share, on the helper's side: what was shared is deleted, and that is answered, signed, once it is so. On the client's
//! side: who has answered.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use asif_proto::id::{DeviceId, GrantId, LogId, PersonId, RecordId};
use asif_proto::local::Failure;
use jiff::Timestamp;

use super::super::effect::{Effect, Now};
use super::super::request::whole_seconds;
use super::super::{Cx, Replica};
use crate::journal::record::record_grant;
use crate::people::space::Space;
use crate::seal::body::Revision;
use crate::share::deletion::{self, Deletion, SignedDeletion};
use crate::share::item;

/// An end that only the clock of this machine knows of deletes nothing before it was seen for so long.
const SURE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// Who has not answered by then is waited for no longer, in seconds.
const WAITED_FOR_S: i64 = 30 * 24 * 60 * 60;

/// What is being deleted of one share.
#[derive(Default)]
pub(in crate::replica) struct Deleting {
    /// How many items there were.
    items: u64,
    /// Logs whose entries are not yet known to be gone from the disk.
    logs: BTreeSet<LogId>,
}

impl Replica {
    /// Deletes what was shared with this person and is no longer, and answers where that is done.
    pub(super) fn delete_what_ended(&mut self, cx: &mut Cx<'_>) {
        let clients = self.view.clients().map(|(id, row)| (*id, row.value.person)).collect::<Vec<_>>();
        for (id, person) in clients {
            let grant = record_grant(id);
            let share = Space::Share { owner: person, grant };
            if !self.is_over_for_good(cx.now, id, share) {
                continue;
            }
            self.delete_shared(cx, share, grant);
            if self.deleting.get(&grant).is_some_and(|one| one.logs.is_empty())
                && let Err(failure) = self.answer_deletion(cx, grant)
            {
                tracing::warn!(reason = %failure, "that what was shared is deleted could not be answered yet");
            }
        }
    }

    /// Whether the client or this person ended it; a clock alone only once it has said so for long.
    fn is_over_for_good(&mut self, now: Now, id: RecordId, share: Space) -> bool {
        let ended = self.boards.get(&share.id()).is_some_and(|board| board.ended_ms().is_some());
        let left = self.view.client(&id).is_some_and(|row| row.value.left.is_some());
        if ended || left {
            return true;
        }
        if !self.has_ended(record_grant(id)) {
            self.over_since.remove(&id);
            return false;
        }
        now.mono >= *self.over_since.entry(id).or_insert(now.mono) + SURE_AFTER
    }

    /// When time alone deletes something.
    pub(super) fn deletion_deadlines(&self) -> impl Iterator<Item = Duration> {
        // What is over by somebody's word waits for no time.
        let waits = |id: &RecordId| {
            self.view.client(id).is_some_and(|row| {
                let share = Space::Share { owner: row.value.person, grant: record_grant(*id) };
                row.value.left.is_none() && self.boards.get(&share.id()).is_none_or(|board| board.ended_ms().is_none())
            })
        };
        let seen = self.over_since.iter().filter(move |(id, _)| waits(id));
        let unseen = self.view.clients().filter(move |(id, _)| waits(id) && !self.over_since.contains_key(id));
        let unseen = unseen.filter_map(|(id, _)| self.agreed(record_grant(*id))?.ends());
        let soon = unseen.map(|at| self.now.mono + Duration::try_from(at.duration_since(self.now.wall)).unwrap_or_default());
        let sure = seen.map(|(_, since)| *since + SURE_AFTER).filter(|at| *at > self.now.mono);
        sure.chain(soon)
    }

    /// Forgets the items, and takes their entries from the disk. The terms stay: they are what both signed.
    fn delete_shared(&mut self, cx: &mut Cx<'_>, share: Space, grant: GrantId) {
        let is_answered = self.own_deletion(grant).is_some();
        let board = self.boards.entry(share.id()).or_default();
        let items = board.items().filter(|(_, held)| !item::ABOUT_THE_SHARE.contains(&held.kind)).count();
        let held_any = board.forget(&item::ABOUT_THE_SHARE);
        if !held_any && (is_answered || self.deleting.contains_key(&grant)) {
            return;
        }
        let kept = item::ABOUT_THE_SHARE.map(|kind| board.get(&item::terms_item(grant, kind)).map(|held| held.entry));
        let end = board.end_log();
        let logs: Vec<(LogId, u64)> = self.logs.values().filter(|log| log.space == share.id()).map(|log| (log.head.log, log.seq)).collect();
        let deleting = self.deleting.entry(grant).or_default();
        deleting.items += u64::try_from(items).unwrap_or_default() + self.deleted_before.remove(&grant).unwrap_or_default();
        for (log, last) in logs.into_iter().filter(|(log, _)| Some(*log) != end) {
            let seqs: Vec<u64> = (2..=last).filter(|seq| !kept.contains(&Some((log, *seq)))).collect();
            self.newer.retain(|(of, _)| *of != log);
            self.outdated.remove(&log);
            if !seqs.is_empty() {
                deleting.logs.insert(log);
                cx.rest.push(Effect::Stub { log, seqs });
            }
        }
        if held_any {
            // The sealed view on the disk has them too: it is made anew, or gone, before the entries go, and so before the answer.
            self.save_snapshot(cx);
        }
    }

    /// How many items were forgotten of each share of which that is not answered yet.
    pub(in crate::replica) fn forgotten_items(&self) -> BTreeMap<GrantId, u64> {
        let now = self.deleting.iter().map(|(grant, one)| (*grant, one.items));
        self.deleted_before.iter().map(|(grant, items)| (*grant, *items)).chain(now).collect()
    }

    /// Entries are gone from the disk.
    pub(in crate::replica) fn stubbed(&mut self, log: LogId) {
        self.deleting.values_mut().for_each(|one| {
            one.logs.remove(&log);
        });
    }

    /// Says that this device has deleted what was shared, and how much; where nothing is left to say, nothing.
    fn answer_deletion(&mut self, cx: &mut Cx<'_>, grant: GrantId) -> Result<(), Failure> {
        let (Some(me), Some(vault)) = (self.person(), &self.vault) else { return Ok(()) };
        let device = vault.device();
        let before = self.own_deletion(grant);
        let items = self.deleting.get(&grant).map_or(0, |one| one.items);
        if before.is_none() || items > 0 {
            let all = before.map_or(0, |before| before.items).saturating_add(items);
            let signed = deletion::sign(&Deletion { grant, items: all, at: whole_seconds(cx.now.wall) }, &vault.signing);
            let (feedback, id) = (Space::Feedback { owner: me, grant }, deletion::item(grant, &device));
            let touches = self.boards.get(&feedback.id()).and_then(|board| board.get(&id)).map_or(0, |held| held.revision.touches);
            self.put(cx, feedback, id, Revision { grant: 1, touches: touches + 1 }, item::DELETED, &signed)?;
        }
        self.deleting.remove(&grant);
        Ok(())
    }

    fn own_deletion(&self, grant: GrantId) -> Option<Deletion> {
        let (me, device) = (self.person()?, self.vault.as_ref()?.device());
        self.deletion_by(me, grant, &device).map(|(deletion, _)| deletion)
    }

    fn deletion_by(&self, helper: PersonId, grant: GrantId, device: &DeviceId) -> Option<(Deletion, SignedDeletion)> {
        let held = self.boards.get(&Space::Feedback { owner: helper, grant }.id())?.get(&deletion::item(grant, device))?;
        let signed: SignedDeletion = serde_json::from_slice(held.payload.as_ref().filter(|_| held.kind == item::DELETED)?).ok()?;
        let deletion = signed.verify().filter(|deletion| deletion.grant == grant && signed.device == *device)?;
        Some((deletion, signed))
    }

    /// Of each of a helper's devices whether it has answered that it deleted what was shared under a grant.
    pub(in crate::replica) fn deletions(&self, helper: PersonId, grant: GrantId) -> Vec<(DeviceId, Option<(Deletion, SignedDeletion)>)> {
        let devices = self.registry.roster(&helper).devices().map(|device| device.signing).collect::<Vec<_>>();
        devices.into_iter().map(|device| (device, self.deletion_by(helper, grant, &device))).collect()
    }

    /// Whether nothing more is to be heard from a helper about a grant that ended: all of their devices have answered, or had time enough.
    pub(in crate::replica) fn is_done_with(&self, helper: PersonId, grant: GrantId, ended: Timestamp, end_reached: bool) -> bool {
        let answered = || self.deletions(helper, grant).iter().all(|(_, answer)| answer.is_some());
        end_reached && (answered() || self.now.wall.as_second().saturating_sub(ended.as_second()) > WAITED_FOR_S)
    }
}
