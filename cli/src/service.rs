//! The daemon as a service of the person's session: what is written for the system's service manager, and how that one is told.
//!
//! [`systemd`] and [`launchd`] make the texts, on every system, so that both are tested everywhere; [`files`] writes and removes them;
//! [`manager`] runs the programs that tell the manager about it.

use std::ffi::OsString;
use std::path::PathBuf;

use asif_proto::home::Home;
use asif_proto::local::{ErrorKind, Failure};

pub mod files;
pub mod launchd;
pub mod manager;
pub mod systemd;

pub use files::Unit;

/// The variables that say where a home lives. A service has none of those that the person's shell sets.
const PLACES: [&str; 5] = ["ASIF_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"];

/// What a service runs, and for which home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name: `asifd`, and for a home that is not where homes are by default `asifd-` and eight letters of its own.
    pub name: String,
    /// The daemon's program.
    pub program: PathBuf,
    /// The home.
    pub home: Home,
    /// What its environment must hold.
    pub environment: Vec<(&'static str, String)>,
}

/// Why there can be no service.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A path that no unit can hold.
    #[error(
        "the path {0:?} cannot be written in a service: it has a control character, ends in a space or a backslash, or is that of a program and has a quote or a backslash"
    )]
    Path(String),
    /// Where services are written cannot be told.
    #[error("cannot tell where services are kept: neither XDG_CONFIG_HOME nor HOME is set")]
    NoFolder,
    /// Something is there that asif did not write, or not for this home.
    #[error("{} is there already, and {why}", .path.display())]
    InTheWay {
        /// The file.
        path: PathBuf,
        /// What it is.
        why: String,
    },
    /// The system refused.
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        let (kind, hint) = match &error {
            ServiceError::Path(_) => (ErrorKind::Failure, Some("move the journal or the programs to a plainer path")),
            ServiceError::InTheWay { .. } => (ErrorKind::Precondition, Some("look at it, and move it away if nobody needs it")),
            ServiceError::NoFolder | ServiceError::Io { .. } => (ErrorKind::Failure, None),
        };
        let failure = Self::new(kind, error.to_string());
        if let Some(hint) = hint { failure.hint(hint) } else { failure }
    }
}

impl Service {
    /// The service of `home`, which `variable` named.
    pub fn of(home: Home, program: PathBuf, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, ServiceError> {
        let name = name(&home, &variable);
        let mut environment = Vec::new();
        for key in PLACES {
            let Some(value) = set(&variable, key) else { continue };
            // What it named may have been relative; a home's own variable makes the others mean nothing.
            let value = match (key, home.data.parent()) {
                ("ASIF_HOME", Some(root)) => root.to_owned(),
                _ if set(&variable, "ASIF_HOME").is_some() || !PathBuf::from(&value).is_absolute() => continue,
                _ => PathBuf::from(value),
            };
            environment.push((key, value.to_str().ok_or_else(|| ServiceError::Path(value.display().to_string()))?.to_owned()));
        }
        let service = Self { name, program, home, environment };
        let paths = [&service.program, &service.home.data, &service.home.state, &service.home.socket];
        let texts = paths.iter().map(|path| path.to_str().map(str::to_owned).ok_or(path.display().to_string()));
        // systemd takes no program whose path has one of these.
        if let Some(odd) = service.program.to_str().filter(|path| path.contains(['"', '\'', '\\'])) {
            return Err(ServiceError::Path(odd.to_owned()));
        }
        for text in texts.chain(service.environment.iter().map(|(_, value)| Ok(value.clone()))) {
            match text {
                Ok(text) if !text.contains(|letter: char| letter.is_control()) && !text.ends_with([' ', '\\']) => {}
                Ok(text) | Err(text) => return Err(ServiceError::Path(text)),
            }
        }
        Ok(service)
    }
}

/// The name of the service of `home`.
pub fn name(home: &Home, variable: &impl Fn(&str) -> Option<OsString>) -> String {
    let elsewhere = ["ASIF_HOME", "XDG_DATA_HOME"].iter().any(|name| set(variable, name).is_some());
    if elsewhere { format!("asifd-{}", home.mark()) } else { "asifd".to_owned() }
}

fn set(variable: &impl Fn(&str) -> Option<OsString>, name: &str) -> Option<OsString> {
    variable(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::path::Path;

    pub(crate) fn of(vars: &[(&str, &str)], program: &str) -> Result<Service, ServiceError> {
        let find = |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        let home = Home::resolve(find, Path::new("/here"), 1000, |_| false).unwrap();
        Service::of(home, program.into(), find)
    }

    #[test]
    fn each_home_has_a_service_of_its_own_which_knows_where_it_lives() {
        let plain = of(&[("HOME", "/home/robin"), ("XDG_RUNTIME_DIR", "/run/user/1000")], "/usr/bin/asifd").unwrap();
        assert_eq!(plain.name, "asifd");
        assert_eq!(plain.environment, [("XDG_RUNTIME_DIR", "/run/user/1000".to_owned())]);
        let one = of(&[("HOME", "/home/robin"), ("ASIF_HOME", "one"), ("XDG_STATE_HOME", "/s")], "/usr/bin/asifd").unwrap();
        assert_eq!(one.environment, [("ASIF_HOME", "/here/one".to_owned())], "from where it was named, and alone");
        let two = of(&[("HOME", "/home/robin"), ("ASIF_HOME", "two")], "/usr/bin/asifd").unwrap();
        let three = of(&[("HOME", "/home/robin"), ("XDG_DATA_HOME", "/data")], "/usr/bin/asifd").unwrap();
        for (this, other) in [(&one, &two), (&two, &three), (&one, &plain)] {
            assert_ne!(this.name, other.name);
        }
        assert_eq!(one.name.len(), "asifd-01234567".len());
    }

    #[test]
    fn what_no_unit_can_hold_is_refused() {
        assert!(matches!(of(&[("ASIF_HOME", "/a")], "/opt/\"a\"/asifd"), Err(ServiceError::Path(_))), "systemd takes no such program");
        for odd in ["/a\nExecStart=/bin/sh", "/a\\", "/a "] {
            assert!(matches!(of(&[("ASIF_HOME", odd)], "/usr/bin/asifd"), Err(ServiceError::Path(_))));
            assert!(matches!(of(&[("ASIF_HOME", "/a")], odd), Err(ServiceError::Path(_))), "{odd:?}");
        }
    }
}
