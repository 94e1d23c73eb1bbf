//! Whole documents packed together, as a checkpoint carries them.
//!
//! ```text
//! bundle    zstd( postcard: list of Laid )
//! Laid      document · names: list of 32 · touches: list (record 16, count) · bytes        counts of 1 are left out
//! names     where something was erased, of every change the hash it was first written with, by log and place in it; else none
//! bytes     the document as Automerge saves it, uncompressed
//! ```
//!
//! A year packed together takes nine tenths of what its months take one by one (docs/figures.md).

use std::collections::BTreeMap;
use std::sync::Arc;

use asif_proto::frame;
use asif_proto::id::RecordId;
use serde::{Deserialize, Serialize};

use super::document::{Document, MergeError};
use super::erased::Erased;
use super::view::Read;
use crate::seal::body::{DocId, Erase};

/// The most bytes that one bundle may unfold to.
pub const MAX_BUNDLE: usize = 64 << 20;

/// One document in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Laid<'a> {
    /// Which.
    pub doc: DocId,
    /// How its changes are named, as [`Document::names`] tells.
    pub names: Vec<[u8; 32]>,
    /// How many changes ever touched a record, where it was more than one.
    pub touches: Vec<(RecordId, u64)>,
    /// The document, as saved.
    #[serde(borrow, with = "serde_bytes")]
    pub bytes: &'a [u8],
}

impl Laid<'_> {
    /// The document, loaded in this process.
    pub fn load(&self) -> Result<Document, MergeError> {
        Document::load(self.bytes)?.named(&self.names)
    }

    /// How many changes ever touched its records, as far as that is not one.
    pub fn touches(&self) -> BTreeMap<RecordId, u64> {
        self.touches.iter().copied().collect()
    }

    /// What it says without what was erased, loaded.
    fn read(&self, document: Document, erased: &Arc<Erased>) -> Result<Read, MergeError> {
        let (document, again) = (document.without(erased)?, self.touches());
        let touches = document.records().map(|record| (record, again.get(&record).copied().unwrap_or(1))).collect();
        Ok(Read::of(self.doc, &document, &touches))
    }
}

/// Why bytes are not a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// It would unfold to more than a bundle may, or to another length than was said.
    #[error("a bundle of documents does not unfold to what it should")]
    Unfold,
    /// What it unfolds to is no list of documents.
    #[error("a bundle of documents does not read")]
    Read,
    /// One of the documents does not load.
    #[error("a document in a bundle does not load")]
    Load,
}

/// A document that was loaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Which.
    pub doc: DocId,
    /// Its heads: hashes of changes, sorted.
    pub heads: Vec<[u8; 32]>,
    /// What it says, where that was asked.
    pub read: Option<Read>,
}

/// The documents one after another, not yet packed.
pub fn fold(documents: &[Laid<'_>]) -> Vec<u8> {
    frame::encode(&documents)
}

/// Packed at this level of zstd, from 1 to 22; slow at the highest.
pub fn pack(folded: &[u8], level: i32) -> std::io::Result<Vec<u8>> {
    zstd::bulk::compress(folded, level)
}

/// Unpacked again: exactly `unfolded` bytes.
pub fn unpack(packed: &[u8], unfolded: u32) -> Result<Vec<u8>, BundleError> {
    let len = usize::try_from(unfolded).ok().filter(|len| *len <= MAX_BUNDLE).ok_or(BundleError::Unfold)?;
    let bytes = zstd::bulk::decompress(packed, len).map_err(|_| BundleError::Unfold)?;
    if bytes.len() == len { Ok(bytes) } else { Err(BundleError::Unfold) }
}

/// The documents of an unpacked bundle.
pub fn unfold(folded: &[u8]) -> Result<Vec<Laid<'_>>, BundleError> {
    match postcard::take_from_bytes(folded) {
        Ok((documents, [])) => Ok(documents),
        _ => Err(BundleError::Read),
    }
}

/// Loads every document of a packed bundle, and says which they are, what their heads, and, where it is told what was erased, what else they say.
/// Whoever does not trust the bytes asks in a process that may end in the middle.
pub fn judge(packed: &[u8], unfolded: u32, erased: Option<&Erase>) -> Result<Vec<Judged>, BundleError> {
    let folded = unpack(packed, unfolded)?;
    let erased = erased.map(|erase| Arc::new(Erased::of(erase)));
    let documents = unfold(&folded)?.into_iter().map(|laid| {
        let document = laid.load().map_err(|_| BundleError::Load)?;
        let heads: Vec<[u8; 32]> = document.heads().iter().map(|hash| hash.0).collect();
        // It comes back from what it saves itself, too: that is what the next checkpoint is made of.
        let saved = document.save();
        let comes_back = saved == laid.bytes
            || Document::load(&saved).and_then(|again| again.named(&laid.names)).is_ok_and(|again| again.heads() == document.heads());
        if !comes_back || !laid.doc.is_sane() {
            return Err(BundleError::Load);
        }
        let read = erased.as_ref().map(|erased| laid.read(document, erased)).transpose().map_err(|_| BundleError::Load)?;
        Ok(Judged { doc: laid.doc, heads, read })
    });
    documents.collect()
}

/// The counts that are not 1.
pub fn touched_again(touches: &BTreeMap<RecordId, u64>) -> Vec<(RecordId, u64)> {
    touches.iter().filter(|(_, count)| **count != 1).map(|(record, count)| (*record, *count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(n: u8) -> RecordId {
        RecordId(uuid::Uuid::from_bytes([n; 16]))
    }

    #[test]
    fn documents_come_back_as_they_were_laid() {
        let (one, two) = (vec![7; 1000], b"two".to_vec());
        let month = DocId::Month { year: 2026, month: 3 };
        let documents = [
            Laid { doc: DocId::Plan, names: Vec::new(), touches: Vec::new(), bytes: &one },
            Laid { doc: month, names: vec![[1; 32]], touches: vec![(record(1), 3)], bytes: &two },
        ];
        let folded = fold(&documents);
        let packed = pack(&folded, 19).unwrap();
        let unfolded = u32::try_from(folded.len()).unwrap();
        let unpacked = unpack(&packed, unfolded).unwrap();
        assert_eq!(unfold(&unpacked).unwrap(), documents);

        assert_eq!(unpack(&packed, unfolded + 1), Err(BundleError::Unfold));
        assert_eq!(unpack(&packed, unfolded - 1), Err(BundleError::Unfold));
        assert_eq!(unfold(&unpacked[..unpacked.len() - 1]), Err(BundleError::Read));
        assert_eq!(unfold(&[unpacked.as_slice(), &[0]].concat()), Err(BundleError::Read));
    }

    #[test]
    fn a_bomb_is_not_unfolded() {
        let bomb = pack(&vec![0; 80 << 20], 19).unwrap();
        assert!(bomb.len() < 20_000);
        assert_eq!(unpack(&bomb, u32::try_from(80 << 20).unwrap()), Err(BundleError::Unfold));
        assert_eq!(unpack(&bomb, 1000), Err(BundleError::Unfold));
    }

    #[test]
    fn only_what_was_touched_again_is_told() {
        let touches = BTreeMap::from([(record(1), 1), (record(2), 4)]);
        assert_eq!(touched_again(&touches), [(record(2), 4)]);
    }
}
