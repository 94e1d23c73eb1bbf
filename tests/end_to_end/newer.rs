//! Files that a newer program wrote: each is refused in words, nothing is changed, and with the program that knows them everything is there.

use std::fs;

use crate::harness::{Home, files_below};

#[test]
fn a_file_of_a_newer_format_is_refused_in_words_and_nothing_is_changed() {
    let home = Home::robin();
    home.log(&["--note", "a"]);
    home.run_with(&["lock", "passphrase", "--fd", "0"], b"correct horse battery").exits(0);
    let desktop = home.pair();
    home.ok(&["lock", "now"]);
    home.run_with(&["note", "-"], b"b").exits(0);
    desktop.run_with(&["note", "-"], b"c").exits(0);
    desktop.ok(&["sync", "--wait"]);
    desktop.stop();
    home.stop();
    let mut formats = std::collections::BTreeSet::new();
    for (path, bytes) in files_below(&home.data()) {
        let Some((magic @ [b'a', b's', b'i', b'f', ..], rest)) = bytes.split_first_chunk::<8>() else { continue };
        formats.insert(String::from_utf8_lossy(&magic[4..7]).into_owned());
        let newer = [&magic[..7], b"9", rest].concat();
        fs::write(&path, &newer).unwrap();
        let before = files_below(&home.data());
        for args in
            [&["status"][..], &["list"], &["note", "-"], &["doctor", "--rebuild"], &["init", "--no-input"], &["unlock", "--fd", "0"]]
        {
            let ran = home.run_with(args, b"correct horse battery");
            assert!(
                ran.code == Some(9) && ran.stderr.contains("was written by a newer asif") && ran.stderr.contains("update asif"),
                "{} {args:?}: {ran:?}",
                path.display()
            );
        }
        let words = format!("{}art", "abandon ".repeat(23));
        let ran = home.run_with(&["recovery-kit", "restore", "--at", "127.0.0.1:1", "--fd", "0"], words.as_bytes());
        assert!(ran.code != Some(0), "{ran:?}");
        assert!(home.ok(&["crisis"]).stdout.contains("116 123"));
        // The lock file tells who held it.
        let but_lock =
            |files: Vec<(std::path::PathBuf, Vec<u8>)>| files.into_iter().filter(|(path, _)| !path.ends_with("lock")).collect::<Vec<_>>();
        assert!(but_lock(files_below(&home.data())) == but_lock(before), "{} was touched", path.display());
        fs::write(&path, &bytes).unwrap();
    }
    let all: Vec<&str> = formats.iter().map(String::as_str).collect();
    assert_eq!(all, ["cch", "drp", "hld", "key", "log", "out", "sta", "vlt"], "each format that there is");
    home.run_with(&["unlock", "--fd", "0"], b"correct horse battery").exits(0);
    assert_eq!(home.notes(), ["a", "b", "c"]);
}
