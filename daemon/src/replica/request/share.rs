//! Sharing: drafts and previews of grants, revoking, the caseload, lending.

use std::time::Duration;

use asif_proto::id::{ItemId, RecordId};
use asif_proto::local::{Ask, ErrorKind, Failure, Invite, Reply};
use asif_proto::moment::{self, Moment};
use asif_proto::rating::Rating;
use asif_proto::record::MAX_NOTE;
use asif_proto::share::{CaseloadOpen, CaseloadRow, GrantView, Loan, Preview, SharedSession, Withheld};
use jiff::Timestamp;

use super::super::effect::ClientId;
use super::super::find::{one_line, short};
use super::super::{Cx, Replica};
use super::journal::{bound, whole_seconds};
use super::{Handled, Outcome};
use crate::journal::record::{Client, Grant, record_grant};
use crate::people::space::Space;
use crate::seal::body::{DocId, Revision};
use crate::seal::vault::Offer;
use crate::share::item::{self, Item, LoanItem};
use crate::share::projection::{Hidden, Terms};

const EXAMPLES: usize = 3;
/// A revocation is answered after so long, whether the helper has heard of it or not.
const TELL_WITHIN: Duration = Duration::from_millis(900);

impl Replica {
    /// The grant that an invitation would give.
    pub(super) fn draft_grant(&self, cx: &Cx<'_>, ask: &Ask, invite: &Invite) -> Result<Grant, Failure> {
        let name = one_line(&invite.name, "");
        if name.is_empty() {
            return Err(Failure::new(ErrorKind::Usage, "a helper needs a name: --name Dana"));
        }
        let standing = |row: &Grant| row.name.eq_ignore_ascii_case(&name) && row.ended.is_none();
        if self.view.grants().any(|(_, row)| standing(&row.value)) {
            return Err(Failure::new(ErrorKind::Precondition, format!("{name} is already invited and can see what you chose"))
                .hint(format!("end that first with: asif share revoke {name}   or use another name")));
        }
        let open = self.open_invitations(cx.now.wall);
        if open.iter().any(|(id, grant)| standing(grant) && id.0 != ask.id) {
            return Err(Failure::new(ErrorKind::Precondition, format!("{name} has an open invitation already"))
                .hint(format!("take it back first: asif share revoke {name}   or use another name")));
        }
        let zone = moment::zone(&ask.zone);
        let since = match bound(cx, ask, invite.since.as_deref())? {
            Some(since) => since,
            None => Moment::parse_bound("today", cx.now.wall, &zone).map_err(super::journal::usage)?,
        };
        let until = bound(cx, ask, invite.until.as_deref())?;
        if until.as_ref().is_some_and(|until| until.timestamp() <= since.timestamp()) {
            return Err(Failure::new(ErrorKind::Usage, "--until must be later than --since"));
        }
        let mut scopes = if invite.scopes.is_empty() { invite.role.default_scopes().to_vec() } else { invite.scopes.clone() };
        scopes.sort();
        scopes.dedup();
        Ok(Grant {
            name,
            role: invite.role,
            scopes,
            since,
            until,
            client_name: self.own_name(),
            created_at: whole_seconds(cx.now.wall),
            helper: None,
            ended: None,
            ended_by: None,
            ended_all: None,
            end_reached: None,
        })
    }

    /// What a helper sees under a grant, by the code that projects.
    pub(super) fn preview(&self, grant: &Grant) -> Preview {
        let terms = Terms::of(grant);
        let mut withheld = Withheld::default();
        let (mut sessions, mut notes, mut examples) = (0, 0, Vec::new());
        for (_, row) in self.view.newest() {
            match terms.session(&row.value, &self.view) {
                Ok(shared) => {
                    sessions += 1;
                    notes += u64::from(shared.note.is_some());
                    withheld.notes += u64::from(row.value.note.is_some() && shared.note.is_none());
                    if examples.len() < EXAMPLES {
                        examples.push(shared);
                    }
                }
                Err(Hidden::Private) => withheld.private += 1,
                Err(Hidden::BeforeSince) => withheld.before_since += 1,
                Err(Hidden::AfterUntil) => withheld.after_until += 1,
                Err(Hidden::BareNote) => withheld.bare_notes += 1,
                Err(Hidden::Deleted | Hidden::Scope | Hidden::Unknown) => {}
            }
        }
        let mut practices = 0;
        for (_, row) in self.view.practices() {
            match terms.practice(&row.value) {
                Ok(_) => practices += 1,
                Err(Hidden::Private) => withheld.private += 1,
                Err(_) => {}
            }
        }
        Preview {
            name: grant.name.clone(),
            role: grant.role,
            scopes: grant.scopes.clone(),
            since: grant.since.clone(),
            until: grant.until.clone(),
            client: grant.client_name.clone(),
            sessions,
            practices,
            notes,
            examples,
            withheld,
        }
    }

    /// Invitations that nobody used yet, and that still can be.
    fn open_invitations(&self, now: Timestamp) -> Vec<(RecordId, Grant)> {
        let open = self.vault.iter().flat_map(|vault| &vault.invitations).filter(|one| !one.used && one.expires_ms > now.as_millisecond());
        let draft = |offer: &Offer| match offer {
            Offer::Helper { grant, record } => Some((RecordId(*grant), serde_json::from_str(record).ok()?)),
            Offer::Device => None,
        };
        open.filter_map(|one| draft(&one.offer)).filter(|(id, _)| self.view.grant(id).is_none()).collect()
    }

    /// A grant by the helper's name or its own id: the one that stands, else an open invitation, else the last one that ended.
    pub(super) fn find_grant(&self, typed: &str, now: Timestamp) -> Result<(RecordId, Grant), Failure> {
        let wanted = typed.strip_prefix("r-").unwrap_or(typed).to_ascii_lowercase();
        let named = |id: &RecordId, grant: &Grant| {
            grant.name.eq_ignore_ascii_case(typed) || (wanted.len() >= 4 && record_grant(*id).to_string().ends_with(&wanted))
        };
        let given = self.view.grants().map(|(id, row)| (*id, row.value.clone()));
        let all = given.chain(self.open_invitations(now)).filter(|(id, grant)| named(id, grant));
        all.max_by_key(|(_, grant)| (grant.ended.is_none(), grant.helper.is_some(), grant.created_at)).ok_or_else(|| {
            Failure::new(ErrorKind::NotFound, format!("nobody called {typed:?} was invited")).hint("see them with: asif share list")
        })
    }

    pub(super) fn grant_list(&self, now: Timestamp) -> Vec<GrantView> {
        // An invitation that was taken back showed nothing to anybody.
        let given = self.view.grants().filter(|(_, row)| row.value.helper.is_some()).map(|(id, row)| (*id, row.value.clone()));
        let all = given.chain(self.open_invitations(now));
        let mut list: Vec<GrantView> = all.map(|(id, grant)| self.grant_view(id, &grant)).collect();
        list.sort_by(|a, b| a.name.to_lowercase().cmp(&b.name.to_lowercase()).then(a.id.cmp(&b.id)));
        list
    }

    fn grant_view(&self, id: RecordId, grant: &Grant) -> GrantView {
        let grant_id = record_grant(id);
        let space = self.person().map(|owner| Space::Share { owner, grant: grant_id });
        let items = space.map_or(0, |space| self.items(space).count());
        let devices = grant.helper.map_or(0, |helper| self.registry.roster(&helper).devices().count());
        let waits = grant.helper.is_some() && grant.ended.is_none() && !self.heard;
        GrantView {
            id: grant_id,
            receipt: format!("r-{}", short(&grant_id.to_string()).get(4..).unwrap_or_default()),
            name: grant.name.clone(),
            role: grant.role,
            scopes: grant.scopes.clone(),
            since: grant.since.clone(),
            until: grant.until.clone(),
            joined: grant.helper.is_some(),
            ended: grant.ended,
            devices: u32::try_from(devices).unwrap_or(u32::MAX),
            items: u64::try_from(items).unwrap_or(u64::MAX),
            waiting: waits.then(|| "until this device has heard from another of your devices; nothing new goes out before that".to_owned()),
            end_reached: grant.ended.map(|_| grant.end_reached.unwrap_or_default()),
        }
    }

    /// Ends a share, or takes an invitation back. A name ends all that is under it, a receipt only its own.
    pub(super) fn share_revoke(&mut self, cx: &mut Cx<'_>, client: ClientId, ask: &Ask, typed: &str) -> Handled {
        let done = self.view.grants().find(|(_, row)| row.value.ended_by == Some(ask.id)).map(|(id, _)| *id);
        let id = match done {
            Some(id) => id,
            None => {
                let (id, grant) = self.find_grant(typed, cx.now.wall)?;
                if grant.ended.is_some() {
                    let what = if grant.helper.is_some() { "sharing with" } else { "the invitation of" };
                    return Err(Failure::new(ErrorKind::Precondition, format!("{what} {} has already ended", grant.name)));
                }
                let by_name = grant.name.eq_ignore_ascii_case(typed);
                let others: Vec<(RecordId, Grant)> = if by_name {
                    let given = self.view.grants().map(|(id, row)| (*id, row.value.clone()));
                    let all = given.chain(self.open_invitations(cx.now.wall));
                    all.filter(|(other, one)| *other != id && one.ended.is_none() && one.name.eq_ignore_ascii_case(typed)).collect()
                } else {
                    Vec::new()
                };
                for (id, grant) in others.into_iter().chain([(id, grant)]) {
                    let grant = Grant { ended_all: by_name.then_some(true), ..grant };
                    if self.view.grant(&id).is_none() {
                        self.withdraw_invitation(cx, ask, id, grant)?;
                        continue;
                    }
                    if by_name {
                        // Before the end, so that whoever hears of that knows it.
                        self.write(cx, DocId::Plan, &Self::field_puts(id, vec![("ended_all", true.into())]), "share")?;
                    }
                    self.revoke(cx, id, ask.id)?;
                }
                id
            }
        };
        // The helper hears at once where there is a link; then the answer can say so.
        self.revoking.push((client, id, cx.now.mono + TELL_WITHIN));
        Ok(Outcome::Later)
    }

    /// What was given under a name before somebody ended all that was shared under it, on another device that did not know of it: invitations are
    /// taken back, and whoever came in by one is seen out.
    pub(in crate::replica) fn end_by_name(&mut self, cx: &mut Cx<'_>) {
        let is_over = |one: &Grant| {
            let same = self.view.grants().filter(|(_, row)| row.value.name.eq_ignore_ascii_case(&one.name));
            let ended = same
                .filter(|(_, row)| row.value.ended_all == Some(true))
                .filter_map(|(_, row)| Some((row.value.ended?, row.value.ended_by)));
            ended.into_iter().find(|(ended, _)| ended.as_second() > one.created_at.as_second())
        };
        let open = self.open_invitations(cx.now.wall);
        let over: Vec<RecordId> = open.iter().filter(|(_, draft)| is_over(draft).is_some()).map(|(id, _)| *id).collect();
        let standing = self.view.grants().filter(|(_, row)| row.value.helper.is_some() && row.value.ended.is_none());
        let joined: Vec<(RecordId, Option<uuid::Uuid>)> = standing.filter_map(|(id, row)| Some((*id, is_over(&row.value)?.1))).collect();
        if let Some(vault) = self.vault.as_mut().filter(|_| !over.is_empty()) {
            vault.invitations.retain(|one| !over.iter().any(|id| one.offers(&id.0)));
            self.save_vault(cx);
        }
        for (id, by) in joined {
            if let Err(failure) = self.revoke(cx, id, by.unwrap_or(id.0)) {
                tracing::warn!(reason = %failure, "a share that ended with others of its name could not be ended yet");
            }
        }
    }

    /// Answers revocations whose end has reached the helper, or cannot reach them now.
    pub(in crate::replica) fn finish_revokes(&mut self, cx: &mut Cx<'_>) {
        for (client, id, deadline) in std::mem::take(&mut self.revoking) {
            let Some(row) = self.view.grant(&id) else {
                if self.is_ready() {
                    let failure = Failure::new(ErrorKind::Failure, "the share can no longer be read here").hint("asif doctor tells more");
                    cx.answer(client, Err(failure));
                } else {
                    // The views are being made anew.
                    self.revoking.push((client, id, deadline.max(cx.now.mono + TELL_WITHIN)));
                }
                continue;
            };
            let linked = self.links.values().any(|link| link.person().is_some() && link.person() == row.value.helper);
            if linked && row.value.end_reached != Some(true) && cx.now.mono < deadline {
                self.revoking.push((client, id, deadline));
            } else {
                // That one first, then the others that ended with it.
                let by = row.value.ended_by;
                let others = self.view.grants().filter(|(other, row)| **other != id && by.is_some() && row.value.ended_by == by);
                let all = std::iter::once((&id, row)).chain(others);
                let views = all.map(|(id, row)| self.grant_view(*id, &row.value)).collect();
                cx.answer(client, Ok(Reply::Grants(views)));
            }
        }
    }

    /// An invitation that nobody used yet is simply taken back.
    fn withdraw_invitation(&mut self, cx: &mut Cx<'_>, ask: &Ask, id: RecordId, draft: Grant) -> Result<(), Failure> {
        let ended = Grant { ended: Some(whole_seconds(cx.now.wall)), ended_by: Some(ask.id), ..draft };
        self.write(cx, DocId::Plan, &[(id.key(), super::super::publish::draft(&ended).as_str().into())], "share")?;
        if let Some(vault) = &mut self.vault {
            vault.invitations.retain(|one| !one.offers(&id.0));
        }
        self.save_vault(cx);
        Ok(())
    }

    // -- the helper --

    pub(super) fn caseload(&self) -> Vec<CaseloadRow> {
        let mut rows: Vec<CaseloadRow> = self.view.clients().map(|(id, row)| self.caseload_row(*id, &row.value)).collect();
        rows.sort_by_key(|row| row.client.to_lowercase());
        rows
    }

    fn caseload_row(&self, id: RecordId, client: &Client) -> CaseloadRow {
        let grant = record_grant(id);
        let space = Space::Share { owner: client.person, grant };
        let opened = self.peers.opened.get(&grant).copied().unwrap_or_default();
        let new: Vec<SharedSession> = self
            .items(space)
            .filter(|(_, arrived)| *arrived > opened)
            .filter_map(|(item, _)| match item {
                Item::Session(session) => Some(*session),
                _ => None,
            })
            .collect();
        let to_discuss = new.iter().filter(|session| session.felt_worse == Some(true) || session.stopped_early == Some(true)).count();
        let notes = self.registry.roster(&client.person).devices().filter_map(|device| self.peers.notes.get(&device.link));
        CaseloadRow {
            client: client.name.clone(),
            last_synced: notes.filter_map(|note| note.last_sync).max(),
            new: u64::try_from(new.len()).unwrap_or(u64::MAX),
            to_discuss: u64::try_from(to_discuss).unwrap_or(u64::MAX),
            until: self.agreed(space).and_then(|terms| terms.until),
            ended: self.ended_at(space),
        }
    }

    fn agreed(&self, space: Space) -> Option<crate::share::terms::Terms> {
        self.terms_of(space)?.verify(crate::share::terms::Side::Client)
    }

    fn ended_at(&self, space: Space) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.boards.get(&space.id())?.ended_ms()?).ok()
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
        let (mut sessions, mut practices) = (Vec::new(), Vec::new());
        for (item, arrived) in self.items(space) {
            match item {
                Item::Session(session) => sessions.push((*session, arrived)),
                Item::Practice(practice) => practices.push(*practice),
                Item::Loan(_) => {}
            }
        }
        let at = |session: &SharedSession| session.occurred_at.as_ref().map(Moment::timestamp);
        sessions.sort_by(|(a, x), (b, y)| at(b).cmp(&at(a)).then(y.cmp(x)));
        practices.sort_by(|a, b| a.slug.cmp(&b.slug));
        let arrivals = self.boards.get(&space.id()).map_or(0, crate::share::board::Board::arrivals);
        if self.peers.opened.insert(grant, arrivals) != Some(arrivals) {
            self.save_peers_soon(cx);
        }
        let own = self.own_name();
        let until = self.agreed(space).and_then(|terms| terms.until);
        Ok(CaseloadOpen {
            client: client.name,
            ended: self.ended_at(space),
            scopes: self.agreed(space).map(|terms| terms.scopes).unwrap_or_default(),
            sessions: sessions.into_iter().map(|(session, _)| session).collect(),
            experiments: Vec::new(),
            practices,
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
                Item::Loan(_) => None,
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
        let until = self.agreed(share).and_then(|terms| terms.until);
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
