//! Signed statements about persons, devices and epochs.
//!
//! ```text
//! statement   signer kind u8 (1 root, 2 device) · signer 32 · signature 64 · body frame {kind u16, length u32, bytes}
//! signature   over "asif statement v1" ‖ signer kind ‖ signer ‖ body frame
//! id          blake3("asif statement id v1" ‖ the whole statement)
//! ```
//!
//! | kind | body |
//! |---|---|
//! | 1 | [`Add`]: a device joins its person |
//! | 2 | [`Remove`]: a device leaves its person for good |
//! | 3 | [`Answer`]: what a device held of a removed one when it heard of that |
//! | 4 | [`Epoch`]: a key of a space, sealed for its readers |
//! | 5 | [`Kit`]: the public halves of the recovery kit |
//!
//! A kind that is not known is kept and waits for a newer program.

use asif_proto::frame::Frame;
use asif_proto::id::{DeviceId, KeyId, Link, LinkKey, LogId, PersonId, QueueId, StatementId};
use serde::{Deserialize, Serialize};

use super::space::Space;
use crate::seal::hpke;
use crate::seal::keys::{self, KitEntropy, SIGNATURE_LEN, SealingSeed, SigningSeed};

/// The most bytes of a statement: some fifty devices in one epoch.
pub const MAX_STATEMENT: usize = 64 * 1024;
const LABEL: &[u8] = b"asif statement v1";
const DEVICE_LABEL: &[u8] = b"asif device v1";
const ADD: u16 = 1;
const REMOVE: u16 = 2;
const ANSWER: u16 = 3;
const EPOCH: u16 = 4;
const KIT: u16 = 5;
const PREFIX: usize = 1 + 32 + SIGNATURE_LEN;

/// The public halves of a device's three key pairs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceKeys {
    /// Checks its statements and entries.
    pub signing: DeviceId,
    /// Seals keys for it, [`hpke::PUBLIC_LEN`] bytes.
    pub sealing: Vec<u8>,
    /// Its TLS identity.
    pub link: LinkKey,
}

/// The keys with a proof that their holder holds them and wants to belong to `person`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The keys.
    pub keys: DeviceKeys,
    /// By the signing key over "asif device v1" ‖ person ‖ keys.
    pub proof: Vec<u8>,
}

impl Candidate {
    /// Offers a device's keys to a person.
    pub fn new(person: PersonId, signing: &SigningSeed, sealing: &SealingSeed, link: LinkKey) -> Self {
        let keys = DeviceKeys { signing: signing.device(), sealing: sealing.public(), link };
        let proof = signing.sign(DEVICE_LABEL, &[person.as_bytes(), &asif_proto::frame::encode(&keys)]).to_vec();
        Self { keys, proof }
    }

    /// Whether the holder of the keys wants to belong to `person`, and the sealing key can be used.
    pub fn is_for(&self, person: PersonId) -> bool {
        let Ok(proof) = <[u8; SIGNATURE_LEN]>::try_from(self.proof.as_slice()) else { return false };
        let parts = [&person.as_bytes()[..], &asif_proto::frame::encode(&self.keys)];
        self.keys.sealing.len() == hpke::PUBLIC_LEN && keys::verify(self.keys.signing.as_bytes(), DEVICE_LABEL, &parts, &proof).is_ok()
    }
}

/// A device joins its person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Add {
    /// The person.
    pub person: PersonId,
    /// The device.
    pub device: Candidate,
    /// Roster statements that the signer had seen.
    pub seen: Vec<StatementId>,
}

/// A device leaves its person for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remove {
    /// The person.
    pub person: PersonId,
    /// The device.
    pub device: DeviceId,
    /// When, by the signer's clock, in milliseconds since 1970: for people to read, and nothing follows from it.
    pub at_ms: i64,
    /// What the signer held of it, on stable storage: of each of its logs, in whatever space, the last entry. More of it counts only where an
    /// answer names it.
    pub tips: Vec<Upto>,
    /// Roster statements that the signer had seen: of the removed device's no others count.
    pub seen: Vec<StatementId>,
}

/// What a device that stays held of a removed one when it first heard of that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The person.
    pub person: PersonId,
    /// The removal that it heard of.
    pub removal: StatementId,
    /// As in [`Remove`].
    pub tips: Vec<Upto>,
}

/// The public halves of a person's recovery kit. Only the root can say them, and it can say no others: they follow from the same words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kit {
    /// The person.
    pub person: PersonId,
    /// Keys of spaces are sealed for it, [`hpke::PUBLIC_LEN`] bytes.
    pub sealing: Vec<u8>,
    /// A TLS identity with which a device that nobody knows yet brings what the root says of it. It lets nobody in for anything else.
    pub link: LinkKey,
    /// Public half of what reads the recovery queue at a mailbox.
    pub recovery: [u8; 32],
}

impl Kit {
    /// What follows from the words.
    pub fn of(kit: &KitEntropy) -> Self {
        Self { person: kit.person(), sealing: kit.sealing().public(), link: kit.link().public(), recovery: kit.recovery().public() }
    }
}

/// Up to where a log counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Upto {
    /// Which log.
    pub log: LogId,
    /// Its last entry that counts.
    pub seq: u64,
    /// The link of that.
    pub link: Link,
}

/// A key of a space, sealed for its readers. A further statement of the same key adds boxes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    /// The space.
    pub space: Space,
    /// The key.
    pub key: KeyId,
    /// The persons who may read.
    pub readers: Vec<PersonId>,
    /// Public half of the reading capability; commits to the read key.
    pub read_capability: [u8; 32],
    /// Public half of the writing capability; commits to the write key.
    pub write_capability: [u8; 32],
    /// Removals that the opener had seen in the rosters of owner and readers.
    pub removals: Vec<StatementId>,
    /// The keys, sealed for each device.
    pub boxes: Vec<KeyBox>,
    /// Journal keys, sealed to the owner's kit.
    pub kit: Option<Vec<u8>>,
}

/// The keys of an epoch sealed for one device: the read key, and for the owner's devices the write key after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBox {
    /// The device.
    pub device: DeviceId,
    /// HPKE, see [`hpke`].
    pub sealed: Vec<u8>,
}

impl Epoch {
    /// The queue that its two capabilities name.
    pub fn queue(&self) -> QueueId {
        keys::queue_id(&self.read_capability, &self.write_capability)
    }
}

/// What a statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A device joins.
    Add(Add),
    /// A device leaves for good.
    Remove(Remove),
    /// What was held of it.
    Answer(Answer),
    /// A key of a space.
    Epoch(Epoch),
    /// The recovery kit.
    Kit(Kit),
    /// Something of a newer program.
    Unknown(u16),
}

impl Said {
    /// Whose roster it is about, if it is.
    pub fn roster_of(&self) -> Option<PersonId> {
        match self {
            Self::Add(add) => Some(add.person),
            Self::Remove(remove) => Some(remove.person),
            Self::Answer(answer) => Some(answer.person),
            Self::Kit(kit) => Some(kit.person),
            Self::Epoch(_) | Self::Unknown(_) => None,
        }
    }
}

/// Who signed a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signer {
    /// A person's root key.
    Root(PersonId),
    /// A device.
    Device(DeviceId),
}

/// Why bytes are not a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Too short, too long, or the body does not decode.
    #[error("the statement is malformed")]
    Malformed,
    /// The signature does not fit.
    #[error("the statement is not well signed")]
    Signature,
}

/// A statement whose signature is good; whether its signer had a say is for the roster to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    id: StatementId,
    signer: Signer,
    said: Said,
    bytes: Vec<u8>,
    consented: bool,
}

impl Statement {
    /// Signs with a person's root key.
    pub fn by_root(kit: &KitEntropy, said: &Said) -> Self {
        let person = kit.person();
        Self::build(Signer::Root(person), said, |parts| kit.sign(LABEL, parts))
    }

    /// Signs with a device's key.
    pub fn by_device(signing: &SigningSeed, said: &Said) -> Self {
        Self::build(Signer::Device(signing.device()), said, |parts| signing.sign(LABEL, parts))
    }

    fn build(signer: Signer, said: &Said, sign: impl Fn(&[&[u8]]) -> [u8; SIGNATURE_LEN]) -> Self {
        let body = match said {
            Said::Add(add) => Frame::postcard(ADD, add),
            Said::Remove(remove) => Frame::postcard(REMOVE, remove),
            Said::Answer(answer) => Frame::postcard(ANSWER, answer),
            Said::Epoch(epoch) => Frame::postcard(EPOCH, epoch),
            Said::Kit(kit) => Frame::postcard(KIT, kit),
            Said::Unknown(kind) => Frame::new(*kind, Vec::new()),
        }
        .to_bytes();
        let (kind, key) = signer_bytes(&signer);
        let signature = sign(&[&[kind], key, &body]);
        let bytes = [&[kind][..], key, &signature, &body].concat();
        Self { id: id(&bytes), signer, consented: consents(said), said: said.clone(), bytes }
    }

    /// Reads a statement and checks its signature.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StatementError> {
        let malformed = StatementError::Malformed;
        if bytes.len() > MAX_STATEMENT {
            return Err(malformed);
        }
        let (prefix, body) = bytes.split_first_chunk::<PREFIX>().ok_or(malformed)?;
        let [kind, rest @ ..] = prefix;
        let (key, signature) = rest.split_first_chunk::<32>().ok_or(malformed)?;
        let signature: &[u8; SIGNATURE_LEN] = signature.try_into().map_err(|_| malformed)?;
        let signer = match kind {
            1 => Signer::Root(PersonId(*key)),
            2 => Signer::Device(DeviceId(*key)),
            _ => return Err(malformed),
        };
        keys::verify(key, LABEL, &[&[*kind], key, body], signature).map_err(|_| StatementError::Signature)?;
        let frame = Frame::from_bytes(body).map_err(|_| malformed)?;
        let said = match frame.kind {
            // A known kind that does not read is, well signed as it is, of a newer program.
            ADD => frame.decode().map_or(Said::Unknown(ADD), Said::Add),
            REMOVE => frame.decode().map_or(Said::Unknown(REMOVE), Said::Remove),
            ANSWER => frame.decode().map_or(Said::Unknown(ANSWER), Said::Answer),
            EPOCH => frame.decode().map_or(Said::Unknown(EPOCH), Said::Epoch),
            KIT => frame.decode().map_or(Said::Unknown(KIT), Said::Kit),
            kind => Said::Unknown(kind),
        };
        Ok(Self { id: id(bytes), signer, consented: consents(&said), said, bytes: bytes.to_vec() })
    }

    /// Its id.
    pub fn id(&self) -> StatementId {
        self.id
    }

    /// Who signed it.
    pub fn signer(&self) -> Signer {
        self.signer
    }

    /// Of an addition: the device that it names wants to belong to that person.
    pub fn is_consented(&self) -> bool {
        self.consented
    }

    /// What it says.
    pub fn said(&self) -> &Said {
        &self.said
    }

    /// As stored and sent.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn consents(said: &Said) -> bool {
    matches!(said, Said::Add(add) if add.device.is_for(add.person))
}

fn signer_bytes(signer: &Signer) -> (u8, &[u8; 32]) {
    match signer {
        Signer::Root(person) => (1, person.as_bytes()),
        Signer::Device(device) => (2, device.as_bytes()),
    }
}

fn id(bytes: &[u8]) -> StatementId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"asif statement id v1");
    hasher.update(bytes);
    StatementId(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;
    use rand_core::SeedableRng;

    fn add() -> (KitEntropy, Statement) {
        let mut rng = Rng::seed_from_u64(5);
        let kit = KitEntropy::random(&mut rng);
        let (signing, sealing) = (SigningSeed::random(&mut rng), SealingSeed::random(&mut rng));
        let device = Candidate::new(kit.person(), &signing, &sealing, LinkKey([1; 32]));
        let add = Add { person: kit.person(), device, seen: vec![] };
        (kit.clone(), Statement::by_root(&kit, &Said::Add(add)))
    }

    #[test]
    fn a_statement_comes_back_with_its_signer() {
        let (kit, statement) = add();
        let back = Statement::from_bytes(statement.bytes()).unwrap();
        assert_eq!(back, statement);
        assert_eq!(back.signer(), Signer::Root(kit.person()));
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        let (_, statement) = add();
        for at in (0..statement.bytes().len()).step_by(7) {
            let mut bytes = statement.bytes().to_vec();
            bytes[at] ^= 1;
            assert!(Statement::from_bytes(&bytes).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_device_offers_itself_to_one_person_only() {
        let mut rng = Rng::seed_from_u64(6);
        let (signing, sealing) = (SigningSeed::random(&mut rng), SealingSeed::random(&mut rng));
        let candidate = Candidate::new(PersonId([1; 32]), &signing, &sealing, LinkKey([2; 32]));
        assert!(candidate.is_for(PersonId([1; 32])));
        assert!(!candidate.is_for(PersonId([2; 32])));
        let mut other = candidate.clone();
        other.keys.link = LinkKey([3; 32]);
        assert!(!other.is_for(PersonId([1; 32])), "somebody else's link key");
    }
}
