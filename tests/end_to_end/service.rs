//! The daemon under a service manager, which the test plays: the socket is opened for it, it says when it is ready, it stops in order.

use std::fs::{DirBuilder, Permissions, set_permissions};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::json;

use crate::harness::{COMMAND, Home, Running, eventually, finish, signal};

/// What a service manager has: the socket of a home, open before any daemon runs, and one on which it is told how the daemon is doing.
struct Manager {
    socket: UnixListener,
    notified: UnixDatagram,
}

impl Manager {
    fn of(home: &Home) -> Self {
        if let Some(folder) = home.socket().parent().filter(|folder| !folder.exists()) {
            DirBuilder::new().mode(0o700).create(folder).unwrap();
        }
        let socket = UnixListener::bind(home.socket()).unwrap();
        set_permissions(home.socket(), Permissions::from_mode(0o600)).unwrap();
        let notified = UnixDatagram::bind(home.beside().join("notify")).unwrap();
        notified.set_read_timeout(Some(COMMAND)).unwrap();
        Self { socket, notified }
    }

    /// Starts `program`, as it does when somebody connects: the socket is descriptor 3, and the process id is that of the daemon.
    fn starts(&self, home: &Home, program: &Command) -> Running {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg("exec 3<&0 0</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\"").arg("sh");
        command.arg(program.get_program()).args(program.get_args()).env_clear().env("NOTIFY_SOCKET", home.beside().join("notify"));
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir("/");
        command.stdin(Stdio::from(OwnedFd::from(self.socket.try_clone().unwrap())));
        Running::start(command)
    }

    fn is_told(&self) -> String {
        let mut bytes = [0; 256];
        let len = self.notified.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..len]).into_owned()
    }
}

#[test]
fn a_command_is_served_by_the_daemon_that_its_connection_starts_and_the_socket_stays() {
    let home = Home::robin();
    home.log(&["-b", "30"]);
    home.stop();
    let manager = Manager::of(&home);
    for round in 1..=2 {
        let asking = Running::start(home.command(&["list", "--json"]));
        eventually("somebody connects", || rustix::event::poll(&mut [readable(&manager)], None).ok().filter(|ready| *ready > 0));
        assert_eq!(home.running(), None, "whoever connects to a service manager starts no daemon of its own");
        let daemon = manager.starts(&home, &home.daemon_command(&["run"]));
        assert!(asking.line().unwrap().contains("\"before\":30"));
        assert_eq!(asking.end(), (Some(0), String::new()));
        assert_eq!(home.pid(), daemon.child.id(), "it holds the lock and is named in it");
        assert_eq!(home.json(&["daemon", "start"])["done"], "running already");

        assert_eq!(home.json(&["daemon", "stop"])["done"], "stopped");
        assert_eq!(daemon.end().0, Some(0), "round {round}");
        assert!(home.socket().exists(), "the socket is the service manager's");
        assert_eq!(home.json(&["daemon", "stop"])["done"], "not running");
    }
}

fn readable(manager: &Manager) -> rustix::event::PollFd<'_> {
    rustix::event::PollFd::new(&manager.socket, rustix::event::PollFlags::IN)
}

#[test]
fn it_says_when_it_is_ready_and_stops_in_order_when_it_is_told_to() {
    let home = Home::robin();
    home.stop();
    std::fs::remove_file(home.data().join("view")).unwrap();
    let manager = Manager::of(&home);
    let daemon = manager.starts(&home, &home.command(&["daemon", "run"]));
    assert_eq!(manager.is_told(), "READY=1\n");
    assert_eq!(home.pid(), daemon.child.id(), "asif became the daemon, and it was ready when it said so");
    let id = home.log(&["--note", "kept"]);
    signal(daemon.child.id(), Signal::TERM);
    assert_eq!(manager.is_told(), "STOPPING=1\n");
    let (code, log) = daemon.end();
    assert_eq!(code, Some(0));
    assert!(log.contains("ready") && log.contains("stopping") && log.contains("stopped"), "{log}");
    assert_eq!(home.running(), None);
    assert!(home.data().join("view").exists(), "what is read from is saved at the end");
    manager.notified.set_nonblocking(true).unwrap();
    assert_eq!(manager.notified.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock, "nothing more was told");

    let daemon = manager.starts(&home, &home.daemon_command(&["run"]));
    assert_eq!(home.list()[0]["id"], json!(id));
    signal(daemon.child.id(), Signal::TERM);
    assert_eq!(daemon.end().0, Some(0));
}

#[test]
fn a_socket_that_is_not_this_homes_is_refused_in_words() {
    let home = Home::robin();
    home.stop();
    let mut manager = Manager::of(&home);
    let elsewhere = home.path().join("run/other.sock");
    manager.socket = UnixListener::bind(&elsewhere).unwrap();
    let (code, log) = manager.starts(&home, &home.daemon_command(&["run"])).end();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains(&elsewhere.display().to_string()) && log.contains(&home.socket().display().to_string()), "{log}");
    assert!(log.contains("asif daemon install"), "{log}");
}

#[test]
fn one_that_is_started_beside_another_is_refused_and_the_other_goes_on() {
    let home = Home::robin();
    let pid = home.pid();
    std::fs::remove_file(home.socket()).unwrap();
    let manager = Manager::of(&home);
    assert_eq!(manager.starts(&home, &home.daemon_command(&["run"])).end().0, Some(7));
    assert_eq!(home.pid(), pid);
    assert!(home.socket().exists());
}

#[test]
fn a_socket_folder_that_others_can_enter_is_refused_under_a_service_manager_too() {
    let home = Home::robin();
    home.stop();
    let manager = Manager::of(&home);
    set_permissions(home.path().join("run"), Permissions::from_mode(0o755)).unwrap();
    let (code, log) = manager.starts(&home, &home.daemon_command(&["run"])).end();
    assert!(code == Some(6) && log.contains("chmod 700"), "{code:?} {log}");
}

#[test]
fn variables_that_were_meant_for_another_process_are_not_taken_for_ours() {
    let home = Home::robin();
    for pid in [Some("1"), None] {
        home.stop();
        let mut command = home.daemon_command(&["run"]);
        command.env("LISTEN_FDS", "1").envs(pid.map(|pid| ("LISTEN_PID", pid)));
        let daemon = Running::start(command);
        eventually("it serves a socket of its own", || home.running());
        home.ok(&["list"]);
        home.ok(&["daemon", "stop"]);
        assert_eq!(daemon.end().0, Some(0));
        assert!(!home.socket().exists());
    }
}

#[test]
fn what_a_person_wrote_is_never_in_the_log_however_talkative() {
    let home = Home::new();
    let mut command = home.command(&["daemon", "run"]);
    command.env("ASIF_LOG", "trace");
    let daemon = Running::start(command);
    eventually("it serves", || home.running());
    home.ok(&["init", "--no-input", "--name", "Quillfeather", "--device", "marzipan-laptop"]);
    home.ok(&["practice", "add", "Zanzibar by moonlight", "--slug", "zanzibar", "--cue", "periwinkle bell"]);
    home.ok(&["log", "zanzibar", "-b", "30", "--tag", "tangerine", "--where", "kaleidoscope", "--note", "a sentence about heliotropes"]);
    home.ok(&["list", "--tag", "tangerine"]);
    home.run(&["show", "Zanzibar by moonlight"]);
    home.run(&["log", "heliotrope-that-is-not-there"]).exits(4);
    let tickets = [home.device_ticket(), home.helper_ticket(&[])];
    let desktop = Home::new();
    desktop.ok(&["device", "join", &tickets[0], "--name", "nougat-desktop"]);
    home.run(&["device", "join", "asif1qqqqqqqqheliotrope"]);
    home.sync();
    signal(daemon.child.id(), Signal::TERM);
    let (code, log) = daemon.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("ready") && log.lines().count() > 5, "{log}");
    let words = ["quillfeather", "marzipan", "nougat", "moonlight", "zanzibar", "periwinkle", "tangerine", "kaleidoscope", "heliotrope"];
    for word in words.into_iter().chain(tickets.iter().map(|ticket| &ticket[6..])) {
        assert!(!log.to_lowercase().contains(word), "{word:?} is in the log:\n{log}");
    }
    assert!(!log.contains('\u{1b}'), "no colour where nobody sees it");
    assert_eq!(finish(home.command(&["daemon", "stop"]), None).code, Some(0));
}
