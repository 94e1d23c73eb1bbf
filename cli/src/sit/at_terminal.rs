//! A sitting at a terminal: the clock, the keyboard and the screen, joined.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::aloud::Aloud;
use super::face::{self, Frame};
use super::key::{Key, Keys};
use super::sitting::{End, Plan, Sitting, Step};
use super::stage::Stage;
use crate::keyboard::{Heard, Keyboard};

/// Columns and lines where the terminal does not tell.
const USUAL_SIZE: (usize, usize) = (80, 24);

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Drawn over and over in a window of its own.
    Drawn {
        /// With bold and faint.
        colour: bool,
    },
    /// Line by line.
    Aloud,
}

/// How the person left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// It ended.
    Ended(End),
    /// A signal came, or the terminal is gone.
    Interrupted,
}

/// Sits. `keep` hears of it at the beginning, at every mark and once a minute, with the seconds sat so far.
///
/// The terminal is as it was when this returns, however it does.
pub fn sit(
    keyboard: Keyboard<'_>,
    output: &mut dyn Write,
    manner: Manner,
    plan: Plan,
    frame: &Frame,
    mut keep: impl FnMut(&Sitting, u32),
) -> io::Result<Left> {
    let mut clock = Clock { began: Instant::now(), away: Duration::ZERO, seen: Duration::ZERO };
    let mut presses = keyboard.presses()?;
    let mut sitting = Sitting::begin(plan, Duration::ZERO);
    let mut shown = match manner {
        Manner::Drawn { colour } => Shown::Drawn(Stage::new(output, colour)),
        Manner::Aloud => Shown::Aloud(Aloud::begin(output, &sitting, frame)),
    };
    let mut keys = Keys::default();
    let mut minute = None;
    let left = loop {
        let now = clock.now();
        if let Step::Ended(end) = sitting.look(now) {
            break Left::Ended(end);
        }
        let sat = sitting.sat(now).as_secs();
        if minute.replace(sat / 60) != Some(sat / 60) {
            keep(&sitting, whole(sat));
        }
        shown.show(&sitting, frame, now, keyboard);
        match presses.wait(sitting.wait(now)) {
            Ok(Heard::Nothing) => {}
            Ok(Heard::Resized) => shown.forget(),
            Ok(Heard::Continued) => {
                clock.skip();
                shown.forget();
            }
            Ok(Heard::Pressed(bytes)) => {
                let now = clock.now();
                let mut ended = None;
                for key in keys.read(now, &bytes) {
                    let step = sitting.press(now, key);
                    shown.tell(step, &sitting);
                    match step {
                        Step::Ended(end) => ended = Some(end),
                        Step::Marked(_) | Step::Paused => keep(&sitting, whole(sitting.sat(now).as_secs())),
                        Step::Nothing | Step::Phrase | Step::WentOn => {}
                    }
                    if key == Key::Aside {
                        shown.leave();
                        if presses.put_aside().is_err() {
                            break;
                        }
                    }
                }
                if let Some(end) = ended {
                    break Left::Ended(end);
                }
            }
            Ok(Heard::Ended) | Err(_) => break Left::Interrupted,
        }
    };
    let sat = sitting.sat(clock.now()).as_secs();
    keep(&sitting, whole(sat));
    Ok(left)
}

fn whole(seconds: u64) -> u32 {
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

/// The time since the beginning, without that in which the program was stopped.
struct Clock {
    began: Instant,
    away: Duration,
    seen: Duration,
}

impl Clock {
    fn now(&mut self) -> Duration {
        self.seen = self.began.elapsed().saturating_sub(self.away);
        self.seen
    }

    fn skip(&mut self) {
        self.away = self.began.elapsed().saturating_sub(self.seen);
    }
}

/// What the person sees of it.
enum Shown<'o> {
    Drawn(Stage<'o>),
    Aloud(Aloud<'o>),
}

impl Shown<'_> {
    fn show(&mut self, sitting: &Sitting, frame: &Frame, now: Duration, keyboard: Keyboard<'_>) {
        match self {
            Self::Drawn(stage) => {
                let (columns, lines) = keyboard.size().unwrap_or(USUAL_SIZE);
                stage.show(face::rows(sitting, frame, now, columns, lines));
            }
            Self::Aloud(aloud) => aloud.tell_time(sitting, now),
        }
    }

    fn tell(&mut self, step: Step, sitting: &Sitting) {
        if let Self::Aloud(aloud) = self {
            aloud.tell(step, sitting);
        }
    }

    fn forget(&mut self) {
        if let Self::Drawn(stage) = self {
            stage.forget();
        }
    }

    fn leave(&mut self) {
        if let Self::Drawn(stage) = self {
            stage.leave();
        }
    }
}
