//! A backup: the files of a home in one sealed file, which a passphrase or the recovery kit opens.
//!
//! ```text
//! backup      magic 8 "asifbak1" · header length u32 · postcard([`Header`]) · chunks
//! chunk       STREAM (Hoang, Reyhanitabar, Rogaway & Vizár 2015; 32-bit counter, big endian, last-block flag) of XChaCha20-Poly1305 over 64 KiB of what
//!             is inside: key = HKDF(file key, "asif backup v1"), nonce prefix and associated data (blake3 of all before the chunks) in the header
//! inside      manifest length u32 · postcard([`Manifest`]) · the files, one after the other
//! file key    32 random bytes, sealed: nonce 24 · XChaCha20-Poly1305(Argon2id(passphrase, salt), aad = "asifbkk1"), and HPKE for the kit's sealing key
//!             with info "asif backup kit v1"
//! ```

use std::io::{self, Write};

use aead_stream::{DecryptorBE32, EncryptorBE32};
use asif_proto::frame;
use asif_proto::id::{DeviceId, PersonId};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::Payload;
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::hpke;
use super::keys::{KEY_LEN, KitEntropy, derive};
use super::passphrase::{Cost, SALT_LEN, stretch};
use super::vault;
use crate::Rng;

const MAGIC: &[u8; 8] = b"asifbak1";
const KEY_MAGIC: &[u8; 8] = b"asifbkk1";
const KIT_INFO: &[u8] = b"asif backup kit v1";
/// Bytes of one chunk, before it is sealed.
const CHUNK: usize = 64 << 10;
const TAG: usize = 16;
/// The longest header: two sealed keys and what is beside them.
const MAX_HEADER: usize = 16 << 10;
/// The most files, and the longest name of one.
const MAX_FILES: usize = 1 << 20;

/// What stands before what is sealed. It names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    salt: [u8; SALT_LEN],
    nonce: [u8; 19],
    passphrase: Option<(Cost, Vec<u8>)>,
    kit: Option<Vec<u8>>,
}

/// What a backup says of itself, once it is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// When it was made, in milliseconds since 1970.
    pub made_ms: i64,
    /// By which version.
    pub version: String,
    /// Whose journal.
    pub person: PersonId,
    /// Their name.
    pub name: Option<String>,
    /// The device that it was made on.
    pub device: DeviceId,
    /// Its name.
    pub device_name: String,
    /// Sessions, counted.
    pub sessions: u64,
    /// The files: name below the data folder, and length in bytes.
    pub files: Vec<(String, u64)>,
}

/// What opens it.
pub struct Openers<'o> {
    /// A passphrase, and how it is stretched.
    pub passphrase: Option<(&'o str, Cost)>,
    /// The public sealing key of the recovery kit.
    pub kit: Option<&'o [u8]>,
}

/// A file of a home: its name below the data folder, and what it holds.
pub type Named = (String, Vec<u8>);

/// Why a backup does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// Not a backup, or a newer one.
    #[error("this is not a backup that this asif can read")]
    Format,
    /// Neither opens it.
    #[error("this does not open the backup")]
    Key,
    /// It has no passphrase.
    #[error("this backup has no passphrase: the words of the recovery kit open it")]
    KitOnly,
    /// Changed or cut off.
    #[error("the backup is damaged: its bytes were changed, or its end is missing")]
    Broken,
}

/// Seals files as a backup, into `out`. The key that it gives opens it too: whoever made it sees with that whether it does.
///
/// # Errors
///
/// If `out` does not take it, or the passphrase's cost is out of bounds.
pub fn seal(
    mut manifest: Manifest,
    files: &[Named],
    openers: &Openers<'_>,
    rng: &mut Rng,
    out: &mut impl Write,
) -> io::Result<Zeroizing<[u8; KEY_LEN]>> {
    let other = |error: &'static str| io::Error::other(error);
    let mut key = Zeroizing::new([0; KEY_LEN]);
    rng.fill_bytes(&mut *key);
    let (mut salt, mut nonce) = ([0; SALT_LEN], [0; 19]);
    rng.fill_bytes(&mut salt);
    rng.fill_bytes(&mut nonce);
    let passphrase = match openers.passphrase {
        Some((text, cost)) => {
            let stretched = stretch(text, &salt, cost).map_err(io::Error::other)?;
            Some((cost, vault::seal(&stretched, KEY_MAGIC, b"", &*key, rng)))
        }
        None => None,
    };
    let kit = openers.kit.map(|public| hpke::seal(public, KIT_INFO, &*key, rng)).transpose().map_err(io::Error::other)?;
    let header = frame::encode(&Header { salt, nonce, passphrase, kit });
    let length = u32::try_from(header.len()).map_err(io::Error::other)?;
    let before = [&MAGIC[..], &length.to_be_bytes(), &header].concat();
    out.write_all(&before)?;

    manifest.files = files.iter().map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect();
    let manifest = frame::encode(&manifest);
    let length = u32::try_from(manifest.len()).map_err(io::Error::other)?.to_be_bytes();
    let parts = [&length[..], &manifest].into_iter().chain(files.iter().map(|(_, bytes)| bytes.as_slice()));
    let aad = *blake3::hash(&before).as_bytes();
    let mut stream = EncryptorBE32::<XChaCha20Poly1305>::new((&*derive(&key, &[b"asif backup v1"])).into(), (&nonce).into());
    let mut chunk = Zeroizing::new(Vec::with_capacity(CHUNK));
    for mut part in parts {
        while !part.is_empty() {
            if chunk.len() == CHUNK {
                out.write_all(
                    &stream.encrypt_next(Payload { msg: &chunk, aad: &aad }).map_err(|_| other("a backup has its limit at 256 TiB"))?,
                )?;
                chunk.clear();
            }
            let (now, rest) = part.split_at(part.len().min(CHUNK - chunk.len()));
            chunk.extend_from_slice(now);
            part = rest;
        }
    }
    out.write_all(&stream.encrypt_last(Payload { msg: &chunk, aad: &aad }).map_err(|_| other("a backup has its limit at 256 TiB"))?)?;
    Ok(key)
}

/// Opens a backup with what somebody typed: the words of the recovery kit, or its passphrase.
///
/// # Errors
///
/// If it is none, is damaged, or something else opens it.
pub fn open(backup: &[u8], typed: &str) -> Result<(Manifest, Vec<Named>), BackupError> {
    let (header, _, _) = taken_apart(backup)?;
    open_with(backup, &*open_key(&header, typed)?)
}

/// Whether a passphrase opens it, and whether the recovery kit does; none where it is no backup.
pub fn opens_with(backup: &[u8]) -> Option<(bool, bool)> {
    taken_apart(backup).ok().map(|(header, _, _)| (header.passphrase.is_some(), header.kit.is_some()))
}

/// The header, all that stands before the chunks, and the chunks.
fn taken_apart(backup: &[u8]) -> Result<(Header, &[u8], &[u8]), BackupError> {
    let format = BackupError::Format;
    let (length, rest) = backup.strip_prefix(MAGIC).and_then(|rest| rest.split_first_chunk::<4>()).ok_or(format)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok().filter(|length| *length <= MAX_HEADER).ok_or(format)?;
    let (header, chunks) = rest.split_at_checked(length).ok_or(format)?;
    let before = backup.get(..MAGIC.len() + 4 + length).ok_or(format)?;
    Ok((frame::decode(header).ok_or(format)?, before, chunks))
}

/// Opens a backup with its own key.
///
/// # Errors
///
/// As [`open`].
pub fn open_with(backup: &[u8], key: &[u8; KEY_LEN]) -> Result<(Manifest, Vec<Named>), BackupError> {
    let format = BackupError::Format;
    let (header, before, chunks) = taken_apart(backup)?;
    let plain = open_chunks(chunks, key, &header.nonce, blake3::hash(before).as_bytes())?;
    let broken = BackupError::Broken;
    let (length, rest) = plain.split_first_chunk::<4>().ok_or(broken)?;
    let (manifest, mut rest) =
        usize::try_from(u32::from_be_bytes(*length)).ok().and_then(|length| rest.split_at_checked(length)).ok_or(broken)?;
    let manifest: Manifest = frame::decode(manifest).ok_or(format)?;
    if manifest.files.len() > MAX_FILES || !manifest.files.iter().all(|(name, _)| is_below(name)) {
        return Err(format);
    }
    let mut files = Vec::with_capacity(manifest.files.len());
    for (name, length) in &manifest.files {
        let (bytes, more) = usize::try_from(*length).ok().and_then(|length| rest.split_at_checked(length)).ok_or(broken)?;
        files.push((name.clone(), bytes.to_vec()));
        rest = more;
    }
    if rest.is_empty() { Ok((manifest, files)) } else { Err(broken) }
}

fn open_key(header: &Header, typed: &str) -> Result<Zeroizing<[u8; KEY_LEN]>, BackupError> {
    let whole =
        |plain: Vec<u8>| <[u8; KEY_LEN]>::try_from(Zeroizing::new(plain).as_slice()).map(Zeroizing::new).map_err(|_| BackupError::Format);
    if let (Some(sealed), Ok(kit)) = (&header.kit, KitEntropy::from_words(typed)) {
        return hpke::open(&kit.sealing(), KIT_INFO, sealed).map_err(|_| BackupError::Key).and_then(whole);
    }
    let (cost, sealed) = header.passphrase.as_ref().ok_or(BackupError::KitOnly)?;
    let stretched = stretch(typed, &header.salt, *cost).map_err(|_| BackupError::Format)?;
    vault::open(&stretched, KEY_MAGIC, b"", sealed).map_err(|_| BackupError::Key).and_then(whole)
}

fn open_chunks(chunks: &[u8], key: &[u8; KEY_LEN], nonce: &[u8; 19], aad: &[u8; 32]) -> Result<Zeroizing<Vec<u8>>, BackupError> {
    let mut stream = DecryptorBE32::<XChaCha20Poly1305>::new((&*derive(key, &[b"asif backup v1"])).into(), nonce.into());
    let mut plain = Zeroizing::new(Vec::with_capacity(chunks.len()));
    let mut rest = chunks;
    while rest.len() > CHUNK + TAG {
        let (chunk, more) = rest.split_at(CHUNK + TAG);
        plain.extend_from_slice(&stream.decrypt_next(Payload { msg: chunk, aad }).map_err(|_| BackupError::Broken)?);
        rest = more;
    }
    plain.extend_from_slice(&stream.decrypt_last(Payload { msg: rest, aad }).map_err(|_| BackupError::Broken)?);
    Ok(plain)
}

/// A name that leads to a file below the folder it is meant for, and nowhere else.
fn is_below(name: &str) -> bool {
    let good = |part: &str| !part.is_empty() && part != "." && part != ".." && part.len() <= 255;
    name.split('/').count() <= 4 && name.split('/').all(good) && !name.contains(['\0', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

    fn manifest() -> Manifest {
        let (person, device) = (PersonId([1; 32]), DeviceId([2; 32]));
        let name = Some("Robin".to_owned());
        Manifest { made_ms: 7, version: "0".into(), person, name, device, device_name: "laptop".into(), sessions: 3, files: Vec::new() }
    }

    fn files() -> Vec<Named> {
        [("vault", 0), ("store/logs/a", CHUNK - 1), ("store/logs/b", 3 * CHUNK), ("store/statements", 5)]
            .map(|(name, length)| (name.to_owned(), vec![u8::try_from(length % 251).unwrap(); length]))
            .to_vec()
    }

    fn sealed(passphrase: Option<&str>, kit: Option<&KitEntropy>) -> Vec<u8> {
        let public = kit.map(|kit| kit.sealing().public());
        let openers = Openers { passphrase: passphrase.map(|text| (text, CHEAP)), kit: public.as_deref() };
        let mut out = Vec::new();
        seal(manifest(), &files(), &openers, &mut Rng::seed_from_u64(1), &mut out).unwrap();
        out
    }

    #[test]
    fn a_backup_opens_with_either_and_with_nothing_else() {
        let (kit, other) = (KitEntropy::from_bytes([5; 32]), KitEntropy::from_bytes([6; 32]));
        let both = sealed(Some("a passphrase"), Some(&kit));
        for typed in ["a passphrase", &kit.words().join(" ")] {
            let (manifest, opened) = open(&both, typed).unwrap();
            assert!(opened == files() && manifest.sessions == 3 && manifest.files.len() == 4, "{typed}");
        }
        for typed in ["a passphras", "", &other.words().join(" ")] {
            assert_eq!(open(&both, typed).err(), Some(BackupError::Key), "{typed}");
        }
        assert_eq!(open(&sealed(None, Some(&kit)), "a passphrase").err(), Some(BackupError::KitOnly));
        assert!(open(&sealed(Some("x"), None), &kit.words().join(" ")).is_err());
    }

    #[test]
    fn whatever_is_changed_or_missing_is_noticed() {
        let good = sealed(Some("x"), None);
        for at in (0..good.len()).step_by(997).chain(0..200) {
            let mut changed = good.clone();
            changed[at] ^= 1;
            assert!(open(&changed, "x").is_err(), "byte {at}");
        }
        for length in [0, 7, 12, 100, good.len() - 1, good.len() - TAG, good.len() - CHUNK - TAG] {
            assert!(open(&good[..length], "x").is_err(), "{length} bytes");
        }
        let swapped = [&good[..good.len() - 9], &good[good.len() - 9..], b"more"].concat();
        assert!(open(&swapped, "x").is_err());
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for name in ["", "/etc/passwd", "../x", "store/../../x", "a//b", "a/b/c/d/e", "a\\b", "."] {
            assert!(!is_below(name), "{name}");
        }
        assert!(is_below("vault") && is_below("store/logs/00ff"));
    }
}
