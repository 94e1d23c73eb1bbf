//! Finding records by the words in them, in the view as it lies in memory. Nothing is scored, and nothing is known of a word but its spelling.
//!
//! [`query`] reads what was typed, [`needle`] finds one thing in text that [`fold`](mod@fold) made comparable, [`words`] tells what a record says,
//! [`snippet`] shows a piece of it around what was found, [`synonyms`] is the one set of words that mean each other.

pub mod fold;
pub mod needle;
pub mod query;
pub mod snippet;
pub mod synonyms;
#[cfg(test)]
mod tests;
pub mod words;

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::RecordId;
use asif_proto::moment::Moment;
use asif_proto::record::{SAFETY_PLAN, SafetyPlan, WISH};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::Date};

use super::kept::Kept;
use super::record::{Practice, Session};
use super::schema::SELF_WISH;
use super::view::{Row, View};
use needle::{BETWEEN, Needle};
use query::{Condition, Query};

/// What is looked for and where.
pub struct Search<'a> {
    view: &'a View,
    query: &'a Query,
    bounds: Bounds<'a>,
    /// Practices that all practices asked for agree on; none: it does not matter.
    practices: Option<BTreeSet<RecordId>>,
    /// What names each practice, folded.
    names: BTreeMap<RecordId, String>,
    /// Some condition is about words.
    in_words: bool,
}

/// What else must hold.
pub struct Bounds<'a> {
    /// The time lies within the bounds.
    pub within: &'a dyn Fn(&Moment) -> bool,
    /// There are no bounds: what has no time is within them.
    pub timeless: bool,
    /// Of this practice.
    pub practice: Option<RecordId>,
    /// With all of these tags.
    pub tags: &'a [String],
    /// The zone in which days are counted where a record does not say where it was written down.
    pub zone: &'a TimeZone,
}

/// A record that was found.
#[derive(Debug, Clone, Copy)]
pub enum Found<'a> {
    /// A session or a note.
    Session(RecordId, &'a Row<Session>),
    /// A practice.
    Practice(RecordId, &'a Row<Practice>),
    /// Another record.
    Kept(RecordId, &'a Row<Kept>),
    /// The safety plan.
    SafetyPlan(&'a Row<SafetyPlan>),
    /// What the person would like to be different.
    Wish(&'a str),
}

impl<'a> Search<'a> {
    /// Prepares a search.
    pub fn new(view: &'a View, query: &'a Query, bounds: Bounds<'a>) -> Self {
        let name = |row: &Row<Practice>| {
            let mut text = String::new();
            words::of_practice_name(&row.value, &mut |_, one| add(&mut text, one));
            text
        };
        let names: BTreeMap<RecordId, String> = view.practices().map(|(id, row)| (*id, name(row))).collect();
        let mut practices: Option<BTreeSet<RecordId>> = bounds.practice.map(|id| BTreeSet::from([id]));
        for condition in &query.conditions {
            if let Condition::Practice(needle) = condition {
                let named: BTreeSet<_> = names.iter().filter(|(_, name)| needle.find(name).is_some()).map(|(id, _)| *id).collect();
                practices = Some(practices.map_or_else(|| named.clone(), |before| &before & &named));
            }
        }
        let in_words = query.conditions.iter().any(|condition| matches!(condition, Condition::Words(_)));
        Self { view, query, bounds, practices, names, in_words }
    }

    /// Every record that stands and holds all of it, newest first; what has no time comes last.
    pub fn run(&self) -> Vec<Found<'a>> {
        let mut found: Vec<(Option<Timestamp>, RecordId, Found<'a>)> = Vec::new();
        let mut text = String::new();
        for (id, row) in self.view.sessions().filter(|(_, row)| row.value.deleted != Some(true)) {
            if self.holds_session(row, &mut text) {
                found.push((Some(row.value.occurred_at.timestamp()), *id, Found::Session(*id, row)));
            }
        }
        for (id, row) in self.view.practices().filter(|(_, row)| row.value.deleted != Some(true)) {
            let one = Found::Practice(*id, row);
            if self.holds_other(one, Some(*id), &mut text) {
                found.push((Some(row.value.recorded_at), *id, one));
            }
        }
        for (id, row) in self.view.all_kept().filter(|(_, row)| !row.value.deleted()) {
            let one = Found::Kept(*id, row);
            if self.holds_other(one, words::practice_of(&row.value), &mut text) {
                found.push((self.at(one).map(|at| at.timestamp()), *id, one));
            }
        }
        let plan = self.view.safety_plan().map(|row| (SAFETY_PLAN, Found::SafetyPlan(row)));
        let wish = self.view.name(SELF_WISH).map(|wish| (WISH, Found::Wish(wish)));
        for (id, one) in plan.into_iter().chain(wish) {
            if self.holds_other(one, None, &mut text) {
                found.push((None, id, one));
            }
        }
        found.sort_unstable_by_key(|(at, id, _)| std::cmp::Reverse((*at, *id)));
        found.into_iter().map(|(_, _, one)| one).collect()
    }

    /// When a record is of, where it is of a time.
    pub fn at(&self, found: Found<'_>) -> Option<Moment> {
        Some(match found {
            Found::Session(_, row) => row.value.occurred_at.clone(),
            Found::Practice(_, row) => Moment::at(row.value.recorded_at, self.bounds.zone),
            Found::Kept(_, row) => match &row.value {
                Kept::Experiment(experiment) => experiment.planned_at.clone(),
                other => Moment::at(words::recorded_at(other), self.bounds.zone),
            },
            Found::SafetyPlan(_) | Found::Wish(_) => return None,
        })
    }

    fn holds_session(&self, row: &Row<Session>, text: &mut String) -> bool {
        let session = &row.value;
        (self.bounds.within)(&session.occurred_at)
            && self.is_of_practice(session.practice)
            && self.bounds.tags.iter().all(|tag| session.tags.contains(tag))
            && self.has_tags(&session.tags)
            && self.is_of_days(&[session.occurred_at.local_date()])
            && self.holds_words(text, |text| {
                words::of_session(session, &mut |_, one| add(text, one));
                self.add_rest(row, session.practice, text);
            })
    }

    /// Other records have no tags.
    fn holds_other(&self, found: Found<'_>, practice: Option<RecordId>, text: &mut String) -> bool {
        let at = self.at(found);
        self.bounds.tags.is_empty()
            && self.has_tags(&[])
            && at.as_ref().map_or(self.bounds.timeless, |at| (self.bounds.within)(at))
            && self.is_of_practice(practice)
            && self.is_of_days(&days_of(found, at.as_ref()))
            && self.holds_words(text, |text| match found {
                Found::Session(..) => {}
                Found::Practice(_, row) => {
                    words::of_practice(&row.value, &mut |_, one| add(text, one));
                    self.add_rest(row, practice, text);
                }
                Found::Kept(_, row) => {
                    words::of_kept(&row.value, &mut |_, one| add(text, one));
                    self.add_rest(row, practice, text);
                }
                Found::SafetyPlan(row) => {
                    words::of_safety_plan(&row.value, &mut |_, one| add(text, one));
                    self.add_rest(row, None, text);
                }
                Found::Wish(wish) => words::of_wish(wish, &mut |_, one| add(text, one)),
            })
    }

    fn add_rest<T>(&self, row: &Row<T>, practice: Option<RecordId>, text: &mut String) {
        if !row.contested.is_empty() {
            words::written_apart(row).iter().for_each(|one| add(text, one));
        }
        if let Some(name) = practice.and_then(|id| self.names.get(&id)) {
            text.push_str(name);
        }
    }

    fn is_of_practice(&self, practice: Option<RecordId>) -> bool {
        self.practices.as_ref().is_none_or(|asked| practice.is_some_and(|id| asked.contains(&id)))
    }

    fn has_tags(&self, tags: &[String]) -> bool {
        self.query.conditions.iter().all(|condition| match condition {
            Condition::Tag(wanted) => tags.iter().any(|tag| fold::fold(tag) == *wanted),
            _ => true,
        })
    }

    fn is_of_days(&self, days: &[Date]) -> bool {
        self.query.conditions.iter().all(|condition| match condition {
            Condition::Days(first, last) => days.iter().any(|day| (first..=last).contains(&day)),
            _ => true,
        })
    }

    /// Folds what `say` says only where words are looked for.
    fn holds_words(&self, text: &mut String, say: impl FnOnce(&mut String)) -> bool {
        if !self.in_words {
            return true;
        }
        text.clear();
        say(text);
        self.query.conditions.iter().all(|condition| match condition {
            Condition::Words(any) => any.is_in(text),
            _ => true,
        })
    }

    /// The first place in a record where something is found that was looked for in words; where nothing was, its first words.
    pub fn snippet(&self, found: Found<'_>) -> Option<(&'static str, snippet::Snippet)> {
        let needles: Vec<&Needle> = self.query.needles().collect();
        let mut first = None;
        let mut shown = None;
        let mut look = |name: &'static str, text: &str| {
            if shown.is_none() && !text.trim().is_empty() {
                shown = snippet::around(text, &needles).map(|snippet| (name, snippet));
                first.get_or_insert_with(|| (name, snippet::beginning(text)));
            }
        };
        let practice = match found {
            Found::Session(_, row) => {
                words::of_session(&row.value, &mut look);
                words::written_apart(row).iter().for_each(|text| look("written_apart", text));
                row.value.practice
            }
            Found::Practice(id, row) => {
                // Of a practice its name comes first.
                words::of_practice_name(&row.value, &mut look);
                words::of_practice(&row.value, &mut look);
                words::written_apart(row).iter().for_each(|text| look("written_apart", text));
                Some(id)
            }
            Found::Kept(_, row) => {
                words::of_kept(&row.value, &mut look);
                words::written_apart(row).iter().for_each(|text| look("written_apart", text));
                words::practice_of(&row.value)
            }
            Found::SafetyPlan(row) => {
                words::of_safety_plan(&row.value, &mut look);
                words::written_apart(row).iter().for_each(|text| look("written_apart", text));
                None
            }
            Found::Wish(wish) => {
                words::of_wish(wish, &mut look);
                None
            }
        };
        if let Some(row) = practice.and_then(|id| self.view.practice(&id)) {
            words::of_practice_name(&row.value, &mut look);
        }
        shown.or(first)
    }
}

/// A field's text behind the others.
fn add(text: &mut String, field: &str) {
    fold::fold_onto(field, text);
    text.push(BETWEEN);
}

/// The days that a record is of: an experiment is of the day on which it was planned and of that of its outcome.
fn days_of(found: Found<'_>, at: Option<&Moment>) -> Vec<Date> {
    let outcome = match found {
        Found::Kept(_, row) => match &row.value {
            Kept::Experiment(experiment) => experiment.outcome_at.as_ref().map(Moment::local_date),
            _ => None,
        },
        _ => None,
    };
    at.map(Moment::local_date).into_iter().chain(outcome).collect()
}
