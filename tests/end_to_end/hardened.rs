//! The running daemon against whoever looks at it from beside: other programs of its user, a machine that goes to sleep, its folders left open.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;

use crate::bus::Bus;
use crate::harness::{Home, SOON, eventually, finish};

const PASSPHRASE: &[u8] = b"correct horse battery";
/// Somebody else than root: to root everything is open.
const NOBODY: u32 = 65_534;

/// logind, as far as asif knows it.
struct Manager {
    inhibited: mpsc::Sender<(String, String, zbus::OwnedFd)>,
}

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    fn inhibit(&self, what: String, who: String, _why: String, mode: String) -> zbus::OwnedFd {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let held = zbus::OwnedFd::from(std::os::fd::OwnedFd::from(ours));
        self.inhibited.send((format!("{what} {mode}"), who, held)).unwrap();
        zbus::OwnedFd::from(std::os::fd::OwnedFd::from(theirs))
    }
}

#[test]
fn a_machine_that_goes_to_sleep_locks_the_journal_first() {
    let mut home = Home::robin();
    home.log(&["--note", "a"]);
    let Some(bus) = Bus::start(&home) else { return };
    home.stop();
    home.env.retain(|(name, _)| *name != "DBUS_SYSTEM_BUS_ADDRESS");
    home.env.push(("DBUS_SYSTEM_BUS_ADDRESS", bus.address.clone()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (tell, inhibited) = mpsc::channel();
    let manager = eventually("the bus is there", || {
        let builder = zbus::connection::Builder::address(bus.address.as_str());
        let builder = builder.serve_at("/org/freedesktop/login1", Manager { inhibited: tell.clone() }).name("org.freedesktop.login1");
        runtime.block_on(builder.build()).ok()
    });
    let says = |sleeps: bool| {
        let said =
            manager.emit_signal(None::<&str>, "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep", &sleeps);
        runtime.block_on(said).unwrap();
    };
    home.run_with(&["lock", "passphrase", "--fd", "0"], PASSPHRASE).exits(0);
    let (what, who, held) = inhibited.recv_timeout(SOON).expect("it asks to be waited for");
    assert_eq!((what.as_str(), who.as_str()), ("sleep delay", "asifd"));
    says(true);
    // It is held up no longer than until the journal is locked.
    let held = std::os::unix::net::UnixStream::from(std::os::fd::OwnedFd::from(held));
    held.set_read_timeout(Some(SOON)).unwrap();
    assert_eq!(std::io::Read::read(&mut &held, &mut [0]).unwrap(), 0, "it let go");
    home.refuses(5, &["list"]);
    // Awake again, and open, it is so the next time.
    home.run_with(&["unlock", "--fd", "0"], PASSPHRASE).exits(0);
    inhibited.recv_timeout(SOON).expect("it asks again");
    says(false);
    assert_eq!(home.list().len(), 1);
    says(true);
    eventually("it is locked", || (home.run(&["list"]).code == Some(5)).then_some(()));
}

/// Runs as somebody who is not root.
fn as_nobody(mut command: Command) -> Command {
    if rustix::process::getuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

#[test]
fn another_program_of_the_same_user_cannot_look_into_the_running_daemon() {
    let home = Home::new();
    // Where nobody may go to the folder of the build, the programs are beside the home.
    let bin = home.beside().join("bin");
    fs::create_dir_all(&bin).unwrap();
    for (name, built) in [("asif", env!("CARGO_BIN_EXE_asif")), ("asifd", env!("CARGO_BIN_EXE_asifd"))] {
        fs::copy(built, bin.join(name)).unwrap();
    }
    let theirs = home.beside().join("theirs");
    fs::create_dir_all(&theirs).unwrap();
    fs::set_permissions(home.beside(), fs::Permissions::from_mode(0o755)).unwrap();
    if rustix::process::getuid().is_root() {
        chown(&theirs, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let run = |program: &Path, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(args).env_clear().env("ASIF_HOME", theirs.join("home")).env("PATH", "/usr/bin:/bin").env("LANG", "C.UTF-8");
        finish(as_nobody(command), None)
    };
    run(&bin.join("asif"), &["init", "--no-input", "--name", "Robin", "--json"]).exits(0);
    let status = run(&bin.join("asif"), &["status", "--json"]).exits(0).data();
    let pid = status["daemon"]["pid"].as_u64().unwrap();
    let cat = |name: &str| run(Path::new("/bin/cat"), &[&format!("/proc/{pid}/{name}")]);
    assert!(cat("limits").exits(0).stdout.contains("Max core file size        0                    0"), "no core file");
    for inside in ["environ", "maps", "mem"] {
        let ran = cat(inside);
        assert!(ran.code == Some(1) && ran.stderr.contains("Permission denied"), "{inside}: {ran:?}");
    }
    run(&bin.join("asif"), &["daemon", "stop"]).exits(0);
}
