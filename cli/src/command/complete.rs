//! `asif __complete`: what the shell functions of [`super::completions`] call; it is no command for people.

use std::ffi::OsString;

use super::completions::Shell;
use crate::completion::{Candidate, bash, candidates, handed_over};
use crate::context::Context;
use crate::error::Outcome;

/// What could be typed next, for a shell.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which shell asks
    shell: Shell,
    /// The line and its breaks (bash), or its words
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

impl Args {
    /// One candidate a line. Nothing is an error here: whoever types is not to be disturbed.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let lines: Vec<String> = match self.shell {
            Shell::Bash => {
                let text = |at: usize| self.words.get(at).map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
                bash::replies(&text(0), &text(1))
            }
            Shell::Zsh | Shell::Fish => candidates(handed_over(&self.words)).iter().map(with_about).collect(),
        };
        lines.iter().try_for_each(|line| context.write(&format!("{line}\n")))
    }
}

/// The word, a tab, and what tells it from others.
fn with_about(candidate: &Candidate) -> String {
    format!("{}\t{}", candidate.value, candidate.about)
}
