//! The country whose numbers are shown: named on the command, else in the settings, else what the locale suggests, else none.

use std::ffi::OsString;
use std::fmt;

use serde::Serialize;

/// The variables that name a locale; the first that names a country counts.
const VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// Two letters (ISO 3166-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Country(String);

impl Country {
    /// Reads two letters in any case; `UK`, which people write, is GB.
    pub fn parse(text: &str) -> Option<Self> {
        let letters = text.trim().to_ascii_uppercase();
        let is_country = letters.len() == 2 && letters.bytes().all(|byte| byte.is_ascii_uppercase());
        is_country.then(|| Self(if letters == "UK" { "GB".to_owned() } else { letters }))
    }

    /// The country of a locale: `en_GB.UTF-8` is GB, `C` is none.
    pub fn of_locale(locale: &str) -> Option<Self> {
        let name = locale.split(['.', '@']).next()?;
        Self::parse(name.split_once(['_', '-'])?.1)
    }

    /// The country of the person's locale, as the variables tell it.
    pub fn of_environment(variable: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        VARIABLES.iter().find_map(|name| Self::of_locale(variable(name)?.to_str()?))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(locale: &str) -> Option<String> {
        Country::of_locale(locale).map(|country| country.0)
    }

    #[test]
    fn a_locale_names_its_country_or_none() {
        for (locale, country) in [("en_GB.UTF-8", "GB"), ("de_AT@euro", "AT"), ("pt_BR", "BR"), ("en-IE", "IE"), ("en_UK", "GB")] {
            assert_eq!(of(locale).as_deref(), Some(country), "{locale}");
        }
        for locale in ["", "C", "POSIX", "C.UTF-8", "de", "en_", "_", "en_GBR", "es_419.UTF-8", "en_\u{e9}\u{e9}", ".", "@"] {
            assert_eq!(of(locale), None, "{locale:?}");
        }
    }

    #[test]
    fn the_first_variable_that_names_a_country_counts() {
        let told = |vars: &[(&str, &str)]| {
            let find = |name: &str| vars.iter().find(|(one, _)| *one == name).map(|(_, value)| OsString::from(value));
            Country::of_environment(find).map(|country| country.0)
        };
        assert_eq!(told(&[("LANG", "en_US.UTF-8"), ("LC_MESSAGES", "en_AU.UTF-8"), ("LC_ALL", "en_NZ")]).as_deref(), Some("NZ"));
        assert_eq!(told(&[("LANG", "en_US.UTF-8"), ("LC_MESSAGES", "en_AU.UTF-8")]).as_deref(), Some("AU"));
        assert_eq!(told(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]).as_deref(), Some("US"), "C says nothing about where somebody is");
        assert_eq!(told(&[]), None);
    }

    #[test]
    fn two_letters_are_a_country_in_any_case() {
        assert_eq!(Country::parse(" gb ").unwrap().to_string(), "GB");
        for text in ["", "g", "gbr", "g1", "\u{e9}\u{e9}", "g b"] {
            assert_eq!(Country::parse(text), None, "{text:?}");
        }
    }
}
