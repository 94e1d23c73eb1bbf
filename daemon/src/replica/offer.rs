//! Giving a checkpoint to an own device that lacks much of what it stands for, instead of the entries.

use asif_proto::id::{CheckpointId, LogId, PieceId};
use asif_proto::peer::{Blob, Deposit, MAX_PIECES, Message, Offered, Stand};

use super::base::Base;
use super::effect::{Effect, LinkId};
use super::{Cx, Replica};
use crate::sync::link::{Audience, Given, Link};

/// So often one checkpoint is offered on one link: two ends that want each other's otherwise would go on without end.
const MAX_GIVEN: u32 = 32;

impl Replica {
    /// Offers a checkpoint where it spares many entries, or where those are not here any more.
    pub(super) fn offer(&mut self, cx: &mut Cx<'_>, id: LinkId, to: Audience) {
        if let Some(link) = self.links.get_mut(&id).filter(|link| link.offered_anew_at().is_some_and(|at| cx.now.mono >= at)) {
            link.offered = None;
        }
        if !self.may_have_checkpoints(to) || self.bases.all().next().is_none() || !self.is_ready() {
            return;
        }
        let Some(link) = self.links.get(&id).filter(|link| link.compared && link.closing.is_none() && !self.is_taking(link)) else {
            return;
        };
        let Some(base) = self.bases.current().max_by_key(|base| self.spares(link, base)) else { return };
        let (gone, lacking) = self.spares(link, base);
        // A mailbox keeps one for those who come later, whether or not it lacks what that stands for.
        let is_kept = match to {
            Audience::Queue(_) => self.is_deposited(id, base.id),
            Audience::Person(_) => !gone && lacking < self.about.keeping.worth / 4 + 1,
        };
        if link.offered.is_some_and(|given| given.id == base.id) || is_kept {
            return;
        }
        let base = base.clone();
        self.give_checkpoint(cx, id, &base, None);
    }

    /// Gives an own device a checkpoint, whether or not they lack much of it.
    pub(super) fn give_checkpoint(&mut self, cx: &mut Cx<'_>, id: LinkId, base: &Base, instead_of: Option<CheckpointId>) {
        if !self.links.get(&id).and_then(Link::audience).is_some_and(|to| self.may_have_checkpoints(to)) {
            return;
        }
        let is_queue = self.over(id).is_some();
        if let Some(link) = self.links.get_mut(&id) {
            let times = link.given.entry(base.id).or_insert(0);
            *times += 1;
            if *times > MAX_GIVEN {
                return tracing::debug!(id = %base.id, "a checkpoint is not offered any more on this link");
            }
            link.offered = Some(Given { id: base.id, declined: false, heard: cx.now.mono });
            if is_queue {
                let deposit = deposit(base);
                cx.rest.push(Effect::Send { link: id, message: Message::Deposit(deposit) });
            }
            let offered = Offered { sealed: Blob(base.sealed.clone()), instead_of };
            cx.rest.push(Effect::Send { link: id, message: Message::Checkpoint(offered) });
        }
    }

    /// Own devices, and the queues that they alone read.
    fn may_have_checkpoints(&self, to: Audience) -> bool {
        match to {
            Audience::Person(person) => self.person() == Some(person),
            Audience::Queue(queue) => self.registry.epoch(&queue).is_some_and(|epoch| Some(epoch.space) == self.journal()),
        }
    }

    /// Whether they are taking one that they were offered: it is wanted, and they do not hold all yet that it stands for.
    fn is_taking(&self, link: &Link) -> bool {
        let base = link.taking().and_then(|id| self.bases.all().find(|base| base.id == id));
        base.is_some_and(|base| base.tips.iter().any(|(log, (tip, _))| link.acked.get(log).is_none_or(|held| held < tip)))
    }

    /// Whether the next that they lack of what it covers is not here, of any log, and how many they lack.
    fn spares(&self, link: &Link, base: &Base) -> (bool, u64) {
        let (mut lacking, mut gone) = (0u64, false);
        for (log, (tip, _)) in &base.tips {
            let held = link.acked.get(log).copied().unwrap_or(0);
            lacking = lacking.saturating_add(tip.saturating_sub(held));
            gone |= held < *tip && self.logs.get(log).is_some_and(|log| !log.has(held + 1));
        }
        (gone, lacking)
    }

    /// Whether the next entry of a log that they lack is sent as an entry: it is here, and no checkpoint that they were offered stands for it.
    pub(super) fn is_served_as_entries(&self, link: &Link, log: &LogId) -> bool {
        let next = link.sent.get(log).copied().unwrap_or(0).saturating_add(1);
        let is_here = self.logs.get(log).is_some_and(|log| log.has(next));
        let stands_for = |id: CheckpointId| {
            let base = self.bases.all().find(|base| base.id == id);
            base.and_then(|base| base.tips.get(log)).is_some_and(|(tip, _)| next <= *tip)
        };
        is_here && !link.taking().is_some_and(stands_for)
    }

    /// A message about checkpoints came from an own device.
    pub(super) fn of_checkpoints(&mut self, cx: &mut Cx<'_>, id: LinkId, message: Message) {
        match message {
            Message::Checkpoint(offered) => self.offered_checkpoint(cx, id, offered),
            Message::GetPieces(wanted) => self.asked_for_pieces(cx, id, wanted),
            Message::Piece(piece) => self.piece_came(cx, piece.0),
            Message::NoCheckpoint(refused) => {
                if let Some(link) = self.links.get_mut(&id)
                    && link.taking() == Some(refused)
                {
                    link.offered = Some(Given { id: refused, declined: true, heard: cx.now.mono });
                }
            }
            _ => {}
        }
    }

    fn asked_for_pieces(&mut self, cx: &mut Cx<'_>, id: LinkId, mut wanted: Vec<PieceId>) {
        wanted.truncate(MAX_PIECES);
        let asked = wanted.len();
        wanted.retain(|piece| self.bases.pieces.contains(piece));
        if let Some(link) = self.links.get_mut(&id) {
            // Where a piece is not here, another one took its place meanwhile: that is offered.
            let given = link.offered.filter(|_| wanted.len() == asked);
            link.offered = given.map(|given| Given { heard: cx.now.mono, ..given });
        }
        if !wanted.is_empty() {
            let over = self.over(id);
            cx.rest.push(Effect::ServePieces { link: id, over, pieces: wanted });
        }
    }
}

/// What of a checkpoint a mailbox has to know.
fn deposit(base: &Base) -> Deposit {
    let covers = base.tips.iter().filter_map(|(log, (seq, link))| {
        let head = base.head(log)?;
        Some(Stand { queue: head.queue, key: head.key, log: *log, seq: *seq, link: *link })
    });
    Deposit { id: base.id, covers: covers.collect(), pieces: base.pieces().collect(), replaces: base.said.replaces.clone() }
}
