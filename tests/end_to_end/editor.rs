//! The person's own editor at a real terminal: what it is given, what comes of what it leaves, and what is left of it anywhere.
//!
//! - The text lies in memory, for its owner alone, as long as the editor is open, and then nowhere.
//! - However the editor, asif or the daemon end, what was saved there is in the journal, in a draft, or where it was and named.
//! - What was changed meanwhile is merged, or nothing is written.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Home, eventually, files_below, holds, signal};
use crate::pty::AtTerminal;

mod changed;
mod ended;
mod real;

/// A home with an editor, and the only folder in memory that its texts may be in.
struct Desk {
    home: Home,
    memory: tempfile::TempDir,
}

impl Desk {
    /// Robin's laptop with an editor that does what the shell lines say; `$1` is the text, `$B` a folder of the test.
    fn with(editor: &str) -> Self {
        let memory = tempfile::tempdir_in("/dev/shm").expect("this machine has no /dev/shm, and asif opens no editor without it");
        let mut desk = Self { home: Home::robin(), memory };
        let memory = desk.memory.path().to_str().unwrap().to_owned();
        desk.home.env.extend([("ASIF_MEMORY", memory), ("PATH", "/usr/bin:/bin".to_owned()), ("TERM", "xterm".to_owned())]);
        // Called like one that needs no arguments.
        desk.is_called("kak");
        desk.becomes(editor);
        desk
    }

    /// The editor is a program of this name.
    fn is_called(&mut self, name: &str) {
        let program = self.beside(name);
        symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/stand_in"), &program).unwrap();
        symlink(self.beside("editor.sh"), self.beside(&format!("{name}.does"))).unwrap();
        self.home.env.push(("EDITOR", program.display().to_string()));
    }

    /// The editor does something else from now on.
    fn becomes(&self, editor: &str) {
        let beside = self.home.beside().display();
        std::fs::write(self.beside("editor.sh"), format!("B='{beside}'\n{editor}\n")).unwrap();
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.home.beside().join(name)
    }

    /// What the editor wrote down of what it saw.
    fn seen(&self, name: &str) -> String {
        std::fs::read_to_string(self.beside(name)).unwrap_or_default()
    }

    fn at_terminal(&self, args: &[&str]) -> AtTerminal {
        AtTerminal::start(&self.home.command(args))
    }

    /// Runs a command to its end, with nothing typed; its exit code and what was shown.
    fn edit(&self, args: &[&str]) -> (Option<i32>, String) {
        self.at_terminal(args).end()
    }

    #[track_caller]
    fn done(&self, args: &[&str]) -> String {
        let (code, shown) = self.edit(args);
        assert_eq!(code, Some(0), "{shown}");
        shown
    }

    /// A session with a note; its id.
    fn noted(&self, note: &str) -> String {
        self.home.log(&["--note", note])
    }

    fn note(&self, id: &str) -> Value {
        self.home.json(&["show", id])["note"].clone()
    }

    fn drafts(&self) -> Vec<Value> {
        self.home.json(&["draft", "list"]).as_array().unwrap().clone()
    }

    /// Nothing is left in memory.
    #[track_caller]
    fn is_cleared(&self) {
        let left = files_below(self.memory.path());
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(std::fs::read_dir(self.memory.path()).unwrap().count(), 0);
    }

    /// The text that lies in memory now.
    fn in_memory(&self) -> Option<PathBuf> {
        files_below(self.memory.path()).into_iter().map(|(path, _)| path).find(|path| path.ends_with("text.txt"))
    }
}

#[test]
fn the_text_of_a_record_is_opened_in_memory_for_its_owner_alone_and_comes_back() {
    let mut desk = Desk::with(
        "cp \"$1\" $B/text; stat -c '%a %u' \"$1\" $(dirname \"$1\") > $B/modes; stat -f -c %T \"$1\" > $B/system; pwd > $B/here; echo $1 > $B/name
         env > $B/env; printf 'it rained\\nall day\\n' > \"$1\"",
    );
    desk.is_called("scribble");
    let id = desk.noted("it rained");
    let shown = desk.done(&["edit", &id]);
    assert!(shown.contains("edited lunch") && shown.contains("(undo: asif undo)"), "{shown}");
    assert_eq!(shown.matches("While the editor is open, the text lies in the clear in memory").count(), 1, "{shown}");
    assert!(shown.contains("asif does not know scribble"), "{shown}");
    assert_eq!(desk.note(&id), json!("it rained\nall day"));
    assert_eq!(desk.seen("text"), "it rained\n");
    let uid = rustix::process::geteuid().as_raw();
    assert_eq!(desk.seen("modes"), format!("600 {uid}\n700 {uid}\n"));
    assert!(["tmpfs\n", "ramfs\n"].contains(&&*desk.seen("system")), "{}", desk.seen("system"));
    let name = desk.seen("name");
    let below = Path::new(name.trim()).strip_prefix(desk.memory.path()).unwrap().to_str().unwrap().to_owned();
    assert!(!below.contains("asif") && !below.contains(&id) && !below.contains("lunch"), "{below}");
    assert!(desk.seen("env").lines().any(|line| line == format!("TMPDIR={}/made", desk.seen("here").trim())), "{}", desk.seen("env"));
    desk.is_cleared();
    assert!(desk.drafts().is_empty());
    desk.home.ok(&["undo"]);
    assert_eq!(desk.note(&id), json!("it rained"));
}

#[test]
fn what_was_not_changed_and_what_was_emptied_changes_nothing_and_says_so() {
    let desk = Desk::with("");
    let id = desk.noted("it rained");
    let before = desk.home.json(&["show", &id]);
    let editors = [
        ("touch \"$1\"", "nothing was changed"),
        (": > \"$1\"", "--clear note empties it"),
        ("printf ' \\n\\n' > \"$1\"", "it stays as it is"),
        ("rm \"$1\"", "it stays as it is"),
    ];
    for (editor, said) in editors {
        desk.becomes(editor);
        let shown = desk.done(&["edit", &id]);
        assert!(shown.contains(said), "{shown}");
        assert_eq!(desk.home.json(&["show", &id]), before, "{editor}");
        assert!(desk.drafts().is_empty(), "{editor}");
        desk.is_cleared();
    }
}

#[test]
fn an_editor_that_is_not_known_and_saved_nothing_can_still_be_open() {
    let mut desk = Desk::with("echo \"$1\" > $B/name");
    desk.is_called("scribble");
    let id = desk.noted("it rained");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("Is the text closed there? [y/N]");
    std::fs::write(desk.seen("name").trim(), "it rained, and then it did not\n").unwrap();
    asif.type_in(b"\n");
    asif.await_text("Press Enter");
    asif.type_in(b"\n");
    assert_eq!(asif.end().0, Some(0));
    assert_eq!(desk.note(&id), json!("it rained, and then it did not"));
}

#[test]
fn an_editor_that_is_known_and_left_a_window_behind_can_still_be_open() {
    let desk = Desk::with("echo \"$1\" > $B/name; sleep 300 & echo $! > $B/window");
    let id = desk.noted("it rained");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("Is the text closed there? [y/N]");
    std::fs::write(desk.seen("name").trim(), "it rained, and then it did not\n").unwrap();
    signal(desk.seen("window").trim().parse().unwrap(), Signal::KILL);
    asif.type_in(b"y\n");
    assert_eq!(asif.end().0, Some(0));
    assert_eq!(desk.note(&id), json!("it rained, and then it did not"));
}

#[test]
fn whoever_does_not_say_that_the_text_is_closed_keeps_it_where_it_is() {
    // The editor comes back, and a window that it opened saves later.
    let mut desk = Desk::with("echo \"$1\" > $B/name; echo 'it rained, at first' > \"$1\"; sleep 300 & echo $! > $B/window");
    desk.is_called("scribble");
    let id = desk.noted("it rained");
    for stop in [&b"\x03"[..], b"\n\x03"] {
        let mut asif = desk.at_terminal(&["edit", &id]);
        asif.await_text("Is the text closed there? [y/N]");
        asif.type_in(stop);
        let (code, shown) = asif.end();
        assert!(code == Some(130) && shown.contains("the editor is still open on"), "{shown}");
        std::fs::write(desk.seen("name").trim(), "it rained, at first, and then it did not\n").unwrap();
        let window = desk.seen("window").trim().parse().unwrap();
        signal(window, Signal::KILL);
        let later = json!("it rained, at first, and then it did not");
        let holds = |drafts: &Vec<Value>| drafts.iter().any(|draft| draft["answers"]["text"] == later);
        let drafts = eventually("what the window saved", || Some(desk.drafts()).filter(holds));
        assert_eq!(desk.note(&id), json!("it rained"));
        for draft in drafts {
            desk.home.ok(&["draft", "drop", draft["id"].as_str().unwrap(), "--yes"]);
        }
        assert!(desk.drafts().is_empty(), "what is kept is kept once");
        assert!(std::path::Path::new(desk.seen("name").trim()).exists(), "it may be open in a window still");
    }
    desk.home.ok(&["wipe", "--yes"]);
    desk.is_cleared();
}

#[test]
fn a_window_that_may_be_open_has_its_place_until_it_has_saved() {
    let mut desk = Desk::with("echo \"$1\" > $B/name");
    desk.is_called("scribble");
    let mut asif = desk.at_terminal(&["note", "-e"]);
    asif.await_text("Is the text closed there? [y/N]");
    asif.type_in(b"\x03");
    assert_eq!(asif.end().0, Some(130));
    for words in ["it rained", "it rained, and then it did not"] {
        assert!(!desk.drafts().iter().any(|draft| draft["answers"].to_string().contains(&format!("\"{words}\""))), "{words}");
        std::fs::write(desk.seen("name").trim(), format!("{words}\n")).unwrap();
        assert!(desk.drafts().iter().any(|draft| draft["answers"].to_string().contains(&format!("\"{words}\""))), "{words}");
    }
}

#[test]
fn words_that_are_typed_at_the_question_and_were_meant_for_the_window_are_kept() {
    let mut desk = Desk::with("echo \"$1\" > $B/name");
    desk.is_called("scribble");
    for end in [&b"\x03"[..], b"\n\x03"] {
        let mut asif = desk.at_terminal(&["note", "-e"]);
        asif.await_text("Is the text closed there? [y/N]");
        std::fs::write(desk.seen("name").trim(), "from the window\n").unwrap();
        asif.type_in(b"meant for it");
        asif.await_text("meant for it");
        asif.type_in(end);
        assert_eq!(asif.end().0, Some(130));
        let drafts = serde_json::to_string(&desk.drafts()).unwrap();
        assert!(drafts.contains("from the window") && drafts.contains("meant for it"), "{drafts}");
        desk.home.ok(&["draft", "drop", desk.drafts()[0]["id"].as_str().unwrap(), "--yes"]);
    }
}

#[test]
fn what_lies_beside_a_text_that_may_be_open_is_taken_up_once() {
    let mut desk = Desk::with("echo \"$1\" > $B/name; echo before > \"$1~\"");
    desk.is_called("scribble");
    let mut asif = desk.at_terminal(&["note", "-e"]);
    asif.await_text("Is the text closed there? [y/N]");
    asif.type_in(b"\x03");
    assert_eq!(asif.end().0, Some(130));
    std::fs::write(desk.seen("name").trim(), "from the window\n").unwrap();
    let first = desk.drafts();
    assert!(serde_json::to_string(&first).unwrap().contains("from the window"));
    for _ in 0..3 {
        assert_eq!(desk.drafts().len(), first.len());
    }
}

#[test]
fn what_was_begun_at_another_question_stays_where_the_editor_is_not_to_be_found() {
    let mut desk = Desk::with("printf 'one\\ntwo\\n' > \"$1\"");
    let goal = desk.home.json(&["goal", "add", "rest"]);
    let mut asif = desk.at_terminal(&["edit", goal["id"].as_str().unwrap()]);
    asif.await_text("[y/N]");
    asif.type_in(b"typed here");
    asif.await_text("typed here");
    asif.type_in(b"\x03");
    assert_eq!(asif.end().0, Some(130));
    desk.home.env.push(("EDITOR", "/nowhere/at/all".to_owned()));
    let mut asif = desk.at_terminal(&["draft", "resume"]);
    asif.await_text("here it is at a prompt");
    // Once what there is stands on the screen it is asked for.
    asif.await_text("two");
    asif.type_in(b"\x03");
    asif.end();
    let drafts = serde_json::to_string(&desk.drafts()).unwrap();
    assert!(drafts.contains("typed here") && drafts.contains("two"), "{drafts}");
}

#[test]
fn a_text_that_no_draft_takes_is_not_removed_by_looking_for_it() {
    let desk = Desk::with("test -e $B/once || { touch $B/once; head -c 600000 /dev/zero | tr '\\0' w > \"$1\"; }");
    let mut asif = desk.at_terminal(&["note", "-e"]);
    asif.await_text("[y/N]");
    asif.type_in(b"y\n");
    let (code, shown) = asif.end();
    assert!(code != Some(0) && shown.contains("asif draft list takes it up"), "{shown}");
    for _ in 0..2 {
        desk.drafts();
        let text = desk.in_memory().and_then(|text| std::fs::read(text).ok()).expect("it lies where it was");
        assert!(text.len() >= 600_000);
    }
}

#[test]
fn the_words_of_every_record_that_has_some_are_opened() {
    let desk = Desk::with("cat \"$1\" >> $B/text; sed -i 's/one/two/' \"$1\"");
    let home = &desk.home;
    home.ok(&["goal", "add", "one goal"]);
    home.ok(&["belief", "add", "one belief", "--head", "10"]);
    home.ok(&["phrase", "add", "lunch", "one phrase"]);
    home.ok(&["demo", "politeness", "--who", "M", "--did", "one act", "--deserved", "5", "--polite", "80"]);
    home.ok(&["sketch", "--text", "one sketch", "--plausible", "60"]);
    let lists = [
        (&["goal", "list"][..], "text"),
        (&["belief", "list"], "statement"),
        (&["phrase", "list"], "new_line"),
        (&["anchor", "--all"], "act"),
        (&["sketch", "list"], "text"),
    ];
    for (list, field) in lists {
        let one = home.json(list)[0].clone();
        let was = one[field].as_str().unwrap().to_owned();
        desk.done(&["edit", one["id"].as_str().unwrap()]);
        assert_eq!(home.json(list)[0][field], json!(was.replace("one", "two")), "{list:?}");
    }
    assert_eq!(desk.seen("text"), "one goal\none belief\none phrase\none act\none sketch\n");
    home.ok(&["try", "lunch", "--prediction", "20", "--no-input"]);
    let experiment = home.json(&["experiment", "list"])[0]["id"].as_str().unwrap().to_owned();
    for (id, said) in [("lunch", "asif practice edit lunch"), (&*experiment, "--happened")] {
        let (code, shown) = desk.edit(&["edit", id]);
        assert!(code == Some(2) && shown.contains(said), "{shown}");
    }
    desk.is_cleared();
}

#[test]
fn a_note_is_written_in_the_editor_where_that_is_asked_for() {
    let desk = Desk::with("test -s \"$1\" && exit 9; printf 'a bad evening\\n' > \"$1\"");
    desk.done(&["note", "-e", "--tag", "evening"]);
    desk.done(&["log", "lunch", "-b", "30", "-e"]);
    let mut asif = desk.at_terminal(&["log", "--editor"]);
    for (question, answer) in [("Which did you do?", "lunch\n"), ("before", "35\n"), ("after", "\n"), ("More?", "\n")] {
        asif.await_text(question);
        asif.type_in(answer.as_bytes());
    }
    assert_eq!(asif.end().0, Some(0));
    let told: Vec<_> = desk.home.list().iter().map(|one| (one["note"].clone(), one["before"].clone(), one["tags"].clone())).collect();
    let note = json!("a bad evening");
    assert_eq!(told, [(note.clone(), json!(35), json!([])), (note.clone(), json!(30), json!([])), (note, json!(null), json!(["evening"]))]);
    let id = desk.home.list()[0]["id"].as_str().unwrap().to_owned();
    desk.becomes("printf 'a better one\\n' > \"$1\"");
    desk.done(&["edit", &id, "-e", "--after", "50"]);
    let one = desk.home.json(&["show", &id]);
    assert_eq!((&one["note"], &one["after"]), (&json!("a better one"), &json!(50)));
    desk.is_cleared();
}

#[test]
fn with_json_the_editor_draws_where_the_person_sits_and_without_a_terminal_there_is_none() {
    let desk = Desk::with("test -t 1 && echo drawn; printf 'two\\n' > \"$1\"");
    let id = desk.noted("one");
    let mut command = desk.home.command(&["edit", &id, "--json"]);
    // Standard output is a file.
    let out = desk.beside("out");
    let script = format!("exec \"$@\" > {}", out.display());
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &script, "sh"]).arg(command.get_program()).args(command.get_args()).env_clear();
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(desk.home.beside());
    let (code, shown) = AtTerminal::start(&shell).end();
    assert!(code == Some(0) && shown.contains("drawn"), "{shown}");
    let envelope: Value = serde_json::from_str(&std::fs::read_to_string(out).unwrap()).unwrap();
    assert_eq!((&envelope["schema"], &envelope["data"]["note"]), (&json!("asif/1"), &json!("two")));
    command.arg("--no-input");
    let (code, shown) = AtTerminal::start(&command).end();
    assert!(code == Some(2) && shown.contains("nothing to change was named"), "{shown}");
    desk.home.refuses(2, &["edit", &id]).says(&["nothing to change was named"]);
    for args in [&["edit", &id, "-e"][..], &["note", "-e"], &["log", "lunch", "-e"]] {
        desk.home.refuses(2, args).says(&["an editor needs a terminal"]);
    }
    assert_eq!(desk.note(&id), json!("two"));
}

#[test]
fn without_a_memory_file_system_nothing_is_written_and_the_way_round_is_named() {
    let mut desk = Desk::with("touch $B/ran");
    let id = desk.noted("one");
    let disk = env!("CARGO_TARGET_TMPDIR");
    desk.home.env.push(("ASIF_MEMORY", disk.to_owned()));
    let (code, shown) = desk.edit(&["edit", &id]);
    let shown = shown.replace("\r\n", " ");
    assert!(code == Some(7) && shown.contains("it is on a disk") && shown.contains("--note -"), "{shown}");
    assert!(!desk.beside("ran").exists());
    assert!(std::fs::read_dir(disk).unwrap().all(|entry| !entry.unwrap().file_name().to_string_lossy().starts_with(".tmp")));
}

#[test]
fn the_setting_beats_visual_beats_editor_and_arguments_are_kept() {
    let mut desk = Desk::with("echo editor >> $B/who");
    let (beside, id) = (desk.home.beside().display().to_string(), desk.noted("one"));
    for name in ["visual", "setting"] {
        std::fs::write(desk.beside(name), format!("echo {name} \"$#\" \"$1\" >> {beside}/who; echo more >> \"$3\"\n")).unwrap();
    }
    desk.home.env.push(("VISUAL", format!("sh {beside}/visual 'two words' --")));
    desk.done(&["edit", &id]);
    desk.home.ok(&["config", "set", "editor", &format!("sh {beside}/setting 'three words here' --")]);
    desk.done(&["edit", &id]);
    assert_eq!(desk.seen("who"), "visual 3 two words\nsetting 3 three words here\n");
    desk.home.ok(&["config", "set", "editor", "no-such-editor -x"]);
    let (code, shown) = desk.edit(&["edit", &id]);
    assert!(code == Some(7) && shown.contains("no-such-editor") && shown.contains("asif config"), "{shown}");
}

/// Whatever happened, the words are in no file that a disk holds.
#[track_caller]
fn is_on_no_disk(desk: &Desk, words: &str) {
    for folder in [desk.home.path().as_path(), Path::new("/tmp"), Path::new("/var/tmp")] {
        for (path, bytes) in readable_below(folder, desk) {
            assert!(!holds(&bytes, words.as_bytes()), "{} holds it in the clear", path.display());
        }
    }
}

/// Files of this home, and files that this test could have made: others come and go.
fn readable_below(folder: &Path, desk: &Desk) -> Vec<(PathBuf, Vec<u8>)> {
    if folder == desk.home.path() {
        return files_below(folder);
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files.filter_map(|entry| Some((entry.path(), std::fs::read(entry.path()).ok()?))).collect()
}
