//! The ticket or code among the words of `device join` and `helper join`, read before anything else.

use std::net::SocketAddr;

use asif_proto::code::{Code, CodeError};
use asif_proto::ticket::{Ticket, TicketRole};

use crate::error::{CommandError, Outcome};

/// The ticket or code as it will be sent on, once it is known to read and, of a ticket, to be for `role`. Of a code only its giver knows what it is for.
pub fn read(text: &str, role: TicketRole) -> Outcome<String> {
    let text = text.trim();
    if Code::is_meant_by(text) {
        return text.parse().map(|code: Code| code.to_string()).map_err(|error| not_a_code(&error));
    }
    let ticket: Ticket = text
        .parse()
        .map_err(|error: asif_proto::ticket::TicketError| CommandError::usage(error.to_string(), "copy it whole; it starts with asif1"))?;
    match (ticket.role, role) {
        (TicketRole::Device, TicketRole::Helper) => Err(CommandError::usage(
            "this ticket adds one of a person's own devices; it is not an invitation to help",
            "on your own other device: asif device join TICKET",
        )),
        (TicketRole::Helper, TicketRole::Device) => {
            Err(CommandError::usage("this ticket is an invitation to help someone", "to accept it: asif helper join TICKET"))
        }
        (TicketRole::Device, TicketRole::Device) | (TicketRole::Helper, TicketRole::Helper) => Ok(text.to_owned()),
    }
}

fn not_a_code(error: &CodeError) -> CommandError {
    let hint = match error {
        CodeError::Malformed => "type it as it is shown there, with its number",
        CodeError::Word { .. } => "nothing was asked and nothing is used up: look again, or have it read once more",
    };
    CommandError::usage(error.to_string(), hint)
}

/// The address to try first, with a host's name looked up.
pub fn address(text: Option<&str>) -> Outcome<Option<String>> {
    use std::net::ToSocketAddrs;
    let Some(text) = text else { return Ok(None) };
    let found = text.to_socket_addrs().ok().and_then(preferred);
    let unclear = || CommandError::usage(format!("{text:?} is no address that can be found"), "use --at HOST:PORT, like 192.0.2.7:4433");
    found.map(|address| Some(address.to_string())).ok_or_else(unclear)
}

/// Of a host's addresses the one to try: version 4 where there is one, as machines listen there unless they are told otherwise.
fn preferred(addresses: impl Iterator<Item = SocketAddr>) -> Option<SocketAddr> {
    let addresses: Vec<_> = addresses.collect();
    addresses.iter().find(|address| address.is_ipv4()).or(addresses.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use asif_proto::id::LinkKey;

    fn ticket(role: TicketRole) -> String {
        Ticket { role, link_key: LinkKey([3; 32]), secret: [9; 16], addresses: Vec::new() }.to_string()
    }

    fn told(text: &str, role: TicketRole) -> String {
        let error = read(text, role).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let failure = error.failure().unwrap();
        format!("{}: {}", failure.message, failure.hint.unwrap())
    }

    #[test]
    fn an_address_is_looked_up_before_anything_is_asked() {
        assert_eq!(address(Some("127.0.0.1:7")).unwrap().as_deref(), Some("127.0.0.1:7"));
        assert_eq!(address(None).unwrap(), None);
        for bad in ["127.0.0.1", "lunch", "", "127.0.0.1:99999"] {
            assert_eq!(address(Some(bad)).unwrap_err().exit_code(), 2, "{bad}");
        }
    }

    #[test]
    fn of_a_hosts_addresses_that_of_version_4_is_tried() {
        let found = |addresses: &[&str]| preferred(addresses.iter().map(|one| one.parse().unwrap())).map(|one| one.to_string());
        assert_eq!(found(&["[::1]:7", "127.0.0.1:7", "127.0.0.2:7"]).as_deref(), Some("127.0.0.1:7"));
        assert_eq!(found(&["[::1]:7"]).as_deref(), Some("[::1]:7"));
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn a_ticket_for_the_other_command_names_that_command() {
        let (device, helper) = (ticket(TicketRole::Device), ticket(TicketRole::Helper));
        assert_eq!(read(&device, TicketRole::Device).unwrap(), device);
        assert_eq!(read(&helper, TicketRole::Helper).unwrap(), helper);
        assert!(told(&device, TicketRole::Helper).contains("asif device join"));
        assert!(told(&helper, TicketRole::Device).contains("asif helper join"));
    }

    #[test]
    fn a_code_is_read_however_it_is_typed_and_a_slip_is_told_before_it_is_used_up() {
        for role in [TicketRole::Device, TicketRole::Helper] {
            assert_eq!(read(" 7 Harbour violin KETTLE ", role).unwrap(), "7-harbour-violin-kettle");
        }
        assert!(told("7-harbour-violin-ketle", TicketRole::Device).contains("did you mean: kettle?"));
        assert!(told("7-harbour-violin", TicketRole::Device).contains("not a code"));
        assert!(told("asif1qqqq", TicketRole::Helper).contains("not a ticket"));
    }
}
