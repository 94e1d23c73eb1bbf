//! Settings of this machine: `config.toml`, and the environment, which beats it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use asif_proto::local::{Answer, ErrorKind, Failure, Reply, Request, Setting};

/// The address to listen on where none is set: every address, a free port chosen once.
pub(super) const DEFAULT_LISTEN: &str = "0.0.0.0:0";

/// One setting: its key, its variable, its default, what it does.
struct Known {
    key: &'static str,
    variable: &'static str,
    default: &'static str,
    help: &'static str,
}

const KNOWN: [Known; 1] = [Known {
    key: "listen",
    variable: "ASIF_LISTEN",
    default: DEFAULT_LISTEN,
    help: "the address and UDP port on which your other devices and your helper reach this one; port 0 chooses a free one once and keeps it",
}];

/// The settings file.
#[derive(Debug, Clone)]
pub(super) struct Config {
    path: PathBuf,
}

impl Config {
    /// The settings at `path`; the file need not exist.
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The answer to a request about settings; none to any other.
    pub(super) fn answer(&self, request: &Request) -> Option<Answer> {
        let outcome = match request {
            Request::ConfigList => self.list(),
            Request::ConfigGet { key } => self.get(key).map(|one| vec![one]),
            Request::ConfigSet { key, value } => self.set(key, value.as_deref()).map(|one| vec![one]),
            _ => return None,
        };
        Some(match outcome {
            Ok(settings) => Answer::Reply(Box::new(Reply::Config(settings))),
            Err(failure) => Answer::Error(failure),
        })
    }

    /// The address to listen on.
    pub(super) fn listen(&self) -> Result<SocketAddr, Failure> {
        let setting = self.get("listen")?;
        let value = setting.value.unwrap_or(setting.default);
        parse_listen(&value)
    }

    /// Every setting.
    pub(super) fn list(&self) -> Result<Vec<Setting>, Failure> {
        let file = self.read()?;
        Ok(KNOWN.iter().map(|known| setting(known, &file)).collect())
    }

    /// One setting.
    pub(super) fn get(&self, key: &str) -> Result<Setting, Failure> {
        let file = self.read()?;
        find(key).map(|known| setting(known, &file))
    }

    /// Sets one, or with no value goes back to the default.
    pub(super) fn set(&self, key: &str, value: Option<&str>) -> Result<Setting, Failure> {
        let known = find(key)?;
        if let Some(value) = value {
            parse_listen(value)?;
        }
        let mut file = self.read()?;
        match value {
            Some(value) => drop(file.insert(known.key, toml_edit::value(value))),
            None => drop(file.remove(known.key)),
        }
        let failed = |error: std::io::Error| Failure::new(ErrorKind::Failure, format!("cannot write {}: {error}", self.path.display()));
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let unfinished = self.path.with_extension("toml.new");
        write_whole(&unfinished, &file.to_string()).and_then(|()| std::fs::rename(&unfinished, &self.path)).map_err(failed)?;
        self.get(key)
    }

    fn read(&self) -> Result<toml_edit::DocumentMut, Failure> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Failure::new(ErrorKind::Failure, format!("cannot read {}: {error}", self.path.display()))),
        };
        text.parse().map_err(|error| {
            Failure::new(ErrorKind::Failure, format!("{} cannot be read: {error}", self.path.display()))
                .hint("mend that line, or remove the file")
        })
    }
}

fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn find(key: &str) -> Result<&'static Known, Failure> {
    KNOWN.iter().find(|known| known.key == key).ok_or_else(|| {
        let keys: Vec<_> = KNOWN.iter().map(|known| known.key).collect();
        Failure::new(ErrorKind::Usage, format!("there is no setting called {key:?}")).hint(format!("settings: {}", keys.join(", ")))
    })
}

fn setting(known: &Known, file: &toml_edit::DocumentMut) -> Setting {
    let from_environment = std::env::var(known.variable).ok().filter(|value| !value.is_empty());
    let from_file = file.get(known.key).and_then(toml_edit::Item::as_str).map(str::to_owned);
    let source = match (&from_environment, &from_file) {
        (Some(_), _) => "environment",
        (None, Some(_)) => "config",
        (None, None) => "default",
    };
    Setting {
        key: known.key.into(),
        value: from_environment.or(from_file),
        default: known.default.into(),
        source: source.into(),
        help: known.help.into(),
    }
}

fn parse_listen(value: &str) -> Result<SocketAddr, Failure> {
    value.parse().map_err(|_| {
        Failure::new(ErrorKind::Usage, format!("{value:?} is not an address to listen on"))
            .hint("use an IP address and a port, like 0.0.0.0:0, 127.0.0.1:4433 or [::]:4433")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_kept_with_what_else_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::at(&folder.path().join("below/config.toml"));
        assert_eq!(config.get("listen").unwrap().source, "default");
        config.set("listen", Some("127.0.0.1:0")).unwrap();
        let path = folder.path().join("below/config.toml");
        let text = format!("# mine\nother = 1\n{}", std::fs::read_to_string(&path).unwrap());
        std::fs::write(&path, text).unwrap();
        config.set("listen", Some("127.0.0.1:7")).unwrap();
        assert_eq!(config.listen().unwrap(), "127.0.0.1:7".parse().unwrap());
        assert!(std::fs::read_to_string(&path).unwrap().contains("# mine"));
        config.set("listen", None).unwrap();
        assert_eq!(config.get("listen").unwrap().value, None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let config = Config::at(Path::new("/nowhere/at/all"));
        assert_eq!(config.set("listen", Some("lunch")).unwrap_err().kind, ErrorKind::Usage);
        assert!(config.get("lisen").unwrap_err().hint.unwrap().contains("listen"));
    }
}
