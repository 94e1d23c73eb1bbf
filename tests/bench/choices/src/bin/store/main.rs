//! Three ways to keep sealed entries: own append-only files, redb, SQLite.
//!
//! ```text
//! store [--entries 40000] [--rounds 15] [--kills 200] [--flips 200] [--seed 1]
//! ```
//! Works in a fresh folder under `TMPDIR` and removes it. What is compared runs interleaved.

use std::path::Path;

use crate::entry_store::{Refusal, Variant};

mod bit_flip;
mod entry_store;
mod fill;
mod kill;
mod opening;
mod own_file;
mod record;
mod redb_file;
mod sqlite_file;

fn main() -> Result<(), Refusal> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, name, folder] = &arguments[..]
        && role == kill::CHILD
    {
        let variant = Variant::ALL.into_iter().find(|it| it.name() == name).ok_or("no such variant")?;
        return kill::child(variant, Path::new(folder));
    }
    let seed = number(&arguments, "--seed", 1)?;
    fastrand::seed(seed);
    println!("seed {seed}");

    let place = tempfile::tempdir()?;
    fill::run(place.path(), number(&arguments, "--entries", 40_000)?)?;
    opening::run(place.path(), number(&arguments, "--rounds", 15)?)?;
    kill::run(place.path(), number(&arguments, "--kills", 200)?)?;
    bit_flip::run(number(&arguments, "--flips", 200)?)
}

fn number(arguments: &[String], name: &str, otherwise: u64) -> Result<u64, Refusal> {
    match arguments.iter().position(|it| it == name) {
        Some(at) => Ok(arguments.get(at + 1).ok_or("a number is missing")?.parse()?),
        None => Ok(otherwise),
    }
}

/// Copies the files of a store whose names `wanted` accepts.
fn copy(from: &Path, to: &Path, wanted: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    std::fs::create_dir_all(to)?;
    for item in std::fs::read_dir(from)? {
        let item = item?;
        if item.file_name().to_str().is_some_and(&wanted) {
            std::fs::copy(item.path(), to.join(item.file_name()))?;
        }
    }
    Ok(())
}
