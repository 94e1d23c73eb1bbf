//! What `--json` answers is what `docs/schema` says.
//!
//! - Every command of the program has a row in the table, and every row is a command.
//! - Each line that a command prints is an envelope, and its data fits one of the definitions of the row.
//! - Every definition, every field of one and every way of answering is seen once; what cannot be seen here is named, with the reason.
//! - Every kind of error is seen that the programs can be brought to.
//! - The words of closed sets are those of the program.

mod contract;
mod life;
mod people;
mod refusals;
mod typed;

use std::collections::BTreeSet;

use asif_proto::local::search::FoundType;
use asif_proto::local::{ErrorKind, Now};
use asif_proto::record::{
    Basis, BeliefRole, Block, ClockChange, ExperimentStatus, FeltState, Gentler, GoalStatus, GoalTemplate, MarkKind, Mode, PhraseForm,
    PlanPart, PracticeKind, PracticeStatus, Supports, Visibility,
};
use asif_proto::share::{Role, Scope};
use contract::{Answer, Contract, Seen};
use serde_json::{Value, json};

use crate::harness::Home;

/// Fields that say nothing in any answer of these programs yet, and why.
const UNSAID: [(&str, &str); 18] = [
    ("station/properties/trouble", "a mailbox that is not reached is in mailbox"),
    ("data_envelope/properties/partial", "only while a journal is still arriving; in the words of the command line"),
    ("invited/properties/codes_locked_until", "three codes are wrong in codes"),
    ("code_over/properties/codes_locked_until", "three codes are wrong in codes"),
    ("lock/properties/keychain", "no keychain is here that could"),
    ("desktop/properties/shows", "no desktop is here that could"),
    ("rapport/properties/conflicts", "two devices have nothing to say apart of it but whether it is private"),
    ("helper_note/properties/conflicts", "the helper of this story has one device"),
    ("preview/properties/waits_for_device", "in consent: a device that has met no other since its start"),
    ("preview/properties/waits_for_you", "an old copy is put back in copies"),
    ("helper/properties/paused", "a pause is in consent"),
    ("helper/properties/waiting", "an old copy is put back in copies"),
    ("client/properties/by_time", "its time is over in the simulation of restarts"),
    ("held/properties/private", "what is let go and stays private is in consent"),
    ("suggestion/properties/apart", "two devices answer apart in consent"),
    ("suggestion/properties/paused", "a pause is in consent"),
    ("understood/properties/apart", "two devices answer apart in consent"),
    ("understood/properties/paused", "a pause is in consent"),
];
/// Errors that need a machine in a state that a test does not bring about.
const UNMET: [(&str, &str); 0] = [];
/// Ways of answering that are not seen here, and why.
const UNANSWERED: [(&str, &str); 1] = [("share invite: One(\"code_over\")", "as for device pair")];

#[test]
fn every_command_answers_as_the_schema_says() {
    let contract = Contract::read();
    std::thread::scope(|scope| {
        scope.spawn(|| people::live(&contract));
        scope.spawn(|| people::tour(&contract));
        scope.spawn(|| {
            life::live(&contract);
            typed::live(&contract);
        });
        scope.spawn(|| refusals::all(&contract));
    });
    let (table, document) = (contract.table.clone(), contract.document.clone());
    let seen = contract.seen();
    whole(&document, &seen);
    answered(&table, &seen);
    let errors = words(&document, "error_kind");
    let met = |kind: &&String| seen.errors.contains(*kind) || UNMET.iter().any(|(unmet, _)| unmet == kind);
    let unmet: Vec<_> = errors.iter().filter(|kind| !met(kind)).collect();
    assert!(unmet.is_empty(), "no command was brought to exit with {unmet:?}");
}

/// Every definition was seen, and every field of each with something in it.
fn whole(document: &Value, seen: &Seen) {
    let mut missing = Vec::new();
    let definitions = document["$defs"].as_object().unwrap();
    for (name, definition) in definitions {
        let place = format!("/$defs/{name}");
        if !seen.places.contains(&place) {
            missing.push(name.clone());
        }
        let fields = definition["properties"].as_object().into_iter().flatten().map(|(field, _)| format!("{name}/properties/{field}"));
        missing.extend(fields.filter(|field| !seen.places.contains(&format!("/$defs/{field}"))));
    }
    let (named, unnamed): (Vec<_>, Vec<_>) = missing.into_iter().partition(|one| UNSAID.iter().any(|(unsaid, _)| unsaid == one));
    assert!(unnamed.is_empty(), "never seen with anything in them: {unnamed:#?}");
    assert_eq!(named.len(), UNSAID.len(), "seen after all: take it off the list; unseen are {named:?}");
}

/// Every command of the table answered in each of its ways.
fn answered(table: &std::collections::BTreeMap<String, Vec<Answer>>, seen: &Seen) {
    let ways = table.iter().flat_map(|(command, ways)| ways.iter().map(move |way| (command.clone(), way.clone())));
    let unseen = ways.filter(|(_, way)| *way != Answer::Anything).filter(|way| !seen.answers.contains(way));
    let unnamed: Vec<_> =
        unseen.filter(|(command, way)| !UNANSWERED.iter().any(|(named, _)| *named == format!("{command}: {way:?}"))).collect();
    assert!(unnamed.is_empty(), "these answers were never given: {unnamed:#?}");
}

#[test]
fn every_command_has_a_row_and_every_row_is_a_command() {
    let contract = Contract::read();
    let home = Home::new();
    let pages = home.json(&["man", "--to", home.beside().join("man").to_str().unwrap()]);
    let page = |path: &Value| {
        let name = path.as_str().unwrap().rsplit('/').next().unwrap();
        name.trim_end_matches(".1")
            .trim_start_matches("asif")
            .replace("recovery-kit", "recovery_kit")
            .replace('-', " ")
            .replace('_', "-")
            .trim()
            .to_owned()
    };
    let commands: BTreeSet<String> =
        pages["written"].as_array().unwrap().iter().map(page).map(|name| if name.is_empty() { "asif".to_owned() } else { name }).collect();
    let rows: BTreeSet<String> = contract.table.keys().cloned().collect();
    let groups = |name: &&String| commands.iter().any(|other| other.starts_with(&format!("{name} ")));
    let unnamed: Vec<_> = commands.difference(&rows).filter(|name| !groups(name)).collect();
    assert!(unnamed.is_empty(), "docs/schema/README.md does not say what these answer with: {unnamed:?}");
    assert_eq!(rows.difference(&commands).collect::<Vec<_>>(), Vec::<&String>::new(), "these rows are no commands");
    for definition in contract.table.values().flatten() {
        if let Answer::One(name) | Answer::List(name) = definition {
            assert!(contract.document["$defs"].get(name).is_some(), "the table names {name}, which is not there");
        }
    }
}

#[test]
fn the_words_of_the_schema_are_those_of_the_program() {
    fn of<T: std::fmt::Display>(all: &[T]) -> Vec<String> {
        all.iter().map(ToString::to_string).collect()
    }
    let document = Contract::read().document;
    let kinds: Vec<String> = [
        ErrorKind::Failure,
        ErrorKind::Usage,
        ErrorKind::DaemonUnreachable,
        ErrorKind::NotFound,
        ErrorKind::Locked,
        ErrorKind::NotPermitted,
        ErrorKind::Precondition,
        ErrorKind::PeerUnreachable,
        ErrorKind::Integrity,
        ErrorKind::Interrupted,
    ]
    .iter()
    .map(|kind| json!(kind).as_str().unwrap().to_owned())
    .collect();
    for (place, program) in [
        ("error_kind", kinds),
        ("basis", of(Basis::ALL)),
        ("felt_state", of(FeltState::ALL)),
        ("visibility", of(Visibility::ALL)),
        ("practice_kind", of(PracticeKind::ALL)),
        ("practice_status", of(PracticeStatus::ALL)),
        ("gentler", of(Gentler::ALL)),
        ("mark/properties/kind", of(MarkKind::ALL)),
        ("goal/properties/template", of(GoalTemplate::ALL)),
        ("goal/properties/status", of(GoalStatus::ALL)),
        ("belief/properties/role", of(BeliefRole::ALL)),
        ("belief/properties/block", of(Block::ALL)),
        ("phrase/properties/form", of(PhraseForm::ALL)),
        ("reminder/properties/clock_change", of(ClockChange::ALL)),
        ("experiment/properties/mode", of(Mode::ALL)),
        ("experiment/properties/status", of(ExperimentStatus::ALL)),
        ("experiment/properties/supports", of(Supports::ALL)),
        ("plan_conflict/properties/field", of(PlanPart::ALL)),
        ("field_change/properties/now", of(Now::ALL)),
        ("hit/properties/type", of(FoundType::ALL)),
        ("role", of(Role::ALL)),
        ("scope", of(Scope::ALL)),
    ] {
        assert_eq!(words(&document, place), program, "{place}");
    }
}

/// Every command that the table names.
pub(crate) fn commands() -> Vec<String> {
    Contract::read().table.into_keys().collect()
}

/// The words of a closed set in the schema.
fn words(document: &Value, place: &str) -> Vec<String> {
    let all = document.pointer(&format!("/$defs/{place}/enum")).and_then(Value::as_array).unwrap_or_else(|| panic!("no words at {place}"));
    all.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}
