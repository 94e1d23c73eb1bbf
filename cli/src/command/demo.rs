//! `asif demo`

use asif_proto::local::{AnchorAsk, NewAnchor, Reply, Request};
use asif_proto::rating::Rating;
use asif_proto::record::{Anchor, MAX_LINE, Shown, Visibility};
use clap::Subcommand;

use super::prose;
use crate::context::Context;
use crate::error::Outcome;
use crate::form::{self, Form};
use crate::render::anchor;

/// See for yourself that acting as if does not need believing.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// A time when you were polite to someone you really didn't like.
    ///
    /// It is kept as an anchor for hard days: asif anchor shows it.
    Politeness(Politeness),
}

/// A time when you were polite.
#[derive(Debug, clap::Args)]
pub struct Politeness {
    /// Who it was: a label of your own, for nobody but you
    #[arg(long, value_name = "LABEL", value_parser = prose::words)]
    who: Option<String>,
    /// What you did; - reads it from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    did: Option<String>,
    /// How much they deserved it: 0 not at all, 100 fully
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    deserved: Option<Rating>,
    /// How polite you were: 0 not at all, 100 very
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    polite: Option<Rating>,
    /// For nobody but you: in no share, whatever you share
    #[arg(long)]
    private: bool,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self::Politeness(politeness) = self;
        politeness.run(context)
    }
}

impl Politeness {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { who, did, deserved, polite, private } = self;
        let visibility = if private { Visibility::Private } else { Visibility::Inherit };
        let store = |context: &mut Context<'_, '_>, id, new: Option<NewAnchor>| match new {
            Some(new) => context.ask_for_as(id, Request::Anchor(AnchorAsk::Add(new)), one).map(Some),
            None => Ok(None),
        };
        let kept = match did {
            Some(did) => {
                let did = prose::given(&did, context, |context| context.ask(Request::Anchor(AnchorAsk::List)).map(drop))?;
                did.kept_by(context, |context, id, act| {
                    store(context, id, act.map(|act| NewAnchor { who_label: who, act, deserved, polite, visibility }))
                })?
            }
            None if !context.can_ask() => {
                return Err(form::missing("--did", "asif demo politeness --who LABEL --did TEXT --deserved 0-100 --polite 0-100"));
            }
            None => form::fill(
                context,
                |form, context| asked(form, context, NewAnchor { who_label: who, act: String::new(), deserved, polite, visibility }),
                store,
            )?,
        };
        let Some(kept) = kept else { return context.nothing("Nothing was said: nothing was stored.") };
        context.tell(&kept, |screen| {
            if let (Some(polite), Some(deserved)) = (kept.value.polite, kept.value.deserved) {
                screen.sentence(&format!(
                    "You were polite ({polite}), and how much they deserved it was {deserved}. The one did not wait for the other."
                ));
            }
            screen.sentence("You can be kind to yourself in the same way: as if. Kept for hard days: asif anchor");
            anchor::changed(screen, "kept", &kept);
        })
    }
}

/// Asks for what was not given; nothing where nothing was done.
fn asked(form: &mut Form, context: &mut Context<'_, '_>, mut new: NewAnchor) -> Outcome<Option<NewAnchor>> {
    form.say(context, "Think of a time when you were polite to someone you really didn't like.");
    if new.who_label.is_none() {
        new.who_label = form.line_of(context, "who", "Who was it? A label for nobody but you (Enter to skip):  >", MAX_LINE)?;
    }
    let Some(act) = form.line(context, "did", "What did you do?  >")? else {
        // Who it was has been typed: kept as a draft.
        return if form.held().get("who").is_some_and(|who| !who.trim().is_empty()) { Err(form::stopped()) } else { Ok(None) };
    };
    new.act = act;
    if new.deserved.is_none() {
        new.deserved = form.rating(context, "deserved", "How much did they deserve it, 0-100 (Enter to skip)?")?;
    }
    if new.polite.is_none() {
        new.polite = form.rating(context, "polite", "How polite were you, 0-100 (Enter to skip)?")?;
    }
    Ok(Some(new))
}

fn one(reply: Reply) -> Option<Shown<Anchor>> {
    if let Reply::Anchor(anchor) = reply { Some(anchor) } else { None }
}
