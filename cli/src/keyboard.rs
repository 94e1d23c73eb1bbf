//! The terminal on standard input, where more is needed than lines.
//!
//! A terminal hands over a line when it ends, and of a longer one only the first 4095 bytes, without a word. So prose is read letter by letter:
//! the terminal is set to that while it is typed, and back however the typing ends.

use std::io::{self, PipeReader};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr, tcsetattr};
use signal_hook::SigId;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

mod draft;

use draft::{Draft, Keys};

/// The longest line that a terminal hands over whole, in bytes, without its end.
pub const MAX_LINE: usize = 4095;

/// The terminal on standard input.
#[derive(Debug, Clone, Copy)]
pub struct Keyboard<'t>(BorrowedFd<'t>);

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

    /// What the person types until they end it, with lines of any length. `invite` is called once they may begin.
    ///
    /// `Interrupted`: a signal ended it, Ctrl-C most likely.
    pub fn prose(self, invite: impl FnOnce()) -> io::Result<Vec<u8>> {
        let mut signals = Signals::listen()?;
        let by_letter = ByLetter::set(self.0)?;
        invite();
        let mut draft = Draft::new(by_letter.keys());
        let mut bytes = [0; 1024];
        loop {
            if signals.ended.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if signals.continued.swap(false, Ordering::Relaxed) {
                // The shell has had the terminal meanwhile.
                by_letter.set_again()?;
                by_letter.show(draft.last_line());
            }
            let mut waiting = [PollFd::new(&self.0, PollFlags::IN), PollFd::new(&signals.wake, PollFlags::IN)];
            match poll(&mut waiting, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let [typed, woken] = waiting.map(|one| !one.revents().is_empty());
            if woken {
                signals.hear()?;
            } else if typed {
                let read = match rustix::io::read(self.0, &mut bytes) {
                    Ok(0) => return Ok(draft.into_text()),
                    Ok(read) => read,
                    Err(Errno::INTR | Errno::AGAIN) => continue,
                    Err(error) => return Err(error.into()),
                };
                let mut echo = Vec::new();
                let ended = bytes.iter().take(read).any(|byte| draft.take(*byte, &mut echo));
                by_letter.show(&echo);
                if ended {
                    return Ok(draft.into_text());
                }
            }
        }
    }
}

/// A terminal that gives each letter as it is typed and shows none by itself. Set back when this goes.
struct ByLetter<'t> {
    terminal: BorrowedFd<'t>,
    before: Termios,
    now: Termios,
    shows: bool,
}

impl<'t> ByLetter<'t> {
    fn set(terminal: BorrowedFd<'t>) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut now = before.clone();
        now.local_modes.remove(LocalModes::ICANON);
        // Where it was opened for reading alone it goes on showing what is typed itself.
        let shows = fcntl_getfl(terminal).is_ok_and(|flags| flags & OFlags::ACCMODE != OFlags::RDONLY);
        if shows {
            now.local_modes.remove(LocalModes::ECHO);
        }
        now.special_codes[SpecialCodeIndex::VMIN] = 1;
        now.special_codes[SpecialCodeIndex::VTIME] = 0;
        let set = Self { terminal, before, now, shows };
        set.set_again()?;
        Ok(set)
    }

    fn set_again(&self) -> io::Result<()> {
        Ok(tcsetattr(self.terminal, OptionalActions::Now, &self.now)?)
    }

    fn keys(&self) -> Keys {
        let code = |index| self.before.special_codes[index];
        Keys {
            erase: code(SpecialCodeIndex::VERASE),
            word: code(SpecialCodeIndex::VWERASE),
            kill: code(SpecialCodeIndex::VKILL),
            end: code(SpecialCodeIndex::VEOF),
        }
    }

    fn show(&self, mut bytes: &[u8]) {
        while self.shows && !bytes.is_empty() {
            match rustix::io::write(self.terminal, bytes) {
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                // What cannot be shown was typed all the same.
                Err(_) => return,
            }
        }
    }
}

impl Drop for ByLetter<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs no setting back.
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

/// The signals that would end the program with the terminal set as it is, and the one after a stop. Later ones do what they always did.
struct Signals {
    ended: Arc<AtomicBool>,
    continued: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    wake: PipeReader,
    registered: Vec<SigId>,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        let (wake, waker) = io::pipe()?;
        let (ended, continued, over) = <(Arc<AtomicBool>, Arc<AtomicBool>, Arc<AtomicBool>)>::default();
        let mut signals = Self { ended, continued, over, wake, registered: Vec::new() };
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCONT] {
            let flag = if signal == SIGCONT { &signals.continued } else { &signals.ended };
            if signal != SIGCONT {
                // Stays: nothing can give a signal back its first meaning, once it was listened to.
                signal_hook::flag::register_conditional_default(signal, Arc::clone(&signals.over))?;
            }
            signals.registered.push(signal_hook::flag::register(signal, Arc::clone(flag))?);
            signals.registered.push(signal_hook::low_level::pipe::register(signal, waker.try_clone()?)?);
        }
        Ok(signals)
    }

    /// Takes in what the pipe holds: one byte for each signal.
    fn hear(&mut self) -> io::Result<()> {
        rustix::io::read(self.wake.as_fd(), &mut [0; 64])?;
        Ok(())
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.registered.drain(..).for_each(|signal| {
            signal_hook::low_level::unregister(signal);
        });
    }
}
