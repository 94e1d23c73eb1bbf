//! The entries of a journal, read from its store and opened with the keys of its own vault.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use asif_daemon::journal::guard;
use asif_daemon::people::epoch;
use asif_daemon::people::registry::Registry;
use asif_daemon::replica::effect::{Effect, Input, Purpose, Run, Stored};
use asif_daemon::run::shelf::{Done, Shelf};
use asif_daemon::seal::body::{Body, Changes, DocId};
use asif_daemon::seal::entry::{self, Place};
use asif_daemon::seal::keys::VaultKey;
use asif_daemon::seal::vault::Vault;
use asif_daemon::store::RealDisk;
use automerge::Change;

use crate::Refusal;

/// The entry of one session.
pub(crate) struct Opened {
    /// Bytes of the entry, sealed.
    pub(crate) sealed: usize,
    /// Bytes of all bodies in it.
    pub(crate) bodies: usize,
    /// Bytes of its change, as it is packed.
    pub(crate) packed: usize,
    /// The document.
    pub(crate) doc: DocId,
    /// The change, plain.
    pub(crate) change: Change,
    /// The key that it puts.
    pub(crate) key: String,
    /// The value that it puts there: the session, packed as JSON.
    pub(crate) value: String,
}

/// The sessions of a home that does not run, whose entries are all there; each opened and judged as another device would.
pub(crate) fn sessions(home: &Path) -> Result<Vec<Opened>, Refusal> {
    let (mut shelf, found) = Shelf::open(Arc::new(RealDisk::new()), &home.join("data"))?;
    let (sealed, key) = found.vault.ok_or("no vault is here")?;
    let vault = Vault::open(&VaultKey::from_file(&key)?, &sealed)?;
    let mut registry = Registry::default();
    registry.load(found.statements.into_iter())?;
    let mut opened = Vec::new();
    for log in found.logs {
        let Some(epoch) = registry.epoch(&log.head.queue) else { continue };
        let keys = epoch::read_box(epoch, vault.device(), &vault.sealing).ok_or("a log has no key here")?;
        let runs = vec![Run { log: log.head.log, from: 1, to: log.seq }];
        let Done::Input(Input::Read { entries, .. }) = shelf.perform(Effect::Read { purpose: Purpose::Merge, runs })? else {
            return Err("entries were not read".into());
        };
        for stored in entries {
            let place = Place { space: epoch.space.id(), log: log.head.log, seq: stored.wire.seq(), previous: stored.previous };
            let inside = entry::open(&keys.read, &place, &stored.wire)?;
            if let Body::Changes(changes) = Body::from_bytes(inside.bodies())? {
                opened.extend(session(&stored, inside.bodies().len(), &changes)?);
            }
        }
    }
    Ok(opened)
}

/// What is inside the entry of a session; of another none.
fn session(stored: &Stored, bodies: usize, changes: &Changes) -> Result<Option<Opened>, Refusal> {
    let mut checked = guard::check(stored.wire.log(), changes)?;
    let (DocId::Month { .. }, Some(checked), true) = (changes.doc, checked.pop(), checked.is_empty()) else { return Ok(None) };
    let change = checked.change().clone();
    let mut puts: HashMap<String, String> = HashMap::new();
    for operation in change.decode().operations {
        if let (automerge::legacy::Key::Map(key), Some(value)) = (&operation.key, operation.primitive_value()) {
            puts.insert(key.to_string(), value.as_str().ok_or("a session is not text")?.to_owned());
        }
    }
    let mut puts = puts.into_iter();
    let (Some((key, value)), None) = (puts.next(), puts.next()) else { return Ok(None) };
    Ok(Some(Opened { sealed: stored.wire.bytes().len(), bodies, packed: changes.bytes.len(), doc: changes.doc, change, key, value }))
}
