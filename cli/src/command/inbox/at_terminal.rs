//! `asif inbox` at a terminal: one by one.

use asif_proto::local::{InboxAsk, PracticeFields, Request};
use asif_proto::share::{Fit, InboxItem, SuggestionState};

use super::{items, looked, one, short};
use crate::context::Context;
use crate::error::Outcome;
use crate::form::{self, Form};
use crate::render::inbox;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Accept,
    Change,
    Later,
    Decline,
    Leave,
}

/// Shows what waits, and asks about each of it.
pub(super) fn one_by_one(context: &mut Context<'_, '_>) -> Outcome {
    let all = items(context, false)?;
    if all.is_empty() {
        context.say("Nothing waits for you.");
        return Ok(());
    }
    for item in &all {
        let mut screen = context.screen();
        inbox::told(&mut screen, item, &short(item, &all));
        let text = screen.finish();
        context.write(&text)?;
        looked(context, std::slice::from_ref(item))?;
        match item {
            InboxItem::Suggestion(one) if matches!(one.state, SuggestionState::Sent | SuggestionState::Seen | SuggestionState::Later) => {
                about_suggestion(context, item)?;
            }
            InboxItem::Understood(one) if one.reply.is_none() => about_understood(context, item)?,
            _ => {}
        }
    }
    Ok(())
}

fn about_suggestion(context: &mut Context<'_, '_>, item: &InboxItem) -> Outcome {
    let id = inbox::id(item).to_string();
    let words = [("a", Word::Accept), ("c", Word::Change), ("l", Word::Later), ("d", Word::Decline), ("", Word::Leave)];
    let answer = |form: &mut Form, context: &mut Context<'_, '_>| {
        let word = form.choice(context, "answer", "[a]ccept  [c]hange  [l]ater  [d]ecline (Enter: leave it here)  >", &words, None)?;
        let title = match word {
            Some(Word::Change) => form.line(context, "title", "In your own words:  >")?,
            _ => None,
        };
        Ok((word, title))
    };
    let said = form::fill(context, answer, |context, request, (word, title)| {
        let ask = match word {
            None | Some(Word::Leave) => return Ok(None),
            Some(Word::Accept) => InboxAsk::Accept { id, changes: Box::default(), slug: None },
            Some(Word::Change) => {
                let changes = PracticeFields { title, ..PracticeFields::default() };
                InboxAsk::Accept { id, changes: Box::new(changes), slug: None }
            }
            Some(Word::Later) => InboxAsk::Decide { id, later: true },
            Some(Word::Decline) => InboxAsk::Decide { id, later: false },
        };
        context.ask_for_as(request, Request::Inbox(ask), one).map(Some)
    })?;
    match said {
        Some(said) => context.tell(&said, |screen| inbox::answered(screen, &said)),
        None => Ok(()),
    }
}

fn about_understood(context: &mut Context<'_, '_>, item: &InboxItem) -> Outcome {
    let id = inbox::id(item).to_string();
    let words = [("f", Some(Fit::Fits)), ("p", Some(Fit::Partly)), ("d", Some(Fit::Doesnt)), ("", None)];
    let answer = |form: &mut Form, context: &mut Context<'_, '_>| {
        let fit = form.choice(context, "fit", "[f]its  [p]artly  [d]oesn't (Enter: leave it here)  >", &words, None)?.flatten();
        let text = match fit {
            Some(_) => form.line(context, "words", "Anything to say to it? They will read it (Enter: no)  >")?,
            None => None,
        };
        Ok((fit, text))
    };
    let said = form::fill(context, answer, |context, request, (fit, words)| {
        let Some(fit) = fit else { return Ok(None) };
        context.ask_for_as(request, Request::Inbox(InboxAsk::Answer { id, fit, words }), one).map(Some)
    })?;
    match said {
        Some(said) => context.tell(&said, |screen| inbox::answered(screen, &said)),
        None => Ok(()),
    }
}
