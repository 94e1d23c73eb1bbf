//! Frames, bulk, closing, moving, shutting down.

use std::net::{Ipv6Addr, UdpSocket};

use super::*;
use crate::net::BindError;

#[tokio::test]
async fn frames_and_bulk_cross_in_both_directions() {
    let (mut a, mut b) = (end(1, &[2]).await, end(2, &[1]).await);
    let (here, there) = link(&mut a, 7, &mut b).await;
    assert!(here.is_dialled() && !there.is_dialled());

    b.send(there, frame(0xfffe, "an unknown kind is passed up"));
    b.send(there, frame(2, ""));
    assert_eq!(a.framed().await, (here, frame(0xfffe, "an unknown kind is passed up")));
    assert_eq!(a.framed().await, (here, frame(2, "")));

    let largest = Frame::new(3, vec![5; 1 << 20]);
    let bulk = vec![largest.clone(), frame(4, "between"), largest];
    a.send_bulk(here, bulk.clone());
    b.send_bulk(there, bulk.clone());
    for expected in &bulk {
        assert_eq!(&b.framed().await, &(there, expected.clone()));
        assert_eq!(&a.framed().await, &(here, expected.clone()));
    }
}

#[tokio::test]
async fn more_bulk_than_streams_arrives_in_order() {
    let (mut a, mut b) = (end(1, &[2]).await, end(2, &[1]).await);
    let (here, there) = link(&mut a, 0, &mut b).await;
    for n in 0..100 {
        a.send_bulk(here, vec![Frame::new(n, vec![0; 5000])]);
    }
    for n in 0..100 {
        assert_eq!(b.framed().await, (there, Frame::new(n, vec![0; 5000])));
    }
}

#[tokio::test]
async fn a_frame_passes_the_bulk_that_was_sent_before_it() {
    let (mut a, mut b) = (end(1, &[2]).await, end_with_room(2, &[1], 1).await);
    let (here, there) = link(&mut a, 0, &mut b).await;
    a.send_bulk(here, vec![Frame::new(9, vec![0; 1 << 20]); 15]);
    assert_eq!(b.framed().await.1.kind, 9);
    a.send(here, frame(1, "new entry"));
    let mut before = 1;
    while b.framed().await != (there, frame(1, "new entry")) {
        before += 1;
    }
    assert!(before < 14, "{before} of 15 bulk frames came first");
}

#[tokio::test]
async fn closing_sends_what_was_queued_before() {
    let (mut a, mut b) = (end(1, &[2]).await, end_with_room(2, &[1], 1).await);
    let (here, there) = link(&mut a, 0, &mut b).await;
    a.send_bulk(here, vec![Frame::new(8, vec![0; 300_000])]);
    for n in 0..50 {
        a.send(here, Frame::new(n, vec![0; 10_000]));
    }
    a.send(here, frame(99, "goodbye"));
    a.close(here, CloseReason::Protocol);
    // The other end has had no room for events until now: it reads all this after the connection has ended.
    assert_eq!(a.closed().await, (here, Closed::Here(CloseReason::Protocol)));
    let mut kinds = Vec::new();
    let reason = loop {
        match b.next().await {
            Event::Frame { frame, .. } => kinds.push(frame.kind),
            Event::Closed { link, reason } => break (link, reason),
            other => panic!("unexpected: {other:?}"),
        }
    };
    assert_eq!(reason, (there, Closed::There(CloseReason::Protocol)));
    assert_eq!((kinds.len(), kinds.contains(&8), kinds.contains(&99)), (52, true, true));
}

#[tokio::test]
async fn an_acceptor_that_closes_at_once_still_says_why() {
    let (mut a, mut b) = (end(1, &[2]).await, end(2, &[1]).await);
    let here = a.dial(0, &b);
    a.send(here, frame(1, "hello"));
    let there = b.opened().await.0;
    b.send(there, frame(5, "full today"));
    b.close(there, CloseReason::Busy);
    a.opened().await;
    assert_eq!(a.framed().await, (here, frame(5, "full today")));
    assert_eq!(a.closed().await, (here, Closed::There(CloseReason::Busy)));
}

#[tokio::test]
async fn a_link_survives_a_new_address_and_tells_it() {
    let (mut a, mut b) = (end(1, &[2]).await, end(2, &[1]).await);
    let (here, there) = link(&mut a, 0, &mut b).await;
    a.net.shared.endpoint.rebind(UdpSocket::bind(ANYWHERE).unwrap()).unwrap();
    let address = a.net.shared.endpoint.local_addr().unwrap();
    assert_ne!(address, a.address());
    a.send(here, frame(2, "from elsewhere"));
    assert_eq!(b.next().await, Event::Moved { link: there, address });
    assert_eq!(b.framed().await, (there, frame(2, "from elsewhere")));
    b.send(there, frame(3, "found you"));
    assert_eq!(a.framed().await, (here, frame(3, "found you")));
}

#[tokio::test]
async fn a_third_link_of_one_key_closes_the_oldest() {
    let (mut a, mut b) = (end(1, &[2]).await, end(2, &[1]).await);
    let (first, first_there) = link(&mut a, 0, &mut b).await;
    let (second, second_there) = link(&mut a, 1, &mut b).await;
    let third = a.dial(2, &b);
    let mut replaced = false;
    let mut opened = false;
    while !(replaced && opened) {
        match b.next().await {
            Event::Closed { link, reason } => {
                assert_eq!((link, reason), (first_there, Closed::Here(CloseReason::Replaced)));
                replaced = true;
            }
            Event::Opened { .. } => opened = true,
            other => panic!("unexpected: {other:?}"),
        }
    }
    let mut gone = false;
    while !gone {
        match a.next().await {
            Event::Opened { link, .. } => assert_eq!(link, third),
            other => {
                assert_eq!(other, Event::Closed { link: first, reason: Closed::There(CloseReason::Replaced) });
                gone = true;
            }
        }
    }
    a.send(second, frame(2, "still here"));
    assert_eq!(b.framed().await, (second_there, frame(2, "still here")));
}

#[tokio::test]
async fn shutdown_says_goodbye_and_ends_every_task() {
    let (mut a, mut b) = (end(1, &[2]).await, end(2, &[1]).await);
    let (here, there) = link(&mut a, 0, &mut b).await;
    let silent = UdpSocket::bind(ANYWHERE).unwrap();
    a.net.command(Command::Dial {
        link: LinkId::dialled(1),
        peer: Some(b.key),
        addresses: vec![silent.local_addr().unwrap()],
        names: Vec::new(),
        shows: None,
    });
    a.send(here, frame(2, "last words"));
    let shared = std::sync::Arc::downgrade(&a.net.shared);
    timeout(DEADLINE, a.net.shutdown()).await.unwrap();
    assert_eq!(shared.strong_count(), 0, "nobody holds the endpoint any more");
    let mut left = Vec::new();
    while let Some(event) = a.events.recv().await {
        left.push(event);
    }
    assert!(left.contains(&Event::Closed { link: here, reason: Closed::Here(CloseReason::GoingAway) }));
    assert!(left.contains(&Event::DialFailed { link: LinkId::dialled(1), error: DialError::Cancelled, tried: Vec::new() }));
    assert_eq!(b.framed().await, (there, frame(2, "last words")));
    assert_eq!(b.closed().await, (there, Closed::There(CloseReason::GoingAway)));
}

#[tokio::test]
async fn shutdown_does_not_wait_for_a_reader_of_events() {
    let mut a = end(1, &[2]).await;
    let gate = Gate::default();
    gate.set(keys(&[1]), false);
    let (tx, events) = mpsc::channel(1);
    let net = Net::bind(ANYWHERE, &secret(2), gate.clone(), tx.clone()).await.unwrap();
    let mut b = End { net, gate, events, key: key(2) };
    let (here, _) = link(&mut a, 0, &mut b).await;
    let _the_only_room = tx.reserve().await.unwrap();
    a.send(here, frame(1, "nobody reads this"));
    timeout(DEADLINE, b.net.shutdown()).await.expect("shutdown in time");
    assert_eq!(a.closed().await, (here, Closed::There(CloseReason::GoingAway)));
}

#[tokio::test]
async fn an_address_in_use_is_told_by_name() {
    let a = end(1, &[]).await;
    let (tx, _events) = mpsc::channel(1);
    match Net::bind(a.address(), &secret(2), Gate::default(), tx).await {
        Err(BindError::InUse(address)) => assert_eq!(address, a.address()),
        other => panic!("unexpected: {other:?}"),
    }
}

#[tokio::test]
async fn links_work_over_ipv6_and_between_the_two() {
    let (tx, events) = mpsc::channel(256);
    let gate = Gate::default();
    gate.set(keys(&[1, 2]), false);
    let net = match Net::bind((Ipv6Addr::LOCALHOST, 0).into(), &secret(1), gate.clone(), tx.clone()).await {
        Ok(net) => net,
        Err(error) => {
            eprintln!("skipped: no IPv6 on this machine ({error})");
            return;
        }
    };
    let mut a = End { net, gate: gate.clone(), events, key: key(1) };
    let (tx, events) = mpsc::channel(256);
    let net = Net::bind((Ipv6Addr::UNSPECIFIED, 0).into(), &secret(2), gate.clone(), tx).await.unwrap();
    let port = net.local_addr().port();
    let mut b = End { net, gate, events, key: key(2) };
    let link = LinkId::dialled(0);
    a.net.command(Command::Dial {
        link,
        peer: Some(b.key),
        addresses: vec![(Ipv6Addr::LOCALHOST, port).into()],
        names: Vec::new(),
        shows: None,
    });
    a.opened().await;
    b.opened().await;

    let mut c = end(1, &[2]).await;
    c.net.command(Command::Dial {
        link,
        peer: Some(b.key),
        addresses: vec![(Ipv4Addr::LOCALHOST, port).into()],
        names: Vec::new(),
        shows: None,
    });
    c.opened().await;
    match b.next().await {
        Event::Opened { address, .. } => assert_eq!(address, c.address(), "an IPv4 address is told as one"),
        other => panic!("unexpected: {other:?}"),
    }
}
