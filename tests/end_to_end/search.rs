//! Search: what was written is found by its words, wherever it was written, and told so that it can be seen and cannot harm.

use serde_json::Value;

use crate::harness::Home;
use crate::pty::AtTerminal;

/// The hits of a search.
#[track_caller]
fn hits(home: &Home, args: &[&str]) -> Vec<Value> {
    home.json(&[&["search"], args].concat())["hits"].as_array().unwrap().clone()
}

/// What was found, as types.
#[track_caller]
fn types(home: &Home, args: &[&str]) -> Vec<String> {
    hits(home, args).iter().map(|hit| hit["type"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn note(home: &Home, text: &str, more: &[&str]) -> String {
    let ran = home.run_with(&[&["note", "-", "--json"], more].concat(), text.as_bytes()).exits(0);
    ran.data()["id"].as_str().unwrap().to_owned()
}

#[test]
fn every_kind_of_record_is_found_by_its_words() {
    let home = Home::robin();
    home.ok(&["goal", "add", "Treat a violinist kindly"]);
    home.ok(&["belief", "add", "A violinist deserves rest"]);
    home.run_with(&["demo", "politeness", "--did", "-"], b"I greeted the violinist.\n").exits(0);
    home.run_with(&["sketch", "--text", "-"], b"A violinist, a lot like me.\n").exits(0);
    home.ok(&["phrase", "add", "lunch", "May the violinist be safe."]);
    home.ok(&["practice", "edit", "lunch", "--cue", "the violinist starts"]);
    home.ok(&["try", "lunch", "--prediction-text", "The violinist will laugh."]);
    home.run_with(&["log", "lunch", "--note", "-"], b"The violinist did not laugh.").exits(0);
    note(&home, "Violinists, again.", &[]);
    let mut found = types(&home, &["VIOLINIST"]);
    assert_eq!(found[..2], ["session", "session"], "newest first");
    found.sort();
    let all = ["anchor", "belief", "experiment", "goal", "phrase", "practice", "session", "session", "sketch"];
    assert_eq!(found, all);
    let of_lunch = types(&home, &["violinist", "practice:lunch"]);
    assert_eq!(of_lunch.len(), 4, "{of_lunch:?}");
    assert_eq!(types(&home, &["violinist", "--practice", "lunch"]), of_lunch);
    for hit in hits(&home, &["violinist"]) {
        assert_eq!(hit["snippet"]["match"].as_str().unwrap().to_lowercase(), "violinist");
        home.ok(&["show", hit["short"].as_str().unwrap()]);
    }
}

#[test]
fn accents_case_and_the_names_for_it_make_no_difference() {
    let home = Home::robin();
    let metta = note(&home, "Mettā, for eight minutes", &[]);
    let kind = note(&home, "loving kindness, and a café in the STRASSE", &[]);
    let other = note(&home, "kindness alone; mankind", &[]);
    let ids = |args: &[&str]| hits(&home, args).iter().map(|hit| hit["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(&["metta"]), [kind.clone(), metta.clone()]);
    assert_eq!(ids(&["self", "empathy"]), [kind.clone(), metta.clone()]);
    assert_eq!(ids(&["metta", "--exact"]), [metta]);
    assert_eq!(ids(&["kind"]), [other.clone(), kind.clone()], "the start of a word, and not its middle");
    assert_eq!(ids(&["kindness", "mankind"]), [other]);
    assert_eq!(ids(&["cafe", "straße"]), [kind]);
    assert!(ids(&["mank", "cafe"]).is_empty(), "all terms hold");
    let ran =
        home.ok(&["search", "metta"]).says(&["also looked for: self-compassion, self-empathy, self-kindness, loving-kindness", "--exact"]);
    assert!(ran.stdout.contains("[Mettā]") && ran.stdout.contains("[loving kindness]"), "{ran:?}");
    assert!(!home.ok(&["search", "metta", "--exact"]).stderr.contains("also"));
    assert_eq!(home.json(&["search", "kindness"])["also"], serde_json::json!([]));
}

#[test]
fn phrases_tags_and_days_are_found_as_they_are() {
    let mut home = Home::robin();
    note(&home, "I was kind\nto myself", &["--tag", "work", "--at", "2026-01-31T23:58"]);
    home.env.retain(|(name, _)| *name != "TZ");
    home.env.push(("TZ", "Pacific/Auckland".to_owned()));
    note(&home, "to be kind", &["--tag", "in the bus", "--at", "2026-02-01T00:10"]);
    let count = |args: &[&str]| hits(&home, args).len();
    assert_eq!((count(&["\"kind to myself\""]), count(&["\"be kin\""]), count(&["\"kind\""])), (1, 0, 2));
    assert_eq!((count(&["#work"]), count(&["tag:\"in the bus\""]), count(&["tag:bus"]), count(&["--tag", "work", "kind"])), (1, 1, 0, 1));
    // After a flight to where it was already the next day, each stays on the day on which it was lived.
    assert_eq!((count(&["2026-01-31"]), count(&["2026-02-01"]), count(&["2026-02"]), count(&["2026", "kind"])), (1, 1, 1, 2));
    assert_eq!(hits(&home, &["2026-01-31"])[0]["snippet"]["after"], "I was kind to myself");
    assert_eq!((count(&["kind", "today"]), count(&["yesterday", "kind"])), (0, 0));
    note(&home, "said today", &[]);
    assert_eq!((count(&["today", "said"]), count(&["\"today\""])), (1, 1));
}

#[test]
fn what_is_deleted_is_not_found_and_what_was_edited_is_found_as_it_is_now() {
    let home = Home::robin();
    let id = note(&home, "before", &[]);
    home.ok(&["delete", &id, "--yes"]);
    home.ok(&["search", "before"]).says(&["Nothing that you wrote down has this in it."]);
    home.ok(&["restore", &id]);
    assert_eq!(hits(&home, &["before"]).len(), 1);
    home.run_with(&["edit", &id, "--note", "-"], b"after").exits(0);
    assert_eq!((hits(&home, &["before"]).len(), hits(&home, &["after"]).len()), (0, 1));
    home.kill();
    assert_eq!(hits(&home, &["after"]).len(), 1, "also after the daemon was killed");
}

#[test]
fn what_another_device_wrote_is_found_once_both_have_met() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    note(&desktop, "a violinist on the other machine", &[]);
    desktop.sync();
    assert_eq!(types(&laptop, &["violinist"]), ["session"]);
}

#[test]
fn what_cannot_be_looked_for_is_refused_with_what_to_do() {
    let home = Home::robin();
    let many = "word ".repeat(5_000);
    for query in ["", "  ", "\"be kind", "tag:", "#", "practice:", "\"\"", "2026-13-01", &many] {
        let ran = home.refuses(2, &["search", query]);
        assert!(ran.stderr.lines().count() == 2, "one hint: {ran:?}");
    }
    home.refuses(2, &["search"]);
    home.refuses(4, &["search", "kind", "--practice", "lumch"]);
    home.refuses(2, &["search", "kind", "--since", "soon"]);
    for input in [&b"\xff\xfe"[..], b"", "x".repeat(1 << 20).as_bytes()] {
        home.run_with(&["search", "-"], input).exits(2);
    }
}

#[test]
fn no_shell_needs_to_keep_what_is_looked_for() {
    let home = Home::robin();
    note(&home, "it was kind", &[]);
    let ran = home.run_with(&["search", "-"], b"kind\n").exits(0);
    assert!(ran.stdout.contains("[kind]"), "{ran:?}");
    let mut asif = AtTerminal::start(&home.command(&["search"]));
    asif.await_text("What are you looking for?");
    asif.type_in(b"kind\r");
    let (code, shown) = asif.end();
    assert!(code == Some(0) && shown.contains("kind"), "{shown}");
}

#[test]
fn a_hit_steers_no_terminal_and_a_terminal_shows_twenty() {
    let home = Home::robin();
    note(&home, "a \u{1b}[2Jkind\u{7} \u{202e}word", &[]);
    for flag in ["--plain", "--color=always", "--no-input"] {
        let ran = home.ok(&["search", "word", flag]);
        assert!(
            !ran.stdout.contains("\u{1b}[2J") && !ran.stdout.contains(['\u{7}', '\u{202e}']) && ran.stdout.contains("␛[2Jkind␇"),
            "{ran:?}"
        );
        assert!(ran.stdout.contains("[word]") || ran.stdout.contains("\u{1b}[1m[word]"), "{ran:?}");
    }
    let plain = home.ok(&["search", "word", "--plain"]).stdout;
    assert_eq!(plain.lines().count(), 1, "{plain}");
    for number in 0..22 {
        note(&home, &format!("word number {number}"), &[]);
    }
    let mut asif = AtTerminal::start(&home.command(&["search", "word"]));
    asif.await_text("20 of 23 are shown");
    assert_eq!(asif.end().0, Some(0));
    assert_eq!(home.ok(&["search", "word"]).stdout.lines().count(), 23, "a pipe gets all");
    let view = home.json(&["search", "word", "--limit", "2"]);
    assert_eq!((view["found"].as_u64(), view["hits"].as_array().unwrap().len()), (Some(23), 2));
}
