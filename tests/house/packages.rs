//! What each package and each file keeps to.

use crate::source::{files, read, root};

const PACKAGES: [&str; 4] = [".", "cli", "daemon", "proto"];

/// The most lines of a Rust file.
const MAX_LINES: usize = 450;

/// The lines of a section of a manifest.
fn section<'t>(manifest: &'t str, name: &str) -> Vec<&'t str> {
    let after = manifest.lines().skip_while(|line| line.trim() != format!("[{name}]")).skip(1);
    after.take_while(|line| !line.starts_with('[')).map(str::trim).collect()
}

#[test]
fn every_package_inherits_the_lints_of_the_workspace_and_unsafe_code_is_forbidden() {
    let (_, manifest) = read(&root().join("Cargo.toml"));
    assert!(section(&manifest, "workspace.lints.rust").contains(&"unsafe_code = \"forbid\""));
    let members = section(&manifest, "workspace").into_iter().find(|line| line.starts_with("members")).unwrap();
    assert_eq!(members.matches('"').count() / 2 + 1, PACKAGES.len(), "a package was added: name it here too");
    for package in PACKAGES {
        let (name, manifest) = read(&root().join(package).join("Cargo.toml"));
        assert!(section(&manifest, "lints").contains(&"workspace = true"), "{name} does not inherit the lints");
    }
}

#[test]
fn no_file_is_too_long_to_read() {
    for folder in ["cli", "daemon", "proto", "tests"] {
        for path in files(folder, ".rs") {
            let (name, text) = read(&path);
            let lines = text.lines().count();
            assert!(lines <= MAX_LINES, "{name} has {lines} lines; {MAX_LINES} are allowed");
        }
    }
}
