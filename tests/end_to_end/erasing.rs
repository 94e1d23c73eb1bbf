//! `asif erase` with the real programs.

use serde_json::json;

use crate::harness::{Home, eventually};

/// A session with a note, by its id.
fn noted(home: &Home, note: &str) -> String {
    let ran = home.run_with(&["log", "lunch", "-a", "45", "--note", "-", "--json"], note.as_bytes()).exits(0);
    ran.data()["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_erased_is_gone_here_at_once_and_elsewhere_when_that_hears_of_it() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    let (gone, stays) = (noted(&laptop, "I said too much."), noted(&laptop, "It went well."));
    laptop.sync();
    desktop.stop();
    let told = laptop.json(&["erase", &gone, "--yes"]);
    let expected =
        json!({"type": "erased", "record": "session", "id": gone, "history": false, "was_shared_with": [], "others": ["desktop"]});
    assert_eq!(told, expected);
    laptop.refuses(4, &["show", &gone]);
    laptop.refuses(4, &["history", &gone]);
    laptop.refuses(4, &["restore", &gone]);
    assert!(laptop.list().iter().all(|one| one["id"] != gone.as_str()));
    // Wherever it is killed after that, and whoever starts first.
    laptop.kill();
    desktop.start();
    desktop.ok(&["show", &gone]);
    laptop.start();
    eventually("the desktop has heard", || (desktop.run(&["show", &gone]).code == Some(4)).then_some(()));
    laptop.sync();
    for home in [&laptop, &desktop] {
        assert_eq!(home.list().iter().map(|one| one["id"].clone()).collect::<Vec<_>>(), [json!(stays)]);
        home.ok(&["doctor", "--rebuild"]);
        home.refuses(4, &["show", &gone]);
    }
    // And whoever comes in later gets nothing of it.
    let phone = Home::new();
    phone.json(&["device", "join", &desktop.device_ticket(), "--name", "phone"]);
    assert_eq!(phone.list().iter().map(|one| one["id"].clone()).collect::<Vec<_>>(), [json!(stays)]);
}

#[test]
fn of_a_history_the_text_stays() {
    let laptop = Home::robin();
    let id = noted(&laptop, "A harsh word.");
    laptop.ok(&["edit", &id, "--after", "50"]);
    laptop.run_with(&["edit", &id, "--note", "-"], b"A kinder one.").exits(0);
    let before = laptop.json(&["show", &id]);
    let told = laptop.ok(&["erase", &id, "--history", "--yes"]).stdout;
    assert!(told.contains("said before; what it says now stays"), "{told}");
    assert_eq!(laptop.json(&["show", &id]), before);
    let history = laptop.json(&["history", &id]).to_string();
    assert!(!history.contains("harsh") && history.contains("kinder"), "{history}");
    // Nothing takes it back, and what was done before it is not taken back past it.
    let undone = laptop.ok(&["undo", "--json"]).data();
    assert_ne!(undone["id"], json!(id), "{undone}");
    assert_eq!(laptop.json(&["show", &id]), before);
    laptop.ok(&["edit", &id, "--after", "55"]);
    laptop.ok(&["undo"]);
    assert_eq!(laptop.json(&["show", &id]), before);
}

#[test]
fn it_asks_first_and_says_what_cannot_be_erased() {
    let laptop = Home::robin();
    let id = noted(&laptop, "a word");
    laptop.refuses(2, &["erase", &id]);
    laptop.refuses(4, &["erase", "ffff", "--yes"]);
    laptop.refuses(2, &["erase", "--yes"]);
    laptop.ok(&["show", &id]);
    let dana = laptop.share_with_dana(&["--scope", "ratings,notes", "--since", "2026-01-01"]);
    laptop.sync();
    eventually("she sees it", || {
        let seen = dana.json(&["caseload", "open", "Robin"]);
        (seen["sessions"].as_array()?.len() == 1).then_some(())
    });
    let told = laptop.ok(&["erase", &id, "--yes"]).stdout;
    assert!(told.contains("Dana had it: Dana's devices are asked to forget it."), "{told}");
    eventually("it is taken back", || {
        let seen = dana.json(&["caseload", "open", "Robin"]);
        seen["sessions"].as_array()?.is_empty().then_some(())
    });
}
