//! What a person writes while the journal is locked: sealed at once, put into the journal when it is opened, as of when it was written.
//!
//! What cannot be put in, as where no practice is called so, is kept as a draft: nothing that was said to be saved is lost.

use std::collections::{BTreeMap, VecDeque};

use asif_proto::local::{Ask, Draft, ErrorKind, Failure, Reply, Request, Waiting};
use asif_proto::moment::{self, Moment};
use asif_proto::record::SessionFields;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::effect::{Append, ClientId, Effect, LockedList};
use super::request::Outcome;
use super::{Cx, Replica};
use crate::seal::dropped;
use crate::seal::keys::SealingSeed;

/// As many may wait.
pub(super) const MOST: usize = 1000;

/// What waits, and what became of it.
#[derive(Default)]
pub(super) struct Dropped {
    /// Sealed, in the order in which it was written.
    waiting: VecDeque<Vec<u8>>,
    /// What does not open here, or only to a newer program: it stays.
    unopened: Vec<Vec<u8>>,
    /// Since it was opened: what was put into the journal, and what is a draft now.
    added: u64,
    drafts: u64,
    /// Who opened it, and hears what became of it.
    openers: Vec<ClientId>,
}

impl Dropped {
    /// What waits was found on the disk.
    pub(super) fn found(&mut self, records: &[Vec<u8>]) {
        self.waiting = records.to_vec().into();
    }

    /// What waits, what was added, and what became a draft.
    pub(super) fn counts(&self) -> [u64; 3] {
        let waiting = u64::try_from(self.waiting.len() + self.unopened.len()).unwrap_or(u64::MAX);
        [waiting, self.added, self.drafts]
    }
}

/// What is sealed, in JSON: a newer program reads what an older one kept.
#[derive(Serialize, Deserialize)]
struct Written {
    at: Timestamp,
    ask: Ask,
}

impl Replica {
    /// Seals what is to be logged, until the journal is open. None where it is not something that is written down.
    pub(super) fn drop_in(&mut self, cx: &mut Cx<'_>, ask: &Ask) -> Option<Result<Waiting, Failure>> {
        let Request::Log { practice, fields } = &ask.request else { return None };
        let outside = self.outside.as_ref()?;
        let device = self.registry.roster(&outside.person).member(&outside.device)?;
        let kit = self.registry.kit(&outside.person).map(|kit| kit.sealing.as_slice());
        let publics: Vec<&[u8]> = std::iter::once(device.sealing.as_slice()).chain(kit).collect();
        let occurred_at = match self.would_log(cx, ask, fields) {
            Ok(occurred_at) => occurred_at,
            Err(failure) => return Some(Err(failure)),
        };
        if self.dropped.waiting.len() >= MOST {
            let message = format!("{MOST} wait already for the journal to be opened; this one is not stored");
            return Some(Err(Failure::new(ErrorKind::Locked, message).hint("open it with: asif unlock")));
        }
        let plain = Zeroizing::new(serde_json::to_vec(&Written { at: cx.now.wall, ask: ask.clone() }).ok()?);
        let sealed = dropped::seal(&publics, &plain, cx.rng)?;
        // The recovery kit may open the journal instead of the passphrase.
        if let Some(found) = &mut self.unopened {
            found.dropped.push(sealed.clone());
        }
        cx.appends.push(Append::Locked(LockedList::Dropped, sealed.clone()));
        self.dropped.waiting.push_back(sealed);
        let [count, ..] = self.dropped.counts();
        Some(Ok(Waiting { id: ask.id, practice: practice.clone(), occurred_at, count, most: u64::try_from(MOST).unwrap_or(u64::MAX) }))
    }

    /// Somebody opened the journal: they hear how it is once what was written meanwhile is in it.
    pub(super) fn was_unlocked(&mut self, client: ClientId) {
        self.dropped.openers.push(client);
    }

    /// Those who wait for that.
    pub(super) fn openers(&self) -> impl Iterator<Item = ClientId> {
        self.dropped.openers.iter().copied()
    }

    /// Puts what was written while it was locked into the journal.
    pub(super) fn take_dropped(&mut self, cx: &mut Cx<'_>) {
        let can = self.takes_dropped();
        let mut before = self.dropped.waiting.len();
        while can && let Some(sealed) = self.dropped.waiting.pop_front() {
            let Some(Written { at, ask }) = self.open_dropped(&sealed) else {
                self.dropped.unopened.push(sealed);
                continue;
            };
            let Request::Log { practice, fields } = &ask.request else { continue };
            // It was written then.
            let now = std::mem::replace(&mut cx.now.wall, at);
            let logged = self.log(cx, &ask, practice.as_deref(), fields);
            cx.now.wall = now;
            match logged {
                Ok(Outcome::Reply(_) | Outcome::Later) => self.dropped.added += 1,
                Ok(Outcome::Wanted) => {
                    self.dropped.waiting.push_front(sealed);
                    break;
                }
                Err(failure) => {
                    tracing::info!(kind = ?failure.kind, "what was written while the journal was locked is kept as a draft");
                    self.drafts.insert(ask.id, draft_of(&ask, at, practice.as_deref(), fields));
                    self.save_drafts(cx);
                    self.dropped.drafts += 1;
                }
            }
        }
        before -= self.dropped.waiting.len().min(before);
        if before > 0 && self.dropped.waiting.is_empty() {
            cx.rest.push(Effect::KeepLocked(LockedList::Dropped, self.dropped.unopened.clone()));
        }
    }

    fn takes_dropped(&self) -> bool {
        self.is_ready() && self.loading.is_empty() && self.fault.is_none() && self.writes_of_itself() && !self.salvaging
    }

    /// Tells whoever opened the journal how it is now, once what was written meanwhile is in it, or cannot be.
    pub(super) fn answer_openers(&mut self, cx: &mut Cx<'_>) {
        let is_over = self.dropped.waiting.is_empty() || !(self.takes_dropped() || self.salvaging);
        if self.fault.is_some() || (self.is_ready() && self.loading.is_empty() && is_over) {
            for client in std::mem::take(&mut self.dropped.openers) {
                cx.answer(client, Ok(Reply::Lock(self.lock_view())));
            }
        }
    }

    fn open_dropped(&self, sealed: &[u8]) -> Option<Written> {
        let vault = self.vault.as_ref()?;
        let kit = vault.kit.as_ref().map(|kit| kit.sealing());
        let holders: Vec<&SealingSeed> = std::iter::once(&vault.sealing).chain(&kit).collect();
        serde_json::from_slice(&dropped::open(holders, sealed)?).ok()
    }
}

/// What asif draft resume goes on with: the questions of the command, answered.
fn draft_of(ask: &Ask, at: Timestamp, practice: Option<&str>, fields: &SessionFields) -> Draft {
    let mut words = vec![if practice.is_some() { "log" } else { "note" }.to_owned()];
    let mut answers = BTreeMap::new();
    let mut answer = |name: &str, value: Option<String>| answers.extend(value.map(|value| (name.to_owned(), value)));
    answer("practice", practice.map(str::to_owned));
    answer("before", fields.before.map(|rating| rating.to_string()));
    answer("after", fields.after.map(|rating| rating.to_string()));
    answer("acted", fields.acted_as_if.map(|rating| rating.to_string()));
    answer("felt_real", fields.felt_real.map(|rating| rating.to_string()));
    answer("felt_state", fields.felt_state.map(|state| state.word().to_owned()));
    answer("where", fields.where_felt.clone());
    answer("worse", fields.felt_worse.filter(|worse| *worse).map(|_| "yes".to_owned()));
    answer(if practice.is_some() { "note" } else { "text" }, fields.note.clone());
    let more = ["acted", "felt_real", "felt_state", "where", "worse", "note"];
    if practice.is_some() {
        let is_more = more.iter().any(|name| answers.contains_key(*name));
        answers.insert("more".to_owned(), if is_more { "yes" } else { "no" }.to_owned());
    }
    let time = fields.at.clone().unwrap_or_else(|| Moment::at(at, &moment::zone(&ask.zone)).to_string());
    let flags = [
        ("--at", Some(time)),
        ("--basis", fields.basis.map(|basis| basis.word().to_owned())),
        ("--borrowed", fields.borrowed.clone()),
        ("--expectancy", fields.expectancy.map(|rating| rating.to_string())),
        ("--willingness", fields.willingness.map(|rating| rating.to_string())),
        ("--repetitions", fields.repetitions.map(|count| count.to_string())),
        ("--duration", fields.duration_s.map(|seconds| seconds.to_string())),
    ];
    for (flag, value) in flags {
        words.extend(value.map(|value| format!("{flag}={value}")));
    }
    words.extend(fields.stopped_early.filter(|early| *early).map(|_| "--stopped-early".to_owned()));
    words.extend(fields.visibility.map(|_| "--private".to_owned()));
    words.extend(fields.tags.iter().map(|tag| format!("--tag={tag}")));
    Draft { id: ask.id, short: String::new(), words, answers, typing: None, begun_at: at, kept_at: at }
}
