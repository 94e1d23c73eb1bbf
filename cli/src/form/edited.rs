//! An answer that is written in the person's own editor.
//!
//! Whatever they saved is kept like what is typed at a prompt: in the draft, as soon as it is seen. What no draft can take stays where it is.

use std::collections::BTreeMap;
use std::time::SystemTime;

use asif_proto::local::{ErrorKind, Failure};
use asif_proto::record::MAX_NOTE;

use super::{Form, NotKept};
use crate::context::Context;
use crate::editor::left::mark;
use crate::editor::place::{About, candidates};
use crate::editor::{Editor, Ended, How, Place, ended, running};
use crate::error::{CommandError, Outcome};

/// The answer that is the text which the editor was first opened on: what is changed meanwhile is merged against it.
pub const BASE: &str = "opened with";
/// Other texts that were found with what was written.
const MORE: &str = "also found";
/// Parts two texts of which one is to be made.
const PARTED: &str =
    "===== It was changed meanwhile. Above is yours, below is how it stands now. Make one text of them, without this line. =====";
/// Parts texts that were found with what was written, where an editor did not end well.
const FOUND: &str = "===== This too was found. Make one text of them, without this line. =====";

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// What was there before.
    Same,
    /// Nothing: the person took everything away.
    Empty,
    /// A text.
    Text(String),
}

/// What the editor is opened on.
struct Opened<'o> {
    /// The answer that it is.
    field: &'o str,
    text: String,
    /// What the text builds on.
    base: Option<String>,
    /// What is there already: that needs no saying.
    present: &'o str,
}

/// Puts a text that was written, if one was, and what else was found with it among the answers of a draft.
pub fn put_edited(answers: &mut BTreeMap<String, String>, field: &str, text: Option<String>, more: Vec<String>) {
    answers.extend(text.map(|text| (field.to_owned(), text)));
    for text in more {
        // What is there under a number stays there.
        let free = (1..).map(|number| format!("{MORE} {number}")).find(|name| answers.get(name).is_none_or(|held| *held == text));
        answers.extend(free.map(|name| (name, text)));
    }
}

/// Whether an answer is another text that was found.
pub(super) fn is_found(name: &str) -> bool {
    name.starts_with(MORE)
}

/// Makes one text of the one that was written and of what was found with it.
fn take_together(answers: &mut BTreeMap<String, String>, field: &str, with: &str) {
    let found = answers.extract_if(.., |name, _| is_found(name)).map(|(_, text)| text).collect::<Vec<_>>();
    let mut found = found.into_iter();
    match answers.get_mut(field) {
        Some(text) => found.for_each(|more| text.extend([with, &more])),
        None => {
            if let Some(mut text) = found.next() {
                found.for_each(|more| text.extend([with, &more]));
                answers.insert(field.to_owned(), text);
            }
        }
    }
}

/// Texts are still parted in it.
fn is_parted(text: &str) -> bool {
    text.contains(PARTED) || text.contains(FOUND)
}

impl Form {
    /// A text written in the person's editor, which is opened on what the draft holds, or else on the text that is there at
    /// `present`; none where it is to become a new one.
    pub fn edited(&mut self, context: &mut Context<'_, '_>, field: &str, present: Option<&str>) -> Outcome<Edited> {
        self.edited.push(field.to_owned());
        if let Some((_, half)) = self.left.take_if(|(name, _)| name == field) {
            self.answers.entry(field.to_owned()).or_insert(half);
        }
        let base = self.answers.get(BASE).cloned().or_else(|| present.map(str::to_owned));
        let opened = Editor::of(context).and_then(|editor| Ok((editor, Place::make(&candidates(context)).map_err(Failure::from)?)));
        let with = if opened.is_ok() { format!("\n\n{FOUND}\n\n") } else { "\n\n".to_owned() };
        take_together(&mut self.answers, field, &with);
        match (opened, self.answers.get(field).cloned()) {
            (Ok((editor, place)), held) => {
                let present = present.unwrap_or_default();
                let text = held.unwrap_or_else(|| present.to_owned());
                self.through(context, &editor, place, Opened { field, text, base, present })
            }
            (Err(error), Some(text)) => {
                // It can be gone on with all the same.
                context.say(&format!("{error}: here it is at a prompt"));
                self.answers.remove(field);
                // What was begun at another question has no other place.
                if let Some((_, half)) = self.left.replace((field.to_owned(), text)) {
                    self.put_beside(&half);
                }
                Ok(self.prose(context, field, "Go on here")?.map_or(Edited::Empty, Edited::Text))
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Opens the editor on both texts, parted, where they cannot be merged; what comes of it builds on `theirs`.
    pub fn edited_together(&mut self, context: &mut Context<'_, '_>, field: &str, mine: &str, theirs: &str) -> Outcome<Edited> {
        let editor = Editor::of(context)?;
        let place = Place::make(&candidates(context)).map_err(Failure::from)?;
        let text = format!("{mine}\n\n{PARTED}\n\n{theirs}");
        self.through(context, &editor, place, Opened { field, text, base: Some(theirs.to_owned()), present: theirs })
    }

    /// The text that the editor was first opened on, where something was written.
    pub fn base(&self) -> Option<&str> {
        self.answers.get(BASE).map(String::as_str)
    }

    /// Asks whether to go on with what was written. No, and where nobody can be asked, is the end of it.
    pub fn again(&mut self, context: &mut Context<'_, '_>, question: &str) -> Outcome<bool> {
        let yes = self.yes(context, "again", question);
        self.forget_answer("again");
        self.let_go();
        yes
    }

    /// It was done, or there was nothing to do: no draft is left of it.
    pub fn done(mut self, context: &mut Context<'_, '_>) {
        self.let_go();
        self.keep_the_rest(context);
        self.forget(context);
    }

    fn through(&mut self, context: &mut Context<'_, '_>, editor: &Editor, mut place: Place, opened: Opened<'_>) -> Outcome<Edited> {
        let Opened { field, text, base, present } = opened;
        self.let_go();
        let unsaid = text != present && !text.trim().is_empty();
        let mut about = About { unsaid, ..self.about(context, editor, field, text, base.as_deref())? };
        put(&mut place, &about)?;
        context
            .say(&format!("While the editor is open, the text lies in the clear in memory, for you alone ({}).", place.folder().display()));
        if editor.known.is_none() {
            context.say(&format!("asif does not know {}: copies that it may keep elsewhere are not switched off.", editor.called));
        }
        loop {
            let (how, ended) = match self.run_once(context, editor, &mut place, &mut about, base.as_deref()) {
                Ok(ran) => ran,
                Err(error) => {
                    // What was saved until then is theirs all the same.
                    if let Ended::Text { text, more } = ended::found(&place, &about) {
                        self.wrote(field, text, more, base.as_deref());
                    }
                    self.place = Some(place);
                    return Err(error);
                }
            };
            let emptied = ended == Ended::Empty || (ended == Ended::Same && about.opened.trim().is_empty());
            let (failure, text) = match (how, ended) {
                (How::Done, _) if emptied && self.answers.contains_key(field) => {
                    // Whether they took it all away, or it went with an editor that failed: what they had saved stays until they drop it.
                    return Err(Failure::new(ErrorKind::Interrupted, "the text was empty at the end; nothing was stored").into());
                }
                (How::Done, Ended::Same) if about.opened != present && !is_parted(&about.opened) => {
                    return self.taken(place, field, about.opened);
                }
                (How::Done, Ended::Same) if !is_parted(&about.opened) => {
                    self.answers.remove(field);
                    return Ok(Edited::Same);
                }
                (How::Done, Ended::Empty) => return Ok(Edited::Empty),
                (How::Done, Ended::NotText) => (not_text(), None),
                (How::Done, ended) => match text_of(ended, &about) {
                    text if is_parted(&text) => (parted(), Some(text)),
                    text if text.len() > MAX_NOTE => (too_long(), Some(text)),
                    text => return self.taken(place, field, text),
                },
                (How::StillRunning, _) => {
                    // What is there already is kept: only what comes after it is new.
                    if let Some(text) = self.answers.get(field) {
                        about.opened.clone_from(text);
                    }
                    let noted = place.note(&about);
                    let path = place.leave();
                    noted.map_err(|error| {
                        Failure::new(ErrorKind::Failure, format!("cannot note that {} is open: {error}", path.display()))
                    })?;
                    let message = format!("stopped here, and the editor is still open on {}", path.display());
                    return Err(Failure::new(ErrorKind::Interrupted, message).into());
                }
                (how, Ended::NotText) => return Err(left_behind(ended_with(how), place).into()),
                (how, _) => {
                    self.place = Some(place);
                    return Err(ended_with(how).into());
                }
            };
            // However the question ends, what was written there is not to go with it.
            match (self.again(context, &format!("{}. Open the editor again on it?", capital(&failure.message))), text) {
                (Ok(true), Some(text)) => {
                    (about.opened, about.unsaid) = (text, true);
                    put(&mut place, &about)?;
                }
                (Ok(true), None) => {}
                (Ok(false), None) => return Err(left_behind(failure, place).into()),
                (Err(error), None) => {
                    let path = place.leave();
                    context.say(&format!("What you saved in the editor lies in memory until this machine is off, in {}", path.display()));
                    return Err(error);
                }
                (again, Some(_)) => {
                    self.place = Some(place);
                    return Err(again.err().unwrap_or_else(|| failure.into()));
                }
            }
        }
    }

    /// Runs the editor once. What was written is among the answers afterwards, and kept.
    fn run_once(
        &mut self,
        context: &mut Context<'_, '_>,
        editor: &Editor,
        place: &mut Place,
        about: &mut About,
        base: Option<&str>,
    ) -> Outcome<(How, Ended)> {
        let mut seen = modified(place);
        let look = |place: &Place| {
            let now = modified(place);
            if now != seen
                && let Ended::Text { text, .. } = ended::saved(place, about)
            {
                seen = now;
                self.wrote(&about.field, text, Vec::new(), base);
                self.keep();
            }
        };
        let to_stderr = !context.world.terminals.stdout;
        let how = running::run(&mut editor.command(&place.text(), place.folder()), place, to_stderr, look)
            .map_err(|error| Failure::new(ErrorKind::Failure, format!("cannot run the editor {}: {error}", editor.program.display())))?;
        // What only starts another program comes back while the text is open: of an editor that is known, where it has left one behind.
        let mut may_be_open = || match (place.is_with_another(), ended::saved(place, about) == Ended::Same) {
            (true, true) => true,
            (is_with_another, is_same) => editor.known.is_none() && (is_with_another || is_same),
        };
        if how == How::Done && may_be_open() && self.await_its_end(context).is_err() {
            // Whether it is open is not known: what is saved there later has its place.
            about.may_be_open = true;
            // Meant for the window, which had not the keyboard.
            if let Some((_, typed)) = self.typing.take() {
                self.put_beside(&typed);
            }
            if let Ended::Text { text, more } = ended::saved(place, about) {
                self.wrote(&about.field, text, more, base);
            }
            return Ok((How::StillRunning, Ended::Same));
        }
        let ended = if how == How::Done && place.text().exists() { ended::saved(place, about) } else { ended::found(place, about) };
        // Never in the place of the text: it may be of another program.
        let beside = ended::beside(place, about, &ended);
        if let Ended::Text { text, more } = &ended {
            self.wrote(&about.field, text.clone(), more.clone(), base);
        }
        put_edited(&mut self.answers, &about.field, None, beside);
        Ok((how, ended))
    }

    /// Waits until the person says that an editor which came back is closed.
    fn await_its_end(&mut self, context: &mut Context<'_, '_>) -> Outcome {
        let closed = self.yes(context, "closed", "The editor came back. Is the text closed there?");
        self.forget_answer("closed");
        if !closed? {
            // Words are meant for the window, which had not the keyboard.
            while let Some(words) = {
                let said = self.line(context, "saved", "Press Enter when you have saved there and closed it.");
                self.forget_answer("saved");
                said?
            } {
                self.put_beside(&words);
            }
        }
        self.let_go();
        Ok(())
    }

    /// A question that is no part of the command.
    fn forget_answer(&mut self, name: &str) {
        self.answers.remove(name);
        self.asked.retain(|(key, _)| key != name);
    }

    fn wrote(&mut self, field: &str, text: String, more: Vec<String>, base: Option<&str>) {
        put_edited(&mut self.answers, field, Some(text), more);
        self.answers.extend(base.map(|base| (BASE.to_owned(), base.to_owned())));
        self.typing = None;
    }

    /// A text that can be said. Its place is given up once a draft holds it.
    fn taken(&mut self, mut place: Place, field: &str, text: String) -> Outcome<Edited> {
        self.answers.insert(field.to_owned(), text.clone());
        match self.keep_now() {
            Err(NotKept::Because(_)) => {
                // What is done with it now may take long, and can be ended as ever.
                place.hears_no_more();
                self.place = Some(place);
            }
            Ok(_) | Err(NotKept::Nothing) => {}
        }
        Ok(Edited::Text(text))
    }

    /// What tells of the text, should this asif be killed.
    fn about(&mut self, context: &Context<'_, '_>, editor: &Editor, field: &str, opened: String, base: Option<&str>) -> Outcome<About> {
        let mut answers = self.answers.clone();
        answers.extend(base.map(|base| (BASE.to_owned(), base.to_owned())));
        let recovers = editor.known.filter(|known| known.recovers()).map(|_| editor.program.clone());
        let home = mark(&context.home()?);
        let (draft, words, field) = (self.id, self.words.clone(), field.to_owned());
        Ok(About { home, draft, words, answers, field, opened, unsaid: false, may_be_open: false, taken: Vec::new(), recovers })
    }
}

/// The file ends with a line break, as editors want it; an empty one is empty.
fn put(place: &mut Place, about: &About) -> Outcome {
    let end = if about.opened.is_empty() { "" } else { "\n" };
    Ok(place.put(about, format!("{}{end}", about.opened).as_bytes()).map_err(Failure::from)?)
}

fn modified(place: &Place) -> Option<(SystemTime, u64)> {
    let meta = place.text().metadata().ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

fn text_of(ended: Ended, about: &About) -> String {
    match ended {
        Ended::Text { text, .. } => text,
        Ended::Same | Ended::Empty | Ended::NotText => about.opened.clone(),
    }
}

fn too_long() -> Failure {
    Failure::new(ErrorKind::Usage, format!("this text is longer than {} KiB; nothing was stored", MAX_NOTE / 1024))
}

fn not_text() -> Failure {
    Failure::new(ErrorKind::Usage, "this is not text (not UTF-8), or more of it than can be read; nothing was stored")
}

fn parted() -> Failure {
    Failure::new(ErrorKind::Precondition, "a line that parts two texts is still in it; nothing was stored")
}

fn ended_with(how: How) -> Failure {
    match how {
        How::Failed(code) => Failure::new(ErrorKind::Failure, format!("the editor ended with exit code {code}; nothing was changed")),
        How::Killed(signal) if signal == signal_hook::consts::SIGINT => Failure::new(ErrorKind::Interrupted, "stopped here"),
        How::Killed(signal) => Failure::new(ErrorKind::Failure, format!("the editor was ended by signal {signal}; nothing was changed")),
        How::Done | How::Stopped | How::StillRunning => Failure::new(ErrorKind::Interrupted, "stopped here"),
    }
}

/// What cannot be kept as a draft stays where it is.
fn left_behind(failure: Failure, place: Place) -> Failure {
    failure.hint(format!("it lies in memory until this machine is off, in {}", place.leave().display()))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Words about what was written in an editor and could not be kept as a draft: where it is.
pub(super) fn stays(failure: Failure, place: Place, why: Option<Failure>) -> CommandError {
    let because = why.map(|why| format!(" ({})", why.message)).unwrap_or_default();
    let path = place.leave();
    let message = format!("{}; what you wrote could not be kept as a draft{because}", failure.message);
    let hint = format!("it lies in memory until this machine is off, in {}; asif draft list takes it up", path.display());
    Failure::new(failure.kind, message).hint(hint).into()
}
