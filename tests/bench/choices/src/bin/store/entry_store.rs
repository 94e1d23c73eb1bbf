//! One face for the stores under comparison, and the list of them.

use std::path::Path;

use crate::own_file::OwnFiles;
use crate::record::{Record, Tips};
use crate::redb_file::RedbFile;
use crate::sqlite_file::SqliteFile;

/// Whatever a store says when it refuses; only that it refuses matters here.
pub type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// Keeps entries durably, in the order of each log.
pub trait EntryStore {
    /// Returns when the entry is on stable storage.
    fn append(&mut self, record: &Record) -> Result<(), Refusal>;
    /// The last entry of each log.
    fn tips(&mut self) -> Result<Tips, Refusal>;
    /// Visits every entry, in the order of each log, without verifying it.
    fn read_all(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), Refusal>;
    /// The store's own check of its file, where it has one: false or a refusal means damage.
    fn check(&mut self) -> Result<bool, Refusal>;
    /// Bytes that the last open took for a torn tail and cut.
    fn cut(&self) -> usize {
        0
    }
}

/// The stores under comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Variant {
    /// One append-only chained file a log.
    Own,
    /// redb, durability immediate.
    Redb,
    /// The same with quick repair (the allocator state and two phases in each commit).
    RedbQuick,
    /// SQLite, write-ahead log, synchronous FULL.
    Sqlite,
    /// The same with `secure_delete`.
    SqliteSecure,
}

impl Variant {
    pub const ALL: [Self; 5] = [Self::Own, Self::Redb, Self::RedbQuick, Self::Sqlite, Self::SqliteSecure];

    /// The name in tables and on the child's command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Redb => "redb",
            Self::RedbQuick => "redb-quick",
            Self::Sqlite => "sqlite",
            Self::SqliteSecure => "sqlite-secure",
        }
    }

    /// Opens or creates the store in `folder`. Own files verify every chain here; the others trust their pages.
    pub fn open(self, folder: &Path) -> Result<Box<dyn EntryStore>, Refusal> {
        std::fs::create_dir_all(folder)?;
        Ok(match self {
            Self::Own => Box::new(OwnFiles::open(folder)?),
            Self::Redb => Box::new(RedbFile::open(folder, false)?),
            Self::RedbQuick => Box::new(RedbFile::open(folder, true)?),
            Self::Sqlite => Box::new(SqliteFile::open(folder, false)?),
            Self::SqliteSecure => Box::new(SqliteFile::open(folder, true)?),
        })
    }
}
