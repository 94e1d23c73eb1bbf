//! The daemon's life: how it starts, answers, hangs and ends, and what a person is told about it.

use std::fs::{File, Permissions, set_permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use asif_proto::frame::{Frame, HEADER_LEN};
use asif_proto::home::Lock;
use asif_proto::local::{Answer, Hello, Reply, kind};
use rustix::process::Signal;
use serde_json::json;

use crate::harness::{Home, Running, eventually, finish, freeze, shell, signal};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn everything_that_is_made_is_for_its_owner_alone() {
    let home = Home::robin();
    home.device_ticket();
    home.ok(&["daemon", "restart"]);
    for folder in ["data", "data/store", "data/store/logs", "state", "run"] {
        assert_eq!(mode(&home.path().join(folder)), 0o700, "{folder}");
    }
    for file in ["data/lock", "data/vault", "data/vault.key", "data/view", "state/asifd.log", "run/asifd.sock"] {
        assert_eq!(mode(&home.path().join(file)), 0o600, "{file}");
    }
}

#[test]
fn start_stop_and_restart_do_what_they_say() {
    let home = Home::new();
    assert_eq!(home.json(&["daemon", "stop"])["done"], "not running");
    let started = home.json(&["daemon", "start"]);
    assert_eq!((&started["done"], &started["pid"]), (&json!("started"), &json!(home.pid())));
    assert_eq!(home.json(&["daemon", "start"])["done"], "running already");
    home.ok(&["daemon", "restart"]);
    assert_ne!(json!(home.pid()), started["pid"]);
    assert_eq!(home.json(&["daemon", "stop"])["done"], "stopped");
    assert_eq!(home.running(), None);
    assert!(!home.socket().exists(), "it takes its socket with it");
    assert_eq!(std::fs::read_to_string(home.data().join("lock")).unwrap(), "");
}

#[test]
fn a_restart_keeps_everything() {
    let home = Home::robin();
    home.log(&["-b", "30", "--note", "kept", "--tag", "work"]);
    home.log(&["--at", "2023-01-01T10:00", "--private"]);
    let before = (home.list(), home.json(&["practice", "list"]), home.json(&["status"])["devices"].clone());
    home.ok(&["daemon", "restart"]);
    assert_eq!((home.list(), home.json(&["practice", "list"]), home.json(&["status"])["devices"].clone()), before);
    home.kill();
    assert_eq!((home.list(), home.json(&["practice", "list"]), home.json(&["status"])["devices"].clone()), before);
}

#[test]
fn a_stale_socket_and_lock_after_a_kill_are_no_hindrance() {
    let home = Home::robin();
    home.kill();
    assert!(home.socket().exists() && !std::fs::read(home.data().join("lock")).unwrap().is_empty(), "a kill leaves both");
    let ran = home.ok(&["log", "lunch"]);
    assert_eq!(ran.stderr, "", "nobody needs to know");
    assert_eq!(home.list().len(), 1);
}

#[test]
fn a_second_daemon_is_refused_and_the_first_goes_on() {
    let home = Home::robin();
    let pid = home.pid();
    let second = finish(home.daemon_command(&["run"]), None).exits(7);
    assert!(second.stderr.contains("already running") && second.stderr.contains(&pid.to_string()), "{second:?}");
    let detached = finish(home.daemon_command(&["run", "--detach"]), None);
    assert_ne!(detached.code, Some(0));
    assert!(detached.stdout.contains("already running"), "{detached:?}");
    home.log(&[]);
    assert_eq!((home.pid(), home.list().len()), (pid, 1));
}

#[test]
fn commands_that_start_it_at_the_same_moment_share_one_daemon() {
    let home = Home::robin();
    home.stop();
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| home.json(&["log", "lunch"]))).collect();
        all.into_iter().for_each(|one| drop(one.join().unwrap()));
    });
    assert_eq!(home.list().len(), 8);
}

#[test]
fn a_data_folder_that_others_can_enter_is_refused_with_the_command_that_mends_it() {
    let home = Home::robin();
    home.stop();
    set_permissions(home.data(), Permissions::from_mode(0o755)).unwrap();
    let mend = format!("chmod 700 {}", home.data().display());
    home.refuses(6, &["list"]).says(&[&mend, "755"]);
    home.refuses(6, &["log", "lunch"]);
    assert_eq!(finish(home.daemon_command(&["run"]), None).code, Some(6));
    assert!(finish(shell(&mend, &[]), None).code == Some(0));
    assert_eq!(home.list().len(), 0);
}

#[test]
fn a_key_file_that_others_can_read_is_refused_with_the_command_that_mends_it() {
    let home = Home::robin();
    home.stop();
    let key = home.data().join("vault.key");
    set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    home.refuses(6, &["list"]).says(&[&format!("chmod 600 {}", key.display())]);
    set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    home.ok(&["list"]);
}

#[test]
fn a_socket_folder_that_others_can_enter_is_refused_while_the_daemon_runs() {
    let home = Home::robin();
    set_permissions(home.path().join("run"), Permissions::from_mode(0o755)).unwrap();
    home.refuses(6, &["list"]).says(&[&format!("chmod 700 {}", home.path().join("run").display())]);
}

#[test]
fn a_socket_path_that_is_too_long_is_said_in_words() {
    let home = Home::new();
    let long = home.beside().join("x".repeat(100));
    for program in [home.command(&["list"]), home.daemon_command(&["run"])] {
        let mut program = program;
        program.env("ASIF_HOME", &long);
        let ran = finish(program, None).exits(1);
        assert!(ran.stderr.contains("the system allows 107") && ran.stderr.contains("ASIF_HOME"), "{ran:?}");
    }
    assert!(!long.exists());
}

#[test]
fn without_any_home_it_is_said_in_words() {
    let home = Home::new();
    let mut command = home.command(&["list"]);
    command.env_remove("ASIF_HOME");
    finish(command, None).exits(1).says(&["neither ASIF_HOME nor HOME is set"]);
}

#[test]
fn a_hanging_daemon_is_exit_3_at_once_and_goes_on_when_it_can() {
    let home = Home::robin();
    let pid = home.pid();
    freeze(pid);
    let plain = home.refuses(3, &["list"]).says(&["does not answer", "asif daemon restart"]);
    let json = home.run(&["log", "lunch", "--json"]);
    assert_eq!(json.envelope()["error"]["kind"], "daemon_unreachable");
    for ran in [plain, json] {
        assert!(ran.took >= Duration::from_millis(300) && ran.took < Duration::from_secs(3), "{ran:?}");
    }
    signal(pid, Signal::CONT);
    eventually("it answers again", || (home.run(&["list"]).code == Some(0)).then_some(()));
    assert_eq!((home.list().len(), home.pid()), (0, pid), "what was refused was not done later");
}

#[test]
fn restart_ends_a_daemon_that_hangs() {
    let home = Home::robin();
    home.log(&[]);
    let pid = home.pid();
    freeze(pid);
    let ran = home.ok(&["daemon", "restart"]);
    assert!(ran.took < Duration::from_secs(15), "{ran:?}");
    assert_ne!(home.pid(), pid);
    assert_eq!(home.list().len(), 1);
}

#[test]
fn a_daemon_whose_socket_is_gone_is_told_of_stopped_and_restarted() {
    let home = Home::robin();
    let pid = home.pid();
    std::fs::remove_file(home.socket()).unwrap();
    home.run(&["list"]).exits(3).says(&["cannot be reached", &pid.to_string(), "asif daemon restart"]);
    home.ok(&["daemon", "restart"]);
    assert_ne!(home.pid(), pid);
    home.log(&[]);
    std::fs::remove_file(home.socket()).unwrap();
    assert_eq!(home.json(&["daemon", "stop"])["done"], "stopped");
    assert_eq!(home.running(), None);
    assert_eq!(home.list().len(), 1);
}

#[test]
fn what_is_stored_can_be_read_where_nothing_can_be_written() {
    let home = Home::robin();
    home.log(&[]);
    home.stop();
    // Every write to a file is refused, as on a full disk.
    let mut command = shell("trap '' XFSZ; ulimit -f 0; exec \"$1\" list --json", &[]);
    command.arg(env!("CARGO_BIN_EXE_asif")).env("ASIF_HOME", home.path());
    assert_eq!(finish(command, None).exits(0).data().as_array().unwrap().len(), 1);
    home.stop();
}

#[test]
fn a_script_that_starts_it_in_the_background_goes_on() {
    let home = Home::new();
    let mut command = shell("\"$1\" run --detach; echo went on", &[]);
    command.arg(env!("CARGO_BIN_EXE_asifd")).env("ASIF_HOME", home.path());
    let ran = finish(command, None).exits(0);
    assert!(ran.stdout.starts_with("{\"ready\"") && ran.stdout.ends_with("went on\n"), "{ran:?}");
    assert!(ran.stdout.contains(&format!("\"pid\":{}", home.pid())), "{ran:?}");
}

#[test]
fn a_daemon_that_is_refused_leaves_the_log_of_the_other_alone() {
    let home = Home::robin();
    let log = home.path().join("state/asifd.log");
    let mut file = File::options().append(true).open(&log).unwrap();
    file.write_all(&vec![b'\n'; 2 << 20]).unwrap();
    assert_eq!(finish(home.daemon_command(&["run", "--detach"]), None).code, Some(7));
    assert!(!home.path().join("state/asifd.log.1").exists() && log.metadata().unwrap().len() > 2 << 20);
    home.ok(&["daemon", "restart"]);
    assert!(home.path().join("state/asifd.log.1").exists());
}

#[test]
fn a_termination_stops_it_in_order_and_a_hangup_does_not() {
    let home = Home::robin();
    let pid = home.pid();
    signal(pid, Signal::HUP);
    home.log(&[]);
    assert_eq!(home.pid(), pid, "it outlives its terminal");
    signal(pid, Signal::TERM);
    home.await_end();
    assert!(!home.socket().exists());
    assert_eq!(home.list().len(), 1);
}

#[test]
fn in_the_foreground_it_says_when_it_is_ready_and_ends_with_a_signal() {
    let home = Home::new();
    let mut run = Running::start({
        let mut command = home.command(&["daemon", "run"]);
        command.env("ASIF_LOG", "info");
        command
    });
    eventually("it serves", || home.running());
    let status = home.json(&["status"]);
    assert_eq!(status["daemon"]["pid"], json!(run.child.id()), "asif became the daemon");
    assert!(run.child.try_wait().unwrap().is_none());
    signal(run.child.id(), Signal::INT);
    let (code, stderr) = run.end();
    assert_eq!(code, Some(0));
    assert!(stderr.contains("ready") && stderr.contains("stopped"), "{stderr}");
}

#[test]
fn its_own_log_is_shown() {
    let home = Home::new();
    home.ok(&["daemon", "logs"]).says(&["none yet"]);
    assert_eq!(home.running(), None, "looking starts nothing");
    home.start();
    assert!(home.ok(&["daemon", "logs"]).stdout.contains("ready"));
    assert!(home.run(&["daemon", "logs", "--json"]).envelopes()[0]["data"]["line"].as_str().unwrap().contains("ready"));
}

#[test]
fn it_holds_nothing_open_that_its_starter_had_open() {
    let home = Home::new();
    home.ok(&["init", "--no-input"]);
    home.stop();
    // The shell gives the command its own pipe as standard output, standard error and as descriptor 9.
    let mut command = shell("\"$1\" daemon start 9>&1", &[]);
    command.arg(env!("CARGO_BIN_EXE_asif")).env("ASIF_HOME", home.path());
    let running = Running::start(command);
    let (code, stderr) = running.end();
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "both pipes ended while the daemon runs");
    let pid = home.pid();

    // The same for what the person's shell has open below 3, and for its working folder.
    let folder = home.beside().join("work");
    std::fs::create_dir(&folder).unwrap();
    home.stop();
    let mut command = home.command(&["daemon", "start"]);
    finish(
        {
            command.current_dir(&folder);
            command
        },
        None,
    )
    .exits(0);
    assert_ne!(home.pid(), pid);
    let cwd = std::fs::read_link(format!("/proc/{}/cwd", home.pid()));
    assert!(cwd.is_err() || cwd.unwrap() == Path::new("/"));
}

#[test]
fn the_lock_file_tells_where_to_ask_even_from_another_environment() {
    let home = Home::robin();
    let moved = home.beside().join("elsewhere");
    std::fs::create_dir(&moved).unwrap();
    set_permissions(&moved, Permissions::from_mode(0o700)).unwrap();
    let (pid, lock) = (home.pid(), home.data().join("lock"));
    std::fs::rename(home.socket(), moved.join("s")).unwrap();
    std::fs::write(&lock, Lock { pid, socket: moved.join("s") }.to_text()).unwrap();
    home.log(&[]);
    assert_eq!(home.json(&["status"])["daemon"]["pid"], json!(pid));
}

/// A daemon of version 0.0.9 that this test plays until it is asked to stop; it holds the lock of `home` as a real one would.
fn play_an_older_daemon(home: &Home, version: &'static str, versions: (u16, u16)) -> std::thread::JoinHandle<bool> {
    let listener = UnixListener::bind(home.socket()).unwrap();
    let lock = File::options().write(true).truncate(true).open(home.data().join("lock")).unwrap();
    lock.lock().unwrap();
    (&lock).write_all(Lock { pid: std::process::id(), socket: home.socket() }.to_text().as_bytes()).unwrap();
    let socket = home.socket();
    std::thread::spawn(move || {
        let send = |stream: &mut std::os::unix::net::UnixStream, kind, json: Vec<u8>| stream.write_all(&Frame::new(kind, json).to_bytes());
        let mut asked_to_stop = false;
        if let Some(stream) = listener.incoming().next() {
            let mut stream = stream.unwrap();
            let hello = Hello { min: versions.0, max: versions.1, version: version.to_owned(), pid: std::process::id(), data: None };
            send(&mut stream, kind::HELLO, serde_json::to_vec(&hello).unwrap()).unwrap();
            let mut header = [0; HEADER_LEN];
            if stream.read_exact(&mut header).is_ok() {
                let mut body = vec![0; asif_proto::frame::parse_header(header).unwrap().1];
                stream.read_exact(&mut body).unwrap();
                asked_to_stop = serde_json::from_slice::<serde_json::Value>(&body).unwrap()["request"]["ask"] == "stop";
                send(&mut stream, kind::ANSWER, serde_json::to_vec(&Answer::Reply(Box::new(Reply::Done))).unwrap()).unwrap();
            }
        }
        std::fs::remove_file(socket).unwrap();
        lock.set_len(0).unwrap();
        asked_to_stop
    })
}

#[test]
fn an_older_daemon_is_restarted_and_that_is_said() {
    let home = Home::robin();
    home.log(&[]);
    home.stop();
    let played = play_an_older_daemon(&home, "0.0.9", (1, 1));
    home.ok(&["list"]).says(&["restarting the daemon", "0.0.9"]);
    assert!(played.join().unwrap(), "it was asked to stop");
    assert_eq!(home.json(&["status"])["daemon"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(home.list().len(), 1);
}

#[test]
fn a_daemon_that_is_newer_than_the_language_we_speak_is_left_alone() {
    let home = Home::robin();
    home.stop();
    let played = play_an_older_daemon(&home, "9.0.0", (7, 9));
    home.run(&["list"]).exits(3).says(&["9.0.0", "update asif"]);
    assert!(!played.join().unwrap());
}
