//! What `undo` and `redo` may not do: what another device said, in the same words or in others, was not taken back by anybody.

use std::time::Duration;

use asif_proto::local::{ErrorKind, Reply, Request, SafetyPlanAsk};
use asif_proto::record::{ClearField, SafetyPlan, SessionFields, Visibility};

use crate::apart::{felt, noted, shown, together, two_apart, undo};
use crate::shared::{after, edit, log};
use crate::story::family;
use crate::world::World;

fn private() -> SessionFields {
    SessionFields { visibility: Some(Visibility::Private), ..Default::default() }
}

#[test]
fn what_two_devices_said_in_the_same_words_is_taken_back_for_one_of_them_only() {
    for seed in 200..204 {
        let (mut world, laptop, desktop, session) = two_apart(seed, Some("base words"));
        let plan = SafetyPlan { professionals: Some("Dr Xavier 123".into()), ..Default::default() };
        for device in [laptop, desktop] {
            edit(&mut world, device, &session, SessionFields { tags: vec!["work".into()], ..private() });
            edit(&mut world, device, &session, noted("base words and more"));
            world.must(device, Request::SafetyPlan(SafetyPlanAsk::Edit { parts: plan.clone(), readable: None }));
            world.run_for(Duration::from_secs(30));
        }
        together(&mut world, laptop, desktop);
        let stands = |world: &mut crate::world::World| {
            let shown = shown(world, laptop, &session);
            let Reply::SafetyPlan(plan) = world.must(laptop, Request::SafetyPlan(SafetyPlanAsk::Show)) else { panic!() };
            (shown.visibility, shown.tags, shown.note.unwrap(), plan.plan.professionals)
        };
        let both = stands(&mut world);
        assert_eq!((both.0, both.2.as_str()), (Visibility::Private, "base words and more"));
        // The desktop's three, the last first.
        for _ in 0..3 {
            let undone = undo(&mut world, laptop);
            assert!(undone.device.is_some() && undone.stays, "seed {seed}: {undone:?}");
            assert_eq!(stands(&mut world), both, "seed {seed}: the laptop's were not taken back");
        }
        for _ in 0..3 {
            let undone = undo(&mut world, laptop);
            assert!(undone.device.is_none() && !undone.stays, "seed {seed}: {undone:?}");
        }
        let none = stands(&mut world);
        assert_eq!((none.0, none.1.len(), none.2.as_str(), none.3), (Visibility::Inherit, 0, "base words", None), "seed {seed}");
    }
}

#[test]
fn what_was_deleted_elsewhere_does_not_come_back_by_redo() {
    for seed in 210..214 {
        let (mut world, laptop, desktop, session) = two_apart(seed, None);
        world.must(laptop, Request::Delete { id: session.id.to_string() });
        undo(&mut world, desktop);
        together(&mut world, laptop, desktop);
        let _ = world.ask(desktop, Request::Redo);
        together(&mut world, laptop, desktop);
        assert!(shown(&mut world, laptop, &session).deleted, "seed {seed}: nobody restored it");
    }
}

#[test]
fn what_was_deleted_or_made_private_since_stays_so_whatever_redo_puts_back() {
    let (mut world, laptop, _, session) = two_apart(220, None);
    let id = || session.id.to_string();
    undo(&mut world, laptop);
    world.must(laptop, Request::Restore { id: id() });
    world.must(laptop, Request::Delete { id: id() });
    let _ = world.ask(laptop, Request::Redo);
    assert!(shown(&mut world, laptop, &session).deleted);
    world.must(laptop, Request::Restore { id: id() });

    edit(&mut world, laptop, &session, private());
    let clear = vec![ClearField::Private];
    world.must(laptop, Request::Edit { id: id(), fields: Box::default(), clear, base: None });
    undo(&mut world, laptop);
    edit(&mut world, laptop, &session, SessionFields { after: felt(4).after, ..private() });
    let _ = world.ask(laptop, Request::Redo);
    assert_eq!(shown(&mut world, laptop, &session).visibility, Visibility::Private);
}

#[test]
fn two_undo_and_two_redo_of_what_was_merged_come_to_the_same() {
    for seed in 230..234 {
        let (mut world, laptop, desktop, session) = two_apart(seed, Some("I cried a bit. Then I ate."));
        edit(&mut world, laptop, &session, noted("I cried a lot. Then I ate."));
        world.run_for(Duration::from_secs(30));
        edit(&mut world, desktop, &session, noted("I cried a bit. Then I ate soup."));
        together(&mut world, laptop, desktop);
        let whole = "I cried a lot. Then I ate soup. A new end.";
        edit(&mut world, laptop, &session, noted(whole));
        for times in 1..4 {
            for _ in 0..times {
                undo(&mut world, laptop);
            }
            for _ in 0..times {
                world.must(laptop, Request::Redo);
            }
            assert_eq!(shown(&mut world, laptop, &session).note.as_deref(), Some(whole), "seed {seed}, {times} times");
        }
    }
}

#[test]
fn of_three_sentences_changed_apart_one_is_taken_back_and_the_other_two_stay() {
    for seed in 240..244 {
        let mut world = World::new(seed);
        let devices = family(&mut world, 3);
        let note = "It rained. Then I ate. Nobody minded.";
        let session = log(&mut world, devices[0], SessionFields { note: Some(note.into()), ..after(45) });
        let meet = |world: &mut World| {
            world.heal();
            world.run_for(Duration::from_secs(60));
            devices.iter().for_each(|device| drop(world.must(*device, Request::Sync { wait_ms: Some(60_000) })));
        };
        meet(&mut world);
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            world.cut(devices[one], devices[other]);
        }
        let pieces = [("rained", "rained a lot"), ("ate", "ate soup"), ("minded", "minded at all")];
        for (device, (from, to)) in devices.iter().zip(pieces) {
            edit(&mut world, *device, &session, noted(&note.replace(from, to)));
            world.run_for(Duration::from_secs(10));
        }
        meet(&mut world);
        let whole = "It rained a lot. Then I ate soup. Nobody minded at all.";
        assert_eq!(shown(&mut world, devices[0], &session).note.as_deref(), Some(whole), "seed {seed}");
        let mut left = whole.to_owned();
        for (from, to) in pieces.into_iter().rev() {
            undo(&mut world, devices[0]);
            left = left.replace(to, from);
            assert_eq!(shown(&mut world, devices[0], &session).note.as_deref(), Some(&*left), "seed {seed}");
        }
        for _ in 0..3 {
            world.must(devices[0], Request::Redo);
        }
        assert_eq!(shown(&mut world, devices[0], &session).note.as_deref(), Some(whole), "seed {seed}");
    }
}

#[test]
fn redo_puts_back_what_was_taken_back_last_or_nothing() {
    let mut world = World::new(230);
    let [laptop, _] = family(&mut world, 2)[..] else { panic!() };
    let secret = log(&mut world, laptop, SessionFields { note: Some("for nobody".into()), ..private() });
    let clear = Request::Edit { id: secret.id.to_string(), fields: Box::default(), clear: vec![ClearField::Private], base: None };
    world.must(laptop, clear);
    undo(&mut world, laptop);
    let other = log(&mut world, laptop, after(30));
    edit(&mut world, laptop, &other, felt(31));
    undo(&mut world, laptop);
    edit(&mut world, laptop, &other, felt(32));
    // What was taken back last was changed since; what was taken back before that is not what anybody thinks of.
    let failure = world.ask(laptop, Request::Redo).unwrap().unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Precondition);
    assert_eq!(shown(&mut world, laptop, &secret).visibility, Visibility::Private);
    assert_eq!(shown(&mut world, laptop, &other).after, felt(32).after);
}

#[test]
fn what_one_device_deletes_stays_deleted_whatever_another_took_back_and_put_again() {
    for seed in 231..235 {
        let (mut world, laptop, desktop, session) = two_apart(seed, None);
        world.must(laptop, Request::Delete { id: session.id.to_string() });
        for request in [Request::Undo, Request::Redo, Request::Undo, Request::Undo, Request::Redo] {
            world.must(laptop, request);
        }
        assert!(!shown(&mut world, laptop, &session).deleted, "seed {seed}");
        world.run_for(Duration::from_secs(5));
        world.must(desktop, Request::Delete { id: session.id.to_string() });
        together(&mut world, laptop, desktop);
        for device in [laptop, desktop] {
            assert!(shown(&mut world, device, &session).deleted, "seed {seed}");
        }
        // Taken back to the end it is gone, and in between it never comes back once its own making was taken back.
        let mut made = true;
        while let Some(Ok(Reply::Undone(undone))) = world.ask(desktop, Request::Undo) {
            made &= undone.what != "log" || undone.id != session.id;
            assert!(made || shown(&mut world, desktop, &session).deleted, "seed {seed}: {undone:?}");
        }
        assert!(shown(&mut world, desktop, &session).deleted, "seed {seed}");
    }
}

#[test]
fn what_was_taken_back_with_its_record_does_not_come_back_with_what_another_deleted() {
    for seed in 236..240 {
        let (mut world, laptop, desktop, session) = two_apart(seed, None);
        world.must(desktop, Request::Delete { id: session.id.to_string() });
        world.run_for(Duration::from_secs(5));
        undo(&mut world, laptop);
        world.must(laptop, Request::Redo);
        together(&mut world, laptop, desktop);
        assert_eq!(undo(&mut world, laptop).what, "log", "seed {seed}");
        while let Some(Ok(Reply::Undone(undone))) = world.ask(laptop, Request::Undo) {
            assert!(shown(&mut world, laptop, &session).deleted, "seed {seed}: {undone:?}");
        }
        assert!(shown(&mut world, laptop, &session).deleted, "seed {seed}");
    }
}

#[test]
fn a_deletion_that_stood_beside_what_was_put_again_can_be_taken_back_itself() {
    for seed in 241..245 {
        let (mut world, laptop, desktop, session) = two_apart(seed, None);
        assert_eq!(undo(&mut world, laptop).what, "log", "seed {seed}");
        world.run_for(Duration::from_secs(5));
        world.must(desktop, Request::Delete { id: session.id.to_string() });
        together(&mut world, laptop, desktop);
        let Reply::Undone(redone) = world.must(desktop, Request::Redo) else { panic!() };
        assert!(redone.what == "log" && redone.stays && shown(&mut world, desktop, &session).deleted, "seed {seed}: {redone:?}");
        let undone = undo(&mut world, desktop);
        assert!(undone.what == "delete" && undone.id == session.id, "seed {seed}: {undone:?}");
        assert!(!shown(&mut world, desktop, &session).deleted, "seed {seed}");
    }
}

#[test]
fn what_is_said_to_be_private_or_deleted_once_more_stays_so_whoever_takes_it_back_apart() {
    let clear = |id: String| Request::Edit { id, fields: Box::default(), clear: vec![ClearField::Private], base: None };
    let hide = |id: String| Request::Edit { id, fields: Box::new(private()), clear: vec![], base: None };
    for (seed, by_undo, deleted) in [(250, false, false), (251, true, false), (252, false, true), (253, true, true)] {
        let (mut world, laptop, desktop, session) = two_apart(seed, None);
        let id = session.id.to_string();
        let away = if deleted { Request::Delete { id: id.clone() } } else { hide(id.clone()) };
        let back = if deleted { Request::Restore { id: id.clone() } } else { clear(id.clone()) };
        world.heal();
        world.must(laptop, away.clone());
        world.run_for(Duration::from_secs(60));
        world.cut(laptop, desktop);
        // The one takes it back, the other says it once more, and that is acknowledged.
        world.must(laptop, if by_undo { Request::Undo } else { back });
        world.must(desktop, away);
        together(&mut world, laptop, desktop);
        for device in [laptop, desktop] {
            let shown = shown(&mut world, device, &session);
            assert_eq!((shown.visibility == Visibility::Private, shown.deleted), (!deleted, deleted), "seed {seed}");
        }
    }
}

#[test]
fn what_was_made_private_or_deleted_once_more_is_not_shown_by_a_redo() {
    for seed in 255..258 {
        let (mut world, laptop, _, session) = two_apart(seed, None);
        let id = session.id.to_string();
        world.must(laptop, Request::Delete { id: id.clone() });
        world.must(laptop, Request::Restore { id: id.clone() });
        undo(&mut world, laptop);
        world.must(laptop, Request::Delete { id: id.clone() });
        let failure = world.ask(laptop, Request::Redo).unwrap().unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Precondition, "seed {seed}");
        assert!(shown(&mut world, laptop, &session).deleted, "seed {seed}");
        world.must(laptop, Request::Restore { id });
        edit(&mut world, laptop, &session, private());
        let clear = vec![ClearField::Private];
        world.must(laptop, Request::Edit { id: session.id.to_string(), fields: Box::default(), clear, base: None });
        undo(&mut world, laptop);
        edit(&mut world, laptop, &session, private());
        let failure = world.ask(laptop, Request::Redo).unwrap().unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Precondition, "seed {seed}");
        assert_eq!(shown(&mut world, laptop, &session).visibility, Visibility::Private, "seed {seed}");
        // Said twice, it is taken back by the undo of what said it first.
        assert_eq!(undo(&mut world, laptop).what, "edit", "seed {seed}");
        assert_eq!(shown(&mut world, laptop, &session).visibility, Visibility::Inherit, "seed {seed}");
    }
}

#[test]
fn words_that_one_put_back_or_typed_anew_stand_beside_what_another_made_of_them() {
    for (seed, by_redo) in [(260, true), (261, false)] {
        let (mut world, laptop, desktop, session) = two_apart(seed, Some("ZERO"));
        world.heal();
        edit(&mut world, laptop, &session, noted("ONE WORDS"));
        world.run_for(Duration::from_secs(60));
        world.cut(laptop, desktop);
        undo(&mut world, laptop);
        world.run_for(Duration::from_secs(5));
        if by_redo {
            undo(&mut world, desktop);
            world.must(desktop, Request::Redo);
        } else {
            edit(&mut world, desktop, &session, noted("ZERO"));
            edit(&mut world, desktop, &session, noted("ONE WORDS"));
        }
        together(&mut world, laptop, desktop);
        for device in [laptop, desktop] {
            let shown = shown(&mut world, device, &session);
            let conflict = shown.conflicts.iter().find(|one| one.field == "note").expect("both are told");
            let mut both: Vec<String> = conflict.others.iter().map(ToString::to_string).collect();
            both.push(format!("{:?}", shown.note.unwrap()));
            both.sort();
            assert_eq!((both, conflict.merged), (vec!["\"ONE WORDS\"".to_owned(), "\"ZERO\"".to_owned()], false), "seed {seed}");
        }
    }
}

#[test]
fn what_was_said_to_be_private_once_more_with_other_words_stays_and_the_rest_is_taken_back() {
    let (mut world, laptop, _, session) = two_apart(262, Some("one"));
    edit(&mut world, laptop, &session, SessionFields { note: Some("two".into()), ..private() });
    edit(&mut world, laptop, &session, SessionFields { after: felt(90).after, ..private() });
    undo(&mut world, laptop);
    let undone = undo(&mut world, laptop);
    let shown = shown(&mut world, laptop, &session);
    assert!(undone.id == session.id && undone.passed_over.is_empty(), "{undone:?}");
    assert_eq!((shown.note.as_deref(), shown.visibility), (Some("one"), Visibility::Private));
}

#[test]
fn what_two_said_to_be_private_or_deleted_and_one_says_once_more_stays_so() {
    let back = |deleted, id: String| match deleted {
        true => Request::Restore { id },
        false => Request::Edit { id, fields: Box::default(), clear: vec![ClearField::Private], base: None },
    };
    let away = |deleted, id: String| match deleted {
        true => Request::Delete { id },
        false => Request::Edit { id, fields: Box::new(private()), clear: vec![], base: None },
    };
    for (seed, deleted) in [(270, false), (271, true), (272, false), (273, true)] {
        let (mut world, laptop, desktop, session) = two_apart(seed, None);
        let id = session.id.to_string();
        world.must(laptop, away(deleted, id.clone()));
        world.run_for(Duration::from_secs(5));
        // The same apart, or the contrary, which loses.
        if seed < 272 {
            world.must(desktop, away(deleted, id.clone()));
        } else {
            world.must(desktop, away(deleted, id.clone()));
            world.must(desktop, back(deleted, id.clone()));
        }
        together(&mut world, laptop, desktop);
        world.cut(laptop, desktop);
        world.must(laptop, away(deleted, id.clone()));
        world.run_for(Duration::from_secs(5));
        world.must(desktop, back(deleted, id.clone()));
        together(&mut world, laptop, desktop);
        for device in [laptop, desktop] {
            let shown = shown(&mut world, device, &session);
            assert_eq!((shown.visibility == Visibility::Private, shown.deleted), (!deleted, deleted), "seed {seed}");
        }
    }
}
