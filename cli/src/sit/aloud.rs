//! A sitting line by line, for a screen reader: nothing is drawn over, everything is said once.

use std::io::Write;
use std::time::Duration;

use super::NUMB_COUNTS;
use super::face::Frame;
use super::sitting::{Sitting, Step};
use crate::render::session::said;
use crate::render::text::visible;
use crate::render::time::length;

/// What has been said of a sitting.
pub struct Aloud<'o> {
    output: &'o mut dyn Write,
    /// Minutes left when the time was last said.
    minutes: u64,
}

impl<'o> Aloud<'o> {
    /// Says how it goes, and the first phrase.
    pub fn begin(output: &'o mut dyn Write, sitting: &Sitting, frame: &Frame) -> Self {
        let long = u32::try_from(sitting.plan().length.as_secs()).unwrap_or(u32::MAX);
        let mut aloud = Self { output, minutes: sitting.plan().length.as_secs().div_ceil(60) };
        aloud.say(&format!("{}, {}.", frame.title, length(long)));
        let next = if sitting.plan().counted { "space next phrase, " } else { "" };
        aloud.say(&format!("Keys: {next}n numb, f something landed, w worse, p pause, q stop early (kept)."));
        aloud.say(NUMB_COUNTS);
        if let Some(above) = &frame.above {
            aloud.say(above);
        }
        aloud.say(sitting.line());
        aloud
    }

    /// Says what a key did.
    pub fn tell(&mut self, step: Step, sitting: &Sitting) {
        match step {
            Step::Nothing | Step::Ended(_) => {}
            Step::Phrase => self.say(sitting.line()),
            Step::Marked(mark) => self.say(&said(mark)),
            Step::Paused => self.say("paused; p goes on"),
            Step::WentOn => self.say("going on"),
        }
    }

    /// Says the time that is left, once a minute.
    pub fn tell_time(&mut self, sitting: &Sitting, now: Duration) {
        let left = sitting.left_s(now);
        let minutes = left.div_ceil(60);
        if minutes < self.minutes && left > 0 {
            self.minutes = minutes;
            self.say(&format!("{minutes} min left"));
        }
    }

    /// One line.
    pub fn say(&mut self, text: &str) {
        // A terminal that is gone hears nothing, and the sitting ends by that.
        let _ = writeln!(self.output, "{}", visible(text)).and_then(|()| self.output.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::Key;
    use super::super::sitting::Plan;
    use super::*;

    #[test]
    fn everything_is_said_once_and_the_time_once_a_minute() {
        let plan = Plan { lines: vec!["May I be safe.".into(), "May I \u{1b}[2J".into()], counted: true, length: Duration::from_secs(180) };
        let mut sitting = Sitting::begin(plan, Duration::ZERO);
        let frame = Frame { title: "loving-kindness".into(), above: Some("Name it.".into()), background: false };
        let mut output = Vec::new();
        let mut aloud = Aloud::begin(&mut output, &sitting, &frame);
        for second in 1..=180 {
            let now = Duration::from_secs(second);
            let key = [(5, Key::Next), (64, Key::Numb), (70, Key::Pause), (72, Key::Pause)].into_iter().find(|(at, _)| *at == second);
            let step = key.map_or(Step::Nothing, |(_, key)| sitting.press(now, key));
            aloud.tell(step, &sitting);
            aloud.tell_time(&sitting, now);
        }
        let said = String::from_utf8(output).unwrap();
        let lines: Vec<&str> = said.lines().collect();
        let keys = "Keys: space next phrase, n numb, f something landed, w worse, p pause, q stop early (kept).";
        let all = [
            "loving-kindness, 3 min.",
            keys,
            NUMB_COUNTS,
            "Name it.",
            "May I be safe.",
            "May I ␛[2J",
            "2 min left",
            "numb, 1 min 4 s",
            "paused; p goes on",
            "going on",
            "1 min left",
        ];
        assert_eq!(lines, all);
    }
}
