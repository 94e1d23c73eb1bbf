//! The terminal on standard input, where more is needed than lines.
//!
//! A terminal hands over a line when it ends, and of a longer one only the first 4095 bytes, without a word. So prose is read letter by letter:
//! the terminal is set to that while it is typed, and back however the typing ends.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{QueueSelector, tcflush};

mod by_letter;
mod draft;
mod signals;

use by_letter::ByLetter;
use draft::Draft;
use signals::Signals;

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
