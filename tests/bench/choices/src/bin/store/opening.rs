//! What it takes until the tip of each log is known, and until every entry was read and its link recomputed.

use std::fs::File;
use std::path::Path;

use choices::{Samples, head, human, row};
use rustix::fs::{Advice, fadvise};

use crate::entry_store::{EntryStore, Refusal, Variant};
use crate::own_file::OwnFiles;
use crate::record::{Chains, Tips};

/// What is done with a closed store.
#[derive(Clone, Copy)]
enum Step {
    /// The tips as the store gives them: for own files this includes reading and verifying all.
    Tips,
    /// Own files only: the tips from the lengths, links trusted.
    Hop,
    /// Every entry read, every link recomputed.
    Verify,
    /// The store's own integrity check.
    Check,
}

const STEPS: [(Variant, Step, &str); 9] = [
    (Variant::Own, Step::Tips, "own: open, all links recomputed"),
    (Variant::Own, Step::Hop, "own: read whole, lengths only, links trusted"),
    (Variant::Redb, Step::Tips, "redb: open, tips"),
    (Variant::Redb, Step::Verify, "redb: open, read and verify all"),
    (Variant::Redb, Step::Check, "redb: open, check_integrity"),
    (Variant::Sqlite, Step::Tips, "sqlite: open, tips"),
    (Variant::Sqlite, Step::Verify, "sqlite: open, read and verify all"),
    (Variant::Sqlite, Step::Check, "sqlite: open, integrity_check"),
    (Variant::SqliteSecure, Step::Tips, "sqlite-secure: open, tips"),
];

/// Times every step on the filled folders under `place`, in turn, `rounds` times warm, then a third of it cold.
pub fn run(place: &Path, rounds: u64) -> Result<(), Refusal> {
    let mut warm: Vec<Samples> = STEPS.iter().map(|_| Samples::default()).collect();
    let mut cold: Vec<Samples> = STEPS.iter().map(|_| Samples::default()).collect();
    let expected = Variant::Own.open(&place.join(Variant::Own.name()))?.tips()?;
    // Cold rounds come last, so that no warm step finds the pages gone.
    for round in 0..rounds + rounds / 3 {
        let is_cold = round >= rounds;
        for (at, (variant, step, name)) in STEPS.iter().enumerate() {
            let folder = place.join(variant.name());
            if is_cold {
                forget(&folder)?;
            }
            let samples = if is_cold { &mut cold[at] } else { &mut warm[at] };
            let (tips, _store) = samples.time(|| done(*variant, *step, &folder))?;
            if tips.is_some_and(|it| it != expected) {
                return Err(format!("{name}: other tips").into());
            }
        }
    }
    println!("\n## Opening ({rounds} rounds warm; cold: page cache dropped by fadvise)");
    head(&["step", "warm median", "p95", "/ own", "cold median", "/ own"]);
    for ((_, _, name), (warm_one, cold_one)) in STEPS.iter().zip(warm.iter().zip(&cold)) {
        row(&[
            (*name).to_owned(),
            human(warm_one.median()),
            human(warm_one.p95()),
            format!("{:.3}", warm_one.median() / warm[0].median()),
            human(cold_one.median()),
            format!("{:.3}", cold_one.median() / cold[0].median()),
        ]);
    }
    Ok(())
}

/// The tips, where the step finds them, and the store, still open.
type Done = (Option<Tips>, Option<Box<dyn EntryStore>>);

/// Opens and does the step; hands the store back so that closing it is not timed.
fn done(variant: Variant, step: Step, folder: &Path) -> Result<Done, Refusal> {
    if let Step::Hop = step {
        return Ok((Some(OwnFiles::hop(folder)?), None));
    }
    let mut store = variant.open(folder)?;
    let tips = match step {
        Step::Tips | Step::Hop => Some(store.tips()?),
        Step::Verify => Some(verified(store.as_mut())?),
        Step::Check if store.check()? => None,
        Step::Check => return Err("the store finds itself damaged".into()),
    };
    Ok((tips, Some(store)))
}

/// Reads every entry, recomputes every link, and returns the tips so found.
pub fn verified(store: &mut dyn EntryStore) -> Result<Tips, Refusal> {
    let mut chains = Chains::default();
    let mut broken = false;
    store.read_all(&mut |it| broken |= !chains.accept(&it.log, it.seq, &it.link, &it.entry))?;
    if broken { Err("a chain is broken".into()) } else { Ok(chains.0) }
}

fn forget(folder: &Path) -> Result<(), Refusal> {
    for item in std::fs::read_dir(folder)? {
        let file = File::open(item?.path())?;
        file.sync_all()?;
        fadvise(&file, 0, None, Advice::DontNeed)?;
    }
    Ok(())
}
