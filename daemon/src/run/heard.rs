//! What the network and other programs of this machine tell, as inputs of the core.

use std::collections::VecDeque;

use crate::dbus::keychain::{Secret, Told as ToldByKeychain, Wanted};
use crate::net::{CloseReason, Closed, DialError, Event, LinkId as NetLink};
use crate::replica::effect::{Exporter, Input, KeychainAsk, LinkId};
use crate::seal::keys::{KEY_LEN, KeychainSecret};
use zeroize::Zeroizing;

/// Bytes of frames that are carried out together, about: each is copied a few times on its way to the disk.
pub(super) const BYTES_TOGETHER: usize = 4 << 20;

/// Bytes of the frames among these inputs.
pub(super) fn bytes(inputs: &VecDeque<Input>) -> usize {
    let len = |input: &Input| if let Input::Frame { frame, .. } = input { frame.bytes.len() } else { 0 };
    inputs.iter().map(len).sum()
}

/// What the core is told of an event: what was refused or tried in vain, if anything, and then what happened.
pub(super) fn inputs(event: Event) -> impl Iterator<Item = Input> {
    let link = |link: NetLink| LinkId(link.0);
    let before = match &event {
        Event::Closed { reason: Closed::Here(reason), .. } => breach(*reason).map(|what| Input::Refused { what }),
        Event::DialFailed { link: id, tried, .. } => {
            let tried = tried.iter().map(|(address, error)| (*address, error.to_string())).collect();
            Some(Input::NotReached { link: link(*id), tried })
        }
        _ => None,
    };
    let happened = match event {
        Event::Opened { link: id, peer, address, incoming, exporter, .. } => {
            Some(Input::Opened { link: link(id), peer, address, incoming, exporter: Exporter(exporter.0) })
        }
        Event::Frame { link: id, frame, .. } => Some(Input::Frame { link: link(id), frame }),
        Event::Closed { link: id, reason } => {
            Some(Input::Closed { link: link(id), reason: reason.to_string(), refused: reason == Closed::Refused, busy: false })
        }
        Event::DialFailed { link: id, error, .. } => {
            let (refused, busy) = (error == DialError::Refused, error == DialError::Busy);
            Some(Input::Closed { link: link(id), reason: error.to_string(), refused, busy })
        }
        Event::Moved { link: id, address } => Some(Input::Moved { link: link(id), address }),
    };
    before.into_iter().chain(happened)
}

/// What the other end did that it may not do, where that is why this end closed the link.
fn breach(reason: CloseReason) -> Option<&'static str> {
    match reason {
        CloseReason::TooLong => Some("a frame over the limit"),
        CloseReason::Malformed => Some("a frame that was cut short"),
        CloseReason::Streams => Some("a stream that may not be opened"),
        CloseReason::Slow => Some("a frame or a beginning that took too long"),
        CloseReason::Backlog => Some("a peer that does not read what is sent to it"),
        _ => None,
    }
}

/// What was told about the desktop.
pub(super) fn desktop(told: crate::dbus::desktop::Told) -> Input {
    let words = |outcome: Result<(), crate::dbus::desktop::NotShown>| outcome.map_err(|error| error.to_string());
    match told {
        crate::dbus::desktop::Told::Shown { notice, outcome } => Input::Notified { notice, outcome: words(outcome) },
        crate::dbus::desktop::Told::Found { outcome } => Input::Desktop { outcome: words(outcome) },
    }
}

/// What the keychain is asked.
pub(super) fn wanted(ask: KeychainAsk) -> Wanted {
    match ask {
        KeychainAsk::Keep(id, secret) => Wanted::Keep(id, Zeroizing::new(secret.danger_bytes().to_vec())),
        KeychainAsk::Give(id, may_ask) => Wanted::Give(id, may_ask),
        KeychainAsk::Forget(id) => Wanted::Forget(id),
    }
}

/// What it has answered.
pub(super) fn keychain(told: ToldByKeychain) -> Input {
    let read = |secret: Secret| match <[u8; KEY_LEN]>::try_from(secret.as_slice()) {
        Ok(bytes) => Ok(KeychainSecret::from_bytes(bytes)),
        Err(_) => Err("what it gives is not what it was given".to_owned()),
    };
    let outcome = told.outcome.map_err(|error| error.to_string()).and_then(|secret| secret.map(read).transpose());
    Input::Keychain { number: told.number, outcome }
}
