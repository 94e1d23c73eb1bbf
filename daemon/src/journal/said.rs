//! What a key says: what was laid over the record, else what is packed in it, else nothing.

use automerge::{ChangeHash, ROOT, ReadDoc, ScalarValue};
use serde_json::Value;

use super::{narrow, schema};

/// What was laid under a key, where anything was: now, or as it stood at `heads`. Of several that were laid apart the one that shows.
pub(super) fn laid(document: &impl ReadDoc, key: &str, heads: Option<&[ChangeHash]>) -> Option<ScalarValue> {
    let found = match heads {
        Some(heads) => document.get_at(ROOT, key, heads),
        None => document.get(ROOT, key),
    };
    let (value, _) = found.ok()??;
    let value = value.as_scalar().cloned();
    if !narrow::is_guarded(key) {
        return value;
    }
    let all = match heads {
        Some(heads) => document.get_all_at(ROOT, key, heads),
        None => document.get_all(ROOT, key),
    };
    let Ok(all) = all else { return value };
    // What shows by itself comes first: of two that show as little as each other it stays.
    narrow::narrowest(key, value.iter().chain(all.iter().filter_map(|(one, _)| one.as_scalar()))).cloned()
}

/// What a key said at `heads`, also where that is packed in its record.
pub(super) fn at(document: &impl ReadDoc, key: &str, heads: &[ChangeHash]) -> ScalarValue {
    if let Some(value) = laid(document, key, Some(heads)) {
        return value;
    }
    let packed = key.split_once('/').and_then(|(record, field)| {
        let ScalarValue::Str(text) = laid(document, record, Some(heads))? else { return None };
        let fields: Value = serde_json::from_str(text.as_str()).ok()?;
        match field.strip_prefix("tags/") {
            Some(tag) => Some(Value::Bool(fields.get("tags")?.as_array()?.iter().any(|one| one == tag))),
            None => fields.get(field).cloned(),
        }
    });
    match packed {
        Some(value) => schema::scalar(&value),
        None if key.contains("/tags/") || key.ends_with("/deleted") => ScalarValue::Boolean(false),
        None => ScalarValue::Null,
    }
}
