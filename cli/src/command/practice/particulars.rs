//! What makes a practice particular: the flags that `add` and `edit` share.

use asif_proto::local::Known;
use asif_proto::rating::Rating;

use super::super::prose;
use crate::completion::names;

/// How hard, when, where, how long, and what it is for.
#[derive(Debug, clap::Args)]
pub(in crate::command) struct Particulars {
    /// How hard it seems: 0 easy, 100 very hard
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    pub(in crate::command) difficulty: Option<Rating>,
    /// When you will do it
    #[arg(long, value_parser = prose::words)]
    pub(in crate::command) when: Option<String>,
    /// Where
    #[arg(long = "where", value_name = "PLACE", value_parser = prose::words)]
    pub(in crate::command) place: Option<String>,
    /// How long
    #[arg(long, value_name = "TIME", value_parser = prose::words)]
    pub(in crate::command) how_long: Option<String>,
    /// What will remind you
    #[arg(long, value_parser = prose::words)]
    pub(in crate::command) cue: Option<String>,
    /// How often
    #[arg(long, value_parser = prose::words)]
    pub(in crate::command) frequency: Option<String>,
    /// A goal it serves: an id, or words that only it has; can be given again
    #[arg(long = "goal", value_name = "GOAL", add = names(Known::Goals))]
    pub(in crate::command) goals: Vec<String>,
    /// A belief it is about; likewise
    #[arg(long = "belief", value_name = "BELIEF", add = names(Known::Beliefs))]
    pub(in crate::command) beliefs: Vec<String>,
}
