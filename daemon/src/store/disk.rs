//! The seam between the store and a disk, so that a simulation can lose power where it likes.

use std::fmt::Debug;
use std::io;
use std::path::Path;

/// What the store asks of a disk. Every path is absolute or below one folder; nothing is durable before it is synced.
pub trait Disk: Debug + Send + Sync {
    /// Makes a folder for the owner alone, and those above it, durably; one that is there is only checked.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// The names in a folder, sorted.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Makes the names in a folder durable: files made, renamed, removed.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes an empty file for the owner alone; one that is there is an error.
    fn create(&self, path: &Path) -> io::Result<()>;
    /// A whole file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Exactly `len` bytes from `offset`.
    fn read_at(&self, path: &Path, offset: u64, len: usize) -> io::Result<Vec<u8>>;
    /// Adds to the end of a file that is there. A failure may leave a part of it.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Cuts a file off.
    fn truncate(&self, path: &Path, len: u64) -> io::Result<()>;
    /// Makes the content and the length of a file durable.
    fn sync(&self, path: &Path) -> io::Result<()>;
    /// Writes the bytes from `offset` on once more, where they are, and syncs: also what a sync that failed earlier has let go of, and only
    /// still looks written, is then on the disk.
    fn sync_again(&self, path: &Path, offset: u64) -> io::Result<()>;
    /// Gives a file another name in the same folder, in place of what had that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Takes a file away.
    fn remove(&self, path: &Path) -> io::Result<()>;
}
