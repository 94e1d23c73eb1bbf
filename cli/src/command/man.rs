//! `asif man`

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use asif_proto::local::{ErrorKind, Failure};
use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use serde::Serialize;

use crate::context::Context;
use crate::error::Outcome;
use crate::render::text::count;

/// The pages for `man`.
///
/// Alone it prints the first page. With a folder it writes all of them there, one for each command: in man1 below a folder that `manpath`
/// names, man finds them.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write every page into this folder
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

/// What was written, or the page.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Done<'d> {
    Page { page: &'d str },
    Written { written: Vec<PathBuf> },
}

/// Variables that the programs read.
const ENVIRONMENT: [(&str, &str); 9] = [
    ("ASIF_DISCOVERY", "Whether devices find each other on the local network, on or off; it beats the settings."),
    ("ASIF_HOME", "Everything of one home lies below this folder. Without it the folders of the XDG base directories are used."),
    ("ASIF_LISTEN", "The address and UDP port on which other devices and helpers reach this one; it beats the settings."),
    (
        "ASIF_LOG",
        "How much the daemon writes about itself: off, error, warn, info, debug or trace. Nothing of the journal, at any of them.",
    ),
    ("ASIF_PORT_MAPPING", "Whether the router is asked to pass on what comes from outside, on or off; it beats the settings."),
    ("LC_ALL, LC_MESSAGES, LANG", "The country whose numbers asif crisis shows, where the settings name none."),
    ("NO_COLOR", "Set to anything: no colour."),
    ("LISTEN_FDS, LISTEN_PID", "Set by a service manager that opened the daemon's socket."),
    ("NOTIFY_SOCKET", "Set by a service manager that wants to be told when the daemon is ready, and when it stops."),
];

/// What the exit codes mean.
const EXIT: [(&str, &str); 11] = [
    ("0", "it was done"),
    ("1", "it was not done, for a reason that has no code of its own"),
    ("2", "the words of the command are off"),
    ("3", "the daemon cannot be reached"),
    ("4", "there is no such record, practice or person"),
    ("5", "the journal is locked"),
    ("6", "it is not permitted"),
    ("7", "something must come first, or has happened already"),
    ("8", "the other device or person cannot be reached"),
    ("9", "bytes on disk are not what was written"),
    ("130", "you stopped it"),
];

impl Args {
    /// Prints the first page, or writes all.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let pages = pages().map_err(|error| Failure::new(ErrorKind::Failure, format!("the pages cannot be made: {error}")))?;
        let Some(folder) = self.to else {
            let page = pages.first().map(|(_, page)| page.as_str()).unwrap_or_default();
            return if context.json() { context.tell(&Done::Page { page }, |_| {}) } else { context.write(page) };
        };
        let written = write(&folder, &pages)
            .map_err(|error| Failure::new(ErrorKind::Failure, format!("cannot write into {}: {error}", folder.display())))?;
        let number = count(u64::try_from(written.len()).unwrap_or(u64::MAX), "page", "pages");
        context.tell(&Done::Written { written }, |screen| screen.line(&format!("{number} written into {}", folder.display())))
    }
}

fn write(folder: &Path, pages: &[(String, String)]) -> io::Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder)?;
    let one = |(name, page): &(String, String)| {
        let path = folder.join(name);
        std::fs::write(&path, page)?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644))?;
        Ok(path)
    };
    pages.iter().map(one).collect()
}

/// Every page with the name of its file, that of `asif` first.
fn pages() -> io::Result<Vec<(String, String)>> {
    let mut command = crate::args::Args::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add(&command, &mut pages)?;
    if let Some((_, first)) = pages.first_mut() {
        let mut more = Roff::new();
        listed(&mut more, "ENVIRONMENT", &ENVIRONMENT);
        listed(&mut more, "EXIT STATUS", &EXIT);
        first.push_str(more.render().trim_start_matches(|letter| letter != '\n').trim_start());
    }
    Ok(pages)
}

fn add(command: &clap::Command, pages: &mut Vec<(String, String)>) -> io::Result<()> {
    let man = Man::new(command.clone()).date(" ").source(format!("asif {}", env!("CARGO_PKG_VERSION"))).manual("asif");
    let mut page = Vec::new();
    man.render(&mut page)?;
    pages.push((man.get_filename(), String::from_utf8(page).map_err(io::Error::other)?));
    command.get_subcommands().filter(|sub| !sub.is_hide_set()).try_for_each(|sub| add(sub, pages))
}

fn listed(page: &mut Roff, heading: &str, rows: &[(&str, &str)]) {
    page.control("SH", [heading]);
    for (name, meaning) in rows {
        page.control("TP", []);
        page.text([bold(*name)]);
        page.text([roman(*meaning)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_all_that_its_help_tells() {
        fn names(command: &clap::Command, into: &mut Vec<(String, Vec<String>)>) {
            let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
            let words = shown.filter_map(|arg| arg.get_long().map(|long| long.replace('-', "\\-"))).collect();
            into.push((format!("{}.1", command.get_display_name().unwrap_or("asif")), words));
            command.get_subcommands().filter(|sub| !sub.is_hide_set()).for_each(|sub| names(sub, into));
        }
        let mut command = crate::args::Args::command().disable_help_subcommand(true);
        command.build();
        let mut all = Vec::new();
        names(&command, &mut all);
        let pages = pages().unwrap();
        assert_eq!(pages.len(), all.len());
        for ((file, page), (name, flags)) in pages.iter().zip(&all) {
            assert_eq!(file, name);
            assert!(flags.iter().all(|flag| page.contains(flag)), "{file}: {flags:?}");
            assert!(page.contains(".SH DESCRIPTION") && page.contains(".SH NAME"), "{file}");
        }
        assert_eq!(pages[0].0, "asif.1");
        assert!(pages[0].1.contains(".SH ENVIRONMENT") && pages[0].1.contains(".SH \"EXIT STATUS\""), "{}", pages[0].1);
        assert!(pages.iter().any(|(file, _)| file == "asif-practice-add.1"));
    }
}
