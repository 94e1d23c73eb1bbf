//! Folders of homes: copied, and measured.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::Refusal;
use crate::table::bytes;

/// Copies a folder with everything below it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), Refusal> {
    DirBuilder::new().mode(0o700).create(to)?;
    for item in fs::read_dir(from)? {
        let item = item?;
        if item.file_type()?.is_dir() {
            copy(&item.path(), &to.join(item.file_name()))?;
        } else {
            fs::copy(item.path(), to.join(item.file_name()))?;
        }
    }
    Ok(())
}

/// Bytes of the sealed logs of a home.
pub(crate) fn log_bytes(home: &Path) -> Result<u64, Refusal> {
    bytes_in(&home.join("data/store/logs"))
}

/// Bytes of its checkpoints and their pieces.
pub(crate) fn sealed_bytes(home: &Path) -> Result<u64, Refusal> {
    Ok(bytes_in(&home.join("data/store/checkpoints"))? + bytes_in(&home.join("data/store/pieces"))?)
}

/// Bytes of its sealed view, head and parts.
pub(crate) fn view_bytes(home: &Path) -> Result<u64, Refusal> {
    Ok(view_head_bytes(home)? + bytes_in(&home.join("data/store/parts"))?)
}

/// Of these, the head.
pub(crate) fn view_head_bytes(home: &Path) -> Result<u64, Refusal> {
    Ok(fs::metadata(home.join("data/view"))?.len())
}

/// Bytes of the files in a folder, which may be absent.
fn bytes_in(folder: &Path) -> Result<u64, Refusal> {
    let mut sum = 0;
    if folder.is_dir() {
        for file in fs::read_dir(folder)? {
            sum += file?.metadata()?.len();
        }
    }
    Ok(sum)
}

/// What a home holds, in words.
pub(crate) fn sizes(home: &Path) -> Result<String, Refusal> {
    let view = view_bytes(home)?;
    Ok(format!("sealed logs {}, view {}", bytes(log_bytes(home)? as f64), bytes(view as f64)))
}
