//! What comes while another person or device is awaited, and how a sync went.

use asif_proto::local::{CodeEnd, Event, Progress, Synced};
use jiff::Timestamp;

use super::{Screen, reach, time};

/// Letters of the bar that shows how much has arrived.
const WIDTH: u64 = 24;

/// One event, which is told `now`.
pub fn event(screen: &mut Screen, event: &Event, now: Timestamp) {
    match event {
        Event::Invited { code, ticket, expires_at, codes_locked_until, .. } => {
            match (code, codes_locked_until) {
                (Some(code), _) => screen.line(&format!("Code    {code}   (10 min, one try), or the ticket:")),
                (None, Some(until)) => {
                    let until = time::clock(*until, &screen.zone);
                    screen.line(&format!("No code until {until}: three wrong ones came. Tickets are as good as ever:"));
                }
                (None, None) => {}
            }
            screen.line(&format!("Ticket  {ticket}"));
            screen.line(&format!("        works once, until {}", time::instant(*expires_at, screen)));
        }
        Event::Joined { name, device } => {
            screen.line(&format!("{name} joined at {} (device {device}).", time::clock(now, &screen.zone)));
        }
        // Talk, and told where talk is.
        Event::Arriving(_) | Event::Partial(_) | Event::CodeOver { .. } => {}
    }
}

/// That a code is of no use any more, while its giver waits.
pub fn code_over(why: CodeEnd, locked_until: Option<Timestamp>, screen: &Screen) -> String {
    let over = match why {
        CodeEnd::Wrong => "Somebody tried the code and had it wrong: it is used up.",
        CodeEnd::Expired => "The code's ten minutes are over.",
        CodeEnd::Locked => "Three wrong codes came: this one is of no use any more either.",
    };
    match (locked_until, why) {
        (Some(until), _) => format!("{over} There are no codes until {}. The ticket stays good.", time::clock(until, &screen.zone)),
        (None, CodeEnd::Wrong) => format!("{over} Here is another:"),
        (None, _) => format!("{over} The ticket stays good. For another code, end this and begin again."),
    }
}

/// How much of a journal has arrived, as one line that the next one takes the place of.
pub fn arriving(progress: &Progress) -> String {
    let done = usize::try_from(progress.here * WIDTH / progress.of.max(1)).unwrap_or_default();
    let bar: String = (0..WIDTH as usize).map(|place| if place < done { '#' } else { '-' }).collect();
    format!("Arriving [{bar}] {:>3} %  sessions: {}", percent(progress), progress.sessions)
}

/// That what is told is not all there is.
pub fn partial(progress: &Progress) -> String {
    format!("The journal is still arriving: {} % of it is here, the newest first.", percent(progress))
}

fn percent(progress: &Progress) -> u64 {
    progress.here * 100 / progress.of.max(1)
}

/// How a sync went.
pub fn synced(screen: &mut Screen, synced: &Synced, waited: bool) {
    if synced.peers.is_empty() && synced.unreached.is_empty() {
        screen.line(if waited { "Nobody else holds any of this yet: nothing to bring up to date." } else { "Started." });
        return;
    }
    for peer in &synced.peers {
        let way = synced.reached.get(peer).map(|reached| format!(", reached {}", reach::way(reached))).unwrap_or_default();
        screen.line(&format!("{peer} is up to date{way}"));
    }
    for (peer, reason) in &synced.unreached {
        screen.line(&match waited {
            true => format!("{peer}: {reason}"),
            false => format!("{peer} is being tried (asif sync --wait tells how it went)"),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_much_has_arrived_is_one_line_of_one_width() {
        let at = |here| arriving(&Progress { here, of: 8, sessions: 40 });
        assert_eq!(at(0), "Arriving [------------------------]   0 %  sessions: 40");
        assert_eq!(at(3), "Arriving [#########---------------]  37 %  sessions: 40");
        assert_eq!(at(8), "Arriving [########################] 100 %  sessions: 40");
        assert_eq!(
            partial(&Progress { here: 1, of: 3, sessions: 2 }),
            "The journal is still arriving: 33 % of it is here, the newest first."
        );
    }
}
