//! The node of a mailbox: its core on one side, the network and the store on the other.
//!
//! The store answers in its own time, many questions at once; the core is told what it said as it comes.

mod admin;
mod identity;
mod metrics;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use asif_proto::home::Home;
use asif_proto::local::{ErrorKind, Failure};
use jiff::Timestamp;
use rand_core::Rng as _;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::boot::seed;
use super::clock::Clock;
use super::failure::chain;
use super::until;
use crate::mailbox::Mailbox;
use crate::mailbox::effect::{Effect, Input, Now, VisitorId};
use crate::net::{self, CloseReason, Command, LinkSecret, Net};
use crate::objects::Objects;
use crate::process::signals::Signals;
use crate::process::{self, MailboxCommand, MailboxWhat, Place, notify};
use metrics::Metrics;

/// Questions to the store at one time.
const AT_ONCE: usize = 64;
/// Messages that may wait for the core.
const QUEUE: usize = 256;
/// Inputs that are carried out together at most.
const TOGETHER: usize = 64;
/// When it stops, what is on its way into the store has so long.
const LAST_PUTS: Duration = Duration::from_secs(10);

/// Does what `asifd mailbox` was asked.
pub(super) fn main(command: &MailboxCommand) -> ExitCode {
    match start(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if command.json {
                println!("{}", serde_json::json!({ "schema": "asif/1", "error": failure }));
            } else {
                eprintln!("asifd mailbox: {failure}");
                if let Some(hint) = &failure.hint {
                    eprintln!("       {hint}");
                }
            }
            ExitCode::from(failure.kind.exit_code())
        }
    }
}

fn start(command: &MailboxCommand) -> Result<(), Failure> {
    process::harden().map_err(|error| failed(&error))?;
    process::log::init(None).map_err(|error| failed(&error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| failed(&error))?;
    runtime.block_on(async {
        match &command.what {
            MailboxWhat::Run { listen, metrics } => {
                let objects = open(&command.store, true)?;
                let mut node = Node::open(objects, *listen, *metrics).await?;
                let address = node.net.local_addr();
                tracing::info!(%address, metrics = ?node.metrics.address(), version = env!("CARGO_PKG_VERSION"), "ready");
                if command.json {
                    let ready = serde_json::json!({ "event": "ready", "listen": address, "metrics": node.metrics.address() });
                    println!("{}", serde_json::json!({ "schema": "asif/1", "data": ready }));
                }
                notify::tell(notify::State::Ready);
                node.serve().await;
                notify::tell(notify::State::Stopping);
                node.close().await;
                tracing::info!("stopped");
                Ok(())
            }
            what => admin::run(&open(&command.store, false)?, what, command.json).await,
        }
    })
}

/// Opens the store: `alone` where this is the process that serves from it.
fn open(place: &Place, alone: bool) -> Result<Objects, Failure> {
    let opened = match place {
        Place::Bucket(url) => Objects::bucket(url),
        Place::Directory(path) => directory(path, alone),
        Place::Default => directory(&default_folder()?, alone),
    };
    opened.map_err(|error| Failure::new(ErrorKind::Failure, chain(&error)))
}

fn directory(path: &std::path::Path, alone: bool) -> Result<Objects, crate::objects::OpenError> {
    if alone { Objects::directory(path) } else { Objects::beside(path) }
}

/// Beside the data of asif itself: what is kept for others is no part of it.
fn default_folder() -> Result<PathBuf, Failure> {
    let home = Home::from_env().map_err(|error| failed(&error).hint("or say where: --store FOLDER"))?;
    let mut name = home.data.file_name().unwrap_or_default().to_owned();
    name.push("-mailbox");
    Ok(home.data.with_file_name(name))
}

fn failed(error: &dyn std::error::Error) -> Failure {
    Failure::new(ErrorKind::Failure, chain(error))
}

/// A mailbox that runs.
struct Node {
    core: Mailbox,
    clock: Clock,
    objects: Objects,
    net: Net,
    events: mpsc::Receiver<net::Event>,
    answers: mpsc::UnboundedReceiver<Input>,
    answerer: mpsc::UnboundedSender<Input>,
    room: Arc<Semaphore>,
    asked: JoinSet<()>,
    metrics: Metrics,
    signals: Signals,
}

impl Node {
    async fn open(objects: Objects, listen: std::net::SocketAddr, metrics: Option<std::net::SocketAddr>) -> Result<Self, Failure> {
        let signals = Signals::catch(false).map_err(|error| failed(&error))?;
        let mut rng = seed();
        let identity = identity::of(&objects, &mut rng).await?;
        let (sender, events) = mpsc::channel(QUEUE);
        let net = Net::bind_open(listen, &LinkSecret::from_seed(identity.seed), sender).await;
        let net = net.map_err(|error| failed(&error).hint("another address: asifd mailbox run --listen ADDR"))?;
        let mut start = [0; 8];
        rng.fill_bytes(&mut start);
        let (answerer, answers) = mpsc::unbounded_channel();
        Ok(Self {
            core: Mailbox::new(objects.is_shared(), start),
            clock: Clock::start(),
            objects,
            net,
            events,
            answers,
            answerer,
            room: Arc::new(Semaphore::new(AT_ONCE)),
            asked: JoinSet::new(),
            metrics: Metrics::open(metrics).await.map_err(|error| failed(&error).hint("another address: --metrics 127.0.0.1:0"))?,
            signals,
        })
    }

    fn now(&self) -> Now {
        Now { wall_s: Timestamp::now().as_second(), mono: self.clock.elapsed() }
    }

    async fn serve(&mut self) {
        loop {
            let wait = self.core.next_deadline().map(|at| at.saturating_sub(self.clock.elapsed()));
            let mut rooms = Vec::new();
            let mut inputs = Vec::new();
            tokio::select! {
                biased;
                signal = self.signals.shutdown() => {
                    tracing::info!(signal, "stopping");
                    return;
                }
                Some(input) = self.answers.recv() => inputs.push(input),
                Some(event) = self.events.recv() => inputs.extend(heard(event, &mut rooms)),
                asked = self.metrics.asked() => self.metrics.answer(asked, &self.core),
                () = until(wait) => inputs.push(Input::Tick),
            }
            while inputs.len() < TOGETHER {
                if let Ok(input) = self.answers.try_recv() {
                    inputs.push(input);
                } else if let Ok(event) = self.events.try_recv() {
                    inputs.extend(heard(event, &mut rooms));
                } else {
                    break;
                }
            }
            self.handle(inputs);
            while self.asked.try_join_next().is_some() {}
        }
    }

    fn handle(&mut self, inputs: Vec<Input>) {
        for input in inputs {
            let now = self.now();
            for effect in self.core.handle(now, input) {
                self.carry_out(effect);
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        let link = |visitor: VisitorId| net::LinkId(visitor.0);
        match effect {
            Effect::Send { visitor, message, bulk: false } => {
                self.net.command(Command::Send { link: link(visitor), frame: message.to_frame() })
            }
            Effect::Send { visitor, message, bulk: true } => {
                self.net.command(Command::SendBulk { link: link(visitor), frames: vec![message.to_frame()] });
            }
            Effect::Close { visitor } => self.net.command(Command::Close { link: link(visitor), reason: CloseReason::Done }),
            Effect::List { ask, prefix } => self.ask(move |objects| async move {
                let listed = objects.list(&prefix).await.map(|all| all.into_iter().map(|one| (one.name, one.size)).collect());
                Some(Input::Listed { ask, outcome: listed.map_err(|error| chain(&error)) })
            }),
            Effect::Get { ask, name } => self.ask(move |objects| async move {
                Some(Input::Got { ask, outcome: objects.get(&name).await.map_err(|error| chain(&error)) })
            }),
            Effect::Put { ask, name, bytes } => self.ask(move |objects| async move {
                Some(Input::Put { ask, outcome: objects.put(&name, bytes).await.map_err(|error| chain(&error)) })
            }),
            Effect::Delete { ask, names } => self.ask(move |objects| async move {
                let outcome = objects.delete(names).await.map_err(|error| chain(&error));
                if let (Err(error), None) = (&outcome, ask) {
                    tracing::warn!(error, "what nobody needs any more stays for now");
                }
                ask.map(|ask| Input::Put { ask, outcome })
            }),
        }
    }

    /// Asks the store beside everything else.
    fn ask<A: Future<Output = Option<Input>> + Send + 'static>(&mut self, question: impl FnOnce(Objects) -> A) {
        let (answer, room, answerer) = (question(self.objects.clone()), Arc::clone(&self.room), self.answerer.clone());
        self.asked.spawn(async move {
            let _room = room.acquire_owned().await;
            if let Some(input) = answer.await {
                let _ = answerer.send(input);
            }
        });
    }

    /// Takes nothing new, and acknowledges what is on its way into the store, as far as that is soon.
    async fn close(mut self) {
        let finish = async {
            while self.asked.join_next().await.is_some() {
                let mut inputs = Vec::new();
                while let Ok(input) = self.answers.try_recv() {
                    inputs.push(input);
                }
                self.handle(inputs);
            }
        };
        if tokio::time::timeout(LAST_PUTS, finish).await.is_err() {
            tracing::warn!("the store has not answered yet: what it was given and did not confirm is not acknowledged");
        }
        self.net.shutdown().await;
    }
}

/// What the core is told of an event.
fn heard(event: net::Event, rooms: &mut Vec<net::Room>) -> Option<Input> {
    let visitor = |link: net::LinkId| VisitorId(link.0);
    match event {
        net::Event::Opened { link, peer, exporter, .. } => Some(Input::Opened { visitor: visitor(link), key: peer, exporter: exporter.0 }),
        net::Event::Frame { link, frame, room } => {
            rooms.push(room);
            Some(Input::Frame { visitor: visitor(link), frame })
        }
        net::Event::Closed { link, .. } => Some(Input::Closed { visitor: visitor(link) }),
        // It dials nobody, and where somebody is does not matter.
        net::Event::Moved { .. } | net::Event::DialFailed { .. } => None,
    }
}
