//! Ratings: whole numbers from 0 to 100; a rating that was not given is absent, never 0.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A whole number from 0 to 100. The field that holds it says which way it points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Rating(u8);

/// The text or number is not a rating.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a rating: use a whole number from 0 to 100, or leave it out")]
pub struct RatingError(String);

impl Rating {
    /// The number, 0 to 100.
    pub fn value(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Rating {
    type Error = RatingError;
    fn try_from(value: u8) -> Result<Self, RatingError> {
        if value <= 100 { Ok(Self(value)) } else { Err(RatingError(value.to_string())) }
    }
}

impl From<Rating> for u8 {
    fn from(rating: Rating) -> u8 {
        rating.0
    }
}

impl FromStr for Rating {
    type Err = RatingError;
    fn from_str(text: &str) -> Result<Self, RatingError> {
        let plain = !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
        plain
            .then(|| text.parse::<u8>().ok())
            .flatten()
            .and_then(|value| Self::try_from(value).ok())
            .ok_or_else(|| RatingError(format!("{text:?}")))
    }
}

impl fmt::Display for Rating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_from_0_to_100_are_ratings() {
        assert_eq!("0".parse::<Rating>().unwrap().value(), 0);
        assert_eq!("100".parse::<Rating>().unwrap().value(), 100);
        for bad in ["101", "-1", "ten", "", "+5", "5.0", "0101", " 5"] {
            assert!(bad.parse::<Rating>().is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<Rating>("101").is_err());
    }
}
