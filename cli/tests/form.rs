//! How the command line asks, and where what was typed is after whatever stops it. The daemon is one that the test plays.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test ends where something is not as it must be")]

mod support;

use std::sync::{Arc, Mutex};

use asif_proto::local::{Answer, Ask, Draft, DraftAsk, ErrorKind, Failure, GoalAsk, NewGoal, Reply, Request, Status, plan};
use asif_proto::record::{FeltState, Practice, Visibility};
use serde_json::json;
use support::{Cli, Ran, TestHome, refuse, reply, session};

/// A daemon that keeps drafts, knows two practices and takes whatever is logged.
#[derive(Clone, Default)]
struct Daemon {
    drafts: Arc<Mutex<Vec<Draft>>>,
    asked: Arc<Mutex<Vec<Ask>>>,
    begun: Arc<Mutex<bool>>,
}

impl Daemon {
    /// Serves a home; where `refuse` has something to say, that is the answer.
    fn home(&self, refused: impl Fn(&Request) -> Option<Failure> + Send + 'static) -> TestHome {
        let home = TestHome::new();
        let (daemon, paths) = (self.clone(), home.home.clone());
        home.serve(move |mut talk| {
            talk.hello();
            while let Some(ask) = talk.ask() {
                let answer = refused(&ask.request).map_or_else(|| daemon.answer(&ask.request, &paths), refuse);
                daemon.asked.lock().unwrap().push(ask);
                talk.answer(&answer);
            }
        });
        home
    }

    fn answer(&self, request: &Request, paths: &asif_proto::home::Home) -> Answer {
        let mut drafts = self.drafts.lock().unwrap();
        let none = || refuse(Failure::new(ErrorKind::NotFound, "there is no such draft"));
        let place = |drafts: &[Draft], id: &Option<String>| {
            drafts.iter().position(|draft| id.as_ref().is_none_or(|id| draft.id.to_string().ends_with(id)))
        };
        match request {
            Request::Draft(DraftAsk::Keep(keeping)) => {
                let mut draft = keeping.draft.clone();
                drafts.retain(|one| one.id != draft.id);
                draft.short = draft.id.to_string()[32..].to_owned();
                drafts.insert(0, draft.clone());
                reply(Reply::Draft(draft))
            }
            Request::Draft(DraftAsk::List) => reply(Reply::Drafts(drafts.clone())),
            Request::Draft(DraftAsk::Show { id }) => place(&drafts, id).map_or_else(none, |at| reply(Reply::Draft(drafts[at].clone()))),
            Request::Draft(DraftAsk::Drop { id, .. }) => place(&drafts, id).map_or_else(none, |at| reply(Reply::Draft(drafts.remove(at)))),
            Request::PracticeList { .. } => reply(Reply::Practices(vec![practice("kind"), practice("lunch")])),
            Request::PracticeShow { practice: named } if named == "lnuch" => {
                refuse(Failure::new(ErrorKind::NotFound, "no practice is called \"lnuch\"").hint("did you mean lunch?"))
            }
            Request::PracticeShow { practice: named } if named == "9" => {
                refuse(Failure::new(ErrorKind::NotFound, "no practice is called \"9\""))
            }
            Request::PracticeShow { practice: named } => reply(Reply::Practice(practice(named))),
            Request::Status => reply(Reply::Status(status(*self.begun.lock().unwrap(), paths))),
            Request::Init { .. } => {
                *self.begun.lock().unwrap() = true;
                reply(Reply::Status(status(true, paths)))
            }
            Request::Wish { .. } | Request::Goal(_) => reply(Reply::Done),
            _ => reply(Reply::Session(session(json!({})))),
        }
    }

    /// What was asked since the last time, without what is asked about drafts.
    fn asked(&self) -> Vec<Ask> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.into_iter().filter(|ask| !matches!(ask.request, Request::Draft(_) | Request::Lock(_))).collect()
    }

    /// The one session that was logged.
    fn logged(&self) -> Ask {
        let mut logged = self.asked();
        logged.retain(|ask| matches!(ask.request, Request::Log { .. }));
        let [one] = logged.as_slice() else { panic!("not one: {logged:?}") };
        one.clone()
    }

    fn only_draft(&self) -> Draft {
        let drafts = self.drafts.lock().unwrap();
        let [one] = drafts.as_slice() else { panic!("not one: {drafts:?}") };
        one.clone()
    }

    fn drafts(&self) -> usize {
        self.drafts.lock().unwrap().len()
    }
}

fn practice(slug: &str) -> Practice {
    serde_json::from_value(json!({
        "type": "practice", "id": "019a0000-0000-7000-8000-00000000aaaa", "short": "aaaa", "slug": slug, "title": format!("The practice {slug}"),
        "kind": "as_if_action", "description": null, "specificity": { "when": null, "where": null, "how_long": null }, "cue": null,
        "frequency": null, "difficulty": null, "status": "active", "sessions": 0, "visibility": "inherit", "deleted": false,
        "recorded_at": "2026-11-23T12:41:07Z"
    }))
    .unwrap()
}

fn status(initialised: bool, paths: &asif_proto::home::Home) -> Status {
    serde_json::from_value(json!({
        "daemon": { "pid": 7, "version": "0.1.0" }, "initialised": initialised, "locked": false, "name": "Robin",
        "journal": { "sessions": 0, "practices": 0 }, "clients": 0, "safely_stored_on": 1, "listen": [], "devices": [], "helpers": [],
        "vault": "key file", "problems": 0, "paths": paths
    }))
    .unwrap()
}

fn at_terminal(home: &TestHome, typed: &str, words: &[&str]) -> Ran {
    Cli::with_person(home, typed).run(words)
}

fn nothing_refused(_: &Request) -> Option<Failure> {
    None
}

#[test]
fn a_bare_log_asks_which_and_how_and_no_more_unless_wanted() {
    let daemon = Daemon::default();
    let home = daemon.home(nothing_refused);
    let ran = at_terminal(&home, "2\n30\n45\n\n", &["log"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("  1 kind   The practice kind\n  2 lunch  The practice lunch\n"), "{}", ran.stderr);
    let Request::Log { practice, fields } = daemon.logged().request else { panic!() };
    assert_eq!((practice.as_deref(), fields.before.unwrap().value(), fields.after.unwrap().value()), (Some("lunch"), 30, 45));
    assert_eq!(daemon.drafts(), 0, "a draft stayed");

    let ran = at_terminal(&home, "kind\n20\n\n", &["log", "-b", "10", "--tag", "work"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.stderr.contains("feel before"), "what a flag said is not asked: {}", ran.stderr);
    let Request::Log { fields, .. } = daemon.logged().request else { panic!() };
    assert_eq!((fields.before.unwrap().value(), fields.after.unwrap().value(), fields.tags.as_slice()), (10, 20, &["work".to_owned()][..]));
}

#[test]
fn every_question_of_a_log_can_be_answered() {
    let daemon = Daemon::default();
    let home = daemon.home(nothing_refused);
    let ran = at_terminal(&home, "lunch\n0\n\nyes\n80\n\nwarm\n chest \nn\nit rained\n", &["log"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let Request::Log { fields, .. } = daemon.logged().request else { panic!() };
    assert_eq!((fields.before.unwrap().value(), fields.after, fields.acted_as_if.unwrap().value()), (0, None, 80));
    assert_eq!((fields.felt_real, fields.felt_state, fields.felt_worse), (None, Some(FeltState::Warm), None));
    assert_eq!((fields.where_felt.as_deref(), fields.note.as_deref()), (Some(" chest "), Some("it rained")));
}

#[test]
fn what_is_no_answer_is_asked_again_with_the_reason() {
    let daemon = Daemon::default();
    let home = daemon.home(nothing_refused);
    let ran = at_terminal(&home, "lnuch\n\n9\nlunch\n101\nten\n 30 \n45\nmaybe\ny\n\n\np\nun\n\nn\n\n", &["log"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for (said, times) in [
        ("no practice is called \"lnuch\" (did you mean lunch?)", 1),
        ("a number or a short name, please", 1),
        ("Which did you do?", 4),
        ("How did you feel before", 3),
        ("\"101\" is not a rating", 1),
        ("\"maybe\" is none of: yes, no", 1),
    ] {
        assert_eq!(ran.stderr.matches(said).count(), times, "{said}: {}", ran.stderr);
    }
}

#[test]
fn without_a_terminal_what_is_missing_is_named() {
    let daemon = Daemon::default();
    let home = daemon.home(nothing_refused);
    for ran in [home.run(&["log"]), at_terminal(&home, "lunch\n", &["log", "--no-input"])] {
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains("the practice is missing") && ran.stderr.contains("asif log lunch"), "{ran:?}");
    }
    assert_eq!(home.run(&["log", "--json"]).json()["error"]["kind"], "usage");
    assert!(daemon.asked().is_empty(), "something was asked");
}

#[test]
fn what_was_answered_is_kept_when_the_person_leaves_and_gone_on_with() {
    let daemon = Daemon::default();
    let home = daemon.home(nothing_refused);
    let ran = at_terminal(&home, "lunch\n30\n4", &["log", "--tag", "work"]);
    let draft = daemon.only_draft();
    assert_eq!(ran.code, 130, "{ran:?}");
    let said = format!("asif: stopped here; what you typed is kept\n  asif draft resume {} goes on with it\n", draft.short);
    assert!(ran.stderr.ends_with(&said), "{}", ran.stderr);
    assert_eq!(draft.words, ["log", "--tag", "work"]);
    assert_eq!(draft.answers, [("practice".to_owned(), "lunch".to_owned()), ("before".to_owned(), "30".to_owned())].into());
    assert_eq!(draft.typing, Some(("after".to_owned(), "4".to_owned())));
    assert!(daemon.asked().iter().all(|ask| !matches!(ask.request, Request::Log { .. })), "it was logged");

    let ran = at_terminal(&home, "45\nn\n", &["draft", "resume"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("Which did you do? lunch\nHow did you feel before, 0-100 (Enter to skip)? 30\n"), "{}", ran.stderr);
    let logged = daemon.logged();
    let Request::Log { practice, fields } = logged.request else { panic!() };
    assert_eq!((practice.as_deref(), fields.before.unwrap().value(), fields.after.unwrap().value()), (Some("lunch"), 30, 45));
    assert_eq!((logged.id, fields.tags), (draft.id, vec!["work".to_owned()]), "said under the draft's own id");
    assert_eq!(daemon.drafts(), 0, "what is done is no draft");
}

#[test]
fn a_form_that_nobody_touched_keeps_nothing() {
    let daemon = Daemon::default();
    let home = daemon.home(nothing_refused);
    for (typed, words) in [("", &["log"][..]), ("", &["note"]), ("\n\n", &["note"])] {
        let ran = at_terminal(&home, typed, words);
        assert!(ran.stderr.contains("nothing was stored"), "{ran:?}");
    }
    assert!(daemon.asked.lock().unwrap().iter().all(|ask| !matches!(ask.request, Request::Draft(_))), "a draft of nothing was kept");
}

#[test]
fn a_deed_that_was_done_before_a_crash_is_done_once() {
    let daemon = Daemon::default();
    // The crash: the draft is never dropped.
    let home = daemon.home(|request| {
        matches!(request, Request::Draft(DraftAsk::Drop { .. })).then(|| Failure::new(ErrorKind::Failure, "it ended before that"))
    });
    assert_eq!(at_terminal(&home, "it rained\n", &["note"]).code, 0);
    let first = daemon.logged();
    assert_eq!(daemon.only_draft().id, first.id);
    assert_eq!(at_terminal(&home, "", &["draft", "resume"]).code, 0);
    let second = daemon.logged();
    assert_eq!((second.id, second.request), (first.id, first.request));
}

#[test]
fn what_cannot_be_kept_is_given_back_on_the_screen() {
    let daemon = Daemon::default();
    let home = daemon
        .home(|request| matches!(request, Request::Draft(DraftAsk::Keep(_))).then(|| Failure::new(ErrorKind::Failure, "the disk is full")));
    let ran = at_terminal(&home, "lunch\n30\n4", &["log"]);
    assert_eq!(ran.code, 130, "{ran:?}");
    assert!(ran.stderr.contains("stopped here; what you typed is NOT kept (the disk is full)"), "{}", ran.stderr);
    for (question, answer) in
        [("Which did you do?", "lunch"), ("How did you feel before, 0-100 (Enter to skip)?", "30"), ("And after", "4")]
    {
        let back = ran.stderr.split_once("This is NOT kept. What you typed:\n").unwrap().1;
        let (_, after) = back.split_once(question).unwrap();
        assert_eq!(after.split_once('\n').unwrap().1.lines().next(), Some(answer), "{back}");
    }
    assert_eq!(at_terminal(&home, "lunch\n30\n45\n\n", &["log"]).code, 0, "it is logged all the same");
}

#[test]
fn what_the_daemon_refuses_is_kept_with_the_reason() {
    let daemon = Daemon::default();
    let home = daemon.home(|request| {
        matches!(request, Request::Log { .. }).then(|| Failure::new(ErrorKind::Usage, "that tag is too long").hint("for example work"))
    });
    let ran = at_terminal(&home, "first\nlast\n", &["note", "--tag", "25"]);
    let short = daemon.only_draft().short;
    assert_eq!(ran.code, 2, "{ran:?}");
    let hint =
        format!("for example work; what you typed is kept: asif draft resume {short} tries again, asif draft show {short} prints it");
    assert!(ran.stderr.ends_with(&format!("asif: that tag is too long\n  {hint}\n")), "{}", ran.stderr);
    assert_eq!(daemon.only_draft().answers["text"], "first\nlast\n");
    let ran = at_terminal(&home, "", &["draft", "show"]);
    assert_eq!(ran.stdout, "first\nlast\n");
}

#[test]
fn in_json_an_interruption_is_an_envelope_that_names_the_draft() {
    let daemon = Daemon::default();
    let home = daemon.home(nothing_refused);
    let ran = at_terminal(&home, "lunch\n", &["log", "--json"]);
    let error = &ran.json()["error"];
    assert_eq!((ran.code, &error["kind"]), (130, &json!("interrupted")));
    assert_eq!(error["hint"], format!("asif draft resume {} goes on with it", daemon.only_draft().short));
}

#[test]
fn what_was_typed_comes_back_byte_for_byte() {
    let daemon = Daemon::default();
    let home = daemon.home(nothing_refused);
    let wish = "  \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{202e}abc\u{202c} e\u{301}\u{200b}\u{feff} \u{1f469}\u{200d}\u{1f52c}\t\u{1b}[2J ";
    let ran = at_terminal(&home, &format!("{wish}\n\n\n\n"), &["init"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(daemon.asked().iter().any(|ask| ask.request == Request::Wish { wish: Some(wish.to_owned()) }));
    let note = format!("{wish}\n\n{wish}");
    at_terminal(&home, &note, &["note"]);
    let Request::Log { fields, .. } = daemon.logged().request else { panic!() };
    assert_eq!(fields.note.as_deref(), Some(note.as_str()));
}

#[test]
fn bytes_that_are_no_text_are_asked_for_again() {
    let daemon = Daemon::default();
    let home = daemon.home(nothing_refused);
    let typed = b"lunch\n\n\ny\n\n\n\n\xff\xfe\nchest\n\n\n";
    let ran = Cli::with_person(&home, "").stdin(typed.as_slice()).run(&["log"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("could not be read as text"), "{}", ran.stderr);
    let Request::Log { fields, .. } = daemon.logged().request else { panic!() };
    assert_eq!(fields.where_felt.as_deref(), Some("chest"));
}

fn goal(text: &str, agree: Option<u8>, belief: Option<u8>) -> Request {
    let rating = |value: Option<u8>| value.map(|value| value.try_into().unwrap());
    let new = NewGoal { text: text.to_owned(), agree: rating(agree), belief: rating(belief), visibility: Visibility::Inherit };
    Request::Goal(GoalAsk::Add(new))
}

#[test]
fn a_journal_begins_before_its_questions_so_that_they_can_be_kept() {
    let daemon = Daemon::default();
    let home = daemon.home(nothing_refused);
    let ran = at_terminal(&home, "feel less like a burden\n", &["init", "--name", "Robin"]);
    assert_eq!(ran.code, 130, "{ran:?}");
    let draft = daemon.only_draft();
    assert_eq!(draft.answers["wish"], "feel less like a burden");
    let asked: Vec<Request> = daemon.asked().into_iter().map(|ask| ask.request).collect();
    assert_eq!(asked, [Request::Status, Request::Init { name: Some("Robin".into()), device: None, wish: None, goal: None }]);

    let ran = at_terminal(&home, "2\n70\n5\n", &["init"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("What would you like to be different?  > feel less like a burden\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("  5 is fine. It isn't needed for this.\n"), "{}", ran.stderr);
    assert!(
        ran.stdout.ends_with("Next: asif demo politeness   or   asif sketch\nIf you're in danger now: asif crisis\n"),
        "{}",
        ran.stdout
    );
    let said: Vec<_> = daemon.asked().into_iter().filter(|ask| ask.request != Request::Status).map(|ask| (ask.id, ask.request)).collect();
    let wish = Request::Wish { wish: Some("feel less like a burden".into()) };
    assert_eq!(said, [(plan::nth(draft.id, 1), wish), (draft.id, goal("believing that I am worthwhile", Some(70), Some(5)))]);
    assert_eq!(daemon.drafts(), 0);

    let ran = at_terminal(&home, "", &["init"]);
    assert_eq!((ran.code, ran.stderr.contains("there is a journal on this machine already")), (7, true), "{ran:?}");
}

#[test]
fn a_draft_of_init_is_gone_on_with_like_any_other() {
    let daemon = Daemon::default();
    let home = daemon.home(nothing_refused);
    at_terminal(&home, "\n3\nbe less hard on myself\n", &["init"]);
    let ran = at_terminal(&home, "\n0\n", &["draft", "resume"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("0 is fine. It isn't needed for this."), "{}", ran.stderr);
    let goals = daemon.asked().into_iter().map(|ask| ask.request).filter(|request| matches!(request, Request::Goal(_)));
    assert_eq!(goals.collect::<Vec<_>>(), [goal("be less hard on myself", None, Some(0))]);
}

#[test]
fn every_question_of_init_can_be_skipped() {
    let daemon = Daemon::default();
    let home = daemon.home(nothing_refused);
    assert_eq!(at_terminal(&home, "\n\n\n\n", &["init"]).code, 0);
    let asked: Vec<Request> = daemon.asked().into_iter().map(|ask| ask.request).skip(2).collect();
    assert_eq!(asked, [goal("treating myself kindly", None, None)]);
}

#[test]
fn drafts_are_listed_shown_and_dropped() {
    let daemon = Daemon::default();
    let home = daemon.home(nothing_refused);
    assert!(home.run(&["draft", "list"]).stderr.contains("There are no drafts."));
    at_terminal(&home, "lunch\n", &["log"]);
    at_terminal(&home, "kind\n30\n", &["log"]);
    let ran = home.run(&["draft", "list"]);
    assert_eq!(ran.stdout.lines().count(), 3, "{ran:?}");
    assert!(ran.stdout.contains("asif log") && ran.stdout.contains("\"kind\"") && ran.stdout.contains("\"lunch\""), "{}", ran.stdout);
    let all = home.run(&["draft", "list", "--json"]).json()["data"].clone();
    assert_eq!((&all[0]["answers"]["before"], &all[1]["answers"]["practice"]), (&json!("30"), &json!("lunch")));

    let older = all[1]["id"].as_str().unwrap();
    assert_eq!(home.run(&["draft", "show", older]).stdout, "lunch\n");
    let ran = home.run(&["draft", "resume"]);
    assert_eq!((ran.code, ran.stderr.contains("asif draft show")), (2, true), "{ran:?}");
    assert_eq!(home.run(&["draft", "drop"]).code, 2, "dropping asks");
    assert_eq!(at_terminal(&home, "y\n", &["draft", "drop"]).code, 2, "which one?");
    let ran = at_terminal(&home, "\n", &["draft", "drop", older]);
    assert!(ran.stderr.contains("There is no way back") && ran.stderr.contains("Nothing was dropped."), "{ran:?}");
    assert_eq!(at_terminal(&home, "y\n", &["draft", "drop", older]).code, 0);
    assert_eq!(daemon.only_draft().answers["practice"], "kind");
    assert_eq!(at_terminal(&home, "y\n", &["draft", "drop"]).code, 0);
    assert_eq!((daemon.drafts(), home.run(&["draft", "resume"]).code), (0, 2));
}

#[test]
fn a_draft_of_a_command_that_is_no_more_can_still_be_read() {
    let daemon = Daemon::default();
    let home = daemon.home(nothing_refused);
    at_terminal(&home, "lunch\n", &["log"]);
    daemon.drafts.lock().unwrap()[0].words = vec!["lgo".into()];
    let ran = at_terminal(&home, "", &["draft", "resume"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("does not know asif lgo") && ran.stderr.contains("asif draft show"), "{ran:?}");
}
