//! What a shell offers: names from the journal, quoted so that nothing that was once written becomes a command; and never a daemon for it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::harness::{Home, Ran, finish, freeze, signal};
use crate::pty::AtTerminal;

/// Tags that would do something if a shell took them for its own words.
const TAGS: [&str; 6] = ["$(touch pwned)", "`touch pwned`", "it's; touch pwned", "in the \"bus\" & gone", "work:focus", "*"];

fn robin() -> Home {
    let mut home = Home::robin();
    home.ok(&["practice", "add", "Sit $(touch pwned)\u{1b}[31m", "--slug", "sit"]);
    for tag in TAGS.into_iter().chain(["steers\u{1b}[2J"]) {
        home.ok(&["log", "lunch", "--tag", tag]);
    }
    let bin = Path::new(env!("CARGO_BIN_EXE_asif")).parent().unwrap();
    home.env.push(("PATH", format!("{}:/usr/bin:/bin", bin.display())));
    home.env.push(("TERM", "dumb".to_owned()));
    home
}

/// A shell of the system; nothing where it is not there.
fn shell(home: &Home, name: &str, args: &[&str]) -> Option<Command> {
    let program = Path::new("/usr/bin").join(name);
    if !program.exists() {
        eprintln!("skipped: there is no {name} on this machine");
        return None;
    }
    let mut command = Command::new(program);
    let home_folder = home.beside().join("home");
    std::fs::create_dir_all(&home_folder).unwrap();
    let env = home.env.iter().map(|(name, value)| (*name, value.as_str()));
    command.args(args).env_clear().env("ASIF_HOME", home.path()).env("HOME", home_folder).envs(env).current_dir(home.beside());
    Some(command)
}

/// What bash offers after `line`, each on a line of its own.
fn bash(home: &Home, line: &str) -> Option<Ran> {
    let script = "source <(asif completions bash) || exit 9; COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$' \\t\\n\"\\'><=;|&(:'; _asif \
                  && ((${#COMPREPLY[@]})) && printf '%s\\n' \"${COMPREPLY[@]}\"; exit 0";
    shell(home, "bash", &["--norc", "--noprofile", "-c", script, "bash", line]).map(|command| finish(command, None))
}

fn is_untouched(home: &Home) -> bool {
    !home.beside().join("pwned").exists() && !home.path().join("pwned").exists()
}

#[test]
fn bash_is_given_names_that_it_cannot_take_for_commands() {
    let home = robin();
    let offers = |line: &str| -> Option<Vec<String>> {
        let ran = bash(&home, line)?.exits(0);
        assert_eq!(ran.stderr, "", "{line}");
        Some(ran.stdout.lines().map(str::to_owned).collect())
    };
    let Some(practices) = offers("asif log ") else { return };
    assert_eq!(practices, ["lunch", "sit"]);
    assert_eq!(offers("asif log lu").unwrap(), ["lunch"]);
    assert_eq!(offers("asif practice show s").unwrap(), ["sit"]);
    assert_eq!(offers("asif list --practice ").unwrap(), ["lunch", "sit"]);
    assert_eq!(offers("asif show ").unwrap().len(), 7, "the ids of what was written down");
    assert!(offers("asif restore ").unwrap().iter().all(|one| one.starts_with('-')), "nothing was deleted");
    assert_eq!(
        offers("asif config get ").unwrap(),
        ["listen", "discovery", "port-mapping", "country", "own-number", "quiet-hours", "lock-after", "editor"]
    );
    assert_eq!(offers("asif config set co").unwrap(), ["country"]);
    assert_eq!(offers("asif search kind --practice l").unwrap(), ["lunch"]);
    assert_eq!(offers("asif log lunch --tag=wo").unwrap(), ["work:focus"]);
    assert_eq!(offers("asif log lunch --tag work:f").unwrap(), ["focus"]);

    let tags = offers("asif list --tag ").unwrap();
    assert_eq!(tags.len(), TAGS.len(), "one that steers a terminal is not offered: {tags:?}");
    for tag in &tags {
        let typed = format!("printf '%s' {tag}");
        let made = finish(shell(&home, "bash", &["--norc", "-c", &typed]).unwrap(), None).exits(0).stdout;
        assert!(TAGS.contains(&made.as_str()), "{tag} becomes {made}");
    }
    assert!(is_untouched(&home));
}

#[test]
fn completing_starts_no_daemon_says_nothing_and_does_not_wait() {
    let home = robin();
    home.stop();
    let Some(ran) = bash(&home, "asif log lu") else { return };
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    assert_eq!(home.running(), None);
    assert!(bash(&home, "asif pra").unwrap().stdout.contains("practice"), "commands are offered without it");

    home.start();
    freeze(home.pid());
    let began = std::time::Instant::now();
    let hanging = home.run(&["__complete", "fish", "--", "asif", "log", ""]);
    assert!(began.elapsed() < Duration::from_secs(2), "{hanging:?}");
    assert_eq!((hanging.code, hanging.stderr.as_str()), (Some(0), ""));
    signal(home.pid(), rustix::process::Signal::CONT);

    let fresh = Home::new();
    let nowhere = fresh.run(&["__complete", "zsh", "--", "asif", "log", ""]);
    assert_eq!((nowhere.code, nowhere.stderr.as_str(), fresh.running()), (Some(0), "", None));
    assert!(!fresh.data().exists());
}

/// Types at a shell until it has read what `asif completions` prints; then the tag after `$(`, completed, is what a session is found by.
fn at_a_shell(home: &Home, command: &Command, load: &str, typed: &str) {
    let mut shell = AtTerminal::start(command);
    shell.type_in(format!("{load}; echo lo''aded\n").as_bytes());
    shell.await_text("loaded");
    for (start, tag) in [("wor", "work:focus"), (typed, "$(touch pwned)")] {
        shell.type_in(format!("asif list --json --tag {start}").as_bytes());
        shell.type_in(b"\t");
        // What stands in the line now is carried out: it finds the one session that has the tag.
        shell.type_in(b"| cat; echo do''ne\n");
        shell.await_text("\"tags\":[\"");
        let found = shell.await_text("\"]");
        assert_eq!(found, tag);
        shell.await_text("done");
    }
    shell.type_in(b"exit\n");
    shell.end();
    assert!(is_untouched(home));
}

#[test]
fn in_a_real_bash_a_completed_tag_is_a_word_and_no_command() {
    let home = robin();
    let Some(command) = shell(&home, "bash", &["--norc", "--noprofile", "-i"]) else { return };
    at_a_shell(&home, &command, "bind 'set bell-style none'; source <(asif completions bash)", "\\$");
}

#[test]
fn in_a_real_zsh_a_completed_tag_is_a_word_and_no_command() {
    let home = robin();
    let Some(command) = shell(&home, "zsh", &["-f", "-i"]) else { return };
    at_a_shell(&home, &command, "autoload -U compinit; compinit -u -D; unsetopt beep; source <(asif completions zsh)", "\\$");
}

#[test]
fn fish_is_given_words_and_what_tells_them_apart() {
    let home = robin();
    let offers = |line: &str| -> Option<Vec<String>> {
        let script = format!("asif completions fish | source; complete -C '{line}'");
        let ran = finish(shell(&home, "fish", &["--no-config", "-c", &script])?, None).exits(0);
        Some(ran.stdout.lines().map(str::to_owned).collect())
    };
    let Some(practices) = offers("asif log ") else { return };
    assert_eq!(practices, ["lunch\tLunch away from the desk", "sit\tSit $(touch pwned)"]);
    assert_eq!(offers("asif list --tag ").unwrap().len(), TAGS.len());
    assert_eq!(offers("asif completions f").unwrap(), ["fish\tfish"]);
    assert!(is_untouched(&home));
}
