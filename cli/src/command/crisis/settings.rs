//! What the settings say about numbers, read from `config.toml` itself: the daemon may not run, and the file may be damaged.

use std::io::{self, Read};
use std::path::Path;

use toml_edit::DocumentMut;

use super::country::Country;

/// The settings' names.
const COUNTRY: &str = "country";
const OWN_NUMBER: &str = "own-number";
/// The most bytes of the file that are read.
const MAX_FILE: u64 = 64 << 10;

/// What the settings say.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Settings {
    /// The person's country.
    pub(super) country: Option<Country>,
    /// A number of the person's own, with its name.
    pub(super) own_number: Option<String>,
    /// What of it could not be read, in words.
    pub(super) trouble: Option<String>,
}

impl Settings {
    /// Reads the file; one that is not there says nothing.
    pub(super) fn read(path: &Path) -> Self {
        let mut bytes = Vec::new();
        match std::fs::File::open(path).and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes)) {
            Ok(_) => Self::parse(&String::from_utf8_lossy(&bytes), path),
            Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => Self::default(),
            Err(error) => Self { trouble: Some(format!("your settings cannot be read: {}: {error}", path.display())), ..Self::default() },
        }
    }

    fn parse(text: &str, path: &Path) -> Self {
        let mut settings = Self::default();
        match text.parse::<DocumentMut>() {
            Ok(whole) => settings.take(&whole),
            Err(_) => {
                settings.trouble = Some(format!("your settings are damaged, and read as far as that goes: {}", path.display()));
                text.lines().filter_map(|line| line.parse().ok()).for_each(|line| settings.take(&line));
            }
        }
        settings
    }

    fn take(&mut self, file: &DocumentMut) {
        let word = |name: &str| file.get(name)?.as_str().map(str::trim).filter(|word| !word.is_empty());
        self.own_number = self.own_number.take().or_else(|| word(OWN_NUMBER).map(str::to_owned));
        match word(COUNTRY).map(Country::parse) {
            Some(Some(country)) => self.country = Some(country),
            Some(None) => self.trouble = Some("the country in your settings is not two letters, like GB".to_owned()),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Settings {
        Settings::parse(text, Path::new("/c"))
    }

    #[test]
    fn the_settings_are_read_without_the_daemon() {
        let settings = parse("listen = \"0.0.0.0:0\"\ncountry = \"gb\"\nown-number = \"Sam, 07700 900123\"\n");
        assert_eq!(settings.country, Country::parse("GB"));
        assert_eq!((settings.own_number.as_deref(), settings.trouble), (Some("Sam, 07700 900123"), None));
        assert_eq!(parse(""), Settings::default());
        assert_eq!(Settings::read(Path::new("/nowhere/at/all")), Settings::default());
    }

    #[test]
    fn of_a_damaged_file_every_good_line_counts() {
        let settings = parse("listen = \"\nown-number = \"Sam, 07700 900123\"\ncountry = \"NZ\"\n\u{fffd}\u{0}");
        assert_eq!((settings.own_number.as_deref(), settings.country), (Some("Sam, 07700 900123"), Country::parse("NZ")));
        assert!(settings.trouble.unwrap().contains("/c"));
    }

    #[test]
    fn what_is_no_country_and_no_number_is_not_taken_for_one() {
        let settings = parse("country = \"Britain\"\nown-number = 7\n");
        assert_eq!((settings.country, settings.own_number), (None, None));
        assert!(settings.trouble.unwrap().contains("two letters"));
        assert_eq!(parse("country = 7\nown-number = \" \"").own_number, None);
    }

    #[test]
    fn what_cannot_be_read_is_told_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::read(folder.path());
        assert!(settings.trouble.unwrap().contains("cannot be read"));
        let long = folder.path().join("long");
        std::fs::write(&long, format!("country = \"NZ\"\n# {}", "x".repeat(100_000))).unwrap();
        assert_eq!(Settings::read(&long).country, Country::parse("NZ"));
    }
}
