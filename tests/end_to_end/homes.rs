//! Where a home may lie: several at once, none yet, and places that cannot hold one.

use std::ffi::OsString;
use std::fs::DirBuilder;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::harness::{Home, finish, shell};

/// A home in the places that a desktop gives it: below `HOME`, with its socket in a runtime folder that others use too.
struct Placed<'b> {
    beside: &'b Home,
    name: &'static str,
}

impl Placed<'_> {
    fn at(&self, below: &str) -> PathBuf {
        self.beside.beside().join(below)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.beside.command(args);
        command.env_remove("ASIF_HOME").env("HOME", self.at(self.name)).env("XDG_RUNTIME_DIR", self.at("run"));
        command
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> serde_json::Value {
        finish(self.command(&[args, &["--json"]].concat()), None).exits(0).data()
    }

    #[track_caller]
    fn note(&self, text: &str) {
        finish(self.command(&["note", "-"]), Some(text.as_bytes())).exits(0);
    }
}

impl Drop for Placed<'_> {
    fn drop(&mut self) {
        finish(self.command(&["daemon", "restart"]), None);
        finish(self.command(&["daemon", "stop"]), None);
    }
}

#[test]
fn two_homes_that_share_a_runtime_folder_keep_two_journals() {
    let beside = Home::new();
    DirBuilder::new().mode(0o700).create(beside.beside().join("run")).unwrap();
    let (one, two) = (Placed { beside: &beside, name: "one" }, Placed { beside: &beside, name: "two" });
    for home in [&two, &one] {
        home.json(&["init", "--no-input", "--name", home.name]);
    }
    assert_ne!(one.json(&["status", "--paths"])["socket"], two.json(&["status", "--paths"])["socket"]);
    one.json(&["daemon", "stop"]);
    one.note("for the first alone");
    two.note("for the second alone");
    let notes = |home: &Placed<'_>| -> Vec<serde_json::Value> {
        home.json(&["list"]).as_array().unwrap().iter().map(|one| one["note"].clone()).collect()
    };
    assert_eq!((notes(&one), notes(&two)), (vec![json!("for the first alone")], vec![json!("for the second alone")]));
    assert_eq!((one.json(&["status"])["name"].clone(), two.json(&["status"])["name"].clone()), (json!("one"), json!("two")));
}

#[test]
fn a_copied_home_does_not_ask_the_daemon_of_the_first() {
    let home = Home::robin();
    let mut copy = Home::new();
    assert_eq!(finish(shell("cp -R \"$1/.\" \"$2\"", &[home.path().as_os_str(), copy.path().as_os_str()]), None).code, Some(0));
    copy.env.retain(|(name, _)| *name != "ASIF_LISTEN");
    assert!(std::fs::read_to_string(copy.data().join("lock")).unwrap().contains("pid"), "its lock file names the first one's daemon");
    assert_ne!(copy.json(&["status"])["daemon"]["pid"], json!(home.pid()));
    assert_eq!(copy.json(&["status"])["daemon"]["pid"], json!(copy.pid()));
}

#[test]
fn first_commands_at_the_same_moment_share_a_home_that_was_not_there() {
    let home = Home::new();
    let run = || {
        let mut command = home.command(&["status", "--json"]);
        command.env("ASIF_HOME", home.path().join("not/there/yet"));
        finish(command, None)
    };
    let pids: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        all.into_iter().map(|one| one.join().unwrap().exits(0).data()["daemon"]["pid"].clone()).collect()
    });
    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
    let mut stop = home.command(&["daemon", "stop"]);
    stop.env("ASIF_HOME", home.path().join("not/there/yet"));
    finish(stop, None).exits(0);
}

#[test]
fn a_home_below_a_file_is_an_error_of_the_system_and_not_of_its_mode() {
    let home = Home::new();
    let file = home.beside().join("file");
    std::fs::write(&file, "mine").unwrap();
    let mut command = home.command(&["list"]);
    command.env("ASIF_HOME", file.join("home"));
    let ran = finish(command, None).exits(1);
    assert!(ran.stderr.contains("Not a directory") && !ran.stderr.contains("nobody else"), "{ran:?}");
}

#[test]
fn a_home_whose_path_is_no_text_is_refused_in_words() {
    let home = Home::new();
    let odd = home.beside().join(OsString::from_vec(b"h\xff".to_vec()));
    for mut program in [home.command(&["list"]), home.daemon_command(&["run"])] {
        program.env("ASIF_HOME", &odd);
        finish(program, None).exits(1).says(&["is not text", "ASIF_HOME"]);
    }
    assert!(!odd.exists());
}
