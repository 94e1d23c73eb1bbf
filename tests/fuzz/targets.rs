//! What each target does with its bytes. It returns, or it panics: then it has found something.
//!
//! No panic, no hang and no memory beyond what is written beside the commands in README.md. Beyond that each target has its own properties;
//! they stand above its function.

mod conversation;
mod disk;
mod frames;
mod mailbox;
mod merge;
mod plain;
mod sealed;
pub mod seeds;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Once;

/// One target.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("local", frames::local),
    ("peer", frames::peer),
    ("ticket", frames::ticket),
    ("statement", sealed::statement),
    ("entry", sealed::entry),
    ("body", sealed::body),
    ("vault", sealed::vault),
    ("item", plain::item),
    ("record", plain::record),
    ("columns", plain::columns),
    ("log_file", disk::log_file),
    ("statement_file", disk::statement_file),
    ("caches", disk::caches),
    ("merge", merge::merge),
    ("conversation", conversation::conversation),
    ("mailbox", mailbox::mailbox),
];

thread_local! {
    static PLAYING: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Plays one input of a target.
pub fn play(name: &str, bytes: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target that is listed");
    run(name, *target, bytes);
}

/// A panic that the program itself catches is none, and must not end the fuzzer; one that comes through is told, with where it began.
pub fn run(name: &str, target: Target, bytes: &[u8]) {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| if PLAYING.get() { LAST.set(panic.to_string()) } else { usual(panic) }));
    });
    PLAYING.set(true);
    let played = catch_unwind(AssertUnwindSafe(|| target(bytes)));
    PLAYING.set(false);
    if let Err(panic) = played {
        eprintln!("{name}: {}", LAST.take());
        resume_unwind(panic);
    }
}

/// How many changes of an input of the target `merge` are merged.
pub fn merged(bytes: &[u8]) -> usize {
    merge::through(bytes).1.iter().map(Vec::len).sum()
}

/// What the person is shown after an input of the target `conversation`.
pub fn shown(bytes: &[u8]) -> String {
    conversation::through(bytes)
}

/// How many entries a mailbox has stored after an input of the target `mailbox`.
pub fn kept_by_a_mailbox(bytes: &[u8]) -> u64 {
    mailbox::through(bytes)
}

/// How many runs of entries are read in an input of the target `caches`, because the saved view does not know them.
pub fn runs_read(bytes: &[u8]) -> usize {
    disk::start(bytes)
}

/// Bytes that are taken from the front, as a program of what to do; at the end everything is zero and empty.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    fn short(&mut self) -> usize {
        usize::from(self.byte()) << 8 | usize::from(self.byte())
    }

    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Two bytes of length, and so many bytes.
    fn sized(&mut self) -> &'a [u8] {
        let len = self.short();
        self.take(len)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
