//! What helpers send, and what is said to it.

use asif_proto::id::{ItemId, unique_suffix};
use asif_proto::record::Specificity;
use asif_proto::share::{InboxItem, Suggestion, SuggestionState};
use jiff::Timestamp;

use super::practice::hyphens;
use super::{Screen, loan, short_id, time};

/// The id of something that was sent.
pub fn id(item: &InboxItem) -> ItemId {
    match item {
        InboxItem::Suggestion(one) => one.id,
        InboxItem::Understood(one) => one.id,
        InboxItem::Reply(one) => one.id,
        InboxItem::Loan(one) => one.id,
    }
}

/// Everything that was sent, newest first.
pub fn list(screen: &mut Screen, items: &[InboxItem]) {
    let ids: Vec<String> = items.iter().map(|item| id(item).to_string()).collect();
    for (item, id) in items.iter().zip(&ids) {
        told(screen, item, unique_suffix(id, ids.iter().map(String::as_str)));
    }
}

/// One thing that a helper sent to this person.
pub fn told(screen: &mut Screen, item: &InboxItem, id: &str) {
    match item {
        InboxItem::Suggestion(one) => {
            let state = match one.state {
                SuggestionState::Sent | SuggestionState::Seen => String::new(),
                _ => format!("  {}", answer(one, "not answered yet")),
            };
            screen.heading(&format!("{id}  {} suggests  {}{state}", one.from, when(screen, one.sent_at)));
            suggestion(screen, one);
            apart(screen, one.apart, id);
        }
        InboxItem::Understood(one) => {
            screen.heading(&format!("{id}  What {} has understood  {}", one.from, when(screen, one.sent_at)));
            screen.prose("  ", &one.text);
            if let Some(reply) = one.reply {
                screen.line(&format!("  You answered: {}", hyphens(reply)));
                screen.prose("    ", one.words.as_deref().unwrap_or_default());
            }
            apart(screen, one.apart, id);
        }
        InboxItem::Reply(one) => {
            let about = match (&one.about, &one.what) {
                (Some(record), Some(what)) => format!(" about {what} {}", short_id(&record.to_string())),
                _ => " about something that is not here".to_owned(),
            };
            screen.heading(&format!("{id}  {} says{about}  {}", one.from, when(screen, one.sent_at)));
            screen.prose("  ", &one.text);
        }
        InboxItem::Loan(one) => loan::whole(screen, one),
    }
}

fn apart(screen: &mut Screen, apart: bool, id: &str) {
    if apart {
        screen.line(&format!("  Two devices answered apart; all that was said is in: asif history {id}"));
    }
}

/// One thing that this person sent to a client.
pub fn sent(screen: &mut Screen, item: &InboxItem, id: &str, ended: bool) {
    // What they answered is deleted with the rest.
    let unanswered = if ended { "what they said to it, if they did, is deleted" } else { "not answered yet" };
    match item {
        InboxItem::Suggestion(one) => {
            screen.line(&format!("{id}  suggested {}: {}", when(screen, one.sent_at), answer(one, unanswered)));
            suggestion(screen, one);
        }
        InboxItem::Understood(one) => {
            let answer = one.reply.map_or_else(
                || unanswered.to_owned(),
                |fit| format!("it {}", hyphens(fit).replace("doesnt", "doesn't fit").replace("partly", "partly fits")),
            );
            screen.line(&format!("{id}  what you have understood {}: {answer}", when(screen, one.sent_at)));
            screen.prose("  ", &one.text);
            if let Some(words) = &one.words {
                screen.line("  They say:");
                screen.prose("    ", words);
            }
        }
        InboxItem::Reply(one) => {
            let what = one.what.as_deref().unwrap_or("something no longer shared");
            screen.line(&format!("{id}  you said about {what} {}:", when(screen, one.sent_at)));
            screen.prose("  ", &one.text);
        }
        InboxItem::Loan(one) => loan::lent(screen, one),
    }
}

/// What the helper reads after sending.
pub fn just_sent(screen: &mut Screen, item: &InboxItem, client: &str) {
    let id = id(item).to_string();
    sent(screen, item, short_id(&id), false);
    if let InboxItem::Suggestion(_) = item {
        screen.sentence(&format!("Sent as a suggestion. {client} may accept, change, leave or decline; you'll see only which."));
    }
}

/// What was answered, as the client reads it.
pub fn answered(screen: &mut Screen, item: &InboxItem) {
    match item {
        InboxItem::Suggestion(one) => {
            let state = hyphens(one.state);
            let sees = |what: String| hears(&one.from, (one.ended, one.paused), &what);
            match (&one.practice, one.state) {
                (Some(practice), _) => {
                    screen.line(&format!("{state} \"{}\" as {practice}  (undo: asif undo)", one.title));
                    let private = format!("only for you: asif practice edit {practice} --private");
                    let what = if one.practice_shown {
                        format!("\"{state}\", and the new practice too, as you share practices ({private})")
                    } else {
                        format!("only \"{state}\"")
                    };
                    screen.sentence(&format!("{} To practise: asif try {practice}", sees(what)));
                }
                (None, SuggestionState::Later) => {
                    screen.sentence(&format!("Left for later: \"{}\". {}", one.title, sees(format!("only \"{state}\""))))
                }
                (None, _) => {
                    screen.line(&format!("Declined: \"{}\".  (undo: asif undo)", one.title));
                    screen.sentence(&sees(format!("only \"{state}\"")));
                }
            }
        }
        InboxItem::Understood(one) => {
            let reply = one.reply.map(hyphens).unwrap_or_default();
            let words = if one.words.is_some() { ", with your words" } else { "" };
            screen.line(&format!("You answered: {reply}.  (undo: asif undo)"));
            screen.sentence(&hears(&one.from, (one.ended, one.paused), &format!("{reply}{words}")));
        }
        InboxItem::Reply(_) | InboxItem::Loan(_) => {
            let id = id(item).to_string();
            told(screen, item, short_id(&id));
        }
    }
}

/// What a helper hears of an answer, in a sentence.
fn hears(from: &str, (ended, paused): (bool, bool), what: &str) -> String {
    match (ended, paused) {
        (true, _) => format!("Sharing with {from} has ended, so it stays with you."),
        (false, true) => format!("Sharing with {from} is paused: once you resume it, {from} sees {what}."),
        (false, false) => format!("{from} sees {what}."),
    }
}

fn answer(one: &Suggestion, unanswered: &str) -> String {
    match one.state {
        SuggestionState::Sent | SuggestionState::Seen => unanswered.to_owned(),
        state => hyphens(state),
    }
}

fn suggestion(screen: &mut Screen, one: &Suggestion) {
    let difficulty = one.difficulty.map(|difficulty| format!(", difficulty {difficulty}")).unwrap_or_default();
    screen.line(&format!("  \"{}\"  ({}{difficulty})", one.title, hyphens(one.kind)));
    let Specificity { when, place, how_long } = &one.specificity;
    let particulars: Vec<&str> = [when, place, how_long, &one.cue, &one.frequency].into_iter().flatten().map(String::as_str).collect();
    if !particulars.is_empty() {
        screen.line(&format!("  {}", particulars.join(", ")));
    }
    screen.prose("  ", one.why.as_deref().unwrap_or_default());
}

fn when(screen: &Screen, at: Timestamp) -> String {
    time::instant(at, screen)
}
