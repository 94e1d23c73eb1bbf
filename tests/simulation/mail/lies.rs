//! A mailbox that lies. Nothing that it says makes a device take what nobody wrote or lose what somebody did; and devices that also meet go on without it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use asif_daemon::Rng;
use asif_proto::id::QueueId;
use asif_proto::local::Request;
use asif_proto::peer::{Message, QueueOpen, QueueState, Sealed};
use rand_core::{Rng as _, SeedableRng};

use super::{apart, uses};
use crate::seeds;
use crate::story::{self, Story};
use crate::world::mailboxes::Lie;
use crate::world::{Weather, World};

/// What a mailbox does with what it would say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// Some of it is never said.
    Withholds,
    /// What was said before is said again.
    Replays,
    /// What comes later is said first.
    Reorders,
    /// A letter of an entry is another.
    Flips,
    /// What lies in one queue is said of another.
    Mixes,
    /// Entries are said to be stubs.
    Blanks,
    /// Only the beginning of a run is said, or nothing of it.
    Cuts,
    /// Queues that are open are said to be closed.
    Closes,
}

const ALL: [How; 8] = [How::Withholds, How::Replays, How::Reorders, How::Flips, How::Mixes, How::Blanks, How::Cuts, How::Closes];

/// A mailbox that does so with some of what it says, as chance has it; and how often it did.
fn liar(how: How, seed: u64) -> (Rc<Cell<u32>>, Lie) {
    let lied = Rc::new(Cell::new(0));
    let count = Rc::clone(&lied);
    let mut rng = Rng::seed_from_u64(seed);
    let mut said: Vec<Message> = Vec::new();
    let mut held: Vec<Message> = Vec::new();
    let lie = move |message: Message| {
        if let (How::Closes, Message::QueueOpen(open)) = (how, &message) {
            count.set(count.get() + 1);
            return vec![Message::QueueOpen(QueueOpen { state: QueueState::Closed, ..*open })];
        }
        if how == How::Closes || !matches!(message, Message::Within(..)) {
            return vec![message];
        }
        said.push(message.clone());
        if rng.next_u32().is_multiple_of(3) {
            return vec![message];
        }
        let other = said[rng.next_u32() as usize % said.len()].clone();
        let truth = vec![message.clone()];
        let told = match how {
            How::Withholds => vec![],
            How::Replays => vec![message, other],
            How::Reorders => {
                held.push(message);
                if held.len() < 3 { vec![] } else { held.drain(..).rev().collect() }
            }
            How::Flips | How::Blanks | How::Cuts => vec![spoilt(how, message, &mut rng)],
            How::Mixes => {
                let (Message::Within(queue, inner), Message::Within(other, _)) = (message, other) else { unreachable!() };
                let elsewhere = if other == queue { QueueId([9; 32]) } else { other };
                vec![Message::Within(elsewhere, inner)]
            }
            How::Closes => truth.clone(),
        };
        count.set(count.get() + u32::from(told != truth));
        told
    };
    (lied, Box::new(lie))
}

fn spoilt(how: How, message: Message, rng: &mut Rng) -> Message {
    let Message::Within(queue, inner) = message else { return message };
    let Message::Entries(mut run) = *inner else { return Message::Within(queue, inner) };
    let keep = run.entries.len() / 2;
    let at = rng.next_u32() as usize % run.entries.len();
    match (how, &mut run.entries[at]) {
        (How::Cuts, _) => run.entries.truncate(keep),
        (How::Flips, Sealed::Entry(bytes)) => {
            let at = rng.next_u32() as usize % bytes.0.len();
            bytes.0[at] ^= 1;
        }
        (How::Blanks, one) => {
            if let Ok(wire) = asif_daemon::seal::wire::Wire::try_from(one.clone()) {
                *one = Sealed::Stub(asif_proto::peer::Blob(wire.to_stub().bytes().to_vec()));
            }
        }
        _ => {}
    }
    Message::Within(queue, Box::new(Message::Entries(run)))
}

/// Two devices that use a mailbox, which has all that they have.
fn family_with_a_mailbox(seed: u64) -> (World, Vec<usize>, usize) {
    let mut world = World::new(seed);
    let devices = story::family(&mut world, 2);
    let mailbox = world.mailbox();
    uses(&mut world, devices[0], &[mailbox]);
    world.run_for(Duration::from_secs(60));
    (world, devices, mailbox)
}

/// Everybody has to come anew, and is lied to; how often.
fn lies_from_now_on(world: &mut World, mailbox: usize, how: How, seed: u64) -> Rc<Cell<u32>> {
    let (lied, lie) = liar(how, seed);
    world.kill_mailbox(mailbox);
    world.mailbox_mut(mailbox).lies = Some(lie);
    world.start_mailbox(mailbox);
    lied
}

#[test]
fn whatever_a_mailbox_says_devices_that_also_meet_end_with_one_journal() {
    for how in ALL {
        let mut lies = 0;
        for seed in seeds(3) {
            let (mut world, devices, mailbox) = family_with_a_mailbox(seed);
            let mut story = Story::new(&devices);
            let lied = lies_from_now_on(&mut world, mailbox, how, seed);
            world.weather = Weather::STORM;
            for _ in 0..24 {
                story.something_happens(&mut world);
            }
            world.heal();
            for device in &devices {
                world.nodes[*device].disk.heal();
                world.start(*device);
            }
            world.run_for(Duration::from_secs(300));
            println!("seed {seed}, a mailbox that {how:?}, {} times", lied.get());
            lies += lied.get();
            story.check(&mut world);
        }
        assert!(lies >= 3, "a mailbox that {how:?}: {lies} times");
    }
}

#[test]
fn once_a_mailbox_stops_lying_devices_that_never_meet_have_lost_nothing() {
    for how in ALL {
        let mut lies = 0;
        for seed in seeds(3) {
            let (mut world, devices, mailbox) = family_with_a_mailbox(seed);
            let mut story = Story::new(&devices);
            apart(&mut world, &devices);
            let lied = lies_from_now_on(&mut world, mailbox, how, seed);
            for round in 0..8 {
                story.log(&mut world, devices[round % 2]);
                world.run_for(Duration::from_secs(20));
            }
            if how == How::Closes {
                let told = world.ask(devices[0], Request::Sync { wait_ms: Some(5_000) });
                assert!(matches!(told, Some(Err(_))), "it says that the mailbox has it: {told:?}");
            }
            world.mailbox_mut(mailbox).lies = None;
            world.kill_mailbox(mailbox);
            world.start_mailbox(mailbox);
            world.run_for(Duration::from_secs(600));
            println!("seed {seed}, a mailbox that {how:?}, {} times", lied.get());
            lies += lied.get();
            for device in devices.repeat(2) {
                world.must(device, Request::Sync { wait_ms: Some(60_000) });
            }
            story.check(&mut world);
        }
        assert!(lies >= 3, "a mailbox that {how:?}: {lies} times");
    }
}

#[test]
fn what_a_mailbox_forgot_that_was_put_back_is_brought_again() {
    for seed in seeds(4) {
        let (mut world, devices, mailbox) = family_with_a_mailbox(seed);
        let mut story = Story::new(&devices);
        story.log(&mut world, devices[0]);
        world.run_for(Duration::from_secs(60));
        apart(&mut world, &devices);
        let before: BTreeMap<String, Vec<u8>> = world.mailbox_at(mailbox).objects.borrow().clone();
        world.stop(devices[1]);
        for _ in 0..5 {
            story.log(&mut world, devices[0]);
        }
        world.must(devices[0], Request::Sync { wait_ms: Some(60_000) });
        world.kill_mailbox(mailbox);
        *world.mailbox_at(mailbox).objects.borrow_mut() = before;
        world.start_mailbox(mailbox);
        world.run_for(Duration::from_secs(120));
        world.must(devices[0], Request::Sync { wait_ms: Some(60_000) });
        world.stop(devices[0]);
        world.start(devices[1]);
        world.run_for(Duration::from_secs(60));
        world.start(devices[0]);
        world.run_for(Duration::from_secs(60));
        story.check(&mut world);
    }
}
