//! A passphrase asked for by a program of its own, as GnuPG does: the Assuan protocol of pinentry, of which a few lines are enough.
//!
//! ```text
//! S: OK ...
//! C: OPTION ttyname=/dev/pts/1        where there is a terminal; C: SETDESC, SETPROMPT     S: OK, or ERR for what it does not know
//! C: GETPIN                           S: D passphrase (with % and two hexadecimal digits for %, CR and LF), OK; or ERR where it is given up
//! ```

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use asif_proto::local::{ErrorKind, Failure};
use asif_proto::secret::Secret;
use zeroize::Zeroizing;

use crate::error::{CommandError, Outcome};

/// The most lines that are read of it.
const MAX_LINES: usize = 256;

/// Asks by this program.
pub fn ask(program: &OsStr, description: &str) -> Outcome<Secret> {
    let cannot = |why: String| {
        CommandError::usage(
            format!("{} cannot ask for the passphrase: {why}", program.display()),
            "PINENTRY_PROGRAM names it; without it you are asked on the terminal",
        )
    };
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| cannot(error.to_string()))?;
    let talked = match (child.stdin.take(), child.stdout.take()) {
        (Some(to), Some(from)) => talk(to, BufReader::new(from), description),
        _ => Err(Told::Silent),
    };
    let _ = child.wait();
    talked.map_err(|told| match told {
        Told::GivenUp => Failure::new(ErrorKind::Interrupted, "stopped here; the journal is as it was").into(),
        Told::Silent => cannot("it says nothing that could be understood".to_owned()),
    })
}

/// Why there is no passphrase.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// The person gave it up, or the program did.
    GivenUp,
    /// It does not speak as it should.
    Silent,
}

fn talk(mut to: impl Write, mut from: impl BufRead, description: &str) -> Result<Secret, Told> {
    answer(&mut from)?;
    let mut options = vec![format!("SETDESC {}", escaped(description)), "SETPROMPT Passphrase:".to_owned()];
    if let Ok(terminal) = rustix::termios::ttyname(std::io::stdin(), Vec::new()) {
        options.insert(0, format!("OPTION ttyname={}", terminal.to_string_lossy()));
    }
    for option in options {
        writeln!(to, "{option}").map_err(|_| Told::Silent)?;
        // One that it does not know is none that matters.
        match answer(&mut from) {
            Ok(_) | Err(Told::GivenUp) => {}
            Err(silent) => return Err(silent),
        }
    }
    writeln!(to, "GETPIN").map_err(|_| Told::Silent)?;
    let pin = answer(&mut from);
    let _ = writeln!(to, "BYE");
    pin
}

/// What it says until OK or ERR; of its data lines what they hold.
fn answer(from: &mut impl BufRead) -> Result<Secret, Told> {
    let mut data = Zeroizing::new(String::new());
    for _ in 0..MAX_LINES {
        let mut line = Zeroizing::new(String::new());
        if from.read_line(&mut line).map_err(|_| Told::Silent)? == 0 {
            return Err(Told::Silent);
        }
        let line = line.trim_end_matches(['\r', '\n']);
        if line == "OK" || line.starts_with("OK ") {
            return unescaped(&data).ok_or(Told::Silent);
        } else if line.starts_with("ERR") {
            return Err(Told::GivenUp);
        } else if let Some(more) = line.strip_prefix("D ") {
            data.push_str(more);
        }
    }
    Err(Told::Silent)
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\n', "%0A").replace('\r', "%0D")
}

fn unescaped(text: &str) -> Option<Secret> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        if let (b'%', [high, low, more @ ..]) = (*first, more) {
            let digits = [*high, *low];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            rest = more;
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    std::str::from_utf8(&bytes).ok().map(|text| Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talked(said: &str) -> Result<String, Told> {
        talk(Vec::new(), said.as_bytes(), "what it is for").map(|secret| secret.danger_text().to_owned())
    }

    #[test]
    fn a_passphrase_comes_as_it_was_typed() {
        assert_eq!(talked("OK hello\nOK\nOK\nD a%25b c\nOK\n"), Ok("a%b c".into()));
        assert_eq!(talked("OK\r\nERR 1 no such option\r\nOK\r\nS noise\r\nD caf\u{e9}\r\nOK\r\n"), Ok("caf\u{e9}".into()));
    }

    #[test]
    fn what_is_given_up_or_makes_no_sense_is_no_passphrase() {
        assert_eq!(talked("OK\nOK\nOK\nERR 83886179 cancelled\n"), Err(Told::GivenUp));
        for said in ["", "hello", "OK\nOK\nOK\n", "OK\nOK\nOK\nD %f\u{f6}\nOK\n"] {
            assert_eq!(talked(said), Err(Told::Silent), "{said}");
        }
    }
}
