//! What helpers sent to this person: the inbox, loans, and what this person says to them.

use std::collections::HashMap;

use asif_proto::id::{GrantId, ItemId, RecordId};
use asif_proto::local::{Ask, ErrorKind, Failure, InboxAsk, NewPractice, PracticeFields, Reply};
use asif_proto::record::MAX_NOTE;
use asif_proto::share::{Fit, HelperReply, InboxItem, Loan, Suggestion, SuggestionState, Understood};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::find::by_suffix;
use super::super::{Cx, Replica};
use super::journal::whole_seconds;
use super::kept::prose;
use super::{Handled, Outcome};
use crate::journal::document::Put;
use crate::journal::record::{self, Answer, answer_record, grant_record, kind, record_grant};
use crate::journal::schema;
use crate::people::space::Space;
use crate::seal::body::DocId;
use crate::share::item::{self, Item};
use crate::share::projection::Terms;

/// What was said to something that was sent, as far as this home knows.
#[derive(Debug, Clone, Default)]
pub(in crate::replica) struct Said {
    pub(in crate::replica) answer: Option<String>,
    pub(in crate::replica) words: Option<String>,
    pub(in crate::replica) practice: Option<String>,
    /// The practice is shown under the grant.
    pub(in crate::replica) practice_shown: bool,
    pub(in crate::replica) at: Option<Timestamp>,
    pub(in crate::replica) seen: bool,
    /// Two devices said something apart.
    pub(in crate::replica) apart: bool,
}

/// What a reply is about: the record, where it is here, and what that is in a few words.
pub(in crate::replica) type About = (Option<RecordId>, Option<String>);

/// Something that was sent to this person.
struct Sent {
    grant: GrantId,
    seen: bool,
    item: InboxItem,
}

impl Sent {
    /// It waits for an answer, or was not looked at.
    fn waits(&self) -> bool {
        match &self.item {
            InboxItem::Suggestion(one) => {
                matches!(one.state, SuggestionState::Sent | SuggestionState::Seen | SuggestionState::Later)
            }
            InboxItem::Understood(one) => one.reply.is_none(),
            InboxItem::Reply(_) => !self.seen,
            InboxItem::Loan(loan) => !self.seen && !loan.ended,
        }
    }
}

/// The item of something that was sent.
pub(in crate::replica) fn id_of(item: &InboxItem) -> ItemId {
    match item {
        InboxItem::Suggestion(one) => one.id,
        InboxItem::Understood(one) => one.id,
        InboxItem::Reply(one) => one.id,
        InboxItem::Loan(one) => one.id,
    }
}

/// When it was sent, as the sender says.
pub(in crate::replica) fn sent_at(item: &InboxItem) -> Timestamp {
    match item {
        InboxItem::Suggestion(one) => one.sent_at,
        InboxItem::Understood(one) => one.sent_at,
        InboxItem::Reply(one) => one.sent_at,
        InboxItem::Loan(one) => one.lent_at,
    }
}

impl Replica {
    pub(super) fn inbox(&mut self, cx: &mut Cx<'_>, ask: &Ask, what: &InboxAsk) -> Handled {
        let writes = !matches!(what, InboxAsk::List { .. });
        if writes && !self.has(cx, DocId::Plan) {
            return Ok(Outcome::Wanted);
        }
        match what {
            InboxAsk::Looked { ids } => {
                let sent: Vec<Sent> = self.sent(cx.now.wall).into_iter().filter(|one| ids.contains(&id_of(&one.item))).collect();
                self.mark_seen(cx, &sent)?;
                Ok(Outcome::Reply(Reply::Done))
            }
            InboxAsk::List { all } => {
                let sent: Vec<Sent> = self.sent(cx.now.wall).into_iter().filter(|one| *all || one.waits()).collect();
                Ok(Outcome::Reply(Reply::Inbox(sent.into_iter().map(|one| one.item).collect())))
            }
            InboxAsk::Accept { id, changes, slug } => self.take_on(cx, ask, id, changes, slug.as_deref()),
            InboxAsk::Decide { id, later } => {
                let (grant, one) = self.suggestion(cx, id)?;
                let (state, what) =
                    if *later { (SuggestionState::Later, "inbox later") } else { (SuggestionState::Declined, "inbox decline") };
                if let Some(practice) = &one.practice {
                    return Err(Failure::new(ErrorKind::Precondition, format!("this was taken on already, as {practice}"))
                        .hint(format!("to stop practising it: asif practice archive {practice}")));
                }
                self.say(cx, grant, one.id, state.word(), None, Vec::new(), what)?;
                self.inbox_reply(cx, one.id)
            }
            InboxAsk::Answer { id, fit, words } => self.answer_understood(cx, id, *fit, words.as_ref()),
            InboxAsk::Return { id } => self.return_loan(cx, id),
        }
    }

    /// Takes a suggestion on, as it is or changed: it becomes a practice of this person's own.
    fn take_on(&mut self, cx: &mut Cx<'_>, ask: &Ask, id: &str, changes: &PracticeFields, slug: Option<&str>) -> Handled {
        let (grant, one) = self.suggestion(cx, id)?;
        let practice = RecordId(ask.id);
        if self.view.practice(&practice).is_some() {
            return self.inbox_reply(cx, one.id);
        }
        if let Some(practice) = &one.practice {
            return Err(Failure::new(ErrorKind::Precondition, format!("this was taken on already, as {practice}"))
                .hint(format!("asif practice edit {practice} changes it")));
        }
        let of = |new: &Option<String>, old: Option<&String>| new.clone().or_else(|| old.cloned()).filter(|text| !text.is_empty());
        let mut new = NewPractice::of(changes.kind.unwrap_or(one.kind), changes.title.clone().unwrap_or_else(|| one.title.clone()));
        new.slug = slug.map(str::to_owned);
        new.description = of(&changes.description, None);
        new.specificity.when = of(&changes.when, one.specificity.when.as_ref());
        new.specificity.place = of(&changes.place, one.specificity.place.as_ref());
        new.specificity.how_long = of(&changes.how_long, one.specificity.how_long.as_ref());
        new.cue = of(&changes.cue, one.cue.as_ref());
        new.frequency = of(&changes.frequency, one.frequency.as_ref());
        new.difficulty = changes.difficulty.or(one.difficulty);
        new.goals.clone_from(&changes.goals);
        new.beliefs.clone_from(&changes.beliefs);
        new.visibility = changes.visibility.unwrap_or_default();
        new.proposed_by = Some(one.from.clone());
        new.agreed_by = vec![self.own_name()];
        let is_changed = new.title != one.title
            || new.kind != one.kind
            || (&new.cue, &new.frequency, &new.specificity, new.difficulty) != (&one.cue, &one.frequency, &one.specificity, one.difficulty);
        let state = if is_changed { SuggestionState::Changed } else { SuggestionState::Accepted };
        let made = self.new_practice(practice, &new, cx.now.wall, &[])?;
        let mut puts: Vec<Put> = vec![(practice.key(), record::pack(kind::PRACTICE, &made).as_str().into())];
        let id = answer_record(grant, &one.id);
        puts.extend(Self::field_puts(id, vec![("practice", json!(practice))]));
        self.say(cx, grant, one.id, state.word(), None, puts, "inbox accept")?;
        self.inbox_reply(cx, one.id)
    }

    fn answer_understood(&mut self, cx: &mut Cx<'_>, id: &str, fit: Fit, words: Option<&String>) -> Handled {
        let (grant, sent) = self.one_sent(cx, id)?;
        let InboxItem::Understood(one) = sent else {
            return Err(Failure::new(ErrorKind::Usage, "only what a helper has understood is answered with fits, partly or doesnt")
                .hint("a suggestion: asif inbox accept, later or decline"));
        };
        let words = prose("what you say to it", words, MAX_NOTE)?;
        self.say(cx, grant, one.id, fit.word(), words, Vec::new(), "inbox answer")?;
        self.inbox_reply(cx, one.id)
    }

    fn return_loan(&mut self, cx: &mut Cx<'_>, id: &str) -> Handled {
        let (grant, sent) = self.one_sent(cx, id).map_err(|failure| failure.hint("see them with: asif borrow list"))?;
        let InboxItem::Loan(loan) = sent else {
            return Err(Failure::new(ErrorKind::Usage, "this is no loan").hint("see them with: asif borrow list"));
        };
        if loan.returned_at.is_none() {
            self.say(cx, grant, loan.id, RETURNED, None, Vec::new(), "borrow return")?;
        }
        match self.loans_lent(cx.now.wall).into_iter().find(|one| one.id == loan.id) {
            Some(loan) => Ok(Outcome::Reply(Reply::Loan(loan))),
            None => Err(Failure::new(ErrorKind::NotFound, "this loan is no longer here")),
        }
    }

    /// Writes an answer down, with what comes of it, as one change.
    #[expect(clippy::too_many_arguments, reason = "the parts of one answer")]
    fn say(
        &mut self,
        cx: &mut Cx<'_>,
        grant: GrantId,
        item: ItemId,
        answer: &str,
        words: Option<String>,
        mut puts: Vec<Put>,
        what: &str,
    ) -> Result<(), Failure> {
        self.begin_answer(cx, grant, &item)?;
        let at = whole_seconds(cx.now.wall);
        let fields = vec![("answer", json!(answer)), ("words", json!(words)), ("answered_at", json!(at)), ("seen", json!(true))];
        puts.extend(Self::field_puts(answer_record(grant, &item), fields));
        self.write(cx, DocId::Plan, &puts, what).map(drop)
    }

    /// The record of an answer, the same on every device that begins it, and a change of its own: taking back what is said leaves it.
    fn begin_answer(&mut self, cx: &mut Cx<'_>, grant: GrantId, item: &ItemId) -> Result<(), Failure> {
        let id = answer_record(grant, item);
        if self.view.answer(&id).is_some() {
            return Ok(());
        }
        let base: Map<String, Value> = [("type", json!(kind::ANSWER)), ("grant", json!(grant)), ("item", json!(item))]
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect();
        self.write(cx, DocId::Plan, &[(id.key(), schema::pack(base).as_str().into())], "inbox").map(drop)
    }

    /// Remembers that these were looked at.
    fn mark_seen(&mut self, cx: &mut Cx<'_>, sent: &[Sent]) -> Result<(), Failure> {
        let new: Vec<(GrantId, ItemId)> = sent.iter().filter(|one| !one.seen).map(|one| (one.grant, id_of(&one.item))).collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut puts = Vec::new();
        for (grant, item) in new {
            self.begin_answer(cx, grant, &item)?;
            puts.extend(Self::field_puts(answer_record(grant, &item), vec![("seen", json!(true))]));
        }
        self.write(cx, DocId::Plan, &puts, "inbox").map(drop)
    }

    fn suggestion(&self, cx: &Cx<'_>, typed: &str) -> Result<(GrantId, Suggestion), Failure> {
        match self.one_sent(cx, typed)? {
            (grant, InboxItem::Suggestion(one)) => Ok((grant, one)),
            _ => Err(Failure::new(ErrorKind::Usage, "this is no suggestion").hint("see what it is with: asif inbox list --all")),
        }
    }

    fn one_sent(&self, cx: &Cx<'_>, typed: &str) -> Result<(GrantId, InboxItem), Failure> {
        let all = self.sent(cx.now.wall).into_iter().map(|one| (id_of(&one.item).to_string(), (one.grant, one.item)));
        by_suffix(typed, all, "nothing that was sent to you has the id")
            .map_err(|failure| failure.hint("see them with: asif inbox list --all"))
    }

    fn inbox_reply(&self, cx: &Cx<'_>, id: ItemId) -> Handled {
        Ok(Outcome::Reply(Reply::InboxItem(self.one_sent(cx, &id.to_string())?.1)))
    }

    /// The one thing of this id that a helper sent.
    pub(super) fn sent_item(&self, cx: &Cx<'_>, id: ItemId) -> Option<InboxItem> {
        self.sent(cx.now.wall).into_iter().find(|one| id_of(&one.item) == id).map(|one| one.item)
    }

    /// How much of what helpers sent was not looked at yet.
    pub(super) fn unseen_count(&self, now: Timestamp) -> u64 {
        u64::try_from(self.sent(now).iter().filter(|one| !one.seen && one.waits()).count()).unwrap_or(u64::MAX)
    }

    /// What helpers sent, by id: all of it, without what it is about.
    pub(in crate::replica) fn sent_ids(&self) -> Vec<ItemId> {
        let spaces =
            self.view.grants().filter_map(|(id, row)| Some(Space::Feedback { owner: row.value.helper?, grant: record_grant(*id) }));
        let is_shown = |kind: u16| matches!(kind, item::SUGGESTION | item::UNDERSTOOD | item::REPLY);
        let boards = spaces.filter_map(|space| self.boards.get(&space.id()));
        boards.flat_map(|board| board.items().filter(|(_, held)| is_shown(held.kind)).map(|(id, _)| *id)).collect()
    }

    /// Everything that was sent to this person, newest first.
    fn sent(&self, now: Timestamp) -> Vec<Sent> {
        let mut all = Vec::new();
        for (id, row) in self.view.grants() {
            let (Some(helper), grant) = (row.value.helper, record_grant(*id)) else { continue };
            let feedback = Space::Feedback { owner: helper, grant };
            let said = |item: &ItemId| self.said_to(grant, item);
            let records = self.shared_records(grant, feedback);
            let about = |item: &ItemId| {
                let record = records.get(item).copied();
                (record, record.map(|record| self.in_short(&record)))
            };
            let items = self.feedback_items(feedback, &row.value.name, &said, &about);
            all.extend(items.into_iter().map(|item| Sent { grant, seen: said(&id_of(&item)).seen, item }));
            let loans =
                self.loans_in(feedback, &row.value.name, row.value.until.as_ref(), now, &|item| self.said_to(grant, item).at_if(RETURNED));
            all.extend(loans.into_iter().map(|loan| Sent { grant, seen: said(&loan.id).seen, item: InboxItem::Loan(loan) }));
        }
        all.sort_by_key(|one| std::cmp::Reverse(sent_at(&one.item)));
        all
    }

    /// The suggestions, replies and what was understood in a feedback space.
    pub(in crate::replica) fn feedback_items(
        &self,
        feedback: Space,
        from: &str,
        said: &dyn Fn(&ItemId) -> Said,
        about: &dyn Fn(&ItemId) -> About,
    ) -> Vec<InboxItem> {
        let Some(board) = self.boards.get(&feedback.id()) else { return Vec::new() };
        let from = from.to_owned();
        let ended = feedback.grant().is_some_and(|grant| self.has_ended(grant));
        let is_paused = |grant| self.waits_to_go_on(grant) || self.view.grant(&grant_record(grant)).is_some_and(|row| row.value.paused);
        let paused = feedback.grant().is_some_and(is_paused);
        // Of two that were sent in one second the one that came later is newer.
        let mut held: Vec<_> = board.items().collect();
        held.sort_by_key(|(_, held)| std::cmp::Reverse(held.arrived));
        let items = held.into_iter().filter_map(|(id, held)| Some((*id, item::unpack(*id, held.kind, held.payload.as_ref()?)?)));
        let shown = items.filter_map(|(id, item)| {
            let from = from.clone();
            Some(match item {
                Item::Suggestion(one) => {
                    let Said { answer, practice, practice_shown, seen, apart, .. } = said(&id);
                    let answered = answer.and_then(|word| word.parse().ok());
                    let state = answered.unwrap_or(if seen { SuggestionState::Seen } else { SuggestionState::Sent });
                    InboxItem::Suggestion(Suggestion {
                        id,
                        from,
                        title: one.title,
                        kind: one.kind,
                        why: one.why,
                        cue: one.cue,
                        frequency: one.frequency,
                        specificity: one.specificity,
                        difficulty: one.difficulty,
                        sent_at: one.sent_at,
                        state,
                        practice,
                        practice_shown,
                        ended,
                        paused,
                        apart,
                    })
                }
                Item::Understood(one) => {
                    let Said { answer, words, seen, apart, .. } = said(&id);
                    let reply = answer.and_then(|word| word.parse().ok());
                    InboxItem::Understood(Understood {
                        id,
                        from,
                        text: one.text,
                        sent_at: one.sent_at,
                        reply,
                        words,
                        seen,
                        ended,
                        paused,
                        apart,
                    })
                }
                Item::Reply(one) => {
                    let (about, what) = about(&one.to);
                    let seen = said(&id).seen;
                    InboxItem::Reply(HelperReply { id, from, to: one.to, about, what, text: one.text, sent_at: one.sent_at, seen })
                }
                _ => return None,
            })
        });
        shown.collect()
    }

    /// What this person said to something that was sent.
    pub(in crate::replica) fn said_to(&self, grant: GrantId, item: &ItemId) -> Said {
        let Some(row) = self.view.answer(&answer_record(grant, item)) else { return Said::default() };
        let Answer { answer, words, practice, answered_at, seen, .. } = row.value.clone();
        let apart = !row.contested.is_empty();
        let practice_shown = practice.is_some_and(|id| self.shows(grant, id));
        let practice = practice.and_then(|id| self.view.practice(&id)).filter(|row| row.value.deleted != Some(true));
        let practice = practice.map(|row| row.value.slug.clone());
        Said { answer, words, practice, practice_shown, at: answered_at, seen: seen == Some(true), apart }
    }

    /// Whether a grant shows a record.
    fn shows(&self, grant: GrantId, record: RecordId) -> bool {
        let row = self.view.grant(&grant_record(grant));
        row.is_some_and(|row| Terms::of(grant, &row.value, self.now.wall).shown(&self.view, record).is_ok())
    }

    /// The records behind the items that replies are about.
    fn shared_records(&self, grant: GrantId, feedback: Space) -> HashMap<ItemId, RecordId> {
        let any = self.boards.get(&feedback.id()).is_some_and(|board| board.items().any(|(_, held)| held.kind == item::REPLY));
        if any { self.items_of_records(grant) } else { HashMap::new() }
    }

    /// The record behind each item of a grant.
    pub(in crate::replica) fn items_of_records(&self, grant: GrantId) -> HashMap<ItemId, RecordId> {
        let Some((_, key)) = self.given.items.iter().find(|(one, _)| *one == grant) else { return HashMap::new() };
        crate::share::projection::shareable(&self.view).map(|record| (item::item_id(key, record), record)).collect()
    }

    /// A record in a few words.
    pub(in crate::replica) fn in_short(&self, record: &RecordId) -> String {
        let slug = |id: &RecordId| self.view.practice(id).map(|row| row.value.slug.clone());
        if let Some(row) = self.view.session(record) {
            return row.value.practice.as_ref().and_then(slug).unwrap_or_else(|| "note".to_owned());
        }
        if let Some(slug) = slug(record) {
            return format!("practice {slug}");
        }
        match self.view.kept(record) {
            Some(row) => row.value.kind().word().replace('_', " "),
            None if *record == asif_proto::record::SAFETY_PLAN => "safety plan".to_owned(),
            None => "a record".to_owned(),
        }
    }
}

/// The answer that gives a loan back.
pub(in crate::replica) const RETURNED: &str = "returned";

impl Said {
    /// When it was said, if this was it.
    pub(in crate::replica) fn at_if(&self, answer: &str) -> Option<Timestamp> {
        self.at.filter(|_| self.answer.as_deref() == Some(answer))
    }
}

/// Whether a loan can be leaned on.
pub(in crate::replica) fn has_ended(loan: &Loan, over: bool, at: Timestamp) -> bool {
    let past = |end: Option<Timestamp>| end.is_some_and(|end| end <= at);
    over || past(loan.until.as_ref().map(asif_proto::moment::Moment::timestamp)) || past(loan.withdrawn_at) || past(loan.returned_at)
}
