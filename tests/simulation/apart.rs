//! What two devices write apart: what shows, what is kept, what `history` tells, and what `undo` and `redo` reach.

use std::time::Duration;

use asif_proto::local::{BeliefAsk, ErrorKind, FieldChange, History, NewBelief, Now, Reply, Request, Undone};
use asif_proto::record::{BeliefRole, Session, SessionFields, Visibility};
use serde_json::{Value, json};

use crate::shared::{after, edit, log};
use crate::story::{Story, family};
use crate::world::World;

/// Two devices that both know one session, cut off from each other.
pub(crate) fn two_apart(seed: u64, note: Option<&str>) -> (World, usize, usize, Session) {
    let mut world = World::new(seed);
    let [laptop, desktop] = family(&mut world, 2)[..] else { panic!() };
    let session = log(&mut world, laptop, SessionFields { note: note.map(str::to_owned), ..after(45) });
    together(&mut world, laptop, desktop);
    world.cut(laptop, desktop);
    (world, laptop, desktop, session)
}

pub(crate) fn together(world: &mut World, laptop: usize, desktop: usize) {
    world.heal();
    world.run_for(Duration::from_secs(60));
    for device in [laptop, desktop] {
        world.must(device, Request::Sync { wait_ms: Some(60_000) });
    }
}

pub(crate) fn noted(note: &str) -> SessionFields {
    SessionFields { note: Some(note.into()), ..Default::default() }
}

pub(crate) fn felt(value: u8) -> SessionFields {
    SessionFields { after: Some(value.try_into().unwrap()), ..Default::default() }
}

pub(crate) fn shown(world: &mut World, device: usize, session: &Session) -> Session {
    Story::list(world, device).remove(&session.id).unwrap()
}

pub(crate) fn history(world: &mut World, device: usize, id: &str) -> History {
    let Reply::History(history) = world.must(device, Request::History { id: id.into() }) else { panic!() };
    history
}

/// What was said of a field, in the order of the changes.
pub(crate) fn said(history: &History, field: &str) -> Vec<(Value, Now)> {
    let all = history.steps.iter().flat_map(|step| &step.changes).filter(|change| change.field == field);
    all.map(|FieldChange { to, now, .. }| (to.clone(), *now)).collect()
}

pub(crate) fn undo(world: &mut World, device: usize) -> Undone {
    let Reply::Undone(undone) = world.must(device, Request::Undo) else { panic!() };
    undone
}

#[test]
fn prose_that_was_changed_apart_is_shown_in_one_and_history_tells_each() {
    let (mut world, laptop, desktop, session) = two_apart(1, Some("I cried a bit. Then I ate."));
    edit(&mut world, laptop, &session, noted("I cried a lot. Then I ate."));
    edit(&mut world, desktop, &session, noted("I cried a bit. Then I ate soup."));
    together(&mut world, laptop, desktop);
    for device in [laptop, desktop] {
        let shown = shown(&mut world, device, &session);
        assert_eq!(shown.note.as_deref(), Some("I cried a lot. Then I ate soup."));
        assert!(shown.conflicts[0].merged, "{:?}", shown.conflicts);
        let mut told = said(&history(&mut world, device, &session.id.to_string()), "note");
        told.sort_by_key(|(text, _)| text.to_string());
        let expected = [
            (json!("I cried a bit. Then I ate soup."), Now::Merged),
            (json!("I cried a bit. Then I ate."), Now::Replaced),
            (json!("I cried a lot. Then I ate."), Now::Merged),
        ];
        assert_eq!(told, expected);
    }
    // The next edit of the note writes it; one of another field does not.
    edit(&mut world, laptop, &session, felt(50));
    assert!(shown(&mut world, laptop, &session).conflicts[0].merged);
    edit(&mut world, laptop, &session, noted("I cried a lot. Then I ate soup. Good soup."));
    together(&mut world, laptop, desktop);
    let shown = shown(&mut world, desktop, &session);
    assert_eq!(shown.note.as_deref(), Some("I cried a lot. Then I ate soup. Good soup."));
    assert_eq!(shown.conflicts, []);
}

#[test]
fn a_rating_that_was_changed_apart_keeps_the_other_value_in_history_also_after_it_is_settled() {
    let (mut world, laptop, desktop, session) = two_apart(2, None);
    edit(&mut world, laptop, &session, felt(50));
    edit(&mut world, desktop, &session, felt(60));
    together(&mut world, laptop, desktop);
    for device in [laptop, desktop] {
        let shown = shown(&mut world, device, &session);
        let shows = shown.after.unwrap().value();
        assert_eq!(shown.conflicts[0].others, [json!(110 - shows)]);
        let told = said(&history(&mut world, device, &session.id.to_string()), "after");
        assert_eq!(told[0], (json!(45), Now::Replaced));
        assert!(told.contains(&(json!(shows), Now::Shown)) && told.contains(&(json!(110 - shows), Now::Kept)), "{told:?}");
    }
    edit(&mut world, desktop, &session, felt(55));
    together(&mut world, laptop, desktop);
    let told = said(&history(&mut world, laptop, &session.id.to_string()), "after");
    assert_eq!(told.last(), Some(&(json!(55), Now::Shown)));
    assert!([50, 60].iter().all(|value| told.contains(&(json!(value), Now::Replaced))), "{told:?}");
}

#[test]
fn one_draft_that_two_copies_go_on_with_in_different_months_keeps_both_texts() {
    let (mut world, laptop, desktop, _) = two_apart(31, None);
    let time = world.time;
    let id = world.nodes[laptop].uuid(time);
    for (device, skew_s, words) in [(laptop, 0, "words of this month"), (desktop, 45 * 86_400, "words of the next one")] {
        world.nodes[device].skew_s = skew_s;
        let request = Request::Log { practice: None, fields: Box::new(noted(words)) };
        let client = world.begin_as(device, id, request);
        assert!(world.answer(device, client, Duration::from_secs(10)).is_some_and(|answer| answer.is_ok()));
    }
    together(&mut world, laptop, desktop);
    for restart in [false, true] {
        let shows = [laptop, desktop].map(|device| {
            if restart {
                world.must(device, Request::Doctor { rebuild: true });
            }
            let told = said(&history(&mut world, device, &id.to_string()), "note");
            let has = |words: &str| told.iter().any(|(text, _)| text.as_str().is_some_and(|text| text.contains(words)));
            assert!(has("words of this month") && has("words of the next one"), "{told:?}");
            Story::list(&mut world, device).values().find(|one| one.id.0 == id).unwrap().note.clone()
        });
        assert_eq!(shows[0], shows[1]);
    }
}

#[test]
fn what_settles_by_saying_what_shows_is_told_as_that() {
    let (mut world, laptop, desktop, session) = two_apart(30, Some("begun"));
    edit(&mut world, laptop, &session, noted("one thing"));
    edit(&mut world, desktop, &session, noted("quite another"));
    together(&mut world, laptop, desktop);
    let shows = shown(&mut world, laptop, &session).note.unwrap();
    edit(&mut world, laptop, &session, noted(&shows));
    let told = said(&history(&mut world, laptop, &session.id.to_string()), "note");
    assert_eq!(told.last(), Some(&(json!(shows), Now::Shown)));
    assert!(told.iter().all(|(text, _)| !text.is_null()), "nobody emptied anything: {told:?}");
    assert!(told.iter().any(|(_, now)| *now == Now::Replaced) && told.iter().all(|(_, now)| *now != Now::Kept), "{told:?}");
}

#[test]
fn two_ratings_of_a_belief_apart_are_both_kept() {
    let (mut world, laptop, desktop, _) = two_apart(3, None);
    world.heal();
    let statement = "I deserve kindness".into();
    let add = BeliefAsk::Add(NewBelief {
        statement,
        role: BeliefRole::New,
        block: None,
        head: None,
        heart: None,
        visibility: Visibility::Inherit,
    });
    let Reply::Belief(belief) = world.must(laptop, Request::Belief(add)) else { panic!() };
    together(&mut world, laptop, desktop);
    world.cut(laptop, desktop);
    for (device, heart) in [(laptop, 10), (desktop, 20)] {
        let heart = Some(u8::try_into(heart).unwrap());
        let rate = BeliefAsk::Rate { belief: belief.id.to_string(), head: None, heart, context: None };
        world.must(device, Request::Belief(rate));
    }
    together(&mut world, laptop, desktop);
    for device in [laptop, desktop] {
        let Reply::Belief(belief) = world.must(device, Request::Show { id: belief.id.to_string() }) else { panic!() };
        let mut hearts: Vec<u8> = belief.value.ratings.iter().map(|rating| rating.heart.unwrap().value()).collect();
        hearts.sort_unstable();
        assert_eq!((hearts, belief.conflicts.len()), (vec![10, 20], 0));
        assert_eq!(said(&history(&mut world, device, &belief.id.to_string()), "ratings").len(), 2);
    }
}

#[test]
fn an_edit_that_came_from_another_device_is_taken_back_and_put_again() {
    let (mut world, laptop, desktop, session) = two_apart(4, None);
    world.heal();
    edit(&mut world, desktop, &session, felt(60));
    together(&mut world, laptop, desktop);
    let undone = undo(&mut world, laptop);
    assert_eq!((undone.what.as_str(), undone.id, undone.device.as_deref()), ("edit", session.id, Some("device 1")));
    together(&mut world, laptop, desktop);
    assert_eq!(shown(&mut world, desktop, &session).after.unwrap().value(), 45);
    // What one device took back the other puts again.
    let Reply::Undone(put) = world.must(desktop, Request::Redo) else { panic!() };
    assert_eq!((put.what.as_str(), put.id), ("edit", session.id));
    together(&mut world, laptop, desktop);
    assert_eq!(shown(&mut world, laptop, &session).after.unwrap().value(), 60);
    let what: Vec<_> = history(&mut world, laptop, &session.id.to_string()).steps.into_iter().map(|step| step.what).collect();
    assert_eq!(what, ["log", "edit", "undo edit", "redo edit"]);
    // And it can be taken back once more, and then what was done before it.
    assert_eq!(undo(&mut world, desktop).what, "edit");
    assert_eq!(undo(&mut world, desktop).what, "log");
    together(&mut world, laptop, desktop);
    assert!(shown(&mut world, laptop, &session).deleted);
    for _ in 0..2 {
        world.must(laptop, Request::Redo);
    }
    let again = shown(&mut world, laptop, &session);
    assert_eq!((again.deleted, again.after.unwrap().value()), (false, 60));
    let nothing = world.ask(laptop, Request::Redo).unwrap().unwrap_err();
    assert_eq!(nothing.kind, ErrorKind::Precondition);
}

#[test]
fn what_another_device_did_earlier_and_brings_later_is_not_taken_back_before_what_was_done_here_since() {
    let (mut world, laptop, desktop, session) = two_apart(5, None);
    edit(&mut world, desktop, &session, felt(60));
    world.run_for(Duration::from_secs(600));
    let mine = log(&mut world, laptop, after(70));
    together(&mut world, laptop, desktop);
    assert_eq!(undo(&mut world, laptop).id, mine.id);
    assert_eq!(undo(&mut world, laptop).id, session.id);
}

#[test]
fn undo_takes_back_one_of_two_edits_made_apart_and_leaves_the_other() {
    for seed in 6..10 {
        let (mut world, laptop, desktop, session) = two_apart(seed, None);
        edit(&mut world, laptop, &session, felt(50));
        world.run_for(Duration::from_secs(60));
        edit(&mut world, desktop, &session, felt(60));
        together(&mut world, laptop, desktop);
        undo(&mut world, laptop);
        let left = shown(&mut world, laptop, &session);
        assert_eq!((left.after.unwrap().value(), left.conflicts.len()), (50, 0), "seed {seed}: the desktop's was the later");
        undo(&mut world, laptop);
        assert_eq!(shown(&mut world, laptop, &session).after.unwrap().value(), 45, "seed {seed}");
        together(&mut world, laptop, desktop);
        assert_eq!(shown(&mut world, desktop, &session).after.unwrap().value(), 45, "seed {seed}");
    }
}

#[test]
fn what_did_not_show_can_be_taken_back_and_put_again() {
    for seed in 20..26 {
        let (mut world, laptop, desktop, session) = two_apart(seed, None);
        edit(&mut world, laptop, &session, felt(50));
        world.run_for(Duration::from_secs(60));
        edit(&mut world, desktop, &session, felt(60));
        together(&mut world, laptop, desktop);
        undo(&mut world, laptop);
        assert_eq!(shown(&mut world, laptop, &session).after.unwrap().value(), 50, "seed {seed}");
        let Reply::Undone(put) = world.must(laptop, Request::Redo) else { panic!() };
        assert_eq!(put.device.as_deref(), Some("device 1"), "seed {seed}");
        assert_eq!(shown(&mut world, laptop, &session).after.unwrap().value(), 60, "seed {seed}: what was put again shows");
    }
}

#[test]
fn an_undo_that_is_asked_twice_under_one_id_takes_back_one() {
    let (mut world, laptop, desktop, session) = two_apart(10, None);
    world.heal();
    edit(&mut world, desktop, &session, felt(60));
    edit(&mut world, desktop, &session, felt(70));
    together(&mut world, laptop, desktop);
    let id = uuid::Uuid::from_u128(77);
    let first = world.again(laptop, id, Request::Undo).unwrap().unwrap();
    assert_eq!(world.again(laptop, id, Request::Undo).unwrap().unwrap(), first);
    assert_eq!(shown(&mut world, laptop, &session).after.unwrap().value(), 60);
}

#[test]
fn what_can_be_taken_back_is_known_again_after_the_view_was_made_anew() {
    let (mut world, laptop, desktop, session) = two_apart(11, None);
    world.heal();
    edit(&mut world, desktop, &session, felt(60));
    together(&mut world, laptop, desktop);
    let other = log(&mut world, laptop, after(70));
    world.must(laptop, Request::Doctor { rebuild: true });
    world.crash(laptop, Duration::from_millis(10));
    world.run_for(Duration::from_secs(5));
    assert_eq!(undo(&mut world, laptop).id, other.id);
    assert_eq!(undo(&mut world, laptop).id, session.id);
    assert_eq!(shown(&mut world, laptop, &session).after.unwrap().value(), 45);
}

#[test]
fn what_no_longer_stands_is_passed_over_and_told_and_undo_goes_on() {
    let mut passed_over = 0;
    for seed in 40..48 {
        let (mut world, laptop, desktop, session) = two_apart(seed, None);
        edit(&mut world, laptop, &session, felt(50));
        world.run_for(Duration::from_secs(60));
        edit(&mut world, desktop, &session, felt(60));
        together(&mut world, laptop, desktop);
        edit(&mut world, desktop, &session, felt(70));
        together(&mut world, laptop, desktop);
        loop {
            let undone = undo(&mut world, laptop);
            for passed in &undone.passed_over {
                assert_eq!((passed.what.as_str(), passed.id), ("edit", session.id), "seed {seed}");
            }
            passed_over += undone.passed_over.len();
            if undone.what == "log" {
                break;
            }
        }
        let left = shown(&mut world, laptop, &session);
        assert_eq!((left.deleted, left.after.unwrap().value()), (true, 45), "seed {seed}");
    }
    assert!(passed_over > 0, "in none of these worlds the later of the two does not show");
}

#[test]
fn a_wish_is_taken_back_put_again_told_by_history_and_kept_where_two_were_said_apart() {
    let (mut world, laptop, desktop, _) = two_apart(60, None);
    let wish = |world: &mut World, device, words: Option<&str>| {
        let Reply::Wish(wish) = world.must(device, Request::Wish { wish: words.map(str::to_owned) }) else { panic!() };
        wish
    };
    wish(&mut world, laptop, Some("less rain"));
    wish(&mut world, laptop, Some("more sleep"));
    let undone = undo(&mut world, laptop);
    assert_eq!((undone.what.as_str(), undone.short.as_str()), ("wish", "wish"));
    assert_eq!(wish(&mut world, laptop, None).wish.as_deref(), Some("less rain"));
    world.must(laptop, Request::Redo);
    wish(&mut world, desktop, Some("a quiet evening"));
    together(&mut world, laptop, desktop);
    for device in [laptop, desktop] {
        let shown = wish(&mut world, device, None);
        let both: Vec<_> = [json!(shown.wish)].into_iter().chain(shown.conflicts[0].others.clone()).collect();
        assert!(both.contains(&json!("more sleep")) && both.contains(&json!("a quiet evening")), "{both:?}");
        let told = said(&history(&mut world, device, "wish"), "wish");
        for words in ["less rain", "more sleep", "a quiet evening"] {
            assert!(told.iter().any(|(one, _)| *one == json!(words)), "{told:?}");
        }
    }
}

#[test]
fn what_was_put_back_is_the_last_that_was_done() {
    let mut world = World::new(50);
    let [laptop] = family(&mut world, 1)[..] else { panic!() };
    let session = log(&mut world, laptop, after(45));
    edit(&mut world, laptop, &session, felt(50));
    undo(&mut world, laptop);
    edit(&mut world, laptop, &session, SessionFields { where_felt: Some("chest".into()), ..Default::default() });
    world.must(laptop, Request::Redo);
    assert_eq!(shown(&mut world, laptop, &session).after.unwrap().value(), 50);
    undo(&mut world, laptop);
    let left = shown(&mut world, laptop, &session);
    assert_eq!((left.after.unwrap().value(), left.where_felt.as_deref()), (45, Some("chest")));
    undo(&mut world, laptop);
    assert_eq!(shown(&mut world, laptop, &session).where_felt, None);
}

#[test]
fn undo_of_an_edit_on_top_of_what_was_merged_shows_the_merged_text_and_so_does_redo() {
    for seed in 70..74 {
        let (mut world, laptop, desktop, session) = two_apart(seed, Some("I cried a bit. Then I ate."));
        edit(&mut world, laptop, &session, noted("I cried a lot. Then I ate."));
        edit(&mut world, desktop, &session, noted("I cried a bit. Then I ate soup."));
        together(&mut world, laptop, desktop);
        let merged = "I cried a lot. Then I ate soup.";
        // Taken back and put again, both are in it as before.
        undo(&mut world, laptop);
        assert_ne!(shown(&mut world, laptop, &session).note.as_deref(), Some(merged), "seed {seed}");
        world.must(laptop, Request::Redo);
        assert_eq!(shown(&mut world, laptop, &session).note.as_deref(), Some(merged), "seed {seed}");
        edit(&mut world, laptop, &session, noted("I cried a lot. Then I ate soup. Good soup."));
        undo(&mut world, laptop);
        assert_eq!(shown(&mut world, laptop, &session).note.as_deref(), Some(merged), "seed {seed}");
        // And then each of the two, without the other.
        let mut notes = Vec::new();
        for _ in 0..2 {
            assert_eq!(undo(&mut world, laptop).what, "edit", "seed {seed}");
            notes.push(shown(&mut world, laptop, &session).note.unwrap());
        }
        assert!(["I cried a lot. Then I ate.", "I cried a bit. Then I ate soup."].contains(&notes[0].as_str()), "seed {seed}: {notes:?}");
        assert_eq!(notes[1], "I cried a bit. Then I ate.", "seed {seed}");
    }
}

#[test]
fn of_three_values_written_apart_one_is_taken_back_after_the_other_and_the_record_stays() {
    for seed in 80..84 {
        let mut world = World::new(seed);
        let devices = family(&mut world, 3);
        let session = log(&mut world, devices[0], after(45));
        let meet = |world: &mut World| {
            world.heal();
            world.run_for(Duration::from_secs(60));
            devices.iter().for_each(|device| drop(world.must(*device, Request::Sync { wait_ms: Some(60_000) })));
        };
        meet(&mut world);
        for pair in [(0, 1), (0, 2), (1, 2)] {
            world.cut(devices[pair.0], devices[pair.1]);
        }
        for (device, value) in devices.iter().zip([50, 60, 70]) {
            edit(&mut world, *device, &session, felt(value));
            world.run_for(Duration::from_secs(10));
        }
        meet(&mut world);
        while shown(&mut world, devices[0], &session).after.unwrap().value() != 45 {
            assert_eq!(undo(&mut world, devices[0]).what, "edit", "seed {seed}");
            assert!(!shown(&mut world, devices[0], &session).deleted, "seed {seed}");
        }
    }
}

#[test]
fn a_rating_that_one_device_took_back_and_another_put_back_is_there() {
    for seed in 90..96 {
        let (mut world, laptop, desktop, _) = two_apart(seed, None);
        world.heal();
        let statement = "I deserve kindness".into();
        let (role, visibility) = (BeliefRole::New, Visibility::Inherit);
        let add = BeliefAsk::Add(NewBelief { statement, role, block: None, head: None, heart: None, visibility });
        let Reply::Belief(belief) = world.must(laptop, Request::Belief(add)) else { panic!() };
        let rate = BeliefAsk::Rate { belief: belief.id.to_string(), head: None, heart: Some(44.try_into().unwrap()), context: None };
        world.must(laptop, Request::Belief(rate));
        together(&mut world, laptop, desktop);
        world.cut(laptop, desktop);
        undo(&mut world, laptop);
        undo(&mut world, desktop);
        world.must(desktop, Request::Redo);
        together(&mut world, laptop, desktop);
        for device in [laptop, desktop] {
            let Reply::Belief(belief) = world.must(device, Request::Show { id: belief.id.to_string() }) else { panic!() };
            assert_eq!(belief.value.ratings.len(), 1, "seed {seed}");
        }
    }
}

#[test]
fn a_choice_between_two_texts_is_taken_back_to_the_other_and_both_are_in_history() {
    for seed in 100..104 {
        let (mut world, laptop, desktop, session) = two_apart(seed, Some("begun"));
        edit(&mut world, laptop, &session, noted("one thing"));
        edit(&mut world, desktop, &session, noted("quite another"));
        together(&mut world, laptop, desktop);
        let chosen = shown(&mut world, laptop, &session).note.unwrap();
        edit(&mut world, laptop, &session, noted(&chosen));
        undo(&mut world, laptop);
        let other = shown(&mut world, laptop, &session).note.unwrap();
        assert!(other != chosen && other != "begun", "seed {seed}: {other}");
        world.must(laptop, Request::Redo);
        assert_eq!(shown(&mut world, laptop, &session).note, Some(chosen), "seed {seed}");
    }
}
