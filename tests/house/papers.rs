//! What the documents tell people to run, and where they send them.

use std::path::{Path, PathBuf};

use crate::source::{files, read, root};

/// Installs both programs and plays the tour.
const INSTALL: &str = "cargo install --locked --path . && asif tour";
/// Passes the tests.
const TEST: &str = "cargo test --workspace --locked";

/// Every document of the repository; the measuring programs stand alone and have their own commands.
fn documents() -> Vec<PathBuf> {
    let mut all: Vec<_> = files(".", ".md").into_iter().filter(|path| !path.starts_with(root().join("tests/bench"))).collect();
    all.retain(|path| path.is_file());
    all
}

/// The lines between fences, without the shell's prompt.
fn fenced(text: &str) -> Vec<&str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if inside {
            lines.push(line.trim().trim_start_matches("$ "));
        }
    }
    lines
}

/// The targets of `[...](target)`, outside fences.
fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
            continue;
        }
        let mut rest = if inside { "" } else { line };
        while let Some((_, after)) = rest.split_once("](") {
            let (target, after) = after.split_once(')').unwrap_or((after, ""));
            found.push(target);
            rest = after;
        }
    }
    found
}

/// The names that a document's headings can be linked by.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let anchor = |heading: String| -> String {
        heading
            .chars()
            .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter))
            .map(|letter| if letter == ' ' { '-' } else { letter })
            .collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn the_two_commands_of_the_readme_are_everybodys() {
    let (_, readme) = read(&root().join("README.md"));
    for command in [INSTALL, TEST] {
        assert_eq!(
            fenced(&readme).iter().filter(|line| **line == command).count(),
            1,
            "README.md does not print {command:?} once, on a line of its own"
        );
    }
    let (_, ci) = read(&root().join(".ci/run"));
    assert!(ci.lines().any(|line| line.trim() == format!("step {TEST}")), ".ci/run runs other tests than README.md says");
    for path in documents() {
        let (name, text) = read(&path);
        for line in fenced(&text).into_iter().filter(|line| line.starts_with("cargo install") || line.starts_with("cargo test")) {
            // What is heavier than everybody's tests is an ignored test.
            assert!([INSTALL, TEST].contains(&line) || line.ends_with(" -- --ignored --nocapture"), "{name} says {line:?}");
        }
    }
}

#[test]
fn every_link_inside_the_repository_leads_somewhere() {
    for path in documents() {
        let (name, text) = read(&path);
        for link in links(&text).into_iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if target.is_empty() { path.clone() } else { path.parent().unwrap_or(Path::new("")).join(target) };
            assert!(target.exists(), "{name} links to {link}, which is not there");
            if !anchor.is_empty() {
                let (_, text) = read(&target);
                assert!(anchors(&text).iter().any(|one| one == anchor), "{name} links to {link}, and no heading is called so");
            }
        }
    }
}

#[test]
fn a_link_and_its_heading_are_found() {
    let text = "# One house\n[a](b.md#c-d) and [e](#one-house)\n```\n[no](link)\n$ cargo test\n```\n";
    assert_eq!(links(text), ["b.md#c-d", "#one-house"]);
    assert_eq!(anchors(text), ["one-house"]);
    assert_eq!(fenced(text), ["[no](link)", "cargo test"]);
}
