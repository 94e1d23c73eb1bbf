//! A home that was copied or put back from an old copy, with the real programs.

use std::path::Path;

use serde_json::Value;

use crate::harness::{Home, eventually};

/// Copies what a folder holds, with the rights as they are; what is in the way goes.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(to).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            std::fs::remove_dir_all(entry.path()).unwrap();
        } else {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    let copied = std::process::Command::new("cp").args(["-a", "--"]).arg(from.join(".")).arg(to).status().unwrap();
    assert!(copied.success());
}

/// Puts an old copy of the data back so that nothing tells that it is old, as where the whole disk was put back.
fn put_back_unnoticed(old: &Path, home: &Home) {
    let aside = home.beside().join("marks");
    std::fs::create_dir(&aside).unwrap();
    let marks = ["place", "mark.a", "mark.b"];
    marks.iter().for_each(|mark| drop(std::fs::rename(home.data().join(mark), aside.join(mark))));
    copy(old, &home.data());
    for mark in marks {
        drop(std::fs::remove_file(home.data().join(mark)));
        drop(std::fs::rename(aside.join(mark), home.data().join(mark)));
    }
}

fn ids(home: &Home) -> Vec<String> {
    let mut ids: Vec<_> = home.list().iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Until all these hold exactly these sessions, in whatever order they meet: a copy and its original take turns.
fn all_hold(homes: &[&Home], mut expected: Vec<String>) {
    expected.sort();
    eventually("all hold the same", || {
        homes.iter().for_each(|home| drop(home.run(&["sync", "--wait", "--timeout", "2s"])));
        homes.iter().all(|home| ids(home) == expected).then_some(())
    });
    for home in homes {
        home.ok(&["doctor"]);
        home.ok(&["doctor", "--rebuild"]);
        assert_eq!(ids(home), expected);
    }
}

fn told(home: &Home) -> String {
    let doctor = home.run(&["doctor", "--json"]).data();
    doctor["checks"].as_array().unwrap().iter().filter_map(|check| check["text"].as_str().map(|text| format!("{text}\n"))).collect()
}

#[test]
fn a_copied_home_and_its_original_lose_nothing_of_each_other() {
    let laptop = Home::robin();
    let before = laptop.log(&["-b", "1"]);
    let desktop = laptop.pair();
    for home in [&laptop, &desktop] {
        home.stop();
    }
    let other = Home::new();
    copy(&laptop.path(), &other.path());
    let mut expected = vec![before];
    for (home, feeling) in [(&laptop, "2"), (&other, "3"), (&laptop, "4"), (&other, "5")] {
        expected.push(home.log(&["-b", feeling, "--note", "-"]));
    }
    desktop.start();
    all_hold(&[&desktop, &laptop, &other], expected);
    assert!(told(&laptop).contains("written in two places") || told(&other).contains("written in two places"));
}

#[test]
fn an_old_copy_put_back_in_its_place_and_written_in_loses_nothing() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    let mut expected = vec![laptop.log(&["-b", "1"])];
    laptop.sync();
    laptop.stop();
    let old = laptop.beside().join("old");
    std::fs::create_dir(&old).unwrap();
    copy(&laptop.data(), &old);
    for feeling in ["2", "3", "4"] {
        expected.push(laptop.log(&["-b", feeling]));
    }
    laptop.sync();
    for home in [&laptop, &desktop] {
        home.stop();
    }
    put_back_unnoticed(&old, &laptop);
    for feeling in ["5", "6"] {
        expected.push(laptop.log(&["-b", feeling, "--tag", "old"]));
    }
    desktop.start();
    all_hold(&[&laptop, &desktop], expected);
    assert!(told(&laptop).contains("written in two places") || told(&desktop).contains("written in two places"));
    let tagged: Vec<Value> = desktop.json(&["list", "--tag", "old"]).as_array().unwrap().clone();
    assert_eq!(tagged.len(), 2);
    // What is written from now on goes as it always did.
    let next = laptop.log(&["-b", "7"]);
    eventually("the next one arrives", || ids(&desktop).contains(&next).then_some(()));
}

#[test]
fn an_old_copy_that_is_put_back_shows_a_helper_nothing_new_before_the_person_has_looked() {
    let robin = Home::robin();
    let session = robin.log(&["-b", "1", "--note", "a hard evening"]);
    let dana = robin.share_with_dana(&["--scope", "ratings,notes", "--since", "2020-01-01"]);
    let notes = || dana.json(&["caseload", "open", "Robin"])["sessions"].to_string();
    eventually("she has it", || notes().contains("a hard evening").then_some(()));
    let old = robin.beside().join("old");
    std::fs::create_dir(&old).unwrap();
    // As a backup of a running machine does it.
    copy(&robin.data(), &old);
    robin.ok(&["edit", &session, "--private"]);
    eventually("it is taken back", || (!notes().contains("a hard evening")).then_some(()));
    robin.stop();
    copy(&old, &robin.data());
    robin.log(&["-b", "2", "--note", "written in the copy"]);
    robin.ok(&["share", "edit", "Dana", "--purpose", "as agreed", "--yes"]);
    let waits = |home: &Home| home.json(&["share", "list"])[0]["waiting"].as_str().is_some_and(|why| why.contains("put back from a copy"));
    assert!(waits(&robin));
    robin.run(&["sync", "--wait", "--timeout", "10s"]);
    assert!(!notes().contains("a hard evening") && !notes().contains("written in the copy"));
    assert!(robin.run(&["doctor"]).stdout.contains("asif share resume \"Dana\""));
    robin.refuses(7, &["share", "resume", "Dana"]).says(&["look first", "asif share preview \"Dana\""]);
    let preview = robin.json(&["share", "preview", "Dana"]);
    assert_eq!((&preview["waits_for_you"], &preview["sessions"]), (&true.into(), &2.into()));
    robin.ok(&["share", "resume", "Dana"]);
    assert!(!waits(&robin));
    eventually("what is new goes out", || notes().contains("written in the copy").then_some(()));
    robin.ok(&["sync", "--wait"]);
    assert!(!notes().contains("a hard evening"), "she gave it up for more than the copy knows");
}

#[test]
fn a_copy_of_the_only_home_becomes_a_device_of_its_own() {
    let laptop = Home::robin();
    let mut expected = vec![laptop.log(&["-b", "1"])];
    laptop.stop();
    let other = Home::new();
    copy(&laptop.path(), &other.path());
    for (home, feeling) in [(&laptop, "2"), (&other, "3")] {
        expected.push(home.log(&["-b", feeling]));
    }
    let ticket = laptop.device_ticket();
    laptop.refuses(7, &["device", "join", &ticket]).says(&["this ticket was made here"]);
    other.ok(&["device", "join", &ticket, "--name", "second"]);
    expected.push(other.log(&["-b", "4"]));
    all_hold(&[&laptop, &other], expected);
    let mut names: Vec<_> =
        other.json(&["device", "list"]).as_array().unwrap().iter().map(|device| device["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["laptop", "second"]);
    for home in [&laptop, &other] {
        home.ok(&["daemon", "restart"]);
    }
    let last = laptop.log(&["-b", "5"]);
    eventually("it arrives at the second", || ids(&other).contains(&last).then_some(()));
}

#[test]
fn a_device_that_an_old_copy_does_not_know_says_so_and_is_let_in_again() {
    let laptop = Home::robin();
    let mut expected = vec![laptop.log(&["-b", "1"])];
    laptop.stop();
    let old = laptop.beside().join("old");
    std::fs::create_dir(&old).unwrap();
    copy(&laptop.data(), &old);
    let desktop = laptop.pair();
    expected.extend([laptop.log(&["-b", "2"]), desktop.log(&["-b", "3"])]);
    desktop.sync();
    laptop.stop();
    copy(&old, &laptop.data());
    expected.push(laptop.log(&["-b", "4"]));
    // Its network opens with the next ticket; then the desktop hears that it is not known.
    let ticket = laptop.device_ticket();
    eventually("the desktop says so", || {
        desktop.run(&["sync", "--wait", "--timeout", "2s"]);
        told(&desktop).contains("laptop does not know this device any more").then_some(())
    });
    desktop.ok(&["device", "join", &ticket]);
    all_hold(&[&laptop, &desktop], expected);
    assert_eq!(laptop.json(&["device", "list"]).as_array().unwrap().len(), 2);
}

#[test]
fn what_was_written_after_a_move_shows_though_an_older_copy_was_laid_over_it() {
    let home = Home::robin();
    let first = home.log(&["--note", "one"]);
    home.stop();
    let root = home.data().parent().unwrap().to_owned();
    let (backup, moved) = (home.beside().join("backup"), home.beside().join("moved"));
    for folder in [&backup, &moved] {
        std::fs::create_dir(folder).unwrap();
    }
    copy(&root, &backup);
    home.log(&["--note", "two"]);
    home.stop();
    // Moved by a copy: from here on it writes in a log of its own.
    copy(&root, &moved);
    std::fs::remove_dir_all(&root).unwrap();
    std::fs::rename(&moved, &root).unwrap();
    let later: Vec<String> = ["FOUR", "FIVE"].iter().map(|note| home.log(&["--note", note])).collect();
    home.stop();
    let laid_over = std::process::Command::new("cp").args(["-a", "--"]).arg(backup.join(".")).arg(&root).status().unwrap();
    assert!(laid_over.success());
    let mut expected = [vec![first], later].concat();
    expected.sort();
    assert_eq!(ids(&home), expected, "what lies whole in the later log");
    assert!(told(&home).contains("stands in the journal again"), "{}", told(&home));
    let notes: Vec<Value> = home.list().iter().map(|one| one["note"].clone()).collect();
    assert!(notes.contains(&"FIVE".into()), "{notes:?}");
    home.ok(&["daemon", "restart"]);
    assert_eq!(ids(&home), expected);
    home.ok(&["doctor"]);
}
