//! The key pair by which a mailbox is known: it lies in the store, so that every process over one store shows the same.

use std::time::{Duration, Instant};

use asif_proto::local::{ErrorKind, Failure};
use rand_core::Rng as _;

use crate::Rng;
use crate::mailbox::names;
use crate::mailbox::records::{Identity, Record};
use crate::objects::{ObjectError, Objects};
use crate::run::failure::chain;
use crate::seal::keys::LinkSeed;

/// Two processes that begin one store at once see each other's within this time, or begin again.
const TOGETHER: Duration = Duration::from_secs(3);

/// The identity of a store; made if there is none yet.
///
/// Nothing rests on a write that only the first can do: each process that finds none puts its own, waits until whoever was about to do the same has, and
/// takes the one whose name comes first. One that took longer than that takes its own away again and looks anew.
pub(super) async fn of(objects: &Objects, rng: &mut Rng) -> Result<Identity, Failure> {
    loop {
        if let Some(identity) = found(objects).await? {
            return Ok(identity);
        }
        let begun = Instant::now();
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        let identity = Identity { seed };
        let name = names::identity(&LinkSeed::from_bytes(seed).public());
        objects.put(&name, identity.to_bytes()).await.map_err(|error| failed(&error))?;
        if !objects.is_shared() {
            continue;
        }
        if begun.elapsed() > TOGETHER {
            objects.delete(vec![name]).await.map_err(|error| failed(&error))?;
        } else {
            tokio::time::sleep(TOGETHER).await;
        }
    }
}

async fn found(objects: &Objects) -> Result<Option<Identity>, Failure> {
    let listed = objects.list(names::IDENTITY).await.map_err(|error| failed(&error))?;
    let Some(first) = listed.first() else { return Ok(None) };
    let bytes = objects.get(&first.name).await.map_err(|error| failed(&error))?;
    match bytes.as_deref().and_then(Identity::from_bytes) {
        Some(identity) => Ok(Some(identity)),
        None => Err(Failure::new(ErrorKind::Integrity, format!("{} in the store is not a mailbox's key", first.name))
            .hint("put it back from a copy of the store: people know the mailbox by it")),
    }
}

pub(super) fn failed(error: &ObjectError) -> Failure {
    Failure::new(ErrorKind::Failure, chain(error)).hint("is the store there, and may this program write to it?")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    #[tokio::test]
    async fn a_store_has_one_identity_whoever_asks() {
        let objects = Objects::in_memory();
        let first = of(&objects, &mut Rng::seed_from_u64(1)).await.unwrap();
        let second = of(&objects, &mut Rng::seed_from_u64(2)).await.unwrap();
        assert_eq!(first.seed, second.seed);
        // Two that began it at once take the same.
        let other = Identity { seed: [0; 32] };
        objects.put(&names::identity(&LinkSeed::from_bytes(other.seed).public()), other.to_bytes()).await.unwrap();
        let (third, fourth) =
            (of(&objects, &mut Rng::seed_from_u64(3)).await.unwrap(), of(&objects, &mut Rng::seed_from_u64(4)).await.unwrap());
        assert_eq!(third.seed, fourth.seed);
    }

    #[tokio::test]
    async fn a_damaged_identity_is_told_and_not_made_anew() {
        let objects = Objects::in_memory();
        objects.put(&format!("{}/00", names::IDENTITY), b"nothing".to_vec()).await.unwrap();
        let failure = of(&objects, &mut Rng::seed_from_u64(1)).await.map(|_| ()).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Integrity);
        assert_eq!(objects.list(names::IDENTITY).await.unwrap().len(), 1);
    }
}
