//! An own device that was taken over offers checkpoints: with real keys, signed as its own, and lying about what they stand for.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use asif_daemon::Rng;
use asif_daemon::journal::bundle::{self, Laid};
use asif_daemon::journal::document::Document;
use asif_daemon::journal::{guard, schema};
use asif_daemon::people::space::Space;
use asif_daemon::replica::Keeping;
use asif_daemon::replica::effect::{Effect, Input, Purpose, Run};
use asif_daemon::run::shelf::{Done, Shelf};
use asif_daemon::seal::body::{Birth, Body, DocId, Erase, Keys, Seen};
use asif_daemon::seal::checkpoint::{self, Bundle, Checkpoint, Covered, Snapshot};
use asif_daemon::seal::entry::{self, Place, Proof};
use asif_daemon::seal::keys::ReadKey;
use asif_daemon::seal::piece;
use asif_daemon::seal::wire::Wire;
use asif_proto::id::{DeviceId, Link, LogId, PieceId, SpaceId};
use asif_proto::peer::{Blob, Message, OTHERWISE, Offered};
use rand_core::SeedableRng;

use crate::hostile::{Stolen, logs_of, steal};
use crate::story::{self, Story};
use crate::world::World;

/// What a machine holds of its journal.
struct Held {
    stolen: Stolen,
    covers: Vec<Covered>,
    documents: BTreeMap<DocId, Document>,
    /// Whose each log is.
    devices: BTreeMap<LogId, DeviceId>,
    /// Where each log stands.
    tips: BTreeMap<LogId, (u64, Link)>,
}

fn held(world: &World, node: usize) -> Held {
    let stolen = steal(world, node);
    let (epoch, key) = stolen.epoch(|space| matches!(space, Space::Journal { .. }));
    let (mut shelf, _) = Shelf::open(world.nodes[node].disk.clone(), Path::new("/data")).unwrap();
    let mut told = Held { stolen, covers: vec![], documents: BTreeMap::new(), devices: BTreeMap::new(), tips: BTreeMap::new() };
    let mut waiting = Vec::new();
    for log in logs_of(world, node, &epoch) {
        let runs = vec![Run { log, from: 1, to: 100_000 }];
        let Ok(Done::Input(Input::Read { entries, .. })) = shelf.perform(Effect::Read { purpose: Purpose::Merge, runs }) else { panic!() };
        for stored in &entries {
            let place = Place { space: epoch.space.id(), log, seq: stored.wire.seq(), previous: stored.previous };
            match Body::from_bytes(entry::open(&key, &place, &stored.wire).unwrap().bodies()).unwrap() {
                Body::Birth(Birth { device, .. }) => drop(told.devices.insert(log, device)),
                Body::Changes(changes) => waiting.push((changes.doc, guard::check(log, &changes).unwrap())),
                _ => {}
            }
        }
        let last = entries.last().unwrap();
        told.tips.insert(log, (last.wire.seq(), last.wire.link(&last.previous)));
        told.covers.push(Covered {
            queue: epoch.queue(),
            key: epoch.key,
            birth: Blob(entries[0].wire.bytes().to_vec()),
            previous: last.previous,
            tip: stub(&last.wire),
            proof: proof(&key, epoch.space.id(), &last.wire, last.previous),
        });
    }
    while !waiting.is_empty() {
        waiting.retain(|(doc, checked)| {
            let document = told.documents.entry(*doc).or_default();
            let fits = checked.iter().all(|one| one.deps().iter().all(|dep| document.contains(dep)));
            if fits {
                document.merge(checked.clone()).unwrap();
            }
            !fits
        });
    }
    told
}

fn stub(wire: &Wire) -> Blob {
    Blob(wire.to_stub().bytes().to_vec())
}

fn proof(key: &ReadKey, space: SpaceId, wire: &Wire, previous: Link) -> Proof {
    let place = Place { space, log: wire.log(), seq: wire.seq(), previous };
    entry::open(key, &place, wire).unwrap().proof()
}

/// A checkpoint, sealed, and its pieces.
type Offer = (Vec<u8>, Vec<Vec<u8>>);

/// A checkpoint of these documents, and its pieces.
fn made(held: &Held, documents: &[(DocId, Vec<u8>)], change: impl Fn(&mut Checkpoint)) -> Offer {
    let (epoch, key) = held.stolen.epoch(|space| matches!(space, Space::Journal { .. }));
    let mut rng = Rng::seed_from_u64(3);
    let laid: Vec<Laid<'_>> = documents.iter().map(|(doc, bytes)| Laid { doc: *doc, names: vec![], touches: vec![], bytes }).collect();
    let folded = bundle::fold(&laid);
    let packed = bundle::pack(&folded, 3).unwrap();
    let pieces: Vec<Vec<u8>> =
        packed.chunks(piece::PIECE_BYTES).map(|part| piece::seal(&key, epoch.space.id(), epoch.key, part, &mut rng)).collect();
    let heads = |doc: &DocId| held.documents[doc].heads().iter().map(|hash| hash.0).collect();
    let mut said = Checkpoint {
        by: held.stolen.device(),
        at_ms: 1_795_000_000_000,
        covers: held.covers.clone(),
        bundles: vec![Bundle {
            documents: documents.iter().map(|(doc, _)| Snapshot { doc: *doc, heads: heads(doc) }).collect(),
            packed: documents.iter().map(|(doc, _)| *doc).collect(),
            unfolded: u32::try_from(folded.len()).unwrap(),
            pieces: pieces.iter().map(|piece| PieceId::of(piece)).collect(),
        }],
        erased: Erase { records: vec![], drafts: vec![] },
        keys: Keys { read: vec![], items: vec![] },
        forks: vec![],
        replaced: vec![],
        deeds: vec![],
        replaces: vec![],
    };
    change(&mut said);
    (checkpoint::seal(&key, &held.stolen.vault.signing, epoch.space.id(), epoch.key, &said, &mut rng).unwrap(), pieces)
}

fn offer(world: &mut World, from: usize, to: usize, (sealed, pieces): Offer) {
    world.inject(from, to, &Message::Checkpoint(Offered { sealed: Blob(sealed), instead_of: None }));
    for piece in pieces {
        world.inject(from, to, &Message::Piece(Blob(piece)));
    }
    world.run_for(Duration::from_secs(20));
}

#[test]
fn a_checkpoint_that_lies_changes_nothing() {
    let mut world = World::new(4);
    // They pack nothing themselves.
    world.keeping = Keeping::default();
    let devices = story::family(&mut world, 3);
    let (laptop, thief, tablet) = (devices[0], devices[1], devices[2]);
    let mut story = Story::new(&devices);
    for device in devices.repeat(4) {
        story.log(&mut world, device);
        story.edit(&mut world, device);
    }
    story.settle(&mut world);
    // What the thief does not hear of.
    world.cut(thief, tablet);
    world.cut(laptop, tablet);
    story.log(&mut world, tablet);
    let held = held(&world, thief);
    let all: Vec<(DocId, Vec<u8>)> = held.documents.iter().map(|(doc, document)| (*doc, document.save())).collect();
    let others: Vec<LogId> = held.devices.iter().filter(|(_, device)| **device != held.stolen.device()).map(|(log, _)| *log).collect();
    let less: Vec<(DocId, Vec<u8>)> = all.iter().skip(1).cloned().collect();
    let lies: Vec<(&str, &str, Offer)> = vec![
        // Each covers one entry more of its own log, so that there is something to take.
        ("it holds no document", "lacks an entry", made(&held, &[], |said| more(&held, said))),
        ("it lacks one", "lacks an entry", made(&held, &less, |said| more(&held, said))),
        (
            "other heads",
            "are others than it says",
            made(&held, &all, |said| {
                more(&held, said);
                said.bundles[0].documents[0].heads = vec![[1; 32]];
            }),
        ),
        ("no document", "do not load", made(&held, &[(all[0].0, vec![7; 400])], |said| more(&held, said))),
        (
            "a bomb",
            "do not load",
            made(&held, &all, |said| {
                more(&held, said);
                said.bundles[0].unfolded = u32::MAX;
            }),
        ),
        (
            "another's log goes on",
            "did not sign",
            made(&held, &all, |said| {
                others.iter().for_each(|log| goes_on(&held, *log, said));
            }),
        ),
        ("another made it", "does not open", made(&held, &all, |said| said.by = held.devices[&others[0]])),
    ];
    for (what, why, lie) in lies {
        let before = Story::list(&mut world, laptop);
        offer(&mut world, thief, laptop, lie);
        let doctor = world.doctor(laptop);
        assert!(doctor.contains(why), "{what}: {doctor}");
        assert_eq!(Story::list(&mut world, laptop), before, "{what}");
        assert_eq!(super::files(&world, laptop, "checkpoints"), 0, "{what}");
        world.stop(laptop);
        world.start(laptop);
        world.run_for(Duration::from_secs(20));
    }
    story.log(&mut world, laptop);
    story.edit(&mut world, laptop);
    story.settle(&mut world);
    story.settle(&mut world);
    story.check(&mut world);
}

#[test]
fn own_devices_that_make_something_else_of_the_same_entries_find_that_out_and_agree() {
    let mut world = World::new(5);
    // None of them has packed anything yet.
    world.keeping = Keeping::default();
    let devices = story::family(&mut world, 2);
    let (laptop, desktop) = (devices[0], devices[1]);
    let mut story = Story::new(&devices);
    for device in devices.repeat(2) {
        story.log(&mut world, device);
    }
    story.settle(&mut world);
    // One change more than any entry has, and that nobody was told to be kept, as where a branch gave way that a checkpoint elsewhere stands for.
    let mut held = held(&world, laptop);
    let document = held.documents.iter_mut().find(|(doc, _)| matches!(doc, DocId::Month { .. })).unwrap().1;
    let record = document.records().next().unwrap();
    document.write(LogId([9; 16]), &[(schema::field(record, "note"), "something else".into())], None).unwrap();
    let all: Vec<(DocId, Vec<u8>)> = held.documents.iter().map(|(doc, document)| (*doc, document.save())).collect();
    let (sealed, pieces) = made(&held, &all, |_| {});
    world.inject(laptop, desktop, &Message::Checkpoint(Offered { sealed: Blob(sealed), instead_of: Some(OTHERWISE) }));
    for piece in pieces {
        world.inject(laptop, desktop, &Message::Piece(Blob(piece)));
    }
    let note = |world: &mut World, node| Story::list(world, node)[&record].note.clone();
    assert_eq!(note(&mut world, desktop).as_deref(), Some("something else"));
    assert_ne!(note(&mut world, laptop).as_deref(), Some("something else"));
    // They meet again.
    world.cut(laptop, desktop);
    world.heal();
    world.run_for(Duration::from_secs(100));
    story.settle(&mut world);
    assert_eq!(note(&mut world, laptop), note(&mut world, desktop));
    story.check(&mut world);
}

/// One entry more of the log of the machine that lies.
fn more(held: &Held, said: &mut Checkpoint) {
    let log = held.devices.iter().find(|(_, device)| **device == held.stolen.device()).unwrap().0;
    goes_on(held, *log, said);
}

/// One entry more of a log, signed by the machine that lies.
fn goes_on(held: &Held, log: LogId, said: &mut Checkpoint) {
    let (epoch, key) = held.stolen.epoch(|space| matches!(space, Space::Journal { .. }));
    let is_of = |covered: &&mut Covered| Wire::entry(covered.birth.0.clone()).unwrap().log() == log;
    let covered = said.covers.iter_mut().find(is_of).unwrap();
    let (seq, previous) = held.tips[&log];
    let place = Place { space: epoch.space.id(), log, seq: seq + 1, previous };
    let body = Body::Seen(Seen { have: vec![] }).to_frame().to_bytes();
    let wire = entry::seal(&key, &held.stolen.vault.signing, &place, &body, &mut Rng::seed_from_u64(4)).unwrap();
    (covered.previous, covered.tip, covered.proof) = (previous, stub(&wire), proof(&key, epoch.space.id(), &wire, previous));
}
