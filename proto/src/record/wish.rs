//! What the person would like to be different: a name of the journal, told as if it were a record.

use uuid::Uuid;

use crate::id::RecordId;

/// Its id where a record has one. There is one wish, and no record lies under this.
pub const WISH: RecordId = RecordId(Uuid::from_bytes(*b"asif wish record"));
/// What `history` and `undo` call it, in the place of an id.
pub const WISH_NAME: &str = "wish";
