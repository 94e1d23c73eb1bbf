//! An old copy beside other own devices, or beside its original.

use std::time::Duration;

use asif_proto::local::{GrantChange, Request};
use asif_proto::share::Scope;

use super::super::{HOUR, change, hold, is_held, noted, pause};
use super::{SOON, copy_of, go_on, grant, private, robin_and_dana, waits};
use crate::shared::{after, log};

#[test]
fn what_no_other_own_device_knows_does_not_leave_an_old_copy_stuck() {
    for marked in [true, false] {
        let (mut world, devices, dana) = robin_and_dana(5, marked, 2);
        let (laptop, phone) = (devices[0], devices[1]);
        let told = log(&mut world, laptop, noted(50, "too much told"));
        world.run_for(HOUR);
        let old = copy_of(&mut world, laptop);
        world.run_for(HOUR);
        world.stop(phone);
        change(&mut world, laptop, GrantChange { remove: vec![Scope::Notes], ..GrantChange::default() });
        private(&mut world, laptop, &told);
        world.run_for(HOUR);
        assert!(!is_held(&world, dana, "\"after\":50"));
        world.put_back(laptop, old);
        world.start(phone);
        world.run_for(HOUR);
        assert!(waits(&mut world, laptop), "marked: {marked}");
        assert!(!is_held(&world, dana, "too much told"), "marked: {marked}");
        go_on(&mut world, laptop, "Dana");
        log(&mut world, laptop, after(60));
        log(&mut world, phone, after(61));
        world.run_for(HOUR);
        assert!(is_held(&world, dana, "\"after\":60") && is_held(&world, dana, "\"after\":61"), "marked: {marked}");
        for device in devices {
            assert!(grant(&mut world, device).waiting.is_none(), "marked: {marked}");
            world.must(device, Request::Sync { wait_ms: Some(60_000) });
        }
    }
}

#[test]
fn no_other_own_device_shows_what_an_old_copy_forgot() {
    for lost in 0..6 {
        let (mut world, devices, dana) = robin_and_dana(5, true, 2);
        let (laptop, phone) = (devices[0], devices[1]);
        devices.iter().for_each(|device| world.cut(*device, dana));
        let told = log(&mut world, laptop, noted(50, "too much told"));
        world.run_for(HOUR);
        world.stop(phone);
        let old = copy_of(&mut world, laptop);
        match lost {
            0 => private(&mut world, laptop, &told),
            1 => drop(world.must(laptop, Request::Delete { id: told.id.to_string() })),
            2 => drop(hold(&mut world, laptop, &told, None, false)),
            3 => pause(&mut world, laptop, true),
            4 => drop(change(&mut world, laptop, GrantChange { remove: vec![Scope::Notes], ..GrantChange::default() })),
            _ => drop(world.must(laptop, Request::ShareRevoke { name: "Dana".into() })),
        }
        world.put_back(laptop, old);
        log(&mut world, laptop, noted(60, "written in the copy"));
        world.start(phone);
        world.run_for(HOUR);
        log(&mut world, phone, noted(61, "written beside it"));
        world.heal();
        world.run_for(HOUR);
        for words in ["too much told", "written in the copy", "written beside it"] {
            assert!(!is_held(&world, dana, words), "{lost}: {words}");
        }
        assert!(waits(&mut world, laptop) && waits(&mut world, phone), "{lost}");
        // On either of them.
        go_on(&mut world, phone, "Dana");
        world.run_for(HOUR);
        for words in ["too much told", "written in the copy", "written beside it"] {
            assert!(is_held(&world, dana, words), "{lost}: {words}");
        }
        assert!(!waits(&mut world, laptop) && !waits(&mut world, phone), "{lost}");
        // What was gone on with is not asked for again by a start.
        world.crash(laptop, Duration::from_secs(1));
        world.run_for(HOUR);
        assert!(!waits(&mut world, laptop), "{lost}");
    }
}

#[test]
fn a_copy_that_runs_beside_its_original_or_is_put_back_leaves_nobody_stuck() {
    for (seed, marked) in crate::seeds(8).flat_map(|seed| [(seed, true), (seed, false)]) {
        let (mut world, devices, dana) = robin_and_dana(seed, marked, 1);
        let laptop = devices[0];
        log(&mut world, laptop, noted(50, "before"));
        world.run_for(SOON);
        world.stop(laptop);
        let old = world.nodes[laptop].disk.copy();
        let twin = (seed % 2 == 0).then(|| world.copy(laptop, "twin"));
        world.start(laptop);
        if let Some(twin) = twin.filter(|_| marked && seed % 4 == 0) {
            go_on(&mut world, twin, "Dana");
        }
        for n in 0..3 {
            log(&mut world, laptop, after(60 + n));
            if let Some(twin) = twin {
                log(&mut world, twin, after(70 + n));
            }
        }
        world.run_for(HOUR);
        match twin {
            Some(twin) => world.stop(twin),
            None => world.put_back(laptop, old),
        }
        let count = world.below(12);
        (0..count).for_each(|_| drop(log(&mut world, laptop, after(80))));
        world.run_for(HOUR);
        world.crash(laptop, Duration::from_secs(1));
        world.run_for(HOUR);
        log(&mut world, laptop, after(90));
        world.run_for(HOUR);
        if waits(&mut world, laptop) {
            assert!(!is_held(&world, dana, "\"after\":90"), "seed {seed}, marked: {marked}");
            go_on(&mut world, laptop, "Dana");
            world.run_for(HOUR);
        }
        assert!(is_held(&world, dana, "\"after\":90"), "seed {seed}, marked: {marked}");
        world.must(laptop, Request::Sync { wait_ms: Some(60_000) });
    }
}

/// Robin's two devices and Dana, whom neither reaches; what the phone has of it, the laptop then made private.
fn apart(marked: bool) -> (crate::world::World, usize, usize, usize) {
    let (mut world, devices, dana) = robin_and_dana(5, marked, 2);
    devices.iter().for_each(|device| world.cut(*device, dana));
    (world, devices[0], devices[1], dana)
}

#[test]
fn a_copy_that_was_made_while_it_waited_waits_again_though_the_person_has_gone_on() {
    let (mut world, laptop, phone, dana) = apart(true);
    let told = log(&mut world, laptop, noted(50, "too much told"));
    world.run_for(HOUR);
    let old = copy_of(&mut world, laptop);
    log(&mut world, laptop, after(51));
    world.put_back(laptop, old);
    world.run_for(HOUR);
    let waiting = copy_of(&mut world, laptop);
    world.run_for(HOUR);
    go_on(&mut world, phone, "Dana");
    world.run_for(HOUR);
    assert!(!waits(&mut world, laptop) && !waits(&mut world, phone));
    world.stop(phone);
    private(&mut world, laptop, &told);
    world.put_back(laptop, waiting);
    world.start(phone);
    world.run_for(HOUR);
    assert!(waits(&mut world, laptop) && waits(&mut world, phone));
    world.heal();
    world.run_for(HOUR);
    assert!(!is_held(&world, dana, "too much told"));
}

#[test]
fn a_look_from_before_an_old_copy_was_put_back_does_not_count() {
    let (mut world, laptop, phone, dana) = apart(true);
    let told = log(&mut world, laptop, noted(50, "too much told"));
    world.run_for(HOUR);
    for (at, seen) in [(0, true), (1, false)] {
        let old = world.nodes[laptop].disk.copy();
        if at == 1 {
            world.cut(laptop, phone);
            private(&mut world, laptop, &told);
        } else {
            log(&mut world, laptop, after(51));
        }
        world.put_back(laptop, old);
        world.heal();
        [laptop, phone].iter().for_each(|device| world.cut(*device, dana));
        world.run_for(HOUR);
        if seen {
            super::preview(&mut world, phone, "Dana");
        }
    }
    let resume = Request::Share(asif_proto::local::ShareAsk::Pause { name: "Dana".into(), paused: false });
    assert!(world.ask(phone, resume).unwrap().is_err());
    world.heal();
    world.run_for(HOUR);
    assert!(!is_held(&world, dana, "too much told"));
}

#[test]
fn a_share_that_an_old_copy_does_not_know_waits_too() {
    let (mut world, laptop, phone, _) = apart(true);
    let told = log(&mut world, laptop, noted(50, "too much told"));
    world.run_for(HOUR);
    let old = copy_of(&mut world, laptop);
    let eve = super::join(&mut world, laptop, "Eve");
    world.run_for(SOON);
    assert!(is_held(&world, eve, "too much told"));
    world.run_for(HOUR);
    world.stop(phone);
    private(&mut world, laptop, &told);
    let more = log(&mut world, laptop, noted(52, "and more"));
    private(&mut world, laptop, &more);
    world.run_for(HOUR);
    [laptop, phone].iter().for_each(|device| world.cut(*device, eve));
    world.put_back(laptop, old);
    log(&mut world, laptop, noted(60, "afterwards"));
    world.start(phone);
    world.run_for(HOUR);
    world.heal();
    world.run_for(HOUR);
    for words in ["too much told", "and more", "afterwards"] {
        assert!(!is_held(&world, eve, words), "{words}");
    }
    go_on(&mut world, laptop, "Eve");
    world.run_for(HOUR);
    assert!(is_held(&world, eve, "afterwards"));
}

#[test]
fn an_invitation_that_stood_when_a_copy_was_made_shows_nothing_before_the_person_has_looked() {
    for used in [false, true] {
        let (mut world, laptop, _) = super::robin_alone(true);
        let told = log(&mut world, laptop, noted(50, "too much told"));
        let scopes = vec![Scope::Ratings, Scope::Notes];
        let invite = asif_proto::local::Invite { name: "Eve".into(), scopes, delay_s: 0, until: None, ..crate::story::invitation() };
        let ticket = world.ticket(laptop, Request::ShareInvite { invite, yes: true, no_wait: true });
        let old = copy_of(&mut world, laptop);
        let eve = world.add("eve");
        let join = Request::HelperJoin { ticket, name: Some("Eve".into()), at: None };
        if used {
            world.must(eve, join.clone());
            world.run_for(SOON);
        }
        private(&mut world, laptop, &told);
        world.run_for(SOON);
        world.put_back(laptop, old);
        world.run_for(SOON);
        drop(world.ask(eve, join));
        world.run_for(HOUR);
        assert!(!is_held(&world, eve, "too much told"), "used: {used}");
        go_on(&mut world, laptop, "Eve");
        log(&mut world, laptop, noted(60, "afterwards"));
        world.run_for(HOUR);
        assert!(is_held(&world, eve, "afterwards"), "used: {used}");
    }
}

#[test]
fn terms_that_an_old_copy_gave_and_forgot_leave_it_waiting_also_where_an_own_device_tells_of_them() {
    let (mut world, devices, dana) = robin_and_dana(5, false, 2);
    let (laptop, phone) = (devices[0], devices[1]);
    log(&mut world, laptop, after(50));
    world.run_for(HOUR);
    world.cut(laptop, phone);
    let old = world.nodes[laptop].disk.copy();
    change(&mut world, laptop, GrantChange { add: vec![Scope::Beliefs], ..GrantChange::default() });
    world.run_for(SOON);
    world.cut(laptop, dana);
    world.put_back(laptop, old);
    world.heal();
    world.cut(laptop, dana);
    world.run_for(HOUR);
    world.heal();
    world.run_for(HOUR);
    assert!(waits(&mut world, laptop) && waits(&mut world, phone));
    go_on(&mut world, phone, "Dana");
    log(&mut world, laptop, after(60));
    log(&mut world, phone, after(61));
    world.run_for(HOUR);
    assert!(is_held(&world, dana, "\"after\":60") && is_held(&world, dana, "\"after\":61"));
}
