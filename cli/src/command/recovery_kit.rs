//! `asif recovery-kit`

use asif_proto::local::{Joined, KitAsk, RemovedDevice, Reply, Request};
use clap::Subcommand;
use serde::Serialize;

use super::words;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::{device, kit};

/// The recovery kit: 24 words on paper, for the day when your devices are gone.
///
/// The words stand for the root key of your journal. While nobody has shown that they are written down they lie on the device that made the
/// journal: whoever steals that device has them.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Show the 24 words, as a page to write down or to print.
    ///
    /// Whoever sees them can do all that you can: show them where nobody looks over your shoulder, and clear the screen after.
    Show,
    /// Show that the words are written down. They go from this device then.
    ///
    /// You type them from the paper. They are then on paper alone, and nothing can show them again. Also tells later whether a paper is the right one.
    Confirm(words::From),
    /// Come back with the 24 words: this machine becomes a new device of yours.
    ///
    /// Where the journal lies on this machine and does not open any more, as when its key file is gone, the words open it. On a new machine they bring it
    /// from another device of yours (--at), without a question there. You are asked which of your devices are lost: they are shut out. The words do not stay
    /// on this device.
    Restore(Restoring),
}

/// How one comes back.
#[derive(Debug, clap::Args)]
pub struct Restoring {
    /// Where another device of yours listens, as its status tells
    #[arg(long, value_name = "HOST:PORT")]
    at: Option<String>,
    /// What this device is to be called
    #[arg(long)]
    name: Option<String>,
    /// A device that is lost, by its name or the end of its id; may be said several times. Nobody is asked then
    #[arg(long, value_name = "DEVICE")]
    remove: Vec<String>,
    #[command(flatten)]
    from: words::From,
}

/// What came of it.
#[derive(Serialize)]
struct Restored<'r> {
    #[serde(flatten)]
    joined: &'r Joined,
    removed: &'r [RemovedDevice],
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Show => {
                let words = |reply| if let Reply::KitWords(words) = reply { Some(words) } else { None };
                let words = context.ask_for(Request::Kit(KitAsk::Show), words)?;
                context.tell(&words, |screen| kit::page(screen, &words))?;
                context.explain("Once they are on paper: asif recovery-kit confirm. Then clear this screen, and what it scrolls back to.");
                Ok(())
            }
            Self::Confirm(from) => {
                let words = from.read(context)?;
                let view = |reply| if let Reply::KitConfirmed(view) = reply { Some(view) } else { None };
                let view = context.ask_for(Request::Kit(KitAsk::Confirm { words }), view)?;
                context.tell(&view, |screen| kit::confirmed(screen, &view))
            }
            Self::Restore(restoring) => restoring.run(context),
        }
    }
}

impl Restoring {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let at = super::ticket::address(self.at.as_deref())?;
        let words = self.from.read(context)?;
        let request = Request::Kit(KitAsk::Restore { words: words.clone(), name: self.name, at });
        let joined = context.ask_for(request, |reply| if let Reply::Joined(joined) = reply { Some(joined) } else { None })?;
        context.show(|screen| device::joined(screen, &joined))?;
        let lost = if self.remove.is_empty() { lost(context)? } else { self.remove };
        let mut removed = Vec::new();
        for device in lost {
            let one = |reply| if let Reply::Removed(removed) = reply { Some(removed) } else { None };
            let told = context.ask_for(Request::DeviceRemove { device }, one)?;
            context.show(|screen| device::removed(screen, &told))?;
            removed.push(told);
        }
        // Until here the root key was on this device: what it removed cannot be taken back by the removed.
        context
            .ask_for(Request::Kit(KitAsk::Confirm { words }), |reply| if let Reply::KitConfirmed(_) = reply { Some(()) } else { None })?;
        context.tell(&Restored { joined: &joined, removed: &removed }, kit::restored)
    }
}

/// Which of the other devices are lost, as the person says; none where nobody can be asked.
fn lost(context: &mut Context<'_, '_>) -> Outcome<Vec<String>> {
    let devices = context.ask_for(Request::DeviceList, |reply| if let Reply::Devices(devices) = reply { Some(devices) } else { None })?;
    let Some(mut prompt) = context.prompt() else { return Ok(Vec::new()) };
    let mut lost = Vec::new();
    for device in devices.into_iter().filter(|one| !one.this) {
        let question = format!("Is \"{}\" lost, or was it this machine before? It is shut out then, for good.", device.name);
        if prompt.yes_or_no(&question)? {
            lost.push(device.id);
        }
    }
    Ok(lost)
}
