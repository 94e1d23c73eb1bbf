//! What `-h` and `--help` of every command say, at 80 columns, kept in `cli/tests/help`.
//!
//! A change of a word shows in a file that people read. `ASIF_WRITE_EXPECTED=1 cargo test -p asif-cli --test help` writes them anew.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as it must be")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use asif_cli::args::Args;
use clap::CommandFactory;

const WIDTH: usize = 80;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help")
}

/// Every command with its words, that of `asif` first.
fn commands() -> Vec<(String, clap::Command)> {
    fn add(command: &clap::Command, into: &mut Vec<(String, clap::Command)>) {
        into.push((command.get_bin_name().unwrap_or("asif").to_owned(), command.clone()));
        command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help").for_each(|sub| add(sub, into));
    }
    let mut root = Args::command().term_width(WIDTH);
    root.build();
    let mut all = Vec::new();
    add(&root, &mut all);
    all
}

/// Both helps as they are printed; once where they are the same. The flags of every command stand in the file of `asif` alone.
fn helps(words: &str, mut command: clap::Command) -> String {
    let mut tidy = |long: bool| {
        let help = if long { command.render_long_help() } else { command.render_help() }.to_string();
        let (own, everywhere) =
            help.split_once("\n\nEverywhere:\n").unwrap_or_else(|| panic!("{words} does not take the flags of every command"));
        let told = if words == "asif" { &help } else { own };
        assert!(words == "asif" || everywhere.lines().all(|line| line.is_empty() || line.starts_with(' ')), "{words}: they come last");
        told.lines().map(|line| line.trim_end().to_owned() + "\n").collect::<String>()
    };
    let (short, long) = (tidy(false), tidy(true));
    if short == long { format!("$ {words} --help\n{long}") } else { format!("$ {words} -h\n{short}\n$ {words} --help\n{long}") }
}

#[test]
fn every_help_is_what_its_file_says() {
    let mut files = BTreeSet::new();
    let mut changed = Vec::new();
    for (words, command) in commands() {
        let file = folder().join(format!("{}.txt", words.replace(' ', "-")));
        let help = helps(&words, command);
        if std::fs::read_to_string(&file).ok().as_ref() != Some(&help) {
            if std::env::var_os("ASIF_WRITE_EXPECTED").is_some() {
                std::fs::write(&file, &help).unwrap();
            } else {
                changed.push(format!("{}\n{help}", file.display()));
            }
        }
        files.insert(file);
    }
    assert!(changed.is_empty(), "not what the files say (ASIF_WRITE_EXPECTED=1 writes them anew):\n{}", changed.join("\n"));
    let there: BTreeSet<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(there.difference(&files).collect::<Vec<_>>(), Vec::<&PathBuf>::new(), "these are of no command");
}

#[test]
fn every_line_of_a_help_fits_into_80_columns() {
    for (words, command) in commands() {
        for line in helps(&words, command).lines() {
            assert!(line.chars().count() <= WIDTH, "asif {words}: {line}");
        }
    }
}
