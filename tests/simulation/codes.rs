//! Codes that are read aloud. Properties:
//!
//! 1. Who is told a code joins with it, knowing no address, where the local network reaches the giver; and with an address where it does not.
//! 2. Of a code there is one guess. Who guesses wrong learns nothing, the code is used up, the giver hears so, and the ticket stays good.
//! 3. Three wrong ones lock codes for ten minutes, and tickets not.
//! 4. However often somebody guesses, nobody is let in who does not know the code.
//! 5. A home that holds a journal does not become another person's by a code, and loses nothing.

use std::time::Duration;

use asif_daemon::Rng;
use asif_daemon::people::pairing::exchange::{Asking, Ends};
use asif_daemon::replica::effect::{ClientId, Exporter, Input, LinkId};
use asif_proto::code::Code;
use asif_proto::id::LinkKey;
use asif_proto::local::{CodeEnd, ErrorKind, Event, Failure, Reply, Request};
use asif_proto::peer::{ByCode, Message};
use asif_proto::ticket::TicketRole;
use rand_core::{Rng as _, SeedableRng};

use crate::node::Wish;
use crate::story;
use crate::world::World;

/// Somebody who sits at this machine invites, and waits.
fn invites(world: &mut World, node: usize) -> ClientId {
    let client = world.begin(node, Request::DevicePair { yes: false, no_wait: false });
    world.run_for(Duration::from_secs(1));
    client
}

/// With the address of the giver, where that is named.
fn joins(world: &mut World, node: usize, code: &str, at: Option<usize>) -> Result<Reply, Failure> {
    let at = at.map(|giver| world.nodes[giver].address.to_string());
    world.ask(node, Request::DeviceJoin { ticket: code.to_owned(), name: None, at }).unwrap()
}

/// Robin's laptop, which uses the local network, and an empty machine that does so too.
fn laptop_and_desktop() -> (World, usize, usize) {
    let mut world = World::new(3);
    let laptop = world.join("laptop");
    let desktop = world.join("desktop");
    for node in [laptop, desktop] {
        world.nodes[node].discovery = true;
        world.start(node);
    }
    story::begin(&mut world, laptop);
    (world, laptop, desktop)
}

fn another(code: &str) -> String {
    let (number, words) = code.split_once('-').unwrap();
    let other = if words == "lantern-orbit-maple" { "harbour-violin-kettle" } else { "lantern-orbit-maple" };
    format!("{number}-{other}")
}

fn devices(world: &mut World, node: usize) -> usize {
    let Reply::Devices(devices) = world.must(node, Request::DeviceList) else { panic!() };
    devices.len()
}

#[test]
fn who_is_told_a_code_joins_with_it_and_nobody_knows_an_address() {
    let (mut world, laptop, desktop) = laptop_and_desktop();
    let client = invites(&mut world, laptop);
    let code = world.told_code(laptop, client);
    let joined = joins(&mut world, desktop, &code, None);
    assert!(matches!(joined, Ok(Reply::Joined(_))), "{joined:?}");
    assert_eq!(devices(&mut world, laptop), 2);
    assert_eq!(devices(&mut world, desktop), 2);
    let third = world.join("tablet");
    world.nodes[third].discovery = true;
    let used = joins(&mut world, third, &code, None).unwrap_err();
    assert_eq!(used.kind, ErrorKind::PeerUnreachable, "its number is not told any more: {used:?}");
    let used = joins(&mut world, third, &code, Some(laptop)).unwrap_err();
    assert_eq!(used.kind, ErrorKind::Precondition, "{used:?}");
}

#[test]
fn a_helper_joins_by_code_too() {
    let (mut world, laptop, dana) = laptop_and_desktop();
    let client = world.begin(laptop, Request::ShareInvite { invite: story::invitation(), yes: true, no_wait: true });
    world.run_for(Duration::from_secs(1));
    let code = world.told_code(laptop, client);
    // One for something else is told, and used up by nobody.
    let wrong = joins(&mut world, dana, &code, None).unwrap_err();
    assert!(wrong.kind == ErrorKind::Precondition && wrong.hint.as_deref().unwrap().contains("asif helper join"), "{wrong:?}");
    let joined = world.must(dana, Request::HelperJoin { ticket: code, name: Some("Dana".into()), at: None });
    assert!(matches!(joined, Reply::Joined(_)));
}

#[test]
fn where_discovery_is_off_an_address_is_needed_and_is_enough() {
    let (mut world, laptop, desktop) = laptop_and_desktop();
    world.nodes[desktop].discovery = false;
    let wishes = world.nodes[desktop].look_around(world.time);
    assert!(wishes.is_empty());
    let client = invites(&mut world, laptop);
    let code = world.told_code(laptop, client);
    let failure = joins(&mut world, desktop, &code, None).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Usage, "{failure:?}");
    assert!(joins(&mut world, desktop, &code, Some(laptop)).is_ok());
}

#[test]
fn where_nobody_has_it_that_is_said_in_time() {
    let (mut world, _, desktop) = laptop_and_desktop();
    let began = world.time;
    let failure = joins(&mut world, desktop, "7-harbour-violin-kettle", None).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::PeerUnreachable, "{failure:?}");
    assert!(world.time - began <= Duration::from_secs(20));
}

#[test]
fn a_wrong_code_is_used_up_and_the_giver_has_another_and_the_third_locks_them() {
    let (mut world, laptop, desktop) = laptop_and_desktop();
    let client = invites(&mut world, laptop);
    for guess in 1..=3 {
        let code = world.told_code(laptop, client);
        let failure = joins(&mut world, desktop, &another(&code), None).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Precondition, "{failure:?}");
        let again = joins(&mut world, desktop, &code, Some(laptop)).unwrap_err();
        assert_eq!(again.kind, ErrorKind::Precondition, "the right one after a wrong one: {again:?}");
        world.run_for(Duration::from_secs(2));
        let over = |event: &&Event| matches!(event, Event::CodeOver { why: CodeEnd::Wrong, .. });
        assert_eq!(world.nodes[laptop].events[&client].iter().filter(over).count(), guess);
    }
    let Some(Event::CodeOver { codes_locked_until: Some(_), .. }) = world.nodes[laptop].events[&client].last() else { panic!() };
    // A ticket lets in, and whoever invites anew hears that there is no code.
    let ticket = world.nodes[laptop].events[&client].iter().find_map(|event| match event {
        Event::Invited { ticket, .. } => Some(ticket.clone()),
        _ => None,
    });
    let second = invites(&mut world, laptop);
    assert!(matches!(world.nodes[laptop].events[&second][..], [Event::Invited { code: None, codes_locked_until: Some(_), .. }]));
    assert!(joins(&mut world, desktop, &ticket.unwrap(), None).is_ok());
    world.run_for(Duration::from_secs(601));
    let third = invites(&mut world, laptop);
    assert!(!world.told_code(laptop, third).is_empty());
}

#[test]
fn a_code_ends_after_ten_minutes_and_its_ticket_does_not() {
    let (mut world, laptop, desktop) = laptop_and_desktop();
    let client = invites(&mut world, laptop);
    let code = world.told_code(laptop, client);
    world.run_for(Duration::from_secs(601));
    assert!(matches!(world.nodes[laptop].events[&client].last(), Some(Event::CodeOver { why: CodeEnd::Expired, .. })));
    assert_eq!(joins(&mut world, desktop, &code, Some(laptop)).unwrap_err().kind, ErrorKind::Precondition);
    let ticket = world.told_ticket(laptop, client);
    assert!(joins(&mut world, desktop, &ticket, None).is_ok());
}

#[test]
fn a_home_with_a_journal_does_not_become_another_persons_by_a_code() {
    let (mut world, laptop, desktop) = laptop_and_desktop();
    story::begin(&mut world, desktop);
    let client = invites(&mut world, laptop);
    let code = world.told_code(laptop, client);
    let failure = joins(&mut world, desktop, &code, None).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Precondition);
    assert_eq!(world.told_code(laptop, client), code, "it was not used up");
}

/// Somebody with this key connects, says the number, and proves nothing. Says whether they were answered at all.
fn guesses(world: &mut World, giver: usize, guess: u64, rng: &mut Rng) -> bool {
    let link = LinkId(1_000_001 + 2 * guess);
    let (peer, exporter) = (LinkKey([9; 32]), [7; 32]);
    let opened = Input::Opened { link, peer, address: ([10, 0, 0, 99], 1).into(), incoming: true, exporter: Exporter(exporter) };
    let number = world.nodes[giver].beacon.as_ref().and_then(|beacon| beacon.invitations.first().copied()).unwrap_or(1);
    let ends = Ends { giver: world.nodes[giver].link_key().unwrap(), joiner: peer, exporter };
    let guessed = Code::new(number, [rng.next_u32() as u16, rng.next_u32() as u16, rng.next_u32() as u16]);
    let (asking, share) = Asking::begin(&guessed, ends, rng);
    let said = Message::ByCode(ByCode { number, role: TicketRole::Device, share });
    let mut answer = None;
    for input in [opened, Input::Frame { link, frame: said.to_frame() }] {
        let time = world.time;
        for wish in world.nodes[giver].handle(time, input) {
            match wish {
                Wish::Send { link: on, message: Message::CodeAnswer(given), .. } if on == link => answer = Some(given),
                Wish::Send { link: on, message: Message::Welcome(_), .. } if on == link => panic!("guess {guess} was let in"),
                _ => {}
            }
        }
    }
    let closed = Input::Closed { link, reason: "gone".into(), refused: false, busy: false };
    world.nodes[giver].handle(world.time, closed);
    let was_answered = answer.is_some();
    assert!(answer.and_then(|answer| asking.finish(&answer)).is_none(), "guess {guess} was right: 1 of 2^33");
    was_answered
}

/// `ASIF_SIM_GUESSES=1000000` for the many.
#[test]
fn however_often_somebody_guesses_nobody_is_let_in_who_does_not_know_the_code() {
    let guesses_in_all: u64 = std::env::var("ASIF_SIM_GUESSES").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000);
    let (mut world, laptop, desktop) = laptop_and_desktop();
    let mut rng = Rng::seed_from_u64(world.seed);
    let (mut client, mut answered) = (invites(&mut world, laptop), 0);
    let began = world.time;
    for guess in 0..guesses_in_all {
        answered += u64::from(guesses(&mut world, laptop, guess, &mut rng));
        world.run_for(Duration::from_millis(500));
        // The person goes on inviting, as often as it is used up.
        if world.nodes[laptop].beacon.as_ref().is_none_or(|beacon| beacon.invitations.is_empty()) && guess % 100 == 0 {
            world.leave(laptop, client);
            client = invites(&mut world, laptop);
        }
    }
    let minutes = (world.time - began).as_secs() / 60;
    assert!(
        answered >= 3 && answered <= 3 * (minutes / 10 + 1),
        "{answered} of {guesses_in_all} guesses were answered in {minutes} minutes"
    );
    assert_eq!(devices(&mut world, laptop), 1);
    // Whoever knows one still joins.
    world.run_for(Duration::from_secs(1200));
    let client = invites(&mut world, laptop);
    let code = world.told_code(laptop, client);
    assert!(joins(&mut world, desktop, &code, None).is_ok());
}

#[test]
fn who_is_cut_off_after_the_code_was_right_comes_again_with_it() {
    let (mut world, laptop, desktop) = laptop_and_desktop();
    world.nodes[laptop].hesitates = true;
    let client = invites(&mut world, laptop);
    let code = world.told_code(laptop, client);
    let joining = world.begin(desktop, Request::DeviceJoin { ticket: code.clone(), name: None, at: None });
    world.run_for(Duration::from_secs(3));
    // The person was asked, so it was right; then the network goes.
    world.cut(laptop, desktop);
    let failure = world.answer(desktop, joining, Duration::from_secs(60)).unwrap().unwrap_err();
    assert_eq!(failure.kind, ErrorKind::PeerUnreachable, "{failure:?}");
    world.heal();
    world.nodes[laptop].hesitates = false;
    assert!(joins(&mut world, desktop, &code, None).is_ok());
    assert_eq!(devices(&mut world, laptop), 2);
}

#[test]
fn an_old_copy_does_not_become_another_persons_by_a_code_and_loses_nothing() {
    let (mut world, laptop, other) = laptop_and_desktop();
    world.must(laptop, Request::Log { practice: Some("lunch".into()), fields: Box::default() });
    let kept = crate::backups::backup(&mut world, laptop);
    world.stop(laptop);
    let back = world.restored(&kept, "restored");
    story::begin(&mut world, other);
    let client = invites(&mut world, other);
    let code = world.told_code(other, client);
    // Whose code it is it hears before it shows any key that counts.
    let failure = joins(&mut world, back, &code, Some(other)).unwrap_err();
    assert!(failure.kind == ErrorKind::Precondition && failure.message.contains("already holds a journal"), "{failure:?}");
    assert_eq!(devices(&mut world, other), 1);
    for _ in 0..2 {
        let Reply::Sessions(sessions) = world.must(back, Request::List(asif_proto::local::ListFilter::default())) else { panic!() };
        assert_eq!(sessions.len(), 1);
        world.stop(back);
        world.start(back);
    }
    // By a code of its own person's it becomes a device of its own.
    world.start(laptop);
    let client = invites(&mut world, laptop);
    let code = world.told_code(laptop, client);
    let joined = joins(&mut world, back, &code, Some(laptop));
    assert!(joined.is_ok(), "{joined:?}");
    assert_eq!(devices(&mut world, laptop), 2);
}
