//! SQLite: one table without rowid, write-ahead log, synchronous FULL, one transaction an append.

use std::path::Path;

use rusqlite::{Connection, params};

use crate::entry_store::{EntryStore, Refusal};
use crate::record::{Record, Tips};

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS entry (
    log BLOB NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL, link BLOB NOT NULL, entry BLOB NOT NULL,
    PRIMARY KEY (log, seq)) WITHOUT ROWID";

/// One SQLite file for all logs.
pub struct SqliteFile(Connection);

impl SqliteFile {
    /// Opens or creates the file; after a crash SQLite recovers the write-ahead log here.
    pub fn open(folder: &Path, secure_delete: bool) -> Result<Self, Refusal> {
        let path = folder.join("entries.sqlite");
        let fresh = !path.exists();
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "secure_delete", secure_delete)?;
        if fresh {
            connection.execute(SCHEMA, [])?;
        }
        Ok(Self(connection))
    }
}

impl EntryStore for SqliteFile {
    fn append(&mut self, record: &Record) -> Result<(), Refusal> {
        let mut insert = self.0.prepare_cached("INSERT INTO entry VALUES (?, ?, ?, ?, ?)")?;
        insert.execute(params![record.log, i64::try_from(record.seq)?, record.kind, record.link, record.entry])?;
        Ok(())
    }

    fn tips(&mut self) -> Result<Tips, Refusal> {
        let mut next = self.0.prepare("SELECT log FROM entry WHERE log > ? ORDER BY log LIMIT 1")?;
        let mut last = self.0.prepare("SELECT seq, link FROM entry WHERE log = ? ORDER BY seq DESC LIMIT 1")?;
        let mut tips = Tips::new();
        let mut after = Vec::new();
        while let Some(row) = next.query([&after])?.next()? {
            let log = row.get(0)?;
            tips.insert(log, last.query_row([&log], |it| Ok((it.get::<_, i64>(0)?.cast_unsigned(), it.get(1)?)))?);
            after = log.to_vec();
        }
        Ok(tips)
    }

    fn read_all(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), Refusal> {
        let mut all = self.0.prepare("SELECT log, seq, kind, link, entry FROM entry ORDER BY log, seq")?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            visit(Record {
                log: row.get(0)?,
                seq: row.get::<_, i64>(1)?.cast_unsigned(),
                kind: row.get(2)?,
                link: row.get(3)?,
                entry: row.get(4)?,
            });
        }
        Ok(())
    }

    fn check(&mut self) -> Result<bool, Refusal> {
        Ok(self.0.query_row("PRAGMA integrity_check", [], |it| it.get::<_, String>(0))? == "ok")
    }
}
