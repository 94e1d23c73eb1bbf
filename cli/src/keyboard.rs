//! The terminal on standard input, where more is needed than lines.
//!
//! A terminal hands over a line when it ends, and of a longer one only the first 4095 bytes, without a word. So whatever a person writes is
//! read letter by letter: the terminal is set to that while it is typed, and back however the typing ends.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{QueueSelector, tcflush, tcgetwinsize};

mod by_letter;
mod draft;
mod keys;
mod letter;
mod presses;
pub(crate) mod signals;

use by_letter::{ByLetter, letters};
use draft::Draft;
pub use draft::Shape;
use keys::are_key_presses;
pub use presses::{Heard, Presses};
use signals::Signals;

/// The longest line that a terminal hands over whole, in bytes, without its end.
pub const MAX_LINE: usize = 4095;
/// Whoever types without a pause has it kept so often.
const AT_LEAST_EVERY: Duration = Duration::from_secs(3);
/// After such a pause what was typed is worth keeping.
const PAUSE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// The terminal on standard input.
#[derive(Debug, Clone, Copy)]
pub struct Keyboard<'t>(BorrowedFd<'t>);

/// Texts that are typed one after another: signals are heard from the first to the last, and what was typed ahead waits for the next.
///
/// The terminal gives letters all that time: between two questions it would cut a long line, too.
pub struct Typing {
    signals: Signals,
    by_letter: ByLetter,
    ahead: Vec<u8>,
    was_cut: bool,
}

/// Whether keeping a text is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// The person goes on typing meanwhile.
    No,
    /// The program is about to be stopped.
    Yes,
}

/// How a text ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As whoever typed it meant it to.
    Done,
    /// They pressed the end key at a line.
    Left,
    /// A signal came, or the terminal is gone.
    Stopped,
}

/// What was typed, however it ended.
#[derive(Debug)]
pub struct Typed {
    /// The text; the line break that ends a line is no part of it.
    pub text: Vec<u8>,
    /// How it ended.
    pub end: End,
}

impl Typing {
    /// Begins to listen: from here on the terminal gives each letter, until this goes.
    pub fn begin(keyboard: Keyboard<'_>) -> io::Result<Self> {
        let by_letter = ByLetter::set(keyboard.0)?;
        let (mut ahead, is_full) = (Vec::new(), by_letter.is_full());
        if is_full && let Some(waiting) = letters(keyboard.0, PollFlags::IN)? {
            ahead = waiting;
        }
        // Of several lines none is cut: whoever types the second is made to wait.
        let was_cut = is_full && ahead.iter().position(|byte| *byte == b'\n').is_none_or(|end| end + 1 >= MAX_LINE);
        Ok(Self { signals: Signals::listen(by_letter.setting_back()?)?, by_letter, ahead, was_cut })
    }

    /// What was typed ahead and is waited for by nobody any more.
    pub fn take_ahead(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.ahead)
    }

    /// Whether the terminal may have thrown away some of what is read first, before this began; told once.
    pub fn was_cut(&mut self) -> bool {
        std::mem::take(&mut self.was_cut)
    }

    /// Takes what was typed and that nobody waits for, so that no shell reads it: it is ahead of whatever comes next.
    pub fn take_the_rest(&mut self) {
        while let Ok(Some(typed)) = letters(self.by_letter.terminal(), PollFlags::IN) {
            if !are_key_presses(&typed) {
                self.ahead.extend(typed);
            }
        }
    }
}

impl<'t> Keyboard<'t> {
    /// The terminal that `input` is.
    pub fn new(input: BorrowedFd<'t>) -> Self {
        Self(input)
    }

    /// Forgets what was typed and not read yet: it was no answer to what is asked next.
    pub fn forget(self) {
        // A terminal that is gone has nothing to forget.
        let _ = tcflush(self.0, QueueSelector::IFlush);
    }

    /// Columns and lines of its window, where it tells.
    pub fn size(self) -> Option<(usize, usize)> {
        let size = tcgetwinsize(self.0).ok()?;
        (size.ws_col > 0 && size.ws_row > 0).then(|| (size.ws_col.into(), size.ws_row.into()))
    }

    /// Keys as they are pressed, until what this gives goes.
    pub fn presses(self) -> io::Result<Presses<'t>> {
        Presses::of(self)
    }

    /// What the person types until they end it, lines of any length. It begins with `text`, which can be mended.
    ///
    /// `invite` is called once they may begin, and again after a stop; it tells the column where they begin. `keep` hears the text so far at
    /// every end of a line and after a pause, and before a stop, where it waits until the text is kept.
    pub fn read(
        self,
        typing: &mut Typing,
        shape: Shape,
        text: &str,
        mut invite: impl FnMut() -> usize,
        mut keep: impl FnMut(&[u8], Waits),
    ) -> Typed {
        let mut draft = Draft::new(typing.by_letter.keys(), shape, invite());
        draft.set_width(typing.by_letter.columns());
        let mut echo = Vec::new();
        draft.begin_with(text, &mut echo);
        typing.by_letter.show(&echo);
        let mut unkept = false;
        let mut kept_at = Instant::now();
        let end = loop {
            if typing.signals.ended.load(Ordering::Relaxed) {
                // What was typed before the key that ends it belongs to the text, and what follows a line break to nothing yet.
                typing.take_the_rest();
                let mut echo = Vec::new();
                let mut bytes = std::mem::take(&mut typing.ahead).into_iter();
                let _ = bytes.by_ref().find_map(|byte| draft.take(byte, &mut echo));
                typing.ahead = bytes.collect();
                typing.by_letter.show(&echo);
                break End::Stopped;
            }
            if typing.signals.continued.swap(false, Ordering::Relaxed) {
                // The shell has had the terminal meanwhile.
                if typing.by_letter.set_again().is_err() {
                    break End::Stopped;
                }
                if shape == Shape::Line {
                    invite();
                }
                typing.by_letter.show(&draft.shown_line());
            }
            let mut chunk = match self.chunk(typing, unkept.then_some(&PAUSE)) {
                Ok(Chunk::Typed(chunk)) => chunk,
                Ok(Chunk::Signal) => continue,
                Ok(Chunk::Pause) => {
                    keep(draft.text(), Waits::No);
                    unkept = false;
                    continue;
                }
                Err(_) => break End::Stopped,
            };
            // The keys that would hold up the screen and let it go on are no letters.
            chunk.retain(|byte| !matches!(byte, 0x11 | 0x13));
            let stops = typing.by_letter.stop_key().and_then(|key| chunk.iter().position(|byte| *byte == key));
            if let Some(at) = stops {
                let behind = chunk.split_off(at);
                typing.ahead.splice(..0, behind.into_iter().skip(1));
            }
            draft.set_width(typing.by_letter.columns());
            let mut echo = Vec::new();
            let mut bytes = chunk.iter();
            let end = bytes.by_ref().find_map(|byte| draft.take(*byte, &mut echo));
            typing.by_letter.show(&echo);
            if let Some(end) = end {
                typing.ahead.splice(..0, bytes.copied());
                break end;
            }
            if stops.is_some() {
                keep(draft.text(), Waits::Yes);
                typing.take_the_rest();
                if typing.by_letter.put_aside(&typing.signals).is_err() {
                    break End::Stopped;
                }
                unkept = false;
                continue;
            }
            unkept = !chunk.contains(&b'\n') && kept_at.elapsed() < AT_LEAST_EVERY;
            if !unkept {
                keep(draft.text(), Waits::No);
                kept_at = Instant::now();
            }
        };
        if end != End::Done {
            typing.by_letter.show(b"\n");
        }
        Typed { text: draft.into_text(), end }
    }

    /// What comes next: typed ahead, a signal, or typed now.
    fn chunk(self, typing: &mut Typing, pause: Option<&Timespec>) -> io::Result<Chunk> {
        if !typing.ahead.is_empty() {
            return Ok(Chunk::Typed(std::mem::take(&mut typing.ahead)));
        }
        let mut waiting = [PollFd::new(&self.0, PollFlags::IN), PollFd::new(&typing.signals.wake, PollFlags::IN)];
        match poll(&mut waiting, pause) {
            Ok(0) => return Ok(Chunk::Pause),
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Chunk::Signal),
            Err(error) => return Err(error.into()),
        }
        let [typed, woken] = waiting.map(|one| one.revents());
        if !woken.is_empty() {
            typing.signals.hear()?;
            return Ok(Chunk::Signal);
        }
        Ok(match letters(self.0, typed)? {
            Some(typed) if !are_key_presses(&typed) => Chunk::Typed(typed),
            _ => Chunk::Signal,
        })
    }
}

/// What was waited for.
enum Chunk {
    /// Bytes of the text, or keys that mend it.
    Typed(Vec<u8>),
    /// Nothing that belongs to the text.
    Signal,
    /// Nobody has typed for a while.
    Pause,
}
