//! One session erased for good from a large journal, and who waits meanwhile.

use asif_proto::record::Session;

use crate::home::Home;
use crate::samples::Samples;
use crate::{Bench, Refusal, table, watch};

const TURNS: usize = 5;
const LOG: [&str; 8] = ["log", "lunch", "--before", "30", "--after", "45", "--acted", "80"];

/// Prints the table.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    // As they are listed, newest first.
    let lines: Vec<&[u8]> = bench.lines.split(|byte| *byte == b'\n').collect();
    let id = |place: usize| -> Result<String, Refusal> {
        let session: Session = serde_json::from_slice(lines.get(place).ok_or("no session")?)?;
        Ok(session.id.to_string())
    };
    let (middle, last) = (id(lines.len() / 2)?, id(0)?);
    let [mut logs, mut packing] = std::array::from_fn(|_| Samples::default());
    let [mut old, mut late, mut new] = std::array::from_fn(|_| Erased::default());
    packing.keep(bench.packing);
    for _ in 0..TURNS {
        let mut home = Home::copy(bench.programs, bench.filled, bench.place.join("x"))?;
        let mut socket = home.start()?;
        logs.time(|| home.ok(&LOG))?;
        let logged = socket.newest(Some(1))?.pop().ok_or("nothing was logged")?.id.to_string();
        let before = Home::count(&mut socket)?;
        for (erased, id) in [(&mut old, &middle), (&mut late, &last), (&mut new, &logged)] {
            let ((), waits) = watch::during(&[&home], || erased.took.time(|| home.ok(&["erase", id, "--yes"])))?;
            waits.into_iter().for_each(|wait| erased.waits.keep(wait));
        }
        if Home::count(&mut socket)? + 3 != before {
            return Err("not all of it was erased".into());
        }
        home.stop()?;
    }
    table::durations(
        &format!("One session of {} erased for good", bench.sessions.len()),
        "beside `asif log`",
        &[
            ("`asif log`, whole process", &logs),
            ("`asif erase ID --yes`: one from the middle of the journal, until it is let go of on the disk", &old.took),
            ("the longest that another question waited meanwhile", &old.waits),
            ("the same for one of the journal's last month", &late.took),
            ("the longest that another question waited meanwhile", &late.waits),
            ("the same for one that was logged just before", &new.took),
            ("the longest that another question waited meanwhile", &new.waits),
            ("the first checkpoint of the whole journal, made by a daemon with nothing else to do", &packing),
        ],
    );
    Ok(())
}

/// Erasing one session, again and again.
#[derive(Default)]
struct Erased {
    /// Until the command returned.
    took: Samples,
    /// The longest that another question waited each time.
    waits: Samples,
}
