//! Stories of sharing: two devices of Robin's, two of Dana's, one of Sam's; edits, terms, pauses, holds and ends in any order, in any weather.
//!
//! At every moment nobody holds what was never to be shown. In the end each of Dana's devices shows what the projection of Robin's journal
//! shows, Sam, whose share ended on the way, has nothing left, and once Dana's has ended neither has she.

use std::collections::BTreeSet;
use std::time::Duration;

use asif_proto::local::{GrantChange, Invite, ListFilter, Reply, Request, ShareAsk};
use asif_proto::record::{Session, SessionFields, Visibility};
use asif_proto::share::{Role, Scope, SharedSession};

use crate::shared::held;
use crate::story;
use crate::world::{Weather, World};

/// Stories played by default.
const SEEDS: u64 = 10;

struct Tale {
    world: World,
    own: [usize; 2],
    danas: [usize; 2],
    sam: usize,
    sessions: Vec<Session>,
    /// Sam's share has been ended.
    sam_ended: bool,
    /// What is written from then on is marked so.
    written: u64,
}

fn invitation(name: &str, scopes: &[Scope]) -> Invite {
    Invite { name: name.into(), role: Role::Counsellor, scopes: scopes.to_vec(), since: Some("2026-01-01".into()), ..Invite::default() }
}

impl Tale {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let devices = story::family(&mut world, 2);
        let own = [devices[0], devices[1]];
        let dana = world.add("dana");
        let ticket = world
            .ticket(own[0], Request::ShareInvite { invite: invitation("Dana", &[Scope::Ratings, Scope::Notes]), yes: true, no_wait: true });
        world.must(dana, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
        let second = world.add("dana at home");
        let ticket = world.ticket(dana, Request::DevicePair { yes: true, no_wait: true });
        world.must(second, Request::DeviceJoin { ticket, name: None, at: None });
        let sam = world.add("sam");
        let ticket = world.ticket(own[1], Request::ShareInvite { invite: invitation("Sam", &[Scope::Ratings]), yes: true, no_wait: true });
        world.must(sam, Request::HelperJoin { ticket, name: Some("Sam".into()), at: None });
        world.run_for(Duration::from_secs(60));
        Self { world, own, danas: [dana, second], sam, sessions: Vec::new(), sam_ended: false, written: 0 }
    }

    fn all(&self) -> [usize; 5] {
        [self.own[0], self.own[1], self.danas[0], self.danas[1], self.sam]
    }

    fn some_session(&mut self) -> Option<String> {
        let count = self.sessions.len() as u64;
        (count > 0).then(|| self.world.below(count) as usize).map(|at| self.sessions[at].id.to_string())
    }

    fn log(&mut self, device: usize) {
        self.written += 1;
        let private = self.world.below(5) == 0;
        // Notes are Dana's alone; what is private is nobody's, nor is what is written once Sam's share has ended his.
        let when = if self.sam_ended { "late" } else { "early" };
        let note = format!("{}-{when}-{}", if private { "never" } else { "words" }, self.written);
        let before = Some((self.world.below(101) as u8).try_into().unwrap());
        let fields = SessionFields {
            before,
            note: Some(note),
            visibility: private.then_some(Visibility::Private),
            at: Some(format!("2026-{:02}-{:02}T12:00", 1 + self.world.below(10), 1 + self.world.below(28))),
            ..SessionFields::default()
        };
        if let Some(Ok(Reply::Session(session))) =
            self.world.ask(device, Request::Log { practice: Some("lunch".into()), fields: Box::new(fields) })
        {
            // One that was made private stays so in this story.
            if !private {
                self.sessions.push(session);
            }
        }
    }

    fn share(&mut self, device: usize, ask: ShareAsk) {
        drop(self.world.ask(device, Request::Share(ask)));
    }

    fn something_happens(&mut self) {
        let device = self.own[self.world.below(2) as usize];
        let name = if self.world.below(3) == 0 { "Sam" } else { "Dana" };
        match self.world.below(24) {
            0..=6 => self.log(device),
            7..=9 => {
                let Some(id) = self.some_session() else { return };
                let note = Some(format!("words-edited-{}", self.written));
                let fields = Box::new(SessionFields { note, ..SessionFields::default() });
                drop(self.world.ask(device, Request::Edit { id, fields, clear: vec![], base: None }));
            }
            10 | 11 => {
                let Some(id) = self.some_session() else { return };
                let visibility = Some(if self.world.below(2) == 0 { Visibility::Private } else { Visibility::Inherit });
                let fields = Box::new(SessionFields { visibility, ..SessionFields::default() });
                drop(self.world.ask(device, Request::Edit { id, fields, clear: vec![], base: None }));
            }
            12 => {
                let Some(id) = self.some_session() else { return };
                let request = if self.world.below(2) == 0 { Request::Delete { id } } else { Request::Restore { id } };
                drop(self.world.ask(device, request));
            }
            13 | 14 => {
                let Some(id) = self.some_session() else { return };
                let off = self.world.below(2) == 0;
                self.share(device, ShareAsk::Hold { id, until: None, off });
            }
            15 | 16 => {
                let paused = self.world.below(2) == 0;
                self.share(device, ShareAsk::Pause { name: name.into(), paused });
            }
            17 => {
                let mut change = GrantChange::default();
                if self.world.below(2) == 0 {
                    change.add.push(Scope::Practices)
                } else {
                    change.remove.push(Scope::Practices)
                }
                self.share(device, ShareAsk::Edit { name: name.into(), change });
            }
            18 if self.written > 8 && !self.sam_ended => {
                self.sam_ended = matches!(self.world.ask(device, Request::ShareRevoke { name: "Sam".into() }), Some(Ok(_)));
            }
            19 | 20 => {
                let all = self.all();
                let (one, back) = (all[self.world.below(5) as usize], Duration::from_millis(self.world.below(8000)));
                self.world.crash(one, back);
            }
            21 => {
                let all = self.all();
                let (one, other) = (self.world.below(5) as usize, self.world.below(5) as usize);
                self.world.cut(all[one], all[other]);
            }
            22 => self.world.heal_for_a_while(),
            _ => {}
        }
        let time = Duration::from_millis(self.world.below(6000));
        self.world.run_for(time);
    }

    /// At any moment.
    fn nobody_has_too_much(&self) {
        let seed = self.world.seed;
        for helper in self.danas {
            assert!(held(&self.world, helper).iter().all(|item| !item.contains("never-")), "seed {seed}: what was private from the first");
        }
        assert!(held(&self.world, self.sam).iter().all(|item| !item.contains("\"note\"")), "seed {seed}: notes are not Sam's");
    }

    fn settle(&mut self) {
        self.world.heal();
        for node in self.all() {
            self.world.nodes[node].disk.heal();
            self.world.start(node);
        }
        self.world.run_for(Duration::from_secs(300));
        for node in self.own.repeat(2).into_iter().chain(self.danas.repeat(2)) {
            self.world.must(node, Request::Sync { wait_ms: Some(120_000) });
        }
    }

    fn shown(&mut self, helper: usize) -> Vec<SharedSession> {
        let Reply::Client(client) = self.world.must(helper, Request::CaseloadOpen { client: "Robin".into() }) else { panic!() };
        client.sessions
    }

    fn is_over(&self, helper: usize) -> bool {
        held(&self.world, helper).iter().all(|item| !item.contains("\"occurred_at\""))
    }

    fn ends_well(&mut self) {
        let seed = self.world.seed;
        self.world.weather = Weather::CALM;
        self.settle();
        for name in ["Dana", "Sam"] {
            self.share(self.own[0], ShareAsk::Pause { name: name.into(), paused: false });
        }
        self.settle();
        let Reply::Sessions(list) = self.world.must(self.own[0], Request::List(ListFilter::default())) else { panic!() };
        let shown = list.iter().filter(|one| one.visibility == Visibility::Inherit && one.hold_until.is_none());
        let expected: BTreeSet<(String, Option<String>)> = shown.map(|one| (one.occurred_at.to_string(), one.note.clone())).collect();
        for helper in self.danas {
            let shown = self.shown(helper);
            let there: BTreeSet<_> = shown.iter().map(|one| (one.occurred_at.as_ref().unwrap().to_string(), one.note.clone())).collect();
            assert_eq!(there, expected, "seed {seed}: Dana holds something else");
        }
        if self.sam_ended {
            assert!(self.shown(self.sam).is_empty() && self.is_over(self.sam), "seed {seed}: something is left with Sam");
        } else {
            assert_eq!(self.shown(self.sam).len(), expected.len(), "seed {seed}: Sam holds something else");
        }
        self.world.must(self.own[1], Request::ShareRevoke { name: "Dana".into() });
        self.world.run_for(Duration::from_secs(200));
        for helper in self.danas {
            assert!(self.shown(helper).is_empty() && self.is_over(helper), "seed {seed}: something is left with Dana");
        }
        for device in self.own {
            let Reply::Grants(grants) = self.world.must(device, Request::ShareList) else { panic!() };
            let dana = grants.iter().find(|grant| grant.name == "Dana").unwrap();
            let answers: Vec<_> = dana.deletions.iter().map(|one| one.items.is_some()).collect();
            assert_eq!(answers, [true, true], "seed {seed}: each of Dana's devices answers");
        }
    }
}

#[test]
fn whatever_is_shared_changed_kept_back_and_ended_nobody_holds_too_much_and_in_the_end_all_is_as_it_should_be() {
    for seed in crate::seeds(SEEDS) {
        let mut tale = Tale::new(seed);
        tale.world.weather = Weather::STORM;
        for _ in 0..45 {
            tale.something_happens();
            tale.nobody_has_too_much();
        }
        tale.ends_well();
    }
}
