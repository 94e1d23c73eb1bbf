//! What a person wrote is in the clear nowhere but where they typed it: in no file, no log line, no packet.

use std::net::UdpSocket;

use serde_json::json;

use crate::harness::{Home, eventually, files_below, holds};
use crate::relay::Relay;

/// Marked words, each of which somebody types somewhere.
const NOTE: &str = "zanzibar-note-4471";
const LATER: &str = "zanzibar-later-4472";
const DELETED: &str = "zanzibar-deleted-4473";
const PLACE: &str = "zanzibar-place-4474";
const TAG: &str = "zanzibar-tag-4475";
const TITLE: &str = "zanzibar-title-4476";
const SLUG: &str = "zanzibar-slug-4477";
const ROBIN: &str = "zanzibar-robin-4478";
const DANA: &str = "zanzibar-dana-4479";
const LAPTOP: &str = "zanzibar-laptop-4480";
const DESKTOP: &str = "zanzibar-desktop-4481";
const LOAN: &str = "zanzibar-loan-4482";
const PLAN: &str = "zanzibar-plan-4483";
/// What all of them begin with.
const MARK: &[u8] = b"zanzibar";

fn traced() -> Home {
    let mut home = Home::new();
    home.env.push(("ASIF_LOG", "trace".to_owned()));
    home
}

/// Nothing below this home holds a marked word; there is something to look at.
#[track_caller]
fn is_sealed(home: &Home) {
    let files = files_below(&home.path());
    assert!(files.iter().any(|(path, bytes)| path.ends_with("asifd.log") && !bytes.is_empty()), "it kept a log");
    assert!(files.iter().any(|(path, bytes)| path.parent().unwrap().ends_with("logs") && bytes.len() > 400), "it stored something");
    for (path, bytes) in files {
        assert!(!holds(&bytes, MARK), "{} holds a marked word in the clear", path.display());
        let wide: Vec<u8> = MARK.iter().flat_map(|byte| [*byte, 0]).collect();
        assert!(!holds(&bytes, &wide), "{} holds a marked word in UTF-16", path.display());
    }
}

#[test]
fn what_was_written_is_in_no_file_no_log_line_and_no_packet() {
    let laptop = traced();
    laptop.ok(&["init", "--no-input", "--name", ROBIN, "--device", LAPTOP]);
    laptop.ok(&["practice", "add", TITLE, "--slug", SLUG, "--description", NOTE, "--cue", NOTE]);
    let log = |home: &Home, more: &[&str]| home.json(&[&["log", SLUG], more].concat())["id"].as_str().unwrap().to_owned();
    let first = log(&laptop, &["--note", NOTE, "--where", PLACE, "--tag", TAG]);
    laptop.run_with(&["note", "-"], NOTE.as_bytes()).exits(0);
    laptop.run_with(&["crisis", "edit", "--who-i-can-ask", "-"], PLAN.as_bytes()).exits(0);

    // The desktop reaches the laptop through a relay that records, and so does Dana.
    let ticket = laptop.device_ticket();
    let (to_desktop, to_dana) = (Relay::to(laptop.address()), Relay::to(laptop.address()));
    let (desktop, dana) = (traced(), traced());
    desktop.ok(&["device", "join", &ticket, "--name", DESKTOP, "--at", &to_desktop.address.to_string()]);
    let invite =
        ["share", "invite", "--name", DANA, "--scope", "ratings,practices,notes,phrases", "--since", "2020-01-01", "--yes", "--no-wait"];
    let ticket = crate::harness::ticket(&laptop.json(&invite));
    dana.ok(&["helper", "join", &ticket, "--name", DANA, "--at", &to_dana.address.to_string()]);
    laptop.sync();
    let (before_desktop, before_dana) = (to_desktop.packets(), to_dana.packets());
    assert!(before_desktop > 10 && before_dana > 10, "the relays saw them meet: {before_desktop}, {before_dana}");

    // Live, edited, deleted, lent.
    log(&laptop, &["--note", LATER]);
    desktop.ok(&["edit", &first, "--note", LATER, "--tag", TAG]);
    let gone = log(&desktop, &["--note", DELETED]);
    desktop.ok(&["delete", &gone, "--yes"]);
    desktop.sync();
    laptop.sync();
    dana.run_with(&["lend", ROBIN, SLUG, "--strength", "85", "--text", "-"], LOAN.as_bytes()).exits(0);
    dana.sync();
    assert_eq!(laptop.json(&["borrow", "list"])[0]["statement"], json!(LOAN));
    assert!(to_desktop.packets() > before_desktop && to_dana.packets() > before_dana, "what came later passed the relays too");
    assert_eq!(dana.json(&["caseload", "open", ROBIN])["sessions"][0]["note"], json!(LATER), "it did arrive");
    assert!(desktop.ok(&["list"]).stdout.contains(LATER));
    desktop.ok(&["crisis", "edit", "--warning-signs", PLAN]);
    assert_eq!(desktop.json(&["crisis", "edit", "--sealed"])["who_i_can_ask"], json!([PLAN]));
    // What fails and what is refused is logged too.
    laptop.run(&["log", DELETED]);
    laptop.run(&["practice", "add", TITLE, "--slug", SLUG]);
    laptop.run(&["log", SLUG, "--at", NOTE]);

    for relay in [&to_desktop, &to_dana] {
        assert!(!holds(&relay.seen(), MARK), "a packet holds a marked word in the clear");
    }
    for home in [&laptop, &desktop, &dana] {
        is_sealed(home);
        home.stop();
        is_sealed(home);
        home.start();
        home.ok(&["doctor", "--rebuild"]);
        is_sealed(home);
    }

    // The look itself can see: in a packet, and in a file.
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(NOTE.as_bytes(), to_dana.address).unwrap();
    eventually("the relay records", || holds(&to_dana.seen(), MARK).then_some(()));
    std::fs::write(laptop.path().join("state/seen"), NOTE).unwrap();
    assert!(files_below(&laptop.path()).iter().any(|(_, bytes)| holds(bytes, MARK)));
}

#[test]
fn what_is_shown_in_the_log_of_the_daemon_is_nothing_of_the_journal_in_any_failure() {
    let home = traced();
    home.ok(&["init", "--no-input", "--name", ROBIN]);
    home.ok(&["practice", "add", TITLE, "--slug", SLUG]);
    home.ok(&["log", SLUG, "--note", NOTE]);
    home.stop();
    let log = home.log_files().remove(0);
    let mut bytes = std::fs::read(&log).unwrap();
    let at = bytes.len() * 2 / 3;
    bytes[at] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    home.run(&["list"]).exits(9);
    home.run(&["doctor", "--rebuild"]).exits(9);
    home.kill();
    home.ok(&["list"]);
    is_sealed(&home);
}
