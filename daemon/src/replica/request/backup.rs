//! A backup of this home: whether one can be made, and what it is to say of itself.

use asif_proto::local::{BackupAsk, ErrorKind, Failure};
use asif_proto::secret::Secret;
use rand_core::Rng as _;

use super::super::effect::{BackupJob, ClientId, Effect, Opaque};
use super::super::{Cx, Replica};
use super::{Handled, Outcome};
use crate::journal::schema;
use crate::seal::backup::Manifest;
use crate::seal::keys::VaultKey;

/// The shortest passphrase, in characters.
const SHORTEST: usize = 8;

impl Replica {
    pub(super) fn backup(&mut self, cx: &mut Cx<'_>, client: ClientId, what: &BackupAsk) -> Handled {
        let BackupAsk::Create { file, passphrase } = what else { return Ok(Outcome::Later) };
        let (Some(person), Ok(device)) = (self.person(), self.this_device()) else { return Err(super::super::no_journal()) };
        passphrase.as_ref().map_or(Ok(()), long_enough)?;
        let confirmed = self.kit_view().is_some_and(|kit| kit.confirmed_at.is_some());
        if passphrase.is_none() && !confirmed {
            let message = "nothing would open it: the recovery kit is not written down yet, and there is no passphrase";
            let hint = "give it a passphrase, or write the kit down first: asif recovery-kit show";
            return Err(Failure::new(ErrorKind::Precondition, message).hint(hint));
        }
        let manifest = Manifest {
            made_ms: super::whole_seconds(cx.now.wall).as_millisecond(),
            version: self.about.version.clone(),
            person,
            name: self.view.name(schema::SELF_NAME).map(str::to_owned),
            device,
            device_name: self.device_name(&device),
            sessions: self.session_count(),
            files: Vec::new(),
        };
        let key_file = Opaque::new(self.vault_key.as_ref().map(VaultKey::to_file).unwrap_or_default());
        let kit = self.registry.kit(&person).map(|kit| kit.sealing.clone());
        let mut seed = [0; 32];
        cx.rng.fill_bytes(&mut seed);
        let job = BackupJob { file: file.clone(), passphrase: passphrase.clone(), kit, manifest, key_file, seed };
        cx.rest.push(Effect::Backup { client, job: Box::new(job) });
        Ok(Outcome::Later)
    }

    /// Whether this home holds nothing at all: neither a journal nor one that does not open.
    pub fn is_blank(&self) -> bool {
        let begun = self.vault.as_ref().is_some_and(|vault| vault.person.is_some());
        let held = !self.logs.is_empty() || !self.orphans.is_empty() || self.registry.statements().len() > 0;
        self.unopened.is_none() && !begun && !held && self.joining.is_none()
    }
}

pub(super) fn long_enough(passphrase: &Secret) -> Result<(), Failure> {
    if passphrase.danger_text().chars().count() >= SHORTEST {
        return Ok(());
    }
    let failure = Failure::new(ErrorKind::Usage, format!("a passphrase has at least {SHORTEST} characters"));
    Err(failure.hint("four or five words that nobody else would put together are long, and can be kept in mind"))
}
