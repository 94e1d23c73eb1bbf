//! Every command that asks, at a terminal as wide as most and at a narrow one: answered in one go, and interrupted at every question.
//!
//! - However often somebody is interrupted, what comes of it is there once, the same as if they had not been.
//! - Nothing shown while they answer holds an escape sequence.

use asif_proto::local::{ExperimentAsk, Reply, Request};
use serde_json::Value;
use uuid::Uuid;

use crate::harness::Home;
use crate::pty::AtTerminal;
use crate::socket::Socket;

const SIZES: [(u16, u16); 2] = [(80, 24), (40, 12)];
/// What two records that say the same differ in.
const OWN: [&str; 11] =
    ["id", "planned_at", "practices", "short", "slug", "at", "recorded_at", "occurred_at", "locked_at", "order", "experiment"];

/// A command, its questions each with the answer, and the list that grows by one.
struct Dialogue {
    /// What must have been done before it.
    first: &'static [&'static str],
    args: &'static [&'static str],
    asked: &'static [(&'static str, &'static str)],
    list: fn(&Home) -> Vec<Value>,
}

const DIALOGUES: [Dialogue; 11] = [
    Dialogue {
        first: &[],
        args: &["log"],
        asked: &[
            ("Which did you do?", "lunch"),
            ("feel before", "35"),
            ("And after", "45"),
            ("More?", "y"),
            ("act as if", "80"),
            ("real did it", ""),
            ("painful?", "warm"),
            ("body", "chest"),
            ("feel worse?", ""),
            ("note down?", "it rained"),
        ],
        list: sessions,
    },
    Dialogue {
        first: &[],
        args: &["goal", "add"],
        asked: &[("Which?", "3"), ("your words:", "rest more"), ("worth", "70")],
        list: |home| all(home, &["goal", "list"]),
    },
    Dialogue {
        first: &[],
        args: &["belief", "add"],
        asked: &[("like to believe", "I may rest"), ("(head)", "25"), ("(heart)", "5")],
        list: |home| all(home, &["belief", "list"]),
    },
    Dialogue {
        first: &[],
        args: &["demo", "politeness"],
        asked: &[("Who was it?", "the neighbour"), ("did you do?", "held the door"), ("deserve", "5"), ("polite were", "80")],
        list: |home| all(home, &["anchor", "--all"]),
    },
    Dialogue {
        first: &[],
        args: &["sketch"],
        asked: &[
            ("Who are they", "somebody who rests"),
            ("plausible", "65"),
            ("They would:", "sit in the sun"),
            ("When", "noon"),
            ("Where", ""),
            ("How long", "5 min"),
            ("hard", "35"),
            ("They would:", ""),
            ("would say:", "I can rest now"),
            ("hard", "25"),
            ("would say:", ""),
        ],
        list: |home| all(home, &["sketch", "list"]),
    },
    Dialogue {
        first: &[],
        args: &["practice", "add"],
        asked: &[("will you practise", "Tea at four"), ("When", ""), ("Where", "kitchen"), ("How long", ""), ("hard", "25")],
        list: |home| all(home, &["practice", "list"]),
    },
    Dialogue {
        first: &[],
        args: &["phrase", "add", "lunch"],
        asked: &[("You say:", "May I rest."), ("You say:", "")],
        list: |home| all(home, &["phrase", "list"]),
    },
    Dialogue {
        first: &[],
        args: &["practice", "adapt", "lunch"],
        asked: &[("(Enter: none)", "2")],
        list: |home| home.json(&["practice", "show", "lunch"])["adapted"].as_array().unwrap().clone(),
    },
    Dialogue {
        first: &[],
        args: &["try", "lunch"],
        asked: &[("whose belief?", "leap"), ("willing", "65"), ("likely", "45"), ("Prediction", "25")],
        list: experiments,
    },
    Dialogue {
        first: &["try", "lunch", "--basis", "own", "--willingness", "60", "--expectancy", "40", "--prediction", "20", "--no-input"],
        args: &["outcome"],
        asked: &[("Feeling after", "35"), ("What happened?", "cried a bit"), ("make of it?", "it was fine"), ("Supports:", "2")],
        list: sessions,
    },
    Dialogue { first: &[], args: &["note"], asked: &[("Ctrl-D", "a bad evening\n\x04")], list: sessions },
];

fn all(home: &Home, list: &[&str]) -> Vec<Value> {
    home.json(list).as_array().unwrap().clone()
}

fn sessions(home: &Home) -> Vec<Value> {
    home.list()
}

fn experiments(home: &Home) -> Vec<Value> {
    let list = Request::Experiment(ExperimentAsk::List { practice: None, all: true });
    let Reply::Experiments(all) = Socket::open(home).reply(Uuid::now_v7(), list) else { panic!("no list") };
    all.iter().map(|one| serde_json::to_value(one).unwrap()).collect()
}

/// What a record says, without what is its own.
fn said(mut record: Value) -> Value {
    match &mut record {
        Value::Object(fields) => {
            fields.retain(|name, _| !OWN.contains(&name.as_str()));
            fields.iter_mut().for_each(|(_, value)| *value = said(value.take()));
        }
        Value::Array(all) => all.iter_mut().for_each(|value| *value = said(value.take())),
        _ => {}
    }
    record
}

/// Answers the questions, from the one on that was left half answered; with `stop`, is interrupted in the middle of that answer.
fn answer(asif: &mut AtTerminal, dialogue: &Dialogue, left: Option<usize>, stop: Option<usize>) {
    for (at, (question, typed)) in dialogue.asked.iter().enumerate() {
        let shown = asif.await_text(question);
        assert!(!shown.contains('\u{1b}'), "{:?}: {shown:?}", dialogue.args);
        if left.is_some_and(|left| at < left) {
            continue;
        }
        let half = typed.chars().count() / 2;
        let (first, rest) = typed.split_at(typed.char_indices().nth(half).map_or(0, |(at, _)| at));
        if stop == Some(at) {
            asif.type_in(first.as_bytes());
            // Ctrl-C throws away what nobody has read yet.
            asif.await_text(first);
            asif.type_in(b"\x03");
            return;
        }
        // What was half typed when it was interrupted is there again.
        asif.type_in(if left == Some(at) { rest.as_bytes() } else { typed.as_bytes() });
        if !typed.ends_with('\x04') {
            asif.type_in(b"\n");
        }
    }
}

/// Waits for the end.
#[track_caller]
fn end(asif: &mut AtTerminal, dialogue: &Dialogue, code: i32) {
    let (told, shown) = asif.end();
    assert_eq!(told, Some(code), "{:?}: {shown}", dialogue.args);
}

fn every_dialogue(size: (u16, u16)) {
    for dialogue in &DIALOGUES {
        let home = Home::robin();
        let mut once: Option<Value> = None;
        for stop in std::iter::once(None).chain((0..dialogue.asked.len()).map(Some)) {
            if !dialogue.first.is_empty() {
                home.ok(dialogue.first);
            }
            let before = (dialogue.list)(&home);
            let mut asif = AtTerminal::start_at(&home.command(dialogue.args), size);
            answer(&mut asif, dialogue, None, stop);
            if let Some(at) = stop {
                end(&mut asif, dialogue, 130);
                assert_eq!((dialogue.list)(&home).len(), before.len(), "{:?} was done at {at}", dialogue.args);
                let touched = !all(&home, &["draft", "list"]).is_empty();
                let words: &[&str] = if touched { &["draft", "resume"] } else { dialogue.args };
                let mut asif = AtTerminal::start_at(&home.command(words), size);
                answer(&mut asif, dialogue, touched.then_some(at), None);
                end(&mut asif, dialogue, 0);
            } else {
                end(&mut asif, dialogue, 0);
            }
            let mut new = (dialogue.list)(&home);
            for old in &before {
                let at = new.iter().position(|one| one.get("id").unwrap_or(one) == old.get("id").unwrap_or(old));
                new.remove(at.unwrap_or_else(|| panic!("{:?} at {stop:?}: {old} is gone from {new:?}", dialogue.args)));
            }
            let new: Vec<Value> = new.into_iter().map(said).collect();
            let [new] = new.as_slice() else { panic!("{:?} interrupted at {stop:?} made {new:?}", dialogue.args) };
            assert_eq!(new, once.get_or_insert_with(|| new.clone()), "{:?} interrupted at {stop:?}", dialogue.args);
            assert!(all(&home, &["draft", "list"]).is_empty(), "{:?}: a draft stayed", dialogue.args);
        }
    }
}

#[test]
fn phrases_that_are_said_to_be_private_are_all_private() {
    let home = Home::robin();
    let mut asif = AtTerminal::start(&home.command(&["phrase", "add", "lunch", "--private"]));
    for line in ["May I be safe.", "May I be well.", ""] {
        asif.await_text("You say:");
        asif.type_in(format!("{line}\n").as_bytes());
    }
    assert_eq!(asif.end().0, Some(0));
    let phrases = home.json(&["phrase", "list"]);
    assert_eq!(phrases.as_array().unwrap().len(), 2);
    assert!(phrases.as_array().unwrap().iter().all(|one| one["visibility"] == "private"), "{phrases}");
}

#[test]
fn every_prompt_can_be_left_and_gone_on_with_at_80x24() {
    every_dialogue(SIZES[0]);
}

#[test]
fn every_prompt_can_be_left_and_gone_on_with_at_40x12() {
    every_dialogue(SIZES[1]);
}
