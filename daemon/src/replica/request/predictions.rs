//! What helpers expected of an experiment: shown with its outcome, and whether it was here before.

use asif_proto::id::{GrantId, ItemId, PersonId, RecordId};
use asif_proto::share::HelperPrediction;
use data_encoding::HEXLOWER;

use super::super::Replica;
use crate::journal::kept::Experiment;
use crate::journal::record::record_grant;
use crate::people::space::Space;
use crate::share::board::Held;
use crate::share::item::{self, Item};

/// The bytes of a hash that are written down.
const HASH: usize = 16;
/// The most predictions of one helper that are told of one experiment: one for each device, if they did not hear of each other.
const MANY: usize = 8;

impl Replica {
    /// The hashes of the predictions that are here now, to be written down with the outcome.
    pub(super) fn predictions_here(&self, experiment: RecordId) -> Option<String> {
        let hashes: Vec<String> = self.predictions_held(experiment).map(|(_, _, held)| hash(held)).collect();
        (!hashes.is_empty()).then(|| hashes.join(" "))
    }

    /// What helpers expected, once there is an outcome.
    pub(super) fn helper_predictions(&self, id: RecordId, experiment: &Experiment) -> Vec<HelperPrediction> {
        if experiment.outcome().is_none() {
            return Vec::new();
        }
        let before = experiment.predicted.as_deref().unwrap_or_default();
        let told = self.predictions_held(id).filter_map(|(from, id, held)| {
            let Item::Prediction(one) = item::unpack(*id, held.kind, held.payload.as_ref()?)? else { return None };
            let hash = hash(held);
            Some(HelperPrediction {
                id: *id,
                experiment: one.experiment,
                from: from.to_owned(),
                text: one.text,
                rating: one.rating,
                locked_at: one.locked_at,
                before_outcome: Some(before.split(' ').any(|one| one == hash)),
            })
        });
        told.collect()
    }

    /// What helpers said of an experiment: from whom, and the item. Of two that one helper locked apart the earlier one first.
    fn predictions_held(&self, experiment: RecordId) -> impl Iterator<Item = (&str, &ItemId, &Held)> {
        self.view.grants().flat_map(move |(id, row)| {
            self.predictions_of(record_grant(*id), row.value.helper, experiment)
                .into_iter()
                .map(|(id, held)| (row.value.name.as_str(), id, held))
        })
    }

    fn predictions_of(&self, grant: GrantId, helper: Option<PersonId>, experiment: RecordId) -> Vec<(&ItemId, &Held)> {
        let key = self.given.items.iter().find(|(one, _)| *one == grant).map(|(_, key)| key);
        let (Some(owner), Some(key)) = (helper, key) else { return Vec::new() };
        let Some(board) = self.boards.get(&Space::Feedback { owner, grant }.id()) else { return Vec::new() };
        let shared = item::item_id(key, experiment);
        let about_it = board.items().filter(|(_, held)| held.kind == item::PREDICTION).filter_map(|(id, held)| {
            match item::unpack(*id, held.kind, held.payload.as_ref()?)? {
                Item::Prediction(one) if one.experiment == shared => Some((one.locked_at, id, held)),
                _ => None,
            }
        });
        let mut all: Vec<_> = about_it.collect();
        all.sort_by_key(|(at, id, _)| (*at, **id));
        all.into_iter().take(MANY).map(|(_, id, held)| (id, held)).collect()
    }
}

fn hash(held: &Held) -> String {
    HEXLOWER.encode(held.hash.get(..HASH).unwrap_or_default())
}
