//! Reminders: add, list, remove, put off.

use asif_proto::day;
use asif_proto::id::RecordId;
use asif_proto::local::{Ask, ErrorKind, Failure, NewReminder, RemindAsk, Snooze, reminder};
use asif_proto::moment::{self, Moment, parse_time};
use asif_proto::record::{
    Days, Kind, MAX_REMINDER_TEXT, MAX_REMINDERS, MAX_SNOOZE_HOURS, NEUTRAL, Reminder, ReminderZone, Visibility, falls,
};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::super::effect::ClientId;
use super::super::{Cx, Replica};
use super::journal::whole_seconds;
use super::kept::{new_record, one_line};
use super::{Handled, Outcome};
use crate::journal::kept::Kept;
use crate::seal::body::DocId;

impl Replica {
    pub(super) fn reminders_asked(&mut self, cx: &mut Cx<'_>, client: ClientId, ask: &Ask, what: &RemindAsk) -> Handled {
        if let RemindAsk::List = what {
            self.tell_reminders(cx, client);
            return Ok(Outcome::Later);
        }
        if !self.has(cx, DocId::Plan) {
            return Ok(Outcome::Wanted);
        }
        match what {
            RemindAsk::Add(new) => self.reminder_add(cx, ask, new),
            RemindAsk::Remove { reminder } => {
                let id = self.find_kept(reminder, Kind::Reminder)?;
                self.hide(cx, &id.to_string(), true)
            }
            RemindAsk::Snooze { reminder, until } => self.reminder_snooze(cx, ask, reminder.as_deref(), until),
            RemindAsk::List => Ok(Outcome::Later),
        }
    }

    fn reminder_add(&mut self, cx: &mut Cx<'_>, ask: &Ask, new: &NewReminder) -> Handled {
        let id = RecordId(ask.id);
        self.one_more(id, Kind::Reminder)?;
        let stand = self.all_standing(|kept| matches!(kept, Kept::Reminder(_)).then_some(())).count();
        let again = self.view.kept(&id).is_some();
        if stand >= MAX_REMINDERS && !again {
            let message = format!("there are {stand} reminders already; no more are taken");
            return Err(
                Failure::new(ErrorKind::Precondition, message).hint("asif remind list shows them; asif remind remove takes one away")
            );
        }
        let here = moment::zone(&ask.zone);
        if let Days::Once(date) = new.days
            && !again
        {
            is_to_come(date, new.at, &known(&new.zone)?.on(&here), cx.now.wall)?;
        }
        let reminder = Reminder {
            text: words(new.text.as_deref())?,
            at: new.at.with().subsec_nanosecond(0).build().unwrap_or(new.at),
            days: new.days,
            zone: known(&new.zone)?,
            snoozed_until: None,
            recorded_at: whole_seconds(cx.now.wall),
            visibility: Visibility::default(),
            deleted: false,
        };
        let puts = new_record(id, Kind::Reminder, &reminder, &[]);
        self.write_once(cx, DocId::Plan, id, &puts, "remind add")
    }

    fn reminder_snooze(&mut self, cx: &mut Cx<'_>, ask: &Ask, named: Option<&str>, until: &Snooze) -> Handled {
        let id = match named {
            Some(typed) => self.find_kept(typed, Kind::Reminder)?,
            None => self.last_reminder(cx.now.wall).ok_or_else(|| {
                Failure::new(ErrorKind::Precondition, "no reminder was shown on this device, and none is due")
                    .hint("name the one you mean: asif remind list shows them")
            })?,
        };
        let Some(Kept::Reminder(one)) = self.view.kept(&id).map(|row| &row.value) else {
            return Err(Failure::new(ErrorKind::NotFound, "no such reminder"));
        };
        let zone = moment::zone(&ask.zone);
        let until = match until {
            Snooze::For(seconds) => cx.now.wall.checked_add(SignedDuration::from_secs(i64::from(*seconds))).ok(),
            Snooze::Until(text) => Some(put_off_until(text, cx.now.wall, &zone, one.at)?),
        };
        let longest = SignedDuration::from_hours(MAX_SNOOZE_HOURS);
        let fits = |until: &Timestamp| *until > cx.now.wall && until.duration_since(cx.now.wall) <= longest;
        let Some(until) = until.filter(fits) else {
            return Err(Failure::new(ErrorKind::Usage, "a reminder is put off to a time to come, within 7 days")
                .hint("for longer: asif remind remove, and asif restore when you want it back"));
        };
        let puts = Self::field_puts(id, vec![("snoozed_until", json!(Moment::at(until, &zone)))]);
        self.write_kept(cx, DocId::Plan, id, &puts, "remind snooze")
    }
}

/// The words of a reminder: one line that a screen can show; neutral ones where nothing is said.
pub(super) fn words(text: Option<&str>) -> Result<String, Failure> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(NEUTRAL.to_owned()) };
    let line = one_line("the text of a reminder", text, MAX_REMINDER_TEXT)?;
    if line.chars().any(char::is_control) {
        let message = "the text of a reminder has signs in it that a screen cannot show";
        return Err(Failure::new(ErrorKind::Usage, message).hint("nothing was stored"));
    }
    Ok(line)
}

/// A zone that the bundled database knows.
fn known(zone: &ReminderZone) -> Result<ReminderZone, Failure> {
    zone.to_string().parse().map_err(|error: asif_proto::record::ZoneError| {
        let near = ReminderZone::nearest(&zone.to_string());
        let hint = if near.is_empty() {
            "use floating, here, or Area/City like Europe/London".to_owned()
        } else {
            format!("did you mean {}? floating and here are others", near.join(", "))
        };
        Failure::new(ErrorKind::Usage, error.to_string()).hint(hint)
    })
}

fn is_to_come(date: Date, at: Time, zone: &TimeZone, now: Timestamp) -> Result<(), Failure> {
    if falls(date, at, zone).is_some_and(|falls| falls.at > now) {
        return Ok(());
    }
    let message = format!("{} on {} is over", reminder::clock(at), date.strftime("%a %-d %b %Y"));
    Err(Failure::new(ErrorKind::Usage, message).hint("choose a time to come: --on tomorrow, or --days daily"))
}

/// `15:00` is the next one, `tomorrow` the reminder's own time on that day, `fri 9:00` both.
fn put_off_until(text: &str, now: Timestamp, zone: &TimeZone, own: Time) -> Result<Timestamp, Failure> {
    let unreadable = || {
        let message = format!("{text:?} is no time to put it off to: use 15:00, tomorrow, or \"fri 9:00\"");
        Failure::new(ErrorKind::Usage, message).hint("or say for how long: --for 1h")
    };
    let today = now.to_zoned_datetime(zone.clone()).date();
    let text = text.trim();
    let next = |time: Time| {
        let days = [Some(today), today.tomorrow().ok()];
        days.into_iter().flatten().find_map(|day| falls(day, time, zone).filter(|falls| falls.at > now))
    };
    let found = match (parse_time(text), day::parse(text, today)) {
        (Some(time), _) => next(time),
        (None, Ok(day)) => falls(day, own, zone),
        (None, Err(_)) => {
            let (day, time) = text.rsplit_once([' ', 'T']).ok_or_else(unreadable)?;
            let (day, time) = day::parse(day, today).ok().zip(parse_time(time)).ok_or_else(unreadable)?;
            falls(day, time, zone)
        }
    };
    Ok(found.ok_or_else(unreadable)?.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_off_comes_when_people_say() {
        let (now, london) = ("2026-11-23T12:41:07Z".parse().unwrap(), moment::zone("Europe/London"));
        let until = |text: &str| put_off_until(text, now, &london, "08:00".parse().unwrap()).map(|at| at.to_string());
        for (text, at) in [
            ("15:00", "2026-11-23T15:00:00Z"),
            ("9:00", "2026-11-24T09:00:00Z"),
            ("tomorrow", "2026-11-24T08:00:00Z"),
            ("fri 9:30", "2026-11-27T09:30:00Z"),
            ("2026-11-25T10:00", "2026-11-25T10:00:00Z"),
        ] {
            assert_eq!(until(text).as_deref(), Ok(at), "{text}");
        }
        for bad in ["", "25:00", "soon", "2026-02-30 8:00", "tomorrow 25:00"] {
            assert!(until(bad).is_err_and(|failure| failure.hint.is_some()), "{bad}");
        }
    }

    #[test]
    fn the_words_are_one_line_that_a_screen_can_show() {
        assert_eq!(words(None).unwrap(), NEUTRAL);
        assert_eq!(words(Some("  ")).unwrap(), NEUTRAL);
        assert_eq!(words(Some(" Tea. ")).unwrap(), "Tea.");
        for bad in ["two\nlines", "a\u{1b}[2Jb", &"x".repeat(MAX_REMINDER_TEXT + 1)] {
            assert_eq!(words(Some(bad)).unwrap_err().kind, ErrorKind::Usage, "{bad:?}");
        }
    }
}
