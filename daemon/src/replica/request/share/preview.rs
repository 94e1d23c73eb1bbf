//! What a helper sees under a grant, counted: by the code that projects.

use asif_proto::id::RecordId;
use asif_proto::share::{Preview, Withheld};
use jiff::Timestamp;

use super::super::super::Replica;
use super::super::super::effect::Now;
use crate::journal::kept::Kept;
use crate::journal::record::{Grant, record_grant};
use crate::share::projection::{self, Hidden, Shared, Terms};

/// How many sessions are shown as examples.
const EXAMPLES: usize = 3;

impl Replica {
    /// What a helper sees under a standing grant, or would see with it changed.
    pub(in crate::replica::request) fn preview_of(&self, now: Now, id: RecordId, grant: &Grant) -> Preview {
        let waits = |record, shared: &Shared| self.is_yet_to_come(id, grant, record, shared);
        self.preview(id, grant, now.wall, waits)
    }

    /// What a helper sees under a grant. `waits`: what does not yet reach them.
    pub(in crate::replica::request) fn preview(
        &self,
        id: RecordId,
        grant: &Grant,
        now: Timestamp,
        waits: impl Fn(RecordId, &Shared) -> bool,
    ) -> Preview {
        let terms = Terms::of(record_grant(id), grant, now);
        let waits_for_you = self.waits_for_person(record_grant(id), grant).is_some();
        let unknown = if waits_for_you { self.unknown_items(record_grant(id)).len() } else { 0 };
        let mut preview = Preview {
            name: grant.name.clone(),
            role: grant.role,
            scopes: grant.scopes.clone(),
            since: grant.since.clone(),
            until: grant.until.clone(),
            delay_s: grant.delay_s,
            purpose: grant.purpose.clone(),
            paused: grant.paused,
            waits_for_device: !self.heard,
            waits_for_you,
            unknown: u64::try_from(unknown).unwrap_or(u64::MAX),
            client: grant.client_name.clone(),
            sessions: 0,
            notes: 0,
            practices: 0,
            experiments: 0,
            phrases: 0,
            beliefs: 0,
            goals: 0,
            anchors: 0,
            rapport: 0,
            safety_plan: false,
            waiting: 0,
            examples: Vec::new(),
            experiment_example: None,
            withheld: Withheld::default(),
        };
        let others = projection::shareable(&self.view).filter(|record| !self.view.is_session(record));
        let newest = self.view.newest_ids().copied();
        for record in newest.chain(others) {
            match terms.shown(&self.view, record) {
                Ok(shared) => {
                    preview.waiting += u64::from(waits(record, &shared));
                    self.count(&mut preview, record, shared);
                }
                Err(hidden) => self.count_hidden(&mut preview.withheld, record, hidden),
            }
        }
        preview
    }

    fn count(&self, preview: &mut Preview, record: RecordId, shared: Shared) {
        match shared {
            Shared::Session(one) => {
                preview.sessions += 1;
                preview.notes += u64::from(one.note.is_some());
                let has_note = self.view.session(&record).is_some_and(|row| row.value.note.is_some());
                preview.withheld.notes += u64::from(has_note && one.note.is_none());
                if preview.examples.len() < EXAMPLES {
                    preview.examples.push(*one);
                }
            }
            Shared::Practice(_) => preview.practices += 1,
            Shared::Experiment(one) => {
                preview.experiments += 1;
                // By id, which tells its time: the last is the newest.
                preview.experiment_example = Some(*one);
            }
            Shared::Phrase(_) => preview.phrases += 1,
            Shared::Belief(_) => preview.beliefs += 1,
            Shared::Goal(_) => preview.goals += 1,
            Shared::Anchor(_) => preview.anchors += 1,
            Shared::SafetyPlan(_) => preview.safety_plan = true,
            Shared::Rapport(_) => preview.rapport += 1,
            // Said to them, and no part of what they may see.
            Shared::Answer(_) => {}
        }
    }

    fn count_hidden(&self, withheld: &mut Withheld, record: RecordId, hidden: Hidden) {
        match hidden {
            Hidden::Private => withheld.private += 1,
            Hidden::Held => withheld.held += 1,
            Hidden::BeforeSince => withheld.before_since += 1,
            Hidden::AfterUntil => withheld.after_until += 1,
            Hidden::BareNote => withheld.bare_notes += 1,
            Hidden::Deleted | Hidden::Unknown => {}
            Hidden::Scope => match self.view.kept(&record).map(|row| &row.value) {
                Some(Kept::Experiment(_)) => withheld.experiments += 1,
                Some(Kept::Phrase(_)) => withheld.phrases += 1,
                Some(Kept::Belief(_)) => withheld.beliefs += 1,
                Some(Kept::Goal(_)) => withheld.goals += 1,
                Some(Kept::Anchor(_)) => withheld.anchors += 1,
                // Of these no scope tells, whatever is chosen.
                Some(Kept::Sketch(_) | Kept::Reminder(_) | Kept::HelperNote(_)) => {}
                Some(Kept::Rapport(_)) => withheld.rapport += 1,
                None if self.view.answer(&record).is_some() => {}
                None if self.view.practice(&record).is_some() => withheld.practices += 1,
                None => withheld.safety_plan |= record == asif_proto::record::SAFETY_PLAN,
            },
        }
    }
}
