//! A peer that speaks the protocol and lies. It holds real keys: those of a paired helper.

use std::time::Duration;

use asif_daemon::Rng;
use asif_daemon::people::epoch;
use asif_daemon::people::registry::Registry;
use asif_daemon::people::space::Space;
use asif_daemon::people::statement::{Epoch, Statement};
use asif_daemon::run::shelf::Shelf;
use asif_daemon::seal::body::{Birth, Body, Changes, DocId, Put, Revision};
use asif_daemon::seal::entry::{self, Place};
use asif_daemon::seal::keys::{ReadKey, SigningSeed, VaultKey};
use asif_daemon::seal::vault::Vault;
use asif_daemon::seal::wire::Wire;
use asif_proto::id::{DeviceId, ItemId, Link, LogId};
use asif_proto::local::{ListFilter, Reply, Request};
use asif_proto::peer::{Blob, Entries, Hello, Join, Joiner, Message, Refused, Sealed};
use rand_core::SeedableRng;

use crate::story::{self, Story};
use crate::world::World;

/// What a machine has on its disk, opened with its own keys.
pub(crate) struct Stolen {
    pub(crate) vault: Vault,
    pub(crate) registry: Registry,
}

pub(crate) fn steal(world: &World, node: usize) -> Stolen {
    let (_, found) = Shelf::open(world.nodes[node].disk.clone(), std::path::Path::new("/data")).unwrap();
    let (vault, key) = found.vault.unwrap();
    let mut registry = Registry::default();
    for bytes in found.statements {
        registry.insert(Statement::from_bytes(&bytes).unwrap());
    }
    Stolen { vault: Vault::open(&VaultKey::from_file(&key).unwrap(), &vault).unwrap(), registry }
}

impl Stolen {
    pub(crate) fn device(&self) -> DeviceId {
        self.vault.signing.device()
    }

    /// An epoch of which this machine holds the read key, in a space of this kind.
    pub(crate) fn epoch(&self, wanted: impl Fn(&Space) -> bool) -> (Epoch, ReadKey) {
        let epoch = self.registry.all_epochs().find(|epoch| wanted(&epoch.space)).unwrap().clone();
        let keys = epoch::read_box(&epoch, self.device(), &self.vault.sealing).unwrap();
        (epoch, keys.read)
    }
}

/// A run of a new log: its birth, by `device`, then `bodies`, all signed by `signer`.
pub(crate) fn run(epoch: &Epoch, key: &ReadKey, signer: &SigningSeed, device: DeviceId, bodies: &[Body]) -> (Entries, Vec<Wire>) {
    run_of(LogId([77; 16]), epoch, key, signer, device, bodies)
}

/// As [`run`], of this log.
pub(crate) fn run_of(
    log: LogId,
    epoch: &Epoch,
    key: &ReadKey,
    signer: &SigningSeed,
    device: DeviceId,
    bodies: &[Body],
) -> (Entries, Vec<Wire>) {
    let space = epoch.space.id();
    let birth = Body::Birth(Birth { device, space, key: epoch.key, continues: None });
    let mut previous = Link::ZERO;
    let mut wires = Vec::new();
    for (seq, body) in std::iter::once(&birth).chain(bodies).enumerate() {
        let place = Place { space, log, seq: seq as u64 + 1, previous };
        let wire = entry::seal(key, signer, &place, &body.to_frame().to_bytes(), &mut Rng::seed_from_u64(seq as u64)).unwrap();
        previous = wire.link(&previous);
        wires.push(wire);
    }
    (entries(epoch, log, Link::ZERO, &wires), wires)
}

pub(crate) fn entries(epoch: &Epoch, log: LogId, before: Link, wires: &[Wire]) -> Entries {
    let entries = wires.iter().map(|wire| Sealed::Entry(Blob(wire.bytes().to_vec()))).collect();
    Entries { queue: epoch.queue(), key: epoch.key, log, before, entries }
}

fn item() -> Body {
    Body::Put(Put {
        item: ItemId([1; 32]),
        revision: Revision { grant: 9, touches: 9 },
        kind: 2,
        payload: b"{}".to_vec(),
        replaces: vec![],
    })
}

/// Robin's laptop and desktop, and Dana's machine; everything settled.
pub(crate) fn robin_and_dana() -> (World, usize, usize, usize) {
    robin_and_dana_of(3)
}

/// The same in another world.
pub(crate) fn robin_and_dana_of(seed: u64) -> (World, usize, usize, usize) {
    let mut world = World::new(seed);
    let devices = story::family(&mut world, 2);
    let mut story = Story::new(&devices);
    story.log_marked(&mut world);
    let dana = story.invite_helper(&mut world);
    world.run_for(Duration::from_secs(5));
    (world, devices[0], devices[1], dana)
}

/// Sends, and says what the receiver's doctor tells of it. The journal must be what it was.
fn refusal(world: &mut World, from: usize, to: usize, message: Message) -> String {
    let before = world.must(to, Request::List(ListFilter::default()));
    world.inject(from, to, &message);
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.must(to, Request::List(ListFilter::default())), before, "a lie changed the journal");
    world.doctor(to)
}

#[test]
fn a_helper_cannot_write_in_the_share_space_that_they_read() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    let stolen = steal(&world, dana);
    let (epoch, key) = stolen.epoch(|space| matches!(space, Space::Share { .. }));
    let (as_themself, _) = run(&epoch, &key, &stolen.vault.signing, stolen.device(), &[item()]);
    let told = refusal(&mut world, dana, laptop, Message::Entries(as_themself));
    assert!(told.contains("an entry by a device that may not write there"), "{told}");
}

#[test]
fn a_helper_cannot_pass_as_the_clients_device() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    let (stolen, robin) = (steal(&world, dana), steal(&world, laptop).device());
    let (epoch, key) = stolen.epoch(|space| matches!(space, Space::Share { .. }));
    let (forged, _) = run(&epoch, &key, &stolen.vault.signing, robin, &[item()]);
    let told = refusal(&mut world, dana, laptop, Message::Entries(forged));
    assert!(told.contains("an entry without a good signature"), "{told}");
}

#[test]
fn a_helper_cannot_bring_entries_of_the_journal() {
    let (mut world, laptop, desktop, dana) = robin_and_dana();
    // Even with all keys in hand: what the desktop itself could write is refused from a helper's link.
    let stolen = steal(&world, desktop);
    let (epoch, key) = stolen.epoch(|space| matches!(space, Space::Journal { .. }));
    let (real, _) = run(&epoch, &key, &stolen.vault.signing, stolen.device(), &[]);
    let told = refusal(&mut world, dana, laptop, Message::Entries(real.clone()));
    assert!(told.contains("an entry for a space that the two do not share"), "{told}");
    // From the desktop's own link the same bytes are taken in.
    world.inject(desktop, laptop, &Message::Entries(real));
    assert!(!world.doctor(laptop).contains("may not write"));
}

#[test]
fn a_run_that_begins_beyond_a_gap_or_off_the_chain_is_refused() {
    let (mut world, laptop, desktop, _) = robin_and_dana();
    let stolen = steal(&world, desktop);
    let (epoch, key) = stolen.epoch(|space| matches!(space, Space::Journal { .. }));
    let seen = Body::Seen(asif_daemon::seal::body::Seen { have: vec![] });
    let (whole, wires) = run(&epoch, &key, &stolen.vault.signing, stolen.device(), &[seen.clone(), seen]);
    let gap = entries(&epoch, whole.log, wires[0].link(&Link::ZERO), &wires[1..]);
    let told = refusal(&mut world, desktop, laptop, Message::Entries(gap));
    assert!(told.contains("a run that begins beyond a gap"), "{told}");
    world.inject(desktop, laptop, &Message::Entries(entries(&epoch, whole.log, Link::ZERO, &wires[..1])));
    let other = entries(&epoch, whole.log, Link([5; 32]), &wires[1..]);
    let told = refusal(&mut world, desktop, laptop, Message::Entries(other));
    assert!(told.contains("a run that does not fit the chain"), "{told}");
}

#[test]
fn a_well_signed_entry_that_makes_no_sense_quarantines_its_log_alone() {
    let (mut world, laptop, desktop, _) = robin_and_dana();
    let stolen = steal(&world, desktop);
    let (epoch, key) = stolen.epoch(|space| matches!(space, Space::Journal { .. }));
    let nonsense = Body::Changes(Changes { doc: DocId::Plan, generation: [0; 32], codec: 0, bytes: vec![1, 2, 3] });
    let (run, _) = run(&epoch, &key, &stolen.vault.signing, stolen.device(), &[nonsense]);
    let told = refusal(&mut world, desktop, laptop, Message::Entries(run));
    assert!(told.contains("are kept and not used"), "{told}");
    // The desktop's real log goes on.
    let fields = Box::new(asif_proto::record::SessionFields::default());
    world.must(desktop, Request::Log { practice: Some("lunch".into()), fields });
    world.run_for(Duration::from_secs(2));
    let Reply::Sessions(list) = world.must(laptop, Request::List(ListFilter::default())) else { panic!() };
    assert_eq!(list.len(), 2);
}

#[test]
fn what_stood_before_nonsense_counts_on_every_device_and_after_a_rebuild() {
    let (mut world, laptop, desktop, _) = robin_and_dana();
    for _ in 0..3 {
        let fields = Box::new(asif_proto::record::SessionFields::default());
        world.must(desktop, Request::Log { practice: Some("lunch".into()), fields });
    }
    world.run_for(Duration::from_secs(5));
    // The desktop's own log goes on with nonsense.
    let stolen = steal(&world, desktop);
    let (epoch, key) = stolen.epoch(|space| matches!(space, Space::Journal { .. }));
    let (_, found) = Shelf::open(world.nodes[desktop].disk.clone(), std::path::Path::new("/data")).unwrap();
    let written = [&stolen].map(|stolen| births(&mut world, desktop, stolen, &epoch, &key));
    let real = found.logs.iter().find(|log| log.head.queue == epoch.queue() && written[0].contains(&log.head.log)).unwrap();
    let place = Place { space: epoch.space.id(), log: real.head.log, seq: real.seq + 1, previous: real.link };
    let nonsense = Body::Changes(Changes { doc: DocId::Plan, generation: [0; 32], codec: 0, bytes: vec![1, 2, 3] });
    let wire = entry::seal(&key, &stolen.vault.signing, &place, &nonsense.to_frame().to_bytes(), &mut Rng::seed_from_u64(1)).unwrap();
    world.inject(desktop, laptop, &Message::Entries(entries(&epoch, real.head.log, real.link, &[wire])));
    let four = |world: &mut World, node: usize| {
        let Reply::Sessions(list) = world.must(node, Request::List(ListFilter::default())) else { panic!() };
        assert_eq!(list.len(), 4);
    };
    four(&mut world, laptop);
    assert!(world.doctor(laptop).contains("are kept and not used"));
    world.must(laptop, Request::Doctor { rebuild: true });
    four(&mut world, laptop);
    world.crash(desktop, Duration::from_secs(10_000));
    let third = world.add("third");
    let ticket = world.ticket(laptop, Request::DevicePair { yes: true, no_wait: true });
    world.must(third, Request::DeviceJoin { ticket, name: None, at: None });
    four(&mut world, third);
}

/// The logs of an epoch that a machine's own device writes.
fn births(world: &mut World, node: usize, stolen: &Stolen, epoch: &Epoch, key: &ReadKey) -> Vec<LogId> {
    use asif_daemon::replica::effect::{Effect, Input, Purpose, Run};
    let (mut shelf, _) = Shelf::open(world.nodes[node].disk.clone(), std::path::Path::new("/data")).unwrap();
    let all = logs_of(world, node, epoch);
    let own = all.into_iter().filter(|log| {
        let runs = vec![Run { log: *log, from: 1, to: 1 }];
        let done = shelf.perform(Effect::Read { purpose: Purpose::Merge, runs }).unwrap();
        let asif_daemon::run::shelf::Done::Input(Input::Read { entries, .. }) = done else { panic!() };
        let place = Place { space: epoch.space.id(), log: *log, seq: 1, previous: Link::ZERO };
        let opened = entry::open(key, &place, &entries[0].wire).unwrap();
        matches!(Body::from_bytes(opened.bodies()), Ok(Body::Birth(birth)) if birth.device == stolen.device())
    });
    own.collect()
}

#[test]
fn a_helper_cannot_displace_an_epoch_or_make_the_client_look_damaged() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    let stolen = steal(&world, dana);
    let (feedback, _) = stolen.epoch(|space| matches!(space, Space::Feedback { .. }));
    for n in 0..20 {
        let other = Epoch { read_capability: [n; 32], boxes: vec![], ..feedback.clone() };
        let statement = Statement::by_device(&stolen.vault.signing, &asif_daemon::people::statement::Said::Epoch(other));
        world.inject(dana, laptop, &Message::Epochs(vec![Blob(statement.bytes().to_vec())]));
    }
    world.crash(laptop, Duration::from_secs(1));
    world.run_for(Duration::from_secs(20));
    let told = world.doctor(laptop);
    assert!(!told.contains("epoch is not"), "{told}");
    world.must(laptop, Request::List(ListFilter::default()));
}

#[test]
fn a_helper_cannot_fill_the_disk_with_statements() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    let stolen = steal(&world, dana);
    let person = stolen.vault.person.unwrap();
    let mut rng = Rng::seed_from_u64(8);
    for _ in 0..100 {
        let thief = Vault::random(&mut rng);
        let device = asif_daemon::people::statement::Candidate::new(person, &thief.signing, &thief.sealing, thief.link.public());
        let add = asif_daemon::people::statement::Add { person, device, seen: vec![] };
        let by_nobody = Statement::by_device(&thief.signing, &asif_daemon::people::statement::Said::Add(add));
        world.inject(dana, laptop, &Message::Roster(vec![Blob(by_nobody.bytes().to_vec())]));
    }
    let (feedback, _) = stolen.epoch(|space| matches!(space, Space::Feedback { .. }));
    for n in 0..200u8 {
        let other = Epoch { read_capability: [n; 32], boxes: vec![], ..feedback.clone() };
        let statement = Statement::by_device(&stolen.vault.signing, &asif_daemon::people::statement::Said::Epoch(other));
        world.inject(dana, laptop, &Message::Epochs(vec![Blob(statement.bytes().to_vec())]));
    }
    let held = steal(&world, laptop).registry.statements().count();
    assert!(held < 150, "{held}");
}

#[test]
fn a_stranger_without_a_ticket_is_turned_away() {
    let (mut world, laptop, _, _) = robin_and_dana();
    let hello = Message::Hello(Hello { min: 1, max: 1, start: [30; 8], digest: [0; 16], listen: vec![] });
    world.stranger(laptop, &hello);
    assert!(world.doctor(laptop).contains("a stranger without a ticket"));
    let join = Join {
        ticket: [1; 8],
        proof: [2; 32],
        joiner: Joiner::Device { candidate: Blob(vec![]), person: asif_proto::id::PersonId([0; 32]) },
        name: "thief".into(),
        listen: vec![],
    };
    world.stranger(laptop, &Message::Join(join));
    assert!(world.doctor(laptop).contains("a ticket that does not let in"));
}

#[test]
fn a_peer_of_another_version_is_told_so() {
    let (mut world, laptop, desktop, _) = robin_and_dana();
    let hello = Message::Hello(Hello { min: 7, max: 9, start: [30; 8], digest: [0; 16], listen: vec![] });
    let told = refusal(&mut world, desktop, laptop, hello);
    assert!(told.contains("a peer of another version"), "{told}");
    assert!(Refused::Version.to_string().contains("update the older one"));
}

#[test]
fn a_statement_about_somebody_else_is_refused() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    // Dana adds a device of her own making to Robin's roster.
    let mut rng = Rng::seed_from_u64(8);
    let (thief, robin) = (Vault::random(&mut rng), steal(&world, laptop).vault.person.unwrap());
    let device = asif_daemon::people::statement::Candidate::new(robin, &thief.signing, &thief.sealing, thief.link.public());
    let add = asif_daemon::people::statement::Add { person: robin, device, seen: vec![] };
    let by_dana = Statement::by_device(&steal(&world, dana).vault.signing, &asif_daemon::people::statement::Said::Add(add));
    let told = refusal(&mut world, dana, laptop, Message::Roster(vec![Blob(by_dana.bytes().to_vec())]));
    assert!(told.contains("a statement about somebody else"), "{told}");
    let Reply::Devices(devices) = world.must(laptop, Request::DeviceList) else { panic!() };
    assert_eq!(devices.len(), 2);
}

#[test]
fn a_number_at_the_end_of_its_range_is_only_refused() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    let stolen = steal(&world, dana);
    let (epoch, _) = stolen.epoch(|space| matches!(space, Space::Feedback { .. }));
    let log = LogId([77; 16]);
    let stub = || {
        let header = asif_daemon::seal::wire::header(log, u64::MAX);
        Sealed::Stub(Blob([&header[..], &[0; 56]].concat()))
    };
    let run = Entries { queue: epoch.queue(), key: epoch.key, log, before: Link::ZERO, entries: vec![stub(), stub()] };
    let told = refusal(&mut world, dana, laptop, Message::Entries(run));
    assert!(told.contains("a run with a gap or of several logs"), "{told}");
    // A Have that claims the last number of the client's own share log, and then nothing.
    let (share, _) = stolen.epoch(|space| matches!(space, Space::Share { .. }));
    let real: Vec<LogId> = logs_of(&world, laptop, &share);
    let logs = real.iter().map(|log| (*log, u64::MAX, [1; 8])).collect();
    let queues = vec![asif_proto::peer::QueueHave { queue: share.queue(), key: share.key, logs }];
    world.inject(dana, laptop, &Message::Have(asif_proto::peer::Have { full: false, statements: vec![], queues }));
    world.inject(dana, laptop, &Message::Have(asif_proto::peer::Have { full: true, statements: vec![], queues: vec![] }));
    // The client still writes, and the helper still gets it.
    let fields = Box::new(asif_proto::record::SessionFields { at: Some("2026-06-01T12:00".into()), ..Default::default() });
    world.must(laptop, Request::Log { practice: Some("lunch".into()), fields });
    world.run_for(Duration::from_secs(20));
    let Reply::Client(client) = world.must(dana, Request::CaseloadOpen { client: "Robin".into() }) else { panic!() };
    assert_eq!(client.sessions.len(), 1);
}

/// The logs of an epoch that a machine holds.
pub(crate) fn logs_of(world: &World, node: usize, epoch: &Epoch) -> Vec<LogId> {
    let (_, found) = Shelf::open(world.nodes[node].disk.clone(), std::path::Path::new("/data")).unwrap();
    found.logs.iter().filter(|log| log.head.queue == epoch.queue()).map(|log| log.head.log).collect()
}

#[test]
fn a_helper_cannot_turn_the_clients_entries_into_stubs() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    let stolen = steal(&world, dana);
    let (share, _) = stolen.epoch(|space| matches!(space, Space::Share { .. }));
    let (feedback, key) = stolen.epoch(|space| matches!(space, Space::Feedback { .. }));
    let replaces = logs_of(&world, laptop, &share).into_iter().map(|log| (log, 2)).collect();
    let put =
        Body::Put(Put { item: ItemId([1; 32]), revision: Revision { grant: 1, touches: 1 }, kind: 17, payload: b"{}".to_vec(), replaces });
    let (run, _) = run(&feedback, &key, &stolen.vault.signing, stolen.device(), &[put]);
    let before = world.nodes[laptop].bytes_on_disk();
    world.inject(dana, laptop, &Message::Entries(run));
    world.run_for(Duration::from_secs(10));
    for (path, bytes) in world.nodes[laptop].bytes_on_disk() {
        let was = before.get(&path);
        assert!(!path.starts_with("/data/store/logs") || was.is_none_or(|was| bytes.starts_with(was)), "{} was rewritten", path.display());
    }
}

#[test]
fn a_helper_cannot_take_the_number_of_a_log_of_the_clients() {
    let (mut world, laptop, desktop, dana) = crate::shared::all_meet();
    let own = |world: &World, node: usize| -> Vec<LogId> {
        let all = steal(world, node).registry;
        all.all_epochs().filter(|epoch| matches!(epoch.space, Space::Share { .. })).flat_map(|epoch| logs_of(world, node, epoch)).collect()
    };
    world.cut(laptop, desktop);
    // The laptop begins a log that Dana knows and the desktop does not.
    let before = own(&world, dana);
    let invite = asif_proto::local::Invite { name: "Dana thrice".into(), ..story::invitation() };
    let ticket = world.ticket(laptop, Request::ShareInvite { invite, yes: true, no_wait: true });
    world.must(dana, Request::HelperJoin { ticket, name: None, at: None });
    world.run_for(Duration::from_secs(5));
    let taken = own(&world, dana).into_iter().find(|log| !before.contains(log)).unwrap();
    // She gives its number to a log of her own, and that to the desktop.
    let stolen = steal(&world, dana);
    let known = steal(&world, desktop).registry;
    let mut is_taken = false;
    for feedback in known.all_epochs().filter(|epoch| matches!(epoch.space, Space::Feedback { .. })) {
        let key = epoch::read_box(feedback, stolen.device(), &stolen.vault.sealing).unwrap().read;
        let birth = Body::Birth(Birth { device: stolen.device(), space: feedback.space.id(), key: feedback.key, continues: None });
        let place = Place { space: feedback.space.id(), log: taken, seq: 1, previous: Link::ZERO };
        let wire = entry::seal(&key, &stolen.vault.signing, &place, &birth.to_frame().to_bytes(), &mut Rng::seed_from_u64(1)).unwrap();
        world.inject(dana, desktop, &Message::Entries(entries(feedback, taken, Link::ZERO, &[wire])));
        is_taken |= logs_of(&world, desktop, feedback).contains(&taken);
    }
    assert!(is_taken);
    world.heal();
    world.run_for(Duration::from_secs(60));
    for node in [laptop, desktop] {
        world.must(node, Request::Sync { wait_ms: Some(30_000) });
    }
    assert!(own(&world, desktop).contains(&taken));
    world.crash(desktop, Duration::from_secs(1));
    world.run_for(Duration::from_secs(10));
    world.must(desktop, Request::List(ListFilter::default()));
}

#[test]
fn a_helper_cannot_claim_the_link_key_of_the_clients_device() {
    let (mut world, laptop, desktop, dana) = robin_and_dana();
    let helper = steal(&world, dana);
    let (person, link) = (helper.vault.person.unwrap(), steal(&world, desktop).vault.link.public());
    let thief = Vault::random(&mut Rng::seed_from_u64(8));
    let device = asif_daemon::people::statement::Candidate::new(person, &thief.signing, &thief.sealing, link);
    let add = asif_daemon::people::statement::Add { person, device, seen: vec![] };
    let claim = Statement::by_device(&helper.vault.signing, &asif_daemon::people::statement::Said::Add(add));
    let told = refusal(&mut world, dana, laptop, Message::Roster(vec![Blob(claim.bytes().to_vec())]));
    assert!(told.contains("a statement about somebody else"), "{told}");
}
