//! Every month in every layout: written step by step, saved, loaded, applied from its changes, scanned.

use automerge::{ActorId, AutoCommit};
use choices::{Samples, head, human, megabytes, row};

use crate::journal::{Month, Step};
use crate::layout::{Failure, Layout};
use crate::session::Session;

/// What one layout took over the whole run.
#[derive(Default)]
struct Taken {
    append: Samples,
    edit: Samples,
    change_out: Samples,
    first_append: Samples,
    save: Samples,
    load: Samples,
    apply: Samples,
    apply_batch: Samples,
    scan: Samples,
    add_change: Vec<u64>,
    edit_change: Vec<u64>,
    saved: u64,
    saved_plain: u64,
    saved_plain_zstd: u64,
    raw: u64,
    deflated: u64,
    zstd_3: u64,
    zstd_9: u64,
}

/// Takes the layouts in turn through every month and prints the table.
pub fn run(months: &[Month]) -> Result<(), Failure> {
    let mut taken = Layout::ALL.map(|_| Taken::default());
    for (index, month) in months.iter().enumerate() {
        let mut scans = Vec::new();
        for turn in 0..Layout::ALL.len() {
            let at = (turn + index) % Layout::ALL.len();
            let following = &months[(index + 1) % months.len()];
            scans.push(taken[at].month(Layout::ALL[at], index, month, following)?);
        }
        if scans.windows(2).any(|it| it[0] != it[1]) {
            return Err("the layouts do not read the same".into());
        }
    }
    print(&taken);
    Ok(())
}

impl Taken {
    /// Writes, saves, loads, applies and scans one month; returns what it reads as.
    fn month(&mut self, layout: Layout, index: usize, month: &Month, following: &Month) -> Result<Vec<Session>, Failure> {
        let actor = blake3::hash(&index.to_be_bytes());
        let mut document = AutoCommit::new().with_actor(ActorId::from(&actor.as_bytes()[..16]));
        let mut changes = Vec::new();
        for step in month {
            let (samples, sizes) = match step {
                Step::Add(_) => (&mut self.append, &mut self.add_change),
                Step::Edit { .. } => (&mut self.edit, &mut self.edit_change),
            };
            samples.time(|| layout.write(&mut document, step))?;
            let mut change = self.change_out.time(|| document.get_last_local_change()).ok_or("no change")?;
            let raw = change.raw_bytes().to_vec();
            sizes.push(raw.len() as u64);
            self.deflated += change.bytes().len() as u64;
            changes.push(raw);
        }
        for raw in &changes {
            self.raw += raw.len() as u64;
            self.zstd_3 += zstd::bulk::compress(raw, 3)?.len() as u64;
            self.zstd_9 += zstd::bulk::compress(raw, 9)?.len() as u64;
        }

        let saved = self.save.time(|| document.save());
        let saved_plain = document.save_nocompress();
        self.saved += saved.len() as u64;
        self.saved_plain += saved_plain.len() as u64;
        self.saved_plain_zstd += zstd::bulk::compress(&saved_plain, 9)?.len() as u64;

        let mut loaded = self.load.time(|| AutoCommit::load(&saved))?;
        let mut applied = self.apply.time(|| Layout::applied(&changes))?;
        let mut batched = self.apply_batch.time(|| Layout::applied_as_batch(&changes))?;
        let heads = document.get_heads();
        if loaded.get_heads() != heads || applied.get_heads() != heads || batched.get_heads() != heads {
            return Err("other heads".into());
        }
        let scanned = self.scan.time(|| layout.scan(&loaded))?;
        if scanned != expected(month) || layout.scan(&applied)? != scanned {
            return Err("a session does not read as it was written".into());
        }
        let fresh = following.iter().find(|it| matches!(it, Step::Add(_))).ok_or("an empty month")?;
        self.first_append.time(|| layout.write(&mut loaded, fresh))?;
        Ok(scanned)
    }
}

/// What the month must read as, found without Automerge's documents.
fn expected(month: &Month) -> Vec<Session> {
    let mut sessions: Vec<Session> = Vec::new();
    for step in month {
        match step {
            Step::Add(session) => sessions.push(session.as_ref().clone()),
            Step::Edit { id, field, value } => {
                sessions.iter_mut().filter(|it| it.id == *id).for_each(|it| it.set(field, &value.clone().into()));
            }
        }
    }
    sessions.sort_by(|one, other| one.id.cmp(&other.id));
    sessions
}

/// A row: its name, the figure of a layout, and how it reads.
type Figure = (&'static str, fn(&Taken) -> f64, fn(f64) -> String);

const FIGURES: [Figure; 22] = [
    ("append one: put and commit, median", |it| it.append.median(), human),
    ("append one, p95", |it| it.append.p95(), human),
    ("first append after load, median", |it| it.first_append.median(), human),
    ("edit one: put and commit, median", |it| it.edit.median(), human),
    ("edit one, p95", |it| it.edit.p95(), human),
    ("get the change back for sealing, median", |it| it.change_out.median(), human),
    ("save one month, median", |it| it.save.median(), human),
    ("load one saved month, median", |it| it.load.median(), human),
    ("load all months", |it| it.load.total(), human),
    ("apply all changes of a month, apply_changes, median", |it| it.apply.median(), human),
    ("the same, apply_changes_batch, median", |it| it.apply_batch.median(), human),
    ("full scan of one month, median", |it| it.scan.median(), human),
    ("full scan of all months", |it| it.scan.total(), human),
    ("one raw change that adds, mean", |it| mean(&it.add_change), bytes),
    ("one raw change that edits, mean", |it| mean(&it.edit_change), bytes),
    ("all months, save()", |it| it.saved as f64, size),
    ("all months, save_nocompress()", |it| it.saved_plain as f64, size),
    ("the same, each month zstd 9", |it| it.saved_plain_zstd as f64, size),
    ("all raw changes", |it| it.raw as f64, size),
    ("all changes, Automerge's own deflate", |it| it.deflated as f64, size),
    ("all changes, each alone zstd 3", |it| it.zstd_3 as f64, size),
    ("all changes, each alone zstd 9", |it| it.zstd_9 as f64, size),
];

fn print(taken: &[Taken; 3]) {
    println!("\n{} appends, {} edits a layout", taken[0].append.count(), taken[0].edit.count());
    let names = Layout::ALL.map(Layout::name);
    head(&["figure", names[0], names[1], names[2], "str / plain", "bytes / str"]);
    for (name, figure, reads) in FIGURES {
        let values = [figure(&taken[0]), figure(&taken[1]), figure(&taken[2])];
        let mut cells = vec![name.to_owned()];
        cells.extend(values.map(reads));
        cells.push(format!("{:.2}", values[1] / values[0]));
        cells.push(format!("{:.2}", values[2] / values[1]));
        row(&cells);
    }
}

fn mean(sizes: &[u64]) -> f64 {
    sizes.iter().sum::<u64>() as f64 / sizes.len() as f64
}

fn bytes(count: f64) -> String {
    format!("{count:.0} B")
}

fn size(count: f64) -> String {
    megabytes(count as u64)
}
