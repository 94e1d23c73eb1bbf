//! Finding records by what a person typed, and names for what they see.

use asif_proto::id::{DeviceId, ItemId, LinkKey, MIN_SUFFIX, PersonId, RecordId};
use asif_proto::local::{ErrorKind, Failure};
use asif_proto::moment::Moment;
use asif_proto::near::nearest;
use asif_proto::share::Loan;
use jiff::Timestamp;

use super::Replica;
use super::request::{RETURNED, has_ended};
use crate::journal::record::{Practice, record_grant};
use crate::journal::schema;
use crate::journal::view::Row;
use crate::people::space::Space;
use crate::share::item::Item;

/// What an id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A session.
    Session(RecordId),
    /// A practice.
    Practice(RecordId),
    /// A record that is shown as it is kept.
    Kept(RecordId),
    /// A loan.
    Loan(ItemId),
    /// Something else that a helper sent.
    Sent(ItemId),
}

impl Replica {
    /// The record that an id or a unique suffix of one names.
    pub(super) fn find(&self, typed: &str) -> Result<Found, Failure> {
        let sessions = self.view.session_ids().map(|id| (id.to_string(), Found::Session(*id)));
        let practices = self.view.practices().map(|(id, _)| (id.to_string(), Found::Practice(*id)));
        let loans = self.loans_lent(Timestamp::MAX).into_iter().map(|loan| (loan.id.to_string(), Found::Loan(loan.id)));
        let kept = self.view.all_kept().map(|(id, _)| (id.to_string(), Found::Kept(*id)));
        let sent = self.sent_ids().into_iter().map(|id| (id.to_string(), Found::Sent(id)));
        by_suffix(typed, sessions.chain(practices).chain(kept).chain(loans).chain(sent), "nothing here has the id")
    }

    /// The practice that a slug, an id or a unique suffix of one names.
    pub(super) fn find_practice(&self, typed: &str) -> Result<(RecordId, &Row<Practice>), Failure> {
        let standing = || self.view.practices().filter(|(_, row)| row.value.deleted != Some(true));
        let mut named = standing().filter(|(_, row)| row.value.slug == typed);
        if let Some((id, row)) = named.next() {
            return match named.next() {
                None => Ok((*id, row)),
                Some(_) => Err(Failure::new(ErrorKind::Usage, format!("two practices are called {typed:?}"))
                    .hint("use the id of the one you mean: asif practice list")),
            };
        }
        if let Ok(id) = by_suffix(typed, standing().map(|(id, _)| (id.to_string(), *id)), "")
            && let Some(row) = self.view.practice(&id)
        {
            return Ok((id, row));
        }
        let near = nearest(typed, standing().map(|(_, row)| row.value.slug.as_str()), 3);
        let hint = match near[..] {
            [] => "add one with: asif practice add".to_owned(),
            _ => format!("did you mean: {}?  see all with: asif practice list", near.join(", ")),
        };
        Err(Failure::new(ErrorKind::NotFound, format!("there is no practice called {typed:?}")).hint(hint))
    }

    /// The same, also a deleted one: what was written down of it is still there.
    pub(super) fn find_any_practice(&self, typed: &str) -> Result<RecordId, Failure> {
        let failure = match self.find_practice(typed) {
            Ok((id, _)) => return Ok(id),
            Err(failure) => failure,
        };
        let deleted = self.view.practices().filter(|(_, row)| row.value.deleted == Some(true) && row.value.slug == typed);
        deleted.max_by_key(|(_, row)| row.value.recorded_at).map(|(id, _)| *id).ok_or(failure)
    }

    /// Loans lent to this person as they stand at a time, newest first.
    pub(super) fn loans_lent(&self, at: Timestamp) -> Vec<Loan> {
        let mut loans: Vec<Loan> = Vec::new();
        for (id, row) in self.view.grants() {
            let (Some(helper), grant) = (row.value.helper, record_grant(*id)) else { continue };
            let returned = |item: &ItemId| self.said_to(grant, item).at_if(RETURNED);
            let feedback = Space::Feedback { owner: helper, grant };
            loans.extend(self.loans_in(feedback, &row.value.name, row.value.until.as_ref(), at, &returned));
        }
        loans.sort_by_key(|loan| std::cmp::Reverse((loan.lent_at, loan.id)));
        loans
    }

    /// The loans in a feedback space as they stand at a time; one without an end of its own ends with the grant. `returned`: when it was given
    /// back.
    pub(super) fn loans_in(
        &self,
        space: Space,
        lender: &str,
        grant_until: Option<&Moment>,
        at: Timestamp,
        returned: &dyn Fn(&ItemId) -> Option<Timestamp>,
    ) -> Vec<Loan> {
        let over = space.grant().and_then(|grant| self.end_of(grant)).is_some_and(|end| end <= at);
        let Some(board) = self.boards.get(&space.id()) else { return Vec::new() };
        let loans = board.items().filter_map(|(id, held)| {
            let Item::Loan(loan) = crate::share::item::unpack(*id, held.kind, held.payload.as_ref()?)? else { return None };
            let mut loan = Loan {
                id: *id,
                lender: lender.to_owned(),
                practice: loan.practice,
                statement: loan.statement,
                strength: loan.strength,
                reasons: loan.reasons,
                lent_at: loan.lent_at,
                until: loan.until.or_else(|| grant_until.cloned()),
                withdrawn_at: loan.withdrawn_at,
                returned_at: returned(id),
                ended: false,
            };
            loan.ended = has_ended(&loan, over, at);
            Some(loan)
        });
        loans.collect()
    }

    /// This person's own name.
    pub(super) fn own_name(&self) -> String {
        self.view.name(schema::SELF_NAME).unwrap_or("me").to_owned()
    }

    /// A device's name, or the start of its id.
    pub(super) fn device_name(&self, device: &DeviceId) -> String {
        match self.view.name(&schema::device_name(device)) {
            Some(name) => name.to_owned(),
            None => short(&device.to_string()),
        }
    }

    /// Who is at the other end of a link key, in words.
    pub(super) fn name_of_key(&self, key: &LinkKey) -> String {
        let Some((person, device)) = self.registry.holder(key) else { return "somebody".into() };
        if self.person() == Some(person) { self.device_name(&device) } else { self.name_of_person(person) }
    }

    /// Another person's name, as this one calls them.
    pub(super) fn name_of_person(&self, person: PersonId) -> String {
        let helper = self.view.grants().find(|(_, row)| row.value.helper == Some(person)).map(|(_, row)| row.value.name.clone());
        let client = || self.view.clients().find(|(_, row)| row.value.person == person).map(|(_, row)| row.value.name.clone());
        helper.or_else(client).unwrap_or_else(|| "somebody".into())
    }

    /// Sessions, not counting deleted ones.
    pub(super) fn session_count(&self) -> u64 {
        u64::try_from(self.view.session_count()).unwrap_or(u64::MAX)
    }
}

/// The one whose id ends with `typed`.
pub(super) fn by_suffix<T>(typed: &str, all: impl Iterator<Item = (String, T)>, nothing: &str) -> Result<T, Failure> {
    let wanted = typed.to_ascii_lowercase();
    if wanted.len() < MIN_SUFFIX {
        let message = format!("{typed:?} is too short for an id: use at least its last {MIN_SUFFIX} characters");
        return Err(Failure::new(ErrorKind::Usage, message));
    }
    let mut found: Vec<(String, T)> = all.filter(|(id, _)| id.ends_with(&wanted)).collect();
    match found.len() {
        0 => Err(Failure::new(ErrorKind::NotFound, format!("{nothing} {typed:?}"))),
        1 => found.pop().map(|(_, one)| one).ok_or_else(|| Failure::new(ErrorKind::NotFound, nothing)),
        _ => {
            let ids: Vec<_> = found.into_iter().take(8).map(|(id, _)| id).collect();
            Err(Failure::new(ErrorKind::Usage, format!("{typed:?} could be any of: {}", ids.join(", "))).hint("use more of the id"))
        }
    }
}

/// The last eight characters of an id.
pub(super) fn short(id: &str) -> String {
    id.get(id.len().saturating_sub(8)..).unwrap_or(id).to_owned()
}

/// A name from elsewhere on one line, without control characters, not too long.
pub(super) fn one_line(text: &str, otherwise: &str) -> String {
    let line: String = text.chars().filter(|c| !c.is_control()).take(100).collect();
    let line = line.trim();
    if line.is_empty() { otherwise.to_owned() } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_must_be_unique_and_long_enough() {
        let all = || [("1111abcd".to_owned(), 1), ("2222abcd".to_owned(), 2)].into_iter();
        assert_eq!(by_suffix("1abcd", all(), ""), Ok(1));
        assert_eq!(by_suffix("ABCD", all(), "").unwrap_err().kind, ErrorKind::Usage);
        assert_eq!(by_suffix("bcd", all(), "").unwrap_err().kind, ErrorKind::Usage);
        assert_eq!(by_suffix("9999", all(), "").unwrap_err().kind, ErrorKind::NotFound);
    }
}
