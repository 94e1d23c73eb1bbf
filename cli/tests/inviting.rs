//! Inviting and joining: what is read before anything is asked, what is shown while somebody is awaited, and who is asked.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test ends where something is not as it must be")]

mod support;

use asif_proto::id::LinkKey;
use asif_proto::local::{CodeEnd, ErrorKind, Event, Failure, Invite, Progress, Question, Reply, Request};
use asif_proto::share::{Preview, Role, Scope};
use asif_proto::ticket::{Ticket, TicketRole};
use serde_json::json;
use support::{Cli, TestHome, listening, refuse, reply};

fn ticket(role: TicketRole) -> String {
    Ticket { role, link_key: LinkKey([3; 32]), secret: [9; 16], addresses: Vec::new() }.to_string()
}

#[test]
fn a_ticket_or_a_code_is_read_before_anything_else() {
    let home = TestHome::new();
    for words in [
        ["device", "join", "asif1nonsense"],
        ["device", "join", &ticket(TicketRole::Helper)],
        ["helper", "join", &ticket(TicketRole::Device)],
        ["helper", "join", "7-harbour-violin-ketle"],
        ["device", "join", "7-harbour-violin"],
    ] {
        let ran = home.run(&words);
        assert_eq!(ran.code, 2, "{ran:?}");
    }
    assert!(!home.home.state.exists(), "something was made");
}

fn invited() -> Event {
    Event::Invited {
        code: None,
        ticket: ticket(TicketRole::Device),
        expires_at: "2026-11-24T12:41:07Z".parse().unwrap(),
        code_expires_at: None,
        codes_locked_until: None,
    }
}

#[test]
fn waiting_prints_one_envelope_an_event() {
    let home = TestHome::new();
    home.serve(|mut talk| {
        talk.hello();
        let Some(ask) = talk.ask() else { return };
        assert_eq!(ask.request, Request::DevicePair { yes: true, no_wait: false });
        talk.event(&invited());
        talk.event(&Event::Joined { name: "desktop".into(), device: "91c2".into() });
        talk.answer(&reply(Reply::Done));
    });
    let ran = home.run(&["device", "pair", "--yes", "--json"]);
    let lines = ran.json_lines();
    assert_eq!(ran.code, 0);
    let first = json!({ "event": "invited", "code": null, "ticket": ticket(TicketRole::Device), "expires_at": "2026-11-24T12:41:07Z",
        "code_expires_at": null, "codes_locked_until": null });
    assert_eq!(lines[0], json!({ "schema": "asif/1", "data": first }));
    assert_eq!(lines[1]["data"], json!({ "event": "joined", "name": "desktop", "device": "91c2" }));
    assert_eq!(lines.len(), 2);

    let ran = home.run(&["device", "pair", "--yes"]);
    assert!(ran.stdout.contains(&format!("Ticket  {}\n", ticket(TicketRole::Device))), "{ran:?}");
    assert!(ran.stdout.contains("desktop joined"), "{ran:?}");
}

#[test]
fn what_is_told_of_a_journal_that_still_arrives_says_so_to_people_and_to_scripts() {
    let home = TestHome::new();
    home.serve(|mut talk| {
        talk.hello();
        let Some(_) = talk.ask() else { return };
        talk.event(&Event::Partial(Progress { here: 1, of: 4, sessions: 40 }));
        talk.answer(&reply(Reply::Sessions(Vec::new())));
    });
    let ran = home.run(&["list", "--json"]);
    assert_eq!(ran.json_lines(), [json!({ "schema": "asif/1", "partial": true, "data": [] })]);
    let ran = home.run(&["list"]);
    assert!(ran.stderr.contains("still arriving: 25 % of it is here"), "{ran:?}");
}

#[test]
fn nobody_is_let_in_without_being_asked_about() {
    let home = TestHome::new();
    for words in [&["device", "pair", "--no-wait"][..], &["device", "pair"], &["share", "invite", "--name", "Dana", "--no-wait"]] {
        let ran = home.run(words);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains("--yes"), "{ran:?}");
    }

    let home = TestHome::new();
    home.serve(|mut talk| {
        talk.hello();
        let Some(_) = talk.ask() else { return };
        talk.event(&invited());
        let decision = talk.question(&Question::Admit { name: "desktop".into(), role: "device".into(), invited: None });
        let answer = if decision.yes { reply(Reply::Done) } else { refuse(Failure::new(ErrorKind::Precondition, "declined")) };
        talk.answer(&answer);
    });
    let ran = Cli::with_person(&home, "y\n").run(&["device", "pair"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("\"desktop\" has the code or the ticket"), "{ran:?}");
    assert_eq!(Cli::with_person(&home, "\n").run(&["device", "pair"]).code, 7);
}

#[test]
fn a_code_is_shown_first_and_whoever_waits_hears_what_became_of_it() {
    let at = |text: &str| Some(text.parse().unwrap());
    let home = TestHome::new();
    home.serve(move |mut talk| {
        talk.hello();
        let Some(_) = talk.ask() else { return };
        let Event::Invited { ticket, expires_at, .. } = invited() else { return };
        let code = Some("7-harbour-violin-kettle".to_owned());
        talk.event(&Event::Invited { code, ticket, expires_at, code_expires_at: at("2026-11-24T12:41:07Z"), codes_locked_until: None });
        talk.event(&Event::CodeOver { why: CodeEnd::Wrong, codes_locked_until: None });
        talk.event(&Event::CodeOver { why: CodeEnd::Expired, codes_locked_until: None });
        talk.event(&Event::CodeOver { why: CodeEnd::Locked, codes_locked_until: at("2026-11-24T12:51:07Z") });
        talk.answer(&reply(Reply::Done));
    });
    let ran = home.run(&["device", "pair", "--yes"]);
    assert!(ran.stdout.contains("Code    7-harbour-violin-kettle   (10 min, one try), or the ticket:\nTicket  asif1"), "{ran:?}");
    for said in ["had it wrong: it is used up. Here is another:", "ten minutes are over. The ticket stays good.", "no codes until 12:51"] {
        assert!(ran.stderr.contains(said), "{said}: {ran:?}");
    }
    let lines = home.run(&["device", "pair", "--yes", "--json"]).json_lines();
    assert_eq!(lines[1]["data"], json!({ "event": "code_over", "why": "wrong", "codes_locked_until": null }));
}

fn preview() -> Preview {
    serde_json::from_value(json!({
        "name": "Dana", "role": "therapist", "scopes": ["ratings"], "since": "2026-10-01T00:00:00+01:00[Europe/London]", "until": null,
        "client": "Robin", "sessions": 41, "practices": 1, "notes": 0, "examples": [],
        "withheld": { "notes": 38, "private": 3, "before_since": 0, "after_until": 0, "bare_notes": 0 }
    }))
    .unwrap()
}

#[test]
fn an_invitation_shows_first_what_would_be_seen() {
    let (home, asked) = listening(|request| match request {
        Request::SharePreview(_) => reply(Reply::Preview(preview())),
        _ => reply(Reply::Done),
    });
    let words = ["share", "invite", "--name", "Dana", "--role", "therapist", "--scope", "ratings,safety-plan", "--since", "2026-10-01"];
    let invite = Invite {
        name: "Dana".into(),
        role: Role::Therapist,
        scopes: vec![Scope::Ratings, Scope::SafetyPlan],
        since: Some("2026-10-01".into()),
        until: None,
        ..Default::default()
    };

    let ran = home.run(&[&words[..], &["--dry-run"]].concat());
    assert!(ran.stdout.contains("WHAT DANA WOULD SEE") && !ran.stdout.contains("any time"), "{ran:?}");
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [Request::SharePreview(invite.clone())]);

    let ran = Cli::with_person(&home, "n\n").run(&words);
    assert!(ran.stdout.contains("notes (38)") && ran.stdout.contains("You can stop this any time."), "{ran:?}");
    assert!(ran.stderr.contains("Create invitation? [y/N]") && ran.stderr.contains("Nobody was invited"), "{ran:?}");
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [Request::SharePreview(invite.clone())]);

    let ran = home.run(&[&words[..], &["--yes", "--no-wait", "--json"]].concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [Request::ShareInvite { invite, yes: true, no_wait: true }]);
}
