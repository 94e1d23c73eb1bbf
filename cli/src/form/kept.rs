//! What is kept of a form as a draft, and what becomes of the draft.

use std::collections::BTreeMap;

use asif_proto::local::draft::Keeping;
use asif_proto::local::{Draft, DraftAsk, Failure, Reply, Request};
use jiff::Timestamp;
use uuid::Uuid;

use super::edited::{BASE, is_found};
use super::keeper::Kept;
use super::{Form, Keeper};
use crate::context::Context;
use crate::keyboard::Typing;
use crate::sit::sat::is_of_a_sitting;

/// Text that was typed and that no question had asked for yet.
const ALSO_TYPED: &str = "also typed";

/// Why there is no draft.
pub(super) enum NotKept {
    /// Nothing was typed.
    Nothing,
    /// The daemon did not keep it.
    Because(Option<Failure>),
}

/// The name of an answer that was begun and not ended, beside the answers: its question may come again.
pub(super) fn begun(key: &str) -> String {
    format!("{key} (begun)")
}

/// An answer that no question has taken: another text that was found, one that was begun, and what was typed ahead.
fn is_left(name: &str) -> bool {
    is_found(name) || name.ends_with(" (begun)") || name == ALSO_TYPED
}

impl Form {
    pub(super) fn draft(&self) -> Option<Draft> {
        let typed = |typing: &&(String, String)| !typing.1.trim().is_empty();
        let typing = self.typing.as_ref().filter(typed).or(self.left.as_ref().filter(typed)).or(self.typing.as_ref());
        let mut answers = self.answers.clone();
        if let Some((key, text)) = self.left.as_ref().filter(|left| typed(left) && typing != Some(left)) {
            // Two half-typed lines: the earlier one is kept beside the answers, as none of them.
            answers.insert(begun(key), text.clone());
        }
        let written = answers.iter().filter(|(name, _)| *name != BASE).map(|(_, text)| text);
        let said = written.chain(typing.map(|(_, text)| text)).any(|text| !text.trim().is_empty());
        said.then(|| self.draft_of(self.id, answers, typing.cloned()))
    }

    fn draft_of(&self, id: Uuid, answers: BTreeMap<String, String>, typing: Option<(String, String)>) -> Draft {
        let (words, begun_at, kept_at) = (self.words.clone(), self.begun_at, (self.clock)());
        Draft { id, short: String::new(), words, answers, typing, begun_at, kept_at }
    }

    /// Has it kept, without waiting.
    pub(super) fn keep(&mut self) {
        if let (Some(keeper), Some(draft)) = (&self.keeper, self.draft()) {
            self.kept = true;
            keeper.keep(draft);
        }
    }

    /// Has it kept and waits for that. Where nothing was typed there is nothing to keep. Where somebody else has gone on with its draft, it goes on
    /// under an id of its own.
    pub(super) fn keep_now(&mut self) -> Result<Kept, NotKept> {
        let draft = self.draft();
        self.kept |= draft.is_some();
        let is_nothing = draft.is_none();
        let Some(keeper) = &self.keeper else { return Err(if is_nothing { NotKept::Nothing } else { NotKept::Because(None) }) };
        match keeper.keep_now(draft) {
            Err(why) => Err(NotKept::Because(Some(why))),
            Ok(Some(kept)) if !is_nothing => {
                self.id = kept.id;
                Ok(kept)
            }
            Ok(_) => Err(NotKept::Nothing),
        }
    }

    /// Puts text that was typed and read, and that no question has asked for, beside the answers.
    pub(super) fn take_ahead(&mut self) {
        let ahead = self.keyboard.as_mut().map(Typing::take_ahead).unwrap_or_default();
        self.put_beside(&String::from_utf8_lossy(&ahead));
    }

    /// Puts text that nothing has asked for beside the answers.
    pub(super) fn put_beside(&mut self, text: &str) {
        // A key that ends a text is none.
        if text.contains(|letter: char| !letter.is_whitespace() && !letter.is_control()) {
            let all = self.answers.entry(ALSO_TYPED.to_owned()).or_default();
            if !all.is_empty() {
                all.push('\n');
            }
            all.push_str(text.trim_end_matches('\n'));
        }
    }

    /// The same with what the terminal still holds: nobody reads it here any more, and no shell shall.
    pub(super) fn take_all_ahead(&mut self) {
        if let Some(typing) = &mut self.keyboard {
            typing.take_the_rest();
        }
        self.take_ahead();
    }

    /// Keeps what the deed did not take as another draft, and says so: it was typed all the same.
    pub(super) fn keep_the_rest(&mut self, context: &mut Context<'_, '_>) {
        let mut rest: BTreeMap<String, String> = self
            .answers
            .iter()
            .filter(|(name, text)| (is_left(name) || self.was_not_asked(name)) && !text.trim().is_empty())
            .map(|(a, b)| (a.clone(), b.clone()))
            .collect();
        self.answers.retain(|name, _| !rest.contains_key(name));
        rest.extend(self.left.take().filter(|(_, text)| !text.trim().is_empty()).map(|(key, text)| (begun(&key), text)));
        if rest.is_empty() {
            return;
        }
        let draft = self.draft_of(crate::fresh::id(), rest.clone(), None);
        let ask = Request::Draft(DraftAsk::Keep(Box::new(Keeping::new(draft))));
        match context.ask_for(ask, |reply| if let Reply::Draft(kept) = reply { Some(kept) } else { None }) {
            Ok(Draft { short, .. }) => context.explain(&format!(
                "You had typed more than went into it. The rest is kept: asif draft show {short} prints it, asif draft drop {short} forgets it."
            )),
            Err(_) => {
                context.say("You had typed more than went into it, and the rest is NOT kept:");
                rest.values().flat_map(|text| crate::render::text::visible_lines(text)).for_each(|line| context.say(&line));
            }
        }
    }

    /// An answer of the draft whose question did not come again: what it was about has changed meanwhile.
    fn was_not_asked(&self, name: &str) -> bool {
        let is_used = name == BASE || is_of_a_sitting(name) || self.edited.iter().any(|field| field == name);
        self.is_resumed && !is_used && self.asked.iter().all(|(asked, _)| asked != name)
    }

    /// Forgets what may be kept of it, unless somebody else has put words there since. A draft that stays makes nothing twice: it says the same under
    /// the same id.
    pub(super) fn forget(&mut self, context: &mut Context<'_, '_>) {
        if self.kept {
            let last = self.keeper.as_ref().and_then(|keeper| keeper.keep_now(None).ok().flatten());
            let (id, after) = last.map_or((self.id, self.known), |kept| (kept.id, Some(kept.at)));
            drop_as_of(context, id, after);
        }
        self.forget_refused(context);
    }

    /// Forgets what is kept of it under the id under which it was refused: it is kept under another, or not worth keeping.
    pub(super) fn forget_refused(&mut self, context: &mut Context<'_, '_>) {
        if let Some((id, after)) = self.refused.take().filter(|_| self.kept) {
            drop_as_of(context, id, after);
        }
    }

    /// From here on it is another draft: under its id something else stands already.
    pub(super) fn renew(&mut self) {
        let last = self.keeper.as_ref().and_then(|keeper: &Keeper| keeper.keep_now(None).ok().flatten());
        self.refused = Some((std::mem::replace(&mut self.id, crate::fresh::id()), last.map(|kept| kept.at)));
    }
}

/// Drops a draft as it was kept at a time; of one that is not known to have been kept nothing here is to be dropped.
fn drop_as_of(context: &mut Context<'_, '_>, id: Uuid, after: Option<Timestamp>) {
    if after.is_some() {
        let _ = context.ask(Request::Draft(DraftAsk::Drop { id: Some(id.to_string()), after }));
    }
}
