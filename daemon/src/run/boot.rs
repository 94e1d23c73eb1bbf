//! The store and the core over it, as they are at a start.

use std::sync::Arc;
use std::time::Duration;

use asif_proto::home::Home;
use asif_proto::local::{ErrorKind, Failure};
use rand_core::SeedableRng;

use super::clock::Clock;
use super::failure::loose;
use super::shelf::{Shelf, ShelfError};
use crate::Rng;
use crate::process;
use crate::replica::effect::Effect;
use crate::replica::{About, Keeping, Replica};
use crate::seal::keys::VaultKey;
use crate::store::{OpenError, RealDisk};

/// How a guarded journal begins.
#[derive(Default)]
pub(super) struct Start {
    /// The vault's key, where somebody gave what opens it.
    pub(super) key: Option<VaultKey>,
    /// It was locked on purpose.
    pub(super) stays_locked: bool,
}

/// Opens what is on disk; the effects are the first to be carried out.
pub(super) fn boot(
    home: &Home,
    clock: Clock,
    rng: &mut Rng,
    rest: Option<Duration>,
    start: Start,
) -> Result<(Shelf, Replica, Vec<Effect>), Failure> {
    let (shelf, mut found) = Shelf::open(Arc::new(RealDisk::new()), &home.data).map_err(|error| cannot_open(&error))?;
    (found.key, found.stays_locked) = (start.key, start.stays_locked);
    found.is_other = shelf.place().is_some_and(|left| process::place::is_other(&home.data, &left));
    let about = About {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").into(),
        home: home.clone(),
        host: host(),
        keeping: Keeping::default(),
    };
    let now = clock.now();
    let (replica, effects) = Replica::new(about, now, rng, found, rest.map(|rest| now.mono + rest));
    Ok((shelf, replica, effects))
}

fn cannot_open(error: &ShelfError) -> Failure {
    match error {
        ShelfError::Open(OpenError::Newer(_)) => Failure::new(ErrorKind::Integrity, error.to_string())
            .hint("nothing was changed: update asif on this machine, and everything is there; asif crisis works all the same"),
        other => loose(other),
    }
}

fn host() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let name = name.split('.').next().unwrap_or_default().to_owned();
    if name.is_empty() { "this device".into() } else { name }
}

/// Randomness from the system.
pub(super) fn seed() -> Rng {
    let mut seed = [0; 32];
    #[expect(clippy::expect_used, reason = "without the system's randomness no key is safe")]
    getrandom::fill(&mut seed).expect("the system gives randomness");
    Rng::from_seed(seed)
}
