//! An own device that was taken over: it signs properly, and what it signs is meant to hurt. The others go on, and agree.

mod made;

use std::collections::BTreeMap;
use std::time::Duration;

use asif_daemon::Rng;
use asif_daemon::people::space::Space;
use asif_daemon::people::statement::{Add, Candidate, Epoch, Said, Statement};
use asif_daemon::seal::body::{Birth, Body, Seen};
use asif_daemon::seal::entry::{self, Place};
use asif_daemon::seal::keys::ReadKey;
use asif_daemon::seal::vault::Vault;
use asif_daemon::seal::wire::Wire;
use asif_proto::id::{Link, LogId};
use asif_proto::local::{ListFilter, Reply, Request};
use asif_proto::peer::{Blob, Entries, Message, Sealed};
use asif_proto::record::SessionFields;
use rand_core::SeedableRng;

use crate::hostile::{Stolen, entries, logs_of, steal};
use crate::story;
use crate::world::World;
use made::{bombs, changes, mutated, written};

/// The victim, the liar, and one that learns of it from the victim alone.
struct Stage {
    world: World,
    laptop: usize,
    liar: usize,
    third: usize,
    stolen: Stolen,
    epoch: Epoch,
    key: ReadKey,
}

impl Stage {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let devices = story::family(&mut world, 3);
        world.run_for(Duration::from_secs(5));
        let stolen = steal(&world, devices[1]);
        let (epoch, key) = stolen.epoch(|space| matches!(space, Space::Journal { .. }));
        world.cut(devices[1], devices[2]);
        Self { world, laptop: devices[0], liar: devices[1], third: devices[2], stolen, epoch, key }
    }

    /// A log of the liar's: its birth and these bodies, chained and well signed.
    fn wires(&self, log: LogId, bodies: &[Body]) -> Vec<Wire> {
        let birth = Body::Birth(Birth { device: self.stolen.device(), space: self.epoch.space.id(), key: self.epoch.key, continues: None });
        let mut previous = Link::ZERO;
        let seal = |(at, body): (usize, &Body)| {
            let place = Place { space: self.epoch.space.id(), log, seq: at as u64 + 1, previous };
            let rng = &mut Rng::seed_from_u64(at as u64);
            let wire = entry::seal(&self.key, &self.stolen.vault.signing, &place, &body.to_frame().to_bytes(), rng).unwrap();
            previous = wire.link(&previous);
            wire
        };
        std::iter::once(&birth).chain(bodies).enumerate().map(seal).collect()
    }

    fn tell(&mut self, log: LogId, before: Link, wires: &[Wire]) {
        let message = Message::Entries(entries(&self.epoch, log, before, wires));
        self.world.inject(self.liar, self.laptop, &message);
    }

    fn write(&mut self, log: LogId, bodies: &[Body]) {
        let wires = self.wires(log, bodies);
        self.tell(log, Link::ZERO, &wires);
    }

    fn log_here(&mut self, node: usize) {
        let fields = Box::new(SessionFields { note: Some("said".into()), ..Default::default() });
        self.world.must(node, Request::Log { practice: Some("lunch".into()), fields });
    }

    fn list(&mut self, node: usize) -> Reply {
        self.world.must(node, Request::List(ListFilter::default()))
    }

    /// The person writes on two devices, and both show the same, also when everything is made anew.
    #[track_caller]
    fn goes_on(&mut self) {
        self.log_here(self.laptop);
        self.log_here(self.third);
        self.world.run_for(Duration::from_secs(20));
        let shown = self.list(self.laptop);
        assert_eq!(self.list(self.third), shown, "the devices differ");
        self.world.must(self.laptop, Request::Doctor { rebuild: true });
        assert_eq!(self.list(self.laptop), shown, "made anew it is another");
    }

    fn doctor(&mut self) -> String {
        self.world.doctor(self.laptop)
    }
}

#[test]
fn mutated_changes_are_refused_or_merged_and_the_devices_agree() {
    let heavy = std::env::var_os("ASIF_HEAVY").is_some();
    let (worlds, logs) = if heavy { (120, 60) } else { (2, 60) };
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for world in 0..worlds {
        let mut rng = Rng::seed_from_u64(world);
        let mut stage = Stage::new(world);
        for n in 0..logs {
            let log = LogId([100 + n; 16]);
            stage.write(log, &mutated(log, &mut rng));
        }
        stage.goes_on();
        let told = stage.doctor();
        let reasons = told.lines().filter_map(|line| line.split_once("make no sense: ")?.1.split_once(" (")).map(|(why, _)| why.to_owned());
        let before = outcomes.values().sum::<usize>();
        reasons.for_each(|why| *outcomes.entry(why).or_default() += 1);
        let refused = outcomes.values().sum::<usize>() - before;
        *outcomes.entry("merged, or waits".into()).or_default() += usize::from(logs) - refused;
    }
    println!("{outcomes:#?}");
    let kept_out = ["a change of it cannot be merged", "a change of it makes a document that cannot be loaded again"];
    for outcome in ["the change does not parse", "merged, or waits"].into_iter().chain(kept_out) {
        assert!(outcomes.keys().any(|one| one.starts_with(outcome)), "{outcome}: {outcomes:?}");
    }
}

#[test]
fn every_bomb_is_refused_by_its_name() {
    let mut stage = Stage::new(1);
    for (n, (bomb, why)) in bombs().into_iter().enumerate() {
        stage.write(LogId([100 + n as u8; 16]), &[bomb]);
        let told = stage.doctor();
        let named = told.lines().filter(|line| line.contains("make no sense")).count();
        assert!(told.contains(why) && named == n + 1, "{n}: {told}");
    }
    stage.goes_on();
}

#[test]
fn a_device_has_so_many_logs_and_not_one_more() {
    let mut stage = Stage::new(2);
    for n in 0..1000u16 {
        let mut id = [100; 16];
        id[..2].copy_from_slice(&n.to_be_bytes());
        stage.write(LogId(id), &[]);
    }
    assert!(stage.doctor().contains("more logs than a device may have"));
    let held = logs_of(&stage.world, stage.laptop, &stage.epoch);
    let lies = held.iter().filter(|log| log.0[2..] == [100; 14]).count();
    assert!((64..=512).contains(&lies), "{lies}");
    stage.goes_on();
}

#[test]
fn what_waits_for_ever_is_bounded_and_nothing_that_was_acknowledged_is_dropped() {
    let mut stage = Stage::new(3);
    // Four thousand changes and more, all on top of one that does not come.
    let log = LogId([100; 16]);
    let all = written(log, 4501);
    let first = [changes(0, all[0].clone())];
    let bodies: Vec<Body> = all[1..].iter().map(|bytes| changes(0, bytes.clone())).collect();
    let rest = LogId([101; 16]);
    // Their actor is the log: they are written there, and what they build on is in it too, at its end.
    let mut out_of_order = bodies.clone();
    out_of_order.extend(first);
    let wires = stage.wires(log, &out_of_order);
    stage.tell(log, Link::ZERO, &wires[..4501]);
    let told = stage.doctor();
    assert!(told.contains("an entry that waits for others, and there is no more room to wait"), "{told}");
    assert!(told.contains("4096 entries wait"), "{told}");
    // What builds on nothing that is missing still comes in.
    stage.write(rest, &[changes(0, written(rest, 1).remove(0))]);
    let held = |stage: &Stage| {
        let (_, found) =
            asif_daemon::run::shelf::Shelf::open(stage.world.nodes[stage.laptop].disk.clone(), std::path::Path::new("/data")).unwrap();
        found.logs.iter().find(|found| found.head.log == log).unwrap().seq
    };
    assert_eq!(held(&stage), 4097, "Have stops there: the birth, and what waits");
    stage.goes_on();
    assert_eq!(held(&stage), 4097, "nothing that was acknowledged is dropped");
}

#[test]
fn entries_out_of_order_for_ever_leave_nothing_and_in_order_they_are_taken() {
    let mut stage = Stage::new(4);
    let log = LogId([100; 16]);
    let bodies: Vec<Body> = (0..60).map(|_| Body::Seen(Seen { have: vec![] })).collect();
    let wires = stage.wires(log, &bodies);
    let before: Vec<Link> = wires.iter().scan(Link::ZERO, |link, wire| Some(std::mem::replace(link, wire.link(link)))).collect();
    for round in 0..20 {
        for at in (1..wires.len()).rev() {
            stage.tell(log, before[at], &wires[at..(at + 1 + round % 3).min(wires.len())]);
        }
    }
    assert!(stage.doctor().contains("a run that begins beyond a gap"));
    assert!(!logs_of(&stage.world, stage.laptop, &stage.epoch).contains(&log));
    stage.tell(log, Link::ZERO, &wires);
    assert!(logs_of(&stage.world, stage.laptop, &stage.epoch).contains(&log));
    stage.goes_on();
}

#[test]
fn stubs_in_the_journal_are_refused_and_take_no_room() {
    let mut stage = Stage::new(5);
    let large = changes(9, vec![7; 400 << 10]);
    for n in 0..3 {
        let log = LogId([100 + n; 16]);
        let mut wires = stage.wires(log, &[Body::Seen(Seen { have: vec![] }), large.clone()]);
        wires[1] = wires[1].to_stub();
        let run = wires.iter().map(|wire| match wire {
            Wire::Entry(bytes) => Sealed::Entry(Blob(bytes.clone())),
            Wire::Stub(bytes) => Sealed::Stub(Blob(bytes.clone())),
        });
        let entries = Entries { queue: stage.epoch.queue(), key: stage.epoch.key, log, before: Link::ZERO, entries: run.collect() };
        stage.world.inject(stage.liar, stage.laptop, &Message::Entries(entries));
    }
    let told = stage.doctor();
    assert!(told.contains("a stub in a journal, where no item can allow it"), "{told}");
    stage.log_here(stage.third);
    stage.world.run_for(Duration::from_secs(5));
    let shown = stage.list(stage.third);
    assert_eq!(stage.list(stage.laptop), shown);
}

#[test]
fn a_device_that_nobody_who_stands_added_is_not_let_in_and_a_word_for_later_takes_none_away() {
    let mut stage = Stage::new(6);
    let person = stage.stolen.vault.person.unwrap();
    let thief = Vault::random(&mut Rng::seed_from_u64(8));
    let device = Candidate::new(person, &thief.signing, &thief.sealing, thief.link.public());
    let by_itself = Statement::by_device(&thief.signing, &Said::Add(Add { person, device, seen: vec![] }));
    // The kinds for removals are kept, and nothing acts on them yet.
    let kept = [2, 3].map(|kind| Statement::by_device(&stage.stolen.vault.signing, &Said::Unknown(kind)));
    for statement in kept.iter().chain([&by_itself]) {
        stage.world.inject(stage.liar, stage.laptop, &Message::Roster(vec![Blob(statement.bytes().to_vec())]));
    }
    stage.world.run_for(Duration::from_secs(5));
    assert!(!stage.world.nodes[stage.laptop].known.contains(&thief.link.public()), "void");
    assert!(stage.world.nodes[stage.laptop].known.contains(&stage.stolen.vault.link_key()), "nothing removes a device yet");
    let birth = Body::Birth(Birth { device: thief.device(), space: stage.epoch.space.id(), key: stage.epoch.key, continues: None });
    let place = Place { space: stage.epoch.space.id(), log: LogId([100; 16]), seq: 1, previous: Link::ZERO };
    let rng = &mut Rng::seed_from_u64(1);
    let wire = entry::seal(&stage.key, &thief.signing, &place, &birth.to_frame().to_bytes(), rng).unwrap();
    stage.tell(place.log, Link::ZERO, &[wire]);
    assert!(stage.doctor().contains("an entry by a device that may not write there"));
    stage.goes_on();
}

#[test]
fn what_was_said_on_an_earlier_connection_changes_nothing_when_it_is_said_again() {
    let mut stage = Stage::new(7);
    stage.world.recorded = Some(Vec::new());
    for _ in 0..3 {
        stage.log_here(stage.liar);
        stage.log_here(stage.laptop);
    }
    stage.world.cut(stage.laptop, stage.liar);
    stage.world.heal();
    stage.world.run_for(Duration::from_secs(60));
    let said = stage.world.recorded.take().unwrap();
    let said: Vec<_> =
        said.into_iter().filter(|(from, to, _)| (*from, *to) == (stage.liar, stage.laptop)).map(|(_, _, said)| said).collect();
    assert!(
        said.iter().any(|message| matches!(message, Message::Hello(_)))
            && said.iter().any(|message| matches!(message, Message::Entries(_)))
    );
    let shown = stage.list(stage.laptop);
    let tips = |stage: &Stage| {
        let (_, found) =
            asif_daemon::run::shelf::Shelf::open(stage.world.nodes[stage.laptop].disk.clone(), std::path::Path::new("/data")).unwrap();
        (found.logs.iter().map(|log| (log.head.log, log.seq, log.link)).collect::<Vec<_>>(), found.statements.len())
    };
    let before = tips(&stage);
    for message in said.iter().chain(said.iter().rev()) {
        stage.world.inject(stage.liar, stage.laptop, message);
    }
    // What was offered, and is not heard to have come, is offered again after a minute.
    stage.world.run_for(Duration::from_secs(100));
    assert_eq!((stage.list(stage.laptop), tips(&stage)), (shown, before));
    stage.world.must(stage.laptop, Request::Sync { wait_ms: Some(20_000) });
}
