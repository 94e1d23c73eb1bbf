//! One's own devices: which there are, and what they are called.

use std::collections::BTreeMap;

use asif_proto::id::{DeviceId, LinkKey, PersonId};
use asif_proto::local::{Check, DeviceView, ErrorKind, Failure, RemovedDevice, Reply};
use jiff::Timestamp;

use super::super::find::{by_suffix, short};
use super::super::{Cx, Replica};
use super::kept::one_line;
use super::{Handled, Outcome};
use crate::journal::schema;
use crate::people::statement::{Said, Signer};
use crate::seal::body::DocId;

/// The longest name of a device, in bytes.
const MAX_NAME: usize = 100;

impl Replica {
    pub(super) fn device_list(&self) -> Vec<DeviceView> {
        let (Some(person), Some(vault)) = (self.person(), &self.vault) else { return Vec::new() };
        let me = vault.device();
        let mut devices: Vec<DeviceView> = self
            .registry
            .roster(&person)
            .devices()
            .map(|device| DeviceView {
                name: self.device_name(&device.signing),
                id: device.signing.to_string(),
                this: device.signing == me,
                last_sync: self.peers.notes.get(&device.link).and_then(|note| note.last_sync),
                connected: self.links.values().any(|link| link.key == device.link && link.up),
                reached: self.reached(&device.link),
            })
            .collect();
        devices.sort_by(|a, b| b.this.cmp(&a.this).then(a.name.cmp(&b.name)).then(a.id.cmp(&b.id)));
        devices
    }

    /// Calls a device something else, on all of them.
    pub(super) fn rename_device(&mut self, cx: &mut Cx<'_>, typed: &str, name: &str) -> Handled {
        let device = self.find_device(typed)?;
        let name = one_line("a name", name, MAX_NAME)?;
        let same = |one: &DeviceView| one.name.eq_ignore_ascii_case(&name) && one.id != device.to_string();
        if self.device_list().iter().any(same) {
            let failure = Failure::new(ErrorKind::Precondition, format!("another of your devices is called {name}"));
            return Err(failure.hint("choose another name"));
        }
        if !self.has(cx, DocId::Plan) {
            return Ok(Outcome::Wanted);
        }
        if self.device_name(&device) != name {
            self.write(cx, DocId::Plan, &[Self::name_put(schema::device_name(&device), &name)], "device rename")?;
        }
        let renamed = self.device_list().into_iter().filter(|one| one.id == device.to_string()).collect();
        Ok(Outcome::Reply(Reply::Devices(renamed)))
    }

    /// Removes a device for good. One that was removed already is told of again: the answer may have been lost.
    pub(super) fn remove_device(&mut self, cx: &mut Cx<'_>, typed: &str) -> Handled {
        let person = self.person().ok_or_else(super::super::no_journal)?;
        let device = match self.find_device(typed) {
            Ok(device) => device,
            Err(failure) => {
                let gone = self.registry.roster(&person).gone().keys().copied().collect();
                let Ok(device) = self.find_among(typed, gone) else { return Err(failure) };
                return Ok(Outcome::Reply(Reply::Removed(self.removed_device(person, &device).ok_or(failure)?)));
            }
        };
        if self.this_device().is_ok_and(|this| this == device) {
            let failure = Failure::new(ErrorKind::Precondition, "this is the device that you are using, and it cannot remove itself");
            return Err(
                failure.hint("remove it from another of your devices: asif device remove there. To take asif off this machine: asif wipe")
            );
        }
        if !self.stands() && self.vault.as_ref().is_some_and(|vault| vault.kit.is_none()) {
            return Err(removed_itself());
        }
        self.remove(cx, device);
        let missing = || Failure::new(ErrorKind::Failure, "it could not be removed");
        Ok(Outcome::Reply(Reply::Removed(self.removed_device(person, &device).ok_or_else(missing)?)))
    }

    /// One's own devices that were removed.
    pub(super) fn removed_devices(&self) -> Vec<RemovedDevice> {
        let Some(person) = self.person() else { return Vec::new() };
        let gone = self.registry.roster(&person).gone().keys();
        let mut all: Vec<RemovedDevice> = gone.filter_map(|device| self.removed_device(person, device)).collect();
        all.sort_by_key(|one| one.removed_at);
        all
    }

    /// A device that was removed, and who has heard of it. None for one that was not.
    fn removed_device(&self, person: PersonId, device: &DeviceId) -> Option<RemovedDevice> {
        let gone = self.registry.roster(&person).gone().get(device)?;
        let removals = gone.by.iter().filter_map(|id| self.registry.statement(id));
        let said = removals.filter_map(|one| match one.said() {
            Said::Remove(remove) => Some((remove.at_ms, one.signer())),
            _ => None,
        });
        // The first who removed it, by what they say themselves.
        let (at_ms, signer) = said.min_by_key(|(at_ms, _)| *at_ms)?;
        let removed_at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::MIN);
        let mut heard: BTreeMap<String, bool> = BTreeMap::new();
        for key in self.known_keys() {
            let Some((of, _)) = self.registry.holder(&key) else { continue };
            let connected = self.links.values().any(|link| link.key == key && link.up);
            let since = self.peers.notes.get(&key).and_then(|note| note.last_sync).is_some_and(|at| at > removed_at);
            // Of other people one device is enough: it passes on what there is.
            let name = if of == person { self.name_of_key(&key) } else { self.name_of_person(of) };
            *heard.entry(name).or_default() |= connected || since;
        }
        let with = |told: bool| heard.iter().filter(|(_, heard)| **heard == told).map(|(name, _)| name.clone()).collect();
        Some(RemovedDevice {
            name: self.device_name(device),
            id: device.to_string(),
            removed_at,
            removed_by: match signer {
                Signer::Root(_) => None,
                Signer::Device(by) => Some(self.device_name(&by)),
            },
            told: with(true),
            untold: with(false),
        })
    }

    /// What is to be said of removed devices, and of this one where it may be one.
    pub(super) fn device_checks(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        if self.person().is_some() && !self.stands() && !self.is_unplaced() {
            let Failure { message, hint, .. } = removed_itself();
            checks.push(Check { ok: false, kind: "removed".into(), text: message, hint });
        }
        for one in self.removed_devices() {
            let by = one.removed_by.map_or("with the recovery kit".to_owned(), |by| format!("by {by}"));
            let kept = "what your devices had of it is kept, and nothing that it wrote after counts";
            let untold = match one.untold.as_slice() {
                [] => String::new(),
                untold => format!("; not heard of yet by {}, who let it in until they are reached", untold.join(", ")),
            };
            let on = one.removed_at.strftime("%-d %B %Y");
            checks.push(Check {
                ok: true,
                kind: "removed".into(),
                text: format!("{} was removed from your devices on {on} {by}: {kept}{untold}", one.name),
                hint: None,
            });
        }
        if let Some(at) = self.restored {
            let on = at.strftime("%-d %B %Y");
            let text = format!(
                "this home was restored from a backup on {on}: it goes on in logs of its own, beside what the device that the backup was made on has \
                 written since. If that one is still in use, make this one a device of its own: asif device pair there, and asif device join here"
            );
            checks.push(Check { ok: true, kind: "restored".into(), text, hint: None });
        }
        // One that was never met may not have heard of this one yet.
        let met = |key: &&LinkKey| self.peers.notes.get(*key).is_some_and(|note| note.last_sync.is_some());
        let (told_next, unknown): (Vec<_>, Vec<_>) = self.forgotten.iter().filter(met).partition(|key| self.unaware.contains(key));
        for key in told_next {
            let text = format!("{} has not heard of this device yet; it is told when they meet next", self.name_of_key(key));
            checks.push(Check { ok: true, kind: "forgotten".into(), text, hint: None });
        }
        for key in unknown {
            checks.push(Check {
                ok: false,
                kind: "forgotten".into(),
                text: format!(
                    "{} does not know this device any more: this one was removed there, or that one was put back from an old copy; nothing goes \
                     there until it does",
                    self.name_of_key(key)
                ),
                hint: Some("let this one in again: asif device pair there, and asif device join here with its ticket".into()),
            });
        }
        checks
    }

    /// The device that a name names, or the end of an id.
    fn find_device(&self, typed: &str) -> Result<DeviceId, Failure> {
        let person = self.person().ok_or_else(super::super::no_journal)?;
        self.find_among(typed, self.registry.roster(&person).devices().map(|device| device.signing).collect())
    }

    fn find_among(&self, typed: &str, all: Vec<DeviceId>) -> Result<DeviceId, Failure> {
        let named: Vec<&DeviceId> = all.iter().filter(|one| self.device_name(one).eq_ignore_ascii_case(typed)).collect();
        match named[..] {
            [one] => return Ok(*one),
            [] => {}
            _ => {
                let ids: Vec<String> = named.into_iter().map(|one| short(&one.to_string())).collect();
                let failure = Failure::new(ErrorKind::Usage, format!("several of your devices are called {typed:?}"));
                return Err(failure.hint(format!("say which by the end of its id: {}", ids.join(", "))));
            }
        }
        by_suffix(typed, all.iter().map(|one| (one.to_string(), *one)), "").map_err(|failure| match failure.kind {
            ErrorKind::Usage if all.iter().any(|one| one.to_string().ends_with(&typed.to_ascii_lowercase())) => failure,
            _ => Failure::new(ErrorKind::NotFound, format!("none of your devices is called {typed:?}"))
                .hint("see them with: asif device list"),
        })
    }
}

/// What is said of a device that knows that it was removed.
pub(super) fn removed_itself() -> Failure {
    Failure::new(ErrorKind::Precondition, "this device was removed from your devices: what is written here stays here")
        .hint("to use it again: asif device pair on another of your devices, and asif device join here with its ticket")
}
