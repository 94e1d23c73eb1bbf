//! Who may talk to whom, and how little of it shows.

use std::sync::{Arc, Mutex};

use quinn::crypto::rustls::HandshakeData;
use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::crypto::aws_lc_rs::kx_group;
use rustls::pki_types::ServerName;

use super::*;

/// The next that `a` hears of `link` is that it is refused: before it opened, or, since TLS lets the dialler finish first, right after.
async fn refused(a: &mut End, link: LinkId) {
    match a.next().await {
        Event::Opened { link: opened, .. } => {
            assert_eq!(opened, link);
            assert_eq!(a.closed().await, (link, Closed::Refused));
        }
        other => assert_eq!(dial_failed(other), (link, DialError::Refused)),
    }
}

#[tokio::test]
async fn an_unknown_key_is_refused_and_hears_it_at_once() {
    let (mut a, mut b) = (end(1, &[2]).await, end(2, &[3]).await);
    let link = a.dial(0, &b);
    refused(&mut a, link).await;
    assert!(b.events.try_recv().is_err(), "the refusing side made no link of it");

    let (_endpoint, raw) = raw_client(1, &b).await;
    let error = timeout(DEADLINE, raw.closed()).await.unwrap();
    assert!(matches!(error, quinn::ConnectionError::ConnectionClosed(_)), "TLS itself refused it: {error:?}");

    // The same gate still lets in who is known, so the refusal was about the key.
    let mut c = end(3, &[2]).await;
    super::link(&mut c, 0, &mut b).await;
}

#[tokio::test]
async fn a_stranger_is_let_in_while_an_invitation_is_open() {
    let (mut a, mut b) = (end(1, &[2]).await, end(2, &[]).await);
    b.gate.set(keys(&[]), true);
    a.dial(0, &b);
    assert!(a.opened().await.2, "the dialler knows whom it dialled");
    let (_, peer, known, _) = b.opened().await;
    assert_eq!((peer, known), (a.key, false));

    b.gate.set(keys(&[]), false);
    let late = a.dial(1, &b);
    refused(&mut a, late).await;
}

#[tokio::test]
async fn a_removed_key_fails_its_next_handshake() {
    let (mut a, mut b) = (end(1, &[2]).await, end(2, &[1]).await);
    let (here, there) = link(&mut a, 0, &mut b).await;
    a.close(here, CloseReason::Done);
    assert_eq!(a.closed().await, (here, Closed::Here(CloseReason::Done)));
    assert_eq!(b.closed().await, (there, Closed::There(CloseReason::Done)));

    b.gate.set(keys(&[]), false);
    let again = a.dial(1, &b);
    refused(&mut a, again).await;
    assert!(b.events.try_recv().is_err());
}

#[tokio::test]
async fn a_dialler_does_not_take_another_key_than_it_dialled() {
    let (mut a, mut b) = (end(1, &[2, 3]).await, end(2, &[1]).await);
    let link = LinkId::dialled(0);
    a.net.command(Command::Dial { link, peer: Some(key(3)), addresses: vec![b.address()], names: Vec::new(), shows: None });
    assert_eq!(a.not_opened().await, (link, DialError::WrongKey));
    assert!(b.events.try_recv().is_err());

    let link = LinkId::dialled(1);
    a.net.command(Command::Dial { link, peer: None, addresses: vec![b.address()], names: Vec::new(), shows: None });
    assert_eq!(a.opened().await.1, b.key, "any key passes where none is named, and its name is told");
    b.opened().await;
}

#[tokio::test]
async fn a_key_cannot_be_shown_by_whoever_does_not_hold_it() {
    let mut b = end(2, &[1]).await;
    // The public half of a key that b knows, with another's signatures.
    let thief = Identity::new(&secret(9)).unwrap().with_public_half_of(&secret(1));
    let (_endpoint, connection) = raw_dial(thief.client_tls(Some(b.key), None).unwrap(), b.address()).await;
    let error = match connection {
        Ok(connection) => timeout(DEADLINE, connection.closed()).await.unwrap(),
        Err(error) => error,
    };
    assert_eq!(Closed::from_error(&error), Closed::Refused);
    assert!(b.events.try_recv().is_err());

    let liar = raw_server(&Identity::new(&secret(9)).unwrap().with_public_half_of(&secret(3)), &[2]);
    let link = LinkId::dialled(0);
    b.net.command(Command::Dial { link, peer: Some(key(3)), addresses: vec![liar.local_addr().unwrap()], names: Vec::new(), shows: None });
    let incoming = liar.accept().await.unwrap();
    assert!(incoming.await.is_err());
    assert_eq!(b.not_opened().await, (link, DialError::Handshake));
}

#[tokio::test]
async fn only_the_hybrid_key_exchange_is_spoken() {
    let mut b = end(2, &[1]).await;
    for group in [kx_group::X25519, kx_group::SECP256R1, kx_group::MLKEM768] {
        let identity = Identity::new(&secret(1)).unwrap().with_groups(vec![group]);
        let (_endpoint, connection) = raw_dial(identity.client_tls(Some(b.key), None).unwrap(), b.address()).await;
        assert!(connection.is_err(), "{:?} was taken by the acceptor", group.name());

        let server = raw_server(&Identity::new(&secret(1)).unwrap().with_groups(vec![group]), &[2]);
        let link = LinkId::dialled(0);
        b.net.command(Command::Dial {
            link,
            peer: Some(key(1)),
            addresses: vec![server.local_addr().unwrap()],
            names: Vec::new(),
            shows: None,
        });
        assert!(server.accept().await.unwrap().await.is_err());
        assert_eq!(b.not_opened().await, (link, DialError::Handshake));
    }
    let hybrid = Identity::new(&secret(1)).unwrap().with_groups(vec![kx_group::X25519MLKEM768]);
    assert_eq!(kx_group::X25519MLKEM768.name(), NamedGroup::X25519MLKEM768);
    let (_endpoint, connection) = raw_dial(hybrid.client_tls(Some(b.key), None).unwrap(), b.address()).await;
    assert!(connection.is_ok());
}

#[tokio::test]
async fn the_first_packet_names_no_server_and_no_product() {
    let a = end(1, &[2]).await;
    let server = raw_server(&Identity::new(&secret(2)).unwrap(), &[1]);
    a.net.command(Command::Dial {
        link: LinkId::dialled(0),
        peer: Some(key(2)),
        addresses: vec![server.local_addr().unwrap()],
        names: Vec::new(),
        shows: None,
    });
    let connection = timeout(DEADLINE, server.accept().await.unwrap().into_future()).await.unwrap().unwrap();
    let hello = connection.handshake_data().unwrap().downcast::<HandshakeData>().unwrap();
    assert_eq!(hello.server_name, None);
    assert_eq!(hello.protocol.as_deref(), Some(b"peer/1".as_slice()));
}

#[tokio::test]
async fn both_ends_share_an_exporter_that_no_other_link_has() {
    let (mut a, mut b) = (end(1, &[2]).await, end(2, &[1]).await);
    let mut seen = Vec::new();
    for n in 0..2 {
        let link = a.dial(n, &b);
        let (here, there) = (a.opened().await.3, b.opened().await.3);
        assert_eq!(here, there);
        assert!(!seen.contains(&here) && here != Exporter([0; 32]));
        assert_eq!(format!("{here:?}"), "Exporter(..)");
        seen.push(here);
        a.close(link, CloseReason::Done);
        a.closed().await;
        b.closed().await;
    }
}

#[tokio::test]
async fn no_ticket_is_given_out_to_come_back_with() {
    let mut b = end(2, &[1]).await;
    let store = Arc::new(Tickets::default());
    let mut tls = Identity::new(&secret(1)).unwrap().client_tls(Some(b.key), None).unwrap();
    tls.resumption = Resumption::store(store.clone());
    tls.enable_early_data = true;
    let (_endpoint, connection) = raw_dial(tls, b.address()).await;
    let (mut send, mut receive) = connection.unwrap().open_bi().await.unwrap();
    send.write_all(&frame(1, "hello").to_bytes()).await.unwrap();
    let (link, ..) = b.opened().await;
    b.framed().await;
    b.send(link, frame(2, "welcome"));
    let mut answer = vec![0; frame(2, "welcome").to_bytes().len()];
    timeout(DEADLINE, receive.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(*store.0.lock().unwrap(), 0);
}

/// Counts the tickets that a server hands out.
#[derive(Debug, Default)]
struct Tickets(Mutex<usize>);

impl ClientSessionStore for Tickets {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}
    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }
    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}
    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }
    fn remove_tls12_session(&self, _: &ServerName<'static>) {}
    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {
        *self.0.lock().unwrap() += 1;
    }
    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}
