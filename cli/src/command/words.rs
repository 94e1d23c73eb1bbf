//! The 24 words of a recovery kit, as somebody types them from paper. They are in no draft and in no argument.

use std::fs::File;
use std::io::Read as _;

use asif_proto::local::kit::WORDS;
use asif_proto::local::{KitAsk, KitLook, Reply, Request};
use asif_proto::secret::Secret;

use crate::client::ClientError;
use crate::context::{Apart, Context};
use crate::error::{CommandError, Outcome};

/// The most bytes that are read for words, with whatever stands between them.
const MAX: u64 = 16 << 10;

/// Where the words come from.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct From {
    /// Read the words from this file descriptor, to its end, instead of asking: 0 is standard input
    #[arg(long, value_name = "N")]
    pub fd: Option<u32>,
}

impl From {
    /// Exit 2 where nobody can be asked and nothing can be read.
    pub fn check(self, context: &Context<'_, '_>) -> Outcome {
        if self.fd.is_none() && !context.can_ask() {
            return Err(CommandError::usage(
                "the words are asked for, and nobody can be asked here",
                "say where they can be read, as with --fd 0",
            ));
        }
        Ok(())
    }

    /// The words.
    pub fn read(self, context: &mut Context<'_, '_>) -> Outcome<Secret> {
        self.check(context)?;
        match self.fd {
            Some(fd) => from_fd(fd),
            None => typed(context),
        }
    }
}

/// All that can be read from a file descriptor that this process was started with.
pub fn from_fd(fd: u32) -> Outcome<Secret> {
    let cannot = |error: std::io::Error| {
        CommandError::usage(
            format!("nothing can be read from file descriptor {fd}: {error}"),
            "name one that is open, as in: asif ... --fd 3 3<FILE",
        )
    };
    let mut text = String::new();
    let file = File::open(format!("/dev/fd/{fd}")).map_err(cannot)?;
    file.take(MAX).read_to_string(&mut text).map_err(cannot)?;
    Ok(Secret::new(text))
}

/// Asks line by line. A word that is none is said at once, with the nearest that is one.
fn typed(context: &mut Context<'_, '_>) -> Outcome<Secret> {
    let apart = context.apart()?;
    let Some(mut prompt) = context.prompt() else { return Ok(Secret::default()) };
    prompt.say(&format!("The {WORDS} words in their order, as many in a line as you like. The first four letters of each are enough."))?;
    let mut words: Vec<Secret> = Vec::new();
    while words.len() < WORDS {
        let line = Secret::new(prompt.line(&format!("Word {}:", words.len() + 1))?);
        let KitLook { words: known, near } = look(&apart, line)?;
        let (left, mut read) = (WORDS - words.len(), 0);
        for (word, near) in known.into_iter().zip(near).take(left) {
            let Some(word) = word else {
                let nearest = near.map(|near| format!("; the nearest is \"{}\"", near.danger_text())).unwrap_or_default();
                prompt.say(&format!("  word {} is none that a kit can have{nearest}. From there on again, please", words.len() + 1))?;
                break;
            };
            read += 1;
            words.push(word);
        }
        if read == left {
            break;
        }
    }
    Ok(Secret::new(words.iter().map(Secret::danger_text).collect::<Vec<_>>().join(" ")))
}

fn look(apart: &Apart, words: Secret) -> Outcome<KitLook> {
    match apart.ask(Request::Kit(KitAsk::Look { words }))? {
        Reply::KitLook(look) => Ok(look),
        _ => Err(ClientError::Garbled.into()),
    }
}
