//! What the entry of one session is made of, and where its bytes go.

use asif_daemon::seal::padding::padme;
use asif_daemon::seal::wire::{HEADER_LEN, NONCE_LEN};

use crate::opened::{self, Opened};
use crate::{Bench, Refusal, core, table};

/// Of XChaCha20-Poly1305.
const TAG: usize = 16;
/// Of Ed25519.
const SIGNATURE: usize = 64;
/// Before the bodies, and padded with them.
const LENGTH: usize = 4;

/// Of a session, how many bytes.
type Of = fn(&Opened) -> usize;

/// What there is of each session; those that begin with "of it" are parts of the sealed entry and together all of it.
const ROWS: [(&str, Of); 14] = [
    ("the plain Automerge change", |one| one.change.raw_bytes().len()),
    ("the session in it, packed as JSON", |one| one.value.len()),
    ("all the rest of it: key, writer, what it builds on, time, columns", |one| {
        one.change.raw_bytes().len().saturating_sub(one.value.len())
    }),
    ("the entry, sealed, as it is sent", |one| one.sealed),
    ("of it the change, packed by `zstd` by itself", |one| one.packed),
    ("of it what says which document and how it is packed", |one| one.bodies - one.packed),
    ("of it the length of that", |_| LENGTH),
    ("of it the padding", |one| padme(LENGTH + one.bodies) - LENGTH - one.bodies),
    ("of it the signature", |_| SIGNATURE),
    ("of it the tag", |_| TAG),
    ("of it the nonce", |_| NONCE_LEN),
    ("of it the header: version, suite, log, number", |_| HEADER_LEN),
    ("its length, link and kind in the file", |_| core::BEFORE_ENTRY),
    ("the entry on the disk", |one| one.sealed + core::BEFORE_ENTRY),
];

/// Prints the table.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    let sessions = opened::sessions(bench.entries)?;
    let title = format!("The entry of one session, of {}", sessions.len());
    table::head(&title, &["what", "median", "mean", "mean, beside the plain change"]);
    let mut plain = f64::NAN;
    let mut parts = 0.0;
    for (name, of) in ROWS {
        let mut sizes: Vec<usize> = sessions.iter().map(of).collect();
        sizes.sort_unstable();
        let median = sizes.get(sizes.len() / 2).copied().unwrap_or_default() as f64;
        let mean = sizes.iter().sum::<usize>() as f64 / sizes.len() as f64;
        if plain.is_nan() {
            plain = mean;
        }
        if name.starts_with("of it") {
            parts += mean;
        }
        table::row(&[name.to_owned(), table::bytes(median), table::bytes(mean), table::ratio(mean, plain)]);
    }
    let sealed = sessions.iter().map(|one| one.sealed).sum::<usize>() as f64 / sessions.len() as f64;
    match (parts - sealed).abs() < 1.0 {
        true => Ok(()),
        false => Err(format!("the parts are {parts:.0} bytes, and the entry {sealed:.0}").into()),
    }
}
