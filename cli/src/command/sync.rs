//! `asif sync`

use std::time::Duration;

use asif_proto::local::{ErrorKind, Failure, Reply, Request, Synced};

use crate::context::Context;
use crate::error::Outcome;
use crate::render::event;

/// Bring your devices and helpers up to date now.
///
/// With --wait it returns once everybody who can be reached holds what this device holds; exit code 8, with the reason, where
/// nobody can, or where it takes too long.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Wait until it is done
    #[arg(long)]
    wait: bool,
    /// The longest wait: 10s, 2m, 500ms
    #[arg(long, value_name = "TIME", value_parser = timeout, default_value = "10s", requires = "wait")]
    timeout: Duration,
}

impl Args {
    /// Syncs.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let wait_ms = self.wait.then(|| u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX));
        let request = Request::Sync { wait_ms };
        let synced = context.ask_for(request, |reply| if let Reply::Synced(synced) = reply { Some(synced) } else { None })?;
        match unreached(&synced).filter(|_| self.wait) {
            Some(failure) => Err(failure.into()),
            None => context.tell(&synced, |screen| event::synced(screen, &synced, self.wait)),
        }
    }
}

fn unreached(synced: &Synced) -> Option<Failure> {
    if synced.unreached.is_empty() || !synced.peers.is_empty() {
        return None;
    }
    let reasons: Vec<String> = synced.unreached.iter().map(|(name, reason)| format!("{name}: {reason}")).collect();
    let message = format!("not reached: {}", reasons.join("; "));
    Some(Failure::new(ErrorKind::PeerUnreachable, message).hint("nothing is lost: it goes on by itself once they are there"))
}

fn timeout(text: &str) -> Result<Duration, String> {
    let split = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit_ms = match unit {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        _ => 0,
    };
    let ms = number.parse::<u64>().ok().filter(|_| unit_ms > 0).and_then(|number| number.checked_mul(unit_ms));
    ms.map(Duration::from_millis).ok_or_else(|| format!("{text:?} is no length of time: use 10s, 2m or 500ms"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_read_with_its_unit() {
        for (text, ms) in [("10s", 10_000), ("3", 3000), ("500ms", 500), ("2m", 120_000)] {
            assert_eq!(timeout(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for bad in ["", "s", "1h", "-1s", "99999999999999999999"] {
            assert!(timeout(bad).is_err(), "{bad}");
        }
    }
}
