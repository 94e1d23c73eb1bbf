//! The bytes of one file in memory: as programs see them, and as they are on the disk.

use std::ops::Range;

use super::Choose;

/// Disks write whole sectors of this size.
const SECTOR: usize = 512;
/// Of a sector that lies partly before what was added, so few bytes count as written with those before.
const SMALL: usize = 8;

#[derive(Default, Clone)]
pub(super) struct MemFile {
    /// As programs see it.
    pub(super) now: Vec<u8>,
    /// As the last good sync left it.
    synced: Vec<u8>,
    /// Bytes that a failed sync dropped: seen, never on the disk.
    dropped: Vec<Range<usize>>,
}

impl MemFile {
    /// A file that holds these bytes, synced.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self { synced: bytes.clone(), now: bytes, dropped: Vec::new() }
    }

    /// What a sync now would put on the disk.
    fn on_disk(&self) -> Vec<u8> {
        let mut bytes = self.now.clone();
        for range in &self.dropped {
            let end = range.end.min(bytes.len());
            if let Some(lost) = bytes.get_mut(range.start..end) {
                lost.fill(0);
            }
        }
        bytes
    }

    /// Where the bytes begin that no sync has kept.
    fn changed_from(&self) -> usize {
        self.now.iter().zip(&self.synced).take_while(|(now, synced)| now == synced).count()
    }

    pub(super) fn sync(&mut self) {
        self.synced = self.on_disk();
    }

    /// The bytes from here on are written once more.
    pub(super) fn write_again(&mut self, from: usize) {
        for range in &mut self.dropped {
            range.end = range.end.min(from);
        }
        self.dropped.retain(|range| range.start < range.end);
    }

    pub(super) fn fail_sync(&mut self) {
        let from = self.changed_from();
        self.dropped.push(from..self.now.len());
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.now.truncate(len);
        self.write_again(len);
    }

    pub(super) fn crash(&mut self, choose: Choose<'_>) {
        let target = self.on_disk();
        let same = self.changed_from();
        // A cut that was not synced may not have happened.
        let kept = if target.len() < self.synced.len() && choose(2) == 0 {
            self.synced.clone()
        } else if choose(4) == 0 {
            scattered(target, same, choose)
        } else {
            prefix(target, same, choose)
        };
        *self = Self { now: kept.clone(), synced: kept, dropped: Vec::new() };
    }
}

/// A part of what was added reached the disk, and maybe the length before the last sectors did.
fn prefix(mut kept: Vec<u8>, same: usize, choose: Choose<'_>) -> Vec<u8> {
    kept.truncate(same + choose(kept.len() - same + 1));
    let sectors = (kept.len() / SECTOR).saturating_sub(same.div_ceil(SECTOR));
    if choose(3) == 0 && kept.len() > same {
        let from = match choose(sectors + 2) {
            0 => same,
            n => (same.div_ceil(SECTOR) + n - 1) * SECTOR,
        };
        if let Some(zeros) = kept.get_mut(from..) {
            zeros.fill(0);
        }
    }
    kept
}

/// The length reached the disk, and of the sectors any.
fn scattered(mut kept: Vec<u8>, same: usize, choose: Choose<'_>) -> Vec<u8> {
    let mut from = same;
    while from < kept.len() {
        let end = (from + 1).next_multiple_of(SECTOR).min(kept.len());
        if choose(2) == 0
            && end - from >= SMALL
            && let Some(sector) = kept.get_mut(from..end)
        {
            sector.fill(0);
        }
        from = end;
    }
    kept
}
