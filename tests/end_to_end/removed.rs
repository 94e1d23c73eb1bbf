//! A device is removed, as when it was stolen, and comes back as another.

use serde_json::{Value, json};

use crate::harness::{Home, eventually};
use crate::pty::AtTerminal;

fn names(home: &Home) -> Vec<String> {
    home.json(&["device", "list"]).as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

/// The doctor's lines of a kind.
fn told(home: &Home, kind: &str) -> Vec<Value> {
    let doctor = home.run(&["doctor", "--json"]).data();
    doctor["checks"].as_array().unwrap().iter().filter(|check| check["kind"] == kind).cloned().collect()
}

/// A laptop with a second device of this name.
fn pair(laptop: &Home, name: &str) -> Home {
    let other = Home::new();
    other.ok(&["device", "join", &laptop.device_ticket(), "--name", name]);
    laptop.sync();
    other
}

#[test]
fn a_removed_device_is_let_in_no_more_hears_nothing_new_and_comes_back_as_another() {
    let laptop = Home::robin();
    let (desktop, phone) = (pair(&laptop, "desktop"), pair(&laptop, "phone"));
    phone.log(&["--note", "a"]);
    phone.sync();
    phone.stop();
    let removed = laptop.json(&["device", "remove", "phone", "--yes"]);
    assert_eq!((&removed["name"], &removed["told"], &removed["untold"]), (&json!("phone"), &json!(["desktop"]), &json!([])));
    // What was said is done, whatever happens then.
    laptop.kill();
    assert_eq!(names(&laptop), ["laptop", "desktop"]);
    eventually("the desktop has heard of it", || (names(&desktop) == ["desktop", "laptop"]).then_some(()));
    // Asked again it is told again.
    assert_eq!(laptop.json(&["device", "remove", "phone", "--yes"])["removed_at"], removed["removed_at"]);

    laptop.log(&["--note", "b"]);
    phone.start();
    phone.log(&["--note", "c"]);
    for round in 0..2 {
        phone.refuses(8, &["sync", "--wait", "--timeout", "5s"]).says(&["nothing is lost"]);
        assert_eq!((phone.notes(), laptop.notes()), (vec!["a".into(), "c".into()], vec!["a".into(), "b".into()]));
        if round == 0 {
            laptop.stop();
            phone.stop();
            phone.start();
            laptop.start();
        }
    }
    let [known, ..] = &told(&phone, "forgotten")[..] else { panic!("{:?}", told(&phone, "forgotten")) };
    assert!(known["text"].as_str().unwrap().contains("this one was removed there") && known["ok"] == false, "{known}");
    let [line] = &told(&laptop, "removed")[..] else { panic!() };
    assert!(line["ok"] == true && line["text"].as_str().unwrap().starts_with("phone was removed from your devices on "), "{line}");

    // It may come back, as another; what it wrote comes with it.
    let ticket = desktop.device_ticket();
    let joined = phone.json(&["device", "join", &ticket, "--name", "phone again"]);
    assert_eq!(joined["device"], "phone again");
    for home in [&laptop, &desktop, &phone] {
        eventually("everything is everywhere", || (home.notes() == ["a", "b", "c"]).then_some(()));
        assert_eq!(names(home).len(), 3);
    }
    phone.sync();
    assert_eq!(told(&phone, "forgotten").len(), 0);
}

#[test]
fn what_cannot_be_removed_is_refused_in_words_and_changes_nothing() {
    let laptop = Home::robin();
    laptop.refuses(7, &["device", "remove", "laptop", "--yes"]).says(&["the device that you are using", "asif wipe"]);
    laptop.refuses(4, &["device", "remove", "phone", "--yes"]).says(&["none of your devices is called", "asif device list"]);
    laptop.refuses(2, &["device", "remove", "phone"]).says(&["say it with --yes"]);
    laptop.refuses(2, &["device", "remove"]);
    let phone = pair(&laptop, "phone");
    laptop.refuses(2, &["device", "remove", "phone", "--no-input"]).says(&["say it with --yes"]);
    assert_eq!(names(&laptop), ["laptop", "phone"]);
    // Of a home without a journal.
    Home::new().refuses(7, &["device", "remove", "phone", "--yes"]).says(&["asif init"]);
    drop(phone);
}

#[test]
fn who_is_asked_reads_what_it_means_and_may_say_no() {
    let laptop = Home::robin();
    let phone = pair(&laptop, "phone");
    phone.stop();
    let mut asked = AtTerminal::start(&laptop.command(&["device", "remove", "Phone"]));
    let shown = asked.await_text("Remove \"phone\" from your devices, for good?");
    assert!(shown.contains("It keeps what it holds"), "{shown}");
    asked.type_in(b"n\r");
    let (code, shown) = asked.end();
    assert!(code == Some(0) && shown.contains("Nothing was removed."), "{shown}");
    assert_eq!(names(&laptop), ["laptop", "phone"]);
    let mut asked = AtTerminal::start(&laptop.command(&["device", "remove", "phone"]));
    asked.await_text("for good?");
    asked.type_in(b"y\r");
    let (code, shown) = asked.end();
    assert!(code == Some(0) && shown.contains("\"phone\" was removed "), "{shown}");
    assert_eq!(names(&laptop), ["laptop"]);
}
