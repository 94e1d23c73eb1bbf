//! A device removed among ten, with twenty grants: every space gets another key, sealed for everybody who stays.

use asif_daemon::Rng;
use asif_daemon::seal::hpke;
use asif_daemon::seal::keys::SealingSeed;
use rand_core::SeedableRng as _;

use crate::home::{Home, eventually};
use crate::samples::Samples;
use crate::{Bench, Refusal, table};

const DEVICES: usize = 10;
const GRANTS: usize = 20;
/// Boxes that are sealed: of the journal one for each device that stays and one for the kit; of each share one more, for its helper's device.
const BOXES: usize = DEVICES + GRANTS * (DEVICES + 1);

/// Prints the table.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    let [mut sealed, mut removed, mut heard] = std::array::from_fn(|_| Samples::default());
    let mut laptop = Home::copy(bench.programs, bench.empty, bench.place.join("l"))?;
    laptop.start()?;
    let mut devices = Vec::new();
    for number in 1..DEVICES {
        devices.push(joined(bench, &laptop, number)?);
    }
    for number in 0..GRANTS {
        let name = format!("helper {number}");
        let (ticket, _) = laptop.offer(&["share", "invite", "--name", &name])?;
        let mut helper = Home::new(bench.programs, bench.place.join(format!("h{number}")))?;
        helper.ok(&["helper", "join", &ticket, "--name", &name])?;
        helper.adopt()?;
        helper.stop()?;
    }
    let before = statements(&laptop)?;
    let mut grown = 0;
    for round in 0..bench.rounds.min(5) {
        let mut rng = Rng::seed_from_u64(7);
        let public = SealingSeed::random(&mut rng).public();
        sealed.time(|| (0..BOXES).try_for_each(|_| hpke::seal(&public, b"beside", &[7; 64], &mut rng).map(drop)))?;
        let gone = devices.remove(0);
        let witness = devices.last().ok_or("nobody is left")?;
        // Everybody who stays is there, and hears of it.
        let start = std::time::Instant::now();
        removed.time(|| laptop.ok(&["device", "remove", &gone.0, "--yes"]))?;
        eventually("the others have heard of it", || {
            let list = witness.1.json(&["device", "list"]).ok()?;
            (list.as_array()?.len() == DEVICES - 1).then_some(())
        })?;
        heard.keep(start.elapsed());
        if round == 0 {
            grown = statements(&laptop)? - before;
        }
        drop(gone);
        devices.push(joined(bench, &laptop, DEVICES + round)?);
    }
    table::durations(
        &format!("A device removed among {DEVICES}, with {GRANTS} grants"),
        "beside the sealing",
        &[
            (&format!("{BOXES} keys sealed (X-Wing), and nothing else"), &sealed),
            ("`asif device remove --yes`, whole process: the removal and every new key on the disk", &removed),
            ("until another device's list shows it, by asking again and again", &heard),
        ],
    );
    println!("\nThe statements of the first of them take {}.", table::bytes(grown as f64));
    Ok(())
}

fn joined<'p>(bench: &Bench<'p>, laptop: &Home<'_>, number: usize) -> Result<(String, Home<'p>), Refusal> {
    let (name, (ticket, _)) = (format!("device {number}"), laptop.ticket()?);
    let mut home = Home::new(bench.programs, bench.place.join(format!("d{number}")))?;
    home.ok(&["device", "join", &ticket, "--name", &name])?;
    home.adopt()?;
    Ok((name, home))
}

fn statements(home: &Home<'_>) -> Result<u64, Refusal> {
    Ok(std::fs::metadata(home.folder.join("data/store/statements"))?.len())
}
