//! This home becomes a device of a person, by whatever let it in.

use asif_proto::id::PersonId;
use asif_proto::local::Failure;
use uuid::Uuid;

use super::super::effect::Effect;
use super::super::{Cx, Replica};
use crate::journal::schema;
use crate::people::statement::Statement;
use crate::seal::body::DocId;
use crate::seal::vault::Vault;

impl Replica {
    /// Becomes one, with other keys than it had where there is a `candidate`. `is_here`: what this home holds is that person's own, and is gone on with.
    pub(super) fn become_device(
        &mut self,
        cx: &mut Cx<'_>,
        candidate: Option<Box<Vault>>,
        person: PersonId,
        statements: Vec<Statement>,
        is_here: bool,
    ) -> Result<(), Failure> {
        if let Some(mut candidate) = candidate {
            // What was typed here and not yet said was sealed by the one before, and opens with either: whatever comes between.
            if let Some(before) = &self.vault {
                candidate.cache = before.cache.clone();
                if is_here {
                    candidate.kit = candidate.kit.take().or_else(|| before.kit.clone());
                    candidate.introduce = before.introduce.clone();
                }
            }
            // What was begun here held nothing, and is not gone on with. What a copy holds was written by the device it was.
            (self.vault, self.candidate) = (Some(*candidate), None);
            cx.saves.push(Effect::Remove { name: super::super::snapshot::FILE });
            self.heard = false;
            self.keys.clear();
            self.clear_views();
            self.forks.clear();
            if !is_here {
                self.let_go_of_all_bases(cx);
            }
        }
        if let Some(vault) = &mut self.vault {
            vault.person = Some(person);
        }
        self.save_vault(cx);
        cx.rest.push(Effect::Mark);
        statements.into_iter().for_each(|statement| {
            self.state(cx, statement);
        });
        self.refresh_keys();
        self.take_by_kit(cx);
        Ok(())
    }

    /// Gives this device its name, and notes which request made it one. What the plan says is read after.
    pub(super) fn call_this_device(&mut self, cx: &mut Cx<'_>, name: Option<&str>, request: Uuid, is_here: bool) -> Result<(), Failure> {
        if self.adopt_orphans(cx) {
            return Ok(());
        }
        // Upon nothing: what the plan says is with the others, and what a copy knows of it is read again below.
        self.documents.entry(DocId::Plan).or_default();
        let device = self.this_device()?;
        let puts = [
            Self::name_put(schema::device_name(&device), name.unwrap_or(&self.about.host)),
            Self::name_put(schema::joined_by(&device), &request.simple().to_string()),
        ];
        self.write(cx, DocId::Plan, &puts, "device")?;
        if is_here {
            self.rebuild(cx);
        }
        Ok(())
    }
}
