//! Keeping a record back for a while.

use serde::de::IntoDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::moment::Moment;

const OPEN: &str = "open";

/// How long a record is kept back from everybody whom something is shared with. In JSON `"open"` or a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldUntil {
    /// Until the person lets it go.
    Open,
    /// Until then.
    At(Moment),
}

impl HoldUntil {
    /// Whether it is still kept back at this time.
    pub fn holds(&self, now: jiff::Timestamp) -> bool {
        match self {
            Self::Open => true,
            Self::At(at) => now < at.timestamp(),
        }
    }
}

impl Serialize for HoldUntil {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Open => serializer.serialize_str(OPEN),
            Self::At(at) => at.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for HoldUntil {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A text and nothing else, so that it is read from formats, too, which do not say what they hold.
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            OPEN => Ok(Self::Open),
            _ => Moment::deserialize(text.into_deserializer()).map(Self::At),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_is_open_or_has_an_end() {
        let at: HoldUntil = serde_json::from_str("\"2026-11-24T12:00:00+00:00[Europe/London]\"").unwrap();
        let noon = "2026-11-24T12:00:00Z".parse().unwrap();
        assert!(!at.holds(noon) && HoldUntil::Open.holds(noon));
        assert_eq!(serde_json::to_string(&at).unwrap(), "\"2026-11-24T12:00:00+00:00[Europe/London]\"");
        assert_eq!(serde_json::from_str::<HoldUntil>("\"open\"").unwrap(), HoldUntil::Open);
        for wrong in ["\"\"", "\"Open\"", "1", "null", "\"2026-11-24\""] {
            assert!(serde_json::from_str::<HoldUntil>(wrong).is_err(), "{wrong}");
        }
    }
}
