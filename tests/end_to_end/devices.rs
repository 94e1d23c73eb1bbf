//! Two devices of one person.

use std::time::Duration;

use asif_proto::ticket::{Ticket, TicketRole};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Home, Running, eventually, ticket};

/// The two hold the same journal, whole and in order.
#[track_caller]
fn same(a: &Home, b: &Home) {
    assert_eq!(a.list(), b.list());
    assert_eq!(a.json(&["practice", "list", "--all"]), b.json(&["practice", "list", "--all"]));
    assert_eq!(a.json(&["list", "--deleted"]), b.json(&["list", "--deleted"]));
}

#[test]
fn a_second_device_has_the_whole_journal() {
    let laptop = Home::robin();
    laptop.log(&["-b", "30", "--note", "before", "--private"]);
    laptop.log(&["--at", "2023-01-01T10:00"]);
    let desktop = Home::new();
    let joined = desktop.json(&["device", "join", &laptop.device_ticket(), "--name", "desktop"]);
    assert_eq!((&joined["name"], &joined["device"]), (&json!("Robin"), &json!("desktop")));
    laptop.sync();
    same(&laptop, &desktop);
    for (home, this, other) in [(&laptop, "laptop", "desktop"), (&desktop, "desktop", "laptop")] {
        let status = home.json(&["status"]);
        let devices = status["devices"].as_array().unwrap();
        assert_eq!(devices.len(), 2, "{status}");
        assert_eq!((&devices[0]["name"], &devices[0]["this"]), (&json!(this), &json!(true)));
        assert_eq!((&devices[1]["name"], &devices[1]["this"]), (&json!(other), &json!(false)));
        assert!(devices[1]["last_sync"].is_string(), "{status}");
        assert_eq!(status["name"], "Robin");
    }
    laptop.sync();
    assert_eq!(laptop.json(&["status"])["safely_stored_on"], json!(2));
    let names = |home: &Home| home.json(&["device", "list"]).as_array().unwrap().iter().map(|one| one["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&laptop), ["laptop", "desktop"]);
}

#[test]
fn join_answers_once_everything_has_arrived() {
    let laptop = Home::robin();
    for at in 0..40 {
        laptop.log(&["--at", &format!("20{:02}-01-01T10:00", 10 + at % 14)]);
    }
    let desktop = Home::new();
    let joined = desktop.json(&["device", "join", &laptop.device_ticket()]);
    assert_eq!(joined["sessions"], json!(40));
    assert_eq!(desktop.list(), laptop.list());
}

#[test]
fn what_is_logged_on_one_is_on_the_other_after_a_sync() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    for round in 0..5 {
        let (here, there) = if round % 2 == 0 { (&laptop, &desktop) } else { (&desktop, &laptop) };
        let id = here.log(&["-b", &round.to_string()]);
        here.sync();
        assert_eq!(there.list()[0]["id"], json!(id), "round {round}");
    }
    same(&laptop, &desktop);
    assert_eq!(laptop.list()[1]["device"], "desktop");
    assert_eq!(laptop.list()[0]["device"], "laptop");
}

#[test]
fn what_is_logged_arrives_by_itself() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    let id = laptop.log(&[]);
    eventually("the session is there", || (desktop.list().first()?["id"] == id.as_str()).then_some(()));
}

#[test]
fn edits_made_apart_are_both_there_and_nothing_deleted_comes_back() {
    let laptop = Home::robin();
    let (kept, gone) = (laptop.log(&["-b", "30"]), laptop.log(&["-b", "1"]));
    let desktop = laptop.pair();
    desktop.stop();
    laptop.ok(&["edit", &kept, "--felt-real", "30", "--tag", "one"]);
    laptop.ok(&["delete", &gone, "--yes"]);
    laptop.ok(&["practice", "add", "Sit", "--slug", "sit"]);
    laptop.log(&["-a", "2"]);
    laptop.stop();
    desktop.ok(&["edit", &kept, "--where", "chest", "--tag", "two"]);
    desktop.ok(&["edit", &gone, "--after", "9"]);
    desktop.log(&["-a", "3"]);
    laptop.start();
    laptop.sync();
    desktop.sync();
    same(&laptop, &desktop);
    let shown = laptop.json(&["show", &kept]);
    assert_eq!((&shown["felt_real"], &shown["where_felt"], &shown["tags"]), (&json!(30), &json!("chest"), &json!(["one", "two"])));
    assert_eq!(laptop.list().len(), 3);
    assert_eq!(laptop.json(&["list", "--deleted"])[0]["after"], json!(9), "what was typed is kept");
}

#[test]
fn a_field_changed_apart_shows_one_value_and_keeps_the_other() {
    let laptop = Home::robin();
    let id = laptop.log(&["--note", "common"]);
    let desktop = laptop.pair();
    desktop.stop();
    laptop.ok(&["edit", &id, "--after", "10"]);
    laptop.stop();
    desktop.ok(&["edit", &id, "--after", "20"]);
    laptop.start();
    laptop.sync();
    desktop.sync();
    same(&laptop, &desktop);
    let shown = laptop.json(&["show", &id]);
    let (wins, other) = (shown["after"].as_u64().unwrap(), &shown["conflicts"][0]);
    assert_eq!(other["field"], "after", "{shown}");
    assert_eq!(wins + other["others"][0].as_u64().unwrap(), 30, "{shown}");
    // The next edit settles it everywhere.
    desktop.ok(&["edit", &id, "--after", "15"]);
    desktop.sync();
    assert_eq!(laptop.json(&["show", &id])["after"], json!(15));
    assert!(laptop.json(&["show", &id]).get("conflicts").is_none());
}

/// Both stop, and start again as `again` says; then they meet by themselves, at the addresses of before.
fn meet_again(again: impl FnOnce(&Home, &Home)) {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    let addresses = (laptop.address(), desktop.address());
    laptop.stop();
    desktop.stop();
    again(&laptop, &desktop);
    laptop.log(&["-b", "1"]);
    desktop.log(&["-b", "2"]);
    laptop.sync();
    desktop.sync();
    same(&laptop, &desktop);
    assert_eq!(laptop.list().len(), 2);
    assert_eq!((laptop.address(), desktop.address()), addresses, "the ports are kept");
}

#[test]
fn two_homes_meet_again_when_the_giver_starts_first() {
    meet_again(|laptop, desktop| {
        laptop.start();
        desktop.start();
    });
}

#[test]
fn two_homes_meet_again_when_the_joiner_starts_first() {
    meet_again(|laptop, desktop| {
        desktop.start();
        laptop.start();
    });
}

#[test]
fn two_homes_meet_again_when_one_was_killed_while_the_other_was_off() {
    meet_again(|laptop, desktop| {
        desktop.start();
        desktop.kill();
        laptop.start();
        laptop.kill();
        laptop.start();
        desktop.start();
    });
}

#[test]
fn two_homes_meet_again_when_the_port_of_one_is_taken() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    let address = laptop.address();
    laptop.stop();
    let _taken = std::net::UdpSocket::bind(address).unwrap();
    laptop.start();
    laptop.log(&[]);
    laptop.sync();
    assert_ne!(laptop.address(), address);
    same(&laptop, &desktop);
    // Also when it is the other that has to find the new place.
    desktop.ok(&["daemon", "restart"]);
    desktop.sync();
    laptop.ok(&["daemon", "restart"]);
    desktop.log(&[]);
    desktop.sync();
    same(&laptop, &desktop);
}

#[test]
fn a_link_that_dies_without_a_word_is_replaced() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    desktop.kill();
    desktop.start();
    desktop.log(&["-b", "1"]);
    desktop.sync();
    laptop.kill();
    laptop.log(&["-b", "2"]);
    laptop.sync();
    same(&laptop, &desktop);
    assert_eq!(laptop.list().len(), 2);
}

#[test]
fn a_sync_with_nobody_else_is_done_at_once() {
    let home = Home::robin();
    let ran = home.ok(&["sync", "--wait"]);
    assert!(ran.took < Duration::from_secs(3), "{ran:?}");
    assert_eq!(home.json(&["sync", "--wait"])["peers"], json!([]));
}

#[test]
fn a_sync_that_reaches_nobody_is_exit_8_with_the_reason() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    desktop.stop();
    laptop.log(&[]);
    let ran = laptop.run(&["sync", "--wait", "--timeout", "5s"]).exits(8).says(&["desktop", "nothing is lost"]);
    assert!(ran.took < Duration::from_secs(10), "{ran:?}");
    laptop.run(&["sync", "--wait", "--timeout", "1s", "--json"]).exits(8);
    assert_eq!(laptop.json(&["status"])["safely_stored_on"], json!(1));
    desktop.start();
    laptop.sync();
    assert_eq!(laptop.json(&["status"])["safely_stored_on"], json!(2));
    same(&laptop, &desktop);
}

#[test]
fn a_sync_waits_no_longer_than_it_may_for_a_peer_that_hangs() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    crate::harness::freeze(desktop.pid());
    laptop.log(&[]);
    let ran = laptop.run(&["sync", "--wait", "--timeout", "1s"]).exits(8);
    assert!(ran.took < Duration::from_secs(3), "{ran:?}");
    crate::harness::signal(desktop.pid(), Signal::CONT);
    laptop.sync();
    same(&laptop, &desktop);
}

#[test]
fn the_giver_hears_who_joined() {
    let laptop = Home::robin();
    let pairing = Running::start(laptop.command(&["device", "pair", "--yes", "--json"]));
    let invited: Value = serde_json::from_str(&pairing.line().unwrap()).unwrap();
    let desktop = Home::new();
    desktop.ok(&["device", "join", &ticket(&invited["data"]), "--name", "desktop"]);
    let joined: Value = serde_json::from_str(&pairing.line().unwrap()).unwrap();
    assert_eq!((&joined["schema"], &joined["data"]["event"]), (&json!("asif/1"), &json!("joined")));
    assert_eq!(joined["data"]["name"], "desktop");
    let id = desktop.json(&["device", "list"])[0]["id"].as_str().unwrap().to_owned();
    let device = joined["data"]["device"].as_str().unwrap();
    assert!(device.len() >= 4 && id.contains(device), "{device} is no part of {id}");
    let (code, stderr) = pairing.end();
    assert_eq!((code, stderr.contains("Waiting")), (Some(0), true), "{stderr}");
}

#[test]
fn a_home_that_holds_a_journal_joins_nobody() {
    let (laptop, other) = (Home::robin(), Home::robin());
    other.log(&["-b", "1"]);
    let before = other.list();
    let ticket = laptop.device_ticket();
    other.refuses(7, &["device", "join", &ticket]).says(&["already holds a journal"]);
    assert_eq!(other.list(), before);
    assert_eq!(laptop.json(&["device", "list"]).as_array().unwrap().len(), 1);
    let desktop = Home::new();
    desktop.ok(&["device", "join", &ticket]);
    desktop.refuses(7, &["device", "join", &laptop.device_ticket()]);
    laptop.refuses(7, &["device", "join", &laptop.device_ticket()]);
}

#[test]
fn a_home_that_was_begun_and_never_used_joins_and_rebuilds() {
    let laptop = Home::robin();
    laptop.log(&["-b", "1"]);
    let desktop = Home::new();
    desktop.ok(&["init", "--no-input", "--name", "Robin", "--device", "desktop"]);
    desktop.ok(&["device", "join", &laptop.device_ticket(), "--name", "desktop"]);
    desktop.sync();
    let names = |home: &Home| {
        let mut names: Vec<_> = home.json(&["device", "list"]).as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
        names.sort_by_key(ToString::to_string);
        names
    };
    assert_eq!(names(&laptop), [json!("desktop"), json!("laptop")]);
    desktop.kill();
    desktop.ok(&["doctor", "--rebuild"]);
    same(&laptop, &desktop);
    assert_eq!(names(&desktop), names(&laptop));
    laptop.ok(&["doctor"]);
}

#[test]
fn a_home_that_was_begun_goes_on_as_it_is_when_nobody_lets_it_in() {
    let (laptop, other) = (Home::robin(), Home::new());
    other.ok(&["init", "--no-input", "--name", "Kim", "--device", "tablet"]);
    let ticket = laptop.device_ticket();
    laptop.stop();
    other.refuses(8, &["device", "join", &ticket]);
    assert_eq!(other.json(&["status"])["name"], "Kim");
    // Its own tickets are good, with its own keys.
    let third = Home::new();
    third.ok(&["device", "join", &other.device_ticket(), "--name", "third"]);
    other.sync();
    assert_eq!(third.json(&["status"])["name"], "Kim");
}

#[test]
fn a_ticket_that_was_mistyped_is_refused_before_anything_is_made() {
    let laptop = Home::robin();
    let good = laptop.device_ticket();
    let mut swapped: Vec<char> = good.chars().collect();
    let at = (10..).find(|at| swapped[*at] != swapped[at + 1]).unwrap();
    swapped.swap(at, at + 1);
    let swapped: String = swapped.into_iter().collect();
    let fresh = Home::new();
    for bad in ["", "asif1", "hello", &good[..good.len() - 1], &swapped, &good.replace("asif1", "asif2"), "7-harbour-violin-ketle"] {
        fresh.refuses(2, &["device", "join", bad]);
        fresh.refuses(2, &["helper", "join", bad]);
    }
    assert_eq!(std::fs::read_dir(fresh.path()).unwrap().count(), 0, "no home was made");
    // The case does not matter, as in any such text.
    fresh.ok(&["device", "join", &good.to_uppercase()]);
}

#[test]
fn a_ticket_for_the_other_role_is_refused_and_names_the_right_command() {
    let laptop = Home::robin();
    let (device, helper) = (laptop.device_ticket(), laptop.helper_ticket(&[]));
    let fresh = Home::new();
    fresh.refuses(2, &["helper", "join", &device]).says(&["asif device join"]);
    fresh.refuses(2, &["device", "join", &helper]).says(&["asif helper join"]);
    fresh.ok(&["device", "join", &device]);
}

#[test]
fn a_used_ticket_lets_nobody_else_in() {
    let laptop = Home::robin();
    let ticket = laptop.device_ticket();
    let (first, second) = (Home::new(), Home::new());
    first.ok(&["device", "join", &ticket]);
    second.refuses(7, &["device", "join", &ticket]).says(&["make a new ticket", "somebody else may have"]);
    assert_eq!(second.json(&["status"])["initialised"], json!(false));
    assert_eq!(laptop.json(&["device", "list"]).as_array().unwrap().len(), 2);
    second.ok(&["device", "join", &laptop.device_ticket()]);
}

#[test]
fn a_wrong_secret_lets_nobody_in() {
    let laptop = Home::robin();
    let mut forged: Ticket = laptop.device_ticket().parse().unwrap();
    assert_eq!(forged.role, TicketRole::Device);
    forged.secret[0] ^= 1;
    let stranger = Home::new();
    stranger.refuses(7, &["device", "join", &forged.to_string()]);
    assert_eq!(laptop.json(&["device", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_ticket_stays_good_when_the_giver_was_started_again() {
    let laptop = Home::robin();
    let ticket = laptop.device_ticket();
    let address = laptop.address();
    laptop.stop();
    let desktop = Home::new();
    desktop.run(&["device", "join", &ticket]).exits(8).says(&["the ticket stays good"]);
    laptop.start();
    laptop.kill();
    laptop.start();
    desktop.ok(&["device", "join", &ticket]);
    assert_eq!(laptop.address(), address);
    laptop.log(&[]);
    laptop.sync();
    same(&laptop, &desktop);
}

#[test]
fn nobody_at_the_other_end_is_exit_8() {
    let laptop = Home::robin();
    let (device, helper) = (laptop.device_ticket(), laptop.helper_ticket(&[]));
    laptop.stop();
    let fresh = Home::new();
    fresh.refuses(2, &["device", "join", &device, "--at", "somewhere"]);
    // Each waits for a handshake that never comes: both at once.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let dana = Home::new();
            let error = dana.run(&["helper", "join", &helper, "--name", "Dana", "--json"]).exits(8).envelope();
            assert_eq!(error["error"]["kind"], "peer_unreachable");
            assert_eq!(dana.json(&["caseload"]), json!([]));
        });
        fresh.run(&["device", "join", &device, "--at", "127.0.0.1:9"]).exits(8).says(&["--at HOST:PORT"]);
        assert_eq!(fresh.json(&["status"])["initialised"], json!(false));
    });
}

#[test]
fn three_devices_hold_the_same_through_the_one_that_met_both() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    desktop.stop();
    let phone = Home::new();
    phone.ok(&["device", "join", &laptop.device_ticket(), "--name", "phone"]);
    phone.log(&["-b", "1"]);
    phone.sync();
    phone.stop();
    desktop.start();
    desktop.log(&["-b", "2"]);
    eventually("the phone's session is on the desktop", || (desktop.list().len() == 2).then_some(()));
    desktop.stop();
    phone.start();
    eventually("the desktop's session is on the phone", || (phone.list().len() == 2).then_some(()));
    same(&phone, &laptop);
    assert_eq!(phone.json(&["device", "list"]).as_array().unwrap().len(), 3);
    assert_eq!(phone.list()[0]["device"], "desktop");
}

#[test]
fn a_device_is_called_something_else_on_all_of_them() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    let names = |home: &Home| -> Vec<(String, bool)> {
        let list = home.json(&["device", "list"]);
        let name = |one: &Value| (one["name"].as_str().unwrap().to_owned(), one["this"].as_bool().unwrap());
        list.as_array().unwrap().iter().map(name).collect()
    };
    let [(one, true), (other, false)] = &names(&laptop)[..] else { panic!() };
    let told = laptop.ok(&["device", "rename", other, "the big one"]).stdout;
    assert_eq!(told, "That device is \"the big one\" from now on, on all your devices.\n");
    laptop.sync();
    eventually("it knows", || (names(&desktop)[0] == ("the big one".to_owned(), true)).then_some(()));
    // By the end of its id, too; the name of another is refused, and what is none of them.
    let id = desktop.json(&["device", "list"])[0]["id"].as_str().unwrap().to_owned();
    let renamed = desktop.json(&["device", "rename", &id[56..], "tower"]);
    assert_eq!((&renamed["name"], &renamed["id"], &renamed["this"]), (&json!("tower"), &json!(id), &json!(true)));
    desktop.refuses(7, &["device", "rename", "tower", &one.to_uppercase()]).says(&["another of your devices is called"]);
    desktop.refuses(4, &["device", "rename", "phone", "x"]).says(&["none of your devices is called", "asif device list"]);
    desktop.refuses(2, &["device", "rename", "tower", ""]);
    desktop.ok(&["device", "rename", "tower", "tower"]);
    // It is no change of the journal that could be taken back by mistake.
    let session = desktop.log(&["-b", "30"]);
    desktop.ok(&["device", "rename", "tower", "box"]);
    desktop.ok(&["undo"]);
    assert_eq!((names(&desktop)[0].0.as_str(), desktop.list().len()), ("box", 0), "{session}");
}
