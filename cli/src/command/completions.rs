//! `asif completions`

use clap::ValueEnum;
use serde::Serialize;

use crate::context::Context;
use crate::error::Outcome;

/// Completions for your shell: commands, flags, practices, tags and ids.
///
/// bash: source <(asif completions bash), in ~/.bashrc. zsh: the same with zsh, in ~/.zshrc, after compinit. fish: asif completions fish | source,
/// in ~/.config/fish/config.fish.
///
/// Names come from the daemon while it runs; completing never starts it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Your shell
    shell: Shell,
}

/// A shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU Bash
    Bash,
    /// Z shell
    Zsh,
    /// fish
    Fish,
}

#[derive(Debug, Serialize)]
struct Script {
    script: &'static str,
}

impl Args {
    /// Prints what the shell is to read.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let script = match self.shell {
            Shell::Bash => include_str!("completions/asif.bash"),
            Shell::Zsh => include_str!("completions/asif.zsh"),
            Shell::Fish => include_str!("completions/asif.fish"),
        };
        if context.json() { context.tell(&Script { script }, |_| {}) } else { context.write(script) }
    }
}
