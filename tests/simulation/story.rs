//! What people do, and what must be true of it in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use asif_proto::id::RecordId;
use asif_proto::local::{Invite, ListFilter, NewPractice, Reply, Request, ShareAsk};
use asif_proto::rating::Rating;
use asif_proto::record::{PracticeKind, Session, SessionFields, Visibility};
use asif_proto::share::{CaseloadOpen, Role, Scope};

use crate::world::{Weather, World};

/// Words that must be nowhere in the clear.
pub(crate) const MARKS: [&str; 3] = ["CANARY-SENTENCE-7f31", "CANARY-TAG-7f32", "CANARY-TITLE-7f33"];

/// A person with so many paired devices.
pub(crate) fn family(world: &mut World, count: usize) -> Vec<usize> {
    let first = world.add("laptop");
    begin(world, first);
    let mut devices = vec![first];
    for number in 1..count {
        let name = format!("device {number}");
        let device = world.add(&name);
        let ticket = world.ticket(first, Request::DevicePair { yes: true, no_wait: true });
        world.must(device, Request::DeviceJoin { ticket, name: Some(name), at: None });
        devices.push(device);
    }
    for device in &devices {
        world.must(*device, Request::Sync { wait_ms: Some(30_000) });
    }
    devices
}

/// Robin begins a journal, with the practice `lunch`.
pub(crate) fn begin(world: &mut World, node: usize) {
    world.must(node, Request::Init { name: Some("Robin".into()), device: Some("laptop".into()), wish: None, goal: None });
    world.must(node, Request::PracticeAdd(practice("lunch", MARKS[2])));
}

/// A second machine comes in by the first.
pub(crate) fn joins(world: &mut World, by: usize, name: &str) -> usize {
    let device = world.add(name);
    let ticket = world.ticket(by, Request::DevicePair { yes: true, no_wait: true });
    world.must(device, Request::DeviceJoin { ticket, name: Some(name.into()), at: None });
    device
}

pub(crate) fn practice(slug: &str, title: &str) -> NewPractice {
    NewPractice { slug: Some(slug.into()), ..NewPractice::of(PracticeKind::SelfTalk, title) }
}

/// What Robin would show Dana.
pub(crate) fn invitation() -> Invite {
    Invite {
        name: "Dana".into(),
        role: Role::Therapist,
        scopes: vec![Scope::Ratings],
        since: Some("2026-03-01".into()),
        until: Some("2026-11-01".into()),
        ..Invite::default()
    }
}

fn rating(world: &mut World) -> Option<Rating> {
    Some(Rating::try_from(world.below(101) as u8).unwrap())
}

/// What one session is known to be.
#[derive(Debug, Default)]
struct Known {
    /// Devices that changed it after it was made: with more than one nobody can foresee what wins.
    editors: BTreeSet<usize>,
    after: Option<Option<Rating>>,
    /// It was private the moment it was made, and nothing ever asked otherwise.
    always_private: bool,
}

pub(crate) struct Story {
    devices: Vec<usize>,
    sessions: BTreeMap<RecordId, Known>,
    /// What was written may be written again by whoever knew less of it: it may then stand beside that.
    pub(crate) is_written_again: bool,
}

impl Story {
    pub(crate) fn new(devices: &[usize]) -> Self {
        Self { devices: devices.to_vec(), sessions: BTreeMap::new(), is_written_again: false }
    }

    /// Another machine that the person writes on.
    pub(crate) fn also_on(&mut self, device: usize) {
        self.devices.push(device);
    }

    /// A device no longer knows what it wrote: what it writes now stands beside that.
    pub(crate) fn forgets(&mut self, device: usize) {
        for known in self.sessions.values_mut().filter(|known| known.editors.contains(&device)) {
            known.editors.insert(usize::MAX);
        }
    }

    /// It is a draft: what it was logged for is gone.
    pub(crate) fn is_draft(&mut self, id: RecordId) {
        assert!(self.sessions.remove(&id).is_some(), "nobody was told that it is saved");
    }

    fn device(&self, world: &mut World) -> usize {
        self.devices[world.below(self.devices.len() as u64) as usize]
    }

    fn some_session(&self, world: &mut World) -> Option<RecordId> {
        let count = self.sessions.len() as u64;
        if count == 0 {
            return None;
        }
        let at = world.below(count) as usize;
        self.sessions.keys().nth(at).copied()
    }

    /// One random thing: somebody writes, or the world goes wrong.
    pub(crate) fn something_happens(&mut self, world: &mut World) {
        let device = self.device(world);
        match world.below(20) {
            0..=7 => self.log(world, device),
            8..=11 => self.edit(world, device),
            12 => self.hide(world, device),
            13 => {
                let answer = world.ask(device, Request::Undo);
                for (id, known) in &mut self.sessions {
                    let is_undone = match &answer {
                        Some(Ok(Reply::Undone(undone))) => undone.id == *id,
                        // It went down before it answered: anything may be undone.
                        None => true,
                        Some(_) => false,
                    };
                    if is_undone {
                        known.editors.extend(self.devices.iter().copied());
                        known.always_private = false;
                    }
                }
            }
            14 => {
                let back = Duration::from_millis(world.below(5000));
                world.crash(device, back);
            }
            15 => {
                // The power goes in the middle of writing.
                let calls = world.nodes[device].disk.calls() + world.below(12) as usize;
                let disk = world.nodes[device].disk.clone();
                disk.plan(move |call| (call.number >= calls).then_some(asif_daemon::store::Fault::PowerOff));
            }
            16 => {
                let other = self.device(world);
                world.cut(device, other);
            }
            17 => world.heal_for_a_while(),
            18 => world.nodes[device].skew_s = world.below(20 * 365 * 86_400) as i64 - 10 * 365 * 86_400,
            _ => {}
        }
        let pause = Duration::from_millis(world.below(3000));
        world.run_for(pause);
    }

    pub(crate) fn log(&mut self, world: &mut World, device: usize) {
        let private = world.below(4) == 0;
        let fields = SessionFields {
            before: rating(world),
            after: rating(world),
            note: (world.below(3) == 0).then(|| format!("{} {}", MARKS[0], world.below(1000))),
            where_felt: (world.below(5) == 0).then(|| MARKS[1].to_owned()),
            visibility: private.then_some(Visibility::Private),
            at: Some(format!("2026-{:02}-{:02}T12:00", 1 + world.below(12), 1 + world.below(28))),
            tags: if world.below(3) == 0 { vec![MARKS[1].into()] } else { vec![] },
            ..Default::default()
        };
        let after = fields.after;
        let id = match world.ask(device, Request::Log { practice: Some("lunch".into()), fields: Box::new(fields) }) {
            Some(Ok(Reply::Session(session))) => session.id,
            // It is locked, and this is put in when it is opened.
            Some(Ok(Reply::Waiting(waiting))) => RecordId(waiting.id),
            _ => return,
        };
        self.sessions.insert(id, Known { editors: BTreeSet::new(), after: Some(after), always_private: private });
    }

    /// A session with every mark in it.
    pub(crate) fn log_marked(&mut self, world: &mut World) {
        let fields = SessionFields { note: Some(MARKS[0].into()), tags: vec![MARKS[1].into()], ..Default::default() };
        world.must(self.devices[0], Request::Log { practice: Some("lunch".into()), fields: Box::new(fields) });
    }

    pub(crate) fn edit(&mut self, world: &mut World, device: usize) {
        let Some(id) = self.some_session(world) else { return };
        let after = rating(world);
        let mut fields = SessionFields { after, ..Default::default() };
        match world.below(4) {
            0 => fields.note = Some(format!("{} edited {}", MARKS[0], world.below(1000))),
            1 => fields.tags = vec![format!("{}-{}", MARKS[1], world.below(3))],
            2 => fields.visibility = Some(if world.below(2) == 0 { Visibility::Private } else { Visibility::Inherit }),
            _ => {}
        }
        let becomes_visible = fields.visibility == Some(Visibility::Inherit);
        let answer = world.ask(device, Request::Edit { id: id.to_string(), fields: Box::new(fields), clear: vec![], base: None });
        let Some(known) = self.sessions.get_mut(&id) else { return };
        match answer {
            Some(Ok(_)) => {
                known.editors.insert(device);
                known.after = Some(after);
                known.always_private &= !becomes_visible;
            }
            // It went down before it answered: it may be written or not.
            None => {
                known.editors.extend(self.devices.iter().copied());
                known.always_private &= !becomes_visible;
            }
            Some(Err(_)) => {}
        }
    }

    fn hide(&mut self, world: &mut World, device: usize) {
        let Some(id) = self.some_session(world) else { return };
        let id = id.to_string();
        let request = if world.below(2) == 0 { Request::Delete { id } } else { Request::Restore { id } };
        drop(world.ask(device, request));
    }

    /// Everything works again, and time passes until every device has what the others have.
    pub(crate) fn settle(&mut self, world: &mut World) {
        world.heal();
        for device in self.devices.clone() {
            world.nodes[device].disk.heal();
            world.start(device);
        }
        world.run_for(Duration::from_secs(240));
        // Twice: a copy and its original take turns, so what the last one brings the first has not seen.
        for device in self.devices.repeat(2) {
            // They push each other out, too, and by chance for longer than somebody waits: then it is asked for again.
            let sync = || Request::Sync { wait_ms: Some(120_000) };
            let is_done = (0..3).any(|_| matches!(world.ask(device, sync()), Some(Ok(_))));
            if !is_done {
                world.must(device, sync());
            }
        }
    }

    pub(crate) fn list(world: &mut World, device: usize) -> BTreeMap<RecordId, Session> {
        let mut all = BTreeMap::new();
        for deleted in [false, true] {
            let Reply::Sessions(list) = world.must(device, Request::List(ListFilter { deleted, ..Default::default() })) else { panic!() };
            all.extend(list.into_iter().map(|session| (session.id, session)));
        }
        all
    }

    /// Properties 1 and 2.
    pub(crate) fn check(&mut self, world: &mut World) {
        let seed = world.seed;
        let first = Self::list(world, self.devices[0]);
        for device in &self.devices[1..] {
            let other = Self::list(world, *device);
            assert_eq!(first.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "seed {seed}: not the same sessions");
            for (id, session) in &first {
                assert_eq!(session, &other[id], "seed {seed}: a session differs");
            }
        }
        for (id, known) in &self.sessions {
            let session = first.get(id).unwrap_or_else(|| panic!("seed {seed}: an answered session is lost: {id}"));
            if known.editors.len() <= 1
                && let Some(after) = known.after
            {
                let told = after.map(|rating| serde_json::json!(rating.value()));
                let beside = session.conflicts.iter().any(|one| told.as_ref().is_some_and(|told| one.others.contains(told)));
                let stands = session.after == after || (self.is_written_again && beside);
                assert!(stands, "seed {seed}: an answered edit is lost: {after:?} of {session:?}");
            }
        }
        for device in self.devices.clone() {
            let Reply::Doctor(doctor) = world.must(device, Request::Doctor { rebuild: true }) else { panic!() };
            let bad: Vec<_> = doctor.checks.iter().filter(|check| !check.ok && check.kind != "clock").collect();
            assert!(bad.is_empty(), "seed {seed}: {bad:?}");
            assert_eq!(Self::list(world, device), first, "seed {seed}: rebuilt from the log it is another journal");
        }
    }

    pub(crate) fn invite_helper(&mut self, world: &mut World) -> usize {
        let helper = world.add("dana");
        // By a clock that runs far behind, what is over would be still to come, and would end by itself.
        world.nodes[self.devices[0]].skew_s = 0;
        for device in self.devices.clone() {
            world.nodes[device].disk.heal();
            world.start(device);
        }
        let ticket = world.ticket(self.devices[0], Request::ShareInvite { invite: invitation(), yes: true, no_wait: true });
        // The network may break the link at any moment: the same device may try again with the same ticket.
        for _ in 0..50 {
            let join = Request::HelperJoin { ticket: ticket.clone(), name: Some("Dana".into()), at: None };
            if matches!(world.ask(helper, join), Some(Ok(_))) {
                return helper;
            }
        }
        world.tell_all();
        panic!("seed {}: the helper never came in", world.seed);
    }

    fn opened(world: &mut World, helper: usize) -> CaseloadOpen {
        let Reply::Client(client) = world.must(helper, Request::CaseloadOpen { client: "Robin".into() }) else { panic!() };
        client
    }

    /// The person looks wherever a share waits for that, and goes on. Says whether one did.
    pub(crate) fn goes_on(&self, world: &mut World) -> bool {
        let mut went_on = false;
        for device in self.devices.clone() {
            let Reply::Grants(grants) = world.must(device, Request::ShareList) else { panic!() };
            for grant in grants.into_iter().filter(|grant| grant.waiting.as_ref().is_some_and(|why| why.starts_with("for you"))) {
                world.must(device, Request::SharePreviewOf { name: grant.name.clone() });
                world.must(device, Request::Share(ShareAsk::Pause { name: grant.name, paused: false }));
                went_on = true;
            }
        }
        went_on
    }

    /// Property 3, at any moment.
    pub(crate) fn check_helper_never_sees_too_much(&self, world: &mut World, helper: usize) {
        let seed = world.seed;
        let client = Self::opened(world, helper);
        assert!(client.practices.is_empty(), "seed {seed}: practices are not in scope");
        for session in &client.sessions {
            let hidden = (&session.note, &session.where_felt, &session.tags, &session.felt_state, &session.expectancy, &session.duration_s);
            assert_eq!(hidden, (&None, &None, &None, &None, &None, &None), "seed {seed}: a field outside the scopes");
            let day = session.occurred_at.as_ref().unwrap().local_date().to_string();
            assert!(("2026-03-01".."2026-11-01").contains(&day.as_str()), "seed {seed}: {day} is out of range");
        }
        let shown: BTreeSet<_> = client.sessions.iter().map(|session| (session.recorded_at, session.before, session.after)).collect();
        assert_eq!(shown.len().min(client.sessions.len()), shown.len());
    }

    /// Property 3, in the end: one item for each session that the projection shows, with its final values.
    pub(crate) fn check_helper_sees_the_projection(&self, world: &mut World, helper: usize) {
        let seed = world.seed;
        world.run_for(Duration::from_secs(180));
        world.must(helper, Request::Sync { wait_ms: Some(120_000) });
        let journal = Self::list(world, self.devices[0]);
        let mut expected: Vec<_> = journal
            .values()
            .filter(|session| !session.deleted && session.visibility == Visibility::Inherit)
            .filter(|session| ("2026-03-01".."2026-11-01").contains(&session.occurred_at.local_date().to_string().as_str()))
            .map(|session| (session.occurred_at.to_string(), session.before, session.after))
            .collect();
        let client = Self::opened(world, helper);
        let mut shown: Vec<_> = client
            .sessions
            .iter()
            .map(|session| (session.occurred_at.as_ref().unwrap().to_string(), session.before, session.after))
            .collect();
        expected.sort();
        shown.sort();
        assert_eq!(shown, expected, "seed {seed}: the helper does not hold the projection");
        for known in self.sessions.iter().filter(|(_, known)| known.always_private) {
            let session = &journal[known.0];
            let there = |one: &asif_proto::share::SharedSession| {
                one.occurred_at.as_ref() == Some(&session.occurred_at) && one.recorded_at == Some(session.recorded_at)
            };
            assert!(!client.sessions.iter().any(there), "seed {seed}: a private session is at the helper's");
        }
    }

    /// The end of a share: told to the helper, and nothing new after it.
    pub(crate) fn revoke(&mut self, world: &mut World, helper: usize) {
        let seed = world.seed;
        let before = Self::opened(world, helper).sessions.len();
        world.must(self.devices[1], Request::ShareRevoke { name: "Dana".into() });
        world.run_for(Duration::from_secs(100));
        let device = self.devices[0];
        let logs = move |world: &World| -> BTreeMap<_, _> {
            let files = world.nodes[device].bytes_on_disk();
            files.into_iter().filter(|(path, _)| path.starts_with("/data/store/logs")).collect()
        };
        let quiet = logs(world);
        for _ in 0..3 {
            self.log(world, device);
        }
        world.run_for(Duration::from_secs(100));
        let grown = logs(world).iter().filter(|(path, bytes)| quiet.get(*path) != Some(bytes)).count();
        assert!(grown <= 1, "seed {seed}: more than the journal was written to after the end");
        let client = Self::opened(world, helper);
        if client.ended.is_none() {
            world.tell_all();
        }
        assert!(client.ended.is_some(), "seed {seed}: the helper did not hear of the end");
        assert!(client.sessions.len() <= before, "seed {seed}: something new came after the end");
        for device in self.devices.clone() {
            let Reply::Grants(grants) = world.must(device, Request::ShareList) else { panic!() };
            assert_eq!(grants[0].end_reached, Some(true), "seed {seed}: that the helper has heard is not known");
        }
    }
}

impl World {
    /// Better weather, and the cuts are mended; storms come again.
    pub(crate) fn heal_for_a_while(&mut self) {
        self.heal();
        self.run_for(Duration::from_secs(3));
        self.weather = Weather::STORM;
    }
}
