//! What can be said about a session: the flags that `log` and `edit` share.

use asif_proto::local::Known;
use asif_proto::rating::Rating;
use asif_proto::record::{Basis, FeltState, SessionFields, Visibility};

use super::{at, prose};
use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;

/// What can be said about a session; everything can be left out. Scales run from 0 to 100.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "What you say about it (all optional; scales run from 0 to 100)")]
pub struct Fields {
    /// Feeling before: 0 very bad, 100 very good
    #[arg(short, long, value_name = "0-100", allow_negative_numbers = true)]
    before: Option<Rating>,
    /// Feeling after: 0 very bad, 100 very good
    #[arg(short, long, value_name = "0-100", allow_negative_numbers = true)]
    after: Option<Rating>,
    /// How far you acted as if: 0 not at all, 100 fully
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    acted: Option<Rating>,
    /// How real it felt: 0 not at all, 100 fully
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    felt_real: Option<Rating>,
    /// How it felt, in a word: numb, unreal, neutral, warm, real or painful
    #[arg(long, value_name = "WORD")]
    felt_state: Option<FeltState>,
    /// On whose belief you did it: own, borrowed (lent to you) or leap (nobody's yet)
    #[arg(long, value_name = "WORD")]
    basis: Option<Basis>,
    /// The borrowed belief you did it on (asif borrow list)
    #[arg(long, value_name = "ID", add = names(Known::Loans))]
    borrowed: Option<String>,
    /// How likely it seemed to help: 0 not at all, 100 surely
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    expectancy: Option<Rating>,
    /// How willing you were: 0 not at all, 100 fully
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    willingness: Option<Rating>,
    /// Where in the body you felt it
    #[arg(long = "where", value_name = "PLACE", value_parser = prose::words)]
    place: Option<String>,
    /// It felt worse. That happens; it is an ordinary result
    #[arg(long)]
    worse: bool,
    /// You stopped early. That is an ordinary result too
    #[arg(long)]
    stopped_early: bool,
    /// How many times
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    repetitions: Option<u32>,
    /// How long: seconds, or 8m, or 1h5m
    #[arg(long, value_name = "TIME", value_parser = duration, allow_negative_numbers = true)]
    duration: Option<u32>,
    /// When it happened: 21:30, "yesterday 21:30", 2026-11-20T21:30
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// A tag; can be given again
    #[arg(long = "tag", value_name = "TAG", value_parser = prose::words, add = names(Known::Tags))]
    tags: Vec<String>,
    /// For nobody but you: in no share, whatever you share
    #[arg(long)]
    private: bool,
}

impl Fields {
    /// Nothing was said.
    pub fn is_empty(&self) -> bool {
        self.clone().into_fields(None) == SessionFields::default()
    }

    /// Something was said that only a session or a note has: more than the feeling after and who may see it.
    pub fn are_of_a_session_alone(&self) -> bool {
        let said = self.clone().into_fields(None);
        said != SessionFields { after: said.after, visibility: said.visibility, ..SessionFields::default() }
    }

    /// Reads the time that was given before anything else is done.
    pub fn settle(&mut self, context: &mut Context<'_, '_>) -> Outcome {
        at::settle(&mut self.at, context)
    }

    /// What was said, and the note.
    pub fn into_fields(self, note: Option<String>) -> SessionFields {
        SessionFields {
            before: self.before,
            after: self.after,
            acted_as_if: self.acted,
            felt_real: self.felt_real,
            felt_state: self.felt_state,
            basis: self.basis,
            borrowed: self.borrowed,
            expectancy: self.expectancy,
            willingness: self.willingness,
            where_felt: self.place,
            felt_worse: self.worse.then_some(true),
            stopped_early: self.stopped_early.then_some(true),
            repetitions: self.repetitions,
            duration_s: self.duration,
            at: self.at,
            tags: self.tags,
            visibility: self.private.then_some(Visibility::Private),
            note,
            marks: Vec::new(),
        }
    }
}

/// Seconds from `90`, `90s`, `8m`, `1h5m`, `1h5m10s` or `2d`.
pub(super) fn duration(text: &str) -> Result<u32, String> {
    let unreadable = || format!("{text:?} is no length of time: use seconds, or 8m, or 1h5m");
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    let mut rest = text;
    let mut total: Option<u32> = None;
    for (unit, seconds) in [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)] {
        let Some((number, after)) = rest.split_once(unit) else { continue };
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse::<u32>().ok().filter(|_| digits).ok_or_else(unreadable)?;
        let part = number.checked_mul(seconds).ok_or_else(unreadable)?;
        total = Some(total.unwrap_or(0).checked_add(part).ok_or_else(unreadable)?);
        rest = after;
    }
    total.filter(|_| rest.is_empty()).ok_or_else(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("480", 480),
            ("8m", 480),
            ("1h5m", 3900),
            ("90s", 90),
            ("1h", 3600),
            ("1h0m10s", 3610),
            ("0", 0),
            ("2d", 172_800),
            ("1d12h", 129_600),
        ] {
            assert_eq!(duration(text), Ok(seconds), "{text}");
        }
        for bad in ["", "m", "8 m", "5m1h", "-5", "1.5h", "8mm", "99999999999", "4294967295h", "+8m", "eight"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
