//! The library's errors in few words.
//!
//! They come wrapped several times, with addresses in them, and with all that a service answered: a page of markup, or which key asked. What is left here
//! is the system's own error where there is one, or what the service calls the trouble.

use std::error::Error;
use std::io;

use object_store::client::{HttpError, HttpErrorKind};

/// The most letters that are repeated of what a service says.
const MAX_WORDS: usize = 200;

/// What went wrong, with the kind where it is known.
pub(super) fn words(error: &object_store::Error) -> io::Error {
    if let Some(system) = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last() {
        return system
            .raw_os_error()
            .map_or_else(|| io::Error::new(system.kind(), plain(&system.to_string())), io::Error::from_raw_os_error);
    }
    if causes(error).filter_map(|cause| cause.downcast_ref::<HttpError>()).any(|cause| matches!(cause.kind(), HttpErrorKind::Timeout)) {
        return no_answer();
    }
    let text = error.to_string();
    let Some(code) = between(&text, "<Code>", "</Code>") else {
        return io::Error::other(plain(&causes(error).last().map_or_else(|| text.clone(), ToString::to_string)));
    };
    let kind = match code {
        "NoSuchBucket" | "NoSuchKey" => io::ErrorKind::NotFound,
        "AccessDenied" | "InvalidAccessKeyId" | "SignatureDoesNotMatch" => io::ErrorKind::PermissionDenied,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, plain(&format!("the bucket says {code}: {}", between(&text, "<Message>", "</Message>").unwrap_or_default())))
}

/// What is said where nobody answers in time.
pub(super) fn no_answer() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the bucket did not answer in time")
}

/// Whether a service knows the bucket and has no such object in it. A bucket that is not there, or another server than was meant, is not that.
pub(super) fn is_no_such_key(error: &object_store::Error) -> bool {
    between(&error.to_string(), "<Code>", "</Code>") == Some("NoSuchKey")
}

/// Whether there is no file of that name: nothing, or a folder, or a file where one of its folders would be.
pub(super) fn is_no_such_file(error: &object_store::Error) -> bool {
    let absent = |kind| matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory);
    matches!(error, object_store::Error::NotFound { .. })
        || causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|cause| absent(cause.kind()))
}

/// An error and everything that caused it, the outermost first.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<&'t str> {
    text.split_once(open)?.1.split_once(close).map(|(inside, _)| inside)
}

/// One short line without what could steer a terminal.
fn plain(text: &str) -> String {
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(MAX_WORDS).collect();
    line.trim_end_matches([' ', ':']).to_owned()
}
