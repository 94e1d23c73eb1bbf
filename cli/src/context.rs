//! A command at work: the world, the global flags, and the ways to ask the daemon and to tell the person.

use std::ffi::OsString;

use asif_proto::home::Home;
use asif_proto::local::{Draft, Event, Question, Reply, Request};
use asif_proto::secret::Secret;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::args::{Colour, Global};
use crate::client::{Client, News, Starter};
use crate::error::{CommandError, Outcome};
use crate::hidden;
use crate::prompt::Prompt;
use crate::render::Screen;
use crate::render::text::{visible, wrap};
use crate::render::{envelope, event, record};
use crate::world::World;

/// A way to ask the daemon at the side of a question.
pub struct Apart {
    starter: Starter,
    zone: String,
}

impl Apart {
    /// Asks the daemon one thing. Nothing is said about what was done to reach it.
    pub fn ask(&self, request: Request) -> Outcome<Reply> {
        Client::open(self.starter.clone(), self.zone.clone(), &mut |_| {})?.ask(request, &mut |_| Ok(false))
    }
}

/// What a command works with.
pub struct Context<'c, 'w> {
    /// Streams, home, clock.
    pub world: &'c mut World<'w>,
    json: bool,
    plain: bool,
    /// A bar stands in the last line of the talk.
    bar: bool,
    /// What was asked about is told of a journal that is still arriving.
    partial: bool,
    colour: bool,
    no_input: bool,
    words: Vec<String>,
    resumed: Option<Draft>,
}

impl<'c, 'w> Context<'c, 'w> {
    /// A command in `world` under the global flags.
    pub fn new(world: &'c mut World<'w>, global: &Global) -> Self {
        let colour = match global.color {
            Colour::Auto => world.colour && world.terminals.stdout,
            Colour::Always => true,
            Colour::Never => false,
        };
        Self {
            json: global.json,
            plain: global.plain,
            bar: false,
            partial: false,
            colour: colour && !global.plain,
            no_input: global.no_input,
            words: Vec::new(),
            resumed: None,
            world,
        }
    }

    /// The same for a command given with these words, after the program's own name; they are kept in its drafts.
    #[must_use]
    pub fn with_words(mut self, words: Vec<String>) -> Self {
        self.words = words;
        self
    }

    /// The words of the command.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Puts what a flag was read as in the place of what was typed: in the words of a draft it means the same on another day.
    pub fn reword(&mut self, flag: &str, typed: &str, read: &str) {
        let joined = format!("{flag}={typed}");
        let mut before = None;
        for word in &mut self.words {
            if *word == joined {
                *word = format!("{flag}={read}");
            } else if before.as_deref() == Some(flag) && word == typed {
                read.clone_into(word);
            }
            before = Some(word.clone());
        }
    }

    /// Puts a whole id in the place of the word that named it, in the words of a draft; see [`pin_id`].
    pub fn pin_id(&mut self, word: &str, id: &str) {
        pin_id(&mut self.words, word, id);
    }

    /// Goes on with a draft: the command of its words finds it in [`take_resumed`](Self::take_resumed).
    pub fn resume(&mut self, draft: Draft) {
        self.words.clone_from(&draft.words);
        self.resumed = Some(draft);
    }

    /// A draft is gone on with, and nothing has taken it yet.
    pub fn is_resumed(&self) -> bool {
        self.resumed.is_some()
    }

    /// The draft that is gone on with, once.
    pub fn take_resumed(&mut self) -> Option<Draft> {
        self.resumed.take()
    }

    /// `--json` was given.
    pub fn json(&self) -> bool {
        self.json
    }

    /// `--plain` was given.
    pub fn plain(&self) -> bool {
        self.plain
    }

    /// Bold and faint may be used.
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// The home, or why there is none.
    pub fn home(&self) -> Outcome<Home> {
        Ok(self.world.home.clone()?)
    }

    /// How the daemon is found and started from here.
    pub fn starter(&self) -> Outcome<Starter> {
        Ok(Starter {
            home: self.home()?,
            program: self.world.program.clone(),
            path: self.world.path.clone(),
            patience: self.world.patience,
        })
    }

    /// A way to ask the daemon that borrows nothing, for what looks an answer up while it is asked for.
    pub fn apart(&self) -> Outcome<Apart> {
        Ok(Apart { starter: self.starter()?, zone: self.world.zone_name() })
    }

    /// A connection to the daemon, which is started where it does not run.
    pub fn client(&mut self) -> Outcome<Client> {
        let (starter, zone) = (self.starter()?, self.world.zone_name());
        Client::open(starter, zone, &mut |notice| self.say(notice))
    }

    /// Asks the daemon one thing.
    pub fn ask(&mut self, request: Request) -> Outcome<Reply> {
        self.ask_as(crate::fresh::id(), request)
    }

    /// Asks the daemon one thing under an id of the caller's: asked again under it, it is done once.
    pub fn ask_as(&mut self, id: Uuid, request: Request) -> Outcome<Reply> {
        if matches!(request, Request::Log { .. } | Request::Edit { .. })
            && let Some(about) = self.world.about_zone()
        {
            self.say(&about);
        }
        let answer = self.client()?.ask_as(id, request, &mut |news| self.hear(news));
        self.end_bar();
        answer
    }

    /// Asks one thing and takes the reply that `wanted` picks; another reply is an error.
    pub fn ask_for<T>(&mut self, request: Request, wanted: impl FnOnce(Reply) -> Option<T>) -> Outcome<T> {
        self.ask_for_as(crate::fresh::id(), request, wanted)
    }

    /// The same under an id of the caller's.
    pub fn ask_for_as<T>(&mut self, id: Uuid, request: Request, wanted: impl FnOnce(Reply) -> Option<T>) -> Outcome<T> {
        let reply = self.ask_as(id, request)?;
        wanted(reply).ok_or_else(|| crate::client::ClientError::Garbled.into())
    }

    /// What people read, on standard error: talk that is more than a line.
    pub fn talk_on(&mut self, show: impl FnOnce(&mut Screen)) {
        if self.json {
            return;
        }
        let mut screen = self.screen();
        show(&mut screen);
        self.talk(&screen.finish());
    }

    /// What comes while something is awaited; for a question, the person's decision.
    fn hear(&mut self, news: News) -> Outcome<bool> {
        match news {
            News::Notice(text) => {
                self.say(&text);
                Ok(false)
            }
            News::Event(event) => self.tell_event(&event).map(|()| false),
            News::Question(Question::Admit { name, role, invited }) => self.admit(&name, &role, invited.as_deref()),
        }
    }

    fn tell_event(&mut self, event: &Event) -> Outcome {
        match event {
            Event::Partial(progress) => {
                self.end_bar();
                self.partial = true;
                self.explain(&event::partial(progress));
                return Ok(());
            }
            Event::Arriving(progress) => {
                // Where it could not be drawn over it would only be noise.
                if self.world.terminals.stderr && !self.json && !self.plain {
                    self.talk(&format!("\r{}", event::arriving(progress)));
                    self.bar = true;
                }
                return Ok(());
            }
            Event::CodeOver { why, codes_locked_until } if !self.json => {
                let text = event::code_over(*why, *codes_locked_until, &self.screen());
                self.say(&text);
                return Ok(());
            }
            Event::Invited { .. } | Event::Joined { .. } | Event::CodeOver { .. } => {}
        }
        let now = (self.world.clock)();
        self.tell(event, |screen| event::event(screen, event, now)).map_err(CommandError::before_the_deed)?;
        self.world.stdout.flush().map_err(|error| CommandError::Output(error).before_the_deed())
    }

    /// Whatever comes next begins on a line of its own.
    fn end_bar(&mut self) {
        if std::mem::take(&mut self.bar) {
            self.talk("\n");
        }
    }

    fn admit(&mut self, name: &str, role: &str, invited: Option<&str>) -> Outcome<bool> {
        let question = match role {
            "device" => format!("\"{name}\" has the code or the ticket and would become one of your own devices. Let it in?"),
            role => {
                // They may call themself otherwise than whoever was invited is called here.
                let made =
                    invited.filter(|invited| *invited != name).map(|invited| format!(" that you made for {invited}")).unwrap_or_default();
                let who = if made.is_empty() { name.to_owned() } else { format!("Somebody who goes by \"{name}\"") };
                format!("{who} has the code or the ticket{made} and would become your helper ({role}). Let them in?")
            }
        };
        // It comes by itself: what was typed before it is no answer to it.
        if let Some(keyboard) = self.world.keyboard {
            keyboard.forget();
        }
        match self.prompt() {
            Some(mut prompt) => prompt.yes_or_no(&question),
            None => Ok(false),
        }
    }

    /// A prompt, where the person can be asked: on a terminal, without `--no-input`.
    pub fn prompt(&mut self) -> Option<Prompt<'_>> {
        let there = self.world.terminals.stdin && self.world.terminals.stderr && !self.no_input;
        there.then(|| Prompt::new(self.world.stdin, self.world.stderr))
    }

    /// A line that is not shown as it is typed; none where nobody can be asked.
    pub fn hidden(&mut self, question: &str) -> Outcome<Option<Secret>> {
        match self.world.keyboard.filter(|_| self.can_ask()) {
            Some(keyboard) => hidden::line(keyboard, self.world.stderr, question).map(Some),
            None => Ok(None),
        }
    }

    /// The program that asks for passphrases, where the person names one.
    pub fn pinentry(&self) -> Option<OsString> {
        let named = (self.world.variable)("PINENTRY_PROGRAM");
        named.filter(|program| !self.no_input && !program.is_empty())
    }

    /// This day, where the person is: `2026-11-23`.
    pub fn today(&self) -> String {
        self.world.now.to_zoned_datetime(self.world.zone.clone()).strftime("%Y-%m-%d").to_string()
    }

    /// The person can be asked.
    pub fn can_ask(&self) -> bool {
        self.world.terminals.stdin && self.world.terminals.stderr && !self.no_input
    }

    /// Data for standard output: with `--json` one envelope around `data`, else what `show` puts on the screen.
    pub fn tell<T: Serialize + ?Sized>(&mut self, data: &T, show: impl FnOnce(&mut Screen)) -> Outcome {
        if self.json {
            return self.write(&(envelope::data(data, self.partial) + "\n"));
        }
        self.show(show)
    }

    /// Any one record that the daemon answered with, as `show` puts it on the screen; what it does not know is no record.
    pub fn tell_record(&mut self, reply: &Reply, show: impl FnOnce(&mut Screen, &Reply) -> Option<()>) -> Outcome {
        if self.json {
            return self.tell(&record::data(reply), |_| {});
        }
        let mut known = None;
        self.show(|screen| known = show(screen, reply))?;
        known.ok_or_else(|| crate::client::ClientError::Garbled.into())
    }

    /// What people read, on standard output; nothing with `--json`.
    pub fn show(&mut self, show: impl FnOnce(&mut Screen)) -> Outcome {
        if self.json {
            return Ok(());
        }
        let mut screen = self.screen();
        show(&mut screen);
        self.write(&screen.finish())
    }

    /// An empty screen in this command's manner.
    pub fn screen(&self) -> Screen {
        Screen::new(self.plain, self.colour, self.world.width, self.world.now, self.world.zone.clone())
    }

    /// Bytes for standard output as they are.
    pub fn write(&mut self, text: &str) -> Outcome {
        self.world.stdout.write_all(text.as_bytes()).map_err(CommandError::Output)
    }

    /// What there is to tell where nothing was found or done: a line of talk, and with `--json` an envelope whose data is null.
    pub fn nothing(&mut self, text: &str) -> Outcome {
        self.say(text);
        if self.json { self.tell(&(), |_| {}) } else { Ok(()) }
    }

    /// Text as it is, on standard error. Talk that nobody hears keeps nothing from being done.
    pub fn talk(&mut self, text: &str) {
        let _ = self.world.stderr.write_all(text.as_bytes());
    }

    /// One line of talk, on standard error.
    pub fn say(&mut self, text: &str) {
        self.talk(&(visible(text) + "\n"));
    }

    /// Sentences of talk, broken between words where a terminal shows them.
    pub fn explain(&mut self, text: &str) {
        if !self.world.terminals.stderr {
            return self.say(text);
        }
        for line in wrap(text, self.world.width) {
            self.say(&line);
        }
    }

    /// The time at which the command began.
    pub fn now(&self) -> Timestamp {
        self.world.now
    }
}

/// Puts a whole id in the place of the word that named it. Where another word says the same it cannot be told which one is a name.
pub fn pin_id(words: &mut [String], word: &str, id: &str) {
    let mut named = words.iter_mut().filter(|one| *one == word);
    if let (Some(one), None) = (named.next(), named.next()) {
        id.clone_into(one);
    }
}
