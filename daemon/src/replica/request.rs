//! Requests of the command line, carried out.

mod again;
mod anchor;
mod backup;
mod belief;
mod deleted;
mod device;
mod draft;
mod erase;
mod experiment;
mod feedback;
mod goal;
mod helper;
mod history;
mod journal;
mod kept;
mod kit;
mod known;
mod lock;
mod mailbox;
mod network;
mod phrase;
mod practice;
mod predictions;
mod rapport;
mod reminder;
mod safety_plan;
mod search;
mod share;
mod status;
mod tag;
mod today;
mod undo;

pub(super) use feedback::{RETURNED, has_ended};
pub(super) use goal::goal_puts;
pub(super) use journal::whole_seconds;
pub(super) use kit::not_words;
pub use lock::locked;
pub(super) use share::{Told, grant_puts};
pub(super) use status::many;

use asif_proto::local::{Ask, ErrorKind, Failure, KitAsk, Reply, Request, VERSIONS};

use asif_proto::id::RecordId;

use super::begin::Answers;
use super::effect::{ClientId, Effect};
use super::join::{Giving, Restore};
use super::{Cx, Replica};
use crate::journal::prose;
use crate::journal::record::record_grant;
use crate::seal::body::DocId;
use crate::seal::vault::Offer;
use crate::share::projection::Shared;
use helper::NewLoan;

/// What becomes of a request.
#[expect(clippy::large_enum_variant, reason = "one short-lived value for each request")]
pub(super) enum Outcome {
    /// Answered now.
    Reply(Reply),
    /// A document is being read; asked again then.
    Wanted,
    /// Answered later, by an event of its own.
    Later,
}

pub(super) type Handled = Result<Outcome, Failure>;

impl Replica {
    pub(super) fn ask(&mut self, cx: &mut Cx<'_>, client: ClientId, ask: Box<Ask>) {
        if !VERSIONS.contains(&ask.version) {
            let message = format!("this daemon does not speak version {} of the local protocol", ask.version);
            return cx.answer(client, Err(Failure::new(ErrorKind::Usage, message)));
        }
        let is_told_locked =
            matches!(ask.request, Request::Status | Request::Doctor { .. } | Request::Stop | Request::Lock(_) | Request::Kit(_));
        if self.awaits_keychain() && !is_told_locked {
            self.parked.push((client, ask));
            return;
        }
        // One that does not hold is made anew before anything is asked of it.
        self.prove(cx, DocId::Plan);
        if !self.locked && !self.is_ready() && !matches!(ask.request, Request::Stop) {
            self.parked.push((client, ask));
            return;
        }
        let looks_ahead = self.look_ahead(cx, client, &ask.request);
        let outcome = self.carry_out(cx, client, &ask);
        if looks_ahead {
            self.look_back();
        }
        match outcome {
            Ok(Outcome::Reply(reply)) => cx.answer(client, Ok(reply)),
            Ok(Outcome::Wanted) => self.parked.push((client, ask)),
            Ok(Outcome::Later) => {}
            Err(failure) => cx.answer(client, Err(failure)),
        }
    }

    /// Requests that waited for a document are asked again.
    pub(super) fn unpark(&mut self, cx: &mut Cx<'_>) {
        if self.loading.is_empty() {
            for (client, ask) in std::mem::take(&mut self.parked) {
                self.ask(cx, client, ask);
            }
        }
    }

    fn carry_out(&mut self, cx: &mut Cx<'_>, client: ClientId, ask: &Ask) -> Handled {
        let reply = |reply| Ok(Outcome::Reply(reply));
        match &ask.request {
            Request::Status => return reply(Reply::Status(self.status(cx.now.wall))),
            Request::Doctor { rebuild } => return self.doctor(cx, client, *rebuild),
            Request::Kit(KitAsk::Look { words }) => return reply(Reply::KitLook(kit::look(words))),
            Request::Lock(what) => return self.lock_asked(cx, client, what),
            Request::Kit(KitAsk::Restore { words, name, at }) => {
                self.restore_by_kit(cx, client, &Restore { request: ask.id, words, name: name.as_deref(), at: at.as_deref() })?;
                return Ok(Outcome::Later);
            }
            Request::Stop => {
                self.save_all(cx);
                cx.answer(client, Ok(Reply::Done));
                cx.rest.push(Effect::Stop);
                return Ok(Outcome::Later);
            }
            _ => {}
        }
        if self.locked {
            return match self.drop_in(cx, ask) {
                Some(waits) => reply(Reply::Waiting(waits?)),
                None => Err(lock::locked()),
            };
        }
        match &ask.request {
            // Another device gives back what this one lost.
            Request::DeviceJoin { .. } if self.is_unplaced() && self.damage.is_empty() => {}
            _ => self.intact()?,
        }
        if self.is_candidate() && !matches!(ask.request, Request::DeviceJoin { .. } | Request::HelperJoin { .. }) {
            return Err(
                Failure::new(ErrorKind::Precondition, "this home is joining another journal just now").hint("try again when it has")
            );
        }
        match &ask.request {
            Request::Init { name, device, wish, goal } => {
                let answers = Answers { name: name.as_deref(), device: device.as_deref(), wish: wish.as_deref(), goal: goal.as_ref() };
                self.found_person(cx, ask.id, &answers)?;
                return reply(Reply::Status(self.status(cx.now.wall)));
            }
            Request::DeviceJoin { .. } | Request::HelperJoin { .. } => {
                self.join(cx, client, ask)?;
                return Ok(Outcome::Later);
            }
            _ if self.person().is_none() => return Err(super::no_journal()),
            _ => {}
        }
        match &ask.request {
            Request::PracticeAdd(new) => self.practice_add(cx, ask, new),
            Request::PracticeList { all } => reply(Reply::Practices(self.practice_list(*all))),
            Request::PracticeShow { practice } => {
                let (id, _) = self.find_practice(practice)?;
                reply(Reply::Practice(self.practice_view(id)?))
            }
            Request::PracticeArchive { practice } => self.practice_archive(cx, practice),
            Request::PracticeEdit { practice, fields } => self.practice_edit(cx, practice, fields),
            Request::PracticeAdapt(adapt) => self.practice_adapt(cx, ask, adapt),
            Request::Wish { wish } => {
                if !self.has(cx, DocId::Plan) {
                    return Ok(Outcome::Wanted);
                }
                if let Some(wish) = wish {
                    self.wish(cx, wish)?;
                }
                reply(Reply::Wish(self.wish_view()))
            }
            Request::Goal(what) => self.goals(cx, ask, what),
            Request::Belief(what) => self.beliefs(cx, ask, what),
            Request::Anchor(what) => self.anchors(cx, ask, what),
            Request::Sketch(what) => self.sketches(cx, ask, what),
            Request::Phrase(what) => self.phrases(cx, ask, what),
            Request::Experiment(what) => self.experiments(cx, ask, what),
            Request::Remind(what) => self.reminders_asked(cx, client, ask, what),
            Request::Today => self.today(cx, ask),
            Request::Draft(what) => self.drafts(cx, what),
            Request::SafetyPlan(what) => self.safety_plan(cx, what),
            Request::Log { practice, fields } => self.log(cx, ask, practice.as_deref(), fields),
            Request::List(filter) => reply(Reply::Sessions(self.list(cx, ask, filter)?)),
            Request::Search(what) => reply(Reply::Search(self.search(cx, ask, what)?)),
            Request::Show { id } => self.show(cx, id),
            Request::Edit { id, fields, clear, base } => self.edit(cx, ask, id, (fields, base.as_deref()), clear),
            Request::EditText { id, text, visibility, base } => self.edit_text(cx, id, (text.as_deref(), base.as_deref()), *visibility),
            Request::Tag(what) => self.tags(cx, ask, what),
            Request::Delete { id } => self.hide(cx, id, true),
            Request::Erase { id, history } => self.erase_record(cx, client, id, *history),
            Request::Restore { id } => self.hide(cx, id, false),
            Request::Deleted => reply(Reply::Deleted(self.deleted(&asif_proto::moment::zone(&ask.zone)))),
            Request::Undo => self.undo(cx, ask, false, false),
            Request::UndoPastSharing => self.undo(cx, ask, false, true),
            Request::History { id } => self.history(cx, id),
            Request::Redo => self.undo(cx, ask, true, false),
            Request::DevicePair { yes, no_wait } => self.giving(cx, client, Offer::Device, *yes, *no_wait),
            Request::DeviceList => reply(Reply::Devices(self.device_list())),
            Request::DeviceRename { device, name } => self.rename_device(cx, device, name),
            Request::DeviceRemove { device } => self.remove_device(cx, device),
            Request::Backup(what) => self.backup(cx, client, what),
            Request::Kit(what) => self.kit(cx, what),
            Request::Mailbox(what) => self.mailbox(cx, client, what),
            Request::Sync { wait_ms } => {
                self.sync(cx, client, *wait_ms);
                Ok(Outcome::Later)
            }
            Request::SharePreview(invite) => {
                let grant = self.draft_grant(cx, ask, invite)?;
                let waits = |record, _: &Shared| self.would_wait(record, grant.delay_s);
                reply(Reply::Preview(self.preview(RecordId(ask.id), &grant, cx.now.wall, waits)))
            }
            Request::SharePreviewOf { name } => {
                let (id, grant) = self.find_grant(name, cx.now.wall)?;
                if grant.is_over(cx.now.wall) || grant.ended.is_some() || self.has_ended(record_grant(id)) {
                    let failure = Failure::new(ErrorKind::Precondition, format!("sharing with {} has ended: they see nothing", grant.name));
                    return Err(failure.hint("what was agreed, and what they answered to the end: asif share receipts"));
                }
                self.note_look(record_grant(id));
                reply(Reply::Preview(self.preview_of(cx.now, id, &grant)))
            }
            Request::ShareInvite { invite, yes, no_wait } => {
                let grant = self.draft_grant(cx, ask, invite)?;
                let offer = Offer::Helper { grant: ask.id, record: super::publish::draft(&grant) };
                self.giving(cx, client, offer, *yes, *no_wait)
            }
            Request::ShareList => reply(Reply::Grants(self.grant_list(cx.now.wall))),
            Request::ShareRevoke { name } => self.share_revoke(cx, client, ask, name),
            Request::Share(what) => self.share_asked(cx, client, ask, what),
            Request::Caseload => reply(Reply::Caseload(self.caseload())),
            Request::CaseloadOpen { client } => {
                let client = self.caseload_open(cx, client)?;
                reply(Reply::Client(client))
            }
            Request::Lend { client, practice, statement, strength, reasons, until } => {
                let new = NewLoan { practice, statement, strength: *strength, reasons: reasons.as_ref(), until: until.as_deref() };
                reply(Reply::Loan(self.lend(cx, ask, client, &new)?))
            }
            Request::Helper(what) => self.helping(cx, ask, what),
            Request::Inbox(what) => self.inbox(cx, ask, what),
            Request::Rapport(what) => self.rapport(cx, ask, what),
            Request::Known { what } => reply(Reply::Known(self.known(cx, ask, *what)?)),
            Request::BorrowList => reply(Reply::Loans(self.loans_lent(cx.now.wall))),
            Request::ConfigList | Request::ConfigGet { .. } | Request::ConfigSet { .. } => {
                Err(Failure::new(ErrorKind::Failure, "settings are kept outside the journal"))
            }
            Request::Lock(_)
            | Request::Status
            | Request::Doctor { .. }
            | Request::Stop
            | Request::Init { .. }
            | Request::DeviceJoin { .. }
            | Request::HelperJoin { .. } => Ok(Outcome::Later),
        }
    }

    /// Nothing is read from or added to a journal whose bytes on disk were changed, before somebody looked.
    fn intact(&self) -> Result<(), Failure> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        if self.is_unplaced() {
            return Err(unplaced());
        }
        let orphans = || (!self.orphans.is_empty()).then(orphan_words);
        match self.damage.first().cloned().or_else(|| Some((None, orphans()?))) {
            None => Ok(()),
            Some((_, what)) => Err(Failure::new(ErrorKind::Integrity, format!("bytes on disk are not what was written: {what}"))
                .hint("asif doctor tells more; asif doctor --rebuild sets the damaged piece aside and keeps everything else")),
        }
    }

    fn giving(&mut self, cx: &mut Cx<'_>, client: ClientId, offer: Offer, yes: bool, no_wait: bool) -> Handled {
        if no_wait && !yes {
            let failure = Failure::new(ErrorKind::Usage, "with --no-wait nobody can be asked who comes in").hint("add --yes");
            return Err(failure);
        }
        if let Some(vault) = self.vault.as_mut().filter(|vault| !vault.networked) {
            vault.networked = true;
            self.save_vault(cx);
        }
        // Also where the network is open: the ticket names the addresses of now.
        self.listen_wanted = true;
        self.until_listening.push(Giving { client, offer, yes, no_wait });
        cx.rest.push(Effect::Listen);
        Ok(Outcome::Later)
    }

    /// Whether a document is here to be written to.
    fn has(&mut self, cx: &mut Cx<'_>, doc: DocId) -> bool {
        self.prove(cx, doc);
        self.want(cx, doc)
    }
}

/// The text to write where `mine` was written on `base` and `present` stands now: both changes in one, of at most `max` bytes. Refused where
/// they cannot be merged.
fn built_on(base: Option<&str>, mine: &str, present: &str, max: usize) -> Result<String, Failure> {
    let both = match base {
        Some(base) => prose::merge(base, mine, present),
        None => Some(mine.to_owned()),
    };
    both.filter(|text| text.len() <= max || *text == mine).ok_or_else(|| {
        let message = "it was changed meanwhile, and the two changes do not go together by themselves; nothing was changed";
        Failure::new(ErrorKind::Precondition, message).hint("asif show ID tells how it stands now")
    })
}

/// What is said where entries are here and what says whose they are is not.
pub(super) fn unplaced() -> Failure {
    let message = "a journal is here, and what says whose it is and how to open it is gone (data/store/statements)";
    Failure::new(ErrorKind::Integrity, message).hint(
        "put that file back from a copy of this machine; or, with another device of yours: asif doctor --rebuild, and then asif device join",
    )
}

/// What is said of logs whose epoch is not here.
pub(super) fn orphan_words() -> String {
    "what opens some of the entries here is gone".to_owned()
}
