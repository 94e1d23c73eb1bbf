//! A terminal's window as a person sees it: what the command writes is shown by a small terminal, and the window can be resized or closed.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Command};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::harness::SOON;
use crate::pty::at_new_terminal;

/// A command in a window of its own. It is ended when it goes.
pub(crate) struct Window {
    pub(crate) child: Child,
    keyboard: Option<File>,
    shown: vt100::Parser,
    /// Everything that was written to it.
    pub(crate) written: Vec<u8>,
}

impl Window {
    /// Runs a command in a window of `columns` and `lines`.
    pub(crate) fn open(command: &Command, columns: u16, lines: u16) -> Self {
        let (keyboard, child) = at_new_terminal(command, (columns, lines));
        let shown = vt100::Parser::new(number(lines), number(columns), 0);
        Self { child, keyboard: Some(keyboard), shown, written: Vec::new() }
    }

    /// Waits until the window shows what `seen` looks for.
    #[track_caller]
    pub(crate) fn await_rows(&mut self, what: &str, seen: impl Fn(&[String]) -> bool) {
        let deadline = Instant::now() + SOON;
        while !seen(&self.rows()) {
            assert!(self.take_in(deadline), "never shown: {what}; the window shows {:#?}", self.rows());
        }
    }

    /// Waits until `text` is in the window.
    #[track_caller]
    pub(crate) fn await_text(&mut self, text: &str) {
        self.await_rows(text, |rows| rows.iter().any(|row| row.contains(text)));
    }

    /// Waits until something more was written.
    #[track_caller]
    pub(crate) fn await_more(&mut self) {
        assert!(self.take_in(Instant::now() + SOON), "nothing more is written; the window shows {:#?}", self.rows());
    }

    /// Its rows, without the spaces at their ends.
    pub(crate) fn rows(&self) -> Vec<String> {
        let (_, columns) = self.shown.screen().size();
        self.shown.screen().rows(0, columns.get()).map(|row| row.trim_end().to_owned()).collect()
    }

    /// The second screen is shown.
    pub(crate) fn is_second_screen(&self) -> bool {
        self.shown.screen().alternate_screen()
    }

    /// The first screen is shown, with a cursor and plain letters, and the terminal edits lines and shows what is typed: as a shell finds it.
    pub(crate) fn is_as_it_was(&self) -> bool {
        let screen = self.shown.screen();
        let modes = tcgetattr(self.keyboard.as_ref().unwrap()).unwrap().local_modes;
        let plain = !screen.alternate_screen() && !screen.hide_cursor() && !screen.bold() && !screen.dim();
        plain && modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &[u8]) {
        self.keyboard.as_ref().unwrap().write_all(keys).unwrap();
    }

    /// Gives it another size, and tells the command as a terminal does.
    pub(crate) fn resize(&mut self, columns: u16, lines: u16) {
        self.shown.screen_mut().set_size(number(lines), number(columns));
        let size = Winsize { ws_col: columns, ws_row: lines, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(self.keyboard.as_ref().unwrap(), size).unwrap();
    }

    /// Closes the window, and waits until the command has ended by it; its exit code.
    pub(crate) fn close(&mut self) -> Option<i32> {
        self.keyboard = None;
        self.child.wait().unwrap().code()
    }

    /// Waits for the command's end; its exit code.
    #[track_caller]
    pub(crate) fn end(&mut self) -> Option<i32> {
        let deadline = Instant::now() + SOON;
        while self.take_in(deadline) {}
        assert!(Instant::now() < deadline, "it does not end; the window shows {:#?}", self.rows());
        self.child.wait().unwrap().code()
    }

    /// Takes in what was written; false at the end of it all, or at the deadline.
    fn take_in(&mut self, deadline: Instant) -> bool {
        let mut keyboard = self.keyboard.as_ref().unwrap();
        let left = Timespec::try_from(deadline.saturating_duration_since(Instant::now())).unwrap();
        if poll(&mut [PollFd::new(keyboard, PollFlags::IN)], Some(&left)).unwrap() == 0 {
            return false;
        }
        let mut bytes = [0; 4096];
        // A terminal that nobody has open any more gives an error.
        let Ok(read @ 1..) = keyboard.read(&mut bytes) else { return false };
        self.written.extend_from_slice(&bytes[..read]);
        self.shown.process(&bytes[..read]);
        true
    }
}

fn number(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

impl Drop for Window {
    fn drop(&mut self) {
        // One that has ended needs no ending.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
