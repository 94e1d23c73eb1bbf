//! What every store must do, on the disk of this machine and on the one in memory; and what only the one in memory can show: lost power.

/// Facts that are shown on both disks.
macro_rules! on_every_disk {
    ($($name:ident)*) => {
        mod on_a_real_disk {
            $(#[test]
            fn $name() {
                let home = tempfile::tempdir().unwrap();
                super::$name(super::Arc::new(super::RealDisk::new()), &home.path().join("data"));
            })*
        }
        mod on_a_disk_in_memory {
            $(#[test]
            fn $name() {
                super::$name(super::Arc::new(super::MemDisk::new()), std::path::Path::new("/data"));
            })*
        }
    };
}

mod conformance;
mod covering;
mod crash;
mod parts;
mod rewriting;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use asif_proto::id::{KeyId, Link, LogId, QueueId};

use super::{Append, Disk, Found, List, LogHead, Store};
use crate::seal::wire::{self, Wire};

/// A log as its writer holds it.
#[derive(Clone)]
struct Chain {
    head: LogHead,
    wires: Vec<(Link, Wire)>,
}

impl Chain {
    fn new(id: u8) -> Self {
        let head = LogHead { queue: QueueId([id ^ 0x40; 32]), key: KeyId([id ^ 0x20; 16]), log: LogId([id; 16]) };
        Self { head, wires: Vec::new() }
    }

    fn log(&self) -> LogId {
        self.head.log
    }

    fn tip(&self) -> Link {
        self.wires.last().map_or(Link::ZERO, |(link, _)| *link)
    }

    /// The next entry, with `sealed` bytes that look like ciphertext.
    fn push(&mut self, sealed: usize) -> Append {
        let seq = self.wires.len() as u64 + 1;
        let mut bytes = wire::header(self.log(), seq).to_vec();
        let noise = blake3::Hasher::new().update(&bytes).update(self.tip().as_bytes()).clone();
        let mut sealed = vec![0; wire::NONCE_LEN + sealed.max(84)];
        noise.finalize_xof().fill(&mut sealed);
        bytes.extend(sealed);
        let wire = Wire::entry(bytes).unwrap();
        let link = wire.link(&self.tip());
        self.wires.push((link, wire.clone()));
        Append::Entry { head: self.head, link, wire }
    }

    fn pushes(&mut self, sealed: &[usize]) -> Vec<Append> {
        sealed.iter().map(|len| self.push(*len)).collect()
    }
}

fn open(disk: &Arc<dyn Disk>, data: &Path) -> (Store, Found) {
    Store::open(disk.clone(), data).unwrap()
}

fn read_all(store: &Store, log: LogId) -> Vec<(Link, Wire)> {
    store.read(log, 1, usize::MAX, usize::MAX).unwrap()
}

fn log_path(data: &Path, chain: &Chain) -> PathBuf {
    data.join("store/logs").join(chain.log().to_string())
}

fn sealed(store: &Store, chain: &Chain) -> bool {
    read_all(store, chain.log()) == chain.wires
}

/// Puts a file there behind the store's back.
fn put(disk: &Arc<dyn Disk>, path: &Path, bytes: &[u8]) {
    let _ = disk.remove(path);
    disk.create(path).unwrap();
    disk.append(path, bytes).unwrap();
    disk.sync(path).unwrap();
    disk.sync_dir(path.parent().unwrap()).unwrap();
}

/// Small seeded randomness (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }
}
