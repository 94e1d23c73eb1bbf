//! Does the daemon that answers fit this program?

use asif_proto::local::{Hello, VERSIONS};

/// This program's version.
pub const OURS: &str = env!("CARGO_PKG_VERSION");

/// How a daemon fits this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// They understand each other, and it is not older.
    Good,
    /// It is older: it is to be replaced.
    Older,
    /// It is newer and no longer speaks our language: we are to be replaced.
    Newer,
}

/// Judges a daemon by its first frame.
pub fn judge(hello: &Hello) -> Fit {
    let older = matches!((numbers(&hello.version), numbers(OURS)), (Some(theirs), Some(ours)) if theirs < ours);
    if older || hello.max < *VERSIONS.start() {
        Fit::Older
    } else if hello.min > *VERSIONS.end() {
        Fit::Newer
    } else {
        Fit::Good
    }
}

/// The three numbers of a semantic version, without what follows a hyphen or a plus.
fn numbers(version: &str) -> Option<[u64; 3]> {
    let mut parts = version.split(['-', '+']).next()?.split('.').map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(min: u16, max: u16, version: &str) -> Hello {
        Hello { min, max, version: version.to_owned(), pid: 7, data: None }
    }

    #[test]
    fn only_an_older_daemon_or_no_common_language_is_in_the_way() {
        assert_eq!(judge(&hello(1, 1, OURS)), Fit::Good);
        assert_eq!(judge(&hello(1, 9, "99.0.0")), Fit::Good);
        assert_eq!(judge(&hello(9, 9, "99.0.0")), Fit::Newer);
        assert_eq!(judge(&hello(1, 1, "0.0.9")), Fit::Older);
        assert_eq!(judge(&hello(0, 0, OURS)), Fit::Older);
        assert_eq!(judge(&hello(1, 1, "a strange one")), Fit::Good);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers("0.10.0") > numbers("0.9.9"));
        assert_eq!(numbers("1.2.3-rc.1"), Some([1, 2, 3]));
        assert_eq!(numbers("1.2"), None);
    }
}
