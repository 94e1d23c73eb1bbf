//! Search over the whole journal, beside `rg` and `grep` over the same text in files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use asif_proto::local::{ListFilter, Reply, Request, SearchAsk};
use uuid::Uuid;

use crate::home::Home;
use crate::journal::Entry;
use crate::memory::Memory;
use crate::samples::{Samples, human};
use crate::{Bench, Refusal, core, disk, journal, memory, table};

/// As many hits as a terminal shows.
const SHOWN: usize = 20;
/// One letter in so many of those that can have an accent gets one.
const ACCENTED: usize = 3;

/// Prints the tables.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    of_journal(bench, "plain English", bench.filled, bench.sessions)?;
    let sessions: Vec<Entry> = bench.sessions.iter().map(accented).collect();
    let filled = bench.place.join("accented");
    core::fill(&filled, 1, &bench.programs.version()?, &sessions)?;
    let share = share_of_accents(&sessions);
    of_journal(bench, &format!("the same with an accent on {share:.0} % of its letters"), &filled, &sessions)
}

fn of_journal(bench: &Bench<'_>, name: &str, filled: &Path, sessions: &[Entry]) -> Result<(), Refusal> {
    let mut home = Home::copy(bench.programs, filled, bench.place.join("s"))?;
    let mut socket = home.start()?;
    let before = Memory::of(&home)?;
    // The same core in this process, timed without a socket.
    let wall = sessions.last().map_or_else(journal::beginning, |entry| entry.at);
    disk::copy(filled, &bench.place.join("core"))?;
    let mut core = core::Core::open(&bench.place.join("core"), 1, &bench.programs.version()?, wall)?;
    let files = Files::write(&bench.place.join(format!("text-{}", filled.file_name().unwrap_or_default().display())), sessions)?;
    let programs = yardsticks();
    table::head(
        &format!("Search: {name}, {} of notes", table::bytes(files.notes as f64)),
        &[
            "what is looked for",
            "found",
            "in the daemon's core",
            "asked over an open socket",
            "`asif search`, whole process",
            "`rg -i`, JSON lines",
            "`rg -i`, plain text",
            "`grep -iE`, plain text",
            "core : `rg`, JSON lines",
        ],
    );
    for (what, typed, needle) in queries(sessions) {
        let mut samples: BTreeMap<&str, Samples> = BTreeMap::new();
        let mut found = 0;
        for _ in 0..bench.rounds {
            let filter = ListFilter { limit: Some(SHOWN), ..ListFilter::default() };
            let ask = Request::Search(SearchAsk { query: typed.clone(), filter, exact: false });
            samples.entry("core").or_default().keep(core.ask(wall, Uuid::now_v7(), ask.clone())?.core);
            match samples.entry("socket").or_default().time(|| socket.ask(ask))? {
                Reply::Search(view) => found = view.found,
                _ => return Err("another reply than was asked for".into()),
            }
            let limit = SHOWN.to_string();
            let mut command = home.command(&["search", "--limit", &limit, "--", &typed]);
            samples.entry("process").or_default().time(|| command.status())?;
            for (name, program, arguments) in &programs {
                let file = if *name == "rg json" { &files.json } else { &files.plain };
                let mut command = Command::new(program);
                // Its answer is read: `grep` ends at the first line where nobody does.
                command.args(*arguments).arg("-e").arg(&needle).arg(file).stdin(Stdio::null());
                samples.entry(name).or_default().time(|| command.output())?;
            }
        }
        let of = |key: &str| samples.get(key).map_or_else(|| "-".to_owned(), |samples| human(samples.median()));
        let ratio = match (samples.get("core"), samples.get("rg json")) {
            (Some(own), Some(rg)) => table::ratio(own.median(), rg.median()),
            _ => "-".to_owned(),
        };
        table::row(&[
            format!("{what}: `{typed}`"),
            found.to_string(),
            of("core"),
            of("socket"),
            of("process"),
            of("rg json"),
            of("rg plain"),
            of("grep"),
            ratio,
        ]);
    }
    if programs.iter().all(|(name, ..)| !name.starts_with("rg")) {
        println!("\n`rg` is not in the PATH: it is left out.");
    }
    let empty = memory::of_empty(bench)?;
    memory::head(&format!("Memory, before and after these searches: {name}"));
    before.row("before the first", &empty);
    Memory::of(&home)?.row("after the last", &empty);
    drop(core);
    std::fs::remove_dir_all(bench.place.join("core"))?;
    home.stop()
}

/// What is looked for: what it is, as it is typed for asif, and the text for `rg`.
fn queries(sessions: &[Entry]) -> Vec<(&'static str, String, String)> {
    let counts = counts(sessions);
    let frequent = counts.iter().max_by_key(|(_, count)| **count).map(|(word, _)| word.clone()).unwrap_or_default();
    let rare = rare(&counts);
    // Two words as they stand in the middle of a note in the middle of the journal.
    let long = notes(sessions).skip(sessions.len() / 3).find(|note| note.split_whitespace().count() > 20);
    let pair: Vec<&str> = long.unwrap_or_default().split_whitespace().skip(6).filter(|word| !word.ends_with('.')).take(2).collect();
    let phrase = pair.join(" ");
    vec![
        ("a rare word", rare.clone(), rare),
        ("a frequent word", frequent.clone(), frequent.clone()),
        ("a phrase", format!("\"{phrase}\""), phrase),
        ("no hit", "zzyzx".into(), "zzyzx".into()),
        ("a word with synonyms", "metta".into(), "metta|self-?compassion|self-?empathy|self-?kindness|loving-?kindness".into()),
        ("three words", format!("{frequent} work home"), frequent),
    ]
}

/// How often each word stands in the notes.
pub(crate) fn counts(sessions: &[Entry]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for word in notes(sessions).flat_map(|note| note.split(|letter: char| !letter.is_alphanumeric())) {
        if word.chars().count() >= 3 {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    counts
}

/// The rarest of these that is not short.
pub(crate) fn rare(counts: &BTreeMap<String, usize>) -> String {
    let rare = counts.iter().filter(|(word, _)| word.len() >= 5).min_by_key(|(_, count)| **count);
    rare.map(|(word, _)| word.clone()).unwrap_or_default()
}

fn notes(sessions: &[Entry]) -> impl Iterator<Item = &str> {
    sessions.iter().filter_map(|session| session.fields.note.as_deref())
}

/// What is run beside it of the programs that are there: what it is called here, the program, its arguments.
fn yardsticks() -> Vec<(&'static str, PathBuf, &'static [&'static str])> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let find = |name: &str| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file());
    let rg = find("rg");
    let json = rg.clone().map(|program| ("rg json", program, &["--no-config", "-i"][..]));
    let plain = rg.map(|program| ("rg plain", program, &["--no-config", "-i"][..]));
    let grep = find("grep").map(|program| ("grep", program, &["-i", "-E"][..]));
    json.into_iter().chain(plain).chain(grep).collect()
}

/// The journal as text: every session as a line of JSON, and every note on lines of its own.
struct Files {
    json: PathBuf,
    plain: PathBuf,
    notes: usize,
}

impl Files {
    fn write(place: &Path, sessions: &[Entry]) -> Result<Self, Refusal> {
        let (json, plain) = (place.with_extension("jsonl"), place.with_extension("txt"));
        let (mut lines, mut text, mut bytes) = (String::new(), String::new(), 0);
        for session in sessions {
            writeln!(lines, "{}", serde_json::to_string(&session.fields)?)?;
            if let Some(note) = &session.fields.note {
                bytes += note.len();
                writeln!(text, "{} {}\n{note}\n", session.at, session.practice)?;
            }
        }
        std::fs::write(&json, lines)?;
        std::fs::write(&plain, text)?;
        Ok(Self { json, plain, notes: bytes })
    }
}

/// The same session with some letters of its note accented, as in French.
fn accented(entry: &Entry) -> Entry {
    let mut seen = 0;
    let mut accent = |letter: char| {
        let other = match letter {
            'a' => 'à',
            'e' => 'é',
            'i' => 'î',
            'o' => 'ô',
            'u' => 'ù',
            'c' => 'ç',
            _ => return letter,
        };
        seen += 1;
        if seen % ACCENTED == 0 { other } else { letter }
    };
    let mut fields = entry.fields.clone();
    fields.note = fields.note.map(|note| note.chars().map(&mut accent).collect());
    Entry { at: entry.at, id: entry.id, practice: entry.practice, fields }
}

fn share_of_accents(sessions: &[Entry]) -> f64 {
    let letters = || notes(sessions).flat_map(str::chars).filter(|letter| letter.is_alphabetic());
    let accents = letters().filter(|letter| !letter.is_ascii()).count();
    100.0 * accents as f64 / letters().count().max(1) as f64
}
