//! One's own devices: which there are, and what they are called.

use asif_proto::id::DeviceId;
use asif_proto::local::{DeviceView, ErrorKind, Failure, Reply};

use super::super::find::{by_suffix, short};
use super::super::{Cx, Replica};
use super::kept::one_line;
use super::{Handled, Outcome};
use crate::journal::schema;
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

    /// The device that a name names, or the end of an id.
    fn find_device(&self, typed: &str) -> Result<DeviceId, Failure> {
        let person = self.person().ok_or_else(super::super::no_journal)?;
        let all: Vec<DeviceId> = self.registry.roster(&person).devices().map(|device| device.signing).collect();
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
