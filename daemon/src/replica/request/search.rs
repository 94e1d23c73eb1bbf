//! Finding what was written down by its words.

use asif_proto::id::RecordId;
use asif_proto::local::search::{FoundType, Hit, SearchAsk, SearchView, Snippet};
use asif_proto::local::{Ask, ErrorKind, Failure};
use asif_proto::moment::{self, Bound, Moment};
use asif_proto::record::{Kind, SAFETY_PLAN, WISH};

use super::super::{Cx, Replica};
use super::{journal, tag};
use crate::journal::search::query::{Query, QueryError};
use crate::journal::search::{Bounds, Found, Search, words};

impl Replica {
    pub(super) fn search(&self, cx: &Cx<'_>, ask: &Ask, what: &SearchAsk) -> Result<SearchView, Failure> {
        let zone = moment::zone(&ask.zone);
        let today = Moment::at(cx.now.wall, &zone).local_date();
        let query = Query::parse(&what.query, today, what.exact).map_err(usage)?;
        let filter = &what.filter;
        let bound = |typed: &Option<String>| typed.as_deref().map(|text| Bound::parse(text, cx.now.wall, &zone)).transpose();
        let (since, until) = (bound(&filter.since).map_err(journal::usage)?, bound(&filter.until).map_err(journal::usage)?);
        let within =
            |at: &Moment| since.as_ref().is_none_or(|since| since.is_before(at)) && until.as_ref().is_none_or(|until| !until.is_before(at));
        let practice = filter.practice.as_deref().map(|typed| self.find_any_practice(typed)).transpose()?;
        let tags: Vec<String> = filter.tags.iter().map(|typed| tag::bare(typed).to_owned()).collect();
        let search = Search::new(
            &self.view,
            &query,
            Bounds { within: &within, timeless: since.is_none() && until.is_none(), practice, tags: &tags, zone: &zone },
        );
        let all = search.run();
        let hits = all.iter().take(filter.limit.unwrap_or(usize::MAX)).map(|found| self.hit(&search, *found)).collect();
        let found = u64::try_from(all.len()).unwrap_or(u64::MAX);
        Ok(SearchView { query: what.query.clone(), also: query.also.iter().map(|&name| name.to_owned()).collect(), found, hits })
    }

    fn hit(&self, search: &Search<'_>, found: Found<'_>) -> Hit {
        let slug = |id: RecordId| self.view.practice(&id).map_or_else(|| id.to_string(), |row| row.value.slug.clone());
        let (kind, id, practice) = match found {
            Found::Session(id, row) => (FoundType::Session, id, row.value.practice),
            Found::Practice(id, _) => (FoundType::Practice, id, Some(id)),
            Found::Kept(id, row) => (kind(row.value.kind()), id, words::practice_of(&row.value)),
            Found::SafetyPlan(_) => (FoundType::SafetyPlan, SAFETY_PLAN, None),
            Found::Wish(_) => (FoundType::Wish, WISH, None),
        };
        let (field, snippet) = search.snippet(found).unzip();
        Hit {
            kind,
            id,
            short: self.short(&id),
            at: search.at(found),
            practice: practice.map(slug),
            field: field.map(str::to_owned),
            snippet: snippet.map(|piece| Snippet { before: piece.before, found: piece.found, after: piece.after }),
        }
    }
}

fn usage(error: QueryError) -> Failure {
    Failure::new(ErrorKind::Usage, error.to_string()).hint(error.hint())
}

fn kind(kind: Kind) -> FoundType {
    match kind {
        Kind::Goal => FoundType::Goal,
        Kind::Belief => FoundType::Belief,
        Kind::Anchor => FoundType::Anchor,
        Kind::Sketch => FoundType::Sketch,
        Kind::Phrase => FoundType::Phrase,
        Kind::Experiment => FoundType::Experiment,
        Kind::Reminder => FoundType::Reminder,
        Kind::Rapport => FoundType::Rapport,
        Kind::HelperNote => FoundType::HelperNote,
    }
}
