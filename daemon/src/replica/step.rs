//! One step of the core: what it is given, and the effects that it gathers.

use std::collections::BTreeSet;
use std::time::Duration;

use asif_proto::id::StatementId;
use asif_proto::local::{Answer, Failure, Reply};
use jiff::{SignedDuration, Timestamp};

use super::effect::{Append, ClientId, Effect, Now};
use super::logs;
use crate::Rng;

/// What one step is given and what it gives.
pub(super) struct Cx<'a> {
    pub(super) now: Now,
    pub(super) rng: &'a mut Rng,
    pub(super) saves: Vec<Effect>,
    /// Nobody asked for this step.
    pub(super) idle: bool,
    pub(super) appends: Vec<Append>,
    pub(super) rest: Vec<Effect>,
    pub(super) fresh: Vec<logs::Fresh>,
    pub(super) touched_elsewhere: bool,
    pub(super) statements: BTreeSet<StatementId>,
}

impl<'a> Cx<'a> {
    pub(super) fn new(now: Now, rng: &'a mut Rng) -> Self {
        Self {
            now,
            rng,
            saves: Vec::new(),
            idle: false,
            appends: Vec::new(),
            rest: Vec::new(),
            fresh: Vec::new(),
            touched_elsewhere: false,
            statements: BTreeSet::new(),
        }
    }

    pub(super) fn answer(&mut self, client: ClientId, answer: Result<Reply, Failure>) {
        let answer = match answer {
            Ok(reply) => Answer::Reply(Box::new(reply)),
            Err(failure) => Answer::Error(failure),
        };
        self.rest.push(Effect::Answer { client, answer });
    }

    /// What the clock on the wall will say in so long.
    pub(super) fn wall_in(&self, wait: Duration) -> Timestamp {
        SignedDuration::try_from(wait).ok().and_then(|wait| self.now.wall.checked_add(wait).ok()).unwrap_or(self.now.wall)
    }

    pub(super) fn into_effects(self) -> Vec<Effect> {
        let append = (!self.appends.is_empty()).then_some(Effect::Append(self.appends));
        self.saves.into_iter().chain(append).chain(self.rest).collect()
    }
}
