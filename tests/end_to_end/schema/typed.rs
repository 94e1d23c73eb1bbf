//! What only a terminal answers: questions that nothing is said to, drafts, and a journal begun with its questions.

use super::contract::{Contract, Held};
use crate::harness::Home;

const STOP: &str = "\x03";

/// A person who types.
pub(super) fn live(contract: &Contract) {
    let mut home = Home::new();
    home.env.push(("EDITOR", "/bin/true".to_owned()));
    let asif = Held { home: &home, contract };
    let begun = [
        ("What would you like", "feel less like a burden\n"),
        ("Which?", "2\n"),
        ("goal worth having", "70\n"),
        ("believe you deserve it", "0\n"),
    ];
    asif.typed(&["init"], 0, &begun);
    assert_eq!(asif.ok(&["belief", "list"])[0]["ratings"][0]["heart"], 0, "no belief is a fine answer");
    asif.ok(&["practice", "add", "Lunch", "--slug", "lunch"]);
    asif.ok(&["try", "lunch"]);
    nothing_is_said(asif);
    drafts(asif);
}

fn nothing_is_said(asif: Held<'_>) {
    let session = asif.id(&["log", "lunch"]);
    asif.typed(&["goal", "add"], 0, &[("Which?", "3\n"), ("In your words", "\n")]);
    asif.typed(&["goal", "rate", "worthwhile"], 0, &[("worth having", "\n")]);
    asif.typed(&["belief", "add"], 0, &[("in one sentence", "\n")]);
    asif.typed(&["belief", "rate", "worthwhile"], 0, &[("head", "\n"), ("heart", "\n")]);
    asif.typed(&["practice", "add"], 0, &[("What will you practise", "\n")]);
    asif.typed(&["practice", "adapt", "lunch"], 0, &[("Which (Enter", "\n")]);
    asif.typed(&["phrase", "add", "lunch"], 0, &[("You say", "\n")]);
    asif.typed(&["remind", "add"], 0, &[("At what time", "\n")]);
    asif.typed(&["outcome"], 0, &[("Feeling after", "\n"), ("What happened?", "\n"), ("make of it?", "\n")]);
    asif.typed(&["edit", &session], 0, &[("Is the text closed there?", "y\n")]);
    asif.typed(&["delete", &session], 0, &[("Delete", "n\n")]);
    asif.typed(&["erase", &session], 0, &[("Erase", "n\n")]);
    asif.typed(&["share", "invite", "--name", "Dana"], 0, &[("Create invitation?", "n\n")]);
    asif.ok(&["share", "invite", "--name", "Dana", "--yes", "--no-wait"]);
    asif.typed(&["share", "revoke", "Dana"], 0, &[("Stop sharing", "n\n")]);
    asif.typed(&["phrase", "add", "lunch"], 0, &[("You say", "May I be safe.\n"), ("You say", "May I be well.\n"), ("You say", "\n")]);
    asif.typed(&["belief", "rate"], 0, &[("head", "5\n"), ("heart", "0\n")]);
}

fn drafts(asif: Held<'_>) {
    let stopped = asif.typed(&["practice", "add"], 130, &[("What will you practise", "Walk\n"), ("When", "at no\x03")]);
    assert!(stopped.is_null());
    asif.ok(&["draft", "list"]);
    asif.ok(&["draft", "show"]);
    asif.ok(&["today"]);
    asif.typed(&["draft", "drop"], 0, &[("Drop it?", "n\n")]);
    asif.typed(&["draft", "resume"], 0, &[("When", "on\n"), ("Where", "\n"), ("How long", "\n"), ("How hard", "\n")]);
    asif.typed(&["goal", "add"], 130, &[("Which?", STOP)]);
    asif.typed(&["note"], 130, &[("write down?", "half a note\n"), ("half a note", STOP)]);
    asif.ok(&["draft", "drop", "--yes"]);
    asif.refuses(4, &["draft", "show"]);
}
