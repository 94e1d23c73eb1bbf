//! One append-only file a log.
//!
//! ```text
//! record   length u32 BE · kind u8 · link 32 · entry bytes
//! ```
//! An append is one write and one fdatasync, and waits for both, so a crash can tear the last record only. What is
//! wrong and is followed by a further record of the log is therefore damage, never a torn tail.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::entry_store::{EntryStore, Refusal};
use crate::record::{Chains, HEADER, Link, LogId, Record, Tips};

const FRAME: usize = 4 + 1 + 32;

/// The files of all logs, each named by its log id.
pub struct OwnFiles {
    folder: PathBuf,
    files: BTreeMap<LogId, File>,
    tips: Tips,
    cut: usize,
}

impl OwnFiles {
    /// Reads every file whole and recomputes every link.
    pub fn open(folder: &Path) -> Result<Self, Refusal> {
        let mut chains = Chains::default();
        let mut cut = 0;
        for (log, path) in files(folder)? {
            let bytes = std::fs::read(&path)?;
            let whole = verified(&log, &bytes, &mut chains)?;
            if whole < bytes.len() {
                let file = OpenOptions::new().write(true).open(&path)?;
                file.set_len(whole as u64)?;
                file.sync_all()?;
                cut += bytes.len() - whole;
            }
        }
        Ok(Self { folder: folder.into(), files: BTreeMap::new(), tips: chains.0, cut })
    }

    /// Walks over the lengths only and trusts the links: what the tips alone would cost.
    pub fn hop(folder: &Path) -> Result<Tips, Refusal> {
        let mut tips = Tips::new();
        for (log, path) in files(folder)? {
            let bytes = std::fs::read(&path)?;
            let mut rest = &bytes[..];
            while let Some((_, link, entry, after)) = split(rest) {
                tips.insert(log, (seq_of(entry), link));
                rest = after;
            }
        }
        Ok(tips)
    }
}

impl EntryStore for OwnFiles {
    fn append(&mut self, record: &Record) -> Result<(), Refusal> {
        if !self.files.contains_key(&record.log) {
            let path = self.folder.join(name_of(&record.log));
            let file = OpenOptions::new().append(true).create(true).open(path)?;
            File::open(&self.folder)?.sync_all()?;
            self.files.insert(record.log, file);
        }
        let file = self.files.get_mut(&record.log).ok_or("no file")?;
        file.write_all(&framed(record)?)?;
        file.sync_data()?;
        self.tips.insert(record.log, (record.seq, record.link));
        Ok(())
    }

    fn tips(&mut self) -> Result<Tips, Refusal> {
        Ok(self.tips.clone())
    }

    fn read_all(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), Refusal> {
        for (log, path) in files(&self.folder)? {
            let bytes = std::fs::read(path)?;
            let mut rest = &bytes[..];
            while let Some((kind, link, entry, after)) = split(rest) {
                visit(Record { log, seq: seq_of(entry), kind, link, entry: entry.to_vec() });
                rest = after;
            }
        }
        Ok(())
    }

    fn check(&mut self) -> Result<bool, Refusal> {
        Ok(true)
    }

    fn cut(&self) -> usize {
        self.cut
    }
}

/// The bytes of one record, as they are written.
pub fn framed(record: &Record) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::with_capacity(FRAME + record.entry.len());
    bytes.extend(u32::try_from(record.entry.len())?.to_be_bytes());
    bytes.push(record.kind);
    bytes.extend(record.link);
    bytes.extend(&record.entry);
    Ok(bytes)
}

/// How many bytes hold whole records that chain; refuses if what follows them is more than a torn record.
fn verified(log: &LogId, bytes: &[u8], chains: &mut Chains) -> Result<usize, Refusal> {
    let mut rest = bytes;
    while let Some((_, link, entry, after)) = split(rest) {
        if !chains.accept(log, seq_of(entry), &link, entry) {
            break;
        }
        rest = after;
    }
    let beyond = rest.get(FRAME + 3..).unwrap_or_default();
    if beyond.windows(log.len()).any(|it| it == log) {
        return Err("damaged: a broken record is followed by others".into());
    }
    Ok(bytes.len() - rest.len())
}

/// Kind, link and entry of the first record, and the bytes after it; none if it is not whole.
fn split(bytes: &[u8]) -> Option<(u8, Link, &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (&kind, rest) = rest.split_first()?;
    let (link, rest) = rest.split_first_chunk::<32>()?;
    let (entry, after) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    (entry.len() > HEADER).then_some((kind, *link, entry, after))
}

fn seq_of(entry: &[u8]) -> u64 {
    entry.get(18..HEADER).and_then(|it| it.try_into().ok()).map_or(0, u64::from_be_bytes)
}

fn name_of(log: &LogId) -> String {
    format!("{:032x}", u128::from_be_bytes(*log))
}

fn files(folder: &Path) -> Result<Vec<(LogId, PathBuf)>, Refusal> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(folder)? {
        let item = item?;
        let name = item.file_name().into_string().map_err(|_| "a strange file")?;
        found.push((u128::from_str_radix(&name, 16)?.to_be_bytes(), item.path()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::log_id;

    /// Writes three records and puts `tail` of the third and `filled` zeros at the end; returns what opening says.
    fn opened(tail: usize, filled: usize) -> Result<(u64, usize), Refusal> {
        let folder = tempfile::tempdir()?;
        let (log, mut link, mut bytes) = (log_id(0), [0; 32], Vec::new());
        for seq in 1..=3 {
            let record = Record::made(log, seq, &link);
            let framed = framed(&record)?;
            bytes.extend(if seq == 3 { &framed[..tail.min(framed.len())] } else { &framed[..] });
            link = record.link;
        }
        bytes.resize(bytes.len() + filled, 0);
        std::fs::write(folder.path().join(name_of(&log)), bytes)?;
        let store = OwnFiles::open(folder.path())?;
        Ok((store.tips.get(&log).ok_or("no tip")?.0, store.cut))
    }

    #[test]
    fn a_torn_last_record_is_cut_at_every_length() -> Result<(), Refusal> {
        for tail in 0..640 {
            assert_eq!(opened(tail, 0)?, (2, tail));
        }
        assert_eq!(opened(usize::MAX, 0)?, (3, 0));
        Ok(())
    }

    #[test]
    fn a_last_record_of_which_only_a_part_reached_the_disk_is_cut() -> Result<(), Refusal> {
        for tail in 0..640 {
            assert_eq!(opened(tail, 900)?, (2, tail + 900));
        }
        Ok(())
    }
}
