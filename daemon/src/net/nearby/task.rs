//! Keeps the engine at what is wanted, passes on what it hears, and bounds both.

use std::net::IpAddr;
use std::time::Duration;

use tokio::select;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::attention::attention;
use super::beacon::label;
use super::engine::{Engine, Said};
use super::{Beacon, Heard, NearbyEvent, Wanted};

/// Beacons that are passed on within a second.
pub(super) const MAX_RATE: u32 = 50;
/// How long it rests after the engine broke or did not start.
const REST: Duration = Duration::from_secs(10);
/// How often it is looked how much the engine keeps.
const LOOK_AT_KEPT: Duration = Duration::from_secs(300);
/// Records that the engine may keep; of itself it has no bound. A busy network has a few hundred.
const MAX_KEPT: u64 = 5000;

/// Runs until nobody wants anything any more.
pub(super) async fn run(over: IpAddr, mdns_port: u16, mut wants: watch::Receiver<Wanted>, heard: mpsc::Sender<NearbyEvent>) {
    let now = Instant::now();
    let mut keeper = Keeper {
        over,
        mdns_port,
        engine: None,
        round: 0,
        asked: 0,
        asked_at: now,
        turns: None,
        rests: None,
        looks_at: now,
        own: None,
        rate: Rate::default(),
        heard,
    };
    loop {
        let wanted = wants.borrow_and_update().clone();
        keeper.adjust(&wanted).await;
        let wakes = keeper.wakes_at();
        select! {
            biased;
            changed = wants.changed() => if changed.is_err() { break },
            said = next(&mut keeper.engine) => keeper.hear(said).await,
            () = wait_until(wakes) => keeper.look_at_kept().await,
        }
    }
    keeper.drop_engine().await;
}

async fn next(engine: &mut Option<Engine>) -> Said {
    match engine {
        Some(engine) => engine.next().await,
        None => std::future::pending().await,
    }
}

async fn wait_until(wakes: Option<Instant>) {
    match wakes {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

struct Keeper {
    over: IpAddr,
    mdns_port: u16,
    engine: Option<Engine>,
    /// Of which change of the network the engine is.
    round: u64,
    /// Which time looking was asked for, and since when it is.
    asked: u64,
    asked_at: Instant,
    /// When looking is begun or left off.
    turns: Option<Instant>,
    /// Until when no engine is started.
    rests: Option<Instant>,
    looks_at: Instant,
    /// Under which name this device was told last.
    own: Option<String>,
    rate: Rate,
    heard: mpsc::Sender<NearbyEvent>,
}

impl Keeper {
    async fn adjust(&mut self, wanted: &Wanted) {
        if self.round != wanted.round {
            (self.round, self.asked_at, self.rests) = (wanted.round, Instant::now(), None);
            self.drop_engine().await;
        }
        if self.asked != wanted.asked {
            (self.asked, self.asked_at) = (wanted.asked, Instant::now());
        }
        let looks = self.looks_now(wanted);
        let beacon = wanted.beacon.as_ref().filter(|beacon| beacon.port != 0);
        if beacon.is_none() && !looks {
            self.rests = None;
            return self.drop_engine().await;
        }
        if self.rests.is_some_and(|until| Instant::now() < until) {
            return;
        }
        self.rests = None;
        if let Some(beacon) = beacon {
            self.own = Some(label(&beacon.instance));
        }
        if let Err(error) = self.run_engine(beacon, looks).await {
            self.failed(error.to_string());
            self.rest().await;
        }
    }

    async fn run_engine(&mut self, beacon: Option<&Beacon>, looks: bool) -> Result<(), mdns_sd::Error> {
        let engine = match &mut self.engine {
            Some(engine) => engine,
            none => none.insert(Engine::start(self.over, self.mdns_port)?),
        };
        engine.tell(beacon).await?;
        engine.look(looks)
    }

    fn looks_now(&mut self, wanted: &Wanted) -> bool {
        // Whoever does not tell cannot be found meanwhile.
        let pauses = wanted.looks && wanted.beacon.is_some();
        let (looks, lasts) = attention(self.asked_at.elapsed());
        self.turns = pauses.then(|| Instant::now() + lasts);
        wanted.looks && (looks || !pauses)
    }

    async fn hear(&mut self, said: Said) {
        match said {
            Said::Found(name, _) if self.own.as_ref() == Some(&name) => {}
            Said::Found(_, Some(heard)) => self.pass_on(heard),
            Said::Found(_, None) => tracing::debug!("a beacon that nothing can be made of"),
            Said::Failed(why) => self.failed(why),
            Said::Broken => {
                tracing::debug!("multicast dns broke");
                self.rest().await;
            }
        }
    }

    fn pass_on(&mut self, heard: Heard) {
        if self.rate.admits(Instant::now()) {
            // Whoever has no room for it hears of it again.
            let _ = self.heard.try_send(NearbyEvent::Heard(heard));
        }
    }

    fn failed(&self, why: String) {
        tracing::debug!(why, "multicast dns does not work");
        let _ = self.heard.try_send(NearbyEvent::Failed(why));
    }

    async fn rest(&mut self) {
        self.rests = Some(Instant::now() + REST);
        self.drop_engine().await;
    }

    fn wakes_at(&self) -> Option<Instant> {
        let runs = self.engine.as_ref().map(|_| self.looks_at);
        self.rests.or_else(|| self.turns.into_iter().chain(runs).min())
    }

    /// An engine that was told more than a network has to tell begins anew, with nothing.
    async fn look_at_kept(&mut self) {
        let now = Instant::now();
        if now < self.looks_at {
            return;
        }
        self.looks_at = now + LOOK_AT_KEPT;
        if let Some(engine) = &self.engine {
            let kept = engine.kept().await;
            if kept > MAX_KEPT {
                tracing::warn!(kept, "the local network tells more than can be kept");
                self.drop_engine().await;
            }
        }
    }

    async fn drop_engine(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.end().await;
        }
    }
}

/// So many within each second.
#[derive(Debug, Default)]
struct Rate {
    began: Option<Instant>,
    admitted: u32,
}

impl Rate {
    fn admits(&mut self, now: Instant) -> bool {
        if self.began.is_none_or(|began| now.duration_since(began) >= Duration::from_secs(1)) {
            (self.began, self.admitted) = (Some(now), 0);
        }
        self.admitted += 1;
        self.admitted <= MAX_RATE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_fifty_a_second_are_dropped() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        let admitted = |rate: &mut Rate, at: u64| (0..1000).filter(|_| rate.admits(start + Duration::from_millis(at))).count();
        assert_eq!(admitted(&mut rate, 0), 50);
        assert_eq!(admitted(&mut rate, 999), 0);
        assert_eq!(admitted(&mut rate, 1000), 50);
    }
}
