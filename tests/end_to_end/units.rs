//! The daemon as a service of the person's session: what is written, what the service manager is told, and that it is taken back.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::harness::{Home, Ran, finish};

/// A home whose commands find a `systemctl` that notes what it is told and does what `does` says.
pub(crate) fn managed(mut home: Home, does: &str) -> Home {
    let bin = home.beside().join("bin");
    std::fs::create_dir(&bin).unwrap();
    // A link to a file that is never written: a script written a moment ago cannot always be run.
    std::os::unix::fs::symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/stand_in"), bin.join("systemctl")).unwrap();
    std::fs::write(bin.join("systemctl.does"), does).unwrap();
    home.env.push(("PATH", bin.display().to_string()));
    let config = home.beside().join("config").display().to_string();
    home.env.push(("XDG_CONFIG_HOME", config));
    home
}

/// What the service manager was told, one command a line.
pub(crate) fn told(home: &Home) -> Vec<String> {
    let said = std::fs::read_to_string(home.beside().join("bin/systemctl.said")).unwrap_or_default();
    said.lines().map(str::to_owned).collect()
}

/// The folder of the person's units.
pub(crate) fn folder(home: &Home) -> PathBuf {
    home.beside().join("config/systemd/user")
}

fn unit_names(home: &Home) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder(home)) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_service_is_written_started_and_taken_back_and_the_journal_stays() {
    let home = managed(Home::robin(), "exit 0");
    home.log(&["-b", "30"]);
    let done = home.json(&["daemon", "install"]);
    assert_eq!(home.running(), None, "the one that ran would keep the service manager's from starting");
    let name = done["service"].as_str().unwrap().to_owned();
    assert!(name.starts_with("asifd-") && name.len() == 14, "a home of its own has a service of its own: {name}");
    assert_eq!(done["done"], "installed");
    assert_eq!(unit_names(&home), [format!("{name}.service"), format!("{name}.socket")]);
    let enable = format!("systemctl --user enable --now {name}.socket {name}.service");
    assert_eq!(told(&home), ["systemctl --user daemon-reload", &enable]);
    for unit in unit_names(&home) {
        let path = folder(&home).join(unit);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o644);
        let text = std::fs::read_to_string(path).unwrap();
        let needed = [format!("ListenStream={}", home.socket().display()), format!("\"ASIF_HOME={}\"", home.path().display())];
        assert!(needed.iter().any(|line| text.contains(line)), "{text}");
    }
    home.ok(&["daemon", "logs"]).says(&[&format!("journalctl --user --unit {name}.service")]);
    home.ok(&["daemon", "install"]);

    let done = home.json(&["daemon", "uninstall"]);
    assert_eq!((&done["done"], done["files"].as_array().unwrap().len()), (&json!("uninstalled"), 2));
    assert_eq!(unit_names(&home), [""; 0]);
    let disable = format!("systemctl --user disable --now {name}.socket {name}.service");
    assert_eq!(told(&home)[4..], [disable, "systemctl --user daemon-reload".to_owned()]);
    assert_eq!(home.json(&["daemon", "uninstall"])["done"], "not installed");
    assert_eq!(home.list().len(), 1);
}

#[test]
fn where_no_service_manager_answers_it_is_said_what_to_run_later() {
    let without = {
        let mut home = Home::robin();
        let config = home.beside().join("config").display().to_string();
        home.env.push(("XDG_CONFIG_HOME", config));
        home
    };
    let deaf = managed(Home::robin(), "echo 'Failed to connect to bus: No medium found' >&2; exit 1");
    for (home, why) in [(without, "there is no systemctl on this machine"), (deaf, "No medium found")] {
        let done = home.json(&["daemon", "install"]);
        assert!(done["steps"].as_array().unwrap().iter().all(|step| step["ok"] == false), "{done}");
        let ran = home.ok(&["daemon", "install"]);
        let told = ran.stdout.replace('\n', " ");
        assert!(told.contains(why) && told.contains("systemctl --user daemon-reload && systemctl --user enable --now asifd-"), "{ran:?}");
        assert_eq!(unit_names(&home).len(), 2);
        home.log(&[]);
        let ran = home.ok(&["daemon", "uninstall"]);
        assert!(ran.stdout.contains("systemctl --user disable --now"), "{ran:?}");
        assert_eq!(unit_names(&home).len(), 0);
        assert_eq!(home.list().len(), 1);
    }
}

#[test]
fn a_service_manager_that_refuses_is_exit_1_with_its_own_words() {
    let home = managed(Home::robin(), "case \"$*\" in *enable*) echo Created symlink >&2; echo Unit is masked. >&2; exit 1;; esac");
    home.refuses(1, &["daemon", "install"]).says(&["Unit is masked.", "systemctl --user enable --now", "asif daemon uninstall"]);
    home.log(&[]);
}

#[test]
fn units_of_somebody_else_are_left_alone() {
    let home = managed(Home::robin(), "exit 0");
    let name = home.json(&["daemon", "install"])["service"].as_str().unwrap().to_owned();
    home.ok(&["daemon", "uninstall"]);
    let theirs = folder(&home).join(format!("{name}.service"));
    std::fs::write(&theirs, "[Service]\nExecStart=/bin/true\n").unwrap();
    home.refuses(7, &["daemon", "install"]).says(&["asif did not write it"]);
    assert_eq!(home.json(&["daemon", "uninstall"])["done"], "not installed");
    assert_eq!(unit_names(&home), [format!("{name}.service")], "no second file beside it");
    assert_eq!(std::fs::read_to_string(theirs).unwrap(), "[Service]\nExecStart=/bin/true\n");
}

/// Runs `systemd-analyze --user verify` on the units of `home`; nothing where the program is not there.
fn verified(home: &Home) -> Option<Ran> {
    let program = Path::new("/usr/bin/systemd-analyze");
    if !program.exists() {
        eprintln!("skipped: there is no systemd-analyze on this machine");
        return None;
    }
    let run = home.beside().join("verify");
    std::fs::create_dir(&run).unwrap();
    let mut command = Command::new(program);
    command.args(["--user", "--no-pager", "verify"]).args(unit_names(home).iter().map(|name| folder(home).join(name)));
    command.env_clear().env("XDG_RUNTIME_DIR", &run).env("HOME", &run);
    Some(finish(command, None))
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let home = managed(Home::new(), "exit 0");
    home.ok(&["daemon", "install"]);
    let Some(ran) = verified(&home) else { return };
    assert!(!ran.exits(0).stderr.contains("asifd"));

    let home = managed(Home::new(), "exit 0");
    let odd = home.beside().join("100% \"mine\" $HOME \\n ;#");
    let mut command = home.command(&["daemon", "install"]);
    command.env("ASIF_HOME", &odd);
    finish(command, None).exits(0);
    assert!(!verified(&home).unwrap().exits(0).stderr.contains("asifd"));

    // What it looks at can be wrong, and it says so.
    let unit = folder(&home).join(unit_names(&home).into_iter().find(|name| name.ends_with(".service")).unwrap());
    let text = std::fs::read_to_string(&unit).unwrap().replace("RestrictNamespaces=yes", "RestrictNamespaces=perhaps");
    std::fs::write(unit, text).unwrap();
    std::fs::remove_dir_all(home.beside().join("verify")).unwrap();
    assert!(verified(&home).unwrap().stderr.contains("perhaps"));
}
