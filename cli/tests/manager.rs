//! How the command line meets a service manager, which listens for a daemon that does not run yet.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test ends where something is not as it must be")]

mod support;

use std::sync::mpsc;
use std::time::Duration;

use asif_proto::local::Reply;
use serde_json::json;
use support::{Cli, Talk, TestHome, reply, session};

#[test]
fn a_daemon_that_a_service_manager_is_only_starting_is_awaited() {
    let home = TestHome::new();
    let (connected, heard) = mpsc::channel();
    let (go_on, may_greet) = mpsc::channel::<()>();
    // Somebody listens and nobody holds the lock: whoever listens is not the daemon.
    home.serve(move |mut talk| {
        connected.send(()).unwrap();
        may_greet.recv().unwrap();
        talk.hello();
        talk.ask().unwrap();
        talk.answer(&reply(Reply::Sessions(vec![session(json!({}))])));
    });
    std::thread::scope(|scope| {
        let run = scope.spawn(|| home.run(&["list", "--json"]));
        heard.recv_timeout(Duration::from_secs(5)).unwrap();
        // Longer than a daemon that runs may take. Nobody connects a second time meanwhile.
        assert!(heard.recv_timeout(Duration::from_millis(400)).is_err() && !run.is_finished(), "it gave up on one that is only starting");
        go_on.send(()).unwrap();
        let ran = run.join().unwrap();
        assert_eq!(ran.json()["data"][0]["practice"], "lunch", "{ran:?}");
    });
}

#[test]
fn a_service_manager_that_starts_nothing_is_exit_3_in_words() {
    let home = TestHome::new();
    home.serve(Talk::fall_silent);
    let mut cli = Cli::new(&home);
    cli.patience.start = Duration::from_millis(500);
    let ran = cli.run(&["list"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("has not brought the daemon up") && ran.stderr.contains("asif daemon run"), "{ran:?}");
}

#[test]
fn stopping_what_does_not_run_connects_to_nobody_and_ends_no_process() {
    let home = TestHome::new();
    let (tx, connected) = mpsc::channel();
    // As a service manager listens: a connection would start the daemon, and its process is not the daemon's.
    home.serve(move |talk| {
        tx.send(()).unwrap();
        talk.fall_silent();
    });
    home.stale_lock(std::process::id(), &home.home.socket);
    for command in ["stop", "restart"] {
        let mut cli = Cli::new(&home);
        cli.patience.start = Duration::from_millis(400);
        let ran = cli.run(&["daemon", command]);
        assert_eq!(ran.code, if command == "stop" { 0 } else { 3 }, "{ran:?}");
        assert_eq!(connected.try_recv().is_ok(), command == "restart");
    }
}
