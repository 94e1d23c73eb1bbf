//! How things stand: status, devices, doctor.

use asif_proto::local::{Check, DaemonView, Doctor, Failure, HelperView, JournalView, Reply, Status};
use asif_proto::record::PracticeStatus;
use jiff::{SignedDuration, Timestamp};

use super::super::effect::{ClientId, Effect};
use super::super::{Cx, Replica};
use super::{Handled, Outcome};
use crate::journal::record::{Session, record_grant};
use crate::journal::view::Row;

impl Replica {
    pub(super) fn status(&self, now: Timestamp) -> Status {
        let practices =
            self.view.practices().filter(|(_, row)| row.value.deleted != Some(true) && row.value.status != PracticeStatus::Archived);
        let helpers = self.view.grants().filter(|(id, row)| row.value.helper.is_some() && !self.has_ended(record_grant(**id)));
        let clients = self.view.clients().filter(|(id, _)| !self.has_ended(record_grant(**id)));
        Status {
            daemon: DaemonView { pid: self.about.pid, version: self.about.version.clone() },
            initialised: self.person().is_some() || self.locked,
            locked: self.locked,
            name: self.view.name(crate::journal::schema::SELF_NAME).map(str::to_owned),
            journal: JournalView { sessions: self.session_count(), practices: count(practices) },
            devices: if self.locked { Vec::new() } else { self.device_list() },
            helpers: helpers
                .map(|(id, row)| HelperView {
                    name: row.value.name.clone(),
                    role: row.value.role,
                    until: row.value.until.clone(),
                    joined: true,
                    paused: row.value.paused,
                    waiting: self.waits_for_person(record_grant(*id), &row.value),
                    last_sync: row.value.helper.and_then(|helper| {
                        let devices = self.registry.roster(&helper).devices();
                        devices.filter_map(|device| self.peers.notes.get(&device.link)?.last_sync).max()
                    }),
                })
                .collect(),
            mailbox: self.mailbox_view().own,
            clients: count(clients),
            safely_stored_on: self.safely_stored_on(),
            listen: self.listening.iter().flatten().map(ToString::to_string).collect(),
            vault: self.kept_by().into(),
            waiting: self.lock_view().waiting,
            kit: if self.locked { None } else { self.kit_view() },
            problems: count(self.checks(now).iter().filter(|check| !check.ok)),
            paths: self.about.home.clone(),
        }
    }

    pub(super) fn doctor(&mut self, cx: &mut Cx<'_>, client: ClientId, rebuild: bool) -> Handled {
        let now = cx.now.wall;
        if !rebuild || self.fault.is_some() {
            return Ok(Outcome::Reply(Reply::Doctor(Doctor { checks: self.checks(now), rebuilt: false })));
        }
        if self.rebuilding == Some(client) {
            self.rebuilding = None;
            let rebuilt = self.damage.is_empty() && !self.is_unplaced();
            return Ok(Outcome::Reply(Reply::Doctor(Doctor { checks: self.checks(now), rebuilt })));
        }
        self.rebuilding = Some(client);
        if self.adopt_orphans(cx) && self.damage.is_empty() && self.orphans.is_empty() {
            return Ok(Outcome::Wanted);
        }
        // What was set aside is read once more: it may be that somebody was cut off while it was written again.
        if self.damage.is_empty() && self.orphans.is_empty() && self.set_aside.is_empty() {
            self.salvaging = true;
            self.rebuild(cx);
        } else {
            // Where nothing opens, everything stays where it is.
            let whole = if self.is_unplaced() { Vec::new() } else { self.orphans.iter().map(|log| log.head.log).collect() };
            self.reading += 1;
            cx.rest.push(Effect::Mend(whole));
        }
        Ok(Outcome::Wanted)
    }

    fn checks(&self, now: Timestamp) -> Vec<Check> {
        let mut checks = Vec::new();
        checks.extend(self.salvage_checks());
        let mut good = |kind: &str, text: String| checks.push(Check { ok: true, kind: kind.into(), text, hint: None });
        match (&self.fault, self.person()) {
            (Some(_), _) => {}
            (None, _) if self.locked => {
                good("locked", "the journal is locked: asif unlock opens it, and what is in it can be looked at then".into())
            }
            (None, None) if self.is_unplaced() => {}
            (None, None) => good("journal", "no journal here yet; nothing can be wrong with it".into()),
            (None, Some(_)) => {
                let entries: u64 = self.logs.values().map(|log| log.seq).sum();
                let logs = u64::try_from(self.logs.len()).unwrap_or(u64::MAX);
                good(
                    "journal",
                    format!(
                        "the vault opens; {} in {}, each chained to the one before",
                        many(entries, "entry", "entries"),
                        many(logs, "log", "logs")
                    ),
                );
                let practices = many(count(self.view.practices()), "practice", "practices");
                good("journal", format!("{} and {practices} can be shown", many(self.session_count(), "session", "sessions")));
                good(
                    "journal",
                    format!(
                        "everything written here is on {}, as far as this one knows",
                        many(self.safely_stored_on(), "device", "devices")
                    ),
                );
            }
        }
        for what in &self.torn {
            good(
                "torn",
                format!("what was being written when asif was last cut off was taken away again, and was never said to be logged: {what}"),
            );
        }
        for name in &self.strange {
            good("strange", format!("a file that is not asif's lies among its logs, and is left alone: {name}"));
        }
        for (what, times) in &self.refused {
            good("refused", format!("refused from the network since the start: {what} ({times} times)"));
        }
        if !self.forks.is_empty() {
            good(
                "fork",
                "this journal was written in two places that looked like one device, as happens when a home is copied or an old copy is \
                 put back; what was written in either is here, once, as far as it reached a device that was met since. If a copy is still in \
                 use, make it a device of its own: asif device pair here, asif device join there"
                    .into(),
            );
        }
        let alone = count(self.awaited().filter(|one| self.waits_for_its_writer(one)));
        if alone > 0 {
            good(
                "fork",
                format!(
                    "{} written on top of such a copy; they show once the device that wrote them has been here",
                    many(alone, "entry was", "entries were")
                ),
            );
        }
        let own = self.waits_for_nobody();
        let waiting = (count(self.awaited()) - alone).saturating_sub(own);
        if waiting > 0 {
            good(
                "waiting",
                format!(
                    "{} for others that have not arrived yet; they come when the device that has them is reached",
                    many(waiting, "entry waits", "entries wait")
                ),
            );
        }
        if let Some(text) = self.about_reminders() {
            good("reminders", text);
        }
        let mut bad = |kind: &str, text: String, hint: &str| {
            checks.push(Check { ok: false, kind: kind.into(), text, hint: Some(hint.to_owned()) });
        };
        if let Some(Failure { message, hint, .. }) = &self.fault {
            bad("vault", message.clone(), hint.as_deref().unwrap_or_default());
        }
        if own > 0 {
            let text = format!(
                "{} built on what is not here any more, and do not show",
                many(own, "entry of this device is", "entries of this device are")
            );
            bad("waiting", text, "asif doctor --rebuild writes them again, so that they show");
        }
        for (_, what) in &self.damage {
            bad(
                "damage",
                format!("bytes on disk are not what was written: {what}"),
                "asif doctor --rebuild sets the damaged piece aside, reads what is intact behind it, and another device of yours gives back what it holds",
            );
        }
        if self.is_unplaced() {
            let Failure { message, hint, .. } = super::unplaced();
            bad("unplaced", message, hint.as_deref().unwrap_or_default());
        } else if !self.orphans.is_empty() {
            bad(
                "unplaced",
                super::orphan_words(),
                "asif doctor --rebuild sets those entries aside, keeps everything else, and another device of yours gives back what it holds",
            );
        }
        for (log, (from, why)) in &self.quarantine {
            bad(
                "quarantine",
                format!(
                    "changes of one log, from entry {from} on, are kept and not used, since they make no sense: {why} ({})",
                    super::super::find::short(&log.to_string())
                ),
                "asif doctor --rebuild tries them again",
            );
        }
        for (grant, why) in self.waiting_shares() {
            let (text, name) = (format!("{why}. Nothing new goes from here to {}", grant.name), &grant.name);
            bad(
                "put_back",
                text,
                &format!("look at what they would see: asif share preview \"{name}\"; then go on: asif share resume \"{name}\""),
            );
        }
        if self.drafts_damaged {
            bad(
                "drafts",
                "what you had begun to write did not open, and was set aside whole (data/drafts.damaged); the journal is not touched by that".into(),
                "put data/drafts back from a copy of this machine while the daemon is stopped, and then remove data/drafts.damaged",
            );
        }
        let [waiting, ..] = self.dropped.counts();
        if waiting > 0 && !self.locked {
            bad(
                "dropped",
                format!(
                    "{} written while the journal was locked, and cannot be read by this asif; nothing of it is lost",
                    many(waiting, "entry was", "entries were")
                ),
                "update asif on this machine",
            );
        }
        if !self.newer.is_empty() {
            bad("newer", format!("{} entries were written by a newer asif and wait", self.newer.len()), "update asif on this machine");
        }
        let unreadable = count(self.view.unreadable());
        if unreadable > 0 {
            bad(
                "newer",
                format!("{unreadable} records have fields that this asif cannot read; they are kept, and shared with nobody"),
                "update asif on this machine",
            );
        }
        checks.extend(if self.locked { Vec::new() } else { self.device_checks() });
        checks.extend(self.network_checks());
        checks.extend(self.clock_check(now));
        checks
    }

    /// Sessions whose time only a wrong clock can have given them, as long as nobody mended it.
    fn clock_check(&self, now: Timestamp) -> Option<Check> {
        let wrong = |row: &Row<Session>| {
            let (at, written) = (row.value.occurred_at.timestamp(), row.value.recorded_at);
            let ahead = at > now + AHEAD && written > now + AHEAD;
            let behind = at < FIRST && written < FIRST;
            row.value.deleted != Some(true) && (ahead || behind)
        };
        let dated = count(self.view.newest_of(|at| at > now + AHEAD || at < FIRST).filter(|(_, row)| wrong(row)));
        let clock = format!("this machine's clock says {}", now.strftime("%-d %B %Y, %H:%M UTC"));
        let (text, hint) = if now < FIRST {
            (
                format!("{clock}, which is before asif was made: it is wrong. Nothing is lost; what you log now gets a wrong time"),
                "set the clock of this machine; then asif list shows what got a wrong time, and asif edit ID --at TIME mends it",
            )
        } else if dated > 0 {
            (
                format!(
                    "{clock}; {} by a clock that was wrong. Nothing of what you wrote is lost",
                    many(dated, "session was dated", "sessions were dated")
                ),
                "if the clock is right now, mend their time: asif list shows them, asif edit ID --at TIME changes it",
            )
        } else {
            return None;
        };
        Some(Check { ok: false, kind: "clock".into(), text, hint: Some(hint.into()) })
    }
}

/// Before this there was no asif: whatever was written down earlier was so by a wrong clock.
const FIRST: Timestamp = Timestamp::constant(1_767_225_600, 0);
/// Clocks of several devices differ by less.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// So many of something.
pub(in crate::replica) fn many(n: u64, one: &str, more: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { more })
}

fn count<T>(all: impl IntoIterator<Item = T>) -> u64 {
    u64::try_from(all.into_iter().count()).unwrap_or(u64::MAX)
}
