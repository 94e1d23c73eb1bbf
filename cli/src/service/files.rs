//! The files of a service: written whole, never over what somebody else wrote, and removed again.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use asif_proto::home::Home;

use super::{ServiceError, set};

/// What the first line of such a file says.
const WRITTEN: &str = "Written by `asif daemon install`; `asif daemon uninstall` removes it.";
/// How the second one begins, before the journal's folder.
const JOURNAL: &str = "Journal: ";
/// The most bytes of a file that are looked at.
const MAX_LOOK: u64 = 64 << 10;

/// A file for the service manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// Two comment lines that tell who wrote a file, and for which journal.
pub(super) fn first_lines(before: &str, data: &Path, after: &str) -> String {
    // A comment of a plist cannot hold two hyphens in a row.
    let data = data.display().to_string();
    let data = if after.is_empty() { data } else { data.replace("--", "- -") };
    format!("{before}{WRITTEN}{after}\n{before}{JOURNAL}{data}{after}\n")
}

/// Where the person's own units are kept.
pub fn folder(variable: &impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, ServiceError> {
    let home = || set(variable, "HOME").map(PathBuf::from);
    if cfg!(target_os = "macos") {
        return home().map(|home| home.join("Library/LaunchAgents")).ok_or(ServiceError::NoFolder);
    }
    let config = set(variable, "XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let config = config.or_else(|| home().map(|home| home.join(".config"))).ok_or(ServiceError::NoFolder)?;
    Ok(config.join("systemd/user"))
}

/// The names of the files of the service called `name`.
pub fn names(name: &str) -> Vec<String> {
    if cfg!(target_os = "macos") { vec![format!("asif.{name}.plist")] } else { vec![format!("{name}.socket"), format!("{name}.service")] }
}

/// Those files of the service called `name` in `folder` that were written for `home`.
pub fn installed(folder: &Path, name: &str, home: &Home) -> Vec<PathBuf> {
    let all = names(name).into_iter().map(|name| folder.join(name));
    all.filter(|path| matches!(whose(path, &home.data), Whose::Ours)).collect()
}

/// Whose a file is.
enum Whose {
    Nobody,
    Ours,
    Other(String),
}

/// Reads no further than the first lines, and follows no link.
fn whose(path: &Path, data: &Path) -> Whose {
    let Ok(meta) = path.symlink_metadata() else { return Whose::Nobody };
    if !meta.is_file() {
        return Whose::Other("it is not a plain file".to_owned());
    }
    let mut text = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| io::Read::read_to_end(&mut io::Read::take(file, MAX_LOOK), &mut text));
    if let Err(error) = read {
        return Whose::Other(format!("it cannot be read ({error})"));
    }
    let text = String::from_utf8_lossy(&text);
    if !text.contains(WRITTEN) {
        return Whose::Other("asif did not write it".to_owned());
    }
    let plist = path.extension().is_some_and(|end| end == "plist");
    let ours = if plist { first_lines("<!-- ", data, " -->") } else { first_lines("# ", data, "") };
    if text.contains(&ours) { Whose::Ours } else { Whose::Other("it is for another journal".to_owned()) }
}

/// Writes `units` into `folder`; each is there whole or not at all. What somebody else wrote is left, and nothing is written then.
pub fn write(folder: &Path, units: &[Unit], home: &Home) -> Result<Vec<PathBuf>, ServiceError> {
    let paths: Vec<PathBuf> = units.iter().map(|unit| folder.join(&unit.name)).collect();
    for path in &paths {
        if let Whose::Other(why) = whose(path, &home.data) {
            return Err(ServiceError::InTheWay { path: path.clone(), why });
        }
    }
    std::fs::create_dir_all(folder).map_err(|source| ServiceError::Io { doing: "make", path: folder.to_owned(), source })?;
    for (path, unit) in paths.iter().zip(units) {
        write_whole(folder, path, unit).map_err(|source| ServiceError::Io { doing: "write", path: path.clone(), source })?;
    }
    Ok(paths)
}

fn write_whole(folder: &Path, path: &Path, unit: &Unit) -> io::Result<()> {
    let unfinished = folder.join(format!(".{}.{}", unit.name, std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o644).open(&unfinished)?;
    let written = file.write_all(unit.text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| std::fs::rename(&unfinished, path));
    if written.is_err() {
        // What could not be finished is of no use, and its name tells nobody anything.
        let _ = std::fs::remove_file(&unfinished);
    }
    written
}

/// Removes the files that [`installed`] tells, and the links by which systemd would start them at a login.
pub fn remove(folder: &Path, paths: &[PathBuf]) -> Result<(), ServiceError> {
    for path in paths {
        remove_one(path)?;
        for wants in ["default.target.wants", "sockets.target.wants"] {
            let Some(name) = path.file_name() else { continue };
            let link = folder.join(wants).join(name);
            if link.symlink_metadata().is_ok_and(|meta| meta.is_symlink()) {
                remove_one(&link)?;
            }
        }
    }
    Ok(())
}

fn remove_one(path: &Path) -> Result<(), ServiceError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(ServiceError::Io { doing: "remove", path: path.into(), source }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::tests::of;

    #[test]
    fn what_somebody_else_wrote_is_neither_written_over_nor_removed() {
        let folder = tempfile::tempdir().unwrap();
        let ours = of(&[("ASIF_HOME", "/one")], "/usr/bin/asifd").unwrap();
        let units = ours.systemd();
        let at = folder.path().join("systemd/user");
        let written = write(&at, &units, &ours.home).unwrap();
        assert_eq!(write(&at, &units, &ours.home).unwrap(), written, "a second time it is written anew");
        assert_eq!(installed(&at, &ours.name, &ours.home), written);

        let another = of(&[("ASIF_HOME", "/two")], "/usr/bin/asifd").unwrap();
        assert!(matches!(write(&at, &units, &another.home), Err(ServiceError::InTheWay { .. })), "another home's");
        assert!(installed(&at, &ours.name, &another.home).is_empty());

        for strange in ["[Unit]\n", ""] {
            std::fs::write(&written[1], strange).unwrap();
            assert!(matches!(write(&at, &units, &ours.home), Err(ServiceError::InTheWay { .. })));
            assert_eq!(installed(&at, &ours.name, &ours.home), written[..1]);
        }
        std::fs::remove_file(&written[1]).unwrap();
        std::os::unix::fs::symlink("/dev/null", &written[1]).unwrap();
        assert!(matches!(write(&at, &units, &ours.home), Err(ServiceError::InTheWay { .. })), "as one that was masked");
        remove(&at, &installed(&at, &ours.name, &ours.home)).unwrap();
        assert!(!written[0].exists() && written[1].symlink_metadata().is_ok());
    }
}
