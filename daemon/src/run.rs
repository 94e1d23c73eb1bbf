//! Where everything meets: clock, store, net and local socket on one side, the core on the other.
//!
//! The core runs on this thread; a step that writes waits for the disk here. Sockets are served by other threads. What came in
//! while one step was written is carried out together, with one write for all.

mod alarm;
mod backup;
mod boot;
mod clock;
mod config;
mod effects;
mod failure;
mod health;
mod heard;
mod here;
mod judge;
mod listen;
mod mailbox;
mod network;
mod packer;
mod rehearsal;
mod restoring;
pub mod shelf;

use std::collections::VecDeque;
use std::os::unix::net::UnixListener;
use std::process::ExitCode;
use std::time::Duration;

use asif_proto::home::{Home, Lock};
use asif_proto::local::{self, Answer, ErrorKind, Failure, Hello, Request};
use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::Rng;
use crate::dbus::desktop::Desktop;
use crate::dbus::keychain::Keychain;
use crate::dbus::sleep::{self, Sleep};
use crate::local::{ClientId as LocalClient, Incoming, Local, Outgoing};
use crate::net::{self, Gate, Net};
use crate::process::detach::Detached;
use crate::process::ready::{self, Started};
use crate::process::signals::Signals;
use crate::process::{self, activation, lock, notify};
use crate::replica::Replica;
use crate::replica::effect::{ClientId, Effect, Input, LinkId, Now};
use alarm::Alarm;
use backup::Backups;
pub use backup::restored_note;
use boot::{Start, boot, seed};
use clock::Clock;
use config::Config;
use failure::{chain, loose};
use health::Health;
use here::Here;
use judge::Judge;
use network::Network;
use packer::Packer;
use shelf::Shelf;

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
        Ok(process::Command::Judge) => judge::main(),
        Ok(process::Command::Mailbox(command)) => mailbox::main(&command),
        Ok(process::Command::MailboxHelp) => {
            println!("{}", process::MAILBOX_USAGE);
            ExitCode::SUCCESS
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
    let inherited = activation::inherited(&home.socket).map_err(|error| failure(&error).hint("asif daemon install writes it anew"))?;
    let is_activated = inherited.is_some();
    if !is_activated {
        held.announce(&lock);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| failure(&error))?;
    runtime.block_on(async {
        let mut daemon = Daemon::open(home.clone(), detached, &held, inherited).await?;
        if is_activated {
            // Whoever asks meanwhile is connected already, and tells by the silent lock that the daemon is only starting.
            held.announce(&lock);
        }
        tracing::info!(pid = lock.pid, version = env!("CARGO_PKG_VERSION"), "ready");
        notify::tell(notify::State::Ready);
        if detached && let Err(error) = ready::tell(&Started::Ready(lock)) {
            tracing::warn!(%error, "the ready line could not be told");
        }
        daemon.serve().await;
        notify::tell(notify::State::Stopping);
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
    clock: Clock,
    rng: Rng,
    shelf: Shelf,
    replica: Replica,
    gate: Gate,
    net: Option<Net>,
    network: Network,
    net_events: mpsc::Receiver<net::Event>,
    net_sender: mpsc::Sender<net::Event>,
    local: Local,
    desktop: Desktop,
    sleep: Sleep,
    keychain: Keychain,
    packer: Packer,
    judge: Judge,
    backups: Backups,
    alarm: Alarm,
    /// Where the core believes this machine to be.
    told_here: Option<Here>,
    incoming: mpsc::Receiver<Incoming>,
    signals: Signals,
    inputs: VecDeque<Input>,
    stopping: bool,
    /// Writes that failed, one after the other.
    failures: u32,
    health: Health,
}

impl Daemon {
    async fn open(home: Home, detached: bool, held: &lock::Held, inherited: Option<UnixListener>) -> Result<Self, Failure> {
        let failure = |error: &dyn std::error::Error| Failure::new(ErrorKind::Failure, chain(error));
        let signals = Signals::catch(detached).map_err(|error| failure(&error))?;
        let mut rng = seed();
        let clock = Clock::start();
        let (shelf, replica, effects) = boot(&home, clock, &mut rng, None, Start::default())?;
        let (net_sender, net_events) = mpsc::channel(QUEUE);
        let (local_sender, incoming) = mpsc::channel(QUEUE);
        let hello = Hello {
            min: *local::VERSIONS.start(),
            max: *local::VERSIONS.end(),
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            data: home.data.canonicalize().ok().filter(|path| path.to_str().is_some()),
        };
        let local = match inherited {
            Some(listener) => Local::inherit(&home.socket, listener, hello, local_sender, held),
            None => Local::bind(&home.socket, hello, local_sender, held).await,
        };
        let local = local.map_err(|error| match error {
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
            network: Network::new(),
            net_events,
            net_sender,
            local,
            desktop: Desktop::default(),
            sleep: Sleep::default(),
            keychain: Keychain::default(),
            packer: Packer::new(),
            judge: Judge::new(),
            backups: Backups::new(),
            alarm: Alarm::new(),
            told_here: None,
            incoming,
            signals,
            inputs: VecDeque::new(),
            stopping: false,
            failures: 0,
            health: Health::new(Timestamp::now()),
        };
        daemon.config.note();
        daemon.carry_out(effects).await;
        daemon.tell_here();
        daemon.drain().await;
        Ok(daemon)
    }

    async fn serve(&mut self) {
        while !self.stopping {
            let wait = self.replica.next_deadline().map(|at| at.saturating_sub(self.clock.elapsed()));
            self.alarm.set(self.replica.next_alarm());
            self.sleep.watch(self.net.is_some(), self.replica.locks_before_sleep());
            let mut held = None;
            tokio::select! {
                biased;
                signal = self.signals.shutdown() => {
                    tracing::info!(signal, "stopping");
                    self.inputs.push_back(Input::Stop);
                    self.stopping = true;
                }
                // Few, and more is made of them while the rest comes in.
                Some(packed) = self.packer.packed() => self.inputs.push_back(Input::Packed { packed }),
                Some(judged) = self.judge.judged() => self.inputs.push_back(judged),
                Some(made) = self.backups.made() => self.take_backup(made).await,
                Some(incoming) = self.incoming.recv() => self.take_local(incoming),
                Some(event) = self.net_events.recv() => self.take_net(event),
                Some(told) = self.desktop.told() => self.inputs.push_back(heard::desktop(told)),
                Some(told) = self.keychain.told() => self.inputs.push_back(heard::keychain(told)),
                told = self.network.told() => self.take_network(told),
                Some(told) = self.sleep.told() => match told {
                    sleep::Told::Sleeps(asleep) => {
                        self.inputs.push_back(Input::Sleeps);
                        held = Some(asleep);
                    }
                    sleep::Told::Woke => {
                        self.network.look_again();
                        self.inputs.push_back(Input::Woke);
                    }
                },
                () = self.alarm.rang() => {
                    self.tell_here();
                    self.inputs.push_back(Input::Tick);
                }
                () = until(wait) => self.inputs.push_back(Input::Tick),
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
            // What was to be done before the machine sleeps is done.
            drop(held);
        }
    }

    async fn close(mut self) {
        self.network.end().await;
        self.desktop.shutdown().await;
        self.keychain.shutdown().await;
        if let Some(net) = self.net {
            net.shutdown().await;
        }
        self.local.shutdown().await;
    }

    fn now(&self) -> Now {
        self.clock.now()
    }

    /// Hands every waiting input to the core, and carries out what it wants, until nothing is left.
    async fn drain(&mut self) {
        while !self.inputs.is_empty() {
            let mut effects = Vec::new();
            for _ in 0..TOGETHER {
                let Some(input) = self.inputs.pop_front() else { break };
                let now = self.now();
                effects.extend(self.replica.handle(now, &mut self.rng, input));
                if effects.iter().any(|effect| matches!(effect, Effect::Graft { .. } | Effect::Swap { .. })) {
                    break;
                }
            }
            self.carry_out(effects).await;
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
                        self.network.opened(address);
                        Ok(address)
                    }
                    Err(error) => Err(chain(&error)),
                }
            }
        };
        self.inputs.push_back(match opened {
            Ok(_) => Input::Listening { addresses: self.network.reachable() },
            Err(reason) => Input::NotListening { reason },
        });
    }

    fn take_local(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Ask { client, ask } if self.opens_backup(client, &ask.request) => {}
            Incoming::Ask { client, ask } => match self.config.answer(&ask.request) {
                Some(answer) => {
                    self.local.send(client, Outgoing::Answer(answer));
                    if matches!(ask.request, Request::ConfigSet { .. }) {
                        self.tell_here();
                    }
                }
                None => self.inputs.push_back(Input::Ask { client: ClientId(client.0), ask }),
            },
            Incoming::Decision { client, yes } => self.inputs.push_back(Input::Decision { client: ClientId(client.0), yes }),
            Incoming::Gone { client } => self.inputs.push_back(Input::Gone { client: ClientId(client.0) }),
        }
    }

    fn take_net(&mut self, event: net::Event) {
        self.inputs.extend(heard::inputs(event));
    }

    /// What was for the core as it is ends with it: the network, and what came from there. What people asked stays.
    async fn let_go_of_core(&mut self) {
        self.network.close().await;
        if let Some(net) = self.net.take() {
            net.shutdown().await;
        }
        while self.net_events.try_recv().is_ok() {}
        self.inputs.retain(|input| matches!(input, Input::Ask { .. } | Input::Decision { .. } | Input::Gone { .. } | Input::Stop));
    }

    /// After a failed write nobody knows what the disk holds: it is read again, and the core made anew from it. Whoever waits hears
    /// that nothing was saved.
    async fn start_again(&mut self, undone: &[Effect], error: &shelf::ShelfError) {
        self.health.write_failed(error);
        let failure = Failure::new(ErrorKind::Failure, format!("this could not be done, and nothing of it was saved: {}", chain(error)))
            .hint(Health::hint(error));
        let answered = undone.iter().filter_map(|effect| match effect {
            Effect::Answer { client, .. } => Some(*client),
            _ => None,
        });
        for client in answered.chain(self.replica.waiting_clients()) {
            self.local.send(LocalClient(client.0), Outgoing::Answer(Answer::Error(failure.clone())));
        }
        self.let_go_of_core().await;
        let rest = REST * 2u32.pow(self.failures.min(6));
        self.failures += 1;
        let start = Start { key: self.replica.vault_key(), stays_locked: self.replica.is_locked() };
        match boot(&self.home, self.clock, &mut self.rng, Some(rest), start) {
            Ok((shelf, mut replica, effects)) => {
                replica.remember_as(&mut self.replica);
                (self.shelf, self.replica) = (shelf, replica);
                // What is still being packed is of a checkpoint that nobody makes any more.
                self.packer = Packer::new();
                self.told_here = None;
                self.tell_here();
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

async fn until(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
