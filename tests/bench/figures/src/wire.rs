//! Bytes on the wire, counted by a relay between two daemons: QUIC and all, with the headers of UDP and IP told apart.

use std::time::Duration;

use asif_proto::local::Request;

use crate::relay::Sum;
use crate::visible::Pair;
use crate::{Bench, Refusal, disk, table};

const NEW: usize = 20;
const MEETINGS: usize = 5;
/// Nothing passed for so long: it is over. Shorter than the ten seconds between two signs of life.
const QUIET: Duration = Duration::from_millis(500);

/// Prints the tables.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    let mut pair = Pair::new(bench, true)?;
    let relay = pair.relay.take().ok_or("no relay")?;
    relay.rest(QUIET)?;
    let first = relay.sums();

    let lines = pair.one.newest(None)?;
    let json: Vec<Vec<u8>> = lines.iter().map(serde_json::to_vec).collect::<Result<_, _>>()?;
    let text = json.join(&b'\n');
    let packed = zstd::bulk::compress(&text, 19)?.len() as f64;
    table::head("Bytes on the wire: the first sync of all", &["what", "bytes", "beside zstd -19"]);
    let sealed = (disk::log_bytes(&pair.laptop.folder)? + disk::sealed_bytes(&pair.laptop.folder)?) as f64;
    for (name, bytes) in [
        ("the same sessions as JSON lines, zstd -19", packed),
        ("the same sessions as JSON lines", text.len() as f64),
        ("checkpoint, pieces and logs on the disk of A", sealed),
        ("sent to B, UDP payload", first.1.payload() as f64),
        ("sent by B (requests, acknowledgements), UDP payload", first.0.payload() as f64),
        ("both ways, with the headers of UDP and IP", (first.0.whole() + first.1.whole()) as f64),
    ] {
        table::row(&[name.to_owned(), table::bytes(bytes), table::ratio(bytes, packed)]);
    }

    table::head("Bytes on the wire: one new session", &["what, in the median of 20", "bytes", "beside its JSON"]);
    let (mut sessions, mut there, mut back, mut whole, mut datagrams) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for entry in bench.sessions.iter().rev().take(NEW) {
        relay.rest(QUIET)?;
        relay.forget();
        let mut request = entry.request();
        if let Request::Log { fields, .. } = &mut request {
            fields.at = None;
        }
        pair.one.ask(request)?;
        relay.rest(QUIET)?;
        let (to_laptop, to_desktop) = relay.sums();
        sessions.push(pair.one.newest(Some(1))?.first().map(serde_json::to_vec).transpose()?.unwrap_or_default().len());
        there.push(to_desktop.payload());
        back.push(to_laptop.payload());
        whole.push(to_laptop.whole() + to_desktop.whole());
        datagrams.push(to_laptop.datagrams + to_desktop.datagrams);
    }
    let json = median(&mut sessions);
    for (name, bytes) in [
        ("its JSON", json),
        ("sent to B, UDP payload", median(&mut there)),
        ("sent by B (acknowledgements), UDP payload", median(&mut back)),
        ("both ways, with the headers of UDP and IP", median(&mut whole)),
    ] {
        table::row(&[name.to_owned(), table::bytes(bytes), table::ratio(bytes, json)]);
    }
    println!("\nDatagrams: {}.", median(&mut datagrams));

    // B starts again, at another port: A does not know where, so that only B dials, and through the relay.
    let mut sums = Vec::new();
    for _ in 0..MEETINGS {
        pair.desktop.stop()?;
        let _ = std::fs::remove_file(pair.desktop.folder.join("state/port"));
        relay.rest(QUIET)?;
        relay.forget();
        pair.other = pair.desktop.start()?;
        pair.desktop.ok(&["sync", "--wait", "--timeout", "60s"])?;
        relay.rest(QUIET)?;
        let (to_laptop, to_desktop) = relay.sums();
        sums.push(Sum {
            datagrams: to_laptop.datagrams + to_desktop.datagrams,
            handshake: to_laptop.handshake + to_desktop.handshake,
            after: to_laptop.after + to_desktop.after,
        });
    }
    table::head("Bytes on the wire: two equal peers meet", &["what, both ways, in the median of 5", "bytes", "beside the handshake"]);
    let handshake = median(&mut sums.iter().map(|sum| sum.handshake).collect::<Vec<_>>());
    for (name, bytes) in [
        ("the handshake: QUIC, TLS with ML-KEM, both keys; padding included", handshake),
        ("after it: Hello both ways, acknowledgements", median(&mut sums.iter().map(|sum| sum.after).collect::<Vec<_>>())),
        ("all, with the headers of UDP and IP", median(&mut sums.iter().map(Sum::whole).collect::<Vec<_>>())),
    ] {
        table::row(&[name.to_owned(), table::bytes(bytes), table::ratio(bytes, handshake)]);
    }
    println!("\nDatagrams: {}.", median(&mut sums.iter().map(|sum| sum.datagrams).collect::<Vec<_>>()));
    pair.stop()
}

fn median(values: &mut [usize]) -> f64 {
    values.sort_unstable();
    values.get(values.len() / 2).map_or(f64::NAN, |value| *value as f64)
}
