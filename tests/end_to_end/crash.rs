//! Whatever was acknowledged is there after a kill, and everything that is there can be read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use rustix::process::Signal;
use serde_json::json;

use crate::harness::{Home, Ran, SOON, signal};

/// How often the daemon is killed.
const KILLS: usize = 40;
/// A note long enough that one write covers several sectors.
const NOTE_LEN: usize = 3000;

/// Logs sessions one after the other until told to stop; what was acknowledged goes into `tx`, with its number.
fn write(home: &Home, writer: usize, over: &AtomicBool, tx: &mpsc::Sender<(String, usize)>) {
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let note = note(writer, number);
        let ran = home.run_with(&["log", "lunch", "--note", "-", "--json"], note.as_bytes());
        match ran.code {
            Some(0) => tx.send((id(&ran), note.len())).unwrap(),
            // The daemon was killed twice under the same request: said, and not acknowledged.
            Some(3) => assert!(ran.envelope()["error"]["message"].is_string(), "{ran:?}"),
            _ => panic!("{ran:?}"),
        }
    }
}

fn note(writer: usize, number: usize) -> String {
    format!("{writer}-{number} ").repeat(NOTE_LEN / 8)
}

fn id(ran: &Ran) -> String {
    ran.data()["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_acknowledged_survives_dozens_of_kills_while_writing() {
    let home = Home::robin();
    let (tx, rx) = mpsc::channel();
    let over = AtomicBool::new(false);
    let acknowledged: BTreeMap<String, usize> = std::thread::scope(|scope| {
        for writer in 0..2 {
            let (home, over, tx) = (&home, &over, tx.clone());
            scope.spawn(move || write(home, writer, over, &tx));
        }
        let mut acknowledged = BTreeMap::new();
        let mut kills = 0;
        while kills < KILLS {
            acknowledged.extend([rx.recv_timeout(SOON).expect("nothing is acknowledged any more")]);
            // One writer was just answered; the other is somewhere in the middle.
            if let Some(pid) = home.running() {
                signal(pid, Signal::KILL);
                kills += 1;
            }
        }
        over.store(true, Ordering::Relaxed);
        drop(tx);
        acknowledged.extend(rx);
        acknowledged
    });
    assert!(acknowledged.len() >= KILLS);
    let list = home.list();
    let there: BTreeMap<&str, usize> = list.iter().map(|one| (one["id"].as_str().unwrap(), one["note"].as_str().unwrap().len())).collect();
    assert_eq!(there.len(), list.len(), "nothing is there twice");
    for (id, len) in &acknowledged {
        assert!(there.contains_key(id.as_str()), "{id} was acknowledged and is not there");
        assert_eq!(there[id.as_str()], *len, "{id} is not whole");
    }
    let notes: BTreeSet<&str> = list.iter().map(|one| one["note"].as_str().unwrap()).collect();
    assert_eq!(notes.len(), list.len(), "no request was carried out twice");
    let doctor = home.json(&["doctor"]);
    assert!(doctor["checks"].as_array().unwrap().iter().all(|check| check["ok"] == json!(true)), "{doctor}");
    home.ok(&["doctor", "--rebuild"]);
    assert_eq!(home.list(), list);
}

#[test]
fn kills_while_two_devices_talk_lose_nothing_on_either() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    let mut acknowledged = BTreeSet::new();
    for round in 0..12 {
        let (here, there) = if round % 2 == 0 { (&laptop, &desktop) } else { (&desktop, &laptop) };
        there.start();
        for _ in 0..3 {
            acknowledged.insert(here.log(&["--note", "kept"]));
        }
        here.ok(&["sync"]);
        // One falls in the middle of what it sends, the other in the middle of what it stores.
        if round % 3 == 0 {
            there.kill()
        } else {
            here.kill()
        }
        there.start();
        acknowledged.insert(there.log(&[]));
    }
    laptop.start();
    desktop.start();
    laptop.sync();
    desktop.sync();
    assert_eq!(laptop.list(), desktop.list());
    let there: BTreeSet<String> = laptop.list().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(there, acknowledged);
    for home in [&laptop, &desktop] {
        home.ok(&["doctor"]);
    }
}
