//! What a helper gives back: loans, suggestions, what was understood, replies, predictions. A helper only proposes.

use asif_proto::id::ItemId;
use asif_proto::local::{Ask, ErrorKind, Failure, NewSuggestion, Reply};
use asif_proto::rating::Rating;
use asif_proto::record::{MAX_LINE, MAX_NOTE};
use asif_proto::share::{HelperPrediction, Loan};
use serde::Serialize;

use super::super::super::find::by_suffix;
use super::super::super::{Cx, Replica};
use super::super::feedback::id_of;
use super::super::journal::{bound, whole_seconds};
use super::super::kept::{one_line, prose};
use super::super::{Handled, Outcome};
use super::Of;
use crate::seal::body::Revision;
use crate::share::board::MAX_WEIGHT;
use crate::share::feedback::{self, LoanItem, PredictionItem, ReplyItem, SuggestionItem, UnderstoodItem};
use crate::share::item::{self, Item};

/// What is left of the room that a client has for what is given: enough to take a loan back, and for what is reported.
const LEFT: usize = 1 << 20;
const FIRST: Revision = Revision { grant: 1, touches: 1 };

/// What is lent.
pub(in crate::replica::request) struct NewLoan<'a> {
    pub(in crate::replica::request) practice: &'a str,
    pub(in crate::replica::request) statement: &'a str,
    pub(in crate::replica::request) strength: Rating,
    pub(in crate::replica::request) reasons: Option<&'a String>,
    pub(in crate::replica::request) until: Option<&'a str>,
}

impl Replica {
    pub(in crate::replica::request) fn lend(
        &mut self,
        cx: &mut Cx<'_>,
        ask: &Ask,
        client: &str,
        new: &NewLoan<'_>,
    ) -> Result<Loan, Failure> {
        let of = self.of_client(client)?;
        self.of_standing(&of)?;
        let statement = new.statement.trim();
        if statement.is_empty() || statement.len() > MAX_NOTE || !item::fits(statement) {
            return Err(Failure::new(ErrorKind::Usage, format!("a lent belief needs words, at most {MAX_NOTE} bytes")));
        }
        self.shares_practice(&of, new.practice)?;
        let until = bound(cx, ask, new.until)?;
        if until.as_ref().is_some_and(|until| until.timestamp() <= cx.now.wall) {
            return Err(
                Failure::new(ErrorKind::Usage, "a loan cannot end before it is made; nothing was lent").hint("--until names a day to come")
            );
        }
        let reasons = prose("the reasons", new.reasons, MAX_LINE)?;
        let id = loan_id(ask);
        if self.boards.get(&of.feedback.id()).is_none_or(|board| board.get(&id).is_none()) {
            let loan = LoanItem {
                practice: new.practice.into(),
                statement: statement.into(),
                strength: new.strength,
                reasons,
                lent_at: whole_seconds(cx.now.wall),
                until,
                withdrawn_at: None,
            };
            self.give(cx, &of, id, FIRST, item::LOAN, &loan)?;
        }
        let loan = self.loan_given(cx, &of, id)?;
        if (loan.practice.as_str(), loan.statement.as_str(), loan.strength) == (new.practice, statement, new.strength) {
            return Ok(loan);
        }
        Err(Failure::new(ErrorKind::Precondition, "this was lent already, and says something else there: yours is not lent")
            .hint(format!("asif caseload open \"{}\" shows what is", of.client.name)))
    }

    /// Refuses a practice that the client does not share.
    fn shares_practice(&self, of: &Of, practice: &str) -> Result<(), Failure> {
        let mut slugs: Vec<String> = self
            .items(of.share)
            .filter_map(|(item, _)| match item {
                Item::Practice(one) => Some(one.slug),
                Item::Session(one) => one.practice,
                _ => None,
            })
            .collect();
        slugs.sort();
        slugs.dedup();
        if slugs.iter().any(|slug| slug == practice) {
            return Ok(());
        }
        let hint = if slugs.is_empty() { "no practice is shared yet".to_owned() } else { format!("shared are: {}", slugs.join(", ")) };
        Err(Failure::new(ErrorKind::NotFound, format!("{} shares no practice called {practice:?}", of.client.name)).hint(hint))
    }

    fn loan_given(&self, cx: &Cx<'_>, of: &Of, id: ItemId) -> Result<Loan, Failure> {
        let loan = self.loans_given(cx, of).into_iter().find(|loan| loan.id == id);
        loan.ok_or_else(|| Failure::new(ErrorKind::Failure, "the loan was not kept"))
    }

    /// Takes a loan back. What the client has read of it is read.
    pub(super) fn withdraw(&mut self, cx: &mut Cx<'_>, of: &Of, typed: &str) -> Handled {
        let loans = self.loans_given(cx, of).into_iter().map(|loan| (loan.id.to_string(), loan));
        let loan = by_suffix(typed, loans, "nothing that you lent has the id")
            .map_err(|failure| failure.hint(format!("asif caseload open \"{}\" shows what is", of.client.name)))?;
        if loan.withdrawn_at.is_none() {
            self.of_standing(of)?;
            let held = self.boards.get(&of.feedback.id()).and_then(|board| board.get(&loan.id));
            let touches = held.map_or(1, |held| held.revision.touches.saturating_add(1));
            let withdrawn = LoanItem {
                practice: loan.practice.clone(),
                statement: loan.statement.clone(),
                strength: loan.strength,
                reasons: loan.reasons.clone(),
                lent_at: loan.lent_at,
                until: held.and_then(|held| match item::unpack(loan.id, held.kind, held.payload.as_ref()?)? {
                    Item::Loan(one) => one.until,
                    _ => None,
                }),
                withdrawn_at: Some(whole_seconds(cx.now.wall)),
            };
            self.give(cx, of, loan.id, Revision { grant: 1, touches }, item::LOAN, &withdrawn)?;
        }
        Ok(Outcome::Reply(Reply::Loan(self.loan_given(cx, of, loan.id)?)))
    }

    pub(super) fn suggest(&mut self, cx: &mut Cx<'_>, ask: &Ask, of: &Of, new: &NewSuggestion) -> Handled {
        let line = |what: &str, text: &Option<String>| text.as_deref().map(|text| one_line(what, text, MAX_LINE)).transpose();
        let mut specificity = new.specificity.clone();
        specificity.when = line("when", &specificity.when)?;
        specificity.place = line("where", &specificity.place)?;
        specificity.how_long = line("how long", &specificity.how_long)?;
        let suggestion = SuggestionItem {
            title: one_line("a title", &new.title, MAX_LINE)?,
            kind: new.kind,
            why: prose("why", new.why.as_ref(), MAX_NOTE)?,
            cue: line("a cue", &new.cue)?,
            frequency: line("how often", &new.frequency)?,
            specificity,
            difficulty: new.difficulty,
            sent_at: whole_seconds(cx.now.wall),
        };
        self.give_once(cx, ask, of, item::SUGGESTION, &suggestion)
    }

    pub(super) fn understood(&mut self, cx: &mut Cx<'_>, ask: &Ask, of: &Of, text: &str) -> Handled {
        let text = words("what you have understood", text)?;
        self.give_once(cx, ask, of, item::UNDERSTOOD, &UnderstoodItem { text, sent_at: whole_seconds(cx.now.wall) })
    }

    pub(super) fn reply_to(&mut self, cx: &mut Cx<'_>, ask: &Ask, of: &Of, to: &str, text: &str) -> Handled {
        self.of_standing(of)?;
        let text = words("a reply", text)?;
        let to = self.shared_item(of, to, |kind| kind != item::ANSWER && !item::ABOUT_THE_SHARE.contains(&kind))?;
        self.give_once(cx, ask, of, item::REPLY, &ReplyItem { to, text, sent_at: whole_seconds(cx.now.wall) })
    }

    /// Says what to expect of an experiment: once, and before its outcome is here.
    pub(super) fn predict(&mut self, cx: &mut Cx<'_>, of: &Of, typed: &str, text: Option<&String>, rating: Option<Rating>) -> Handled {
        self.of_standing(of)?;
        let experiment = self.shared_item(of, typed, |kind| kind == item::EXPERIMENT)?;
        let text = prose("what you expect", text, MAX_NOTE)?;
        if text.is_none() && rating.is_none() {
            return Err(Failure::new(ErrorKind::Usage, "nothing was predicted").hint("--rating 0-100, or words: --text -"));
        }
        let id = feedback::prediction(&experiment, &self.this_device()?);
        let said =
            |replica: &Self| replica.predictions_by_me(of).into_iter().filter(|one| one.experiment == experiment).collect::<Vec<_>>();
        let before = said(self);
        if let Some(same) = before.iter().find(|one| (&one.text, one.rating) == (&text, rating)) {
            return Ok(Outcome::Reply(Reply::HelperPrediction(same.clone())));
        }
        if !before.is_empty() {
            return Err(Failure::new(ErrorKind::Precondition, "you have predicted this already, and a prediction does not change")
                .hint("what you think now can be said with: asif reply"));
        }
        let board = self.boards.get(&of.share.id());
        let item =
            board.and_then(|board| board.get(&experiment)).and_then(|held| item::unpack(experiment, held.kind, held.payload.as_ref()?));
        if matches!(item, Some(Item::Experiment(one)) if one.outcome.is_some()) {
            return Err(Failure::new(ErrorKind::Precondition, "its outcome is here already: it cannot be predicted any more")
                .hint("what you think of it can be said with: asif reply"));
        }
        let prediction = PredictionItem { experiment, text, rating, locked_at: whole_seconds(cx.now.wall) };
        self.give(cx, of, id, FIRST, item::PREDICTION, &prediction)?;
        let one: HelperPrediction = said(self)
            .into_iter()
            .find(|one| one.id == id)
            .ok_or_else(|| Failure::new(ErrorKind::Failure, "the prediction was not kept"))?;
        Ok(Outcome::Reply(Reply::HelperPrediction(one)))
    }

    /// The item of those kinds that an id or a unique suffix names.
    fn shared_item(&self, of: &Of, typed: &str, is_wanted: impl Fn(u16) -> bool) -> Result<ItemId, Failure> {
        let items = self.boards.get(&of.share.id()).into_iter().flat_map(|board| board.items());
        let items = items.filter(|(_, held)| is_wanted(held.kind)).map(|(id, _)| (id.to_string(), *id));
        by_suffix(typed, items, "nothing of that kind is shared with the id")
            .map_err(|failure| failure.hint(format!("see ids with: asif caseload open \"{}\"", of.client.name)))
    }

    /// Gives something that has the request's name; asked again, it is given once.
    fn give_once<T: Serialize>(&mut self, cx: &mut Cx<'_>, ask: &Ask, of: &Of, kind: u16, value: &T) -> Handled {
        let id = feedback::of_request(&ask.id);
        if self.boards.get(&of.feedback.id()).is_none_or(|board| board.get(&id).is_none()) {
            self.give(cx, of, id, FIRST, kind, value)?;
        }
        let sent = self.sent_by_me(of).into_iter().find(|one| id_of(one) == id);
        let sent = sent.ok_or_else(|| Failure::new(ErrorKind::Failure, "what was to be sent was not kept"))?;
        Ok(Outcome::Reply(Reply::InboxItem(sent)))
    }

    fn give<T: Serialize>(
        &mut self,
        cx: &mut Cx<'_>,
        of: &Of,
        id: ItemId,
        revision: Revision,
        kind: u16,
        value: &T,
    ) -> Result<(), Failure> {
        self.of_standing(of)?;
        let (len, board) = (item::pack(value).len(), self.boards.get(&of.feedback.id()));
        if len > item::MAX_PAYLOAD {
            return Err(Failure::new(ErrorKind::Usage, "this is too long to be sent; nothing was sent"));
        }
        let is_new = board.is_none_or(|board| board.get(&id).is_none());
        if is_new && board.is_some_and(|board| board.weight() + len > MAX_WEIGHT - LEFT) {
            let message =
                format!("{} has no more room for what you send: it was {} MiB already", of.client.name, (MAX_WEIGHT - LEFT) >> 20);
            return Err(Failure::new(ErrorKind::Precondition, message).hint("with a new invitation there is room again"));
        }
        self.put(cx, of.feedback, id, revision, kind, value)
    }
}

pub(super) fn words(what: &str, text: &str) -> Result<String, Failure> {
    prose(what, Some(&text.to_owned()), MAX_NOTE)?.ok_or_else(|| Failure::new(ErrorKind::Usage, format!("{what} needs words")))
}

/// The item of a loan: made from the request, so that asking twice lends once.
fn loan_id(ask: &Ask) -> ItemId {
    ItemId(blake3::derive_key("asif loan item v1", ask.id.as_bytes()))
}
