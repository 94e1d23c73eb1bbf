//! What `kill -9` leaves behind: a child appends as fast as it can and prints each acknowledged entry.
//!
//! A kill loses no page cache, so this shows what a dying process leaves, not what a power cut leaves.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use choices::{Samples, head, human, row};

use crate::copy;
use crate::entry_store::{Refusal, Variant};
use crate::fill::LOGS;
use crate::record::{Chains, Record, Tips, log_id};

/// The first argument of a child.
pub const CHILD: &str = "child";

/// Appends to the logs in turn until it is killed; prints log and seq of each entry once it is stored.
pub fn child(variant: Variant, folder: &Path) -> Result<(), Refusal> {
    let mut store = variant.open(folder)?;
    let mut tips = store.tips()?;
    let mut out = std::io::stdout().lock();
    for index in (0..LOGS).cycle() {
        let (seq, link) = tips.entry(log_id(index)).or_default();
        let record = Record::made(log_id(index), *seq + 1, link);
        store.append(&record)?;
        (*seq, *link) = (record.seq, record.link);
        writeln!(out, "{index} {seq}")?;
        out.flush()?;
    }
    Ok(())
}

#[derive(Default)]
struct Tally {
    acknowledged: u64,
    lost: u64,
    unreadable: u64,
    torn: u64,
    unacknowledged: u64,
    clean: Samples,
    reopen: Samples,
}

/// Kills a child of each variant `kills` times, in turn, on copies of the filled folders.
pub fn run(place: &Path, kills: u64) -> Result<(), Refusal> {
    let mut tallies: Vec<(Variant, Tally)> = Variant::ALL.map(|it| (it, Tally::default())).into();
    let copies = place.join("killed");
    for (variant, _) in &tallies {
        copy(&place.join(variant.name()), &copies.join(variant.name()), |_| true)?;
    }
    for round in 0..kills {
        for (variant, tally) in &mut tallies {
            once(*variant, &copies.join(variant.name()), round % 4 == 0, tally)?;
        }
    }
    println!("\n## {kills} kills each, one in four also while it opens");
    head(&[
        "store",
        "acknowledged",
        "lost",
        "unreadable",
        "torn tails",
        "stored, not acknowledged",
        "clean open, median",
        "reopen after kill, median",
        "p95",
        "max",
    ]);
    for (variant, tally) in &tallies {
        row(&[
            variant.name().to_owned(),
            tally.acknowledged.to_string(),
            tally.lost.to_string(),
            tally.unreadable.to_string(),
            tally.torn.to_string(),
            tally.unacknowledged.to_string(),
            human(tally.clean.median()),
            human(tally.reopen.median()),
            human(tally.reopen.p95()),
            human(tally.reopen.max()),
        ]);
    }
    Ok(())
}

fn once(variant: Variant, folder: &Path, any_time: bool, tally: &mut Tally) -> Result<(), Refusal> {
    let before = tally.clean.time(|| variant.open(folder)?.tips())?;
    let acknowledged = acknowledged_until_killed(variant, folder, any_time)?;
    tally.acknowledged += acknowledged.len() as u64;

    let reopened = tally.reopen.time(|| {
        let mut store = variant.open(folder)?;
        let tips = store.tips()?;
        Ok::<_, Refusal>((store, tips))
    });
    let Ok((mut store, tips)) = reopened else {
        tally.unreadable += 1;
        return Err(format!("{}: does not reopen after a kill", variant.name()).into());
    };
    tally.torn += u64::from(store.cut() > 0);

    let mut chains = Chains::default();
    let mut whole = true;
    store.read_all(&mut |it| {
        let (base, _) = before.get(&it.log).copied().unwrap_or_default();
        let (_, previous) = chains.0.get(&it.log).copied().unwrap_or_default();
        whole &= it.seq <= base || it == Record::made(it.log, it.seq, &previous);
        whole &= chains.accept(&it.log, it.seq, &it.link, &it.entry);
    })?;
    tally.unreadable += u64::from(!whole || chains.0 != tips);
    tally.lost += acknowledged.iter().filter(|(index, seq)| last(&tips, *index) < *seq).count() as u64;
    let stored: u64 = (0..LOGS).map(|it| last(&tips, it) - last(&before, it)).sum();
    tally.unacknowledged += stored.saturating_sub(acknowledged.len() as u64);
    Ok(())
}

/// Log number and seq of every entry that the child acknowledged before it died.
fn acknowledged_until_killed(variant: Variant, folder: &Path, any_time: bool) -> Result<Vec<(u8, u64)>, Refusal> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([CHILD, variant.name()]).arg(folder).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let mut out = BufReader::new(child.stdout.take().ok_or("no pipe")?);
    let mut text = String::new();
    let longest = if any_time {
        100_000
    } else {
        out.read_line(&mut text)?;
        20_000
    };
    std::thread::sleep(Duration::from_micros(fastrand::u64(..longest)));
    child.kill()?;
    child.wait()?;
    out.read_to_string(&mut text)?;
    let mut acknowledged = Vec::new();
    for line in text.split_inclusive('\n').filter_map(|it| it.strip_suffix('\n')) {
        let (index, seq) = line.split_once(' ').ok_or("not an acknowledgement")?;
        acknowledged.push((index.parse()?, seq.parse()?));
    }
    Ok(acknowledged)
}

fn last(tips: &Tips, index: u8) -> u64 {
    tips.get(&log_id(index)).map_or(0, |(seq, _)| *seq)
}
