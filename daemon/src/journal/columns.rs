//! The columns of a plain change chunk, counted before Automerge reads them.
//!
//! A column is run-length encoded, so a few bytes can say that something stands there 2^60 times. Automerge unfolds the operations of a
//! change while it parses it; so what they unfold to is added up first, from the lengths alone.
//!
//! ```text
//! content   dependencies (count, 32 bytes each) · actor (length, bytes) · seq · start op · time · message (length, bytes) ·
//!           other actors (count, each length, bytes) · columns (count, each: specification, length) · the columns · anything more
//! column    specification: id · 1 bit: deflated · 3 bits: type
//! run       signed n > 0: the next value n times; n < 0: -n values; 0: unsigned n, nothing n times        all numbers LEB128
//! ```
//!
//! Source: the Automerge binary format, <https://automerge.org/automerge-binary-format-spec/>.

const GROUP: u64 = 0;
const BOOLEAN: u64 = 4;
const STRING: u64 = 5;
const RAW: u64 = 7;
const DEFLATED: u64 = 8;

/// What a change unfolds to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unfolded {
    /// The length of its longest column, or of what a column groups.
    pub rows: u64,
    /// Bytes of text in all rows.
    pub text: u64,
}

/// What the content of a chunk unfolds to; `None` where it does not read. Sums end at the highest number, never beyond.
pub fn unfolded(content: &[u8]) -> Option<Unfolded> {
    let mut reader = Reader(content);
    let dependencies = reader.unsigned()?;
    reader.skip(dependencies.checked_mul(32)?)?;
    reader.sized()?;
    let (_seq, _start_op, _time) = (reader.unsigned()?, reader.unsigned()?, reader.signed()?);
    reader.sized()?;
    for _ in 0..reader.unsigned()? {
        reader.sized()?;
    }
    let mut columns = Vec::new();
    for _ in 0..reader.unsigned()? {
        columns.push((reader.unsigned()?, reader.unsigned()?));
    }
    let mut all = Unfolded::default();
    for (specification, len) in columns {
        let data = reader.skip(len)?;
        if specification & DEFLATED != 0 {
            return None;
        }
        let column = match specification & 7 {
            BOOLEAN | RAW => continue,
            kind => column(kind, data)?,
        };
        all.rows = all.rows.max(column.rows);
        all.text = all.text.saturating_add(column.text);
    }
    Some(all)
}

fn column(kind: u64, data: &[u8]) -> Option<Unfolded> {
    let mut reader = Reader(data);
    let (mut rows, mut grouped, mut text) = (0u64, 0u64, 0u64);
    let mut add = |reader: &mut Reader<'_>, times: u64| {
        match kind {
            GROUP => grouped = grouped.saturating_add(reader.unsigned()?.saturating_mul(times)),
            STRING => text = text.saturating_add(u64::try_from(reader.sized()?.len()).ok()?.saturating_mul(times)),
            _ => reader.number()?,
        }
        rows = rows.saturating_add(times);
        Some(())
    };
    let mut nothing = 0u64;
    while !reader.0.is_empty() {
        match reader.signed()? {
            0 => nothing = nothing.saturating_add(reader.unsigned()?),
            run if run > 0 => add(&mut reader, run.unsigned_abs())?,
            run => {
                for _ in 0..run.unsigned_abs() {
                    add(&mut reader, 1)?;
                }
            }
        }
    }
    Some(Unfolded { rows: rows.saturating_add(nothing).max(grouped), text })
}

/// Bytes that are read from the front; `None` at their end.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn skip(&mut self, len: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(len).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn sized(&mut self) -> Option<&'a [u8]> {
        let len = self.unsigned()?;
        self.skip(len)
    }

    /// A number of either kind, whatever it is.
    fn number(&mut self) -> Option<()> {
        let len = self.0.iter().take(10).position(|byte| byte & 0x80 == 0)? + 1;
        self.skip(u64::try_from(len).ok()?).map(drop)
    }

    fn unsigned(&mut self) -> Option<u64> {
        let before = self.0;
        self.number()?;
        let digits = before.get(..before.len() - self.0.len())?;
        let mut value = 0u64;
        for (at, byte) in digits.iter().enumerate() {
            let part = u64::from(byte & 0x7f);
            value |= part.checked_shl(u32::try_from(7 * at).ok()?).filter(|shifted| shifted >> (7 * at) == part)?;
        }
        Some(value)
    }

    fn signed(&mut self) -> Option<i64> {
        let before = self.0;
        self.number()?;
        let digits = before.get(..before.len() - self.0.len())?;
        let (mut value, mut shift) = (0i64, 0u32);
        for byte in digits {
            value |= i64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
        }
        let negative = digits.last().is_some_and(|byte| byte & 0x40 != 0);
        Some(if negative && shift < 64 { value | (-1i64).checked_shl(shift)? } else { value })
    }
}
