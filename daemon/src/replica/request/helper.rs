//! The helper's side: the caseload, and lending.

use asif_proto::id::{ItemId, RecordId};
use asif_proto::local::{Ask, ErrorKind, Failure};
use asif_proto::moment::Moment;
use asif_proto::rating::Rating;
use asif_proto::record::MAX_NOTE;
use asif_proto::share::{CaseloadOpen, CaseloadRow, Loan, SharedSession};

use super::super::{Cx, Replica};
use super::journal::{bound, whole_seconds};
use crate::journal::record::{Client, record_grant};
use crate::people::space::Space;
use crate::seal::body::Revision;
use crate::share::item::{self, Item, LoanItem};

impl Replica {
    pub(super) fn caseload(&self) -> Vec<CaseloadRow> {
        let mut rows: Vec<CaseloadRow> = self.view.clients().map(|(id, row)| self.caseload_row(*id, &row.value)).collect();
        rows.sort_by_key(|row| row.client.to_lowercase());
        rows
    }

    fn caseload_row(&self, id: RecordId, client: &Client) -> CaseloadRow {
        let grant = record_grant(id);
        let space = Space::Share { owner: client.person, grant };
        let opened = self.peers.opened.get(&grant).copied().unwrap_or_default();
        let is_new = self.items(space).filter(|(_, arrived)| *arrived > opened).map(|(item, _)| item);
        let sessions = is_new.filter_map(|item| if let Item::Session(session) = item { Some(session) } else { None });
        let new: Vec<_> = sessions.collect();
        let to_discuss = new.iter().filter(|session| session.felt_worse == Some(true) || session.stopped_early == Some(true)).count();
        let notes = self.registry.roster(&client.person).devices().filter_map(|device| self.peers.notes.get(&device.link));
        CaseloadRow {
            client: client.name.clone(),
            last_synced: notes.filter_map(|note| note.last_sync).max(),
            new: u64::try_from(new.len()).unwrap_or(u64::MAX),
            to_discuss: u64::try_from(to_discuss).unwrap_or(u64::MAX),
            until: self.agreed(grant).and_then(|terms| terms.until.clone()),
            ended: self.end_of(grant),
        }
    }

    fn find_client(&self, typed: &str) -> Result<(RecordId, Client), Failure> {
        let mut found: Vec<_> = self.view.clients().filter(|(_, row)| row.value.name.eq_ignore_ascii_case(typed)).collect();
        // Of several under one name the one that still shares.
        found.sort_by_key(|(id, row)| (!self.has_ended(record_grant(**id)), row.value.joined_at));
        match found.pop() {
            Some((id, row)) => Ok((*id, row.value.clone())),
            None => Err(Failure::new(ErrorKind::NotFound, format!("no client is called {typed:?}")).hint("see them with: asif caseload")),
        }
    }

    pub(super) fn caseload_open(&mut self, cx: &mut Cx<'_>, typed: &str) -> Result<CaseloadOpen, Failure> {
        let (id, client) = self.find_client(typed)?;
        let (grant, me) = (record_grant(id), self.person().ok_or_else(super::super::no_journal)?);
        let space = Space::Share { owner: client.person, grant };
        let (mut sessions, mut practices, mut experiments) = (Vec::new(), Vec::new(), Vec::new());
        let (mut phrases, mut beliefs, mut goals, mut anchors, mut safety_plan) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), None);
        // What was shared until a time is shown no more from then on, also before anybody has said that it is over.
        let shown = self.items(space).filter(|_| !self.has_ended(grant));
        for (item, arrived) in shown {
            match item {
                Item::Session(session) => sessions.push((*session, arrived)),
                Item::Practice(practice) => practices.push(*practice),
                Item::Experiment(experiment) => experiments.push((*experiment, arrived)),
                Item::Phrase(phrase) => phrases.push(phrase),
                Item::Belief(belief) => beliefs.push(belief),
                Item::Goal(goal) => goals.push(goal),
                Item::Anchor(anchor) => anchors.push(anchor),
                Item::SafetyPlan(plan) => safety_plan = Some(*plan),
                Item::Loan(_) => {}
            }
        }
        let at = |session: &SharedSession| session.occurred_at.as_ref().map(Moment::timestamp);
        sessions.sort_by(|(a, x), (b, y)| at(b).cmp(&at(a)).then(y.cmp(x)));
        practices.sort_by(|a, b| a.slug.cmp(&b.slug));
        experiments.sort_by_key(|(_, arrived)| std::cmp::Reverse(*arrived));
        phrases.sort_by(|a, b| (&a.practice, a.order).cmp(&(&b.practice, b.order)));
        beliefs.sort_by(|a, b| a.statement.cmp(&b.statement));
        goals.sort_by(|a, b| a.text.cmp(&b.text));
        let arrivals = self.boards.get(&space.id()).map_or(0, crate::share::board::Board::arrivals);
        if self.peers.opened.insert(grant, arrivals) != Some(arrivals) {
            self.save_peers_soon(cx);
        }
        let own = self.own_name();
        let until = self.agreed(grant).and_then(|terms| terms.until.clone());
        Ok(CaseloadOpen {
            client: client.name,
            ended: self.end_of(grant),
            scopes: self.agreed(grant).map(|terms| terms.scopes.clone()).unwrap_or_default(),
            sessions: sessions.into_iter().map(|(session, _)| session).collect(),
            experiments: experiments.into_iter().map(|(experiment, _)| experiment).collect(),
            practices,
            phrases,
            beliefs,
            goals,
            anchors,
            safety_plan,
            loans: self.loans_in(Space::Feedback { owner: me, grant }, &own, until.as_ref(), cx.now.wall),
        })
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one request")]
    pub(super) fn lend(
        &mut self,
        cx: &mut Cx<'_>,
        ask: &Ask,
        client: &str,
        practice: &str,
        statement: &str,
        strength: Rating,
        until: Option<&str>,
    ) -> Result<Loan, Failure> {
        let (id, client) = self.find_client(client)?;
        let (grant, me) = (record_grant(id), self.person().ok_or_else(super::super::no_journal)?);
        if self.has_ended(grant) {
            return Err(Failure::new(ErrorKind::Precondition, format!("{} no longer shares with you; nothing can be sent", client.name)));
        }
        let statement = statement.trim();
        if statement.is_empty() || statement.len() > MAX_NOTE || !item::fits(statement) {
            return Err(Failure::new(ErrorKind::Usage, format!("a lent belief needs words, at most {MAX_NOTE} bytes")));
        }
        let share = Space::Share { owner: client.person, grant };
        let mut slugs: Vec<String> = self
            .items(share)
            .filter_map(|(item, _)| match item {
                Item::Practice(one) => Some(one.slug),
                Item::Session(one) => one.practice,
                _ => None,
            })
            .collect();
        slugs.sort();
        slugs.dedup();
        if !slugs.iter().any(|slug| slug == practice) {
            let hint = if slugs.is_empty() { "no practice is shared yet".to_owned() } else { format!("shared are: {}", slugs.join(", ")) };
            return Err(Failure::new(ErrorKind::NotFound, format!("{} shares no practice called {practice:?}", client.name)).hint(hint));
        }
        let until = bound(cx, ask, until)?;
        let feedback = Space::Feedback { owner: me, grant };
        let id = loan_id(ask);
        if self.boards.get(&feedback.id()).is_none_or(|board| board.get(&id).is_none()) {
            let loan =
                LoanItem { practice: practice.into(), statement: statement.into(), strength, lent_at: whole_seconds(cx.now.wall), until };
            self.put(cx, feedback, id, Revision { grant: 1, touches: 1 }, item::LOAN, &loan)?;
        }
        let own = self.own_name();
        let until = self.agreed(grant).and_then(|terms| terms.until.clone());
        let loans = self.loans_in(feedback, &own, until.as_ref(), cx.now.wall);
        let loan = loans.into_iter().find(|loan| loan.id == id).ok_or_else(|| Failure::new(ErrorKind::Failure, "the loan was not kept"))?;
        if (loan.practice.as_str(), loan.statement.as_str(), loan.strength) == (practice, statement, strength) {
            return Ok(loan);
        }
        Err(Failure::new(ErrorKind::Precondition, "this was lent already, and says something else there: yours is not lent")
            .hint(format!("asif caseload open \"{}\" shows what is", client.name)))
    }
}

/// The item of a loan: made from the request, so that asking twice lends once.
fn loan_id(ask: &Ask) -> ItemId {
    ItemId(blake3::derive_key("asif loan item v1", ask.id.as_bytes()))
}
