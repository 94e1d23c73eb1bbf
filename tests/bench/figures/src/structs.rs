//! All sessions into plain structs, with nothing of them in memory before: in the core, without a socket, beside the same from a text file.

use std::path::Path;
use std::time::Duration;

use asif_proto::local::{ListFilter, Reply, Request};
use asif_proto::record::Session;
use jiff::Timestamp;

use crate::core::Core;
use crate::home::Home;
use crate::samples::Samples;
use crate::{Bench, Refusal, table};

/// Prints the table.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    let (plain, packed) = (bench.place.join("lines"), bench.place.join("lines.zst"));
    std::fs::write(&plain, bench.lines)?;
    std::fs::write(&packed, zstd::bulk::compress(bench.lines, 19)?)?;
    let home = Home::copy(bench.programs, bench.filled, bench.place.join("i"))?;
    let version = bench.programs.version()?;
    let [mut parsed, mut unpacked, mut wholes, mut openings, mut startings, mut tellings, mut again] =
        std::array::from_fn(|_| Samples::default());
    for _ in 0..bench.rounds {
        let lines = parsed.time(|| from_lines(&plain, false))?;
        drop(unpacked.time(|| from_lines(&packed, true))?);
        let mut core = Core::open(&home.folder, 3, &version, Timestamp::now())?;
        let (took, sessions) = all(&mut core)?;
        openings.keep(core.opening);
        startings.keep(core.starting);
        tellings.keep(took);
        wholes.keep(core.opening + core.starting + took);
        again.keep(all(&mut core)?.0);
        if lines != sessions {
            return Err("the core tells other sessions than the text file".into());
        }
    }
    table::durations(
        &format!("{} sessions into plain structs, from the disk", bench.sessions.len()),
        "beside the JSON lines",
        &[
            ("a file of JSON lines, read and parsed by `serde_json` into the same structs", &parsed),
            ("the same file packed by `zstd -19`, unpacked and parsed", &unpacked),
            ("the core: store and saved view opened, and every session of it told", &wholes),
            ("of it the store: every byte read and checked", &openings),
            ("of it the head of the view: where each session is", &startings),
            ("of it every part opened, and every session made a struct", &tellings),
            ("every session again, with all parts open", &again),
        ],
    );
    Ok(())
}

/// Every session that a core has, and how long it took to tell them.
fn all(core: &mut Core) -> Result<(Duration, Vec<Session>), Refusal> {
    match core.told(Timestamp::now(), Request::List(ListFilter::default()))? {
        (took, Reply::Sessions(sessions)) => Ok((took, sessions)),
        _ => Err("another reply than was asked for".into()),
    }
}

/// Every session of a file with a line of JSON for each.
fn from_lines(file: &Path, is_packed: bool) -> Result<Vec<Session>, Refusal> {
    let bytes = std::fs::read(file)?;
    let text = if is_packed { zstd::stream::decode_all(bytes.as_slice())? } else { bytes };
    Ok(text.split(|byte| *byte == b'\n').map(serde_json::from_slice).collect::<Result<_, _>>()?)
}
