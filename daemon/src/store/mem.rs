//! A disk in memory that can lose power, fill up and fail, for simulations and tests.
//!
//! It promises no more than a real one. What is not synced may be lost at a [`crash`](MemDisk::crash): of the bytes added since the last sync an
//! arbitrary prefix stays, or the length stays and the end reads as zeros; of the names changed since the last sync of their folder any
//! subset. After a *failed* sync the bytes look written and a later sync succeeds, yet they are not on the disk ("fsyncgate").

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::disk::Disk;

/// Picks a number below the one it is given: the randomness of a crash.
pub type Choose<'a> = &'a mut dyn FnMut(usize) -> usize;

/// What the disk is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the methods of Disk, one by one")]
pub enum Op {
    CreateDir,
    List,
    SyncDir,
    Create,
    Read,
    ReadAt,
    Append,
    Truncate,
    Sync,
    Rename,
    Remove,
}

/// One call to the disk.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// How many came before it.
    pub number: usize,
    /// What is asked.
    pub op: Op,
    /// Of which file or folder.
    pub path: &'a Path,
}

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails; a failed sync drops what it was to keep. Later calls work.
    Error,
    /// The disk is full: of an append half is written, a new file is not made.
    NoSpace,
    /// The power goes: it may or may not have happened, and every later call fails until [`MemDisk::crash`].
    PowerOff,
}

type Plan = Box<dyn FnMut(Call<'_>) -> Option<Fault> + Send>;

/// The disk. Share it by `Arc`; a store that is dropped and opened again on it is a killed process.
#[derive(Default)]
pub struct MemDisk {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<u64, MemFile>,
    folders: BTreeSet<PathBuf>,
    /// The names as programs see them.
    names: BTreeMap<PathBuf, u64>,
    /// The names as a crash leaves them, but for the pending changes.
    durable: BTreeMap<PathBuf, u64>,
    pending: Vec<NameChange>,
    next: u64,
    calls: usize,
    off: bool,
    plan: Option<Plan>,
}

#[derive(Default, Clone)]
struct MemFile {
    /// As programs see it.
    now: Vec<u8>,
    /// As the last good sync left it.
    synced: Vec<u8>,
    /// Bytes that a failed sync dropped: seen, never on the disk.
    dropped: Vec<Range<usize>>,
}

#[derive(Clone)]
enum NameChange {
    Create(PathBuf, u64),
    Rename(PathBuf, PathBuf, u64),
    Remove(PathBuf),
}

impl MemDisk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another disk with the same files, as a program sees them that copies them.
    pub fn copy(&self) -> Self {
        let state = self.state();
        let whole = |file: &MemFile| MemFile { now: file.now.clone(), synced: file.now.clone(), dropped: Vec::new() };
        let copied = State {
            files: state.names.values().filter_map(|id| Some((*id, whole(state.files.get(id)?)))).collect(),
            folders: state.folders.clone(),
            names: state.names.clone(),
            durable: state.names.clone(),
            next: state.next,
            ..State::default()
        };
        Self { state: Mutex::new(copied) }
    }

    /// Calls so far.
    pub fn calls(&self) -> usize {
        self.state().calls
    }

    /// Asks `plan` before every call from now on whether it goes wrong.
    pub fn plan(&self, plan: impl FnMut(Call<'_>) -> Option<Fault> + Send + 'static) {
        self.state().plan = Some(Box::new(plan));
    }

    /// Lets every call work again.
    pub fn heal(&self) {
        let mut state = self.state();
        state.plan = None;
        state.off = false;
    }

    /// The power goes and comes back: what was not synced is partly kept, as `choose` says. Plans are forgotten.
    pub fn crash(&self, choose: Choose<'_>) {
        let mut state = self.state();
        state.plan = None;
        state.off = false;
        for change in std::mem::take(&mut state.pending) {
            if choose(2) == 1 {
                change.apply(&mut state.durable);
            }
        }
        for file in state.files.values_mut() {
            file.crash(choose);
        }
        state.names = state.durable.clone();
        let named: BTreeSet<u64> = state.names.values().copied().collect();
        state.files.retain(|id, _| named.contains(id));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call and tells how it goes wrong.
    fn call(&self, op: Op, path: &Path) -> io::Result<(MutexGuard<'_, State>, Option<Fault>)> {
        let mut state = self.state();
        if state.off {
            return Err(power_off());
        }
        let number = state.calls;
        state.calls += 1;
        let fault = state.plan.as_mut().and_then(|plan| plan(Call { number, op, path }));
        state.off = fault == Some(Fault::PowerOff);
        Ok((state, fault))
    }

    /// A call that changes nothing, or names only: with a fault it fails without doing anything, but for a lost power, which lets it begin.
    fn simple<T>(&self, op: Op, path: &Path, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let (mut state, fault) = self.call(op, path)?;
        match fault {
            None => act(&mut state),
            Some(Fault::Error) => Err(io::Error::other("injected failure")),
            Some(Fault::NoSpace) if op == Op::Create => Err(io::ErrorKind::StorageFull.into()),
            Some(Fault::NoSpace) => act(&mut state),
            Some(Fault::PowerOff) => {
                if op != Op::SyncDir {
                    act(&mut state)?;
                }
                Err(power_off())
            }
        }
    }
}

fn power_off() -> io::Error {
    io::Error::other("the power is off")
}

impl fmt::Debug for MemDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        write!(f, "MemDisk({} files, {} calls)", state.names.len(), state.calls)
    }
}

impl State {
    fn file(&mut self, path: &Path) -> io::Result<&mut MemFile> {
        let id = self.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        self.files.get_mut(id).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn change(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending.push(change);
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            NameChange::Create(path, id) => {
                names.insert(path.clone(), *id);
            }
            NameChange::Rename(from, to, id) => {
                if names.get(from) == Some(id) {
                    names.remove(from);
                }
                names.insert(to.clone(), *id);
            }
            NameChange::Remove(path) => {
                names.remove(path);
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            NameChange::Create(path, _) | NameChange::Rename(_, path, _) | NameChange::Remove(path) => path,
        }
    }
}

impl MemFile {
    /// What a sync now would put on the disk.
    fn on_disk(&self) -> Vec<u8> {
        let mut bytes = self.now.clone();
        for range in &self.dropped {
            let end = range.end.min(bytes.len());
            if let Some(lost) = bytes.get_mut(range.start..end) {
                lost.fill(0);
            }
        }
        bytes
    }

    /// Where the bytes begin that no sync has kept.
    fn changed_from(&self) -> usize {
        self.now.iter().zip(&self.synced).take_while(|(now, synced)| now == synced).count()
    }

    fn fail_sync(&mut self) {
        let from = self.changed_from();
        self.dropped.push(from..self.now.len());
    }

    fn truncate(&mut self, len: usize) {
        self.now.truncate(len);
        for range in &mut self.dropped {
            range.end = range.end.min(len);
        }
        self.dropped.retain(|range| range.start < range.end);
    }

    fn crash(&mut self, choose: Choose<'_>) {
        let target = self.on_disk();
        let same = self.changed_from();
        // A cut that was not synced may not have happened.
        let kept = if target.len() < self.synced.len() && choose(2) == 0 {
            self.synced.clone()
        } else {
            let mut kept = target;
            kept.truncate(same + choose(kept.len() - same + 1));
            // The length may have reached the disk before the last sectors did.
            let sectors = (kept.len() / 512).saturating_sub(same.div_ceil(512));
            if choose(3) == 0 && kept.len() > same {
                let from = match choose(sectors + 2) {
                    0 => same,
                    n => (same.div_ceil(512) + n - 1) * 512,
                };
                if let Some(zeros) = kept.get_mut(from..) {
                    zeros.fill(0);
                }
            }
            kept
        };
        *self = Self { now: kept.clone(), synced: kept, dropped: Vec::new() };
    }
}

impl Disk for MemDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.simple(Op::CreateDir, path, |state| {
            state.folders.extend(path.ancestors().map(PathBuf::from));
            Ok(())
        })
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.simple(Op::List, path, |state| {
            if !state.folders.contains(path) {
                return Err(io::ErrorKind::NotFound.into());
            }
            let below = state.names.keys().chain(&state.folders).filter(|name| name.parent() == Some(path));
            let mut names: Vec<String> = below.filter_map(|name| Some(name.file_name()?.to_string_lossy().into_owned())).collect();
            names.sort();
            Ok(names)
        })
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.simple(Op::SyncDir, path, |state| {
            let (here, elsewhere) = std::mem::take(&mut state.pending).into_iter().partition(|change| change.path().parent() == Some(path));
            state.pending = elsewhere;
            let here: Vec<NameChange> = here;
            here.iter().for_each(|change| change.apply(&mut state.durable));
            Ok(())
        })
    }

    fn create(&self, path: &Path) -> io::Result<()> {
        self.simple(Op::Create, path, |state| {
            if state.names.contains_key(path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            if !path.parent().is_some_and(|folder| state.folders.contains(folder)) {
                return Err(io::ErrorKind::NotFound.into());
            }
            let id = state.next;
            state.next += 1;
            state.files.insert(id, MemFile::default());
            state.change(NameChange::Create(path.into(), id));
            Ok(())
        })
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.simple(Op::Read, path, |state| Ok(state.file(path)?.now.clone()))
    }

    fn read_at(&self, path: &Path, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        self.simple(Op::ReadAt, path, |state| {
            let from = usize::try_from(offset).unwrap_or(usize::MAX);
            let bytes = state.file(path)?.now.get(from..from.saturating_add(len));
            bytes.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
        })
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let (mut state, fault) = self.call(Op::Append, path)?;
        let file = state.file(path)?;
        match fault {
            None => file.now.extend_from_slice(bytes),
            Some(Fault::Error) => return Err(io::Error::other("injected failure")),
            Some(Fault::NoSpace) => {
                file.now.extend(bytes.iter().take(bytes.len() / 2));
                return Err(io::ErrorKind::StorageFull.into());
            }
            Some(Fault::PowerOff) => {
                file.now.extend_from_slice(bytes);
                return Err(power_off());
            }
        }
        Ok(())
    }

    fn truncate(&self, path: &Path, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        self.simple(Op::Truncate, path, |state| {
            state.file(path)?.truncate(len);
            Ok(())
        })
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        let (mut state, fault) = self.call(Op::Sync, path)?;
        let file = state.file(path)?;
        match fault {
            None | Some(Fault::NoSpace) => file.synced = file.on_disk(),
            Some(Fault::Error) => {
                file.fail_sync();
                return Err(io::Error::other("injected failure"));
            }
            Some(Fault::PowerOff) => return Err(power_off()),
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.simple(Op::Rename, from, |state| {
            let id = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
            state.change(NameChange::Rename(from.into(), to.into(), id));
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.simple(Op::Remove, path, |state| {
            state.file(path)?;
            state.change(NameChange::Remove(path.into()));
            Ok(())
        })
    }
}
