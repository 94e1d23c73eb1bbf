//! The walls between a client and a helper, against a hostile build of the other side: it holds real keys, keeps all that was ever said to it, and lies.

mod lies;

use std::collections::BTreeSet;
use std::time::Duration;

use asif_daemon::seal::body::Body;
use asif_daemon::share::item;
use asif_proto::local::{
    BeliefAsk, GrantChange, HelperAsk, HelperDeed, Invite, NewBelief, NewPractice, PhraseAsk, PhraseFields, RapportAsk, Reply, Request,
    ShareAsk,
};
use asif_proto::peer::{GetEntries, Have, Message};
use asif_proto::record::{BeliefRole, SessionFields, Visibility};
use asif_proto::share::{Role, Scope};

use crate::hostile::{Stolen, logs_of, steal};
use crate::knows::{is_known, knows};
use crate::shared::{after, edit, log};
use crate::story;
use crate::world::World;

const HOUR: Duration = Duration::from_secs(3600);

/// Robin's two devices, and Dana, who gets ratings and notes. Everything that is said is heard.
pub(crate) fn heard() -> (World, [usize; 2], usize) {
    let mut world = World::new(11);
    world.recorded = Some(Vec::new());
    let devices = story::family(&mut world, 2);
    let dana = invite(&mut world, devices[0], "Dana");
    (world, [devices[0], devices[1]], dana)
}

pub(crate) fn invite(world: &mut World, from: usize, name: &str) -> usize {
    let helper = world.add(&name.to_lowercase());
    let invite = Invite { name: name.into(), role: Role::Therapist, scopes: vec![Scope::Ratings, Scope::Notes], ..story::invitation() };
    let ticket = world.ticket(from, Request::ShareInvite { invite, yes: true, no_wait: true });
    world.must(helper, Request::HelperJoin { ticket, name: Some(name.into()), at: None });
    world.run_for(Duration::from_secs(20));
    helper
}

/// A session of June whose note is this mark.
fn marked(mark: &str) -> SessionFields {
    SessionFields { note: Some(mark.into()), ..after(60) }
}

fn at(mark: &str, at: &str) -> SessionFields {
    SessionFields { at: Some(at.into()), ..marked(mark) }
}

/// Asks for all that there is, as one who has nothing, and for every log from its beginning.
pub(crate) fn asks_for_everything(world: &mut World, dana: usize, of: usize) {
    let robin = steal(world, of);
    world.inject(dana, of, &Message::Have(Have { full: true, statements: vec![], queues: vec![] }));
    for epoch in robin.registry.all_epochs() {
        for log in logs_of(world, of, epoch) {
            world.inject(dana, of, &Message::GetEntries(GetEntries { queue: epoch.queue(), log, from: 1 }));
        }
    }
    world.run_for(Duration::from_secs(30));
}

#[test]
fn what_is_not_shown_is_neither_on_the_wire_nor_in_the_store_of_a_helper() {
    let (mut world, [laptop, desktop], dana) = heard();
    log(&mut world, laptop, marked("mark-shown"));
    log(&mut world, laptop, SessionFields { visibility: Some(Visibility::Private), ..marked("mark-private") });
    log(&mut world, laptop, at("mark-before-since", "2026-02-01T12:00"));
    log(&mut world, laptop, at("mark-after-until", "2026-11-02T12:00"));
    let practice = story::practice("mirror", "mark-practice-title");
    world.must(laptop, Request::PracticeAdd(NewPractice { visibility: Visibility::Private, ..practice }));
    world.must(laptop, Request::Log { practice: Some("mirror".into()), fields: Box::new(marked("mark-of-a-private-practice")) });
    let line = PhraseFields { new_line: Some("mark-phrase".into()), ..PhraseFields::default() };
    world.must(laptop, Request::Phrase(PhraseAsk::Add { practice: "lunch".into(), fields: line }));
    let belief = NewBelief {
        statement: "mark-belief".into(),
        role: BeliefRole::Old,
        block: None,
        head: None,
        heart: None,
        visibility: Visibility::Inherit,
    };
    world.must(laptop, Request::Belief(BeliefAsk::Add(belief)));
    // What is deleted, or said otherwise, while she is away.
    world.cut(laptop, dana);
    world.cut(desktop, dana);
    let deleted = log(&mut world, laptop, marked("mark-deleted"));
    let changed = log(&mut world, laptop, marked("mark-older"));
    world.must(laptop, Request::Delete { id: deleted.id.to_string() });
    edit(&mut world, laptop, &changed, SessionFields { note: Some("mark-newer".into()), ..SessionFields::default() });
    world.heal();
    world.run_for(Duration::from_secs(60));
    let delay = GrantChange { delay_s: Some(3600), ..GrantChange::default() };
    world.must(laptop, Request::Share(ShareAsk::Edit { name: "Dana".into(), change: delay }));
    let kept = log(&mut world, desktop, marked("mark-held"));
    world.run_for(HOUR / 2);
    world.must(laptop, Request::Share(ShareAsk::Hold { id: kept.id.to_string(), until: None, off: false }));
    world.run_for(HOUR);
    log(&mut world, laptop, marked("mark-delayed"));
    world.run_for(HOUR / 2);
    let hidden = [
        "mark-private",
        "mark-before-since",
        "mark-after-until",
        "mark-practice-title",
        "mark-of-a-private-practice",
        "mark-phrase",
        "mark-belief",
        "mark-deleted",
        "mark-older",
        "mark-held",
        "mark-delayed",
    ];
    let check = |world: &mut World, what: &str| {
        for device in [laptop, desktop] {
            if world.is_linked(dana, device) {
                asks_for_everything(world, dana, device);
            }
        }
        let known = knows(world, dana);
        for mark in hidden {
            assert!(!is_known(&known, mark.as_bytes()), "{mark}, {what}");
        }
        known
    };
    let known = check(&mut world, "while it is shared");
    for mark in ["mark-shown", "mark-newer"] {
        assert!(is_known(&known, mark.as_bytes()), "{mark} is not there");
    }
    world.must(laptop, Request::ShareRevoke { name: "Dana".into() });
    log(&mut world, laptop, marked("mark-after-the-end"));
    world.run_for(HOUR * 2);
    let known = check(&mut world, "after the end");
    assert!(!is_known(&known, b"mark-after-the-end"));
    // What her disk holds in the end, without what was ever said to her.
    world.recorded = Some(Vec::new());
    let left = knows(&world, dana);
    assert!(!is_known(&left, b"mark-shown") && !is_known(&left, b"mark-newer"), "what was shared is deleted");
}

#[test]
fn an_older_text_of_what_is_shared_is_gone_from_the_store_and_is_not_said_again() {
    let (mut world, [laptop, _], dana) = heard();
    let session = log(&mut world, laptop, marked("mark-older"));
    world.run_for(Duration::from_secs(20));
    assert!(is_known(&knows(&world, dana), b"mark-older"));
    edit(&mut world, laptop, &session, SessionFields { note: Some("mark-newer".into()), ..SessionFields::default() });
    world.run_for(Duration::from_secs(100));
    world.recorded = Some(Vec::new());
    asks_for_everything(&mut world, dana, laptop);
    world.crash(dana, Duration::from_secs(5));
    world.run_for(Duration::from_secs(60));
    let known = knows(&world, dana);
    assert!(is_known(&known, b"mark-newer") && !is_known(&known, b"mark-older"));
}

#[test]
fn that_it_is_deleted_is_answered_only_once_it_is_wherever_the_power_went() {
    let (mut answered_at_once, mut not_yet) = (0, 0);
    for cut in 0..40 {
        let (mut world, [laptop, desktop], dana) = heard();
        world.recorded = None;
        world.crash(desktop, HOUR * 1000);
        log(&mut world, laptop, marked("mark-shared"));
        world.run_for(Duration::from_secs(100));
        // The sealed view holds it too.
        world.stop(dana);
        world.start(dana);
        world.run_for(Duration::from_secs(20));
        assert!(is_known(&knows(&world, dana), b"mark-shared"));
        let disk = world.nodes[dana].disk.clone();
        let calls = disk.calls() + cut;
        disk.plan(move |call| (call.number >= calls).then_some(asif_daemon::store::Fault::PowerOff));
        let ends = world.nodes[dana].ends;
        world.must(laptop, Request::ShareRevoke { name: "Dana".into() });
        for _ in 0..3000 {
            if world.nodes[dana].ends > ends {
                break;
            }
            world.run_for(Duration::from_millis(1));
        }
        world.crash(dana, Duration::from_millis(10));
        disk.heal();
        let known = knows(&world, dana);
        let is_answer = |one: &Vec<u8>| matches!(Body::from_bytes(one), Ok(Body::Put(put)) if put.kind == item::DELETED);
        if known.iter().any(is_answer) {
            assert!(!is_known(&known, b"mark-shared"), "cut {cut}: it is said to be deleted");
            answered_at_once += 1;
        } else {
            not_yet += 1;
        }
        world.run_for(Duration::from_secs(200));
        let known = knows(&world, dana);
        assert!(known.iter().any(is_answer) && !is_known(&known, b"mark-shared"), "cut {cut}: in the end");
        let Reply::Grants(grants) = world.must(laptop, Request::ShareList) else { panic!() };
        assert!(grants[0].deletions[0].items.is_some(), "cut {cut}: {grants:?}");
    }
    assert!(answered_at_once > 0 && not_yet > 0, "{answered_at_once} {not_yet}");
}

/// What names a person or a device of theirs.
fn names_of(of: &Stolen, name: &str) -> Vec<(String, Vec<u8>)> {
    let person = of.vault.person.unwrap();
    let roster = of.registry.roster(&person);
    let mut names = vec![("name".to_owned(), name.as_bytes().to_vec()), ("person".to_owned(), person.as_bytes().to_vec())];
    for device in roster.devices() {
        names.push(("device".to_owned(), device.signing.as_bytes().to_vec()));
        names.push(("link".to_owned(), device.link.0.to_vec()));
    }
    let hex: Vec<_> = names.iter().skip(1).map(|(what, bytes)| (format!("{what}, in words"), hex(bytes))).collect();
    names.into_iter().chain(hex).collect()
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

#[test]
fn nothing_that_a_helper_holds_or_hears_names_another_helper() {
    let (mut world, [laptop, desktop], dana) = heard();
    let sam = invite(&mut world, desktop, "Samuel");
    for device in [laptop, desktop] {
        log(&mut world, device, marked("mark-both"));
    }
    for (helper, words) in [(dana, "from Dana"), (sam, "from Samuel")] {
        world.run_for(Duration::from_secs(100));
        let deed = HelperDeed::Understood { text: words.into() };
        world.must(helper, Request::Helper(HelperAsk { client: "Robin".into(), what: deed }));
    }
    world.run_for(Duration::from_secs(100));
    for name in ["Dana", "Samuel"] {
        let rated = RapportAsk::Rate {
            helper: name.into(),
            understood: after(70).after,
            trust: None,
            agreement: None,
            visibility: Visibility::Inherit,
        };
        world.must(laptop, Request::Rapport(rated));
        let change = GrantChange { add: vec![Scope::Rapport, Scope::Practices], ..GrantChange::default() };
        world.must(laptop, Request::Share(ShareAsk::Edit { name: name.into(), change }));
    }
    world.run_for(Duration::from_secs(200));
    for (helper, other, name) in [(dana, sam, "Samuel"), (sam, dana, "Dana")] {
        let known = knows(&world, helper);
        assert!(is_known(&known, b"mark-both"), "nothing was shared");
        for (what, name) in names_of(&steal(&world, other), name) {
            assert!(!is_known(&known, &name), "the other's {what}");
        }
        let theirs: BTreeSet<_> = steal(&world, other).registry.all_epochs().map(|epoch| epoch.space.grant()).collect();
        for grant in theirs.into_iter().flatten() {
            assert!(!is_known(&known, grant.as_bytes()), "the other's grant");
        }
    }
}
