//! The beginning of a journal: the person, their first device, the first words in the plan.

use asif_proto::id::PersonId;
use asif_proto::local::{ErrorKind, Failure, NewGoal, Wish};
use asif_proto::record::{Conflict, WISH_NAME};
use automerge::ScalarValue;
use uuid::Uuid;

use super::effect::Effect;
use super::request::goal_puts;
use super::{Cx, Replica};
use crate::journal::schema;
use crate::people::space::Space;
use crate::people::statement::{Add, Candidate, Said, Statement};
use crate::seal::body::DocId;
use crate::seal::keys::KitEntropy;
use crate::seal::vault::Vault;

/// The longest answer to a question of `init`, in bytes.
const MAX_INIT_TEXT: usize = 8 * 1024;

/// What `init` asked; every answer may be missing.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Answers<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) device: Option<&'a str>,
    pub(super) wish: Option<&'a str>,
    pub(super) goal: Option<&'a NewGoal>,
}

impl Replica {
    /// Makes the person, the first device and the journal. The request that made them may ask again.
    pub(super) fn found_person(&mut self, cx: &mut Cx<'_>, request: Uuid, answers: &Answers<'_>) -> Result<(), Failure> {
        let Answers { name, device, wish, goal } = *answers;
        let id = request;
        let request = request.simple().to_string();
        // A person without a log, or whose log has but its birth, was made by a beginning that was broken off: it is gone on with.
        let is_empty = self.logs.values().all(|log| log.seq <= 1);
        if self.person().is_some() && !(is_empty && self.has_no_other_device()) {
            return if self.view.name(schema::SELF_BEGUN) == Some(&request) {
                Ok(())
            } else {
                Err(Failure::new(ErrorKind::Precondition, "there is a journal here already").hint("see it with: asif status"))
            };
        }
        if self.is_unplaced() {
            return Err(super::request::unplaced());
        }
        let texts = name.iter().chain(&device).chain(&wish).copied().chain(goal.map(|goal| goal.text.as_str()));
        if texts.into_iter().any(|text| text.len() > MAX_INIT_TEXT) {
            return Err(Failure::new(ErrorKind::Usage, format!("each answer may have {MAX_INIT_TEXT} bytes"))
                .hint("more fits into a note: asif note"));
        }
        let person = self.person().unwrap_or_else(|| self.make_person(cx));
        self.heard = true;
        let journal = Space::Journal { owner: person };
        if self.registry.epochs(journal.id()).next().is_none() {
            self.open_epoch(cx, journal, &[])?;
        }
        self.want(cx, DocId::Plan);
        let mut puts = vec![Self::name_put(schema::device_name(&self.this_device()?), device.unwrap_or(&self.about.host))];
        puts.push(Self::name_put(schema::SELF_BEGUN.into(), &request));
        puts.extend(name.map(|name| Self::name_put(schema::SELF_NAME.into(), name)));
        puts.extend(wish.map(|wish| Self::name_put(schema::SELF_WISH.into(), wish)));
        if let Some(goal) = goal {
            let at = super::request::whole_seconds(cx.now.wall);
            puts.extend(goal_puts(goal, at, &mut (0..).map(|n| asif_proto::local::plan::nth(id, n))));
        }
        self.write(cx, DocId::Plan, &puts, "init")?;
        Ok(())
    }

    /// What the person would like to be different.
    pub(super) fn wish(&mut self, cx: &mut Cx<'_>, wish: &str) -> Result<(), Failure> {
        if wish.len() > MAX_INIT_TEXT {
            return Err(
                Failure::new(ErrorKind::Usage, format!("the wish may have {MAX_INIT_TEXT} bytes")).hint("more fits into a note: asif note")
            );
        }
        let value = if wish.trim().is_empty() { ScalarValue::Null } else { wish.into() };
        self.write(cx, DocId::Plan, &[(schema::SELF_WISH.into(), value)], "wish").map(drop)
    }

    /// The same, as it is shown.
    pub(super) fn wish_view(&self) -> Wish {
        let others = self.documents.get(&DocId::Plan).map(|document| document.losers(schema::SELF_WISH)).unwrap_or_default();
        let conflict = (!others.is_empty()).then(|| Conflict { field: WISH_NAME.to_owned(), others, merged: false });
        Wish { wish: self.view.name(schema::SELF_WISH).map(str::to_owned), conflicts: conflict.into_iter().collect() }
    }

    /// A person with this device as their first.
    fn make_person(&mut self, cx: &mut Cx<'_>) -> PersonId {
        let mut vault = match self.vault.take() {
            Some(vault) if vault.person.is_none() => vault,
            _ => Vault::random(cx.rng),
        };
        let kit = KitEntropy::random(cx.rng);
        let person = kit.person();
        (vault.person, vault.kit) = (Some(person), Some(kit.clone()));
        let candidate = Candidate::new(person, &vault.signing, &vault.sealing, vault.link_key());
        let add = Statement::by_root(&kit, &Said::Add(Add { person, device: candidate, seen: Vec::new() }));
        if self.vault_key.is_none() {
            self.vault_key = Some(crate::seal::keys::VaultKey::random(cx.rng));
        }
        self.vault = Some(vault);
        self.save_vault(cx);
        cx.rest.push(Effect::Mark);
        self.state(cx, add);
        self.tell_of_kit(cx);
        person
    }

    pub(super) fn this_device(&self) -> Result<asif_proto::id::DeviceId, Failure> {
        self.vault.as_ref().map(|vault| vault.device()).ok_or_else(super::no_journal)
    }
}
