//! What is on disk, as the core starts from it.

use std::path::Path;

use asif_proto::home::DAMAGED_DRAFTS;

use super::{DELAYS, DRAFTS, ERASED, OUTSIDE, PEERS, PLAN_COPY, REMINDED, RESTORED, Shelf, ShelfError, VAULT, VAULT_KEY, VIEW, WITHHELD};
use crate::journal::view::Parts;
use crate::replica::effect::{Found, FoundLog, LogHead, Salvaged, Stored};
use crate::store::{self, List};

impl Shelf {
    pub(super) fn found(&mut self, found: store::Found) -> Result<Found, ShelfError> {
        self.damaged = found.damage.iter().map(|damage| damage.log).collect();
        let vault = match (self.store.load(VAULT)?, self.store.load(VAULT_KEY)?) {
            (Some(vault), key) => Some((vault, key.unwrap_or_default())),
            (None, _) => None,
        };
        Ok(Found {
            logs: found.logs.iter().map(found_log).collect(),
            statements: found.records(List::Statements).to_vec(),
            held: found.records(List::Held).to_vec(),
            dropped: found.records(List::Dropped).to_vec(),
            outside: self.cache(OUTSIDE),
            checkpoints: self.store.checkpoints()?,
            pieces: self.store.pieces()?.into_iter().collect(),
            vault,
            view: self.cache(VIEW),
            parts: self.parts(),
            peers: self.cache(PEERS),
            is_other: false,
            key: None,
            stays_locked: false,
            restored: self.cache(RESTORED),
            reminded: self.cache(REMINDED),
            delays: self.cache(DELAYS),
            withheld: self.cache(WITHHELD),
            erased: self.cache(ERASED),
            drafts: self.store.load(DRAFTS)?,
            drafts_damaged: self.store.load(DAMAGED_DRAFTS)?.is_some(),
            plan_copy: self.plan_copy(),
            salvaged: Vec::new(),
            set_aside: self.store.set_aside_files(),
            damage: found.damage.into_iter().map(|damage| (damage.log, damage_words(&damage))).collect(),
            torn: found.torn.iter().map(torn_words).collect(),
            strange: found.strange.iter().map(|path| name(path)).collect(),
        })
    }

    /// A file that can be made anew; one that cannot be read is.
    pub(super) fn cache(&self, name: &'static str) -> Option<Vec<u8>> {
        self.store.load(name).unwrap_or_else(|error| {
            tracing::warn!(%error, name, "a file that can be made anew cannot be read");
            None
        })
    }

    /// The parts of the view that are what was saved.
    fn parts(&self) -> Parts {
        let found = self.store.parts().unwrap_or_else(|error| {
            tracing::warn!(%error, "the parts of the saved view cannot be read");
            Vec::new()
        });
        found.into_iter().map(|(id, bytes)| (id, bytes.into())).collect()
    }

    /// The plan's readable copy. One that others could read, or that is a link, is there too: it is written anew, for its owner alone.
    fn plan_copy(&self) -> Option<Vec<u8>> {
        match self.store.load(PLAN_COPY) {
            Err(store::SmallFileError::Disk(error)) if error.source.kind() == std::io::ErrorKind::PermissionDenied => Some(Vec::new()),
            _ => self.cache(PLAN_COPY),
        }
    }
}

pub(super) fn salvaged(piece: store::Salvaged) -> Salvaged {
    let entries = piece.entries.into_iter().map(|(previous, wire)| Stored { previous, wire }).collect();
    Salvaged { log: piece.log, queue: piece.head.map(|head| head.queue), file: piece.file, entries, lost: piece.lost }
}

fn found_log(log: &store::FoundLog) -> FoundLog {
    FoundLog { head: LogHead { queue: log.head.queue, key: log.head.key, log: log.head.log }, seq: log.seq, link: log.link, from: log.from }
}

fn torn_words(torn: &store::Torn) -> String {
    let copy = torn.kept.as_deref().map(|kept| format!(" (a copy is kept: {})", name(kept))).unwrap_or_default();
    format!("{} bytes at the end of {}{copy}", torn.bytes, name(&torn.file))
}

fn damage_words(damage: &store::Damage) -> String {
    format!("{} from byte {} on: {} ({} records before it are good)", name(&damage.file), damage.offset, damage.what, damage.last_good)
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
