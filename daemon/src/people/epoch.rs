//! Epochs: opening one, sealing its keys for readers, and reading one's own box.

use asif_proto::id::{DeviceId, KeyId, PersonId, SpaceId, StatementId};
use rand_core::Rng as _;
use zeroize::Zeroizing;

use super::space::Space;
use super::statement::{DeviceKeys, Epoch, KeyBox};
use crate::Rng;
use crate::seal::hpke;
use crate::seal::keys::{ReadKey, SealingSeed, WriteKey};

/// The most boxes in one statement: it must stay under [`super::statement::MAX_STATEMENT`]. More go into further statements.
pub const MAX_BOXES: usize = 40;

/// The keys of an epoch as one device holds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochKeys {
    /// Opens its entries.
    pub read: ReadKey,
    /// The owner's devices hold it.
    pub write: Option<WriteKey>,
}

/// A reader of an epoch, with the keys to seal for.
pub struct Reader<'a> {
    /// The person.
    pub person: PersonId,
    /// Their devices.
    pub devices: Vec<&'a DeviceKeys>,
}

/// Opens an epoch of `space` for its readers, the owner first.
///
/// `removals`: all that the opener knows, of devices of any of them. `kit` is the public sealing key of the owner's kit.
pub fn open(space: Space, readers: &[Reader<'_>], removals: Vec<StatementId>, kit: Option<&[u8]>, rng: &mut Rng) -> (Epoch, EpochKeys) {
    let mut key = [0; 16];
    rng.fill_bytes(&mut key);
    let key = KeyId(key);
    let (read, write) = (ReadKey::random(rng), WriteKey::random(rng));
    let keys = EpochKeys { read, write: Some(write.clone()) };
    let kit = kit.and_then(|public| kit_box(space, key, &keys, public, rng));
    let epoch = Epoch {
        space,
        key,
        readers: readers.iter().map(|reader| reader.person).collect(),
        read_capability: keys.read.capability(),
        write_capability: write.capability(),
        removals,
        boxes: readers.iter().flat_map(|reader| boxes(space, key, &keys, reader, rng)).collect(),
        kit,
    };
    (epoch, keys)
}

/// The same epoch, with boxes for these devices of a reader and nothing else new.
pub fn extend(epoch: &Epoch, keys: &EpochKeys, reader: &Reader<'_>, rng: &mut Rng) -> Epoch {
    Epoch { boxes: boxes(epoch.space, epoch.key, keys, reader, rng), kit: None, ..epoch.clone() }
}

/// The same epoch, with its read key sealed for the owner's kit and nothing else new.
pub fn extend_to_kit(epoch: &Epoch, keys: &EpochKeys, kit: &[u8], rng: &mut Rng) -> Option<Epoch> {
    let kit = kit_box(epoch.space, epoch.key, keys, kit, rng)?;
    Some(Epoch { boxes: Vec::new(), kit: Some(kit), ..epoch.clone() })
}

fn kit_box(space: Space, key: KeyId, keys: &EpochKeys, public: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
    hpke::seal(public, &info(space.id(), key, None), keys.read.danger_bytes(), rng).ok()
}

/// Opens what is sealed for the kit, with the kit's sealing key: of `boxes` the first that is right.
pub fn read_kit_box(epoch: &Epoch, boxes: &[Vec<u8>], kit: &SealingSeed) -> Option<EpochKeys> {
    let info = info(epoch.space.id(), epoch.key, None);
    boxes.iter().find_map(|sealed| {
        let plain = Zeroizing::new(hpke::open(kit, &info, sealed).ok()?);
        let read = ReadKey::from_bytes(<[u8; 32]>::try_from(plain.as_slice()).ok()?);
        (read.capability() == epoch.read_capability).then_some(EpochKeys { read, write: None })
    })
}

/// Whether a box of an owner's device holds the write key too: what the kit opened and a device sealed for itself does not.
pub fn is_whole(one: &KeyBox) -> bool {
    one.sealed.len() >= hpke::OVERHEAD + 64
}

/// Opens this device's box, if there is one that is right: of several one with the write key.
pub fn read_box(epoch: &Epoch, device: DeviceId, sealing: &SealingSeed) -> Option<EpochKeys> {
    let info = info(epoch.space.id(), epoch.key, Some(device));
    let mut boxes: Vec<&KeyBox> = epoch.boxes.iter().filter(|one| one.device == device).collect();
    boxes.sort_by_key(|one| !is_whole(one));
    boxes.into_iter().find_map(|one| {
        let plain = Zeroizing::new(hpke::open(sealing, &info, &one.sealed).ok()?);
        let (read, rest) = plain.split_first_chunk::<32>()?;
        let read = ReadKey::from_bytes(*read);
        let write = match rest {
            [] => None,
            rest => Some(WriteKey::from_bytes(<[u8; 32]>::try_from(rest).ok()?)),
        };
        let commits =
            read.capability() == epoch.read_capability && write.as_ref().is_none_or(|write| write.capability() == epoch.write_capability);
        commits.then_some(EpochKeys { read, write })
    })
}

fn boxes(space: Space, key: KeyId, keys: &EpochKeys, reader: &Reader<'_>, rng: &mut Rng) -> Vec<KeyBox> {
    let mut plain = Zeroizing::new(Vec::with_capacity(64));
    plain.extend_from_slice(keys.read.danger_bytes());
    if reader.person == space.owner()
        && let Some(write) = &keys.write
    {
        plain.extend_from_slice(write.danger_bytes());
    }
    let seal = |device: &&DeviceKeys| {
        let info = info(space.id(), key, Some(device.signing));
        let sealed = hpke::seal(&device.sealing, &info, &plain, rng).ok()?;
        Some(KeyBox { device: device.signing, sealed })
    };
    reader.devices.iter().filter_map(seal).collect()
}

/// What a sealed key is bound to: "asif epoch key v1" ‖ space ‖ key id ‖ device, or zeros for the kit.
fn info(space: SpaceId, key: KeyId, device: Option<DeviceId>) -> Vec<u8> {
    [b"asif epoch key v1", &space.as_bytes()[..], key.as_bytes(), device.unwrap_or(DeviceId([0; 32])).as_bytes()].concat()
}
