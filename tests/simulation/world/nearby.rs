//! The local network: what a machine says is heard by all that look, and who begins to look hears what is said.

use super::{Happening, World};

impl World {
    /// Passes on what is said, where that or who looks has changed.
    pub(super) fn overhear(&mut self) {
        for speaker in 0..self.nodes.len() {
            for listener in 0..self.nodes.len() {
                let looks = self.nodes[listener].looks && self.nodes[listener].is_up();
                let said = self.nodes[speaker].beacon.clone().filter(|_| looks && speaker != listener && self.nodes[speaker].is_up());
                let is_apart = self.cut.contains(&(speaker.min(listener), speaker.max(listener)));
                let said = said.filter(|_| !is_apart);
                let before = self.overheard.get(&(speaker, listener)).cloned();
                if before == said {
                    continue;
                }
                match said {
                    Some(beacon) => {
                        self.overheard.insert((speaker, listener), beacon.clone());
                        let (address, delay) = (self.nodes[speaker].address, self.delay());
                        self.at(self.time + delay, Happening::Heard { node: listener, beacon, address });
                    }
                    None => drop(self.overheard.remove(&(speaker, listener))),
                }
            }
        }
    }
}
