//! Bytes on disk that are not what was written: told in words, nothing lost that was good, nothing overwritten.

use std::path::Path;

use serde_json::json;

use crate::harness::{Home, files_below};

/// Flips one bit of a file, at a part of its length from the start.
fn flip(file: &Path, part: f64) {
    let mut bytes = std::fs::read(file).unwrap();
    let at = (bytes.len() as f64 * part) as usize;
    bytes[at] ^= 0x10;
    std::fs::write(file, bytes).unwrap();
}

/// Robin's laptop with eight sessions, stopped.
fn stopped() -> Home {
    let home = Home::robin();
    for before in 0..8 {
        home.log(&["-b", &before.to_string(), "--note", "what was written"]);
    }
    home.stop();
    home
}

/// The names and bytes of everything in the data folder but the lock.
fn data(home: &Home) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files = files_below(&home.data());
    files.retain(|(path, _)| !path.ends_with("lock"));
    files.sort();
    files
}

/// Every command is refused with exit 9 and what to do, status and doctor answer, and nothing on disk is touched.
fn is_told(home: &Home, hint: &str) {
    let before = data(home);
    for args in [
        &["list"][..],
        &["log", "lunch", "-b", "1"],
        &["undo"],
        &["practice", "list"],
        &["device", "pair", "--yes", "--no-wait"],
        &["init", "--no-input"],
        &["caseload"],
        &["sync", "--wait"],
    ] {
        home.refuses(9, args).says(&[hint]);
    }
    let status = home.json(&["status"]);
    assert!(status["problems"].as_u64().unwrap() > 0, "{status}");
    home.ok(&["status"]);
    let doctor = home.run(&["doctor", "--json"]).exits(9).data();
    let bad = doctor["checks"].as_array().unwrap().iter().find(|check| check["ok"] == json!(false)).unwrap().clone();
    assert!(bad["text"].is_string() && bad["hint"].is_string(), "{doctor}");
    home.run(&["doctor"]).exits(9);
    home.ok(&["config", "list"]);
    home.stop();
    assert_eq!(data(home), before, "nothing on disk is touched");
}

#[test]
fn a_flipped_byte_in_the_middle_of_a_log_is_told_and_can_be_set_aside() {
    let home = stopped();
    let log = home.log_files().remove(0);
    flip(&log, 0.6);
    is_told(&home, "asif doctor --rebuild");
    let damaged = std::fs::read(&log).unwrap();
    let rebuilt = home.run(&["doctor", "--rebuild", "--json"]).exits(9).data();
    assert_eq!(rebuilt["rebuilt"], json!(true));
    let salvaged = rebuilt["checks"].as_array().unwrap().iter().find(|check| check["kind"] == "salvaged").unwrap();
    assert!(salvaged["text"].as_str().unwrap().contains("1 entry could not"), "what is lost is told: {salvaged}");
    let kept = home.list();
    let befores: Vec<u64> = kept.iter().map(|one| one["before"].as_u64().unwrap()).collect();
    assert!(kept.len() == 7 && befores.contains(&7) && befores.contains(&0), "what stands behind the damage is read, too: {befores:?}");
    assert!(kept.iter().all(|one| one["note"] == "what was written"));
    let aside = files_below(&home.data()).into_iter().any(|(_, bytes)| damaged.ends_with(&bytes) && bytes.len() > 200);
    assert!(aside, "what was set aside is kept");

    // The journal goes on, also over the next starts.
    home.log(&["-b", "50"]);
    let last = kept[0]["id"].as_str().unwrap();
    home.ok(&["edit", last, "-b", "51"]);
    home.ok(&["daemon", "restart"]);
    home.ok(&["doctor"]);
    assert_eq!(home.list().len(), kept.len() + 1);
    home.kill();
    let whole = home.list();
    assert_eq!(whole.len(), kept.len() + 1);
    let history = home.json(&["history", last]);
    // Read a second time it is not written once more, nor over what was said since.
    home.run(&["doctor", "--rebuild"]).exits(9);
    assert_eq!((home.list(), home.json(&["history", last])), (whole, history));
}

#[test]
fn what_was_written_in_a_later_log_shows_though_an_earlier_one_is_damaged() {
    let home = stopped();
    let log = home.log_files().remove(0);
    flip(&log, 0.6);
    home.run(&["doctor", "--rebuild"]).exits(9);
    // From here on in a log of its own, on top of what was salvaged in it.
    home.log(&["--note", "after the first damage"]);
    home.stop();
    flip(&log, 0.5);
    home.run(&["list"]).exits(9);
    let rebuilt = home.run(&["doctor", "--rebuild"]).exits(9).stdout;
    assert!(!rebuilt.contains("wait for others"), "{rebuilt}");
    let notes: Vec<String> = home.list().iter().filter_map(|one| one["note"].as_str().map(str::to_owned)).collect();
    assert!(notes.contains(&"after the first damage".to_owned()) && notes.len() >= 7, "{notes:?}");
    home.ok(&["daemon", "restart"]);
    assert_eq!(home.list().len(), notes.len());
    home.ok(&["doctor"]);
}

#[test]
fn of_a_record_whose_beginning_is_damaged_what_was_said_later_shows() {
    let home = Home::robin();
    let log = home.log_files().remove(0);
    let before = std::fs::metadata(&log).unwrap().len();
    let id = home.log(&["-b", "30"]);
    home.ok(&["edit", &id, "--note", "the long text of the day"]);
    home.ok(&["edit", &id, "-a", "77"]);
    home.stop();
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[usize::try_from(before).unwrap() + 200] ^= 4;
    std::fs::write(&log, bytes).unwrap();
    home.run(&["doctor", "--rebuild"]).exits(9);
    let shown = home.json(&["show", &id]);
    assert_eq!((&shown["note"], &shown["after"]), (&json!("the long text of the day"), &json!(77)), "{shown}");
    assert_eq!(home.list().len(), 1);
}

#[test]
fn what_a_lost_entry_had_made_private_reaches_no_helper() {
    let home = Home::robin();
    let id = home.log(&["--note", "a secret"]);
    let dana = home.share_with_dana(&["--scope", "ratings,notes", "--since", "2024-01-01"]);
    home.sync();
    assert!(dana.json(&["caseload", "open", "Robin"]).to_string().contains("a secret"));
    let sizes =
        |home: &Home| home.log_files().into_iter().map(|file| (file.clone(), std::fs::metadata(file).unwrap().len())).collect::<Vec<_>>();
    let before = sizes(&home);
    home.ok(&["edit", &id, "--private"]);
    let (log, at) = before.into_iter().find(|(file, len)| std::fs::metadata(file).unwrap().len() > *len + 300).unwrap();
    home.ok(&["edit", &id, "--note", "a secret, and more of it"]);
    home.sync();
    assert!(!dana.json(&["caseload", "open", "Robin"]).to_string().contains("a secret"));
    home.stop();
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[usize::try_from(at).unwrap() + 150] ^= 4;
    std::fs::write(&log, bytes).unwrap();
    let told = home.run(&["doctor", "--rebuild"]).exits(9).stdout;
    assert!(told.contains("kept private"), "{told}");
    home.ok(&["edit", &id, "--note", "a secret, and yet more"]);
    // Nor may anything else be sent before the person has looked.
    home.run(&["sync", "--wait", "--timeout", "20s"]).exits(8);
    home.ok(&["share", "preview", "Dana"]);
    home.ok(&["share", "resume", "Dana"]);
    home.sync();
    assert!(!dana.json(&["caseload", "open", "Robin"]).to_string().contains("a secret"));
    assert_eq!(
        (&home.json(&["show", &id])["visibility"], &home.json(&["show", &id])["note"]),
        (&json!("private"), &json!("a secret, and yet more"))
    );
}

#[test]
fn a_damaged_header_of_a_log_costs_none_of_its_records() {
    for part in [3, 20, 50, 70, 80] {
        let home = stopped();
        let log = home.log_files().remove(0);
        let mut bytes = std::fs::read(&log).unwrap();
        bytes[part] ^= 4;
        std::fs::write(&log, bytes).unwrap();
        home.run(&["list"]).exits(9);
        home.ok(&["doctor", "--rebuild"]);
        assert_eq!(home.list().len(), 8, "byte {part}");
    }
}

#[test]
fn wherever_a_byte_of_a_log_flips_it_is_noticed() {
    for part in [0.0, 0.02, 0.1, 0.35, 0.5, 0.75, 0.95] {
        let home = stopped();
        flip(&home.log_files().remove(0), part);
        let ran = home.run(&["list"]);
        assert_eq!(ran.code, Some(9), "at {part}: {ran:?}");
    }
}

#[test]
fn what_one_device_lost_comes_back_from_the_other() {
    let laptop = Home::robin();
    for before in 0..8 {
        laptop.log(&["-b", &before.to_string(), "--note", "what was written"]);
    }
    let desktop = laptop.pair();
    desktop.log(&["-b", "60"]);
    desktop.sync();
    let whole = laptop.list();
    assert_eq!(whole.len(), 9);
    laptop.stop();
    flip(&laptop.log_files().remove(0), 0.6);
    laptop.refuses(9, &["list"]);
    laptop.run(&["doctor", "--rebuild"]).exits(9);
    laptop.sync();
    assert_eq!(laptop.list(), whole);
    // What is written after it reaches the other as before.
    laptop.log(&["-b", "70"]);
    laptop.sync();
    assert_eq!(desktop.list(), laptop.list());
    assert_eq!(desktop.list().len(), 10);
    for home in [&laptop, &desktop] {
        home.ok(&["doctor"]);
        home.ok(&["daemon", "restart"]);
        assert_eq!(home.list().len(), 10);
    }
}

#[test]
fn damage_on_one_device_spreads_nowhere() {
    let laptop = Home::robin();
    for before in 0..8 {
        laptop.log(&["-b", &before.to_string()]);
    }
    let desktop = laptop.pair();
    let whole = desktop.list();
    laptop.stop();
    flip(&laptop.log_files().remove(0), 0.4);
    laptop.start();
    desktop.log(&["-b", "9"]);
    desktop.run(&["sync", "--wait", "--timeout", "2s"]);
    assert_eq!(desktop.list().len(), whole.len() + 1);
    desktop.ok(&["doctor"]);
}

#[test]
fn a_flipped_byte_in_the_statements_is_told() {
    let home = stopped();
    flip(&home.data().join("store/statements"), 0.5);
    is_told(&home, "asif doctor");
}

#[test]
fn a_flipped_byte_in_a_view_is_made_good_unasked() {
    let laptop = Home::robin();
    laptop.log(&[]);
    let desktop = laptop.pair();
    let whole = laptop.list();
    laptop.stop();
    for file in ["view", "peers"] {
        flip(&laptop.data().join(file), 0.7);
    }
    assert_eq!(laptop.list(), whole);
    laptop.ok(&["doctor"]);
    // The address of the other was in the file that was lost; the other still knows where this one is.
    desktop.log(&[]);
    desktop.sync();
    assert_eq!(laptop.list(), desktop.list());
}

#[test]
fn a_flipped_byte_in_the_vault_is_told_and_the_vault_is_not_overwritten() {
    let home = stopped();
    flip(&home.data().join("vault"), 0.5);
    is_told(&home, "vault.key");
    home.run(&["doctor", "--rebuild"]).exits(9);
    home.stop();
    flip(&home.data().join("vault"), 0.5);
    assert_eq!(home.list().len(), 8, "put back, all is there");
}

#[test]
fn a_flipped_byte_in_the_vaults_key_is_told_and_the_key_is_not_overwritten() {
    let home = stopped();
    for part in [0.0, 0.9] {
        flip(&home.data().join("vault.key"), part);
        is_told(&home, "vault.key");
        flip(&home.data().join("vault.key"), part);
    }
    assert_eq!(home.list().len(), 8);
}

/// Takes a file away; with it gone every command but status and doctor is refused, and it is not made anew.
fn is_missed(name: &str) {
    let home = stopped();
    let (path, beside) = (home.data().join(name), home.beside().join("kept"));
    std::fs::rename(&path, &beside).unwrap();
    is_told(&home, "vault.key");
    assert!(!path.exists());
    std::fs::rename(&beside, &path).unwrap();
    assert_eq!(home.list().len(), 8, "put back, all is there");
}

#[test]
fn a_missing_vault_key_is_told_and_not_made_anew() {
    is_missed("vault.key");
}

#[test]
fn a_missing_vault_is_told_and_not_made_anew() {
    is_missed("vault");
}

#[test]
fn a_missing_log_is_told() {
    let home = stopped();
    let log = home.log_files().remove(0);
    let beside = home.beside().join("kept");
    std::fs::rename(&log, &beside).unwrap();
    let ran = home.run(&["list"]);
    assert_eq!(ran.code, Some(9), "{ran:?}");
    home.stop();
    std::fs::rename(&beside, &log).unwrap();
    assert_eq!(home.list().len(), 8, "put back, all is there");
    home.stop();
    std::fs::remove_file(&log).unwrap();
    home.run(&["list"]).exits(9);
    let rebuilt = home.run(&["doctor", "--rebuild"]).exits(9).stdout;
    assert!(rebuilt.contains("entries could not") && !rebuilt.contains("All is well"), "what is gone is told: {rebuilt}");
}

#[test]
fn what_opens_the_journal_can_be_put_back_whatever_was_tried_in_between() {
    for part in [0.05, 0.8] {
        let home = stopped();
        let file = home.data().join("store/statements");
        let (good, vault, view) = (
            std::fs::read(&file).unwrap(),
            std::fs::read(home.data().join("vault")).unwrap(),
            std::fs::read(home.data().join("view")).unwrap(),
        );
        flip(&file, part);
        is_told(&home, "put that file back from a copy");
        assert!(home.run(&["doctor", "--rebuild"]).exits(9).stdout.contains("put that file back from a copy"));
        for args in [&["init", "--no-input"][..], &["list"], &["helper", "join", "x"]] {
            assert_ne!(home.run(args).code, Some(0), "at {part}: {args:?}");
        }
        home.refuses(9, &["init", "--no-input"]);
        home.stop();
        assert_eq!(std::fs::read(home.data().join("vault")).unwrap(), vault, "at {part}");
        assert_eq!(std::fs::read(home.data().join("view")).unwrap(), view, "at {part}");
        std::fs::write(&file, good).unwrap();
        assert_eq!(home.list().len(), 8, "at {part}");
        home.ok(&["doctor"]);
    }
}

#[test]
fn what_opens_the_journal_comes_back_from_another_device() {
    for part in [0.01, 0.2] {
        let laptop = stopped();
        let desktop = laptop.pair();
        desktop.log(&["-b", "60"]);
        desktop.sync();
        let whole = laptop.list();
        laptop.stop();
        let file = laptop.data().join("store/statements");
        flip(&file, part);
        laptop.refuses(9, &["list"]);
        laptop.run(&["doctor", "--rebuild"]);
        if laptop.run(&["list"]).code != Some(0) {
            laptop.ok(&["device", "join", &desktop.device_ticket()]);
        }
        laptop.sync();
        assert_eq!(laptop.list(), whole, "at {part}");
        laptop.log(&["-b", "70"]);
        laptop.sync();
        assert_eq!(desktop.list(), laptop.list(), "at {part}");
        laptop.ok(&["doctor"]);
    }
}

#[test]
fn a_file_that_is_no_log_is_left_alone_and_told() {
    let home = stopped();
    let strange = home.data().join("store/logs/.DS_Store");
    std::fs::write(&strange, "x").unwrap();
    assert_eq!(home.list().len(), 8);
    assert!(home.ok(&["doctor"]).stdout.contains(".DS_Store"));
    home.ok(&["doctor", "--rebuild"]);
    assert!(strange.exists());
}
