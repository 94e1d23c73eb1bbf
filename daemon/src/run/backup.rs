//! Backups at the edge: sealing one and seeing that it can be restored takes a while, and happens on a thread of its own.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use asif_proto::local::{Answer, BackupView, ErrorKind, Failure, Reply};
use asif_proto::secret::Secret;
use jiff::Timestamp;
use rand_core::SeedableRng as _;
use tokio::sync::mpsc;

use super::failure::chain;
use super::rehearsal::rehearse;
use super::shelf::{PLACE, RESTORED};
use crate::Rng;
use crate::local::ClientId;
use crate::process::private::{create_private_dir, sync_dir};
use crate::replica::effect::{BackupJob, Now};
use crate::seal::backup::{self, Manifest, Named, Openers};
use crate::seal::keys::VaultKey;
use crate::seal::passphrase::Cost;
use crate::seal::vault::Vault;
use crate::store::{RealDisk, place};

/// The largest file that is read as a backup.
const MAX: u64 = 4 << 30;

/// What a restored home keeps of that: `digest 32 · when, seconds since 1970, i64`.
pub fn restored_note(digest: &[u8; 32], at: Timestamp) -> Vec<u8> {
    [&digest[..], &at.as_second().to_be_bytes()].concat()
}

/// What is done about a backup, and for whom.
pub(super) enum Made {
    /// An answer is ready.
    Answer(ClientId, Answer),
    /// A backup is open, and is to become this home.
    Open(ClientId, Box<Opened>),
}

/// A backup that was opened, and restored in memory.
pub(super) struct Opened {
    pub(super) view: BackupView,
    files: Vec<Named>,
    /// What it is known again by.
    digest: [u8; 32],
}

impl Opened {
    /// The files as they become this home: from another place, so that it goes on in new logs, and what is shared waits for the person.
    pub(super) fn as_this_home(&self) -> Vec<Named> {
        let mut files = self.files.clone();
        files.push((PLACE.to_owned(), vec![0; 32]));
        files.push((RESTORED.to_owned(), restored_note(&self.digest, Timestamp::now())));
        files
    }

    /// Whether a home was made of it already, or begun to be.
    pub(super) fn is(&self, restored: Option<&[u8]>) -> bool {
        restored.is_some_and(|restored| restored.starts_with(&self.digest))
    }
}

/// Whoever makes and opens them.
pub(super) struct Backups {
    sender: mpsc::Sender<Made>,
    made: mpsc::Receiver<Made>,
}

impl Backups {
    pub(super) fn new() -> Self {
        let (sender, made) = mpsc::channel(1);
        Self { sender, made }
    }

    fn spawn(&self, work: impl FnOnce() -> Made + Send + 'static) {
        let sender = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            // Nobody listens any more once the daemon stops.
            let _ = sender.blocking_send(work());
        });
    }

    /// Makes one of these files.
    pub(super) fn create(&self, client: ClientId, job: BackupJob, files: Vec<Named>, now: Now) {
        self.spawn(move || Made::Answer(client, answer(create(&job, &files, now))));
    }

    /// Opens one, and restores it in memory; then, `into` a folder, or back to whoever makes it this home.
    pub(super) fn open(&self, client: ClientId, file: PathBuf, opener: Secret, whither: Whither, now: Now, mut rng: Rng) {
        self.spawn(move || {
            let opened = open(&file, opener.danger_text(), now, &mut rng);
            match (opened, whither) {
                (Ok(opened), Whither::Nowhere) => Made::Answer(client, answer(Ok(opened.view))),
                (Ok(opened), Whither::Here) => Made::Open(client, Box::new(opened)),
                (Ok(opened), Whither::Folder(folder)) => Made::Answer(client, answer(look(opened, &folder, &mut rng))),
                (Err(failure), _) => Made::Answer(client, answer(Err(failure))),
            }
        });
    }

    /// What came of it.
    pub(super) async fn made(&mut self) -> Option<Made> {
        self.made.recv().await
    }
}

/// Where what a backup holds goes.
pub(super) enum Whither {
    /// It is only looked whether it opens.
    Nowhere,
    /// This home.
    Here,
    /// A folder, to look at it.
    Folder(PathBuf),
}

pub(super) fn answer(outcome: Result<BackupView, Failure>) -> Answer {
    match outcome {
        Ok(view) => Answer::Reply(Box::new(Reply::Backup(view))),
        Err(failure) => Answer::Error(failure),
    }
}

fn create(job: &BackupJob, files: &[Named], now: Now) -> Result<BackupView, Failure> {
    let unfinished = job.file.with_file_name(format!(".{}.unfinished", job.file.file_name().unwrap_or_default().to_string_lossy()));
    let made = write(job, files, &unfinished, now);
    if made.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    made
}

fn write(job: &BackupJob, files: &[Named], unfinished: &Path, now: Now) -> Result<BackupView, Failure> {
    let cannot = |error: io::Error| {
        let failure = Failure::new(ErrorKind::Failure, format!("the backup could not be written: {}", chain(&error)));
        failure.hint("nothing was changed; choose another place, or make room there")
    };
    if job.file.symlink_metadata().is_ok() {
        let failure = Failure::new(ErrorKind::Precondition, format!("{} is there already", job.file.display()));
        return Err(failure.hint("choose another name: nothing is written over. If it is the one that was just being made: asif backup verify tells whether it is whole"));
    }
    let mut rng = Rng::from_seed(job.seed);
    match std::fs::remove_file(unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot(error)),
        _ => {}
    }
    let mut out = BufWriter::new(OpenOptions::new().write(true).create_new(true).mode(0o600).open(unfinished).map_err(cannot)?);
    let openers = Openers { passphrase: job.passphrase.as_ref().map(|text| (text.danger_text(), Cost::USUAL)), kit: job.kit.as_deref() };
    let key = backup::seal(job.manifest.clone(), files, &openers, &mut rng, &mut out).map_err(cannot)?;
    let file = out.into_inner().map_err(|error| cannot(error.into_error()))?;
    file.sync_all().map_err(cannot)?;
    // What is on the disk is what is looked at: opened, compared, restored in memory.
    let sealed = read(unfinished).map_err(cannot)?;
    let unsound = |why: String| {
        let failure = Failure::new(ErrorKind::Integrity, format!("the backup that was made could not be restored, and was removed: {why}"));
        failure.hint("the journal here is as it was; asif doctor looks at it")
    };
    let opened = match &job.passphrase {
        Some(passphrase) => backup::open(&sealed, passphrase.danger_text()),
        None => backup::open_with(&sealed, &key),
    };
    let (manifest, back) = opened.map_err(|error| unsound(error.to_string()))?;
    if back != files {
        return Err(unsound("it holds something else than was put into it".into()));
    }
    let status = rehearse(&back, now, &mut rng).map_err(unsound)?;
    if status.journal.sessions != manifest.sessions {
        return Err(unsound(format!("{} sessions were in it, and {} came out", manifest.sessions, status.journal.sessions)));
    }
    std::fs::rename(unfinished, &job.file).map_err(cannot)?;
    let folder = job.file.parent().unwrap_or(Path::new("."));
    sync_dir(folder).map_err(cannot)?;
    let bytes = u64::try_from(sealed.len()).unwrap_or(u64::MAX);
    Ok(view(&job.file, bytes, manifest, (job.passphrase.is_some(), job.kit.is_some()), status.journal.sessions))
}

fn view(file: &Path, bytes: u64, manifest: Manifest, (passphrase, kit): (bool, bool), sessions: u64) -> BackupView {
    BackupView {
        file: file.to_owned(),
        bytes,
        made_at: Timestamp::from_millisecond(manifest.made_ms).unwrap_or(Timestamp::MIN),
        version: manifest.version,
        name: manifest.name,
        device: manifest.device_name,
        sessions,
        passphrase,
        kit,
        into: None,
    }
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn open(file: &Path, typed: &str, now: Now, rng: &mut Rng) -> Result<Opened, Failure> {
    let bytes = read(file).map_err(|error| {
        let kind = if error.kind() == io::ErrorKind::NotFound { ErrorKind::NotFound } else { ErrorKind::Failure };
        Failure::new(kind, format!("{} cannot be read: {error}", file.display()))
    })?;
    let opens = backup::opens_with(&bytes);
    let (manifest, files) = backup::open(&bytes, typed).map_err(|error| {
        let by = match opens {
            Some((true, true)) => "its passphrase opens it, and so do the 24 words of the recovery kit",
            Some((true, false)) => "its passphrase opens it",
            Some((false, _)) => "the 24 words of the recovery kit open it",
            None => "asif backup create makes one",
        };
        let kind = match error {
            backup::BackupError::Key | backup::BackupError::KitOnly => ErrorKind::NotPermitted,
            backup::BackupError::Format => ErrorKind::Usage,
            backup::BackupError::Broken => ErrorKind::Integrity,
        };
        let hint = if error == backup::BackupError::Broken { "another copy of the same backup may be whole" } else { by };
        Failure::new(kind, error.to_string()).hint(hint)
    })?;
    let status = rehearse(&files, now, rng).map_err(|why| {
        let failure = Failure::new(ErrorKind::Integrity, format!("the backup opens, and what is in it cannot be restored: {why}"));
        failure.hint("an older backup may be whole")
    })?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let view = view(file, length, manifest, opens.unwrap_or_default(), status.journal.sessions);
    Ok(Opened { view, files, digest: *blake3::hash(&bytes).as_bytes() })
}

/// Restores it into a folder that is a home of its own, which opens no network: it is there to be looked at.
fn look(opened: Opened, folder: &Path, rng: &mut Rng) -> Result<BackupView, Failure> {
    let cannot =
        |error: &dyn std::error::Error| Failure::new(ErrorKind::Failure, format!("it could not be restored there: {}", chain(error)));
    let holds_something = std::fs::read_dir(folder).map(|mut entries| entries.next().is_some());
    match holds_something {
        Ok(true) => {
            let failure = Failure::new(ErrorKind::Precondition, format!("there is something in {} already", folder.display()));
            return Err(failure.hint("name a folder that is empty, or not there"));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new().mode(0o700).create(folder).map_err(|error| cannot(&error))?;
        }
        Err(error) => return Err(cannot(&error)),
        Ok(false) => {}
    }
    let mut files = opened.as_this_home();
    keep_off_the_network(&mut files, rng);
    let data = folder.join("data");
    create_private_dir(&data).map_err(|error| cannot(&error))?;
    place(&RealDisk::new(), &data, &files).map_err(|error| cannot(&error))?;
    Ok(BackupView { into: Some(folder.to_owned()), ..opened.view })
}

/// A vault that opens is told that the network was never used.
fn keep_off_the_network(files: &mut [Named], rng: &mut Rng) {
    let Some(key) = files.iter().find(|(name, _)| name == "vault.key").and_then(|(_, bytes)| VaultKey::from_file(bytes).ok()) else {
        return;
    };
    for (_, bytes) in files.iter_mut().filter(|(name, _)| name == "vault") {
        if let Ok(mut vault) = Vault::open(&key, bytes) {
            vault.networked = false;
            *bytes = vault.seal(&key, rng);
        }
    }
}
