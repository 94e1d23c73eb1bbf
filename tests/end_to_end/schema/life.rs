//! One person at one machine: every field of every record is said once.

use serde_json::Value;

use super::contract::{Contract, Held};
use crate::harness::{Home, eventually};

/// A life from before the journal to after it.
pub(super) fn live(contract: &Contract) {
    let home = Home::new();
    let asif = Held { home: &home, contract };
    before_there_is_a_journal(asif);
    asif.ok(&["init", "--no-input", "--name", "Robin", "--device", "laptop"]);
    asif.ok(&["status"]);
    asif.ok(&["doctor", "--rebuild"]);
    let beliefs = goals_and_beliefs(asif);
    practices(asif);
    experiments(asif, &beliefs);
    sessions(asif);
    a_plan_for_a_bad_hour(asif);
    let found = asif.ok(&["search", "kind"]);
    assert!(found["hits"].as_array().unwrap().iter().any(|hit| hit["type"] == "practice"), "{found}");
    asif.reads(&["search", "-"], "metta\n");
    asif.refuses(2, &["search", "\"kind"]);
    reminders(asif);
    every_record_is_hidden_and_shown(asif);
    asif.ok(&["undo"]);
    asif.ok(&["redo"]);
    asif.ok(&["today"]);
    asif.ok(&[]);
    the_end(asif);
}

fn before_there_is_a_journal(asif: Held<'_>) {
    asif.ok(&[]);
    asif.ok(&["status", "--paths"]);
    asif.ok(&["crisis"]);
    asif.ok(&["crisis", "numbers"]);
    asif.ok(&["daemon", "logs"]);
    asif.ok(&["wipe", "--dry-run"]);
    asif.ok(&["daemon", "stop"]);
    asif.ok(&["daemon", "start"]);
    asif.ok(&["daemon", "start"]);
    asif.ok(&["daemon", "restart"]);
    asif.ok(&["daemon", "logs"]);
    asif.ok(&["config", "list"]);
    asif.ok(&["config", "get", "listen"]);
    asif.ok(&["config", "set", "listen", "127.0.0.1:0"]);
    let file = asif.home.path().join("config.toml");
    std::fs::write(&file, "lisen = \"127.0.0.1:0\"\nlisten = \"127.0.0.1:0\"\n").unwrap();
    let told = asif.ok(&["config", "list"]);
    assert!(told.as_array().unwrap().iter().any(|one| one["problem"].as_str().is_some_and(|why| why.ends_with("did you mean: listen?"))));
    std::fs::write(&file, "listen = \"127.0.0.1:0\"\n").unwrap();
    asif.ok(&["completions", "bash"]);
    asif.ok(&["man"]);
    asif.ok(&["man", "--to", asif.home.beside().join("man").to_str().unwrap()]);
}

/// Goals and beliefs; returns the ids of the old and the new belief.
fn goals_and_beliefs(asif: Held<'_>) -> [String; 2] {
    asif.ok(&["goal", "add", "feel less like a burden", "--agree", "70"]);
    asif.ok(&["goal", "add", "--template", "kindly", "--private"]);
    asif.ok(&["goal", "rate", "burden", "75"]);
    asif.ok(&["goal", "close", "burden", "--reason", "another one now"]);
    asif.ok(&["goal", "list", "--all"]);
    asif.reads(&["goal", "wish", "-"], "feel less like a burden");
    asif.ok(&["history", "wish"]);
    let found = asif.ok(&["search", "less burden"]);
    assert!(found["hits"].as_array().is_some_and(|hits| hits.iter().any(|hit| hit["type"] == "wish" && hit["at"].is_null())), "{found}");
    let old = asif.id(&["belief", "add", "I am a burden", "--old", "--block", "conviction", "--head", "80", "--heart", "90"]);
    let new = asif.id(&["belief", "add", "I deserve kindness", "--head", "20", "--heart", "0"]);
    asif.ok(&["belief", "pair", &old, &new]);
    asif.ok(&["belief", "rate", "deserve", "--head", "25", "--heart", "10", "--context", "after lunch"]);
    asif.ok(&["belief", "retire", &old]);
    asif.ok(&["belief", "list", "--all"]);
    asif.ok(&["belief", "retire", &old, "--back"]);
    [old, new]
}

fn practices(asif: Held<'_>) {
    let sketch = ["sketch", "--text", "-", "--plausible", "60", "--starts", "today", "--ends", "7d"];
    let steps = ["--does", "Lunch away from the desk:35", "--says", "I can rest now:20"];
    asif.reads(&[&sketch[..], &steps].concat(), "Somebody a lot like me.\n");
    asif.reads(&["sketch", "--text", "-"], "");
    asif.ok(&["sketch", "list"]);
    let demo = ["demo", "politeness", "--did", "-"];
    asif.reads(&[&demo[..], &["--who", "M.", "--deserved", "10", "--polite", "80"]].concat(), "I said good morning.\n");
    asif.reads(&demo, "");
    asif.ok(&["anchor", "--all"]);
    let add = ["practice", "add", "Speak to myself as I would to M.", "--slug", "speak", "--kind", "self-talk", "--difficulty", "25"];
    let particulars = ["--when", "mornings", "--where", "mirror", "--how-long", "2 min", "--cue", "toothbrush", "--frequency", "daily"];
    let others = ["--goal", "kindly", "--belief", "deserve", "--proposed-by", "Dana", "--agreed-by", "Dana", "--description", "-"];
    asif.reads(&[&add[..], &particulars, &others].concat(), "More words.\n");
    asif.ok(&["practice", "edit", "speak", "--title", "Speak to myself kindly", "--status", "paused", "--private"]);
    asif.ok(&["practice", "edit", "speak", "--status", "active", "--not-private"]);
    asif.ok(&["practice", "adapt", "speak", "name-it"]);
    asif.ok(&["practice", "show", "speak"]);
    asif.ok(&["practice", "add", "Walk", "--kind", "custom"]);
    asif.ok(&["practice", "archive", "walk"]);
    asif.ok(&["practice", "list", "--all"]);
    let phrase = asif.id(&["phrase", "add", "speak", "May I be safe.", "--old", "No.", "--form", "wish", "--voice", "my aunt"]);
    asif.ok(&["phrase", "edit", &phrase, "--line", "May I be well.", "--order", "1"]);
    asif.ok(&["phrase", "list", "speak"]);
}

fn experiments(asif: Held<'_>, [_, belief]: &[String; 2]) {
    let plan = ["try", "speak", "--prediction", "20", "--prediction-text", "Awkward.", "--willingness", "60", "--expectancy", "30"];
    let more = ["--belief", belief, "--basis", "leap", "--obstacles", "rain", "--if-then", "then inside", "--review-by", "today"];
    let tried = asif.id(&[&plan[..], &more].concat());
    asif.ok(&["edit", &tried, "--amend", "50", "--amend-text", "Less so."]);
    asif.refuses(7, &["edit", &tried, "--prediction", "50"]);
    asif.ok(&["today"]);
    let outcome = ["outcome", &tried, "--before", "30", "--after", "40", "--acted", "50", "--felt-real", "20", "--happened", "-"];
    let learnt = ["--learning", "It did no harm.", "--supports", "new", "--head", "30", "--heart", "15"];
    asif.reads(&[&outcome[..], &learnt].concat(), "cried a bit, then ate\n");
    asif.refuses(7, &["outcome", &tried, "--after", "41"]);
    asif.ok(&["try", "speak", "--review-by", "tomorrow"]);
    asif.ok(&["today"]);
    asif.ok(&["outcome", "--left"]);
    asif.ok(&["try", "i-can-rest", "--private"]);
    asif.ok(&["outcome", "i-can-rest", "--worse", "--after", "10"]);
    asif.ok(&["show", &tried]);
    asif.ok(&["experiment", "list"]);
}

fn sessions(asif: Held<'_>) {
    let log = ["log", "speak", "-b", "30", "-a", "45", "--acted", "80", "--felt-real", "0", "--felt-state", "numb", "--basis", "leap"];
    let more = ["--expectancy", "10", "--willingness", "60", "--where", "chest", "--worse", "--stopped-early", "--repetitions", "3"];
    let rest = ["--duration", "1h5m", "--at", "2024-11-20T21:30", "--tag", "work", "--tag", "rain", "--private", "--note", "-"];
    let id = asif.reads(&[&log[..], &more, &rest].concat(), "It rained.\n")["id"].as_str().unwrap().to_owned();
    asif.ok(&["edit", &id, "--after", "50", "--clear", "note"]);
    asif.reads(&["note", "-", "--tag", "evening"], "A bad evening.\n");
    asif.ok(&["tag", &id, "#sun", "long walk", "--remove", "rain"]);
    asif.ok(&["tag", &id, "sun"]);
    asif.ok(&["tag", "--rename", "work", "office"]);
    asif.ok(&["tag"]);
    asif.refuses(4, &["tag", "--rename", "wrok", "office"]);
    asif.refuses(2, &["tag", &id, "sun", "--remove", "#sun"]);
    asif.reads(&["note", "-"], "");
    asif.ok(&["sit", "speak", "--no-input", "--duration", "8m", "--mark", "64:numb", "--mark", "4m12s:landed", "--mark", "300:worse"]);
    asif.ok(&["list"]);
}

fn a_plan_for_a_bad_hour(asif: Held<'_>) {
    asif.ok(&["crisis", "show"]);
    let parts = ["--helps-alone", "walking", "--people-places", "the library", "--who-i-can-ask", "M.", "--professionals", "Dana"];
    let edit = ["crisis", "edit", "--readable", "--making-it-safer", "not alone", "--warning-signs", "-"];
    asif.reads(&[&edit[..], &parts].concat(), "no sleep\nno food\n");
    asif.ok(&["config", "set", "country", "GB"]);
    asif.ok(&["config", "set", "own-number", "M., 01632 960000"]);
    asif.ok(&["crisis", "show"]);
    asif.ok(&["crisis", "numbers"]);
    asif.home.stop();
    let told = asif.ok(&["crisis", "--country", "ie"]);
    assert_eq!((&told["country"], &told["plan"]["warning_signs"][1]), (&Value::from("IE"), &Value::from("no food")));
}

fn reminders(asif: Held<'_>) {
    asif.ok(&["config", "set", "quiet-hours", "22:00-07:00"]);
    asif.reads(&["remind", "add", "8:00", "--days", "mon,wed", "--zone", "Europe/London", "--text", "-"], "Tea.\n");
    let year = jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::UTC).year() + 1;
    let last = jiff::civil::date(year, 3, 31);
    let sunday = last.saturating_sub(jiff::Span::new().days(i64::from(last.weekday().to_sunday_zero_offset())));
    let missing = asif.id(&["remind", "add", "1:30", "--on", &sunday.to_string(), "--zone", "Europe/London"]);
    asif.ok(&["remind", "list"]);
    asif.ok(&["remind", "remove", &missing]);
    asif.ok(&["remind", "snooze", "Tea", "--for", "1s"]);
    eventually("what was put off is due", || asif.ok(&["today"])["reminders"].as_array().is_some_and(|due| !due.is_empty()).then_some(()));
    asif.ok(&["remind", "snooze", "--until", "tomorrow"]);
}

/// One record of each type is shown, deleted and restored.
fn every_record_is_hidden_and_shown(asif: Held<'_>) {
    let newest = |args: &[&str]| asif.ok(args)[0]["id"].as_str().unwrap().to_owned();
    let mut ids: Vec<String> = [
        &["list"][..],
        &["practice", "list"],
        &["goal", "list"],
        &["belief", "list"],
        &["anchor"],
        &["sketch", "list"],
        &["phrase", "list"],
    ]
    .map(newest)
    .to_vec();
    ids.push(asif.ok(&["remind", "list"])["reminders"][0]["id"].as_str().unwrap().to_owned());
    let of_an_experiment = |one: &Value| one["experiment"].as_str().map(str::to_owned);
    ids.push(asif.ok(&["list"]).as_array().unwrap().iter().find_map(of_an_experiment).unwrap());
    for id in &ids {
        let shown = asif.ok(&["show", id]);
        if shown["type"] != "practice" {
            asif.ok(&["edit", id, "--private"]);
        }
        let gone = asif.ok(&["delete", id, "--yes"]);
        assert_eq!((&gone["id"], &gone["deleted"], &gone["type"]), (&shown["id"], &Value::Bool(true), &shown["type"]));
        let all = asif.ok(&["restore"]);
        assert!(all.as_array().unwrap().iter().any(|one| one["id"] == shown["id"]), "everything that is deleted is listed: {all}");
        let back = asif.ok(&["restore", id]);
        assert_eq!((&back["id"], &back["deleted"]), (&shown["id"], &Value::Bool(false)));
    }
    let before = asif.ok(&["erase", &ids[0], "--history", "--yes"]);
    assert_eq!((&before["history"], &before["id"].as_str()), (&Value::Bool(true), &Some(ids[0].as_str())));
    asif.ok(&["show", &ids[0]]);
    let gone = asif.ok(&["erase", &ids[5], "--yes"]);
    assert_eq!(gone["record"], "sketch");
    asif.refuses(4, &["show", &ids[5]]);
    asif.refuses(2, &["erase", &ids[0]]);
}

fn the_end(asif: Held<'_>) {
    let beside = asif.home.beside().join("copy");
    asif.ok(&["wipe", "--dry-run"]);
    std::fs::write(asif.home.data().join("mine.txt"), "not asif's").unwrap();
    asif.ok(&["wipe", "--yes", "--copy-to", beside.to_str().unwrap()]);
}
