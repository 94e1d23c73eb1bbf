//! The end of a share: written, told, and noted once the helper has it.

use std::collections::BTreeMap;
use std::time::Duration;

use asif_proto::id::{GrantId, PersonId, RecordId};
use asif_proto::local::Failure;
use jiff::Timestamp;
use uuid::Uuid;

use super::super::effect::Now;
use super::super::{Cx, Replica, no_journal};
use crate::journal::record::record_grant;
use crate::people::space::Space;
use crate::seal::body::{Body, DocId};
use crate::sync::link::Link;

/// A clock that is wrong for a moment ends nothing for good.
const SURE_AFTER: Duration = Duration::from_secs(60);

impl Replica {
    /// Ends a share at a time: its end is written, and links to the helper are closed once they have it.
    pub(in crate::replica) fn revoke(&mut self, cx: &mut Cx<'_>, id: RecordId, at: Timestamp, request: Uuid) -> Result<(), Failure> {
        let (Some(owner), grant) = (self.person(), record_grant(id)) else { return Err(no_journal()) };
        let puts = Self::field_puts(id, vec![("ended", serde_json::json!(at)), ("ended_by", serde_json::json!(request))]);
        self.write(cx, DocId::Plan, &puts, "share")?;
        self.write_end(cx, Space::Share { owner, grant }, at.as_millisecond())?;
        if let Some(vault) = &mut self.vault {
            vault.invitations.retain(|one| !one.offers(&id.0));
        }
        self.save_vault(cx);
        let helper = self.view.grant(&id).and_then(|row| row.value.helper);
        let still = self.view.grants().any(|(id, row)| row.value.helper == helper && !self.has_ended(record_grant(*id)));
        let closing = cx.now.mono + Duration::from_millis(800);
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

    /// Ends the shares whose time is over. Nothing goes out from then on; the end itself is written once the clock has said so for a while, since
    /// it cannot be taken back.
    pub(super) fn end_what_is_over(&mut self, cx: &mut Cx<'_>) {
        let over: BTreeMap<RecordId, Timestamp> = self.running_out().filter(|(_, until)| *until <= cx.now.wall).collect();
        self.over_since.retain(|id, _| over.contains_key(id) || self.view.client(id).is_some());
        for (id, until) in over {
            if cx.now.mono < *self.over_since.entry(id).or_insert(cx.now.mono) + SURE_AFTER {
                continue;
            }
            if let Err(failure) = self.revoke(cx, id, until, id.0) {
                tracing::warn!(reason = %failure, "a share whose time is over could not be ended yet");
            }
        }
    }

    /// Ends the shares that their helper has left.
    pub(super) fn end_what_was_left(&mut self, cx: &mut Cx<'_>) {
        let standing = self.view.grants().filter(|(id, _)| !self.has_ended(record_grant(**id)));
        let left = standing.filter(|(id, row)| row.value.helper.is_some_and(|helper| self.left_at(helper, record_grant(**id)).is_some()));
        for id in left.map(|(id, _)| *id).collect::<Vec<_>>() {
            if let Err(failure) = self.revoke(cx, id, cx.now.wall, id.0) {
                tracing::warn!(reason = %failure, "a share that its helper left could not be ended yet");
            }
        }
    }

    /// Grants that have not ended and that will, and when.
    fn running_out(&self) -> impl Iterator<Item = (RecordId, Timestamp)> {
        let standing = self.view.grants().filter(|(id, row)| row.value.helper.is_some() && !self.has_ended(record_grant(**id)));
        standing.filter_map(|(id, row)| Some((*id, row.value.ends()?)))
    }

    /// When time alone changes what is shared.
    pub(in crate::replica) fn share_deadlines(&self, now: Now) -> impl Iterator<Item = Duration> {
        let on_wall = move |at: Timestamp| now.mono + Duration::try_from(at.duration_since(now.wall)).unwrap_or_default();
        let sure = self.over_since.iter().filter(|(id, _)| self.view.grant(id).is_some()).map(|(_, since)| *since + SURE_AFTER);
        let ends = self.running_out().filter(|(id, _)| !self.over_since.contains_key(id)).map(move |(_, until)| on_wall(until));
        sure.chain(ends)
            .chain(self.let_go_at.map(on_wall))
            .chain(self.release_due())
            .chain(self.deletion_deadlines())
            .chain(self.forgotten_deadline())
    }

    /// Whether a person holds every end that concerns them.
    pub(in crate::replica) fn is_told(&self, person: PersonId, link: &Link) -> bool {
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
        self.blank_in_queues(cx, space);
        Ok(())
    }

    /// Writes ends that the journal knows and no device has written, as after a crash between the two, where a helper is there to hear.
    pub(in crate::replica) fn complete_ends(&mut self, cx: &mut Cx<'_>) {
        let Some(owner) = self.person() else { return };
        self.note_unknown_ends(cx);
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

    /// An end that was written, and that the journal does not know of any more, as after an old copy of it was put back.
    fn note_unknown_ends(&mut self, cx: &mut Cx<'_>) {
        if !self.heard {
            return;
        }
        let grants = self.view.grants().filter(|(_, row)| row.value.ended.is_none());
        let ended: Vec<(RecordId, Timestamp)> = grants.filter_map(|(id, _)| Some((*id, self.end_of(record_grant(*id))?))).collect();
        for (id, at) in ended {
            if let Err(failure) = self.write(cx, DocId::Plan, &Self::field_puts(id, vec![("ended", serde_json::json!(at))]), "share") {
                tracing::warn!(reason = %failure, "the end of a share could not be noted");
            }
        }
    }

    /// Notes in the journal that a helper's device has heard of the end.
    pub(super) fn note_ends(&mut self, cx: &mut Cx<'_>) {
        let unheard = self.view.grants().filter(|(id, row)| row.value.end_reached != Some(true) && self.has_ended(record_grant(**id)));
        let reached: Vec<RecordId> = unheard
            .filter(|(id, row)| {
                let links =
                    self.links.values().filter(|link| link.compared && link.person().is_some() && link.person() == row.value.helper);
                // Who answers that it is deleted has heard so, by whatever way.
                links.into_iter().any(|link| self.holds_end(record_grant(**id), link))
                    || row
                        .value
                        .helper
                        .is_some_and(|helper| self.deletions(helper, record_grant(**id)).iter().any(|(_, answer)| answer.is_some()))
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
}
