//! What helpers expected of an experiment: shown with its outcome, and whether it was here before.

use asif_proto::id::RecordId;
use asif_proto::share::HelperPrediction;
use data_encoding::HEXLOWER;

use super::super::Replica;
use crate::journal::kept::Experiment;
use crate::journal::record::record_grant;
use crate::people::space::Space;
use crate::share::board::Held;
use crate::share::feedback;
use crate::share::item::{self, Item};

/// The bytes of a hash that are written down.
const HASH: usize = 16;

impl Replica {
    /// The hashes of the predictions that are here now, to be written down with the outcome.
    pub(super) fn predictions_here(&self, experiment: RecordId) -> Option<String> {
        let hashes: Vec<String> = self.predictions_held(experiment).map(|(_, held)| hash(held)).collect();
        (!hashes.is_empty()).then(|| hashes.join(" "))
    }

    /// What helpers expected, once there is an outcome.
    pub(super) fn helper_predictions(&self, id: RecordId, experiment: &Experiment) -> Vec<HelperPrediction> {
        if experiment.outcome().is_none() {
            return Vec::new();
        }
        let before = experiment.predicted.as_deref().unwrap_or_default();
        let told = self.predictions_held(id).filter_map(|(from, held)| {
            let id = self.item_of(held)?;
            let Item::Prediction(one) = item::unpack(id, held.kind, held.payload.as_ref()?)? else { return None };
            let hash = hash(held);
            Some(HelperPrediction {
                id,
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

    fn item_of(&self, held: &Held) -> Option<asif_proto::id::ItemId> {
        match item::unpack(asif_proto::id::ItemId([0; 32]), held.kind, held.payload.as_ref()?)? {
            Item::Prediction(one) => Some(feedback::prediction(&one.experiment)),
            _ => None,
        }
    }

    fn predictions_held(&self, experiment: RecordId) -> impl Iterator<Item = (&str, &Held)> {
        self.view.grants().filter_map(move |(id, row)| {
            let (helper, grant) = (row.value.helper?, record_grant(*id));
            let (_, key) = self.given.items.iter().find(|(one, _)| *one == grant)?;
            let shared = item::item_id(key, experiment);
            let held = self.boards.get(&Space::Feedback { owner: helper, grant }.id())?.get(&feedback::prediction(&shared))?;
            let is_about_it = match item::unpack(shared, held.kind, held.payload.as_ref()?)? {
                Item::Prediction(one) => one.experiment == shared,
                _ => false,
            };
            is_about_it.then_some((row.value.name.as_str(), held))
        })
    }
}

fn hash(held: &Held) -> String {
    HEXLOWER.encode(held.hash.get(..HASH).unwrap_or_default())
}
