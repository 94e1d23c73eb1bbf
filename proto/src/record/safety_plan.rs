//! The safety plan: what helps on the worst evenings, in six lists of the person's own words.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Conflict, words};
use crate::id::RecordId;

/// The one plan of a person: every device writes under this id, so that two that begin it apart begin the same.
pub const SAFETY_PLAN: RecordId = RecordId(Uuid::from_bytes(*b"asif safety plan"));
/// What `history` and `undo` call the plan, in the place of an id.
pub const SAFETY_PLAN_NAME: &str = "crisis";
/// The most bytes of one part: all six fit into one change, with every letter escaped.
pub const MAX_PART: usize = 16 * 1024;
/// The version of the copy that can be read while the journal cannot.
const COPY_VERSION: u16 = 1;

words!(
    /// The parts of the plan, in their order.
    PlanPart {
        /// How I notice that it is getting bad.
        WarningSigns = "warning_signs",
        /// What I can do by myself.
        HelpsAlone = "helps_alone",
        /// Where I can go and whom I can be with.
        PeoplePlaces = "people_places",
        /// Whom I can tell and ask.
        WhoICanAsk = "who_i_can_ask",
        /// Who does this for a living.
        Professionals = "professionals",
        /// What I can put out of reach.
        MakingItSafer = "making_it_safer",
    }
);

/// The six parts. Each is text with one entry a line; absent where nothing is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SafetyPlan {
    /// How I notice that it is getting bad.
    pub warning_signs: Option<String>,
    /// What I can do by myself.
    pub helps_alone: Option<String>,
    /// Where I can go and whom I can be with.
    pub people_places: Option<String>,
    /// Whom I can tell and ask.
    pub who_i_can_ask: Option<String>,
    /// Who does this for a living.
    pub professionals: Option<String>,
    /// What I can put out of reach.
    pub making_it_safer: Option<String>,
}

impl SafetyPlan {
    /// One part.
    pub fn part(&self, part: PlanPart) -> Option<&str> {
        let text = match part {
            PlanPart::WarningSigns => &self.warning_signs,
            PlanPart::HelpsAlone => &self.helps_alone,
            PlanPart::PeoplePlaces => &self.people_places,
            PlanPart::WhoICanAsk => &self.who_i_can_ask,
            PlanPart::Professionals => &self.professionals,
            PlanPart::MakingItSafer => &self.making_it_safer,
        };
        text.as_deref()
    }

    /// The place of one part.
    pub fn part_mut(&mut self, part: PlanPart) -> &mut Option<String> {
        match part {
            PlanPart::WarningSigns => &mut self.warning_signs,
            PlanPart::HelpsAlone => &mut self.helps_alone,
            PlanPart::PeoplePlaces => &mut self.people_places,
            PlanPart::WhoICanAsk => &mut self.who_i_can_ask,
            PlanPart::Professionals => &mut self.professionals,
            PlanPart::MakingItSafer => &mut self.making_it_safer,
        }
    }

    /// Nothing is written.
    pub fn is_empty(&self) -> bool {
        PlanPart::ALL.iter().all(|part| self.part(*part).is_none_or(str::is_empty))
    }
}

/// The plan as this device has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SafetyPlanView {
    /// The plan.
    pub plan: SafetyPlan,
    /// Parts that two devices changed apart, with the texts that do not show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// A copy lies on this device that can be read without opening the journal.
    #[serde(default)]
    pub readable: bool,
}

/// The file of the copy.
#[derive(Serialize, Deserialize)]
struct Copy {
    asif_crisis_plan: u16,
    #[serde(flatten)]
    view: SafetyPlanView,
}

impl SafetyPlanView {
    /// The copy that can be read while the journal cannot: JSON, for a person with nothing but an editor too.
    pub fn to_copy(&self) -> Vec<u8> {
        #[expect(clippy::expect_used, reason = "our own plain structs with text keys always encode")]
        let mut text = serde_json::to_vec_pretty(&Copy { asif_crisis_plan: COPY_VERSION, view: self.clone() }).expect("plain data encodes");
        text.push(b'\n');
        text
    }

    /// Reads the copy; nothing where it is torn, or of a later version.
    pub fn from_copy(bytes: &[u8]) -> Option<Self> {
        let copy: Copy = serde_json::from_slice(bytes).ok()?;
        (copy.asif_crisis_plan == COPY_VERSION).then_some(copy.view)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_has_one_id_everywhere() {
        assert_eq!(SAFETY_PLAN.key(), "617369662073616665747920706c616e");
    }

    #[test]
    fn every_part_has_its_own_place() {
        let mut plan = SafetyPlan::default();
        assert!(plan.is_empty());
        for part in PlanPart::ALL {
            *plan.part_mut(*part) = Some(part.word().to_owned());
        }
        let json = serde_json::to_value(&plan).unwrap();
        for part in PlanPart::ALL {
            assert_eq!((plan.part(*part), json[part.word()].as_str()), (Some(part.word()), Some(part.word())));
        }
    }

    #[test]
    fn the_copy_comes_back_and_a_torn_or_newer_one_does_not() {
        let plan = SafetyPlan { helps_alone: Some("walk\n\u{1f6b6} round the block".into()), ..SafetyPlan::default() };
        let others = vec!["sing".into()];
        let view =
            SafetyPlanView { plan, conflicts: vec![Conflict { field: "helps_alone".into(), others, merged: false }], readable: true };
        let copy = view.to_copy();
        assert_eq!(
            String::from_utf8(copy.clone()).unwrap(),
            r#"{
  "asif_crisis_plan": 1,
  "plan": {
    "warning_signs": null,
    "helps_alone": "walk\n🚶 round the block",
    "people_places": null,
    "who_i_can_ask": null,
    "professionals": null,
    "making_it_safer": null
  },
  "conflicts": [
    {
      "field": "helps_alone",
      "others": [
        "sing"
      ]
    }
  ],
  "readable": true
}
"#
        );
        assert_eq!(SafetyPlanView::from_copy(&copy), Some(view));
        assert_eq!(SafetyPlanView::from_copy(&copy[..copy.len() - 3]), None);
        let newer = String::from_utf8(copy).unwrap().replace("plan\": 1", "plan\": 2");
        assert_eq!(SafetyPlanView::from_copy(newer.as_bytes()), None);
    }
}
