//! One simulated machine: a disk in memory, the real store, the real core, a clock that may be wrong.

mod again;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use asif_daemon::Rng;
use asif_daemon::journal::bundle;
use asif_daemon::journal::document::Document;
use asif_daemon::replica::effect::{Beacon, ClientId, Effect, Input, LinkId, Now, Opaque};
use asif_daemon::replica::{About, Keeping, Replica};
use asif_daemon::run::shelf::{Done, Shelf};
use asif_daemon::seal::keys::VaultKey;
use asif_daemon::store::{Fault, MemDisk};
use asif_proto::home::Home;
use asif_proto::id::{LinkKey, RecordId};
use asif_proto::local::{Answer, Ask, ErrorKind, Event, Failure, Question, QuietHours, Reply, Request};
use asif_proto::peer::Message;
use jiff::Timestamp;
use rand_core::{Rng as _, SeedableRng};
use uuid::Uuid;

/// What a machine wants of the network.
#[derive(Debug)]
pub(crate) enum Wish {
    Dial { link: LinkId, peer: Option<LinkKey>, addresses: Vec<SocketAddr>, shows: Option<LinkKey> },
    Send { link: LinkId, message: Message, bulk: bool },
    Close { link: LinkId },
}

/// What becomes of the program when its disk does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It ends with the power: what was not synced may be lost.
    Power,
    /// It is killed: what was written is still seen.
    Kill,
    /// It goes on, as the daemon does: whoever waits hears that nothing was saved, and it starts again from what is on disk.
    GoesOn,
}

/// A machine. While it is down it has only its disk.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) skew_s: i64,
    /// The mark on this machine that no copy of its disk has, where machines are told apart.
    pub(crate) place: Option<[u8; 32]>,
    pub(crate) disk: Arc<MemDisk>,
    /// When it makes checkpoints.
    pub(crate) keeping: Keeping,
    running: Option<(Shelf, Replica)>,
    rng: Rng,
    pub(crate) ending: Ending,
    /// What chance a loss of power has; its own where it is none of the machine's.
    pub(crate) fate: Option<Rng>,
    /// So many calls after the program ended its disk fails again.
    pub(crate) second: Option<(usize, Fault)>,
    /// It started again without having been down: its links are gone.
    pub(crate) restarted: bool,
    /// How often it ended, or started again.
    pub(crate) ends: u32,
    /// What was found damaged at its last start.
    pub(crate) damage: Vec<String>,
    pub(crate) known: BTreeSet<LinkKey>,
    pub(crate) strangers: bool,
    pub(crate) listens: bool,
    /// After its next starts it rests for so long, as after a write that failed.
    pub(crate) rests: Option<Duration>,
    failures: u32,
    /// What it packs is not what it was given.
    pub(crate) packs_wrong: bool,
    /// The person does not answer questions.
    pub(crate) hesitates: bool,
    /// Its quiet hours, and whether it has a desktop.
    pub(crate) quiet: Option<QuietHours>,
    pub(crate) desktop: bool,
    /// Its desktop shows a notice and never says so.
    pub(crate) mute: bool,
    /// What its desktop showed, and when by its own clock.
    pub(crate) notices: Vec<(Timestamp, String)>,
    /// So long after the last request it locks by itself.
    pub(crate) lock_after: Option<Duration>,
    /// Whether it uses the local network, and what it says there.
    pub(crate) discovery: bool,
    pub(crate) beacon: Option<Beacon>,
    pub(crate) looks: bool,
    /// How often it was made anew to be locked.
    pub(crate) locks: u32,
    key: Option<VaultKey>,
    /// The last backup that was made of it.
    pub(crate) backup: Option<Vec<(String, Vec<u8>)>>,
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
            keeping: Keeping::default(),
            running: None,
            rng: Rng::seed_from_u64(seed ^ (u64::from(number) << 56)),
            ending: Ending::Power,
            fate: None,
            second: None,
            restarted: false,
            ends: 0,
            damage: Vec::new(),
            known: BTreeSet::new(),
            strangers: false,
            listens: false,
            rests: None,
            failures: 0,
            packs_wrong: false,
            hesitates: false,
            quiet: None,
            desktop: true,
            mute: false,
            notices: Vec::new(),
            lock_after: None,
            discovery: false,
            beacon: None,
            looks: false,
            locks: 0,
            key: None,
            backup: None,
            asked: None,
            next_client: 0,
            answers: HashMap::new(),
            events: HashMap::new(),
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.running.is_some()
    }

    /// What its clock says.
    pub(crate) fn wall(&self, time: Duration) -> Timestamp {
        self.now(time).wall
    }

    fn now(&self, time: Duration) -> Now {
        let base = 1_795_000_000 + self.skew_s;
        let wall = Timestamp::from_second(base + time.as_secs() as i64).unwrap();
        Now { wall, mono: time, steady: time }
    }

    /// Starts, or starts again from what is on disk. A disk that still fails leaves it down.
    pub(crate) fn start(&mut self, time: Duration) -> Vec<Wish> {
        self.start_after(time, self.rests)
    }

    fn start_after(&mut self, time: Duration, rest: Option<Duration>) -> Vec<Wish> {
        self.damage.clear();
        let (shelf, mut found) = loop {
            match Shelf::open(self.disk.clone(), Path::new("/data")) {
                Ok(opened) => break opened,
                Err(_) if self.ending == Ending::GoesOn => return Vec::new(),
                Err(_) if self.disk.is_off() => {}
                Err(error) => panic!("{}: a disk that works cannot be opened: {error}", self.name),
            }
            // It ended while it started.
            self.end();
        };
        self.damage = found.damage.iter().map(|(_, what)| what.clone()).collect();
        let home = Home { data: "/data".into(), state: "/state".into(), config: PathBuf::new(), socket: PathBuf::new() };
        let about = About { pid: 1, version: "0".into(), home, host: self.name.clone(), keeping: self.keeping };
        found.is_other = self.place.zip(shelf.place()).is_some_and(|(place, left)| left != place && left != next_place(place));
        found.key = self.key.take();
        let now = self.now(time);
        let (replica, effects) = Replica::new(about, now, &mut self.rng, found, rest.map(|rest| time + rest));
        self.running = Some((shelf, replica));
        self.listens = false;
        let mut wishes = self.carry_out(time, effects);
        wishes.extend(self.look_around(time));
        wishes
    }

    /// The edge tells where the machine is.
    pub(crate) fn look_around(&mut self, time: Duration) -> Vec<Wish> {
        let (zone, quiet) = (asif_proto::moment::zone("Europe/London"), self.quiet);
        self.handle(time, Input::Here { zone, quiet, lock_after: self.lock_after, discovery: self.discovery })
    }

    /// Ends as power does: what was not synced may be lost.
    pub(crate) fn crash(&mut self) {
        self.running = None;
        self.listens = false;
        self.ends += 1;
        let rng = self.fate.as_mut().unwrap_or(&mut self.rng);
        self.disk.crash(&mut |below: usize| (rng.next_u64() % below.max(1) as u64) as usize);
        self.disk.heal();
    }

    fn end(&mut self) {
        if self.ending == Ending::Kill {
            self.running = None;
            self.listens = false;
            self.ends += 1;
            self.disk.heal();
        } else {
            self.crash();
        }
        if let Some((calls, fault)) = self.second.take() {
            let at = self.disk.calls() + calls;
            self.disk.plan(move |call| (call.number == at).then_some(fault));
        }
    }

    /// Stops in the ordinary way.
    pub(crate) fn stop(&mut self, time: Duration) {
        drop(self.handle(time, Input::Stop));
        self.running = None;
        self.listens = false;
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
            let Some((shelf, _)) = &mut self.running else { return wishes };
            let step = shelf.write(std::mem::take(&mut queue));
            if step.failed.is_some() || self.disk.is_off() {
                return self.disk_failed(time, &step.rest, wishes);
            }
            if step.appended {
                self.failures = 0;
            }
            let mut rest = VecDeque::from(step.rest);
            while let Some(effect) = rest.pop_front() {
                let Some((shelf, _)) = &mut self.running else { return wishes };
                let done = shelf.perform(effect);
                if self.disk.is_off() {
                    return self.disk_failed(time, &[], wishes);
                }
                match done {
                    Ok(Done::Quiet) => {}
                    Ok(Done::Input(input)) => inputs.push(input),
                    Ok(Done::Serve(link, message, input)) => {
                        wishes.extend(message.map(|message| Wish::Send { link, message, bulk: true }));
                        inputs.push(input);
                    }
                    Ok(Done::Send(link, messages)) => {
                        wishes.extend(messages.into_iter().map(|message| Wish::Send { link, message, bulk: true }));
                    }
                    Ok(Done::Elsewhere(Effect::Lock)) => {
                        self.locks += 1;
                        return self.begin_again(time, None, None);
                    }
                    Ok(Done::Elsewhere(Effect::Unlock { key, client })) => return self.begin_again(time, Some(key), client),
                    Ok(Done::Elsewhere(effect)) => self.elsewhere(time, effect, &mut inputs, &mut wishes),
                    Err(_) => {
                        // What was written was written: whoever waits for that hears so.
                        for effect in rest {
                            if matches!(effect, Effect::Answer { .. } | Effect::Event { .. }) {
                                self.elsewhere(time, effect, &mut inputs, &mut wishes);
                            }
                        }
                        return self.disk_failed(time, &[], wishes);
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

    fn elsewhere(&mut self, time: Duration, effect: Effect, inputs: &mut Vec<Input>, wishes: &mut Vec<Wish>) {
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
            Effect::Nearby { says, looks } => (self.beacon, self.looks) = (says, looks),
            Effect::Admit { known, strangers } => (self.known, self.strangers) = (known, strangers),
            Effect::Dial { link, peer, addresses, shows, .. } => {
                let shows = shows.map(|seed| seed.public());
                wishes.push(Wish::Dial { link, peer, addresses, shows });
            }
            Effect::Send { link, message } => wishes.push(Wish::Send { link, message, bulk: false }),
            Effect::Close { link } => wishes.push(Wish::Close { link }),
            Effect::Notify { notice, text } => {
                if self.desktop {
                    self.notices.push((self.now(time).wall, text.text().to_owned()));
                }
                if !self.mute {
                    inputs.push(Input::Notified { notice, outcome: self.found_desktop() });
                }
            }
            Effect::Pack { folded } => {
                let folded = if self.packs_wrong { emptied(folded.as_slice()) } else { folded.as_slice().to_vec() };
                let packed = bundle::pack(&folded, 1).map(Opaque::new).map_err(|error| error.to_string());
                inputs.push(Input::Packed { packed });
            }
            Effect::Judge { of, packed, unfolded, erased } => {
                let judged = bundle::judge(packed.as_slice(), unfolded, erased.as_ref()).map_err(|error| error.to_string());
                inputs.push(Input::Judged { of, judged });
            }
            Effect::Keychain { number, .. } => inputs.push(Input::Keychain { number, outcome: Err("there is none here".into()) }),
            Effect::LookForDesktop => inputs.push(Input::Desktop { outcome: self.found_desktop() }),
            Effect::Mark => self.mark(),
            Effect::Backup { client, .. } => {
                let (shelf, _) = self.running.as_ref().unwrap();
                self.backup = Some(shelf.files().unwrap());
                self.answers.insert(client, Answer::Reply(Box::new(Reply::Done)));
            }
            Effect::Stop => {}
            disk => panic!("the disk's: {disk:?}"),
        }
    }

    fn mark(&mut self) {
        let Some((shelf, _)) = &mut self.running else { return };
        if let Some(place) = &mut self.place {
            let next = next_place(*place);
            if shelf.note_place(&next).is_ok() {
                *place = next;
            }
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

    fn found_desktop(&self) -> Result<(), String> {
        if self.desktop { Ok(()) } else { Err("there is none here".into()) }
    }

    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let replica = &self.running.as_ref()?.1;
        let alarm = replica.next_alarm().map(|alarm| {
            let left = alarm.at.as_second() - self.now(Duration::ZERO).wall.as_second();
            Duration::from_secs(u64::try_from(left).unwrap_or(0))
        });
        replica.next_deadline().into_iter().chain(alarm).min()
    }

    /// The link key this machine shows.
    pub(crate) fn link_key(&self) -> Option<LinkKey> {
        let seed = self.running.as_ref()?.1.link_secret()?;
        Some(asif_daemon::seal::keys::LinkSeed::from_bytes(seed).public())
    }

    /// The secret half of it.
    pub(crate) fn link_secret(&self) -> Option<[u8; 32]> {
        self.running.as_ref()?.1.link_secret()
    }

    pub(crate) fn uuid(&mut self, time: Duration) -> Uuid {
        let mut bytes = [0; 10];
        self.rng.fill_bytes(&mut bytes);
        let millis = u64::try_from(self.now(time).wall.as_millisecond()).unwrap();
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    /// Flips a bit in the middle of its longest log, behind its back.
    pub(crate) fn flip_a_bit(&self) {
        let logs = self.bytes_on_disk().into_iter().filter(|(path, _)| path.starts_with("/data/store/logs"));
        let (path, mut bytes) = logs.max_by_key(|(_, bytes)| bytes.len()).unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 0x10;
        self.disk.replace_behind(&path, &bytes);
    }

    /// Every byte on its disk, for looking for what must not be there.
    pub(crate) fn bytes_on_disk(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.disk.files()
    }
}

/// The mark that is made after this one.
fn next_place(place: [u8; 32]) -> [u8; 32] {
    let mut next = place;
    next[..8].copy_from_slice(&(u64::from_be_bytes(place[..8].try_into().unwrap()) + 1).to_be_bytes());
    next
}

/// A bundle as long as it was, of documents that say nothing.
fn emptied(folded: &[u8]) -> Vec<u8> {
    let nothing = Document::default().save();
    let mut laid = bundle::unfold(folded).unwrap();
    laid.iter_mut().for_each(|one| one.bytes = &nothing);
    // Counts of what was touched fill it: each takes 17 bytes, and one more where it is 128 times as large.
    let mut filled = 0;
    loop {
        let bytes = bundle::fold(&laid);
        let touches = &mut laid[0].touches;
        match folded.len() - bytes.len() {
            0 => return bytes,
            17.. => touches.push((RecordId(Uuid::nil()), 1)),
            _ => {
                touches[filled / 9].1 *= 128;
                filled += 1;
            }
        }
    }
}
