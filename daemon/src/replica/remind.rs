//! Reminders as time goes on: what is due is handed to the desktop once, and remembered on this device.
//!
//! ```text
//! alarm, or a change -> due -> remembered (sealed file) -> Notify -> Notified: a desktop showed it, or asif today has the line
//! ```
//!
//! The memory is saved before anything is shown. Where it is gone it begins anew: then at most one reminder is left out.

use std::collections::BTreeMap;

use asif_proto::id::RecordId;
use asif_proto::local::{Desktop, QuietHours, Reminders, Reply, TodayReminder};
use asif_proto::moment::Moment;
use asif_proto::record::{Reminder, ReminderView, ReminderZone, Shown};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::effect::{ClientId, Effect, Notice, Opaque};
use super::{Cx, Replica};
use crate::journal::kept::Kept;
use crate::journal::reminders::{Due, Remembered, quiet_until};

/// The name of the sealed file.
const FILE: &str = "reminded";
/// More than this is not remembered of reminders that are in no document any more.
const MAX_REMEMBERED: usize = 256;
/// The most lines of one notice.
const MAX_LINES: usize = 3;

/// When the core wants to look again, by the clock on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alarm {
    /// When.
    pub at: Timestamp,
    /// It lies elsewhere once the machine is in another zone.
    pub follows_zone: bool,
}

/// What the sealed file says, in JSON.
#[derive(Default, Serialize, Deserialize)]
struct Memory {
    reminders: BTreeMap<RecordId, Remembered>,
}

/// Where the machine is.
struct Here {
    zone: TimeZone,
    quiet: Option<QuietHours>,
}

/// What the core knows of reminders beside the records.
#[derive(Default)]
pub(super) struct Reminding {
    memory: Memory,
    /// The memory was there at the start.
    remembers: bool,
    here: Option<Here>,
    /// Something changed since it was last looked.
    pub(super) stale: bool,
    looked_at: Option<Timestamp>,
    alarm: Option<Alarm>,
    /// Why no desktop shows anything here, if none does; none: nobody has looked yet.
    desktop: Option<Result<(), String>>,
    looking: bool,
    /// Notices that were handed to the desktop and are not yet answered.
    handed: BTreeMap<u64, Vec<RecordId>>,
    next_notice: u64,
    /// Who waits to hear how reminders are shown here.
    asking: Vec<ClientId>,
    /// When this step is.
    pub(super) now: Timestamp,
}

impl Replica {
    /// When the core wants to be told that time has passed, by the clock on the wall.
    pub fn next_alarm(&self) -> Option<Alarm> {
        self.reminding.alarm.filter(|_| self.may_remind())
    }

    /// All is in the views and as it was: else somebody else calls first.
    fn may_remind(&self) -> bool {
        self.is_ready() && self.person().is_some() && self.rest_until.is_none() && self.writes_of_itself()
    }

    /// Takes over what was remembered.
    pub(super) fn load_reminded(&mut self, bytes: Option<&[u8]>) {
        self.reminding.stale = true;
        let (Some(vault), Some(bytes)) = (&self.vault, bytes) else { return };
        let plain = vault.cache.open(FILE, bytes).ok();
        match plain.and_then(|plain| serde_json::from_slice(&plain).ok()) {
            Some(memory) => (self.reminding.memory, self.reminding.remembers) = (memory, true),
            None => tracing::warn!("what was remembered of reminders does not open; it begins anew"),
        }
    }

    /// Takes over what the core remembered in whose place this one was made: a disk that could not be written has not all of it.
    pub fn remember_as(&mut self, other: &mut Self) {
        self.reminding.remembers |= other.reminding.remembers;
        self.reminding.memory.reminders.append(&mut other.reminding.memory.reminders);
    }

    fn save_reminded(&self, cx: &mut Cx<'_>) {
        let Some(vault) = &self.vault else { return };
        let plain = Zeroizing::new(serde_json::to_vec(&self.reminding.memory).unwrap_or_default());
        cx.saves.push(Effect::Save { name: FILE, bytes: Opaque::new(vault.cache.seal(FILE, &plain, cx.rng)) });
    }

    /// The machine is in this zone, and these are its quiet hours.
    pub(super) fn is_here(&mut self, zone: TimeZone, quiet: Option<QuietHours>) {
        self.reminding.here = Some(Here { zone, quiet });
        self.reminding.stale = true;
    }

    /// Looks for what is due, where time or a change makes that worth it.
    pub(super) fn remind(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now.wall;
        let passed = self.reminding.alarm.is_some_and(|alarm| alarm.at <= now);
        let set_back = self.reminding.looked_at.is_some_and(|looked| now < looked);
        if !self.may_remind() || self.reminding.here.is_none() || !(self.reminding.stale || passed || set_back) {
            return;
        }
        (self.reminding.stale, self.reminding.looked_at) = (false, Some(now));
        let all = self.reminders();
        let before = self.reminding.memory.reminders.clone();
        let due = self.look_at(&all, now);
        self.reminding.alarm = self.alarm(&all, &due, now);
        if due.is_empty() || self.quiet_until(now).is_some() {
            if self.reminding.memory.reminders != before {
                self.save_reminded(cx);
            }
        } else {
            self.hand_over(cx, &all, &due);
        }
        let stands = all.values().any(|one| !one.deleted);
        if stands && self.reminding.desktop.is_none() {
            self.look_for_desktop(cx);
        }
    }

    /// Every reminder, also deleted ones.
    fn reminders(&self) -> BTreeMap<RecordId, Reminder> {
        let of = |kept: &Kept| if let Kept::Reminder(one) = kept { Some(one.clone()) } else { None };
        self.view.all_kept().filter_map(|(id, row)| Some((*id, of(&row.value)?))).collect()
    }

    fn look_at(&mut self, all: &BTreeMap<RecordId, Reminder>, now: Timestamp) -> Vec<(RecordId, Due)> {
        let Some(here) = &self.reminding.here else { return Vec::new() };
        let memory = &mut self.reminding.memory.reminders;
        if memory.len() > MAX_REMEMBERED {
            memory.retain(|id, _| all.contains_key(id));
        }
        let mut due = Vec::new();
        for (id, one) in all {
            let zone = one.zone.on(&here.zone);
            let remembered = memory.entry(*id).or_insert_with(|| Remembered::first(one, &zone, now, self.reminding.remembers));
            remembered.look(one, &zone, now);
            if !one.deleted {
                due.extend(remembered.due(one, &zone, now).map(|due| (*id, due)));
            }
        }
        self.reminding.remembers |= !all.is_empty();
        due.sort_by_key(|(id, due)| (due.at, *id));
        due
    }

    fn quiet_until(&self, now: Timestamp) -> Option<Timestamp> {
        let here = self.reminding.here.as_ref()?;
        quiet_until(here.quiet.as_ref()?, &here.zone, now)
    }

    fn alarm(&self, all: &BTreeMap<RecordId, Reminder>, due: &[(RecordId, Due)], now: Timestamp) -> Option<Alarm> {
        let held = (!due.is_empty()).then(|| self.quiet_until(now)).flatten();
        let standing = all.iter().filter(|(_, one)| !one.deleted);
        let comes = standing.filter_map(|(id, one)| {
            let next = self.remembered(id)?.next(one, &self.zone_of(one)?, now)?;
            Some(Alarm { at: next.at, follows_zone: one.zone == ReminderZone::Floating })
        });
        let comes: Vec<_> = comes.chain(held.map(|at| Alarm { at, follows_zone: true })).collect();
        let at = comes.iter().map(|alarm| alarm.at).min()?;
        Some(Alarm { at, follows_zone: comes.iter().any(|alarm| alarm.follows_zone) })
    }

    fn remembered(&self, id: &RecordId) -> Option<&Remembered> {
        self.reminding.memory.reminders.get(id)
    }

    fn zone_of(&self, one: &Reminder) -> Option<TimeZone> {
        self.reminding.here.as_ref().map(|here| one.zone.on(&here.zone))
    }

    /// Several that are due are one notice.
    fn hand_over(&mut self, cx: &mut Cx<'_>, all: &BTreeMap<RecordId, Reminder>, due: &[(RecordId, Due)]) {
        let mut lines: Vec<&str> = Vec::new();
        for (id, due) in due {
            if let Some(remembered) = self.reminding.memory.reminders.get_mut(id) {
                remembered.show(due, cx.now.wall);
            }
            lines.extend(all.get(id).map(|one| one.text.as_str()).filter(|text| !lines.contains(text)));
        }
        let more = lines.len().saturating_sub(MAX_LINES);
        lines.truncate(MAX_LINES);
        let mut text = lines.join("\n");
        if more > 0 {
            text.push_str(&format!("\n(and {more} more)"));
        }
        self.reminding.next_notice += 1;
        self.reminding.handed.insert(self.reminding.next_notice, due.iter().map(|(id, _)| *id).collect());
        self.save_reminded(cx);
        // What was shown has another next time.
        self.reminding.alarm = self.alarm(all, &[], cx.now.wall);
        cx.rest.push(Effect::Notify { notice: self.reminding.next_notice, text: Notice::new(text) });
    }

    /// What became of a notice.
    pub(super) fn notified(&mut self, cx: &mut Cx<'_>, notice: u64, outcome: Result<(), String>) {
        let handed = self.reminding.handed.remove(&notice).unwrap_or_default();
        if let Err(reason) = &outcome {
            tracing::info!(reason, "no desktop shows reminders here");
        } else {
            for id in handed {
                if let Some(last) = self.reminding.memory.reminders.get_mut(&id).and_then(|remembered| remembered.last.as_mut()) {
                    last.on_desktop = true;
                }
            }
            self.save_reminded(cx);
        }
        self.reminding.desktop = Some(outcome);
    }

    fn look_for_desktop(&mut self, cx: &mut Cx<'_>) {
        if !std::mem::replace(&mut self.reminding.looking, true) {
            cx.rest.push(Effect::LookForDesktop);
        }
    }

    /// Whether a desktop shows notices: whoever asked is told.
    pub(super) fn found_desktop(&mut self, cx: &mut Cx<'_>, outcome: Result<(), String>) {
        (self.reminding.looking, self.reminding.desktop) = (false, Some(outcome));
        for client in std::mem::take(&mut self.reminding.asking) {
            let told = Reminders { reminders: self.reminder_list(), desktop: self.desktop() };
            cx.answer(client, Ok(Reply::Reminders(told)));
        }
    }

    /// Answers with every reminder, once it is known how they are shown here.
    pub(super) fn tell_reminders(&mut self, cx: &mut Cx<'_>, client: ClientId) {
        self.reminding.asking.push(client);
        self.look_for_desktop(cx);
    }

    /// Who waits for that.
    pub(super) fn asking_for_reminders(&self) -> impl Iterator<Item = ClientId> {
        self.reminding.asking.iter().copied()
    }

    /// What is known of a desktop here.
    pub(super) fn desktop(&self) -> Desktop {
        let why = self.reminding.desktop.as_ref().and_then(|found| found.as_ref().err().cloned());
        Desktop { shows: self.reminding.desktop.as_ref().map(Result::is_ok), why }
    }

    /// How reminders are shown here, in words, where there are any.
    pub(super) fn about_reminders(&self) -> Option<String> {
        let stands = |kept: &Kept| matches!(kept, Kept::Reminder(one) if !one.deleted);
        self.view.all_kept().find(|(_, row)| stands(&row.value))?;
        Some(match &self.reminding.desktop {
            Some(Ok(())) => "a desktop shows your reminders here".to_owned(),
            Some(Err(why)) => format!("no desktop shows your reminders here: they are lines in asif today ({why})"),
            None => "nobody has looked yet whether a desktop shows your reminders here".to_owned(),
        })
    }

    fn reminder_list(&self) -> Vec<Shown<ReminderView>> {
        let standing = self.view.all_kept().filter(|(_, row)| !row.value.deleted());
        let mut all: Vec<_> = standing
            .filter_map(|(id, row)| match &row.value {
                Kept::Reminder(one) => Some(self.as_shown(*id, row, self.reminder_view(id, one))),
                _ => None,
            })
            .collect();
        let order = |one: &Shown<ReminderView>| (one.value.next.is_none(), one.value.next.as_ref().map(Moment::timestamp), one.id);
        all.sort_by_key(order);
        all
    }

    /// A reminder with what comes next; what quiet hours hold back comes when they end.
    pub(super) fn reminder_view(&self, id: &RecordId, one: &Reminder) -> ReminderView {
        let now = self.reminding.now;
        let zone = self.zone_of(one).unwrap_or_else(|| one.zone.on(&TimeZone::UTC));
        let fresh = || Remembered::first(one, &zone, now, self.reminding.remembers);
        let remembered = self.remembered(id).cloned().unwrap_or_else(fresh);
        let due = remembered.due(one, &zone, now).map(|due| self.quiet_until(now).unwrap_or(due.at));
        let next = remembered.next(one, &zone, now);
        let at = due.or(next.map(|next| next.at)).filter(|_| !one.deleted);
        let clock_change = next.filter(|next| Some(next.at) == at).and_then(|next| next.change);
        ReminderView { reminder: one.clone(), next: at.map(|at| Moment::at(at, &zone)), clock_change }
    }

    /// Reminders that are due on this day and were shown on no desktop here.
    pub(super) fn due_today(&self, now: Timestamp, zone: &TimeZone) -> Vec<TodayReminder> {
        let today = Moment::at(now, zone).local_date();
        let mut due: Vec<TodayReminder> = Vec::new();
        for (id, one) in self.reminders().iter().filter(|(_, one)| !one.deleted) {
            let Some((remembered, of)) = self.remembered(id).zip(self.zone_of(one)) else { continue };
            let is_today = |at: Timestamp| Moment::at(at, zone).local_date() == today;
            let unseen = remembered.last.filter(|last| !last.on_desktop && (is_today(last.due) || is_today(last.at)));
            let is_put_off = remembered.put_off(one, now).is_some_and(|until| until > now);
            let at = remembered.due(one, &of, now).map(|due| due.at).or(unseen.map(|last| last.due)).filter(|_| !is_put_off);
            due.extend(at.map(|at| TodayReminder {
                id: *id,
                short: self.view.short(id),
                text: one.text.clone(),
                due_at: Moment::at(at, zone),
            }));
        }
        due.sort_by_key(|one| (one.due_at.timestamp(), one.id));
        due
    }

    /// The standing reminder that was shown last on this device, or is due.
    pub(super) fn last_reminder(&self, now: Timestamp) -> Option<RecordId> {
        let when = |(id, one): (&RecordId, &Reminder)| {
            let remembered = self.remembered(id)?;
            if one.deleted || remembered.put_off(one, now).is_some_and(|until| until > now) {
                return None;
            }
            let due = remembered.due(one, &self.zone_of(one)?, now).map(|due| due.at);
            Some((due.or(remembered.last.map(|last| last.at))?, *id))
        };
        self.reminders().iter().filter_map(when).max().map(|(_, id)| id)
    }
}
