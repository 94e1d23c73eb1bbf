//! What an old copy learns from what a helper holds: terms, ends, and what was taken back by more changes than it knows.

use asif_proto::local::{GrantChange, Request};
use asif_proto::record::{ClearField, SessionFields, Visibility};
use asif_proto::share::Scope;

use super::super::{HOUR, change, hold, is_held, noted, pause};
use super::{SOON, go_on, grant, purpose, robin_alone};
use crate::shared::{after, edit, log};
use crate::world::World;

#[test]
fn an_old_copy_that_is_put_back_shows_nothing_that_was_taken_back_since() {
    let (mut world, laptop, dana) = robin_alone(false);
    let all: Vec<_> = (0..3).map(|n| log(&mut world, laptop, noted(50 + n, &format!("words {n}")))).collect();
    world.run_for(SOON);
    assert!((0..3).all(|n| is_held(&world, dana, &format!("words {n}"))));
    world.stop(laptop);
    let old = world.nodes[laptop].disk.copy();
    world.start(laptop);
    edit(&mut world, laptop, &all[0], SessionFields { visibility: Some(Visibility::Private), ..Default::default() });
    hold(&mut world, laptop, &all[1], None, false);
    world.must(laptop, Request::Delete { id: all[2].id.to_string() });
    world.run_for(HOUR);
    let shows_any = |world: &World| (0..3).any(|n| is_held(world, dana, &format!("words {n}")));
    assert!(!shows_any(&world));
    world.put_back(laptop, old);
    world.run_for(HOUR);
    go_on(&mut world, laptop, "Dana");
    for _ in 0..3 {
        change(&mut world, laptop, purpose("one"));
        pause(&mut world, laptop, true);
        change(&mut world, laptop, purpose("two"));
        pause(&mut world, laptop, false);
        world.run_for(HOUR);
        assert!(!shows_any(&world));
    }
    log(&mut world, laptop, noted(60, "new words"));
    world.run_for(SOON);
    assert!(is_held(&world, dana, "new words"));
    // Whoever says who may see it, often enough to know as much as was known, is heard.
    for _ in 0..3 {
        for visibility in [Visibility::Private, Visibility::Inherit] {
            edit(&mut world, laptop, &all[0], SessionFields { visibility: Some(visibility), ..Default::default() });
        }
    }
    world.run_for(SOON);
    assert!(is_held(&world, dana, "words 0") && !is_held(&world, dana, "words 1"));
}

#[test]
fn an_old_copy_that_is_put_back_takes_over_the_terms_that_its_helper_holds() {
    let (mut world, laptop, dana) = robin_alone(false);
    log(&mut world, laptop, noted(50, "in scope"));
    world.run_for(SOON);
    world.stop(laptop);
    let old = world.nodes[laptop].disk.copy();
    world.start(laptop);
    change(&mut world, laptop, GrantChange { delay_s: Some(60), ..GrantChange::default() });
    change(&mut world, laptop, GrantChange { remove: vec![Scope::Notes], ..GrantChange::default() });
    world.run_for(HOUR);
    assert!(!is_held(&world, dana, "in scope"));
    world.put_back(laptop, old);
    log(&mut world, laptop, noted(61, "out of scope"));
    world.run_for(HOUR);
    go_on(&mut world, laptop, "Dana");
    world.run_for(HOUR);
    let there = grant(&mut world, laptop);
    assert_eq!((there.scopes, there.delay_s), (vec![Scope::Ratings], 60));
    let shown = crate::shared::held(&world, dana);
    let words = |words: &str| shown.iter().any(|item| item.contains(words));
    assert!(!words("in scope") && !words("out of scope") && words("\"after\":61"), "{shown:?}");
    change(&mut world, laptop, GrantChange { add: vec![Scope::Notes], ..GrantChange::default() });
    world.run_for(HOUR);
    assert!(is_held(&world, dana, "out of scope"), "what the person says now counts");
}

#[test]
fn an_old_copy_that_is_put_back_shows_nothing_that_was_taken_out_since() {
    for written in [0, 9] {
        let (mut world, laptop, dana) = robin_alone(false);
        let told = log(&mut world, laptop, noted(50, "too much told"));
        world.run_for(SOON);
        world.stop(laptop);
        let old = world.nodes[laptop].disk.copy();
        world.start(laptop);
        let (id, fields, clear) = (told.id.to_string(), Box::default(), vec![ClearField::Note]);
        world.must(laptop, Request::Edit { id, fields, clear, base: None });
        world.run_for(HOUR);
        world.cut(laptop, dana);
        world.put_back(laptop, old);
        (0..written).for_each(|n| drop(log(&mut world, laptop, after(60 + n))));
        world.heal();
        world.run_for(HOUR);
        go_on(&mut world, laptop, "Dana");
        for paused in [true, false] {
            change(&mut world, laptop, GrantChange { purpose: Some(format!("{paused}")), ..GrantChange::default() });
            pause(&mut world, laptop, paused);
            world.run_for(HOUR);
            assert!(!is_held(&world, dana, "too much told"), "{written}");
        }
        log(&mut world, laptop, after(90));
        world.run_for(HOUR);
        assert!(is_held(&world, dana, "\"after\":90"), "{written}");
        world.must(laptop, Request::Sync { wait_ms: Some(60_000) });
    }
}

#[test]
fn an_old_copy_that_is_put_back_says_that_a_share_has_ended() {
    let (mut world, laptop, _) = robin_alone(false);
    log(&mut world, laptop, after(50));
    world.run_for(SOON);
    world.stop(laptop);
    let old = world.nodes[laptop].disk.copy();
    world.start(laptop);
    world.must(laptop, Request::ShareRevoke { name: "Dana".into() });
    world.run_for(HOUR);
    let ended = grant(&mut world, laptop);
    assert!(ended.ended.is_some() && ended.deletions.iter().any(|one| one.items.is_some()), "{ended:?}");
    world.put_back(laptop, old);
    world.run_for(SOON);
    let told = grant(&mut world, laptop);
    assert!(told.ended.is_some(), "{told:?}");
    world.run_for(HOUR);
    assert_eq!(grant(&mut world, laptop).deletions, ended.deletions);
}
