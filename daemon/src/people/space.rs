//! Spaces: the unit of audience and of encryption.

use asif_proto::id::{GrantId, PersonId, SpaceId};
use serde::{Deserialize, Serialize};

/// What a space is, whose it is and which grant it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Space {
    /// A person's journal: readers are their devices.
    Journal {
        /// Whose.
        owner: PersonId,
    },
    /// What a client shows one helper: readers are the client's and the helper's devices.
    Share {
        /// The client.
        owner: PersonId,
        /// Under which grant.
        grant: GrantId,
    },
    /// What a helper gives back: readers are the helper's and the client's devices.
    Feedback {
        /// The helper.
        owner: PersonId,
        /// Under which grant.
        grant: GrantId,
    },
}

impl Space {
    /// The one person whose devices may write here.
    pub fn owner(&self) -> PersonId {
        match self {
            Space::Journal { owner } | Space::Share { owner, .. } | Space::Feedback { owner, .. } => *owner,
        }
    }

    /// The grant it serves; none for a journal.
    pub fn grant(&self) -> Option<GrantId> {
        match self {
            Space::Journal { .. } => None,
            Space::Share { grant, .. } | Space::Feedback { grant, .. } => Some(*grant),
        }
    }

    /// Its id: `blake3 derive_key("asif space v1", kind u8 ‖ owner 32 ‖ grant 16, zero for a journal)`.
    pub fn id(&self) -> SpaceId {
        let kind = match self {
            Space::Journal { .. } => 1u8,
            Space::Share { .. } => 2,
            Space::Feedback { .. } => 3,
        };
        let mut hasher = blake3::Hasher::new_derive_key("asif space v1");
        hasher.update(&[kind]);
        hasher.update(self.owner().as_bytes());
        hasher.update(self.grant().unwrap_or(GrantId([0; 16])).as_bytes());
        SpaceId(*hasher.finalize().as_bytes())
    }
}
