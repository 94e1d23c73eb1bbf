//! Which records: the flags that `list` and `search` share.

use asif_proto::local::{Known, ListFilter};

use crate::completion::names;
use crate::context::Context;

/// How many are shown on a terminal unless `--limit` says otherwise.
pub const ON_A_TERMINAL: usize = 20;

/// Which records.
#[derive(Debug, clap::Args)]
pub struct Filter {
    /// From when on: 2026-11-20, yesterday, 7d
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Until when (not included)
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Only this practice
    #[arg(long, value_name = "P", add = names(Known::Practices))]
    practice: Option<String>,
    /// Only with this tag; can be given again
    #[arg(long = "tag", value_name = "TAG", add = names(Known::Tags))]
    tags: Vec<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

impl Filter {
    /// Nobody said how many, and a terminal shows only the newest.
    pub fn is_capped(&self, context: &Context<'_, '_>) -> bool {
        self.limit.is_none() && context.world.terminals.stdout && !context.json()
    }

    /// The same for the daemon, with `at_most` in the place of `--limit` where that was not given.
    pub fn asked(self, at_most: Option<usize>, deleted: bool) -> ListFilter {
        let Self { since, until, practice, tags, limit } = self;
        ListFilter { since, until, practice, tags, limit: limit.or(at_most), deleted }
    }
}
