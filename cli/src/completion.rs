//! What a shell offers while a command is typed: the engine is clap's, the names come from the daemon, the words of the line and what is
//! given back are ours, since what a person once wrote must not become a command of their shell.
//!
//! ```text
//! the shell's function -> asif __complete SHELL ... -> [`candidates`] -> one a line, quoted for that shell
//! ```

use std::ffi::{OsStr, OsString};
use std::time::{Duration, Instant};

use asif_proto::code::{Code, words};
use asif_proto::home::Home;
use asif_proto::local::{Known, KnownName, Reply, Request};
use clap::CommandFactory;
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};

use crate::client::glance::glance;
use crate::render::text::visible;

pub mod bash;
pub mod line;

/// The longest that a shell waits for names.
const WITHIN: Duration = Duration::from_millis(200);
/// The longest description, in letters.
const MAX_ABOUT: usize = 60;

/// One thing that could stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The whole word.
    pub value: String,
    /// What tells it from others; on one line.
    pub about: String,
}

/// Names of this kind that the daemon knows, where one runs. It is not started for it, and nothing is said where it does not answer.
pub fn names(what: Known) -> ArgValueCandidates {
    ArgValueCandidates::new(move || known(what).into_iter().map(offered).collect::<Vec<_>>())
}

/// The settings that the daemon knows, likewise.
pub fn settings() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let settings = match seen(Request::ConfigList) {
            Some(Reply::Config(settings)) => settings,
            _ => Vec::new(),
        };
        let known = settings.into_iter().filter(|setting| !setting.help.is_empty());
        known.map(|setting| offered(KnownName { name: setting.key, about: setting.help })).collect::<Vec<_>>()
    })
}

/// What a code that somebody is being told could go on with, once a letter of the next word is there.
pub fn codes() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let Some((before, begun)) = typed.to_str().and_then(|typed| typed.rsplit_once('-')) else { return Vec::new() };
        let is_next = Code::is_meant_by(before) && before.split('-').count() <= 3 && !begun.is_empty();
        let words = words().filter(|word| is_next && word.starts_with(begun));
        words.map(|word| CompletionCandidate::new(format!("{before}-{word}"))).collect()
    })
}

fn known(what: Known) -> Vec<KnownName> {
    match seen(Request::Known { what }) {
        Some(Reply::Known(names)) => names,
        _ => Vec::new(),
    }
}

fn seen(request: Request) -> Option<Reply> {
    glance(&Home::from_env().ok()?, request, Instant::now() + WITHIN)
}

fn offered(name: KnownName) -> CompletionCandidate {
    CompletionCandidate::new(name.name).help((!name.about.is_empty()).then(|| name.about.into()))
}

/// What could stand in place of the last of `words`; the first is the program's own name.
///
/// What no terminal shows as it is, is not offered.
pub fn candidates(words: Vec<OsString>) -> Vec<Candidate> {
    let Some(last) = words.len().checked_sub(1).filter(|last| *last > 0) else { return Vec::new() };
    let empty = words.last().is_some_and(|word| word.is_empty());
    let here = std::env::current_dir().ok();
    let mut command = crate::args::Args::command();
    let found = clap_complete::engine::complete(&mut command, words, last, here.as_deref()).unwrap_or_default();
    let mut all: Vec<Candidate> = found.iter().filter(|one| !one.is_hide_set()).filter_map(candidate).collect();
    // Before anything is typed, flags come only where there is nothing else.
    if empty && all.iter().any(|one| !one.value.starts_with('-')) {
        all.retain(|one| !one.value.starts_with('-'));
    }
    all
}

fn candidate(found: &CompletionCandidate) -> Option<Candidate> {
    let value = found.get_value().to_str().filter(|value| !value.is_empty() && visible(value) == *value)?;
    let about = found.get_help().map(ToString::to_string).unwrap_or_default();
    let about = visible(about.lines().next().unwrap_or_default());
    Some(Candidate { value: value.to_owned(), about: about.chars().take(MAX_ABOUT).collect() })
}

/// The words as a shell hands them over one by one, the last as it was typed.
pub fn handed_over(words: &[OsString]) -> Vec<OsString> {
    let (last, before) = match words.split_last() {
        Some((last, before)) => (last.as_os_str(), before),
        None => (OsStr::new(""), words),
    };
    let last = last.to_str().map_or_else(|| last.to_owned(), |typed| line::last_word(typed).value.into());
    before.iter().cloned().chain([last]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_code_are_offered_one_after_the_other() {
        let offered = |typed: &str| {
            let words = ["asif", "device", "join", typed].map(OsString::from).to_vec();
            candidates(words).into_iter().map(|one| one.value).collect::<Vec<_>>()
        };
        assert_eq!(offered("7-harb"), ["7-harbour"]);
        assert_eq!(offered("7-harbour-viol"), ["7-harbour-violin"]);
        assert_eq!(offered("7-harbour-violin-kett"), ["7-harbour-violin-kettle"]);
        for typed in ["7-", "7-harbour-violin-kettle-m", "asif-h", "harb"] {
            assert!(offered(typed).is_empty(), "{typed}");
        }
    }
}
