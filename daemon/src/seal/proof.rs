//! What is proven to a mailbox: on one connection, that its other end holds a capability or is enrolled; for good, that an entry is to be a stub.
//!
//! ```text
//! reading, writing   Ed25519 by the capability over "asif reading proof v1" | "asif writing proof v1" ‖ TLS exporter 32 ‖ queue 32
//! enrolled           Ed25519 by the enrolment key over "asif enrolment proof v1" ‖ TLS exporter 32
//! enrolling          Ed25519 by the ticket's key, or the one before, over "asif enrolling v1" ‖ TLS exporter 32 ‖ the new public key 32
//! leave              Ed25519 by the writing capability over "asif leave v1" ‖ queue 32 ‖ log 16 ‖ seq u64 ‖ link after it 32
//! ```

use asif_proto::id::{Link, LogId, QueueId};
use asif_proto::peer::{Enrol, Enrolled, OpenQueue, QueueKind, Sealed, Sig};

use super::keys::{self, BadSignature, Capability, EnrolmentSeed, queue_id, recovery_queue_id};
use super::wire::Wire;

const READING: &[u8] = b"asif reading proof v1";
const WRITING: &[u8] = b"asif writing proof v1";
const ENROLLED: &[u8] = b"asif enrolment proof v1";
const ENROLLING: &[u8] = b"asif enrolling v1";
const LEAVE: &[u8] = b"asif leave v1";

/// The queue of a kind.
pub fn queue_of(kind: &QueueKind) -> QueueId {
    match kind {
        QueueKind::Space { reading, writing } => queue_id(reading, writing),
        QueueKind::Recovery { reading } => recovery_queue_id(reading),
    }
}

/// Asks for a queue, with what proves that it may be asked for.
pub fn open_queue(kind: QueueKind, read: Option<&Capability>, write: Option<&Capability>, make: bool, exporter: &[u8; 32]) -> OpenQueue {
    let queue = queue_of(&kind);
    let prove = |by: &Capability, label| Sig(by.sign(label, &[exporter, queue.as_bytes()]));
    OpenQueue { kind, read: read.map(|by| prove(by, READING)), write: write.map(|by| prove(by, WRITING)), make }
}

/// What the other end of a connection may do in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct May {
    /// Be given what is in it.
    pub read: bool,
    /// Put something into it.
    pub write: bool,
}

/// What somebody proved who asks for a queue. One proof that is not good is worse than none.
pub fn check_queue(asked: &OpenQueue, exporter: &[u8; 32]) -> Result<May, BadSignature> {
    let queue = queue_of(&asked.kind);
    let check = |by: &[u8; 32], label, proof: &Option<Sig>| match proof {
        Some(proof) => keys::verify(by, label, &[exporter, queue.as_bytes()], &proof.0).map(|()| true),
        None => Ok(false),
    };
    Ok(match &asked.kind {
        QueueKind::Space { reading, writing } => {
            May { read: check(reading, READING, &asked.read)?, write: check(writing, WRITING, &asked.write)? }
        }
        QueueKind::Recovery { reading } => May { read: check(reading, READING, &asked.read)?, write: false },
    })
}

/// Shows that this end is enrolled.
pub fn enrolled(by: &EnrolmentSeed, exporter: &[u8; 32]) -> Enrolled {
    Enrolled { key: by.public(), proof: Sig(by.sign(ENROLLED, &[exporter])) }
}

/// Whether somebody is who they say.
pub fn check_enrolled(enrolled: &Enrolled, exporter: &[u8; 32]) -> Result<(), BadSignature> {
    keys::verify(&enrolled.key, ENROLLED, &[exporter], &enrolled.proof.0)
}

/// Enrols with a ticket's key, or gives an enrolment another key.
pub fn enrol(by: &EnrolmentSeed, key: &EnrolmentSeed, exporter: &[u8; 32]) -> Enrol {
    let proof = Sig(by.sign(ENROLLING, &[exporter, &key.public()]));
    Enrol { by: by.public(), proof, key: key.public(), key_proof: enrolled(key, exporter).proof }
}

/// Whether both keys are theirs.
pub fn check_enrol(enrol: &Enrol, exporter: &[u8; 32]) -> Result<(), BadSignature> {
    keys::verify(&enrol.by, ENROLLING, &[exporter, &enrol.key], &enrol.proof.0)?;
    check_enrolled(&Enrolled { key: enrol.key, proof: enrol.key_proof }, exporter)
}

/// An entry as a stub that whoever passes it on need not be believed for.
pub fn leave(by: &Capability, queue: QueueId, wire: &Wire, link: &Link) -> Sealed {
    let parts = parts(queue, wire.log(), wire.seq(), link);
    let leave = Sig(by.sign(LEAVE, &[&parts]));
    Sealed::Left { stub: asif_proto::peer::Blob(wire.to_stub().bytes().to_vec()), leave }
}

/// Whether a stub is to be one.
pub fn check_leave(writing: &[u8; 32], queue: QueueId, (log, seq): (LogId, u64), link: &Link, leave: &Sig) -> Result<(), BadSignature> {
    keys::verify(writing, LEAVE, &[&parts(queue, log, seq, link)], &leave.0)
}

fn parts(queue: QueueId, log: LogId, seq: u64, link: &Link) -> Vec<u8> {
    [&queue.as_bytes()[..], log.as_bytes(), &seq.to_be_bytes(), link.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;
    use crate::seal::keys::{ReadKey, WriteKey};
    use crate::seal::wire::header;
    use rand_core::SeedableRng;

    fn keys() -> (ReadKey, WriteKey, QueueKind) {
        let mut rng = Rng::seed_from_u64(4);
        let (read, write) = (ReadKey::random(&mut rng), WriteKey::random(&mut rng));
        let kind = QueueKind::Space { reading: read.capability(), writing: write.capability() };
        (read, write, kind)
    }

    #[test]
    fn a_capability_is_proven_on_one_connection_and_for_one_queue() {
        let (read, write, kind) = keys();
        let asked = open_queue(kind, Some(&read.reading()), Some(&write.writing()), false, &[7; 32]);
        assert_eq!(check_queue(&asked, &[7; 32]), Ok(May { read: true, write: true }));
        assert_eq!(check_queue(&asked, &[8; 32]), Err(BadSignature), "said again on another connection");
        let reader = open_queue(kind, Some(&read.reading()), None, false, &[7; 32]);
        assert_eq!(check_queue(&reader, &[7; 32]), Ok(May { read: true, write: false }));
        // Whoever reads cannot take reading for writing.
        let forged = OpenQueue { write: reader.read, ..reader };
        assert_eq!(check_queue(&forged, &[7; 32]), Err(BadSignature));
        let other = OpenQueue { kind: QueueKind::Space { reading: read.capability(), writing: [1; 32] }, ..reader };
        assert_eq!(check_queue(&other, &[7; 32]), Err(BadSignature), "of another queue");
    }

    #[test]
    fn an_enrolment_is_proven_on_one_connection_by_both_keys() {
        let (ticket, key) = (EnrolmentSeed::of_ticket(&[3; 16]), EnrolmentSeed::from_bytes([5; 32]));
        let said = enrol(&ticket, &key, &[7; 32]);
        assert_eq!(check_enrol(&said, &[7; 32]), Ok(()));
        assert_eq!(check_enrol(&said, &[8; 32]), Err(BadSignature));
        assert_eq!(check_enrol(&Enrol { by: key.public(), ..said }, &[7; 32]), Err(BadSignature));
        assert_eq!(check_enrol(&Enrol { key: ticket.public(), ..said }, &[7; 32]), Err(BadSignature));
        assert_eq!(check_enrolled(&enrolled(&key, &[7; 32]), &[7; 32]), Ok(()));
        assert_eq!(check_enrolled(&enrolled(&key, &[7; 32]), &[8; 32]), Err(BadSignature));
    }

    #[test]
    fn only_who_may_write_says_that_an_entry_is_a_stub_and_of_one_place() {
        let (read, write, kind) = keys();
        let (queue, writing) = (queue_of(&kind), write.capability());
        let wire = Wire::entry([&header(LogId([5; 16]), 3)[..], &[7; 200]].concat()).unwrap();
        let (at, link) = ((wire.log(), wire.seq()), wire.link(&Link::ZERO));
        let Sealed::Left { stub, leave: said } = leave(&write.writing(), queue, &wire, &link) else { unreachable!() };
        assert_eq!(stub.0, wire.to_stub().bytes());
        assert_eq!(check_leave(&writing, queue, at, &link, &said), Ok(()));
        assert_eq!(check_leave(&writing, queue, (at.0, 4), &link, &said), Err(BadSignature));
        assert_eq!(check_leave(&writing, queue, at, &Link([1; 32]), &said), Err(BadSignature));
        assert_eq!(check_leave(&writing, QueueId([1; 32]), at, &link, &said), Err(BadSignature));
        let Sealed::Left { leave: forged, .. } = leave(&read.reading(), queue, &wire, &link) else { unreachable!() };
        assert_eq!(check_leave(&writing, queue, at, &link, &forged), Err(BadSignature));
    }
}
