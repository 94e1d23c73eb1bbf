//! Words that people who practise this have been hurt by. They are not printed.

use crate::source::{files, lex, read};

/// Parts of words, in small letters.
const AVOIDED: [&str; 11] =
    ["patient", "complian", "adheren", "failure", "streak", "affirmation", "fake", "homework", "score", "monitor", "treatment"];

/// Where one of them stands and may: what is said with it is that it is not done, or it is another program's word, or nobody reads it on a screen.
const ALLOWED: [(&str, &str); 4] = [
    ("cli/src/render/caseload.rs", "Not a monitoring service. Sorted by name; no scores by design."),
    ("cli/src/render/preview.rs", "Nobody monitors this"),
    ("cli/src/service/systemd.rs", "Restart=on-failure"),
    ("daemon/src/store/mem.rs", "injected failure"),
];

/// The strings of a file up to its tests, which name these words to look for them.
fn strings(text: &str) -> Vec<(usize, String)> {
    lex(text.split("#[cfg(test)]").next().unwrap_or_default()).strings
}

/// A format string without the names in its braces.
fn without_names(string: &str) -> String {
    string
        .split('{')
        .enumerate()
        .map(|(at, part)| if at == 0 { part } else { part.split_once('}').map_or(part, |(_, after)| after) })
        .collect()
}

#[test]
fn no_string_holds_a_word_that_hurts() {
    for folder in ["cli/src", "daemon/src", "proto/src"] {
        for path in files(folder, ".rs")
            .into_iter()
            .filter(|path| !path.ends_with("tests.rs") && !path.components().any(|part| part.as_os_str() == "tests"))
        {
            let (name, text) = read(&path);
            for (line, string) in strings(&text) {
                let allowed =
                    ALLOWED.iter().filter(|(file, _)| *file == name).fold(string.clone(), |said, (_, part)| said.replace(part, ""));
                let small = without_names(&allowed).to_lowercase();
                let hurts = AVOIDED.into_iter().find(|word| small.contains(word));
                assert_eq!(hurts, None, "{name}:{line} says {string:?}");
            }
        }
    }
}
