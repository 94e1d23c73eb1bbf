//! The one set of words that are looked for together: what this journal is about, by the names that people give it.

use super::needle::Needle;

/// Each name with its words.
const NAMES: [(&str, &[&str]); 5] = [
    ("self-compassion", &["self", "compassion"]),
    ("self-empathy", &["self", "empathy"]),
    ("self-kindness", &["self", "kindness"]),
    ("loving-kindness", &["loving", "kindness"]),
    ("metta", &["metta"]),
];

/// The name that these folded words are, with a hyphen, a space or nothing between them.
pub fn name_of(words: &[&str]) -> Option<&'static str> {
    let joined = |parts: &[&str]| matches!(words, [one] if *one == parts.concat());
    NAMES.iter().find(|(_, parts)| words == *parts || joined(parts)).map(|(name, _)| *name)
}

/// The others.
pub fn others(name: &str) -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(other, _)| *other).filter(move |other| *other != name)
}

/// What finds any of them, however it is spelled.
pub fn needles() -> impl Iterator<Item = Needle> {
    NAMES.iter().flat_map(|(_, parts)| {
        let joined = (parts.len() > 1).then(|| Needle::of_words(&[&parts.concat()]));
        [Needle::of_words(parts)].into_iter().chain(joined)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_each_of_its_spellings() {
        assert_eq!(name_of(&["loving", "kindness"]), Some("loving-kindness"));
        assert_eq!(name_of(&["lovingkindness"]), Some("loving-kindness"));
        assert_eq!(name_of(&["metta"]), Some("metta"));
        for none in [&["kindness"][..], &["self"], &["loving"], &["met", "ta"], &["self", "kindness", "now"], &[]] {
            assert_eq!(name_of(none), None, "{none:?}");
        }
        assert_eq!(others("metta").count(), NAMES.len() - 1);
    }
}
