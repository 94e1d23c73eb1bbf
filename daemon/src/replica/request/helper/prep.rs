//! One page before a meeting.

use asif_proto::local::{Ask, Failure, Reply};
use asif_proto::moment::{self, Moment};
use asif_proto::record::FeltState;
use asif_proto::share::{InboxItem, Prep, PrepSession, SharedExperiment, SharedSession};
use jiff::Timestamp;

use super::super::super::{Cx, Replica};
use super::super::journal::usage;
use super::super::{Handled, Outcome};
use super::Of;
use crate::share::item::Item;

/// What a meeting is prepared from, where nothing else is said.
const DEFAULT: &str = "14d";
/// The tag by which a client marks a question.
const QUESTION: &str = "question";

impl Replica {
    pub(super) fn prep(&mut self, cx: &mut Cx<'_>, ask: &Ask, of: &Of, since: Option<&str>) -> Handled {
        let zone = moment::zone(&ask.zone);
        let since = Moment::parse_bound(since.unwrap_or(DEFAULT), cx.now.wall, &zone).map_err(usage)?.timestamp();
        // Before it begins nothing is shared, and nothing can be told of that time.
        let begins = self.agreed(of.grant).map(|terms| terms.since.timestamp());
        let page = self.page(of, begins.map_or(since, |begins| begins.max(since)))?;
        self.report_opened(cx, of)?;
        Ok(Outcome::Reply(Reply::Prep(page)))
    }

    fn page(&self, of: &Of, since: Timestamp) -> Result<Prep, Failure> {
        let (mut sessions, mut done, mut planned) = (Vec::new(), Vec::new(), Vec::new());
        for (item, _) in self.items(of.share).filter(|_| !self.has_ended(of.grant)) {
            match item {
                Item::Session(session) if at(&session).is_none_or(|at| at >= since) => sessions.push(*session),
                Item::Experiment(one) => match &one.outcome {
                    Some(outcome) if outcome.at.as_ref().is_none_or(|at| at.timestamp() >= since) => done.push(*one),
                    Some(_) => {}
                    None => planned.push(*one),
                },
                _ => {}
            }
        }
        sessions.sort_by_key(|session| std::cmp::Reverse(at(session)));
        let by = |one: &SharedExperiment| one.surprise.map_or(0, i16::unsigned_abs);
        done.sort_by_key(|one| (std::cmp::Reverse(by(one)), one.id));
        planned.sort_by_key(|one| one.id);
        let hard = sessions.iter().filter_map(|session| {
            let why: Vec<String> = reasons(session).map(str::to_owned).collect();
            (!why.is_empty()).then(|| PrepSession { why, session: session.clone() })
        });
        let is_question =
            |session: &&SharedSession| session.tags.iter().flatten().any(|tag| tag.trim_start_matches('#').eq_ignore_ascii_case(QUESTION));
        let experiments: Vec<SharedExperiment> = done.into_iter().chain(planned).collect();
        let is_told = |id| experiments.iter().any(|one| one.id == id);
        let predictions = self.predictions_by_me(of).into_iter().filter(|one| is_told(one.experiment)).collect();
        let answers = self.answers_of(of.share);
        let is_answered = |item: &InboxItem| answers.get(&super::id_of(item)).is_some_and(|answer| answer.at >= since);
        Ok(Prep {
            client: of.client.name.clone(),
            since,
            sessions: u64::try_from(sessions.len()).unwrap_or(u64::MAX),
            predictions,
            hard: hard.collect(),
            questions: sessions.iter().filter(is_question).cloned().collect(),
            answered: self.sent_by_me(of).into_iter().filter(is_answered).collect(),
            notes: self.notes_about(of).into_iter().filter(|note| note.value.recorded_at >= since).collect(),
            experiments,
        })
    }
}

fn at(session: &SharedSession) -> Option<Timestamp> {
    session.occurred_at.as_ref().map(Moment::timestamp)
}

fn reasons(session: &SharedSession) -> impl Iterator<Item = &'static str> {
    let numb = matches!(session.felt_state, Some(FeltState::Numb | FeltState::Unreal | FeltState::Painful));
    let numb = numb.then(|| session.felt_state.map(FeltState::word)).flatten();
    let worse = (session.felt_worse == Some(true)).then_some("felt worse");
    let stopped = (session.stopped_early == Some(true)).then_some("stopped early");
    worse.into_iter().chain(stopped).chain(numb)
}
