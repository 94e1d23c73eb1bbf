//! What comes along with the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::source::root;

/// The command line starts in milliseconds and knows none of these.
const NOT_IN_THE_COMMAND_LINE: [&str; 4] = ["automerge", "quinn", "rustls", "tokio"];

#[test]
fn the_command_line_brings_no_crdt_no_network_and_no_runtime() {
    let graph = Graph::read();
    let cli = graph.normal_dependencies("asif-cli");
    assert!(cli.contains("clap") && cli.contains("asif-proto"), "the graph is read wrongly: {cli:?}");
    let daemon = graph.normal_dependencies("asif-daemon");
    for name in NOT_IN_THE_COMMAND_LINE {
        assert!(daemon.contains(name), "{name} is not what the daemon calls it any more");
        assert!(!cli.contains(name), "asif-cli brings {name} along: cargo tree -p asif-cli -e normal -i {name}");
    }
}

/// The packages of this workspace and everything they bring along on this machine.
struct Graph {
    names: BTreeMap<String, String>,
    dependencies: BTreeMap<String, Vec<String>>,
}

impl Graph {
    /// As cargo resolved them; nothing is fetched. Packages for other systems are left out: on a fresh machine they are not there.
    fn read() -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let run = |args: &[&str]| {
            let output = Command::new(&cargo).args(args).current_dir(root()).output().unwrap();
            assert!(output.status.success(), "cargo {args:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        let version = run(&["-vV"]);
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        let metadata = run(&["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", host]);
        let metadata: Value = serde_json::from_str(&metadata).unwrap();
        let list = |value: &Value| value.as_array().unwrap().clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let names = list(&metadata["packages"]).iter().map(|package| (text(&package["id"]), text(&package["name"]))).collect();
        let is_normal = |dependency: &Value| list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
        let normal = |node: &Value| list(&node["deps"]).iter().filter(|one| is_normal(one)).map(|one| text(&one["pkg"])).collect();
        let dependencies = list(&metadata["resolve"]["nodes"]).iter().map(|node| (text(&node["id"]), normal(node))).collect();
        Self { names, dependencies }
    }

    /// The names of everything that `package` needs to be built and run, at any depth; not what only its tests need.
    fn normal_dependencies(&self, package: &str) -> BTreeSet<&str> {
        let start = self.names.iter().find(|(_, name)| *name == package).map(|(id, _)| id).unwrap();
        let mut seen = BTreeSet::new();
        let mut waiting = vec![start];
        while let Some(id) = waiting.pop() {
            if seen.insert(id) {
                waiting.extend(&self.dependencies[id]);
            }
        }
        seen.into_iter().map(|id| self.names[id].as_str()).collect()
    }
}
