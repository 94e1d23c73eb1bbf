//! Tags of sessions and notes: what there is, adding and taking away, another name for one.

use std::collections::BTreeMap;

use asif_proto::id::RecordId;
use asif_proto::local::tag::{TagRenamedTag, TagTag};
use asif_proto::local::{Ask, ErrorKind, Failure, Reply, TagAsk, TagRenamed, TagView};

use super::super::find::Found;
use super::super::{Cx, Replica};
use super::undo::together;
use super::{Handled, Outcome};
use crate::journal::document::Put;
use crate::journal::schema;
use crate::seal::body::DocId;

/// The most tags that are given at once, and the longest, in bytes.
const MAX_TAGS: usize = 64;
const MAX_TAG: usize = 256;
/// The most sessions that one change gives another tag.
const AT_ONCE: usize = 1_000;

impl Replica {
    pub(super) fn tags(&mut self, cx: &mut Cx<'_>, ask: &Ask, what: &TagAsk) -> Handled {
        match what {
            TagAsk::List => Ok(Outcome::Reply(Reply::Tags(self.tag_list()))),
            TagAsk::Change { id, add, remove } => self.retag(cx, id, add, remove),
            TagAsk::Rename { from, to } => self.rename_tag(cx, ask, from, to),
        }
    }

    /// Tags in use, by name.
    pub(super) fn tag_list(&self) -> Vec<TagView> {
        let mut counts: BTreeMap<&String, u64> = BTreeMap::new();
        let standing = self.view.sessions().filter(|(_, row)| row.value.deleted != Some(true));
        standing.flat_map(|(_, row)| &row.value.tags).for_each(|tag| *counts.entry(tag).or_default() += 1);
        counts.into_iter().map(|(tag, sessions)| TagView { kind: TagTag::Tag, tag: tag.clone(), sessions }).collect()
    }

    fn retag(&mut self, cx: &mut Cx<'_>, typed: &str, add: &[String], remove: &[String]) -> Handled {
        let Found::Session(id) = self.find(typed)? else {
            return Err(Failure::new(ErrorKind::Usage, "only sessions and notes have tags").hint("asif list tells their ids"));
        };
        let (add, remove) = (named(add)?, named(remove)?);
        if let Some(both) = add.iter().find(|tag| remove.contains(tag)) {
            return Err(Failure::new(ErrorKind::Usage, format!("{both:?} is both added and removed")));
        }
        let Some(row) = self.view.session(&id) else { return Err(Failure::new(ErrorKind::NotFound, "no such session")) };
        let doc = row.doc;
        if row.value.deleted == Some(true) {
            let failure = Failure::new(ErrorKind::Precondition, "this session is deleted");
            return Err(failure.hint(format!("bring it back first: asif restore {}", self.view.short(&id))));
        }
        if !self.has(cx, doc) {
            return Ok(Outcome::Wanted);
        }
        let set = |tags: Vec<String>, on: bool| tags.into_iter().map(move |tag| (schema::member(id, "tags", &tag), on.into()));
        let puts = self.changing(doc, id, set(add, true).chain(set(remove, false)).collect());
        let changed = self.write(cx, doc, &puts, "tag")?;
        self.session_changed(id, changed)
    }

    /// Deleted ones are renamed, too: restored they have the tag that the others have.
    fn rename_tag(&mut self, cx: &mut Cx<'_>, ask: &Ask, from: &str, to: &str) -> Handled {
        let (from, to) = (name(from)?, name(to)?);
        if from == to {
            return Err(Failure::new(ErrorKind::Usage, "it is called that already"));
        }
        let mut tagged: BTreeMap<DocId, Vec<RecordId>> = BTreeMap::new();
        for (id, row) in self.view.sessions().filter(|(_, row)| row.value.tags.contains(&from)) {
            tagged.entry(row.doc).or_default().push(*id);
        }
        let what = together("tag rename", ask);
        // Asked again after a lost answer, it is called that already.
        if tagged.is_empty() && !self.deeds.newest().any(|deed| deed.message == what) {
            return Err(Failure::new(ErrorKind::NotFound, format!("nothing has the tag {from:?}")).hint("asif tag tells which there are"));
        }
        // All that is written to must be here before anything is.
        let here: Vec<bool> = tagged.keys().map(|doc| self.has(cx, *doc)).collect();
        if here.contains(&false) {
            return Ok(Outcome::Wanted);
        }
        let sessions = u64::try_from(tagged.values().map(Vec::len).sum::<usize>()).unwrap_or(u64::MAX);
        for (doc, records) in tagged {
            for some in records.chunks(AT_ONCE) {
                let both = |id: &RecordId| -> [Put; 2] {
                    [(schema::member(*id, "tags", &from), false.into()), (schema::member(*id, "tags", &to), true.into())]
                };
                let puts: Vec<Put> = some.iter().flat_map(|id| self.changing(doc, *id, both(id).into())).collect();
                self.write(cx, doc, &puts, &what)?;
            }
        }
        Ok(Outcome::Reply(Reply::TagRenamed(TagRenamed { kind: TagRenamedTag::TagRenamed, from, to, sessions })))
    }
}

/// A tag as it is kept: without the `#` that it is shown with, and without spaces around it. Letters stay as they were typed.
pub(super) fn name(typed: &str) -> Result<String, Failure> {
    let tag = bare(typed);
    if tag.is_empty() || tag.contains(['\n', '\r']) {
        return Err(Failure::new(ErrorKind::Usage, "a tag must be one line with something on it"));
    }
    if tag.len() > MAX_TAG {
        return Err(Failure::new(ErrorKind::Usage, format!("a tag has at most {MAX_TAG} bytes")).hint("nothing was stored"));
    }
    Ok(tag.to_owned())
}

/// The same of what is only looked for.
pub(super) fn bare(typed: &str) -> &str {
    let typed = typed.trim();
    typed.strip_prefix('#').unwrap_or(typed).trim()
}

/// Tags that are given at once, each once, sorted.
pub(super) fn named(typed: &[String]) -> Result<Vec<String>, Failure> {
    if typed.len() > MAX_TAGS {
        return Err(Failure::new(ErrorKind::Usage, format!("at most {MAX_TAGS} tags are given at once")).hint("nothing was stored"));
    }
    let mut tags = typed.iter().map(|tag| name(tag)).collect::<Result<Vec<_>, _>>()?;
    tags.sort();
    tags.dedup();
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_what_is_left_without_its_sign_and_the_spaces_around_it() {
        for (typed, kept) in [("work", "work"), ("#work", "work"), (" # work ", "work"), ("##a", "#a"), ("Größe", "Größe"), ("a/b", "a/b")]
        {
            assert_eq!(name(typed).unwrap(), kept);
        }
        for bad in ["", " ", "#", "# ", "a\nb", &"x".repeat(MAX_TAG + 1)] {
            assert_eq!(name(bad).unwrap_err().kind, ErrorKind::Usage, "{bad:?}");
        }
        assert_eq!(named(&["#b".into(), "a".into(), "b".into()]).unwrap(), ["a", "b"]);
    }
}
