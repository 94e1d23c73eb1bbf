//! The arguments of `asifd mailbox`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::Usage;

/// Where a mailbox listens unless it is told otherwise: on every address, at this port.
const LISTEN: &str = "[::]:4433";
/// What somebody may keep unless it is said otherwise.
const QUOTA: u64 = 1 << 30;
/// A ticket is good for so long unless it is said otherwise.
const DAYS: u64 = 7;
const DAY: u64 = 86_400;

/// What `asifd mailbox` was asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxCommand {
    /// Where it keeps what it is given.
    pub store: Place,
    /// For programs: one line of JSON.
    pub json: bool,
    /// What.
    pub what: MailboxWhat,
}

/// As above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailboxWhat {
    /// Serve.
    Run {
        /// Where.
        listen: SocketAddr,
        /// Where it tells how it is, on this machine.
        metrics: Option<SocketAddr>,
    },
    /// Give somebody a ticket.
    Invite {
        /// What they are called here.
        name: String,
        /// What they may keep, in bytes.
        quota: u64,
        /// How long the ticket is good.
        good_for: Duration,
        /// Where people reach the mailbox; empty: as it was said last.
        at: Vec<String>,
    },
    /// Tell who keeps something.
    List,
    /// Remove somebody, with all that they keep.
    Remove {
        /// What they are called here, or the end of their id.
        name: String,
        /// Without asking.
        yes: bool,
    },
}

/// Where a mailbox keeps things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the usual folder.
    Default,
    /// In this folder.
    Directory(PathBuf),
    /// In a bucket, as `s3://bucket/prefix`.
    Bucket(String),
}

/// Reads what comes after `mailbox`.
pub(super) fn parse(args: impl Iterator<Item = OsString>) -> Result<Option<MailboxCommand>, Usage> {
    let mut args = Args(args.collect());
    let Some(verb) = args.0.first().cloned() else { return Err(Usage::MailboxMissing) };
    args.0.remove(0);
    if ["--help", "-h", "help"].iter().any(|help| verb == *help) || args.flag("--help") || args.flag("-h") {
        return Ok(None);
    }
    let store = match args.value("--store")? {
        None => Place::Default,
        Some(text) if text.starts_with("s3://") => Place::Bucket(text),
        Some(text) => Place::Directory(text.into()),
    };
    let json = args.flag("--json");
    let what = match verb.to_str() {
        Some("run") => {
            MailboxWhat::Run { listen: args.address("--listen")?.unwrap_or(default_listen()), metrics: args.local("--metrics")? }
        }
        Some("invite") => MailboxWhat::Invite {
            quota: args.value("--quota")?.map_or(Ok(QUOTA), |text| size(&text))?,
            good_for: Duration::from_secs(DAY * args.value("--days")?.map_or(Ok(DAYS), |text| days(&text))?),
            at: args.values("--at")?,
            name: args.word("the name of whoever it is for")?,
        },
        Some("list") => MailboxWhat::List,
        Some("remove") => MailboxWhat::Remove { yes: args.flag("--yes"), name: args.word("the name of whoever is to go")? },
        _ => return Err(Usage::Unknown(verb)),
    };
    match args.0.into_iter().next() {
        Some(more) => Err(Usage::Unknown(more)),
        None => Ok(Some(MailboxCommand { store, json, what })),
    }
}

fn default_listen() -> SocketAddr {
    #[expect(clippy::expect_used, reason = "a constant that a test reads")]
    LISTEN.parse().expect("an address")
}

struct Args(Vec<OsString>);

impl Args {
    fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|one| one != name);
        self.0.len() < before
    }

    fn value(&mut self, name: &'static str) -> Result<Option<String>, Usage> {
        Ok(self.values(name)?.pop())
    }

    /// Every value of an option that may come several times, as `--name value` or `--name=value`.
    fn values(&mut self, name: &'static str) -> Result<Vec<String>, Usage> {
        let mut values = Vec::new();
        let mut rest = Vec::new();
        let mut args = std::mem::take(&mut self.0).into_iter();
        while let Some(arg) = args.next() {
            let joined = arg.to_str().and_then(|text| text.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
            match joined {
                Some(value) => values.push(value),
                None if arg == name => {
                    let value = args.next().ok_or(Usage::NoValue(name))?;
                    values.push(value.into_string().map_err(Usage::Unknown)?);
                }
                None => rest.push(arg),
            }
        }
        self.0 = rest;
        Ok(values)
    }

    fn address(&mut self, name: &'static str) -> Result<Option<SocketAddr>, Usage> {
        let Some(text) = self.value(name)? else { return Ok(None) };
        let address =
            text.parse().map_err(|_| Usage::Value { name, text, wanted: "an address and a port, as in 0.0.0.0:4433 or [::]:4433" })?;
        Ok(Some(address))
    }

    fn local(&mut self, name: &'static str) -> Result<Option<SocketAddr>, Usage> {
        match self.address(name)? {
            Some(address) if !address.ip().is_loopback() => {
                Err(Usage::Value { name, text: address.to_string(), wanted: "an address of this machine alone, as in 127.0.0.1:9433" })
            }
            address => Ok(address),
        }
    }

    fn word(&mut self, what: &'static str) -> Result<String, Usage> {
        let at = self.0.iter().position(|arg| !arg.to_string_lossy().starts_with('-')).ok_or(Usage::Word(what))?;
        let word = self.0.remove(at).into_string().map_err(Usage::Unknown)?;
        let is_good = !word.trim().is_empty() && word.len() <= 128 && !word.chars().any(char::is_control);
        if is_good { Ok(word) } else { Err(Usage::Word(what)) }
    }
}

/// As in 500M, 2G or 1048576.
fn size(text: &str) -> Result<u64, Usage> {
    let wrong = || Usage::Value { name: "--quota", text: text.to_owned(), wanted: "a size, as in 500M or 2G" };
    let (digits, unit) = match text.char_indices().find(|(_, letter)| !letter.is_ascii_digit()) {
        Some((at, _)) => text.split_at(at),
        None => (text, ""),
    };
    let unit: u64 = match unit.to_ascii_uppercase().as_str() {
        "" => 1,
        "K" | "KB" | "KIB" => 1 << 10,
        "M" | "MB" | "MIB" => 1 << 20,
        "G" | "GB" | "GIB" => 1 << 30,
        "T" | "TB" | "TIB" => 1 << 40,
        _ => return Err(wrong()),
    };
    digits.parse::<u64>().ok().and_then(|count| count.checked_mul(unit)).filter(|size| *size >= 1 << 20).ok_or_else(wrong)
}

fn days(text: &str) -> Result<u64, Usage> {
    let wrong = || Usage::Value { name: "--days", text: text.to_owned(), wanted: "a number of days from 1 to 365" };
    text.parse().ok().filter(|days| (1..=365).contains(days)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<MailboxCommand>, Usage> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn what(line: &str) -> MailboxWhat {
        read(line).unwrap().unwrap().what
    }

    #[test]
    fn what_is_known_is_understood() {
        assert_eq!(what("run"), MailboxWhat::Run { listen: "[::]:4433".parse().unwrap(), metrics: None });
        let run = what("run --listen=127.0.0.1:0 --metrics 127.0.0.1:9433");
        assert_eq!(run, MailboxWhat::Run { listen: "127.0.0.1:0".parse().unwrap(), metrics: Some("127.0.0.1:9433".parse().unwrap()) });
        let invite = what("invite Robin --quota 500M --days 2 --at mail.example.org:4433 --at [2001:db8::1]:4433");
        let at = vec!["mail.example.org:4433".to_owned(), "[2001:db8::1]:4433".to_owned()];
        assert_eq!(invite, MailboxWhat::Invite { name: "Robin".into(), quota: 500 << 20, good_for: Duration::from_secs(2 * DAY), at });
        assert_eq!(what("list"), MailboxWhat::List);
        assert_eq!(what("remove Robin --yes"), MailboxWhat::Remove { name: "Robin".into(), yes: true });
        let bucket = read("list --store s3://asif/mail --json").unwrap().unwrap();
        assert_eq!((bucket.store, bucket.json), (Place::Bucket("s3://asif/mail".into()), true));
        assert_eq!(read("run --store /srv/mail").unwrap().unwrap().store, Place::Directory("/srv/mail".into()));
        assert_eq!((read("run --help"), read("help")), (Ok(None), Ok(None)));
    }

    #[test]
    fn the_rest_is_named() {
        assert_eq!(read(""), Err(Usage::MailboxMissing));
        assert_eq!(read("serve"), Err(Usage::Unknown("serve".into())));
        assert_eq!(read("list Robin"), Err(Usage::Unknown("Robin".into())));
        assert_eq!(read("run --listen"), Err(Usage::NoValue("--listen")));
        assert!(matches!(read("invite"), Err(Usage::Word(_))));
        for line in ["run --listen here", "run --metrics 0.0.0.0:9433", "invite R --quota lots", "invite R --quota 5", "invite R --days 0"]
        {
            assert!(matches!(read(line), Err(Usage::Value { .. })), "{line}");
        }
    }
}
