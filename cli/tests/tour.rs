//! The tour, played with stand-ins for both programs: its story, its words, and what it leaves when it ends early.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test ends where something is not as it must be")]

mod support;

use std::path::{Path, PathBuf};

use asif_cli::args::Args;
use asif_proto::id::LinkKey;
use asif_proto::ticket::{Ticket, TicketRole};
use clap::Parser;
use support::TestHome;

fn ticket(role: TicketRole) -> String {
    Ticket { role, link_key: LinkKey([3; 32]), secret: [9; 16], addresses: Vec::new() }.to_string()
}

/// A stand-in for asif that answers each command of the story and notes its words in the file that is returned.
fn player(home: &TestHome) -> PathBuf {
    let seen = home.folder.path().join("seen");
    let lines = format!(
        r#"printf '%s\037' "$ASIF_HOME" "$@" >> '{seen}'; echo >> '{seen}'
env > "$here/env"
case "$1 $2" in
"device pair") echo "Ticket  {device}" ;;
"share invite") echo "Ticket  {helper}" ;;
"log "*) echo "logged lunch  7f3a  Mon 23 Nov 12:41" ;;
"borrow list") echo "Dana lends you for lunch (strength 85):  91c2" ;;
"caseload --json") echo '{{"schema":"asif/1","data":[{{"ended":"2026-11-23T12:41:07Z"}}]}}' ;;
*) echo "fine" ;;
esac"#,
        seen = seen.display(),
        device = ticket(TicketRole::Device),
        helper = ticket(TicketRole::Helper),
    );
    home.program("asif", &lines);
    home.program("asifd", "exit 1");
    seen
}

/// What was run: on which machine's folder, with which words.
fn commands(seen: &Path) -> Vec<(PathBuf, Vec<String>)> {
    let text = std::fs::read_to_string(seen).unwrap();
    let split = |line: &str| -> (PathBuf, Vec<String>) {
        let mut words = line.trim_end_matches('\u{1f}').split('\u{1f}').map(str::to_owned);
        (words.next().unwrap().into(), words.collect())
    };
    text.lines().map(split).collect()
}

#[test]
fn the_whole_story_is_told_with_commands_that_exist() {
    let home = TestHome::new();
    let seen = player(&home);
    let ran = home.run(&["tour"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.stderr, "", "all of it is on standard output");
    for line in [
        "Robin's laptop $ asif practice add \"Lunch away from the desk\" --slug lunch",
        "Robin's laptop $ printf '%s' \"Sat by the canal. Nobody minded.\" | asif log lunch",
        "Robin's laptop $ asif log lunch -b 35 -a 30 --worse --private\n",
        "Robin's desktop $ asif edit 7f3a --where chest\n",
        "Dana's computer $ asif caseload open Robin\n",
        "--basis borrowed --borrowed 91c2 --willingness 60 --prediction 35\n",
        "Robin's laptop $ asif share revoke Dana --yes\n",
        "Your own journal begins with: asif init\n",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
    let (device, helper) = (ticket(TicketRole::Device), ticket(TicketRole::Helper));
    assert!(!ran.stdout.contains(&device) && !ran.stdout.contains(&helper), "a ticket is shown whole");

    let commands = commands(&seen);
    let with_ticket = |ticket: &String| commands.iter().filter(|(_, words)| words.contains(ticket)).count();
    assert_eq!((with_ticket(&device), with_ticket(&helper)), (1, 1));
    for (_, words) in &commands {
        let parsed = Args::try_parse_from(std::iter::once(&"asif".to_owned()).chain(words));
        assert!(parsed.is_ok(), "{words:?}: {}", parsed.unwrap_err());
    }
    assert!(!commands[0].0.parent().unwrap().exists(), "its homes are still there");
}

#[test]
fn nothing_of_the_callers_asif_reaches_the_tour() {
    let home = TestHome::new();
    player(&home);
    home.run(&["tour"]);
    let env = std::fs::read_to_string(home.folder.path().join("env")).unwrap();
    assert!(env.contains("ASIF_LISTEN=127.0.0.1:0\n"), "{env}");
    let set_by_the_shell = ["PWD", "OLDPWD", "_", "SHLVL"];
    let ours = ["ASIF_HOME", "ASIF_LISTEN", "ASIF_DISCOVERY", "COLUMNS", "TZ"];
    for name in env.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name) {
        assert!(ours.contains(&name) || set_by_the_shell.contains(&name), "{name} was handed on");
    }
}

#[test]
fn in_json_the_tour_is_one_envelope_a_scene() {
    let home = TestHome::new();
    player(&home);
    let lines = home.run(&["tour", "--json"]).json_lines();
    assert_eq!(lines[0]["data"]["event"], "act");
    assert_eq!(lines[1]["data"]["on"], "Robin's laptop");
    assert_eq!(lines[2]["data"]["exit"], 0);
    assert_eq!(lines.last().unwrap()["data"]["event"], "end");
}

#[test]
fn the_tour_avoids_the_words_that_hurt() {
    let home = TestHome::new();
    player(&home);
    let told = home.run(&["tour"]).stdout.to_lowercase();
    for word in ["patient", "compliance", "adherence", "failure", "streak", "affirmation", "fake", "homework", "score", "treatment", "!"] {
        assert!(!told.contains(word), "the tour says {word:?}");
    }
}

#[test]
fn a_tour_without_the_daemons_program_says_so() {
    let home = TestHome::new();
    std::fs::write(home.folder.path().join("asif"), "").unwrap();
    let ran = home.run(&["tour"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("asifd"), "{ran:?}");
}

#[test]
fn a_tour_that_meets_an_error_names_the_step_and_leaves_nothing() {
    let home = TestHome::new();
    let seen = home.folder.path().join("seen");
    home.program("asifd", "exit 1");
    let lines = format!("echo \"$ASIF_HOME $*\" >> '{}'\nmkdir \"$ASIF_HOME\"\necho done\n[ \"$1\" = init ] || exit 7", seen.display());
    home.program("asif", &lines);
    let ran = home.run(&["tour"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("Robin's laptop $ asif init --no-input --name Robin --device laptop\ndone\n"), "{ran:?}");
    assert!(ran.stderr.starts_with("The tour's daemons are stopped and its folders are gone.\n"), "{ran:?}");
    assert!(ran.stderr.contains("at \"asif practice add \"Lunch away from the desk\" --slug lunch"), "{ran:?}");
    let seen = std::fs::read_to_string(seen).unwrap();
    let folder = std::path::Path::new(seen.split(' ').next().unwrap()).to_owned();
    assert!(folder.ends_with("laptop") && !folder.parent().unwrap().exists(), "{folder:?} is still there");
}

#[test]
fn a_tour_that_cannot_clean_up_says_so_also_where_it_ended_early() {
    let home = TestHome::new();
    home.program("asifd", "exit 1");
    // Somebody holds the lock of the laptop, and nobody answers there.
    let held = std::fs::File::create(home.folder.path().join("lock")).unwrap();
    held.lock().unwrap();
    home.program("asif", "mkdir -p \"$ASIF_HOME/data\" && ln -s \"$here/lock\" \"$ASIF_HOME/data/lock\"; exit 7");
    let ran = home.run(&["tour"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("the tour ended early") && ran.stderr.contains("could not clean up after itself"), "{ran:?}");
    assert!(!ran.stderr.contains("folders are gone"), "{ran:?}");
}
