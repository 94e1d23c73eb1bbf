//! Whoever is not known gets nothing, and takes nothing away from those who are.

use std::io::{Read, Write};
use std::net::UdpSocket;
use std::os::unix::net::UnixStream;

use asif_proto::local::{MAX_CLIENTS, Reply, Request};
use asif_proto::ticket::Ticket;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Home, eventually};
use crate::socket::Socket;

#[test]
fn a_flood_of_garbage_does_not_disturb_those_who_are_known() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    let (pid, address) = (laptop.pid(), laptop.address());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for round in 0..20_000u32 {
        let mut packet = vec![0; 1 + (rng.next_u32() % 1400) as usize];
        rng.fill_bytes(&mut packet);
        if round % 2 == 0 {
            // What looks like the first packet of a connection, of the version in use.
            let head = [0xc0 | (packet[0] & 0x0f), 0, 0, 0, 1, 8];
            let len = head.len().min(packet.len());
            packet[..len].copy_from_slice(&head[..len]);
            packet.resize(1200, 0);
        }
        // A full buffer at the other end is what a flood is.
        let _ = socket.send_to(&packet, address);
        if round % 4000 == 0 {
            laptop.log(&[]);
        }
    }
    laptop.sync();
    assert_eq!((laptop.pid(), laptop.list().len()), (pid, 5));
    assert_eq!(desktop.list(), laptop.list());
}

#[test]
fn a_stranger_is_not_let_in_without_an_open_ticket() {
    let laptop = Home::robin();
    let used = laptop.device_ticket();
    let desktop = Home::new();
    desktop.ok(&["device", "join", &used]);
    laptop.log(&["--note", "mine"]);
    let mut forged: Ticket = used.parse().unwrap();
    forged.secret = [7; 16];
    let stranger = Home::new();
    for ticket in [used, forged.to_string()] {
        let ran = stranger.run(&["device", "join", &ticket]);
        assert!(matches!(ran.code, Some(7 | 8)), "{ran:?}");
    }
    assert_eq!(stranger.json(&["status"])["initialised"], json!(false));
    assert_eq!(laptop.json(&["device", "list"]).as_array().unwrap().len(), 2);
    laptop.sync();
    assert_eq!(desktop.list(), laptop.list());
}

#[test]
fn garbage_on_the_local_socket_ends_only_that_connection() {
    let home = Home::robin();
    let pid = home.pid();
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 64], b"\0\x02\0\0\0\x02{}", b"\0\x02\0\0\0\x05nonse", &[0, 2, 0, 0]] {
        let mut stream = UnixStream::connect(home.socket()).unwrap();
        stream.write_all(garbage).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut said = Vec::new();
        // It says hello, perhaps what is wrong, and ends.
        match stream.read_to_end(&mut said) {
            Ok(_) => assert!(!said.is_empty()),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    }
    home.log(&[]);
    assert_eq!((home.pid(), home.list().len()), (pid, 1));
}

#[test]
fn more_clients_than_are_served_are_told_so_and_the_next_one_is_served() {
    let home = Home::robin();
    let mut clients: Vec<Socket> = (0..MAX_CLIENTS).map(|_| Socket::open(&home)).collect();
    let refused = home.run(&["list"]);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert!(refused.stderr.contains("64 commands at once"), "{refused:?}");
    assert!(matches!(clients[63].reply(Uuid::now_v7(), Request::Status), Reply::Status(_)), "those who are in are served");
    drop(clients);
    eventually("it serves again", || (home.run(&["list"]).code == Some(0)).then_some(()));
}
