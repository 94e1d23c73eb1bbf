//! The journal, packed: how long that takes a daemon, and how large it is before, beside and after.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::core::Core;
use crate::home::{Home, eventually};
use crate::journal::Entry;
use crate::programs::Programs;
use crate::{Refusal, disk, table};

/// A daemon makes a checkpoint of so many entries or more.
pub(crate) const WORTH: usize = 1000;
/// What a checkpoint stands for is let go after a month.
const LATER: SignedDuration = SignedDuration::from_hours(31 * 24);

/// A journal whose entries a checkpoint stands for, a month after: in this folder, made of the one that was filled.
pub(crate) struct Compacted {
    /// The folder of the home.
    pub(crate) folder: PathBuf,
    /// How long until the checkpoint was there.
    pub(crate) took: Duration,
    /// Bytes of the logs before.
    pub(crate) entries: u64,
    /// Bytes of the checkpoint and its pieces.
    pub(crate) sealed: u64,
    /// Bytes of the logs after.
    pub(crate) left: u64,
    /// Bytes of the view.
    pub(crate) view: u64,
}

impl Compacted {
    /// Has a daemon make the checkpoint, and the core let go of what it stands for.
    pub(crate) fn of(filled: &Path, programs: &Programs, version: &str, place: &Path) -> Result<Self, Refusal> {
        let folder = place.join("packed");
        let entries = disk::log_bytes(filled)?;
        let mut home = Home::copy(programs, filled, place.join("c"))?;
        let start = Instant::now();
        drop(home.start()?);
        let kept = home.folder.join("data/store/checkpoints");
        let is_there = |folder: &Path| {
            std::fs::read_dir(folder).is_ok_and(|mut files| files.any(|file| file.is_ok_and(|file| file.path().extension().is_none())))
        };
        eventually("a checkpoint is made", || {
            std::thread::sleep(Duration::from_millis(20));
            is_there(&kept).then_some(())
        })?;
        let took = start.elapsed();
        home.stop()?;
        disk::copy(&home.folder, &folder)?;
        let wall = Timestamp::now() + LATER;
        let mut core = Core::open(&folder, 1, version, wall)?;
        core.idle(wall, 8)?;
        core.stop(wall)?;
        let (sealed, left) = (disk::sealed_bytes(&folder)?, disk::log_bytes(&folder)?);
        let view = disk::view_bytes(&folder)?;
        Ok(Self { folder, took, entries, sealed, left, view })
    }

    /// Prints the table.
    pub(crate) fn tell(&self, sessions: &[Entry], lines: &[u8]) -> Result<(), Refusal> {
        let packed = zstd::bulk::compress(lines, 19)?.len() as f64;
        let title = format!("Packed: {} sessions, made in {:.1?} beside everything else", sessions.len(), self.took);
        table::head(&title, &["what", "bytes", "beside zstd -19"]);
        for (name, bytes) in [
            ("the same sessions as JSON lines, zstd -19", packed),
            ("the sealed logs, an entry for each session", self.entries as f64),
            ("the checkpoint and its pieces, sealed", self.sealed as f64),
            ("a month later: what is left of the logs", self.left as f64),
            ("a month later: checkpoint, pieces and logs", (self.sealed + self.left) as f64),
            ("the view beside it", self.view as f64),
        ] {
            table::row(&[name.to_owned(), table::bytes(bytes), table::ratio(bytes, packed)]);
        }
        Ok(())
    }
}
