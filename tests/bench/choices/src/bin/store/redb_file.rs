//! redb: one table (log, seq) -> kind ‖ link ‖ entry, one immediate transaction an append.

use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use crate::entry_store::{EntryStore, Refusal};
use crate::record::{Link, LogId, Record, Tips};

const ENTRIES: TableDefinition<([u8; 16], u64), &[u8]> = TableDefinition::new("entries");

/// One redb file for all logs.
pub struct RedbFile {
    database: Database,
    quick_repair: bool,
}

impl RedbFile {
    /// Opens or creates the file; after a crash redb repairs it here.
    pub fn open(folder: &Path, quick_repair: bool) -> Result<Self, Refusal> {
        let path = folder.join("entries.redb");
        let fresh = !path.exists();
        let database = Database::create(path)?;
        if fresh {
            let write = database.begin_write()?;
            write.open_table(ENTRIES)?;
            write.commit()?;
        }
        Ok(Self { database, quick_repair })
    }
}

impl EntryStore for RedbFile {
    fn append(&mut self, record: &Record) -> Result<(), Refusal> {
        let mut write = self.database.begin_write()?;
        write.set_quick_repair(self.quick_repair);
        let mut value = Vec::with_capacity(33 + record.entry.len());
        value.push(record.kind);
        value.extend(record.link);
        value.extend(&record.entry);
        write.open_table(ENTRIES)?.insert((record.log, record.seq), &value[..])?;
        write.commit()?;
        Ok(())
    }

    fn tips(&mut self) -> Result<Tips, Refusal> {
        let table = self.database.begin_read()?.open_table(ENTRIES)?;
        let mut tips = Tips::new();
        let mut next = table.first()?.map(|(key, _)| key.value().0);
        while let Some(log) = next {
            let (key, value) = table.range((log, 0)..=(log, u64::MAX))?.next_back().ok_or("no last entry")??;
            tips.insert(log, (key.value().1, parted(value.value())?.1));
            next = match table.range((log, u64::MAX)..)?.next() {
                Some(item) => Some(item?.0.value().0),
                None => None,
            };
        }
        Ok(tips)
    }

    fn read_all(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), Refusal> {
        let table = self.database.begin_read()?.open_table(ENTRIES)?;
        for item in table.iter()? {
            let (key, value) = item?;
            let (log, seq): (LogId, u64) = key.value();
            let (kind, link, entry) = parted(value.value())?;
            visit(Record { log, seq, kind, link, entry: entry.to_vec() });
        }
        Ok(())
    }

    fn check(&mut self) -> Result<bool, Refusal> {
        Ok(self.database.check_integrity()?)
    }
}

fn parted(value: &[u8]) -> Result<(u8, Link, &[u8]), Refusal> {
    let (&kind, rest) = value.split_first().ok_or("short value")?;
    let (link, entry) = rest.split_first_chunk::<32>().ok_or("short value")?;
    Ok((kind, *link, entry))
}
