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
    let mut sum = 0;
    for file in fs::read_dir(home.join("data/store/logs"))? {
        sum += file?.metadata()?.len();
    }
    Ok(sum)
}

/// Bytes of its checkpoints and their pieces.
pub(crate) fn sealed_bytes(home: &Path) -> Result<u64, Refusal> {
    let mut sum = 0;
    for folder in ["data/store/checkpoints", "data/store/pieces"] {
        for file in fs::read_dir(home.join(folder))? {
            sum += file?.metadata()?.len();
        }
    }
    Ok(sum)
}

/// What a home holds, in words.
pub(crate) fn sizes(home: &Path) -> Result<String, Refusal> {
    let view = fs::metadata(home.join("data/view"))?.len();
    Ok(format!("sealed logs {}, view {}", bytes(log_bytes(home)? as f64), bytes(view as f64)))
}
