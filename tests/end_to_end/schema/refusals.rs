//! Each kind of error, in homes that were brought to it.

use std::os::unix::fs::PermissionsExt;

use super::contract::{Contract, Held};
use crate::harness::{Home, freeze, signal};
use crate::units::managed;
use rustix::process::Signal;

/// Every kind that can be had.
pub(super) fn all(contract: &Contract) {
    let home = Home::new();
    let asif = Held { home: &home, contract };
    for args in [&["list"][..], &["today"], &["undo"], &["goal", "list"], &["caseload"], &["draft", "list"]] {
        asif.refuses(7, args);
    }
    drop(home);
    let home = Home::robin();
    let asif = Held { home: &home, contract };
    asif.refuses(2, &["lgo"]);
    asif.refuses(4, &["show", "9999"]);
    asif.refuses(7, &["init", "--no-input"]);
    asif.refuses(7, &["practice", "add", "Another", "--slug", "lunch"]);
    somebody_elses_folder(asif);
    a_daemon_that_does_not_answer(asif);
    the_service(contract);
    bytes_that_are_not_what_was_written(asif);
    asif.refuses(1, &["man", "--to", "/dev/null/man"]);
}

fn somebody_elses_folder(asif: Held<'_>) {
    asif.home.stop();
    let run = asif.home.path().join("run");
    std::fs::set_permissions(&run, PermissionsExt::from_mode(0o777)).unwrap();
    asif.refuses(6, &["list"]);
    std::fs::set_permissions(&run, PermissionsExt::from_mode(0o700)).unwrap();
}

fn a_daemon_that_does_not_answer(asif: Held<'_>) {
    asif.home.start();
    freeze(asif.home.pid());
    asif.refuses(3, &["list"]);
    signal(asif.home.pid(), Signal::CONT);
}

/// The vault is gone while the journal is there.
fn bytes_that_are_not_what_was_written(asif: Held<'_>) {
    asif.home.stop();
    let vault = asif.home.data().join("vault");
    let kept = std::fs::read(&vault).unwrap();
    std::fs::write(&vault, &kept[..kept.len() / 2]).unwrap();
    asif.refuses(9, &["list"]);
    assert_eq!(asif.any(&["doctor"], |_| {}).code, Some(9));
}

/// A service manager that does what it is told, and one that does not.
fn the_service(contract: &Contract) {
    let home = managed(Home::robin(), "exit 0");
    let asif = Held { home: &home, contract };
    asif.ok(&["daemon", "uninstall"]);
    asif.ok(&["daemon", "install"]);
    asif.ok(&["daemon", "uninstall"]);
    let home = managed(Home::robin(), "echo no bus >&2; exit 1");
    let asif = Held { home: &home, contract };
    asif.any(&["daemon", "install"], |_| {});
    asif.any(&["wipe", "--yes"], |_| {});
}
