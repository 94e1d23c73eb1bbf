//! Tickets of mailboxes: what whoever runs one gives to somebody who is to keep something there.
//!
//! ```text
//! bech32m, human-readable part "asifbox"
//! version u8 = 1 · link key 32 · secret 16 · places, at most 4, each: length u16 · text
//! ```
//!
//! One use. A place is a name or an address, and a port.

use std::fmt;
use std::str::FromStr;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32m, Hrp};

use super::TicketError;
use crate::id::LinkKey;

const HRP: Hrp = Hrp::parse_unchecked("asifbox");
const VERSION: u8 = 1;
const MAX_PLACES: usize = 4;

/// A parsed ticket of a mailbox.
#[derive(Clone, PartialEq, Eq)]
pub struct MailboxTicket {
    /// The key that answers there.
    pub key: LinkKey,
    /// What its holder proves to know.
    pub secret: [u8; 16],
    /// Where it is.
    pub places: Vec<String>,
}

impl fmt::Debug for MailboxTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailboxTicket(..)")
    }
}

impl fmt::Display for MailboxTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(&self.secret);
        for place in self.places.iter().take(MAX_PLACES) {
            let length = u16::try_from(place.len()).map_err(|_| fmt::Error)?;
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(place.as_bytes());
        }
        bech32::encode_to_fmt::<Bech32m, _>(f, HRP, &bytes).map_err(|_| fmt::Error)
    }
}

impl FromStr for MailboxTicket {
    type Err = TicketError;
    fn from_str(text: &str) -> Result<Self, TicketError> {
        let checked = CheckedHrpstring::new::<Bech32m>(text.trim()).map_err(|_| TicketError::Malformed)?;
        if checked.hrp() != HRP {
            return Err(TicketError::Malformed);
        }
        let bytes: Vec<u8> = checked.byte_iter().collect();
        match bytes.split_first() {
            Some((&VERSION, rest)) => parse(rest).ok_or(TicketError::Malformed),
            Some((version, _)) => Err(TicketError::Version(*version)),
            None => Err(TicketError::Malformed),
        }
    }
}

fn parse(bytes: &[u8]) -> Option<MailboxTicket> {
    let (key, rest) = bytes.split_first_chunk::<32>()?;
    let (secret, mut rest) = rest.split_first_chunk::<16>()?;
    let mut places = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let (place, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        places.push(String::from_utf8(place.to_vec()).ok().filter(|place| !place.is_empty() && !place.chars().any(char::is_control))?);
        rest = after;
    }
    (rest.is_empty() && (1..=MAX_PLACES).contains(&places.len())).then_some(MailboxTicket { key: LinkKey(*key), secret: *secret, places })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::Ticket;

    fn ticket() -> MailboxTicket {
        MailboxTicket { key: LinkKey([3; 32]), secret: [9; 16], places: vec!["mail.example.org:4433".into(), "[2001:db8::1]:4433".into()] }
    }

    #[test]
    fn a_ticket_comes_back_and_is_not_taken_for_another() {
        let text = ticket().to_string();
        assert!(text.starts_with("asifbox1"), "{text}");
        assert_eq!(text.parse::<MailboxTicket>().unwrap(), ticket());
        assert_eq!(text.parse::<Ticket>(), Err(TicketError::Malformed));
        for at in 8..text.len() {
            let mut letters: Vec<char> = text.chars().collect();
            letters[at] = if letters[at] == 'q' { 'p' } else { 'q' };
            let wrong: String = letters.into_iter().collect();
            assert_eq!(wrong.parse::<MailboxTicket>(), Err(TicketError::Malformed), "letter {at}");
        }
        assert_eq!(format!("{:?}", ticket()), "MailboxTicket(..)");
    }

    #[test]
    fn one_without_a_place_is_none() {
        for places in [vec![], vec![String::new()], vec!["a\nb:1".into()]] {
            let text = MailboxTicket { places, ..ticket() }.to_string();
            assert_eq!(text.parse::<MailboxTicket>(), Err(TicketError::Malformed));
        }
    }
}
