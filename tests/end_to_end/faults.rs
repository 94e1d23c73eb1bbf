//! Full disks, many writers, a paused daemon, wrong clocks: with the two real programs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Home, Ran, eventually, finish, freeze, shell, signal};

/// What the doctor says is wrong, by kind.
fn complaint(home: &Home, kind: &str) -> Option<Value> {
    let ran = home.run(&["doctor", "--json"]);
    ran.data()["checks"].as_array().unwrap().iter().find(|check| check["kind"] == kind && check["ok"] == json!(false)).cloned()
}

/// The ids that `asif list` shows: each once.
fn ids(home: &Home) -> BTreeSet<String> {
    let list = home.list();
    let ids: BTreeSet<String> = list.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), list.len(), "something is there twice");
    ids
}

fn logged(ran: &Ran) -> String {
    ran.data()["id"].as_str().unwrap().to_owned()
}

/// A small file system of its own at a folder, gone with the test; none where the system does not let us.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let script = "PATH=/usr/sbin:/usr/bin:/sbin:/bin; mount -t tmpfs -o size=12m,mode=700 tmpfs \"$1\"";
        let mounted = finish(shell(script, &[at.as_os_str()]), None);
        if mounted.code != Some(0) {
            eprintln!("skipped: this system lets nobody mount a small disk here: {}", mounted.stderr.trim());
            return None;
        }
        Some(Self(at.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let script = "PATH=/usr/sbin:/usr/bin:/sbin:/bin; umount -l \"$1\"";
        finish(shell(script, &[self.0.as_os_str()]), None);
    }
}

#[test]
fn on_a_full_disk_nothing_is_said_to_be_logged_and_with_room_it_goes_on_by_itself() {
    let beside = Home::new();
    let Some(small) = Small::mount(&beside.beside().join("small")) else { return };
    let mut home = Home::new();
    home.env.push(("ASIF_HOME", small.0.join("h").display().to_string()));
    home.ok(&["init", "--no-input", "--name", "Robin"]);
    home.ok(&["practice", "add", "Lunch", "--slug", "lunch"]);
    let kept: BTreeSet<String> = (0..3).map(|_| home.log(&["-b", "30"])).collect();
    assert_eq!(complaint(&home, "disk_full"), None);

    let filler = small.0.join("filler");
    let fill = finish(shell("PATH=/usr/bin:/bin; dd if=/dev/zero of=\"$1\" bs=1k 2>&1; true", &[filler.as_os_str()]), None);
    assert!(fill.stdout.contains("No space left"), "{fill:?}");
    let full = eventually("nothing fits any more", || {
        let ran = home.run_with(&["log", "lunch", "--note", "-", "--json"], &[b'x'; 20_000]);
        (ran.code != Some(0)).then_some(ran)
    });
    let error = &full.envelope()["error"];
    assert_eq!((full.code, &error["kind"]), (Some(1), &json!("failure")), "{full:?}");
    assert!(error["message"].as_str().unwrap().contains("nothing of it was saved"), "{full:?}");
    assert!(error["hint"].as_str().unwrap().contains("what was saved before is safe"), "{full:?}");
    let pid = pid(&home);
    let told = complaint(&home, "disk_full").expect("the doctor says nothing of a full disk");
    assert!(
        told["text"].as_str().unwrap().contains("the last thing that was to be saved was not")
            && told["hint"].as_str().unwrap().contains("make room"),
        "{told}"
    );
    assert_eq!(home.run(&["doctor"]).code, Some(9));
    let status = home.ok(&["status"]);
    assert!(status.stdout.contains("asif doctor"), "{status:?}");
    let there = ids(&home);
    assert!(kept.is_subset(&there), "what was logged before can be read");

    std::fs::remove_file(&filler).unwrap();
    let more = home.log(&["-b", "31"]);
    assert_eq!(self::pid(&home), pid, "without a restart");
    assert_eq!(ids(&home).difference(&there).collect::<Vec<_>>(), [&more]);
    assert_eq!(complaint(&home, "disk_full"), None);
    home.ok(&["doctor"]);
    home.ok(&["daemon", "restart"]);
    assert!(ids(&home).is_superset(&kept) && ids(&home).contains(&more));
    home.ok(&["doctor", "--rebuild"]);
    home.ok(&["daemon", "stop"]);
}

fn pid(home: &Home) -> u64 {
    home.json(&["status"])["daemon"]["pid"].as_u64().unwrap()
}

#[test]
fn twenty_that_log_at_once_are_all_there_and_none_twice() {
    let home = Home::robin();
    let at_once = |disturb: &(dyn Fn() + Sync)| -> BTreeSet<String> {
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..20)
                .map(|n| {
                    scope.spawn({
                        let home = &home;
                        move || home.run(&["log", "lunch", "-b", &n.to_string(), "--json"])
                    })
                })
                .collect();
            disturb();
            let ran = all.into_iter().map(|one| one.join().unwrap());
            ran.filter(|ran| {
                // Killed twice under one request it is said that it was not heard.
                assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
                ran.code == Some(0)
            })
            .map(|ran| logged(&ran))
            .collect()
        })
    };
    let mut acknowledged = at_once(&|| {});
    assert_eq!(acknowledged.len(), 20);
    assert_eq!(ids(&home), acknowledged);
    // With no daemon there at first.
    home.stop();
    acknowledged.extend(at_once(&|| {}));
    assert_eq!((acknowledged.len(), ids(&home)), (40, acknowledged.clone()));
    // With the daemon killed in the middle.
    let answered = at_once(&|| {
        if let Some(pid) = home.running() {
            signal(pid, Signal::KILL);
        }
    });
    acknowledged.extend(answered);
    let there = ids(&home);
    assert!(there.is_superset(&acknowledged) && there.len() <= 60, "{} of {}", there.len(), acknowledged.len());
    let before: Vec<_> = home.list()[..there.len() - 40].iter().map(|one| one["before"].as_u64().unwrap()).collect();
    assert_eq!(before.iter().collect::<BTreeSet<_>>().len(), before.len(), "one request was carried out twice");
    home.ok(&["doctor"]);
}

#[test]
fn a_paused_daemon_is_told_of_with_what_to_do_and_goes_on_without_logging_twice() {
    let home = Home::robin();
    home.log(&[]);
    let pid = home.pid();
    freeze(pid);
    for command in [&["doctor"][..], &["log", "lunch"], &["status"]] {
        let ran = home.refuses(3, command);
        ran.says(&["does not answer", "paused", &format!("kill -CONT {pid}"), "asif daemon restart", "nothing that was logged is lost"]);
    }
    signal(pid, Signal::CONT);
    home.ok(&["doctor"]);
    home.log(&[]);
    assert_eq!((ids(&home).len(), home.pid()), (2, pid));
}

/// Where the library lies that gives a program another clock, if it is installed.
fn other_clock() -> Option<String> {
    let places = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"];
    let found = places.map(|place| format!("{place}/faketime/libfaketimeMT.so.1")).into_iter().find(|file| Path::new(file).exists());
    if found.is_none() {
        eprintln!("skipped: libfaketime is not installed, and nothing else here gives a program another clock");
    }
    found
}

/// Starts the daemon anew, with its clock so many days off.
fn with_clock(home: &mut Home, library: &str, days: i32) {
    home.stop();
    home.env.retain(|(name, _)| !["LD_PRELOAD", "FAKETIME", "DONT_FAKE_MONOTONIC"].contains(name));
    home.env.extend([("LD_PRELOAD", library.to_owned()), ("FAKETIME", format!("{days:+}d")), ("DONT_FAKE_MONOTONIC", "1".to_owned())]);
    home.start();
}

#[test]
fn a_clock_ten_years_off_forwards_and_back_and_back_again_loses_nothing_and_can_be_mended() {
    let Some(library) = other_clock() else { return };
    let mut home = Home::robin();
    let now = home.log(&["-b", "1"]);
    with_clock(&mut home, &library, 3653);
    let ahead = home.log(&["-b", "2"]);
    assert_eq!(complaint(&home, "clock"), None, "where the clock is ahead, nobody can know");
    with_clock(&mut home, &library, -3653);
    let behind = home.log(&["-b", "3"]);
    let told = complaint(&home, "clock").expect("a clock before asif was made is wrong");
    assert!(told["hint"].as_str().unwrap().contains("set the clock"), "{told}");
    with_clock(&mut home, &library, 0);
    let after = home.log(&["-b", "4"]);
    assert_eq!(ids(&home), BTreeSet::from([now, ahead.clone(), behind.clone(), after]));
    let years: Vec<String> = home.list().iter().map(|one| one["occurred_at"].as_str().unwrap()[..4].to_owned()).collect();
    let year: i32 = years[1].parse().unwrap();
    assert_eq!(years, [(year + 10).to_string(), year.to_string(), year.to_string(), (year - 10).to_string()], "as the clock said");
    assert!(home.list()[0]["recorded_at"].as_str().unwrap().starts_with(&years[0]));
    let told = complaint(&home, "clock").unwrap();
    assert!(told["text"].as_str().unwrap().contains("2 sessions were dated"), "{told}");
    assert!(told["hint"].as_str().unwrap().contains("asif edit ID --at"), "{told}");
    assert!(home.run(&["doctor"]).exits(9).stdout.contains("Nothing of what you wrote is lost"));
    for id in [&ahead, &behind] {
        home.ok(&["edit", id, "--at", "12:00"]);
    }
    assert_eq!(complaint(&home, "clock"), None);
    home.ok(&["doctor"]);
    // The months that the wrong clock began are still there and can be written.
    home.ok(&["edit", &ahead, "--after", "50"]);
    home.ok(&["doctor", "--rebuild"]);
    assert_eq!(home.list().len(), 4);
    let desktop = home.pair();
    assert_eq!(desktop.list(), home.list());
}

#[test]
fn a_daemon_whose_folders_were_opened_to_others_says_so_before_it_has_to_start_again() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::robin();
    let key = home.data().join("vault.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let told = complaint(&home, "permissions").unwrap();
    assert_eq!(told["hint"], json!(format!("chmod 600 {}", key.display())));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    home.ok(&["doctor"]);
}
