//! What is remembered about peers between starts: where they are, what they acknowledged, when both last had the same.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use asif_proto::frame;
use asif_proto::id::{GrantId, LinkKey, LogId, PersonId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::effect::{Effect, LinkId, Opaque};
use super::mail::Notes;
use super::roaming::Reaches;
use super::whereabouts::Told;
use super::{Cx, Replica};

/// The name of the sealed file.
pub(super) const FILE: &str = "peers";
const SAVE_WITHIN: Duration = Duration::from_secs(5);

/// Everything that is remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Peers {
    pub(super) notes: BTreeMap<LinkKey, Note>,
    /// Of each client: how many items had come when they were last opened here.
    pub(super) opened: BTreeMap<GrantId, u64>,
}

/// What is remembered about one device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// Where it was reached or said itself that it listens, best first.
    pub(super) addresses: Vec<SocketAddr>,
    /// When both last had the same.
    pub(super) last_sync: Option<Timestamp>,
    /// What it acknowledged.
    pub(super) acked: BTreeMap<LogId, u64>,
}

impl Replica {
    /// Opens the sealed file; one that does not open is begun anew.
    pub(super) fn load_peers(&mut self, bytes: Option<&[u8]>) {
        let Some(vault) = &self.vault else { return };
        let opened = bytes.and_then(|bytes| vault.cache.open(FILE, bytes).ok());
        let Some(plain) = opened else { return };
        // An earlier asif kept less of it.
        let first = || Some((frame::decode(&plain)?, Told::default(), Reaches::default(), Notes::default(), None));
        let second = || frame::decode(&plain).map(|(peers, told)| (peers, told, Reaches::default(), Notes::default(), None));
        let third = || frame::decode(&plain).map(|(peers, told, reached)| (peers, told, reached, Notes::default(), None));
        let all = frame::decode(&plain).or_else(third).or_else(second).or_else(first);
        (self.peers, self.told, self.reached, self.mail.notes, self.mail.found) = all.unwrap_or_default();
    }

    /// Where own devices were met while this one was locked.
    pub(super) fn met_while_locked(&mut self) {
        let met: Vec<_> = self.outside_saved.iter().flat_map(|outside| outside.met.clone()).collect();
        for (key, addresses) in met {
            self.peers.notes.entry(key).or_default().addresses = addresses;
        }
    }

    pub(super) fn save_peers_soon(&mut self, cx: &Cx<'_>) {
        self.save_peers_at.get_or_insert(cx.now.mono + SAVE_WITHIN);
    }

    pub(super) fn save_peers(&mut self, cx: &mut Cx<'_>) {
        self.save_peers_at = None;
        self.save_outside(cx);
        if let Some(vault) = &self.vault {
            let bytes = vault.cache.seal(
                FILE,
                &frame::encode(&(&self.peers, &self.told, &self.reached, &self.mail.notes, &self.mail.found)),
                cx.rng,
            );
            cx.rest.push(Effect::Save { name: FILE, bytes: Opaque::new(bytes) });
        }
    }

    /// After each step: remembers what a peer acknowledged, and that both have the same.
    pub(super) fn note_sync(&mut self, cx: &mut Cx<'_>, id: LinkId, person: PersonId) {
        let settled = self.is_settled(id);
        let own = self.person() == Some(person);
        let Some(link) = self.links.get(&id) else { return };
        let key = link.key;
        let note = self.peers.notes.entry(key).or_default();
        let before = note.clone();
        note.acked.extend(link.acked.iter().map(|(log, seq)| (*log, *seq)));
        if settled {
            let stale = note.last_sync.is_none_or(|last| cx.now.wall.as_second() - last.as_second() >= 1 || last > cx.now.wall);
            if stale || note.acked != before.acked {
                note.last_sync = Some(cx.now.wall);
            }
            if own && !self.heard {
                self.heard = true;
                self.sweep_at = Some(cx.now.mono);
            }
        }
        if self.peers.notes.get(&key) != Some(&before) {
            self.save_peers_soon(cx);
        }
    }

    /// Devices known to hold every entry of the journal that this one holds, this one included.
    pub(super) fn safely_stored_on(&self) -> u64 {
        let (Some(journal), Some(vault)) = (self.journal(), &self.vault) else { return 0 };
        let ours = vault.link_key();
        let logs: Vec<_> = self.logs.values().filter(|log| log.space == journal.id()).collect();
        let holds = |key: &LinkKey| {
            let Some(note) = self.peers.notes.get(key) else { return false };
            logs.iter().all(|log| note.acked.get(&log.head.log).is_some_and(|seq| *seq >= log.seq))
        };
        let others = self.registry.roster(&journal.owner()).devices().filter(|device| device.link != ours && holds(&device.link)).count();
        1 + u64::try_from(others).unwrap_or(u64::MAX)
    }
}
