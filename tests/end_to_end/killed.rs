//! The daemon is killed at a call of the system that writes: at some in each run of the tests, at each one where that is asked for.

use std::process::{Child, Command};

use serde_json::json;

use crate::harness::{Home, Ran, eventually, finish, shell};

fn logged(ran: &Ran) -> String {
    ran.data()["id"].as_str().unwrap().to_owned()
}

/// The calls of the system with which the daemon writes.
const WRITING: [&str; 8] = ["fdatasync", "fsync", "write", "pwrite64", "openat", "rename", "ftruncate", "unlink"];

/// Runs a command that must do what it says; again where the daemon, slow under the tracer, did not greet in time: then it was not asked.
fn asked(home: &Home, args: &[&str]) -> Ran {
    let greeted = || Some(home.run(args)).filter(|ran| ran.code != Some(3) || !format!("{ran:?}").contains("does not answer"));
    eventually("the daemon greets", greeted).exits(0)
}

/// The daemon of a home, which the system ends at its `number`-th call of a kind.
fn traced(home: &Home, call: &str, number: usize) -> Child {
    let daemon = home.daemon_command(&["run"]);
    let mut traced = Command::new("strace");
    traced.args([
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        &format!("trace={call}"),
        "-e",
        &format!("inject={call}:signal=KILL:when={number}"),
    ]);
    traced.arg(daemon.get_program()).args(daemon.get_args()).env_clear().env("PATH", "/usr/bin:/bin").env("ASIF_HOME", home.path());
    traced.envs(home.env.iter().map(|(name, value)| (name, value))).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut traced = traced.spawn().unwrap();
    eventually("the daemon holds its lock, or has ended", || home.running().map(drop).or_else(|| traced.try_wait().unwrap().map(drop)));
    traced
}

/// A short life of a journal, through a daemon that the system ends at its `number`-th call of a kind; says whether it came so far.
fn life_with_a_kill(call: &str, number: usize) -> bool {
    let home = Home::new();
    let mut traced = traced(&home, call, number);
    // Each command starts another daemon where this one has ended, and asks again under the same id.
    let asked = |args: &[&str]| asked(&home, args);
    asked(&["init", "--no-input", "--name", "Robin"]);
    asked(&["practice", "add", "Lunch", "--slug", "lunch"]);
    let first = logged(&asked(&["log", "lunch", "-b", "30", "--note", "kept", "--json"]));
    let second = logged(&asked(&["log", "lunch", "-b", "31", "--at", "2026-01-02T10:00", "--json"]));
    asked(&["edit", &first, "--after", "60"]);
    asked(&["delete", &second, "--yes"]);
    // To erase, the whole journal is packed anew, and what was packed or written before is let go.
    for note in ["CANARY one", "CANARY two"] {
        let third = logged(&asked(&["log", "lunch", "--note", note, "--json"]));
        asked(&["erase", &third, "--yes"]);
        home.refuses(4, &["show", &third]);
    }
    asked(&["daemon", "stop"]);
    let status = traced.wait().unwrap();
    let list = home.list();
    assert_eq!(list.len(), 1, "{call} {number}: {list:?}");
    assert_eq!((&list[0]["id"], &list[0]["after"], &list[0]["note"]), (&json!(first), &json!(60), &json!("kept")), "{call} {number}");
    home.ok(&["doctor"]);
    home.ok(&["doctor", "--rebuild"]);
    assert_eq!(home.list(), list, "{call} {number}");
    !status.success()
}

fn strace_works() -> bool {
    let works = finish(shell("export PATH=/usr/bin:/bin; strace -qq -o /dev/null true", &[]), None).code == Some(0);
    if !works {
        eprintln!("skipped: strace is not installed, or this system lets it trace nothing");
    }
    works
}

#[test]
fn killed_at_some_calls_that_write_everything_acknowledged_is_there() {
    if strace_works() {
        for (call, number) in [("fdatasync", 1), ("fdatasync", 9), ("rename", 2), ("fsync", 12)] {
            assert!(life_with_a_kill(call, number), "{call} {number} never came");
        }
    }
}

#[test]
#[ignore = "takes many minutes: some hundred kills"]
fn killed_at_every_call_that_writes_everything_acknowledged_is_there() {
    if !strace_works() {
        return;
    }
    for call in WRITING {
        let kills = (1..).take_while(|number| life_with_a_kill(call, *number)).count();
        println!("{kills} kills, one at each {call}");
        assert!(kills > 0 || ["pwrite64", "ftruncate"].contains(&call), "no {call} was seen");
    }
}

/// Another device is removed through such a daemon; says whether it came so far.
fn removal_with_a_kill(call: &str, number: usize) -> bool {
    let laptop = Home::robin();
    let [desktop, phone] = ["desktop", "phone"].map(|name| {
        let other = Home::new();
        other.ok(&["device", "join", &laptop.device_ticket(), "--name", name]);
        laptop.sync();
        other
    });
    let dana = laptop.share_with_dana(&[]);
    for (home, note) in [(&laptop, "of the laptop"), (&phone, "of the phone")] {
        home.log(&["--note", note]);
        home.sync();
    }
    phone.stop();
    laptop.stop();
    let mut traced = traced(&laptop, call, number);
    let removed = asked(&laptop, &["device", "remove", "phone", "--yes", "--json"]).data();
    assert_eq!(removed["name"], "phone", "{call} {number}");
    let after = logged(&asked(&laptop, &["log", "lunch", "-b", "30", "--note", "after", "--json"]));
    asked(&laptop, &["daemon", "stop"]);
    let status = traced.wait().unwrap();
    for home in [&laptop, &desktop] {
        eventually("it is out, and all else is there", || {
            let names = home.json(&["device", "list"]).as_array().unwrap().len();
            (names == 2 && home.notes() == ["after", "of the laptop", "of the phone"]).then_some(())
        });
        home.ok(&["doctor"]);
    }
    let sessions = || dana.json(&["caseload", "open", "Robin"])["sessions"].as_array().unwrap().len();
    eventually("what is written after reaches the helper", || (sessions() == 3).then_some(()));
    phone.start();
    phone.refuses(8, &["sync", "--wait", "--timeout", "3s"]);
    phone.refuses(4, &["show", &after]);
    !status.success()
}

#[test]
fn killed_at_some_calls_while_a_device_is_removed_it_is_out_and_nothing_is_lost() {
    if strace_works() {
        for (call, number) in [("fdatasync", 1), ("rename", 1)] {
            assert!(removal_with_a_kill(call, number), "{call} {number} never came");
        }
    }
}

#[test]
#[ignore = "takes many minutes: some dozen kills"]
fn killed_at_every_call_that_writes_while_a_device_is_removed_it_is_out_and_nothing_is_lost() {
    if strace_works() {
        for call in WRITING {
            let kills = (1..).take_while(|number| removal_with_a_kill(call, *number)).count();
            println!("{kills} kills, one at each {call}");
        }
    }
}
