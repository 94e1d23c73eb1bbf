//! The settings that there are. `docs/settings.md` tells each of them.

use std::net::SocketAddr;
use std::time::Duration;

use asif_proto::local::{ErrorKind, Failure, QuietHours};
use asif_proto::near::nearest;

/// The address to listen on where none is set: every address of both versions of the internet protocol, a free port chosen once.
const DEFAULT_LISTEN: &str = "[::]:0";
/// The key of the address to listen on.
pub(super) const LISTEN: &str = "listen";
/// A number of one's own: kept in the clear, and nobody else's.
pub(super) const OWN_NUMBER: &str = "own-number";

/// The key of the hours in which nothing is shown.
pub(super) const QUIET_HOURS: &str = "quiet-hours";

/// The key of how long after the last request the journal locks by itself.
pub(super) const LOCK_AFTER: &str = "lock-after";

/// The key of whether devices find each other on the local network.
pub(super) const DISCOVERY: &str = "discovery";

/// The key of whether the router is asked to pass on what comes from outside.
pub(super) const PORT_MAPPING: &str = "port-mapping";

/// The most bytes of a number of one's own.
const MAX_OWN_NUMBER: usize = 200;

/// The most bytes of the words that call an editor.
const MAX_EDITOR: usize = 1024;

/// One setting: its key, its variable, its default, what it does, and what its value becomes in the file, or what is wrong with it.
pub(super) struct Known {
    pub(super) key: &'static str,
    pub(super) variable: Option<&'static str>,
    pub(super) default: &'static str,
    pub(super) help: &'static str,
    pub(super) read: fn(&str) -> Result<String, Failure>,
}

pub(super) const KNOWN: [Known; 8] = [
    Known {
        key: LISTEN,
        variable: Some("ASIF_LISTEN"),
        default: DEFAULT_LISTEN,
        help: "the address and UDP port on which your other devices and your helper reach this one; port 0 chooses a free one once and keeps it",
        read: |value| parse_listen(value).map(|_| value.to_owned()),
    },
    Known {
        key: DISCOVERY,
        variable: Some("ASIF_DISCOVERY"),
        default: "on",
        help: "whether your devices and your helper find this one on the local network, and it them; nothing is said there before the first pairing or \
               invitation; off keeps the local network quiet",
        read: read_switch,
    },
    Known {
        key: PORT_MAPPING,
        variable: Some("ASIF_PORT_MAPPING"),
        default: "off",
        help: "whether the router is asked to pass on what comes from outside, so that your other devices and your helper reach this one from anywhere; \
               off asks it nothing",
        read: read_switch,
    },
    Known {
        key: "country",
        variable: None,
        default: "",
        help: "the country whose numbers asif crisis shows: two letters, like GB; without it, what your language settings suggest",
        read: read_country,
    },
    Known {
        key: OWN_NUMBER,
        variable: None,
        default: "",
        help: "a number of your own that asif crisis shows first, with whose it is; it is kept in the clear in this file",
        read: read_own_number,
    },
    Known {
        key: QUIET_HOURS,
        variable: None,
        default: "",
        help: "the hours in which no reminder is shown, like 22:00-07:00, by the clock where this machine is; what falls into them is shown once \
               when they end; empty: none",
        read: read_quiet_hours,
    },
    Known {
        key: LOCK_AFTER,
        variable: None,
        default: "",
        help: "so long after the last command a journal with a passphrase locks by itself, like 15m or 1h; the machine's sleep counts; empty: it does not",
        read: read_lock_after,
    },
    Known {
        key: "editor",
        variable: None,
        default: "",
        help: "the editor in which asif opens a text, with its arguments; without it, what VISUAL or EDITOR name, or one that is there",
        read: read_editor,
    },
];

/// The setting of this name.
pub(super) fn find(key: &str) -> Result<&'static Known, Failure> {
    KNOWN.iter().find(|known| known.key == key).ok_or_else(|| {
        Failure::new(ErrorKind::Usage, format!("there is no setting called {key:?}"))
            .hint(format!("did you mean: {}?  see all with: asif config list", nearest_to(key)))
    })
}

/// The nearest name of a setting.
pub(super) fn nearest_to(key: &str) -> &'static str {
    nearest(key, KNOWN.iter().map(|known| known.key), 1).first().copied().unwrap_or_default()
}

pub(super) fn parse_listen(value: &str) -> Result<SocketAddr, Failure> {
    value.parse().map_err(|_| {
        Failure::new(ErrorKind::Usage, format!("{value:?} is not an address to listen on"))
            .hint("use an IP address and a port, like [::]:0, 127.0.0.1:4433 or 0.0.0.0:4433")
    })
}

/// `on` or `off`.
fn read_switch(value: &str) -> Result<String, Failure> {
    let word = value.trim().to_ascii_lowercase();
    if matches!(word.as_str(), "on" | "off") {
        return Ok(word);
    }
    Err(Failure::new(ErrorKind::Usage, format!("{value:?} is neither on nor off")).hint("use on, or off"))
}

/// Two letters, in capitals. Whether there is such a country, nobody asks: one without a number of its own is shown the others.
fn read_country(value: &str) -> Result<String, Failure> {
    let letters = value.trim().to_ascii_uppercase();
    if letters.len() == 2 && letters.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(letters);
    }
    Err(Failure::new(ErrorKind::Usage, format!("{value:?} is not a country")).hint("use its two letters, like GB, IE, US, CA, AU or NZ"))
}

fn read_quiet_hours(value: &str) -> Result<String, Failure> {
    let hours = value.trim();
    if hours.is_empty() {
        return Ok(String::new());
    }
    let read = hours.parse().map(|hours: QuietHours| hours.to_string());
    read.map_err(|error| Failure::new(ErrorKind::Usage, error.to_string()).hint("use 22:00-07:00, or \"\" for none"))
}

/// `15m`, `1h`: from a minute to a week.
pub(super) fn minutes(value: &str) -> Option<Duration> {
    let (number, unit) = value.trim().split_at_checked(value.trim().len().checked_sub(1)?)?;
    let unit = match unit {
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let seconds = number.parse::<u64>().ok()?.checked_mul(unit)?;
    (60..=7 * 86_400).contains(&seconds).then(|| Duration::from_secs(seconds))
}

fn read_lock_after(value: &str) -> Result<String, Failure> {
    let value = value.trim();
    if value.is_empty() || minutes(value).is_some() {
        return Ok(value.to_owned());
    }
    Err(Failure::new(ErrorKind::Usage, format!("{value:?} is no time after which to lock"))
        .hint("use minutes or hours, like 15m or 1h, or \"\" for never"))
}

fn read_editor(value: &str) -> Result<String, Failure> {
    let line = value.trim();
    if line.is_empty() || line.chars().any(char::is_control) || line.len() > MAX_EDITOR {
        let message = format!("an editor is called by one line with something on it, of at most {MAX_EDITOR} bytes");
        return Err(Failure::new(ErrorKind::Usage, message).hint("for example: asif config set editor \"nano -w\""));
    }
    Ok(line.to_owned())
}

fn read_own_number(value: &str) -> Result<String, Failure> {
    let line = value.trim();
    if line.is_empty() || line.chars().any(char::is_control) || line.len() > MAX_OWN_NUMBER {
        let message = format!("a number of your own is one line with something on it, of at most {MAX_OWN_NUMBER} bytes");
        return Err(Failure::new(ErrorKind::Usage, message).hint("say whose it is too: asif config set own-number \"Sam, 07...\""));
    }
    Ok(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_the_settings_tells_each_with_its_variable_and_default() {
        let page = include_str!("../../../../docs/settings.md");
        let rows: Vec<Vec<&str>> = page
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
            .filter(|row: &Vec<&str>| row.len() == 4)
            .collect();
        let code = |text: &str| format!("`{text}`");
        let told: Vec<_> = rows.iter().map(|row| [row[0].to_owned(), row[2].to_owned(), row[3].to_owned()]).collect();
        let there: Vec<_> = KNOWN
            .iter()
            .map(|known| {
                let default = if known.default.is_empty() { "nothing".to_owned() } else { code(known.default) };
                [code(known.key), default, known.variable.map_or("none".to_owned(), code)]
            })
            .collect();
        assert_eq!(told, there, "docs/settings.md tells other settings than there are");
    }

    #[test]
    fn every_default_is_a_value_that_would_be_taken() {
        for known in KNOWN.iter().filter(|known| !known.default.is_empty()) {
            assert_eq!((known.read)(known.default).as_deref(), Ok(known.default));
        }
    }
}
