//! The network around this machine: that it changed, who says something on the local one, and what the router passes on from outside.

mod passing;

use std::net::{IpAddr, SocketAddr};

use tokio::sync::mpsc;

use super::Daemon;
use super::listen;
use crate::net::mapping::MappingEvent;
use crate::net::nearby::{self, MDNS_PORT, Nearby, NearbyEvent};
use crate::net::watch::Watch;
use crate::replica::effect::{Beacon, Input};
use passing::Passing;

/// What was heard and is not carried out yet.
const UNHEARD: usize = 64;

/// As above. Nothing is open before the network is.
pub(super) struct Network {
    watch: Option<Watch>,
    nearby: Option<Nearby>,
    heard: mpsc::Receiver<NearbyEvent>,
    hears: mpsc::Sender<NearbyEvent>,
    /// Where this machine listens, as long as it does.
    bound: Option<SocketAddr>,
    passing: Passing,
}

/// What there is to tell.
pub(super) enum Told {
    /// Addresses came or went.
    Changed,
    /// Of the local network.
    Nearby(NearbyEvent),
    /// Of what the router passes on.
    Passing(MappingEvent),
}

impl Network {
    /// Without any of it.
    pub(super) fn new() -> Self {
        let (hears, heard) = mpsc::channel(UNHEARD);
        Self { watch: None, nearby: None, heard, hears, bound: None, passing: Passing::default() }
    }

    /// This machine listens there from now on: changes are watched.
    pub(super) fn opened(&mut self, bound: SocketAddr) {
        self.bound = Some(bound);
        self.passing.opened(bound);
        if self.watch.is_none() && !bound.ip().is_loopback() {
            match Watch::start() {
                Ok(watch) => self.watch = Some(watch),
                Err(error) => tracing::info!(%error, "nobody says when the network changes; it is noticed by links that end"),
            }
        }
    }

    /// Where others reach this machine.
    pub(super) fn reachable(&self) -> Vec<SocketAddr> {
        let own: Vec<IpAddr> = self.watch.as_ref().map(Watch::addresses).unwrap_or_default();
        self.bound.map(|bound| listen::reachable(bound, &own, self.passing.outside())).unwrap_or_default()
    }

    /// Says this on the local network from now on, and looks for others there or not.
    pub(super) async fn use_nearby(&mut self, says: Option<Beacon>, looks: bool) -> Result<(), String> {
        let Some(bound) = self.bound.filter(|_| says.is_some() || looks) else {
            if let Some(nearby) = self.nearby.take() {
                nearby.shutdown().await;
            }
            return Ok(());
        };
        let nearby = match &mut self.nearby {
            Some(nearby) => nearby,
            None => {
                let begun = Nearby::start(bound.ip(), MDNS_PORT, self.hears.clone()).map_err(|error| error.to_string())?;
                self.nearby.insert(begun)
            }
        };
        nearby.announce(says.map(|Beacon { instance, tags, invitations }| nearby::Beacon {
            port: bound.port(),
            instance,
            tags,
            invitations,
        }));
        nearby.look(looks);
        Ok(())
    }

    /// Looks and says anew: the network, or the machine, is not what it was.
    pub(super) fn look_again(&mut self) {
        if let Some(nearby) = &mut self.nearby {
            nearby.changed();
        }
        self.passing.look_again();
    }

    /// The next of it.
    pub(super) async fn told(&mut self) -> Told {
        let changed = async {
            match &mut self.watch {
                Some(watch) => watch.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = changed => Told::Changed,
            Some(event) = self.heard.recv() => Told::Nearby(event),
            event = self.passing.told() => Told::Passing(event),
        }
    }

    /// Closes all of it, and waits until the router has heard of that.
    pub(super) async fn end(&mut self) {
        self.close().await;
        self.passing.end().await;
    }

    /// Ends all of it; what was heard and not carried out is forgotten. What the router granted is taken back meanwhile.
    pub(super) async fn close(&mut self) {
        if let Some(nearby) = self.nearby.take() {
            nearby.shutdown().await;
        }
        self.passing.closed();
        self.bound = None;
        while self.heard.try_recv().is_ok() {}
    }
}

impl Daemon {
    pub(super) fn take_network(&mut self, told: Told) {
        match told {
            Told::Changed => {
                self.network.look_again();
                self.tell_addresses();
            }
            Told::Nearby(NearbyEvent::Heard(heard)) => {
                let (tags, invitations, addresses) = (heard.tags, heard.invitations, heard.addresses);
                self.inputs.push_back(Input::Nearby { tags, invitations, addresses });
            }
            Told::Nearby(NearbyEvent::Failed(reason)) => self.inputs.push_back(Input::NearbyFailed { reason: Some(reason) }),
            Told::Passing(event) => {
                if self.network.passing.heard(&event) {
                    self.tell_addresses();
                }
                let reason = match event {
                    MappingEvent::Mapped(_) => None,
                    MappingEvent::Failed(reason) => Some(reason),
                };
                self.inputs.push_back(Input::MappingFailed { reason });
            }
        }
    }

    /// Asks the router from now on, or does so no more, as the settings say.
    pub(super) fn use_router(&mut self) {
        let on = self.config.port_mapping();
        if self.network.passing.want(on) && !on {
            self.tell_addresses();
            self.inputs.push_back(Input::MappingFailed { reason: None });
        }
    }

    /// Tells the core where others reach this machine.
    fn tell_addresses(&mut self) {
        self.inputs.push_back(Input::Network { addresses: self.network.reachable() });
    }
}
