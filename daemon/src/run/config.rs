//! Settings of this machine: `config.toml`, and the environment, which beats it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use asif_proto::local::{Answer, ErrorKind, Failure, Reply, Request, Setting};

/// The address to listen on where none is set: every address, a free port chosen once.
pub(super) const DEFAULT_LISTEN: &str = "0.0.0.0:0";

/// The most bytes of the words that call an editor.
const MAX_EDITOR: usize = 1024;

/// The most bytes of a number of one's own.
const MAX_OWN_NUMBER: usize = 200;

/// One setting: its key, its variable, its default, what it does, and what its value becomes in the file, or what is wrong with it.
struct Known {
    key: &'static str,
    variable: Option<&'static str>,
    default: &'static str,
    help: &'static str,
    read: fn(&str) -> Result<String, Failure>,
}

const KNOWN: [Known; 4] = [
    Known {
        key: "listen",
        variable: Some("ASIF_LISTEN"),
        default: DEFAULT_LISTEN,
        help: "the address and UDP port on which your other devices and your helper reach this one; port 0 chooses a free one once and keeps it",
        read: |value| parse_listen(value).map(|_| value.to_owned()),
    },
    Known {
        key: "country",
        variable: None,
        default: "",
        help: "the country whose numbers asif crisis shows: two letters, like GB; without it, what your language settings suggest",
        read: read_country,
    },
    Known {
        key: "own-number",
        variable: None,
        default: "",
        help: "a number of your own that asif crisis shows first, with whose it is; it is kept in the clear in this file",
        read: read_own_number,
    },
    Known {
        key: "editor",
        variable: None,
        default: "",
        help: "the editor in which asif opens a text, with its arguments; without it, what VISUAL or EDITOR name, or one that is there",
        read: read_editor,
    },
];

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
        let value = value.map(known.read).transpose()?;
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
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
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
    let from_environment = known.variable.and_then(|name| std::env::var(name).ok()).filter(|value| !value.is_empty());
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

/// Two letters, in capitals. Whether there is such a country, nobody asks: one without a number of its own is shown the others.
fn read_country(value: &str) -> Result<String, Failure> {
    let letters = value.trim().to_ascii_uppercase();
    if letters.len() == 2 && letters.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(letters);
    }
    Err(Failure::new(ErrorKind::Usage, format!("{value:?} is not a country")).hint("use its two letters, like GB, IE, US, CA, AU or NZ"))
}

fn read_own_number(value: &str) -> Result<String, Failure> {
    let line = value.trim();
    if line.is_empty() || line.chars().any(char::is_control) || line.len() > MAX_OWN_NUMBER {
        let message = format!("a number of your own is one line with something on it, of at most {MAX_OWN_NUMBER} bytes");
        return Err(Failure::new(ErrorKind::Usage, message).hint("say whose it is too: asif config set own-number \"Sam, 07...\""));
    }
    Ok(line.to_owned())
}

fn read_editor(value: &str) -> Result<String, Failure> {
    let line = value.trim();
    if line.is_empty() || line.chars().any(char::is_control) || line.len() > MAX_EDITOR {
        let message = format!("an editor is called by one line with something on it, of at most {MAX_EDITOR} bytes");
        return Err(Failure::new(ErrorKind::Usage, message).hint("for example: asif config set editor \"nano -w\""));
    }
    Ok(line.to_owned())
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
    fn a_country_is_two_letters_and_a_number_of_ones_own_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::at(&folder.path().join("config.toml"));
        assert_eq!(config.set("country", Some(" gb ")).unwrap().value.as_deref(), Some("GB"));
        let mode = std::os::unix::fs::PermissionsExt::mode(&config.path.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "a number of one's own is nobody else's");
        assert!(config.set("country", Some("XX")).is_ok(), "nobody asks whether there is such a country");
        assert_eq!(config.set("own-number", Some("Sam, \"07700\" 900123 ")).unwrap().value.as_deref(), Some("Sam, \"07700\" 900123"));
        for (key, value) in [("country", "Britain"), ("country", ""), ("country", "g1"), ("own-number", " "), ("own-number", "a\nb")] {
            let failure = config.set(key, Some(value)).unwrap_err();
            assert!(failure.kind == ErrorKind::Usage && failure.hint.is_some(), "{key} {value:?}");
        }
        assert!(config.set("own-number", Some(&"7".repeat(MAX_OWN_NUMBER + 1))).is_err());
        assert_eq!(config.get("country").unwrap().value.as_deref(), Some("XX"), "what was refused changed nothing");
    }

    #[test]
    fn an_editor_is_one_line_with_its_arguments() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::at(&folder.path().join("config.toml"));
        assert_eq!(config.set("editor", Some(" code --wait 'a b' ")).unwrap().value.as_deref(), Some("code --wait 'a b'"));
        for bad in ["", " ", "vi\nrm", &"x".repeat(MAX_EDITOR + 1)] {
            assert_eq!(config.set("editor", Some(bad)).unwrap_err().kind, ErrorKind::Usage, "{bad:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let config = Config::at(Path::new("/nowhere/at/all"));
        assert_eq!(config.set("listen", Some("lunch")).unwrap_err().kind, ErrorKind::Usage);
        assert!(config.get("lisen").unwrap_err().hint.unwrap().contains("listen"));
    }
}
