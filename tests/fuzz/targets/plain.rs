//! What lies inside: items, records, the columns of a change.

use std::collections::BTreeSet;

use asif_daemon::Rng;
use asif_daemon::journal::columns::unfolded;
use asif_daemon::journal::document::{Document, Put};
use asif_daemon::journal::kept::Kept;
use asif_daemon::journal::record::{self, Record};
use asif_daemon::journal::schema;
use asif_daemon::journal::view::{Read, View};
use asif_daemon::seal::body::DocId;
use asif_daemon::seal::keys::CacheKey;
use asif_daemon::share::item::{self, Item};
use asif_daemon::share::projection;
use asif_daemon::share::terms::{self, Side, Signed, Terms};
use asif_proto::id::{ItemId, LogId, RecordId};
use asif_proto::moment::{Moment, zone};
use asif_proto::share::Scope;
use automerge::{Change, ScalarValue};
use rand_core::SeedableRng;
use serde_json::Value;

use super::Bytes;
use super::merge::chunk;
use super::sealed::signer;

/// An item of a kind, and signed terms. What unpacks is packed and unpacked to the same; terms that were signed are verified for their side alone.
pub(super) fn item(bytes: &[u8]) {
    let mut input = Bytes(bytes);
    let (kind, payload) = (input.byte(), input.0);
    let id = ItemId([1; 32]);
    if let Some(read) = item::unpack(id, u16::from(kind), payload) {
        let again = match &read {
            Item::Session(session) => item::pack(session),
            Item::Practice(practice) => item::pack(practice),
            Item::Experiment(one) => item::pack(one),
            Item::Phrase(one) => item::pack(one),
            Item::Belief(one) => item::pack(one),
            Item::Goal(one) => item::pack(one),
            Item::Anchor(one) => item::pack(one),
            Item::SafetyPlan(one) => item::pack(one),
            Item::Answer(one) => item::pack(one),
            Item::Rapport(one) => item::pack(one),
            Item::Loan(loan) => item::pack(loan),
            Item::Suggestion(one) => item::pack(one),
            Item::Understood(one) => item::pack(one),
            Item::Reply(one) => item::pack(one),
            Item::Prediction(one) => item::pack(one),
        };
        assert_eq!(item::unpack(id, u16::from(kind), &again), Some(read));
    }
    if let Ok(signed) = serde_json::from_slice::<Signed>(payload) {
        let _ = (signed.verify(Side::Client), signed.verify(Side::Helper));
    }
    let text = String::from_utf8_lossy(payload).into_owned();
    let _ = item::fits(&text);
    let readable = serde_json::from_str::<Terms>(&text).is_ok();
    let signed = terms::sign(text, Side::Client, &signer());
    assert_eq!(signed.verify(Side::Client).is_some(), readable);
    assert_eq!(signed.verify(Side::Helper), None);
}

/// A packed record on the first line, then lines `field=JSON` that are laid over it, in a document. What a list and a helper would see of it
/// is read; a record with a type is packed and read to the same.
pub(super) fn record(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let first = lines.next().unwrap_or_default();
    if let Ok(Value::Object(fields)) = serde_json::from_str(first) {
        let read = Record::from_fields(fields);
        let again = match &read {
            Record::Session(session) => record::pack(record::kind::SESSION, session),
            Record::Practice(practice) => record::pack(record::kind::PRACTICE, practice),
            Record::Grant(grant) => record::pack(record::kind::GRANT, grant),
            Record::Client(client) => record::pack(record::kind::CLIENT, client),
            Record::SafetyPlan(plan) => record::pack(record::kind::SAFETY_PLAN, plan),
            Record::Kept(kept) => match &**kept {
                Kept::Goal(one) => record::pack(kept.kind().word(), one),
                Kept::Belief(one) => record::pack(kept.kind().word(), one),
                Kept::Anchor(one) => record::pack(kept.kind().word(), one),
                Kept::Sketch(one) => record::pack(kept.kind().word(), one),
                Kept::Phrase(one) => record::pack(kept.kind().word(), one),
                Kept::Experiment(one) => record::pack(kept.kind().word(), one),
                Kept::Reminder(one) => record::pack(kept.kind().word(), one),
                Kept::Rapport(one) => record::pack(kept.kind().word(), one),
                Kept::HelperNote(one) => record::pack(kept.kind().word(), one),
            },
            Record::Answer(answer) => record::pack(record::kind::ANSWER, answer),
            Record::Other | Record::Unreadable => return,
        };
        let Ok(Value::Object(fields)) = serde_json::from_str(&again) else { panic!("what was packed is an object") };
        assert_eq!(Record::from_fields(fields), read, "{again}");
    }
    let id = RecordId(uuid::Uuid::from_bytes([16; 16]));
    let mut puts: Vec<Put> = vec![(id.key(), ScalarValue::Str(first.into()))];
    puts.extend(lines.filter_map(|line| {
        let (field, value) = line.split_once('=')?;
        Some((schema::field(id, field), schema::scalar(&serde_json::from_str(value).ok()?)))
    }));
    let mut document = Document::default();
    document.write(LogId([3; 16]), &puts, None).expect("plain keys can be put");
    see(&document, DocId::Plan);
}

/// Reads a document as lists, helpers and a later start do.
pub(super) fn see(document: &Document, doc: DocId) {
    let keys: BTreeSet<String> = document.keys().collect();
    let mut view = View::default();
    view.touch(&keys);
    view.refresh(doc, document, keys.iter());
    let since = Moment::at(jiff::Timestamp::UNIX_EPOCH, &zone("UTC"));
    let scopes = [Scope::Ratings, Scope::Practices, Scope::Phrases, Scope::Notes];
    let id = asif_proto::id::GrantId([1; 16]);
    let terms = projection::Terms { id, scopes: &scopes, since: &since, until: None, now: jiff::Timestamp::UNIX_EPOCH };
    for (_, row) in view.newest() {
        let _ = terms.session(&row.value, &view);
    }
    for (id, row) in view.practices() {
        let _ = (view.short(id), terms.practice(&row.value));
    }
    let mut rng = Rng::seed_from_u64(1);
    let key = CacheKey::random(&mut rng);
    view.seal(&key, &mut rng);
    let saved = asif_proto::frame::encode(&view);
    let mut loaded: View = asif_proto::frame::decode(&saved).expect("what was saved is loaded");
    loaded.find_sessions(view.saved_sessions(), &view.parts(), &key).expect("with its sessions");
    assert_eq!(loaded, view);
    // Read in another process it is the same, too.
    let touches = document.records().map(|record| (record, 1)).collect();
    let (mut here, mut elsewhere) = (View::default(), View::default());
    here.take_over(doc, document, &touches);
    elsewhere.take_read(Read::of(doc, document, &touches), &key, &mut rng).expect("what was read is taken");
    assert_eq!(elsewhere, here);
}

/// The content of a change chunk. What Automerge unfolds of it is never more than was counted before.
pub(super) fn columns(bytes: &[u8]) {
    let Some(counted) = unfolded(bytes) else { return };
    if counted.rows > 20_000 || counted.text > 1 << 20 {
        return;
    }
    let whole = chunk(bytes);
    if let Ok(Ok(change)) = std::panic::catch_unwind(|| Change::from_bytes(whole)) {
        assert!(change.len() as u64 <= counted.rows, "{} operations, {} counted", change.len(), counted.rows);
    }
}
