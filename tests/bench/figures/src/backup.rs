//! A backup of the whole journal made, looked at and restored, and a journal with a passphrase opened.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::home::{Home, succeed};
use crate::memory::{self, Memory};
use crate::samples::Samples;
use crate::{Bench, Refusal, disk, table};

const PASSPHRASE: &str = "a passphrase of some length\n";

/// Prints the tables.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    let passphrase = bench.place.join("passphrase");
    std::fs::write(&passphrase, PASSPHRASE)?;
    backups(bench, &passphrase)?;
    unlocking(bench, &passphrase)
}

/// A command that reads the passphrase on its standard input.
fn typed(home: &Home<'_>, args: &[&str], passphrase: &Path) -> Result<(), Refusal> {
    succeed(home.command(&[args, &["--fd", "0"]].concat()).stdin(File::open(passphrase)?))
}

fn backups(bench: &Bench<'_>, passphrase: &Path) -> Result<(), Refusal> {
    let [mut copied, mut made, mut seen, mut restored] = std::array::from_fn(|_| Samples::default());
    let file = bench.place.join("backup");
    let named = file.to_str().ok_or("a path that is no text")?.to_owned();
    let (mut bytes, mut peak) = (0, None);
    for _ in 0..bench.rounds.min(5) {
        let mut home = Home::copy(bench.programs, bench.filled, bench.place.join("b"))?;
        home.start()?;
        let copy: PathBuf = bench.place.join("copy");
        copied.time(|| disk::copy(&home.folder.join("data"), &copy).and_then(|()| succeed(std::process::Command::new("sync").arg("-f").arg(&copy))))?;
        std::fs::remove_dir_all(&copy)?;
        let _ = std::fs::remove_file(&file);
        made.time(|| typed(&home, &["backup", "create", &named], passphrase))?;
        peak.get_or_insert(Memory::of(&home)?);
        bytes = std::fs::metadata(&file)?.len();
        seen.time(|| typed(&home, &["backup", "verify", &named], passphrase))?;
        home.stop()?;
        let mut back = Home::new(bench.programs, bench.place.join("r"))?;
        back.ok(&["status"])?;
        restored.time(|| typed(&back, &["backup", "restore", &named], passphrase))?;
        back.adopt()?;
        back.stop()?;
    }
    table::durations(
        &format!("A backup of {} sessions", bench.sessions.len()),
        "beside the copy",
        &[
            ("the folder copied with all that is in it, and synced", &copied),
            ("`asif backup create`: sealed, synced, read back, restored in memory", &made),
            ("`asif backup verify`: opened, restored in memory", &seen),
            ("`asif backup restore` into an empty home: the same, written, and opened", &restored),
        ],
    );
    let folder = disk::log_bytes(bench.filled)? + disk::sealed_bytes(bench.filled)?;
    println!(
        "\nThe file has {}: {} times the logs, checkpoints and pieces that it was made of.",
        table::bytes(bytes as f64),
        table::ratio(bytes as f64, folder as f64)
    );
    if let Some(peak) = peak {
        let nothing = memory::of_empty(bench)?;
        memory::head("Memory of a daemon that has made a backup");
        peak.row("the journal, once a backup was made", &nothing);
    }
    Ok(())
}

fn unlocking(bench: &Bench<'_>, passphrase: &Path) -> Result<(), Refusal> {
    let [mut started, mut unlocked] = std::array::from_fn(|_| Samples::default());
    let mut home = Home::copy(bench.programs, bench.filled, bench.place.join("u"))?;
    home.start()?;
    let open = Memory::of(&home)?;
    for _ in 0..bench.rounds {
        home.stop()?;
        started.time(|| home.start().map(drop))?;
    }
    typed(&home, &["lock", "passphrase"], passphrase)?;
    let mut locked = None;
    for _ in 0..bench.rounds {
        home.ok(&["lock", "now"])?;
        locked = Some(Memory::of(&home)?);
        unlocked.time(|| typed(&home, &["unlock"], passphrase))?;
    }
    let after = Memory::of(&home)?;
    home.stop()?;
    table::durations(
        &format!("A journal of {} sessions opened with a passphrase", bench.sessions.len()),
        "beside the start",
        &[
            ("a daemon started without a passphrase, until it has listed the newest session", &started),
            ("`asif unlock`, whole process: the passphrase stretched over 64 MiB, the journal opened", &unlocked),
        ],
    );
    let nothing = memory::of_empty(bench)?;
    memory::head("Memory, and a passphrase");
    open.row("the journal, before there was one", &nothing);
    if let Some(locked) = locked {
        locked.row(&format!("locked, the {}th time", bench.rounds), &nothing);
    }
    after.row("open again", &nothing);
    Ok(())
}
