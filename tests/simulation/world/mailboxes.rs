//! Mailboxes in the simulated world: the real core over a store in memory, whose every answer takes a while. Several processes may serve one store; and one
//! may lie.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use asif_daemon::mailbox::Mailbox;
use asif_daemon::mailbox::effect::{Ask, Effect, Input, Now, VisitorId};
use asif_daemon::mailbox::names;
use asif_daemon::mailbox::records::{Invitation, Record};
use asif_daemon::replica::effect::LinkId;
use asif_daemon::seal::keys::{EnrolmentSeed, LinkSeed};
use asif_proto::frame::Frame;
use asif_proto::id::LinkKey;
use asif_proto::peer::Message;
use asif_proto::ticket::MailboxTicket;

use super::{End, Happening, World};

/// So many entries are many.
const MANY: u64 = 16;

/// Machines from this number on are mailboxes.
pub(crate) const MAILBOXES: usize = 1000;

/// What a mailbox keeps: it outlives every process.
pub(crate) type Objects = Rc<RefCell<BTreeMap<String, Vec<u8>>>>;

/// One process of a mailbox.
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    pub(crate) key: LinkKey,
    pub(crate) objects: Objects,
    /// None while it is down.
    core: Option<Mailbox>,
    /// How often it was started: answers to an earlier start find nobody.
    starts: u64,
    /// Its store does not do what it is asked.
    pub(crate) fails: bool,
    /// What it makes of what it would say, where it lies.
    pub(crate) lies: Option<Lie>,
    pub(crate) is_shared: bool,
}

/// What becomes of a message on its way out of a mailbox that lies.
pub(crate) type Lie = Box<dyn FnMut(Message) -> Vec<Message>>;

impl World {
    /// A mailbox with a store of its own; its number.
    pub(crate) fn mailbox(&mut self) -> usize {
        self.mailbox_process(Rc::default(), false)
    }

    /// One more process over a store.
    pub(crate) fn mailbox_process(&mut self, objects: Objects, is_shared: bool) -> usize {
        let number = MAILBOXES + self.mailboxes.len();
        let last = u8::try_from(self.mailboxes.len()).unwrap() + 1;
        let address = SocketAddr::from(([10, 0, 7, last], 4433));
        // Processes over one store show one key.
        let key = self.mailboxes.iter().find(|one| Rc::ptr_eq(&one.objects, &objects)).map(|one| one.key);
        let key = key.unwrap_or_else(|| LinkSeed::from_bytes([100 + last; 32]).public());
        self.mailboxes.push(Process { address, key, objects, core: None, starts: 0, fails: false, lies: None, is_shared });
        self.start_mailbox(number);
        number
    }

    pub(crate) fn start_mailbox(&mut self, number: usize) {
        let process = &mut self.mailboxes[number - MAILBOXES];
        process.starts += 1;
        process.core = Some(Mailbox::with(process.is_shared, [u8::try_from(process.starts).unwrap(); 8], MANY));
        self.mailbox_ticks(number);
    }

    /// It ends at once, with all on its way.
    pub(crate) fn kill_mailbox(&mut self, number: usize) {
        self.mailboxes[number - MAILBOXES].core = None;
        self.forget_node(number);
    }

    /// A ticket for somebody who is to keep so many bytes there.
    pub(crate) fn mailbox_ticket(&mut self, numbers: &[usize], quota: u64) -> String {
        let mut secret = [0; 16];
        rand_core::Rng::fill_bytes(&mut self.rng, &mut secret);
        let process = &self.mailboxes[numbers[0] - MAILBOXES];
        let mut account = [0; 16];
        account.copy_from_slice(&secret);
        account[0] ^= 0xff;
        let invitation = Invitation { account, label: "somebody".into(), quota, at: 0, expires: i64::MAX, used_by: None };
        let name = names::invitation(&EnrolmentSeed::of_ticket(&secret).public());
        process.objects.borrow_mut().insert(name, invitation.to_bytes());
        let places = numbers.iter().map(|number| self.mailboxes[number - MAILBOXES].address.to_string()).collect();
        MailboxTicket { key: process.key, secret, places }.to_string()
    }

    pub(crate) fn mailbox_at(&self, number: usize) -> &Process {
        &self.mailboxes[number - MAILBOXES]
    }

    pub(crate) fn mailbox_mut(&mut self, number: usize) -> &mut Process {
        &mut self.mailboxes[number - MAILBOXES]
    }

    /// The mailbox that listens at one of these addresses, and may be reached from a machine.
    pub(super) fn mailbox_dialled(&self, node: usize, peer: Option<LinkKey>, addresses: &[SocketAddr]) -> Option<usize> {
        let is_there = |(number, process): &(usize, &Process)| {
            addresses.contains(&process.address)
                && process.core.is_some()
                && peer.is_none_or(|peer| peer == process.key)
                && !self.cut.contains(&(node.min(MAILBOXES + number), node.max(MAILBOXES + number)))
        };
        self.mailboxes.iter().enumerate().find(is_there).map(|(number, _)| MAILBOXES + number)
    }

    pub(super) fn mailbox_input(&mut self, number: usize, input: Input) {
        let now = Now { wall_s: 1_795_000_000 + i64::try_from(self.time.as_secs()).unwrap(), mono: self.time };
        let Some(core) = &mut self.mailboxes[number - MAILBOXES].core else { return };
        let effects = core.handle(now, input);
        for effect in effects {
            self.mailbox_effect(number, effect);
        }
        self.mailbox_ticks(number);
    }

    fn mailbox_ticks(&mut self, number: usize) {
        let process = &self.mailboxes[number - MAILBOXES];
        let due = process.core.as_ref().and_then(Mailbox::next_deadline).map(|at| at.max(self.time));
        if let Some(at) = due {
            self.at(at, Happening::MailboxTick { number });
        }
    }

    /// Its time has come, unless it is another by now.
    pub(super) fn mailbox_tick(&mut self, number: usize) {
        let due = self.mailboxes[number - MAILBOXES].core.as_ref().and_then(Mailbox::next_deadline);
        if due.is_some_and(|at| at <= self.time) {
            self.mailbox_input(number, Input::Tick);
        }
    }

    fn mailbox_effect(&mut self, number: usize, effect: Effect) {
        match effect {
            Effect::Send { visitor, message, bulk } => {
                let messages = match &mut self.mailboxes[number - MAILBOXES].lies {
                    Some(lie) => lie(message),
                    None => vec![message],
                };
                for message in messages {
                    self.send(number, LinkId(visitor.0), message, bulk);
                }
            }
            Effect::Close { visitor } => self.close_conn(number, LinkId(visitor.0)),
            Effect::List { ask, prefix } => {
                let prefix = format!("{prefix}/");
                let objects = self.mailboxes[number - MAILBOXES].objects.borrow();
                let listed = objects.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix));
                let listed = listed.map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect();
                drop(objects);
                self.store_answers(number, |ok| Input::Listed { ask, outcome: ok.map(|()| listed) });
            }
            Effect::Get { ask, name } => {
                let got = self.mailboxes[number - MAILBOXES].objects.borrow().get(&name).cloned();
                self.store_answers(number, |ok| Input::Got { ask, outcome: ok.map(|()| got) });
            }
            Effect::Put { ask, name, bytes } => self.store_puts(number, ask, name, bytes),
            Effect::Delete { ask, names } => {
                let mut objects = self.mailboxes[number - MAILBOXES].objects.borrow_mut();
                names.iter().for_each(|name| drop(objects.remove(name)));
                drop(objects);
                if let Some(ask) = ask {
                    self.store_answers(number, |ok| Input::Put { ask, outcome: ok });
                }
            }
        }
    }

    /// It is there when it is put; that it is, is known later. Where the process ends in between, nobody was told.
    fn store_puts(&mut self, number: usize, ask: Ask, name: String, bytes: Vec<u8>) {
        let process = &self.mailboxes[number - MAILBOXES];
        if !process.fails {
            process.objects.borrow_mut().insert(name, bytes);
        }
        self.store_answers(number, |ok| Input::Put { ask, outcome: ok });
    }

    fn store_answers(&mut self, number: usize, input: impl FnOnce(Result<(), String>) -> Input) {
        let process = &self.mailboxes[number - MAILBOXES];
        let outcome = if process.fails { Err("the disk is full".into()) } else { Ok(()) };
        let start = process.starts;
        let when = self.time + Duration::from_millis(1 + self.below(40));
        self.at(when, Happening::StoreAnswers { number, start, input: Box::new(input(outcome)) });
    }

    pub(super) fn store_answered(&mut self, number: usize, start: u64, input: Input) {
        if self.mailboxes[number - MAILBOXES].starts == start {
            self.mailbox_input(number, input);
        }
    }

    /// Somebody came to a mailbox.
    pub(super) fn visits(&mut self, node: usize, link: LinkId, number: usize, shows: LinkKey) {
        self.connected += 1;
        self.next_incoming += 2;
        let incoming = LinkId(self.next_incoming);
        let mut exporter = [0; 32];
        rand_core::Rng::fill_bytes(&mut self.rng, &mut exporter);
        self.conns.insert((node, link), End { node: number, link: incoming });
        self.conns.insert((number, incoming), End { node, link });
        self.mailbox_input(number, Input::Opened { visitor: VisitorId(incoming.0), key: shows, exporter });
        let (peer, address) = (self.mailboxes[number - MAILBOXES].key, self.mailboxes[number - MAILBOXES].address);
        let exporter = asif_daemon::replica::effect::Exporter(exporter);
        self.input(node, asif_daemon::replica::effect::Input::Opened { link, peer, address, incoming: false, exporter });
    }

    pub(super) fn arrives_at_mailbox(&mut self, number: usize, link: LinkId, message: &Message) {
        let frame = Frame::from_bytes(&message.to_frame().to_bytes()).unwrap();
        self.mailbox_input(number, Input::Frame { visitor: VisitorId(link.0), frame });
    }

    pub(super) fn left_mailbox(&mut self, number: usize, link: LinkId) {
        self.mailbox_input(number, Input::Closed { visitor: VisitorId(link.0) });
    }
}
