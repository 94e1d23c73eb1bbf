//! What every place for objects must do: a folder, memory, a bucket; and what only the one or the other can show.
//!
//! The facts on a bucket need one: `tests/garage/README.md` says how to start it and how to run them.

/// The variable that names the bucket.
const BUCKET: &str = "ASIF_TEST_BUCKET";

/// Facts that are shown in every place.
macro_rules! in_every_place {
    ($($name:ident)*) => {
        mod in_a_folder {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let home = tempfile::tempdir().unwrap();
                super::$name(super::Objects::directory(&home.path().join("objects")).unwrap()).await;
            })*
        }
        mod in_memory {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(super::Objects::in_memory()).await;
            })*
        }
        mod in_a_bucket {
            $(#[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs a bucket: tests/garage/README.md"]
            async fn $name() {
                let Some(objects) = super::a_prefix_of_the_bucket(stringify!($name)) else { return };
                super::$name(objects.clone()).await;
                let left = objects.list("").await.unwrap().into_iter().map(|one| one.name).collect();
                objects.delete(left).await.unwrap();
            })*
        }
    };
}

mod bucket;
mod conformance;
mod directory;

use std::error::Error;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{Listed, MAX_OBJECT, ObjectError, Objects};

/// A prefix of its own for each test and run.
fn a_prefix_of_the_bucket(test: &str) -> Option<Objects> {
    let Ok(bucket) = std::env::var(BUCKET) else {
        eprintln!("skipped: {BUCKET} names no bucket");
        return None;
    };
    let run = getrandom::u64().unwrap();
    Some(Objects::bucket(&format!("{bucket}/{run:016x}/{}", test.replace('_', "-"))).unwrap())
}

/// Bytes that tell which they are.
fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().update(&seed.to_be_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

async fn names(objects: &Objects, prefix: &str) -> Vec<String> {
    objects.list(prefix).await.unwrap().into_iter().map(|one| one.name).collect()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// An error with all that caused it.
fn words(error: &dyn Error) -> String {
    std::iter::successors(Some(error), |error| (*error).source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Runs them all, at most 32 at a time.
async fn at_once<F: Future<Output = ()> + Send + 'static>(work: impl IntoIterator<Item = F>) {
    let mut running = JoinSet::new();
    for one in work {
        if running.len() >= 32 {
            running.join_next().await.unwrap().unwrap();
        }
        running.spawn(one);
    }
    while let Some(one) = running.join_next().await {
        one.unwrap();
    }
}
