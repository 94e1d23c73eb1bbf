//! The copy that a wipe can leave: the sealed files together with their key, laid out as a home.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use asif_proto::home::Home;
use asif_proto::local::{ErrorKind, Failure};

use super::own::Own;

/// The folder that a copy is to be in, absolute: it is not there yet, and is not in what is removed.
pub(super) fn place(wanted: &Path, home: &Home) -> Result<PathBuf, Failure> {
    let refused = |why: &str| Failure::new(ErrorKind::Precondition, format!("the copy cannot be left at {}: {why}", wanted.display()));
    let (Some(name), above) = (wanted.file_name(), wanted.parent().unwrap_or(Path::new(""))) else {
        return Err(refused("name a new folder").hint("a folder that is not there yet, on a disk that you trust"));
    };
    let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
    let above = above.canonicalize().map_err(|error| refused(&format!("the folder above it: {error}")))?;
    let place = above.join(name);
    if place.symlink_metadata().is_ok() {
        return Err(refused("something is there already").hint("name a folder that is not there yet"));
    }
    let removed = [Some(home.data.as_path()), Some(&home.state), home.socket.parent()];
    if removed.into_iter().flatten().filter_map(|folder| folder.canonicalize().ok()).any(|folder| place.starts_with(folder)) {
        return Err(refused("it would be removed with the rest").hint("name a folder elsewhere"));
    }
    Ok(place)
}

/// Copies `own` into the new folder `place`, for its owner alone, and durably. What was begun is taken away where it cannot be finished.
pub(super) fn make(own: &Own, home: &Home, place: &Path) -> io::Result<()> {
    private_folder(place)?;
    let made = copy_all(own, home, place);
    if made.is_err() {
        // It was made here a moment ago and holds nothing but copies.
        let _ = std::fs::remove_dir_all(place);
    }
    made
}

fn copy_all(own: &Own, home: &Home, place: &Path) -> io::Result<()> {
    let mut folders = vec![place.to_owned()];
    for from in own.keys.iter().chain(&own.files) {
        let to = match from.strip_prefix(&home.data) {
            Ok(below) => place.join("data").join(below),
            Err(_) if *from == home.config => place.join("config.toml"),
            Err(_) => continue,
        };
        let above: Vec<PathBuf> = to.ancestors().skip(1).take_while(|folder| *folder != place).map(Path::to_owned).collect();
        for folder in above.into_iter().rev().filter(|folder| !folder.exists()).collect::<Vec<_>>() {
            private_folder(&folder)?;
            folders.push(folder);
        }
        copy_one(from, &to)?;
    }
    folders.iter().chain(place.parent().map(Path::to_owned).iter()).try_for_each(|folder| File::open(folder)?.sync_all())
}

fn copy_one(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    let mut to = File::options().write(true).create_new(true).mode(0o600).open(to)?;
    let copied = io::copy(&mut from, &mut to)?;
    if copied != from.metadata()?.len() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the copy is shorter than what it is of"));
    }
    to.sync_all()
}

fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}
