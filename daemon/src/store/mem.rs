//! A disk in memory that can lose power, fill up and fail, for simulations and tests.
//!
//! It promises no more than a real one. What is not synced may be lost at a [`crash`](MemDisk::crash): of the bytes added since the last sync an
//! arbitrary prefix stays, or the length stays and the end, or any of the sectors, reads as zeros; of the names changed since the last sync of
//! their folder any subset. After a *failed* sync the bytes look written and a later sync succeeds, yet they are not on the disk
//! ("fsyncgate"). A sync that *lies* succeeds and keeps nothing; a later one keeps it all.

mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::disk::Disk;
use file::MemFile;

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
    /// The program ends here, by a kill or with the power: every later call fails until [`MemDisk::heal`] (what was written is still seen) or
    /// [`MemDisk::crash`].
    Dies(Moment),
    /// A sync says that it was done, and keeps nothing; of another call nothing is wrong.
    Lies,
}

/// Where in a call the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nothing of it has happened.
    Before,
    /// Of an append so many thousandths are written; of any other call nothing has happened.
    Midway(usize),
    /// It was done, and nobody heard so.
    After,
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
    /// The call that is being made says that it was done, and is not.
    lies: bool,
    plan: Option<Plan>,
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
        let whole = |file: &MemFile| MemFile::of(file.now.clone());
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

    /// The same with the files of another disk copied over its own: what only this one has stays.
    pub fn copied_over(&self, other: &Self) -> Self {
        let all = self.copy();
        {
            let (mut state, other) = (all.state(), other.state());
            for (name, id) in &other.names {
                let Some(file) = other.files.get(id) else { continue };
                let new = state.next;
                state.next += 1;
                state.files.insert(new, MemFile::of(file.now.clone()));
                state.names.insert(name.clone(), new);
            }
            state.folders = state.folders.union(&other.folders).cloned().collect();
            state.durable = state.names.clone();
        }
        all
    }

    /// Calls so far.
    pub fn calls(&self) -> usize {
        self.state().calls
    }

    /// The power is off, or the program has ended in the middle of a call.
    pub fn is_off(&self) -> bool {
        self.state().off
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

    /// Every file as programs see it, without a call.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.state();
        state.names.iter().filter_map(|(path, id)| Some((path.clone(), state.files.get(id)?.now.clone()))).collect()
    }

    /// Puts other bytes into a file that is there, durably, behind everybody's back and without a call.
    pub fn replace_behind(&self, path: &Path, bytes: &[u8]) {
        if let Ok(file) = self.state().file(path) {
            file.truncate(0);
            file.now.extend_from_slice(bytes);
            file.sync();
        }
    }

    fn sync_from(&self, path: &Path, again: Option<u64>) -> io::Result<()> {
        let (mut state, fault) = self.call(Op::Sync, path)?;
        let file = state.file(path)?;
        if let Some(offset) = again
            && !matches!(fault, Some(Fault::Error | Fault::Dies(Moment::Before)))
        {
            file.write_again(usize::try_from(offset).unwrap_or(usize::MAX));
        }
        match fault {
            None | Some(Fault::NoSpace) => file.sync(),
            Some(Fault::Lies) => {}
            Some(Fault::Error) => {
                file.fail_sync();
                return Err(io::Error::other("injected failure"));
            }
            Some(Fault::Dies(Moment::After)) => {
                file.sync();
                return Err(power_off());
            }
            Some(Fault::PowerOff | Fault::Dies(_)) => return Err(power_off()),
        }
        Ok(())
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
        state.off = matches!(fault, Some(Fault::PowerOff | Fault::Dies(_)));
        state.lies = fault == Some(Fault::Lies);
        Ok((state, fault))
    }

    /// A call that changes nothing, or names only: with a fault it fails without doing anything, but for a lost power, which lets it begin.
    fn simple<T>(&self, op: Op, path: &Path, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let (mut state, fault) = self.call(op, path)?;
        match fault {
            None => act(&mut state),
            Some(Fault::Lies) => act(&mut state),
            Some(Fault::Error) => Err(io::Error::other("injected failure")),
            Some(Fault::Dies(Moment::After)) => act(&mut state).and(Err(power_off())),
            Some(Fault::Dies(_)) => Err(power_off()),
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
            if std::mem::take(&mut state.lies) {
                return Ok(());
            }
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
            None | Some(Fault::Lies) => file.now.extend_from_slice(bytes),
            Some(Fault::Error) => return Err(io::Error::other("injected failure")),
            Some(Fault::NoSpace) => {
                file.now.extend(bytes.iter().take(bytes.len() / 2));
                return Err(io::ErrorKind::StorageFull.into());
            }
            Some(Fault::PowerOff | Fault::Dies(Moment::After)) => {
                file.now.extend_from_slice(bytes);
                return Err(power_off());
            }
            Some(Fault::Dies(moment)) => {
                let part = if let Moment::Midway(thousandths) = moment { bytes.len() * thousandths / 1000 } else { 0 };
                file.now.extend(bytes.iter().take(part));
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
        self.sync_from(path, None)
    }

    fn sync_again(&self, path: &Path, offset: u64) -> io::Result<()> {
        self.sync_from(path, Some(offset))
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
