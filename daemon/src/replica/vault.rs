//! Who this is, and this device's secrets: the vault, and the little that lies outside it while something guards that.

use asif_proto::id::{LinkKey, PersonId};

use super::effect::{Effect, Opaque};
use super::{Cx, Replica};
use crate::people::space::Space;
use crate::seal::guard::Guard;
use crate::seal::outside::Outside;

/// The name of the file outside the vault.
const OUTSIDE: &str = "outside";

impl Replica {
    /// There is a person and a journal here.
    pub(super) fn person(&self) -> Option<PersonId> {
        let (person, me) = match (&self.vault, &self.outside) {
            (Some(vault), _) => (vault.person?, vault.device()),
            (None, outside) => outside.as_ref().map(|outside| (outside.person, outside.device))?,
        };
        // What was written here stays, also where this device was removed.
        self.registry.roster(&person).member(&me).map(|_| person)
    }

    pub(super) fn journal(&self) -> Option<Space> {
        self.person().map(|owner| Space::Journal { owner })
    }

    /// Saves both.
    pub(super) fn save_vault(&mut self, cx: &mut Cx<'_>) {
        self.save_outside(cx);
        if let (Some(key), Some(vault)) = (&self.vault_key, &self.vault) {
            let file = self.guard.as_ref().map_or_else(|| key.to_file(), Guard::to_file);
            cx.saves.push(Effect::Save { name: "vault.key", bytes: Opaque::new(file) });
            cx.saves.push(Effect::Save { name: "vault", bytes: Opaque::new(vault.seal(key, cx.rng)) });
        }
    }

    /// Saves what a locked device goes on by, where one is to be locked with.
    pub(super) fn save_outside(&mut self, cx: &mut Cx<'_>) {
        let person = self.person();
        let own = person.into_iter().flat_map(|person| self.registry.roster(&person).devices());
        let met: Vec<_> = own.map(|device| (device.link, self.met_at(&device.link))).filter(|(_, met)| !met.is_empty()).collect();
        let outside = match (&self.vault, &self.outside) {
            (Some(vault), _) if self.guard.is_some() => {
                let (device, link, networked) = (vault.device(), vault.link.clone(), vault.networked);
                person.map(|person| Outside { person, device, link, networked, met, nearby: self.epochs_with(person) })
            }
            (None, Some(outside)) => Some(Outside { met, ..outside.clone() }),
            _ => None,
        };
        if outside == self.outside_saved {
            return;
        }
        cx.rest.push(match &outside {
            Some(outside) => Effect::Save { name: OUTSIDE, bytes: Opaque::new(outside.to_file()) },
            None => Effect::Remove { name: OUTSIDE },
        });
        self.outside_saved = outside;
    }

    /// The seed of this device's link key, for the network.
    pub fn link_secret(&self) -> Option<[u8; 32]> {
        let outside = || self.outside.as_ref().map(|outside| &outside.link);
        self.shown_vault().map(|vault| &vault.link).or_else(outside).map(|link| *link.danger_bytes())
    }

    /// The public half of it.
    pub(super) fn link_key(&self) -> Option<LinkKey> {
        self.vault.as_ref().map(|vault| vault.link_key()).or_else(|| self.outside.as_ref().map(|outside| outside.link.public()))
    }
}
