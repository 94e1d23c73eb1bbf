//! What lies intact behind damage that was set aside: each record has the link after it, so the next one can be checked by itself.
//!
//! The damaged piece is read from the folder `damaged`, where it stays. So it can be read again by whoever was cut off in the middle, and what an
//! earlier program set aside is found too.

use asif_proto::id::{Link, LogId};

use super::{LogHead, Store, log_file};
use crate::seal::wire::Wire;

/// What of one damaged piece could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvaged {
    /// The log it is of.
    pub log: LogId,
    /// Its head, where that is known.
    pub head: Option<LogHead>,
    /// The file in the folder `damaged`, by name.
    pub file: String,
    /// Its intact entries, each with the link before it.
    pub entries: Vec<(Link, Wire)>,
    /// How many records of it could not be read, as far as their numbers tell.
    pub lost: u64,
}

impl Store {
    /// The files in the folder `damaged`, by name.
    pub fn set_aside_files(&self) -> Vec<String> {
        let mut names = self.disk.list(&self.places.damaged).unwrap_or_default();
        names.sort();
        names
    }

    /// Everything intact in what was set aside of logs.
    pub fn salvage(&self) -> Vec<Salvaged> {
        let (folder, names) = (&self.places.damaged, self.set_aside_files());
        let of_a_log = |name: &String| {
            let mut parts = name.split(['-', '.']);
            let log = parts.next()?.parse::<LogId>().ok()?;
            Some((name.clone(), log, parts.next().and_then(|at| at.parse::<u64>().ok())))
        };
        let found = names.iter().filter_map(of_a_log).filter_map(|(file, log, at)| {
            let bytes = self.disk.read(&folder.join(&file)).ok()?;
            let whole = log_file::head_of(log, &bytes);
            let state = self.logs.get(&log);
            let tip = state.filter(|state| state.ends.last().copied() == at).map(|state| state.tip);
            let (entries, lost) = log_file::intact(log, &bytes, at.unwrap_or_default(), tip);
            let head = whole.or_else(|| self.logs.get(&log).and_then(|state| state.head));
            (!entries.is_empty() || lost > 0).then_some(Salvaged { log, head, file, entries, lost })
        });
        found.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::wire::{self, MIN_ENTRY};
    use asif_proto::id::{KeyId, QueueId};

    const LOG: LogId = LogId([7; 16]);
    const RECORDS: u64 = 6;

    /// A log's file, the links before its records and where each begins.
    fn file() -> (Vec<u8>, Vec<Link>, Vec<usize>) {
        let mut bytes = log_file::header(&LogHead { queue: QueueId([1; 32]), key: KeyId([2; 16]), log: LOG }, None);
        let (mut links, mut starts) = (vec![Link::ZERO], Vec::new());
        for seq in 1..=RECORDS {
            let mut entry = wire::header(LOG, seq).to_vec();
            entry.resize(MIN_ENTRY + usize::try_from(seq).unwrap(), u8::try_from(seq).unwrap());
            let wire = Wire::entry(entry).unwrap();
            starts.push(bytes.len());
            let link = wire.link(links.last().unwrap());
            log_file::write_record(&mut bytes, &link, &wire);
            links.push(link);
        }
        (bytes, links, starts)
    }

    #[test]
    fn whichever_byte_of_a_record_is_damaged_those_behind_it_can_be_read() {
        let (bytes, links, starts) = file();
        for (at, start) in starts.iter().enumerate() {
            let end = starts.get(at + 1).copied().unwrap_or(bytes.len());
            for byte in *start..end {
                let mut damaged = bytes.clone();
                damaged[byte] ^= 4;
                let (entries, lost) = log_file::intact(LOG, &damaged[*start..], 0, Some(links[at]));
                let seqs: Vec<u64> = entries.iter().map(|(_, wire)| wire.seq()).collect();
                let first = u64::try_from(at).unwrap() + 1;
                // The next one too where not even the number or the link of the damaged one can be told.
                for seq in first + 2..=RECORDS {
                    assert!(seqs.contains(&seq), "record {first}, byte {}: {seqs:?}", byte - start);
                }
                assert!(seqs.len() + usize::try_from(lost).unwrap() + 1 >= bytes_left(first), "record {first}, byte {}", byte - start);
                for (before, wire) in entries {
                    let seq = usize::try_from(wire.seq()).unwrap();
                    assert_eq!((before, wire.link(&before)), (links[seq - 1], links[seq]), "only what was written is read");
                }
            }
        }
    }

    fn bytes_left(first: u64) -> usize {
        usize::try_from(RECORDS + 1 - first).unwrap()
    }

    #[test]
    fn a_link_alone_that_is_damaged_costs_no_record() {
        let (bytes, links, starts) = file();
        let mut damaged = bytes.clone();
        damaged[starts[2] + 10] ^= 4;
        let (entries, lost) = log_file::intact(LOG, &damaged[starts[2]..], 0, Some(links[2]));
        assert_eq!((entries.len(), lost), (4, 0));
    }

    #[test]
    fn what_is_of_another_log_or_of_none_is_not_read() {
        let (bytes, _, _) = file();
        assert_eq!(log_file::intact(LogId([8; 16]), &bytes, 0, None), (vec![], 1));
        assert_eq!(log_file::intact(LOG, &[1; 4000], 0, None), (vec![], 1));
        assert_eq!(log_file::intact(LOG, &[0; 4000], 0, None), (vec![], 0), "a sector that was never written");
        assert_eq!(log_file::intact(LOG, &[], 0, None), (vec![], 0));
    }
}
