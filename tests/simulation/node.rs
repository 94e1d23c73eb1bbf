//! One simulated machine: a disk in memory, the real store, the real core, a clock that may be wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use asif_daemon::Rng;
use asif_daemon::replica::effect::{ClientId, Effect, Input, LinkId, Now};
use asif_daemon::replica::{About, Replica};
use asif_daemon::run::shelf::{Done, Shelf};
use asif_daemon::store::{Disk, MemDisk};
use asif_proto::home::Home;
use asif_proto::id::LinkKey;
use asif_proto::local::{Answer, Ask, Event, Question, Request};
use asif_proto::peer::Message;
use jiff::Timestamp;
use rand_core::{Rng as _, SeedableRng};
use uuid::Uuid;

/// What a machine wants of the network.
#[derive(Debug)]
pub(crate) enum Wish {
    Dial { link: LinkId, peer: LinkKey, addresses: Vec<SocketAddr> },
    Send { link: LinkId, message: Message, bulk: bool },
    Close { link: LinkId },
}

/// A machine. While it is down it has only its disk.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) skew_s: i64,
    /// Where it lies, if that can be told.
    pub(crate) place: Option<[u8; 32]>,
    pub(crate) disk: Arc<MemDisk>,
    running: Option<(Shelf, Replica)>,
    rng: Rng,
    pub(crate) known: BTreeSet<LinkKey>,
    pub(crate) strangers: bool,
    pub(crate) listens: bool,
    /// After its next starts it rests for so long, as after a write that failed.
    pub(crate) rests: Option<Duration>,
    /// The person does not answer questions.
    pub(crate) hesitates: bool,
    asked: Option<ClientId>,
    next_client: u64,
    pub(crate) answers: HashMap<ClientId, Answer>,
    pub(crate) events: HashMap<ClientId, Vec<Event>>,
}

impl Node {
    pub(crate) fn new(number: u8, name: &str, seed: u64) -> Self {
        Self {
            name: name.to_owned(),
            address: SocketAddr::new([10, 0, 0, number].into(), 4433),
            skew_s: 0,
            place: None,
            disk: Arc::new(MemDisk::new()),
            running: None,
            rng: Rng::seed_from_u64(seed ^ (u64::from(number) << 56)),
            known: BTreeSet::new(),
            strangers: false,
            listens: false,
            rests: None,
            hesitates: false,
            asked: None,
            next_client: 0,
            answers: HashMap::new(),
            events: HashMap::new(),
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.running.is_some()
    }

    fn now(&self, time: Duration) -> Now {
        let base = 1_795_000_000 + self.skew_s;
        let wall = Timestamp::from_second(base + time.as_secs() as i64).unwrap();
        Now { wall, mono: time }
    }

    /// Starts, or starts again from what is on disk.
    pub(crate) fn start(&mut self, time: Duration) -> Vec<Wish> {
        let opened = Shelf::open(self.disk.clone(), Path::new("/data"));
        let (shelf, found) = match opened {
            Ok(opened) => opened,
            Err(_) => {
                // The power went while it started.
                self.crash();
                Shelf::open(self.disk.clone(), Path::new("/data")).unwrap()
            }
        };
        assert!(found.damage.is_empty(), "{}: {:?}", self.name, found.damage);
        let home = Home { data: "/data".into(), state: "/state".into(), config: PathBuf::new(), socket: PathBuf::new() };
        let about = About { pid: 1, version: "0".into(), home, host: self.name.clone(), place: self.place };
        let now = self.now(time);
        let (replica, effects) = Replica::new(about, now, &mut self.rng, found, self.rests.map(|rests| time + rests));
        self.running = Some((shelf, replica));
        self.listens = false;
        self.carry_out(time, effects)
    }

    /// Stops as power does: what was not synced may be lost.
    pub(crate) fn crash(&mut self) {
        self.running = None;
        self.listens = false;
        let rng = &mut self.rng;
        self.disk.crash(&mut |below: usize| (rng.next_u64() % below.max(1) as u64) as usize);
        self.disk.heal();
    }

    pub(crate) fn handle(&mut self, time: Duration, input: Input) -> Vec<Wish> {
        let now = self.now(time);
        let Some((_, replica)) = &mut self.running else { return Vec::new() };
        let effects = replica.handle(now, &mut self.rng, input);
        self.carry_out(time, effects)
    }

    /// As the daemon does it: writes first, then the rest in order; what comes back is handed in at once.
    fn carry_out(&mut self, time: Duration, effects: Vec<Effect>) -> Vec<Wish> {
        let mut wishes = Vec::new();
        let mut queue = effects;
        while !queue.is_empty() {
            let mut inputs = Vec::new();
            for effect in queue.drain(..) {
                let Some((shelf, _)) = &mut self.running else { return wishes };
                match shelf.perform(effect) {
                    Ok(Done::Quiet) => {}
                    Ok(Done::Input(input)) => inputs.push(input),
                    Ok(Done::Serve(link, message, input)) => {
                        wishes.extend(message.map(|message| Wish::Send { link, message, bulk: true }));
                        inputs.push(input);
                    }
                    Ok(Done::Elsewhere(effect)) => self.elsewhere(effect, &mut inputs, &mut wishes),
                    Err(_) => {
                        // The disk lost power under it.
                        self.crash();
                        return wishes;
                    }
                }
            }
            for input in inputs {
                let now = self.now(time);
                let Some((_, replica)) = &mut self.running else { return wishes };
                queue.extend(replica.handle(now, &mut self.rng, input));
            }
        }
        wishes
    }

    fn elsewhere(&mut self, effect: Effect, inputs: &mut Vec<Input>, wishes: &mut Vec<Wish>) {
        match effect {
            Effect::Event { client, event } => self.events.entry(client).or_default().push(event),
            Effect::Answer { client, answer } => drop(self.answers.insert(client, answer)),
            Effect::Question { client, question: Question::Admit { .. } } if self.hesitates => self.asked = Some(client),
            Effect::Question { client, question: Question::Admit { .. } } => inputs.push(Input::Decision { client, yes: true }),
            Effect::Listen => {
                self.listens = true;
                inputs.push(Input::Listening { addresses: vec![self.address] });
            }
            Effect::Unlisten => self.listens = false,
            Effect::Admit { known, strangers } => (self.known, self.strangers) = (known, strangers),
            Effect::Dial { link, peer, addresses } => wishes.push(Wish::Dial { link, peer, addresses }),
            Effect::Send { link, message } => wishes.push(Wish::Send { link, message, bulk: false }),
            Effect::Close { link } => wishes.push(Wish::Close { link }),
            Effect::Stop => {}
            disk => panic!("the disk's: {disk:?}"),
        }
    }

    /// Asks as a client does; the answer comes into `answers`.
    pub(crate) fn ask(&mut self, time: Duration, id: Uuid, request: Request) -> (ClientId, Vec<Wish>) {
        self.next_client += 1;
        let client = ClientId(self.next_client);
        let ask = Ask { version: 1, id, zone: "Europe/London".into(), request };
        (client, self.handle(time, Input::Ask { client, ask: Box::new(ask) }))
    }

    /// The person decides after all.
    pub(crate) fn decide(&mut self, time: Duration, yes: bool) -> Vec<Wish> {
        let client = self.asked.take().unwrap();
        self.handle(time, Input::Decision { client, yes })
    }

    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.running.as_ref()?.1.next_deadline()
    }

    /// The link key this machine shows.
    pub(crate) fn link_key(&self) -> Option<LinkKey> {
        let seed = self.running.as_ref()?.1.link_secret()?;
        Some(asif_daemon::seal::keys::LinkSeed::from_bytes(seed).public())
    }

    pub(crate) fn uuid(&mut self, time: Duration) -> Uuid {
        let mut bytes = [0; 10];
        self.rng.fill_bytes(&mut bytes);
        let millis = u64::try_from(self.now(time).wall.as_millisecond()).unwrap();
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    /// Every byte on its disk, for looking for what must not be there.
    pub(crate) fn bytes_on_disk(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for folder in ["/data", "/data/store", "/data/store/logs"] {
            for name in self.disk.list(Path::new(folder)).unwrap_or_default() {
                let path = Path::new(folder).join(name);
                if let Ok(bytes) = self.disk.read(&path) {
                    files.insert(path, bytes);
                }
            }
        }
        files
    }
}
