//! What went wrong at the edge, in words for the person.

use asif_proto::local::{ErrorKind, Failure};

use crate::process::private::NotPrivate;

/// A failure to use what is on disk: not permitted where others may read it, or this user may not.
pub(super) fn loose(error: &(dyn std::error::Error + 'static)) -> Failure {
    let text = chain(error);
    let mut source = Some(error);
    while let Some(one) = source {
        if let Some(hint) = refusal(one) {
            return Failure::new(ErrorKind::NotPermitted, text).hint(hint);
        }
        source = one.source();
    }
    Failure::new(ErrorKind::Failure, text)
}

/// What to do about a path that is not the owner's alone, or that the system refuses; nothing for any other error.
fn refusal(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    const LOOSE: &str = "your journal is only opened where nobody else can read it";
    if let Some(error) = error.downcast_ref::<NotPrivate>() {
        return (!matches!(error, NotPrivate::Io { .. })).then_some(LOOSE);
    }
    let error = error.downcast_ref::<std::io::Error>().filter(|error| error.kind() == std::io::ErrorKind::PermissionDenied)?;
    let inside = error.get_ref().is_some_and(|inside| inside.is::<NotPrivate>());
    Some(if inside { LOOSE } else { "it must be yours to read and write; asif status --paths tells where things live" })
}

/// An error with everything that caused it, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn only_what_others_may_read_or_we_may_not_is_not_permitted() {
        let system = |kind: io::ErrorKind| NotPrivate::Io { path: "/h".into(), source: kind.into() };
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::NotADirectory, io::ErrorKind::ReadOnlyFilesystem] {
            let failure = loose(&system(kind));
            assert_eq!((failure.kind, failure.hint), (ErrorKind::Failure, None), "{kind}");
        }
        let denied = loose(&system(io::ErrorKind::PermissionDenied));
        assert!(denied.kind == ErrorKind::NotPermitted && denied.hint.unwrap().contains("yours to read and write"));
        let open = || NotPrivate::Mode { path: "/h".into(), mode: 0o755, fix: 0o700 };
        for failure in [loose(&open()), loose(&open().into_io())] {
            assert_eq!(failure.kind, ErrorKind::NotPermitted);
            assert!(failure.hint.unwrap().contains("nobody else can read it"));
        }
    }
}
