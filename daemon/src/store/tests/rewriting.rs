//! What replaces the file of a log, on every disk.

use std::path::Path;
use std::sync::Arc;

use super::super::{GraftError, MemDisk, ReadError, RealDisk, StubError};
use super::*;

on_every_disk! {
    stubs_keep_every_link
    another_branch_takes_the_place_of_a_tail
}

fn stubs_keep_every_link(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&chain.pushes(&[100, 4000, 100, 3000])).unwrap();
    let before = disk.read(&log_path(data, &chain)).unwrap().len();
    assert!(matches!(store.stub(chain.log(), &[2, 5]), Err(StubError::NoEntry { seq: 5, .. })));
    assert!(matches!(store.stub(LogId([9; 16]), &[1]), Err(StubError::Read(ReadError::NoLog(_)))));
    store.stub(chain.log(), &[4, 2]).unwrap();
    store.stub(chain.log(), &[2]).unwrap();
    let sealed_before = chain.wires.clone();
    for seq in [1, 3] {
        chain.wires[seq].1 = chain.wires[seq].1.to_stub();
    }
    assert!(sealed(&store, &chain));
    let bytes = disk.read(&log_path(data, &chain)).unwrap();
    assert!(bytes.len() + 6500 < before);
    let secret = &sealed_before[1].1.bytes()[60..100];
    assert!(!bytes.windows(40).any(|window| window == secret), "the sealed bytes are gone");
    store.append(&[chain.push(100)]).unwrap();
    let (store, found) = open(&disk, data);
    assert!(found.damage.is_empty());
    assert!(sealed(&store, &chain));
    assert_eq!(store.read(chain.log(), 4, usize::MAX, 1).unwrap(), chain.wires[3..4]);
    // A stub is stored as it comes, too.
    let mut copy = Chain::new(1);
    let (mut elsewhere, _) = Store::open(disk.clone(), &data.join("elsewhere")).unwrap();
    for (link, wire) in &chain.wires {
        copy.wires.push((*link, wire.clone()));
        elsewhere.append(&[Append::Entry { head: chain.head, link: *link, wire: wire.clone() }]).unwrap();
    }
    assert!(sealed(&elsewhere, &copy));
}

fn another_branch_takes_the_place_of_a_tail(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&chain.pushes(&[100, 100, 100])).unwrap();
    let mut other = chain.clone();
    store.append(&chain.pushes(&[200, 200, 200, 200])).unwrap();
    other.pushes(&[300, 300]);
    let wires = |from: &Chain, at: std::ops::Range<usize>| from.wires[at].iter().map(|(_, wire)| wire.clone()).collect::<Vec<_>>();
    // A branch is one piece, and begins where something is held.
    let broken = [wires(&other, 3..4), wires(&chain, 6..7)].concat();
    assert!(matches!(store.graft(chain.log(), 4, &broken), Err(GraftError::Chain { seq: 5, .. })));
    assert!(sealed(&store, &chain));
    store.graft(chain.log(), 4, &wires(&other, 3..5)).unwrap();
    assert!(sealed(&store, &other));
    assert!(matches!(store.graft(chain.log(), 7, &wires(&chain, 6..7)), Err(GraftError::Chain { seq: 7, .. })));
    store.append(&[other.push(50)]).unwrap();
    drop(store);
    let (store, found) = open(&disk, data);
    assert!(found.damage.is_empty() && found.torn.is_empty());
    assert!(sealed(&store, &other));
}
