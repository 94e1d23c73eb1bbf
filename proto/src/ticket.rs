//! Tickets: what one person hands another so that two devices meet.
//!
//! ```text
//! bech32m, human-readable part "asif"
//! version u8 · role u8 (1 device, 2 helper) · link key 32 · secret 16 · addresses, each: family u8 (4|6) · ip 4|16 · port u16
//! ```
//!
//! A ticket pins the giver's link key and proves that its holder was given it. One use, one day.

mod mailbox;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use bech32::{Bech32m, Hrp};
use serde::{Deserialize, Serialize};

use crate::id::LinkKey;

pub use mailbox::MailboxTicket;

const HRP: Hrp = Hrp::parse_unchecked("asif");
const VERSION: u8 = 1;
/// The most addresses in a ticket.
pub const MAX_ADDRESSES: usize = 4;

/// What the holder of a ticket, or of a code, may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TicketRole {
    /// One more device of the same person.
    Device,
    /// A helper under one grant.
    Helper,
}

/// A parsed ticket.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    /// What its holder may become.
    pub role: TicketRole,
    /// The giver's link key.
    pub link_key: LinkKey,
    /// What its holder proves to know.
    pub secret: [u8; 16],
    /// Where the giver listened, at most [`MAX_ADDRESSES`].
    pub addresses: Vec<SocketAddr>,
}

/// Why a text is not a ticket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Not bech32m, or a letter was mistyped.
    #[error("this is not a ticket, or a letter of it is wrong or missing")]
    Malformed,
    /// A ticket of a later program.
    #[error("this ticket was made by a newer asif (version {0}); update this one")]
    Version(u8),
}

impl Ticket {
    /// Which ticket this is, without telling its secret.
    pub fn id(&self) -> [u8; 8] {
        ticket_id(&self.secret)
    }
}

/// Which ticket a secret belongs to, without telling the secret.
pub fn ticket_id(secret: &[u8; 16]) -> [u8; 8] {
    let hash = blake3::derive_key("asif ticket id v1", secret);
    let mut id = [0; 8];
    id.copy_from_slice(&hash[..8]);
    id
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({:?})", self.role)
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![VERSION, if self.role == TicketRole::Device { 1 } else { 2 }];
        bytes.extend_from_slice(self.link_key.as_bytes());
        bytes.extend_from_slice(&self.secret);
        for address in self.addresses.iter().take(MAX_ADDRESSES) {
            match address.ip() {
                IpAddr::V4(ip) => {
                    bytes.push(4);
                    bytes.extend_from_slice(&ip.octets());
                }
                IpAddr::V6(ip) => {
                    bytes.push(6);
                    bytes.extend_from_slice(&ip.octets());
                }
            }
            bytes.extend_from_slice(&address.port().to_be_bytes());
        }
        bech32::encode_to_fmt::<Bech32m, _>(f, HRP, &bytes).map_err(|_| fmt::Error)
    }
}

impl FromStr for Ticket {
    type Err = TicketError;
    fn from_str(text: &str) -> Result<Self, TicketError> {
        let checked = bech32::primitives::decode::CheckedHrpstring::new::<Bech32m>(text.trim()).map_err(|_| TicketError::Malformed)?;
        if checked.hrp() != HRP {
            return Err(TicketError::Malformed);
        }
        let bytes: Vec<u8> = checked.byte_iter().collect();
        parse(&bytes)
    }
}

fn parse(bytes: &[u8]) -> Result<Ticket, TicketError> {
    let malformed = TicketError::Malformed;
    let (&version, rest) = bytes.split_first().ok_or(malformed.clone())?;
    if version != VERSION {
        return Err(TicketError::Version(version));
    }
    let (&role, rest) = rest.split_first().ok_or(malformed.clone())?;
    let role = match role {
        1 => TicketRole::Device,
        2 => TicketRole::Helper,
        _ => return Err(malformed),
    };
    let (link_key, rest) = rest.split_first_chunk::<32>().ok_or(malformed.clone())?;
    let (secret, mut rest) = rest.split_first_chunk::<16>().ok_or(malformed.clone())?;
    let mut addresses = Vec::new();
    while let Some((&family, after)) = rest.split_first() {
        let (ip, after) = match family {
            4 => after.split_first_chunk::<4>().map(|(ip, rest)| (IpAddr::V4(Ipv4Addr::from(*ip)), rest)),
            6 => after.split_first_chunk::<16>().map(|(ip, rest)| (IpAddr::V6(Ipv6Addr::from(*ip)), rest)),
            _ => None,
        }
        .ok_or(malformed.clone())?;
        let (port, after) = after.split_first_chunk::<2>().ok_or(malformed.clone())?;
        addresses.push(SocketAddr::new(ip, u16::from_be_bytes(*port)));
        rest = after;
    }
    if addresses.len() > MAX_ADDRESSES {
        return Err(malformed);
    }
    Ok(Ticket { role, link_key: LinkKey(*link_key), secret: *secret, addresses })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            role: TicketRole::Helper,
            link_key: LinkKey([3; 32]),
            secret: [9; 16],
            addresses: vec!["127.0.0.1:4433".parse().unwrap(), "[::1]:4433".parse().unwrap()],
        }
    }

    #[test]
    fn a_ticket_comes_back() {
        let text = ticket().to_string();
        assert!(text.starts_with("asif1"), "{text}");
        assert_eq!(text.parse::<Ticket>().unwrap(), ticket());
        assert_eq!(text.to_uppercase().parse::<Ticket>().unwrap(), ticket());
    }

    #[test]
    fn every_changed_letter_is_noticed() {
        let text = ticket().to_string();
        for at in 5..text.len() {
            let mut letters: Vec<char> = text.chars().collect();
            letters[at] = if letters[at] == 'q' { 'p' } else { 'q' };
            let wrong: String = letters.into_iter().collect();
            assert_eq!(wrong.parse::<Ticket>(), Err(TicketError::Malformed), "letter {at}");
        }
        assert_eq!("asif1".parse::<Ticket>(), Err(TicketError::Malformed));
        assert_eq!("hello".parse::<Ticket>(), Err(TicketError::Malformed));
    }

    #[test]
    fn a_later_version_is_named() {
        assert_eq!(parse(&[2, 1]), Err(TicketError::Version(2)));
        assert_eq!(parse(&[]), Err(TicketError::Malformed));
    }

    #[test]
    fn a_ticket_tells_nothing_in_debug() {
        assert_eq!(format!("{:?}", ticket()), "Ticket(Helper)");
    }
}
