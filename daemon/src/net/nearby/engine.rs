//! The library's thread: started for the interfaces that count, told what to tell, and ended with a goodbye.
//!
//! What it is not asked to do: to look at the interfaces every few seconds, since it is made anew when they change; to ask thrice whether a name is
//! taken before it is used, since the name is random; to log.

use std::net::IpAddr;
use std::time::Duration;

use mdns_sd::{
    DaemonEvent, Error, IfKind, IfPredicate, Metrics, Receiver, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent, ServiceInfo,
};
use tokio::select;
use tokio::time::{Instant, sleep_until, timeout};

use super::beacon::{dialable, from_txt, label, to_txt};
use super::{Beacon, Heard};

/// The type under which devices tell of themselves. It names no product.
pub(super) const SERVICE: &str = "_peer._udp.local.";

/// How long the thread may take for a goodbye or an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);
/// A first announcement goes out at once; one that nobody tells of by then did not go out.
const ANNOUNCE_LIMIT: Duration = Duration::from_secs(3);

/// A running thread, and what it was told to do.
pub(super) struct Engine {
    daemon: ServiceDaemon,
    notices: Receiver<DaemonEvent>,
    told: Option<Beacon>,
    search: Option<Receiver<ServiceEvent>>,
    over: IpAddr,
    /// When an announcement that did not go out is taken for failed.
    unsaid: Option<Instant>,
    /// That nothing goes out here was told.
    is_mute: bool,
}

/// What the thread says.
#[derive(Debug)]
pub(super) enum Said {
    /// A name is there, with this to tell of it.
    Found(String, Option<Heard>),
    /// Something does not work.
    Failed(String),
    /// The thread is gone, or too much was heard for it to go on.
    Broken,
}

impl Engine {
    /// Starts the thread on the interfaces that reach `over`.
    pub(super) fn start(over: IpAddr, mdns_port: u16) -> Result<Self, Error> {
        let daemon = ServiceDaemon::new_with_port(mdns_port)?;
        daemon.set_ip_check_interval(0)?;
        daemon.disable_interface(IfKind::Predicate(IfPredicate::new(move |interface| !reaches(over, interface.ip()))))?;
        let notices = daemon.monitor()?;
        Ok(Self { daemon, notices, told: None, search: None, over, unsaid: None, is_mute: false })
    }

    /// Tells `beacon` from now on, or nothing.
    pub(super) async fn tell(&mut self, beacon: Option<&Beacon>) -> Result<(), Error> {
        if self.told.as_ref() == beacon {
            return Ok(());
        }
        if let Some(told) = self.told.take()
            && beacon.is_none_or(|beacon| beacon.instance != told.instance)
        {
            let gone = self.daemon.unregister(&format!("{}.{SERVICE}", label(&told.instance)))?;
            let _ = timeout(ANSWER_LIMIT, gone.recv_async()).await;
        }
        self.unsaid = None;
        if let Some(beacon) = beacon {
            let name = label(&beacon.instance);
            let mut info = ServiceInfo::new(SERVICE, &name, &format!("{name}.local."), "", beacon.port, to_txt(beacon).as_slice())?;
            info = info.enable_addr_auto();
            info.set_requires_probe(false);
            self.daemon.register(info)?;
            self.told = Some(beacon.clone());
            self.unsaid = Some(Instant::now() + ANNOUNCE_LIMIT);
        }
        Ok(())
    }

    /// Looks for others from now on, or stops to.
    pub(super) fn look(&mut self, on: bool) -> Result<(), Error> {
        match (on, self.search.is_some()) {
            (true, false) => self.search = Some(self.daemon.browse(SERVICE)?),
            (false, true) => {
                self.search = None;
                self.daemon.stop_browse(SERVICE)?;
            }
            (true, true) | (false, false) => {}
        }
        Ok(())
    }

    /// The next that is of interest. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Said {
        loop {
            let (search, unsaid) = (&self.search, self.unsaid);
            let event = async {
                match search {
                    Some(search) => search.recv_async().await,
                    None => std::future::pending().await,
                }
            };
            let overdue = async {
                match unsaid {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let said = select! {
                event = event => match event {
                    Ok(ServiceEvent::ServiceResolved(found)) => Some(self.found(&found)),
                    // The words are the library's: of how many interfaces, and in brackets which.
                    Ok(ServiceEvent::SearchStarted(on)) if on.ends_with("[]") => self.mute(),
                    Ok(_) => None,
                    Err(_) => Some(Said::Broken),
                },
                notice = self.notices.recv_async() => match notice {
                    Ok(DaemonEvent::Announce(..)) => {
                        self.unsaid = None;
                        None
                    }
                    Ok(DaemonEvent::Error(error)) => Some(Said::Failed(error.to_string())),
                    Ok(_) => None,
                    Err(_) => Some(Said::Broken),
                },
                () = overdue => {
                    self.unsaid = None;
                    self.mute()
                }
            };
            if let Some(said) = said {
                return said;
            }
        }
    }

    /// Records that it keeps of what it heard.
    pub(super) async fn kept(&self) -> u64 {
        let Ok(metrics) = self.daemon.get_metrics() else { return 0 };
        let metrics: Metrics = timeout(ANSWER_LIMIT, metrics.recv_async()).await.ok().and_then(Result::ok).unwrap_or_default();
        metrics.iter().filter(|(name, _)| name.starts_with("cached-")).filter_map(|(_, count)| u64::try_from(*count).ok()).sum()
    }

    /// Says goodbye and ends the thread.
    pub(super) async fn end(self) {
        let Ok(ended) = self.daemon.shutdown() else { return };
        if timeout(ANSWER_LIMIT, ended.recv_async()).await.is_err() {
            tracing::debug!("the thread of multicast dns did not end in time");
        }
    }

    fn mute(&mut self) -> Option<Said> {
        let is_new = !std::mem::replace(&mut self.is_mute, true);
        is_new.then(|| Said::Failed("no network of this machine carries multicast, or another program keeps its port to itself".into()))
    }

    fn found(&self, found: &ResolvedService) -> Said {
        let name = found.get_fullname().strip_suffix(SERVICE).map(|name| name.trim_end_matches('.').to_ascii_lowercase());
        let addresses = found.get_addresses().iter().map(|address| match address {
            ScopedIp::V6(scoped) => (IpAddr::V6(*scoped.addr()), scoped.scope_id().index),
            other => (other.to_ip_addr(), 0),
        });
        let addresses = dialable(self.over, found.get_port(), addresses);
        let heard = from_txt(|key| found.get_property_val_str(key), addresses);
        Said::Found(name.unwrap_or_default(), heard)
    }
}

/// Whether whoever listens at `over` can be reached by way of an interface that has the address `ip`.
fn reaches(over: IpAddr, ip: IpAddr) -> bool {
    match over.to_canonical() {
        over if over.is_loopback() => ip.is_loopback() && ip.is_ipv4() == over.is_ipv4(),
        IpAddr::V4(over) if over.is_unspecified() => !ip.is_loopback() && ip.is_ipv4(),
        // A socket of IPv6 that is bound to no address takes both.
        IpAddr::V6(over) if over.is_unspecified() => !ip.is_loopback(),
        over => ip == over,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_interfaces_that_reach_the_listener_count() {
        let reaches = |over: &str, ip: &str| super::reaches(over.parse().unwrap(), ip.parse().unwrap());
        for (over, ip) in [
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
            ("0.0.0.0", "10.0.0.1"),
            ("::", "10.0.0.1"),
            ("::", "fe80::1"),
            ("10.0.0.1", "10.0.0.1"),
        ] {
            assert!(reaches(over, ip), "{over} {ip}");
        }
        for (over, ip) in [
            ("127.0.0.1", "10.0.0.1"),
            ("127.0.0.1", "::1"),
            ("0.0.0.0", "127.0.0.1"),
            ("0.0.0.0", "fd00::1"),
            ("::", "::1"),
            ("10.0.0.1", "10.0.0.2"),
        ] {
            assert!(!reaches(over, ip), "{over} {ip}");
        }
    }
}
