//! Logs of which a checkpoint covers a part, and the sealed files of checkpoints, on every disk.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use asif_proto::id::{CheckpointId, Link, PieceId};
use asif_proto::peer::Blob;

use super::super::{AppendError, GraftError, Jump, MemDisk, ReadError, RealDisk, SealedError, StubError, Takeover, TakeoverError};
use super::*;

on_every_disk! {
    the_bytes_of_a_log_that_is_covered_in_part_are_those_of_the_drawing
    what_is_covered_is_let_go_and_the_rest_goes_on
    a_log_goes_on_behind_what_was_never_here
    what_was_held_before_a_jump_is_kept_aside
    what_is_taken_in_the_place_of_another_is_taken_as_a_whole
    another_branch_and_stubs_find_their_place_behind_what_is_covered
    a_flip_anywhere_in_a_log_that_is_covered_in_part_is_damage
    a_tail_torn_anywhere_behind_what_is_covered_is_cut
    sealed_files_come_back_only_as_they_were_written
}

fn held(store: &Store, log: LogId, from: u64) -> Vec<u64> {
    store.read(log, from, usize::MAX, usize::MAX).unwrap().iter().map(|(_, wire)| wire.seq()).collect()
}

/// A store with a log of eight entries, of which 2 to 4 were let go.
fn pruned(disk: &Arc<dyn Disk>, data: &Path) -> (Store, Chain) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(disk, data);
    store.append(&chain.pushes(&[100; 8])).unwrap();
    store.prune(chain.log(), 5).unwrap();
    (store, chain)
}

fn the_bytes_of_a_log_that_is_covered_in_part_are_those_of_the_drawing(disk: Arc<dyn Disk>, data: &Path) {
    let (_store, chain) = pruned(&disk, data);
    let mut drawn = [b"asiflog2".as_slice(), &[0x41; 32], &[0x21; 16], &[0x01; 16], &[0, 0, 0, 0, 0, 0, 0, 5]].concat();
    drawn.extend_from_slice(chain.wires[3].0.as_bytes());
    drawn.extend_from_slice(&blake3::hash(&drawn).as_bytes()[..16]);
    for (link, entry) in chain.wires[..1].iter().chain(&chain.wires[4..]) {
        drawn.extend([&[0, 0, 0, 151], link.as_bytes().as_slice(), &[1], entry.bytes()].concat());
    }
    assert_eq!(disk.read(&log_path(data, &chain)).unwrap(), drawn);
}

fn what_is_covered_is_let_go_and_the_rest_goes_on(disk: Arc<dyn Disk>, data: &Path) {
    let (mut store, mut chain) = pruned(&disk, data);
    let check = |store: &Store, chain: &Chain, tip: u64| {
        assert_eq!(held(store, chain.log(), 1), [1]);
        assert_eq!(held(store, chain.log(), 5), (5..=tip).collect::<Vec<_>>());
        assert_eq!(store.read(chain.log(), 7, usize::MAX, 1).unwrap(), chain.wires[6..7]);
        for seq in 2..5 {
            assert!(matches!(store.read(chain.log(), seq, 1, 1), Err(ReadError::Covered { seq: at, .. }) if at == seq));
        }
        assert_eq!(held(store, chain.log(), tip + 1), [0; 0]);
    };
    check(&store, &chain, 8);
    store.append(&[chain.push(300)]).unwrap();
    check(&store, &chain, 9);
    drop(store);
    let (mut store, found) = open(&disk, data);
    assert!(found.damage.is_empty() && found.torn.is_empty(), "{found:?}");
    assert_eq!((found.logs[0].seq, found.logs[0].link, found.logs[0].from), (9, chain.tip(), 5));
    check(&store, &chain, 9);
    // Once more, further on; and what is not here already stays so.
    store.prune(chain.log(), 5).unwrap();
    store.prune(chain.log(), 9).unwrap();
    assert_eq!((held(&store, chain.log(), 1), held(&store, chain.log(), 9)), (vec![1], vec![9]));
    assert!(matches!(store.prune(chain.log(), 11), Err(StubError::NoEntry { seq: 11, .. })), "the last one stays");
    store.append(&[chain.push(100)]).unwrap();
    let (store, _) = open(&disk, data);
    assert_eq!(store.read(chain.log(), 9, usize::MAX, 9).unwrap(), chain.wires[8..]);
}

/// Behind what is covered of a chain up to an entry.
fn jump(chain: &Chain, seq: usize) -> Jump {
    let blob = |at: usize| Blob(chain.wires[at].1.bytes().to_vec());
    let previous = seq.checked_sub(2).map_or(Link::ZERO, |before| chain.wires[before].0);
    let (queue, key) = (chain.head.queue, chain.head.key);
    Jump { queue, key, birth: blob(0), previous, tip: Blob(chain.wires[seq - 1].1.to_stub().bytes().to_vec()), ends_there: false }
}

fn takeover(checkpoint: &[u8], logs: Vec<Jump>) -> Takeover {
    Takeover { checkpoint: Blob(checkpoint.to_vec()), logs, aside: Vec::new(), checkpoints: Vec::new(), pieces: Vec::new(), at_s: 7 }
}

fn a_log_goes_on_behind_what_was_never_here(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    chain.pushes(&[100; 7]);
    let (mut store, _) = open(&disk, data);
    store.take_over(&takeover(&[7; 50], vec![jump(&chain, 6)])).unwrap();
    assert_eq!(held(&store, chain.log(), 6), [6]);
    drop(store);
    let (mut store, found) = open(&disk, data);
    assert_eq!((found.logs[0].seq, found.logs[0].link, found.logs[0].from), (6, chain.wires[5].0, 6));
    let entry = |at: usize| Append::Entry { head: chain.head, link: chain.wires[at].0, wire: chain.wires[at].1.clone() };
    assert!(matches!(store.append(&[entry(5)]), Err(AppendError::Seq { expected: 7, got: 6, .. })));
    store.append(&[entry(6)]).unwrap();
    store.take_over(&takeover(&[7; 50], vec![jump(&chain, 6)])).unwrap();
    let stub = (chain.wires[5].0, chain.wires[5].1.to_stub());
    let held = [stub, chain.wires[6].clone()];
    assert_eq!(store.read(chain.log(), 6, usize::MAX, 9).unwrap(), held, "it is held already, and what comes after it too");
    assert_eq!(store.checkpoints().unwrap(), [(CheckpointId::of(&[7; 50]), vec![7; 50])]);
}

fn what_was_held_before_a_jump_is_kept_aside(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&chain.pushes(&[100; 3])).unwrap();
    let before = disk.read(&log_path(data, &chain)).unwrap();
    chain.pushes(&[100; 7]);
    // Another log's birth under this number.
    let mut other = Chain::new(1);
    other.push(400);
    let wrong = Jump { birth: Blob(other.wires[0].1.bytes().to_vec()), ..jump(&chain, 10) };
    assert!(matches!(store.take_over(&takeover(&[7; 50], vec![wrong])), Err(TakeoverError::Log(GraftError::Chain { seq: 1, .. }))));
    assert_eq!(store.checkpoints().unwrap(), [], "nothing was touched");
    store.take_over(&takeover(&[7; 50], vec![jump(&chain, 10)])).unwrap();
    assert_eq!(disk.read(&data.join(format!("store/replaced/{}-3-7", chain.log()))).unwrap(), before);
    let (_, found) = open(&disk, data);
    assert_eq!((found.logs[0].seq, found.logs[0].from, found.damage.len()), (10, 10, 0));
}

fn what_is_taken_in_the_place_of_another_is_taken_as_a_whole(disk: Arc<dyn Disk>, data: &Path) {
    let (mut ours, mut theirs, mut gone) = (Chain::new(1), Chain::new(1), Chain::new(2));
    let (mut store, _) = open(&disk, data);
    store.append(&ours.pushes(&[100; 6])).unwrap();
    store.append(&gone.pushes(&[100; 3])).unwrap();
    let birth = ours.wires[0].clone();
    theirs.pushes(&[100]);
    theirs.wires[0] = birth;
    theirs.pushes(&[120, 130, 140]);
    store.keep_pieces([[1; 40].as_slice(), &[2; 40]]).unwrap();
    store.keep_checkpoint(&[7; 50]).unwrap();
    let instead = Takeover {
        logs: vec![Jump { ends_there: true, ..jump(&theirs, 4) }],
        aside: vec![gone.log()],
        checkpoints: vec![CheckpointId::of(&[7; 50])],
        pieces: vec![PieceId::of(&[1; 40])],
        ..takeover(&[8; 50], Vec::new())
    };
    store.take_over(&instead).unwrap();
    let (store, found) = open(&disk, data);
    assert_eq!(found.logs.iter().map(|log| (log.head.log, log.seq, log.link)).collect::<Vec<_>>(), [(ours.log(), 4, theirs.wires[3].0)]);
    assert_eq!(store.checkpoints().unwrap(), [(CheckpointId::of(&[8; 50]), vec![8; 50])]);
    assert_eq!(store.pieces().unwrap(), [PieceId::of(&[2; 40])]);
    for (log, entries) in [(ours.log(), 6), (gone.log(), 3)] {
        assert!(disk.read(&data.join(format!("store/replaced/{log}-{entries}-7"))).is_ok(), "it is kept aside");
    }
    assert!(disk.read(&data.join("store/takeover")).is_err(), "it is done");
}

fn another_branch_and_stubs_find_their_place_behind_what_is_covered(disk: Arc<dyn Disk>, data: &Path) {
    let (mut store, chain) = pruned(&disk, data);
    store.stub(chain.log(), &[6]).unwrap();
    assert_eq!(held(&store, chain.log(), 5), [5, 6, 7, 8]);
    assert!(matches!(store.read(chain.log(), 6, 1, 1).unwrap()[..], [(_, Wire::Stub(_))]));
    let mut other = chain.clone();
    other.wires.truncate(6);
    other.pushes(&[200, 200, 200]);
    let branch: Vec<Wire> = other.wires[6..].iter().map(|(_, wire)| wire.clone()).collect();
    store.graft(chain.log(), 7, &branch).unwrap();
    assert_eq!(store.read(chain.log(), 7, usize::MAX, 9).unwrap(), other.wires[6..]);
    // From the very first that is here; and from what is not.
    let mut third = chain.clone();
    third.wires.truncate(4);
    third.pushes(&[333]);
    store.graft(chain.log(), 5, &[third.wires[4].1.clone()]).unwrap();
    assert_eq!(store.read(chain.log(), 5, usize::MAX, 9).unwrap(), third.wires[4..]);
    assert!(matches!(store.graft(chain.log(), 4, &[chain.wires[3].1.clone()]), Err(GraftError::Chain { seq: 4, .. })));
    let (_, found) = open(&disk, data);
    assert!(found.damage.is_empty());
}

fn a_flip_anywhere_in_a_log_that_is_covered_in_part_is_damage(disk: Arc<dyn Disk>, data: &Path) {
    let (store, chain) = pruned(&disk, data);
    drop(store);
    let path = log_path(data, &chain);
    let whole = disk.read(&path).unwrap();
    // The digit of the format is at 7: a higher one is a newer program's.
    for at in (0..whole.len()).step_by(7).filter(|at| *at != 7) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        put(&disk, &path, &flipped);
        let (_, found) = open(&disk, data);
        assert_eq!(found.damage.len(), 1, "byte {at}: {:?}", found.torn);
    }
}

fn a_tail_torn_anywhere_behind_what_is_covered_is_cut(disk: Arc<dyn Disk>, data: &Path) {
    let (store, chain) = pruned(&disk, data);
    drop(store);
    let path = log_path(data, &chain);
    let whole = disk.read(&path).unwrap();
    let record = 37 + chain.wires[7].1.bytes().len();
    for cut in 1..record {
        put(&disk, &path, &whole[..whole.len() - cut]);
        let (_, found) = open(&disk, data);
        assert!(found.damage.is_empty(), "{cut}: {:?}", found.damage);
        assert_eq!(found.logs[0].seq, 7, "{cut}");
    }
}

fn sealed_files_come_back_only_as_they_were_written(disk: Arc<dyn Disk>, data: &Path) {
    let (mut store, _) = open(&disk, data);
    assert!(store.pieces().unwrap().is_empty() && store.checkpoints().unwrap().is_empty());
    let (one, two, whole) = (vec![1; 3000], vec![2; 10], vec![3; 500]);
    store.keep_pieces([one.as_slice(), &two]).unwrap();
    store.keep_checkpoint(&whole).unwrap();
    drop(store);
    let (mut store, _) = open(&disk, data);
    let (first, second) = (PieceId::of(&one), PieceId::of(&two));
    assert_eq!(store.pieces().unwrap().len(), 2);
    assert_eq!(store.piece(first).unwrap(), one);
    assert_eq!(store.checkpoints().unwrap(), [(CheckpointId::of(&whole), whole.clone())]);
    put(&disk, &data.join(format!("store/pieces/{first}")), &[9; 3000]);
    put(&disk, &data.join(format!("store/checkpoints/{}", CheckpointId::of(&whole))), &[9; 500]);
    assert!(matches!(store.piece(first), Err(SealedError::Changed(_))));
    assert!(store.checkpoints().unwrap().is_empty());
    store.drop_sealed(&[CheckpointId::of(&whole)], &[first, second]).unwrap();
    store.drop_sealed(&[], &[first]).unwrap();
    assert!(store.pieces().unwrap().is_empty());
    assert!(matches!(store.piece(second), Err(SealedError::Absent(_))));
}

/// What is kept aside of a chain that was erased from.
fn asides_of(store: &super::super::Store) -> Vec<(String, Vec<bool>)> {
    let kinds = |aside: super::super::Aside| aside.entries.iter().map(|(_, wire)| matches!(wire, Wire::Entry(_))).collect();
    store.asides().into_iter().map(|aside| (aside.file.clone(), kinds(aside))).collect()
}

#[test]
fn what_is_erased_is_a_stub_here_and_aside_and_the_chain_stays_whole() {
    let disk: Arc<dyn super::super::Disk> = Arc::new(MemDisk::new());
    let data = Path::new("/data");
    let mut chain = Chain::new(3);
    let (mut store, _) = open(&disk, data);
    for size in [100, 110, 120, 130, 140, 150] {
        store.append(&[chain.push(size)]).unwrap();
    }
    let log = chain.log();
    store.erase(log, 5, &BTreeSet::from([3, 5]), 1000).unwrap();
    let kinds = |store: &super::super::Store, from: u64| -> Vec<bool> {
        store.read(log, from, usize::MAX, 9).unwrap().iter().map(|(_, wire)| matches!(wire, Wire::Entry(_))).collect()
    };
    let (reopened, found) = open(&disk, data);
    for store in [&store, &reopened] {
        assert_eq!((kinds(store, 1), kinds(store, 5)), (vec![true], vec![false, true]));
    }
    assert!(found.damage.is_empty() && found.torn.is_empty(), "{found:?}");
    assert_eq!(asides_of(&store), [(format!("{log}-5-1000"), vec![true, true, false, true, false, true])]);
    // What came aside before the next erasure is looked through, too.
    store.erase_aside(&format!("{log}-5-1000"), &BTreeSet::from([2])).unwrap();
    assert_eq!(asides_of(&store), [(format!("{log}-5-1000"), vec![true, false, false, true, false, true])]);
    assert!(matches!(store.erase(log, 7, &BTreeSet::new(), 1000), Err(StubError::NoEntry { seq: 7, .. })));
    // A stub at the end of a log that is covered up to there.
    store.erase(log, 6, &BTreeSet::from([6]), 2000).unwrap();
    store.append(&[chain.push(160)]).unwrap();
    let (mut store, _) = open(&disk, data);
    assert_eq!(kinds(&store, 6), [false, true]);
    store.drop_asides(2000).unwrap();
    assert_eq!(asides_of(&store).len(), 1, "what was kept before goes");
}
