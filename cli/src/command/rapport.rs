//! `asif rapport`

use asif_proto::local::{RapportAsk, Reply, Request};
use asif_proto::rating::Rating;
use asif_proto::record::{Rapport, Shown, Visibility};
use asif_proto::share::{GrantView, Scope};
use clap::Subcommand;

use crate::context::Context;
use crate::error::Outcome;
use crate::form::{self, Form};
use crate::render::rapport;

/// How it is with someone who helps you. For you alone, unless a share names the scope rapport; then for that helper alone.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Say how it is now. On a terminal it is asked for.
    Rate {
        /// The helper, as you call them
        #[arg(value_name = "NAME")]
        helper: String,
        /// How understood you feel: 0 not at all, 100 fully
        #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
        understood: Option<Rating>,
        /// How far you trust them: 0 not at all, 100 fully
        #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
        trust: Option<Rating>,
        /// How far the two of you agree on what to do: 0 not at all, 100 fully
        #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
        agreement: Option<Rating>,
        /// For nobody but you, whatever you share
        #[arg(long)]
        private: bool,
    },
    /// How it was over time.
    Chart {
        /// Only with this helper
        #[arg(value_name = "NAME")]
        helper: Option<String>,
    },
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Rate { helper, understood, trust, agreement, private } => {
                let visibility = if private { Visibility::Private } else { Visibility::Inherit };
                let given = [understood, trust, agreement];
                let rate = |context: &mut Context<'_, '_>, id, ratings: [Option<Rating>; 3]| {
                    let [understood, trust, agreement] = ratings;
                    if ratings.iter().all(Option::is_none) {
                        return Ok(None);
                    }
                    let ask = RapportAsk::Rate { helper: helper.clone(), understood, trust, agreement, visibility };
                    context.ask_for_as(id, Request::Rapport(ask), one).map(Some)
                };
                let rated = if given.iter().any(Option::is_some) {
                    rate(context, crate::fresh::id(), given)?
                } else if context.can_ask() {
                    form::fill(context, |form, context| asked(form, context, &helper, private), rate)?
                } else {
                    return Err(form::missing("a rating", "--understood, --trust or --agreement, each 0-100"));
                };
                match rated {
                    Some(rated) => context.tell(&rated, |screen| rapport::changed(screen, "rated", &rated)),
                    None => context.nothing("Nothing was rated."),
                }
            }
            Self::Chart { helper } => {
                let all = |reply| if let Reply::Rapports(all) = reply { Some(all) } else { None };
                let all = context.ask_for(Request::Rapport(RapportAsk::List { helper }), all)?;
                context.tell(&all, |screen| rapport::chart(screen, &all))?;
                if all.is_empty() && !context.json() {
                    context.say("Nothing is rated yet. asif rapport rate NAME");
                }
                Ok(())
            }
        }
    }
}

fn asked(form: &mut Form, context: &mut Context<'_, '_>, helper: &str, private: bool) -> Outcome<[Option<Rating>; 3]> {
    let all = |reply| if let Reply::Grants(all) = reply { Some(all) } else { None };
    let is_shared =
        |grant: &GrantView| grant.name.eq_ignore_ascii_case(helper) && grant.ended.is_none() && grant.scopes.contains(&Scope::Rapport);
    let sees = !private && context.ask_for(Request::ShareList, all)?.iter().any(is_shared);
    let who =
        if sees { format!("{helper} sees it: you share this with them.") } else { "This is for you, unless you share it.".to_owned() };
    form.say(context, &format!("How it is with {helper}. {who}"));
    Ok([
        form.rating(context, "understood", "How understood do you feel, 0-100 (Enter to skip)?")?,
        form.rating(context, "trust", "How far do you trust them, 0-100 (Enter to skip)?")?,
        form.rating(context, "agreement", "How far do you agree on what to do, 0-100 (Enter to skip)?")?,
    ])
}

fn one(reply: Reply) -> Option<Shown<Rapport>> {
    if let Reply::Rapport(one) = reply { Some(one) } else { None }
}
