//! The store as the core uses it: carries out the effects that touch the disk, and no others.
//!
//! The simulation uses this very code over a disk in memory.

mod found;
mod home;
mod sealed;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use asif_proto::home::DAMAGED_DRAFTS;
use asif_proto::id::{Link, LogId, QueueId};
use asif_proto::peer::{Blob, ENTRIES_BYTES, Message};
use sealed::{store_jump, unless_poisoned};

use crate::journal::view::Parts;
use crate::replica::effect::{self, Effect, Found, Input, Leave, LinkId, LockedList, LogHead, Run, Stored, run_message};
use crate::seal::wire::Wire;
use crate::store::{self, Disk, List, Store};
use crate::sync::have::short_link;

/// The small files.
const VAULT: &str = "vault";
const VAULT_KEY: &str = "vault.key";
const VIEW: &str = "view";
const PEERS: &str = "peers";
const WITHHELD: &str = "withheld";
const ERASED: &str = "erased";
const DRAFTS: &str = "drafts";
const REMINDED: &str = "reminded";
const DELAYS: &str = "delays";
const OUTSIDE: &str = "outside";
pub(super) const PLACE: &str = "place";
const PLAN_COPY: &str = "crisis-plan";
pub(super) const RESTORED: &str = "restored";
/// The most entries read at once.
const MAX_COUNT: usize = 4096;

/// The opened store.
#[derive(Debug)]
pub struct Shelf {
    store: Store,
    disk: Arc<dyn Disk>,
    data: PathBuf,
    damaged: Vec<Option<LogId>>,
}

/// Why the disk did not do what the core wants. What was acknowledged before is safe.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// Opening.
    #[error(transparent)]
    Open(#[from] store::OpenError),
    /// Appending.
    #[error(transparent)]
    Append(#[from] store::AppendError),
    /// Reading back.
    #[error(transparent)]
    Read(#[from] store::ReadError),
    /// A small file.
    #[error(transparent)]
    Small(#[from] store::SmallFileError),
    /// Another branch of a log.
    #[error(transparent)]
    Graft(#[from] store::GraftError),
    /// Setting damage aside.
    #[error(transparent)]
    SetAside(#[from] store::SetAsideError),
    /// Checkpoints and their pieces.
    #[error(transparent)]
    Sealed(#[from] store::SealedError),
    /// Letting go of what a checkpoint covers.
    #[error(transparent)]
    Prune(store::StubError),
    /// Taking a checkpoint.
    #[error(transparent)]
    TakeOver(#[from] store::TakeoverError),
    /// The saved view.
    #[error("a part of the saved view did not open; it is made anew")]
    View,
    /// Taking a checkpoint in the place of another one.
    #[error("a checkpoint could not be put in the place of another one: {0}")]
    Swap(String),
}

/// What becomes of a small file.
#[derive(Debug)]
enum Small {
    Bytes(effect::Opaque),
    View(effect::Opaque, Parts),
    Nothing,
}

/// What is left of a step when its writes are done, or are not.
#[derive(Debug)]
pub struct Step {
    /// What comes after the writes, in order.
    pub rest: Vec<Effect>,
    /// Something was appended.
    pub appended: bool,
    /// Why the writes were not done; then nothing of the rest may be done.
    pub failed: Option<ShelfError>,
}

/// What became of an effect.
#[derive(Debug)]
pub enum Done {
    /// It was the disk's, and this is to be told the core.
    Input(Input),
    /// It was the disk's, and there is nothing to tell.
    Quiet,
    /// A run for a peer, and what to tell the core.
    Serve(LinkId, Option<Message>, Input),
    /// Messages for a peer.
    Send(LinkId, Vec<Message>),
    /// It is not the disk's.
    Elsewhere(Effect),
}

impl Shelf {
    /// Opens the store of a home and reads everything the core starts from.
    pub fn open(disk: Arc<dyn Disk>, data: &std::path::Path) -> Result<(Self, Found), ShelfError> {
        let (store, found) = Store::open(disk.clone(), data)?;
        let mut shelf = Self { store, disk, data: data.to_owned(), damaged: Vec::new() };
        let found = shelf.found(found)?;
        Ok((shelf, found))
    }

    /// Writes what a step wants written, with one call for all entries: what others rest on first, what can be made anew last.
    pub fn write(&mut self, effects: Vec<Effect>) -> Step {
        let (mut appends, mut saves, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Append(more) => appends.extend(more),
                Effect::Save { name, bytes } => {
                    saves.retain(|(one, _)| *one != name);
                    saves.push((name, Small::Bytes(bytes)));
                }
                Effect::SaveView { head, parts } => {
                    saves.retain(|(one, _)| *one != VIEW);
                    saves.push((VIEW, Small::View(head, parts)));
                }
                Effect::Remove { name } => {
                    saves.retain(|(one, _)| *one != name);
                    saves.push((name, Small::Nothing));
                }
                other => rest.push(other),
            }
        }
        let appended = !appends.is_empty();
        let (first, caches): (Vec<_>, Vec<_>) =
            saves.into_iter().partition(|(name, _)| [VAULT, VAULT_KEY, DRAFTS, DAMAGED_DRAFTS, PLAN_COPY, WITHHELD].contains(name));
        let first = first.into_iter().try_for_each(|(name, small)| self.save(name, &small));
        if let Err(error) = first.and_then(|()| if appended { self.append(appends) } else { Ok(()) }) {
            return Step { rest, appended: false, failed: Some(error) };
        }
        for (name, small) in caches {
            if let Err(error) = self.save(name, &small) {
                tracing::warn!(%error, name, "a file that can be made anew could not be saved");
                // What the view held before may have been deleted meanwhile, and is told as deleted once this step is done.
                if name == VIEW
                    && let Err(error) = self.save(name, &Small::Nothing)
                {
                    return Step { rest, appended, failed: Some(error) };
                }
            }
        }
        Step { rest, appended, failed: None }
    }

    /// Replaces a small file, or removes it.
    fn save(&mut self, name: &str, small: &Small) -> Result<(), ShelfError> {
        match small {
            Small::Bytes(bytes) => self.store.save(name, bytes.as_slice())?,
            Small::View(head, parts) => {
                // What the head names is there before it is; what it does not name goes once no other head is there.
                self.store.keep_parts(parts.iter().map(|(id, bytes)| (*id, &**bytes)))?;
                self.store.save(name, head.as_slice())?;
                self.store.drop_parts_but(&parts.keys().copied().collect())?;
            }
            Small::Nothing => {
                self.store.remove(name)?;
                if name == VIEW {
                    self.store.drop_parts_but(&BTreeSet::new())?;
                }
            }
        }
        Ok(())
    }

    /// Puts everything on stable storage with one call; `Ok` means that it is there.
    fn append(&mut self, appends: Vec<effect::Append>) -> Result<(), ShelfError> {
        let appends: Vec<store::Append> = appends
            .into_iter()
            .map(|append| match append {
                effect::Append::Entry { head, link, wire } => store::Append::Entry { head: store_head(head), link, wire },
                effect::Append::Statement(bytes) => store::Append::Record(List::Statements, bytes),
                effect::Append::Locked(list, bytes) => store::Append::Record(store_list(list), bytes),
            })
            .collect();
        Ok(self.store.append(&appends)?)
    }

    /// Carries out an effect that is not a write of its step, if it is the disk's.
    pub fn perform(&mut self, effect: Effect) -> Result<Done, ShelfError> {
        match effect {
            Effect::Stub { log, seqs } => match self.store.stub(log, &seqs) {
                Ok(()) => return Ok(Done::Input(Input::Stubbed { log })),
                Err(error) => tracing::warn!(%error, "outdated entries stay whole for now"),
            },
            Effect::Read { purpose, runs } => return Ok(Done::Input(Input::Read { purpose, entries: self.read(&runs)? })),
            Effect::Build { doc, pieces, runs } => {
                let (pieces, entries) = (self.pieces(&pieces), self.read(&runs)?);
                return Ok(Done::Input(Input::Build { doc, pieces, entries }));
            }
            Effect::Unpack { of, bundle, pieces } => {
                return Ok(Done::Input(Input::Unpacked { of, bundle, pieces: self.pieces(&pieces) }));
            }
            Effect::KeepPieces(pieces) => {
                let kept = self.store.keep_pieces(pieces.iter().map(Vec::as_slice));
                return Ok(Done::Input(Input::Kept { outcome: unless_poisoned(kept)? }));
            }
            Effect::KeepCheckpoint(bytes) => {
                let kept = self.store.keep_checkpoint(&bytes);
                return Ok(Done::Input(Input::Kept { outcome: unless_poisoned(kept)? }));
            }
            Effect::TakePiece(piece) => {
                if let Err(reason) = unless_poisoned(self.store.keep_pieces([piece.as_slice()]))? {
                    tracing::warn!(reason, "a piece of a checkpoint could not be kept");
                }
            }
            Effect::ServePieces { link, over, pieces } => {
                let pieces = self.pieces(&pieces).into_iter().flatten().map(|piece| Message::Piece(Blob(piece)));
                let messages = pieces.map(|piece| by_way(over, piece)).collect();
                return Ok(Done::Send(over.map_or(link, |(station, _)| station), messages));
            }
            Effect::Compare { of, doc, pieces, runs } => {
                let (pieces, entries) = (self.pieces(&pieces), self.read(&runs)?);
                return Ok(Done::Input(Input::Compared { of, doc, pieces, entries }));
            }
            Effect::Adopt { checkpoint, jumps, at_s } => {
                let logs = jumps.iter().map(store_jump).collect();
                let (aside, checkpoints, pieces) = (Vec::new(), Vec::new(), Vec::new());
                let takeover = store::Takeover { checkpoint: Blob(checkpoint), logs, aside, checkpoints, pieces, at_s };
                return Ok(Done::Input(Input::Adopted { outcome: self.take_over(&takeover)? }));
            }
            Effect::Swap { checkpoint, jumps, aside, checkpoints, pieces, at_s } => {
                let logs = jumps.iter().map(store_jump).collect();
                let takeover = store::Takeover { checkpoint: Blob(checkpoint), logs, aside, checkpoints, pieces, at_s };
                self.take_over(&takeover)?.map_err(ShelfError::Swap)?;
            }
            Effect::Prune { pieces, logs } => {
                let outcome = self.prune(&pieces, &logs)?;
                return Ok(Done::Input(Input::Pruned { logs, outcome }));
            }
            Effect::DropAsides(before_s) => {
                if let Err(error) = self.store.drop_asides(before_s) {
                    tracing::warn!(%error, "what was kept aside long enough stays for now");
                }
            }
            Effect::Erase { erasures, checkpoints, pieces, at_s } => {
                let outcome = self.erase(&erasures, &checkpoints, &pieces, at_s)?;
                return Ok(Done::Input(Input::Erased { erasures, outcome }));
            }
            Effect::KeepLocked(list, records) => {
                let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
                self.store.keep_records(store_list(list), &records).map_err(store::SmallFileError::Disk)?;
            }
            Effect::EraseAside(files) => {
                let done = files.iter().try_for_each(|(file, seqs)| self.store.erase_aside(file, seqs));
                return match done {
                    Err(error) if self.store.is_poisoned() => Err(ShelfError::Sealed(error.into())),
                    done => Ok(Done::Input(Input::ErasedAside { outcome: done.map_err(|error| error.to_string()) })),
                };
            }
            Effect::DropSealed { checkpoints, pieces } => {
                if let Err(error) = self.store.drop_sealed(&checkpoints, &pieces) {
                    tracing::warn!(%error, "what nothing rests on any more stays for now");
                }
            }
            Effect::Graft { log, from, branch, checkpoints, pieces } => {
                // The view took in what goes.
                self.store.save(VIEW, &[])?;
                self.store.drop_sealed(&checkpoints, &pieces)?;
                self.store.graft(log, from, &branch)?;
            }
            Effect::SetAside(log) => drop(self.store.set_aside_whole(log)?),
            Effect::Mend(logs) => return Ok(Done::Input(Input::Mended(Box::new(self.mend(&logs)?)))),
            Effect::Serve { link, over, head, from, before, left_out, leave, whole } => {
                let served = self.serve(link, head, (from, before), (&left_out, leave.as_ref()), whole)?;
                return Ok(match served {
                    Done::Serve(_, message, input) => {
                        Done::Serve(over.map_or(link, |(station, _)| station), message.map(|message| by_way(over, message)), input)
                    }
                    other => other,
                });
            }
            other => return Ok(Done::Elsewhere(other)),
        }
        Ok(Done::Quiet)
    }

    fn read(&self, runs: &[Run]) -> Result<Vec<Stored>, ShelfError> {
        let mut entries = Vec::new();
        for run in runs {
            // A checkpoint stands for what lies between the birth and where the log goes on.
            let goes_on = self.store.goes_on(run.log);
            let here = |seq: u64| if (2..goes_on).contains(&seq) { goes_on } else { seq };
            let mut from = here(run.from);
            while from <= run.to {
                let mut previous = self.link_before(run.log, from)?;
                let count = usize::try_from(run.to - from + 1).unwrap_or(MAX_COUNT).min(MAX_COUNT);
                let read = self.store.read(run.log, from, usize::MAX, count)?;
                if read.is_empty() {
                    break;
                }
                from = here(from + u64::try_from(read.len()).unwrap_or(u64::MAX));
                for (link, wire) in read {
                    entries.push(Stored { previous, wire });
                    previous = link;
                }
            }
        }
        Ok(entries)
    }

    fn link_before(&self, log: LogId, seq: u64) -> Result<Link, ShelfError> {
        Ok(self.store.link_before(log, seq)?)
    }

    fn serve(
        &self,
        link: LinkId,
        head: LogHead,
        (from, expected): (u64, Option<[u8; 8]>),
        (left_out, leave): (&BTreeSet<u64>, Option<&Leave>),
        whole: bool,
    ) -> Result<Done, ShelfError> {
        let served = |message, upto, bytes, stub| Done::Serve(link, message, Input::Served { link, log: head.log, upto, bytes, stub });
        let before = self.link_before(head.log, from)?;
        if expected.is_some_and(|expected| expected != short_link(&before)) {
            return Ok(served(None, None, 0, None));
        }
        let read = self.store.read(head.log, from, ENTRIES_BYTES, MAX_COUNT)?;
        let mut wires: Vec<_> = read.into_iter().map(|(_, wire)| wire).collect();
        let stub = wires.iter().position(|wire| whole && matches!(wire, Wire::Stub(_)));
        let stub = stub.and_then(|at| wires.drain(at..).next()).map(|wire| wire.seq());
        let Some(last) = wires.last() else { return Ok(served(None, Some(from.saturating_sub(1)), 0, stub)) };
        let bytes = wires.iter().map(|wire| wire.bytes().len()).sum();
        Ok(served(Some(run_message(head, before, &wires, left_out, leave)), Some(last.seq()), bytes, stub))
    }

    fn mend(&mut self, whole: &[LogId]) -> Result<Found, ShelfError> {
        for log in std::mem::take(&mut self.damaged) {
            match log {
                Some(log) => drop(self.store.set_aside(log)?),
                None => drop(self.store.set_aside_lists()?),
            }
        }
        for log in whole {
            self.store.set_aside_whole(*log)?;
        }
        let (store, found) = Store::open(self.disk.clone(), &self.data)?;
        self.store = store;
        let mut found = self.found(found)?;
        found.salvaged = self.store.salvage().into_iter().map(found::salvaged).collect();
        Ok(found)
    }
}

/// A message, for the queue that it is about.
fn by_way(over: Option<(LinkId, QueueId)>, message: Message) -> Message {
    match over {
        Some((_, queue)) => Message::Within(queue, Box::new(message)),
        None => message,
    }
}

fn store_list(list: LockedList) -> List {
    match list {
        LockedList::Held => List::Held,
        LockedList::Dropped => List::Dropped,
    }
}

fn store_head(head: LogHead) -> store::LogHead {
    store::LogHead { queue: head.queue, key: head.key, log: head.log }
}
