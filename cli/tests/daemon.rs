//! How the command line meets the daemon: not there, hanging, too old, too new, gone while it answers.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test ends where something is not as it must be")]

mod support;

use std::fs::{Permissions, set_permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use asif_proto::local::{Answer, ErrorKind, Failure, Reply, Request};
use serde_json::json;
use support::{Cli, Talk, TestHome, hidden, refuse, reply, session};

fn sessions(talk: Talk) {
    answering(talk, reply(Reply::Sessions(vec![session(json!({}))])));
}

fn answering(mut talk: Talk, answer: Answer) {
    talk.hello();
    while talk.ask().is_some() {
        talk.answer(&answer);
    }
}

#[test]
fn a_daemon_that_hangs_is_exit_3_after_300_ms() {
    let home = TestHome::new();
    home.lock(&home.home.socket);
    home.serve(Talk::fall_silent);
    let began = Instant::now();
    let ran = home.run(&["list", "--json"]);
    let took = began.elapsed();
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(ran.json()["error"]["kind"], "daemon_unreachable");
    assert_eq!(ran.json()["error"]["hint"], "asif daemon restart");
    assert!(took >= Duration::from_millis(290) && took < Duration::from_secs(2), "took {took:?}");
}

#[test]
fn a_daemon_that_never_accepts_is_exit_3_too() {
    let home = TestHome::new();
    // A listening socket whose queue of callers is full before the command line comes.
    let listener = rustix::net::socket_with(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::STREAM,
        rustix::net::SocketFlags::CLOEXEC,
        None,
    )
    .unwrap();
    rustix::net::bind(&listener, &rustix::net::SocketAddrUnix::new(&home.home.socket).unwrap()).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let _caller = std::os::unix::net::UnixStream::connect(&home.home.socket).unwrap();
    let ran = home.run(&["list"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("asif daemon restart"), "{ran:?}");
}

#[test]
fn a_slow_answer_is_awaited() {
    let home = TestHome::new();
    let (asked, heard) = mpsc::channel();
    let (go_on, may_answer) = mpsc::channel::<()>();
    home.serve(move |mut talk| {
        talk.hello();
        talk.ask().unwrap();
        asked.send(()).unwrap();
        may_answer.recv().unwrap();
        talk.answer(&reply(Reply::Sessions(Vec::new())));
    });
    std::thread::scope(|scope| {
        let run = scope.spawn(|| home.run(&["list", "--json"]));
        heard.recv_timeout(Duration::from_secs(5)).unwrap();
        go_on.send(()).unwrap();
        assert_eq!(run.join().unwrap().json()["data"], json!([]));
    });
}

#[test]
fn a_lost_answer_is_asked_for_again_with_the_same_id() {
    let home = TestHome::new();
    let (tx, asks) = mpsc::channel();
    let mut first = true;
    home.serve(move |mut talk| {
        talk.hello();
        let Some(ask) = talk.ask() else { return };
        tx.send(ask).unwrap();
        if !std::mem::take(&mut first) {
            talk.answer(&reply(Reply::Session(session(json!({})))));
        }
    });
    let ran = home.run(&["log", "lunch", "-b", "30", "-a", "45"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.stdout, "logged lunch  7f3a  Mon 23 Nov 12:41  feeling 30 -> 45  (undo: asif undo)\n");
    let (one, two) = (asks.try_recv().unwrap(), asks.try_recv().unwrap());
    assert_eq!(one, two);
    assert_eq!((one.id.get_version_num(), one.zone.as_str()), (7, "Europe/London"));
    assert!(asks.try_recv().is_err(), "asked a third time");
}

#[test]
fn an_answer_lost_twice_is_an_error() {
    let home = TestHome::new();
    home.serve(|mut talk| {
        talk.hello();
        talk.ask();
    });
    assert_eq!(home.run(&["list"]).code, 3);
}

#[test]
fn the_lock_file_tells_where_to_ask() {
    let home = TestHome::new();
    home.serve_at(&hidden(&home), sessions);
    home.lock(&hidden(&home));
    assert_eq!(home.run(&["list", "--json"]).json()["data"][0]["practice"], "lunch");
    assert!(home.run(&["status", "--paths"]).stdout.contains("hidden.sock"));
}

#[test]
fn a_daemon_of_another_home_is_not_asked() {
    let home = TestHome::new();
    let (ours, theirs) = (home.home.data.canonicalize().unwrap(), home.folder.path().to_owned());
    let (tx, asked) = mpsc::channel();
    home.serve_at(&hidden(&home), move |mut talk| {
        talk.hello_for(&theirs);
        tx.send(talk.ask().is_some()).unwrap();
    });
    home.lock(&hidden(&home));
    home.serve(move |mut talk| {
        talk.hello_for(&ours);
        talk.ask();
        talk.answer(&reply(Reply::Sessions(vec![session(json!({}))])));
    });
    home.program("asifd", &format!("echo '{}'", ready(&home)));
    assert!(home.run(&["list"]).stdout.contains("lunch"), "its own is started and asked");
    assert_eq!(asked.recv_timeout(Duration::from_secs(5)), Ok(false));
}

#[test]
fn a_daemon_that_runs_and_is_not_reached_is_exit_3_and_restart_is_named() {
    let home = TestHome::new();
    home.lock(&home.home.socket);
    home.program("asifd", &format!("echo '{}'", json!({ "error": Failure::new(ErrorKind::Precondition, "running already") })));
    let mut cli = Cli::new(&home);
    cli.patience.start = Duration::from_millis(50);
    let ran = cli.run(&["list"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("runs and cannot be reached") && ran.stderr.contains("asif daemon restart"), "{ran:?}");
}

#[test]
fn a_socket_folder_that_others_can_enter_is_refused() {
    let home = TestHome::new();
    home.serve(sessions);
    set_permissions(home.folder.path().join("run"), Permissions::from_mode(0o755)).unwrap();
    let ran = home.run(&["list"]);
    assert_eq!(ran.code, 6, "{ran:?}");
    assert!(ran.stderr.contains("chmod 700"), "{ran:?}");
}

#[test]
fn without_the_daemons_program_it_is_exit_3_in_words() {
    let home = TestHome::new();
    let ran = home.run(&["list"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("asifd"), "{ran:?}");
}

/// A daemon that a program puts in place: its socket is moved to where the command line looks.
fn comes_with(home: &TestHome, first_line: &str) {
    home.serve_at(&hidden(home), sessions);
    home.program("asifd", &format!("mv \"$here/run/hidden.sock\" \"$here/run/asifd.sock\"\necho '{first_line}'\n"));
}

fn ready(home: &TestHome) -> String {
    json!({ "ready": { "pid": std::process::id(), "socket": home.home.socket } }).to_string()
}

#[test]
fn a_daemon_that_does_not_run_is_started() {
    let home = TestHome::new();
    comes_with(&home, &ready(&home));
    let ran = home.run(&["list"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("lunch"), "{ran:?}");
}

#[test]
fn a_stale_socket_and_a_stale_lock_are_no_hindrance() {
    let home = TestHome::new();
    drop(std::os::unix::net::UnixListener::bind(&home.home.socket).unwrap());
    home.stale_lock(std::process::id(), &home.home.socket);
    comes_with(&home, &ready(&home));
    assert_eq!(home.run(&["list"]).code, 0);
}

#[test]
fn when_another_process_starts_it_first_that_one_is_asked() {
    let home = TestHome::new();
    let running = Failure::new(ErrorKind::Precondition, "a daemon is running already");
    comes_with(&home, &json!({ "error": running }).to_string());
    let ran = home.run(&["list"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_daemon_that_refuses_to_start_says_why_with_its_own_exit_code() {
    let home = TestHome::new();
    let refusal = Failure::new(ErrorKind::NotPermitted, "others can read the data folder").hint("chmod 700 data");
    home.program("asifd", &format!("echo '{}'; exit 6", json!({ "error": refusal })));
    let ran = home.run(&["list", "--json"]);
    assert_eq!(ran.code, 6);
    assert_eq!(ran.json()["error"], json!({ "kind": "not_permitted", "message": refusal.message, "hint": refusal.hint }));
}

#[test]
fn a_daemon_that_does_not_become_ready_is_exit_3() {
    let home = TestHome::new();
    home.program("asifd", "exit 1");
    let ran = home.run(&["list"]);
    assert_eq!(ran.code, 3, "{ran:?}");

    let home = TestHome::new();
    home.program("asifd", "read wait_for_ever < \"$here/fifo\"");
    rustix::fs::mknodat(rustix::fs::CWD, home.folder.path().join("fifo"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let mut cli = Cli::new(&home);
    cli.patience.start = Duration::from_millis(200);
    let ran = cli.run(&["list"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    // Lets the stand-in end.
    std::fs::write(home.folder.path().join("fifo"), "\n").unwrap();
}

#[test]
fn the_daemon_inherits_no_open_file() {
    let home = TestHome::new();
    let file = std::fs::File::open("/dev/null").unwrap();
    let open = rustix::io::fcntl_dupfd_cloexec(&file, 100).unwrap();
    rustix::io::fcntl_setfd(&open, rustix::io::FdFlags::empty()).unwrap();
    let refusal = |message: &str| json!({ "error": Failure::new(ErrorKind::Failure, message) });
    let fd = open.as_raw_fd();
    let lines = format!("if [ -e /proc/$$/fd/{fd} ]; then echo '{}'; else echo '{}'; fi", refusal("inherited"), refusal("clean"));
    home.program("asifd", &lines);
    assert!(home.run(&["list"]).stderr.contains("clean"));
}

#[test]
fn an_older_daemon_is_replaced_and_that_is_said() {
    let home = TestHome::new();
    home.lock(&home.home.socket);
    let (lock, socket) = (home.home.lock(), home.home.socket.clone());
    home.serve(move |mut talk| {
        talk.hello_as(1, 1, "0.0.1");
        assert_eq!(talk.ask().unwrap().request, Request::Stop);
        std::fs::remove_file(&socket).unwrap();
        talk.answer(&reply(Reply::Done));
        std::fs::remove_file(&lock).unwrap();
    });
    comes_with(&home, &ready(&home));
    let ran = home.run(&["list"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("restarting the daemon: it is version 0.0.1"), "{ran:?}");
    assert!(ran.stdout.contains("lunch"), "{ran:?}");
}

#[test]
fn a_newer_daemon_is_fine_while_it_speaks_our_language() {
    let home = TestHome::new();
    home.serve(|mut talk| {
        talk.hello_as(1, 7, "99.0.0");
        while let Some(ask) = talk.ask() {
            assert_eq!(ask.version, 1);
            talk.answer(&reply(Reply::Sessions(Vec::new())));
        }
    });
    assert_eq!(home.run(&["list"]).code, 0);

    let home = TestHome::new();
    home.serve(|mut talk| {
        talk.hello_as(7, 9, "99.0.0");
        talk.fall_silent();
    });
    let ran = home.run(&["list"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("update asif"), "{ran:?}");
}

#[test]
fn a_daemon_that_is_full_says_so() {
    let home = TestHome::new();
    home.serve(|mut talk| talk.answer(&refuse(Failure::new(ErrorKind::DaemonUnreachable, "64 clients are here already"))));
    let ran = home.run(&["list"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("64 clients"), "{ran:?}");
}

#[test]
fn an_answer_longer_than_a_frame_arrives_whole() {
    let home = TestHome::new();
    let many: Vec<_> = (0..4000).map(|at| session(json!({ "id": format!("019a0000-0000-7000-8000-{at:012}") }))).collect();
    let answer = reply(Reply::Sessions(many));
    home.serve(move |talk| answering(talk, answer.clone()));
    assert_eq!(home.run(&["list", "--json"]).json()["data"].as_array().unwrap().len(), 4000);
}

#[test]
fn a_daemon_that_talks_nonsense_is_an_error() {
    let home = TestHome::new();
    home.serve(|mut talk| {
        talk.hello();
        talk.ask();
        talk.answer(&reply(Reply::Done));
    });
    let ran = home.run(&["list"]);
    assert_eq!(ran.code, 1, "{ran:?}");
}

#[test]
fn stopping_waits_until_it_is_gone() {
    let home = TestHome::new();
    assert!(home.run(&["daemon", "stop"]).stdout.contains("not running"));

    home.lock(&home.home.socket);
    let lock = home.home.lock();
    home.serve(move |mut talk| {
        talk.hello();
        assert_eq!(talk.ask().unwrap().request, Request::Stop);
        talk.answer(&reply(Reply::Done));
        std::fs::remove_file(&lock).unwrap();
    });
    let ran = home.run(&["daemon", "stop", "--json"]);
    assert_eq!((ran.code, ran.json()["data"]["done"].as_str()), (0, Some("stopped")));
}

#[test]
fn a_daemon_that_stays_is_exit_1_in_words() {
    let home = TestHome::new();
    home.lock(&home.home.socket);
    home.serve(|talk| answering(talk, reply(Reply::Done)));
    let mut cli = Cli::new(&home);
    cli.patience.stop = Duration::from_millis(50);
    let ran = cli.run(&["daemon", "stop"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("still running") && ran.stderr.contains("asif daemon restart"), "{ran:?}");
}

const PLAYED: &str = "ASIF_TEST_PLAYED_DAEMON";

/// Not a test of its own: the process that the tests below end. It greets, and then says nothing more.
#[test]
#[ignore = "played by a_daemon_that_greets_and_then_hangs"]
fn greets_and_hangs() {
    let Some(socket) = std::env::var_os(PLAYED) else { return };
    TestHome::new().serve_at(std::path::Path::new(&socket), |mut talk| {
        talk.hello();
        talk.fall_silent();
    });
    println!("listening");
    loop {
        std::thread::park();
    }
}

/// A daemon in a process of its own that greets and then hangs; SIGTERM ends it, or with `stubborn` only SIGKILL does.
fn a_daemon_that_greets_and_then_hangs(home: &TestHome, stubborn: bool) -> std::process::Child {
    use std::io::BufRead;
    let trap = if stubborn { "trap '' TERM; " } else { "" };
    let mut command = std::process::Command::new("/bin/sh");
    command.args(["-c", &format!("{trap}exec \"$0\" --exact greets_and_hangs --ignored --nocapture -q")]);
    command.arg(std::env::current_exe().unwrap()).env(PLAYED, &home.home.socket).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "listening"));
    home.lock_as(child.id(), &home.home.socket);
    child
}

#[test]
fn restart_ends_a_daemon_that_greets_and_then_hangs() {
    for stubborn in [false, true] {
        let home = TestHome::new();
        let mut played = a_daemon_that_greets_and_then_hangs(&home, stubborn);
        comes_with(&home, &ready(&home));
        let mut cli = Cli::new(&home);
        (cli.patience.stop, cli.patience.term) = (Duration::from_millis(50), Duration::from_millis(200));
        let ran = cli.run(&["daemon", "restart"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.stdout.contains("started") && (!stubborn || ran.stderr.contains("by force")), "{ran:?}");
        assert!(!played.wait().unwrap().success());
    }
}

#[test]
fn stop_tells_a_daemon_that_greets_and_then_hangs_to_end() {
    let home = TestHome::new();
    let mut played = a_daemon_that_greets_and_then_hangs(&home, false);
    let mut cli = Cli::new(&home);
    cli.patience.stop = Duration::from_millis(50);
    let ran = cli.run(&["daemon", "stop"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    played.wait().unwrap();
}

#[test]
fn a_home_whose_daemon_greets_and_then_hangs_is_wiped() {
    let home = TestHome::new();
    let mut played = a_daemon_that_greets_and_then_hangs(&home, true);
    std::fs::write(home.home.data.join("vault.key"), "x").unwrap();
    let mut cli = Cli::new(&home);
    (cli.patience.start, cli.patience.stop) = (Duration::from_millis(200), Duration::from_millis(50));
    cli.patience.term = Duration::from_millis(50);
    let ran = std::thread::scope(|scope| {
        // The system frees a lock with its process; this one is held by the test.
        scope.spawn(|| {
            played.wait().unwrap();
            home.unlock();
        });
        cli.run(&["wipe", "--yes"])
    });
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("does not answer") && !home.home.data.exists(), "{ran:?}");
}

#[test]
fn its_own_log_is_shown_where_there_is_one() {
    let home = TestHome::new();
    let ran = home.run(&["daemon", "logs"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("none yet"), "{ran:?}");
    std::fs::create_dir(&home.home.state).unwrap();
    std::fs::write(home.home.log(), "started\n\u{1b}[2Jodd\nlast").unwrap();
    assert_eq!(home.run(&["daemon", "logs"]).stdout, "started\n␛[2Jodd\nlast\n");
}
