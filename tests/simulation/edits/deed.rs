//! What somebody did, and what an undo of it must come to.

use std::collections::{BTreeMap, BTreeSet};

use super::register::{Register, Shown};
use super::shown::{Key, Screen, is_single};

/// Whether a field holds prose, which is merged.
pub(super) fn is_prose(field: &str) -> bool {
    ["note", "text", "statement", "where_felt"].contains(&field)
}

/// The pieces of texts that tell which edit brought them: `word5`, `begin28`, `more9`.
fn pieces<'a>(texts: impl IntoIterator<Item = &'a String>) -> BTreeSet<&'a str> {
    let words = texts.into_iter().flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()));
    words.filter(|word| word.ends_with(|letter: char| letter.is_ascii_digit())).collect()
}

/// Something that somebody did.
#[derive(Debug)]
pub(super) struct Deed {
    pub(super) device: usize,
    pub(super) what: &'static str,
    /// Each field with what stood there before and what was written.
    pub(super) puts: BTreeMap<Key, (Shown, String)>,
    /// Fields that said so already, as far as they show.
    pub(super) again: BTreeSet<Key>,
    /// It was answered.
    pub(super) certain: bool,
    pub(super) undone: bool,
    /// It was put back: since then it is the last that was done, where that is known.
    pub(super) redone: bool,
}

impl Deed {
    /// Why an undo of it, between these two screens, is not one.
    pub(super) fn wrong(
        &self,
        before: &Screen,
        after: &Screen,
        changed: &BTreeSet<Key>,
        registers: &BTreeMap<Key, Register>,
    ) -> Option<String> {
        for key in changed.difference(&self.again) {
            let Some((earlier, value)) = self.puts.get(key) else { return Some(format!("{key:?} was changed, too")) };
            let (was, now) = (before.all(key), after.first(key));
            let added: BTreeSet<&str> = pieces([value]).difference(&pieces(earlier)).copied().collect();
            if is_prose(&key.1) && pieces([&now]).is_disjoint(&added) && pieces([&now]).is_subset(&pieces(was.iter().chain(earlier))) {
                // Prose that was changed since, without what this had brought.
                continue;
            }
            if !was.contains(value) {
                return Some(format!("{was:?}, which somebody said since, was taken back in {key:?}"));
            }
            // What lost against it may show again.
            let beside = was.iter().any(|one| one != value && *one == now);
            if !earlier.contains(&now) && !beside && !is_single(&key.1) {
                return Some(format!("{key:?} is {now} now, where {earlier:?} stood"));
            }
        }
        // Where another said the same, that stands.
        let said_once = |key: &Key, value: &str| registers.get(key).is_none_or(|one| one.says_once(value));
        let left = self.puts.iter().find(|(key, (earlier, value))| {
            before.all(key) == [value.clone()].into() && !earlier.contains(value) && !changed.contains(*key) && said_once(key, value)
        });
        left.map(|(key, _)| format!("{key:?} stays as it is"))
    }

    /// Why putting it back, between these two screens, is not that.
    pub(super) fn wrong_again(&self, before: &Screen, after: &Screen, changed: &BTreeSet<Key>) -> Option<String> {
        for key in changed.difference(&self.again) {
            let Some((earlier, value)) = self.puts.get(key) else { return Some(format!("{key:?} was changed, too")) };
            let (was, now) = (before.all(key), after.first(key));
            let added: BTreeSet<&str> = pieces([value]).difference(&pieces(earlier)).copied().collect();
            let all = pieces(was.iter().chain(earlier).chain([value]));
            let in_one = is_prose(&key.1) && added.is_subset(&pieces([&now])) && pieces([&now]).is_subset(&all);
            if now != *value && !was.contains(&now) && !in_one {
                return Some(format!("{key:?} is {now} now, where {value} was taken back"));
            }
        }
        None
    }

    /// Why taking it back, which leaves all that shows as it was, is not that: nobody else has said the same.
    pub(super) fn wrong_without_a_trace(&self, changed: &BTreeSet<Key>, registers: &BTreeMap<Key, Register>) -> Option<String> {
        let said_twice = |(key, (_, value)): (&Key, &(Shown, String))| registers.get(key).is_some_and(|one| !one.says_once(value));
        let is_none = changed.is_empty() && self.puts.iter().all(said_twice);
        (!is_none).then(|| format!("{changed:?} was changed, or not all was said twice"))
    }

    /// Something was written, for certain.
    pub(super) fn is_certain(&self) -> bool {
        self.certain && !self.puts.is_empty()
    }

    /// All of it still shows.
    pub(super) fn stands(&self, screen: &Screen) -> bool {
        let shows = |key: &Key| screen.records.contains(&key.0);
        self.puts.iter().all(|(key, (earlier, value))| shows(key) && screen.first(key) == *value && !earlier.contains(value))
    }
}
