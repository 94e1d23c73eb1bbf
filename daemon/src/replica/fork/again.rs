//! What a branch that lost said is written again.

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::{LogId, QueueId};
use asif_proto::local::Failure;
use asif_proto::peer::Sealed;
use automerge::ChangeHash;

use super::super::{Cx, Replica};
use super::{HASHES, Loss};
use crate::journal::document::Document;
use crate::journal::guard;
use crate::people::space::Space;
use crate::seal::body::{Body, Branch, Changes, DocId};
use crate::seal::wire::Wire;
use crate::share::board::content_hash;

/// Sealed bytes of a lost branch in one entry, about. A larger entry travels as a stub: what it said was written again.
const CARRIED: usize = 200 * 1024;

impl Replica {
    /// Items of a branch that lost and that nobody else can write again, less those that stand.
    pub(super) fn say_found_again(&mut self, cx: &mut Cx<'_>) {
        for (log, mut loss) in std::mem::take(&mut self.found) {
            let Some(space) = self.logs.get(&log).and_then(|log| self.registry.epoch(&log.head.queue)).map(|epoch| epoch.space) else {
                continue;
            };
            for stored in &loss.ours {
                if let (Space::Share { .. }, Some(Body::Put(put))) = (space, self.open_stored(stored)) {
                    self.take_over_lost_terms(cx, &put);
                }
            }
            let board = self.boards.get(&space.id());
            loss.ours.retain(|stored| {
                let (item, order) = match self.open_stored(stored) {
                    Some(Body::Put(put)) => (put.item, (put.revision, content_hash(put.kind, &put.payload))),
                    Some(Body::Retract(retract)) => (retract.item, (retract.revision, [255; 32])),
                    _ => return false,
                };
                board.and_then(|board| board.get(&item)).is_none_or(|held| (held.revision, held.hash) < order)
            });
            if let Err(failure) = self.write_items_again(cx, space, log, &loss) {
                tracing::error!(reason = %failure, "what a branch of one's own said could not be written again");
            }
        }
    }

    /// Writes what a branch of the journal said in a new log, and all that this device knows to build on it; the branch itself goes along,
    /// sealed as it was.
    pub(super) fn write_journal_again(&mut self, cx: &mut Cx<'_>, space: Space, log: LogId, loss: &Loss) -> Result<(), Failure> {
        let Some(lost_queue) = self.logs.get(&log).map(|log| log.head.queue) else { return Ok(()) };
        let (queue, keys) = self.write_epoch(cx, space)?;
        let continues = loss.ours.first().map(|first| (log, first.wire.seq() - 1, loss.before));
        // In the logs written so far there may be changes that build on what is lost: whatever comes after those would seem to build on it too.
        let me = self.vault.as_ref().map(|vault| vault.device());
        let mine: Vec<LogId> =
            self.logs.values().filter(|one| one.space == space.id() && one.device == me).map(|one| one.head.log).collect();
        mine.into_iter().for_each(|one| self.retire(cx, one));
        let new = self.bear(cx, space, queue, &keys, continues)?;
        let mut lost: BTreeMap<DocId, BTreeSet<ChangeHash>> = BTreeMap::new();
        let mut again = Vec::new();
        for stored in &loss.ours {
            match self.open_stored(stored) {
                Some(Body::Changes(changes)) => {
                    let checked = guard::check(log, &changes).unwrap_or_default();
                    lost.entry(changes.doc).or_default().extend(checked.iter().map(guard::Checked::hash));
                }
                Some(body @ (Body::Keys(_) | Body::Branch(_))) => again.push(body),
                _ => {}
            }
        }
        let mut replaced: Vec<[u8; 32]> = Vec::new();
        for (doc, lost) in lost {
            let Some(document) = self.documents.get(&doc) else { continue };
            match packed_again(document, doc, new, &lost) {
                Ok((packed, hashes)) => {
                    replaced.extend(hashes.iter().map(|hash| hash.0));
                    again.extend(packed.into_iter().map(Body::Changes));
                }
                // Sealed, it goes along all the same.
                Err(reason) => tracing::error!(reason, "what a branch said could not be written again"),
            }
        }
        again.extend(carried(lost_queue, log, loss, replaced));
        again.into_iter().try_for_each(|body| self.append_sealed(cx, space, new, &keys, &body).map(|_| ()))
    }

    /// Puts the items of a lost branch once more. One that is older than what stands loses, as it always does.
    pub(super) fn write_items_again(&mut self, cx: &mut Cx<'_>, space: Space, log: LogId, loss: &Loss) -> Result<(), Failure> {
        let from = loss.branch.first().map_or(0, Wire::seq);
        // Under those numbers there are other entries now.
        let stands = |(one, seq): &(LogId, u64)| *one != log || *seq < from;
        for stored in &loss.ours {
            let body = match self.open_stored(stored) {
                Some(Body::Put(mut put)) => {
                    put.replaces.retain(stands);
                    Body::Put(put)
                }
                Some(Body::Retract(mut retract)) => {
                    retract.replaces.retain(stands);
                    Body::Retract(retract)
                }
                _ => continue,
            };
            let at = self.write_body(cx, space, &body)?;
            self.take(cx, at, Ok(body));
        }
        Ok(())
    }
}

/// Changes of a document as changes of a new log, and the hashes of those that they stand for; or why not, in words.
pub(in crate::replica) fn packed_again(
    document: &Document,
    doc: DocId,
    new: LogId,
    lost: &BTreeSet<ChangeHash>,
) -> Result<(Vec<Changes>, BTreeSet<ChangeHash>), String> {
    let rebased = document.rebase(new, lost).map_err(|error| error.to_string())?;
    let packed = rebased.changes.iter().map(|change| {
        let (codec, bytes) = guard::pack(change.raw_bytes());
        Changes { doc, generation: [0; 32], codec, bytes }
    });
    let packed: Vec<Changes> = packed.collect();
    // What no device would take keeps nothing of what comes after it from being taken.
    match packed.iter().find_map(|changes| guard::check(new, changes).err()) {
        Some(error) => Err(format!("it would be refused: {error}")),
        None => Ok((packed, rebased.replaced)),
    }
}

/// A lost branch as it travels, in as many bodies as it takes.
fn carried(queue: QueueId, log: LogId, loss: &Loss, replaced: Vec<[u8; 32]>) -> Vec<Body> {
    let part = |before| Branch { queue, log, before, entries: Vec::new(), replaced: Vec::new() };
    let (mut parts, mut room, mut link) = (vec![part(loss.before)], CARRIED, loss.before);
    for stored in &loss.ours {
        let wire = if stored.wire.bytes().len() > CARRIED { stored.wire.to_stub() } else { stored.wire.clone() };
        if wire.bytes().len() > room {
            parts.push(part(link));
            room = CARRIED;
        }
        room = room.saturating_sub(wire.bytes().len());
        link = stored.wire.link(&link);
        if let Some(last) = parts.last_mut() {
            last.entries.push(Sealed::from(&wire));
        }
    }
    for hashes in replaced.chunks(HASHES) {
        parts.push(Branch { replaced: hashes.to_vec(), ..part(link) });
    }
    parts.into_iter().map(Body::Branch).collect()
}
