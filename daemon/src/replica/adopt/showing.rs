//! What is here of a checkpoint while the rest arrives: told to whoever joins, and shown where there is nothing else to show.
//!
//! It is shown and nothing more: whatever is written, published or counted is so without it, until all of it is taken.

use std::collections::BTreeMap;

use asif_proto::id::RecordId;
use asif_proto::local::{Event, Progress, Request};

use super::super::effect::{ClientId, Effect};
use super::super::{Cx, Replica};
use crate::journal::view::Read;
use crate::seal::body::DocId;

impl Replica {
    /// What was read of a bundle, to be taken with the checkpoint; shown from now on.
    pub(super) fn keep_reads(&mut self, cx: &mut Cx<'_>, reads: BTreeMap<DocId, Read>) {
        let is_new = self.view.session_ids().next().is_none();
        let (Some(adopting), Some(vault)) = (&mut self.adopting, &self.vault) else { return };
        for read in reads.values().filter(|_| is_new) {
            if adopting.shown.take_read(read.clone(), &vault.cache, cx.rng).is_err() {
                tracing::warn!("a document that was judged is shown once all are here");
            }
        }
        adopting.reads.of.extend(reads);
    }

    /// A record is gone for good.
    pub(in crate::replica) fn show_without(&mut self, record: &RecordId) {
        if let Some(adopting) = &mut self.adopting {
            adopting.shown.erase(record);
        }
    }

    /// How much is here of what is being taken.
    fn progress(&self) -> Option<Progress> {
        let adopting = self.adopting.as_ref()?;
        let (bundles, pieces) = (adopting.base.said.bundles.len(), adopting.base.pieces().count());
        let lacking = adopting.unjudged.len() + adopting.missing.len();
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let of = count(bundles + pieces).max(1);
        Some(Progress { here: of.saturating_sub(count(lacking)), of, sessions: count(adopting.shown.session_count()) })
    }

    /// Tells whoever waits for a journal to arrive.
    pub(super) fn tell_arriving(&self, cx: &mut Cx<'_>) {
        if let (Some(client), Some(progress)) = (self.joining_client(), self.progress()) {
            cx.rest.push(Effect::Event { client, event: Event::Arriving(progress) });
        }
    }

    /// Where somebody wants to look, and nothing is here but what arrives, lets them look at that. Says whether it does:
    /// [`look_back`](Self::look_back) ends it.
    pub(in crate::replica) fn look_ahead(&mut self, cx: &mut Cx<'_>, client: ClientId, request: &Request) -> bool {
        let looks = matches!(
            request,
            Request::List(_) | Request::Search(_) | Request::Show { .. } | Request::Today | Request::PracticeList { .. } | Request::Deleted
        );
        let is_new = self.view.session_ids().next().is_none();
        let Some(progress) = self.progress().filter(|progress| looks && is_new && progress.sessions > 0) else { return false };
        cx.rest.push(Effect::Event { client, event: Event::Partial(progress) });
        self.exchange_views();
        true
    }

    /// What is written, published and counted again is what is here for good.
    pub(in crate::replica) fn look_back(&mut self) {
        self.exchange_views();
    }

    fn exchange_views(&mut self) {
        if let Some(adopting) = &mut self.adopting {
            std::mem::swap(&mut self.view, &mut adopting.shown);
        }
    }
}
