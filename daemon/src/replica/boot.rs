//! Starting from what is on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use asif_proto::local::{ErrorKind, Failure};

use rand_core::Rng as _;

use super::effect::{Effect, Found, FoundLog, Now, Purpose, Run, Stored};
use super::logs::Log;
use super::merge::PUBLISH_FOR_OTHERS_AFTER;
use jiff::Timestamp;

use super::{About, Cx, Replica};
use crate::Rng;
use crate::journal::view::View;
use crate::people::registry::Registry;
use crate::people::space::Space;
use crate::seal::body::{Body, DocId, Keys};
use crate::seal::entry::{self, Place};
use crate::seal::guard::Guard;
use crate::seal::keys::VaultKey;
use crate::seal::outside::Outside;
use crate::seal::vault::{Vault, VaultError};

/// Why what is on disk cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BootError {
    /// The vault does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Replica {
    /// A core over what was found on disk. The effects read what the views do not know yet.
    ///
    /// After a write that failed it rests until a time: it writes nothing of itself and opens no network, and answers all the same.
    pub fn new(about: About, now: Now, rng: &mut Rng, mut found: Found, rest_until: Option<Duration>) -> (Self, Vec<Effect>) {
        let mut replica = Self::empty(about);
        replica.rest_until = rest_until;
        rng.fill_bytes(&mut replica.start);
        replica.torn = found.torn.clone();
        if let Some(failure) = replica.open_vault(&found) {
            (replica.fault, replica.now) = (Some(failure), now);
            replica.unopened = Some(Box::new(found));
            return (replica, Vec::new());
        }
        if replica.locked {
            (replica.now, replica.asked_at) = (now, now.steady);
            let mut cx = Cx::new(now, rng);
            replica.begin_locked(&mut cx, &found);
            if !found.stays_locked {
                replica.ask_keychain_at_start(&mut cx);
            }
            replica.unopened = Some(Box::new(found));
            return (replica, cx.into_effects());
        }
        let (view, parts) = (found.view.take(), std::mem::take(&mut found.parts));
        let (peers, logs, is_other) = (found.peers.take(), found.logs.clone(), found.is_other);
        let (drafts, reminded) = (found.drafts.take(), found.reminded.take());
        let (delays, withheld) = (found.delays.take(), found.withheld.take());
        replica.outside_saved = found.outside.take().as_deref().and_then(Outside::from_file);
        replica.erasing = super::erase::Erasing::found(found.erased.take());
        (replica.now, replica.asked_at) = (now, now.steady);
        replica.drafts_damaged = found.drafts_damaged;
        let noted = found.restored.as_deref().and_then(|noted| noted.last_chunk::<8>());
        replica.restored = noted.and_then(|at| Timestamp::from_second(i64::from_be_bytes(*at)).ok());
        replica.load_plan_copy(found.plan_copy.take().as_deref());
        replica.take_found(found);
        replica.load_peers(peers.as_deref());
        replica.met_while_locked();
        let waiting = replica.load_snapshot(view.as_deref(), &parts, &logs);
        let is_new = waiting.is_none();
        replica.refresh_keys();
        replica.retire_damaged();
        let mut cx = Cx::new(now, rng);
        replica.load_drafts(&mut cx, drafts);
        replica.load_reminded(reminded.as_deref());
        replica.load_delays(now, delays.as_deref());
        replica.load_withheld(withheld.as_deref());
        replica.note_place(&mut cx, is_other);
        replica.catch_up_with_bases(&mut cx);
        if !(is_new && replica.begin_with_bases(&mut cx)) {
            replica.read_tails(&mut cx, waiting.unwrap_or_default());
        }
        if replica.person().is_some() {
            replica.heard = replica.has_no_other_device();
            // What waits for an entry that is gone, and that nobody else can bring, is written again.
            replica.salvaging = replica.has_no_other_device();
            replica.outdated = outdated(&replica);
            // What a crash left unpublished, or what came to be due meanwhile; and an end that was not written.
            replica.sweep_at = Some(now.mono);
            replica.ends_at = Some(now.mono + PUBLISH_FOR_OTHERS_AFTER);
            replica.stub_at = (!replica.outdated.is_empty()).then_some(now.mono);
        }
        replica.save_outside(&mut cx);
        replica.settle(&mut cx);
        let effects = replica.mail.route(cx.into_effects());
        (replica, effects)
    }

    fn open_vault(&mut self, found: &Found) -> Option<Failure> {
        let Some((sealed, key)) = found.vault.as_ref() else {
            let nothing = found.logs.is_empty() && found.statements.is_empty();
            return (!nothing).then(|| {
                Failure::new(ErrorKind::Integrity, "a journal is here, and the vault that opens it is gone")
                    .hint("put back data/vault and data/vault.key from a copy of this machine, or open it with your recovery kit: asif recovery-kit restore; nothing here was changed")
            });
        };
        self.guard = Guard::from_file(key);
        let key = match (&self.guard, &found.key) {
            (None, _) => VaultKey::from_file(key),
            (Some(_), Some(key)) => Ok(key.clone()),
            (Some(_), None) => {
                self.locked = true;
                return None;
            }
        };
        let opened = key.and_then(|key| Ok((Vault::open(&key, sealed)?, key)));
        match opened {
            Ok((vault, key)) => {
                self.vault = Some(vault);
                self.vault_key = Some(key);
                None
            }
            Err(error) => Some(
                Failure::new(ErrorKind::Integrity, error.to_string())
                    .hint("put back data/vault and data/vault.key from a copy of this machine, or open it with your recovery kit: asif recovery-kit restore"),
            ),
        }
    }

    /// Statements and logs as they were found.
    pub(super) fn take_found(&mut self, found: Found) {
        (self.damage, self.strange, self.set_aside) = (found.damage, found.strange, found.set_aside);
        self.load_held(found.held);
        self.dropped.found(&found.dropped);
        self.registry = Registry::default();
        if self.registry.load(found.statements.into_iter()).is_err() {
            self.damage.push((None, "a stored statement about devices and keys is not what was written".into()));
        }
        self.keys.clear();
        self.refresh_keys();
        self.logs.clear();
        self.orphans.clear();
        self.find_logs(found.logs);
        self.load_bases(found.checkpoints, found.pieces);
    }

    pub(super) fn find_logs(&mut self, found: Vec<FoundLog>) {
        for log in found {
            match self.registry.epoch(&log.head.queue).map(|epoch| epoch.space.id()) {
                Some(space) => {
                    let log = Log { seq: log.seq, link: log.link, from: log.from, ..Log::unknown(log.head, space) };
                    self.logs.insert(log.head.log, log);
                }
                None => self.orphans.push(log),
            }
        }
    }

    /// Logs that have found their epoch again are read. Says whether there are any.
    pub(super) fn adopt_orphans(&mut self, cx: &mut Cx<'_>) -> bool {
        let orphans = std::mem::take(&mut self.orphans);
        let before = orphans.len();
        self.find_logs(orphans);
        let adopted = self.orphans.len() < before;
        if adopted && self.damage.is_empty() {
            self.rebuild(cx);
        }
        adopted
    }

    /// This home holds entries, and what says whose they are, or how to open them, is gone: nothing may be begun on top of them.
    pub(super) fn is_unplaced(&self) -> bool {
        let Some(person) = self.vault.as_ref().and_then(|vault| vault.person) else { return false };
        let journal = Space::Journal { owner: person }.id();
        let opens = self.registry.epochs(journal).any(|epoch| self.keys.contains_key(&epoch.queue()));
        !(self.orphans.is_empty() && self.logs.is_empty()) && (self.person().is_none() || !opens)
    }

    /// A damaged own log is not written on: entries behind the damage may be with others. It is found damaged at each start until the
    /// damage is set aside, and then noted.
    fn retire_damaged(&mut self) {
        let damaged = self.damage.iter().filter_map(|(log, _)| *log);
        if let Some(vault) = &mut self.vault {
            for log in damaged {
                if !vault.retired.contains(&log) {
                    vault.retired.push(log);
                    self.retired_unsaved = true;
                }
            }
        }
    }

    /// Reads what is stored and not in the views. `waiting` are entries the views know to wait.
    pub(super) fn read_tails(&mut self, cx: &mut Cx<'_>, waiting: Vec<Run>) {
        let tails =
            self.logs.values().filter(|log| log.merged < log.seq).map(|log| Run { log: log.head.log, from: log.merged + 1, to: log.seq });
        // Journals first: their Keys open other spaces.
        let journal = self.journal().map(|space| space.id());
        let mut runs: Vec<Run> = tails.chain(waiting).collect();
        runs.sort_by_key(|run| (self.logs.get(&run.log).map(|log| log.space) != journal, run.log, run.from));
        for run in runs {
            self.reading += 1;
            cx.rest.push(Effect::Read { purpose: Purpose::Merge, runs: vec![run] });
        }
    }

    pub(super) fn read(&mut self, cx: &mut Cx<'_>, purpose: Purpose, entries: Vec<Stored>) {
        self.reading = self.reading.saturating_sub(1);
        match purpose {
            Purpose::Cover => self.covers_came(cx, &entries),
            Purpose::Tips(of) => self.tips_came(cx, of, &entries),
            Purpose::Search => self.searched(cx, &entries),
            Purpose::Show(link) => self.show_branch(cx, link, entries),
            Purpose::Judge(log) => self.compare_branches(cx, log, &entries),
            Purpose::Lose(log) => self.lost_was_read(cx, log, entries),
            Purpose::Leave(link) => self.leave_out_came(cx, link, &entries),
            Purpose::Merge => {
                for stored in entries {
                    self.take_stored(cx, &stored);
                }
            }
        }
    }

    /// Takes in an entry that was stored before this start. Its signature was checked before it was stored.
    fn take_stored(&mut self, cx: &mut Cx<'_>, stored: &Stored) {
        let at = (stored.wire.log(), stored.wire.seq());
        let me = self.person();
        let Some(log) = self.logs.get_mut(&at.0) else { return };
        if stored.wire.sealed().is_none() {
            log.merged = log.merged.max(at.1);
            return;
        }
        let space = log.space;
        let Some(keys) = self.keys.get(&log.head.queue) else {
            // What this home held before it joined somebody else's journal is not for it any more.
            if self.registry.epoch(&log.head.queue).is_some_and(|epoch| me.is_some_and(|me| epoch.readers.contains(&me))) {
                self.damage.push((None, "an entry is here whose key is not".into()));
            }
            return;
        };
        let place = Place { space, log: at.0, seq: at.1, previous: stored.previous };
        match entry::open(&keys.read, &place, &stored.wire) {
            Ok(opened) => {
                let body = Body::from_bytes(opened.bodies());
                if let Ok(Body::Birth(birth)) = &body {
                    log.device = Some(birth.device);
                }
                self.take(cx, at, body);
            }
            Err(error) => self.damage.push((Some(at.0), format!("entry {} of a log: {error}", at.1))),
        }
    }

    pub(super) fn has_no_other_device(&self) -> bool {
        self.person().is_some_and(|person| self.registry.roster(&person).devices().count() <= 1)
    }

    /// Forgets every view and makes it anew from the log.
    pub(super) fn rebuild(&mut self, cx: &mut Cx<'_>) {
        self.read_again();
        self.clear_views();
        for log in self.logs.values_mut() {
            log.merged = 0;
        }
        (self.unsaved_entries, self.saved_at) = (usize::MAX / 2, None);
        if !self.begin_with_bases(cx) {
            self.read_tails(cx, Vec::new());
        }
    }

    /// Forgets every view.
    pub(super) fn clear_views(&mut self) {
        self.view = View::default();
        self.compacting.abort();
        self.reminding.stale = true;
        self.boards.clear();
        self.agreed.clear();
        self.documents.clear();
        self.recent.clear();
        self.index.clear();
        self.pending.clear();
        self.newer.clear();
        self.quarantine.clear();
        self.deeds.clear();
        self.replaced.clear();
        self.erased = Arc::default();
        self.given = Keys { read: Vec::new(), items: Vec::new() };
    }

    /// What is damaged was set aside: go on from what is good, never on the same own log.
    pub(super) fn mended(&mut self, cx: &mut Cx<'_>, mut found: Found) {
        self.reading = self.reading.saturating_sub(1);
        self.take_salvaged(std::mem::take(&mut found.salvaged));
        self.take_found(found);
        if std::mem::take(&mut self.retired_unsaved) {
            self.save_vault(cx);
        }
        if self.is_unplaced() || !self.damage.is_empty() {
            return;
        }
        self.rebuild(cx);
        for link in self.links.values_mut() {
            link.compare = true;
        }
    }

    pub(super) fn plan_is_wanted(&mut self, cx: &mut Cx<'_>) {
        if self.person().is_some() && self.reading == 0 && self.fault.is_none() {
            self.want(cx, DocId::Plan);
        }
    }
}

fn outdated(replica: &Replica) -> BTreeMap<asif_proto::id::LogId, BTreeSet<u64>> {
    let mut all: BTreeMap<_, BTreeSet<u64>> = BTreeMap::new();
    for (space, board) in &replica.boards {
        for (log, seq) in board.outdated() {
            if replica.logs.get(&log).is_some_and(|log| log.space == *space && seq <= log.seq && seq > 1) {
                all.entry(log).or_default().insert(seq);
            }
        }
    }
    all
}
