//! The words about a form that was stopped: where what was typed is now.

use std::collections::BTreeMap;

use asif_proto::local::{ErrorKind, Failure};

use super::keeper::Kept;
use super::{Form, NotKept};
use crate::context::Context;
use crate::error::CommandError;
use crate::render::text::visible_lines;
use crate::sit::sat::readable;

impl Form {
    /// Keeps what was typed, gives it back where that cannot be done, and says which.
    pub(crate) fn stop(&mut self, context: &mut Context<'_, '_>, error: CommandError) -> CommandError {
        self.take_all_ahead();
        let mut kept = self.keep_now();
        // What is typed while it is being kept is no command for a shell.
        let before = self.answers.clone();
        self.take_all_ahead();
        if self.answers != before {
            kept = self.keep_now();
        }
        // From here on the signals end the program as they always did: there is nothing left to lose.
        self.keyboard = None;
        let Some(failure) = error.failure() else { return error };
        match kept {
            Ok(kept) => {
                self.forget_refused(context);
                now_kept(failure, &kept).into()
            }
            Err(NotKept::Nothing) => {
                // What is taken back is not kept either.
                self.forget(context);
                let said = if failure.kind == ErrorKind::Interrupted { "; nothing was stored" } else { "" };
                Failure { message: format!("{}{said}", failure.message), ..failure }.into()
            }
            Err(NotKept::Because(why)) => {
                if let Some(place) = self.place.take() {
                    // What lies there is all of the text; the rest has no other place.
                    let field = place.about().map(|about| about.field);
                    self.answers.retain(|name, text| Some(name) != field.as_ref() && name != super::edited::BASE && !text.is_empty());
                    if !self.answers.is_empty() || self.typing.is_some() {
                        self.give_back(context);
                    }
                    return super::edited::stays(failure, place, why);
                }
                self.give_back(context);
                not_kept(failure, why).into()
            }
        }
    }

    /// Everything that was typed, in the order in which it was asked for.
    fn give_back(&self, context: &mut Context<'_, '_>) {
        let typed: BTreeMap<String, String> =
            readable(&self.answers).into_iter().chain(self.typing.clone()).filter(|(_, text)| !text.is_empty()).collect();
        let unasked = typed.keys().filter(|key| self.asked.iter().all(|(asked, _)| asked != *key)).map(|key| (key, key));
        let asked = self.asked.iter().map(|(key, question)| (key, question)).chain(unasked);
        context.say("This is NOT kept. What you typed:");
        context.talk("\n");
        for (key, question) in asked {
            let Some(text) = typed.get(key) else { continue };
            if typed.len() > 1 {
                context.say(question);
            }
            visible_lines(text).iter().for_each(|line| context.say(line));
        }
        context.talk("\n");
    }
}

fn now_kept(failure: Failure, kept: &Kept) -> Failure {
    let short = &kept.short;
    if failure.kind == ErrorKind::Interrupted {
        return Failure::new(ErrorKind::Interrupted, format!("{}; what you typed is kept", failure.message))
            .hint(format!("asif draft resume {short} goes on with it"));
    }
    let before = failure.hint.map(|hint| format!("{hint}; ")).unwrap_or_default();
    let hint = format!("{before}what you typed is kept: asif draft resume {short} tries again, asif draft show {short} prints it");
    Failure { hint: Some(hint), ..failure }
}

fn not_kept(failure: Failure, why: Option<Failure>) -> Failure {
    let because = why.as_ref().map(|why| format!(" ({})", why.message)).unwrap_or_default();
    let hint = failure.hint.or(why.and_then(|why| why.hint)).map(|hint| format!("; {hint}")).unwrap_or_default();
    let message = if failure.kind == ErrorKind::Interrupted {
        format!("{}; what you typed is NOT kept{because}", failure.message)
    } else {
        format!("{}; what you typed is NOT kept", failure.message)
    };
    Failure::new(failure.kind, message).hint(format!("it stands above, to be copied{hint}"))
}
