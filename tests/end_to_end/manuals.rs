//! The pages for `man`, as they are written and read.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::harness::{Home, finish, shell};

#[test]
fn every_page_is_written_for_everybody_to_read_and_man_shows_it() {
    let home = Home::new();
    let to = home.beside().join("man/man1");
    let mut strict = shell("umask 077; exec \"$1\" man --to \"$2\" --json", &[env!("CARGO_BIN_EXE_asif").as_ref(), to.as_os_str()]);
    strict.env("ASIF_HOME", home.path());
    let written = finish(strict, None).exits(0).data()["written"].as_array().unwrap().len();
    assert_eq!(home.running(), None, "nobody is asked");
    let pages: Vec<_> = std::fs::read_dir(&to).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(written == pages.len() && written > 40, "{pages:?}");
    let page = |name: &str| std::fs::read_to_string(to.join(name)).unwrap();
    assert_eq!(home.ok(&["man"]).stdout, page("asif.1"));
    assert!(page("asif-wipe.1").contains("It asks twice"), "what is long is in it too");
    for path in &pages {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o644, "{path:?}");
    }
    let mandoc = Path::new("/usr/bin/mandoc");
    if !mandoc.exists() {
        return eprintln!("skipped: there is no mandoc on this machine");
    }
    for path in &pages {
        let mut lint = Command::new(mandoc);
        lint.args(["-T", "lint", "-W", "error"]).arg(path).env_clear();
        assert_eq!(finish(lint, None).exits(0).stdout, "", "{path:?}");
    }
}
