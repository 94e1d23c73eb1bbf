//! What is waited for: the next deadline, and the clients that wait for an answer.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Replica;
use super::effect::ClientId;

impl Replica {
    /// Clients that wait for an answer, for when the core is made anew.
    pub fn waiting_clients(&self) -> BTreeSet<ClientId> {
        let asks = self.parked.iter().map(|(client, _)| *client).chain(self.until_listening.iter().map(|one| one.client));
        let asks = asks.chain(self.coming_back.iter().map(|(client, _)| *client));
        let syncs = self.syncing.iter().map(|(client, _)| *client).chain(self.telling.iter().map(|told| told.client));
        let asks = asks.chain(self.openers()).chain(self.asks_keychain());
        let asks = asks.chain(self.enrolling_client()).chain(self.leaving_client());
        asks.chain(syncs).chain(self.awaiting.keys().copied()).chain(self.joining_client()).chain(self.asking_for_reminders()).collect()
    }

    /// When [`Input::Tick`](super::effect::Input::Tick) is due, on the monotonic clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        // What is not done is not waited for; what cannot be done yet is: whatever makes it so is a step itself.
        let is_done = self.sweeps.is_done() && self.narrowing.is_empty();
        let goes_on = (!is_done || self.takes_held()).then_some(self.now.mono);
        let publishes = self.is_ready() && !self.salvaging && self.writes_of_itself();
        let of_itself = |at: Duration| self.rest_until.map_or(at, |rest| at.max(rest));
        let ends = self.ends_at.filter(|_| publishes).map(of_itself);
        let sweep = goes_on.or(self.sweep_at).filter(|_| publishes).map(of_itself);
        let timers = [
            self.prove_at,
            self.stub_at,
            ends,
            sweep,
            self.view_deadline(),
            self.save_peers_at,
            self.listen_after,
            self.gate_at,
            self.rest_until,
            self.view_until,
            self.key_at.filter(|_| self.is_ready() && self.writes_of_itself()),
        ];
        let syncs = self.syncing.iter().map(|(_, deadline)| *deadline).chain(self.telling.iter().map(|told| told.deadline));
        let shares = self.share_deadlines(self.now).filter(|_| self.writes_of_itself());
        timers
            .into_iter()
            .flatten()
            .chain(self.lock_deadline())
            .chain(self.compact_due())
            .chain(self.erase_due())
            .chain(syncs)
            .chain(shares)
            .chain(self.link_deadlines())
            .chain(self.join_deadlines())
            .chain(self.code_deadline())
            .chain(self.nearby_deadline())
            .min()
    }
}
