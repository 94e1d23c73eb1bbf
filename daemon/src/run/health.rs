//! What only the edge can see and a doctor should tell: the disk, the clock, who may read the files, what the settings say.

use std::io::ErrorKind as Io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use asif_proto::home::Home;
use asif_proto::local::{Answer, Check, Reply};
use jiff::{SignedDuration, Timestamp};

use super::config::Config;
use super::failure::chain;

/// With less room than this a journal soon cannot be written any more.
const LITTLE: u64 = 8 << 20;
/// A clock that was set by less is none that was wrong.
const JUMP: SignedDuration = SignedDuration::from_mins(10);

/// What the edge remembers of its own life.
#[derive(Debug)]
pub(super) struct Health {
    /// The wall clock at the start of the monotonic one.
    began: Timestamp,
    /// The last write, where it failed: what kind of trouble, and in words.
    failed: Option<(&'static str, String)>,
}

impl Health {
    /// At a start.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { began: now, failed: None }
    }

    /// A write failed.
    pub(super) fn write_failed(&mut self, error: &(dyn std::error::Error + 'static)) {
        self.failed = Some((trouble(error), chain(error)));
    }

    /// What whoever asked for it can do.
    pub(super) fn hint(error: &(dyn std::error::Error + 'static)) -> &'static str {
        match trouble(error) {
            "disk_full" => "the disk is full; what was saved before is safe; try again when there is room",
            _ => "what was saved before is safe; asif doctor tells more",
        }
    }

    /// A write was done: whatever was in its way is over.
    pub(super) fn written(&mut self) {
        self.failed = None;
    }

    /// Adds what the edge sees to what the core says of itself.
    pub(super) fn add_to(&self, answer: &mut Answer, home: &Home, wall: Timestamp, mono: Duration, config: &Config) {
        let Answer::Reply(reply) = answer else { return };
        match &mut **reply {
            Reply::Doctor(doctor) => doctor.checks.extend(self.checks(home, wall, mono).into_iter().chain(config.checks())),
            Reply::Status(status) => {
                let wrong = self.checks(home, wall, mono).iter().chain(&config.checks()).filter(|check| !check.ok).count();
                status.problems += u64::try_from(wrong).unwrap_or(u64::MAX);
            }
            _ => {}
        }
    }

    fn checks(&self, home: &Home, wall: Timestamp, mono: Duration) -> Vec<Check> {
        let room = rustix::fs::statvfs(&home.data).ok().map(|fs| fs.f_bavail.saturating_mul(fs.f_frsize));
        let disk = self.disk(&home.data, room);
        disk.into_iter().chain(self.clock(wall, mono)).chain(loose(home)).collect()
    }

    fn disk(&self, data: &Path, room: Option<u64>) -> Option<Check> {
        let place = data.display();
        let left = room.map(|room| format!("{} KiB are left", room / 1024)).unwrap_or_default();
        let (kind, text, hint) = match &self.failed {
            Some(("disk_full", why)) => (
                "disk_full",
                format!("the disk is full: the last thing that was to be saved was not, and whoever asked was told so ({why}) {left}"),
                format!(
                    "make room on the disk that holds {place}, then do it again; what was saved before is safe, and asif goes on by itself"
                ),
            ),
            Some(("disk_read_only", why)) => (
                "disk_read_only",
                format!("the disk cannot be written: the last thing that was to be saved was not, and whoever asked was told so ({why})"),
                format!(
                    "find out why the disk that holds {place} is read-only; systems do that when a disk fails. What was saved can still be read"
                ),
            ),
            Some((kind, why)) => (
                *kind,
                format!(
                    "the disk did not do what it was asked: the last thing that was to be saved was not, and whoever asked was told so ({why})"
                ),
                format!(
                    "do it again; if this comes back, the disk may be failing: asif daemon stop, copy {place} to another disk, and use only one of the two"
                ),
            ),
            None if room.is_some_and(|room| room < LITTLE) => (
                "disk_full",
                format!("the disk is nearly full: {left}"),
                format!("make room on the disk that holds {place}; what is saved stays safe, and soon nothing more can be"),
            ),
            None => return None,
        };
        Some(Check { ok: false, kind: kind.into(), text, hint: Some(hint) })
    }

    /// Sleep looks like a clock that was set forward, so only a long jump that way is told.
    fn clock(&self, wall: Timestamp, mono: Duration) -> Option<Check> {
        let passed = SignedDuration::try_from(mono).unwrap_or(SignedDuration::MAX);
        let jump = wall.duration_since(self.began).saturating_sub(passed);
        let days = |by: SignedDuration| format!("{} days and {} hours", by.as_hours() / 24, by.as_hours() % 24);
        let how = if jump < -JUMP {
            format!("set back by {}", days(jump.abs()))
        } else if jump > SignedDuration::from_hours(24 * 60) {
            format!("set forward by {}", days(jump))
        } else {
            return None;
        };
        let text = format!("this machine's clock was {how} since the daemon started; nothing is lost by that, and nothing waits for it");
        Some(Check { ok: true, kind: "clock".into(), text, hint: None })
    }
}

/// Files and folders that others may open, judged by their mode.
fn loose(home: &Home) -> Option<Check> {
    let paths = ["", "store", "store/logs", "vault", "vault.key"].map(|below| home.data.join(below));
    let (path, mode, fix) = paths.into_iter().find_map(|path| {
        let meta = path.symlink_metadata().ok()?;
        let fix = if meta.is_dir() { 0o700 } else { 0o600 };
        (meta.mode() & 0o077 != 0).then(|| (path, meta.mode() & 0o777, fix))
    })?;
    Some(Check {
        ok: false,
        kind: "permissions".into(),
        text: format!("others may open {} (mode {mode:03o}); asif will not start again like that", path.display()),
        hint: Some(format!("chmod {fix:o} {}", path.display())),
    })
}

/// What kind of trouble an error of the disk tells of.
fn trouble(error: &(dyn std::error::Error + 'static)) -> &'static str {
    let mut source = Some(error);
    while let Some(one) = source {
        match one.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
            Some(Io::StorageFull | Io::QuotaExceeded | Io::FileTooLarge) => return "disk_full",
            Some(Io::ReadOnlyFilesystem) => return "disk_read_only",
            _ => source = one.source(),
        }
    }
    "disk_failing"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> Health {
        Health::new("2026-11-24T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn each_trouble_of_the_disk_is_told_apart_and_over_with_the_next_write() {
        for (error, kind) in [
            (Io::StorageFull, "disk_full"),
            (Io::FileTooLarge, "disk_full"),
            (Io::ReadOnlyFilesystem, "disk_read_only"),
            (Io::Other, "disk_failing"),
        ] {
            let mut health = health();
            health.write_failed(&std::io::Error::from(error));
            let check = health.disk(Path::new("/h/data"), Some(1 << 30)).unwrap();
            assert!(!check.ok && check.kind == kind && check.hint.unwrap().contains("/h/data"), "{error}");
            health.written();
            assert_eq!(health.disk(Path::new("/h/data"), Some(1 << 30)), None);
        }
        assert_eq!(health().disk(Path::new("/h"), Some(LITTLE - 1)).unwrap().kind, "disk_full");
        assert_eq!(health().disk(Path::new("/h"), None), None);
    }

    #[test]
    fn a_clock_that_was_set_is_told_and_sleep_is_not() {
        let health = health();
        let clock = |wall: &str| health.clock(wall.parse().unwrap(), Duration::from_secs(60)).map(|check| check.text);
        assert_eq!(clock("2026-11-24T12:01:00Z"), None);
        assert_eq!(clock("2026-11-27T12:01:00Z"), None, "three days asleep");
        assert!(clock("2016-11-24T12:01:00Z").unwrap().contains("set back by 3652 days"));
        assert!(clock("2036-11-24T12:01:00Z").unwrap().contains("set forward by 3653 days"));
    }
}
