//! The parts of the saved view, on every disk.

use std::collections::BTreeSet;

use asif_proto::id::PartId;

use super::super::{MemDisk, RealDisk};
use super::*;

on_every_disk! {
    parts_come_back_only_as_they_were_written
    a_part_that_is_here_is_not_written_again
    what_is_no_longer_named_goes
}

fn named(bytes: &[u8]) -> (PartId, &[u8]) {
    (PartId::of(bytes), bytes)
}

fn held(store: &Store) -> BTreeSet<Vec<u8>> {
    store.parts().unwrap().into_iter().map(|(_, bytes)| bytes).collect()
}

fn file(data: &Path, bytes: &[u8]) -> PathBuf {
    data.join("store/parts").join(PartId::of(bytes).to_string())
}

fn parts_come_back_only_as_they_were_written(disk: Arc<dyn Disk>, data: &Path) {
    let (mut store, _) = open(&disk, data);
    assert!(held(&store).is_empty());
    store.keep_parts([b"one".as_slice(), b"two"].map(named)).unwrap();
    assert_eq!(held(&store), BTreeSet::from([b"one".to_vec(), b"two".to_vec()]));
    // A crash left half of one, and one that was not finished.
    disk.truncate(&file(data, b"one"), 1).unwrap();
    let unfinished = data.join("store/parts").join(format!("{}.new", PartId::of(b"three")));
    disk.create(&unfinished).unwrap();
    let (mut store, _) = open(&disk, data);
    assert_eq!(held(&store), BTreeSet::from([b"two".to_vec()]));
    assert_eq!(disk.list(&data.join("store/parts")).unwrap(), [PartId::of(b"two").to_string()], "and nothing else is there");
    store.keep_parts([named(b"one")]).unwrap();
    assert_eq!(held(&store).len(), 2, "it can be written anew");
}

fn a_part_that_is_here_is_not_written_again(disk: Arc<dyn Disk>, data: &Path) {
    let (mut store, _) = open(&disk, data);
    store.keep_parts([named(b"one")]).unwrap();
    disk.append(&file(data, b"one"), b"!").unwrap();
    store.keep_parts([b"one".as_slice(), b"two"].map(named)).unwrap();
    assert_eq!(disk.read(&file(data, b"one")).unwrap(), b"one!", "it was left alone");
}

fn what_is_no_longer_named_goes(disk: Arc<dyn Disk>, data: &Path) {
    let (mut store, _) = open(&disk, data);
    store.drop_parts_but(&BTreeSet::new()).unwrap();
    store.keep_parts([b"one".as_slice(), b"two", b"three"].map(named)).unwrap();
    store.drop_parts_but(&BTreeSet::from([PartId::of(b"two")])).unwrap();
    assert_eq!(held(&store), BTreeSet::from([b"two".to_vec()]));
    store.drop_parts_but(&BTreeSet::new()).unwrap();
    assert!(held(&store).is_empty());
}
