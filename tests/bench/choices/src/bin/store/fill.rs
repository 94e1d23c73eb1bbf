//! Durable appends, one entry at a time, all stores in turn, beside a bare write and fdatasync; then the sizes.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;

use choices::{Samples, head, human, megabytes, row};

use crate::entry_store::{Refusal, Variant};
use crate::own_file::framed;
use crate::record::{Link, Record, log_id};

/// How many logs share the entries.
pub const LOGS: u8 = 8;
const ZEROED: u64 = 4 << 20;

/// Makes entries in random logs, each following the one before it.
#[derive(Default)]
pub struct Writer([(u64, Link); LOGS as usize]);

impl Writer {
    /// The next entry, of a random log.
    pub fn next(&mut self) -> Record {
        let index = fastrand::u8(..LOGS);
        let (seq, link) = &mut self.0[usize::from(index)];
        *seq += 1;
        let record = Record::made(log_id(index), *seq, link);
        *link = record.link;
        record
    }
}

/// Fills one folder a variant under `place` with `entries` and prints what it took.
pub fn run(place: &Path, entries: u64) -> Result<(), Refusal> {
    let mut stores = Vec::new();
    for variant in Variant::ALL {
        stores.push((variant.open(&place.join(variant.name()))?, Samples::default()));
    }
    let mut bare = OpenOptions::new().append(true).create_new(true).open(place.join("bare"))?;
    let zeroed = zero_filled(&place.join("zeroed"))?;
    let (mut bare_samples, mut zeroed_samples) = (Samples::default(), Samples::default());

    let mut writer = Writer::default();
    let mut payload = 0;
    for round in 0..entries as usize {
        let record = writer.next();
        let bytes = framed(&record)?;
        payload += record.entry.len() as u64;
        bare_samples.time(|| bare.write_all(&bytes).and_then(|()| bare.sync_data()))?;
        let at = round as u64 * 800 % ZEROED;
        zeroed_samples.time(|| zeroed.write_all_at(&bytes, at).and_then(|()| zeroed.sync_data()))?;
        for turn in 0..stores.len() {
            let at = (turn + round) % Variant::ALL.len();
            let (store, samples) = &mut stores[at];
            samples.time(|| store.append(&record))?;
        }
    }
    let open: Vec<u64> = Variant::ALL.iter().map(|it| size(&place.join(it.name()))).collect::<Result<_, _>>()?;
    let times: Vec<Samples> = stores.into_iter().map(|(_, samples)| samples).collect();

    println!("\n## Durable append of {entries} entries in {LOGS} logs, {} of entries", megabytes(payload));
    head(&["store", "median", "p95", "max", "median / bare", "files, open", "files, closed", "closed / entries"]);
    let base = bare_samples.median();
    let none = || ["-"; 3].map(String::from);
    row(&cells("bare append + fdatasync", &bare_samples, base, none()));
    row(&cells("bare overwrite of zeros + fdatasync", &zeroed_samples, base, none()));
    for ((variant, samples), open) in Variant::ALL.iter().zip(&times).zip(open) {
        let closed = size(&place.join(variant.name()))?;
        let share = format!("{:.2}", closed as f64 / payload as f64);
        row(&cells(variant.name(), samples, base, [megabytes(open), megabytes(closed), share]));
    }
    Ok(())
}

/// A file whose bytes are already there, so that writing into it changes no length: what a reused WAL is.
fn zero_filled(path: &Path) -> Result<File, Refusal> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(&vec![0; ZEROED as usize + 800])?;
    file.sync_all()?;
    Ok(file)
}

fn cells(name: &str, samples: &Samples, base: f64, sizes: [String; 3]) -> Vec<String> {
    let mut cells = vec![
        name.to_owned(),
        human(samples.median()),
        human(samples.p95()),
        human(samples.max()),
        format!("{:.2}", samples.median() / base),
    ];
    cells.extend(sizes);
    cells
}

/// Bytes of all files in `folder`, without SQLite's shared-memory index.
fn size(folder: &Path) -> Result<u64, Refusal> {
    let mut total = 0;
    for item in std::fs::read_dir(folder)? {
        let item = item?;
        if !item.path().to_string_lossy().ends_with("-shm") {
            total += item.metadata()?.len();
        }
    }
    Ok(total)
}
