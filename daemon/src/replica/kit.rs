//! The recovery kit, while its words are on this device: shown, confirmed, and gone from then on.

use super::{Cx, Replica};
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
}
