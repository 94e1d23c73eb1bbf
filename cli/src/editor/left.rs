//! What an asif that was killed has left in memory: its words become the draft that they would have been.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use asif_proto::home::Home;
use asif_proto::local::draft::Keeping;
use asif_proto::local::{Draft, DraftAsk, Reply, Request};
use jiff::Timestamp;

use super::ended::{Ended, beside, found};
use super::place::{About, Place, candidates};
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::form;

/// A window into which nobody saves for so long is taken to be closed.
const OPEN_FOR: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// Looks for such texts of this home; each is kept as a draft and then gone. One that cannot be kept stays where it is, and is named.
pub fn take_up(context: &mut Context<'_, '_>) {
    let Ok(home) = context.home() else { return };
    for (place, about) in Place::left(&candidates(context), &mark(&home)) {
        let ended = found(&place, &about);
        let is_taken = |text: &String| about.taken.contains(&digest(text));
        let mut beside = beside(&place, &about, &ended);
        beside.retain(|text| !is_taken(text));
        let (text, more) = match ended {
            Ended::Same if about.unsaid => (Some(about.opened.clone()), beside),
            Ended::Same | Ended::Empty => (None, beside),
            Ended::Text { text, mut more } => {
                more.retain(|text| !is_taken(text));
                (Some(text).filter(|text| !is_taken(text)), [more, beside].concat())
            }
            Ended::NotText => {
                leave(context, place, None);
                continue;
            }
        };
        match (text, more) {
            // Nothing was written.
            (None, more) if more.is_empty() => stay_open(place, about),
            (text, more) => {
                let taken = about.taken.iter().copied().chain(more.iter().map(|text| digest(text))).collect();
                let draft = draft(&about, text.clone(), more, (context.world.clock)());
                match keep(context, draft) {
                    Ok(kept) => {
                        context.say(&format!(
                            "An asif was ended while its editor was open. What you wrote there is kept: asif draft resume {}",
                            kept.short
                        ));
                        if about.may_be_open {
                            let path = place.text();
                            context.say(&format!(
                                "It may be open in a window still: what you save there has its place, in {}",
                                path.display()
                            ));
                        }
                        let opened = text.unwrap_or_else(|| about.opened.clone());
                        stay_open(place, About { opened, unsaid: false, taken, ..about });
                    }
                    Err(error) => leave(context, place, Some(&error)),
                }
            }
        }
    }
}

/// A place that a window may have open stays for what is saved there later, unless nothing came there for long.
fn stay_open(place: Place, about: About) {
    if about.may_be_open && place.still_for() < OPEN_FOR && place.note(&about).is_ok() {
        place.leave();
    }
}

fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// What tells the texts of this home from those of others, however it is named.
pub fn mark(home: &Home) -> String {
    std::fs::canonicalize(&home.data).unwrap_or_else(|_| home.data.clone()).display().to_string()
}

/// Keeps it; as a draft of its own where somebody has gone on with the one that it was.
fn keep(context: &mut Context<'_, '_>, draft: Draft) -> Outcome<Draft> {
    let one = |reply| if let Reply::Draft(kept) = reply { Some(kept) } else { None };
    let kept = context.ask_for(Request::Draft(DraftAsk::Keep(Box::new(Keeping::new(draft.clone())))), one)?;
    if kept.says(&draft) {
        return Ok(kept);
    }
    let own = Draft { id: crate::fresh::id(), ..draft };
    context.ask_for(Request::Draft(DraftAsk::Keep(Box::new(Keeping::new(own)))), one)
}

/// Removes the texts of the home that has this [`mark`], whatever they hold.
pub fn forget(context: &Context<'_, '_>, mark: &str) {
    drop(Place::left(&candidates(context), mark));
}

fn leave(context: &mut Context<'_, '_>, place: Place, error: Option<&CommandError>) {
    let why = error
        .and_then(CommandError::failure)
        .map_or_else(|| "it is not text (not UTF-8); remove it when you have what you need".to_owned(), |failure| failure.message);
    let path = place.leave();
    context.say(&format!("What was written in an editor lies in memory until this machine is off, in {}: {why}", path.display()));
}

/// The draft that the words of an editor become.
fn draft(about: &About, text: Option<String>, more: Vec<String>, now: Timestamp) -> Draft {
    let mut answers = about.answers.clone();
    form::put_edited(&mut answers, &about.field, text, more);
    Draft { id: about.draft, short: String::new(), words: about.words.clone(), answers, typing: None, begun_at: now, kept_at: now }
}
