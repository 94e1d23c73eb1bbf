//! A terminal set to give each letter as it is typed.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::draft::Keys;

/// In the place of a key: none.
const NO_KEY: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };

/// A terminal that gives each letter as it is typed and shows none by itself. Set back when this goes.
pub(super) struct ByLetter<'t> {
    terminal: BorrowedFd<'t>,
    before: Termios,
    now: Termios,
    shows: bool,
}

impl<'t> ByLetter<'t> {
    pub(super) fn set(terminal: BorrowedFd<'t>) -> io::Result<Self> {
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

    /// The same where keys are pressed and nothing is written: none is shown, and the one that would stop the program is given like the others.
    pub(super) fn set_for_keys(terminal: BorrowedFd<'t>) -> io::Result<Self> {
        let mut set = Self::set(terminal)?;
        set.now.local_modes.remove(LocalModes::ECHO);
        set.now.special_codes[SpecialCodeIndex::VSUSP] = NO_KEY;
        set.set_again()?;
        Ok(set)
    }

    /// As it was before, until it is set again.
    pub(super) fn set_back(&self) {
        // A terminal that is gone needs no setting back.
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }

    pub(super) fn set_again(&self) -> io::Result<()> {
        Ok(tcsetattr(self.terminal, OptionalActions::Now, &self.now)?)
    }

    pub(super) fn keys(&self) -> Keys {
        let code = |index| self.before.special_codes[index];
        Keys {
            erase: code(SpecialCodeIndex::VERASE),
            word: code(SpecialCodeIndex::VWERASE),
            kill: code(SpecialCodeIndex::VKILL),
            end: code(SpecialCodeIndex::VEOF),
        }
    }

    /// The columns there are now; 0 where that cannot be told.
    pub(super) fn columns(&self) -> usize {
        tcgetwinsize(self.terminal).map_or(0, |size| size.ws_col.into())
    }

    pub(super) fn show(&self, mut bytes: &[u8]) {
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
        self.set_back();
    }
}
