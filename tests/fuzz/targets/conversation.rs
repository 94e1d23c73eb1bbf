//! A device of one's own that lies: it holds its keys, signs what it sends, and sends what it likes.
//!
//! The bytes are a program of what it does and what the person does meanwhile; of each step the low 3 bits of a byte say what, the others how.
//!
//! ```text
//! 0  a message as it comes          kind u8 · sized payload
//! 1  an entry with these bodies     how: log (2) · badly signed · elsewhere · as a stub;  sized bodies
//! 2  an entry with a change         how: log (2) · packed · another month;  others u8, index u8 each · sized content after the actor
//! 3  a statement with this body     sized body
//! 4  time passes                    u8 tenths of a second
//! 5  the person asks for something  u8
//! 6  a log is born                  how: log (2) · for nobody
//! 7  it connects anew
//! ```

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use asif_daemon::Rng;
use asif_daemon::people::epoch::{self, EpochKeys, Reader};
use asif_daemon::people::space::Space;
use asif_daemon::people::statement::{Add, Candidate, Epoch, Said, Statement};
use asif_daemon::replica::effect::{ClientId, Effect, Exporter, Input, LinkId, Now};
use asif_daemon::replica::{About, Replica};
use asif_daemon::run::shelf::{Done, Shelf};
use asif_daemon::seal::body::{Birth, Body, Changes, DocId};
use asif_daemon::seal::entry::{self, Place};
use asif_daemon::seal::keys::{KitEntropy, SigningSeed, VaultKey};
use asif_daemon::seal::vault::Vault;
use asif_daemon::seal::wire::Wire;
use asif_daemon::store::{Append, List, MemDisk, Store};
use asif_proto::frame::Frame;
use asif_proto::home::Home;
use asif_proto::id::{DeviceId, Link, LogId};
use asif_proto::local::{Answer, Ask, ListFilter, Reply, Request};
use asif_proto::peer::{Blob, Entries, Hello, Message, Sealed};
use rand_core::SeedableRng;

use super::Bytes;
use super::disk::put;
use super::merge::{chunk, content};

/// Two devices of one person that know each other, as they lie on the disk of the first.
struct Pair {
    key: VaultKey,
    here: Vault,
    there: Vault,
    epoch: Epoch,
    keys: EpochKeys,
    statements: Vec<Vec<u8>>,
}

static PAIR: LazyLock<Pair> = LazyLock::new(|| {
    let rng = &mut Rng::seed_from_u64(30);
    let kit = KitEntropy::random(rng);
    let person = kit.person();
    let (mut here, there) = (Vault::random(rng), Vault::random(rng));
    (here.person, here.kit, here.networked) = (Some(person), Some(kit.clone()), true);
    let device = |vault: &Vault| Candidate::new(person, &vault.signing, &vault.sealing, vault.link.public());
    let devices = [device(&here), device(&there)];
    let add = |device: &Candidate| Said::Add(Add { person, device: device.clone(), seen: vec![] });
    let reader = Reader { person, devices: devices.iter().map(|device| &device.keys).collect() };
    let (epoch, keys) = epoch::open(Space::Journal { owner: person }, &[reader], vec![], None, rng);
    let statements = [
        Statement::by_root(&kit, &add(&devices[0])),
        Statement::by_device(&here.signing, &add(&devices[1])),
        Statement::by_device(&here.signing, &Said::Epoch(epoch.clone())),
    ];
    let statements = statements.iter().map(|statement| statement.bytes().to_vec()).collect();
    Pair { key: VaultKey::random(rng), here, there, epoch, keys, statements }
});

/// The first device, running.
struct Machine {
    disk: Arc<MemDisk>,
    running: (Shelf, Replica),
    rng: Rng,
    time: Duration,
    asked: u64,
    answers: BTreeMap<u64, Answer>,
}

impl Machine {
    fn new() -> Self {
        let disk = Arc::new(MemDisk::new());
        let rng = &mut Rng::seed_from_u64(31);
        let (mut store, _) = Store::open(disk.clone(), Path::new("/data")).expect("an empty disk");
        store
            .append(&PAIR.statements.iter().cloned().map(|bytes| Append::Record(List::Statements, bytes)).collect::<Vec<_>>())
            .expect("good statements");
        put(&disk, Path::new("/data/vault"), &PAIR.here.seal(&PAIR.key, rng));
        put(&disk, Path::new("/data/vault.key"), &PAIR.key.to_file());
        let mut rng = Rng::seed_from_u64(32);
        let time = Duration::from_secs(1);
        let (running, effects) = start(&disk, time, &mut rng);
        let mut machine = Self { disk, running, rng, time, asked: 0, answers: BTreeMap::new() };
        machine.carry_out(effects);
        machine
    }

    /// Ends without a word, and starts again from what is on the disk; `anew` without the saved view.
    fn start_again(&mut self, anew: bool) {
        if anew {
            let _ = asif_daemon::store::Disk::remove(&*self.disk, Path::new("/data/view"));
        }
        let (running, effects) = start(&self.disk, self.time, &mut self.rng);
        self.running = running;
        self.carry_out(effects);
    }

    fn now(&self) -> Now {
        now(self.time)
    }

    fn handle(&mut self, input: Input) {
        let effects = self.running.1.handle(self.now(), &mut self.rng, input);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, mut effects: Vec<Effect>) {
        while !effects.is_empty() {
            let mut inputs = Vec::new();
            let step = self.running.0.write(std::mem::take(&mut effects));
            assert!(step.failed.is_none(), "the store writes what the core wants: {:?}", step.failed);
            for effect in step.rest {
                match self.running.0.perform(effect).expect("the store does what the core wants") {
                    Done::Input(input) | Done::Serve(_, _, input) => inputs.push(input),
                    Done::Elsewhere(Effect::Answer { client, answer }) => drop(self.answers.insert(client.0, answer)),
                    Done::Elsewhere(Effect::Listen) => inputs.push(Input::Listening { addresses: vec![([127, 0, 0, 1], 4433).into()] }),
                    Done::Quiet | Done::Elsewhere(_) | Done::Send(..) => {}
                }
            }
            for input in inputs {
                effects.extend(self.running.1.handle(self.now(), &mut self.rng, input));
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        let until = self.time + time;
        for _ in 0..1000 {
            match self.running.1.next_deadline().filter(|at| *at <= until) {
                Some(at) => self.time = self.time.max(at),
                None => break,
            }
            self.handle(Input::Tick);
        }
        self.time = until;
    }

    fn ask(&mut self, request: Request) -> Option<Answer> {
        self.asked += 1;
        let id = uuid::Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + u128::from(self.asked));
        let ask = Ask { version: 1, id, zone: "Europe/London".into(), request };
        self.handle(Input::Ask { client: ClientId(self.asked), ask: Box::new(ask) });
        self.answers.remove(&self.asked)
    }

    fn list(&mut self) -> String {
        let Some(Answer::Reply(sessions)) = self.ask(Request::List(ListFilter::default())) else { panic!("no list") };
        let Some(Answer::Reply(practices)) = self.ask(Request::PracticeList { all: true }) else { panic!("no practices") };
        format!("{sessions:?} {practices:?}")
    }

    fn note(&mut self, text: &str) {
        let log = serde_json::json!({"ask":"log","with":{"practice":null,"fields":{"note":text}}});
        let log = serde_json::from_value(log).expect("a request");
        let answer = self.ask(log);
        assert!(matches!(answer, Some(Answer::Reply(_))), "what the person says is saved: {answer:?}");
    }
}

fn now(time: Duration) -> Now {
    let wall =
        jiff::Timestamp::from_millisecond(1_795_500_000_000 + i64::try_from(time.as_millis()).expect("a short time")).expect("a time");
    Now { wall, mono: time, steady: time }
}

fn start(disk: &Arc<MemDisk>, time: Duration, rng: &mut Rng) -> ((Shelf, Replica), Vec<Effect>) {
    let (shelf, found) = Shelf::open(disk.clone(), Path::new("/data")).expect("what was stored opens");
    assert!(found.damage.is_empty() && found.torn.is_empty(), "{:?} {:?}", found.damage, found.torn);
    let home = Home { data: "/data".into(), state: "/data".into(), config: "/data".into(), socket: "/data".into() };
    let about = About { pid: 1, version: "0".into(), home, host: "host".into(), keeping: Default::default() };
    let (replica, effects) = Replica::new(about, now(time), rng, found, None);
    ((shelf, replica), effects)
}

/// What the lying device has written of one log.
struct Log {
    id: LogId,
    seq: u64,
    link: Link,
}

struct Liar {
    link: u64,
    logs: [Log; 2],
    hashes: Vec<[u8; 32]>,
}

impl Liar {
    fn connect(&mut self, machine: &mut Machine) {
        let old = LinkId(self.link);
        self.link += 2;
        machine.handle(Input::Closed { link: old, reason: "it closed".into(), refused: false, busy: false });
        let (link, peer) = (LinkId(self.link), PAIR.there.link.public());
        let address = ([127, 0, 0, 1], 4434).into();
        machine.handle(Input::Opened { link, peer, address, incoming: true, exporter: Exporter([1; 32]) });
        self.say(machine, &Message::Hello(Hello { min: 1, max: 1, start: [2; 8], digest: [3; 16], listen: vec![] }));
    }

    fn say(&self, machine: &mut Machine, message: &Message) {
        machine.handle(Input::Frame { link: LinkId(self.link), frame: message.to_frame() });
    }

    fn write(&mut self, machine: &mut Machine, how: u8, bodies: &[u8]) {
        let log = &mut self.logs[usize::from(how & 1)];
        let place = Place { space: PAIR.epoch.space.id(), log: log.id, seq: log.seq + 1, previous: log.link };
        let nobody = SigningSeed::from_bytes([66; 32]);
        let signer = if how & 2 == 0 { &PAIR.there.signing } else { &nobody };
        let seed = &mut Rng::seed_from_u64(log.seq);
        let Ok(wire) = entry::seal(&PAIR.keys.read, signer, &place, bodies, seed) else { return };
        let before = if how & 4 == 0 { log.link } else { Link([9; 32]) };
        let sealed =
            if how & 8 == 0 { Sealed::Entry(Blob(wire.bytes().to_vec())) } else { Sealed::Stub(Blob(wire.to_stub().bytes().to_vec())) };
        if how & 6 == 0 {
            (log.seq, log.link) = (place.seq, Wire::link(&wire, &log.link));
        }
        let (queue, key) = (PAIR.epoch.queue(), PAIR.epoch.key);
        let run = Entries { queue, key, log: place.log, before, entries: vec![sealed] };
        self.say(machine, &Message::Entries(run));
    }

    fn bear(&mut self, machine: &mut Machine, how: u8) {
        let log = &mut self.logs[usize::from(how & 1)];
        log.id = LogId([log.id.0[0].wrapping_add(2); 16]);
        (log.seq, log.link) = (0, Link::ZERO);
        let device = if how & 2 == 0 { PAIR.there.signing.device() } else { DeviceId([5; 32]) };
        let birth = Body::Birth(Birth { device, space: PAIR.epoch.space.id(), key: PAIR.epoch.key, continues: None });
        self.write(machine, how & 1, &birth.to_frame().to_bytes());
    }

    fn change(&mut self, machine: &mut Machine, how: u8, others: &[u8], rest: &[u8]) {
        let (content, hash) = content(self.logs[usize::from(how & 1)].id, others, &self.hashes, rest);
        self.hashes.push(hash);
        let plain = chunk(&content);
        let (codec, bytes) = if how & 2 == 0 { (0, plain) } else { asif_daemon::journal::guard::pack(&plain) };
        let doc = if how & 4 == 0 { DocId::Month { year: 2026, month: 11 } } else { DocId::Plan };
        let body = Body::Changes(Changes { doc, generation: [0; 32], codec, bytes });
        self.write(machine, how & 1, &body.to_frame().to_bytes());
    }
}

/// Whatever it does: the person is answered and can write, what is stored opens, and after a start from the disk, with the saved view and without,
/// the same is shown as before.
pub(super) fn conversation(bytes: &[u8]) {
    through(bytes);
}

/// What the person is shown in the end.
pub(super) fn through(bytes: &[u8]) -> String {
    let mut input = Bytes(bytes);
    let mut machine = Machine::new();
    machine.note("before");
    let logs = [1, 2].map(|n| Log { id: LogId([n; 16]), seq: 0, link: Link::ZERO });
    let mut liar = Liar { link: 1, logs, hashes: Vec::new() };
    liar.connect(&mut machine);
    (0..2).for_each(|how| liar.bear(&mut machine, how));
    for _ in 0..24 {
        if input.is_empty() {
            break;
        }
        let step = input.byte();
        let how = step >> 3;
        match step & 7 {
            0 => {
                let frame = Frame::new(u16::from(input.byte()), input.sized().to_vec());
                machine.handle(Input::Frame { link: LinkId(liar.link), frame });
            }
            1 => liar.write(&mut machine, how, input.sized()),
            2 => {
                let others = usize::from(input.byte() & 3);
                let others = input.take(others);
                liar.change(&mut machine, how, others, input.sized());
            }
            3 => {
                let body = input.sized();
                let (key, signing) = (PAIR.there.signing.device(), &PAIR.there.signing);
                let signature = signing.sign(b"asif statement v1", &[&[2], &key.0, body]);
                let statement = [&[2][..], &key.0, &signature, body].concat();
                liar.say(&mut machine, &Message::Epochs(vec![Blob(statement)]));
            }
            4 => machine.pass(Duration::from_millis(100) * u32::from(input.byte())),
            5 => match input.byte() % 4 {
                0 => machine.note("meanwhile"),
                1 => drop(machine.ask(Request::Doctor { rebuild: true })),
                2 => drop(machine.ask(Request::Undo)),
                _ => drop(machine.list()),
            },
            6 => liar.bear(&mut machine, how),
            _ => liar.connect(&mut machine),
        }
    }
    machine.pass(Duration::from_secs(3));
    machine.note("after");
    machine.pass(Duration::from_secs(3));
    let shown = machine.list();
    assert!(shown.contains("before") && shown.contains("after"), "what was said is there");
    machine.start_again(false);
    machine.pass(Duration::from_secs(3));
    assert_eq!(machine.list(), shown, "after a start");
    machine.start_again(true);
    machine.pass(Duration::from_secs(3));
    assert_eq!(machine.list(), shown, "after a start without the saved view");
    let Some(Answer::Reply(reply)) = machine.ask(Request::Doctor { rebuild: false }) else { panic!("no doctor") };
    assert!(matches!(*reply, Reply::Doctor(_)));
    shown
}
