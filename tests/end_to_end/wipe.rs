//! Leaving: everything of asif goes from this machine, and nothing else; whatever state it is in.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::harness::{Home, files_below, finish, freeze, holds};
use crate::pty::AtTerminal;
use crate::units::{folder, managed, told};

/// Leaves a draft.
fn begin_a_note(home: &Home) {
    let mut asif = AtTerminal::start(&home.command(&["note"]));
    asif.await_text("Ctrl-D");
    asif.type_in(b"half a note");
    asif.await_text("half a note");
    asif.type_in(b"\x03");
    asif.await_text("what you typed is kept");
    assert_eq!(asif.end().0, Some(130));
}

/// A home in which everything has happened that leaves a file.
fn lived_in() -> Home {
    let home = managed(Home::robin(), "exit 0");
    home.log(&["-b", "30", "--note", "heliotropes"]);
    home.ok(&["config", "set", "listen", "127.0.0.1:0"]);
    home.device_ticket();
    home.ok(&["crisis", "edit", "--helps-alone", "walks", "--readable"]);
    home.ok(&["remind", "add", "8:00"]);
    // A draft that was damaged and set aside, and one that was not.
    begin_a_note(&home);
    home.stop();
    let drafts = home.data().join("drafts");
    let mut bytes = std::fs::read(&drafts).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&drafts, bytes).unwrap();
    begin_a_note(&home);
    let kept = ["drafts", "drafts.damaged", "reminded"].map(|name| home.data().join(name).exists());
    assert_eq!(kept, [true; 3]);
    home.stop();
    // A log that was damaged and set aside, and one that grew too long.
    let log = home.log_files().pop().unwrap();
    let mut bytes = std::fs::read(&log).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    std::fs::write(home.path().join("state/asifd.log"), vec![b'\n'; 2 << 20]).unwrap();
    home.run(&["doctor", "--rebuild"]);
    assert!(home.data().join("store/damaged").exists() && home.path().join("state/asifd.log.1").exists());
    assert!(home.path().join("state/port").exists() && home.path().join("config.toml").exists());
    home
}

#[test]
fn nothing_is_left_of_a_home_in_which_everything_has_happened() {
    let home = lived_in();
    let name = home.json(&["daemon", "install"])["service"].as_str().unwrap().to_owned();
    home.start();
    let before = home.json(&["wipe", "--dry-run"]);
    assert_eq!((&before["done"], &before["kept"]), (&json!("nothing"), &json!([])), "{before}");
    assert!(home.running().is_some() && before["files"].as_u64().unwrap() > 8, "{before}");

    let done = home.json(&["wipe", "--yes"]);
    assert_eq!((&done["done"], &done["sessions"]), (&json!("wiped"), &before["sessions"]));
    assert!(!home.path().exists(), "{:?}", files_below(&home.path()));
    assert!(!folder(&home).join(format!("{name}.socket")).exists());
    assert!(told(&home).contains(&format!("systemctl --user disable --now {name}.socket {name}.service")));
    home.ok(&["wipe", "--yes"]).says(&["nothing of asif here"]);
    assert!(!home.path().exists(), "looking makes nothing");
    home.ok(&["init", "--no-input"]);
    assert_eq!(home.list().len(), 0, "a new journal begins as any");
}

#[test]
fn it_asks_twice_and_the_second_time_for_certain_words() {
    let home = Home::robin();
    home.log(&[]);
    let copy = home.beside().join("copy");
    for (answers, left) in [(&["n\n"][..], true), (&["y\n", "yes\n"], true), (&["y\n", "wipe everything\n"], false)] {
        let mut asif = AtTerminal::start(&home.command(&["wipe"]));
        let told = asif.await_text("Leave a copy first?");
        assert!(told.contains("1 session and 1 practice") && told.contains("Without a copy it is lost"), "{told}");
        asif.type_in(if left { b"\n" } else { b"copy\n" });
        asif.await_text("[y/N]");
        asif.type_in(answers[0].as_bytes());
        if let Some(second) = answers.get(1) {
            asif.await_text("type \"wipe everything\"");
            asif.type_in(second.as_bytes());
        }
        let (code, shown) = asif.end();
        assert_eq!((code, home.data().exists()), (Some(0), left), "{shown}");
        assert_eq!(shown.contains("Nothing was removed"), left, "{shown}");
        assert!(!left || home.list().len() == 1);
    }
    assert!(copy.join("data/vault.key").exists(), "the copy that was offered and named");
}

#[test]
fn where_nobody_can_be_asked_it_is_exit_2_and_nothing_goes() {
    let home = Home::robin();
    home.refuses(2, &["wipe"]).says(&["--yes"]);
    home.refuses(2, &["wipe", "--no-input"]);
    home.stop();
    let (code, shown) = AtTerminal::start(&home.command(&["wipe", "--no-input"])).end();
    assert!(code == Some(2) && home.data().join("vault.key").exists(), "{shown}");
}

#[test]
fn a_copy_that_was_left_opens_and_is_its_owners_alone() {
    let home = Home::robin();
    home.log(&["--note", "heliotropes"]);
    let copy = Home::new();
    std::fs::remove_dir(copy.path()).unwrap();
    let to = copy.path().display().to_string();
    for wrong in [home.data().join("copy").display().to_string(), home.beside().display().to_string(), "no/such/folder".to_owned()] {
        home.refuses(7, &["wipe", "--yes", "--copy-to", &wrong]).says(&["the copy cannot be left at"]);
    }
    let ran = home.ok(&["wipe", "--yes", "--copy-to", &to]);
    let said = ran.stderr.replace('\n', " ");
    assert!(said.contains(&to) && said.contains("together with their key") && said.contains("can read the journal"), "{ran:?}");
    assert!(!home.path().exists());
    for folder in ["", "data", "data/store", "data/store/logs"] {
        assert_eq!(copy.path().join(folder).metadata().unwrap().permissions().mode() & 0o777, 0o700, "{folder}");
    }
    for (file, bytes) in files_below(&copy.path()) {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        assert!(!holds(&bytes, b"heliotropes"), "{file:?}");
    }
    assert_eq!(copy.list()[0]["note"], "heliotropes");
}

#[test]
fn what_is_not_asifs_stays_and_is_told_and_no_other_home_is_touched() {
    let (home, other) = (Home::robin(), Home::robin());
    let theirs = home.path().join("data/my-notes.txt");
    std::fs::write(&theirs, "mine").unwrap();
    let link = home.path().join("state/elsewhere");
    std::os::unix::fs::symlink(other.path(), &link).unwrap();
    let done = home.json(&["wipe", "--yes"]);
    assert_eq!(done["kept"], json!([theirs.display().to_string(), link.display().to_string()]));
    let left: Vec<_> = files_below(&home.path()).into_iter().map(|(path, _)| path).collect();
    assert_eq!(left, [theirs]);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    other.log(&[]);
}

#[test]
fn a_copied_home_that_is_wiped_takes_nothing_of_the_first_with_it() {
    let home = Home::robin();
    let copy = Home::new();
    let mut cp = crate::harness::shell("cp -R \"$1/.\" \"$2\"", &[home.path().as_os_str(), copy.path().as_os_str()]);
    cp.current_dir("/");
    assert_eq!(finish(cp, None).code, Some(0));
    assert!(std::fs::read_to_string(copy.data().join("lock")).unwrap().contains(&home.pid().to_string()), "it names the first one's");
    copy.ok(&["wipe", "--yes"]);
    assert!(!copy.path().exists() && home.socket().exists());
    home.log(&[]);
}

/// What must not keep a home from being wiped.
fn spoil(home: &Home, how: &str) {
    match how {
        "it hangs" => freeze(home.pid()),
        "its socket is gone" => std::fs::remove_file(home.socket()).unwrap(),
        "it was killed" => home.kill(),
        _ => {
            home.stop();
            match how {
                "the vault is damaged" => std::fs::write(home.data().join("vault"), "x").unwrap(),
                "the statements are damaged" => std::fs::write(home.data().join("store/statements"), "x").unwrap(),
                "others can open the folder" => set_permissions(home.data(), Permissions::from_mode(0o755)).unwrap(),
                _ => panic!("{how}"),
            }
        }
    }
}

#[test]
fn it_works_where_the_daemon_does_not() {
    let all = ["it hangs", "its socket is gone", "it was killed"];
    for how in all.into_iter().chain(["the vault is damaged", "the statements are damaged", "others can open the folder"]) {
        let home = Home::robin();
        spoil(&home, how);
        home.ok(&["wipe", "--yes"]);
        assert!(!home.path().exists(), "{how}: {:?}", files_below(&home.path()));
    }
}

#[test]
fn where_the_program_of_the_daemon_is_gone_it_works_too() {
    let home = Home::robin();
    home.stop();
    let alone = home.beside().join("asif");
    std::fs::hard_link(env!("CARGO_BIN_EXE_asif"), &alone)
        .or_else(|_| std::fs::copy(env!("CARGO_BIN_EXE_asif"), &alone).map(drop))
        .unwrap();
    let mut command = std::process::Command::new(alone);
    command.args(["wipe", "--yes"]).env_clear().env("ASIF_HOME", home.path()).current_dir("/");
    finish(command, None).exits(0).says(&["could not be counted"]);
    assert!(!home.path().exists());
}

#[test]
fn after_an_interruption_nothing_opens_nothing_begins_and_the_next_time_finishes() {
    let home = Home::robin();
    home.log(&["--note", "heliotropes"]);
    home.stop();
    for key in ["vault.key", "vault"] {
        std::fs::remove_file(home.data().join(key)).unwrap();
    }
    assert_ne!(home.run(&["list"]).code, Some(0));
    assert_ne!(home.run(&["init", "--no-input"]).code, Some(0), "no journal is begun over what is left");
    let ran = home.ok(&["wipe", "--yes"]);
    assert!(ran.stderr.replace('\n', " ").contains("The keys are not here"), "{ran:?}");
    assert!(!home.path().exists());
}

#[test]
fn other_devices_and_helpers_are_named_and_keep_what_they_hold() {
    let home = Home::robin();
    home.log(&["-b", "30"]);
    let (desktop, dana) = (home.pair(), home.share_with_dana(&["--scope", "ratings,practices"]));
    let ran = home.run(&["wipe", "--yes", "--json"]).exits(0);
    assert_eq!((&ran.data()["devices"], &ran.data()["helpers"]), (&json!(["desktop"]), &json!(["Dana"])));
    let said = ran.stderr.replace('\n', " ");
    for words in ["your device desktop", "is not told", "Dana: what they hold they keep", "asif share revoke"] {
        assert!(said.contains(words), "{words:?} is not said: {said}");
    }
    assert_eq!(desktop.list().len(), 1);
    assert_eq!(dana.json(&["caseload", "open", "Robin"])["sessions"].as_array().unwrap().len(), 1);
}

#[test]
fn nothing_is_left_of_a_home_that_is_locked_and_has_received_and_taken_something() {
    let home = Home::robin();
    let desktop = home.pair();
    home.run_with(&["lock", "passphrase", "--fd", "0"], b"correct horse battery").exits(0);
    home.ok(&["lock", "now"]);
    home.run_with(&["note", "-"], b"heliotropes").exits(0);
    desktop.log(&["--note", "held"]);
    desktop.ok(&["sync", "--wait"]);
    for name in ["outside", "store/held", "store/dropped"] {
        assert!(home.data().join(name).exists(), "{name}");
    }
    home.ok(&["wipe", "--yes"]).says(&["What you logged while it was locked (1 entry)"]);
    let left = || files_below(&home.path()).into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    assert!(!home.path().exists(), "{:?}", left());
}
