//! A core that is made anew on purpose: a home that is made of a backup, or that is locked or opened. And backups that are opened for somebody.

use asif_proto::local::{Answer, BackupAsk, BackupView, ErrorKind, Failure, Request};

use super::backup::{Made, Opened, Whither, answer};
use super::boot::{Start, boot, seed};
use super::failure::chain;
use super::{Daemon, Packer};
use crate::local::{ClientId as LocalClient, Outgoing};
use crate::replica::effect::{BackupJob, ClientId, Input};
use crate::replica::locked;
use crate::seal::keys::VaultKey;

impl Daemon {
    /// Begins to open a backup, if that is what is asked. What comes of it is told by [`take_backup`](Self::take_backup).
    pub(super) fn opens_backup(&self, client: LocalClient, request: &Request) -> bool {
        let (file, opener, whither) = match request {
            Request::Backup(BackupAsk::Verify { file, opener }) => (file, opener, Whither::Nowhere),
            Request::Backup(BackupAsk::Restore { file, opener, into: None }) => (file, opener, Whither::Here),
            Request::Backup(BackupAsk::Restore { file, opener, into: Some(folder) }) => (file, opener, Whither::Folder(folder.clone())),
            _ => return false,
        };
        self.backups.open(client, file.clone(), opener.clone(), whither, self.now(), seed());
        true
    }

    /// Begins to make one, of what is on disk now.
    pub(super) fn make_backup(&self, client: ClientId, job: BackupJob) {
        let client = LocalClient(client.0);
        match self.shelf.files() {
            Ok(mut files) => {
                // The backup is sealed itself; what opens that is to be enough.
                for (_, bytes) in files.iter_mut().filter(|(name, _)| name == "vault.key") {
                    *bytes = job.key_file.as_slice().to_vec();
                }
                self.backups.create(client, job, files, self.now());
            }
            Err(error) => {
                let failure = Failure::new(ErrorKind::Failure, format!("not all of this home can be read: {}", chain(&error)));
                self.local.send(client, Outgoing::Answer(answer(Err(failure.hint("asif doctor tells more")))));
            }
        }
    }

    pub(super) async fn take_backup(&mut self, made: Made) {
        let (client, answer) = match made {
            Made::Answer(client, answer) => (client, answer),
            Made::Open(client, opened) => {
                let restored = self.become_of(*opened).await;
                (client, answer(restored))
            }
        };
        self.local.send(client, Outgoing::Answer(answer));
    }

    /// Makes this home of what a backup holds. It must hold nothing; where it was made of the same backup, it is said again.
    async fn become_of(&mut self, opened: Opened) -> Result<BackupView, Failure> {
        let (same, vault) = (opened.is(self.shelf.restored().as_deref()), self.shelf.has_vault());
        if same && vault {
            return Ok(opened.view);
        }
        let was_interrupted = same && !vault;
        if !self.replica.is_blank() && !was_interrupted {
            let failure =
                Failure::new(ErrorKind::Precondition, "this home holds a journal already, and a backup is restored into an empty one");
            return Err(failure.hint("set ASIF_HOME to a new folder and restore there; or look at what is in it: --into FOLDER"));
        }
        let cannot = |why: String| Failure::new(ErrorKind::Failure, format!("it could not be restored: {why}"));
        self.shelf.become_of(&opened.as_this_home()).map_err(|error| cannot(chain(&error)).hint("make room, and say it again"))?;
        self.begin_again(Start::default(), Failure::new(ErrorKind::Precondition, "this home was restored meanwhile").hint("try again"))
            .await?;
        tracing::info!(sessions = opened.view.sessions, "this home was restored from a backup");
        Ok(opened.view)
    }

    /// The core is made anew, locked; or open, for whoever gave the key.
    pub(super) async fn lock_or_unlock(&mut self, unlock: Option<(VaultKey, Option<ClientId>)>) {
        let (key, client) = unlock.map_or((None, None), |(key, client)| (Some(key), client));
        // What waited for it to be opened is asked of it then.
        let parked = if key.is_some() { self.replica.take_parked() } else { Vec::new() };
        let stays_locked = key.is_none();
        let begun = self.begin_again(Start { key, stays_locked }, locked()).await;
        self.inputs.extend(parked.into_iter().map(|(client, ask)| Input::Ask { client, ask }));
        if let Err(failure) = &begun {
            tracing::error!(reason = %failure, "the store cannot be opened again; stopping");
            self.stopping = true;
        }
        match (begun, client) {
            (_, None) => {}
            (Ok(()), Some(client)) => self.inputs.push_back(Input::Unlocked { client }),
            (Err(failure), Some(client)) => self.local.send(LocalClient(client.0), Outgoing::Answer(Answer::Error(failure))),
        }
    }

    /// The core is made anew from what is on disk. Who waited for something of the home as it was is told.
    async fn begin_again(&mut self, start: Start, meanwhile: Failure) -> Result<(), Failure> {
        for client in self.replica.waiting_clients() {
            self.local.send(LocalClient(client.0), Outgoing::Answer(Answer::Error(meanwhile.clone())));
        }
        self.let_go_of_core().await;
        let (shelf, replica, effects) = boot(&self.home, self.clock, &mut self.rng, None, start)?;
        (self.shelf, self.replica) = (shelf, replica);
        self.packer = Packer::new();
        self.told_here = None;
        self.tell_here();
        Box::pin(self.carry_out(effects)).await;
        Ok(())
    }
}
