//! The sealed view on disk: what lists are read from after a start, without loading months. Made anew when it is missing,
//! does not open, or does not fit the log.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use asif_proto::frame;
use asif_proto::id::{CheckpointId, DeviceId, GrantId, Link, LogId, SpaceId};
use asif_proto::local::{Answer, ErrorKind, Failure};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::deeds::Deeds;
use super::effect::{Effect, FoundLog, Opaque, Run};
use super::{Cx, Replica};
use crate::journal::erased::Erased;
use crate::journal::view::{Parts, SavedSessions, View, part};
use crate::seal::body::{DocId, Erase, Keys};
use crate::share::board::Board;

/// The name of the sealed file.
pub(super) const FILE: &str = "view";
const VERSION: u16 = 12;
/// After so many entries the view is saved again, but not more often than this: its head is written whole.
const SAVE_EVERY: usize = 512;
const SAVE_AFTER: Duration = Duration::from_secs(10);
/// Whoever waits to be let in has the answer before a whole new view is written.
pub(super) const SAVE_SOON: Duration = Duration::from_millis(100);
/// How long sessions stay in memory after somebody asked for any.
const HELD: Duration = Duration::from_secs(60);

#[derive(Serialize, Deserialize)]
struct Snapshot<'a> {
    version: u16,
    /// A newer program tries again what an older one could not use.
    program: String,
    view: Cow<'a, View>,
    sessions: SavedSessions,
    index: Cow<'a, BTreeMap<DocId, BTreeMap<LogId, Vec<u64>>>>,
    logs: BTreeMap<LogId, SavedLog>,
    boards: Cow<'a, BTreeMap<SpaceId, Board>>,
    given: Keys,
    newer: BTreeSet<(LogId, u64)>,
    waiting: Vec<(LogId, u64)>,
    quarantine: BTreeMap<LogId, (u64, String)>,
    deeds: Cow<'a, Deeds>,
    forks: BTreeSet<LogId>,
    replaced: BTreeSet<[u8; 32]>,
    erased: Erase,
    /// How many items were forgotten of shares that ended, where that is not answered yet.
    forgotten: BTreeMap<GrantId, u64>,
    /// The checkpoints that it was made with.
    bases: Vec<CheckpointId>,
}

#[derive(Serialize, Deserialize)]
struct SavedLog {
    device: Option<DeviceId>,
    merged: u64,
    tip: (u64, Link),
}

impl Replica {
    /// Takes the saved view over where it fits the logs that were found; returns entries that still wait in it; none: it is to be made anew.
    pub(super) fn load_snapshot(&mut self, bytes: Option<&[u8]>, parts: &Parts, found: &[FoundLog]) -> Option<Vec<Run>> {
        let vault = self.vault.as_ref()?;
        let snapshot = bytes
            .and_then(|bytes| vault.cache.open(FILE, bytes).ok())
            .and_then(|packed| part::unpack(&Zeroizing::new(packed)))
            .and_then(|plain| frame::decode::<Snapshot<'_>>(&Zeroizing::new(plain)))
            .filter(|snapshot| snapshot.version == VERSION);
        let told: BTreeSet<LogId> = self.damage.iter().filter_map(|(log, _)| *log).collect();
        let lost = snapshot.as_ref().map(|snapshot| lost(snapshot, found)).unwrap_or_default();
        let is_based = |snapshot: &Snapshot<'_>| self.bases.current().map(|base| base.id).eq(snapshot.bases.iter().copied());
        let fits = |snapshot: &Snapshot<'_>| fits(snapshot, found) && is_based(snapshot) && snapshot.program == self.about.version;
        let snapshot = snapshot.filter(|snapshot| lost.is_empty() && fits(snapshot));
        let words = |(log, was, is): &(LogId, u64, u64)| (Some(*log), format!("of {was} entries of log {log} only {is} are left"));
        self.damage.extend(lost.iter().filter(|(log, _, _)| !told.contains(log)).map(words));
        self.shortened = lost;
        let placed = snapshot.and_then(|snapshot| {
            let mut view = snapshot.view.into_owned();
            view.find_sessions(snapshot.sessions, parts, &vault.cache).ok()?;
            Some((view, Snapshot { view: Cow::Owned(View::default()), sessions: SavedSessions::default(), ..snapshot }))
        });
        let Some((view, snapshot)) = placed else {
            tracing::info!("the view is made anew");
            return None;
        };
        self.view = view;
        self.index = snapshot.index.into_owned();
        self.boards = snapshot.boards.into_owned();
        self.given = snapshot.given;
        self.newer = snapshot.newer;
        self.quarantine = snapshot.quarantine;
        self.deeds = snapshot.deeds.into_owned();
        self.forks = snapshot.forks;
        self.replaced = snapshot.replaced;
        self.erased = Arc::new(Erased::of(&snapshot.erased));
        self.deleted_before = snapshot.forgotten;
        for (id, saved) in snapshot.logs {
            if let Some(log) = self.logs.get_mut(&id) {
                log.device = saved.device;
                log.merged = saved.merged;
            }
        }
        Some(snapshot.waiting.into_iter().map(|(log, seq)| Run { log, from: seq, to: seq }).collect())
    }

    /// Nothing on disk is damaged or cannot be placed: what the views say is all there is.
    pub(super) fn is_whole(&self) -> bool {
        self.damage.is_empty() && self.orphans.is_empty()
    }

    /// Saves the view when much has changed, and peers when that is due.
    pub(super) fn save_due(&mut self, cx: &mut Cx<'_>) {
        if self.is_view_due() && self.save_view_from() <= cx.now.mono {
            self.save_snapshot(cx);
        }
        if self.save_peers_at.is_some_and(|at| cx.now.mono >= at) {
            self.save_peers(cx);
            self.save_new_delays(cx);
        }
    }

    /// When the view is saved, if that was put off.
    pub(super) fn view_deadline(&self) -> Option<Duration> {
        self.save_view_at.filter(|_| self.is_view_due()).map(|_| self.save_view_from())
    }

    fn save_view_from(&self) -> Duration {
        let after = self.saved_at.map(|at| at + SAVE_AFTER);
        after.unwrap_or_default().max(self.save_view_at.unwrap_or_default())
    }

    /// Whether enough changed to save the view, and all of it is there.
    fn is_view_due(&self) -> bool {
        self.unsaved_entries >= SAVE_EVERY && self.is_ready() && self.loading.is_empty() && self.is_whole()
    }

    /// Saves everything that is worth saving before a stop.
    pub(super) fn save_all(&mut self, cx: &mut Cx<'_>) {
        self.stub_at = self.stub_at.map(|_| std::time::Duration::ZERO);
        if self.person().is_some() && self.fault.is_none() && self.is_whole() {
            if self.is_ready() && self.unsaved_entries > 0 {
                self.save_snapshot(cx);
            }
            self.save_peers(cx);
            self.save_new_delays(cx);
        }
    }

    pub(super) fn save_snapshot(&mut self, cx: &mut Cx<'_>) {
        // In one step: what the view knows of was noted.
        self.save_delays(cx);
        let saved = self.snapshot(cx);
        cx.rest.extend(saved);
    }

    /// Seals the sessions of documents that are done with, so that they need not be in memory.
    pub(super) fn seal_view(&mut self, cx: &mut Cx<'_>) {
        if let Some(vault) = &self.vault {
            self.view.seal(&vault.cache, cx.rng);
            self.view.let_go();
        }
    }

    /// Lets go of sessions that nobody asked for lately.
    pub(super) fn let_view_go(&mut self, cx: &Cx<'_>) {
        match self.view_until {
            _ if !self.view.holds_open() => self.view_until = None,
            Some(until) if cx.now.mono >= until => {
                self.view_until = None;
                self.view.let_go();
            }
            Some(_) => {}
            None => self.view_until = Some(cx.now.mono + HELD),
        }
    }

    /// What was told of the view is not to be used: whoever asked hears so, and the core begins again.
    pub(super) fn view_is_broken(&mut self, cx: Cx<'_>) -> Vec<Effect> {
        let failure =
            Failure::new(ErrorKind::Failure, "what lists are read from is damaged and is made anew; nothing was done").hint("try again");
        let told = cx.rest.into_iter().filter_map(|effect| match effect {
            Effect::Answer { client, .. } => Some(Effect::Answer { client, answer: Answer::Error(failure.clone()) }),
            _ => None,
        });
        std::iter::once(Effect::Remove { name: FILE }).chain(told).chain([Effect::Anew]).collect()
    }

    fn snapshot(&mut self, cx: &mut Cx<'_>) -> Option<Effect> {
        self.unsaved_entries = 0;
        (self.saved_at, self.save_view_at) = (Some(cx.now.mono), None);
        let vault = self.vault.as_ref()?;
        self.view.seal(&vault.cache, cx.rng);
        let logs = self.logs.values().map(|log| {
            let saved = SavedLog { device: log.device, merged: log.merged, tip: (log.seq, log.link) };
            (log.head.log, saved)
        });
        let snapshot = Snapshot {
            version: VERSION,
            program: self.about.version.clone(),
            view: Cow::Borrowed(&self.view),
            sessions: self.view.saved_sessions(),
            index: Cow::Borrowed(&self.index),
            logs: logs.collect(),
            boards: Cow::Borrowed(&self.boards),
            given: self.given.clone(),
            newer: self.newer.clone(),
            waiting: self.pending.values().flatten().map(|one| (one.log, one.seq)).collect(),
            quarantine: self.quarantine.clone(),
            deeds: Cow::Borrowed(&self.deeds),
            forks: self.forks.clone(),
            replaced: self.replaced.clone(),
            erased: self.erased.told(),
            forgotten: self.forgotten_items(),
            bases: self.bases.current().map(|base| base.id).collect(),
        };
        let plain = Zeroizing::new(frame::encode(&snapshot));
        debug_assert!(frame::decode::<Snapshot<'_>>(&plain).is_some(), "what is saved of the view is read again");
        let packed = Zeroizing::new(part::pack(&plain));
        let head = Opaque::new(vault.cache.seal(FILE, &packed, cx.rng));
        Some(Effect::SaveView { head, parts: self.view.parts() })
    }
}

/// Logs that were longer when the view was saved: what was there cannot have been a write that a crash interrupted.
fn lost(snapshot: &Snapshot<'_>, found: &[FoundLog]) -> Vec<(LogId, u64, u64)> {
    let found: BTreeMap<LogId, u64> = found.iter().map(|log| (log.head.log, log.seq)).collect();
    let shorter = snapshot.logs.iter().filter_map(|(log, saved)| {
        let (was, is) = (saved.tip.0, found.get(log).copied().unwrap_or(0));
        (is < was).then_some((*log, was, is))
    });
    shorter.collect()
}

/// A view fits if every log it took in is still there, as long as then, and the same where it is as long; and if it names no entry that is not.
fn fits(snapshot: &Snapshot<'_>, found: &[FoundLog]) -> bool {
    let found: BTreeMap<LogId, &FoundLog> = found.iter().map(|log| (log.head.log, log)).collect();
    let is_there = |log: &LogId, seq: u64| found.get(log).is_some_and(|log| (1..=log.seq).contains(&seq));
    snapshot.logs.iter().all(|(id, saved)| {
        let (seq, link) = saved.tip;
        let same = |log: &&FoundLog| saved.merged <= seq && (log.seq > seq || (log.seq == seq && log.link == link));
        found.get(id).is_some_and(same)
    }) && snapshot.index.values().flatten().all(|(log, seqs)| seqs.iter().all(|seq| is_there(log, *seq)))
        && snapshot.waiting.iter().all(|(log, seq)| is_there(log, *seq))
}
