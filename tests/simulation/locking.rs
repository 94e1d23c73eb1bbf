//! A journal with a passphrase on it. Properties:
//!
//! 1. It locks by itself when nothing was asked for long enough, and not before; whatever is locked is there when it is opened.
//! 2. Locked, it lets nobody in, and nothing that it holds is asked for in vain for ever: the others go on, and it catches up.
//! 3. Wherever the power goes while the passphrase is set or taken off, the journal opens: with it, or without.

use std::time::Duration;

use asif_daemon::store::Fault;
use asif_proto::local::{ErrorKind, ListFilter, LockAsk, Request};
use asif_proto::secret::Secret;

use crate::apart::noted;
use crate::shared::{log, notes};
use crate::story;
use crate::world::World;

fn passphrase() -> Secret {
    Secret::new("correct horse".into())
}

fn set() -> Request {
    Request::Lock(LockAsk::Passphrase { old: None, new: Some(passphrase()) })
}

fn is_locked(world: &mut World, node: usize) -> bool {
    matches!(world.ask(node, Request::List(ListFilter::default())), Some(Err(failure)) if failure.kind == ErrorKind::Locked)
}

#[test]
fn a_journal_locks_by_itself_when_nothing_was_asked_for_long_enough_and_catches_up_when_it_is_opened() {
    let mut world = World::keeping_entries(1);
    let devices = story::family(&mut world, 2);
    let [laptop, desktop] = devices[..] else { panic!() };
    world.nodes[laptop].lock_after = Some(Duration::from_secs(900));
    world.stop(laptop);
    world.start(laptop);
    world.must(laptop, set());
    log(&mut world, laptop, noted("a"));
    for _ in 0..4 {
        world.run_for(Duration::from_secs(800));
        assert_eq!(notes(&mut world, laptop), ["a"]);
    }
    assert_eq!(world.nodes[laptop].locks, 0);
    world.run_for(Duration::from_secs(1000));
    assert_eq!(world.nodes[laptop].locks, 1);
    assert!(is_locked(&mut world, laptop) && !world.is_linked(laptop, desktop));
    log(&mut world, desktop, noted("b"));
    world.run_for(Duration::from_secs(5000));
    assert_eq!(world.nodes[laptop].locks, 1, "it is locked once");
    let wrong = Request::Lock(LockAsk::Unlock { passphrase: Secret::new("correct hors".into()) });
    assert!(matches!(world.ask(laptop, wrong), Some(Err(failure)) if failure.kind == ErrorKind::Locked));
    world.must(laptop, Request::Lock(LockAsk::Unlock { passphrase: passphrase() }));
    world.run_for(Duration::from_secs(600));
    assert_eq!((notes(&mut world, laptop), notes(&mut world, desktop)), (vec!["a".into(), "b".into()], vec!["a".into(), "b".into()]));
    // Also after a start it is locked, and a passphrase that is taken off locks nothing.
    world.stop(laptop);
    world.start(laptop);
    assert!(is_locked(&mut world, laptop));
    world.must(laptop, Request::Lock(LockAsk::Unlock { passphrase: passphrase() }));
    world.must(laptop, Request::Lock(LockAsk::Passphrase { old: Some(passphrase()), new: None }));
    world.run_for(Duration::from_secs(5000));
    assert_eq!(notes(&mut world, laptop), ["a", "b"]);
}

#[test]
fn wherever_the_power_goes_while_a_passphrase_is_set_or_taken_off_the_journal_opens() {
    for at in 0..14 {
        let mut world = World::keeping_entries(2);
        let laptop = story::family(&mut world, 1)[0];
        log(&mut world, laptop, noted("a"));
        let steps = [set(), Request::Lock(LockAsk::Passphrase { old: Some(passphrase()), new: None })];
        for (number, step) in steps.into_iter().enumerate() {
            let disk = world.nodes[laptop].disk.clone();
            let last = disk.calls() + at;
            disk.plan(move |call| (call.number >= last).then_some(Fault::PowerOff));
            let is_said = matches!(world.ask(laptop, step.clone()), Some(Ok(_)));
            disk.heal();
            world.stop(laptop);
            world.start(laptop);
            let locked = is_locked(&mut world, laptop);
            assert!(!is_said || locked == (number == 0), "at {at}: it was said, and is not so");
            if locked {
                world.must(laptop, Request::Lock(LockAsk::Unlock { passphrase: passphrase() }));
            }
            assert_eq!(notes(&mut world, laptop), ["a"], "at {at}");
            if !is_said && locked == (number != 0) {
                world.must(laptop, step);
            }
        }
    }
}
