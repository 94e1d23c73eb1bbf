//! `jrnl` (PyPI) with the same entries, untagged, in a virtual environment under the target folder.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::home::succeed;
use crate::journal::{Entry, ZONE};
use crate::{Refusal, programs::Programs};

const VERSION: &str = "4.6";

/// A journal of `jrnl`.
pub(crate) struct Jrnl {
    program: PathBuf,
    folder: PathBuf,
}

impl Jrnl {
    /// Installs it where it is not yet, and writes the journal. The first time needs the network.
    pub(crate) fn new(programs: &Programs, folder: &Path, sessions: &[Entry]) -> Result<Self, Refusal> {
        let environment = programs.target.join(format!("jrnl-{VERSION}"));
        let program = environment.join("bin/jrnl");
        if !program.exists() {
            succeed(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
            let mut pip = Command::new(environment.join("bin/pip"));
            succeed(pip.args(["install", "--quiet", "--disable-pip-version-check", &format!("jrnl=={VERSION}")]))?;
        }
        std::fs::create_dir(folder)?;
        let journal = folder.join("journal.txt");
        let config = format!(
            "colors:\n  body: none\n  date: none\n  tags: none\n  title: none\ndefault_hour: 9\ndefault_minute: 0\neditor: ''\n\
             encrypt: false\nhighlight: false\nindent_character: '|'\njournals:\n  default:\n    journal: {}\nlinewrap: 79\n\
             tagsymbols: '@'\ntemplate: false\ntimeformat: '%Y-%m-%d %H:%M'\nversion: v{VERSION}\n",
            journal.display()
        );
        std::fs::write(folder.join("jrnl.yaml"), config)?;
        let zone = jiff::tz::TimeZone::get(ZONE)?;
        let mut text = String::new();
        for entry in sessions {
            let at = entry.at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
            write!(text, "[{at}] {}", words(entry))?;
            if let Some(note) = &entry.fields.note {
                write!(text, "\n{note}")?;
            }
            text.push_str("\n\n");
        }
        std::fs::write(journal, text)?;
        let this = Self { program, folder: folder.to_owned() };
        // The first command brings its configuration up to date.
        succeed(&mut this.command(&["-n", "1"]))?;
        Ok(this)
    }

    /// Its command line with `args`.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().env("HOME", &self.folder).env("TZ", ZONE).env("PATH", "/usr/bin:/bin").arg("--config-file");
        command.arg(self.folder.join("jrnl.yaml")).args(args);
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// The ratings of an entry as somebody would type them.
fn words(entry: &Entry) -> String {
    let rating = |name: &str, value: Option<asif_proto::rating::Rating>| value.map(|value| format!(", {name} {value}")).unwrap_or_default();
    let fields = &entry.fields;
    format!(
        "{}{}{}{}{}.",
        entry.practice,
        rating("before", fields.before),
        rating("after", fields.after),
        rating("acted", fields.acted_as_if),
        rating("felt real", fields.felt_real)
    )
}
