//! One sitting: what is shown, what was marked, how long it has been. It takes the time and the keys, and waits for nothing.
//!
//! Times are since any beginning of the caller's own and only grow.

use std::time::Duration;

use asif_proto::record::{Mark, MarkKind};

use super::key::Key;

/// The most marks of one sitting, of which the last is kept for the way out: a key that is held down is not felt a thousand times.
pub const MAX_MARKS: usize = 1_000;

/// What is sat with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The phrases, one of which is shown at a time.
    pub lines: Vec<String>,
    /// They are said again and again, and counted. Breath is not.
    pub counted: bool,
    /// How long.
    pub length: Duration,
}

/// How a sitting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The time was over.
    Time,
    /// It was stopped early.
    Stopped,
    /// It felt worse.
    Worse,
}

/// What a key or the time did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Nothing,
    /// The next phrase is there.
    Phrase,
    /// Something was marked.
    Marked(Mark),
    /// A pause was marked, and the time stands still.
    Paused,
    /// The pause is over.
    WentOn,
    /// It has ended.
    Ended(End),
}

/// One sitting.
#[derive(Debug)]
pub struct Sitting {
    plan: Plan,
    /// Sat until `since`, or altogether while it stands still.
    before: Duration,
    since: Option<Duration>,
    shown: u32,
    marks: Vec<Mark>,
    end: Option<End>,
}

impl Sitting {
    /// Begins at `now`, with the first phrase.
    pub fn begin(plan: Plan, now: Duration) -> Self {
        Self { plan, before: Duration::ZERO, since: Some(now), shown: 1, marks: Vec::new(), end: None }
    }

    /// Looks at the time.
    pub fn look(&mut self, now: Duration) -> Step {
        if self.end.is_none() && self.sat(now) >= self.plan.length { self.ended(End::Time, now) } else { Step::Nothing }
    }

    /// Takes a key.
    pub fn press(&mut self, now: Duration, key: Key) -> Step {
        if self.end.is_some() {
            return Step::Nothing;
        }
        if self.sat(now) >= self.plan.length {
            return self.ended(End::Time, now);
        }
        match key {
            Key::Next if self.plan.counted => {
                self.shown = self.shown.saturating_add(1);
                Step::Phrase
            }
            Key::Next => Step::Nothing,
            Key::Numb => self.mark(now, MarkKind::Numb),
            Key::Landed => self.mark(now, MarkKind::Landed),
            Key::Worse => {
                self.mark(now, MarkKind::Worse);
                self.ended(End::Worse, now)
            }
            Key::Pause if self.is_paused() => {
                self.since = Some(now);
                Step::WentOn
            }
            Key::Aside if self.is_paused() => Step::Nothing,
            Key::Pause | Key::Aside => {
                self.mark(now, MarkKind::Pause);
                self.stand_still(now);
                Step::Paused
            }
            Key::Stop => self.ended(End::Stopped, now),
        }
    }

    /// The same kind within the same second is one mark.
    fn mark(&mut self, now: Duration, kind: MarkKind) -> Step {
        let mark = Mark { t_s: u32::try_from(self.sat(now).as_secs()).unwrap_or(u32::MAX), kind };
        let full = self.marks.len() + usize::from(kind != MarkKind::Worse) >= MAX_MARKS;
        if full || self.marks.iter().rev().take_while(|one| one.t_s == mark.t_s).any(|one| one.kind == kind) {
            return Step::Nothing;
        }
        self.marks.push(mark);
        Step::Marked(mark)
    }

    fn ended(&mut self, end: End, now: Duration) -> Step {
        self.stand_still(now);
        self.end = Some(end);
        Step::Ended(end)
    }

    fn stand_still(&mut self, now: Duration) {
        self.before = self.sat(now);
        self.since = None;
    }

    /// How long was sat, without the pauses.
    pub fn sat(&self, now: Duration) -> Duration {
        let running = self.since.map_or(Duration::ZERO, |since| now.saturating_sub(since));
        self.before.saturating_add(running).min(self.plan.length)
    }

    /// Seconds that are left; one that has begun is.
    pub fn left_s(&self, now: Duration) -> u64 {
        let left = self.plan.length.saturating_sub(self.sat(now));
        left.as_secs().saturating_add(u64::from(left.subsec_nanos() > 0))
    }

    /// Until when nothing changes by itself; none: only a key changes anything.
    pub fn wait(&self, now: Duration) -> Option<Duration> {
        self.since?;
        let left = self.plan.length.saturating_sub(self.sat(now));
        let part = Duration::from_nanos(left.subsec_nanos().into());
        Some(if part.is_zero() { left.min(Duration::from_secs(1)) } else { part })
    }

    /// What is sat with.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The phrase that is shown.
    pub fn line(&self) -> &str {
        let at = usize::try_from(self.shown.saturating_sub(1)).unwrap_or(0).checked_rem(self.plan.lines.len()).unwrap_or(0);
        self.plan.lines.get(at).map_or("", String::as_str)
    }

    /// Phrases shown so far, where they are counted.
    pub fn repetitions(&self) -> Option<u32> {
        self.plan.counted.then_some(self.shown)
    }

    /// What was marked, oldest first.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// It stands still.
    pub fn is_paused(&self) -> bool {
        self.since.is_none() && self.end.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn begun(lines: &[&str], length: u64) -> Sitting {
        let plan = Plan { lines: lines.iter().map(|&line| line.to_owned()).collect(), counted: true, length: at(length) };
        Sitting::begin(plan, at(100))
    }

    fn mark(t_s: u32, kind: MarkKind) -> Mark {
        Mark { t_s, kind }
    }

    #[test]
    fn phrases_come_one_by_one_and_again_from_the_first() {
        let mut sitting = begun(&["May I be safe.", "May I be well."], 480);
        let mut seen = vec![sitting.line().to_owned()];
        for second in 101..104 {
            assert_eq!(sitting.press(at(second), Key::Next), Step::Phrase);
            seen.push(sitting.line().to_owned());
        }
        assert_eq!(seen, ["May I be safe.", "May I be well.", "May I be safe.", "May I be well."]);
        assert_eq!(sitting.repetitions(), Some(4));
        let mut breath = Sitting::begin(Plan { lines: vec!["Breathe.".into()], counted: false, length: at(60) }, at(0));
        assert_eq!((breath.press(at(1), Key::Next), breath.line(), breath.repetitions()), (Step::Nothing, "Breathe.", None));
    }

    #[test]
    fn a_mark_carries_the_seconds_since_the_beginning() {
        let mut sitting = begun(&["a"], 480);
        assert_eq!(sitting.press(at(164), Key::Numb), Step::Marked(mark(64, MarkKind::Numb)));
        assert_eq!(sitting.press(at(352), Key::Landed), Step::Marked(mark(252, MarkKind::Landed)));
        assert_eq!(sitting.marks(), [mark(64, MarkKind::Numb), mark(252, MarkKind::Landed)]);
    }

    #[test]
    fn a_key_held_down_is_one_mark_a_second_and_never_too_many() {
        let mut sitting = begun(&["a"], 100_000);
        sitting.press(at(110), Key::Numb);
        sitting.press(at(110), Key::Landed);
        assert_eq!(sitting.press(at(110), Key::Numb), Step::Nothing);
        assert_eq!(sitting.marks().len(), 2);
        for second in 0..2 * MAX_MARKS as u64 {
            sitting.press(at(200 + second), Key::Numb);
        }
        sitting.press(at(90_000), Key::Worse);
        assert_eq!(sitting.marks().len(), MAX_MARKS);
        assert_eq!(sitting.marks().last().unwrap().kind, MarkKind::Worse, "the way out is always noted");
    }

    #[test]
    fn in_a_pause_the_time_stands_still() {
        let mut sitting = begun(&["a", "b"], 60);
        assert_eq!(sitting.press(at(110), Key::Pause), Step::Paused);
        assert_eq!(sitting.marks(), [mark(10, MarkKind::Pause)]);
        assert!(sitting.is_paused());
        assert_eq!((sitting.wait(at(500)), sitting.left_s(at(500)), sitting.look(at(5000))), (None, 50, Step::Nothing));
        assert_eq!(sitting.press(at(5000), Key::Landed), Step::Marked(mark(10, MarkKind::Landed)));
        assert_eq!(sitting.press(at(6000), Key::Pause), Step::WentOn);
        assert_eq!((sitting.sat(at(6010)), sitting.left_s(at(6010))), (at(20), 40));
        assert_eq!(sitting.look(at(6050)), Step::Ended(End::Time));
        assert_eq!(sitting.marks().len(), 2);
        assert_eq!((sitting.sat(at(9000)), sitting.is_paused()), (at(60), false));
    }

    #[test]
    fn put_aside_is_a_pause_too_and_only_a_pause_key_ends_it() {
        let mut sitting = begun(&["a"], 60);
        assert_eq!(sitting.press(at(105), Key::Aside), Step::Paused);
        assert_eq!(sitting.marks(), [mark(5, MarkKind::Pause)]);
        assert_eq!(sitting.press(at(106), Key::Aside), Step::Nothing);
        assert_eq!(sitting.press(at(107), Key::Pause), Step::WentOn);
    }

    #[test]
    fn the_time_is_over_once_and_takes_no_key_after_it() {
        let mut sitting = begun(&["a"], 60);
        assert_eq!(sitting.look(at(159)), Step::Nothing);
        assert_eq!(sitting.press(at(161), Key::Worse), Step::Ended(End::Time), "a key that comes too late is no mark");
        assert_eq!((sitting.look(at(162)), sitting.press(at(162), Key::Numb)), (Step::Nothing, Step::Nothing));
        assert!(sitting.marks().is_empty());
    }

    #[test]
    fn stopping_and_worse_end_it_where_it_is() {
        let mut sitting = begun(&["a"], 480);
        assert_eq!(sitting.press(at(130), Key::Stop), Step::Ended(End::Stopped));
        assert_eq!((sitting.sat(at(400)), sitting.marks()), (at(30), &[][..]));
        let mut sitting = begun(&["a"], 480);
        assert_eq!(sitting.press(at(130), Key::Worse), Step::Ended(End::Worse));
        assert_eq!(sitting.marks(), [mark(30, MarkKind::Worse)]);
    }

    #[test]
    fn it_changes_by_itself_at_whole_seconds_of_what_is_left() {
        let sitting = begun(&["a"], 480);
        let now = at(100) + Duration::from_millis(300);
        assert_eq!((sitting.wait(at(100)), sitting.left_s(at(100))), (Some(at(1)), 480));
        assert_eq!((sitting.wait(now), sitting.left_s(now)), (Some(Duration::from_millis(700)), 480));
        assert_eq!(begun(&["a"], 0).wait(at(100)), Some(Duration::ZERO));
    }

    #[test]
    fn nothing_to_say_is_an_empty_line() {
        assert_eq!(begun(&[], 10).line(), "");
    }
}
