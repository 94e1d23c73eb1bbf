//! Golden bytes of every disk and wire format. A format changes by a new version, never by a new vector.
//!
//! Each file under `golden/` is hexadecimal, sixty-four digits a line. Everything is made from fixed seeds, so that it comes out the same on
//! every machine; what a newer program cannot make any more it must still read.
//! `ASIF_WRITE_VECTORS=1` writes those that do not exist yet, and never over one that does.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on says why by panicking")]

mod checkpoints;
mod home;
mod mailbox;

use std::path::PathBuf;

use asif_daemon::Rng;
use asif_daemon::journal::guard;
use asif_daemon::people::epoch::{self, Reader};
use asif_daemon::people::pairing;
use asif_daemon::people::pairing::exchange::{self, Asking, Ends};
use asif_daemon::people::space::Space;
use asif_daemon::people::statement::{Add, Answer, Candidate, Kit, Remove, Said, Signer, Statement, Upto};
use asif_daemon::seal::body::{Birth, Body, Branch, Changes, DocId, Ended, Erase, Keys, Put, Retract, Revision, Seen};
use asif_daemon::seal::dropped;
use asif_daemon::seal::entry::{self, Place};
use asif_daemon::seal::keys::{
    CacheKey, ItemKey, KitEntropy, LinkSeed, NearbyKey, ReadKey, SealingSeed, SigningSeed, VaultKey, WriteKey, queue_id,
};
use asif_daemon::seal::outside::Outside;
use asif_daemon::seal::vault::{Vault, WrappedKey};
use asif_daemon::seal::wire::Wire;
use asif_daemon::share::{item, terms};
use asif_proto::code::Code;
use asif_proto::frame::Frame;
use asif_proto::id::{GrantId, ItemId, KeyId, Link, LinkKey, LogId, PersonId, QueueId, RecordId, SpaceId};
use asif_proto::peer::{
    Blob, ByCode, Entries, GetEntries, Have, Hello, Join, Joiner, Message, QueueHave, Refused, Sealed, Welcome, Whereabouts,
};
use asif_proto::ticket::{Ticket, TicketRole};
use rand_core::SeedableRng;

/// The bytes of a vector; `made` is what this program makes, to be kept where there is no such vector yet.
fn golden(name: &str, made: &[u8]) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/golden").join(format!("{name}.hex"));
    if !path.exists() && std::env::var_os("ASIF_WRITE_VECTORS").is_some() {
        let hex: String = made.iter().map(|byte| format!("{byte:02x}")).collect();
        let lines: Vec<&str> = hex.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        std::fs::write(&path, format!("{}\n", lines.join("\n"))).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("there is no vector {name}"));
    let digits: String = text.split_whitespace().collect();
    digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// What this program makes is the vector, byte for byte.
fn same(name: &str, made: &[u8]) -> Vec<u8> {
    let kept = golden(name, made);
    assert!(kept == made, "{name} is made otherwise than it was: the format has changed");
    kept
}

fn rng(seed: u64) -> Rng {
    Rng::seed_from_u64(seed)
}

fn signer() -> SigningSeed {
    SigningSeed::from_bytes([1; 32])
}

fn place(seq: u64, previous: Link) -> Place {
    Place { space: SpaceId([2; 32]), log: LogId([3; 16]), seq, previous }
}

fn key() -> ReadKey {
    ReadKey::from_bytes([4; 32])
}

#[test]
fn entry_link_and_stub() {
    let bodies = b"not frames, only bytes";
    let made = entry::seal(&key(), &signer(), &place(1, Link::ZERO), bodies, &mut rng(5)).unwrap();
    let wire = Wire::entry(same("entry", made.bytes())).unwrap();
    let opened = entry::open(&key(), &place(1, Link::ZERO), &wire).unwrap();
    assert_eq!(opened.bodies(), bodies);
    assert_eq!(opened.verify(&signer().device()), Ok(()));
    let link = wire.link(&Link::ZERO);
    same("link", &link.0);
    let stub = Wire::stub(same("stub", wire.to_stub().bytes())).unwrap();
    assert_eq!(stub.link(&Link::ZERO), link);
}

#[test]
fn bodies() {
    let at = (LogId([3; 16]), 300, Link([9; 32]));
    let all = [
        ("body-birth", Body::Birth(Birth { device: signer().device(), space: SpaceId([2; 32]), key: KeyId([5; 16]), continues: Some(at) })),
        (
            "body-changes",
            Body::Changes(Changes { doc: DocId::Month { year: 2026, month: 11 }, generation: [0; 32], codec: 1, bytes: vec![1, 2, 3] }),
        ),
        (
            "body-keys",
            Body::Keys(Keys {
                read: vec![(SpaceId([2; 32]), KeyId([5; 16]), key())],
                items: vec![(GrantId([6; 16]), ItemKey::from_bytes([7; 32]))],
            }),
        ),
        (
            "body-erase",
            Body::Erase(Erase {
                records: vec![RecordId::from_key("00000000000000000000000000007f3a").unwrap()],
                drafts: vec![(RecordId::from_key("00000000000000000000000000007f3b").unwrap(), vec![[12; 32]])],
            }),
        ),
        ("body-seen", Body::Seen(Seen { have: vec![at] })),
        (
            "body-put",
            Body::Put(Put {
                item: ItemId([8; 32]),
                revision: Revision { grant: 1, touches: 300 },
                kind: 2,
                payload: b"{}".to_vec(),
                replaces: vec![(at.0, 7)],
            }),
        ),
        (
            "body-retract",
            Body::Retract(Retract { item: ItemId([8; 32]), revision: Revision { grant: 1, touches: 301 }, replaces: vec![(at.0, 8)] }),
        ),
        (
            "body-branch",
            Body::Branch(Branch {
                queue: QueueId([10; 32]),
                log: at.0,
                before: at.2,
                entries: vec![Sealed::Entry(Blob(vec![1; 4])), Sealed::Stub(Blob(vec![2; 4]))],
                replaced: vec![[11; 32]],
            }),
        ),
        ("body-ended", Body::Ended(Ended { have: vec![at], at_ms: 1_795_000_000_123 })),
    ];
    for (name, body) in all {
        let bytes = same(name, &body.to_frame().to_bytes());
        assert_eq!(Body::from_bytes(&bytes), Ok(body), "{name}");
    }
}

/// Automerge's own change chunk, packed. Made anew it may be another (zstd and Automerge are free to), but this one must be read for ever.
#[test]
fn changes_of_the_first_format_are_read() {
    use asif_daemon::journal::document::Document;
    let log = LogId([3; 16]);
    let mut document = Document::default();
    let change = document.write(log, &[("self/name".into(), "Robin".into())], Some("init")).unwrap().unwrap();
    let (codec, bytes) = guard::pack(change.raw_bytes());
    let made = Body::Changes(Changes { doc: DocId::Plan, generation: [0; 32], codec, bytes }).to_frame().to_bytes();
    let Ok(Body::Changes(changes)) = Body::from_bytes(&golden("changes", &made)) else { panic!() };
    let mut read = Document::default();
    read.merge(guard::check(log, &changes).unwrap()).unwrap();
    assert_eq!(read.scalar("self/name"), Some("Robin".into()));
    assert_eq!(read.heads(), document.heads());
}

fn candidate(person: PersonId) -> Candidate {
    Candidate::new(person, &signer(), &SealingSeed::from_bytes([12; 32]), LinkSeed::from_bytes([13; 32]).public())
}

#[test]
fn statements() {
    let kit = KitEntropy::from_bytes([10; 32]);
    let person = kit.person();
    same("person", &person.0);
    let device = candidate(person);
    let add = Said::Add(Add { person, device: device.clone(), seen: vec![] });
    let bytes = same("statement-add", Statement::by_root(&kit, &add).bytes());
    let read = Statement::from_bytes(&bytes).unwrap();
    assert_eq!((read.said(), read.signer()), (&add, Signer::Root(person)));
    same("statement-id", &read.id().0);

    let tips = vec![Upto { log: LogId([3; 16]), seq: 300, link: Link([4; 32]) }];
    let remove = Remove { person, device: signer().device(), at_ms: 1_795_000_000_000, tips: tips.clone(), seen: vec![read.id()] };
    let remove = Statement::by_root(&kit, &Said::Remove(remove));
    let answer = Said::Answer(Answer { person, removal: remove.id(), tips });
    for (name, statement) in [("statement-remove", &remove), ("statement-answer", &Statement::by_device(&signer(), &answer))] {
        assert_eq!(&Statement::from_bytes(&same(name, statement.bytes())).unwrap(), statement);
    }

    let public = Statement::by_root(&kit, &Said::Kit(Kit::of(&kit)));
    assert_eq!(Statement::from_bytes(&same("statement-kit", public.bytes())).unwrap(), public);

    let space = Space::Share { owner: person, grant: GrantId([6; 16]) };
    same("space-journal", &Space::Journal { owner: person }.id().0);
    same("space-share", &space.id().0);
    same("space-feedback", &Space::Feedback { owner: person, grant: GrantId([6; 16]) }.id().0);
    let reader = Reader { person, devices: vec![&device.keys] };
    let (epoch, keys) = epoch::open(space, &[reader], vec![], None, &mut rng(14));
    let bytes = same("statement-epoch", Statement::by_device(&signer(), &Said::Epoch(epoch.clone())).bytes());
    let Said::Epoch(read) = Statement::from_bytes(&bytes).unwrap().said().clone() else { panic!() };
    assert_eq!(read, epoch);
    assert_eq!(epoch::read_box(&read, signer().device(), &SealingSeed::from_bytes([12; 32])), Some(keys));
}

#[test]
fn what_follows_from_keys() {
    let write = WriteKey::from_bytes([15; 32]);
    same("entry-key", &*key().entry_key(LogId([3; 16])));
    same("reading-capability", &key().capability());
    same("writing-capability", &write.capability());
    same("queue-id", &queue_id(&key().capability(), &write.capability()).0);
    same("kit-sealing", &KitEntropy::from_bytes([10; 32]).sealing().public());
    let record = RecordId(uuid::Uuid::from_bytes([16; 16]));
    same("item-id", &item::item_id(&ItemKey::from_bytes([7; 32]), record).0);
    same("terms-item", &item::terms_item(GrantId([6; 16]), item::GRANT).0);
    same("ticket-proof", &pairing::proof(&[17; 16], &[18; 32], &LinkKey([19; 32]), &LinkKey([20; 32])));
    let signed = terms::sign("{\"exactly\":\"these bytes\"}".into(), terms::Side::Client, &signer());
    same("terms-signature", signed.signature.as_bytes());
}

#[test]
fn vault_and_cache_files() {
    let vault_key = VaultKey::from_bytes([21; 32]);
    let file = same("vault-key", &vault_key.to_file());
    assert_eq!(VaultKey::from_file(&file), Ok(vault_key.clone()));
    let cheap = asif_daemon::seal::passphrase::Cost { memory_kib: 64, passes: 1, lanes: 1 };
    let file = same("vault-key-wrapped", &vault_key.wrap("a passphrase", cheap, &mut rng(33)).to_file());
    assert_eq!(WrappedKey::from_file(&file).unwrap().open("a passphrase"), Ok(vault_key.clone()));
    let vault = Vault::random(&mut rng(22));
    let made = vault.seal(&vault_key, &mut rng(23));
    // The first format is read, and not made any more.
    for bytes in [same("vault-2", &made), golden("vault", &[])] {
        let read = Vault::open(&vault_key, &bytes).unwrap();
        assert_eq!((&read.signing, &read.link, read.person), (&vault.signing, &vault.link, None));
    }
    let cache = CacheKey::from_bytes([24; 32]);
    let file = same("cache", &cache.seal("view", b"what can be made anew", &mut rng(25)));
    assert_eq!(cache.open("view", &file).unwrap(), b"what can be made anew");
}

#[test]
fn a_code_and_what_is_made_of_it() {
    let code: Code = "7-harbour-violin-kettle".parse().unwrap();
    let ends = Ends { giver: LinkKey([1; 32]), joiner: LinkKey([2; 32]), exporter: [3; 32] };
    let (asking, share) = Asking::begin(&code, ends, &mut rng(41));
    let (answer, secret) = exchange::answer(&code, ends, share, &mut rng(42)).unwrap();
    assert_eq!(asking.finish(&answer), Some(secret));
    let asked = Message::ByCode(ByCode { number: 7, role: TicketRole::Helper, share });
    let said = [asked.to_frame().to_bytes(), Message::CodeAnswer(answer).to_frame().to_bytes(), secret.to_vec()].concat();
    same("code", &said);
    // The list is part of the format: a code is told by the words of the one and read by those of the other.
    same("words", blake3::hash(asif_proto::code::words().collect::<Vec<_>>().join("\n").as_bytes()).as_bytes());
}

#[test]
fn what_is_said_on_the_local_network() {
    let tag = ReadKey::from_bytes([43; 32]).nearby().tag(495_000, &LinkKey([3; 32]));
    same("tag", &tag);
}

#[test]
fn what_a_locked_device_goes_on_by_and_what_is_written_into_it() {
    let (device, kit) = (SealingSeed::random(&mut rng(34)), SealingSeed::random(&mut rng(35)));
    let met = vec![(LinkKey([3; 32]), vec!["127.0.0.1:4433".parse().unwrap()])];
    let link = LinkSeed::from_bytes([36; 32]);
    let nearby = vec![NearbyKey::from_bytes([5; 32])];
    let outside = Outside { person: PersonId([1; 32]), device: signer().device(), link, networked: true, met, nearby };
    assert!(Outside::from_file(&same("outside-2", &outside.to_file())) == Some(outside.clone()));
    let first = Outside { nearby: Vec::new(), ..outside };
    assert!(Outside::from_file(&golden("outside", &[])) == Some(first), "what an earlier asif wrote is read");
    let made = dropped::seal(&[&device.public(), &kit.public()], b"not JSON, only bytes", &mut rng(37)).unwrap();
    let kept = same("dropped", &made);
    for holder in [&device, &kit] {
        assert_eq!(dropped::open([holder], &kept).unwrap().as_slice(), b"not JSON, only bytes");
    }
}

#[test]
fn backups() {
    use asif_daemon::seal::backup::{self, Manifest, Openers};
    use asif_daemon::seal::passphrase::Cost;
    let kit = KitEntropy::from_bytes([10; 32]);
    let (person, device) = (kit.person(), signer().device());
    let name = Some("Robin".to_owned());
    let manifest =
        Manifest { made_ms: 7, version: "0".into(), person, name, device, device_name: "laptop".into(), sessions: 3, files: vec![] };
    let files = vec![("vault".to_owned(), vec![1; 300]), ("store/statements".to_owned(), vec![2; 5])];
    let public = kit.sealing().public();
    let cheap = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    let mut made = Vec::new();
    backup::seal(manifest, &files, &Openers { passphrase: Some(("a passphrase", cheap)), kit: Some(&public) }, &mut rng(32), &mut made)
        .unwrap();
    let kept = same("backup", &made);
    for typed in ["a passphrase", &kit.words().join(" ")] {
        let (manifest, opened) = backup::open(&kept, typed).unwrap();
        assert_eq!((manifest.sessions, &opened), (3, &files));
    }
    same("kit-words", kit.words().join(" ").as_bytes());
    same("kit-link", &kit.link().public().0);
    same("recovery-capability", &kit.recovery().public());
}

#[test]
fn peer_messages() {
    let listen = vec!["127.0.0.1:4433".parse().unwrap(), "[::1]:4433".parse().unwrap()];
    let told = listen.clone();
    let blob = || Blob(vec![1, 2, 3]);
    let queue = QueueHave { queue: QueueId([26; 32]), key: KeyId([5; 16]), logs: vec![(LogId([3; 16]), 300, [9; 8])] };
    let entries = Entries {
        queue: QueueId([26; 32]),
        key: KeyId([5; 16]),
        log: LogId([3; 16]),
        before: Link([9; 32]),
        entries: vec![Sealed::Entry(blob()), Sealed::Stub(blob())],
    };
    let join = |joiner| Join { ticket: [1; 8], proof: [2; 32], joiner, name: "desktop".into(), listen: vec![] };
    let all = [
        ("hello", Message::Hello(Hello { min: 1, max: 1, start: [30; 8], digest: [27; 16], listen })),
        ("roster", Message::Roster(vec![blob()])),
        ("epochs", Message::Epochs(vec![blob()])),
        ("have", Message::Have(Have { full: true, statements: vec![[28; 16]], queues: vec![queue] })),
        ("entries", Message::Entries(entries)),
        ("get-entries", Message::GetEntries(GetEntries { queue: QueueId([10; 32]), log: LogId([3; 16]), from: 300 })),
        ("join-device", Message::Join(join(Joiner::Device { candidate: blob(), person: PersonId([29; 32]) }))),
        ("join-helper", Message::Join(join(Joiner::Helper { person: PersonId([29; 32]), roster: vec![blob()] }))),
        ("for", Message::For(PersonId([29; 32]))),
        (
            "welcome",
            Message::Welcome(Welcome {
                person: PersonId([29; 32]),
                name: "Robin".into(),
                statements: vec![blob()],
                grant: Some(GrantId([6; 16])),
            }),
        ),
        ("refused", Message::Refused(Refused::Used)),
        ("introduce", Message::Introduce(vec![blob()])),
        ("ping", Message::Ping(300)),
        ("pong", Message::Pong(300)),
        ("addresses", Message::Addresses(vec![Whereabouts { key: LinkKey([31; 32]), addresses: told }])),
    ];
    for (name, message) in all {
        let bytes = same(&format!("message-{name}"), &message.to_frame().to_bytes());
        assert_eq!(Message::from_frame(&Frame::from_bytes(&bytes).unwrap()), Ok(Some(message)), "{name}");
    }
}

#[test]
fn tickets() {
    let ticket = Ticket {
        role: TicketRole::Device,
        link_key: LinkKey([19; 32]),
        secret: [17; 16],
        addresses: vec!["127.0.0.1:4433".parse().unwrap(), "[::1]:4433".parse().unwrap()],
    };
    let text = String::from_utf8(same("ticket", ticket.to_string().as_bytes())).unwrap();
    assert_eq!(text.parse::<Ticket>(), Ok(ticket));
}
