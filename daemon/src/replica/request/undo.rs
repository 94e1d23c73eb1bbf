//! Taking back the last change, whichever own device made it, and putting it again. The change itself is read, so nothing has to be kept for it.

use std::collections::BTreeSet;

use asif_proto::local::{Ask, ErrorKind, Failure, PassedOver, Reply, Undone};
use asif_proto::record::WISH;
use automerge::{Change, ChangeHash, ScalarValue};
use data_encoding::HEXLOWER;

use super::super::deeds::Deed;
use super::super::documents::AGAIN;
use super::super::{Cx, Replica};
use super::{Handled, Outcome};
use crate::journal::document::{Put, keys_of};
use crate::journal::history::{REDO, UNDO};
use crate::journal::schema;

mod reversing;

use reversing::Reversing;

/// What the name of a change begins with that deletes a record.
const DELETE: &str = "delete";
/// Changes that a person makes and can take back.
const UNDOABLE: [&str; 32] = [
    "log",
    "edit",
    "tag",
    "delete",
    "restore",
    "practice add",
    "practice archive",
    "practice edit",
    "practice adapt",
    "phrase add",
    "phrase edit",
    "goal add",
    "goal rate",
    "goal close",
    "wish",
    "belief add",
    "belief rate",
    "belief pair",
    "belief retire",
    "anchor",
    "sketch",
    "try",
    "crisis edit",
    "remind add",
    "remind snooze",
    "rapport",
    "caseload notes",
    "inbox accept",
    "inbox decline",
    "inbox later",
    "inbox answer",
    "borrow return",
];

/// What is done about sharing: it is taken back by its own commands.
const SHARING: [&str; 3] = ["hold", "share edit", "share pause"];
/// Changes that are made in several documents at once, and taken back together: their request follows.
const TOGETHER: [&str; 3] = ["outcome", "experiment edit", "tag rename"];

/// The message of a change that is one of several which one request makes.
pub(super) fn together(what: &str, ask: &Ask) -> String {
    format!("{what} {}", ask.id.simple())
}

/// What is taken back, and what was: from the names of the changes alone.
#[derive(Default)]
struct Reversals {
    /// Changes that were taken back and not put again.
    undone: BTreeSet<[u8; 32]>,
    /// Those that took something back, and the request, the change and the words of each; not those that were taken back in turn.
    undos: Vec<(Deed, Reversal)>,
    /// Those that put something again.
    redos: Vec<(Deed, Reversal)>,
}

/// The name of a change that takes another back: `undo HASH REQUEST what` or `redo HASH REQUEST what`.
#[derive(Clone, PartialEq)]
struct Reversal {
    of: [u8; 32],
    request: String,
    what: String,
}

impl Reversal {
    fn parse(message: &str, prefix: &str) -> Option<Self> {
        let mut words = message.strip_prefix(prefix)?.splitn(3, ' ');
        let of = HEXLOWER.decode(words.next()?.as_bytes()).ok()?.try_into().ok()?;
        Some(Self { of, request: words.next()?.to_owned(), what: words.next().unwrap_or_default().to_owned() })
    }
}

impl Replica {
    /// Takes the last change back, whoever made it; or with `again` puts back what was taken back last.
    ///
    /// What was done about sharing is not taken back by this, and what came before it only where that is asked for: it might be shown again.
    pub(super) fn undo(&mut self, cx: &mut Cx<'_>, ask: &Ask, again: bool, past_sharing: bool) -> Handled {
        let known = self.reversals();
        let request = ask.id.simple().to_string();
        let reversals = if again { &known.redos } else { &known.undos };
        let done: Vec<&(Deed, Reversal)> = reversals.iter().filter(|(_, one)| one.request == request).collect();
        let groups = if again { redoable(&known) } else { self.undoable(&known) };
        if let Some((first, what)) = done.first().map(|(deed, one)| (deed, one.what.clone())) {
            // The same request came before; of several changes some may be left.
            let view = self.undone_view(&what, first);
            let rest = groups.into_iter().find(|group| group.in_parts && group.what == what);
            return match rest.map(|rest| self.reverse(cx, ask, again, &rest)).transpose()? {
                Some(Reversed::Wanted) => Ok(Outcome::Wanted),
                Some(Reversed::Refused(failure)) => Err(failure),
                Some(Reversed::Done { .. }) | None => Ok(Outcome::Reply(Reply::Undone(view))),
            };
        }
        if let Some(first) = groups.first().filter(|_| !again && !past_sharing)
            && let Some(shared) = self.shared_since(first)
        {
            return Err(self.not_past(shared, first));
        }
        let (mut refused, mut passed_over) = (None, Vec::new());
        for group in groups {
            match self.reverse(cx, ask, again, &group)? {
                Reversed::Wanted => return Ok(Outcome::Wanted),
                Reversed::Done { changed: true, stays } => {
                    let Some(first) = group.changes.first() else { continue };
                    let view = Undone { passed_over, stays, ..self.undone_view(&group.what, first) };
                    return Ok(Outcome::Reply(Reply::Undone(view)));
                }
                // Of what was written apart some stands no more, whatever is taken back, and what only chose what showed changed nothing: it is
                // in nobody's way.
                Reversed::Done { changed: false, .. } => passed_over.extend(self.passed_over(&group)),
                Reversed::Refused(failure) => {
                    passed_over.extend(self.passed_over(&group));
                    refused = refused.or(Some(failure));
                }
            }
            if again {
                // It would put back what nobody thinks of any more, and show what was taken back on purpose.
                return Err(refused.unwrap_or_else(stands_already));
            }
        }
        Err(refused.unwrap_or_else(|| if self.deeds.is_full() { no_further(again) } else { nothing(again) }))
    }

    /// The last thing that was done about sharing since these changes.
    fn shared_since(&self, group: &Group) -> Option<&Deed> {
        let since = self.deeds.newest().take_while(|one| !group.changes.iter().any(|change| change.hash == one.hash));
        since.into_iter().find(|one| SHARING.contains(&one.message.trim_end_matches(AGAIN)))
    }

    fn not_past(&self, shared: &Deed, group: &Group) -> Failure {
        let what = match shared.message.trim_end_matches(AGAIN) {
            "hold" => {
                let id = shared.records.first().map(|id| self.short(id)).unwrap_or_default();
                format!("keeping {id} back or letting it go; asif share hold {id}, with --off or without, does the other")
            }
            _ => "about what is shared; asif share edit, pause and resume change that".to_owned(),
        };
        let before = self.passed_over(group).map(|one| format!(" (before it: {} {})", one.what, one.short)).unwrap_or_default();
        Failure::new(ErrorKind::Precondition, format!("the last thing done was {what}; undo leaves it alone{before}"))
            .hint("to take back what came before it, which a helper may then see again: asif undo --past-sharing")
    }

    fn passed_over(&self, group: &Group) -> Option<PassedOver> {
        let Undone { what, id, short, .. } = self.undone_view(&group.what, group.changes.first()?);
        Some(PassedOver { what, id, short })
    }

    fn reversals(&self) -> Reversals {
        let mut known = Reversals::default();
        for deed in self.deeds.oldest().filter(|deed| !self.replaced.contains(&deed.hash)) {
            if let Some(undo) = Reversal::parse(&deed.message, UNDO) {
                known.undone.insert(undo.of);
                known.undos.push((deed.clone(), undo));
            } else if let Some(redo) = Reversal::parse(&deed.message, REDO) {
                if let Some(at) = known.undos.iter().position(|(deed, _)| deed.hash == redo.of) {
                    let (_, undo) = known.undos.remove(at);
                    known.undone.remove(&undo.of);
                }
                known.redos.push((deed.clone(), redo));
            }
        }
        known
    }

    /// Changes that can be taken back, the last done first; those of one request that belong together in one group. What was put back was done when
    /// it was put back.
    fn undoable(&self, known: &Reversals) -> Vec<Group> {
        let mut told = BTreeSet::new();
        let stands = |deed: &&Deed| !self.replaced.contains(&deed.hash) && !known.undone.contains(&deed.hash);
        let done = self.deeds.newest().map(|deed| if deed.message.starts_with(REDO) { self.at_bottom(deed) } else { deed });
        let deeds = done.filter(|deed| is_undoable(&deed.message)).filter(stands);
        let deeds = deeds.filter(|deed| told.insert(deed.hash));
        grouped(deeds.map(|deed| (deed, deed.message.clone(), is_together(&deed.message).then(|| deed.message.clone()))))
    }

    fn deed(&self, hash: &[u8; 32]) -> Option<&Deed> {
        self.deeds.newest().find(|deed| deed.hash == *hash)
    }

    /// Takes changes back, all or none.
    fn reverse(&mut self, cx: &mut Cx<'_>, ask: &Ask, again: bool, group: &Group) -> Result<Reversed, Failure> {
        let mut inverses = Vec::new();
        for deed in &group.changes {
            if !self.has(cx, deed.doc) {
                return Ok(Reversed::Wanted);
            }
            let Some(document) = self.documents.get(&deed.doc) else { continue };
            let Some(change) = document.change(&ChangeHash(deed.hash)) else { continue };
            // What is put again says what it said, also where another device's words had shown before.
            let target = Reversal::parse(&deed.message, UNDO).and_then(|undo| document.change(&ChangeHash(undo.of)));
            let is_of = |one: &&Deed| one.doc == deed.doc && (one.records == deed.records || !one.records.is_disjoint(&deed.records));
            let reversals = self.deeds.oldest().filter(is_of).filter(|one| is_reversal(&one.message) || one.message.ends_with(AGAIN));
            let (own, mut others): (Vec<&Deed>, Vec<&Deed>) = reversals.partition(|one| self.at_bottom(one).hash == deed.hash);
            // What takes a record back that was made deletes it for a reason of its own; what puts it again may leave another's deletion standing.
            let makes = |one: &Deed| document.change(&ChangeHash(self.at_bottom(one).hash)).is_some_and(|change| makes_a_record(&change));
            others.retain(|one| one.message.starts_with(REDO) || !makes(one));
            let [own, reversals] =
                [&own, &others].map(|all| -> Vec<Change> { all.iter().filter_map(|one| document.change(&ChangeHash(one.hash))).collect() });
            let own: Vec<Change> = own.into_iter().filter(|one| one.message().is_some_and(|message| message.starts_with(REDO))).collect();
            let reversing = Reversing { document, change: &change, again: target.as_ref(), own: &own, reversals: &reversals };
            let puts = match reversing.puts() {
                Ok(puts) => puts,
                Err(failure) => return Ok(Reversed::Refused(failure)),
            };
            // Whoever said more of a record since may have said once more that it is private: that leaves no mark of its own.
            let shows = |(key, value): &Put| schema::is_visibility(key) && *value != ScalarValue::from(schema::PRIVATE);
            if again && puts.iter().any(shows) && self.is_since(deed, |_| true) {
                return Ok(Reversed::Refused(Failure::new(
                    ErrorKind::Precondition,
                    "who may see it was not told again since it was changed",
                )));
            }
            let comes_back = |(key, value): &Put| key.ends_with("/deleted") && *value == ScalarValue::Boolean(false);
            if again && puts.iter().any(comes_back) && self.is_since(deed, |one| one.message.starts_with(DELETE)) {
                let failure = Failure::new(ErrorKind::Precondition, "it was deleted again since");
                return Ok(Reversed::Refused(failure.hint("asif restore shows it again")));
            }
            let prefix = if again { REDO } else { UNDO };
            let name = format!("{prefix}{} {} {}", HEXLOWER.encode(&deed.hash), ask.id.simple(), group.what);
            inverses.push((deed.doc, puts, name));
        }
        let (mut changed, mut stays) = (false, true);
        for (doc, puts, name) in inverses {
            let keys: BTreeSet<&String> = puts.iter().map(|(key, _)| key).collect();
            let said = |all: &Self| -> Vec<BTreeSet<String>> {
                let standing =
                    |key: &String| Some(all.documents.get(&doc)?.standing(key).iter().map(|(_, value)| value.to_string()).collect());
                keys.iter().filter_map(|key| standing(key)).collect()
            };
            let before = said(self);
            changed |= self.write(cx, doc, &puts, &name)?;
            stays &= said(self) == before;
        }
        Ok(Reversed::Done { changed, stays })
    }

    /// Whether somebody has changed a record of this since in such a way, other than by taking something back.
    fn is_since(&self, deed: &Deed, wanted: impl Fn(&Deed) -> bool) -> bool {
        let since = self.deeds.newest().take_while(|one| one.hash != deed.hash);
        since.filter(|one| !is_reversal(&one.message) && wanted(one)).any(|one| !one.records.is_disjoint(&deed.records))
    }

    /// What a change takes back, at the bottom of it; the change itself where it takes nothing back.
    fn at_bottom<'a>(&'a self, mut deed: &'a Deed) -> &'a Deed {
        let reversed = |deed: &Deed| [UNDO, REDO].iter().find_map(|prefix| Reversal::parse(&deed.message, prefix));
        // As many turns as there are deeds: what names itself ends too.
        for _ in self.deeds.oldest() {
            match reversed(deed).and_then(|one| self.deed(&one.of)) {
                Some(below) => deed = below,
                None => break,
            }
        }
        deed
    }

    fn undone_view(&self, what: &str, deed: &Deed) -> Undone {
        let deed = self.at_bottom(deed);
        let what = in_words(what);
        let id = deed.records.first().copied().unwrap_or(WISH);
        let device = self.logs.get(&deed.log).and_then(|log| log.device);
        let mine = device == self.vault.as_ref().map(|vault| vault.device());
        let device = device.filter(|_| !mine).map(|device| self.device_name(&device));
        Undone { what, id, short: self.short(&id), device, passed_over: Vec::new(), stays: false }
    }
}

/// What came of taking something back.
enum Reversed {
    /// A document is being read; asked again then.
    Wanted,
    /// It was done, and that changed something or not. What shows may stay as it is: another device said the same.
    Done { changed: bool, stays: bool },
    /// Something else stands there by now. Nothing was changed.
    Refused(Failure),
}

/// Changes that are reversed together.
struct Group {
    /// What was done.
    what: String,
    /// The changes whose words are set back; the first is told of.
    changes: Vec<Deed>,
    /// It is one of several changes of one request, which are written one by one.
    in_parts: bool,
}

/// What was taken back and can be put again, the last first.
fn redoable(known: &Reversals) -> Vec<Group> {
    let undos = known.undos.iter().rev();
    grouped(undos.map(|(deed, undo)| (deed, undo.what.clone(), Some(undo.request.clone()))))
}

/// Puts those of one key together, in the order of the first of each.
fn grouped<'a>(changes: impl Iterator<Item = (&'a Deed, String, Option<String>)>) -> Vec<Group> {
    let mut groups: Vec<(Option<String>, Group)> = Vec::new();
    for (change, what, key) in changes {
        match groups.iter_mut().find(|(of, _)| key.is_some() && *of == key) {
            Some((_, group)) => group.changes.push(change.clone()),
            None => {
                let group = Group { what, changes: vec![change.clone()], in_parts: key.is_some() };
                groups.push((key, group));
            }
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// The name of a change as a person reads it: without the request it was made by, or the change it takes back.
pub(super) fn in_words(message: &str) -> String {
    let plain = |what: &str| TOGETHER.into_iter().find(|kind| is_of(what, kind)).unwrap_or(what).to_owned();
    for prefix in [UNDO, REDO] {
        if let Some(reversal) = Reversal::parse(message, prefix) {
            return format!("{prefix}{}", plain(&reversal.what));
        }
    }
    plain(message)
}

fn nothing(again: bool) -> Failure {
    Failure::new(ErrorKind::Precondition, if again { "there is nothing to put back" } else { "there is nothing to undo" })
}

/// What was taken back last is as it was before that.
fn stands_already() -> Failure {
    Failure::new(ErrorKind::Precondition, "what was taken back last stands again already")
        .hint("asif history ID tells all that a record ever said")
}

/// Earlier changes are not known by name.
fn no_further(again: bool) -> Failure {
    let what = if again { "put back" } else { "undo" };
    Failure::new(ErrorKind::Precondition, format!("there is nothing more to {what}: only the newest changes are known by name"))
        .hint("asif history ID tells all that a record ever said, and asif edit sets it")
}

fn makes_a_record(change: &Change) -> bool {
    keys_of(change).iter().any(|key| schema::record_of(key).is_some_and(|record| record.key() == *key))
}

fn is_reversal(message: &str) -> bool {
    [UNDO, REDO].iter().any(|prefix| Reversal::parse(message, prefix).is_some())
}

fn is_undoable(message: &str) -> bool {
    UNDOABLE.contains(&message) || (is_together(message) && !message.ends_with(AGAIN))
}

fn is_together(message: &str) -> bool {
    TOGETHER.iter().any(|kind| is_of(message, kind))
}

fn is_of(message: &str, kind: &str) -> bool {
    message.strip_prefix(kind).is_some_and(|rest| rest.starts_with(' '))
}
