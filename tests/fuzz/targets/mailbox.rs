//! A mailbox among strangers: some hold a ticket or a capability, and all say what they like, while its store answers in its own time and not always well.
//!
//! The bytes are a program; of each step the low 3 bits of a byte say what, the next 2 who, the others how.
//!
//! ```text
//! 0  a message as it comes          kind u8 · sized payload
//! 1  one within the queue           kind u8 · sized payload
//! 2  comes, or goes and comes anew
//! 3  proves something               how: reads · writes · makes; or, none of these: enrols
//! 4  the next entry of a log        how: log (2) · not after the last;  u8 of what is in it
//! 5  time passes                    u8 tenths of a second
//! 6  the store answers              how: the newest first · it failed;  u8 how many
//! 7  ends and starts again
//! ```
//!
//! Whoever has not proven that they may read is given nothing of the queue; and nobody is told that an entry is there which the store has not got.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use asif_daemon::Rng;
use asif_daemon::mailbox::Mailbox;
use asif_daemon::mailbox::effect::{Ask, Effect, Input, Now, VisitorId};
use asif_daemon::mailbox::names::{self, Object};
use asif_daemon::mailbox::records::{Invitation, Record};
use asif_daemon::seal::entry::{self, Place};
use asif_daemon::seal::keys::{EnrolmentSeed, ReadKey, SigningSeed, WriteKey};
use asif_daemon::seal::proof;
use asif_proto::frame::Frame;
use asif_proto::id::{KeyId, Link, LinkKey, LogId, QueueId, SpaceId};
use asif_proto::peer::{Blob, Entries, Hello, Message, QueueKind, Sealed};
use rand_core::SeedableRng;

use super::Bytes;

const SECRET: [u8; 16] = [1; 16];
const KEY: KeyId = KeyId([5; 16]);

struct Keys {
    read: ReadKey,
    write: WriteKey,
    kind: QueueKind,
    queue: QueueId,
    signer: SigningSeed,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let rng = &mut Rng::seed_from_u64(40);
    let (read, write) = (ReadKey::random(rng), WriteKey::random(rng));
    let kind = QueueKind::Space { reading: read.capability(), writing: write.capability() };
    Keys { queue: proof::queue_of(&kind), read, write, kind, signer: SigningSeed::from_bytes([1; 32]) }
});

/// A mailbox, its store, and what the store has not answered yet.
struct Machine {
    core: Mailbox,
    objects: BTreeMap<String, Vec<u8>>,
    waiting: Vec<Effect>,
    time: Duration,
    /// Who is connected, by their number, and whether they proved that they may read.
    visitors: BTreeMap<u8, (VisitorId, bool)>,
    next: u64,
    /// The last entry of each log that somebody brought.
    tips: BTreeMap<u8, (u64, Link)>,
}

impl Machine {
    fn new() -> Self {
        let ticket = Invitation { account: [9; 16], label: "somebody".into(), quota: 64 << 10, at: 0, expires: i64::MAX, used_by: None };
        let name = names::invitation(&EnrolmentSeed::of_ticket(&SECRET).public());
        let objects = [(name, ticket.to_bytes())].into();
        let core = Mailbox::with(true, [1; 8], 4);
        Self { core, objects, waiting: vec![], time: Duration::from_secs(1), visitors: BTreeMap::new(), next: 0, tips: BTreeMap::new() }
    }

    fn handle(&mut self, input: Input) {
        let now = Now { wall_s: 1_795_000_000 + i64::try_from(self.time.as_secs()).unwrap_or(0), mono: self.time };
        for effect in self.core.handle(now, input) {
            match effect {
                Effect::Send { visitor, message, .. } => self.is_right(visitor, &message),
                Effect::Close { visitor } => self.visitors.retain(|_, (id, _)| *id != visitor),
                asked => self.waiting.push(asked),
            }
        }
    }

    /// What is said is true, and may be said to whoever hears it.
    fn is_right(&self, visitor: VisitorId, message: &Message) {
        let Message::Within(queue, inner) = message else { return };
        let reads = self.visitors.values().any(|(id, reads)| *id == visitor && *reads);
        assert!(
            reads || !matches!(**inner, Message::Entries(_) | Message::Slips(_) | Message::Checkpoint(_) | Message::Piece(_)),
            "{inner:?}"
        );
        let Message::Have(have) = &**inner else { return };
        let runs = || self.objects.keys().filter(|name| name.starts_with(&names::contents(queue))).filter_map(|name| names::parse(name));
        for (log, seq, _) in have.queues.iter().flat_map(|one| &one.logs) {
            let is_there =
                runs().any(|object| matches!(object, Object::Run(_, of, run) if of == *log && run.from <= *seq && *seq <= run.to));
            assert!(is_there || *seq == 0, "it says that entry {seq} of {log:?} is there");
        }
    }

    /// The store does one thing that it was asked, or says that it did not.
    fn answer(&mut self, newest: bool, fails: bool) {
        if self.waiting.is_empty() {
            return;
        }
        let at = if newest { self.waiting.len() - 1 } else { 0 };
        let ok = |ask: Ask| if fails { Err::<Ask, String>("the disk is full".into()) } else { Ok(ask) };
        let input = match self.waiting.remove(at) {
            Effect::List { ask, prefix } => {
                let prefix = format!("{prefix}/");
                let named = self.objects.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix));
                let listed = named.map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect();
                Input::Listed { ask, outcome: ok(ask).map(|_| listed) }
            }
            Effect::Get { ask, name } => Input::Got { ask, outcome: ok(ask).map(|_| self.objects.get(&name).cloned()) },
            Effect::Put { ask, name, bytes } => {
                if !fails {
                    self.objects.insert(name, bytes);
                }
                Input::Put { ask, outcome: ok(ask).map(drop) }
            }
            Effect::Delete { ask, names } => {
                if !fails {
                    names.iter().for_each(|name| drop(self.objects.remove(name)));
                }
                let Some(ask) = ask else { return };
                Input::Put { ask, outcome: ok(ask).map(drop) }
            }
            Effect::Send { .. } | Effect::Close { .. } => return,
        };
        self.handle(input);
    }

    fn say(&mut self, who: u8, frame: Frame) {
        if let Some((visitor, _)) = self.visitors.get(&who).copied() {
            self.handle(Input::Frame { visitor, frame });
        }
    }

    fn comes(&mut self, who: u8) {
        if let Some((visitor, _)) = self.visitors.remove(&who) {
            self.handle(Input::Closed { visitor });
        }
        self.next += 1;
        let visitor = VisitorId(self.next);
        self.visitors.insert(who, (visitor, false));
        self.handle(Input::Opened { visitor, key: LinkKey([who; 32]), exporter: [who; 32] });
        let hello = Hello { min: 1, max: 1, start: [who; 8], digest: [0; 16], listen: vec![] };
        self.say(who, Message::Hello(hello).to_frame());
    }

    fn proves(&mut self, who: u8, how: u8) {
        let (reads, writes, makes) = (how & 1 != 0, how & 2 != 0, how & 4 != 0);
        let message = if reads || writes || makes {
            if let Some((_, may)) = self.visitors.get_mut(&who) {
                *may |= reads;
            }
            let (read, write) = (KEYS.read.reading(), KEYS.write.writing());
            Message::OpenQueue(proof::open_queue(KEYS.kind, reads.then_some(&read), writes.then_some(&write), makes, &[who; 32]))
        } else {
            Message::Enrol(proof::enrol(&EnrolmentSeed::of_ticket(&SECRET), &EnrolmentSeed::from_bytes([7; 32]), &[who; 32]))
        };
        self.say(who, message.to_frame());
    }

    fn writes(&mut self, who: u8, how: u8, what: u8) {
        let number = how & 1;
        let log = LogId([10 + number; 16]);
        let (seq, previous) = self.tips.get(&number).copied().unwrap_or((0, Link::ZERO));
        let place = Place { space: SpaceId([2; 32]), log, seq: seq + 1 + u64::from(how >> 2), previous };
        let rng = &mut Rng::seed_from_u64(u64::from(what));
        let Ok(wire) = entry::seal(&KEYS.read, &KEYS.signer, &place, &[what; 40], rng) else { return };
        self.tips.insert(number, (place.seq, wire.link(&previous)));
        let entries = vec![Sealed::Entry(Blob(wire.bytes().to_vec()))];
        let run = Entries { queue: KEYS.queue, key: KEY, log, before: previous, entries };
        self.say(who, Message::Within(KEYS.queue, Box::new(Message::Entries(run))).to_frame());
    }
}

/// As above.
pub(super) fn mailbox(bytes: &[u8]) {
    through(bytes);
}

/// How many entries the mailbox has stored after an input.
pub(super) fn through(bytes: &[u8]) -> u64 {
    let (mut machine, mut bytes, mut stored) = (Machine::new(), Bytes(bytes), 0);
    while !bytes.is_empty() {
        let step = bytes.byte();
        let (who, how) = (step >> 3 & 3, step >> 5);
        match step & 7 {
            0 => {
                let (kind, payload) = (bytes.byte(), bytes.sized());
                machine.say(who, Frame::new(u16::from(kind), payload.to_vec()));
            }
            1 => {
                let (kind, payload) = (bytes.byte(), bytes.sized());
                if let Ok(Some(message)) = Message::from_frame(&Frame::new(u16::from(kind), payload.to_vec())) {
                    machine.say(who, Message::Within(KEYS.queue, Box::new(message)).to_frame());
                }
            }
            2 => machine.comes(who),
            3 => machine.proves(who, how),
            4 => {
                let what = bytes.byte();
                machine.writes(who, how, what);
            }
            5 => {
                machine.time += Duration::from_millis(100 * u64::from(bytes.byte()));
                machine.handle(Input::Tick);
            }
            6 => {
                for _ in 0..bytes.byte() {
                    machine.answer(how & 1 != 0, how & 2 != 0);
                }
            }
            _ => {
                stored += machine.core.counts().entries;
                machine.core = Mailbox::with(true, [step; 8], 4);
                machine.visitors.clear();
                // What it had asked for reaches the store or not; nobody hears of it.
                machine.waiting.clear();
            }
        }
    }
    stored + machine.core.counts().entries
}
