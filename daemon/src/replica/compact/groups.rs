//! Which documents of a checkpoint are packed together, and which lie packed already.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use asif_proto::id::KeyId;

use super::super::Replica;
use crate::seal::body::DocId;
use crate::seal::checkpoint::Bundle;

impl Replica {
    /// What is taken over of the present checkpoint, and what is to be packed: closed years each together, the months of the last one and the
    /// plan by themselves.
    pub(super) fn group(&self, key: KeyId) -> (Vec<Bundle>, VecDeque<VecDeque<DocId>>) {
        let mut docs: BTreeSet<DocId> = self.index.keys().copied().collect();
        let based = self.bases.current().flat_map(|base| &base.said.bundles).flat_map(|bundle| &bundle.documents);
        docs.extend(based.map(|one| one.doc));
        let last = docs.iter().filter_map(year_of).max();
        let mut taken = Vec::new();
        let mut current = self.bases.current();
        if let (Some(base), None) = (current.next(), current.next())
            && base.is_sealed_with(key)
        {
            let is_changed = |doc: &DocId| self.index.get(doc).is_some_and(|logs| logs.values().any(|seqs| !seqs.is_empty()));
            for bundle in &base.said.bundles {
                let (changed, same): (Vec<_>, Vec<_>) = bundle.documents.iter().cloned().partition(|one| is_changed(&one.doc));
                // A year that has closed since is packed anew, and so is one of which a third is stale.
                let alone =
                    bundle.documents.len() == 1 && same.first().and_then(|one| year_of(&one.doc)).is_some_and(|year| Some(year) != last);
                if !same.is_empty() && !alone && self.is_clean(base, bundle) && changed.len() * 3 <= bundle.documents.len() {
                    docs.retain(|doc| !same.iter().any(|one| one.doc == *doc));
                    taken.push(Bundle { documents: same, ..bundle.clone() });
                }
            }
        }
        // What is written in most often is laid first.
        let mut groups: BTreeMap<(u16, Option<DocId>), VecDeque<DocId>> = BTreeMap::new();
        for doc in docs {
            let year = year_of(&doc);
            let alone = (year.is_none() || year == last).then_some(doc);
            groups.entry((year.unwrap_or(u16::MAX), alone)).or_default().push_back(doc);
        }
        (taken, groups.into_values().rev().collect())
    }
}

/// The year of a month.
fn year_of(doc: &DocId) -> Option<u16> {
    match doc {
        DocId::Month { year, .. } => Some(*year),
        DocId::Plan => None,
    }
}
