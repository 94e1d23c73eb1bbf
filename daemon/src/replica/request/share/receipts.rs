//! What both signed, what was answered to an end, and what is reported as opened.

use std::collections::{BTreeMap, HashMap};

use asif_proto::id::{GrantId, ItemId, LogId, PersonId, RecordId};
use asif_proto::local::{Ask, Failure, Reply};
use asif_proto::share::{AgreedTerms, DeletionAnswer, OpenedRecord, Opening, Receipt, Signature};
use jiff::Timestamp;

use super::super::super::find::short;
use super::super::super::{Cx, Replica};
use super::super::journal::bound;
use super::super::{Handled, Outcome};
use crate::journal::record::record_grant;
use crate::people::space::Space;
use crate::share::feedback::OpenedItem;
use crate::share::item;
use crate::share::terms::{Side, Signed};

/// The short form of a grant on screen.
pub(in crate::replica) fn receipt_name(grant: GrantId) -> String {
    format!("r-{}", short(&grant.to_string()).get(4..).unwrap_or_default())
}

/// Whether a receipt is meant by what was typed.
pub(in crate::replica) fn names_receipt(grant: GrantId, typed: &str) -> bool {
    let wanted = typed.strip_prefix("r-").unwrap_or(typed).to_ascii_lowercase();
    wanted.len() >= 4 && grant.to_string().ends_with(&wanted)
}

impl Replica {
    pub(super) fn receipts(&self, given: bool, name: Option<&str>) -> Handled {
        let Some(me) = self.person() else { return Err(super::super::super::no_journal()) };
        let mut all: Vec<Receipt> = if given {
            let grants = self.view.grants().filter_map(|(id, row)| Some((record_grant(*id), row.value.name.clone(), row.value.helper?)));
            grants.map(|(grant, name, helper)| self.receipt(grant, name, me, helper, true)).collect()
        } else {
            let clients = self.view.clients().map(|(id, row)| (record_grant(*id), row.value.name.clone(), row.value.person));
            clients.map(|(grant, name, client)| self.receipt(grant, name, client, me, false)).collect()
        };
        if let Some(name) = name {
            all.retain(|one| one.name.eq_ignore_ascii_case(name) || names_receipt(one.id, name));
            if all.is_empty() {
                let list = if given { "asif share receipts" } else { "asif client receipts" };
                return Err(Failure::new(asif_proto::local::ErrorKind::NotFound, format!("no receipt is of {name:?}"))
                    .hint(format!("see them with: {list}")));
            }
        }
        all.sort_by(|a, b| a.name.to_lowercase().cmp(&b.name.to_lowercase()).then(a.id.cmp(&b.id)));
        Ok(Outcome::Reply(Reply::Receipts(all)))
    }

    fn receipt(&self, grant: GrantId, name: String, client: PersonId, helper: PersonId, given: bool) -> Receipt {
        let signed = self.terms_of(Space::Share { owner: client, grant });
        let terms = signed.as_ref().and_then(|signed| signed.verify(Side::Client));
        let countersigned = self.receipt_of(Space::Feedback { owner: helper, grant });
        let of_these = |signed: &Signed| countersigned.clone().filter(|receipt| receipt.terms == signed.terms);
        let signature = |signed: Signed| Signature { device: signed.device, signature: signed.signature };
        let ended = self.end_of(grant);
        let row = self.view.grant(&crate::journal::record::grant_record(grant));
        Receipt {
            id: grant,
            receipt: receipt_name(grant),
            name,
            given,
            terms: terms.map(|terms| AgreedTerms {
                version: terms.version,
                client_name: terms.client_name,
                role: terms.role,
                scopes: terms.scopes,
                since: terms.since,
                until: terms.until,
                delay_s: terms.delay_s,
                purpose: terms.purpose,
                at: terms.at,
            }),
            signed: signed.as_ref().map(|signed| signed.terms.clone()),
            helper_signature: signed.as_ref().and_then(of_these).map(signature),
            client_signature: signed.map(signature),
            ended,
            end_reached: row.and_then(|row| ended.map(|_| row.value.end_reached.unwrap_or_default())),
            deletions: ended.map(|_| self.deletion_answers(helper, grant)).unwrap_or_default(),
        }
    }

    /// What each of a helper's devices has answered to the end of a share.
    pub(in crate::replica) fn deletion_answers(&self, helper: PersonId, grant: GrantId) -> Vec<DeletionAnswer> {
        let answers = self.deletions(helper, grant).into_iter().map(|(device, answer)| {
            let (deletion, signed) = answer.unzip();
            DeletionAnswer {
                device: short(&device.to_string()),
                items: deletion.as_ref().map(|one| one.items),
                at: deletion.map(|one| one.at),
                signed: signed.as_ref().map(|one| one.deletion.clone()),
                signature: signed.map(|one| Signature { device: one.device, signature: one.signature }),
            }
        });
        answers.collect()
    }

    /// What helpers' devices report as opened, newest first.
    pub(super) fn share_log(&self, cx: &Cx<'_>, ask: &Ask, name: Option<&str>, since: Option<&str>) -> Handled {
        let since = bound(cx, ask, since)?.map(|since| since.timestamp());
        let named = match name {
            Some(name) => Some(self.find_grant(name, cx.now.wall)?.0),
            None => None,
        };
        let mut all = Vec::new();
        for (id, row) in self.view.grants().filter(|(id, _)| named.is_none_or(|named| **id == named)) {
            if let Some(helper) = row.value.helper {
                all.extend(self.openings(record_grant(*id), helper, &row.value.name));
            }
        }
        all.retain(|one| since.is_none_or(|since| one.at >= since));
        // Of two in one second the later first, too.
        all.reverse();
        all.sort_by_key(|one| std::cmp::Reverse(one.at));
        Ok(Outcome::Reply(Reply::Openings(all)))
    }

    fn openings(&self, grant: GrantId, helper: PersonId, name: &str) -> Vec<Opening> {
        let Some(owner) = self.person() else { return Vec::new() };
        let reports = self.boards.get(&Space::Feedback { owner: helper, grant }.id()).into_iter().flat_map(|board| board.items());
        let reports = reports.filter(|(_, held)| held.kind == item::OPENED).filter_map(|(_, held)| {
            let report: OpenedItem = serde_json::from_slice(held.payload.as_ref()?).ok()?;
            // Which device it was is not for the report to say.
            let device = self.logs.get(&held.entry.0)?.device?;
            Some((report, short(&device.to_string()), held.arrived))
        });
        let mut reports: Vec<(OpenedItem, String, u64)> = reports.collect();
        reports.sort_by_key(|(report, _, arrived)| (report.at, *arrived));
        let records: HashMap<ItemId, RecordId> = self.items_of_records(grant);
        // Also what was taken back since, and what was other than it is now, was opened: its entries are known by name.
        let about = item::ABOUT_THE_SHARE.map(|kind| item::terms_item(grant, kind));
        let is_answer = |id: &ItemId| records.get(id).is_some_and(|record| self.view.answer(record).is_some());
        let shared: Vec<(&ItemId, Vec<(LogId, u64)>)> = self
            .boards
            .get(&Space::Share { owner, grant }.id())
            .into_iter()
            .flat_map(|board| board.all())
            .filter(|(id, held)| !about.contains(id) && held.kind != item::ANSWER && !is_answer(id))
            .map(|(id, held)| (id, held.outdated.iter().copied().chain(held.payload.is_some().then_some(held.entry)).collect()))
            .collect();
        let mut opened: BTreeMap<String, BTreeMap<LogId, u64>> = BTreeMap::new();
        let is_in = |upto: &BTreeMap<LogId, u64>, (log, seq): &(LogId, u64)| upto.get(log).is_some_and(|last| seq <= last);
        let told = reports.into_iter().map(|(report, device, _)| {
            let before = opened.entry(device.clone()).or_default();
            let is_new = |entry: &(LogId, u64)| is_in(&report.upto, entry) && !is_in(before, entry);
            let new = shared.iter().filter(|(_, entries)| entries.iter().any(is_new));
            let new: Vec<(&ItemId, bool)> = new.map(|(id, entries)| (*id, entries.iter().any(|entry| is_in(before, entry)))).collect();
            for (log, seq) in &report.upto {
                let last = before.entry(*log).or_default();
                *last = (*last).max(*seq);
            }
            let record = |(id, changed): &(&ItemId, bool)| {
                let id = *records.get(*id)?;
                Some(OpenedRecord { id, short: self.short(&id), what: self.in_short(&id), changed: *changed })
            };
            let mut named: Vec<OpenedRecord> = new.iter().filter_map(record).collect();
            named.sort_by_key(|one| one.id);
            Opening { helper: name.to_owned(), device, at: report.at, items: u64::try_from(new.len()).unwrap_or(u64::MAX), records: named }
        });
        // What was opened twice before one could know of the first, and answers alone, say nothing.
        told.filter(|one| one.items > 0).collect()
    }

    /// When a helper left a share, as they say.
    pub(in crate::replica) fn left_at(&self, helper: PersonId, grant: GrantId) -> Option<Timestamp> {
        let held = self.boards.get(&Space::Feedback { owner: helper, grant }.id())?.get(&crate::share::feedback::left(grant))?;
        let left: crate::share::feedback::LeftItem =
            serde_json::from_slice(held.payload.as_ref().filter(|_| held.kind == item::LEFT)?).ok()?;
        Some(left.at)
    }
}
