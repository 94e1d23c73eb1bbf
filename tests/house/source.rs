//! Rust files, taken apart into code and strings.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below `folder` (relative to the root) whose name ends with `ending`, sorted; nothing of what is built, nothing hidden.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    walk(&path, ending, found);
                }
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), ending, &mut found);
    found.sort();
    assert!(!found.is_empty(), "no file below {folder} ends with {ending}");
    found
}

/// The text of a file, and its path as people write it.
pub(crate) fn read(path: &Path) -> (String, String) {
    let name = path.strip_prefix(root()).unwrap_or(path).display().to_string();
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
    (name, text)
}

/// A Rust file taken apart.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Lexed {
    /// The code; comments and what stands between quotes are left out.
    pub(crate) code: String,
    /// What stood between quotes, as written, each with its line.
    pub(crate) strings: Vec<(usize, String)>,
}

/// Takes Rust apart: line and nested block comments, plain, byte and raw strings, characters, lifetimes.
pub(crate) fn lex(text: &str) -> Lexed {
    let mut lexed = Lexed::default();
    let mut rest = text;
    let line = |rest: &str| text.len().checked_sub(rest.len()).map_or(1, |at| 1 + text.get(..at).unwrap_or_default().matches('\n').count());
    while let Some(next) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.get(rest.find('\n').unwrap_or(rest.len())..).unwrap_or_default();
        } else if rest.starts_with("/*") {
            rest = after_block_comment(rest);
        } else if let Some((string, after)) = raw_string(rest, lexed.code.chars().next_back()) {
            lexed.strings.push((line(rest), string.to_owned()));
            lexed.code.push_str("\"\"");
            rest = after;
        } else if let Some(inside) = rest.strip_prefix('"') {
            let end = closing_quote(inside);
            lexed.strings.push((line(rest), inside.get(..end).unwrap_or_default().to_owned()));
            lexed.code.push_str("\"\"");
            rest = inside.get(end + 1..).unwrap_or_default();
        } else if let Some(after) = character(rest) {
            lexed.code.push_str("' '");
            rest = after;
        } else {
            lexed.code.push(next);
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
    }
    lexed
}

fn after_block_comment(text: &str) -> &str {
    let (mut depth, mut at) = (0, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                break;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.get(at..).unwrap_or_default()
}

/// The inside of `r"..."`, `r#"..."#` or `br"..."` at the front, and what follows.
fn raw_string(text: &str, before: Option<char>) -> Option<(&str, &str)> {
    if before.is_some_and(|before| before.is_alphanumeric() || before == '_') {
        return None;
    }
    let after_r = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = after_r.len() - after_r.trim_start_matches('#').len();
    let inside = after_r.get(hashes..)?.strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    inside.split_once(close.as_str())
}

fn closing_quote(inside: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in inside.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    inside.len()
}

/// What follows a character literal at the front; `None` for a lifetime.
fn character(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('\'')?;
    if let Some(escaped) = inside.strip_prefix('\\') {
        let first = escaped.chars().next()?.len_utf8();
        return escaped.get(first..)?.split_once('\'').map(|(_, after)| after);
    }
    let first = inside.chars().next()?.len_utf8();
    inside.get(first..)?.strip_prefix('\'')
}

/// Every path that code names, segments joined by `::`: those written out, and those of `use` with braces taken apart.
pub(crate) fn paths(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let starts_word = rest.get(..at).and_then(|before| before.chars().next_back()).is_none_or(|before| !is_word(before));
        let (tree, after) = rest.get(at + 4..).unwrap_or_default().split_once(';').unwrap_or_default();
        if starts_word {
            expand("", tree, &mut found);
            rest = after;
        } else {
            rest = rest.get(at + 4..).unwrap_or_default();
        }
    }
    let words = code.split(|letter: char| !is_word(letter) && letter != ':');
    found.extend(words.map(|word| word.trim_matches(':').to_owned()).filter(|word| !word.is_empty()));
    found
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Takes `a::{b, c::{d}}` apart.
fn expand(before: &str, tree: &str, found: &mut BTreeSet<String>) {
    let joined = |path: &str| if before.is_empty() { path.to_owned() } else { format!("{before}::{path}") };
    let mut start = 0;
    let mut depth = 0;
    let mut parts = Vec::new();
    for (at, letter) in tree.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(tree.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(tree.get(start..).unwrap_or_default());
    for part in parts.into_iter().map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once('{') {
            Some((path, inside)) => {
                let path = path.trim().trim_end_matches("::");
                let inside = inside.trim_end().strip_suffix('}').unwrap_or(inside);
                expand(&joined(path), inside, found);
            }
            None => {
                let path = part.split_whitespace().next().unwrap_or_default();
                found.insert(joined(path));
            }
        }
    }
}

#[test]
fn rust_is_taken_apart_into_code_and_strings() {
    let lexed =
        lex("let a = \"one \\\" // two\"; // three\nlet b: &'static str = r#\"fo\"ur\"#; /* five /* six */ */ let c = ['\"', '\\''];");
    assert_eq!(lexed.strings, [(1, "one \\\" // two".to_owned()), (2, "fo\"ur".to_owned())]);
    for word in ["three", "five", "six"] {
        assert!(!lexed.code.contains(word), "{}", lexed.code);
    }
    assert!(lexed.code.contains("let c"), "{}", lexed.code);
}

#[test]
fn braces_of_a_use_are_taken_apart() {
    let found = paths("use std::{fs, net::{SocketAddr, UdpSocket as Udp}};\nfn f() { std::env::var(1); }");
    for path in ["std::fs", "std::net::SocketAddr", "std::net::UdpSocket", "std::env::var"] {
        assert!(found.contains(path), "{path} is not in {found:?}");
    }
}
