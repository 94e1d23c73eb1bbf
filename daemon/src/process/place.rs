//! Where a home lies: which machine, which folder. A copy of a home lies somewhere else.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Where Linux tells which installation this is (machine-id(5)).
const MACHINE: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

/// A digest of the machine and of the folder's number on its file system; `None` if the folder cannot be asked. It tells neither.
///
/// Not of the device number, which may change with every boot.
pub fn of(folder: &Path) -> Option<[u8; 32]> {
    let inode = std::fs::metadata(folder).ok()?.ino();
    let machine = MACHINE.iter().find_map(|path| std::fs::read(path).ok()).unwrap_or_default();
    let mut hasher = blake3::Hasher::new_derive_key("asif place v1");
    hasher.update(&inode.to_be_bytes());
    hasher.update(machine.trim_ascii());
    Some(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_lies_somewhere_else_and_a_renamed_home_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let (home, copy, renamed) = (folder.path().join("home"), folder.path().join("copy"), folder.path().join("renamed"));
        for path in [&home, &copy] {
            std::fs::create_dir(path).unwrap();
        }
        let place = of(&home).unwrap();
        assert_ne!(of(&copy), Some(place));
        std::fs::rename(&home, &renamed).unwrap();
        assert_eq!(of(&renamed), Some(place));
        assert_eq!(of(&home), None);
    }
}
