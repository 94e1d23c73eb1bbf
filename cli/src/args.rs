//! The words of the command line: the global flags here, each command's own in its file.

use clap::{Parser, ValueEnum};

use crate::command::Command;

/// A private journal for practising self-compassion as if you deserved it.
///
/// Your journal stays on this machine. Nothing is sent anywhere until you pair a device or invite someone.
#[derive(Debug, Parser)]
#[command(name = "asif", version, max_term_width = 100, subcommand_required = false)]
#[command(after_help = "New here: asif tour shows it all in a few seconds; asif init begins your own journal.\n\
    A week: asif sketch, asif today, asif try P and asif outcome, asif log P, asif sit P, asif note, asif belief rate.\n\
    In danger now: asif crisis")]
pub struct Args {
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do; with none, today's page, or the help where there is no journal yet.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags of every command.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Global {
    /// Answer in JSON, one envelope a line
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,
    /// Plain lines, for screen readers and pipes: no columns, no colour
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub plain: bool,
    /// Never ask anything
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub no_input: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Everywhere")]
    pub color: Colour,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn helps(command: &clap::Command, into: &mut Vec<String>) {
        into.push(command.clone().render_long_help().to_string());
        for sub in command.get_subcommands() {
            helps(sub, into);
        }
    }

    #[test]
    fn the_words_fit_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_a_command_says_of_itself_beyond_one_line_reaches_its_help() {
        let mut command = Args::command();
        for (name, words) in [("lend", "They need not believe it themselves"), ("wipe", "It asks twice"), ("daemon", "starts by itself")] {
            let help = command.find_subcommand_mut(name).unwrap().render_long_help().to_string();
            assert!(help.contains(words), "{help}");
        }
    }

    #[test]
    fn help_avoids_the_words_that_hurt_and_shouts_nothing() {
        let mut all = Vec::new();
        helps(&Args::command(), &mut all);
        let all = all.join("\n").to_lowercase();
        for word in
            ["patient", "compliance", "adherence", "failure", "streak", "affirmation", "fake", "homework", "score", "treatment", "!"]
        {
            assert!(!all.contains(word), "help says {word:?}");
        }
    }

    #[test]
    fn help_names_no_command_that_does_not_exist() {
        let mut all = Vec::new();
        helps(&Args::command(), &mut all);
        let command = Args::command();
        let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        for help in &all {
            for (_, after) in help.match_indices("asif ").map(|(at, found)| help.split_at(at + found.len())) {
                let word: String = after.chars().take_while(char::is_ascii_lowercase).collect();
                let known = word.is_empty() || names.contains(&word.as_str()) || word == "help";
                assert!(known, "help names {word:?} in {help}");
            }
        }
    }
}
