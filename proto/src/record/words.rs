//! Closed sets of words: the same on screen, in JSON and on the command line.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// Every word, in the order they are told.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on screen and in JSON.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            /// Accepts the word with hyphens for underscores; the error lists the words.
            fn from_str(text: &str) -> Result<Self, String> {
                let wanted = text.replace('-', "_");
                Self::ALL.iter().copied().find(|one| one.word() == wanted).ok_or_else(|| {
                    let words: Vec<_> = Self::ALL.iter().map(|one| one.word().replace('_', "-")).collect();
                    format!("{text:?} is none of: {}", words.join(", "))
                })
            }
        }
    };
}
pub(crate) use words;
