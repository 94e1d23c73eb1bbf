//! `asif share edit`, `hold`, `pause` and `resume`

use asif_proto::local::{GrantChange, Held, Reply, Request, ShareAsk};
use asif_proto::share::{Role, Scope};

use super::super::fields::duration;
use super::super::prose::words;
use super::{grants, preview_for};
use crate::client::ClientError;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::{preview, share};

/// A change of a grant.
#[derive(Debug, clap::Args)]
pub struct Editing {
    /// The helper, or a receipt (asif share list)
    #[arg(value_name = "NAME")]
    name: String,
    /// What they may see, and nothing else
    #[arg(long = "scope", value_name = "SCOPES", value_delimiter = ',', conflicts_with_all = ["add", "remove"])]
    scopes: Option<Vec<Scope>>,
    /// What they may see too, with commas between
    #[arg(long, value_name = "SCOPES", value_delimiter = ',')]
    add: Vec<Scope>,
    /// What they may see no longer, with commas between
    #[arg(long, value_name = "SCOPES", value_delimiter = ',')]
    remove: Vec<Scope>,
    /// Only what happened from then on
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Until then; with an empty text there is no end
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// What is new reaches them so much later: 24h, 2d, 0
    #[arg(long, value_name = "LENGTH", value_parser = duration)]
    delay: Option<u32>,
    /// Who they are
    #[arg(long)]
    role: Option<Role>,
    /// What it is for, in your words; they will read it. An empty text takes it away
    #[arg(long, value_name = "TEXT", value_parser = words)]
    purpose: Option<String>,
    /// Your name as they see it
    #[arg(long = "as", value_name = "NAME")]
    client: Option<String>,
    /// Only show what they would see
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Editing {
    /// Shows what they would see, asks, and changes it.
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { name, scopes, add, remove, since, until, delay, role, purpose, client, dry_run, yes } = self;
        let change = GrantChange { scopes, add, remove, since, until, delay_s: delay, role, purpose, client };
        if dry_run || !(yes && context.json()) {
            let asked = ShareAsk::PreviewEdit { name: name.clone(), change: change.clone() };
            let seen = preview_for(Request::Share(asked), context)?;
            if dry_run {
                return context.tell(&seen, |screen| preview::preview(screen, &seen));
            }
            let mut screen = context.screen();
            preview::preview(&mut screen, &seen);
            let text = screen.finish();
            if context.json() {
                context.talk(&text);
            } else {
                context.write(&text).map_err(CommandError::before_the_deed)?;
            }
        }
        if !yes {
            let question = "Change it so? What is no longer to be seen is taken back; what was read cannot be.";
            match context.prompt() {
                None => return Err(CommandError::usage("this asks first, and nobody can be asked here", "say it with --yes")),
                Some(mut prompt) => {
                    if !prompt.yes_or_no(question)? {
                        return context.nothing("Nothing was changed.");
                    }
                }
            }
        }
        let grant = grants(Request::Share(ShareAsk::Edit { name, change }), context)?.pop().ok_or(ClientError::Garbled)?;
        context.tell(&grant, |screen| share::changed(screen, &grant))
    }
}

/// Keeps a record back, or lets it go.
pub(super) fn hold(id: String, until: Option<String>, off: bool, context: &mut Context<'_, '_>) -> Outcome {
    let request = Request::Share(ShareAsk::Hold { id, until, off });
    let held: Held = context.ask_for(request, |reply| if let Reply::Held(held) = reply { Some(held) } else { None })?;
    context.tell(&held, |screen| share::held(screen, &held))
}

/// Sends nothing new, or goes on.
pub(super) fn pause(name: String, paused: bool, context: &mut Context<'_, '_>) -> Outcome {
    let grant = grants(Request::Share(ShareAsk::Pause { name, paused }), context)?.pop().ok_or(ClientError::Garbled)?;
    context.tell(&grant, |screen| share::paused(screen, &grant))
}
