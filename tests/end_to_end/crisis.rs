//! `asif crisis` with the real programs: the numbers are there whatever state the machine is in, and the plan where it can be read.
//!
//! - Whatever became of the daemon, the home or the streams: exit 0, every number, and nothing is asked.
//! - The plan is sealed unless the person opted in on this very device, and then in the clear in one file and nowhere else.
//! - Opting out makes those bytes go.
//! - Two devices that edit apart keep what both wrote.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Home, Ran, Running, eventually, files_below, finish, freeze, holds, shell, signal};
use crate::pty::AtTerminal;

/// A marked sentence of the plan.
const SIGN: &str = "zanzibar-sign-5501";

#[track_caller]
fn has_numbers(ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for number in ["116 123", "988", "13 11 14", "1737", "999", "112", "911", "000", "111", "findahelpline.com"] {
        assert!(ran.stdout.contains(number), "{number}: {ran:?}");
    }
}

/// What is told of the plan; the numbers are there each time.
#[track_caller]
fn told(home: &Home) -> Value {
    let data = home.json(&["crisis"]);
    assert_eq!(data["numbers"].as_array().unwrap().len(), 5, "{data}");
    data
}

/// Asks until the plan is shown: the first time may only have begun to open the journal.
#[track_caller]
fn plan(home: &Home) -> Value {
    eventually("the plan is shown", || Some(told(home)).filter(|data| data["plan_state"] == "shown"))["plan"].clone()
}

/// Robin's laptop with a plan.
fn robin() -> Home {
    let home = Home::robin();
    home.ok(&["crisis", "edit", "--warning-signs", SIGN, "--who-i-can-ask", "Sam"]);
    home
}

fn copy(home: &Home) -> std::path::PathBuf {
    home.data().join("crisis-plan")
}

#[test]
fn on_a_machine_with_no_home_at_all_there_are_the_numbers_and_nothing_is_made() {
    let empty = tempfile::tempdir().unwrap();
    let asif = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_asif"));
        command.env_clear().current_dir(empty.path()).stdin(Stdio::null());
        command
    };
    for args in [&["crisis"][..], &["crisis", "show"], &["crisis", "numbers"], &["crisis", "--plain"], &["crisis", "--json"]] {
        let mut without = asif();
        without.args(args);
        has_numbers(&finish(without, None));
        let mut nowhere = asif();
        nowhere.args(args).env("HOME", empty.path().join("not/there"));
        has_numbers(&finish(nowhere, None));
        let mut no_folder = asif();
        no_folder.args(args).env("ASIF_HOME", empty.path().join("h"));
        has_numbers(&finish(no_folder, None));
    }
    let mut in_britain = asif();
    in_britain.args(["crisis"]).env("LANG", "en_GB.UTF-8");
    let ran = finish(in_britain, None);
    assert!(ran.stdout.contains("116 123") && !ran.stdout.contains("13 11 14"), "{ran:?}");
    assert!(ran.stdout.contains("Chosen for GB, after your language settings"), "{ran:?}");
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0, "something was made");
}

#[test]
fn with_closed_streams_and_an_input_that_never_ends_it_asks_nothing_and_ends() {
    let home = robin();
    let out = home.beside().join("out");
    let script = "\"$1\" crisis <&- > \"$2\" 2>&-";
    let mut closed = shell(script, &[env!("CARGO_BIN_EXE_asif").as_ref(), out.as_os_str()]);
    closed.env("ASIF_HOME", home.path());
    assert_eq!(finish(closed, None).code, Some(0));
    assert!(std::fs::read_to_string(&out).unwrap().contains("116 123"));
    // Nobody ever writes to this input, and nobody closes it.
    let mut waiting = home.command(&["crisis"]);
    waiting.stdin(Stdio::piped());
    let mut running = Running::start(waiting);
    let input = running.child.stdin.take();
    running.await_line("116 123");
    assert_eq!(running.end().0, Some(0));
    drop(input);
}

#[test]
fn the_plan_is_shown_by_a_daemon_that_ran_was_stopped_or_was_killed() {
    let home = robin();
    let expected = json!([SIGN]);
    assert_eq!(plan(&home)["warning_signs"], expected);
    home.stop();
    assert_eq!(plan(&home)["warning_signs"], expected, "from the saved view");
    home.kill();
    has_numbers(&home.run(&["crisis"]));
    let shown = plan(&home);
    assert_eq!((&shown["warning_signs"], &shown["who_i_can_ask"], &shown["readable"]), (&expected, &json!(["Sam"]), &json!(false)));
    let ran = home.ok(&["crisis", "--country", "GB"]);
    let (numbers, plan) = (ran.stdout.find("116 123").unwrap(), ran.stdout.find(SIGN).unwrap());
    assert!(numbers < plan && ran.stdout.trim_end().ends_with("emergency 999 or 112."), "{ran:?}");
}

#[test]
fn a_sealed_plan_is_not_read_without_the_daemon_and_a_readable_one_is() {
    let home = robin();
    freeze(home.pid());
    let ran = home.run(&["crisis"]);
    has_numbers(&ran);
    assert!(!ran.stdout.contains(SIGN) && ran.stdout.contains("sealed in your journal"), "{ran:?}");
    signal(home.pid(), Signal::CONT);

    let ran = home.ok(&["crisis", "edit", "--readable", "--plain"]);
    assert!(ran.stdout.contains("whoever can read your files can read it"), "{ran:?}");
    assert_eq!(copy(&home).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    freeze(home.pid());
    let data = told(&home);
    assert_eq!((&data["plan_from"], &data["plan"]["warning_signs"]), (&json!("copy"), &json!([SIGN])));
    signal(home.pid(), Signal::CONT);

    // It says what the plan says, also after a restart: that it is there is how the daemon knows.
    home.stop();
    std::fs::set_permissions(copy(&home), std::fs::Permissions::from_mode(0o644)).unwrap();
    home.start();
    assert_eq!(plan(&home)["readable"], json!(true));
    assert_eq!(copy(&home).metadata().unwrap().permissions().mode() & 0o777, 0o600, "others cannot read it any more");
    home.ok(&["crisis", "edit", "--helps-alone", "walk", "--clear", "warning-signs"]);
    freeze(home.pid());
    let data = told(&home);
    assert_eq!((&data["plan"]["helps_alone"], &data["plan"]["warning_signs"]), (&json!(["walk"]), &json!([])));
    signal(home.pid(), Signal::CONT);

    let ran = home.ok(&["crisis", "edit", "--sealed", "--plain"]);
    assert!(ran.stdout.contains("removed from this device"), "{ran:?}");
    assert!(!copy(&home).exists());
    freeze(home.pid());
    assert_eq!(told(&home)["plan_state"], "sealed");
    signal(home.pid(), Signal::CONT);
    home.stop();
    home.start();
    assert!(!copy(&home).exists(), "it does not come back");
    assert_eq!(plan(&home)["helps_alone"], json!(["walk"]));
}

#[test]
fn the_plan_is_in_the_clear_only_in_its_copy_and_only_where_that_was_asked_for() {
    let mut home = Home::new();
    home.env.push(("ASIF_LOG", "trace".to_owned()));
    home.ok(&["init", "--no-input", "--name", "Robin"]);
    home.run_with(&["crisis", "edit", "--professionals", "-"], SIGN.as_bytes()).exits(0);
    home.refuses(2, &["crisis", "edit", "--warning-signs", &SIGN.repeat(2_000)]);
    let clear = |home: &Home| {
        let files = files_below(&home.path());
        assert!(files.len() > 4, "there is something to look at");
        files.into_iter().filter(|(_, bytes)| holds(bytes, SIGN.as_bytes())).map(|(path, _)| path).collect::<Vec<_>>()
    };
    assert_eq!(clear(&home), Vec::<std::path::PathBuf>::new());
    home.ok(&["crisis", "edit", "--readable"]);
    assert_eq!(clear(&home), [copy(&home)]);
    home.stop();
    assert_eq!(clear(&home), [copy(&home)]);
    home.ok(&["crisis", "edit", "--sealed"]);
    assert_eq!(clear(&home), Vec::<std::path::PathBuf>::new());
}

#[test]
fn two_devices_that_edit_apart_keep_what_both_wrote() {
    let laptop = robin();
    let desktop = laptop.pair();
    assert_eq!(plan(&desktop)["warning_signs"], json!([SIGN]));
    laptop.ok(&["crisis", "edit", "--readable"]);
    desktop.sync();
    assert!(copy(&laptop).exists() && !copy(&desktop).exists(), "each device chooses for itself");

    // Apart: another part on each, and the same on both.
    desktop.stop();
    laptop.ok(&["crisis", "edit", "--helps-alone", "walk", "--who-i-can-ask", "Alex"]);
    laptop.stop();
    desktop.ok(&["crisis", "edit", "--professionals", "Dana", "--who-i-can-ask", "Jo"]);
    laptop.start();
    laptop.sync();
    desktop.sync();
    let shown = plan(&laptop);
    let mut on_desktop = plan(&desktop);
    assert_eq!((&shown["readable"], &on_desktop["readable"]), (&json!(true), &json!(false)));
    on_desktop["readable"] = json!(true);
    assert_eq!(shown, on_desktop, "else both devices show the same");
    assert_eq!((&shown["helps_alone"], &shown["professionals"]), (&json!(["walk"]), &json!(["Dana"])));
    let kept = shown["who_i_can_ask"][0].as_str().unwrap();
    let lost = if kept == "Alex" { "Jo" } else { "Alex" };
    assert_eq!(shown["conflicts"], json!([{ "field": "who_i_can_ask", "others": [[lost]] }]));
    let ran = laptop.ok(&["crisis"]);
    assert!(ran.stdout.contains(&format!("Who I can ask, as another device of yours has it:\n    {lost}\n")), "{ran:?}");

    // The copy has what came from elsewhere.
    freeze(laptop.pid());
    let data = told(&laptop);
    assert_eq!((&data["plan_from"], &data["plan"]["professionals"]), (&json!("copy"), &json!(["Dana"])));
    signal(laptop.pid(), Signal::CONT);

    // Writing the part settles it, on both.
    laptop.ok(&["crisis", "edit", "--who-i-can-ask", "Alex\nJo"]);
    laptop.sync();
    assert_eq!((plan(&desktop)["conflicts"].clone(), plan(&desktop)["who_i_can_ask"].clone()), (json!([]), json!(["Alex", "Jo"])));
}

#[test]
fn two_devices_that_begin_a_plan_apart_have_one() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    desktop.stop();
    laptop.ok(&["crisis", "edit", "--warning-signs", "quiet"]);
    laptop.stop();
    desktop.ok(&["crisis", "edit", "--people-places", "the library"]);
    laptop.start();
    laptop.sync();
    desktop.sync();
    for home in [&laptop, &desktop] {
        let shown = plan(home);
        assert_eq!((&shown["warning_signs"], &shown["people_places"]), (&json!(["quiet"]), &json!(["the library"])));
        assert_eq!(shown["conflicts"], json!([]));
    }
}

#[test]
fn an_edit_can_be_taken_back_and_the_plan_stays() {
    let home = robin();
    home.ok(&["crisis", "edit", "--warning-signs", "other"]);
    home.ok(&["undo"]);
    assert_eq!(plan(&home)["warning_signs"], json!([SIGN]));
    home.ok(&["undo"]);
    assert_eq!(told(&home)["plan_state"], "none");
    home.ok(&["crisis", "edit", "--warning-signs", "again"]);
    assert_eq!(plan(&home)["warning_signs"], json!(["again"]));
}

#[test]
fn a_damaged_journal_takes_neither_the_numbers_nor_the_readable_copy() {
    let home = robin();
    home.ok(&["crisis", "edit", "--readable"]);
    home.ok(&["crisis", "edit", "--warning-signs", "the latest"]);
    home.stop();
    // The last entry goes: what is left of the journal has an earlier plan, which is not put over the copy.
    let log = home.log_files().remove(0);
    let mut bytes = std::fs::read(&log).unwrap();
    let at = bytes.len() - 40;
    bytes[at] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    home.start();
    let data = eventually("it answers", || {
        Some(told(&home)).filter(|data| data["plan_note"].as_str().is_some_and(|note| note.contains("doctor")))
    });
    assert_eq!((&data["plan_from"], &data["plan"]["warning_signs"]), (&json!("copy"), &json!(["the latest"])));
    has_numbers(&home.run(&["crisis"]));
}

#[test]
fn damaged_settings_take_no_number() {
    let home = robin();
    home.ok(&["config", "set", "country", "nz"]);
    home.ok(&["config", "set", "own-number", "Sam, 07700 900123"]);
    home.refuses(2, &["config", "set", "country", "Britain"]);
    let config = home.path().join("config.toml");
    assert_eq!(config.metadata().unwrap().permissions().mode() & 0o777, 0o600, "a number of one's own is nobody else's");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("listen = \"\n{text}")).unwrap();
    let ran = home.ok(&["crisis", "numbers"]);
    assert!(ran.stdout.starts_with("Yours\n  Sam, 07700 900123\nSomebody to talk to\n  1737"), "{ran:?}");
    ran.says(&["damaged"]);
    std::fs::remove_file(&config).unwrap();
    std::fs::create_dir(&config).unwrap();
    has_numbers(&home.run(&["crisis"]));
}

#[test]
fn a_home_on_a_disk_that_only_reads_has_the_numbers() {
    let home = robin();
    home.stop();
    let script =
        "mount --bind \"$2\" \"$2\" && mount -o remount,ro,bind \"$2\" && { touch \"$2/x\" 2>/dev/null && exit 41; exec \"$1\" crisis; }";
    let mut command = Command::new("/usr/bin/unshare");
    command.args(["--mount", "--map-root-user", "/bin/sh", "-c", script, "sh", env!("CARGO_BIN_EXE_asif")]).arg(home.path());
    command.env_clear().env("ASIF_HOME", home.path()).env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    let ran = finish(command, None);
    if ran.code != Some(0) && !ran.stdout.contains("findahelpline.com") && ran.code != Some(41) {
        println!("skipped: this machine lets nobody mount: {}", ran.stderr);
        return;
    }
    has_numbers(&ran);
    assert!(ran.stdout.contains("sealed in your journal"), "{ran:?}");
}

#[test]
fn a_plan_is_written_at_a_terminal_of_any_width_and_ctrl_c_stores_nothing() {
    for (columns, rows) in [(80, 24), (40, 12)] {
        let home = Home::robin();
        let mut stopped = at_terminal(&home, columns, rows);
        stopped.await_text("Warning signs");
        stopped.await_text(" >");
        stopped.type_in(b"half a\x03");
        assert_eq!(stopped.end().0, Some(130));
        assert_eq!(told(&home)["plan_state"], "none");

        let mut asif = at_terminal(&home, columns, rows);
        for (part, lines) in [
            ("Warning signs", &["I stop answering", "I don't eat"][..]),
            ("What helps when I am alone", &[]),
            ("People and places", &["the library"]),
            ("Who I can ask", &["Sam \u{1f9e1}"]),
            ("Professionals", &[]),
            ("Making it safer", &[]),
        ] {
            asif.await_text(part);
            for line in lines.iter().chain(&[""]) {
                asif.await_text(" >");
                asif.type_in(format!("{line}\n").as_bytes());
            }
        }
        asif.await_text("[y/N]");
        asif.type_in(b"y\n");
        let (code, shown) = asif.end();
        assert_eq!(code, Some(0), "{shown}");
        let shown = plan(&home);
        assert_eq!(
            (&shown["warning_signs"], &shown["who_i_can_ask"]),
            (&json!(["I stop answering", "I don't eat"]), &json!(["Sam \u{1f9e1}"]))
        );
        assert_eq!((&shown["helps_alone"], &shown["readable"]), (&json!([]), &json!(true)));
    }
}

#[test]
fn what_another_wrote_while_the_questions_stood_is_shown_before_it_is_replaced() {
    let home = Home::robin();
    home.ok(&["crisis", "edit", "--helps-alone", "walking", "--professionals", "Kim"]);
    let mut asif = at_terminal(&home, 100, 60);
    asif.await_text("Warning signs");
    // Before its question is asked: shown there.
    home.ok(&["crisis", "edit", "--helps-alone", "singing"]);
    asif.await_text(" >");
    asif.type_in(b"\n");
    asif.await_text("singing");
    asif.await_text(" >");
    // After it: shown at the end.
    home.ok(&["crisis", "edit", "--helps-alone", "swimming"]);
    asif.type_in(b"drawing\n");
    for part in ["drawing", "People and places", "Who I can ask", "Professionals", "Making it safer"] {
        asif.await_text(part);
        asif.await_text(" >");
        asif.type_in(b"\n");
    }
    let (code, shown) = asif.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("it was changed while you typed, and read:") && shown.contains("swimming"), "{shown}");
    assert_eq!((&plan(&home)["helps_alone"], &plan(&home)["professionals"]), (&json!(["drawing"]), &json!(["Kim"])));
    let history = home.ok(&["history", "crisis"]).stdout;
    assert!(history.contains("swimming") && history.contains("singing"), "{history}");
}

fn at_terminal(home: &Home, columns: u16, rows: u16) -> AtTerminal {
    let mut command = home.command(&["crisis", "edit"]);
    command.env("TERM", "xterm");
    AtTerminal::start_at(&command, (columns, rows))
}
