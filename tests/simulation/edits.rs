//! Several people's hands on the same records: edits of every field, tags, deleting, restoring and undoing on several devices, under partition,
//! loss of power, restart, duplication, reordering and clocks that are years off.
//!
//! 1. *No lost edit.* In the end every field says all that was written to it and that no later writer had before them: what wins, and the rest
//!    beside it; and it says nothing else. Every text that was ever answered for is in the changes on every device's disk.
//! 2. *Nothing is resurrected.* That holds for `deleted` too: what was deleted and restored by nobody stays deleted on every device, and what
//!    somebody restored with the deletion before them is not hidden by a message that comes late.
//! 3. *An undo takes back what it says*: the latest change that still shows, the whole of it, to what stood before it, and no other field of
//!    any record.
//! 4. *Refused is untouched.* A request that is refused changes nothing.
//! 5. *The same everywhere*, also after a restart and rebuilt from the log.
//!
//! What must be shown is computed in [`register`] from what people asked for and what was before them then, never from what the program says
//! afterwards.

mod asked;
mod deed;
mod register;
mod shown;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use asif_daemon::replica::Keeping;
use asif_daemon::store::Fault;
use asif_proto::id::RecordId;
use asif_proto::local::{BeliefAsk, GoalAsk, NewBelief, NewGoal, Reply, Request};
use asif_proto::record::{BeliefRole, SessionFields, Visibility};
use serde_json::json;

use crate::seeds;
use crate::story;
use crate::world::{Weather, World};
use deed::{Deed, is_prose};
use register::Register;
use shown::{Key, Screen, history, is_single, steps};

struct Story {
    devices: Vec<usize>,
    records: Vec<RecordId>,
    sessions: Vec<RecordId>,
    registers: BTreeMap<Key, Register>,
    deeds: Vec<Deed>,
    texts: BTreeSet<String>,
    /// Texts that somebody was answered for.
    answered: BTreeSet<String>,
    counter: u32,
    /// Undos that were checked.
    undos: usize,
}

impl Story {
    fn begin(world: &mut World, count: usize) -> Self {
        let devices = story::family(world, count);
        let mut story = Self {
            devices,
            records: Vec::new(),
            sessions: Vec::new(),
            registers: BTreeMap::new(),
            deeds: Vec::new(),
            texts: BTreeSet::new(),
            answered: BTreeSet::new(),
            counter: 0,
            undos: 0,
        };
        let first = story.devices[0];
        for _ in 0..3 {
            story.log(world, first);
        }
        let text = story.text();
        let new = NewGoal { text: text.clone(), agree: None, belief: None, visibility: Visibility::Inherit };
        let Reply::Goal(goal) = world.must(first, Request::Goal(GoalAsk::Add(new))) else { panic!() };
        story.made(world, first, "goal add", goal.id);
        let new = NewBelief {
            statement: story.text(),
            role: BeliefRole::New,
            block: None,
            head: None,
            heart: None,
            visibility: Visibility::Inherit,
        };
        let Reply::Belief(belief) = world.must(first, Request::Belief(BeliefAsk::Add(new))) else { panic!() };
        story.made(world, first, "belief add", belief.id);
        for device in story.devices.clone() {
            world.must(device, Request::Sync { wait_ms: Some(30_000) });
        }
        story
    }

    fn number(&mut self) -> u32 {
        self.counter += 1;
        self.counter
    }

    fn text(&mut self) -> String {
        let number = self.number();
        let text = format!("word{number} of the evening, {}end{number}", "and on it went ".repeat(number as usize % 7));
        self.texts.insert(text.clone());
        text
    }

    /// A moment that no other session has.
    fn moment(&mut self) -> String {
        let number = self.number();
        format!("2026-06-{:02}T12:{:02}:{:02}+01:00[Europe/London]", 1 + number % 28, number / 60 % 60, number % 60)
    }

    fn screen(&self, world: &mut World, device: usize) -> Screen {
        Screen::of(world, device, &self.records)
    }

    fn log(&mut self, world: &mut World, device: usize) {
        let (note, at) = (self.text(), self.moment());
        let fields = SessionFields { note: Some(note.clone()), at: Some(at), tags: vec!["begun".into()], ..Default::default() };
        let request = Request::Log { practice: Some("lunch".into()), fields: Box::new(fields) };
        if let Some(Ok(Reply::Session(session))) = world.ask(device, request) {
            self.sessions.push(session.id);
            self.answered.insert(note);
            self.made(world, device, "log", session.id);
        }
    }

    /// A record was made; every field of it begins with what is shown of it now.
    fn made(&mut self, world: &mut World, device: usize, what: &'static str, id: RecordId) {
        self.records.push(id);
        let screen = Screen::of(world, device, &[id]);
        for key in Screen::default().changed(&screen) {
            self.registers.insert(key.clone(), Register::new(screen.first(&key), is_single(&key.1), is_prose(&key.1)));
        }
        let deleted = (id, "deleted".to_owned());
        let puts = [(deleted, (["true".to_owned()].into(), "false".to_owned()))].into();
        self.deeds.push(Deed { device, what, puts, again: BTreeSet::new(), certain: true, undone: false, redone: false });
    }

    fn register(&mut self, key: &Key) -> &mut Register {
        self.registers.entry(key.clone()).or_insert_with(|| Register::new("false".into(), is_single(&key.1), false))
    }

    /// Asks for something that writes these values, and holds what came of it against the model.
    fn write(&mut self, world: &mut World, device: usize, what: &'static str, request: Request, puts: Vec<(Key, String)>) {
        let before = self.screen(world, device);
        let seed = world.seed;
        let answer = world.ask(device, request);
        if let Some(Err(failure)) = &answer {
            let after = self.screen(world, device);
            assert_eq!(before.changed(&after), BTreeSet::new(), "seed {seed}: refused, and changed: {failure:?}");
            return;
        }
        let happened = answer.is_some();
        let mut deed =
            Deed { device, what, puts: BTreeMap::new(), again: BTreeSet::new(), certain: happened, undone: false, redone: false };
        for (key, value) in puts {
            let shown = before.all(&key);
            // What is said already is not written again; of a tag it cannot be told whether something stands beside it.
            let is_said = shown == [value.clone()].into();
            if is_said && key.1 == "deleted" && value == "true" {
                // It stands against whoever restores it apart, and nothing can be taken back of it.
                self.register(&key).write(device, &value, &shown, happened);
                continue;
            }
            if is_said && !is_single(&key.1) {
                continue;
            }
            self.register(&key).write(device, &value, &shown, happened && !is_said);
            if is_said {
                deed.again.insert(key);
            } else {
                deed.puts.insert(key, (shown, value));
            }
        }
        if happened {
            let after = self.screen(world, device);
            for (key, (_, value)) in &deed.puts {
                assert_eq!(after.all(key), [value.clone()].into(), "seed {seed}: {what} was answered, and {key:?} says something else");
            }
            let others: Vec<Key> =
                before.changed(&after).into_iter().filter(|key| !deed.puts.contains_key(key) && !deed.again.contains(key)).collect();
            assert_eq!(others, Vec::<Key>::new(), "seed {seed}: {what} changed what it was not about");
        }
        if happened {
            let texts = deed.puts.values().filter_map(|(_, value)| serde_json::from_str(value).ok());
            self.answered.extend(texts.filter(|text| self.texts.contains(text)));
        }
        if !deed.puts.is_empty() || !deed.again.is_empty() {
            self.deeds.push(deed);
        }
    }

    fn hide(&mut self, world: &mut World, device: usize, id: RecordId, deleted: bool) {
        let (what, request) = match deleted {
            true => ("delete", Request::Delete { id: id.to_string() }),
            false => ("restore", Request::Restore { id: id.to_string() }),
        };
        self.write_hidden(world, device, what, request, (id, "deleted".to_owned()), deleted);
    }

    /// What stands is not restored, also where somebody said otherwise beside it; what is hidden already is hidden once more.
    fn write_hidden(&mut self, world: &mut World, device: usize, what: &'static str, request: Request, key: Key, deleted: bool) {
        let before = self.screen(world, device);
        let puts = if !deleted && before.first(&key) == "false" { vec![] } else { vec![(key, deleted.to_string())] };
        self.write(world, device, what, request, puts);
    }

    /// Takes back, or puts back what was taken back.
    fn undo(&mut self, world: &mut World, device: usize, again: bool) {
        let seed = world.seed;
        let before = self.screen(world, device);
        let answer = world.ask(device, if again { Request::Redo } else { Request::Undo });
        let after = self.screen(world, device);
        let undone = match answer {
            Some(Ok(Reply::Undone(undone))) => undone,
            Some(Ok(other)) => panic!("seed {seed}: {other:?}"),
            Some(Err(failure)) => {
                assert_eq!(before.changed(&after), BTreeSet::new(), "seed {seed}: not undone, and changed: {failure:?}");
                return;
            }
            None => {
                // It went down: whatever was done last may be taken back or not, or put back.
                for deed in self.deeds.iter_mut().filter(|deed| deed.undone == again) {
                    deed.certain = false;
                }
                let keys: Vec<Key> =
                    self.deeds.iter().filter(|deed| deed.undone == again).flat_map(|deed| deed.puts.keys().cloned()).collect();
                return keys.iter().for_each(|key| self.register(key).is_wild = true);
            }
        };
        let changed = before.changed(&after);
        if !self.records.contains(&undone.id) {
            // The practice; or a session whose making nobody was answered for.
            return assert_eq!(changed, BTreeSet::new(), "seed {seed}: {undone:?}");
        }
        let world_names: Vec<&str> = world.nodes.iter().map(|node| node.name.as_str()).collect();
        let by = undone.device.as_deref().unwrap_or(world_names[device]);
        let is_of = |(id, _): &Key| *id == undone.id;
        // Two devices that have not met may both take back the same.
        let fits = |deed: &Deed| {
            let about = deed.puts.keys().any(is_of) || deed.again.iter().any(is_of);
            world_names[deed.device] == by && deed.what == undone.what && about
        };
        let wrong = |deed: &Deed| match again {
            true => deed.wrong_again(&before, &after, &changed),
            false if undone.stays => deed.wrong_without_a_trace(&changed, &self.registers),
            false => deed.wrong(&before, &after, &changed, &self.registers),
        };
        let mut candidates: Vec<usize> = (0..self.deeds.len()).rev().filter(|at| fits(&self.deeds[*at])).collect();
        // What was taken back already is the likelier to be put back, and the other way about.
        candidates.sort_by_key(|at| self.deeds[*at].undone != again);
        let Some(at) = candidates.iter().copied().find(|at| wrong(&self.deeds[*at]).is_none()) else {
            let why: Vec<_> = candidates.iter().map(|at| (&self.deeds[*at], wrong(&self.deeds[*at]))).collect();
            panic!("seed {seed}: {undone:?} (again: {again}) is nothing that was done: {why:#?}");
        };
        let by_device = self.deeds[at].device;
        let in_order = !again && !self.deeds[at].redone;
        let stays = |deed: &&Deed| in_order && deed.device == by_device && !deed.undone && !deed.redone && deed.is_certain();
        // Where others wrote the same, what shows does not tell that the device has heard of it.
        let heard = |deed: &&Deed| {
            deed.device == device
                || deed.puts.iter().any(|(key, (_, value))| self.registers.get(key).is_some_and(|one| one.says_once(value)))
        };
        for later in self.deeds[at + 1..].iter().filter(stays).filter(heard) {
            assert!(!later.stands(&before), "seed {seed}: undo of {undone:?} went past {later:?}");
        }
        self.deeds[at].undone = !again;
        self.deeds[at].redone |= again;
        let set_again: Vec<Key> = self.deeds[at].puts.keys().filter(|_| undone.stays).cloned().collect();
        for key in changed.into_iter().chain(set_again) {
            let (now, was) = (after.first(&key), before.all(&key));
            self.register(&key).write(device, &now, &was, true);
        }
        self.undos += 1;
    }

    /// One random thing.
    fn something_happens(&mut self, world: &mut World) {
        let device = self.devices[world.below(self.devices.len() as u64) as usize];
        world.start(device);
        let session = self.sessions[world.below(self.sessions.len() as u64) as usize];
        let record = self.records[world.below(self.records.len() as u64) as usize];
        match world.below(28) {
            0..=4 => self.edit(world, device, session),
            5..=6 => self.edit_in_part(world, device, session),
            7..=8 if !self.sessions.contains(&record) => {
                let text = self.text();
                let request = Request::EditText { id: record.to_string(), text: Some(text.clone()), visibility: None, base: None };
                let field = if self.registers.contains_key(&(record, "text".to_owned())) { "text" } else { "statement" };
                self.write(world, device, "edit", request, vec![((record, field.to_owned()), json!(text).to_string())]);
            }
            9..=11 => self.retag(world, device, session),
            12..=13 => self.hide(world, device, record, true),
            14..=15 => self.hide(world, device, record, false),
            16..=18 => self.undo(world, device, false),
            19 => self.undo(world, device, true),
            20 if self.sessions.len() < 6 => self.log(world, device),
            21 => {
                let back = Duration::from_millis(world.below(5000));
                world.crash(device, back);
            }
            22 => {
                let calls = world.nodes[device].disk.calls() + world.below(16) as usize;
                let disk = world.nodes[device].disk.clone();
                disk.plan(move |call| (call.number >= calls).then_some(Fault::PowerOff));
            }
            23..=24 => {
                let other = self.devices[world.below(self.devices.len() as u64) as usize];
                world.cut(device, other);
            }
            25..=26 => world.heal_for_a_while(),
            27 => world.nodes[device].skew_s = world.below(20 * 365 * 86_400) as i64 - 10 * 365 * 86_400,
            _ => {}
        }
        let pause = Duration::from_millis(world.below(2500));
        world.run_for(pause);
    }

    /// Everything works again and everybody meets; then what is shown is what must be.
    fn end(&mut self, world: &mut World) {
        let seed = world.seed;
        story::Story::new(&self.devices).settle(world);
        let first = self.screen(world, self.devices[0]);
        assert_eq!(first.records.len(), self.records.len(), "seed {seed}: a record is not there");
        let wrong: Vec<String> =
            self.registers.iter().filter_map(|(key, register)| Some(format!("{key:?}: {}", register.wrong(&first.all(key))?))).collect();
        assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
        for device in self.devices.clone() {
            let other = self.screen(world, device);
            assert_eq!(first.changed(&other), BTreeSet::new(), "seed {seed}: another journal on machine {device}");
            let written = history(world, device);
            let told: Vec<String> =
                self.records.iter().flat_map(|id| steps(world, device, *id).unwrap()).map(|step| json!(step).to_string()).collect();
            for text in &self.answered {
                let quoted = json!(text).to_string();
                assert!(told.iter().any(|step| step.contains(&quoted)), "seed {seed}: {text:?} is in no history on machine {device}");
                assert!(written.contains(text.as_str()), "seed {seed}: {text:?} is in no change on machine {device}");
            }
            world.must(device, Request::Doctor { rebuild: true });
            world.crash(device, Duration::from_millis(10));
            let again = self.screen(world, device);
            assert_eq!(first.changed(&again), BTreeSet::new(), "seed {seed}: rebuilt it is another journal");
        }
    }
}

fn play(seed: u64, steps: usize) -> usize {
    let mut world = World::new(seed);
    // Every entry is looked at in the end.
    world.keeping = Keeping::default();
    let mut story = Story::begin(&mut world, 3);
    world.weather = Weather::STORM;
    for _ in 0..steps {
        story.something_happens(&mut world);
    }
    story.end(&mut world);
    story.undos
}

/// Plays them on every core; how many undos there were.
fn play_all(seeds: impl Iterator<Item = u64> + Send, steps: usize) -> usize {
    let (seeds, undos) = (Mutex::new(seeds), AtomicUsize::new(0));
    let next = || seeds.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(seed) = next() {
                    undos.fetch_add(play(seed, steps), Ordering::Relaxed);
                }
            });
        }
    });
    undos.into_inner()
}

#[test]
fn no_edit_is_lost_and_nothing_comes_back() {
    let undos = play_all(seeds(60), 40);
    assert!(undos > 100 || std::env::var("ASIF_SIM_SEED").is_ok(), "only {undos} undos");
}

#[test]
#[ignore = "takes many minutes: thousands of stories"]
fn no_edit_is_lost_and_nothing_comes_back_in_thousands_of_stories() {
    play_all(seeds(3000), 80);
}
