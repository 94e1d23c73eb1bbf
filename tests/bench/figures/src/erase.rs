//! One session erased for good from a large journal, each time from a fresh copy of it, and who waits meanwhile.

use asif_proto::record::Session;

use crate::home::Home;
use crate::samples::Samples;
use crate::socket::Socket;
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
    let [mut old, mut late, mut new, mut again] = std::array::from_fn(|_| Erased::default());
    packing.keep(bench.packing);
    for _ in 0..TURNS {
        for (erased, id) in [(&mut old, Some(&middle)), (&mut late, Some(&last)), (&mut new, None)] {
            let mut home = Home::copy(bench.programs, bench.filled, bench.place.join("x"))?;
            let mut socket = home.start()?;
            // The first one loads the month.
            home.ok(&LOG)?;
            logs.time(|| home.ok(&LOG))?;
            match id {
                Some(id) => erased.erase(&home, &mut socket, id)?,
                None => {
                    for erased in [erased, &mut again] {
                        let logged = socket.newest(Some(1))?.pop().ok_or("nothing was logged")?;
                        erased.erase(&home, &mut socket, &logged.id.to_string())?;
                    }
                }
            }
            home.stop()?;
        }
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
            ("another one logged just before, right after that", &again.took),
            ("the longest that another question waited meanwhile", &again.waits),
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

impl Erased {
    /// Erases one.
    fn erase(&mut self, home: &Home<'_>, socket: &mut Socket, id: &str) -> Result<(), Refusal> {
        let before = Home::count(socket)?;
        let ((), waits) = watch::during(&[home], || self.took.time(|| home.ok(&["erase", id, "--yes"])))?;
        waits.into_iter().for_each(|wait| self.waits.keep(wait));
        match Home::count(socket)? + 1 == before {
            true => Ok(()),
            false => Err("it was not erased".into()),
        }
    }
}
