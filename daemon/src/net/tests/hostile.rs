//! What a peer may not do, and what a slow one costs.

use quinn::{ConnectionError, VarInt};

use super::*;
use crate::net::shared::MAX_UNHEARD;
use crate::net::transport::{FEW, FRAME_LIMIT, KNOWN_WINDOW, MAX_STREAMS};

/// Sends `bytes` on the control stream, ends it if told so, and says how both sides saw the end.
async fn control_of(bytes: &[u8], finish: bool) -> (Closed, Closed) {
    let mut b = end(2, &[1]).await;
    let (_endpoint, connection) = raw_client(1, &b).await;
    let (mut send, _receive) = connection.open_bi().await.unwrap();
    send.write_all(bytes).await.unwrap();
    if finish {
        send.finish().unwrap();
    }
    b.opened().await;
    let here = b.closed().await.1;
    let there = timeout(DEADLINE, connection.closed()).await.unwrap();
    (here, Closed::from_error(&there))
}

#[tokio::test]
async fn a_header_over_the_limit_closes_the_link() {
    let named = (Closed::Here(CloseReason::TooLong), Closed::There(CloseReason::TooLong));
    assert_eq!(control_of(&[0, 1, 0xff, 0xff, 0xff, 0xff], false).await, named);
    assert_eq!(control_of(&[0, 1, 0, 0x10, 0, 1], false).await, named);
}

#[tokio::test]
async fn a_frame_cut_short_closes_the_link() {
    let named = (Closed::Here(CloseReason::Malformed), Closed::There(CloseReason::Malformed));
    assert_eq!(control_of(&[0, 1, 0], true).await, named);
    assert_eq!(control_of(&[0, 1, 0, 0, 0, 9, 1, 2], true).await, named);
}

#[tokio::test]
async fn bulk_is_framed_as_strictly() {
    let mut b = end(2, &[1]).await;
    let (_endpoint, connection) = raw_client(1, &b).await;
    let (mut control, _receive) = connection.open_bi().await.unwrap();
    control.write_all(&frame(1, "hello").to_bytes()).await.unwrap();
    b.opened().await;
    b.framed().await;
    let mut bulk = connection.open_uni().await.unwrap();
    bulk.write_all(&[0, 1, 0, 0x10, 0, 1]).await.unwrap();
    assert_eq!(b.closed().await.1, Closed::Here(CloseReason::TooLong));
}

#[tokio::test]
async fn a_frame_that_is_begun_and_not_ended_in_time_closes_the_link() {
    let mut b = end(2, &[1]).await;
    for bulk in [false, true] {
        let (_endpoint, connection) = raw_client(1, &b).await;
        let (mut control, _receive) = connection.open_bi().await.unwrap();
        let mut stream = if bulk {
            control.write_all(&frame(1, "hello").to_bytes()).await.unwrap();
            connection.open_uni().await.unwrap()
        } else {
            control
        };
        stream.write_all(&[0, 1, 0, 0, 1, 0]).await.unwrap();
        b.opened().await;
        let began = tokio::time::Instant::now();
        // One byte now and then.
        let mut drip = tokio::time::interval(FRAME_LIMIT / 10);
        let reason = loop {
            tokio::select! {
                _ = drip.tick() => drop(stream.write_all(&[7]).await),
                event = b.next() => match event {
                    Event::Frame { .. } => {}
                    Event::Closed { reason, .. } => break reason,
                    other => panic!("unexpected: {other:?}"),
                },
            }
        };
        assert_eq!(reason, Closed::Here(CloseReason::Slow));
        assert!(began.elapsed() >= FRAME_LIMIT);
    }
}

#[tokio::test]
async fn a_link_may_be_silent_between_frames() {
    let (mut a, mut b) = (end(1, &[2]).await, end(2, &[1]).await);
    let (here, there) = link(&mut a, 0, &mut b).await;
    let waited = timeout(FRAME_LIMIT + FRAME_LIMIT / 2, b.events.recv()).await;
    assert!(waited.is_err(), "{waited:?}");
    a.send(here, frame(2, "again"));
    assert_eq!(b.framed().await, (there, frame(2, "again")));
}

#[tokio::test]
async fn what_nobody_takes_is_bounded_in_bytes() {
    let b = end_with_room(2, &[1], 4096).await;
    let (_endpoint, connection) = raw_client(1, &b).await;
    let (mut control, _receive) = connection.open_bi().await.unwrap();
    let whole = Frame::new(5, vec![0; 1 << 20]).to_bytes();
    let most = MAX_UNHEARD + KNOWN_WINDOW as usize + (4 << 20);
    let mut written = 0;
    // Every stream is written to until nothing more is taken of it.
    while let Ok(Ok(more)) = timeout(Duration::from_secs(1), control.write(&whole[written % whole.len()..])).await {
        written += more;
        assert!(written < most, "{written} bytes were taken on one stream");
    }
    let mut open = Vec::new();
    while let Ok(Ok(bulk)) = timeout(Duration::from_millis(100), connection.open_uni()).await {
        open.push(bulk);
        let Some(bulk) = open.last_mut() else { continue };
        while let Ok(Ok(more)) = timeout(Duration::from_millis(100), bulk.write(&whole)).await {
            written += more;
            assert!(written < most, "{written} bytes were taken");
        }
    }
    assert_eq!(open.len(), MAX_STREAMS as usize);
}

#[tokio::test]
async fn a_second_control_stream_closes_the_link() {
    let mut b = end(2, &[1]).await;
    let (_endpoint, connection) = raw_client(1, &b).await;
    let mut controls = [connection.open_bi().await.unwrap(), connection.open_bi().await.unwrap()];
    for (send, _) in &mut controls {
        // The link may be closed before the second is written.
        let _ = send.write_all(&frame(1, "hello").to_bytes()).await;
    }
    b.opened().await;
    let reason = loop {
        match b.next().await {
            Event::Frame { .. } => {}
            Event::Closed { reason, .. } => break reason,
            other => panic!("unexpected: {other:?}"),
        }
    };
    assert_eq!(reason, Closed::Here(CloseReason::Streams));
    let there = timeout(DEADLINE, connection.closed()).await.unwrap();
    assert_eq!(Closed::from_error(&there), Closed::There(CloseReason::Streams));
}

#[tokio::test]
async fn a_peer_is_given_sixteen_streams_and_no_datagrams() {
    let b = end(2, &[1]).await;
    let (_endpoint, connection) = raw_client(1, &b).await;
    let mut open = Vec::new();
    for _ in 0..MAX_STREAMS {
        open.push(connection.open_uni().await.unwrap());
    }
    let mut one_more = Box::pin(connection.open_uni());
    let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(one_more.as_mut().poll(cx).is_ready())).await;
    assert!(!polled);
    assert_eq!(connection.max_datagram_size(), None);
}

#[tokio::test]
async fn a_code_of_a_later_version_is_told_as_other() {
    let mut b = end(2, &[1]).await;
    let (_endpoint, connection) = raw_client(1, &b).await;
    b.opened().await;
    connection.close(VarInt::from_u32(4242), b"who knows");
    assert_eq!(b.closed().await.1, Closed::There(CloseReason::Other));
}

#[tokio::test]
async fn a_peer_that_does_not_read_loses_its_link_and_nobody_else_does() {
    let (mut a, mut b) = (end(1, &[2, 3]).await, end(2, &[1]).await);
    let slow = end_with_room(3, &[1], 1).await;
    let (good, good_there) = link(&mut a, 0, &mut b).await;
    let bad = a.dial(1, &slow);
    a.opened().await;
    for n in 0..100 {
        a.send(bad, Frame::new(n, vec![0; 1 << 20]));
    }
    assert_eq!(a.closed().await, (bad, Closed::Here(CloseReason::Backlog)));
    a.send(good, frame(2, "unharmed"));
    assert_eq!(b.framed().await, (good_there, frame(2, "unharmed")));
}

#[tokio::test]
async fn strangers_have_a_limited_number_of_places() {
    let mut b = end(200, &[199]).await;
    b.gate.set(keys(&[199]), true);
    let mut connections = Vec::new();
    for name in 0..FEW.links as u8 {
        connections.push(raw_client(name, &b).await);
        assert!(!b.opened().await.2);
    }
    let (_endpoint, one_more) = raw_client(100, &b).await;
    match timeout(DEADLINE, one_more.closed()).await.unwrap() {
        ConnectionError::ApplicationClosed(close) => assert_eq!(close.error_code, CloseReason::Busy.code()),
        other => panic!("unexpected: {other:?}"),
    }
    let (_endpoint, _known) = raw_client(199, &b).await;
    assert!(b.opened().await.2, "a known peer still has a place");

    connections.pop();
    while !matches!(b.next().await, Event::Closed { .. }) {}
    let (_endpoint, _late) = raw_client(101, &b).await;
    assert!(!b.opened().await.2, "a place that is free again is given");
}

#[tokio::test]
async fn a_crowd_that_comes_at_once_proves_its_addresses_and_gets_in() {
    let mut b = end(200, &[]).await;
    b.gate.set(keys(&[]), true);
    let mut crowd = tokio::task::JoinSet::new();
    for name in 0..FEW.links as u8 {
        let tls = Identity::new(&secret(name)).unwrap().client_tls(Some(b.key), None).unwrap();
        crowd.spawn(raw_dial(tls, b.address()));
    }
    let connections = crowd.join_all().await;
    for _ in &connections {
        b.opened().await;
    }
    assert!(connections.iter().all(|(_, connection)| connection.is_ok()));
}
