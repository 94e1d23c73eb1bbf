//! `asif practice adapt`

use asif_proto::local::{Adapt, Known, Request};
use asif_proto::record::{Gentler, Practice};
use uuid::Uuid;

use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::form::{self, Form};
use crate::render::gentler;

/// A gentler way, where a practice feels worse or too much.
///
/// In this order: let it be background; name it, hand on body; wish it for someone you love first; just breathe; leave it. On a terminal
/// you are asked which.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which practice: its short name, or an id
    #[arg(value_name = "P", add = names(Known::Practices))]
    practice: String,
    /// Which way: background, name-it, someone-loved, breathe or leave
    #[arg(value_name = "WAY")]
    way: Option<Gentler>,
}

impl Args {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { practice, way } = self;
        if way.is_none() && !context.can_ask() {
            return Err(form::missing("which way", "asif practice adapt P background   (or name-it, someone-loved, breathe, leave)"));
        }
        let practice = context.ask_for(Request::PracticeShow { practice }, super::one)?.id.to_string();
        let adapted = form::fill(
            context,
            |form, context| match way {
                Some(way) => Ok(Some(way)),
                None => which(form, context),
            },
            |context, id, way| way.map(|way| adapt(context, id, practice.clone(), way)).transpose(),
        )?;
        match adapted {
            Some(adapted) => context.tell(&adapted, |screen| gentler::adapted(screen, &adapted)),
            None => context.nothing("It stays as it is."),
        }
    }
}

/// Offers the gentler ways in their order; Enter is none.
pub fn which(form: &mut Form, context: &mut Context<'_, '_>) -> Outcome<Option<Gentler>> {
    for line in gentler::offer(context.world.width) {
        form.say(context, &line);
    }
    let words: Vec<(&str, Gentler)> = Gentler::ALL.iter().map(|way| (gentler::words(*way), *way)).collect();
    form.choice(context, "way", "Which (Enter: none)?", &words, None)
}

/// Takes a way for a practice.
pub fn adapt(context: &mut Context<'_, '_>, id: Uuid, practice: String, way: Gentler) -> Outcome<Practice> {
    context.ask_for_as(id, Request::PracticeAdapt(Adapt { practice, way }), super::one)
}
