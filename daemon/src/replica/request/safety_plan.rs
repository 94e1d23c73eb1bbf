//! The safety plan: one record under a fixed id, whose parts are laid over it. Beside it, where the person asked for that on this device,
//! a copy that can be read without opening the journal.

use asif_proto::local::{ErrorKind, Failure, Reply, SafetyPlanAsk};
use asif_proto::record::{MAX_PART, PlanPart, SAFETY_PLAN, SafetyPlan, SafetyPlanView};
use serde_json::{Map, Value};

use super::super::effect::{Effect, Opaque};
use super::super::{Cx, Replica};
use super::kept::conflicts;
use super::{Handled, Outcome};
use crate::journal::record::kind;
use crate::journal::schema;
use crate::seal::body::DocId;

/// The name of the copy, in the clear.
const FILE: &str = "crisis-plan";

impl Replica {
    pub(super) fn safety_plan(&mut self, cx: &mut Cx<'_>, what: &SafetyPlanAsk) -> Handled {
        if let SafetyPlanAsk::Edit { parts, readable } = what {
            if !self.has(cx, DocId::Plan) {
                return Ok(Outcome::Wanted);
            }
            self.edit_safety_plan(cx, parts)?;
            match readable {
                Some(true) => self.save_plan_copy(cx),
                Some(false) => {
                    self.plan_copy = None;
                    cx.saves.push(Effect::Remove { name: FILE });
                }
                None => {}
            }
        }
        Ok(Outcome::Reply(Reply::SafetyPlan(self.safety_plan_view())))
    }

    fn edit_safety_plan(&mut self, cx: &mut Cx<'_>, parts: &SafetyPlan) -> Result<(), Failure> {
        let said = PlanPart::ALL.iter().filter_map(|part| Some((*part, parts.part(*part)?)));
        let mut fields = Vec::new();
        for (part, text) in said {
            if text.len() > MAX_PART {
                let message =
                    format!("a part of the plan may have {} KiB; \"{}\" has more", MAX_PART / 1024, part.word().replace('_', " "));
                return Err(Failure::new(ErrorKind::Usage, message).hint("nothing was stored"));
            }
            let text = Some(text).filter(|text| !text.trim().is_empty());
            let row = self.view.safety_plan();
            let is_contested = row.is_some_and(|row| row.contested.iter().any(|one| one.field == part.word()));
            if is_contested || row.and_then(|row| row.value.part(part)) != text {
                fields.push((part.word(), text.map_or(Value::Null, Value::from)));
            }
        }
        if fields.is_empty() {
            return Ok(());
        }
        if self.view.safety_plan().is_none() {
            // The same on every device that begins it, and a change of its own: taking back the first words does not take it away.
            let base: Map<String, Value> = [("type".to_owned(), Value::from(kind::SAFETY_PLAN))].into_iter().collect();
            self.write(cx, DocId::Plan, &[(SAFETY_PLAN.key(), schema::pack(base).as_str().into())], "crisis plan")?;
        }
        self.write(cx, DocId::Plan, &Self::field_puts(SAFETY_PLAN, fields), "crisis edit")?;
        Ok(())
    }

    fn safety_plan_view(&self) -> SafetyPlanView {
        let row = self.view.safety_plan();
        SafetyPlanView {
            plan: row.map(|row| row.value.clone()).unwrap_or_default(),
            conflicts: row.map(|row| conflicts(&row.contested)).unwrap_or_default(),
            readable: self.plan_copy.is_some(),
        }
    }

    /// That the copy is there is how this device knows that the person asked for one.
    pub(in crate::replica) fn load_plan_copy(&mut self, bytes: Option<&[u8]>) {
        self.plan_copy = bytes.map(|bytes| blake3::hash(bytes).into());
    }

    /// After each step: the copy says what the plan says, whoever changed it.
    pub(in crate::replica) fn tend_plan_copy(&mut self, cx: &mut Cx<'_>) {
        let is_known = self.person().is_some() && self.fault.is_none() && self.is_ready() && self.is_whole() && self.rest_until.is_none();
        // A journal that never held a plan says nothing about a copy that does.
        if self.plan_copy.is_some() && is_known && self.view.safety_plan().is_some() {
            self.save_plan_copy(cx);
        }
    }

    /// Puts the copy there, where it is not there already.
    fn save_plan_copy(&mut self, cx: &mut Cx<'_>) {
        self.plan_copy.get_or_insert_default();
        let bytes = self.safety_plan_view().to_copy();
        let hash = blake3::hash(&bytes).into();
        if self.plan_copy != Some(hash) {
            self.plan_copy = Some(hash);
            cx.saves.push(Effect::Save { name: FILE, bytes: Opaque::new(bytes) });
        }
    }
}
