//! Asking a machine, as its person, a liar or a test does.

use std::collections::VecDeque;
use std::time::Duration;

use asif_daemon::replica::effect::{ClientId, Exporter, Input, LinkId};
use asif_proto::id::LinkKey;
use asif_proto::local::{Answer, Event, Failure, Reply, Request};
use asif_proto::peer::Message;

use super::World;
use crate::node::Wish;

impl World {
    /// Asks and waits for the answer, at most some virtual minutes; `None` if the machine went down before it came.
    pub(crate) fn ask(&mut self, node: usize, request: Request) -> Option<Result<Reply, Failure>> {
        self.start(node);
        let client = self.begin(node, request);
        self.answer(node, client, Duration::from_secs(200))
    }

    /// Asks without waiting.
    pub(crate) fn begin(&mut self, node: usize, request: Request) -> ClientId {
        let time = self.time;
        let id = self.nodes[node].uuid(time);
        self.begin_as(node, id, request)
    }

    /// The same under an id of one's own, as a draft has it.
    pub(crate) fn begin_as(&mut self, node: usize, id: uuid::Uuid, request: Request) -> ClientId {
        let time = self.time;
        let (client, wishes) = self.nodes[node].ask(time, id, request);
        self.tend(node, wishes);
        client
    }

    pub(crate) fn answer(&mut self, node: usize, client: ClientId, patience: Duration) -> Option<Result<Reply, Failure>> {
        let until = self.time + patience;
        loop {
            if let Some(answer) = self.nodes[node].answers.remove(&client) {
                return Some(match answer {
                    Answer::Reply(reply) => Ok(*reply),
                    Answer::Error(failure) => Err(failure),
                });
            }
            if !self.step(until) {
                return None;
            }
        }
    }

    /// Asks for something that must be done.
    pub(crate) fn must(&mut self, node: usize, request: Request) -> Reply {
        let seed = self.seed;
        match self.ask(node, request.clone()) {
            Some(Ok(reply)) => reply,
            other => {
                self.tell_all();
                panic!("seed {seed}: {} did not do {request:?}: {other:?}", self.nodes[node].name)
            }
        }
    }

    /// A message that `from` never wrote arrives at `to` on the link between them, as if it had.
    pub(crate) fn inject(&mut self, from: usize, to: usize, message: &Message) {
        let link = self.conns.iter().find(|((node, _), end)| *node == to && end.node == from).map(|((_, link), _)| *link).unwrap();
        self.input(to, Input::Frame { link, frame: message.to_frame() });
    }

    /// Whether two machines are connected.
    pub(crate) fn is_linked(&self, a: usize, b: usize) -> bool {
        self.conns.iter().any(|((node, _), end)| *node == b && end.node == a)
    }

    /// Somebody whose key nobody knows connects to `to` while it lets strangers in, and says this. Returns the link.
    pub(crate) fn stranger(&mut self, to: usize, message: &Message) -> LinkId {
        self.next_incoming += 2;
        let link = LinkId(self.next_incoming);
        let peer = asif_proto::id::LinkKey([9; 32]);
        self.input(to, Input::Opened { link, peer, address: ([10, 0, 0, 99], 1).into(), incoming: true, exporter: Exporter([7; 32]) });
        self.input(to, Input::Frame { link, frame: message.to_frame() });
        link
    }

    /// Somebody connects to `to` with this link key and says this. Returns what they hear.
    pub(crate) fn comes_with(&mut self, to: usize, key: LinkKey, message: &Message) -> Vec<Message> {
        self.next_incoming += 2;
        let link = LinkId(self.next_incoming);
        let opened = Input::Opened { link, peer: key, address: ([10, 0, 0, 99], 1).into(), incoming: true, exporter: Exporter([7; 32]) };
        let mut heard = Vec::new();
        for input in [opened, Input::Frame { link, frame: message.to_frame() }] {
            let time = self.time;
            let (theirs, others): (Vec<_>, Vec<_>) =
                self.nodes[to].handle(time, input).into_iter().partition(|wish| matches!(wish, Wish::Send { link: on, .. } if *on == link));
            heard.extend(theirs.into_iter().filter_map(|wish| match wish {
                Wish::Send { message, .. } => Some(message),
                _ => None,
            }));
            self.tend(to, others);
        }
        heard
    }

    /// The person at a machine answers the question that was left open.
    pub(crate) fn decide(&mut self, node: usize, yes: bool) {
        let time = self.time;
        let wishes = self.nodes[node].decide(time, yes);
        self.tend(node, wishes);
    }

    /// Whoever asked goes away, and is answered no more.
    pub(crate) fn leave(&mut self, node: usize, client: ClientId) {
        self.input(node, Input::Gone { client });
    }

    /// Asks again under the id of an earlier request.
    pub(crate) fn again(&mut self, node: usize, id: uuid::Uuid, request: Request) -> Option<Result<Reply, Failure>> {
        self.start(node);
        let time = self.time;
        let (client, wishes) = self.nodes[node].ask(time, id, request);
        self.tend(node, wishes);
        self.answer(node, client, Duration::from_secs(200))
    }

    /// What a machine's doctor says.
    pub(crate) fn doctor(&mut self, node: usize) -> String {
        let Reply::Doctor(doctor) = self.must(node, Request::Doctor { rebuild: false }) else { panic!() };
        doctor.checks.iter().map(|check| format!("{}\n", check.text)).collect()
    }

    /// Prints what every machine's doctor says, before a test fails.
    pub(crate) fn tell_all(&mut self) {
        for at in 0..self.nodes.len() {
            if let Some(Ok(Reply::Doctor(doctor))) = self.ask(at, Request::Doctor { rebuild: false }) {
                let lines: Vec<_> =
                    doctor.checks.iter().map(|check| format!("{} {}", if check.ok { "  " } else { "! " }, check.text)).collect();
                eprintln!("{}:\n{}", self.nodes[at].name, lines.join("\n"));
            }
        }
    }

    /// The ticket of an invitation that was just made.
    pub(crate) fn ticket(&mut self, node: usize, request: Request) -> String {
        let client = self.begin(node, request);
        self.answer(node, client, Duration::from_secs(60)).unwrap().unwrap();
        self.told_ticket(node, client)
    }

    /// The code that a client was told of last.
    pub(crate) fn told_code(&mut self, node: usize, client: ClientId) -> String {
        let events = self.nodes[node].events.get(&client).unwrap();
        let code = events.iter().rev().find_map(|event| match event {
            Event::Invited { code, .. } => Some(code.clone()),
            _ => None,
        });
        code.flatten().unwrap()
    }

    /// The ticket that a client was told of.
    pub(crate) fn told_ticket(&mut self, node: usize, client: ClientId) -> String {
        let events: VecDeque<Event> = self.nodes[node].events.remove(&client).unwrap().into();
        match events.front() {
            Some(Event::Invited { ticket, .. }) => ticket.clone(),
            other => panic!("seed {}: {other:?}", self.seed),
        }
    }
}
