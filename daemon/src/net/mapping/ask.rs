//! One question to the router, and what its answer amounts to.
//!
//! The library keeps what a router granted in a form that asks again for as long as the router gave; one that gives nothing would have it ask for nothing.
//! Here each question is asked whole: for two hours, under a nonce that stays the same as long as router and machine do.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU16;
use std::time::Duration;

use crab_nat::pcp::{BaseMapRequest, DropMappingRange, Nonce};
use crab_nat::{InternetProtocol, PortMapping, PortMappingOptions, PortMappingType, TimeoutConfig, VersionCode, natpmp, pcp};

use super::internet::is_on_the_internet;
use super::pace::ASKED_FOR_S;
use super::router::Way;

/// Why this machine is not reached through the router. Nothing of it is the router's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotMapped {
    #[cfg_attr(target_os = "linux", expect(dead_code, reason = "of Linux it is known"))]
    #[error("how to find the router is not known on this system")]
    System,
    #[error("the routes of this machine could not be read: {0}")]
    Routes(String),
    #[error("this machine has no router towards the internet")]
    NoRouter,
    #[error("there is no port to pass on")]
    NoPort,
    #[error("the router could not be asked: {0}")]
    Socket(String),
    #[error("the router passes no ports on when it is asked: neither PCP nor NAT-PMP is switched on there")]
    NoService,
    #[error("the router does not answer")]
    Silent,
    #[error("the router answers what nobody understands")]
    Nonsense,
    #[error("the router refuses: {0}")]
    Refused(&'static str),
    #[error("the router has no address of its own on the internet")]
    Inside,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    way: Way,
    port: NonZeroU16,
    /// Whoever knows it may change what was granted; another router is shown another one, so that it is not what a machine is known by.
    nonce: Nonce,
}

/// What was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Granted {
    /// Where others reach this machine; its port is not 0.
    pub(super) outside: SocketAddr,
    /// For how long, as the router says.
    pub(super) lifetime: Duration,
}

impl Question {
    /// Asks this router to pass on this port.
    pub(super) fn new(way: Way, port: NonZeroU16) -> Result<Self, NotMapped> {
        let mut nonce = Nonce::default();
        for part in &mut nonce {
            *part = getrandom::u32().map_err(|error| NotMapped::Socket(error.to_string()))?;
        }
        Ok(Self { way, port, nonce })
    }

    /// Where the router is, and this machine for it.
    pub(super) fn way(&self) -> Way {
        self.way
    }

    /// Asks; the place that was granted before, or else the same port, is what is wished for.
    pub(super) async fn ask(&self, before: Option<SocketAddr>, patience: TimeoutConfig) -> Result<Granted, NotMapped> {
        let options = PortMappingOptions {
            external_port: Some(before.and_then(|before| NonZeroU16::new(before.port())).unwrap_or(self.port)),
            lifetime_seconds: Some(ASKED_FOR_S),
            timeout_config: Some(patience),
        };
        let wished = before.map(|before| before.ip());
        match pcp::port_mapping(self.base(), Some(self.nonce), wished, options).await {
            Ok(mapping) => {
                let PortMappingType::Pcp { external_ip, .. } = mapping.mapping_type() else { return Err(NotMapped::Nonsense) };
                let granted = granted(external_ip, &mapping);
                if granted.is_err() {
                    // What leads nowhere is no open door either.
                    self.take_back(patience).await;
                }
                granted
            }
            Err(pcp::Failure::UnsupportedVersion(VersionCode::NatPmp)) => self.ask_by_nat_pmp(options).await,
            Err(error) => Err(from_pcp(&error)),
        }
    }

    async fn ask_by_nat_pmp(&self, options: PortMappingOptions) -> Result<Granted, NotMapped> {
        let router = self.way.router.into();
        let from_nat_pmp = |error: natpmp::Failure| from_nat_pmp(&error);
        let outside = natpmp::external_address(router, options.timeout_config).await.map_err(from_nat_pmp)?;
        if !is_on_the_internet(outside.into()) {
            return Err(NotMapped::Inside);
        }
        let mapping = natpmp::port_mapping(router, InternetProtocol::Udp, self.port, options).await.map_err(from_nat_pmp)?;
        granted(outside.into(), &mapping)
    }

    /// Takes back what may have been granted. Whether the router did so is not known for sure, and it forgets by itself.
    pub(super) async fn take_back(&self, patience: TimeoutConfig) {
        let range = DropMappingRange::Single { protocol: InternetProtocol::Udp, internal_port: self.port };
        let router = self.way.router.into();
        let taken = match pcp::try_drop_mapping(router, self.way.own.into(), self.nonce, range, Some(patience)).await {
            Err(pcp::Failure::UnsupportedVersion(VersionCode::NatPmp)) => {
                let taken = natpmp::try_drop_mapping(router, InternetProtocol::Udp, Some(self.port), Some(patience)).await;
                taken.map_err(|error| from_nat_pmp(&error))
            }
            taken => taken.map_err(|error| from_pcp(&error)),
        };
        if let Err(error) = taken {
            tracing::debug!(%error, "what the router granted was not taken back");
        }
    }

    fn base(&self) -> BaseMapRequest {
        BaseMapRequest::new(self.way.router.into(), self.way.own.into(), InternetProtocol::Udp, self.port)
    }
}

fn granted(ip: IpAddr, mapping: &PortMapping) -> Result<Granted, NotMapped> {
    if mapping.lifetime() == 0 {
        return Err(NotMapped::Nonsense);
    }
    let outside = SocketAddr::new(ip.to_canonical(), mapping.external_port().get());
    let lifetime = Duration::from_secs(mapping.lifetime().into());
    is_on_the_internet(outside.ip()).then_some(Granted { outside, lifetime }).ok_or(NotMapped::Inside)
}

const NOT_ALLOWED: &str = "passing on ports is not allowed there";
const NOT_CONNECTED: &str = "it is not connected to the internet itself";
const NO_ROOM: &str = "it passes on as many ports as it can already";
const NOT_KNOWN: &str = "it does not know how to";

fn from_pcp(error: &pcp::Failure) -> NotMapped {
    use pcp::Failure;
    match error {
        Failure::Socket(error) => from_socket(error),
        Failure::Timeout => NotMapped::Silent,
        Failure::Nonce | Failure::InvalidResponse(_) | Failure::UnsupportedVersion(_) => NotMapped::Nonsense,
        Failure::NotAuthorized(_) => NotMapped::Refused(NOT_ALLOWED),
        Failure::NetworkFailure(_) => NotMapped::Refused(NOT_CONNECTED),
        Failure::NoResources(_) | Failure::UserExceededQuota(_) | Failure::CannotProvideExternal(_) => NotMapped::Refused(NO_ROOM),
        Failure::AddressMismatch => NotMapped::Refused("there is another router between it and this machine"),
        Failure::MalformedRequest
        | Failure::UnsupportedOpcode
        | Failure::UnsupportedOption
        | Failure::MalformedOption
        | Failure::UnsupportedProtocol
        | Failure::ExcessiveRemotePeers => NotMapped::Refused(NOT_KNOWN),
    }
}

fn from_nat_pmp(error: &natpmp::Failure) -> NotMapped {
    use natpmp::Failure;
    match error {
        Failure::Socket(error) => from_socket(error),
        Failure::Timeout => NotMapped::Silent,
        Failure::InvalidResponse(_) => NotMapped::Nonsense,
        Failure::NotAuthorized => NotMapped::Refused(NOT_ALLOWED),
        Failure::NetworkFailure => NotMapped::Refused(NOT_CONNECTED),
        Failure::OutOfResources => NotMapped::Refused(NO_ROOM),
        Failure::UnsupportedVersion(_) | Failure::UnsupportedOpcode => NotMapped::Refused(NOT_KNOWN),
    }
}

fn from_socket(error: &std::io::Error) -> NotMapped {
    match error.kind() {
        // Its machine answers that nobody listens there.
        ErrorKind::ConnectionRefused => NotMapped::NoService,
        _ => NotMapped::Socket(error.to_string()),
    }
}
