//! What only a folder can show: who may enter it, what a crash leaves, a disk that is full or gone.

use std::collections::BTreeSet;
use std::fs::{create_dir, create_dir_all, read_dir, remove_dir_all, rename, set_permissions, write};
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::super::OpenError;
use super::*;

fn home() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("objects");
    (home, folder)
}

fn open(folder: &Path) -> Objects {
    Objects::directory(folder).unwrap()
}

/// Every file and folder below `folder`.
fn everything(folder: &Path) -> BTreeSet<String> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
        for entry in read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            found.insert(path.strip_prefix(root).unwrap().display().to_string());
            if path.is_dir() {
                walk(root, &path, found);
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(folder, folder, &mut found);
    found
}

fn kind(error: &ObjectError) -> Option<ErrorKind> {
    match error {
        ObjectError::Failed { source, .. } => Some(source.kind()),
        ObjectError::Name(_) | ObjectError::TooLarge { .. } => None,
    }
}

#[tokio::test]
async fn what_was_put_is_there_when_the_folder_is_opened_again() {
    let (_home, folder) = home();
    open(&folder).put("q/1", bytes(1, 5000)).await.unwrap();
    assert_eq!(open(&folder).get("q/1").await.unwrap(), Some(bytes(1, 5000)));
}

#[tokio::test]
async fn the_folder_is_made_for_its_owner_alone_and_not_used_where_others_may_enter() {
    let (home, _) = home();
    let folder = home.path().join("a/b/objects");
    open(&folder).put("q/1", vec![1]).await.unwrap();
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    set_permissions(&folder, std::fs::Permissions::from_mode(0o750)).unwrap();
    let refused = Objects::directory(&folder).unwrap_err();
    assert!(words(&refused).contains("chmod 700"), "{}", words(&refused));
    set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    let linked = home.path().join("linked");
    symlink(&folder, &linked).unwrap();
    assert!(matches!(Objects::directory(&linked), Err(OpenError::Folder { .. })));
    write(home.path().join("file"), "").unwrap();
    let below_a_file = Objects::directory(&home.path().join("file/objects")).unwrap_err();
    assert!(words(&below_a_file).ends_with("Not a directory (os error 20)"), "{}", words(&below_a_file));
}

#[test]
fn a_folder_is_open_once() {
    let (_home, folder) = home();
    let objects = open(&folder);
    let other = objects.clone();
    drop(objects);
    assert!(matches!(Objects::directory(&folder), Err(OpenError::InUse(_))));
    drop(other);
    open(&folder);
}

#[tokio::test]
async fn what_a_crash_left_is_not_shown_and_is_taken_away_at_opening_and_nothing_else_is() {
    let (_home, folder) = home();
    let objects = open(&folder);
    objects.put("q/1", bytes(1, 100)).await.unwrap();
    write(folder.join("q/1#1"), "hal").unwrap();
    write(folder.join("q/2#17"), "hal").unwrap();
    create_dir_all(folder.join("r/empty")).unwrap();
    for strange in ["lost+found", ".hidden"] {
        create_dir(folder.join(strange)).unwrap();
        write(folder.join(strange).join("1#1"), "").unwrap();
    }
    write(folder.join("q/Notes.txt"), "").unwrap();
    write(folder.join("q/2#b"), "").unwrap();
    assert_eq!(names(&objects, "").await, ["q/1"]);
    assert_eq!(objects.get("q/2").await.unwrap(), None);
    // Another put goes by what is in its way.
    objects.put("q/1", bytes(2, 100)).await.unwrap();
    drop(objects);
    let objects = open(&folder);
    assert_eq!(objects.get("q/1").await.unwrap(), Some(bytes(2, 100)));
    assert_eq!(names(&objects, "").await, ["q/1"]);
    let left = [".hidden", ".hidden/1#1", "lost+found", "lost+found/1#1", "q", "q/1", "q/2#b", "q/Notes.txt"];
    assert_eq!(everything(&folder), left.map(str::to_owned).into());
}

#[tokio::test]
async fn a_folder_goes_with_its_last_object_and_the_place_itself_stays() {
    let (_home, folder) = home();
    let objects = open(&folder);
    for name in ["q/a/1", "q/a/2", "q/b/1"] {
        objects.put(name, vec![1]).await.unwrap();
    }
    objects.delete(owned(&["q/a/1", "q/a/2"])).await.unwrap();
    assert_eq!(everything(&folder), ["q", "q/b", "q/b/1"].map(str::to_owned).into());
    objects.delete(owned(&["q/b/1"])).await.unwrap();
    assert!(everything(&folder).is_empty());
    objects.put("q/a/1", vec![2]).await.unwrap();
}

#[tokio::test]
async fn a_folder_that_vanished_is_not_taken_for_an_empty_one_nor_made_anew() {
    let (home, folder) = home();
    let objects = open(&folder);
    objects.put("q/1", vec![1]).await.unwrap();
    let refused = async |objects: &Objects| {
        let refusals = [
            objects.get("q/1").await.unwrap_err(),
            objects.list("q").await.unwrap_err(),
            objects.put("q/2", vec![2]).await.unwrap_err(),
            objects.delete(owned(&["q/1"])).await.unwrap_err(),
        ];
        for refused in refusals {
            assert!(
                kind(&refused) == Some(ErrorKind::NotFound) && words(&refused).ends_with("is not the folder that it was"),
                "{}",
                words(&refused)
            );
        }
    };
    rename(&folder, home.path().join("elsewhere")).unwrap();
    refused(&objects).await;
    assert!(!folder.exists());
    create_dir(&folder).unwrap();
    refused(&objects).await;
    assert!(everything(&folder).is_empty());
    remove_dir_all(&folder).unwrap();
    rename(home.path().join("elsewhere"), &folder).unwrap();
    assert_eq!(objects.get("q/1").await.unwrap(), Some(vec![1]));
}

#[tokio::test]
async fn what_is_in_the_way_is_told_and_stays() {
    let (_home, folder) = home();
    let objects = open(&folder);
    objects.put("q/1", vec![1]).await.unwrap();
    let below = objects.put("q/1/x", vec![2]).await.unwrap_err();
    assert_eq!(words(&below), "cannot put q/1/x: Not a directory (os error 20)");
    let above = objects.put("q", vec![2]).await.unwrap_err();
    assert_eq!(words(&above), "cannot put q: Is a directory (os error 21)");
    // Nobody put it: it lies there.
    write(folder.join("q/large"), vec![0; usize::try_from(MAX_OBJECT).unwrap() + 1]).unwrap();
    assert!(matches!(objects.get("q/large").await, Err(ObjectError::TooLarge { .. })));
    assert_eq!(everything(&folder), ["q", "q/1", "q/large"].map(str::to_owned).into());
}

/// The folder that the child works in.
const CHILD: &str = "ASIF_TEST_OBJECTS_CHILD";
/// Set where it deletes what it put.
const DELETES: &str = "ASIF_TEST_OBJECTS_DELETES";

/// Not a test of its own: what the tests below run in a process that they can do anything to.
#[tokio::test]
#[ignore = "the child of the tests below"]
async fn child() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let objects = open(Path::new(&folder));
    println!("opened");
    match objects.put("q/log/1", bytes(2, 100_000)).await {
        Ok(()) => println!("acknowledged"),
        Err(error) => println!("refused: {}", words(&error)),
    }
    if std::env::var_os(DELETES).is_some() {
        objects.delete(owned(&["q/log/1"])).await.unwrap();
        println!("deleted");
    }
}

/// Runs the child on `folder`, by a shell line in which it is `"$@"`.
fn run_child(folder: &Path, line: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", line, "sh"]).arg(std::env::current_exe().unwrap());
    shell.args(["--exact", "objects::tests::directory::child", "--ignored", "--nocapture", "--test-threads=1", "-q"]);
    shell.env(CHILD, folder).stdin(Stdio::null()).output().unwrap()
}

fn says(output: &Output, what: &str) -> bool {
    String::from_utf8_lossy(&output.stdout).contains(what)
}

/// A folder that holds an object which the child puts anew, or none of it.
async fn before_the_child(folder: &Path, holds: bool) {
    if holds {
        open(folder).put("q/log/1", bytes(1, 100_000)).await.unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_leaves_what_was_there() {
    for holds in [true, false] {
        let (_home, folder) = home();
        before_the_child(&folder, holds).await;
        // No file may have more than 40 blocks of 512 bytes: the disk is full in the middle of the object.
        let output = run_child(&folder, "trap '' XFSZ; ulimit -f 40; exec \"$@\"");
        assert!(says(&output, "refused: cannot put q/log/1: File too large (os error 27)"), "{output:?}");
        let left = everything(&folder).into_iter().filter(|path| folder.join(path).is_file()).collect::<Vec<_>>();
        assert_eq!(left, if holds { vec!["q/log/1"] } else { vec![] }, "nothing unfinished is left either");
        assert_eq!(open(&folder).get("q/log/1").await.unwrap(), holds.then(|| bytes(1, 100_000)));
    }
}

/// Whether calls of the system can be watched here.
fn strace_works() -> bool {
    let works = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status().is_ok_and(|status| status.success());
    if !works {
        eprintln!("skipped: strace is not installed, or this system lets it trace nothing");
    }
    works
}

#[tokio::test]
async fn killed_at_any_call_that_writes_it_leaves_the_old_object_or_the_new_one() {
    if !strace_works() {
        return;
    }
    for call in ["fsync", "write", "rename"] {
        for holds in [true, false] {
            for number in 1.. {
                let (_home, folder) = home();
                before_the_child(&folder, holds).await;
                let line = format!("exec strace -f -qq -o /dev/null -e trace={call} -e inject={call}:signal=KILL:when={number} \"$@\"");
                let output = run_child(&folder, &line);
                let objects = open(&folder);
                let got = objects.get("q/log/1").await.unwrap();
                let (old, new) = (holds.then(|| bytes(1, 100_000)), Some(bytes(2, 100_000)));
                assert!(got == new || (got == old && !says(&output, "acknowledged")), "killed at {call} {number}: {output:?}");
                assert_eq!(names(&objects, "").await.len(), usize::from(got.is_some()));
                assert!(everything(&folder).iter().all(|path| !path.contains('#')), "killed at {call} {number}");
                if output.status.success() {
                    assert!(number > 1, "{call} never came");
                    break;
                }
            }
        }
    }
}

#[test]
fn what_is_acknowledged_has_been_synced_with_all_folders_above_it() {
    if !strace_works() {
        return;
    }
    let (home, folder) = home();
    let trace = home.path().join("trace").display().to_string();
    let calls = "trace=mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,fsync,write";
    let line = format!("export {DELETES}=1; exec strace -f -qq -y -s 4096 -o {trace} -e {calls} \"$@\"");
    assert!(says(&run_child(&folder, &line), "deleted"));
    let trace = std::fs::read_to_string(trace).unwrap();
    let calls: Vec<_> = trace.lines().collect();
    let folder = folder.canonicalize().unwrap().display().to_string();
    let said = |what: &str| calls.iter().position(|call| call.contains("write(1") && call.contains(what)).unwrap();
    let (opened, acknowledged, deleted) = (said("opened"), said("acknowledged"), said("deleted"));
    // The last such call among those from one word to the next.
    let last = |from: usize, to: usize, parts: &[&str]| {
        let found = calls[from..to].iter().rposition(|call| parts.iter().all(|part| call.contains(part)));
        from + found.unwrap_or_else(|| panic!("no {parts:?} in {:#?}", &calls[from..to]))
    };
    let put = |parts: &[&str]| last(opened, acknowledged, parts);
    let renamed = put(&["rename", "/q/log/1#1\"", "/q/log/1\""]);
    assert!(put(&["fsync(", &format!("<{folder}/q/log/1#1>")]) < renamed, "{calls:#?}");
    for above in ["/q/log", "/q", ""] {
        assert!(renamed < put(&["fsync(", &format!("<{folder}{above}>")]), "{above:?} {calls:#?}");
    }
    let delete = |parts: &[&str]| last(acknowledged, deleted, parts);
    assert!(delete(&["unlink", "/q/log/1\""]) < delete(&["fsync(", &format!("<{folder}>")]), "{calls:#?}");
}
