//! All that a machine can know, with every key in hand: whatever lies on its disk, opened and unfolded, and whatever was ever said to it.

use std::path::Path;

use asif_daemon::journal::bundle;
use asif_daemon::journal::view::part;
use asif_daemon::people::epoch;
use asif_daemon::replica::effect::{Effect, Input, Purpose, Run};
use asif_daemon::run::shelf::{Done, Shelf};
use asif_daemon::seal::body::Body;
use asif_daemon::seal::entry::{self, Place};
use asif_daemon::seal::keys::ReadKey;
use asif_daemon::seal::wire::Wire;
use asif_daemon::seal::{checkpoint, padding, piece};
use asif_daemon::store::Store;
use asif_proto::id::{KeyId, Link, LogId, QueueId, SpaceId};
use asif_proto::peer::{Blob, Message, Sealed};

use crate::hostile::steal;
use crate::world::World;

/// The keys that somebody has.
struct Ring(Vec<(QueueId, SpaceId, KeyId, ReadKey)>);

impl Ring {
    /// An entry, opened and unfolded, with all that is folded into it.
    fn open(&self, queue: QueueId, log: LogId, previous: Link, wire: &Wire) -> Vec<Vec<u8>> {
        let Some((_, space, _, key)) = self.0.iter().find(|(one, ..)| *one == queue) else { return Vec::new() };
        let place = Place { space: *space, log, seq: wire.seq(), previous };
        let opened = wire.sealed().and_then(|_| entry::open(key, &place, wire).ok());
        let Some(bodies) = opened.map(|opened| opened.bodies().to_vec()) else { return Vec::new() };
        let mut all = match Body::from_bytes(&bodies) {
            Ok(Body::Changes(changes)) if changes.codec == 1 => vec![zstd::decode_all(&changes.bytes[..]).unwrap()],
            Ok(Body::Branch(branch)) => self.run(branch.queue, branch.log, branch.before, &branch.entries),
            _ => Vec::new(),
        };
        all.push(bodies);
        all
    }

    fn run(&self, queue: QueueId, log: LogId, mut previous: Link, entries: &[Sealed]) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        for sealed in entries {
            let wire = Wire::try_from(sealed.clone()).unwrap();
            all.extend(self.open(queue, log, previous, &wire));
            previous = wire.link(&previous);
        }
        all
    }

    /// A checkpoint, and the entries that it carries.
    fn checkpoint(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let opened = self.0.iter().find_map(|(_, space, _, key)| checkpoint::open(key, *space, bytes).ok());
        let Some(said) = opened else { return Vec::new() };
        vec![format!("{said:?}").into_bytes()]
    }

    fn piece(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.0.iter().find_map(|(_, space, epoch, key)| piece::open(key, *space, *epoch, bytes).ok()).map(|opened| opened.to_vec())
    }
}

/// All of it, in pieces.
pub(crate) fn knows(world: &World, node: usize) -> Vec<Vec<u8>> {
    found(world, node).into_iter().map(|(_, bytes)| bytes).collect()
}

/// The same, each with where it was found.
pub(crate) fn found(world: &World, node: usize) -> Vec<(String, Vec<u8>)> {
    let stolen = steal(world, node);
    let boxes = stolen.registry.all_epochs().filter_map(|epoch| {
        let keys = epoch::read_box(epoch, stolen.device(), &stolen.vault.sealing)?;
        Some((epoch.queue(), epoch.space.id(), epoch.key, keys.read))
    });
    let ring = Ring(boxes.collect());
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let mut tell = |at: String, found: Vec<Vec<u8>>| all.extend(found.into_iter().map(|one| (at.clone(), one)));
    for (path, bytes) in world.nodes[node].bytes_on_disk() {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let at = path.display().to_string();
        let of_the_view = path.starts_with("/data/store/parts");
        let opened = stolen.vault.cache.open(if of_the_view { "view part" } else { &name }, &bytes).ok();
        assert!(!of_the_view || opened.is_some(), "a part of the view that does not open: {at}");
        let opened = opened.map(|plain| match &*name {
            "view" => part::unpack(&plain).unwrap(),
            _ if of_the_view => part::unpack(padding::unpad(&plain).unwrap()).unwrap(),
            _ => plain,
        });
        tell(at.clone(), opened.into_iter().collect());
        if path.starts_with("/data/store/checkpoints") {
            tell(at.clone(), ring.checkpoint(&bytes));
        }
        // One bundle is one piece here.
        if let Some(packed) = ring.piece(&bytes).filter(|_| path.starts_with("/data/store/pieces")) {
            tell(at.clone(), vec![zstd::bulk::decompress(&packed, bundle::MAX_BUNDLE).unwrap()]);
        }
        tell(at, vec![bytes]);
    }
    let disk = world.nodes[node].disk.clone();
    let (mut shelf, found) = Shelf::open(disk.clone(), Path::new("/data")).unwrap();
    for log in found.logs.iter().map(|log| log.head) {
        let runs = vec![Run { log: log.log, from: 1, to: 100_000 }];
        let Ok(Done::Input(Input::Read { entries, .. })) = shelf.perform(Effect::Read { purpose: Purpose::Merge, runs }) else { panic!() };
        for stored in entries {
            let at = format!("entry {} of log {}", stored.wire.seq(), log.log);
            tell(at, ring.open(log.queue, log.log, stored.previous, &stored.wire));
        }
    }
    let (store, _) = Store::open(disk, Path::new("/data")).unwrap();
    for aside in store.asides() {
        let opened = aside.entries.iter().flat_map(|(previous, wire)| ring.open(aside.head.queue, aside.head.log, *previous, wire));
        tell(format!("kept aside: {}", aside.file), opened.collect());
    }
    for (_, _, message) in world.recorded.iter().flatten().filter(|(_, to, _)| *to == node) {
        let at = format!("message {:?}", std::mem::discriminant(message));
        tell(at.clone(), vec![message.to_frame().to_bytes()]);
        match message {
            Message::Entries(run) => {
                let log = run.entries.first().map(|one| Wire::try_from(one.clone()).unwrap().log());
                tell(at, log.map(|log| ring.run(run.queue, log, run.before, &run.entries)).unwrap_or_default());
            }
            Message::Checkpoint(offered) => tell(at, ring.checkpoint(&offered.sealed.0)),
            Message::Piece(Blob(bytes)) => tell(at, ring.piece(bytes).into_iter().collect()),
            _ => {}
        }
    }
    all
}

/// Whether it is somewhere in there.
pub(crate) fn is_known(known: &[Vec<u8>], what: &[u8]) -> bool {
    known.iter().any(|one| one.windows(what.len()).any(|part| part == what))
}
