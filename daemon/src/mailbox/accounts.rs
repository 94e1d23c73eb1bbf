//! Who keeps something here, by what they are known, and how much room they have: enrolments.

use asif_proto::id::QueueId;
use asif_proto::peer::{Allowance, Enrol, Enrolled, Message, Why};

use super::effect::{Effect, VisitorId};
use super::names::{self, AccountId};
use super::records::{About, Enrolment, Invitation, Record};
use super::{Account, Asked, Cx, Mailbox};
use crate::seal::proof;

impl Mailbox {
    /// Somebody comes with a ticket, or gives their enrolment another key.
    pub(super) fn enrol(&mut self, cx: &mut Cx, id: VisitorId, enrol: &Enrol) {
        let Some((_, visitor)) = self.visitors.get_mut(&id) else { return };
        if proof::check_enrol(enrol, &visitor.exporter).is_err() {
            return self.dismiss(cx, id, Some(Why::Proof));
        }
        visitor.enrolling = true;
        visitor.enrolled_as = Some(enrol.key);
        self.get(cx, names::invitation(&enrol.by), Asked::Invitation(id, *enrol));
    }

    pub(super) fn enrolled(&mut self, cx: &mut Cx, id: VisitorId, enrolled: &Enrolled) {
        let Some((_, visitor)) = self.visitors.get_mut(&id) else { return };
        if proof::check_enrolled(enrolled, &visitor.exporter).is_err() {
            return self.dismiss(cx, id, Some(Why::Proof));
        }
        visitor.enrolling = true;
        visitor.enrolled_as = Some(enrolled.key);
        self.get(cx, names::enrolment(&enrolled.key), Asked::Enrolment(id));
    }

    /// What lies under the name of a ticket.
    pub(super) fn invitation_got(&mut self, cx: &mut Cx, id: VisitorId, enrol: &Enrol, bytes: Option<&[u8]>) {
        let Some(invitation) = bytes.and_then(Invitation::from_bytes) else {
            return self.get(cx, names::enrolment(&enrol.by), Asked::Rekeying(id, *enrol));
        };
        let account = AccountId(invitation.account);
        match invitation.used_by {
            Some(key) if key != enrol.key => self.not_enrolled(cx, id, Why::Used),
            // The answer was lost, and they come again.
            Some(_) => self.look_up_account(cx, id, account),
            None if invitation.expires < cx.now.wall_s => self.not_enrolled(cx, id, Why::Expired),
            None => {
                let about = About { label: invitation.label.clone(), quota: invitation.quota, since: cx.now.wall_s };
                let used = Invitation { used_by: Some(enrol.key), ..invitation };
                // The ticket last: cut off before that, it can be used again.
                let puts = vec![
                    (names::invitation(&enrol.by), used.to_bytes()),
                    (names::enrolment(&enrol.key), Enrolment { account: account.0 }.to_bytes()),
                    (names::about(&account), about.to_bytes()),
                ];
                self.enrol_on(cx, id, account, puts);
            }
        }
    }

    /// Puts one after the other, the last of the list first.
    pub(super) fn enrol_on(&mut self, cx: &mut Cx, id: VisitorId, account: AccountId, mut puts: Vec<(String, Vec<u8>)>) {
        match puts.pop() {
            Some((name, bytes)) => self.put(cx, name, bytes, Asked::Enrolling(id, account, puts)),
            None => self.look_up_account(cx, id, account),
        }
    }

    pub(super) fn enrolment_got(&mut self, cx: &mut Cx, id: VisitorId, bytes: Option<&[u8]>) {
        match bytes.and_then(Enrolment::from_bytes) {
            Some(enrolment) => self.look_up_account(cx, id, AccountId(enrolment.account)),
            None => self.not_enrolled(cx, id, Why::Unknown),
        }
    }

    /// Somebody who is enrolled wants to be so by another key.
    pub(super) fn rekeying(&mut self, cx: &mut Cx, id: VisitorId, enrol: &Enrol, bytes: Option<&[u8]>) {
        match bytes.and_then(Enrolment::from_bytes) {
            Some(enrolment) => {
                let put = (names::enrolment(&enrol.key), enrolment.to_bytes());
                self.put(cx, put.0, put.1, Asked::Rekeyed(id, AccountId(enrolment.account), *enrol));
            }
            // The answer was lost, and they come again.
            None => self.get(cx, names::enrolment(&enrol.key), Asked::Enrolment(id)),
        }
    }

    pub(super) fn rekeyed(&mut self, cx: &mut Cx, id: VisitorId, account: AccountId, enrol: &Enrol) {
        if enrol.by != enrol.key {
            cx.effects.push(Effect::Delete { ask: None, names: vec![names::enrolment(&enrol.by)] });
        }
        self.look_up_account(cx, id, account);
    }

    fn not_enrolled(&mut self, cx: &mut Cx, id: VisitorId, why: Why) {
        self.refuse(cx, id, None, why);
        self.settle_enrolment(cx, id, None);
    }

    /// It is known whether somebody is enrolled: what they asked for meanwhile is looked at.
    fn settle_enrolment(&mut self, cx: &mut Cx, id: VisitorId, account: Option<AccountId>) {
        let Some((_, visitor)) = self.visitors.get_mut(&id) else { return };
        visitor.enrolling = false;
        visitor.account = account.or(visitor.account);
        for asked in std::mem::take(&mut visitor.waiting) {
            self.open(cx, id, asked);
        }
    }

    /// What somebody may keep, and how much they do: counted anew each time somebody comes, since others may have changed it.
    fn look_up_account(&mut self, cx: &mut Cx, id: VisitorId, account: AccountId) {
        let known = self.accounts.entry(account).or_insert_with(|| Account { counting: 0, ..Account::new() });
        known.waiting.push(id);
        if known.counting == 0 {
            known.counting = 1;
            self.get(cx, names::about(&account), Asked::About(account));
        }
    }

    pub(super) fn about_got(&mut self, cx: &mut Cx, account: AccountId, bytes: Option<&[u8]>) {
        let Some(known) = self.accounts.get_mut(&account) else { return };
        let Some(about) = bytes.and_then(About::from_bytes) else {
            let waiting = self.accounts.remove(&account).map(|known| known.waiting).unwrap_or_default();
            return waiting.into_iter().for_each(|id| self.not_enrolled(cx, id, Why::Unknown));
        };
        (known.quota, known.counted) = (about.quota, 0);
        self.list(cx, names::rooms(&account), Asked::Rooms(account));
    }

    pub(super) fn rooms_listed(&mut self, cx: &mut Cx, account: AccountId, listed: &[(String, u64)]) {
        let queues: Vec<QueueId> = listed.iter().filter_map(|(name, _)| names::queue_of(name)).collect();
        if let Some(known) = self.accounts.get_mut(&account) {
            known.counting = queues.len();
        }
        for queue in &queues {
            self.list(cx, names::contents(queue), Asked::Room(account));
        }
        if queues.is_empty() {
            self.account_known(cx, account);
        }
    }

    pub(super) fn room_listed(&mut self, cx: &mut Cx, account: AccountId, listed: &[(String, u64)]) {
        let Some(known) = self.accounts.get_mut(&account) else { return };
        known.counted += listed.iter().map(|(_, size)| *size).sum::<u64>();
        known.counting = known.counting.saturating_sub(1);
        if known.counting == 0 {
            self.account_known(cx, account);
        }
    }

    fn account_known(&mut self, cx: &mut Cx, account: AccountId) {
        let Some(known) = self.accounts.get_mut(&account) else { return };
        (known.counting, known.is_known, known.used) = (0, true, known.counted);
        let (quota, used) = (known.quota, known.used);
        for id in std::mem::take(&mut known.waiting) {
            cx.send(id, Message::Allowance(Allowance { quota, used }));
            self.settle_enrolment(cx, id, Some(account));
        }
    }

    /// Somebody wants all to be gone that is kept for them.
    pub(super) fn leave(&mut self, cx: &mut Cx, id: VisitorId) {
        match self.visitors.get(&id).and_then(|(_, visitor)| visitor.account.zip(visitor.enrolled_as)) {
            Some((account, key)) => self.list(cx, names::rooms(&account), Asked::Leaving(id, account, key)),
            None => self.refuse(cx, id, None, Why::Unknown),
        }
    }

    pub(super) fn leaving_listed(&mut self, cx: &mut Cx, id: VisitorId, (account, key): (AccountId, [u8; 32]), rooms: &[(String, u64)]) {
        let mut gone: Vec<String> = rooms.iter().map(|(name, _)| name.clone()).collect();
        let queues: Vec<QueueId> = rooms.iter().filter_map(|(name, _)| names::queue_of(name)).collect();
        gone.extend([names::about(&account), names::enrolment(&key)]);
        for queue in &queues {
            self.queues.remove(queue);
            for (_, visitor) in self.visitors.values_mut() {
                visitor.visits.remove(queue);
            }
        }
        self.accounts.remove(&account);
        self.leave_room(cx, id, queues, gone);
    }

    /// Lists what is in one queue after the other, and then removes all: only then it is said to be gone.
    pub(super) fn leave_room(&mut self, cx: &mut Cx, id: VisitorId, mut queues: Vec<QueueId>, gone: Vec<String>) {
        match queues.pop() {
            Some(queue) => self.list(cx, names::contents(&queue), Asked::LeavingRoom(id, queues, gone)),
            None => {
                let ask = self.ask(Asked::Left(id));
                cx.effects.push(Effect::Delete { ask: Some(ask), names: gone });
            }
        }
    }

    pub(super) fn gone(&mut self, cx: &mut Cx, id: VisitorId) {
        cx.send(id, Message::Left);
        self.dismiss(cx, id, None);
    }

    /// Whether an account has room for so much; while it is counted anew, as far as was known before.
    pub(super) fn has_room(&self, account: &AccountId, bytes: u64) -> bool {
        self.accounts.get(account).is_none_or(|known| !known.is_known || known.used.saturating_add(bytes) <= known.quota)
    }

    /// So much more is kept for somebody.
    pub(super) fn count(&mut self, account: &AccountId, bytes: u64) {
        if let Some(known) = self.accounts.get_mut(account) {
            known.used = known.used.saturating_add(bytes);
        }
    }
}
