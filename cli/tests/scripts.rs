//! What a script relies on: an envelope whatever happens, an exit code that is true, and a clock in any zone.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test ends where something is not as it must be")]

mod support;

use asif_proto::id::LinkKey;
use asif_proto::local::{Answer, Event, Reply, Request, Setting, Synced};
use asif_proto::ticket::{Ticket, TicketRole};
use jiff::tz::TimeZone;
use serde_json::json;
use support::{Cli, TestHome, listening, reply, session};

fn lunch(_: &Request) -> Answer {
    reply(Reply::Session(session(json!({}))))
}

fn preview() -> Reply {
    Reply::Preview(
        serde_json::from_value(json!({
            "name": "Dana", "role": "friend", "scopes": ["ratings"], "since": "2026-10-01T00:00:00+01:00[Europe/London]", "until": null,
            "client": "Robin", "sessions": 41, "practices": 1, "notes": 0, "examples": [],
            "withheld": { "notes": 38, "private": 3, "before_since": 0, "after_until": 0, "bare_notes": 0 }
        }))
        .unwrap(),
    )
}

#[test]
fn where_nothing_is_done_the_envelope_says_so() {
    let (home, _) = listening(|request| if let Request::SharePreview(_) = request { reply(preview()) } else { lunch(request) });
    let nothing = "{\"schema\":\"asif/1\",\"data\":null}\n";
    for words in [&["note", "-"][..], &["daemon", "logs"]] {
        let ran = home.run(&[words, &["--json"]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (0, nothing), "{ran:?}");
    }
    for words in [&["delete", "7f3a"][..], &["share", "revoke", "Dana"], &["share", "invite", "--name", "Dana"]] {
        let ran = Cli::with_person(&home, "n\n").run(&[words, &["--json"]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (0, nothing), "{ran:?}");
    }
    let fresh = TestHome::new();
    std::fs::remove_dir(&fresh.home.data).unwrap();
    let help = fresh.run(&["--json"]).json()["data"]["help"].clone();
    assert!(help.as_str().unwrap().contains("asif tour"), "{help}");
}

#[test]
fn talk_that_nobody_hears_keeps_nothing_from_being_done() {
    let (home, asked) = listening(|_| reply(Reply::Done));
    let mut cli = Cli::new(&home);
    cli.gone.1 = true;
    cli.run(&["init", "--no-input"]);
    assert!(matches!(asked.try_recv(), Ok(Request::Init { .. })));
}

fn invited() -> Event {
    let ticket = Ticket { role: TicketRole::Device, link_key: LinkKey([3; 32]), secret: [9; 16], addresses: Vec::new() }.to_string();
    let expires_at = "2026-11-24T12:41:07Z".parse().unwrap();
    Event::Invited { code: None, ticket, expires_at, code_expires_at: None, codes_locked_until: None }
}

#[test]
fn output_that_nobody_reads_before_the_deed_is_exit_1() {
    let (home, asked) = listening(|request| if let Request::SharePreview(_) = request { reply(preview()) } else { reply(Reply::Done) });
    for words in [&["device", "pair", "--yes", "--no-wait"][..], &["share", "invite", "--name", "Dana", "--yes", "--no-wait"]] {
        let mut cli = Cli::new(&home);
        cli.gone.0 = true;
        let ran = cli.run(words);
        assert!(ran.code == 1 && ran.stderr.contains("nothing was done"), "{ran:?}");
    }
    let asked: Vec<_> = asked.try_iter().collect();
    assert!(!asked.iter().any(|one| matches!(one, Request::DevicePair { .. } | Request::ShareInvite { .. })), "{asked:?}");

    let home = TestHome::new();
    home.serve(|mut talk| {
        talk.hello();
        talk.ask();
        talk.event(&invited());
        talk.answer(&reply(Reply::Done));
    });
    let mut cli = Cli::new(&home);
    cli.gone.0 = true;
    assert_eq!(cli.run(&["device", "pair", "--yes", "--no-wait", "--json"]).code, 1, "the ticket is lost");
}

#[test]
fn who_joins_is_told_with_the_time_at_which_they_did() {
    let home = TestHome::new();
    home.serve(|mut talk| {
        talk.hello();
        talk.ask();
        talk.event(&Event::Joined { name: "desktop".into(), device: "91c2".into() });
        talk.answer(&reply(Reply::Done));
    });
    let ran = home.run(&["device", "pair", "--yes"]);
    assert!(ran.stdout.contains("desktop joined at 13:05"), "the command began at 12:41: {ran:?}");
}

#[test]
fn a_zone_without_a_name_is_sent_as_its_offset_and_that_is_said_once() {
    let home = TestHome::new();
    let (tx, zones) = std::sync::mpsc::channel();
    home.serve(move |mut talk| {
        talk.hello();
        while let Some(ask) = talk.ask() {
            tx.send(ask.zone).unwrap();
            talk.answer(&lunch(&ask.request));
        }
    });
    let run = |zone: TimeZone| {
        let mut cli = Cli::new(&home);
        cli.zone = zone;
        cli.run(&["log", "lunch"]).stderr
    };
    let said = run(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
    assert_eq!(said.matches("+01:00").count(), 1, "{said}");
    assert_eq!(run(TimeZone::unknown()), "");
    assert_eq!(run(asif_proto::moment::zone("Europe/London")), "");
    assert_eq!(zones.try_iter().collect::<Vec<_>>(), ["+01:00", "UTC", "Europe/London"]);
}

#[test]
fn a_list_that_is_empty_says_whether_that_is_for_what_was_asked() {
    let (home, _) = listening(|_| reply(Reply::Sessions(Vec::new())));
    assert!(home.run(&["list"]).stderr.contains("Nothing here yet"));
    assert!(Cli::with_person(&home, "").run(&["list"]).stderr.contains("Nothing here yet"));
    for filter in [&["--tag", "work"][..], &["--since", "7d"], &["--practice", "lunch"], &["--deleted"]] {
        let ran = home.run(&[&["list"], filter].concat());
        assert!(ran.stderr.contains("matches") && !ran.stderr.contains("yet"), "{ran:?}");
    }
}

#[test]
fn a_sync_that_is_not_waited_for_does_not_say_that_it_failed() {
    let away =
        Synced { peers: vec!["laptop".into()], unreached: [("Dana".to_owned(), "no answer yet".to_owned())].into(), reached: [].into() };
    let (home, _) = listening(move |_| reply(Reply::Synced(away.clone())));
    let ran = home.run(&["sync"]);
    assert!(ran.stdout.contains("Dana is being tried") && !ran.stdout.contains("not reached"), "{ran:?}");
    assert!(home.run(&["sync", "--wait"]).stdout.contains("Dana: no answer yet"));
}

#[test]
fn a_changed_setting_says_from_when_on_it_holds() {
    let setting = Setting {
        key: "listen".into(),
        value: Some("127.0.0.1:7".into()),
        default: "[::]:0".into(),
        source: "config".into(),
        help: String::new(),
        problem: None,
    };
    let (home, _) = listening(move |_| reply(Reply::Config(vec![setting.clone()])));
    let ran = home.run(&["config", "set", "listen", "127.0.0.1:7"]);
    assert!(ran.stdout.starts_with("listen is now 127.0.0.1:7\n") && ran.stdout.contains("next start of the daemon"), "{ran:?}");
}
