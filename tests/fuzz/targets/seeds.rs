//! Inputs to begin with, made by the programs themselves.

use asif_daemon::Rng;
use asif_daemon::journal::document::Document;
use asif_daemon::people::epoch::{self, Reader};
use asif_daemon::people::space::Space;
use asif_daemon::people::statement::Said;
use asif_daemon::seal::body::{Birth, Body, Changes, DocId, Ended, Put, Retract, Revision, Seen};
use asif_daemon::seal::vault::{Invitation, Offer, Vault};
use asif_proto::frame::{self, Frame};
use asif_proto::id::{GrantId, ItemId, KeyId, Link, LinkKey, LogId, PersonId, QueueId, SpaceId};
use asif_proto::local::{Answer, Ask, Decision, ErrorKind, Event, Failure, Hello, ListFilter, Question, Reply, Request, kind};
use asif_proto::peer::{self, Blob, Entries, Have, Join, Joiner, Message, QueueHave, Refused, Sealed, Slip, Welcome};
use asif_proto::ticket::{Ticket, TicketRole};
use rand_core::SeedableRng;
use serde::Serialize;

use super::disk::saved;
use super::merge::{log, program};
use super::sealed::{addition, kit, signer};

/// Seeds of every target, each with a name.
pub fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut all = Vec::new();
    let mut add = |target, seeds: Vec<(&'static str, Vec<u8>)>| all.extend(seeds.into_iter().map(|(name, bytes)| (target, name, bytes)));
    add("local", local());
    add("peer", peer());
    add("ticket", ticket());
    add("statement", statement());
    add("entry", entry());
    add("body", body());
    add("vault", vault());
    add("item", item());
    add("record", record());
    add("columns", columns());
    add("log_file", log_file());
    add("statement_file", statement_file());
    add("caches", caches());
    add("merge", merge());
    add("conversation", conversation());
    add("mailbox", mailbox());
    all
}

fn json(kind: u16, value: &impl Serialize) -> Vec<u8> {
    Frame::new(kind, serde_json::to_vec(value).expect("plain data encodes")).to_bytes()
}

fn ask(request: Request) -> Vec<u8> {
    json(kind::ASK, &Ask { version: 1, id: uuid::Uuid::from_u128(7), zone: "Europe/London".into(), request })
}

fn local() -> Vec<(&'static str, Vec<u8>)> {
    let log = serde_json::json!({"ask":"log","with":{"practice":"lunch","fields":{"before":30,"after":45,"note":"a walk","tags":["work"],"at":"2026-11-24T12:00"}}});
    let log: Request = serde_json::from_value(log).unwrap_or(Request::Status);
    let error = Answer::Error(Failure::new(ErrorKind::NotFound, "there is no such session").hint("look with: asif list"));
    vec![
        ("ask-status", ask(Request::Status)),
        ("ask-list", ask(Request::List(ListFilter::default()))),
        ("ask-log", ask(log)),
        ("hello", json(kind::HELLO, &Hello { min: 1, max: 1, version: "0.1.0".into(), pid: 7, data: Some("/home/robin".into()) })),
        ("event", json(kind::EVENT, &Event::Joined { name: "Dana".into(), device: "3f2a".into() })),
        ("question", json(kind::QUESTION, &Question::Admit { name: "Dana".into(), role: "device".into(), invited: None })),
        ("decision", json(kind::DECISION, &Decision { yes: true })),
        ("answer", [json(kind::ANSWER, &Answer::Reply(Box::new(Reply::Done))), json(kind::ANSWER, &error)].concat()),
    ]
}

fn peer() -> Vec<(&'static str, Vec<u8>)> {
    let blob = || Blob(vec![1, 2, 3]);
    let queue = QueueHave { queue: QueueId([26; 32]), key: KeyId([5; 16]), logs: vec![(LogId([3; 16]), 300, [9; 8])] };
    let entries = Entries {
        queue: QueueId([26; 32]),
        key: KeyId([5; 16]),
        log: LogId([3; 16]),
        before: Link([9; 32]),
        entries: vec![Sealed::Entry(blob()), Sealed::Stub(blob())],
    };
    let listen = vec!["127.0.0.1:4433".parse().expect("an address"), "[::1]:4433".parse().expect("an address")];
    let join = |joiner| Message::Join(Join { ticket: [1; 8], proof: [2; 32], joiner, name: "desktop".into(), listen: vec![] });
    let person = PersonId([29; 32]);
    let all = [
        ("hello", Message::Hello(peer::Hello { min: 1, max: 1, start: [3; 8], digest: [27; 16], listen })),
        ("roster", Message::Roster(vec![blob()])),
        ("have", Message::Have(Have { full: true, statements: vec![[28; 16]], queues: vec![queue] })),
        ("entries", Message::Entries(entries)),
        ("join-device", join(Joiner::Device { candidate: blob(), person })),
        ("join-helper", join(Joiner::Helper { person, roster: vec![blob()] })),
        ("for", Message::For(person)),
        ("welcome", Message::Welcome(Welcome { person, name: "Robin".into(), statements: vec![blob()], grant: Some(GrantId([6; 16])) })),
        ("refused", Message::Refused(Refused::Used)),
    ];
    all.into_iter().map(|(name, message)| (name, targeted(&message.to_frame()))).collect()
}

/// A frame as the target `peer` takes it: its kind in one byte, then the payload.
fn targeted(frame: &Frame) -> Vec<u8> {
    [&[u8::try_from(frame.kind).expect("a low kind")][..], &frame.bytes].concat()
}

fn ticket() -> Vec<(&'static str, Vec<u8>)> {
    let addresses = vec!["127.0.0.1:4433".parse().expect("an address"), "[::1]:4433".parse().expect("an address")];
    let text = Ticket { role: TicketRole::Helper, link_key: LinkKey([19; 32]), secret: [17; 16], addresses }.to_string();
    let inside = [&[1, 1][..], &[19; 32], &[17; 16], &[4, 127, 0, 0, 1, 17, 81]].concat();
    vec![("text", text.into_bytes()), ("inside", inside)]
}

fn statement() -> Vec<(&'static str, Vec<u8>)> {
    let add = addition();
    let Said::Add(said) = add.said() else { unreachable!("an addition") };
    let person = kit().person();
    let reader = Reader { person, devices: vec![&said.device.keys] };
    let (epoch, _) = epoch::open(Space::Journal { owner: person }, &[reader], vec![], None, &mut Rng::seed_from_u64(14));
    let body = Frame::postcard(4, &epoch).to_bytes();
    vec![
        ("add", [&[0][..], add.bytes()].concat()),
        ("add-signed-here", [&[1][..], &add.bytes()[97..]].concat()),
        ("epoch", [&[2][..], &body].concat()),
        ("newer", [&[2][..], &Frame::new(77, vec![1, 2]).to_bytes()].concat()),
    ]
}

fn entry() -> Vec<(&'static str, Vec<u8>)> {
    let whole = [&asif_daemon::seal::wire::header(LogId([5; 16]), 3)[..], &[7; 24], &[9; 84]].concat();
    let stub = [&asif_daemon::seal::wire::header(LogId([5; 16]), 3)[..], &[7; 24], &[9; 32]].concat();
    vec![
        ("whole", [&[0][..], &whole].concat()),
        ("stub", [&[1][..], &stub].concat()),
        ("sealed", [&[2, 0][..], &birth().to_frame().to_bytes()].concat()),
        ("padded", [&[3][..], &asif_daemon::seal::padding::pad(b"a plain sentence")].concat()),
    ]
}

fn birth() -> Body {
    let continues = Some((LogId([3; 16]), 300, Link([9; 32])));
    Body::Birth(Birth { device: signer().device(), space: SpaceId([2; 32]), key: KeyId([5; 16]), continues })
}

fn put(touches: u64, payload: &[u8]) -> Body {
    let revision = Revision { grant: 1, touches };
    Body::Put(Put { item: ItemId([8; 32]), revision, kind: 2, payload: payload.to_vec(), replaces: vec![(LogId([3; 16]), 7)] })
}

fn body() -> Vec<(&'static str, Vec<u8>)> {
    let at = (LogId([3; 16]), 300, Link([9; 32]));
    let retract =
        Body::Retract(Retract { item: ItemId([8; 32]), revision: Revision { grant: 1, touches: 301 }, replaces: vec![(at.0, 8)] });
    let changes = Changes { doc: DocId::Month { year: 2026, month: 11 }, generation: [0; 32], codec: 1, bytes: vec![1, 2, 3] };
    let bytes = |bodies: &[Body]| bodies.iter().flat_map(|body| body.to_frame().to_bytes()).collect::<Vec<u8>>();
    vec![
        ("birth", bytes(&[birth()])),
        ("changes", bytes(&[Body::Changes(changes), Body::Seen(Seen { have: vec![at] })])),
        ("items", bytes(&[put(300, b"{}"), put(300, b"{\"a\":1}"), retract, put(302, b"{}")])),
        ("ended", bytes(&[Body::Ended(Ended { have: vec![at], at_ms: 1_795_000_000_123 })])),
    ]
}

fn vault() -> Vec<(&'static str, Vec<u8>)> {
    let mut vault = Vault::random(&mut Rng::seed_from_u64(22));
    vault.person = Some(PersonId([29; 32]));
    vault.retired = vec![LogId([3; 16])];
    let offer = Offer::Helper { grant: uuid::Uuid::from_u128(7), record: "{}".into() };
    vault.invitations =
        vec![Invitation { secret: [1; 16], expires_ms: 1_795_000_000_123, yes: true, bound: Some(LinkKey([2; 32])), used: false, offer }];
    vec![("inside", frame::encode(&vault)), ("key", asif_daemon::seal::keys::VaultKey::from_bytes([10; 32]).to_file())]
}

const SESSION: &str = r#"{"type":"session","practice":"10101010101010101010101010101010","occurred_at":"2026-11-23T12:41:07+00:00[Europe/London]","recorded_at":"2026-11-23T12:41:07Z","before":30,"after":45,"basis":"borrowed","note":"a walk","tags":["work"],"visibility":"private"}"#;
const PRACTICE: &str = r#"{"type":"practice","title":"Lunch away from the desk","slug":"lunch","kind":"as_if_action","specificity":{"when":"noon","where":"park","how_long":"20 min"},"difficulty":35,"status":"active","recorded_at":"2026-11-23T12:41:07Z"}"#;

fn item() -> Vec<(&'static str, Vec<u8>)> {
    let session = r#"{"practice":"lunch","occurred_at":"2026-11-23T12:41:07+00:00[Europe/London]","recorded_at":"2026-11-23T12:41:07Z","backfilled":false,"basis":"own","before":30,"after":45,"tags":["work"],"note":"a walk"}"#;
    let practice = r#"{"slug":"lunch","title":"Lunch","kind":"as_if_action","status":"active"}"#;
    let loan = r#"{"practice":"lunch","statement":"I think it will land, a little.","strength":85,"lent_at":"2026-11-23T12:41:07Z","until":"2027-02-21T00:00:00+00:00[Europe/London]"}"#;
    let terms = format!(
        r#"{{"grant":"{}","version":1,"client":"{}","client_name":"Robin","helper":"{}","role":"therapist","scopes":["ratings"],"since":"2026-11-23T12:41:07+00:00[Europe/London]","until":null,"delay_s":0,"purpose":null,"at":"2026-11-23T12:41:07Z"}}"#,
        "06".repeat(16),
        "02".repeat(32),
        "03".repeat(32)
    );
    let signed = asif_daemon::share::terms::sign(terms.clone(), asif_daemon::share::terms::Side::Helper, &signer());
    let signed = serde_json::to_vec(&signed).expect("plain data encodes");
    let of = |kind: u8, text: &[u8]| [&[kind][..], text].concat();
    vec![
        ("session", of(2, session.as_bytes())),
        ("practice", of(3, practice.as_bytes())),
        ("loan", of(17, loan.as_bytes())),
        ("terms", of(1, terms.as_bytes())),
        ("signed", of(16, &signed)),
    ]
}

fn record() -> Vec<(&'static str, Vec<u8>)> {
    let grant = r#"{"type":"grant","name":"Dana","role":"therapist","scopes":["ratings","notes"],"since":"2026-11-23T12:41:07+00:00[Europe/London]","client_name":"Robin","created_at":"2026-11-23T12:41:07Z"}"#;
    let overlaid = format!("{SESSION}\nafter=50\ndeleted=true\ntags/work=false\nnote=null\nfelt_state=\"numb\"");
    let held = format!("{SESSION}\nhold_until=\"2026-11-24T12:00:00+00:00[Europe/London]\"\ndeleted=false");
    let belief = r#"{"type":"belief","statement":"I may rest","recorded_at":"2026-11-23T12:41:07Z"}"#;
    let rating = r#""{\"head\":40,\"at\":\"2026-11-23T12:41:07Z\"}""#;
    let rated = format!("{belief}\nratings/00000000000000000000000000000001={rating}");
    vec![
        ("session", overlaid.into_bytes()),
        ("held", held.into_bytes()),
        ("practice", PRACTICE.into()),
        ("belief", rated.into_bytes()),
        ("grant", grant.into()),
    ]
}

fn columns() -> Vec<(&'static str, Vec<u8>)> {
    let mut document = Document::default();
    let puts: Vec<_> = (0..5).map(|n| (format!("key {n}"), format!("value {n}").as_str().into())).collect();
    let change = document.write(log(false), &puts, Some("log")).expect("plain keys").expect("something new");
    let raw = change.raw_bytes();
    let at = 9 + raw[9..].iter().position(|byte| byte & 0x80 == 0).expect("a length that ends") + 1;
    vec![("plain", raw[at..].to_vec())]
}

fn log_file() -> Vec<(&'static str, Vec<u8>)> {
    let kept = include_bytes!("../../vectors/home-1/data/store/logs/d733a5bfaaf39baf0f375d823614ce66");
    vec![
        ("of-another", [&[0][..], kept].concat()),
        ("and-more", vec![1, 3, 0, 4, 1, 2, 3, 4, 0, 0, 1, 9, 3, 0, 0, 0, 0, 0, 0, 0, 135]),
        ("overwritten", vec![2, 2, 0, 1, 5, 0, 0, 1, 6, 3, 0, 90, 0, 0, 0, 0, 0]),
    ]
}

fn statement_file() -> Vec<(&'static str, Vec<u8>)> {
    let kept = include_bytes!("../../vectors/home-1/data/store/statements");
    vec![
        ("kept", [&[0][..], kept.get(..3000).unwrap_or(kept)].concat()),
        ("and-more", vec![1, 2, 0, 3, 1, 2, 3, 0, 1, 9, 0, 0, 0, 3, 1, 2]),
    ]
}

fn caches() -> Vec<(&'static str, Vec<u8>)> {
    let [view, peers] = saved();
    vec![("view", [&[0][..], &view].concat()), ("peers", [&[3][..], &peers].concat())]
}

/// Two devices that write a record, lay fields over it apart, and meet.
fn merge() -> Vec<(&'static str, Vec<u8>)> {
    let mut one = Document::default();
    let write = |document: &mut Document, second, puts: &[(&str, &str)]| {
        let puts: Vec<_> = puts.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
        document.write(log(second), &puts, Some("log")).expect("plain keys").expect("something new")
    };
    let checked = |second, change: &automerge::Change| {
        let changes = Changes { doc: DocId::Plan, generation: [0; 32], codec: 0, bytes: change.raw_bytes().to_vec() };
        asif_daemon::journal::guard::check(log(second), &changes).expect("an own change")
    };
    let session = "10101010101010101010101010101010";
    let first = write(&mut one, false, &[(session, SESSION), ("self/name", "Robin")]);
    let mut two = Document::default();
    two.merge(checked(false, &first)).expect("an own change");
    let left = write(&mut one, false, &[("10101010101010101010101010101010/after", "50"), ("self/wish", "rest")]);
    let right = write(&mut two, true, &[("10101010101010101010101010101010/after", "60"), (session, PRACTICE)]);
    one.merge(checked(true, &right)).expect("an own change");
    let last = write(&mut one, false, &[("10101010101010101010101010101010/after", "70")]);
    let both = [program(0, &[], &first), program(0, &[0], &left), program(8 | 4, &[0], &right), program(0, &[1, 2], &last)].concat();
    let together = [program(0, &[], &first), program(16, &[0], &left)].concat();
    vec![("apart-and-together", both), ("two-in-one", together), ("one", program(4, &[], &first))]
}

/// A record, what lies over it, an item that does not belong there, and a statement, while the person writes.
fn conversation() -> Vec<(&'static str, Vec<u8>)> {
    let session = "10101010101010101010101010101010";
    let mut document = Document::default();
    let mut write = |puts: &[(&str, &str)]| {
        let puts: Vec<_> = puts.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
        document.write(LogId([3; 16]), &puts, Some("log")).expect("plain keys").expect("something new")
    };
    let (first, second) = (write(&[(session, SESSION)]), write(&[("10101010101010101010101010101010/note", "another walk")]));
    let step = |how: u8, others: &[u8], change| {
        let program = program(0, others, change);
        [&[how << 3 | 2, program[0] & 3], &program[1..]].concat()
    };
    let sized = |step: u8, bytes: &[u8]| [&[step][..], &u16::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat();
    let have = Have { full: true, statements: vec![[28; 16]], queues: vec![] };
    let message = [&[0, 4][..], &sized(0, &frame::encode(&have))[1..]].concat();
    let lies = [
        step(0, &[], &first),
        vec![4, 12, 5, 0],
        step(2, &[0], &second),
        message,
        sized(1, &put(1, b"{}").to_frame().to_bytes()),
        sized(3, &Frame::new(77, vec![1]).to_bytes()),
        vec![6, 7, 4, 60],
    ];
    vec![("writes", [step(0, &[], &first), step(0, &[0], &second)].concat()), ("lies", lies.concat())]
}

/// Somebody enrols, makes the queue and writes in it; somebody else reads; and strangers ask for what is not theirs.
fn mailbox() -> Vec<(&'static str, Vec<u8>)> {
    let sized = |step: u8, kind: u16, payload: &[u8]| {
        let head = [step, u8::try_from(kind).expect("a small kind")];
        [&head[..], &u16::try_from(payload.len()).expect("short").to_be_bytes(), payload].concat()
    };
    let within = |who: u8, message: &Message| {
        let frame = message.to_frame();
        sized(who << 3 | 1, frame.kind, &frame.bytes)
    };
    let have = Message::Have(Have { full: true, statements: vec![[28; 16]], queues: vec![] });
    let slips = Message::Slips(vec![Slip { id: [7; 16], sealed: Blob(vec![1; 60]) }]);
    let (comes, proves, writes, store) = (|who: u8| who << 3 | 2, |who: u8, how: u8| how << 5 | who << 3 | 3, |log: u8| log << 5 | 4, 6_u8);
    let begin = vec![comes(0), proves(0, 0), store, 9, proves(0, 7), store, 9];
    let entries = vec![writes(0), 1, writes(0), 2, writes(1), 3, store, 9];
    let reads = [&[comes(1), proves(1, 1), store, 9][..], &within(1, &have), &[store, 9]].concat();
    let written = [&begin[..], &entries, &within(0, &slips), &[store, 9], &reads].concat();
    let only_writes = [&[comes(3), proves(3, 2), store, 9][..], &within(3, &have), &[store, 9]].concat();
    let strangers = [&written[..], &[comes(2)], &within(2, &have), &only_writes, &[writes(0), 4, 5, 250, 7], &begin, &reads].concat();
    let failing =
        [&begin[..], &[writes(0), 1, 2 << 5 | 6, 9, writes(0), 2, 5, 60, 1 << 5 | 6, 9], &within(0, &Message::CloseQueue)].concat();
    vec![("written", written), ("strangers", strangers), ("failing", failing)]
}
