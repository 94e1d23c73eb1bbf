//! The vault's key under a secret that the keychain of the system keeps.
//!
//! ```text
//! turned on    secret -> keychain -> kept there -> the key lies under it
//! a start      locked; the keychain is asked, and what is asked of the journal waits for its answer -> open, or locked until somebody opens it
//! ```

use std::collections::BTreeMap;

use asif_proto::local::{Ask, ErrorKind, Failure, Reply};

use super::effect::{ClientId, Effect, KeychainAsk};
use super::request::locked;
use super::{Cx, Replica};
use crate::seal::guard::{Guard, KeychainKey};
use crate::seal::keys::{KeychainSecret, VaultKey};

/// What it is asked for just now.
#[derive(Default)]
pub(super) struct Asking {
    number: u64,
    asked: BTreeMap<u64, Asked>,
}

enum Asked {
    /// To keep the secret of this key, for a client.
    Keep(ClientId, KeychainKey),
    /// To give the secret; to whom the answer goes, where somebody asked.
    Give(Option<ClientId>),
    /// To forget one. Nothing depends on it.
    Forget,
}

impl Replica {
    fn ask_keychain(&mut self, cx: &mut Cx<'_>, asked: Asked, ask: KeychainAsk) {
        self.keychain.number += 1;
        self.keychain.asked.insert(self.keychain.number, asked);
        cx.rest.push(Effect::Keychain { number: self.keychain.number, ask });
    }

    /// After a start the journal opens with what the keychain gives, if it does so without asking anybody.
    pub(super) fn ask_keychain_at_start(&mut self, cx: &mut Cx<'_>) {
        if let Some(Guard::Keychain(key)) = &self.guard {
            let id = key.id;
            self.ask_keychain(cx, Asked::Give(None), KeychainAsk::Give(id, false));
        }
    }

    /// Whether that is not answered yet: whoever asks for something waits.
    pub(super) fn awaits_keychain(&self) -> bool {
        self.locked && self.keychain.asked.values().any(|asked| matches!(asked, Asked::Give(_)))
    }

    /// Clients that wait for it.
    pub(super) fn asks_keychain(&self) -> impl Iterator<Item = ClientId> {
        self.keychain.asked.values().filter_map(|asked| match asked {
            Asked::Keep(client, _) => Some(*client),
            Asked::Give(client) => *client,
            Asked::Forget => None,
        })
    }

    /// Has a secret kept, and puts the vault's key under it.
    pub(super) fn guard_by_keychain(&mut self, cx: &mut Cx<'_>, client: ClientId) -> Result<(), Failure> {
        let Some(key) = self.vault_key.clone().filter(|_| self.person().is_some()) else { return Err(super::no_journal()) };
        let secret = KeychainSecret::random(cx.rng);
        let wrapped = KeychainKey::wrap(&key, &secret, cx.rng);
        let id = wrapped.id;
        self.ask_keychain(cx, Asked::Keep(client, wrapped), KeychainAsk::Keep(id, secret));
        Ok(())
    }

    /// Opens the journal with what the keychain gives; its user may be asked.
    pub(super) fn unlock_by_keychain(&mut self, cx: &mut Cx<'_>, client: ClientId, id: [u8; 16]) {
        self.ask_keychain(cx, Asked::Give(Some(client)), KeychainAsk::Give(id, true));
    }

    /// The key does not lie under a secret of the keychain any more: that one is not needed.
    pub(super) fn forget_in_keychain(&mut self, cx: &mut Cx<'_>, before: Option<Guard>) {
        if let Some(Guard::Keychain(key)) = before {
            self.ask_keychain(cx, Asked::Forget, KeychainAsk::Forget(key.id));
        }
    }

    /// The keychain has answered.
    pub(super) fn keychain_told(&mut self, cx: &mut Cx<'_>, number: u64, outcome: Result<Option<KeychainSecret>, String>) {
        let no = |kind: ErrorKind, why: &str, hint: &str| {
            Failure::new(kind, format!("the keychain of the system does not do it: {why}"))
                .hint(format!("is somebody logged in to the desktop? {hint}"))
        };
        let lost = "If the secret is lost, the recovery kit opens the journal: asif recovery-kit restore";
        match (self.keychain.asked.remove(&number), outcome) {
            (None | Some(Asked::Forget), outcome) => {
                if let Err(why) = outcome {
                    tracing::info!(why, "a secret that is not needed any more stays in the keychain");
                }
            }
            (Some(Asked::Keep(client, key)), Ok(_)) if !self.locked => {
                self.guard = Some(Guard::Keychain(key));
                self.save_vault(cx);
                cx.answer(client, Ok(Reply::Lock(self.lock_view())));
            }
            (Some(Asked::Keep(client, _)), Ok(_)) => cx.answer(client, Err(locked())),
            (Some(Asked::Keep(client, _)), Err(why)) => {
                let hint = "Without one there is the passphrase: asif lock passphrase";
                cx.answer(client, Err(no(ErrorKind::Precondition, &why, hint)));
            }
            (Some(Asked::Give(client)), outcome) => {
                let opened = outcome.and_then(|secret| self.key_under(secret.as_ref()));
                match (opened, client) {
                    (Ok(key), client) => cx.rest.push(Effect::Unlock { key, client }),
                    (Err(why), Some(client)) => cx.answer(client, Err(no(ErrorKind::Locked, &why, lost))),
                    (Err(why), None) => tracing::warn!(why, "the journal stays locked"),
                }
                if !self.awaits_keychain() && cx.rest.iter().all(|effect| !matches!(effect, Effect::Unlock { .. })) {
                    for (client, ask) in std::mem::take(&mut self.parked) {
                        self.ask(cx, client, ask);
                    }
                }
            }
        }
    }

    fn key_under(&self, secret: Option<&KeychainSecret>) -> Result<VaultKey, String> {
        match (&self.guard, secret) {
            (Some(Guard::Keychain(key)), Some(secret)) if self.locked => key.open(secret).map_err(|error| error.to_string()),
            _ => Err("it was not asked for any more".into()),
        }
    }

    /// What was asked and waits: it is asked again of the core that is made anew.
    pub fn take_parked(&mut self) -> Vec<(ClientId, Box<Ask>)> {
        std::mem::take(&mut self.parked)
    }

    /// Where the key is, in words.
    pub(super) fn kept_by(&self) -> &'static str {
        match &self.guard {
            None => "key file",
            Some(Guard::Passphrase(_)) => "passphrase",
            Some(Guard::Keychain(_)) => "keychain",
        }
    }
}
