//! What is said to a mailbox, what is sealed for it, and what lies in its store.

use asif_daemon::mailbox::names::{self, AccountId, Head, Object, Run};
use asif_daemon::mailbox::records::{About, Deposited, Enrolment, Identity, Invitation, Owned, Record};
use asif_daemon::seal::keys::{EnrolmentSeed, KitEntropy, SealingSeed, WriteKey, recovery_queue_id};
use asif_daemon::seal::wire::Wire;
use asif_daemon::seal::{entry, proof, slip};
use asif_proto::frame::Frame;
use asif_proto::id::{CheckpointId, KeyId, Link, LinkKey, LogId, PieceId, QueueId, StatementId};
use asif_proto::peer::{
    Allowance, Blob, Deposit, DropEntries, Entries, Message, QueueKind, QueueOpen, QueueState, Slip, Stand, Unwilling, Why,
};
use asif_proto::ticket::MailboxTicket;

use super::{key, place, rng, same, signer};

const EXPORTER: [u8; 32] = [51; 32];

fn write() -> WriteKey {
    WriteKey::from_bytes([15; 32])
}

fn kind() -> QueueKind {
    QueueKind::Space { reading: key().capability(), writing: write().capability() }
}

fn deposit() -> Deposit {
    let stand = Stand { queue: QueueId([26; 32]), key: KeyId([5; 16]), log: LogId([3; 16]), seq: 300, link: Link([9; 32]) };
    let (id, old) = (CheckpointId([52; 32]), CheckpointId([53; 32]));
    Deposit { id, covers: vec![stand], pieces: vec![PieceId([54; 32])], replaces: vec![old] }
}

/// An entry of which nothing but a stub is left, in a run.
fn left() -> Entries {
    let place = place(1, Link::ZERO);
    let wire = entry::seal(&key(), &signer(), &place, b"not frames, only bytes", &mut rng(5)).unwrap();
    let queue = proof::queue_of(&kind());
    let stub = proof::leave(&write().writing(), queue, &wire, &wire.link(&Link::ZERO));
    Entries { queue, key: KeyId([5; 16]), log: place.log, before: Link::ZERO, entries: vec![stub] }
}

#[test]
fn messages() {
    let (ticket, own) = (EnrolmentSeed::of_ticket(&[17; 16]), EnrolmentSeed::from_bytes([50; 32]));
    let recovery = KitEntropy::from_bytes([10; 32]).recovery();
    let of_kit = QueueKind::Recovery { reading: recovery.public() };
    let queue = QueueId([26; 32]);
    let all = [
        ("enrol", Message::Enrol(proof::enrol(&ticket, &own, &EXPORTER))),
        ("enrolled", Message::Enrolled(proof::enrolled(&own, &EXPORTER))),
        ("allowance", Message::Allowance(Allowance { quota: 1 << 30, used: 300 })),
        ("open-queue", Message::OpenQueue(proof::open_queue(kind(), Some(&key().reading()), Some(&write().writing()), true, &EXPORTER))),
        ("open-recovery", Message::OpenQueue(proof::open_queue(of_kit, Some(&recovery), None, false, &EXPORTER))),
        ("queue-open", Message::QueueOpen(QueueOpen { queue, state: QueueState::Closed })),
        ("within", Message::Within(queue, Box::new(Message::Ping(300)))),
        ("unwilling", Message::Unwilling(Unwilling { queue: Some(queue), why: Why::Quota })),
        ("slips", Message::Slips(vec![Slip { id: [55; 16], sealed: Blob(vec![1, 2, 3]) }])),
        ("stubs", Message::Stubs(left())),
        ("deposit", Message::Deposit(deposit())),
        ("drop-entries", Message::DropEntries(DropEntries { log: LogId([3; 16]), before: 300 })),
        ("close-queue", Message::CloseQueue),
        ("leave", Message::Leave),
        ("left", Message::Left),
        ("holds", Message::Holds(vec![CheckpointId([52; 32])])),
        ("stubbed", Message::Stubbed(LogId([3; 16]), vec![1, 300])),
    ];
    for (name, message) in all {
        let bytes = same(&format!("message-{name}"), &message.to_frame().to_bytes());
        let read = Message::from_frame(&Frame::from_bytes(&bytes).unwrap());
        assert_eq!(read, Ok(Some(message)), "{name}");
        match read {
            Ok(Some(Message::Enrol(said))) => assert_eq!(proof::check_enrol(&said, &EXPORTER), Ok(())),
            Ok(Some(Message::Enrolled(said))) => assert_eq!(proof::check_enrolled(&said, &EXPORTER), Ok(())),
            Ok(Some(Message::OpenQueue(said))) => assert!(proof::check_queue(&said, &EXPORTER).unwrap().read),
            _ => (),
        }
    }
}

#[test]
fn a_stub_that_needs_no_trust() {
    let run = left();
    let [asif_proto::peer::Sealed::Left { stub, leave }] = run.entries.as_slice() else { panic!("one entry") };
    let wire = Wire::stub(stub.0.clone()).unwrap();
    let at = (wire.log(), wire.seq());
    assert_eq!(proof::check_leave(&write().capability(), run.queue, at, &wire.link(&run.before), leave), Ok(()));
}

#[test]
fn statements_sealed_for_a_queue() {
    let (queue, statement) = (QueueId([26; 32]), StatementId([56; 32]));
    same("slip-id", &slip::id(queue, statement));
    let named = |name: &str, made: Slip| Slip { id: made.id, sealed: Blob(same(name, &made.sealed.0)) };
    let kept = named("slip", slip::seal(&key(), queue, (statement, b"a statement"), &mut rng(57)));
    assert_eq!(slip::open(&key(), queue, &kept).unwrap(), b"a statement");
    let kit = SealingSeed::from_bytes([12; 32]);
    let made = slip::seal_for_kit(&kit.public(), queue, (statement, b"a statement"), &mut rng(58)).unwrap();
    assert_eq!(slip::open_with_kit(&kit, queue, &named("slip-recovery", made)).unwrap(), b"a statement");
    same("recovery-queue-id", &recovery_queue_id(&KitEntropy::from_bytes([10; 32]).recovery().public()).0);
}

#[test]
fn the_ticket() {
    let places = vec!["mail.example.org:4433".to_owned(), "[::1]:4433".to_owned()];
    let ticket = MailboxTicket { key: LinkKey([19; 32]), secret: [17; 16], places };
    let text = String::from_utf8(same("ticket-mailbox", ticket.to_string().as_bytes())).unwrap();
    assert_eq!(text.parse::<MailboxTicket>(), Ok(ticket));
}

/// What a record is written as, and that it comes back.
fn kept<R: Record>(name: &str, record: &R) {
    let bytes = same(&format!("mailbox-{name}"), &record.to_bytes());
    let read = R::from_bytes(&bytes).unwrap_or_else(|| panic!("{name} is not read any more"));
    assert_eq!(read.to_bytes(), bytes, "{name}");
}

#[test]
fn what_lies_in_the_store() {
    let account = [59; 16];
    let label = || "Robin".to_owned();
    let invitation =
        Invitation { account, label: label(), quota: 1 << 30, at: 1_795_000_000, expires: 1_795_600_000, used_by: Some([60; 32]) };
    kept("invitation", &invitation);
    kept("enrolment", &Enrolment { account });
    kept("about", &About { label: label(), quota: 1 << 30, since: 1_795_000_000 });
    kept("owned", &Owned { account, kind: kind() });
    kept("owned-recovery", &Owned { account, kind: QueueKind::Recovery { reading: [61; 32] } });
    kept("deposited", &Deposited { about: deposit(), sealed: Blob(vec![1, 2, 3]) });
    kept("run", &left());
    kept("identity", &Identity { seed: [62; 32] });

    let queue = QueueId([26; 32]);
    let run = Run { from: 1, to: 300, before: Link::ZERO, after: Link([9; 32]) };
    let objects = [
        Object::Run(Head { queue: QueueId([27; 32]), key: KeyId([5; 16]) }, LogId([3; 16]), run),
        Object::Slip([55; 16]),
        Object::Piece(PieceId([54; 32])),
        Object::Checkpoint(CheckpointId([52; 32])),
        Object::Closed(1_795_000_000),
    ];
    let account = AccountId(account);
    let mut all: Vec<String> = objects.iter().map(|object| names::object(&queue, object)).collect();
    all.extend([names::owned(&queue), names::about(&account), names::room(&account, &queue), names::PLACES.to_owned()]);
    all.extend([names::invitation(&[60; 32]), names::enrolment(&[61; 32]), names::identity(&LinkKey([19; 32]))]);
    let text = String::from_utf8(same("mailbox-names", all.join("\n").as_bytes())).unwrap();
    let read: Vec<Option<Object>> = text.lines().take(objects.len()).map(names::parse).collect();
    assert_eq!(read, objects.map(Some));
}
