//! What went wrong at the edge, in words for the person.

use asif_proto::local::{ErrorKind, Failure};

use crate::process;

/// A failure to use what is on disk: not permitted where others may read it.
pub(super) fn loose(error: &(dyn std::error::Error + 'static)) -> Failure {
    let text = chain(error);
    let mut source = Some(error);
    while let Some(one) = source {
        let refused = one.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
        if refused || one.is::<process::private::NotPrivate>() {
            return Failure::new(ErrorKind::NotPermitted, text).hint("your journal is only opened where nobody else can read it");
        }
        source = one.source();
    }
    Failure::new(ErrorKind::Failure, text)
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
