//! The helper's side: the caseload. [`giving`] has what a helper gives back, [`prep`] the page before a meeting, [`parting`] names, leaving and
//! what is put away.

mod giving;
mod parting;
mod prep;

pub(super) use giving::NewLoan;

use std::collections::BTreeMap;

use asif_proto::id::{GrantId, ItemId, LogId, RecordId};
use asif_proto::local::{Ask, ErrorKind, Failure, HelperAsk, HelperDeed, Reply};
use asif_proto::moment::Moment;
use asif_proto::share::{CaseloadOpen, CaseloadRow, Discuss, HelperPrediction, InboxItem, SharedAnswer, SharedSession};
use rand_core::Rng as _;

use super::super::{Cx, Replica};
use super::feedback::{RETURNED, Said, id_of, sent_at};
use super::journal::whole_seconds;
use super::{Handled, Outcome};
use crate::journal::record::{Client, record_grant};
use crate::people::space::Space;
use crate::seal::body::{DocId, Revision};
use crate::share::board::Held;
use crate::share::feedback::OpenedItem;
use crate::share::item::ABOUT_THE_SHARE;
use crate::share::item::{self, Item};

/// A surprise that is worth talking about.
const LARGE: u16 = 20;

/// A client with what belongs to them.
#[derive(Debug, Clone)]
struct Of {
    id: RecordId,
    client: Client,
    grant: GrantId,
    share: Space,
    feedback: Space,
}

impl Replica {
    pub(super) fn helping(&mut self, cx: &mut Cx<'_>, ask: &Ask, what: &HelperAsk) -> Handled {
        let of = self.of_client(&what.client)?;
        // What is written into one's own journal needs it here.
        let writes =
            matches!(what.what, HelperDeed::Note { .. } | HelperDeed::Rename { .. } | HelperDeed::Leave | HelperDeed::Purge { .. });
        if writes && !self.has(cx, DocId::Plan) {
            return Ok(Outcome::Wanted);
        }
        match &what.what {
            HelperDeed::Prep { since } => self.prep(cx, ask, &of, since.as_deref()),
            HelperDeed::Notes => Ok(Outcome::Reply(Reply::HelperNotes(self.notes_about(&of)))),
            HelperDeed::Note { text } => self.note_down(cx, ask, &of, text),
            HelperDeed::Withdraw { loan } => self.withdraw(cx, &of, loan),
            HelperDeed::Suggest(new) => self.suggest(cx, ask, &of, new),
            HelperDeed::Understood { text } => self.understood(cx, ask, &of, text),
            HelperDeed::Reply { to, text } => self.reply_to(cx, ask, &of, to, text),
            HelperDeed::Predict { experiment, text, rating } => self.predict(cx, &of, experiment, text.as_ref(), *rating),
            HelperDeed::Rename { name } => self.rename(cx, &of, name),
            HelperDeed::Leave => self.leave(cx, &of),
            HelperDeed::Purge { notes } => self.purge(cx, &of, *notes),
        }
    }

    pub(super) fn caseload(&self) -> Vec<CaseloadRow> {
        let clients = self.view.clients().filter(|(_, row)| row.value.purged != Some(true));
        let mut rows: Vec<CaseloadRow> = clients.map(|(id, row)| self.caseload_row(*id, &row.value)).collect();
        rows.sort_by_key(|row| row.client.to_lowercase());
        rows
    }

    fn caseload_row(&self, id: RecordId, client: &Client) -> CaseloadRow {
        let grant = record_grant(id);
        let share = Space::Share { owner: client.person, grant };
        let (mut new, mut discuss) = (0, Discuss::default());
        if !self.has_ended(grant) {
            let opened = self.opened_upto(grant);
            for (id, held) in self.unopened(share, &opened) {
                match held.payload.as_ref().and_then(|payload| item::unpack(*id, held.kind, payload)) {
                    Some(Item::Session(session)) => {
                        new += 1;
                        let worse = session.felt_worse == Some(true);
                        discuss.felt_worse += u64::from(worse);
                        discuss.stopped_early += u64::from(!worse && session.stopped_early == Some(true));
                    }
                    Some(Item::Experiment(one)) => discuss.surprises.extend(one.surprise.filter(|by| by.unsigned_abs() >= LARGE)),
                    _ => {}
                }
            }
            discuss.surprises.sort_by_key(|by| std::cmp::Reverse(by.unsigned_abs()));
        }
        let notes = self.registry.roster(&client.person).devices().filter_map(|device| self.peers.notes.get(&device.link));
        CaseloadRow {
            client: client.name.clone(),
            last_synced: notes.filter_map(|note| note.last_sync).max(),
            new,
            to_discuss: discuss.count(),
            discuss,
            until: self.agreed(grant).and_then(|terms| terms.until.clone()),
            ended: self.end_of(grant),
            left: client.left,
        }
    }

    /// Up to where any of this person's devices has opened what is shared.
    pub(in crate::replica) fn opened_upto(&self, grant: GrantId) -> BTreeMap<LogId, u64> {
        self.opened_by(grant, |_| true)
    }

    /// The same of those devices that wrote in these logs.
    fn opened_by(&self, grant: GrantId, wrote: impl Fn(&LogId) -> bool) -> BTreeMap<LogId, u64> {
        let Some(me) = self.person() else { return BTreeMap::new() };
        let board = self.boards.get(&Space::Feedback { owner: me, grant }.id());
        let opened =
            board.into_iter().flat_map(|board| board.items()).filter(|(_, held)| held.kind == item::OPENED && wrote(&held.entry.0));
        let mut upto: BTreeMap<LogId, u64> = BTreeMap::new();
        for opened in opened.filter_map(|(_, held)| serde_json::from_slice::<OpenedItem>(held.payload.as_ref()?).ok()) {
            for (log, seq) in opened.upto {
                let known = upto.entry(log).or_default();
                *known = seq.max(*known);
            }
        }
        upto
    }

    fn unopened(&self, share: Space, opened: &BTreeMap<LogId, u64>) -> impl Iterator<Item = (&ItemId, &Held)> {
        let board = self.boards.get(&share.id());
        let is_opened = |held: &Held| opened.get(&held.entry.0).is_some_and(|seq| held.entry.1 <= *seq);
        board.into_iter().flat_map(|board| board.items()).filter(move |(_, held)| !is_opened(held))
    }

    /// Reports what is opened on this device for the first time: the client sees it.
    fn report_opened(&mut self, cx: &mut Cx<'_>, of: &Of) -> Result<(), Failure> {
        let device = self.this_device()?;
        let opened = self.opened_by(of.grant, |log| self.logs.get(log).is_some_and(|log| log.device == Some(device)));
        if self.has_ended(of.grant) || self.unopened(of.share, &opened).all(|(_, held)| ABOUT_THE_SHARE.contains(&held.kind)) {
            return Ok(());
        }
        let mut upto: BTreeMap<LogId, u64> = BTreeMap::new();
        for (_, held) in self.boards.get(&of.share.id()).into_iter().flat_map(|board| board.items()) {
            let last = upto.entry(held.entry.0).or_default();
            *last = held.entry.1.max(*last);
        }
        let mut id = [0; 32];
        cx.rng.fill_bytes(&mut id);
        let report = OpenedItem { at: whole_seconds(cx.now.wall), upto };
        self.put(cx, of.feedback, ItemId(id), Revision { grant: 1, touches: 1 }, item::OPENED, &report)
    }

    fn of_client(&self, typed: &str) -> Result<Of, Failure> {
        let me = self.person().ok_or_else(super::super::no_journal)?;
        let clients = self.view.clients().filter(|(_, row)| row.value.purged != Some(true));
        let mut found: Vec<_> = clients.filter(|(_, row)| row.value.name.eq_ignore_ascii_case(typed)).collect();
        // Of several under one name the one that still shares.
        found.sort_by_key(|(id, row)| (!self.has_ended(record_grant(**id)), row.value.joined_at));
        let (id, row) = found.pop().ok_or_else(|| {
            Failure::new(ErrorKind::NotFound, format!("no client is called {typed:?}")).hint("see them with: asif caseload")
        })?;
        let grant = record_grant(*id);
        let (share, feedback) = (Space::Share { owner: row.value.person, grant }, Space::Feedback { owner: me, grant });
        Ok(Of { id: *id, client: row.value.clone(), grant, share, feedback })
    }

    /// A client who still shares.
    fn of_standing(&self, of: &Of) -> Result<(), Failure> {
        if self.has_ended(of.grant) {
            let message = format!("{} no longer shares with you; nothing can be sent", of.client.name);
            return Err(Failure::new(ErrorKind::Precondition, message));
        }
        Ok(())
    }

    pub(super) fn caseload_open(&mut self, cx: &mut Cx<'_>, typed: &str) -> Result<CaseloadOpen, Failure> {
        let of = self.of_client(typed)?;
        let ended = self.end_of(of.grant);
        let by_time = of.client.left.is_none() && ended.is_some() && self.agreed(of.grant).and_then(|terms| terms.ends()) == ended;
        let holds_any =
            self.boards.get(&of.share.id()).is_some_and(|board| board.items().any(|(_, held)| !ABOUT_THE_SHARE.contains(&held.kind)));
        let mut open = CaseloadOpen {
            client: of.client.name.clone(),
            ended,
            left: of.client.left,
            by_time,
            deleted: ended.is_some() && !holds_any,
            scopes: self.agreed(of.grant).map(|terms| terms.scopes.clone()).unwrap_or_default(),
            sessions: Vec::new(),
            experiments: Vec::new(),
            practices: Vec::new(),
            phrases: Vec::new(),
            beliefs: Vec::new(),
            goals: Vec::new(),
            anchors: Vec::new(),
            safety_plan: None,
            rapport: Vec::new(),
            loans: self.loans_given(cx, &of),
            sent: self.sent_by_me(&of),
            predictions: self.predictions_by_me(&of),
        };
        let (mut sessions, mut experiments) = (Vec::new(), Vec::new());
        // What was shared until a time is shown no more from then on, also before anybody has said that it is over.
        let shown = self.items(of.share).filter(|_| !self.has_ended(of.grant));
        for (item, arrived) in shown {
            match item {
                Item::Session(session) => sessions.push((*session, arrived)),
                Item::Practice(practice) => open.practices.push(*practice),
                Item::Experiment(experiment) => experiments.push((*experiment, arrived)),
                Item::Phrase(phrase) => open.phrases.push(phrase),
                Item::Belief(belief) => open.beliefs.push(belief),
                Item::Goal(goal) => open.goals.push(goal),
                Item::Anchor(anchor) => open.anchors.push(anchor),
                Item::SafetyPlan(plan) => open.safety_plan = Some(*plan),
                Item::Rapport(one) => open.rapport.push(one),
                Item::Answer(_) | Item::Loan(_) | Item::Suggestion(_) | Item::Understood(_) | Item::Reply(_) | Item::Prediction(_) => {}
            }
        }
        let at = |session: &SharedSession| session.occurred_at.as_ref().map(Moment::timestamp);
        sessions.sort_by(|(a, x), (b, y)| at(b).cmp(&at(a)).then(y.cmp(x)));
        experiments.sort_by_key(|(_, arrived)| std::cmp::Reverse(*arrived));
        open.sessions = sessions.into_iter().map(|(session, _)| session).collect();
        open.experiments = experiments.into_iter().map(|(experiment, _)| experiment).collect();
        open.practices.sort_by(|a, b| a.slug.cmp(&b.slug));
        open.phrases.sort_by(|a, b| (&a.practice, a.order).cmp(&(&b.practice, b.order)));
        open.beliefs.sort_by(|a, b| a.statement.cmp(&b.statement));
        open.goals.sort_by(|a, b| a.text.cmp(&b.text));
        open.rapport.sort_by_key(|one| one.at);
        self.report_opened(cx, &of)?;
        Ok(open)
    }

    /// What the client answered, by what it answers.
    fn answers_of(&self, share: Space) -> BTreeMap<ItemId, SharedAnswer> {
        let held = self.boards.get(&share.id()).into_iter().flat_map(|board| board.items()).filter(|(_, held)| held.kind == item::ANSWER);
        let answers = held.filter_map(|(id, held)| match item::unpack(*id, held.kind, held.payload.as_ref()?)? {
            Item::Answer(answer) => Some((answer.to, answer)),
            _ => None,
        });
        answers.collect()
    }

    fn sent_by_me(&self, of: &Of) -> Vec<InboxItem> {
        let answers = self.answers_of(of.share);
        let said = |item: &ItemId| {
            let answer = answers.get(item);
            Said {
                answer: answer.map(|one| one.answer.clone()),
                words: answer.and_then(|one| one.words.clone()),
                at: answer.map(|one| one.at),
                ..Said::default()
            }
        };
        let about = |item: &ItemId| (None, self.item_in_short(of.share, item));
        let mut sent = self.feedback_items(of.feedback, &self.own_name(), &said, &about);
        sent.sort_by_key(|one| std::cmp::Reverse(sent_at(one)));
        sent
    }

    fn loans_given(&self, cx: &Cx<'_>, of: &Of) -> Vec<asif_proto::share::Loan> {
        let until = self.agreed(of.grant).and_then(|terms| terms.until.clone());
        let answers = self.answers_of(of.share);
        let returned = |item: &ItemId| answers.get(item).filter(|one| one.answer == RETURNED).map(|one| one.at);
        let mut loans = self.loans_in(of.feedback, &self.own_name(), until.as_ref(), cx.now.wall, &returned);
        loans.sort_by_key(|loan| std::cmp::Reverse((loan.lent_at, loan.id)));
        loans
    }

    fn predictions_by_me(&self, of: &Of) -> Vec<HelperPrediction> {
        let predictions = self.boards.get(&of.feedback.id()).into_iter().flat_map(|board| board.items());
        let predictions = predictions.filter_map(|(id, held)| match item::unpack(*id, held.kind, held.payload.as_ref()?)? {
            Item::Prediction(one) => Some(HelperPrediction {
                id: *id,
                experiment: one.experiment,
                from: self.own_name(),
                text: one.text,
                rating: one.rating,
                locked_at: one.locked_at,
                before_outcome: None,
            }),
            _ => None,
        });
        let mut all: Vec<_> = predictions.collect();
        all.sort_by_key(|one| std::cmp::Reverse((one.locked_at, one.id)));
        all
    }

    /// A shared item in a few words.
    fn item_in_short(&self, share: Space, id: &ItemId) -> Option<String> {
        let held = self.boards.get(&share.id())?.get(id)?;
        let when = |at: &Option<Moment>| at.as_ref().map(|at| format!(" {}", at.local_date())).unwrap_or_default();
        Some(match item::unpack(*id, held.kind, held.payload.as_ref()?)? {
            Item::Session(one) => format!("{}{}", one.practice.as_deref().unwrap_or("note"), when(&one.occurred_at)),
            Item::Practice(one) => format!("practice {}", one.slug),
            Item::Experiment(one) => format!("experiment {}", one.practice.as_deref().unwrap_or_default()).trim_end().to_owned(),
            Item::Phrase(one) => format!("phrase of {}", one.practice),
            Item::Belief(one) => format!("belief: {}", one.statement),
            Item::Goal(one) => format!("goal: {}", one.text),
            Item::Anchor(_) => "anchor".to_owned(),
            Item::SafetyPlan(_) => "safety plan".to_owned(),
            Item::Rapport(_) => "rapport".to_owned(),
            Item::Answer(_) | Item::Loan(_) | Item::Suggestion(_) | Item::Understood(_) | Item::Reply(_) | Item::Prediction(_) => {
                return None;
            }
        })
    }
}
