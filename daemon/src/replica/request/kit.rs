//! The recovery kit: shown while its words are here, and taken off once somebody showed that they are written down.

use asif_proto::local::{ErrorKind, Failure, KitAsk, KitLook, KitView, KitWords, Reply};
use asif_proto::secret::Secret;
use jiff::Timestamp;

use super::super::{Cx, Replica};
use super::{Handled, Outcome};
use crate::journal::schema;
use crate::people::statement::{Kit, Said, Signer, Statement};
use crate::seal::body::DocId;
use crate::seal::keys::KitEntropy;
use crate::seal::words::{WordsError, near, of_list, typed_words};

impl Replica {
    pub(super) fn kit(&mut self, cx: &mut Cx<'_>, what: &KitAsk) -> Handled {
        match what {
            KitAsk::Show => Ok(Outcome::Reply(Reply::KitWords(self.kit_words()?))),
            KitAsk::Look { words } => Ok(Outcome::Reply(Reply::KitLook(look(words)))),
            KitAsk::Confirm { words } => self.confirm_kit(cx, words),
            KitAsk::Restore { .. } => Ok(Outcome::Later),
        }
    }

    fn kit_words(&self) -> Result<KitWords, Failure> {
        let kit = self.vault.as_ref().and_then(|vault| vault.kit.as_ref());
        let Some((kit, person)) = kit.zip(self.person()) else {
            let view = self.kit_view();
            let failure = Failure::new(ErrorKind::Precondition, "the words of the recovery kit are not on this device");
            return Err(match view {
                Some(KitView { confirmed_at: None, on: Some(device), .. }) => {
                    failure.hint(format!("they are on {device}: asif recovery-kit show there"))
                }
                _ => failure
                    .hint("they are on the paper they were written on; asif recovery-kit confirm tells whether a paper is the right one"),
            });
        };
        let words = kit.words().into_iter().map(|word| Secret::new(word.to_owned())).collect();
        Ok(KitWords { words, person, name: self.view.name(schema::SELF_NAME).map(str::to_owned) })
    }

    /// Takes the words off this device, where somebody typed them from somewhere else. Asked again it is answered again.
    fn confirm_kit(&mut self, cx: &mut Cx<'_>, typed: &Secret) -> Handled {
        let kit = KitEntropy::from_words(typed.danger_text()).map_err(|error| not_words(&error, typed))?;
        if self.person() != Some(kit.person()) {
            return Err(self.other_kit(&kit));
        }
        if !self.has(cx, DocId::Plan) {
            return Ok(Outcome::Wanted);
        }
        if self.registry.kit(&kit.person()).is_none() {
            // What was said of it is gone, and can be said again while the words are here.
            let statement = Statement::by_root(&kit, &Said::Kit(Kit::of(&kit)));
            self.state(cx, statement);
        }
        if self.view.name(schema::KIT_CONFIRMED).is_none() {
            let at = super::whole_seconds(cx.now.wall).to_string();
            self.write(cx, DocId::Plan, &[Self::name_put(schema::KIT_CONFIRMED.into(), &at)], "recovery-kit confirm")?;
        }
        if let Some(vault) = self.vault.as_mut().filter(|vault| vault.kit.is_some()) {
            vault.introduce = vault.introduction();
            vault.kit = None;
            self.save_vault(cx);
        }
        let view = self.kit_view().ok_or_else(super::super::no_journal)?;
        Ok(Outcome::Reply(Reply::KitConfirmed(view)))
    }

    /// These are words of a kit, and not of this person's: where the right ones are here, it is told which differ.
    fn other_kit(&self, typed: &KitEntropy) -> Failure {
        let failure = Failure::new(ErrorKind::Precondition, "these are the words of another recovery kit than this journal's");
        let Some(kit) = self.vault.as_ref().and_then(|vault| vault.kit.as_ref()) else {
            return failure.hint("a journal has one kit: look for the paper that was written when this journal began");
        };
        let differ: Vec<String> =
            kit.words().iter().zip(typed.words()).enumerate().filter(|(_, (a, b))| *a != b).map(|(at, _)| (at + 1).to_string()).collect();
        failure.hint(format!("compare with asif recovery-kit show: what differs is word {}", differ.join(", ")))
    }

    /// How it is with the kit; none where there is no journal.
    pub(super) fn kit_view(&self) -> Option<KitView> {
        let person = self.person()?;
        let here = self.vault.as_ref().is_some_and(|vault| vault.kit.is_some());
        let confirmed_at: Option<Timestamp> = self.view.name(schema::KIT_CONFIRMED).and_then(|at| at.parse().ok());
        let this = self.this_device().ok();
        // The first device was let in by the root.
        let made = self.registry.statements().find_map(|one| match one.said() {
            Said::Add(add) if add.person == person && one.signer() == Signer::Root(person) => Some(add.device.keys.signing),
            _ => None,
        });
        let on = made.filter(|made| confirmed_at.is_none() && !here && Some(*made) != this).map(|made| self.device_name(&made));
        Some(KitView { confirmed_at, here, on })
    }
}

/// Each of the words as the list has it.
pub(super) fn look(typed: &Secret) -> KitLook {
    let secret = |word: &'static str| Secret::new(word.to_owned());
    let typed: Vec<_> = typed_words(typed.danger_text()).collect();
    KitLook {
        words: typed.iter().map(|word| of_list(word).map(secret)).collect(),
        near: typed.iter().map(|word| of_list(word).is_none().then(|| near(word)).flatten().map(secret)).collect(),
    }
}

/// Words that are those of no kit.
pub(in crate::replica) fn not_words(error: &WordsError, typed: &Secret) -> Failure {
    let failure = Failure::new(ErrorKind::Usage, error.to_string());
    match error {
        WordsError::Unknown(at) => match typed_words(typed.danger_text()).nth(at - 1).and_then(|word| near(&word)) {
            Some(near) => failure.hint(format!("it may be {near:?}; the first four letters of each word are enough")),
            None => failure,
        },
        WordsError::Count(_) => failure.hint("type all of them in their order; the first four letters of each are enough"),
        WordsError::Checksum => failure.hint("compare them with the paper, one by one"),
    }
}
