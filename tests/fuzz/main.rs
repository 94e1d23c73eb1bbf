//! Plays everything that is kept for the fuzz targets, and what they begin with, through the same functions: so that the targets cannot rot, and
//! whatever was once found stays found. README.md beside this says how they are run.
//!
//! `ASIF_WRITE_SEEDS=1` writes the seeds that are not there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a target says what it found by panicking"
)]
#![allow(unreachable_pub, reason = "the targets are a library to the fuzzer")]

mod targets;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use targets::{TARGETS, play, seeds};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

fn names(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn everything_kept_plays_through() {
    for (name, _) in TARGETS {
        let corpus = folder().join("corpus").join(name);
        let kept = names(&corpus);
        assert!(!kept.is_empty(), "nothing is kept for {name}");
        for file in kept {
            println!("{name}/{file}");
            play(name, &std::fs::read(corpus.join(file)).unwrap());
        }
    }
}

#[test]
fn every_seed_plays_through() {
    for (target, name, bytes) in seeds::seeds() {
        println!("{target}/{name}");
        play(target, &bytes);
        let path = folder().join("corpus").join(target).join(name);
        if std::env::var_os("ASIF_WRITE_SEEDS").is_some() && !path.exists() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

#[test]
fn seeds_reach_the_inside() {
    for (target, name, bytes) in seeds::seeds() {
        match (target, name) {
            ("merge", "apart-and-together") => assert_eq!(targets::merged(&bytes), 4),
            ("merge", "two-in-one") => assert_eq!(targets::merged(&bytes), 2),
            ("merge", "one") => assert_eq!(targets::merged(&bytes), 1),
            ("conversation", "writes") => assert!(targets::shown(&bytes).contains("another walk")),
            ("conversation", "lies") => assert!(targets::shown(&bytes).contains("another walk")),
            ("mailbox", "written" | "strangers") => assert_eq!(targets::kept_by_a_mailbox(&bytes), 3),
            ("caches", "view") => assert_eq!(targets::runs_read(&bytes), 0, "the saved view is taken over"),
            _ => {}
        }
    }
}

#[test]
fn every_target_is_listed_wherever_it_must_be() {
    let listed: BTreeSet<String> = TARGETS.iter().map(|(name, _)| format!("{name}.rs")).collect();
    assert_eq!(names(&folder().join("fuzz_targets")), listed);
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let ignored = std::fs::read_to_string(folder().join(".gitignore")).unwrap();
    assert!(ignored.contains("artifacts"), "what a run finds is looked at before it is kept");
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "Cargo.toml does not build {name}");
        assert!(readme.contains(&format!("| `{name}` |")), "README.md does not tell of {name}");
    }
}

#[test]
fn the_kept_corpus_is_small() {
    let sizes = TARGETS.iter().flat_map(|(name, _)| {
        let corpus = folder().join("corpus").join(name);
        names(&corpus).into_iter().map(move |file| std::fs::metadata(corpus.join(file)).unwrap().len())
    });
    assert!(sizes.sum::<u64>() < 300 * 1024);
}

#[test]
#[should_panic(expected = "no statement is so short")]
fn what_a_target_finds_comes_through() {
    fn finds(bytes: &[u8]) {
        assert!(bytes.len() > 1, "no statement is so short");
    }
    targets::run("finds", finds, &[1]);
}
