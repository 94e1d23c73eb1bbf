//! Memory of a daemon with the whole journal, beside one with an empty journal.

use asif_proto::local::Request;
use asif_proto::record::SessionFields;

use crate::home::Home;
use crate::{Bench, Refusal, table};

const USES: usize = 100;

/// What the system says about a process, in kilobytes of 1024.
pub(crate) struct Memory {
    /// In memory now.
    pub(crate) resident: f64,
    /// The most that was.
    pub(crate) peak: f64,
    /// In memory now, what is shared with other processes counted in part; only for whoever may look into the process.
    pub(crate) proportional: Option<f64>,
}

impl Memory {
    /// Of the daemon of a home.
    pub(crate) fn of(home: &Home<'_>) -> Result<Self, Refusal> {
        let file = |name: &str, pid: i32| std::fs::read_to_string(format!("/proc/{pid}/{name}"));
        let pid = home.pid()?;
        let status = file("status", pid)?;
        let field = |text: &str, name: &str| -> Option<f64> {
            text.lines().find_map(|line| line.strip_prefix(name))?.trim().trim_end_matches(" kB").trim().parse().ok()
        };
        Ok(Self {
            resident: field(&status, "VmRSS:").ok_or("no VmRSS")?,
            peak: field(&status, "VmHWM:").ok_or("no VmHWM")?,
            proportional: file("smaps_rollup", pid).ok().and_then(|rollup| field(&rollup, "Pss:")),
        })
    }

    /// A row of a table, beside what an empty journal takes.
    pub(crate) fn row(&self, name: &str, empty: &Self) {
        let megabytes = |kilobytes: f64| format!("{:.1} MB", kilobytes * 1024.0 / 1e6);
        table::row(&[
            name.to_owned(),
            megabytes(self.resident),
            self.proportional.map_or_else(|| "-".to_owned(), megabytes),
            megabytes(self.peak),
            table::ratio(self.resident, empty.resident),
            table::ratio(self.peak, empty.peak),
        ]);
    }
}

/// The head of a table of these.
pub(crate) fn head(title: &str) {
    table::head(title, &["daemon", "resident", "Pss", "peak", "resident, beside an empty one at rest", "peak, the same"]);
}

/// A daemon with an empty journal that has answered once.
pub(crate) fn of_empty(bench: &Bench<'_>) -> Result<Memory, Refusal> {
    let mut empty = Home::copy(bench.programs, bench.empty, bench.place.join("e"))?;
    empty.start()?;
    let memory = Memory::of(&empty)?;
    empty.stop()?;
    Ok(memory)
}

/// Prints the table.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    let nothing = of_empty(bench)?;
    let mut home = Home::copy(bench.programs, bench.filled, bench.place.join("m"))?;
    let mut socket = home.start()?;
    head("Memory");
    nothing.row("empty journal, at rest after its first answer", &nothing);
    Memory::of(&home)?.row("the journal, at rest after its first answer", &nothing);
    for _ in 0..USES {
        socket.newest(Some(10))?;
        socket.ask(Request::Log { practice: Some("lunch".into()), fields: Box::new(SessionFields::default()) })?;
    }
    Memory::of(&home)?.row("after 100 times `list --limit 10` and `log`", &nothing);
    socket.newest(None)?;
    Memory::of(&home)?.row("after all was listed once", &nothing);
    home.stop()
}
