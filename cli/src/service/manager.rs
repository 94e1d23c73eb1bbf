//! Telling the service manager, by the programs that the system has for it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Serialize;

use super::Service;
use crate::client::start::on_path;

/// One program that was run, or is to be run later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The command, as one types it.
    pub command: String,
    /// It was run and did what it says.
    pub ok: bool,
    /// What it said otherwise.
    pub said: Option<String>,
}

/// The commands that make a service run that was written into `folder`, now and at every login.
pub fn to_enable(service: &Service, folder: &Path) -> Vec<Vec<String>> {
    if cfg!(target_os = "macos") {
        let file = folder.join(format!("{}.plist", service.label()));
        return vec![words(&["launchctl", "bootstrap", &domain(), &file.display().to_string()])];
    }
    let (socket, unit) = (format!("{}.socket", service.name), format!("{}.service", service.name));
    vec![words(&["systemctl", "--user", "daemon-reload"]), words(&["systemctl", "--user", "enable", "--now", &socket, &unit])]
}

/// The commands that end it, before its files go.
pub fn to_disable(name: &str) -> Vec<Vec<String>> {
    if cfg!(target_os = "macos") {
        return vec![words(&["launchctl", "bootout", &format!("{}/asif.{name}", domain())])];
    }
    vec![words(&["systemctl", "--user", "disable", "--now", &format!("{name}.socket"), &format!("{name}.service")])]
}

/// The commands after its files are gone.
pub fn to_forget() -> Vec<Vec<String>> {
    if cfg!(target_os = "macos") { Vec::new() } else { vec![words(&["systemctl", "--user", "daemon-reload"])] }
}

/// Runs `steps` one after the other, and no further than the first that does not do what it says.
pub fn run(steps: Vec<Vec<String>>, path: Option<&OsStr>) -> Vec<Step> {
    let mut done: Vec<Step> = Vec::new();
    for step in steps {
        let command = step.join(" ");
        if done.last().is_some_and(|last| !last.ok) {
            done.push(Step { command, ok: false, said: None });
            continue;
        }
        let said = run_one(&step, path).err();
        done.push(Step { command, ok: said.is_none(), said });
    }
    done
}

fn run_one(step: &[String], path: Option<&OsStr>) -> Result<(), String> {
    let (name, args) = step.split_first().ok_or("nothing to run")?;
    let program = on_path(path, name).ok_or_else(|| format!("there is no {name} on this machine"))?;
    let output = Command::new(&program).args(args).stdin(Stdio::null()).output().map_err(|error| format!("cannot run {name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    // Before it says what is wrong it may tell of links that it made.
    let said = stderr.lines().map(str::trim).rfind(|line| !line.is_empty()).map(str::to_owned);
    Err(said.unwrap_or_else(|| format!("{name} ended with {}", output.status)))
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The person's session, for launchd.
fn domain() -> String {
    format!("gui/{}", rustix::process::geteuid().as_raw())
}
