//! The contract of `--json` as `docs/schema` writes it down, and what of it was seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use jsonschema::{Evaluation, OutputUnit, ValidatorMap};
use serde_json::Value;

use crate::harness::{Home, Ran, finish};
use crate::pty::AtTerminal;

const DOCUMENT: &str = include_str!("../../../docs/schema/asif-1.schema.json");
const TABLE: &str = include_str!("../../../docs/schema/README.md");

/// One way in which a command answers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    /// The `data` is one of these.
    One(String),
    /// The `data` is an array of these.
    List(String),
    /// The command becomes another: anything that the table names.
    Anything,
}

/// The schema, the table, and what was seen of both.
pub(super) struct Contract {
    pub(super) document: Value,
    validators: ValidatorMap,
    /// Every command of the table, with the ways in which it answers.
    pub(super) table: BTreeMap<String, Vec<Answer>>,
    seen: Mutex<Seen>,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Places in the schema that something was held against and that it fits; of fields, only those that said something.
    pub(super) places: BTreeSet<String>,
    /// Commands, each with the way in which it answered.
    pub(super) answers: BTreeSet<(String, Answer)>,
    /// Kinds of errors.
    pub(super) errors: BTreeSet<String>,
}

impl Contract {
    /// Reads both.
    pub(super) fn read() -> Self {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        jsonschema::draft202012::meta::validate(&document).unwrap();
        let validators = jsonschema::validator_map_for(&document).unwrap();
        Self { validators, table: table(), document, seen: Mutex::default() }
    }

    /// What was seen so far.
    pub(super) fn seen(self) -> Seen {
        self.seen.into_inner().unwrap()
    }

    /// Holds each line of `stdout` against the envelope, and its data against what the table says of the command.
    #[track_caller]
    pub(super) fn hold(&self, args: &[&str], stdout: &str) -> Vec<Value> {
        let command = self.command(args);
        stdout.lines().map(|line| self.line(&command, line)).collect()
    }

    #[track_caller]
    fn line(&self, command: &str, line: &str) -> Value {
        let envelope: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("asif {command}: {error}: {line}"));
        let whole = self.fits("envelope", &envelope).unwrap_or_else(|why| panic!("asif {command}: {why}\n{line}"));
        self.note("envelope", &whole, &envelope);
        if let Some(kind) = envelope["error"]["kind"].as_str() {
            self.seen.lock().unwrap().errors.insert(kind.to_owned());
            return envelope;
        }
        let mut why = Vec::new();
        let data = &envelope["data"];
        let answers = self.table.get(command).unwrap_or_else(|| panic!("asif {command} answers, and the table has no row for it: {line}"));
        for answer in answers {
            let (definition, all) = match answer {
                Answer::One(definition) => (definition, vec![data]),
                Answer::List(definition) => match data.as_array() {
                    Some(all) => (definition, all.iter().collect()),
                    None => continue,
                },
                Answer::Anything => return self.line("show", line),
            };
            let held: Result<Vec<_>, _> = all.iter().map(|one| self.fits(definition, one)).collect();
            match held {
                Ok(held) => {
                    held.iter().zip(all).for_each(|(evaluation, one)| self.note(definition, evaluation, one));
                    self.seen.lock().unwrap().answers.insert((command.to_owned(), answer.clone()));
                    return envelope;
                }
                Err(error) => why.push(format!("not {answer:?}: {error}")),
            }
        }
        panic!("asif {command} answers as the table does not say:\n{}\n{line}", why.join("\n"));
    }

    /// The longest name of the table that the words begin with; what no name begins is refused, and has no answers.
    fn command(&self, args: &[&str]) -> String {
        let words: Vec<&str> = args.iter().copied().take_while(|word| !word.starts_with('-')).collect();
        if words.is_empty() {
            return "asif".to_owned();
        }
        let names = (1..=words.len().min(2)).rev().map(|many| words[..many].join(" "));
        names.clone().find(|name| self.table.contains_key(name)).unwrap_or_else(|| words[0].to_owned())
    }

    fn fits(&self, definition: &str, value: &Value) -> Result<Evaluation, String> {
        let place = format!("#/$defs/{definition}");
        let validator = self.validators.get(&place).unwrap_or_else(|| panic!("the table names {definition}, which is not there"));
        let evaluation = validator.evaluate(value);
        if evaluation.root().valid() {
            return Ok(evaluation);
        }
        let why: Vec<String> = validator.iter_errors(value).map(|error| format!("{error} at {}", error.instance_path())).collect();
        Err(why.join("; "))
    }

    fn note(&self, definition: &str, evaluation: &Evaluation, value: &Value) {
        let mut seen = self.seen.lock().unwrap();
        walk(definition, &evaluation.root(), value, &mut seen.places);
    }
}

/// Every place that fits, with what it leads to. A field that is null, empty or false has said nothing yet.
///
/// What a definition holds itself is told from there, what it refers to from the root of the document.
fn walk(definition: &str, unit: &OutputUnit<'_>, value: &Value, places: &mut BTreeSet<String>) {
    if !unit.valid() {
        return;
    }
    let place = unit.schema_location();
    let place = place.rsplit_once('#').map_or(place, |(_, place)| place);
    let place = if place.starts_with("/$defs/") { place.to_owned() } else { format!("/$defs/{definition}{place}") };
    let said = match value.pointer(unit.instance_location().as_str()) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Array(all)) => !all.is_empty(),
        Some(Value::Object(all)) => !all.is_empty(),
        Some(_) => true,
    };
    if said || !place.contains("/properties/") {
        places.insert(place);
    }
    unit.children().for_each(|child| walk(definition, &child, value, places));
}

/// The rows of the table: the command, and its answers.
fn table() -> BTreeMap<String, Vec<Answer>> {
    let rows = TABLE.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "));
    let answer = |text: &str| {
        let list = text.trim().strip_prefix("list of ");
        let name = list.unwrap_or(text).trim().trim_matches('`').to_owned();
        if list.is_some() { Answer::List(name) } else { Answer::One(name) }
    };
    let answers = |cell: &str| match cell {
        cell if cell.starts_with("prints no envelope") => Vec::new(),
        cell if cell.starts_with("what its command answers with") => vec![Answer::Anything],
        cell => cell.split(" or ").map(answer).collect(),
    };
    rows.map(|(command, cell)| (command.to_owned(), answers(cell))).collect()
}

/// A home whose every answer is held against the contract.
#[derive(Clone, Copy)]
pub(super) struct Held<'c> {
    pub(super) home: &'c Home,
    pub(super) contract: &'c Contract,
}

impl Held<'_> {
    /// The data of a command that must exit 0, of its first line.
    #[track_caller]
    pub(super) fn ok(self, args: &[&str]) -> Value {
        self.data(args, self.home.run(&[args, &["--json"]].concat()))
    }

    /// The same with `input` on its standard input.
    #[track_caller]
    pub(super) fn reads(self, args: &[&str], input: &str) -> Value {
        self.data(args, self.home.run_with(&[args, &["--json"]].concat(), input.as_bytes()))
    }

    /// The id of the record that a command answers with.
    #[track_caller]
    pub(super) fn id(self, args: &[&str]) -> String {
        self.ok(args)["id"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn data(self, args: &[&str], ran: Ran) -> Value {
        let ran = ran.exits(0);
        self.contract.hold(args, &ran.stdout).first().unwrap_or_else(|| panic!("nothing was printed: {ran:?}"))["data"].clone()
    }

    /// A command that must exit with `code` and say why.
    #[track_caller]
    pub(super) fn refuses(self, code: i32, args: &[&str]) {
        self.refused(code, args, self.home.run(&[args, &["--json"]].concat()));
    }

    /// The same for what another run of a command did.
    #[track_caller]
    pub(super) fn refused(self, code: i32, args: &[&str], ran: Ran) {
        let ran = ran.exits(code);
        let lines = self.contract.hold(args, &ran.stdout);
        let kind = lines.last().and_then(|last| last["error"]["kind"].as_str().map(str::to_owned));
        assert_eq!(kind.as_deref(), Some(kind_of(code)), "{ran:?}");
    }

    /// A command at a terminal, where `answers` are typed as their questions come. Its lines of JSON are held, and the last is returned.
    #[track_caller]
    pub(super) fn typed(self, args: &[&str], code: i32, answers: &[(&str, &str)]) -> Value {
        let mut asif = AtTerminal::start(&self.home.command(&[args, &["--json"]].concat()));
        for (question, answer) in answers {
            asif.await_text(question);
            asif.type_in(answer.as_bytes());
        }
        let (ended, shown) = asif.end();
        assert_eq!(ended, Some(code), "{shown}");
        let lines: Vec<&str> = shown.lines().filter_map(|line| line.find("{\"schema\"").map(|at| line[at..].trim_end())).collect();
        self.contract.hold(args, &lines.join("\n")).pop().unwrap_or_else(|| panic!("no line of JSON: {shown}"))["data"].clone()
    }

    /// A command that may end in more than one way; what it printed is held.
    #[track_caller]
    pub(super) fn any(self, args: &[&str], more: impl FnOnce(&mut std::process::Command)) -> Ran {
        let mut command = self.home.command(&[args, &["--json"]].concat());
        more(&mut command);
        let ran = finish(command, None);
        self.contract.hold(args, &ran.stdout);
        ran
    }
}

/// The kind of error that an exit code tells.
fn kind_of(code: i32) -> &'static str {
    match code {
        1 => "failure",
        2 => "usage",
        3 => "daemon_unreachable",
        4 => "not_found",
        5 => "locked",
        6 => "not_permitted",
        7 => "precondition",
        8 => "peer_unreachable",
        9 => "integrity",
        130 => "interrupted",
        other => panic!("no error has exit code {other}"),
    }
}
