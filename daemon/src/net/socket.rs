//! The UDP socket: one for both versions of the internet protocol, where it is bound to every address.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::net::sockopt::set_ipv6_v6only;
use rustix::net::{AddressFamily, SocketType, bind, socket};

/// Bound to `listen`. Bound to every address of IPv6 it takes IPv4 too, whatever the system does of itself; where a machine has no IPv6, IPv4 alone.
pub(super) fn bound(listen: SocketAddr) -> io::Result<UdpSocket> {
    if !(listen.is_ipv6() && listen.ip().is_unspecified()) {
        return UdpSocket::bind(listen);
    }
    match both(listen) {
        Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, listen.port())),
        bound => Ok(bound?),
    }
}

fn both(listen: SocketAddr) -> Result<UdpSocket, Errno> {
    let socket = socket(AddressFamily::INET6, SocketType::DGRAM, None)?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    set_ipv6_v6only(&socket, false)?;
    bind(&socket, &listen)?;
    Ok(UdpSocket::from(socket))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    #[test]
    fn a_socket_of_every_address_takes_packets_of_version_4() {
        let socket = bound((Ipv6Addr::UNSPECIFIED, 0).into()).unwrap();
        let port = socket.local_addr().unwrap().port();
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"hello", ("127.0.0.1", port)).unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
        let (_, from) = socket.recv_from(&mut [0; 8]).unwrap();
        assert!(from.ip().to_canonical().is_loopback());
    }
}
