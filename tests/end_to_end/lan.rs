//! Machines in network namespaces of their own, joined by bridges: a local network that is nobody's, for tests that use the network as people do.
//!
//! A test that calls [`apart`] is run again by itself in a namespace where it may make others, and there does what it has to do. Where the system
//! refuses that it says so and is passed over.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Command;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::Value;

use crate::harness::{Home, Ran, Running, finish};

/// Set where the test is run by itself.
const INSIDE: &str = "ASIF_TEST_LAN";

/// Runs `story` where it may make networks, or says why it cannot. `name` is the whole name of the test that calls it.
pub(crate) fn apart(name: &str, story: impl FnOnce(&Lan)) {
    if std::env::var_os(INSIDE).is_some() {
        return story(&Lan::begin());
    }
    // Whoever is not root becomes root of a namespace of their own.
    let root: &[&str] = if rustix::process::geteuid().is_root() { &[] } else { &["--map-root-user"] };
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(root).args(["--net", "--mount", "--propagation", "private", "--"]);
        command
    };
    let tried = unshare().args(["ip", "link", "add", "br0", "type", "bridge"]).output();
    let refused = match tried {
        Ok(tried) if tried.status.success() => None,
        Ok(tried) => Some(String::from_utf8_lossy(&tried.stderr).trim().to_owned()),
        Err(error) => Some(error.to_string()),
    };
    if let Some(why) = refused {
        return eprintln!("skipped, as no network of its own can be made here: {why}");
    }
    let output = unshare().arg(std::env::current_exe().unwrap()).args(["--exact", name, "--nocapture"]).env(INSIDE, "1").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    eprint!("{err}");
    assert!(output.status.success() && out.contains("1 passed"), "{out}\n{err}");
}

/// Several networks, each a bridge.
pub(crate) struct Lan(());

impl Lan {
    fn begin() -> Self {
        ip("link set lo up");
        // Where the names of namespaces lie; seen by this process and its children alone.
        run("mount", "-t tmpfs none /run");
        std::fs::create_dir("/run/netns").unwrap();
        Self(())
    }

    /// One more network.
    pub(crate) fn network(&self, name: &str) {
        ip(&format!("link add {name} type bridge mcast_snooping 0"));
        ip(&format!("link set {name} up"));
    }

    /// A machine on `network`, with a home where nothing has happened yet.
    pub(crate) fn machine(&self, name: &'static str, network: &str, address: &str) -> Machine {
        ip(&format!("netns add {name}"));
        ip(&format!("link add v{name} type veth peer name eth0 netns {name}"));
        // Addresses of IPv6 are used at once, whoever else might have them.
        run("nsenter", &format!("--net=/run/netns/{name} -- sh -c {}", "'echo\u{a0}0>/proc/sys/net/ipv6/conf/eth0/accept_dad'"));
        ip(&format!("-n {name} link set lo up"));
        let mut home = Home::new();
        home.env.retain(|(variable, _)| !["ASIF_LISTEN", "ASIF_DISCOVERY"].contains(variable));
        let machine = Machine { name, home };
        machine.moves_to(network, address);
        machine
    }
}

/// A machine with its home.
pub(crate) struct Machine {
    name: &'static str,
    pub(crate) home: Home,
}

impl Machine {
    /// Its cable is put into another network, or into the same one again, and it has this address there.
    pub(crate) fn moves_to(&self, network: &str, address: &str) {
        let name = self.name;
        self.loses_network();
        ip(&format!("link set v{name} master {network} up"));
        ip(&format!("-n {name} link set eth0 up"));
        ip(&format!("-n {name} addr add {address}/24 dev eth0"));
        let (net, _) = address.rsplit_once('.').unwrap();
        ip(&format!("-n {name} route add default via {net}.254"));
    }

    /// It has this address too, in the network where it is.
    pub(crate) fn has_too(&self, address: &str) {
        ip(&format!("-n {} addr add {address}/24 dev eth0", self.name));
    }

    /// Its cable is pulled.
    pub(crate) fn loses_network(&self) {
        ip(&format!("-n {} addr flush dev eth0", self.name));
        ip(&format!("-n {} link set eth0 down", self.name));
    }

    /// A command, on this machine.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let inner = self.home.command(args);
        let mut outer = Command::new("nsenter");
        outer.arg(format!("--net=/run/netns/{}", self.name)).arg("--").arg(inner.get_program()).args(inner.get_args());
        outer.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        outer.current_dir(self.home.beside()).stdin(std::process::Stdio::null());
        outer
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        finish(self.command(args), None)
    }

    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> Ran {
        self.run(args).exits(0)
    }

    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--json"]].concat()).exits(0).data()
    }

    /// A command that is waited for later.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::start(self.command(args))
    }

    /// Notes of its sessions, sorted.
    pub(crate) fn notes(&self) -> Vec<String> {
        let sessions = self.json(&["list"]);
        let mut notes: Vec<String> =
            sessions.as_array().unwrap().iter().filter_map(|one| one["note"].as_str().map(str::to_owned)).collect();
        notes.sort();
        notes
    }

    /// Does something in this machine's place on the network.
    pub(crate) fn does<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        let path = Path::new("/run/netns").join(self.name);
        std::thread::scope(|scope| {
            let there = scope.spawn(|| {
                let network = File::open(path).unwrap();
                move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                what()
            });
            there.join().unwrap()
        })
    }
}

fn ip(words: &str) {
    run("ip", words);
}

/// Words are parted by blanks; within quotes a hard blank stands for one.
fn run(program: &str, words: &str) {
    let words: Vec<String> = words.split(' ').map(|word| word.trim_matches('\'').replace('\u{a0}', " ")).collect();
    let output = Command::new(program).args(&words).output().unwrap();
    assert!(output.status.success(), "{program} {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}
