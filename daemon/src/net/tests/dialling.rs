//! Several addresses, of which one answers, or none.

use std::net::{Ipv6Addr, UdpSocket};

use quinn::ConnectionError;

use super::*;
use crate::net::transport::HANDSHAKE_LIMIT;

/// A place where packets go and nothing comes from.
fn silent() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind(ANYWHERE).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn dial(a: &End, n: u64, peer: LinkKey, addresses: Vec<SocketAddr>) -> LinkId {
    let link = LinkId::dialled(n);
    a.net.command(Command::Dial { link, peer: Some(peer), addresses, names: Vec::new(), shows: None });
    link
}

#[tokio::test]
async fn dialling_tries_the_next_address_and_can_be_called_off() {
    let (mut a, mut b) = (end(1, &[2]).await, end(2, &[1]).await);
    let unusable = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), 9);
    let here = LinkId::dialled(0);
    a.net.command(Command::Dial { link: here, peer: Some(b.key), addresses: vec![unusable, b.address()], names: Vec::new(), shows: None });
    assert_eq!(a.opened().await.0, here);
    b.opened().await;

    let none = LinkId::dialled(1);
    a.net.command(Command::Dial { link: none, peer: Some(b.key), addresses: Vec::new(), names: Vec::new(), shows: None });
    assert_eq!(a.next().await, Event::DialFailed { link: none, error: DialError::NoAddress, tried: Vec::new() });

    let silent = UdpSocket::bind(ANYWHERE).unwrap();
    a.net.command(Command::Dial {
        link: none,
        peer: Some(b.key),
        addresses: vec![silent.local_addr().unwrap()],
        names: Vec::new(),
        shows: None,
    });
    a.close(none, CloseReason::Done);
    assert_eq!(a.next().await, Event::DialFailed { link: none, error: DialError::Cancelled, tried: Vec::new() });
}

#[tokio::test]
async fn a_dead_address_first_costs_a_quarter_of_a_second_not_five() {
    let (mut a, mut b) = (end(1, &[2]).await, end(2, &[1]).await);
    let (_first, first) = silent();
    let (_second, second) = silent();
    let began = tokio::time::Instant::now();
    let here = dial(&a, 0, b.key, vec![first, second, b.address()]);
    assert_eq!(a.opened().await.0, here);
    b.opened().await;
    // Twice a quarter of a second, and a handshake; `race` has the exact times. One silent address waited for would be more than this.
    assert!(began.elapsed() < HANDSHAKE_LIMIT, "{:?}", began.elapsed());
}

#[tokio::test]
async fn where_two_answer_one_link_comes_of_it() {
    let mut b = end(2, &[1]).await;
    let mut a = end(1, &[2]).await;
    // Another door of the same peer, that answers the knock only when the link is open elsewhere.
    let late = raw_server(&Identity::new(&secret(2)).unwrap(), &[1]);
    let here = dial(&a, 0, b.key, vec![late.local_addr().unwrap(), b.address()]);
    let incoming = timeout(DEADLINE, late.accept()).await.unwrap().unwrap();
    assert_eq!(a.opened().await.0, here);
    let there = b.opened().await.0;
    let connecting = incoming.accept().unwrap();
    let error = timeout(DEADLINE, connecting).await.expect("an end in time").expect_err("a second link");
    assert!(matches!(error, ConnectionError::ConnectionClosed(_) | ConnectionError::Reset), "{error:?}");
    a.send(here, frame(2, "by the one link"));
    assert_eq!(b.framed().await, (there, frame(2, "by the one link")));
}

#[tokio::test]
async fn each_address_is_told_with_its_reason_and_the_most_telling_is_the_error() {
    let (mut a, b, c) = (end(1, &[2]).await, end(2, &[]).await, end(3, &[1]).await);
    let beyond = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), 9);
    let (_socket, nobody) = silent();
    let link = dial(&a, 0, key(9), vec![nobody, beyond, c.address(), nobody]);
    let tried = vec![(nobody, DialError::Unreachable), (beyond, DialError::Unreachable), (c.address(), DialError::WrongKey)];
    assert_eq!(a.next().await, Event::DialFailed { link, error: DialError::WrongKey, tried });

    let link = dial(&a, 1, b.key, vec![beyond]);
    assert_eq!(a.next().await, Event::DialFailed { link, error: DialError::Unreachable, tried: vec![(beyond, DialError::Unreachable)] });
}

#[tokio::test]
async fn an_order_to_close_calls_off_all_that_run() {
    let mut a = end(1, &[2]).await;
    let sockets = [silent(), silent()];
    let link = dial(&a, 0, key(2), sockets.iter().map(|(_, address)| *address).collect());
    // Both have been knocked at.
    for (socket, _) in &sockets {
        socket.set_nonblocking(true).unwrap();
        let socket = tokio::net::UdpSocket::from_std(socket.try_clone().unwrap()).unwrap();
        timeout(DEADLINE, socket.recv_from(&mut [0; 2048])).await.unwrap().unwrap();
    }
    a.close(link, CloseReason::Done);
    assert_eq!(a.next().await, Event::DialFailed { link, error: DialError::Cancelled, tried: Vec::new() });
    timeout(DEADLINE, a.net.shutdown()).await.expect("nothing is left that would be waited for");
}
