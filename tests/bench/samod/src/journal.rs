//! The documents as asif writes them: one for each month, each session one value in its root, each written by one change.

use std::collections::BTreeMap;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ROOT};
use serde::Deserialize;

use crate::Refusal;

/// One session.
#[derive(Deserialize)]
pub(crate) struct Line {
    /// The document, by the name of its month.
    document: String,
    /// The key in the root.
    key: String,
    /// The session, packed as JSON.
    value: String,
    /// What the change says that it is.
    message: Option<String>,
    /// When the change was made, in seconds since 1970; 0: it does not say.
    time: i64,
}

/// A document for each month, oldest first.
pub(crate) fn documents(lines: &str) -> Result<Vec<Automerge>, Refusal> {
    let mut months: BTreeMap<String, Automerge> = BTreeMap::new();
    for line in lines.lines() {
        let line: Line = serde_json::from_str(line)?;
        let document = months.entry(line.document).or_insert_with(|| {
            let mut fresh = Automerge::new();
            // The same writer in all of them, as one device has one log.
            fresh.set_actor(ActorId::from(&[7; 16]));
            fresh
        });
        let mut options = CommitOptions::default().with_time(line.time);
        if let Some(message) = line.message {
            options = options.with_message(message);
        }
        let mut transaction = document.transaction();
        transaction.put(ROOT, line.key.as_str(), line.value)?;
        transaction.commit_with(options);
    }
    Ok(months.into_values().collect())
}
