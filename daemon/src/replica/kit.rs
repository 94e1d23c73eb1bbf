//! The recovery kit, while its words are on this device: shown, confirmed, and gone from then on.

use super::{Cx, Replica};
use crate::people::epoch::{self, Reader};
use crate::people::statement::{Kit, Said, Statement};

impl Replica {
    /// Says the public halves of the kit, where this device still has it and they are not said yet: keys are sealed for them from then on.
    pub(super) fn tell_of_kit(&mut self, cx: &mut Cx<'_>) {
        let Some(kit) = self.vault.as_ref().and_then(|vault| vault.kit.as_ref()) else { return };
        if self.registry.kit(&kit.person()).is_none() {
            let statement = Statement::by_root(kit, &Said::Kit(Kit::of(kit)));
            self.state(cx, statement);
        }
    }

    /// Opens with the kit what this device has no key for, and seals that for itself: the kit is not here for long.
    pub(super) fn take_by_kit(&mut self, cx: &mut Cx<'_>) {
        let (Some(me), Some(vault)) = (self.person(), &self.vault) else { return };
        let Some(sealing) = vault.kit.as_ref().map(|kit| kit.sealing()) else { return };
        let Some(this) = self.registry.roster(&me).device(&vault.device()) else { return };
        let mut opened = Vec::new();
        for epoch in self.registry.all_epochs().filter(|epoch| epoch.space.owner() == me) {
            let queue = epoch.queue();
            if self.keys.contains_key(&queue) {
                continue;
            }
            if let Some(keys) = epoch::read_kit_box(epoch, self.registry.kit_boxes(&queue), &sealing) {
                let own = epoch::extend(epoch, &keys, &Reader { person: me, devices: vec![this] }, cx.rng);
                opened.push((queue, keys, Statement::by_device(&vault.signing, &Said::Epoch(own))));
            }
        }
        for (queue, keys, statement) in opened {
            self.keys.insert(queue, keys);
            self.state(cx, statement);
        }
    }
}
