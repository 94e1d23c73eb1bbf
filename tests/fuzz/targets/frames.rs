//! What comes over sockets, and tickets.

use std::fmt::Debug;

use asif_proto::frame::{Frame, HEADER_LEN, MAX_LEN, parse_header};
use asif_proto::local::{Answer, Ask, Decision, Event, Hello, Question, kind};
use asif_proto::peer::Message;
use asif_proto::ticket::{MailboxTicket, Ticket};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Frames of the local socket in both directions. What decodes comes back the same.
pub(super) fn local(bytes: &[u8]) {
    if let Some(Ok((_, len))) = bytes.first_chunk::<HEADER_LEN>().map(|header| parse_header(*header)) {
        assert!(len <= MAX_LEN);
    }
    let Ok(frames) = Frame::all(bytes) else { return };
    let again: Vec<u8> = frames.iter().flat_map(Frame::to_bytes).collect();
    assert_eq!(again, bytes);
    for frame in frames {
        match frame.kind {
            kind::HELLO => json::<Hello>(&frame.bytes),
            kind::ASK => json::<Ask>(&frame.bytes),
            kind::EVENT => json::<Event>(&frame.bytes),
            kind::QUESTION => json::<Question>(&frame.bytes),
            kind::DECISION => json::<Decision>(&frame.bytes),
            kind::ANSWER => json::<Answer>(&frame.bytes),
            _ => {}
        }
    }
}

fn json<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(bytes) else { return };
    let again = serde_json::to_vec(&value).expect("plain data encodes");
    let back: T = serde_json::from_slice(&again).expect("what was written is read");
    assert_eq!(back, value, "{}", String::from_utf8_lossy(&again));
}

/// One peer message: its kind, then its payload. What decodes comes back the same.
pub(super) fn peer(bytes: &[u8]) {
    let Some((kind, payload)) = bytes.split_first() else { return };
    let frame = Frame::new(u16::from(*kind), payload.to_vec());
    assert_eq!(Frame::from_bytes(&frame.to_bytes()).as_ref(), Ok(&frame));
    if let Ok(Some(message)) = Message::from_frame(&frame) {
        assert_eq!(Message::from_frame(&message.to_frame()), Ok(Some(message)));
    }
}

/// A ticket, or a mailbox's, as text, and one whose checksum was put right. What is one comes back the same.
pub(super) fn ticket(bytes: &[u8]) {
    let check = |text: &str| {
        if let Ok(ticket) = text.parse::<Ticket>() {
            assert_eq!(ticket.to_string().parse(), Ok(ticket));
        }
        if let Ok(ticket) = text.parse::<MailboxTicket>() {
            assert_eq!(ticket.to_string().parse(), Ok(ticket));
        }
    };
    check(&String::from_utf8_lossy(bytes));
    for hrp in ["asif", "asifbox"] {
        let hrp = bech32::Hrp::parse(hrp).expect("a part that is one");
        if let Ok(text) = bech32::encode::<bech32::Bech32m>(hrp, bytes) {
            check(&text);
        }
    }
}
