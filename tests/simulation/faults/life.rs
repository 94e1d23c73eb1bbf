//! Three scripted lives that touch every kind of write. Each step is asked for, again and again under the same id, until it is answered:
//! so a life goes on through whatever happens to one machine's disk.

use std::collections::BTreeMap;
use std::time::Duration;

use asif_proto::id::RecordId;
use asif_proto::local::{ErrorKind, Failure, Invite, ListFilter, NewPractice, Reply, Request};
use asif_proto::rating::Rating;
use asif_proto::record::{PracticeKind, Session, SessionFields};
use asif_proto::share::{Role, Scope};
use uuid::Uuid;

use crate::node::Ending;
use crate::world::World;

/// How often a step is asked for before it counts as refused for ever.
const TRIES: usize = 20;

/// Which life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// One machine: begin, write, edit, take back, delete, make anew, stop, go on.
    Alone,
    /// Two machines of one person: pair, write on both, a damaged log, set aside and given back.
    Paired,
    /// A person and a helper: invite, publish, outdate, stub, lend, revoke.
    Shared,
}

impl Kind {
    pub(crate) const ALL: [Kind; 3] = [Kind::Alone, Kind::Paired, Kind::Shared];

    pub(crate) fn machines(self) -> usize {
        if self == Kind::Alone { 1 } else { 2 }
    }
}

/// What of a session can be told apart.
type State = (Option<Rating>, Option<String>, bool);

fn state(session: &Session) -> State {
    (session.after, session.note.clone(), session.deleted)
}

/// What one session may be.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// On which machine it was written.
    node: usize,
    /// As it was last answered; none while it never was.
    sure: Option<State>,
    /// Every state that was ever asked for.
    asked: Vec<State>,
    /// Of these, asked for since the last answer.
    open: usize,
}

/// Why a life ended before its script did.
#[derive(Debug)]
pub(crate) struct Cut;

type Step<T = ()> = Result<T, Cut>;

pub(crate) struct Life {
    pub(crate) world: World,
    pub(crate) kind: Kind,
    pub(crate) known: BTreeMap<RecordId, Known>,
    /// The script ends where a machine does: its disk lied, and what it acknowledged may be gone.
    pub(crate) lied: bool,
    /// The disk fails until a step was refused.
    pub(crate) heals_after: Option<usize>,
    point: String,
}

impl Life {
    pub(crate) fn new(kind: Kind, point: String) -> Self {
        let mut world = World::new(7);
        for name in ["laptop", "other"].into_iter().take(kind.machines()) {
            world.join(name);
        }
        Self { world, kind, known: BTreeMap::new(), lied: false, heals_after: None, point }
    }

    /// Plays the whole script.
    pub(crate) fn play(&mut self) -> Step {
        for node in 0..self.kind.machines() {
            self.world.start(node);
        }
        match self.kind {
            Kind::Alone => self.alone(),
            Kind::Paired => self.paired(),
            Kind::Shared => self.shared(),
        }
    }

    fn alone(&mut self) -> Step {
        self.begin()?;
        let first = self.log(0, 30, None, None)?;
        let long = self.log(0, 31, Some("x".repeat(5000)), Some("2026-02-03T10:00"))?;
        self.edit(0, first, 60)?;
        self.hide(0, long, true)?;
        self.hide(0, long, false)?;
        let undone = self.log(0, 32, None, None)?;
        self.ask_state(undone, |state| state.2 = true);
        self.done(0, Request::Undo)?;
        self.done(0, Request::Doctor { rebuild: true })?;
        self.stop(0)?;
        self.log(0, 33, Some("kept".into()), None)?;
        self.edit(0, first, 61)?;
        self.stop(0)?;
        self.log(0, 34, None, Some("2026-03-04T10:00"))?;
        Ok(())
    }

    fn paired(&mut self) -> Step {
        self.begin()?;
        let first = self.log(0, 40, Some("y".repeat(3000)), None)?;
        self.join(Request::DevicePair { yes: true, no_wait: true }, |ticket| Request::DeviceJoin {
            ticket,
            name: Some("desktop".into()),
            at: None,
        })?;
        self.sync(0)?;
        self.log(1, 41, None, None)?;
        self.edit(0, first, 70)?;
        self.log(0, 42, None, Some("2026-02-03T10:00"))?;
        self.sync(1)?;
        self.rest(Duration::from_secs(15))?;
        self.stop(0)?;
        // A byte that is not what was written: told, set aside, and given back by the other.
        self.world.expects_damage = true;
        self.flip(0);
        self.mended()?;
        self.sync(0)?;
        self.log(0, 43, None, None)?;
        self.stop(1)?;
        self.log(1, 44, None, None)?;
        self.sync(1)?;
        self.stop(0)?;
        self.log(0, 45, None, None)?;
        Ok(())
    }

    fn shared(&mut self) -> Step {
        self.begin()?;
        let first = self.log(0, 50, None, None)?;
        let invite = Invite {
            name: "Dana".into(),
            role: Role::Therapist,
            scopes: vec![Scope::Ratings],
            since: Some("2020-01-01".into()),
            until: None,
            ..Default::default()
        };
        self.join(Request::ShareInvite { invite, yes: true, no_wait: true }, |ticket| Request::HelperJoin {
            ticket,
            name: Some("Dana".into()),
            at: None,
        })?;
        let second = self.log(0, 51, None, None)?;
        self.rest(Duration::from_secs(4))?;
        self.edit(0, first, 80)?;
        self.hide(0, second, true)?;
        // What these outdated becomes stubs on both sides.
        self.rest(Duration::from_secs(6))?;
        let lend = Request::Lend {
            client: "Robin".into(),
            practice: "lunch".into(),
            statement: "You have done this before.".into(),
            strength: Rating::try_from(80).unwrap(),
            reasons: None,
            until: None,
        };
        self.done(1, lend)?;
        self.sync(1)?;
        self.stop(1)?;
        self.done(0, Request::ShareRevoke { name: "Dana".into() })?;
        self.rest(Duration::from_secs(6))?;
        self.log(0, 52, None, None)?;
        self.stop(0)?;
        self.log(0, 53, None, None)?;
        Ok(())
    }

    fn begin(&mut self) -> Step {
        self.done(0, Request::Init { name: Some("Robin".into()), device: Some("laptop".into()), wish: None, goal: None })?;
        let practice = NewPractice { slug: Some("lunch".into()), ..NewPractice::of(PracticeKind::AsIfAction, "Lunch away from the desk") };
        self.done(0, Request::PracticeAdd(practice)).map(drop)
    }

    /// Asks until it is answered well. A refusal while the disk fails is followed by a healed disk.
    fn done(&mut self, node: usize, request: Request) -> Step<Reply> {
        let id = self.new_id(node);
        self.done_as(node, id, request)
    }

    fn new_id(&mut self, node: usize) -> Uuid {
        let time = self.world.time;
        self.world.nodes[node].uuid(time)
    }

    fn done_as(&mut self, node: usize, id: Uuid, request: Request) -> Step<Reply> {
        let mut last = None;
        for _ in 0..TRIES {
            let answer = self.world.again(node, id, request.clone());
            self.cut_here()?;
            match answer {
                Some(Ok(reply)) => return Ok(reply),
                Some(Err(failure)) if failure.kind == ErrorKind::Integrity && self.world.expects_damage => self.look(node),
                other => {
                    last = other;
                    self.refused();
                }
            }
        }
        self.world.tell_all();
        panic!("{}: never done: {request:?}: {last:?}", self.point)
    }

    /// Something was refused: a disk that failed for a while works again.
    fn refused(&mut self) {
        if let Some(node) = self.heals_after.take() {
            self.world.nodes[node].disk.heal();
        }
        // Whoever sits before a machine that ended starts it with the next command.
        for node in 0..self.kind.machines() {
            self.world.start(node);
        }
        // Long enough, all in all, for a machine that waits before it dials again.
        self.world.run_for(Duration::from_secs(5));
    }

    /// Something does not read: it may have been a moment of the disk, gone with a restart; else the doctor sets it aside.
    pub(crate) fn look(&mut self, node: usize) {
        self.refused();
        self.world.stop(node);
        self.world.start(node);
        if self.list(node).is_err() {
            self.complaints(node, true);
        }
    }

    fn cut_here(&self) -> Step {
        let ended = self.world.nodes.iter().any(|node| node.ends > 0);
        if self.lied && ended { Err(Cut) } else { Ok(()) }
    }

    fn log(&mut self, node: usize, after: u8, note: Option<String>, at: Option<&str>) -> Step<RecordId> {
        let id = self.new_id(node);
        let after = Some(Rating::try_from(after).unwrap());
        let state = (after, note.clone(), false);
        self.known.insert(RecordId(id), Known { node, sure: None, asked: vec![state], open: 1 });
        let fields = SessionFields { after, note, at: at.map(str::to_owned), ..Default::default() };
        let reply = self.done_as(node, id, Request::Log { practice: Some("lunch".into()), fields: Box::new(fields) })?;
        self.answered(reply);
        Ok(RecordId(id))
    }

    fn edit(&mut self, node: usize, id: RecordId, after: u8) -> Step {
        let after = Rating::try_from(after).unwrap();
        self.ask_state(id, |state| state.0 = Some(after));
        let fields = Box::new(SessionFields { after: Some(after), ..Default::default() });
        let reply = self.done(node, Request::Edit { id: id.to_string(), fields, clear: vec![], base: None })?;
        self.answered(reply);
        Ok(())
    }

    fn hide(&mut self, node: usize, id: RecordId, deleted: bool) -> Step {
        self.ask_state(id, |state| state.2 = deleted);
        let id = id.to_string();
        let reply = self.done(node, if deleted { Request::Delete { id } } else { Request::Restore { id } })?;
        self.answered(reply);
        Ok(())
    }

    fn ask_state(&mut self, id: RecordId, change: impl FnOnce(&mut State)) {
        let known = self.known.get_mut(&id).unwrap();
        let mut state = known.asked.last().unwrap().clone();
        change(&mut state);
        known.asked.push(state);
        known.open += 1;
    }

    fn answered(&mut self, reply: Reply) {
        let Reply::Session(session) = reply else { panic!("{}: {reply:?}", self.point) };
        let known = self.known.get_mut(&session.id).unwrap();
        let is = state(&session);
        assert_eq!(Some(&is), known.asked.last(), "{}: the answer says something else", self.point);
        (known.sure, known.open) = (Some(is), 0);
    }

    fn sync(&mut self, node: usize) -> Step {
        self.done(node, Request::Sync { wait_ms: Some(20_000) }).map(drop)
    }

    fn rest(&mut self, time: Duration) -> Step {
        self.world.run_for(time);
        self.cut_here()
    }

    fn stop(&mut self, node: usize) -> Step {
        self.world.start(node);
        self.world.stop(node);
        self.cut_here()?;
        // Who stopped is started by the next command.
        self.world.start(node);
        self.cut_here()
    }

    /// A ticket, used on the other machine; a new one where the first is of no use any more.
    fn join(&mut self, give: Request, take: impl Fn(String) -> Request) -> Step {
        let mut told = Vec::new();
        for _ in 0..TRIES {
            let Some(ticket) = self.ticket(give.clone())? else { continue };
            let (id, request) = (self.new_id(1), take(ticket));
            for _ in 0..TRIES {
                let answer = self.world.again(1, id, request.clone());
                self.cut_here()?;
                match answer {
                    Some(Ok(_)) => return Ok(()),
                    Some(Err(Failure { kind: ErrorKind::Precondition | ErrorKind::NotPermitted, message, .. })) => {
                        told.push(message);
                        // It may have been let in, and not heard so.
                        if told.last().is_some_and(|last| last.contains("already paired")) {
                            return Ok(());
                        }
                        break;
                    }
                    other => told.push(format!("{other:?}")),
                }
                self.refused();
            }
        }
        self.world.tell_all();
        panic!("{}: never joined: {told:#?}", self.point)
    }

    fn ticket(&mut self, give: Request) -> Step<Option<String>> {
        self.world.start(0);
        let client = self.world.begin(0, give);
        let answer = self.world.answer(0, client, Duration::from_secs(60));
        self.cut_here()?;
        if let Some(Err(Failure { kind: ErrorKind::Precondition, .. })) = answer {
            // The invitation was made, and nobody heard so.
            drop(self.world.ask(0, Request::ShareRevoke { name: "Dana".into() }));
        }
        if let Some(Ok(_)) = answer {
            return Ok(Some(self.world.told_ticket(0, client)));
        }
        self.refused();
        Ok(None)
    }

    /// The damage is set aside; where that was interrupted it is asked for again.
    fn mended(&mut self) -> Step {
        for _ in 0..TRIES {
            if let Reply::Doctor(doctor) = self.done(0, Request::Doctor { rebuild: true })?
                && doctor.rebuilt
            {
                return Ok(());
            }
        }
        panic!("{}: never mended", self.point)
    }

    /// Flips a bit in the middle of the longest log of a machine that is down.
    fn flip(&mut self, node: usize) {
        self.world.stop(node);
        self.world.nodes[node].flip_a_bit();
        self.world.start(node);
    }

    /// An answer, of whichever kind: a machine that is down is started again.
    fn answer(&mut self, node: usize, request: Request) -> Result<Reply, Failure> {
        let answer = (0..TRIES).find_map(|_| {
            let answer = self.world.ask(node, request.clone());
            answer.or_else(|| {
                self.refused();
                None
            })
        });
        answer.unwrap_or_else(|| panic!("{}: never an answer", self.point))
    }

    /// What a machine shows; the refusal where it shows nothing.
    pub(crate) fn list(&mut self, node: usize) -> Result<BTreeMap<RecordId, Session>, Failure> {
        let mut all = BTreeMap::new();
        for deleted in [false, true] {
            let request = Request::List(ListFilter { deleted, ..Default::default() });
            match self.answer(node, request)? {
                Reply::Sessions(list) => all.extend(list.into_iter().map(|session| (session.id, session))),
                other => panic!("{}: {other:?}", self.point),
            }
        }
        Ok(all)
    }

    /// Everything acknowledged is on the machine that acknowledged it, as it was answered or as it was asked for since; nothing else is.
    pub(crate) fn check_node(&mut self, node: usize) {
        let list = self.list(node).unwrap_or_else(|failure| panic!("{}: unreadable: {failure:?}", self.point));
        for (id, known) in self.known.iter().filter(|(_, known)| known.node == node) {
            let shown = list.get(id).map(state);
            let open = &known.asked[known.asked.len() - known.open..];
            let fits = shown == known.sure || shown.is_some_and(|shown| open.contains(&shown));
            assert!(fits, "{}: {id} is {:?}; it was answered as {:?}", self.point, list.get(id), known.sure);
        }
        self.check_nothing_else(&list);
    }

    /// Every session shown was asked for, with these values.
    pub(crate) fn check_nothing_else(&self, list: &BTreeMap<RecordId, Session>) {
        for (id, session) in list {
            let asked = self.known.get(id).is_some_and(|known| known.asked.contains(&state(session)));
            assert!(asked, "{}: {session:?} was never asked for", self.point);
        }
    }

    /// What is wrong on a machine, as its doctor says it.
    pub(crate) fn complaints(&mut self, node: usize, rebuild: bool) -> Vec<String> {
        let Ok(Reply::Doctor(doctor)) = self.answer(node, Request::Doctor { rebuild }) else {
            panic!("{}: the doctor does not answer", self.point)
        };
        doctor.checks.into_iter().filter(|check| !check.ok).map(|check| check.text).collect()
    }

    /// All works again, and time passes.
    pub(crate) fn settle(&mut self) {
        self.heals_after = None;
        for node in &mut self.world.nodes {
            node.disk.heal();
            (node.second, node.ending) = (None, Ending::Power);
        }
        for node in 0..self.kind.machines() {
            self.world.start(node);
            if !self.lied && !self.world.nodes[node].damage.is_empty() {
                self.look(node);
            }
        }
        self.world.run_for(Duration::from_secs(150));
    }
}
