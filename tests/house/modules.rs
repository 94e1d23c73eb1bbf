//! The modules of the daemon: which are pure, and which may know which.

use std::collections::BTreeSet;

use crate::source::{files, lex, paths, read, root};

/// What a pure module never names: it is given the time, the randomness and the input, and waits, reads and asks for nothing.
const IMPURE: [&str; 16] = [
    "tokio",
    "quinn",
    "rustls",
    "rustix",
    "getrandom",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::os",
    "Instant",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
    "OsRng",
    "thread_rng",
];

/// Of `std::net`, the addresses: they are plain data.
const ADDRESSES: [&str; 4] = ["SocketAddr", "IpAddr", "Ipv4Addr", "Ipv6Addr"];

/// What IO modules know of others: who may open a file is decided in one place, and the socket is proof that the lock is held.
const ACROSS: [(&str, &str); 4] =
    [("store", "process::private"), ("objects", "process::private"), ("local", "process::private"), ("local", "process::lock")];

/// What IO modules know of the pure ones: the outside of an entry, which the store chains and checks without a key.
const DOWN: [(&str, &str); 1] = [("store", "seal::wire")];

/// The modules in the order in which `daemon/src/lib.rs` names them.
struct House {
    pure: Vec<String>,
    io: Vec<String>,
}

impl House {
    fn read() -> Self {
        let (_, text) = read(&root().join("daemon/src/lib.rs"));
        let (pure, rest) = text.split_once("//! IO:").unwrap();
        let (io, rest) = rest.split_once("//! The meeting place: [`run`]").unwrap();
        let listed = |part: &str| -> Vec<String> {
            part.lines().filter_map(|line| Some(line.strip_prefix("//! - [`")?.split_once('`')?.0.to_owned())).collect()
        };
        let house = Self { pure: listed(pure), io: listed(io) };
        let declared = rest.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned));
        let named = house.pure.iter().chain(&house.io).cloned().chain(["run".to_owned()]);
        assert_eq!(declared.collect::<BTreeSet<_>>(), named.collect(), "daemon/src/lib.rs names other modules than it has");
        house
    }
}

/// The paths that the files of a module name, with the file.
fn named_in(module: &str) -> Vec<(String, BTreeSet<String>)> {
    let own = files("daemon/src", ".rs").into_iter().filter(|path| {
        let below = path.strip_prefix(root().join("daemon/src")).unwrap();
        below.starts_with(module) || below == std::path::Path::new(&format!("{module}.rs"))
    });
    let named: Vec<_> = own
        .map(|path| {
            let (name, text) = read(&path);
            (name, paths(&lex(&text).code))
        })
        .collect();
    assert!(!named.is_empty(), "no file of {module}");
    named
}

/// Whether `segments` stand in `path` one after another.
fn holds(path: &str, segments: &str) -> bool {
    format!("::{path}::").contains(&format!("::{segments}::"))
}

impl House {
    /// The module of the daemon that a path names, with what follows: `crate::store::Store` gives `store::Store`.
    ///
    /// `super::super::store` is taken for the same, since no module of the house has a part named like another module that it may not know.
    fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        if let Some(named) = path.strip_prefix("crate::") {
            return Some(named);
        }
        let named = path.strip_prefix("super::")?.trim_start_matches("super::");
        let first = named.split("::").next().unwrap_or_default();
        (first == "run" || self.pure.iter().chain(&self.io).any(|module| module == first)).then_some(named)
    }
}

#[test]
fn pure_modules_name_no_socket_no_file_no_clock_and_no_randomness_of_their_own() {
    for module in House::read().pure {
        for (file, named) in named_in(&module) {
            for path in named {
                for impure in IMPURE {
                    assert!(!holds(&path, impure), "{file} names {path}; {module} is pure");
                }
                let net = path.strip_prefix("std::net").map(|rest| rest.trim_start_matches("::"));
                assert!(net.is_none_or(|rest| ADDRESSES.iter().any(|plain| rest.split("::").next() == Some(plain))), "{file} names {path}");
            }
        }
    }
}

#[test]
fn pure_modules_import_one_way_in_the_order_written_and_never_the_edge() {
    let house = House::read();
    for (rank, module) in house.pure.iter().enumerate() {
        let known = &house.pure[..=rank];
        for (file, named) in named_in(module) {
            for path in named.iter().filter_map(|path| house.below(path)) {
                let first = path.split("::").next().unwrap_or_default();
                assert!(first == "Rng" || known.iter().any(|one| one == first), "{file} names crate::{path}, which stands after {module}");
            }
        }
    }
}

#[test]
fn io_modules_do_not_know_each_other() {
    let house = House::read();
    for module in &house.io {
        for (file, named) in named_in(module) {
            for path in named.iter().filter_map(|path| house.below(path)) {
                let first = path.split("::").next().unwrap_or_default();
                let allowed =
                    ACROSS.iter().chain(&DOWN).any(|(from, to)| from == module && (path == *to || path.starts_with(&format!("{to}::"))));
                assert!(first == module || allowed, "{file} names crate::{path}; {module} knows its own library and nobody else");
            }
        }
    }
}

#[test]
fn nobody_imports_the_meeting_place() {
    let house = House::read();
    for module in house.pure.iter().chain(&house.io) {
        for (file, named) in named_in(module) {
            assert!(
                !named.iter().filter_map(|path| house.below(path)).any(|path| holds(path, "run") && path.starts_with("run")),
                "{file} imports run"
            );
        }
    }
}
