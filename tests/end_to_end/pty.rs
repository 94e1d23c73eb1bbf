//! A terminal with a person before it: a pseudo-terminal whose other end the test holds.

use std::fs::File;
use std::io::{PipeWriter, Read, Write};
use std::process::{Child, Command};
use std::sync::mpsc;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::harness::{COMMAND, SOON};

/// A command at a terminal of its own. It is ended when it goes.
pub(crate) struct AtTerminal {
    pub(crate) child: Child,
    keyboard: Option<File>,
    shown: mpsc::Receiver<Vec<u8>>,
    screen: String,
    /// While it is open somebody watches the screen.
    watched: Option<PipeWriter>,
}

/// Runs a command with all three streams at a new terminal of so many columns and rows, which is also the one that Ctrl-C comes from; its other
/// end, and the command.
pub(crate) fn at_new_terminal(command: &Command, (columns, rows): (u16, u16)) -> (File, Child) {
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&keyboard).unwrap();
    unlockpt(&keyboard).unwrap();
    tcsetwinsize(&keyboard, Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let name = ptsname(&keyboard, Vec::new()).unwrap().into_string().unwrap();
    let terminal = || File::options().read(true).write(true).open(&name).unwrap();
    // Whoever runs the tests in the background may have them ignore the keys that a person at a terminal ends things with.
    let mut leader = Command::new("/usr/bin/env");
    leader.args(["--default-signal=INT,QUIT", "/usr/bin/setsid", "--ctty"]).arg(command.get_program()).args(command.get_args()).env_clear();
    leader.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(command.get_current_dir().unwrap());
    // Dropped with this: the child's copies are the only ones left, and their closing ends what is shown.
    let child = leader.stdin(terminal()).stdout(terminal()).stderr(terminal()).spawn().unwrap();
    (File::from(keyboard), child)
}

impl AtTerminal {
    /// Runs a command at a new terminal.
    pub(crate) fn start(command: &Command) -> Self {
        Self::start_at(command, (80, 24))
    }

    /// The same at a terminal of so many columns and rows.
    pub(crate) fn start_at(command: &Command, size: (u16, u16)) -> Self {
        let (keyboard, child) = at_new_terminal(command, size);
        let mut screen = keyboard.try_clone().unwrap();
        let (tx, shown) = mpsc::channel();
        let (unwatched, watched) = std::io::pipe().unwrap();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let mut waiting = [PollFd::new(&screen, PollFlags::IN), PollFd::new(&unwatched, PollFlags::IN)];
                poll(&mut waiting, None).unwrap();
                if !waiting[1].revents().is_empty() {
                    return;
                }
                match screen.read(&mut bytes) {
                    Ok(read @ 1..) if tx.send(bytes[..read].to_vec()).is_ok() => {}
                    _ => return,
                }
            }
        });
        Self { child, keyboard: Some(keyboard), shown, screen: String::new(), watched: Some(watched) }
    }

    /// Closes the terminal, as when its window is closed, and waits for the command's end; its exit code.
    pub(crate) fn hang_up(&mut self) -> Option<i32> {
        self.watched = None;
        self.keyboard = None;
        let child = pidfd_open(Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap(), PidfdFlags::empty()).unwrap();
        let limit = Timespec::try_from(SOON).unwrap();
        let ended = poll(&mut [PollFd::new(&child, PollFlags::IN)], Some(&limit)).unwrap();
        assert_eq!(ended, 1, "it does not end with its terminal");
        self.child.wait().unwrap().code()
    }

    /// Waits until `text` has been shown since the last wait; what came before it, which is then forgotten.
    #[track_caller]
    pub(crate) fn await_text(&mut self, text: &str) -> String {
        let deadline = Instant::now() + SOON;
        while !self.screen.contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.shown.recv_timeout(left) {
                Ok(bytes) => self.screen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("never shown: {text:?}; shown was {:?}", self.screen),
            }
        }
        let (before, after) = self.screen.split_once(text).unwrap();
        let (before, after) = (before.to_owned(), after.to_owned());
        self.screen = after;
        before
    }

    /// Types.
    pub(crate) fn type_in(&mut self, keys: &[u8]) {
        self.keyboard.as_ref().unwrap().write_all(keys).unwrap();
    }

    /// Whether the terminal edits lines and shows what is typed, as a shell finds it.
    pub(crate) fn is_as_it_was(&self) -> bool {
        tcgetattr(self.keyboard.as_ref().unwrap()).unwrap().local_modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    /// Waits for the command's end; its exit code, and what was shown since the last wait.
    #[track_caller]
    pub(crate) fn end(&mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + COMMAND;
        loop {
            match self.shown.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.screen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("it does not end; shown was {:?}", self.screen),
            }
        }
        (self.child.wait().unwrap().code(), std::mem::take(&mut self.screen))
    }
}

impl Drop for AtTerminal {
    fn drop(&mut self) {
        // One that has ended needs no ending.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
