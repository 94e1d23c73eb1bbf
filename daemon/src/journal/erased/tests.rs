//! Properties:
//!
//! 1. Of what was erased nothing is in the bytes of a document any more, and it stays loadable.
//! 2. Whatever order erasures and changes come in, documents that know of the same are the same, byte for byte of what they say.
//! 3. What is not erased is as it was: values, histories, names.

use std::sync::Arc;

use asif_proto::id::{LogId, RecordId};
use automerge::{Change, ScalarValue};
use rand_core::{Rng as _, SeedableRng};

use super::*;
use crate::Rng;
use crate::journal::bundle::{self, Judged, Laid};
use crate::journal::document::Document;
use crate::journal::guard::{self, Checked};
use crate::seal::body::{Changes, DocId};

const LOGS: [LogId; 3] = [LogId([1; 16]), LogId([2; 16]), LogId([3; 16])];
const SENTENCE: &str = "CANARY that nobody shall read";

fn record(n: u8) -> RecordId {
    RecordId::from_key(&format!("{n:032x}")).unwrap()
}

fn put(document: &mut Document, log: LogId, key: &str, value: &str) -> Change {
    document.write(log, &[(key.into(), value.into())], Some("says")).unwrap().unwrap()
}

fn checked(change: &Change) -> Vec<Checked> {
    let log = LogId(change.actor_id().to_bytes().try_into().unwrap());
    let changes = Changes { doc: DocId::Plan, generation: [0; 32], codec: 0, bytes: change.raw_bytes().to_vec() };
    guard::check(log, &changes).unwrap()
}

fn all(record: RecordId) -> Erase {
    Erase { records: vec![record], drafts: Vec::new() }
}

fn drafts(document: &Document, record: RecordId) -> Erase {
    Erase { records: Vec::new(), drafts: vec![(record, document.touching(record).iter().map(|hash| hash.0).collect())] }
}

fn erased(all: &[Erase]) -> Arc<Erased> {
    let mut erased = Erased::default();
    for one in all {
        erased.add(one);
    }
    Arc::new(erased)
}

/// Everything that can be read of it, in one text.
fn said(document: &Document) -> String {
    let keys: Vec<String> = document.keys().collect();
    let values = keys.iter().map(|key| format!("{key}={:?} beside {:?}\n", document.scalar(key), document.losers(key)));
    let steps = document.steps(|_| true).into_iter().map(|step| format!("{:?} {} {:?}\n", step.log, step.message, step.puts));
    values.chain(steps).collect::<String>() + &format!("{:?}", document.heads())
}

fn same(one: &str, other: &str, seed: u64) {
    for (one, other) in one.lines().zip(other.lines()) {
        assert_eq!(one, other, "seed {seed}");
    }
    assert_eq!(one.len(), other.len(), "seed {seed}");
}

/// It, saved and loaded again as a checkpoint does.
fn again(document: &Document) -> Document {
    let laid = Laid { doc: DocId::Plan, names: document.names(), touches: Vec::new(), bytes: &document.save() };
    let folded = bundle::fold(&[laid]);
    let packed = bundle::pack(&folded, 3).unwrap();
    let judged = bundle::judge(&packed, u32::try_from(folded.len()).unwrap(), None).unwrap();
    let heads = document.heads().iter().map(|hash| hash.0).collect();
    assert_eq!(judged, [Judged { doc: DocId::Plan, heads, read: None }]);
    bundle::unfold(&folded).unwrap()[0].load().unwrap()
}

fn holds(document: &Document, words: &str) -> bool {
    document.save().windows(words.len()).any(|window| window == words.as_bytes())
}

#[test]
fn nothing_that_was_erased_is_in_the_bytes_and_all_else_is_as_it_was() {
    let (one, two) = (record(1), record(2));
    let mut document = Document::default();
    put(&mut document, LOGS[0], &two.key(), "{\"note\":\"it stays\"}");
    put(&mut document, LOGS[0], &one.key(), &format!("{{\"note\":\"{SENTENCE}\"}}"));
    put(&mut document, LOGS[1], &format!("{}/note", one.key()), SENTENCE);
    put(&mut document, LOGS[1], &format!("{}/tags/{SENTENCE}", one.key()), "true");
    document.write(LOGS[1], &[(format!("{}/note", one.key()), "overwritten since".into())], Some(SENTENCE)).unwrap();
    put(&mut document, LOGS[1], &format!("{}/note", two.key()), "written after it");
    assert!(holds(&document, SENTENCE));
    let without = document.clone().without(&erased(&[all(one)])).unwrap();
    assert!(!holds(&without, SENTENCE) && !holds(&without, "overwritten since"));
    assert_eq!(without.record(one), None);
    assert_eq!(without.record(two), document.record(two));
    assert_eq!((without.heads(), without.touching(two)), (document.heads(), document.touching(two)), "changes keep their names");
    let loaded = again(&without);
    assert_eq!(said(&loaded), said(&without));
    assert!(!holds(&loaded, SENTENCE));
}

#[test]
fn of_a_record_whose_drafts_are_erased_the_text_stays_and_later_edits_go_on() {
    let one = record(1);
    let mut document = Document::default();
    put(&mut document, LOGS[0], &one.key(), &format!("{{\"note\":\"{SENTENCE}\",\"type\":\"session\"}}"));
    put(&mut document, LOGS[0], &format!("{}/note", one.key()), "kinder words");
    // Another device did not hear of it.
    let mut other = document.clone();
    let apart = put(&mut other, LOGS[1], &format!("{}/note", one.key()), "words of the desktop");
    let gone = erased(&[drafts(&document, one)]);
    let fields = document.record(one).unwrap().fields;
    let mut document = document.without(&gone).unwrap();
    let packed = crate::journal::schema::pack(fields);
    let anew = put(&mut document, LOGS[0], &one.key(), &packed);
    assert!(!holds(&document, SENTENCE));
    assert_eq!(document.record(one).unwrap().fields["note"], "kinder words");
    let other = other.without(&gone).unwrap();
    let (mut there, mut here) = (other, document);
    there.merge(checked(&anew)).unwrap();
    here.merge(checked(&apart)).unwrap();
    assert_eq!(said(&here), said(&there));
    assert_eq!(here.record(one).unwrap().fields["note"], "words of the desktop");
    assert_eq!(said(&again(&here)), said(&here));
}

/// A few devices write, hear of each other in any order, and erase.
struct World {
    rng: Rng,
    documents: Vec<Document>,
    known: Vec<Vec<Erase>>,
    changes: Vec<Change>,
    erasures: Vec<Erase>,
}

impl World {
    fn new(seed: u64) -> Self {
        let documents = vec![Document::default(); LOGS.len()];
        Self { rng: Rng::seed_from_u64(seed), documents, known: vec![Vec::new(); LOGS.len()], changes: Vec::new(), erasures: Vec::new() }
    }

    fn below(&mut self, n: u32) -> usize {
        usize::try_from(self.rng.next_u32() % n).unwrap()
    }

    fn happens(&mut self) {
        let (device, what, which) = (self.below(3), self.below(12), u8::try_from(self.below(5)).unwrap());
        let document = &mut self.documents[device];
        let one = record(which);
        match what {
            0..=5 => {
                let field = ["", "/note", "/tags/a", "/deleted"][usize::from(self.rng.next_u32() as u8 % 4)];
                let value = format!("{SENTENCE} {}", self.changes.len());
                let puts = [(format!("{}{field}", one.key()), ScalarValue::from(value))];
                if let Some(change) = document.write(LOGS[device], &puts, Some("says")).unwrap() {
                    self.changes.push(change);
                }
            }
            6 => self.erasures.push(all(one)),
            7 => {
                let erase = drafts(document, one);
                self.erasures.push(erase);
            }
            8 if !self.erasures.is_empty() => {
                let at = self.below(u32::try_from(self.erasures.len()).unwrap());
                self.known[device].push(self.erasures[at].clone());
                let gone = erased(&self.known[device]);
                self.documents[device] = self.documents[device].clone().without(&gone).unwrap();
            }
            9 => self.documents[device] = again(&self.documents[device]).without(&erased(&self.known[device])).unwrap(),
            _ => {
                let from = self.below(3);
                self.hears(device, from);
            }
        }
    }

    /// One takes in the changes that another wrote, as they were written.
    fn hears(&mut self, device: usize, from: usize) {
        for change in self.changes.clone() {
            let document = &mut self.documents[device];
            let is_theirs = change.actor_id().to_bytes() == LOGS[from].as_bytes();
            let fits = change.deps().iter().all(|dep| document.contains(dep));
            if is_theirs && fits && !document.contains(&change.hash()) {
                document.merge(checked(&change)).unwrap();
            }
        }
    }

    fn settle(&mut self) {
        for _ in 0..LOGS.len() * 40 {
            for device in 0..LOGS.len() {
                (0..LOGS.len()).for_each(|from| self.hears(device, from));
            }
            if self.documents.iter().all(|document| self.changes.iter().all(|change| document.contains(&change.hash()))) {
                break;
            }
        }
        let gone = erased(&self.erasures);
        for document in &mut self.documents {
            *document = document.clone().without(&gone).unwrap();
        }
    }
}

#[test]
fn whatever_order_it_comes_in_devices_that_know_the_same_hold_the_same() {
    for seed in 0..60 {
        let mut world = World::new(seed);
        for _ in 0..60 {
            world.happens();
        }
        world.settle();
        let first = said(&world.documents[0]);
        for document in &world.documents {
            same(&said(document), &first, seed);
            assert_eq!(said(&again(document)), first, "seed {seed}: loaded again");
            assert!(world.changes.iter().all(|change| document.contains(&change.hash())), "seed {seed}");
        }
        // Whoever has all of it as it was written, and hears of the erasures at the end, too.
        let mut late = Document::default();
        for change in &world.changes {
            late.merge(checked(change)).unwrap();
        }
        let gone = erased(&world.erasures);
        assert_eq!(said(&late.clone().without(&gone).unwrap()), first, "seed {seed}: late");
        // And so do two that are laid over each other.
        let mut both = world.documents[0].clone();
        both.absorb(late.without(&gone).unwrap()).unwrap();
        assert_eq!(said(&both), first, "seed {seed}: both");
        for n in 0..5 {
            if gone.is_gone(&record(n)) {
                assert_eq!(both.record(record(n)), None, "seed {seed}");
            }
        }
        let is_gone = world.changes.iter().all(|change| {
            let keys = crate::journal::document::keys_of(change);
            keys.iter().all(|key| gone.takes(&change.hash(), key))
        });
        assert!(!is_gone || !holds(&both, SENTENCE), "seed {seed}");
    }
}
