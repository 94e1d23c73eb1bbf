//! Opening: every byte is read and checked, torn ends are cut off, damage is told.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use asif_proto::id::{Link, LogId};

use super::log_file::{self, End};
use super::{Disk, DiskError, List, ListState, LogHead, LogState, Places, Store, TakeoverError, format, record_file, rewrite};

/// Bytes at the end of each file that are written once more at opening: more than one step of the program writes, but for long runs from a
/// peer, who has them.
const AGAIN: usize = 1 << 20;

/// What was found at opening. All of it is on stable storage.
#[derive(Debug, Default)]
pub struct Found {
    /// The logs with at least one good record, by id; a damaged one as far as it is good.
    pub logs: Vec<FoundLog>,
    /// The records of each list, in the order in which they came.
    pub lists: BTreeMap<List, Vec<Vec<u8>>>,
    /// Ends that a crash left and that were cut off.
    pub torn: Vec<Torn>,
    /// What does not check.
    pub damage: Vec<Damage>,
    /// Files among the logs that are none: left alone.
    pub strange: Vec<PathBuf>,
}

/// A log that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundLog {
    /// What it is for.
    pub head: LogHead,
    /// Its tip.
    pub seq: u64,
    /// The link after its tip.
    pub link: Link,
    /// The first entry behind its birth that may be here: 2, or where a checkpoint covers what lies between.
    pub from: u64,
    /// Bytes of its file, as far as it is good.
    pub bytes: u64,
}

/// The rest of an append that a crash interrupted. It was never acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The file it was cut from; a file without one good record was removed.
    pub file: PathBuf,
    /// Where it began.
    pub offset: u64,
    /// How long it was.
    pub bytes: u64,
    /// Where a copy was put: it had sectors that were never written before others that were, which is also how a disk loses something.
    pub kept: Option<PathBuf>,
}

/// Bytes that are not what was written, or that a newer program wrote. They are left as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The log; none for a list or a file that is no log.
    pub log: Option<LogId>,
    /// The file.
    pub file: PathBuf,
    /// Where it begins.
    pub offset: u64,
    /// The good records before it: of a log the last good seq.
    pub last_good: u64,
    /// What is wrong, in words.
    pub what: String,
}

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The disk did not do what it was asked, or others may open the store's files.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A newer program wrote it. Nothing was changed.
    #[error("{} was written by a newer asif than this one", .0.display())]
    Newer(PathBuf),
    /// What was being done with a checkpoint could not be finished.
    #[error("what was being done with a checkpoint could not be finished: {0}")]
    Takeover(#[from] TakeoverError),
}

impl Found {
    /// The records of a list.
    pub fn records(&self, list: List) -> &[Vec<u8>] {
        self.lists.get(&list).map_or(&[], Vec::as_slice)
    }
}

impl Store {
    /// Opens the store in the data folder `data`, which is made when it is not there. The caller holds the lock of the home.
    pub fn open(disk: Arc<dyn Disk>, data: &Path) -> Result<(Self, Found), OpenError> {
        let places = Places::new(data);
        for folder in [&places.data, &places.store, &places.logs] {
            disk.create_dir(folder).map_err(failed("use the folder", folder))?;
        }
        refuse_newer(&*disk, &places)?;
        let mut store = Self { disk, places, logs: BTreeMap::new(), lists: BTreeMap::new(), poisoned: false };
        let mut found = Found::default();
        for folder in [store.places.data.clone(), store.places.store.clone(), store.places.logs.clone()] {
            store.remove_unfinished(&folder)?;
        }
        for folder in
            [store.places.checkpoints.clone(), store.places.pieces.clone(), store.places.replaced.clone(), store.places.parts.clone()]
        {
            match store.remove_unfinished(&folder) {
                Err(error) if error.source.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        store.open_logs(&mut found)?;
        if store.finish_takeover()? {
            found = Found::default();
            store.open_logs(&mut found)?;
        }
        for list in List::ALL {
            store.open_list(list, &mut found)?;
        }
        // Names that an earlier process made and was killed before it could sync them.
        for folder in [&store.places.data, &store.places.store, &store.places.logs] {
            store.disk.sync_dir(folder).map_err(failed("sync", folder))?;
        }
        for torn in &found.torn {
            tracing::warn!(kept = ?torn.kept, file = %torn.file.display(), offset = torn.offset, bytes = torn.bytes, "the end of an interrupted write was cut off");
        }
        for damage in &found.damage {
            tracing::error!(file = %damage.file.display(), offset = damage.offset, last_good = damage.last_good, "a file of the store is damaged");
        }
        Ok((store, found))
    }

    fn open_logs(&mut self, found: &mut Found) -> Result<(), DiskError> {
        self.logs.clear();
        for name in self.disk.list(&self.places.logs).map_err(failed("list", &self.places.logs))? {
            self.open_log(&name, found)?;
        }
        Ok(())
    }

    /// Removes new versions of files whose writing was interrupted.
    fn remove_unfinished(&self, folder: &Path) -> Result<(), DiskError> {
        for name in self.disk.list(folder).map_err(failed("list", folder))? {
            if name.ends_with(rewrite::UNFINISHED) {
                let path = folder.join(name);
                self.disk.remove(&path).map_err(failed("remove", &path))?;
            }
        }
        Ok(())
    }

    fn open_log(&mut self, name: &str, found: &mut Found) -> Result<(), DiskError> {
        let file = self.places.logs.join(name);
        let Some(log) = name.parse::<LogId>().ok().filter(|log| log.to_string() == name) else {
            found.strange.push(file);
            return Ok(());
        };
        let bytes = match self.disk.read(&file) {
            Ok(bytes) => bytes,
            // Others may open it: that is for its owner to mend. Anything else is the disk's, and no reason to keep the other logs shut.
            Err(source) if source.kind() == io::ErrorKind::PermissionDenied => return Err(failed("read", &file)(source)),
            Err(source) => {
                let state = LogState { damaged_at: Some(0), ..LogState::new() };
                self.logs.insert(log, state);
                found.damage.push(Damage { log: Some(log), file, offset: 0, last_good: 0, what: format!("it cannot be read: {source}") });
                return Ok(());
            }
        };
        let scan = log_file::scan(log, &bytes);
        let mut state = LogState { head: scan.head, from: scan.from, ends: scan.ends, tip: scan.tip, damaged_at: None };
        match scan.end {
            End::Whole => self.sync_end(&file, bytes.len())?,
            End::Torn(0) => {
                self.remove_torn(file, bytes.len(), None, found)?;
                return Ok(());
            }
            End::Torn(at) => self.cut_torn(file, at, bytes.len(), None, found)?,
            End::Scattered(at) => match self.keep_damaged(&format!("{log}-{at}"), bytes.get(at..).unwrap_or_default()) {
                Ok(kept) if at == 0 => {
                    self.remove_torn(file, bytes.len(), Some(kept), found)?;
                    return Ok(());
                }
                Ok(kept) => self.cut_torn(file, at, bytes.len(), Some(kept), found)?,
                Err(error) if self.poisoned => return Err(error),
                // Without a copy nothing is cut.
                Err(error) => {
                    state.damaged_at = Some(at as u64);
                    let what = format!(
                        "entry {}: some of it was never written, and there is no room for a copy: {}",
                        state.seq() + 1,
                        error.source
                    );
                    found.damage.push(Damage { log: Some(log), file, offset: at as u64, last_good: state.seq(), what });
                }
            },
            End::Damaged(at, what) => {
                self.sync_end(&file, bytes.len())?;
                state.damaged_at = Some(at as u64);
                found.damage.push(Damage { log: Some(log), file, offset: at as u64, last_good: state.seq(), what });
            }
        }
        if let Some(head) = state.head.filter(|_| state.seq() > 0) {
            let from = state.from.map_or(2, |from| from.seq);
            found.logs.push(FoundLog { head, seq: state.seq(), link: state.tip, from, bytes: state.len() });
        }
        self.logs.insert(log, state);
        Ok(())
    }

    fn open_list(&mut self, list: List, found: &mut Found) -> Result<(), DiskError> {
        let file = self.places.list(list);
        let bytes = match self.disk.read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(failed("read", &file)(source)),
        };
        let mut scan = record_file::scan(list, &bytes);
        let mut len = scan.torn_at.unwrap_or(bytes.len());
        // What was never written was never acknowledged; and but for statements nobody has to look before the rest is gone on with.
        let begins_well = scan.damage.first().is_some_and(|(range, _)| range.start > 0);
        let (torn, mends) = (scan.lacks_sectors, list != List::Statements && begins_well);
        if torn || mends {
            // Each counts by itself: what is whole stays.
            let (copy, mended) = (bytes.clone(), record_file::file(list, scan.good.iter().copied()));
            let kept = self.keep_damaged(&format!("{}-0", list.name()), &copy)?;
            let folder = self.places.store.clone();
            self.replace(&folder, &file, &mended).map_err(rewrite::Replace::into_error)?;
            let lost = (copy.len() - mended.len()) as u64;
            if torn {
                found.torn.push(Torn { file: file.clone(), offset: 0, bytes: lost, kept: Some(kept) });
            } else {
                tracing::error!(file = %file.display(), bytes = lost, "a file of the store is damaged; what is whole of it stays");
            }
            (scan.damage, scan.torn_at, len) = (Vec::new(), None, mended.len());
        }
        if !scan.good.is_empty() {
            found.lists.insert(list, scan.good.iter().map(|record| record.to_vec()).collect());
        }
        for (range, before) in &scan.damage {
            let what = format!("{} bytes after record {before} are not what was written", range.len());
            let (offset, last_good) = (range.start as u64, *before as u64);
            found.damage.push(Damage { log: None, file: file.clone(), offset, last_good, what });
        }
        let damaged_at = scan.damage.first().map(|(range, _)| range.start as u64);
        match scan.torn_at {
            None => self.sync_end(&file, len)?,
            Some(0) => return self.remove_torn(file, bytes.len(), None, found),
            Some(at) => self.cut_torn(file, at, bytes.len(), None, found)?,
        }
        self.lists.insert(list, ListState { len: len as u64, damaged_at });
        Ok(())
    }

    /// Makes a file durable that an earlier process wrote, or this one before a write failed. Its end may be what a failed sync has let go of
    /// and only looks written; it is reported as stored, so it is written once more.
    fn sync_end(&self, file: &Path, len: usize) -> Result<(), DiskError> {
        self.disk.sync_again(file, len.saturating_sub(AGAIN) as u64).map_err(failed("sync", file))
    }

    fn cut_torn(&self, file: PathBuf, at: usize, len: usize, kept: Option<PathBuf>, found: &mut Found) -> Result<(), DiskError> {
        self.disk.truncate(&file, at as u64).map_err(failed("cut", &file))?;
        self.sync_end(&file, at)?;
        found.torn.push(Torn { file, offset: at as u64, bytes: (len - at) as u64, kept });
        Ok(())
    }

    fn remove_torn(&self, file: PathBuf, len: usize, kept: Option<PathBuf>, found: &mut Found) -> Result<(), DiskError> {
        self.disk.remove(&file).map_err(failed("remove", &file))?;
        found.torn.push(Torn { file, offset: 0, bytes: len as u64, kept });
        Ok(())
    }
}

/// What a newer program wrote is not touched: neither it nor anything beside it.
fn refuse_newer(disk: &dyn Disk, places: &Places) -> Result<(), OpenError> {
    for folder in [&places.data, &places.store, &places.logs, &places.parts] {
        let names = match disk.list(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            names => names.map_err(failed("list", folder))?,
        };
        for name in names {
            let path = folder.join(name);
            // What cannot be read is told of by what needs it.
            if disk.read_at(&path, 0, format::LEN).is_ok_and(|bytes| format::is_newer(&bytes)) {
                return Err(OpenError::Newer(path));
            }
        }
    }
    Ok(())
}

/// A [`DiskError`] about `path`.
pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DiskError {
    move |source| DiskError { doing, path: path.into(), source }
}
