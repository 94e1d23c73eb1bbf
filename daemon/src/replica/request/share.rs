//! The client's side of sharing: drafts of grants, and what becomes of them.

mod change;
mod preview;
mod receipts;
mod telling;

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::RecordId;
use asif_proto::local::{Ask, ErrorKind, Failure, Invite};
use asif_proto::moment::{self, Moment};
use asif_proto::share::GrantView;
use jiff::Timestamp;

use super::super::effect::ClientId;
use super::super::{Cx, Replica};
use super::Handled;
use super::journal::{bound, whole_seconds};
use change::{check_terms, helper_name, own_name, purpose_of};
use receipts::{names_receipt, receipt_name};
use telling::Telling;

use crate::journal::record::{Grant, record_grant};
use crate::journal::schema;
use crate::people::space::Space;
use crate::seal::body::DocId;
use crate::seal::vault::Offer;
use crate::share::item::Item;
pub(in crate::replica) use change::grant_puts;
pub(in crate::replica) use telling::Told;

impl Replica {
    /// The grant that an invitation would give.
    pub(super) fn draft_grant(&self, cx: &Cx<'_>, ask: &Ask, invite: &Invite) -> Result<Grant, Failure> {
        let name = helper_name(&invite.name)?;
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
        let mut scopes = if invite.scopes.is_empty() { invite.role.default_scopes().to_vec() } else { invite.scopes.clone() };
        scopes.sort();
        scopes.dedup();
        let grant = Grant {
            name,
            role: invite.role,
            scopes,
            since,
            until,
            delay_s: invite.delay_s,
            purpose: purpose_of(invite.purpose.as_ref())?,
            paused: false,
            client_name: invite.client.as_deref().map(own_name).transpose()?.unwrap_or_else(|| self.own_name()),
            created_at: whole_seconds(cx.now.wall),
            helper: None,
            ended: None,
            ended_by: None,
            ended_all: None,
            end_reached: None,
            gone_on: self.view.put_back().map(str::to_owned).collect(),
        };
        check_terms(cx, &grant)?;
        Ok(grant)
    }

    /// Invitations of any own device that nobody used yet, and that still can be.
    fn open_invitations(&self, now: Timestamp) -> Vec<(RecordId, Grant)> {
        let here = self.vault.iter().flat_map(|vault| &vault.invitations).filter(|one| !one.used && one.expires_ms > now.as_millisecond());
        let draft = |offer: &Offer| match offer {
            Offer::Helper { grant, record } => Some((RecordId(*grant), serde_json::from_str(record).ok()?)),
            Offer::Device => None,
        };
        let anywhere = self.view.invited().filter(|(_, one)| one.expires_at > now).map(|(id, one)| (id, one.grant));
        let all: BTreeMap<RecordId, Grant> = here.filter_map(|one| draft(&one.offer)).chain(anywhere).collect();
        all.into_iter().filter(|(id, _)| self.view.grant(id).is_none()).collect()
    }

    /// A grant by the helper's name or its own id: the one that stands, else an open invitation, else the last one that ended. Of two that stand
    /// under one name neither is meant.
    pub(super) fn find_grant(&self, typed: &str, now: Timestamp) -> Result<(RecordId, Grant), Failure> {
        let (id, grant) = self.find_any_grant(typed, now)?;
        let stands = |id: &RecordId, one: &Grant| one.ended.is_none() && !one.is_over(now) && !self.has_ended(record_grant(*id));
        let given = self.view.grants().map(|(id, row)| (*id, row.value.clone())).chain(self.open_invitations(now));
        let same: BTreeSet<RecordId> =
            given.filter(|(id, one)| one.name.eq_ignore_ascii_case(typed) && stands(id, one)).map(|(id, _)| id).collect();
        if same.len() > 1 && grant.name.eq_ignore_ascii_case(typed) {
            let names: Vec<String> = same.iter().map(|id| receipt_name(record_grant(*id))).collect();
            let failure = Failure::new(ErrorKind::Usage, format!("{} shares are called {}: {}", same.len(), grant.name, names.join(", ")));
            return Err(failure.hint("name one of these instead; asif share list shows which is which"));
        }
        Ok((id, grant))
    }

    fn find_any_grant(&self, typed: &str, now: Timestamp) -> Result<(RecordId, Grant), Failure> {
        let named = |id: &RecordId, grant: &Grant| grant.name.eq_ignore_ascii_case(typed) || names_receipt(record_grant(*id), typed);
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
        // What is said to them, and the terms, are no part of what they see.
        let is_seen = |item: &Item| !matches!(item, Item::Answer(_));
        let items = space.map_or(0, |space| self.items(space).filter(|(item, _)| is_seen(item)).count());
        let devices = grant.helper.map_or(0, |helper| self.registry.roster(&helper).devices().count());
        // The journal may not say so, where an old copy of it was put back.
        let ended = self.end_of(grant_id);
        let waits = grant.helper.is_some() && ended.is_none() && !self.heard;
        GrantView {
            id: grant_id,
            receipt: receipt_name(grant_id),
            name: grant.name.clone(),
            role: grant.role,
            scopes: grant.scopes.clone(),
            since: grant.since.clone(),
            until: grant.until.clone(),
            delay_s: grant.delay_s,
            purpose: grant.purpose.clone(),
            client: grant.client_name.clone(),
            paused: grant.paused,
            unheard: Vec::new(),
            joined: grant.helper.is_some(),
            // What is over by its time is over at once; the end is written a moment later.
            ended: ended.or_else(|| grant.ends().filter(|ends| *ends <= self.now.wall)),
            devices: u32::try_from(devices).unwrap_or(u32::MAX),
            items: u64::try_from(items).unwrap_or(u64::MAX),
            waiting: self.waits_for_person(grant_id, grant).or_else(|| {
                waits.then(|| "until this device has heard from another of your devices; nothing new goes out before that".to_owned())
            }),
            end_reached: ended.map(|_| grant.end_reached.unwrap_or_default()),
            deletions: match (ended, grant.helper) {
                (Some(_), Some(helper)) => self.deletion_answers(helper, grant_id),
                _ => Vec::new(),
            },
            left: grant.helper.and_then(|helper| self.left_at(helper, grant_id)),
        }
    }

    /// Ends a share, or takes an invitation back. A name ends all that is under it, a receipt only its own.
    pub(super) fn share_revoke(&mut self, cx: &mut Cx<'_>, client: ClientId, ask: &Ask, typed: &str) -> Handled {
        let done = self.view.grants().find(|(_, row)| row.value.ended_by == Some(ask.id)).map(|(id, _)| *id);
        let id = match done {
            Some(id) => id,
            None => {
                let (id, grant) = self.find_any_grant(typed, cx.now.wall)?;
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
                    self.revoke(cx, id, cx.now.wall, ask.id)?;
                }
                id
            }
        };
        // The helper hears at once where there is a link; then the answer can say so.
        self.tell_soon(cx, client, Telling::Revoked(id))
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
        let mut over: Vec<RecordId> = open.iter().filter(|(_, draft)| is_over(draft).is_some()).map(|(id, _)| *id).collect();
        // Taken back on another device.
        let ended = self.view.grants().filter(|(_, row)| row.value.helper.is_none() && row.value.ended.is_some()).map(|(id, _)| *id);
        over.extend(ended.filter(|id| self.vault.iter().flat_map(|vault| &vault.invitations).any(|one| one.offers(&id.0))));
        let standing = self.view.grants().filter(|(_, row)| row.value.helper.is_some() && row.value.ended.is_none());
        let joined: Vec<(RecordId, Option<uuid::Uuid>)> = standing.filter_map(|(id, row)| Some((*id, is_over(&row.value)?.1))).collect();
        if let Some(vault) = self.vault.as_mut().filter(|_| !over.is_empty()) {
            vault.invitations.retain(|one| !over.iter().any(|id| one.offers(&id.0)));
            self.save_vault(cx);
        }
        for (id, by) in joined {
            if let Err(failure) = self.revoke(cx, id, cx.now.wall, by.unwrap_or(id.0)) {
                tracing::warn!(reason = %failure, "a share that ended with others of its name could not be ended yet");
            }
        }
    }

    /// An invitation that nobody used yet is simply taken back.
    fn withdraw_invitation(&mut self, cx: &mut Cx<'_>, ask: &Ask, id: RecordId, draft: Grant) -> Result<(), Failure> {
        let ended = Grant { ended: Some(whole_seconds(cx.now.wall)), ended_by: Some(ask.id), ..draft };
        // The end is laid over it too: somebody may come in meanwhile, on a device that does not know of it.
        let mut puts = Self::field_puts(id, vec![("ended", serde_json::json!(ended.ended)), ("ended_by", serde_json::json!(ask.id))]);
        puts.push((id.key(), super::super::publish::draft(&ended).as_str().into()));
        puts.push((schema::invited(id), automerge::ScalarValue::Null));
        self.write(cx, DocId::Plan, &puts, "share")?;
        if let Some(vault) = &mut self.vault {
            vault.invitations.retain(|one| !one.offers(&id.0));
        }
        self.save_vault(cx);
        Ok(())
    }
}
