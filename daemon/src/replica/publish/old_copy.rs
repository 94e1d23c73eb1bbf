//! An old copy of this home that was put back knows nothing of what was taken back since. It is known as such by the place where it lies, or by what a
//! helper's device gives back of what this device wrote and does not know any more. From then on nothing new goes to any helper before the person has
//! looked and says so; what is taken back, and ends, go out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use asif_proto::id::{GrantId, ItemId, Link, LogId, RecordId};
use asif_proto::local::{ErrorKind, Failure};
use rand_core::Rng as _;

use super::super::effect::LinkId;
use super::super::{Cx, Replica};
use crate::journal::record::{Grant, grant_record, record_grant};
use crate::journal::schema;
use crate::people::space::Space;
use crate::seal::body::{DocId, Revision};
use crate::share::item;
use crate::sync::link::{Audience, Link as PeerLink};

/// Why it waits.
const PUT_BACK: &str =
    "This journal was moved here, put back from a copy or damaged: it may not know what you last made private, kept back or deleted";
/// Why it waits, where that was another own device.
const PUT_BACK_ELSEWHERE: &str = "Another of your devices was put back from a copy, moved or damaged: what you last made private, kept back or deleted there may be lost";

/// An own device that is there brings what goes with an entry within this time.
const BROUGHT_WITHIN: Duration = Duration::from_secs(60);

/// What the copy knew of a share when that began to wait.
#[derive(Clone, Copy)]
struct Known {
    /// The version of its grant.
    version: u32,
    /// The terms in the share space, by their hash.
    terms: Option<[u8; 32]>,
}

/// Whether this device may be an old copy, and what it knew then.
#[derive(Default)]
pub(in crate::replica) struct OldCopy {
    /// Of the shares that wait.
    known: BTreeMap<GrantId, Known>,
    /// It may be, and the journal does not say so yet: all wait.
    all: bool,
    /// The words by which the journal says so of this device.
    words: BTreeSet<String>,
    /// The word of this start.
    told: Option<String>,
    /// A helper's device gave something back: what of it was known before can no longer be told.
    given_back: bool,
    /// Since when there are terms in a share that this device gave and does not know.
    behind_since: Option<Duration>,
    /// Where a share log of this device went on in another way, by the first link that differs: told of once.
    branches: BTreeSet<(LogId, Link)>,
    /// What would be seen under these was looked at since this start, after these words.
    looked_at: BTreeMap<GrantId, BTreeSet<String>>,
    pub(super) unsaved: bool,
}

/// As it is saved.
pub(super) type Saved = (BTreeMap<GrantId, (u32, Option<[u8; 32]>)>, bool, BTreeSet<String>, BTreeSet<(LogId, Link)>);

impl OldCopy {
    /// This home is an old copy, or may be.
    pub(in crate::replica) fn was_put_back(&mut self) {
        (self.all, self.unsaved) = (true, true);
        self.looked_at.clear();
    }

    /// As it is saved.
    pub(super) fn save(&self) -> Saved {
        let known = self.known.iter().map(|(grant, known)| (*grant, (known.version, known.terms)));
        (known.collect(), self.all, self.words.clone(), self.branches.clone())
    }

    /// As it was saved.
    pub(super) fn load((known, all, words, branches): Saved) -> Self {
        let known = known.into_iter().map(|(grant, (version, terms))| (grant, Known { version, terms })).collect();
        Self { known, all, words, branches, ..Self::default() }
    }
}

impl Replica {
    /// Whether nothing new goes out under a grant before the person has gone on: this device may be an old copy, or another own one.
    pub(in crate::replica) fn waits_to_go_on(&self, grant: GrantId) -> bool {
        self.old_copy.all || self.unheeded(grant).next().is_some()
    }

    /// The words after which the person has not gone on under a grant.
    fn unheeded(&self, grant: GrantId) -> impl Iterator<Item = &str> {
        let row = self.view.grant(&grant_record(grant));
        self.view.put_back().filter(move |word| row.is_some_and(|row| row.value.gone_on.iter().all(|one| one != word)))
    }

    /// The person looks at what would be seen.
    pub(in crate::replica) fn note_look(&mut self, grant: GrantId) {
        let words = self.unheeded(grant).map(str::to_owned).collect();
        self.old_copy.looked_at.insert(grant, words);
    }

    fn why_it_waits(&self, grant: GrantId) -> &'static str {
        let is_here = self.old_copy.all || self.unheeded(grant).any(|word| self.old_copy.words.contains(word));
        if is_here { PUT_BACK } else { PUT_BACK_ELSEWHERE }
    }

    /// Why nothing new goes out under a grant, where it waits for the person.
    pub(in crate::replica) fn waits_for_person(&self, grant: GrantId, row: &Grant) -> Option<String> {
        let (name, why) = (&row.name, self.why_it_waits(grant));
        let waits = row.helper.is_some() && self.waits_to_go_on(grant) && !self.has_ended(grant) && !row.is_over(self.now.wall);
        waits.then(|| format!("for you. {why}. Look: asif share preview \"{name}\"; then go on: asif share resume \"{name}\""))
    }

    /// The shares that wait for the person, and why.
    pub(in crate::replica) fn waiting_shares(&self) -> impl Iterator<Item = (&Grant, &'static str)> {
        let all = self.view.grants().map(|(id, row)| (record_grant(*id), &row.value));
        all.filter(|(grant, row)| self.waits_for_person(*grant, row).is_some()).map(|(grant, row)| (row, self.why_it_waits(grant)))
    }

    /// A share log of this device goes on in another way at a helper's device, from this link on.
    pub(in crate::replica) fn note_branch(&mut self, cx: &mut Cx<'_>, from: LinkId, log: LogId, first: Link) {
        if self.old_copy.branches.insert((log, first)) {
            self.note_given_back(cx, from, log);
        }
    }

    /// Whether a branch of a log is shown to whoever asks for it. What an old copy wrote is not, before theirs is here and the person has gone on: a
    /// branch of stubs would prove nothing.
    pub(in crate::replica) fn may_show_branch(&self, log: LogId, of: Audience) -> bool {
        let Some(known) = self.logs.get(&log) else { return false };
        let is_mine = known.device.is_some() && known.device == self.vault.as_ref().map(|vault| vault.device());
        match self.registry.epoch(&known.head.queue).map(|epoch| epoch.space) {
            Some(Space::Share { owner, grant }) if is_mine && of != Audience::Person(owner) && !self.has_ended(grant) => {
                !self.waits_to_go_on(grant) && self.old_copy.branches.iter().any(|(one, _)| *one == log)
            }
            _ => true,
        }
    }

    /// A helper gave back what this device wrote in a log and does not know any more: this is an old copy.
    pub(in crate::replica) fn note_given_back(&mut self, cx: &mut Cx<'_>, from: LinkId, log: LogId) {
        let me = self.vault.as_ref().map(|vault| vault.device());
        let Some(known) = self.logs.get(&log).filter(|log| log.device.is_some() && log.device == me) else { return };
        let is_share = self.registry.epoch(&known.head.queue).is_some_and(|epoch| matches!(epoch.space, Space::Share { .. }));
        // What lies at a mailbox was shown, too.
        let by = self.links.get(&from).and_then(PeerLink::audience);
        let is_given_by_helper = by.is_some() && by != self.person().map(Audience::Person);
        if is_share && is_given_by_helper && !self.old_copy.all {
            tracing::warn!("a helper holds what this device does not know any more: nothing new is shown until the person says so");
            self.old_copy.was_put_back();
            self.old_copy.given_back = true;
            self.save_withheld(cx);
        }
    }

    /// Terms that this device gave, and that no own device brings the change for, are the same proof, whoever tells of them.
    fn note_forgotten_terms(&mut self, now: Duration) {
        let is_forgotten =
            self.heard && !self.old_copy.all && self.view.grants().any(|(id, row)| self.forgot_terms(record_grant(*id), &row.value));
        let since = is_forgotten.then(|| self.old_copy.behind_since.unwrap_or(now));
        self.old_copy.behind_since = since.filter(|since| now < *since + BROUGHT_WITHIN);
        if since.is_some() && self.old_copy.behind_since.is_none() {
            tracing::warn!("this device gave terms that it does not know any more: nothing new is shown until the person says so");
            self.old_copy.was_put_back();
            self.old_copy.given_back = true;
        }
    }

    fn forgot_terms(&self, grant: GrantId, row: &Grant) -> bool {
        let Some(space) = self.person().map(|owner| Space::Share { owner, grant }) else { return false };
        let me = self.vault.as_ref().map(|vault| vault.device());
        let is_mine = || self.terms_of(space).is_some_and(|signed| Some(signed.device) == me);
        !self.waits_to_go_on(grant) && !self.has_ended(grant) && self.knows_older_terms(space, row) && is_mine()
    }

    /// When forgotten terms are looked at again.
    pub(super) fn forgotten_deadline(&self) -> Option<Duration> {
        self.old_copy.behind_since.map(|since| since + BROUGHT_WITHIN)
    }

    /// Notes what is known of each share that begins to wait, and takes over what comes to be known of its terms.
    pub(super) fn tend_old_copy(&mut self, cx: &mut Cx<'_>) {
        self.note_forgotten_terms(cx.now.mono);
        let is_given_back = std::mem::take(&mut self.old_copy.given_back);
        // What waited and no longer does is looked over, whichever device it was gone on with.
        let gone_on: Vec<GrantId> = self.old_copy.known.keys().filter(|grant| !self.waits_to_go_on(**grant)).copied().collect();
        for grant in gone_on {
            self.old_copy.known.remove(&grant);
            (self.old_copy.unsaved, self.sweep_at) = (true, Some(cx.now.mono));
        }
        if self.old_copy.all {
            if let Err(failure) = self.say_put_back(cx) {
                // All wait until it can be written.
                tracing::warn!(reason = %failure, "that this may be an old copy could not be written yet");
                return;
            }
            (self.old_copy.all, self.old_copy.unsaved) = (false, true);
        }
        let standing = self.view.grants().filter(|(_, row)| row.value.helper.is_some()).map(|(id, _)| record_grant(*id));
        let standing: Vec<GrantId> = standing.filter(|grant| self.waits_to_go_on(*grant) && !self.has_ended(*grant)).collect();
        for grant in standing {
            let now = Known { version: self.grant_version(grant), terms: self.held_terms(grant) };
            let begins = if is_given_back { Known { version: 0, terms: None } } else { now };
            let known = *self.old_copy.known.entry(grant).or_insert_with(|| {
                self.old_copy.unsaved = true;
                begins
            });
            if known.terms != now.terms {
                self.take_over_terms(cx, grant, known.version);
                self.old_copy.known.insert(grant, Known { terms: now.terms, ..known });
                self.old_copy.unsaved = true;
            }
        }
    }

    /// All own devices are told, by the journal: one that hears of this device has not heard of what it forgot, and may know of shares that it forgot.
    fn say_put_back(&mut self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        let standing = || self.view.grants().filter(|(id, row)| row.value.helper.is_some() && !self.has_ended(record_grant(**id)));
        let is_told = self.old_copy.told.as_ref().is_some_and(|word| standing().all(|(_, row)| !row.value.gone_on.contains(word)));
        let concerns = standing().next().is_some() || self.view.invited().next().is_some() || !self.has_no_other_device();
        if is_told || !concerns {
            return Ok(());
        }
        let mut word = [0; 8];
        cx.rng.fill_bytes(&mut word);
        let word = data_encoding::HEXLOWER.encode(&word);
        let put = (format!("{}{word}", schema::PUT_BACK), cx.now.wall.to_string().into());
        self.write(cx, DocId::Plan, &[put], "share")?;
        self.old_copy.words.insert(word.clone());
        self.old_copy.told = Some(word);
        Ok(())
    }

    /// What this device once put and no record here stands behind: nobody could take it back any more but by ending the share.
    pub(in crate::replica) fn unknown_items(&self, grant: GrantId) -> Vec<(ItemId, Revision)> {
        let (Some(owner), me) = (self.person(), self.vault.as_ref().map(|vault| vault.device())) else { return Vec::new() };
        let Some(board) = self.boards.get(&Space::Share { owner, grant }.id()).filter(|_| self.heard) else { return Vec::new() };
        let known = self.items_of_records(grant);
        let is_mine = |log: &LogId| self.logs.get(log).is_some_and(|log| log.device.is_some() && log.device == me);
        let shown = board.items().filter(|(_, held)| held.payload.is_some() && !item::ABOUT_THE_SHARE.contains(&held.kind));
        let unknown = shown.filter(|(id, held)| !known.contains_key(*id) && is_mine(&held.entry.0));
        unknown.map(|(id, held)| (*id, held.revision)).collect()
    }

    fn held_terms(&self, grant: GrantId) -> Option<[u8; 32]> {
        let owner = self.person()?;
        Some(self.boards.get(&Space::Share { owner, grant }.id())?.get(&item::terms_item(grant, item::GRANT))?.hash)
    }

    /// The person goes on, where a share waits for that: what they say counts as newer than what the helper holds.
    ///
    /// # Errors
    ///
    /// If they have not looked yet.
    pub(in crate::replica) fn go_on(&mut self, cx: &mut Cx<'_>, id: RecordId, name: &str) -> Result<(), Failure> {
        let (Some(owner), grant) = (self.person(), record_grant(id)) else { return Ok(()) };
        if !self.waits_to_go_on(grant) {
            return Ok(());
        }
        let words: BTreeSet<String> = self.unheeded(grant).map(str::to_owned).collect();
        if self.old_copy.all || self.old_copy.looked_at.get(&grant).is_none_or(|looked| !words.is_subset(looked)) {
            let message = format!("{}. Nothing was changed", self.why_it_waits(grant));
            let hint = format!("look first at what {name} would see: asif share preview \"{name}\"");
            return Err(Failure::new(ErrorKind::Precondition, message).hint(hint));
        }
        let puts: Vec<_> = words.iter().map(|word| (schema::member(id, "gone_on", word), true.into())).collect();
        self.write(cx, DocId::Plan, &puts, "share resume")?;
        let board = self.boards.get(&Space::Share { owner, grant }.id());
        let held = board.and_then(|board| board.get(&item::terms_item(grant, item::GRANT))).map_or(0, |held| held.revision.grant);
        for number in self.grant_version(grant)..=held {
            self.write(cx, DocId::Plan, &Self::field_puts(id, vec![("again", number.into())]), "share resume")?;
        }
        for (item, revision) in self.unknown_items(grant) {
            self.retract(cx, Space::Share { owner, grant }, item, revision)?;
        }
        self.old_copy.known.remove(&grant);
        self.old_copy.looked_at.remove(&grant);
        self.old_copy.unsaved = true;
        self.sweep_at = Some(cx.now.mono);
        // What could not be compared while nothing went out is compared now.
        let helper = self.view.grant(&id).and_then(|row| row.value.helper);
        for link in self.links.values_mut().filter(|link| link.person().is_some() && link.person() == helper) {
            link.disputed.clear();
            link.compare |= link.compared;
        }
        Ok(())
    }
}
