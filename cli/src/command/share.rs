//! `asif share`

mod change;

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use asif_proto::local::{ErrorKind, Failure, Invite, Reply, Request, ShareAsk};
use asif_proto::share::{GrantView, Preview, Role, Scope};
use clap::Subcommand;

use super::device::Giving;
use super::fields::duration;
use super::prose::words;
use crate::client::ClientError;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::{preview, receipt, share};

/// Who may see what.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Invite someone to help: shows what they would see, asks, and makes a ticket for them.
    Invite(Box<Inviting>),
    /// What a helper sees now.
    Preview {
        /// The helper
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Everyone you invited, and what they may see.
    List,
    /// Change what a helper may see: shows first what they would see then.
    ///
    /// What is no longer to be seen is taken back at once; nobody has to agree to that but you. It cannot take back what they have read.
    Edit(Box<change::Editing>),
    /// Keep a session, a note or an experiment back from everybody for a while.
    ///
    /// What you keep back before it has reached anybody does not reach them. What they had already is asked back.
    Hold {
        /// The record
        #[arg(value_name = "ID")]
        id: String,
        /// Until then (default: until you let it go)
        #[arg(long, value_name = "WHEN", conflicts_with = "off")]
        until: Option<String>,
        /// Let it go
        #[arg(long)]
        off: bool,
    },
    /// Send a helper nothing new for now. They are not told of it.
    Pause {
        /// The helper
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Go on after a pause: what is new since goes out then.
    Resume {
        /// The helper
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// What your helpers' devices report as opened.
    ///
    /// It is their report: whether somebody read it, and who, nobody here can know.
    Log {
        /// Only this helper
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// Only what was opened since: 7d, 2026-11-01
        #[arg(long, value_name = "WHEN")]
        since: Option<String>,
    },
    /// What was agreed on, as both signed it, and what was answered to its end.
    Receipts {
        /// Only of this helper, or this receipt
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// Write them, with the signatures, into a file that is not there yet
        #[arg(long, value_name = "FILE")]
        export: Option<PathBuf>,
    },
    /// Stop sharing with a helper.
    ///
    /// That stops new entries at once. It cannot take back what they have read. A name ends all that is shared under it, and open invitations too.
    Revoke {
        /// The helper, or a receipt (asif share list)
        #[arg(value_name = "NAME")]
        name: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

/// An invitation.
#[derive(Debug, clap::Args)]
pub struct Inviting {
    /// The helper, as you call them
    #[arg(long)]
    name: String,
    /// Who they are: therapist, counsellor, coach, sponsor, friend, family or helper
    #[arg(long, default_value = "helper")]
    role: Role,
    /// What they may see, with commas between: ratings, practices, experiments, phrases, beliefs, goals, measures, anchor,
    /// rapport, safety-plan, notes (default: ratings,practices,experiments; for friend and family ratings)
    #[arg(long = "scope", value_name = "SCOPES", value_delimiter = ',')]
    scopes: Vec<Scope>,
    /// Only what happened from then on: 2026-10-01, 7d (default: today)
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only what happens before then (default: no end)
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// What is new reaches them so much later: 24h, 2d (default: at once)
    #[arg(long, value_name = "LENGTH", default_value = "0", hide_default_value = true, value_parser = duration)]
    delay: u32,
    /// What it is for, in your words; they will read it
    #[arg(long, value_name = "TEXT", value_parser = words)]
    purpose: Option<String>,
    /// Your name as they will see it (default: your own)
    #[arg(long = "as", value_name = "NAME")]
    client: Option<String>,
    /// Only show what they would see
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    giving: Giving,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Invite(inviting) => inviting.run(context),
            Self::Preview { name } => {
                let preview = preview_for(Request::SharePreviewOf { name }, context)?;
                context.tell(&preview, |screen| preview::preview(screen, &preview))
            }
            Self::List => {
                let grants = grants(Request::ShareList, context)?;
                context.tell(&grants, |screen| share::list(screen, &grants))?;
                if grants.is_empty() && !context.json() {
                    context.say("Nobody but you sees your journal.");
                }
                Ok(())
            }
            Self::Edit(editing) => editing.run(context),
            Self::Hold { id, until, off } => change::hold(id, until, off, context),
            Self::Pause { name } => change::pause(name, true, context),
            Self::Resume { name } => change::pause(name, false, context),
            Self::Log { name, since } => {
                let openings = |reply| if let Reply::Openings(openings) = reply { Some(openings) } else { None };
                let openings = context.ask_for(Request::Share(ShareAsk::Log { name, since }), openings)?;
                context.tell(&openings, |screen| receipt::openings(screen, &openings))?;
                if openings.is_empty() && !context.json() {
                    context.say("Nothing is reported as opened.");
                }
                Ok(())
            }
            Self::Receipts { name, export } => receipts(context, true, name, export),
            Self::Revoke { name, yes } => revoke(name, yes, context),
        }
    }
}

impl Inviting {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { name, role, scopes, since, until, delay, purpose, client, dry_run, giving } = self;
        let invite = Invite { name, role, scopes, since, until, delay_s: delay, purpose, client };
        if dry_run {
            let preview = preview_for(Request::SharePreview(invite), context)?;
            return context.tell(&preview, |screen| preview::preview(screen, &preview));
        }
        giving.check(context)?;
        // A script that confirmed in advance and reads JSON has nobody to show the preview to.
        if !(giving.yes && context.json()) {
            let preview = preview_for(Request::SharePreview(invite.clone()), context)?;
            let mut screen = context.screen();
            preview::preview(&mut screen, &preview);
            preview::honest_words(&mut screen, &preview);
            let text = screen.finish();
            if context.json() {
                context.talk(&text);
            } else {
                context.write(&text).map_err(CommandError::before_the_deed)?;
            }
        }
        if !giving.yes && !agreed(context)? {
            return context.nothing("Nobody was invited.");
        }
        if !giving.no_wait {
            let stops = if giving.yes { "stops the waiting here; code and ticket stay good" } else { "takes the invitation back" };
            context.say(&format!("Waiting for {}. Ctrl-C {stops}.", invite.name));
        }
        let request = Request::ShareInvite { invite, yes: giving.yes, no_wait: giving.no_wait };
        context.ask_for(request, |reply| if let Reply::Done = reply { Some(()) } else { None })
    }
}

/// The receipts of what was given to others or to this person, on the screen or in a file.
pub(super) fn receipts(context: &mut Context<'_, '_>, given: bool, name: Option<String>, export: Option<PathBuf>) -> Outcome {
    let all = |reply| if let Reply::Receipts(all) = reply { Some(all) } else { None };
    let all = context.ask_for(Request::Share(ShareAsk::Receipts { given, name }), all)?;
    if let Some(file) = export {
        let failed = |error: std::io::Error| {
            let failure = Failure::new(ErrorKind::Failure, format!("cannot write {}: {error}", file.display()));
            failure.hint("name a file that is not there yet")
        };
        let mut to = File::options().write(true).create_new(true).mode(0o600).open(&file).map_err(failed)?;
        let text = serde_json::to_string_pretty(&all).map_err(|error| failed(error.into()))?;
        writeln!(to, "{text}").and_then(|()| to.sync_all()).map_err(failed)?;
        context.say(&format!("Written to {}.", file.display()));
    }
    context.tell(&all, |screen| receipt::list(screen, &all))?;
    if all.is_empty() && !context.json() {
        context.say("There are no receipts.");
    }
    Ok(())
}

fn agreed(context: &mut Context<'_, '_>) -> Outcome<bool> {
    match context.prompt() {
        Some(mut prompt) => prompt.yes_or_no("Create invitation?"),
        None => Ok(false),
    }
}

fn revoke(name: String, yes: bool, context: &mut Context<'_, '_>) -> Outcome {
    if !yes {
        let question = format!("Stop sharing with {name}? New entries stop at once; what {name} has read cannot be taken back.");
        match context.prompt() {
            None => return Err(CommandError::usage("this asks first, and nobody can be asked here", "say it with --yes")),
            Some(mut prompt) => {
                if !prompt.yes_or_no(&question)? {
                    return context.nothing("Nothing was changed.");
                }
            }
        }
    }
    let ended = grants(Request::ShareRevoke { name }, context)?;
    if ended.is_empty() {
        return Err(ClientError::Garbled.into());
    }
    // One name may have been given twice.
    ended.iter().try_for_each(|grant| context.tell(grant, |screen| share::revoked(screen, grant)))
}

fn preview_for(request: Request, context: &mut Context<'_, '_>) -> Outcome<Preview> {
    context.ask_for(request, |reply| if let Reply::Preview(preview) = reply { Some(preview) } else { None })
}

fn grants(request: Request, context: &mut Context<'_, '_>) -> Outcome<Vec<GrantView>> {
    context.ask_for(request, |reply| if let Reply::Grants(grants) = reply { Some(grants) } else { None })
}
