//! Taking back the last change, whichever own device made it, and putting it again. The change itself is read, so nothing has to be kept for it.

use std::collections::BTreeSet;

use asif_proto::local::{Ask, ErrorKind, Failure, PassedOver, Reply, Undone};
use asif_proto::record::{MAX_NOTE, WISH};
use automerge::{Change, ChangeHash, ScalarValue};
use data_encoding::HEXLOWER;
use serde_json::Value;

use super::super::deeds::Deed;
use super::super::{Cx, Replica};
use super::{Handled, Outcome};
use crate::journal::document::{Document, Put, keys_of};
use crate::journal::history::{PutId, puts_of};
use crate::journal::{prose, schema};

/// What the message of an undo begins with; the hash of the change, the request and what was done follow.
const UNDO: &str = "undo ";
/// And of what puts it again; the hash of the undo, the request and what was done follow.
const REDO: &str = "redo ";
/// Changes that a person makes and can take back.
const UNDOABLE: [&str; 25] = [
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
];

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
    pub(super) fn undo(&mut self, cx: &mut Cx<'_>, ask: &Ask, again: bool) -> Handled {
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
        let (mut refused, mut passed_over) = (None, Vec::new());
        for group in groups {
            match self.reverse(cx, ask, again, &group)? {
                Reversed::Wanted => return Ok(Outcome::Wanted),
                Reversed::Done { changed: true } => {
                    let Some(first) = group.changes.first() else { continue };
                    let view = Undone { passed_over, ..self.undone_view(&group.what, first) };
                    return Ok(Outcome::Reply(Reply::Undone(view)));
                }
                // Of what was written apart some stands no more, whatever is taken back, and what only chose what showed changed nothing: it is
                // in nobody's way.
                Reversed::Done { changed: false } => passed_over.extend(self.passed_over(&group)),
                Reversed::Refused(failure) => {
                    passed_over.extend(self.passed_over(&group));
                    refused = refused.or(Some(failure));
                }
            }
        }
        Err(refused.unwrap_or_else(|| if self.deeds.is_full() { no_further(again) } else { nothing(again) }))
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
            let reversals = self.deeds.oldest().filter(is_of).filter(|one| is_reversal(&one.message));
            let (own, others): (Vec<&Deed>, Vec<&Deed>) = reversals.partition(|one| self.at_bottom(one).hash == deed.hash);
            let [own, reversals] =
                [&own, &others].map(|all| -> Vec<Change> { all.iter().filter_map(|one| document.change(&ChangeHash(one.hash))).collect() });
            let own: Vec<Change> = own.into_iter().filter(|one| one.message().is_some_and(|message| message.starts_with(REDO))).collect();
            let reversing = Reversing { document, change: &change, again: target.as_ref(), own: &own, reversals: &reversals };
            let puts = match reversing.puts() {
                Ok(puts) => puts,
                Err(failure) => return Ok(Reversed::Refused(failure)),
            };
            // Whoever said more of a record since may have said once more that it is private: that leaves no mark of its own.
            let shows = |(key, value): &Put| key.ends_with("/visibility") && *value != ScalarValue::from("private");
            if again && puts.iter().any(shows) && self.changed_since(deed) {
                return Ok(Reversed::Refused(Failure::new(
                    ErrorKind::Precondition,
                    "who may see it was not told again since it was changed",
                )));
            }
            let prefix = if again { REDO } else { UNDO };
            let name = format!("{prefix}{} {} {}", HEXLOWER.encode(&deed.hash), ask.id.simple(), group.what);
            inverses.push((deed.doc, puts, name));
        }
        let mut changed = false;
        for (doc, puts, name) in inverses {
            changed |= self.write(cx, doc, &puts, &name)?;
        }
        Ok(Reversed::Done { changed })
    }

    /// Whether somebody has changed a record of this since, other than by taking something back.
    fn changed_since(&self, deed: &Deed) -> bool {
        let since = self.deeds.newest().take_while(|one| one.hash != deed.hash);
        since.filter(|one| !is_reversal(&one.message)).any(|one| !one.records.is_disjoint(&deed.records))
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
        Undone { what, id, short: self.short(&id), device, passed_over: Vec::new() }
    }
}

/// What came of taking something back.
enum Reversed {
    /// A document is being read; asked again then.
    Wanted,
    /// It was done, and something says something else by that or not.
    Done { changed: bool },
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

/// Earlier changes are not known by name.
fn no_further(again: bool) -> Failure {
    let what = if again { "put back" } else { "undo" };
    Failure::new(ErrorKind::Precondition, format!("there is nothing more to {what}: only the newest changes are known by name"))
        .hint("asif history ID tells all that a record ever said, and asif edit sets it")
}

fn is_reversal(message: &str) -> bool {
    [UNDO, REDO].iter().any(|prefix| Reversal::parse(message, prefix).is_some())
}

fn is_undoable(message: &str) -> bool {
    UNDOABLE.contains(&message) || is_together(message)
}

fn is_together(message: &str) -> bool {
    TOGETHER.iter().any(|kind| is_of(message, kind))
}

fn is_of(message: &str, kind: &str) -> bool {
    message.strip_prefix(kind).is_some_and(|rest| rest.starts_with(' '))
}

/// A change to reverse, with what has to do with it.
struct Reversing<'a> {
    document: &'a Document,
    change: &'a Change,
    /// The change that is put again, where one is.
    again: Option<&'a Change>,
    /// Changes that put this one again: what they put is its own.
    own: &'a [Change],
    /// Changes that took something back or put it again: what they set back is whoever's it was.
    reversals: &'a [Change],
}

impl Reversing<'_> {
    /// Puts that set what the change touched back to what was before, or to what is put again; an error where it was changed since. What another
    /// device said apart stands, also where it said the same.
    fn puts(&self) -> Result<Vec<Put>, Failure> {
        let keys = keys_of(self.change);
        let mut puts = Vec::new();
        for key in &keys {
            if schema::record_of(key).is_some_and(|record| record.key() == *key) {
                puts.push((format!("{key}/deleted"), ScalarValue::Boolean(true)));
                continue;
            }
            if schema::record_of(key).is_some_and(|record| keys.contains(&record.key())) {
                continue;
            }
            puts.extend(self.puts_of(key)?);
        }
        Ok(puts)
    }

    fn puts_of(&self, key: &str) -> Result<Vec<Put>, Failure> {
        let standing = self.document.standing(key);
        let mine = self.document.scalar_at(key, &[self.change.hash()]);
        let before = self.before(key, mine.as_ref());
        if matches!(&standing[..], [(_, only)] if *only == before) {
            return Ok(Vec::new());
        }
        let (is_mine, all) = (self.mine(key, &standing, mine.as_ref()), standing.len());
        let others: Vec<ScalarValue> = standing.into_iter().filter(|(id, _)| !is_mine.contains(id)).map(|(_, value)| value).collect();
        if others.len() == all {
            let since = || {
                let failure = Failure::new(ErrorKind::Precondition, "this was changed again since");
                failure.hint("see it with asif history, and set it with asif edit")
            };
            let without = without(self.document, key, mine.as_ref(), &before).ok_or_else(since)?;
            return Ok(vec![(key.to_owned(), without)]);
        }
        if (self.again.is_some() && !others.is_empty()) || others.len() > 1 {
            // What shows is of several: what this one brought goes out of it, or into it again.
            let of_several = without(self.document, key, mine.as_ref(), &before);
            if let Some(text) = of_several {
                return Ok(vec![(key.to_owned(), text)]);
            }
        }
        // What another device put there apart was not undone by anybody: it shows again. Where it says the same it has to be put anew, or the
        // one that was taken back would go on standing for it.
        Ok(match others.last() {
            Some(other) if Some(other) == mine.as_ref() => {
                vec![(key.to_owned(), ScalarValue::Null), (key.to_owned(), other.clone())]
            }
            other => vec![(key.to_owned(), other.cloned().unwrap_or(before))],
        })
    }

    /// What a key said before, or is to say again.
    fn before(&self, key: &str, mine: Option<&ScalarValue>) -> ScalarValue {
        let deps = self.change.deps();
        if let Some(merged) = self.document.merged_at(key, deps) {
            // What both had written showed before.
            return merged.into();
        }
        if let Some(again) = self.again.filter(|again| keys_of(again).contains(key)) {
            // Of several that stood then, the one that was taken back.
            let is_apart = self.document.other_at(key, deps).is_some();
            let said = is_apart.then(|| self.document.scalar_at(key, &[again.hash()]).unwrap_or(ScalarValue::Null));
            return said.unwrap_or_else(|| earlier(self.document, key, deps));
        }
        let before = earlier(self.document, key, deps);
        if self.again.is_none() && mine == Some(&before) {
            // It chose between what had been said apart: the other is what it did not choose.
            return self.document.other_at(key, deps).unwrap_or(before);
        }
        before
    }

    /// Which of the puts that stand under a key are those of the change.
    fn mine(&self, key: &str, standing: &[(PutId, ScalarValue)], mine: Option<&ScalarValue>) -> BTreeSet<PutId> {
        let own: BTreeSet<PutId> = self.own.iter().chain([self.change]).flat_map(|change| puts_of(change, key)).collect();
        let ids = |wanted: &dyn Fn(&PutId) -> bool| -> BTreeSet<PutId> {
            standing.iter().filter(|(id, value)| Some(value) == mine && wanted(id)).map(|(id, _)| *id).collect()
        };
        let stands = ids(&|id| own.contains(id));
        if !stands.is_empty() {
            return stands;
        }
        // It chose what stood already, or its words were set back where another's were taken back.
        let set_back: BTreeSet<PutId> = self.reversals.iter().flat_map(|change| puts_of(change, key)).collect();
        ids(&|id| own.is_empty() || set_back.contains(id))
    }
}

/// Prose that was changed again since, without what one change had brought: it is merged like what was written apart. None where that does not go.
fn without(document: &Document, key: &str, mine: Option<&ScalarValue>, before: &ScalarValue) -> Option<ScalarValue> {
    let text = |value: &ScalarValue| match value {
        ScalarValue::Str(text) => Some(text.to_string()),
        ScalarValue::Null => Some(String::new()),
        _ => None,
    };
    if !schema::is_prose(key) {
        return None;
    }
    let shown = document.merged(&BTreeSet::from([key.to_owned()])).remove(key);
    let now = shown.or_else(|| text(&document.scalar(key)?))?;
    let without = prose::merge(&text(mine?)?, &text(before)?, &now)?;
    (without != now && without.len() <= MAX_NOTE).then(|| if without.is_empty() { ScalarValue::Null } else { without.into() })
}

/// What a key said at `heads`: what was laid over the record, else what is packed in it, else nothing.
fn earlier(document: &Document, key: &str, heads: &[ChangeHash]) -> ScalarValue {
    if let Some(value) = document.scalar_at(key, heads) {
        return value;
    }
    let packed = key.split_once('/').and_then(|(record, field)| {
        let ScalarValue::Str(text) = document.scalar_at(record, heads)? else { return None };
        let fields: Value = serde_json::from_str(text.as_str()).ok()?;
        match field.strip_prefix("tags/") {
            Some(tag) => Some(Value::Bool(fields.get("tags")?.as_array()?.iter().any(|one| one == tag))),
            None => fields.get(field).cloned(),
        }
    });
    match packed {
        Some(value) => schema::scalar(&value),
        None if key.contains("/tags/") || key.ends_with("/deleted") => ScalarValue::Boolean(false),
        None => ScalarValue::Null,
    }
}
