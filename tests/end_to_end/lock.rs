//! A passphrase on the journal: locked, opened, changed, taken off, forgotten.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::harness::{Home, Ran, eventually, files_below, finish, holds};
use crate::pty::AtTerminal;

const PASSPHRASE: &str = "correct horse battery";

fn with(home: &Home, typed: &str, args: &[&str]) -> Ran {
    home.run_with(&[args, &["--fd", "0"]].concat(), typed.as_bytes())
}

/// Robin's home with a passphrase on it, open.
fn guarded() -> Home {
    let home = Home::robin();
    home.log(&["--note", "a"]);
    with(&home, PASSPHRASE, &["lock", "passphrase"]).exits(0);
    home
}

fn unlock(home: &Home) -> Ran {
    with(home, PASSPHRASE, &["unlock"]).exits(0)
}

#[test]
fn a_locked_journal_shows_nothing_and_says_in_one_line_what_to_do() {
    let home = guarded();
    home.ok(&["lock", "now"]);
    let before = files_below(&home.data());
    for args in [
        &["list"][..],
        &["today"],
        &[],
        &["edit", "abcd", "-b", "1"],
        &["undo"],
        &["device", "list"],
        &["share", "list"],
        &["caseload"],
        &["sync", "--wait"],
        &["draft", "list"],
        &["recovery-kit", "show"],
        &["backup", "create", "x", "--kit-only"],
        &["init", "--no-input"],
        &["erase", "abcd", "--yes"],
    ] {
        let ran = home.run(args).exits(5);
        assert!(
            ran.stdout.is_empty() && ran.stderr.contains("the journal is locked") && ran.stderr.contains("asif unlock"),
            "{args:?}: {ran:?}"
        );
    }
    home.run_with(&["goal", "add", "-"], b"words")
        .exits(5)
        .says(&["the journal is locked", "what came in on standard input is not stored"]);
    // Nobody is let type what could be kept nowhere.
    for args in [&["sketch"][..], &["goal", "add"], &["belief", "add"], &["demo", "politeness"]] {
        let (code, shown) = AtTerminal::start(&home.command(args)).end();
        assert!(code == Some(5) && shown.contains("the journal is locked") && !shown.contains('>'), "{args:?}: {shown}");
    }
    let told = home.run(&["list", "--json"]).exits(5).envelope();
    assert_eq!((&told["error"]["kind"], &told["error"]["hint"]), (&json!("locked"), &json!("open it with: asif unlock")));
    let status = home.json(&["status"]);
    assert_eq!(
        (&status["locked"], &status["name"], &status["vault"], &status["initialised"]),
        (&json!(true), &Value::Null, &json!("passphrase"), &json!(true))
    );
    assert!(home.ok(&["status"]).stdout.contains("locked"));
    home.ok(&["doctor"]);
    assert!(home.ok(&["crisis"]).stdout.contains("116 123"));
    home.ok(&["config", "list"]);
    home.ok(&["lock", "now"]);
    // What is in it is not known, and nothing is said of it.
    let wipe = home.run(&["wipe"]);
    assert!(!wipe.stderr.contains("No other device has this journal") && !wipe.stderr.contains("0 sessions"), "{wipe:?}");
    assert!(files_below(&home.data()) == before, "nothing on the disk is touched");
    // It is so after a start; and opens with the passphrase alone.
    home.kill();
    home.refuses(5, &["list"]);
    for wrong in ["", "correct horse batter", "correct horse battery staple"] {
        with(&home, wrong, &["unlock"]).exits(5).says(&["this is not the passphrase", "asif recovery-kit restore"]);
    }
    home.refuses(2, &["unlock"]).says(&["--fd 0"]);
    assert_eq!(
        with(&home, &format!("{PASSPHRASE}\n"), &["unlock", "--json"]).exits(0).data(),
        json!({"locked": false, "passphrase": true, "keychain": false, "locks_at": null, "waiting": 0, "added": 0, "drafts": 0})
    );
    assert_eq!(home.list().len(), 1);
    unlock(&home);
    home.log(&["--note", "b"]);
    home.ok(&["lock", "now"]);
    unlock(&home);
    assert_eq!(home.list().len(), 2);
}

#[test]
fn the_key_lies_beside_the_journal_no_more_and_nothing_on_the_disk_opens_it() {
    let home = Home::robin();
    let key = fs::read(home.data().join("vault.key")).unwrap()[8..].to_vec();
    with(&home, PASSPHRASE, &["lock", "passphrase"]).exits(0);
    home.log(&["--note", "a"]);
    home.ok(&["recovery-kit", "show"]);
    home.ok(&["lock", "now"]);
    home.stop();
    for (path, bytes) in files_below(&home.path()) {
        assert!(!holds(&bytes, &key), "the key is in {}", path.display());
        assert!(!holds(&bytes, PASSPHRASE.as_bytes()), "the passphrase is in {}", path.display());
    }
}

#[test]
fn a_passphrase_is_changed_and_taken_off_by_whoever_knows_it() {
    let home = Home::robin();
    home.refuses(7, &["lock", "now"]).says(&["no passphrase is set", "asif lock passphrase"]);
    home.ok(&["lock", "passphrase", "--remove"]);
    home.refuses(2, &["lock", "passphrase"]).says(&["--fd 0"]);
    with(&home, "short", &["lock", "passphrase"]).exits(2).says(&["at least 8 characters"]);
    assert_eq!(home.json(&["status"])["vault"], "key file");
    let set = with(&home, PASSPHRASE, &["lock", "passphrase", "--json"]).exits(0).data();
    assert_eq!(
        set,
        json!({"locked": false, "passphrase": true, "keychain": false, "locks_at": null, "waiting": 0, "added": 0, "drafts": 0})
    );
    with(&home, "another long one", &["lock", "passphrase"]).exits(2).says(&["the new passphrase is missing"]);
    with(&home, "not that one\nanother long one", &["lock", "passphrase"]).exits(5).says(&["this is not the passphrase"]);
    with(&home, "not that one", &["lock", "passphrase", "--remove"]).exits(5);
    with(&home, &format!("{PASSPHRASE}\nanother long one\n"), &["lock", "passphrase"]).exits(0);
    home.kill();
    with(&home, PASSPHRASE, &["unlock"]).exits(5);
    with(&home, "another long one", &["unlock"]).exits(0);
    // While it is locked it can be neither changed nor taken off.
    home.ok(&["lock", "now"]);
    with(&home, "another long one\nyet another one", &["lock", "passphrase"]).exits(5);
    with(&home, "another long one", &["unlock"]).exits(0);
    let told = with(&home, "another long one", &["lock", "passphrase", "--remove"]).exits(0).stdout;
    assert!(told.contains("whoever can read your files"), "{told}");
    home.kill();
    assert_eq!(home.list().len(), 0);
    // Of a home without a journal.
    with(&Home::new(), PASSPHRASE, &["lock", "passphrase"]).exits(7).says(&["asif init"]);
    with(&Home::new(), PASSPHRASE, &["unlock"]).exits(0);
}

#[test]
fn a_passphrase_is_typed_unseen_or_given_by_a_pinentry() {
    let mut home = Home::robin();
    home.log(&["--note", "a"]);
    let mut asked = AtTerminal::start(&home.command(&["lock", "passphrase"]));
    for question in ["A new passphrase:", "Once more:"] {
        asked.await_text(question);
        asked.type_in(b"hidden-from-all\r");
    }
    let (code, shown) = asked.end();
    assert!(code == Some(0) && shown.contains("The passphrase is set") && !shown.contains("hidden"), "{shown}");
    home.ok(&["lock", "now"]);
    let mut asked = AtTerminal::start(&home.command(&["unlock"]));
    asked.await_text("Passphrase (it is not shown):");
    asked.type_in(b"hidden-from-all\r");
    let (code, shown) = asked.end();
    assert!(code == Some(0) && shown.contains("Open.") && !shown.contains("hidden"), "{shown}");
    assert!(asked.is_as_it_was());

    // A program of its own asks, in the way of GnuPG's.
    let pinentry = home.beside().join("pinentry");
    let heard = home.beside().join("heard");
    let said = |pin: &str| {
        let script = format!(
            "#!/bin/sh\necho 'OK Pleased to meet you'\nwhile read -r line; do\necho \"$line\" >> {}\ncase \"$line\" in\nGETPIN) {pin};;\nBYE) echo OK; exit;;\n*) echo OK;;\nesac\ndone\n",
            heard.display()
        );
        fs::write(&pinentry, script).unwrap();
        fs::set_permissions(&pinentry, fs::Permissions::from_mode(0o700)).unwrap();
    };
    home.env.push(("PINENTRY_PROGRAM", pinentry.to_str().unwrap().to_owned()));
    for (pin, code, says) in [
        ("echo 'ERR 83886179 Operation cancelled'", 130, "the journal is as it was"),
        ("echo 'D wrong-passphrase'; echo OK", 5, "this is not the passphrase"),
        ("exit 1", 2, "cannot ask for the passphrase"),
    ] {
        home.ok(&["lock", "now"]);
        said(pin);
        home.refuses(code, &["unlock"]).says(&[says]);
        home.refuses(5, &["list"]);
    }
    said("echo 'D hidden%2Dfrom%2Dall'; echo OK");
    home.refuses(2, &["unlock", "--no-input"]);
    home.ok(&["unlock"]);
    assert_eq!(home.list().len(), 1);
    let heard = fs::read_to_string(&heard).unwrap();
    assert!(heard.contains("SETDESC asif: the passphrase of your journal") && heard.contains("GETPIN"), "{heard}");
    fs::remove_file(&pinentry).unwrap();
    home.ok(&["lock", "now"]);
    home.refuses(2, &["unlock"]).says(&["PINENTRY_PROGRAM"]);
}

#[test]
fn a_locked_device_takes_what_another_writes_and_gives_it_to_a_third() {
    let laptop = guarded();
    let [desktop, phone] = [(); 2].map(|()| laptop.pair());
    phone.ok(&["sync", "--wait"]);
    phone.stop();
    laptop.ok(&["lock", "now"]);
    // It is locked after a start, too, and goes on all the same.
    laptop.kill();
    let locked = laptop.ok(&["status"]).stdout;
    assert!(locked.contains("goes on receiving for your other devices"), "{locked}");
    desktop.log(&["--note", "b"]);
    desktop.ok(&["sync", "--wait"]);
    desktop.stop();
    eventually("it came through the one that is locked", || (phone.list().len() == 2).then_some(()));
    phone.log(&["--note", "c"]);
    phone.ok(&["sync", "--wait"]);
    phone.stop();
    laptop.kill();
    laptop.refuses(5, &["list"]);
    unlock(&laptop);
    assert_eq!(laptop.list().len(), 3, "nobody else is there: it held them");
    laptop.log(&["--note", "d"]);
    eventually("the others have it", || (desktop.list().len() == 4 && phone.list().len() == 4).then_some(()));
}

#[test]
fn what_is_logged_while_it_is_locked_is_saved_sealed_and_in_the_journal_when_it_is_opened() {
    let home = guarded();
    home.ok(&["lock", "now"]);
    let told = home.run_with(&["log", "lunch", "-b", "20", "-a", "35", "--note", "-"], b"CANARY-LOCKED-1").exits(0);
    assert!(told.stdout.starts_with("saved lunch  ") && told.stdout.contains("sealed: asif unlock puts it into the journal"), "{told:?}");
    let waiting = home.run_with(&["note", "-", "--at", "2026-11-20T21:30", "--json"], b"CANARY-LOCKED-2").exits(0).data();
    assert_eq!(
        (&waiting["type"], &waiting["practice"], &waiting["count"], &waiting["most"]),
        (&json!("waiting"), &Value::Null, &json!(2), &json!(1000))
    );
    assert!(waiting["occurred_at"].as_str().unwrap().starts_with("2026-11-20T21:30"), "{waiting}");
    // What can be told without the journal is told at once, and an empty note is none.
    home.refuses(2, &["log", "lunch", "-b", "101"]);
    home.refuses(2, &["log", "lunch", "--where", ""]);
    home.run_with(&["note", "-"], b" \n").exits(0).says(&["nothing was stored"]);
    // At a terminal it is asked for as ever, and which practices there are is not shown.
    let mut asked = AtTerminal::start(&home.command(&["log"]));
    for (question, typed) in
        [("its short name; Enter for none", &b"lnch\r"[..]), ("How did you feel before", b"10\r"), ("And after", b"15\r"), ("More?", b"\r")]
    {
        asked.await_text(question);
        asked.type_in(typed);
    }
    let (code, shown) = asked.end();
    assert!(code == Some(0) && shown.contains("saved lnch") && !shown.contains("lunch"), "{shown}");
    assert_eq!(home.json(&["status"])["waiting"], 3);
    assert!(home.ok(&["status"]).stdout.contains("locked · 3 entries wait to be put in"));
    home.kill();
    for (path, bytes) in files_below(&home.path()) {
        assert!(!holds(&bytes, b"CANARY-LOCKED") && !holds(&bytes, b"lnch"), "it lies open in {}", path.display());
    }
    home.refuses(5, &["list"]);
    let told = unlock(&home).stdout;
    assert!(told.contains("What you wrote meanwhile is in it: 2 entries") && told.contains("kept as a draft: asif draft resume"), "{told}");
    let list = home.list();
    let notes: Vec<_> = list.iter().map(|one| one["note"].as_str().unwrap_or_default()).collect();
    assert!(list.len() == 3 && notes.contains(&"CANARY-LOCKED-1") && notes.contains(&"CANARY-LOCKED-2"), "{notes:?}");
    let drafts = home.json(&["draft", "list"]);
    assert_eq!(drafts[0]["answers"], json!({"practice": "lnch", "before": "10", "after": "15", "more": "no"}));
    // Gone on with, it asks which practice was meant, and is as of when it was written.
    let mut asked = AtTerminal::start(&home.command(&["draft", "resume"]));
    asked.await_text("did you mean: lunch");
    asked.await_text("Which did you do? lnch");
    asked.type_in(b"\x15lunch\r");
    let (code, shown) = asked.end();
    assert!(code == Some(0) && shown.contains("logged lunch"), "{shown}");
    assert_eq!(home.list().len(), 4);
    assert_eq!(home.json(&["draft", "list"]), json!([]));
}

#[test]
fn what_was_written_into_a_journal_whose_passphrase_is_forgotten_opens_with_the_kit() {
    let laptop = guarded();
    let kit = laptop.json(&["recovery-kit", "show"]);
    let words = kit["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(" ");
    with(&laptop, &words, &["recovery-kit", "confirm"]).exits(0);
    let desktop = laptop.pair();
    laptop.ok(&["lock", "now"]);
    laptop.run_with(&["note", "-"], b"b").exits(0);
    desktop.run_with(&["note", "-"], b"c").exits(0);
    desktop.ok(&["sync", "--wait"]);
    laptop.kill();
    with(&laptop, &words, &["recovery-kit", "restore", "--remove", "laptop", "--name", "laptop 2"]).exits(0);
    let mut notes: Vec<_> = laptop.list().iter().map(|one| one["note"].as_str().unwrap().to_owned()).collect();
    notes.sort();
    assert_eq!(notes, ["a", "b", "c"]);
    // Where the others are it knows still.
    laptop.log(&["--note", "d"]);
    eventually("the other has all of it", || (desktop.list().len() == 4).then_some(()));
}

#[test]
fn a_passphrase_was_forgotten_and_the_recovery_kit_opens_the_journal() {
    let laptop = guarded();
    let kit = laptop.json(&["recovery-kit", "show"]);
    let words = kit["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(" ");
    with(&laptop, &words, &["recovery-kit", "confirm"]).exits(0);
    laptop.kill();
    let told = with(&laptop, &words, &["recovery-kit", "restore", "--remove", "laptop", "--name", "laptop 2"]).exits(0).stdout;
    assert!(told.contains("No passphrase is set on it"), "{told}");
    assert_eq!(laptop.list()[0]["note"], "a");
    assert_eq!(laptop.json(&["device", "list"]).as_array().unwrap().len(), 1);
    with(&laptop, "a better one this time", &["lock", "passphrase"]).exits(0);
    laptop.kill();
    laptop.refuses(5, &["list"]);
    with(&laptop, "a better one this time", &["unlock"]).exits(0);
    assert_eq!(laptop.list().len(), 1);
}

#[test]
fn a_backup_of_a_guarded_home_opens_with_what_opens_the_backup() {
    let laptop = guarded();
    let file = laptop.beside().join("one").to_str().unwrap().to_owned();
    with(&laptop, "of the backup alone", &["backup", "create", &file]).exits(0);
    let back = Home::new();
    let told = with(&back, "of the backup alone", &["backup", "restore", &file]).exits(0).stdout;
    assert!(told.contains("No passphrase is set on it"), "{told}");
    assert_eq!(back.list().len(), 1);
    // A locked home can be restored into nothing, but looked at can another backup be.
    laptop.ok(&["lock", "now"]);
    with(&laptop, "of the backup alone", &["backup", "verify", &file]).exits(0);
    with(&laptop, "of the backup alone", &["backup", "restore", &file]).exits(7);
    unlock(&laptop);
    assert_eq!(laptop.list().len(), 1);
}

#[test]
fn the_running_daemon_writes_no_core_file_and_one_in_a_loose_folder_says_how_to_mend_it() {
    let home = guarded();
    let limits = finish(
        {
            let mut command = std::process::Command::new("cat");
            command.arg(format!("/proc/{}/limits", home.pid()));
            command
        },
        None,
    );
    let core: Vec<&str> = limits.stdout.lines().find(|line| line.starts_with("Max core file size")).unwrap().split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"], "{core:?}");
    home.stop();
    for (path, mode, fix) in [(home.data(), 0o755, "chmod 700"), (home.data().join("vault.key"), 0o644, "chmod 600")] {
        let before = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let ran = home.run(&["list"]);
        assert!(ran.code == Some(6) && ran.stderr.contains(fix), "{ran:?}");
        fs::set_permissions(&path, before).unwrap();
    }
    unlock(&home);
    assert_eq!(home.list().len(), 1);
}
