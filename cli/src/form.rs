//! A form: questions one after another on a terminal, then one deed. Whatever stops it, what was typed is kept as a draft.
//!
//! ```text
//! question -> answer -> Draft, kept by the daemon while the next is typed -> deed under the draft's id -> draft dropped
//! ```
//!
//! What comes of the deed has the draft's id: said again after a crash, it is there once. Where the daemon cannot keep what was typed, it is
//! given back on the screen.

use std::collections::BTreeMap;

use asif_proto::local::{Draft, ErrorKind, Failure, LockAsk, Reply, Request};
use asif_proto::rating::Rating;
use asif_proto::record::MAX_NOTE;
use jiff::Timestamp;
use uuid::Uuid;

use crate::context::{self, Context};
use crate::error::{CommandError, Outcome};
use crate::keyboard::{Shape, Typing};
use crate::render::text::{width, wrap};

pub mod edited;
mod keeper;
mod kept;
mod read;
mod stop;
mod words;

use crate::editor::Place;
pub use edited::{BASE, Edited, put_edited};
use keeper::Keeper;
use kept::{NotKept, begun};
use read::show_answer;
pub use read::stopped;
use words::choose;

/// Asks on a form, then does the deed. Whatever stops either keeps what was typed as a draft, sealed by the daemon, and says so.
///
/// Where nobody can be asked, every question is passed over: [`missing`] says what must be there.
pub fn fill<A, T>(
    context: &mut Context<'_, '_>,
    ask: impl FnOnce(&mut Form, &mut Context<'_, '_>) -> Outcome<A>,
    deed: impl FnOnce(&mut Context<'_, '_>, Uuid, A) -> Outcome<T>,
) -> Outcome<T> {
    before_writing(context)?;
    fill_also_locked(context, ask, deed)
}

/// The same for what is taken where the journal is locked, too.
pub fn fill_also_locked<A, T>(
    context: &mut Context<'_, '_>,
    ask: impl FnOnce(&mut Form, &mut Context<'_, '_>) -> Outcome<A>,
    deed: impl FnOnce(&mut Context<'_, '_>, Uuid, A) -> Outcome<T>,
) -> Outcome<T> {
    let mut form = Form::open(context);
    match ask(&mut form, context) {
        Ok(answer) => form.carry_out(context, |context, id| deed(context, id, answer)),
        Err(error) => Err(form.stop(context, error)),
    }
}

/// What is typed into a locked journal could be kept nowhere: that is said before anybody types.
fn before_writing(context: &mut Context<'_, '_>) -> Outcome {
    if !context.can_ask() {
        return Ok(());
    }
    if is_locked(context) {
        return Err(Failure::new(ErrorKind::Locked, "the journal is locked").hint("open it with: asif unlock").into());
    }
    Ok(())
}

/// Whether the journal is locked. Whatever else is wrong is told by what needs it.
pub fn is_locked(context: &mut Context<'_, '_>) -> bool {
    let look = context.apart().and_then(|apart| apart.ask(Request::Lock(LockAsk::Look)));
    matches!(look, Ok(Reply::Lock(view)) if view.locked)
}

/// Something must be said and nobody can be asked for it (exit 2): the flag, or a name for what is missing, and what to do.
pub fn missing(what: &str, hint: impl Into<String>) -> CommandError {
    CommandError::usage(format!("{what} is missing, and there is no terminal to ask at"), hint)
}

/// Questions under way, and what was answered.
pub struct Form {
    id: Uuid,
    words: Vec<String>,
    begun_at: Timestamp,
    answers: BTreeMap<String, String>,
    typing: Option<(String, String)>,
    /// What was being typed when it was stopped, until its question comes again.
    left: Option<(String, String)>,
    /// The questions so far, by the names of their answers.
    asked: Vec<(String, String)>,
    can_ask: bool,
    keyboard: Option<Typing>,
    keeper: Option<Keeper>,
    /// Something of it may be kept.
    kept: bool,
    /// A draft is gone on with.
    is_resumed: bool,
    /// Answers that were written in an editor.
    edited: Vec<String>,
    /// The id under which it was refused, and may be kept.
    refused: Option<(Uuid, Option<Timestamp>)>,
    /// When the draft that is gone on with was last kept.
    known: Option<Timestamp>,
    /// What was written in an editor, where no draft holds it.
    place: Option<Place>,
    clock: fn() -> Timestamp,
}

impl Form {
    /// An empty form, or that of the draft that is gone on with.
    pub fn open(context: &mut Context<'_, '_>) -> Self {
        let clock = context.world.clock;
        let resumed = context.take_resumed();
        let (kept, known) = (resumed.is_some(), resumed.as_ref().map(|draft| (draft.id, draft.kept_at)));
        let begin = || Draft {
            id: crate::fresh::id(),
            short: String::new(),
            words: context.words().to_vec(),
            answers: BTreeMap::new(),
            typing: None,
            begun_at: clock(),
            kept_at: clock(),
        };
        let Draft { id, words, answers, typing, begun_at, .. } = resumed.unwrap_or_else(begin);
        let keeper = context.starter().ok().map(|starter| Keeper::new(starter, context.world.zone_name(), known));
        let can_ask = context.can_ask();
        let (asked, left) = (Vec::new(), typing);
        let (keyboard, refused, place, known) = (None, None, None, known.map(|(_, at)| at));
        Self {
            id,
            words,
            begun_at,
            answers,
            typing: None,
            left,
            asked,
            can_ask,
            keyboard,
            keeper,
            kept,
            is_resumed: kept,
            edited: Vec::new(),
            refused,
            known,
            place,
            clock,
        }
    }

    /// The same where the terminal itself was named as what to read from: it is read, whether or not one may ask.
    pub fn at_terminal(context: &mut Context<'_, '_>) -> Self {
        Self { can_ask: true, ..Self::open(context) }
    }

    /// The id of the deed's request: done once, also after a resume.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// What its draft holds, by name: answers, and what was put there with [`hold`](Self::hold).
    pub fn held(&self) -> &BTreeMap<String, String> {
        &self.answers
    }

    /// Puts what no question asks for into the draft, and has it kept without waiting.
    pub fn hold(&mut self, values: BTreeMap<String, String>) {
        self.answers.extend(values);
        self.keep();
    }

    /// Adds a word to the command with which its draft is gone on with: what it was about stays what it is about.
    pub fn pin(&mut self, word: &str) {
        self.words.push(word.to_owned());
    }

    /// Puts a whole id in the place of the word that named it: later that word may name another thing, or several.
    pub fn pin_id(&mut self, word: &str, id: &str) {
        context::pin_id(&mut self.words, word, id);
    }

    /// Lets go of the keyboard until the next question: something else reads it, and what was typed ahead is no answer to what follows.
    pub fn let_go(&mut self) {
        self.take_ahead();
        self.keyboard = None;
    }

    /// Talk between questions, broken to the width.
    pub fn say(&mut self, context: &mut Context<'_, '_>, text: &str) {
        if !self.can_ask {
            return;
        }
        if width(text) <= context.world.width {
            return context.say(text);
        }
        let indent = " ".repeat(text.len() - text.trim_start_matches(' ').len());
        for line in wrap(text, context.world.width.saturating_sub(indent.len())) {
            context.say(&format!("{indent}{line}"));
        }
    }

    /// What can be chosen, with numbers from 1: on one line where they fit, else one below the other.
    pub fn offer(&mut self, context: &mut Context<'_, '_>, words: &[&str]) {
        let numbered: Vec<String> = (1..).zip(words).map(|(number, words)| format!("  {number} {words}")).collect();
        let one_line = numbered.join("    ");
        if width(&one_line) <= context.world.width {
            return self.say(context, &one_line);
        }
        numbered.iter().for_each(|line| self.say(context, line));
    }

    /// One line, as it was typed, of any length that can be stored somewhere; nothing where it is empty.
    pub fn line(&mut self, context: &mut Context<'_, '_>, field: &str, question: &str) -> Outcome<Option<String>> {
        self.line_of(context, field, question, MAX_NOTE)
    }

    /// The same of at most `max` bytes: a longer one can be mended where it stands.
    pub fn line_of(&mut self, context: &mut Context<'_, '_>, field: &str, question: &str, max: usize) -> Outcome<Option<String>> {
        self.ask(context, field, question, Shape::Line, |text| match text.trim().len() {
            0 => Ok(as_typed(None)),
            len if len > max => Err(format!("this has {len} bytes; here it may have {max}")),
            _ => Ok(as_typed(Some(text.to_owned()))),
        })
    }

    /// A rating, asked for again until it is one; nothing where the person only pressed Enter.
    pub fn rating(&mut self, context: &mut Context<'_, '_>, field: &str, question: &str) -> Outcome<Option<Rating>> {
        self.parsed(context, field, question, |text| text.parse::<Rating>().map_err(|error| error.to_string()))
    }

    /// Whatever `parse` makes of the answer, without the spaces around it. Asked again with its reason, and the answer there to be mended.
    pub fn parsed<T>(
        &mut self,
        context: &mut Context<'_, '_>,
        field: &str,
        question: &str,
        mut parse: impl FnMut(&str) -> Result<T, String>,
    ) -> Outcome<Option<T>> {
        self.ask(context, field, question, Shape::Line, |text| match text.trim() {
            "" => Ok(as_typed(None)),
            text => parse(text).map(|taken| as_typed(Some(taken))),
        })
    }

    /// One thing of a list that may be another one when the draft is gone on with: what `pick` names it is kept in place of what was typed.
    pub fn picked(
        &mut self,
        context: &mut Context<'_, '_>,
        field: &str,
        question: &str,
        mut pick: impl FnMut(&str) -> Result<String, String>,
    ) -> Outcome<Option<String>> {
        self.ask(context, field, question, Shape::Line, |text| match text.trim() {
            "" => Ok(as_typed(None)),
            text => pick(text).map(|name| (Some(name.clone()), Some(name))),
        })
    }

    /// One of `words`: the word, its beginning where no other begins so, or its number, from 1. Enter is the default.
    pub fn choice<T: Copy>(
        &mut self,
        context: &mut Context<'_, '_>,
        field: &str,
        question: &str,
        words: &[(&str, T)],
        default: Option<T>,
    ) -> Outcome<Option<T>> {
        let chosen = self.ask(context, field, question, Shape::Line, |text| match text.trim() {
            "" => Ok(as_typed(None)),
            text => choose(text, words).map(|(word, one)| (Some(one), word.map(str::to_owned))),
        })?;
        Ok(chosen.or(default))
    }

    /// Yes or no; Enter is no.
    pub fn yes(&mut self, context: &mut Context<'_, '_>, field: &str, question: &str) -> Outcome<bool> {
        let words = [("yes", true), ("no", false)];
        Ok(self.choice(context, field, &format!("{question} [y/N]"), &words, Some(false))?.unwrap_or(false))
    }

    /// Many lines, as they were typed; Ctrl-D on an empty line ends them. Nothing where there are none.
    pub fn prose(&mut self, context: &mut Context<'_, '_>, field: &str, invitation: &str) -> Outcome<Option<String>> {
        let invitation = format!("{invitation} (end with Ctrl-D on an empty line)");
        self.ask(context, field, &invitation, Shape::Prose, |text| {
            // One line break at the end is the Enter before Ctrl-D.
            let text = text.strip_suffix('\n').unwrap_or(text);
            if text.len() > MAX_NOTE {
                return Err(format!("this text is longer than {} KiB; nothing was stored", MAX_NOTE / 1024));
            }
            Ok(as_typed((!text.trim().is_empty()).then(|| text.to_owned())))
        })
    }

    /// Does the deed, with everything kept while it is done, and forgets the draft after it.
    pub fn carry_out<T>(
        mut self,
        context: &mut Context<'_, '_>,
        deed: impl FnOnce(&mut Context<'_, '_>, Uuid) -> Outcome<T>,
    ) -> Outcome<T> {
        self.take_all_ahead();
        let _ = self.keep_now();
        match deed(context, self.id) {
            Err(error @ CommandError::Failed(_)) => {
                if error.failure().is_some_and(|failure| failure.kind == ErrorKind::Precondition) {
                    // Something else may stand under its id, from a try whose answer was lost: it goes on under one of its own.
                    self.renew();
                }
                Err(self.stop(context, error))
            }
            // It was done, whether or not anybody could be told.
            done => {
                // What comes in pieces comes while it is done, and while that is kept.
                self.take_all_ahead();
                self.keep_the_rest(context);
                self.forget(context);
                self.take_all_ahead();
                self.keep_the_rest(context);
                self.keyboard = None;
                done
            }
        }
    }

    /// Asks until `take` has nothing against the answer. Prose cannot be mended line by line: what `take` says of it ends the form.
    fn ask<T: Default>(
        &mut self,
        context: &mut Context<'_, '_>,
        field: &str,
        question: &str,
        shape: Shape,
        mut take: impl FnMut(&str) -> Result<Taken<T>, String>,
    ) -> Outcome<T> {
        if !self.can_ask {
            return Ok(T::default());
        }
        if let Some(why) = self.keeper.as_ref().and_then(Keeper::trouble) {
            let hint = why.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
            self.say(context, &format!("What you type is not kept as a draft: {}{hint}", why.message));
        }
        let key = self.key(field);
        self.asked.push((key.clone(), question.to_owned()));
        let typing = self.left.take_if(|(name, _)| *name == key).map(|(_, text)| text).or_else(|| self.answers.remove(&begun(&key)));
        let mut text = match self.answers.remove(&key) {
            Some(answer) => {
                show_answer(context, question, &answer, shape);
                match take(&answer) {
                    Ok((taken, _)) => {
                        self.answers.insert(key, answer);
                        return Ok(taken);
                    }
                    Err(reason) => self.refuse(context, &key, answer, shape, &reason)?,
                }
            }
            None => typing.unwrap_or_default(),
        };
        loop {
            let (answer, doubt) = self.read(context, &key, question, shape, &text)?;
            if let Some(doubt) = doubt {
                text = answer;
                let end = if shape == Shape::Line { "Enter" } else { "Ctrl-D" };
                // Nobody may touch the keyboard again.
                self.keep();
                self.say(context, &format!("  {doubt}. Mend it, or press {end}"));
                continue;
            }
            match take(&answer) {
                Ok((taken, name)) => {
                    self.typing = None;
                    self.answers.insert(key, name.unwrap_or(answer));
                    self.keep();
                    return Ok(taken);
                }
                Err(reason) => text = self.refuse(context, &key, answer, shape, &reason)?,
            }
        }
    }

    /// What was typed is not taken: the text to mend, where it can be.
    fn refuse(&mut self, context: &mut Context<'_, '_>, key: &str, text: String, shape: Shape, reason: &str) -> Outcome<String> {
        self.typing = Some((key.to_owned(), text.clone()));
        self.keep();
        if shape == Shape::Prose {
            return Err(Failure::new(ErrorKind::Usage, reason).into());
        }
        self.say(context, &format!("  {reason}"));
        Ok(text)
    }

    /// The name of the answer: that of the question, with a number where it was asked before.
    fn key(&self, field: &str) -> String {
        let mut key = field.to_owned();
        let mut times = 1;
        while self.asked.iter().any(|(asked, _)| *asked == key) {
            times += 1;
            key = format!("{field} {times}");
        }
        key
    }
}

/// What was taken, and what is kept of the answer; none: the answer as it was typed.
type Taken<T> = (T, Option<String>);

fn as_typed<T>(taken: T) -> Taken<T> {
    (taken, None)
}
