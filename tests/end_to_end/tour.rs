//! The README's first command.

use std::path::{Path, PathBuf};
use std::process::Command;

use asif_proto::home::Lock;
use rustix::process::Signal;

use crate::harness::{Running, files_below, finish, signal};

/// A tour that has nothing of anybody's environment but where temporary files go, and a stray `ASIF_HOME`.
struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("asif-").rand_bytes(6).tempdir().unwrap();
        std::fs::create_dir(folder.path().join("t")).unwrap();
        std::fs::create_dir(folder.path().join("own")).unwrap();
        std::fs::write(folder.path().join("own/mine"), "untouched").unwrap();
        Self { folder }
    }

    fn temporary(&self) -> PathBuf {
        self.folder.path().join("t")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_asif"));
        command.arg("tour").args(args).env_clear().env("TMPDIR", self.temporary()).stdin(std::process::Stdio::null());
        command.env("ASIF_HOME", self.folder.path().join("own")).env("ASIF_LISTEN", "no address at all");
        command
    }

    /// What a tour leaves: nothing of its own, and a home that is not its own as it was.
    fn nothing_is_left(&self) {
        assert_eq!(names(&self.temporary()), Vec::<PathBuf>::new());
        assert_eq!(names(&self.folder.path().join("own")), [self.folder.path().join("own/mine")]);
        assert_eq!(std::fs::read_to_string(self.folder.path().join("own/mine")).unwrap(), "untouched");
    }

    /// The daemons of the tour under way.
    fn daemons(&self) -> Vec<u32> {
        let homes = names(&self.temporary()).into_iter().flat_map(|root| names(&root));
        let lock = |home: PathBuf| Lock::parse(&std::fs::read_to_string(home.join("data/lock")).ok()?);
        homes.filter_map(lock).map(|lock| lock.pid).collect()
    }
}

fn names(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// A process of this id runs `asifd`; one that ended and was not collected does not.
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.contains("(asifd)") && !stat.contains(") Z ")
}

#[test]
fn the_tour_tells_its_story_with_no_home_no_terminal_and_a_closed_stdin() {
    let stage = Stage::new();
    let ran = finish(stage.command(&[]), None).exits(0);
    assert_eq!(ran.stderr, "", "all of it is on standard output");
    let told = |text: &str| assert!(ran.stdout.contains(text), "not told: {text}\n{}", ran.stdout);
    told("Robin's laptop $ asif init --no-input --name Robin --device laptop");
    told("Robin's laptop $ asif practice add \"Lunch away from the desk\" --slug lunch");
    told("Robin's desktop $ asif device join asif1");
    told("desktop is up to date");
    told("Dana's computer $ asif caseload open Robin");
    told("| asif lend Robin lunch --strength 85 --text -");
    told("Robin's laptop $ asif share revoke Dana --yes");
    told("The three daemons are stopped and their folders are gone.");
    // The note and the private session never reach Dana's screen, and what was edited apart is on both devices.
    let of_dana: String = ran.stdout.split("\n\n").filter(|part| part.starts_with("Dana's computer")).collect();
    assert!(of_dana.contains("30 -> 45") && of_dana.contains("30 -> 50"), "{of_dana}");
    assert!(!of_dana.contains("canal") && !of_dana.contains("35 -> 30") && !of_dana.contains("45 -> 60"), "{of_dana}");
    for machine in ["laptop", "desktop"] {
        let shown = ran.stdout.split("\n\n").find(|part| part.starts_with(&format!("Robin's {machine} $ asif show"))).unwrap();
        assert!(shown.contains("30") && shown.contains("chest") && shown.contains("Sat by the canal"), "{shown}");
    }
    stage.nothing_is_left();
}

#[test]
fn a_relative_temporary_folder_is_as_good_as_any() {
    let stage = Stage::new();
    let mut command = stage.command(&[]);
    command.env("TMPDIR", "t").current_dir(stage.folder.path());
    let tour = Running::start(command);
    tour.await_line("Dana's computer $ asif caseload");
    let locks = files_below(&stage.temporary()).into_iter().filter(|(path, _)| path.ends_with("data/lock"));
    let running: Vec<u32> = locks.filter_map(|(_, text)| Lock::parse(&String::from_utf8(text).unwrap())).map(|lock| lock.pid).collect();
    assert_eq!(running.len(), 3);
    assert_eq!(tour.end().0, Some(0));
    let left: Vec<u32> = running.into_iter().filter(|pid| is_alive(*pid)).collect();
    left.iter().for_each(|pid| signal(*pid, Signal::KILL));
    assert_eq!(left, Vec::<u32>::new(), "they are left");
    stage.nothing_is_left();
}

#[test]
fn the_tour_in_json_is_one_envelope_a_line() {
    let stage = Stage::new();
    let scenes = finish(stage.command(&["--json"]), None).exits(0).envelopes();
    assert!(scenes.iter().filter(|scene| scene["data"]["event"] == "output").all(|scene| scene["data"]["exit"] == 0));
    assert_eq!(scenes.last().unwrap()["data"]["event"], "end");
    stage.nothing_is_left();
}

/// Ends a tour with `with` once it has printed `line`.
fn ended(with: Signal, line: &str, daemons: usize) {
    let stage = Stage::new();
    let tour = Running::start(stage.command(&[]));
    tour.await_line(line);
    let running = stage.daemons();
    assert!(running.len() >= daemons, "{running:?}");
    signal(tour.child.id(), with);
    let (code, stderr) = tour.end();
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stderr.contains("stopped"), "{stderr}");
    assert!(!running.iter().any(|pid| is_alive(*pid)), "{running:?}");
    stage.nothing_is_left();
}

#[test]
fn a_tour_that_is_terminated_at_its_first_command_leaves_nothing() {
    ended(Signal::TERM, "Robin's laptop $ asif init", 0);
}

#[test]
fn a_tour_that_is_interrupted_while_the_devices_meet_leaves_nothing() {
    ended(Signal::INT, "Robin's desktop $ asif device join", 1);
}

#[test]
fn a_tour_that_is_terminated_with_three_daemons_leaves_nothing() {
    ended(Signal::TERM, "Dana's computer $ asif caseload", 3);
}
