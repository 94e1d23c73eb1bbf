//! Where everything meets: clock, store, net and local socket on one side, the core on the other.
//!
//! The core runs on this thread; a step that writes waits for the disk here. Sockets are served by other threads. What came in
//! while one step was written is carried out together, with one write for all.

mod boot;
mod config;
mod failure;
mod heard;
mod listen;
pub mod shelf;

use std::collections::VecDeque;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use asif_proto::home::{Home, Lock};
use asif_proto::local::{self, Answer, ErrorKind, Failure, Hello, Reply, Request};
use asif_proto::peer::Message;
use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::Rng;
use crate::local::{ClientId as LocalClient, Incoming, Local, Outgoing};
use crate::net::{self, Command, Gate, Net};
use crate::process::detach::Detached;
use crate::process::ready::{self, Started};
use crate::process::signals::Signals;
use crate::process::{self, lock};
use crate::replica::Replica;
use crate::replica::effect::{ClientId, Effect, Input, LinkId, Now};
use boot::{boot, seed};
use config::Config;
use failure::{chain, loose};
use shelf::{Done, Shelf};

/// Inputs that are carried out together at most.
const TOGETHER: usize = 64;
/// After a write that failed the core does nothing of itself for so long, and for twice as long after each further one.
const REST: Duration = Duration::from_secs(1);
/// Messages that may wait for the core.
const QUEUE: usize = 256;

/// The program: reads its arguments and does what they say.
pub fn main() -> ExitCode {
    match process::parse_args(std::env::args_os().skip(1)) {
        Ok(process::Command::Run { detach }) => {
            // A relative path in the environment is meant from where the daemon was started.
            let home = Home::from_env();
            match if detach { process::detach() } else { Ok(Detached::Serve) } {
                Ok(Detached::Serve) => run(home, detach),
                Ok(Detached::Exit(code)) => code,
                Err(error) => run(Err(error), detach),
            }
        }
        Ok(process::Command::Version) => {
            println!("asifd {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Ok(process::Command::Help) => {
            println!("{}", process::USAGE);
            ExitCode::SUCCESS
        }
        Err(usage) => {
            eprintln!("asifd: {usage}\n{}", process::USAGE);
            ExitCode::from(ErrorKind::Usage.exit_code())
        }
    }
}

/// Runs the daemon until it is told to stop.
fn run(home: Result<Home, impl std::error::Error>, detached: bool) -> ExitCode {
    let home = home.map_err(|error| Failure::new(ErrorKind::Failure, chain(&error)));
    match home.and_then(|home| start(home, detached)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tracing::error!(reason = %failure, "the daemon does not start");
            if detached {
                let _ = ready::tell(&Started::Error(failure.clone()));
            } else {
                eprintln!("asifd: {failure}");
                if let Some(hint) = &failure.hint {
                    eprintln!("       {hint}");
                }
            }
            ExitCode::from(failure.kind.exit_code())
        }
    }
}

fn start(home: Home, detached: bool) -> Result<(), Failure> {
    let failure = |error: &dyn std::error::Error| Failure::new(ErrorKind::Failure, chain(error));
    process::harden().map_err(|error| failure(&error))?;
    for folder in [&home.data, &home.state] {
        process::private::create_private_dir(folder).map_err(|error| loose(&error))?;
    }
    let held = lock::acquire(&home.lock()).map_err(|error| match error {
        lock::LockError::AlreadyRunning { .. } => Failure::new(ErrorKind::Precondition, error.to_string()),
        other => loose(&other),
    })?;
    // The log is the one daemon's: another that finds the lock taken leaves it alone.
    process::log::init(detached.then(|| home.log()).as_deref()).map_err(|error| loose(&error))?;
    let lock = Lock { pid: std::process::id(), socket: home.socket.clone() };
    if let Err(error) = held.publish(&lock) {
        // Clients then try the home's own socket, which is this one. On a full disk what is stored can still be read.
        tracing::warn!(%error, "the lock file could not be written");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| failure(&error))?;
    runtime.block_on(async {
        let mut daemon = Daemon::open(home.clone(), detached, &held).await?;
        tracing::info!(pid = lock.pid, version = env!("CARGO_PKG_VERSION"), "ready");
        if detached && let Err(error) = ready::tell(&Started::Ready(lock)) {
            tracing::warn!(%error, "the ready line could not be told");
        }
        daemon.serve().await;
        daemon.close().await;
        Ok::<(), Failure>(())
    })?;
    held.release().map_err(|error| failure(&error))?;
    tracing::info!("stopped");
    Ok(())
}

/// Everything of a running daemon.
struct Daemon {
    home: Home,
    config: Config,
    clock: Instant,
    rng: Rng,
    shelf: Shelf,
    replica: Replica,
    gate: Gate,
    net: Option<Net>,
    net_events: mpsc::Receiver<net::Event>,
    net_sender: mpsc::Sender<net::Event>,
    local: Local,
    incoming: mpsc::Receiver<Incoming>,
    signals: Signals,
    inputs: VecDeque<Input>,
    stopping: bool,
    /// Writes that failed, one after the other.
    failures: u32,
}

impl Daemon {
    async fn open(home: Home, detached: bool, held: &lock::Held) -> Result<Self, Failure> {
        let failure = |error: &dyn std::error::Error| Failure::new(ErrorKind::Failure, chain(error));
        let signals = Signals::catch(detached).map_err(|error| failure(&error))?;
        let mut rng = seed();
        let clock = Instant::now();
        let (shelf, replica, effects) = boot(&home, clock, &mut rng, None)?;
        let (net_sender, net_events) = mpsc::channel(QUEUE);
        let (local_sender, incoming) = mpsc::channel(QUEUE);
        let hello = Hello {
            min: *local::VERSIONS.start(),
            max: *local::VERSIONS.end(),
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            data: home.data.canonicalize().ok().filter(|path| path.to_str().is_some()),
        };
        let local = Local::bind(&home.socket, hello, local_sender, held).await.map_err(|error| match error {
            crate::local::BindError::NotPrivate(error) => loose(&error),
            other => failure(&other),
        })?;
        let mut daemon = Self {
            config: Config::at(&home.config),
            home,
            clock,
            rng,
            shelf,
            replica,
            gate: Gate::default(),
            net: None,
            net_events,
            net_sender,
            local,
            incoming,
            signals,
            inputs: VecDeque::new(),
            stopping: false,
            failures: 0,
        };
        daemon.carry_out(effects).await;
        daemon.drain().await;
        Ok(daemon)
    }

    async fn serve(&mut self) {
        while !self.stopping {
            let wait = self.replica.next_deadline().map(|at| at.saturating_sub(self.clock.elapsed()));
            tokio::select! {
                biased;
                signal = self.signals.shutdown() => {
                    tracing::info!(signal, "stopping");
                    self.inputs.push_back(Input::Stop);
                    self.stopping = true;
                }
                Some(incoming) = self.incoming.recv() => self.take_local(incoming),
                Some(event) = self.net_events.recv() => self.take_net(event),
                () = sleep(wait) => self.inputs.push_back(Input::Tick),
            }
            // What came in meanwhile is carried out in the same step.
            while self.inputs.len() < TOGETHER && heard::bytes(&self.inputs) < heard::BYTES_TOGETHER {
                if let Ok(incoming) = self.incoming.try_recv() {
                    self.take_local(incoming);
                } else if let Ok(event) = self.net_events.try_recv() {
                    self.take_net(event);
                } else {
                    break;
                }
            }
            self.drain().await;
        }
    }

    async fn close(self) {
        if let Some(net) = self.net {
            net.shutdown().await;
        }
        self.local.shutdown().await;
    }

    fn now(&self) -> Now {
        Now { wall: Timestamp::now(), mono: self.clock.elapsed() }
    }

    /// Hands every waiting input to the core, and carries out what it wants, until nothing is left.
    async fn drain(&mut self) {
        while !self.inputs.is_empty() {
            let mut effects = Vec::new();
            for _ in 0..TOGETHER {
                let Some(input) = self.inputs.pop_front() else { break };
                let now = self.now();
                effects.extend(self.replica.handle(now, &mut self.rng, input));
            }
            self.carry_out(effects).await;
        }
    }

    /// Writes first, with one call for all; then everything else in order. If writing fails nothing else is done.
    async fn carry_out(&mut self, effects: Vec<Effect>) {
        let (mut appends, mut saves, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Append(more) => appends.extend(more),
                Effect::Save { name, bytes } => {
                    saves.retain(|(one, _)| *one != name);
                    saves.push((name, bytes));
                }
                other => rest.push(other),
            }
        }
        let (first, later): (Vec<_>, Vec<_>) = saves.into_iter().partition(|(name, _)| name.starts_with("vault"));
        let writes = !appends.is_empty();
        let write = |shelf: &mut Shelf| {
            for (name, bytes) in first {
                shelf.perform(Effect::Save { name, bytes })?;
            }
            if appends.is_empty() { Ok(()) } else { shelf.append(appends) }
        };
        if let Err(error) = write(&mut self.shelf) {
            tracing::error!(%error, "writing failed; starting again from what is on disk");
            return self.start_again(&rest, &error).await;
        }
        if writes {
            self.failures = 0;
        }
        for (name, bytes) in later {
            if let Err(error) = self.shelf.perform(Effect::Save { name, bytes }) {
                tracing::warn!(%error, name, "a file that can be made anew could not be saved");
            }
        }
        let mut rest = VecDeque::from(rest);
        let mut answers = Vec::new();
        while let Some(effect) = rest.pop_front() {
            let can_wait = matches!(effect, Effect::Stub { .. });
            match self.shelf.perform(effect) {
                Ok(Done::Quiet) => {}
                Ok(Done::Input(input)) => answers.push(input),
                Ok(Done::Serve(link, message, input)) => {
                    if let Some(message) = message {
                        self.command(Command::SendBulk { link: net_link(link), frames: vec![message.to_frame()] });
                    }
                    self.inputs.push_back(input);
                }
                Ok(Done::Elsewhere(effect)) => self.elsewhere(effect).await,
                Err(error) if can_wait => tracing::warn!(%error, "outdated entries stay whole for now"),
                Err(error) => {
                    tracing::error!(%error, "the store could not do what was asked; starting again from what is on disk");
                    // What was written was written: whoever waits for that hears so.
                    for effect in rest {
                        if matches!(effect, Effect::Answer { .. } | Effect::Event { .. }) {
                            self.elsewhere(effect).await;
                        }
                    }
                    return self.start_again(&[], &error).await;
                }
            }
        }
        // What was read is told before anything else, in the order in which it was asked for.
        for input in answers.into_iter().rev() {
            self.inputs.push_front(input);
        }
    }

    async fn elsewhere(&mut self, effect: Effect) {
        match effect {
            Effect::Event { client, event } => self.local.send(LocalClient(client.0), Outgoing::Event(event)),
            Effect::Question { client, question } => self.local.send(LocalClient(client.0), Outgoing::Question(question)),
            Effect::Answer { client, answer } => self.local.send(LocalClient(client.0), Outgoing::Answer(answer)),
            Effect::Admit { known, strangers } => self.gate.set(known.into_iter().collect(), strangers),
            Effect::Listen => self.listen().await,
            Effect::Unlisten => {
                if let Some(net) = self.net.take() {
                    net.shutdown().await;
                }
            }
            Effect::Dial { link, peer, addresses } => {
                self.command(Command::Dial { link: net_link(link), peer: Some(peer), addresses });
            }
            Effect::Send { link, message } => self.send(link, &message),
            Effect::Close { link } => self.command(Command::Close { link: net_link(link), reason: net::CloseReason::Done }),
            Effect::Stop => self.stopping = true,
            Effect::Save { .. }
            | Effect::Append(_)
            | Effect::Stub { .. }
            | Effect::Read { .. }
            | Effect::SetAside(_)
            | Effect::Mend(_)
            | Effect::Serve { .. } => {}
        }
    }

    fn send(&self, link: LinkId, message: &Message) {
        self.command(Command::Send { link: net_link(link), frame: message.to_frame() });
    }

    fn command(&self, command: Command) {
        if let Some(net) = &self.net {
            net.command(command);
        }
    }

    async fn listen(&mut self) {
        let opened = match (&self.net, self.config.listen(), self.replica.link_secret()) {
            (Some(net), _, _) => Ok(net.local_addr()),
            (None, Err(failure), _) => Err(failure.message),
            (None, Ok(_), None) => Err("there is no key to listen with yet".into()),
            (None, Ok(configured), Some(seed)) => {
                let secret = net::LinkSecret::from_seed(seed);
                match listen::open(configured, &self.home.state, &secret, self.gate.clone(), self.net_sender.clone()).await {
                    Ok(net) => {
                        let address = net.local_addr();
                        tracing::info!(%address, "listening");
                        self.net = Some(net);
                        Ok(address)
                    }
                    Err(error) => Err(chain(&error)),
                }
            }
        };
        self.inputs.push_back(match opened {
            Ok(address) => Input::Listening { addresses: listen::reachable(address) },
            Err(reason) => Input::NotListening { reason },
        });
    }

    fn take_local(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Ask { client, ask } => match self.settings(&ask.request) {
                Some(answer) => self.local.send(client, Outgoing::Answer(answer)),
                None => self.inputs.push_back(Input::Ask { client: ClientId(client.0), ask }),
            },
            Incoming::Decision { client, yes } => self.inputs.push_back(Input::Decision { client: ClientId(client.0), yes }),
            Incoming::Gone { client } => self.inputs.push_back(Input::Gone { client: ClientId(client.0) }),
        }
    }

    fn settings(&self, request: &Request) -> Option<Answer> {
        let outcome = match request {
            Request::ConfigList => self.config.list(),
            Request::ConfigGet { key } => self.config.get(key).map(|one| vec![one]),
            Request::ConfigSet { key, value } => self.config.set(key, value.as_deref()).map(|one| vec![one]),
            _ => return None,
        };
        Some(match outcome {
            Ok(settings) => Answer::Reply(Box::new(Reply::Config(settings))),
            Err(failure) => Answer::Error(failure),
        })
    }

    fn take_net(&mut self, event: net::Event) {
        self.inputs.extend(heard::inputs(event));
    }

    /// After a failed write nobody knows what the disk holds: it is read again, and the core made anew from it. Whoever waits hears
    /// that nothing was saved.
    async fn start_again(&mut self, undone: &[Effect], error: &shelf::ShelfError) {
        let failure = Failure::new(ErrorKind::Failure, format!("this could not be done, and nothing of it was saved: {}", chain(error)))
            .hint("is the disk full? what was saved before is safe; try again when there is room");
        let answered = undone.iter().filter_map(|effect| match effect {
            Effect::Answer { client, .. } => Some(*client),
            _ => None,
        });
        for client in answered.chain(self.replica.waiting_clients()) {
            self.local.send(LocalClient(client.0), Outgoing::Answer(Answer::Error(failure.clone())));
        }
        if let Some(net) = self.net.take() {
            net.shutdown().await;
        }
        while self.net_events.try_recv().is_ok() {}
        self.inputs.retain(|input| matches!(input, Input::Ask { .. } | Input::Decision { .. } | Input::Gone { .. } | Input::Stop));
        let rest = REST * 2u32.pow(self.failures.min(6));
        self.failures += 1;
        match boot(&self.home, self.clock, &mut self.rng, Some(rest)) {
            Ok((shelf, replica, effects)) => {
                (self.shelf, self.replica) = (shelf, replica);
                Box::pin(self.carry_out(effects)).await;
            }
            Err(failure) => {
                tracing::error!(reason = %failure, "the store cannot be opened again; stopping");
                self.stopping = true;
                self.inputs.clear();
            }
        }
    }
}

fn net_link(link: LinkId) -> net::LinkId {
    net::LinkId(link.0)
}

async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
