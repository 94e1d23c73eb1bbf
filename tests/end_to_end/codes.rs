//! Codes that are read aloud, between two machines that do not look for each other: with the address.

use serde_json::{Value, json};

use crate::harness::{Home, Running};

/// Robin's laptop invites in another terminal; its first line.
fn pairing(laptop: &Home) -> (Running, String) {
    let pairing = Running::start(laptop.command(&["device", "pair", "--yes", "--json"]));
    let code = code(&event(&pairing));
    (pairing, code)
}

fn event(running: &Running) -> Value {
    let line: Value = serde_json::from_str(&running.line().unwrap()).unwrap();
    line["data"].clone()
}

fn code(invited: &Value) -> String {
    assert!(invited["event"] == "invited" && invited["code_expires_at"].is_string(), "{invited}");
    invited["code"].as_str().unwrap().to_owned()
}

fn another(code: &str) -> String {
    let (number, words) = code.split_once('-').unwrap();
    let other = if words == "lantern-orbit-maple" { "harbour-violin-kettle" } else { "lantern-orbit-maple" };
    format!("{number}-{other}")
}

#[test]
fn a_code_that_is_read_aloud_makes_a_second_machine_a_device() {
    let laptop = Home::robin();
    laptop.log(&["--note", "before"]);
    let (pairing, code) = pairing(&laptop);
    let desktop = Home::new();
    let spoken = code.replace('-', " ").to_uppercase();
    let joined = desktop.json(&["device", "join", &spoken, "--name", "desktop", "--at", &laptop.address().to_string()]);
    assert_eq!((&joined["device"], &joined["sessions"]), (&json!("desktop"), &json!(1)));
    assert_eq!(event(&pairing)["event"], "joined");
    assert_eq!(pairing.end().0, Some(0));
    assert_eq!(desktop.notes(), ["before"]);
    // And never again.
    Home::new().refuses(7, &["device", "join", &code, "--at", &laptop.address().to_string()]);
}

#[test]
fn a_helper_joins_by_code() {
    let robin = Home::robin();
    robin.log(&["-b", "30"]);
    let invited = robin.json(&["share", "invite", "--name", "Dana", "--role", "therapist", "--yes", "--no-wait"]);
    let dana = Home::new();
    let at = robin.address().to_string();
    dana.run(&["device", "join", &code(&invited), "--at", &at]).exits(7).says(&["for something else", "asif helper join"]);
    dana.ok(&["helper", "join", &code(&invited), "--name", "Dana", "--at", &at]);
    assert_eq!(dana.json(&["caseload", "open", "Robin"])["sessions"].as_array().unwrap().len(), 1);
}

#[test]
fn a_slip_of_the_finger_is_told_and_uses_up_nothing() {
    let laptop = Home::robin();
    let (_pairing, code) = pairing(&laptop);
    let (desktop, at) = (Home::new(), laptop.address().to_string());
    let slipped = format!("{code}q");
    desktop.refuses(2, &["device", "join", &slipped, "--at", &at]);
    assert!(desktop.run(&["device", "join", &slipped, "--at", &at]).stderr.contains("did you mean"), "{slipped}");
    for typed in ["7", "7-lantern", "7-lantern-orbit-maple-kettle", "0-lantern-orbit-maple"] {
        desktop.refuses(2, &["device", "join", typed, "--at", &at]);
    }
    assert!(!desktop.path().join("data").exists(), "nothing was asked");
    desktop.ok(&["device", "join", &code, "--at", &at]);
}

#[test]
fn a_wrong_code_is_used_up_the_giver_has_another_and_three_lock_them_until_a_ticket_comes() {
    let laptop = Home::robin();
    let pairing = Running::start(laptop.command(&["device", "pair", "--yes", "--json"]));
    let mut invited = event(&pairing);
    let (desktop, at) = (Home::new(), laptop.address().to_string());
    for guess in 1..=3 {
        let code = code(&invited);
        desktop.run(&["device", "join", &another(&code), "--at", &at]).exits(7).says(&["not the right code", "ask for a new one"]);
        let over = event(&pairing);
        assert_eq!((&over["event"], &over["why"]), (&json!("code_over"), &json!("wrong")));
        assert_eq!(over["codes_locked_until"].is_string(), guess == 3, "{over}");
        // The right one comes too late.
        assert!(desktop.run(&["device", "join", &code, "--at", &at]).exits(7).stderr.contains("code"));
        if guess < 3 {
            invited = event(&pairing);
        }
    }
    let anew = laptop.json(&["device", "pair", "--yes", "--no-wait"]);
    assert!(anew["code"].is_null() && anew["codes_locked_until"].is_string(), "{anew}");
    desktop.ok(&["device", "join", anew["ticket"].as_str().unwrap()]);
    assert_eq!(laptop.json(&["device", "list"]).as_array().unwrap().len(), 2);
}

#[test]
fn without_a_way_to_look_for_it_a_code_is_a_question_of_usage_and_where_nobody_answers_that_is_said() {
    let (laptop, desktop) = (Home::robin(), Home::new());
    desktop.refuses(2, &["device", "join", "7-harbour-violin-kettle"]);
    assert!(desktop.run(&["helper", "join", "7-harbour-violin-kettle"]).exits(2).stderr.contains("--at HOST:PORT"));
    // Nothing listens there.
    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let ran = desktop.run(&["device", "join", "7-harbour-violin-kettle", "--at", &nobody.local_addr().unwrap().to_string()]);
    assert_eq!(ran.code, Some(8), "{ran:?}");
    // Somebody does, and takes no stranger.
    laptop.device_ticket();
    let at = laptop.address().to_string();
    desktop.refuses(7, &["device", "join", "7-harbour-violin-kettle", "--at", &at]);
    laptop.refuses(7, &["device", "join", "7-harbour-violin-kettle", "--at", &at]);
}

#[test]
fn a_code_ends_with_the_daemon_and_its_ticket_does_not() {
    let laptop = Home::robin();
    let invited = laptop.json(&["device", "pair", "--yes", "--no-wait"]);
    laptop.kill();
    laptop.start();
    let (desktop, at) = (Home::new(), laptop.address().to_string());
    desktop.refuses(7, &["device", "join", &code(&invited), "--at", &at]);
    desktop.ok(&["device", "join", invited["ticket"].as_str().unwrap()]);
}
