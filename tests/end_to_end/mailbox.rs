//! A mailbox as it is run, and devices that are never on together.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Home, Ran, Running, eventually, files_below, finish, holds, signal};
use crate::relay::Relay;

/// A mailbox that runs, over a folder of its own. It ends with the test.
pub(crate) struct Node {
    home: Home,
    running: Option<Running>,
    address: SocketAddr,
    metrics: SocketAddr,
}

impl Node {
    pub(crate) fn new() -> Self {
        let home = Home::new();
        let anywhere = "127.0.0.1:0".parse().unwrap();
        let mut node = Self { home, running: None, address: anywhere, metrics: anywhere };
        node.start();
        node
    }

    /// Starts it, where it was before if it was somewhere.
    fn start(&mut self) {
        let listen = self.address.to_string();
        let running = Running::start(self.command(&["run", "--listen", &listen, "--metrics", "127.0.0.1:0", "--json"]));
        let ready: Value = serde_json::from_str(&running.line().expect("it ended before it was ready")).unwrap();
        assert_eq!((&ready["schema"], &ready["data"]["event"]), (&json!("asif/1"), &json!("ready")));
        self.address = ready["data"]["listen"].as_str().unwrap().parse().unwrap();
        self.metrics = ready["data"]["metrics"].as_str().unwrap().parse().unwrap();
        self.running = Some(running);
    }

    /// Ends it as a power cut would.
    fn kill(&mut self) {
        drop(self.running.take());
    }

    /// Ends it in the ordinary way; what it said on standard error.
    fn stop(&mut self) -> String {
        let running = self.running.take().unwrap();
        signal(running.child.id(), Signal::TERM);
        let (code, stderr) = running.end();
        assert_eq!(code, Some(0), "{stderr}");
        stderr
    }

    fn command(&self, args: &[&str]) -> Command {
        self.home.daemon_command(&[&["mailbox"], args].concat())
    }

    fn run(&self, args: &[&str]) -> Ran {
        finish(self.command(args), None)
    }

    /// A ticket for somebody, who reaches it there.
    fn ticket_at(&self, name: &str, at: &str) -> String {
        let told = self.run(&["invite", name, "--at", at, "--json"]).exits(0).data();
        assert_eq!(told["name"], json!(name));
        told["ticket"].as_str().unwrap().to_owned()
    }

    pub(crate) fn ticket(&self, name: &str) -> String {
        self.ticket_at(name, &self.address.to_string())
    }

    fn list(&self) -> Vec<Value> {
        self.run(&["list", "--json"]).exits(0).data().as_array().unwrap().clone()
    }

    /// The number of this name that it tells.
    fn metric(&self, name: &str) -> u64 {
        let mut stream = TcpStream::connect(self.metrics).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: mailbox\r\n\r\n").unwrap();
        let mut told = String::new();
        stream.read_to_string(&mut told).unwrap();
        let line = told.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name} is not told: {told}"));
        line.trim().parse().unwrap()
    }
}

/// Two devices of Robin's that use this mailbox, both stopped.
fn robins(node: &Node) -> [Home; 2] {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    laptop.ok(&["mailbox", "use", &node.ticket("Robin")]);
    laptop.sync();
    desktop.stop();
    laptop.stop();
    [laptop, desktop]
}

#[test]
fn two_devices_that_are_never_on_together_hold_the_same_journal_whenever_the_mailbox_ends() {
    let mut node = Node::new();
    let [laptop, desktop] = robins(&node);
    for round in 0..4 {
        let home = if round % 2 == 0 { &laptop } else { &desktop };
        home.start();
        home.log(&["--note", &format!("note {round}")]);
        home.sync();
        if round % 2 == 0 {
            node.kill();
            node.start();
            home.log(&["--note", &format!("note {round} and after")]);
            home.sync();
        }
        // Only the mailbox can have brought it.
        home.stop();
    }
    for home in [&laptop, &desktop] {
        home.start();
        home.sync();
        assert_eq!(home.notes(), ["note 0", "note 0 and after", "note 1", "note 2", "note 2 and after", "note 3"]);
        let view = home.json(&["mailbox", "status"]);
        assert_eq!((&view["own"]["connected"], &view["own"]["settled"], &view["others"]), (&json!(true), &json!(true), &json!([])));
        home.stop();
    }
    assert!(node.metric("asif_mailbox_connections_total") > 0 && node.metric("asif_mailbox_store_errors_total") == 0);
    let said = node.stop();
    assert!(said.contains("stopping") && said.contains("stopped"), "{said}");
}

#[test]
fn a_helper_without_a_ticket_reads_answers_and_hears_of_the_end_by_way_of_the_clients_mailbox() {
    let node = Node::new();
    let laptop = Home::robin();
    laptop.ok(&["mailbox", "use", &node.ticket("Robin")]);
    let dana = laptop.share_with_dana(&[]);
    let told = || dana.json(&["mailbox", "status"])["others"].as_array().unwrap().len();
    eventually("Dana knows where Robin's mailbox is", || (told() == 1).then_some(()));
    dana.stop();
    laptop.log(&["-b", "30", "-a", "45"]);
    laptop.sync();
    laptop.stop();
    dana.start();
    dana.sync();
    assert_eq!(dana.json(&["caseload", "open", "Robin"])["sessions"][0]["after"], json!(45));
    dana.run_with(&["lend", "Robin", "lunch", "--strength", "85", "--text", "-"], b"I think it will land").exits(0);
    dana.sync();
    dana.stop();
    laptop.start();
    laptop.sync();
    assert_eq!(laptop.json(&["borrow", "list"])[0]["statement"], json!("I think it will land"));
    laptop.ok(&["share", "revoke", "Dana", "--yes"]);
    laptop.sync();
    laptop.stop();
    dana.start();
    eventually("Dana hears of the end", || dana.json(&["caseload", "open", "Robin"])["ended"].is_string().then_some(()));
    assert_eq!(dana.json(&["caseload", "open", "Robin"])["sessions"], json!([]));
    eventually("what was deleted is told", || {
        let view = dana.json(&["mailbox", "status"]);
        (view["others"][0]["settled"] == json!(true)).then_some(())
    });
    dana.stop();
    laptop.start();
    eventually("that it is deleted comes back", || {
        let grants = laptop.json(&["share", "list"]);
        (grants[0]["end_reached"] == json!(true) && grants[0]["deletions"][0]["at"].is_string()).then_some(())
    });
}

#[test]
fn the_words_of_the_kit_and_the_address_bring_everything_back() {
    let node = Node::new();
    let laptop = Home::robin();
    laptop.ok(&["mailbox", "use", &node.ticket("Robin")]);
    laptop.log(&["--note", "before"]);
    let kit = laptop.json(&["recovery-kit", "show"]);
    let words: Vec<&str> = kit["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let words = words.join(" ");
    laptop.run_with(&["recovery-kit", "confirm", "--fd", "0"], words.as_bytes()).exits(0);
    laptop.sync();
    laptop.kill();
    let again = Home::new();
    let at = node.address.to_string();
    again
        .run_with(&["recovery-kit", "restore", "--at", &at, "--name", "again", "--remove", "laptop", "--fd", "0"], words.as_bytes())
        .exits(0);
    assert_eq!(again.notes(), ["before"]);
    again.log(&["--note", "after"]);
    again.sync();
    // It uses the mailbox as the journal says, and the laptop that was lost is told nothing more.
    assert_eq!(again.json(&["mailbox", "status"])["own"]["settled"], json!(true));
    again.stop();
    laptop.start();
    laptop.run(&["sync", "--wait", "--timeout", "3s"]);
    assert_eq!(laptop.notes(), ["before"]);
}

#[test]
fn what_is_wrong_is_said_and_changes_nothing() {
    let mut node = Node::new();
    let laptop = Home::robin();
    laptop.refuses(2, &["mailbox", "use", "asifbox1nonsense"]);
    laptop.refuses(2, &["mailbox", "use", &laptop.device_ticket()]);
    laptop.refuses(7, &["mailbox", "leave"]);
    Home::new().refuses(7, &["mailbox", "use", &node.ticket("Nobody")]);
    let ticket = node.ticket("Robin");
    node.kill();
    laptop.refuses(8, &["mailbox", "use", &ticket]).says(&["was not reached", "The ticket is still good"]);
    assert_eq!(laptop.json(&["mailbox", "status"])["own"], Value::Null);
    node.start();
    laptop.ok(&["mailbox", "use", &ticket]);
    // The same again is no second one; another person's device comes too late; another mailbox is not used beside it.
    laptop.ok(&["mailbox", "use", &ticket]);
    let other = Home::robin();
    other.refuses(7, &["mailbox", "use", &ticket]).says(&["already used"]);
    let second = Node::new();
    laptop.refuses(7, &["mailbox", "use", &second.ticket("Robin")]).says(&["another mailbox already"]);
    // Whoever runs it.
    node.run(&["invite", "Robin"]).exits(7).says(&["called \"Robin\" here already"]);
    second.run(&["invite", "Dana", "--at", "nowhere"]).exits(2).says(&["no place that people could reach"]);
    Node::new().run(&["invite", "Dana"]).exits(2).says(&["--at"]);
    node.run(&["remove", "Dana", "--yes"]).exits(4);
    node.run(&["remove", "Robin"]).exits(2).says(&["--yes"]);
    node.run(&["serve"]).exits(2);
    node.run(&["run", "--metrics", "0.0.0.0:9433"]).exits(2).says(&["of this machine alone"]);
    node.run(&["run", "--listen", "127.0.0.1:0"]).exits(1).says(&["another process keeps objects"]);
    assert_eq!(node.list().iter().map(|one| one["name"].clone()).collect::<Vec<_>>(), ["Nobody", "Robin"]);
    // Sent away: the device says so, and keeps everything.
    laptop.log(&["--note", "kept"]);
    laptop.sync();
    laptop.stop();
    node.run(&["remove", "Robin", "--yes"]).exits(0);
    laptop.start();
    eventually("the device hears that it is not known any more", || {
        let own = laptop.json(&["mailbox", "status"])["own"].clone();
        own["trouble"].as_str().is_some_and(|why| why.contains("does not know")).then_some(())
    });
    laptop.ok(&["mailbox", "leave", "--unheard"]);
    assert_eq!((laptop.json(&["mailbox", "status"])["own"].clone(), laptop.notes()), (Value::Null, vec!["kept".to_owned()]));
}

#[test]
fn who_leaves_leaves_nothing_and_the_room_is_kept_to() {
    let node = Node::new();
    let laptop = Home::robin();
    let ticket = node.run(&["invite", "Robin", "--at", &node.address.to_string(), "--quota", "1M", "--json"]).exits(0).data();
    laptop.ok(&["mailbox", "use", ticket["ticket"].as_str().unwrap()]);
    // Packed it takes half of that.
    let text = |at: usize| -> Vec<u8> {
        (0..1800).flat_map(|line| blake3::hash(format!("{at} {line}").as_bytes()).to_hex().bytes().collect::<Vec<_>>()).collect()
    };
    for at in 0..24 {
        laptop.run_with(&["note", "-"], &text(at)).exits(0);
    }
    eventually("it says that there is no more room", || {
        let own = laptop.json(&["mailbox", "status"])["own"].clone();
        own["trouble"].as_str().is_some_and(|why| why.contains("used up")).then_some(())
    });
    assert!(node.list()[0]["used"].as_u64().unwrap() <= 1 << 20);
    laptop.ok(&["mailbox", "leave"]);
    assert_eq!(node.list(), Vec::<Value>::new());
    let left = files_below(&node.home.path()).into_iter().map(|(path, _)| path.display().to_string());
    let left: Vec<String> =
        left.filter(|path| path.contains("/queues/") || path.contains("/people/") || path.contains("/enrolments/")).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(laptop.list().len(), 24);
}

#[test]
fn the_mailbox_holds_and_hears_no_word_no_name_and_no_key_of_a_device() {
    const MARK: &str = "zanzibar";
    let mut node = Node::new();
    node.kill();
    node.home.env.push(("ASIF_LOG", "trace".to_owned()));
    node.start();
    let relay = Relay::to(node.address);
    let laptop = Home::new();
    laptop.ok(&["init", "--no-input", "--name", "zanzibar-robin", "--device", "zanzibar-laptop"]);
    laptop.ok(&["practice", "add", "zanzibar title", "--slug", "zanzibar-slug"]);
    laptop.ok(&["mailbox", "use", &node.ticket_at("Robin", &relay.address.to_string())]);
    laptop.ok(&["log", "zanzibar-slug", "--note", "zanzibar note", "--tag", "zanzibar-tag"]);
    let desktop = laptop.pair();
    laptop.sync();
    desktop.sync();
    assert!(relay.packets() > 20, "all of it went by way of the relay");
    let devices = laptop.json(&["device", "list"]);
    let mut secrets: Vec<Vec<u8>> = vec![MARK.into()];
    for device in devices.as_array().unwrap() {
        let hex = device["id"].as_str().unwrap();
        secrets.push(hex.as_bytes().to_vec());
        secrets.push((0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect());
    }
    let said = node.stop().into_bytes();
    let stored = files_below(&node.home.path());
    assert!(stored.iter().any(|(path, _)| path.display().to_string().contains("/runs/")), "there is something to look at");
    for secret in &secrets {
        assert!(!holds(&said, secret) && !holds(&relay.seen(), secret));
        for (path, bytes) in &stored {
            assert!(!holds(bytes, secret) && !path.display().to_string().contains(&*String::from_utf8_lossy(secret)), "{}", path.display());
        }
    }
}
