//! The command line of asif: it knows no cryptography, no merging and no network; it asks the daemon.
//!
//! A command runs like this: [`args`] reads the words, one file of [`command`] turns them into a request, [`client`] finds
//! the daemon (and starts it) and asks, [`render`] tells the reply. What a command touches outside itself is in [`world`].

use std::ffi::OsString;
use std::process::ExitCode;

pub mod args;
pub mod client;
pub mod command;
pub mod completion;
pub mod context;
pub mod editor;
pub mod error;
pub mod form;
mod fresh;
pub mod hidden;
pub mod keyboard;
mod patient;
pub mod pinentry;
pub mod prompt;
pub mod render;
pub mod service;
pub mod sit;
pub mod world;

use asif_proto::local::Failure;
use clap::Parser;

use crate::args::Args;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::world::World;

/// Runs the program with the arguments, streams and environment of this process.
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    ExitCode::from(World::with_real(|world| run(&args, world)))
}

/// Runs the program on `args` (the first is the program's own name) in `world`; returns the exit code.
///
/// What was asked for and, with `--json`, errors go to `world.stdout`; talk goes to `world.stderr`.
pub fn run(args: &[OsString], world: &mut World<'_>) -> u8 {
    let json = args.iter().skip(1).take_while(|arg| *arg != "--").any(|arg| arg == "--json");
    let outcome = match Args::try_parse_from(args) {
        Ok(parsed) => carry_out(parsed, args, world),
        Err(error) if json && error.use_stderr() => Err(error::from_clap(&error).into()),
        Err(error) => {
            if error.use_stderr() && command::crisis::is_meant(args) {
                // Whoever mistyped this may have no second try in them.
                let _ = command::crisis::numbers_alone(&mut Context::new(world, &args::Global::default()));
            }
            return told_by_clap(&error, world);
        }
    };
    let outcome = outcome.and_then(|()| world.stdout.flush().map_err(CommandError::Output));
    match outcome {
        Ok(()) => 0,
        Err(error) => {
            if let Some(failure) = error.failure() {
                tell_failure(&failure, json, world);
            }
            error.exit_code()
        }
    }
}

fn carry_out(args: Args, words: &[OsString], world: &mut World<'_>) -> Outcome {
    let words = words.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let mut context = Context::new(world, &args.global).with_words(words);
    match args.command {
        Some(command) => command.run(&mut context),
        None => command::today::alone(&mut context),
    }
}

/// Help and version go to standard output, mistakes to standard error, each in the parser's own words.
fn told_by_clap(error: &clap::Error, world: &mut World<'_>) -> u8 {
    let lines = render::text::visible_lines(&error.render().to_string());
    let text = lines.join("\n") + "\n";
    // A stream that is gone leaves nobody to tell; the exit code says it all the same.
    if error.use_stderr() {
        let _ = world.stderr.write_all(text.as_bytes());
        return 2;
    }
    let _ = world.stdout.write_all(text.as_bytes()).and_then(|()| world.stdout.flush());
    0
}

fn tell_failure(failure: &Failure, json: bool, world: &mut World<'_>) {
    // As above: where the stream is gone, the exit code remains.
    if json {
        let _ = writeln!(world.stdout, "{}", render::envelope::error(failure)).and_then(|()| world.stdout.flush());
    } else {
        let _ = world.stderr.write_all(error::in_words(failure).as_bytes());
    }
}
