//! Which keys may come in. The TLS verifier asks here, in memory, at each handshake.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use asif_proto::id::LinkKey;

/// The keys that are let in, shared by whoever decides and whoever verifies. A new gate lets nobody in.
#[derive(Clone, Default)]
pub struct Gate(Arc<RwLock<Admitted>>);

/// How a key that is let in stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// One of the known keys.
    Known,
    /// Not known; let in because an invitation is open.
    Stranger,
}

#[derive(Default)]
struct Admitted {
    known: HashSet<LinkKey>,
    strangers: bool,
}

impl Gate {
    /// From now on lets in exactly the `known` keys, and while `strangers` is true every other key as a stranger.
    ///
    /// It holds for the handshakes to come. A link that is open, or whose `Opened` is on its way, is the caller's to close.
    pub fn set(&self, known: HashSet<LinkKey>, strangers: bool) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Admitted { known, strangers };
    }

    /// How `key` stands now; `None` means that it is not let in.
    pub fn standing(&self, key: &LinkKey) -> Option<Standing> {
        let admitted = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if admitted.known.contains(key) {
            Some(Standing::Known)
        } else if admitted.strangers {
            Some(Standing::Stranger)
        } else {
            None
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let admitted = self.0.read().unwrap_or_else(PoisonError::into_inner);
        write!(f, "Gate {{ known: {}, strangers: {} }}", admitted.known.len(), admitted.strangers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_as_the_last_setting_says() {
        let (gate, key) = (Gate::default(), LinkKey([1; 32]));
        assert_eq!(gate.standing(&key), None);
        gate.set(HashSet::new(), true);
        assert_eq!(gate.standing(&key), Some(Standing::Stranger));
        gate.clone().set(HashSet::from([key]), true);
        assert_eq!(gate.standing(&key), Some(Standing::Known));
        gate.set(HashSet::new(), false);
        assert_eq!(gate.standing(&key), None);
    }
}
