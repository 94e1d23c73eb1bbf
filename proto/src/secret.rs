//! Text that opens something: it does not show itself, and is wiped when it is dropped.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Text that opens something.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Of this text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    pub fn danger_text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_text_does_not_show_itself() {
        let text = Secret::new("abandon".into());
        assert_eq!(format!("{text:?}"), "Secret(..)");
        assert_eq!(serde_json::to_string(&text).unwrap(), "\"abandon\"");
    }
}
