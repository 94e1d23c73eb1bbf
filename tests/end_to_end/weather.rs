//! Two homes over a network that loses, delays and reorders, and under which the address of one of them changes.

use crate::harness::{Home, eventually};
use crate::relay::{Relay, Weather};

#[test]
fn through_a_bad_network_everything_arrives_and_a_change_of_address_ends_no_link() {
    let laptop = Home::robin();
    let ticket = laptop.device_ticket();
    let relay = Relay::to(laptop.address());
    relay.weather(Weather { lost: 50, late: 300, longest_ms: 80 });
    let desktop = Home::new();
    desktop.ok(&["device", "join", &ticket, "--name", "desktop", "--at", &relay.address.to_string()]);
    let reached = |home: &Home, name: &str| {
        let devices = home.json(&["device", "list"]);
        devices.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()["reached"]["address"].as_str().unwrap().to_owned()
    };
    let mut seen_at = Vec::new();
    for round in 0..4 {
        seen_at.push(reached(&laptop, "desktop"));
        for number in 0..10 {
            let home = if number % 2 == 0 { &laptop } else { &desktop };
            home.log(&["--note", &format!("{round} {number}")]);
        }
        relay.moves();
        desktop.log(&["--note", &format!("{round} moved")]);
        eventually("the other end follows", || (reached(&laptop, "desktop") != seen_at[round]).then_some(()));
    }
    for home in [&laptop, &desktop] {
        eventually("all of it is on both", || (home.notes().len() == 44).then_some(()));
    }
    assert_eq!(laptop.list(), desktop.list());
    assert_eq!(reached(&desktop, "laptop"), relay.address.to_string(), "another link was made");
}
