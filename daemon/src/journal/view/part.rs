//! A part of the view: the sessions of one document, packed and sealed, and opened when something of it is asked for.
//!
//! ```text
//! part      sealed as a cache file called "view part"; plaintext = Padmé( packed )
//! packed    zstd( postcard: list of rows, in the order of their ids )                    the ids are kept beside the part
//! id        blake3-derive("asif view part id v1"; the sealed bytes)
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use asif_proto::frame;
use asif_proto::id::{PartId, RecordId};
use zeroize::Zeroizing;

use super::Row;
use crate::Rng;
use crate::journal::record::Session;
use crate::seal::keys::CacheKey;
use crate::seal::padding;

const NAME: &str = "view part";
/// How hard zstd tries, of 22. Above it a part takes much longer and is hardly smaller (docs/figures.md).
const LEVEL: i32 = 6;

/// Sessions by id. A row is large, and a tree that grows at its end is half empty: so the rows lie beside the tree.
pub(super) type Rows = BTreeMap<RecordId, Box<Row<Session>>>;

/// The sessions of one document as they lie on the disk.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) id: PartId,
    pub(super) bytes: Arc<[u8]>,
    pub(super) ids: Arc<[RecordId]>,
    key: CacheKey,
}

impl Part {
    /// Packs rows and seals them.
    pub(super) fn seal(rows: &Rows, key: &CacheKey, rng: &mut Rng) -> Self {
        let bytes = seal(&pack_rows(rows), key, rng);
        Self { id: PartId::of(&bytes), bytes: bytes.into(), ids: rows.keys().copied().collect(), key: key.clone() }
    }

    /// One that was found on the disk, with the ids of its rows.
    pub(super) fn found(id: PartId, bytes: Arc<[u8]>, ids: Vec<RecordId>, key: &CacheKey) -> Self {
        Self { id, bytes, ids: ids.into(), key: key.clone() }
    }

    /// Its rows; none: it is not what was sealed.
    pub(super) fn open(&self) -> Option<Rows> {
        let padded = Zeroizing::new(self.key.open(NAME, &self.bytes).ok()?);
        let plain = Zeroizing::new(unpack(padding::unpad(&padded).ok()?)?);
        let listed: Vec<Box<Row<Session>>> = frame::decode(&plain)?;
        (listed.len() == self.ids.len()).then(|| self.ids.iter().copied().zip(listed).collect())
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({}, {} rows)", self.id, self.ids.len())
    }
}

/// Rows, packed to be sealed.
pub(super) fn pack_rows(rows: &Rows) -> Zeroizing<Vec<u8>> {
    let listed: Vec<&Row<Session>> = rows.values().map(Box::as_ref).collect();
    let plain = Zeroizing::new(frame::encode(&listed));
    debug_assert!(frame::decode::<Vec<Row<Session>>>(&plain).is_some(), "what is sealed of the view is read again");
    Zeroizing::new(pack(&plain))
}

/// Seals packed rows.
pub(super) fn seal(packed: &[u8], key: &CacheKey, rng: &mut Rng) -> Vec<u8> {
    key.seal(NAME, &Zeroizing::new(padding::pad(packed)), rng)
}

/// Packs what is sealed as a part of the view, or as its head.
pub fn pack(plain: &[u8]) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "in memory, at a level that there is")]
    zstd::bulk::compress(plain, LEVEL).expect("packed in memory")
}

/// Unpacks it again. It was sealed by this device itself, so it may be of any length.
pub fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    zstd::stream::decode_all(packed).ok()
}
