//! A terminal set to give each letter as it is typed.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::Errno;
use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::{InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::MAX_LINE;
use super::draft::Keys;
use super::signals::Signals;

/// A program that stops at all stops so soon.
const STOPS_WITHIN: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// In the place of a key: none.
const NO_KEY: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };

/// The bytes there are to read at a terminal that gives letters, of which a poll told `seen`; none where they are gone again.
///
/// `UnexpectedEof`: the terminal is gone.
pub(super) fn letters(terminal: BorrowedFd<'_>, seen: PollFlags) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = [0; 4096];
    match rustix::io::read(terminal, &mut bytes) {
        Ok(0) if seen.intersects(PollFlags::HUP | PollFlags::ERR) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(0) | Err(Errno::INTR | Errno::AGAIN) => Ok(None),
        Ok(read) => Ok(Some(bytes.get(..read).unwrap_or_default().to_vec())),
        Err(Errno::IO) => Err(io::ErrorKind::UnexpectedEof.into()),
        Err(error) => Err(error.into()),
    }
}

/// A terminal that gives each letter as it is typed and shows none by itself. Set back when this goes.
pub(super) struct ByLetter {
    terminal: OwnedFd,
    before: Termios,
    now: Termios,
    shows: bool,
}

impl ByLetter {
    pub(super) fn set(terminal: BorrowedFd<'_>) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut now = before.clone();
        now.local_modes.remove(LocalModes::ICANON);
        // No key holds up what is shown: whoever is used to saving with Ctrl-S would wait for ever.
        now.input_modes.remove(InputModes::IXON);
        // Begun in the background, it finds what the shell has set for itself.
        now.input_modes.insert(InputModes::ICRNL);
        // The key that interrupts throws away nothing that was typed before it.
        now.local_modes.insert(LocalModes::NOFLSH);
        // Where it was opened for reading alone it goes on showing what is typed itself.
        let shows = fcntl_getfl(terminal).is_ok_and(|flags| flags & OFlags::ACCMODE != OFlags::RDONLY);
        if shows {
            now.local_modes.remove(LocalModes::ECHO);
        }
        // The key that stops the program would leave what was typed before it to the shell: it is given like the others.
        now.special_codes[SpecialCodeIndex::VSUSP] = NO_KEY;
        // Nobody is kept waiting in a read: a signal may have thrown away what was there to be read.
        now.special_codes[SpecialCodeIndex::VMIN] = 0;
        now.special_codes[SpecialCodeIndex::VTIME] = 0;
        let set = Self { terminal: terminal.try_clone_to_owned()?, before, now, shows };
        set.set_again()?;
        Ok(set)
    }

    /// The same where keys are pressed and nothing is written: none is shown.
    pub(super) fn set_for_keys(terminal: BorrowedFd<'_>) -> io::Result<Self> {
        let mut set = Self::set(terminal)?;
        set.now.local_modes.remove(LocalModes::ECHO);
        set.set_again()?;
        Ok(set)
    }

    /// As it was before, until it is set again.
    pub(super) fn set_back(&self) {
        // A terminal that is gone needs no setting back.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }

    pub(super) fn set_again(&self) -> io::Result<()> {
        Ok(tcsetattr(&self.terminal, OptionalActions::Now, &self.now)?)
    }

    /// What sets it back from another thread.
    pub(super) fn setting_back(&self) -> io::Result<impl Fn() + Send + 'static> {
        let (terminal, before) = (self.terminal.try_clone()?, self.before.clone());
        Ok(move || {
            // A terminal that is gone needs no setting back.
            let _ = tcsetattr(&terminal, OptionalActions::Now, &before);
        })
    }

    /// Whether as much waits to be read as a terminal holds of one line: before letters were asked for, more of it may have been thrown away.
    pub(super) fn is_full(&self) -> bool {
        rustix::io::ioctl_fionread(&self.terminal).is_ok_and(|waiting| waiting >= MAX_LINE as u64)
    }

    /// The terminal.
    pub(super) fn terminal(&self) -> BorrowedFd<'_> {
        self.terminal.as_fd()
    }

    /// The key that stops the program, where there is one.
    pub(super) fn stop_key(&self) -> Option<u8> {
        Some(self.before.special_codes[SpecialCodeIndex::VSUSP]).filter(|key| *key != NO_KEY)
    }

    /// Gives the terminal back to the shell and stops, as its own key for that would; returns once the shell lets it go on.
    ///
    /// Where no shell could do that nothing is stopped, and it returns as well.
    pub(super) fn put_aside(&self, signals: &Signals) -> io::Result<()> {
        self.set_back();
        kill_current_process_group(Signal::TSTP)?;
        // Another thread may be the one that is stopped, a moment later, and this one with it.
        match poll(&mut [PollFd::new(&signals.wake, PollFlags::IN)], Some(&STOPS_WITHIN)) {
            Ok(_) | Err(Errno::INTR) => self.set_again(),
            Err(error) => Err(error.into()),
        }
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
        tcgetwinsize(&self.terminal).map_or(0, |size| size.ws_col.into())
    }

    pub(super) fn show(&self, mut bytes: &[u8]) {
        while self.shows && !bytes.is_empty() {
            match rustix::io::write(&self.terminal, bytes) {
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                // What cannot be shown was typed all the same.
                Err(_) => return,
            }
        }
    }
}

impl Drop for ByLetter {
    fn drop(&mut self) {
        self.set_back();
    }
}
