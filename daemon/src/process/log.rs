//! What the daemon writes about itself: `<state>/asifd.log` when detached, stderr in the foreground.
//!
//! The level comes from `ASIF_LOG` and is about this program's own words. Libraries are heard from `warn` on and no lower, since
//! nobody promised that their details tell nothing of the journal.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustix::fs::OFlags;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use super::private::{NotPrivate, create_private_dir, open_private};

/// A log longer than this is set aside at the next start.
pub const ROTATE_AT: u64 = 1 << 20;

/// Why the log cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Its folder or itself is not ours alone.
    #[error(transparent)]
    NotPrivate(#[from] NotPrivate),
    /// The old one cannot be set aside.
    #[error("cannot set the old log {} aside", .path.display())]
    Rotate {
        /// The log.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// This process has a log already.
    #[error("this process already has a log")]
    Twice,
}

/// Starts the log of this process: to the file at `path` with its folder made, or with none to stderr. Once per process.
///
/// From here on a panic is noted by place alone: its message may quote the journal.
pub fn init(path: Option<&Path>) -> Result<(), LogError> {
    let wanted = std::env::var("ASIF_LOG").ok();
    let level = level(wanted.as_deref());
    match path {
        Some(path) => start(Mutex::new(open(path)?), level.unwrap_or(LevelFilter::INFO))?,
        None => start(io::stderr, level.unwrap_or(LevelFilter::INFO))?,
    }
    if level.is_none() {
        tracing::warn!("the level in ASIF_LOG is not known; using info");
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a step of the daemon failed");
    }));
    Ok(())
}

/// The level that `ASIF_LOG` names; `info` when it is empty or unset, none when it names nothing known.
fn level(wanted: Option<&str>) -> Option<LevelFilter> {
    match wanted {
        None | Some("") => Some(LevelFilter::INFO),
        Some(name) => ["off", "error", "warn", "info", "debug", "trace"].contains(&name).then(|| name.parse().ok()).flatten(),
    }
}

fn start(writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static, level: LevelFilter) -> Result<(), LogError> {
    tracing::subscriber::set_global_default(subscriber(writer, level)).map_err(|_| LogError::Twice)
}

fn subscriber(writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static, level: LevelFilter) -> impl tracing::Subscriber + Send + Sync {
    // Where packets could not go it names the address, each minute a network is away.
    let packets = level.min(LevelFilter::ERROR);
    let ours =
        Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("quinn_udp", packets).with_target("asif_daemon", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false).with_target(false);
    tracing_subscriber::registry().with(ours).with(lines)
}

/// Opens the log to append, after setting a long one aside as `asifd.log.1`.
fn open(path: &Path) -> Result<File, LogError> {
    if let Some(folder) = path.parent() {
        create_private_dir(folder)?;
    }
    let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::APPEND;
    let file = open_private(path, flags)?;
    let failed = |source| LogError::Rotate { path: path.into(), source };
    if file.metadata().map_err(failed)?.len() <= ROTATE_AT {
        return Ok(file);
    }
    let mut aside = path.as_os_str().to_owned();
    aside.push(".1");
    std::fs::rename(path, aside).map_err(failed)?;
    Ok(open_private(path, flags)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_log_is_ours_alone_appended_and_set_aside_when_long() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("state/asifd.log");
        for word in ["one", "two"] {
            let subscriber = subscriber(Mutex::new(open(&path).unwrap()), LevelFilter::INFO);
            tracing::subscriber::with_default(subscriber, || tracing::info!(word, "said"));
        }
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().filter(|line| line.contains("said")).count(), 2, "{text}");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        fs::write(&path, vec![b'x'; usize::try_from(ROTATE_AT).unwrap() + 1]).unwrap();
        drop(open(&path).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
        assert_eq!(fs::metadata(home.path().join("state/asifd.log.1")).unwrap().len(), ROTATE_AT + 1);
    }

    #[test]
    fn libraries_are_not_heard_below_warn() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("asifd.log");
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let subscriber = subscriber(Mutex::new(open(&path).unwrap()), LevelFilter::TRACE);
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!("ours in detail");
            tracing::debug!(target: "automerge", "theirs in detail");
            tracing::warn!(target: "automerge", "theirs aloud");
        });
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("ours in detail") && text.contains("theirs aloud") && !text.contains("theirs in detail"), "{text}");
    }

    #[test]
    fn only_plain_levels_are_known() {
        assert_eq!(level(None), Some(LevelFilter::INFO));
        assert_eq!(level(Some("off")), Some(LevelFilter::OFF));
        assert_eq!(level(Some("trace")), Some(LevelFilter::TRACE));
        assert_eq!(level(Some("automerge=trace")), None);
        assert_eq!(level(Some("5")), None);
    }
}
