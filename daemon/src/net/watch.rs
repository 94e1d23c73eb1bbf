//! Word of changes of the network: the kernel tells when an address comes or goes, and nothing is asked in between.
//!
//! On Linux by a netlink socket (rtnetlink(7)). What it says is not read for more than that it stirs: which addresses there are is then looked up
//! and compared, since the kernel also stirs when the lifetime of one is prolonged. Other systems are not watched yet.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::select;
use tokio::time::{Instant, sleep_until};

/// Changes that come within this time are one.
const TOGETHER: Duration = Duration::from_millis(200);

/// Hears of changes of this machine's addresses.
#[derive(Debug)]
pub struct Watch {
    kernel: kernel::Kernel,
    present: BTreeSet<Address>,
    /// When what has stirred is looked at.
    looks_at: Option<Instant>,
}

/// The address of an interface. Ordered so that what means something on one link alone comes last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Address {
    is_of_link: bool,
    ip: IpAddr,
    interface: Option<u32>,
}

impl Watch {
    /// Begins. Fails where the system does not tell; the program then goes on without. Runs inside a tokio runtime.
    pub fn start() -> io::Result<Self> {
        // Listening begins first, so that nothing comes between.
        let kernel = kernel::Kernel::listen()?;
        Ok(Self { kernel, present: present()?, looks_at: None })
    }

    /// Returns when addresses have come or gone; several changes within 200 ms are one. May be dropped and called again: nothing is missed.
    pub async fn changed(&mut self) {
        loop {
            match self.looks_at {
                None => {
                    self.kernel.stirs().await;
                    self.looks_at = Some(Instant::now() + TOGETHER);
                }
                Some(at) => {
                    // What stirs meanwhile is read, so that it does not count again.
                    select! {
                        biased;
                        () = sleep_until(at) => {}
                        () = self.kernel.stirs() => continue,
                    }
                    self.looks_at = None;
                    match present() {
                        Ok(present) if present != self.present => {
                            self.present = present;
                            return;
                        }
                        Ok(_) => {}
                        Err(error) => tracing::debug!(%error, "the addresses of this machine could not be looked up"),
                    }
                }
            }
        }
    }

    /// The unicast addresses of this machine as of the last change, without loopback; those of one link alone come last.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let mut addresses: Vec<IpAddr> = self.present.iter().map(|address| address.ip).collect();
        addresses.dedup();
        addresses
    }
}

fn present() -> io::Result<BTreeSet<Address>> {
    let interfaces = if_addrs::get_if_addrs()?.into_iter();
    let addresses =
        interfaces.map(|interface| Address { is_of_link: interface.is_link_local(), ip: interface.ip(), interface: interface.index });
    Ok(addresses.filter(|Address { ip, .. }| !ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast()).collect())
}

#[cfg(target_os = "linux")]
mod kernel {
    use std::io;
    use std::os::fd::OwnedFd;

    use rustix::io::Errno;
    use rustix::net::netlink::SocketAddrNetlink;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// `RTMGRP_IPV4_IFADDR` and `RTMGRP_IPV6_IFADDR`.
    const ADDRESSES: u32 = 0x10 | 0x100;

    /// The netlink socket.
    #[derive(Debug)]
    pub(super) struct Kernel(AsyncFd<OwnedFd>);

    impl Kernel {
        pub(super) fn listen() -> io::Result<Self> {
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
            bind(&socket, &SocketAddrNetlink::new(0, ADDRESSES))?;
            #[expect(
                deprecated,
                reason = "sound for a descriptor that is owned; what takes its place is unsafe, and this program has no unsafe"
            )]
            let socket = AsyncFd::with_interest(socket, Interest::READABLE)?;
            Ok(Self(socket))
        }

        /// Waits until something is told, and reads all of it. May be dropped and called again.
        pub(super) async fn stirs(&self) {
            loop {
                let Ok(mut ready) = self.0.readable().await else { return std::future::pending().await };
                let read = ready.try_io(|socket| Ok(drain(socket.get_ref())?));
                match read {
                    Ok(Ok(true)) => return,
                    Ok(Ok(false)) => ready.clear_ready(),
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "changes of the network are not heard of any more");
                        return std::future::pending().await;
                    }
                    Err(_) => {}
                }
            }
        }
    }

    /// Reads until nothing is left; says whether anything was there.
    fn drain(socket: &OwnedFd) -> Result<bool, Errno> {
        let mut any = false;
        let mut bytes = [0; 4096];
        loop {
            match rustix::io::read(socket, &mut bytes) {
                // So much was told that some of it was dropped.
                Ok(1..) | Err(Errno::NOBUFS) => any = true,
                Ok(0) => return Ok(any),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if any => return Ok(true),
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod kernel {
    use std::io;

    /// Nothing that tells.
    #[derive(Debug)]
    pub(super) struct Kernel;

    impl Kernel {
        pub(super) fn listen() -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(super) async fn stirs(&self) {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use tokio::time::timeout;

    use super::super::apart::{in_a_network_of_its_own, ip};
    use super::*;

    const DEADLINE: Duration = Duration::from_secs(10);

    fn addresses(watch: &Watch) -> Vec<String> {
        watch.addresses().iter().map(ToString::to_string).collect()
    }

    #[tokio::test]
    async fn word_comes_when_addresses_come_and_go_and_once_for_several() {
        if !in_a_network_of_its_own("net::watch::tests::word_comes_when_addresses_come_and_go_and_once_for_several") {
            return;
        }
        ip("link set lo up");
        let mut watch = Watch::start().unwrap();
        assert_eq!(addresses(&watch), [""; 0]);
        for address in ["169.254.1.1/16", "fd00::1/64", "10.1.2.3/24"] {
            ip(&format!("addr add {address} dev lo"));
        }
        timeout(DEADLINE, watch.changed()).await.unwrap();
        assert_eq!(addresses(&watch), ["10.1.2.3", "fd00::1", "169.254.1.1"]);
        // Prolonging a lifetime stirs the kernel and changes no address.
        ip("addr change 10.1.2.3/24 dev lo valid_lft 5000 preferred_lft 5000");
        assert!(timeout(TOGETHER * 3, watch.changed()).await.is_err());
        // Whoever stops waiting after it stirred still hears of it.
        ip("addr del 10.1.2.3/24 dev lo");
        assert!(timeout(TOGETHER / 4, watch.changed()).await.is_err());
        timeout(DEADLINE, watch.changed()).await.unwrap();
        assert_eq!(addresses(&watch), ["fd00::1", "169.254.1.1"]);
    }

    #[tokio::test]
    async fn loopback_is_not_among_the_addresses() {
        let watch = Watch::start().unwrap();
        assert!(watch.addresses().iter().all(|ip| !ip.is_loopback()), "{watch:?}");
    }
}
