//! All files of a home that make it what it is, for a backup of it; and a home made of such files.
//!
//! Not among them: what can be made anew (the view), where the home lies, what was set aside, and the plan's readable copy.

use std::io;
use std::path::Path;

use super::open::failed;
use super::rewrite::UNFINISHED;
use super::{Disk, DiskError};

/// The small files.
const SMALL: [&str; 8] = ["vault.key", "peers", "withheld", "erased", "delays", "drafts", "reminded", VAULT];
/// What makes a home of the rest: it comes last.
const VAULT: &str = "vault";
const STORE: &str = "store";
const FOLDERS: [&str; 3] = ["logs", "checkpoints", "pieces"];
const FILES: [&str; 4] = ["statements", "held", "dropped", "takeover"];

/// Each file by its name below the data folder, with what it holds.
pub fn files(disk: &dyn Disk, data: &Path) -> Result<Vec<(String, Vec<u8>)>, DiskError> {
    let mut names: Vec<String> = FILES.iter().map(|name| format!("{STORE}/{name}")).collect();
    for folder in FOLDERS {
        let path = data.join(STORE).join(folder);
        let found = match disk.list(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            found => found.map_err(failed("list", &path))?,
        };
        names.extend(found.into_iter().filter(|name| !name.ends_with(UNFINISHED)).map(|name| format!("{STORE}/{folder}/{name}")));
    }
    names.extend(SMALL.map(str::to_owned));
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let path = data.join(&name);
        match disk.read(&path) {
            Ok(bytes) => files.push((name, bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(failed("read", &path)(source)),
        }
    }
    Ok(files)
}

/// Writes these files below `data`, durably, the vault last: a home that was interrupted has none, and can be written again.
pub fn place(disk: &dyn Disk, data: &Path, files: &[(String, Vec<u8>)]) -> Result<(), DiskError> {
    let store = data.join(STORE);
    let folders: Vec<_> = [data.to_owned(), store.clone()].into_iter().chain(FOLDERS.map(|folder| store.join(folder))).collect();
    for folder in &folders {
        disk.create_dir(folder).map_err(failed("use the folder", folder))?;
    }
    let (last, first): (Vec<_>, Vec<_>) = files.iter().partition(|(name, _)| name == VAULT);
    for some in [first, last] {
        for (name, bytes) in some {
            write(disk, &data.join(name), bytes)?;
        }
        for folder in &folders {
            disk.sync_dir(folder).map_err(failed("sync", folder))?;
        }
    }
    Ok(())
}

fn write(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let unfinished = path.with_file_name(format!("{}{UNFINISHED}", path.file_name().unwrap_or_default().to_string_lossy()));
    match disk.remove(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("remove", &unfinished)(error)),
        _ => {}
    }
    disk.create(&unfinished).map_err(failed("make", &unfinished))?;
    disk.append(&unfinished, bytes).map_err(failed("write", &unfinished))?;
    disk.sync(&unfinished).map_err(failed("sync", &unfinished))?;
    disk.rename(&unfinished, path).map_err(failed("rename", &unfinished))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Fault, MemDisk};

    fn home() -> Vec<(String, Vec<u8>)> {
        ["vault", "store/logs/a", "store/statements", "store/pieces/b", "vault.key"]
            .map(|name| (name.to_owned(), name.repeat(300).into_bytes()))
            .to_vec()
    }

    #[test]
    fn wherever_the_power_goes_while_a_home_is_made_of_files_it_has_no_vault_or_is_whole() {
        let data = Path::new("/data");
        let mut whole = 0;
        for at in 0.. {
            let disk = MemDisk::new();
            disk.plan(move |call| (call.number >= at).then_some(Fault::PowerOff));
            let made = place(&disk, data, &home());
            let (calls, mut draw) = (disk.calls(), 7 + at);
            disk.crash(&mut |below: usize| {
                draw = (draw * 31 + 11) % 997;
                draw % below.max(1)
            });
            disk.heal();
            let mut found = files(&disk, data).unwrap();
            let mut all = home();
            found.sort();
            all.sort();
            let has_vault = found.iter().any(|(name, _)| name == VAULT);
            assert!(!has_vault || found == all, "at {at}");
            whole += usize::from(has_vault);
            // It can be made all the same.
            place(&disk, data, &home()).unwrap();
            let mut again = files(&disk, data).unwrap();
            again.sort();
            assert_eq!(again, all, "at {at}");
            if made.is_ok() && calls <= at {
                assert!(has_vault && whole > 0);
                return;
            }
        }
    }

    #[test]
    fn what_can_be_made_anew_and_what_is_half_written_is_not_among_the_files() {
        let (disk, data) = (MemDisk::new(), Path::new("/data"));
        place(&disk, data, &home()).unwrap();
        for name in ["view", "place", "lock", "vault.new", "store/logs/c.new", "crisis-plan"] {
            disk.create(&data.join(name)).unwrap();
        }
        let (mut found, mut all) = (files(&disk, data).unwrap(), home());
        found.sort();
        all.sort();
        assert_eq!(found, all);
    }
}
