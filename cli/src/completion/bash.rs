//! What bash is given: it puts a candidate into the line as it is, so that whatever means something to a shell is quoted here.

use std::ffi::OsString;

use super::line::{Word, words};
use super::{Candidate, candidates};

/// What bash puts in place of the piece it takes for the word, for each candidate.
///
/// `line` is what was typed up to the cursor, `breaks` its `COMP_WORDBREAKS`.
pub fn replies(line: &str, breaks: &str) -> Vec<String> {
    let mut words = words(line);
    // `NAME=value asif log` is the same command.
    while words.len() > 1 && words.first().is_some_and(|word| is_assignment(&word.value)) {
        words.remove(0);
    }
    let last = words.last().cloned().unwrap_or_default();
    let all = candidates(words.into_iter().map(|word| OsString::from(word.value)).collect());
    // The others of the breaks end a word anyway, or are quoted.
    let breaks: String = breaks.chars().filter(|letter| "=:@".contains(*letter)).collect();
    all.iter().filter_map(|candidate| reply(candidate, &last, &breaks)).collect()
}

fn reply(candidate: &Candidate, typed: &Word, breaks: &str) -> Option<String> {
    let before = typed.value.get(..typed.before_the_piece(breaks))?;
    let rest = candidate.value.strip_prefix(before)?;
    match typed.open {
        None => Some(quoted(rest)),
        // Between quotes a backslash is a letter like others, or not, and bash closes them itself.
        Some(_) => rest.chars().all(|letter| is_plain(letter) || letter == ' ').then(|| rest.to_owned()),
    }
}

/// Behind a backslash stands every letter that could mean something to a shell.
fn quoted(text: &str) -> String {
    text.chars().flat_map(|letter| (!is_plain(letter)).then_some('\\').into_iter().chain([letter])).collect()
}

fn is_plain(letter: char) -> bool {
    letter.is_alphanumeric() || "-_./:=@%+,".contains(letter)
}

fn is_assignment(word: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    word.split_once('=').is_some_and(|(name, _)| is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::completion::line::last_word;

    fn one(value: &str, typed: &str) -> Option<String> {
        reply(&Candidate { value: value.to_owned(), about: String::new() }, &last_word(typed), "=:")
    }

    #[test]
    fn what_means_something_to_a_shell_is_quoted() {
        assert_eq!(one("$(touch x)", "").as_deref(), Some(r"\$\(touch\ x\)"));
        assert_eq!(one("a;b`c`*?~'\"", "a").as_deref(), Some(r#"a\;b\`c\`\*\?\~\'\""#));
        assert_eq!(one("café", "ca").as_deref(), Some("café"));
        assert_eq!(one("lunch", "l").as_deref(), Some("lunch"));
    }

    #[test]
    fn only_the_piece_that_bash_replaces_is_given() {
        assert_eq!(one("work:focus", "wo").as_deref(), Some("work:focus"));
        assert_eq!(one("work:focus", "work:fo").as_deref(), Some("focus"));
        assert_eq!(one("--tag=work", "--tag=wo").as_deref(), Some("work"));
        assert_eq!(one("in the bus", "\"in t").as_deref(), Some("in the bus"));
        assert_eq!(one("in $(x)", "\"in").as_deref(), None, "it cannot be quoted inside quotes");
    }

    #[test]
    fn commands_and_flags_are_offered_without_any_daemon() {
        assert_eq!(replies("asif practice a", ":="), ["add", "adapt", "archive"]);
        assert!(replies("LANG=C asif lis", ":=") == ["list"] && replies("asif list --dele", ":=") == ["--deleted"]);
        assert!(!replies("asif ", ":=").iter().any(|one| one.starts_with('-') || one.starts_with('_')));
        assert_eq!(replies("asif __comp", ":="), [""; 0]);
        assert_eq!(replies("asif completions b", ":="), ["bash"]);
    }
}
