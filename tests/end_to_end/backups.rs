//! Backups: made, looked at, restored; in the place of a lost disk, and beside the device that they were made on.

use std::fs;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Home, Ran, Running, eventually, files_below, holds, signal};
use crate::pty::AtTerminal;

const PASSPHRASE: &str = "correct horse battery";

fn with(home: &Home, typed: &str, args: &[&str]) -> Ran {
    home.run_with(&[args, &["--fd", "0"]].concat(), typed.as_bytes())
}

/// A backup of a home, beside it.
fn backup(home: &Home, name: &str) -> String {
    let file = home.beside().join(name).to_str().unwrap().to_owned();
    with(home, PASSPHRASE, &["backup", "create", &file]).exits(0);
    file
}

#[test]
fn a_backup_is_whole_and_opens_to_what_it_should_and_to_nothing_else() {
    let laptop = Home::robin();
    laptop.log(&["--note", "CANARY-IN-A-BACKUP"]);
    let file = laptop.beside().join("one").to_str().unwrap().to_owned();
    // The kit is not written down: the passphrase alone would open it.
    laptop.refuses(7, &["backup", "create", &file, "--kit-only"]).says(&["nothing would open it", "asif recovery-kit show"]);
    laptop.refuses(2, &["backup", "create", &file]).says(&["--kit-only", "--fd 0"]);
    with(&laptop, "short", &["backup", "create", &file]).exits(2).says(&["at least 8 characters"]);
    let made = with(&laptop, &format!("{PASSPHRASE}\n"), &["backup", "create", &file, "--json"]).exits(0).data();
    assert_eq!(
        (&made["sessions"], &made["passphrase"], &made["kit"], &made["device"]),
        (&json!(1), &json!(true), &json!(true), &json!("laptop"))
    );
    assert_eq!(made["bytes"].as_u64().unwrap(), fs::metadata(&file).unwrap().len());
    let bytes = fs::read(&file).unwrap();
    for word in ["CANARY-IN-A-BACKUP", "Robin", "laptop", "lunch", "vault"] {
        assert!(!holds(&bytes, word.as_bytes()), "{word} can be read in it");
    }
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&file).unwrap()) & 0o777, 0o600);
    // Nothing is written over.
    with(&laptop, PASSPHRASE, &["backup", "create", &file]).exits(7).says(&["is there already"]);
    with(&laptop, PASSPHRASE, &["backup", "create", "/nowhere/at/all"]).exits(1).says(&["could not be written", "nothing was changed"]);
    assert_eq!(fs::read(&file).unwrap(), bytes);

    let kit = laptop.json(&["recovery-kit", "show"]);
    let words = kit["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(" ");
    for typed in [PASSPHRASE, &words] {
        let seen = with(&laptop, typed, &["backup", "verify", &file, "--json"]).exits(0).data();
        assert_eq!((&seen["sessions"], &seen["made_at"]), (&json!(1), &made["made_at"]));
    }
    with(&laptop, "wrong passphrase", &["backup", "verify", &file]).exits(6).says(&["does not open the backup", "24 words"]);
    // Changed, cut off, none at all.
    let damaged = laptop.beside().join("damaged").to_str().unwrap().to_owned();
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    for (what, bytes, code, said) in [
        ("changed", &changed[..], 9, "the backup is damaged"),
        ("cut off", &bytes[..bytes.len() - 100], 9, "the backup is damaged"),
        ("none", b"something else", 2, "not a backup that this asif can read"),
        ("empty", b"", 2, "not a backup that this asif can read"),
        ("newer", b"asifbak9 and more", 2, "not a backup that this asif can read"),
    ] {
        fs::write(&damaged, bytes).unwrap();
        let ran = with(&laptop, PASSPHRASE, &["backup", "verify", &damaged]).exits(code);
        assert!(ran.stderr.contains(said), "{what}: {ran:?}");
        let fresh = Home::new();
        with(&fresh, PASSPHRASE, &["backup", "restore", &damaged]).exits(code);
        assert_eq!(fresh.json(&["status"])["initialised"], false, "{what}");
    }
    with(&laptop, PASSPHRASE, &["backup", "verify", "/nowhere"]).exits(2).says(&["there is no file"]);
    assert_eq!(laptop.list().len(), 1);
}

#[test]
fn a_disk_was_replaced_and_the_backup_brings_it_back_as_the_device_it_was() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    let dana = laptop.share_with_dana(&["--scope", "ratings,notes", "--since", "2020-01-01"]);
    laptop.log(&["--note", "a"]);
    laptop.sync();
    let file = backup(&laptop, "one");
    desktop.log(&["--note", "b"]);
    desktop.sync();
    // What it was listening on goes with the machine.
    laptop.kill();
    let back = Home::new();
    let told = with(&back, PASSPHRASE, &["backup", "restore", &file, "--json"]).exits(0).data();
    assert_eq!((&told["sessions"], &told["device"], &told["into"]), (&json!(1), &json!("laptop"), &Value::Null));
    // Said again, it is answered again; and another is not laid over it.
    with(&back, PASSPHRASE, &["backup", "restore", &file]).exits(0);
    with(&back, PASSPHRASE, &["backup", "restore", &backup(&desktop, "two")]).exits(7).says(&["holds a journal already", "--into FOLDER"]);
    back.log(&["--note", "c"]);
    for home in [&back, &desktop] {
        eventually("everything is on both", || (home.notes() == ["a", "b", "c"]).then_some(()));
    }
    assert_eq!(back.json(&["device", "list"]).as_array().unwrap().len(), 2);
    // Dana sees nothing new before Robin has looked.
    back.run(&["sync", "--wait", "--timeout", "5s"]);
    let seen = |home: &Home| home.json(&["caseload", "open", "Robin"])["sessions"].to_string().contains("\"c\"");
    assert!(!seen(&dana));
    assert!(back.json(&["share", "list"])[0]["waiting"].is_string());
    back.ok(&["share", "preview", "Dana"]);
    back.ok(&["share", "resume", "Dana"]);
    eventually("what waited is with Dana", || seen(&dana).then_some(()));
    assert!(back.ok(&["doctor"]).stdout.contains("this home was restored from a backup on "));
}

#[test]
fn an_old_backup_restored_beside_the_newer_device_costs_neither_a_word() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    laptop.log(&["--note", "a"]);
    let file = backup(&laptop, "one");
    laptop.log(&["--note", "b"]);
    laptop.sync();
    let beside = Home::new();
    with(&beside, PASSPHRASE, &["backup", "restore", &file]).exits(0);
    beside.log(&["--note", "c"]);
    laptop.log(&["--note", "d"]);
    for home in [&beside, &laptop, &desktop] {
        eventually("everything is everywhere", || (home.notes() == ["a", "b", "c", "d"]).then_some(()));
    }
    for home in [&beside, &laptop, &desktop] {
        home.stop();
    }
    for home in [&desktop, &beside, &laptop] {
        home.start();
        assert_eq!(home.notes(), ["a", "b", "c", "d"]);
        home.ok(&["doctor"]);
    }
}

#[test]
fn an_old_backup_that_knows_of_no_other_device_becomes_a_device_of_its_own() {
    let phone = Home::robin();
    phone.log(&["--note", "a"]);
    let file = backup(&phone, "old");
    let desktop = phone.pair();
    phone.log(&["--note", "b"]);
    let tablet = Home::new();
    with(&tablet, PASSPHRASE, &["backup", "restore", &file]).exits(0);
    tablet.log(&["--note", "c"]);
    assert!(tablet.ok(&["doctor"]).stdout.contains("asif device pair there, and asif device join here"));
    tablet.ok(&["device", "join", &phone.device_ticket(), "--name", "tablet"]);
    for home in [&tablet, &phone, &desktop] {
        eventually("everything is everywhere", || (home.notes() == ["a", "b", "c"]).then_some(()));
    }
}

#[test]
fn a_backup_is_looked_at_in_a_folder_that_opens_no_network() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    laptop.log(&["--note", "a"]);
    laptop.sync();
    let file = backup(&laptop, "one");
    let full = laptop.beside().join("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("mine"), "mine").unwrap();
    with(&laptop, PASSPHRASE, &["backup", "restore", &file, "--into", full.to_str().unwrap()]).exits(7).says(&["something in"]);
    assert_eq!(files_below(&full).len(), 1);
    let look = Home::new();
    with(&laptop, PASSPHRASE, &["backup", "restore", &file, "--into", look.path().to_str().unwrap()]).exits(0);
    assert_eq!(look.notes(), ["a"]);
    desktop.log(&["--note", "b"]);
    desktop.sync();
    look.run(&["sync"]);
    assert_eq!((look.notes(), look.json(&["status"])["listen"].clone()), (vec!["a".into()], json!([])));
    assert_eq!(laptop.notes(), ["a", "b"]);
}

#[test]
fn a_laptop_was_stolen_and_a_backup_with_the_words_makes_another_device_and_shuts_the_thief_out() {
    let laptop = Home::robin();
    laptop.log(&["--note", "a"]);
    let kit = laptop.json(&["recovery-kit", "show"]);
    let words = kit["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(" ");
    with(&laptop, &words, &["recovery-kit", "confirm"]).exits(0);
    let desktop = laptop.pair();
    desktop.sync();
    let file = backup(&laptop, "one");
    laptop.log(&["--note", "after the backup"]);
    laptop.sync();
    desktop.stop();
    laptop.log(&["--note", "by the thief"]);
    laptop.stop();
    desktop.start();
    let new = Home::new();
    let told = with(&new, PASSPHRASE, &["backup", "restore", &file]).exits(0).stdout;
    assert!(told.contains("asif recovery-kit restore --remove \"laptop\""), "{told}");
    with(&new, &words, &["recovery-kit", "restore", "--remove", "laptop", "--name", "new laptop"]).exits(0);
    let names = |home: &Home| home.json(&["device", "list"]).as_array().unwrap().iter().map(|one| one["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&new), ["new laptop", "desktop"]);
    eventually("the desktop has heard of it", || (names(&desktop) == ["desktop", "new laptop"]).then_some(()));
    new.log(&["--note", "b"]);
    // What the desktop had of the laptop counts. The rest only the thief has: it counts nowhere.
    laptop.start();
    laptop.refuses(8, &["sync", "--wait", "--timeout", "5s"]);
    for home in [&new, &desktop] {
        eventually("both have the same", || (home.notes() == ["a", "after the backup", "b"]).then_some(()));
    }
    // It is done once: this home is a device of its own now.
    with(&new, &words, &["recovery-kit", "restore"]).exits(7).says(&["reads its journal already"]);
    new.kill();
    assert_eq!(new.notes(), ["a", "after the backup", "b"]);
    new.ok(&["doctor"]);
}

#[test]
fn a_daemon_that_is_killed_while_it_makes_or_restores_a_backup_has_harmed_nothing() {
    let laptop = Home::robin();
    for number in 0..30 {
        laptop.log(&["--note", &number.to_string()]);
    }
    let good = backup(&laptop, "good");
    for round in 0..4 {
        let file = laptop.beside().join(format!("killed {round}")).to_str().unwrap().to_owned();
        let mut command = laptop.command(&["backup", "create", &file, "--fd", "0"]);
        command.stdin(fs::File::open(passphrase_file(&laptop)).unwrap());
        let running = Running::start(command);
        if round > 0 {
            // Somewhere while it stretches, seals, reads back.
            eventually("it is at it", || files_named(&laptop, "unfinished").or_else(|| fs::metadata(&file).is_ok().then_some(())));
        }
        signal(laptop.pid(), Signal::KILL);
        // The command starts another, and asks again.
        drop(running.end());
        if fs::metadata(&file).is_ok() {
            with(&laptop, PASSPHRASE, &["backup", "verify", &file]).exits(0);
        }
        assert_eq!(laptop.list().len(), 30);
    }
    let again = backup(&laptop, "again");
    with(&laptop, PASSPHRASE, &["backup", "verify", &again]).exits(0);
    for _ in 0..4 {
        let back = Home::new();
        back.start();
        let mut command = back.command(&["backup", "restore", &good, "--fd", "0"]);
        command.stdin(fs::File::open(passphrase_file(&laptop)).unwrap());
        let running = Running::start(command);
        eventually("something of it is there", || back.data().join("restored").exists().then_some(()));
        signal(back.pid(), Signal::KILL);
        drop(running.end());
        with(&back, PASSPHRASE, &["backup", "restore", &good]).exits(0);
        assert_eq!(back.list().len(), 30);
        back.ok(&["doctor"]);
    }
}

fn passphrase_file(home: &Home) -> std::path::PathBuf {
    let file = home.beside().join("passphrase");
    fs::write(&file, PASSPHRASE).unwrap();
    file
}

fn files_named(home: &Home, part: &str) -> Option<()> {
    fs::read_dir(home.beside()).unwrap().any(|one| one.unwrap().file_name().to_string_lossy().contains(part)).then_some(())
}

#[test]
fn somebody_at_a_terminal_types_a_passphrase_that_nobody_sees() {
    let laptop = Home::robin();
    let file = laptop.beside().join("one").to_str().unwrap().to_owned();
    let mut asked = AtTerminal::start(&laptop.command(&["backup", "create", &file]));
    let mut all = String::new();
    for (question, typed) in [
        ("A passphrase for it", "hidden-from-all\r"),
        ("Once more:", "hidden-from-al\r"),
        ("A passphrase for it", "hidden-from-alX\x7fl\r"),
        ("Once more:", "hidden-from-all\r"),
    ] {
        all.push_str(&asked.await_text(question));
        asked.type_in(typed.as_bytes());
    }
    let (code, shown) = asked.end();
    all.push_str(&shown);
    assert!(code == Some(0) && all.contains("the two are not the same") && all.contains("it is whole"), "{all}");
    assert!(!all.contains("hidden"), "{all}");
    let mut asked = AtTerminal::start(&laptop.command(&["backup", "verify", &file]));
    asked.await_text("Its passphrase, or the 24 words");
    asked.type_in(b"hidden-from-all\r");
    let (code, shown) = asked.end();
    assert!(code == Some(0) && shown.contains("Whole: 0 sessions of Robin's \"laptop\"") && !shown.contains("hidden"), "{shown}");
    // Given up: the terminal is as it was.
    let mut asked = AtTerminal::start(&laptop.command(&["backup", "verify", &file]));
    asked.await_text("Its passphrase, or the 24 words");
    asked.type_in(b"half\x03");
    assert_eq!(asked.end().0, Some(130));
    assert!(asked.is_as_it_was());
}
