//! Settings of this machine: `config.toml`, and the environment, which beats it.
//!
//! What stands in the file and is not understood is told, with its line, in every list of the settings, by `asif doctor` and in the log. It keeps nothing
//! else from being read, and the daemon from nothing but what it is about.

mod file;
mod known;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use asif_proto::local::{Answer, Check, Failure, QuietHours, Reply, Request, Setting};

use file::{Entry, File};
use known::{DISCOVERY, KNOWN, Known, LISTEN, LOCK_AFTER, OWN_NUMBER, PORT_MAPPING, QUIET_HOURS, find, nearest_to, parse_listen};

/// The settings file, and the environment.
#[derive(Debug, Clone)]
pub(super) struct Config {
    path: PathBuf,
    variable: fn(&str) -> Option<OsString>,
}

impl Config {
    /// The settings at `path`; the file need not exist.
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), variable: |name| std::env::var_os(name) }
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

    /// The address to listen on. One that is not understood is not taken for another.
    pub(super) fn listen(&self) -> Result<SocketAddr, Failure> {
        let known = find(LISTEN)?;
        // The environment counts also where the file cannot be read.
        let value = match self.in_environment(known) {
            Some(value) => Some(value.map_err(|problem| Failure::new(asif_proto::local::ErrorKind::Usage, problem))?),
            None => {
                let file = File::read(&self.path)?;
                let entry = file.entry(LISTEN);
                let wrong = entry.as_ref().filter(|entry| entry.text.is_none()).map(|entry| self.no_text(entry));
                wrong.map_or(Ok(()), |problem| Err(Failure::new(asif_proto::local::ErrorKind::Usage, problem)))?;
                entry.and_then(|entry| entry.text.map(str::to_owned))
            }
        };
        parse_listen(value.as_deref().unwrap_or(known.default))
    }

    /// The hours in which nothing is shown. Hours that nobody can read are none: a reminder too many is better than none.
    pub(super) fn quiet_hours(&self) -> Option<QuietHours> {
        let value = self.get(QUIET_HOURS).ok()?.value.filter(|value| !value.is_empty())?;
        let hours = value.parse();
        if hours.is_err() {
            tracing::warn!("quiet-hours in the settings are no hours, and are passed over");
        }
        hours.ok()
    }

    /// Whether the local network may be used to find others. What nobody can read is no leave to.
    pub(super) fn discovery(&self) -> bool {
        self.is_on(DISCOVERY)
    }

    /// Whether the router may be asked to pass on what comes from outside. What nobody can read is no leave to.
    pub(super) fn port_mapping(&self) -> bool {
        self.is_on(PORT_MAPPING)
    }

    fn is_on(&self, key: &str) -> bool {
        let value = self.get(key).map(|setting| setting.value.unwrap_or(setting.default));
        value.is_ok_and(|value| value.trim().eq_ignore_ascii_case("on"))
    }

    /// So long after the last request the journal locks by itself; none: it does not.
    pub(super) fn lock_after(&self) -> Option<Duration> {
        let value = self.get(LOCK_AFTER).ok()?.value.filter(|value| !value.is_empty())?;
        let after = known::minutes(&value);
        if after.is_none() {
            tracing::warn!("lock-after in the settings is no time, and the journal does not lock by itself");
        }
        after
    }

    /// Every setting; and every key of the file that is none.
    pub(super) fn list(&self) -> Result<Vec<Setting>, Failure> {
        let file = File::read(&self.path)?;
        let unknown = file.entries().filter(|entry| KNOWN.iter().all(|known| known.key != entry.key));
        let unknown = unknown.map(|entry| Setting {
            key: entry.key.to_owned(),
            value: entry.text.map(str::to_owned),
            default: String::new(),
            source: "config".into(),
            help: String::new(),
            problem: Some(format!(
                "{}: there is no setting called {:?}; did you mean: {}?",
                self.place(&entry),
                entry.key,
                nearest_to(entry.key)
            )),
        });
        Ok(KNOWN.iter().map(|known| self.setting(known, &file)).chain(unknown).collect())
    }

    /// One setting.
    pub(super) fn get(&self, key: &str) -> Result<Setting, Failure> {
        let known = find(key)?;
        Ok(self.setting(known, &File::read(&self.path)?))
    }

    /// Sets one, or with no value goes back to the default.
    pub(super) fn set(&self, key: &str, value: Option<&str>) -> Result<Setting, Failure> {
        let known = find(key)?;
        let value = value.map(known.read).transpose()?;
        File::read(&self.path)?.change(known.key, value.as_deref())?;
        self.get(key)
    }

    /// What in the settings should be looked at.
    pub(super) fn checks(&self) -> Vec<Check> {
        let wrong = match self.list() {
            Ok(settings) => settings.into_iter().filter_map(|setting| setting.problem).collect(),
            Err(failure) => vec![failure.message],
        };
        let hint = || Some("asif config list shows what counts".to_owned());
        wrong.into_iter().map(|text| Check { ok: false, kind: "settings".into(), text, hint: hint() }).collect()
    }

    /// Notes in the log which settings should be looked at, and nothing of what stands in them.
    pub(super) fn note(&self) {
        match self.list() {
            Ok(settings) => settings.iter().filter(|setting| setting.problem.is_some()).for_each(|setting| {
                tracing::warn!(key = setting.key, "a setting is not understood: asif config list tells why");
            }),
            Err(failure) => tracing::warn!(reason = %failure, "the settings cannot be read"),
        }
    }

    fn setting(&self, known: &Known, file: &File) -> Setting {
        let entry = file.entry(known.key);
        let in_file = entry.as_ref().and_then(|entry| entry.text.map(str::to_owned));
        let from_environment = self.in_environment(known);
        let source = match (&from_environment, &in_file) {
            (Some(_), _) => "environment",
            (None, Some(_)) => "config",
            (None, None) => "default",
        };
        let refused = |value: &str| (known.read)(value).err().map(|failure| failure.message);
        let problem = match (&from_environment, &entry) {
            (Some(Err(problem)), _) => Some(problem.clone()),
            (Some(Ok(value)), _) => refused(value).map(|why| format!("{}: {why}", known.variable.unwrap_or_default())),
            (None, Some(entry)) => match entry.text {
                None => Some(self.no_text(entry)),
                Some(value) => refused(value)
                    .map(|why| format!("{}: {}: {why}", self.place(entry), entry.key))
                    .or_else(|| self.open_to_others(known, file)),
            },
            (None, None) => None,
        };
        Setting {
            key: known.key.into(),
            value: from_environment.and_then(Result::ok).or(in_file),
            default: known.default.into(),
            source: source.into(),
            help: known.help.into(),
            problem,
        }
    }

    /// Of a value that counts: others may say it, or read what is nobody else's.
    fn open_to_others(&self, known: &Known, file: &File) -> Option<String> {
        let path = self.path.display();
        if file.others_may_write() {
            return Some(format!("others may write into {path}, and so decide this: chmod 600 {path}"));
        }
        let told = known.key == OWN_NUMBER && file.others_may_read();
        told.then(|| format!("others on this machine may read it: chmod 600 {path}"))
    }

    /// The value of the setting's variable, where it is set to something; an error where that is no text.
    fn in_environment(&self, known: &Known) -> Option<Result<String, String>> {
        let name = known.variable?;
        let value = (self.variable)(name).filter(|value| !value.is_empty())?;
        Some(value.into_string().map_err(|_| format!("{name} is not text (not UTF-8)")))
    }

    fn no_text(&self, entry: &Entry<'_>) -> String {
        format!("{}: the value of {} must be text between quotes, and does not count", self.place(entry), entry.key)
    }

    fn place(&self, entry: &Entry<'_>) -> String {
        format!("line {} of {}", entry.line, self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use asif_proto::local::ErrorKind;
    use std::os::unix::fs::PermissionsExt;

    /// Settings in a folder of their own, whatever this process's environment says.
    fn config(folder: &tempfile::TempDir) -> Config {
        Config { path: folder.path().join("below/config.toml"), variable: |_| None }
    }

    fn write(config: &Config, text: &str) {
        std::fs::create_dir_all(config.path.parent().unwrap()).unwrap();
        std::fs::write(&config.path, text).unwrap();
        std::fs::set_permissions(&config.path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    #[test]
    fn a_setting_is_kept_with_what_else_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder);
        assert_eq!(config.get("listen").unwrap().source, "default");
        config.set("listen", Some("127.0.0.1:0")).unwrap();
        let text = format!("# mine\nother = 1\n{}", std::fs::read_to_string(&config.path).unwrap());
        std::fs::write(&config.path, text).unwrap();
        config.set("listen", Some("127.0.0.1:7")).unwrap();
        assert_eq!(config.listen().unwrap(), "127.0.0.1:7".parse().unwrap());
        assert!(std::fs::read_to_string(&config.path).unwrap().contains("# mine\nother = 1\n"));
        config.set("listen", None).unwrap();
        assert_eq!(config.get("listen").unwrap().value, None);
    }

    #[test]
    fn a_country_is_two_letters_and_a_number_of_ones_own_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder);
        assert_eq!(config.set("country", Some(" gb ")).unwrap().value.as_deref(), Some("GB"));
        let mode = config.path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "a number of one's own is nobody else's");
        assert!(config.set("country", Some("XX")).is_ok(), "nobody asks whether there is such a country");
        assert_eq!(config.set("own-number", Some("Sam, \"07700\" 900123 ")).unwrap().value.as_deref(), Some("Sam, \"07700\" 900123"));
        let before = std::fs::read(&config.path).unwrap();
        let long = "7".repeat(201);
        for (key, value) in
            [("country", "Britain"), ("country", ""), ("country", "g1"), ("own-number", " "), ("own-number", "a\nb"), ("own-number", &long)]
        {
            let failure = config.set(key, Some(value)).unwrap_err();
            assert!(failure.kind == ErrorKind::Usage && failure.hint.is_some(), "{key} {value:?}");
        }
        assert_eq!(std::fs::read(&config.path).unwrap(), before, "what was refused changed nothing");
    }

    #[test]
    fn an_editor_is_one_line_with_its_arguments() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::at(&folder.path().join("config.toml"));
        assert_eq!(config.set("editor", Some(" code --wait 'a b' ")).unwrap().value.as_deref(), Some("code --wait 'a b'"));
        for bad in ["", " ", "vi\nrm", &"x".repeat(1025)] {
            assert_eq!(config.set("editor", Some(bad)).unwrap_err().kind, ErrorKind::Usage, "{bad:?}");
        }
    }

    #[test]
    fn quiet_hours_are_two_times_of_day_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::at(&folder.path().join("config.toml"));
        assert_eq!(config.quiet_hours(), None);
        config.set("quiet-hours", Some(" 22:00 - 7:00")).unwrap();
        assert_eq!(config.quiet_hours().map(|hours| hours.to_string()).as_deref(), Some("22:00-07:00"));
        let failure = config.set("quiet-hours", Some("25:00-07:00")).unwrap_err();
        assert!(failure.kind == ErrorKind::Usage && failure.hint.is_some());
        config.set("quiet-hours", Some("")).unwrap();
        assert_eq!(config.quiet_hours(), None);
        std::fs::write(&config.path, "quiet-hours = \"evening\"").unwrap();
        assert_eq!(config.quiet_hours(), None);
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest() {
        let config = Config { path: "/nowhere/at/all".into(), variable: |_| None };
        assert_eq!(config.set("listen", Some("lunch")).unwrap_err().kind, ErrorKind::Usage);
        for failure in [config.get("lisen").unwrap_err(), config.set("Listen", Some("x")).unwrap_err()] {
            assert_eq!(failure.kind, ErrorKind::Usage);
            assert!(failure.hint.unwrap().starts_with("did you mean: listen?"));
        }
        assert!(config.get("own_number").unwrap_err().hint.unwrap().contains("own-number"));
    }

    #[test]
    fn what_is_not_understood_in_the_file_is_told_and_stops_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder);
        write(
            &config,
            "# mine\nlisen = \"127.0.0.1:0\"\ncountry = 7\nown-number = \"Sam, 07\"\nlisten = \"127.0.0.1:9\"\n[section]\nx = 1\n",
        );
        let told = config.list().unwrap();
        let problem = |key: &str| told.iter().find(|setting| setting.key == key).unwrap().problem.clone();
        assert!(problem("lisen").unwrap().starts_with("line 2 of ") && problem("lisen").unwrap().ends_with("did you mean: listen?"));
        assert!(problem("country").unwrap().contains("line 3 of ") && problem("country").unwrap().contains("between quotes"));
        assert!(problem("section").unwrap().contains("line 6 of "));
        assert_eq!((problem("listen"), problem("own-number")), (None, None));
        assert_eq!(config.checks().len(), 3);
        assert_eq!(config.listen().unwrap(), "127.0.0.1:9".parse().unwrap());
        config.set("country", Some("GB")).unwrap();
        assert!(std::fs::read_to_string(&config.path).unwrap().contains("lisen = \"127.0.0.1:0\"\ncountry = \"GB\"\n"));

        write(&config, "listen = \"lunch\"\n");
        assert!(config.get("listen").unwrap().problem.unwrap().contains("not an address"));
        for wrong in ["listen = \"lunch\"\n", "listen = 7\n", "listen = \n"] {
            write(&config, wrong);
            assert!(config.listen().is_err(), "{wrong}: not another address instead");
            assert_eq!(config.checks().len(), 1, "{wrong}");
        }
    }

    #[test]
    fn the_environment_counts_before_the_file_and_what_is_wrong_there_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(&folder);
        write(&config, "listen = \n");
        config.variable = |name| (name == "ASIF_LISTEN").then(|| "127.0.0.1:3".into());
        assert_eq!(config.listen().unwrap(), "127.0.0.1:3".parse().unwrap(), "also where the file cannot be read");
        write(&config, "listen = \"127.0.0.1:9\"\n");
        let setting = config.get("listen").unwrap();
        assert_eq!((setting.source.as_str(), setting.value.as_deref(), setting.problem), ("environment", Some("127.0.0.1:3"), None));
        config.variable = |name| (name == "ASIF_LISTEN").then(|| "lunch".into());
        assert!(config.get("listen").unwrap().problem.unwrap().starts_with("ASIF_LISTEN: "));
        assert!(config.listen().is_err());
        config.variable = |_| Some(OsString::new());
        assert_eq!(config.get("listen").unwrap().source, "config", "an empty variable says nothing");
    }

    #[test]
    fn a_file_that_others_may_write_or_read_is_told_where_that_matters() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder);
        write(&config, "country = \"GB\"\nown-number = \"Sam, 07\"\n");
        for (mode, country, own_number) in [(0o600, false, false), (0o644, false, true), (0o664, false, true), (0o602, true, true)] {
            std::fs::set_permissions(&config.path, std::fs::Permissions::from_mode(mode)).unwrap();
            let told = |key: &str| config.get(key).unwrap().problem.is_some();
            assert_eq!((told("country"), told("own-number"), told("listen")), (country, own_number, false), "{mode:o}");
        }
        config.set("country", Some("IE")).unwrap();
        assert!(config.checks().is_empty(), "whatever is set closes it");
    }
}
